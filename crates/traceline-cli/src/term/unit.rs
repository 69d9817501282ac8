//! One unit on a time axis.

use super::axis::{Axis, NARROWEST};
use super::table::{self, Cell, Fit, left, right};
use super::{Screen, Style, clipped, width};
use crate::detail::{Detail, Fragment, Timer};
use crate::duration;
use crate::index::{Index, NO_TIME, Unit};
use crate::names::Names;
use crate::record::Level;
use crate::time;

/// Prints one unit: what went wrong, what it says about itself, and what happened when.
pub fn unit(screen: &mut Screen, index: &Index, unit: &Unit, detail: &Detail, names: &Names) {
    head(screen, index, unit, detail);
    fields(screen, detail, names);
    if unit.known_duration().is_some() {
        screen.end_line();
        axis_of_unit(screen, unit, detail);
    }
    timers(screen, &[("", unit.took(), detail)]);
}

/// The duration for people; a dash if there is none.
pub(super) fn took(unit: &Unit) -> String {
    unit.known_duration().map_or("–".into(), duration::text)
}

fn head(screen: &mut Screen, index: &Index, unit: &Unit, detail: &Detail) {
    let outcome = [unit.outcome.as_str(), &detail.status];
    let outcome = outcome.into_iter().filter(|text| !text.is_empty());
    let facts = [
        (Style::Plain, index.text(unit.service).to_owned()),
        (
            Style::of_outcome(unit.outcome),
            outcome.collect::<Vec<_>>().join(" "),
        ),
        (Style::Plain, took(unit)),
        (Style::of_level(unit.level), unit.level.as_str().to_owned()),
    ];
    let facts = facts.into_iter().filter(|(_, text)| !text.is_empty());
    let room = facts.clone().map(|(_, text)| width(&text) + 2).sum();
    // The name gets shorter before anything else goes.
    let room = screen.columns.saturating_sub(room).max(screen.columns / 3);
    screen.put(Style::Bold, &clipped(index.text(unit.name), room));
    for (style, text) in facts {
        screen.gap(2);
        screen.put(style, &text);
    }
    screen.end_line();
    error(screen, detail);
    if unit.end != NO_TIME {
        let [from, to] = [unit.start(), unit.end].map(time::text);
        screen.wrapped(Style::Dim, 0, &format!("{from} to {to}"));
    }
    for (key, id) in &detail.ids {
        screen.wrapped(Style::Dim, 0, &format!("{key} {id}"));
    }
    if !detail.place.is_empty() {
        screen.wrapped(Style::Dim, 0, &detail.place);
    }
}

fn error(screen: &mut Screen, detail: &Detail) {
    let texts = detail.error.iter().filter(|text| !text.is_empty());
    let text = texts.map(String::as_str).collect::<Vec<_>>().join(": ");
    if !text.is_empty() {
        screen.wrapped(Style::Bad, 0, &text);
    }
}

/// The bar of a unit with its fragments below, each at its time.
fn axis_of_unit(screen: &mut Screen, unit: &Unit, detail: &Detail) {
    let scale = duration::Scale::of(unit.took());
    let time_of = |fragment: &Fragment| format!("+{}", scale.text(fragment.at));
    let times = detail
        .fragments
        .iter()
        .map(|fragment| width(&time_of(fragment)));
    let gutter = times.max().unwrap_or(0).max(6);
    let axis = Axis {
        columns: (screen.columns * 2 / 5).max(NARROWEST),
        total: unit.took(),
    };
    axis.scale(screen, gutter + 2);
    screen.gap(gutter + 2);
    let bar = axis.bar(0, unit.took(), detail, unit.outcome.is_failure());
    screen.cells(&bar);
    screen.end_line();
    let tags = detail.fragments.iter().map(|fragment| width(&fragment.tag));
    let tags = tags.max().unwrap_or(0).min(24);
    for fragment in &detail.fragments {
        let time = time_of(fragment);
        screen.gap(gutter.saturating_sub(width(&time)));
        screen.put(Style::Dim, &time);
        let at = axis.column(fragment.at);
        screen.gap(2 + at);
        let style = Style::of_level(Level::parse(fragment.level.as_bytes()));
        let mark = if style == Style::Plain {
            Style::Bar
        } else {
            style
        };
        screen.put(mark, "┃");
        screen.gap(axis.columns - at + 1);
        let tag = clipped(&fragment.tag, tags);
        screen.put(Style::Dim, &tag);
        screen.gap(tags - width(&tag) + 2);
        let indent = gutter + axis.columns + tags + 6;
        screen.wrapped(style, indent, &fragment.text);
    }
}

/// Bars of timers, which show how much of the time they took, not when.
pub(super) fn timers(screen: &mut Screen, units: &[(&str, u64, &Detail)]) {
    if units.iter().all(|(.., detail)| detail.timers.is_empty()) {
        return;
    }
    screen.end_line();
    let text = "timers: how much of the unit's time, wherever in it";
    screen.line(Style::Dim, text);
    let columns = (screen.columns / 4).clamp(NARROWEST, 40);
    let all = units.iter().flat_map(|(_, _, detail)| &detail.timers);
    let longest = all.clone().map(|timer| timer.total).max().unwrap_or(0);
    let scale = duration::Scale::of(longest);
    let row = |name: &str, duration: u64, timer: &Timer| -> Vec<Cell> {
        let share = timer.wall as f64 * 100.0 / duration.max(1) as f64;
        let laps = if timer.count == "1" { "lap" } else { "laps" };
        vec![
            left(Style::Plain, clipped(name, 24)),
            left(Style::Plain, clipped(&timer.key, 24)),
            left(Style::Bar, part(timer.wall, duration, columns)),
            right(Style::Plain, scale.text(timer.total)),
            right(Style::Plain, format!("{share:.0} %")),
            right(Style::Dim, format!("{} {laps}", timer.count)),
            left(Style::Dim, format!("longest {}", scale.text(timer.longest))),
        ]
    };
    let rows = units.iter().flat_map(|(name, duration, detail)| {
        detail
            .timers
            .iter()
            .map(move |timer| row(name, *duration, timer))
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    let mut fits = vec![
        Fit::Shrink(8),
        Fit::Shrink(8),
        Fit::Drop(1),
        Fit::Keep,
        Fit::Keep,
    ];
    fits.extend([Fit::Drop(2), Fit::Drop(3)]);
    if rows.iter().all(|row| row[0].text.is_empty()) {
        fits.remove(0);
        rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    table::print(screen, 2, &fits, &rows);
}

/// A bar for a part of a whole, at least an eighth of a column wide.
fn part(part: u64, whole: u64, columns: usize) -> String {
    let eighths = u128::from(part) * 8 * columns as u128 / u128::from(whole.max(1));
    let eighths = usize::try_from(eighths)
        .unwrap_or(usize::MAX)
        .clamp(1, 8 * columns);
    let mut bar = "█".repeat(eighths / 8);
    bar.extend("▏▎▍▌▋▊▉".chars().nth((eighths % 8).wrapping_sub(1)));
    bar
}

fn fields(screen: &mut Screen, detail: &Detail, names: &Names) {
    let fields: Vec<_> = detail.own_fields(names).collect();
    if fields.is_empty() {
        return;
    }
    screen.end_line();
    screen.line(Style::Dim, "fields");
    let keys = fields.iter().map(|(key, _)| width(key)).max().unwrap_or(0);
    let keys = keys.min(screen.columns / 3);
    for (key, value) in fields {
        let style = match key.starts_with("error") || key.starts_with("panic") {
            true => Style::Bad,
            false => Style::Plain,
        };
        let key = clipped(key, keys);
        screen.gap(2);
        screen.put(Style::Dim, &key);
        screen.wrapped(style, keys + 4, value);
    }
}
