//! One unit in one line, as it comes.

use super::{Screen, Style, clipped, width};
use crate::duration;
use crate::index::{Index, NO_TIME, Unit};
use crate::time::Clock;

/// Prints a unit: when it ended, how, how long it took, its name and service, and the error.
pub fn line(screen: &mut Screen, index: &Index, unit: &Unit) {
    let clock = Clock::of(0, 0);
    let ended = match unit.end {
        NO_TIME => String::new(),
        end => clock.text(end),
    };
    screen.put(Style::Dim, &format!("{ended:12}"));
    let took = unit.known_duration().map_or(String::new(), duration::text);
    screen.gap(2 + 8_usize.saturating_sub(width(&took)));
    screen.put(Style::Plain, &took);
    let mark = if unit.outcome.is_failure() {
        "✗"
    } else {
        " "
    };
    let status = match unit.status {
        0 => String::new(),
        status => format!(" {status}"),
    };
    let outcome = format!("{mark} {}{status}", unit.outcome.as_str());
    screen.gap(2);
    screen.put(Style::of_outcome(unit.outcome), &outcome);
    screen.gap(13_usize.saturating_sub(width(&outcome)) + 1);
    screen.put(
        Style::Bold,
        &clipped(index.text(unit.name), screen.columns / 3),
    );
    for (style, text) in [(Style::Dim, unit.service), (Style::Bad, unit.error)] {
        let text = index.text(text);
        if !text.is_empty() {
            screen.gap(2);
            screen.put(style, text);
        }
    }
    screen.end_line();
}
