//! A summary of the input.

use super::table::{self, left, right};
use super::{Screen, Style, clipped, count, thousands};
use crate::index::{Index, NO_TIME, Rejected};
use crate::stats::{self, Group};
use crate::time;

/// Prints how many units there are of each name, and the slowest units.
pub fn summary(screen: &mut Screen, index: &Index, top: usize) {
    head(screen, index);
    let groups = stats::groups(index);
    if groups.is_empty() {
        return;
    }
    screen.end_line();
    names(screen, index, &groups, top);
    if top > 0 {
        screen.end_line();
        slowest(screen, index, top);
    }
}

/// Prints how much was read, and how much of it is left out.
fn head(screen: &mut Screen, index: &Index) {
    let selected = index.selected().count();
    let counting = index.units.iter().filter(|unit| unit.counts()).count();
    let mut text = count(selected as u64, "unit");
    if selected < counting {
        text += &format!(" of {}", thousands(counting as u64));
    }
    let partial = index
        .units
        .iter()
        .filter(|unit| unit.partial && !unit.duplicate)
        .count();
    for (number, what) in [
        (partial as u64, "partial record"),
        (index.duplicates, "duplicate"),
    ] {
        if number > 0 {
            text += &format!(", {}", count(number, what));
        }
    }
    screen.put(Style::Bold, &text);
    let times = index
        .selected()
        .map(|at| &index.units[at])
        .filter(|unit| unit.end != NO_TIME);
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    times.for_each(|unit| (first, last) = (first.min(unit.start()), last.max(unit.end)));
    if first <= last {
        screen.put(
            Style::Dim,
            &format!(", {} to {}", time::text(first), time::text(last)),
        );
    }
    screen.end_line();
}

/// Prints how many lines were not records, and the first of them.
pub fn rejected(screen: &mut Screen, index: &Index) {
    let kinds = [
        ("line", "that cannot be read", &index.bad),
        ("line", "of other kinds", &index.other),
    ];
    for (word, what, rejected) in kinds {
        if rejected.count > 0 {
            let style = if what.starts_with("that") {
                Style::Warning
            } else {
                Style::Dim
            };
            screen.line(style, &format!("{} {what}", count(rejected.count, word)));
            samples(screen, rejected);
        }
    }
}

fn samples(screen: &mut Screen, rejected: &Rejected) {
    for sample in &rejected.samples {
        let why = if sample.why.is_empty() {
            String::new()
        } else {
            format!("{}: ", sample.why)
        };
        let place = format!("  {}  ", sample.place);
        screen.put(Style::Dim, &place);
        let room = screen.columns.saturating_sub(super::width(&place)).max(20);
        screen.line(
            Style::Plain,
            &clipped(&format!("{why}{}", sample.text), room),
        );
    }
}

fn names(screen: &mut Screen, index: &Index, groups: &[Group], top: usize) {
    let weighted = groups.iter().any(|group| group.records != group.units);
    let mut head: Vec<_> = ["name", "service"]
        .map(|text| left(Style::Dim, text))
        .into();
    let numbers = [
        "units", "records", "failed", "p50", "p90", "p99", "longest", "total",
    ];
    head.extend(numbers.map(|text| right(Style::Dim, text)));
    let mut rows = vec![head];
    rows.extend(groups.iter().take(top).map(|group| row(index, group)));
    // The number of records is worth printing only if it differs.
    if !weighted {
        rows.iter_mut().for_each(|row| drop(row.remove(3)));
    }
    table::print(screen, 0, &rows);
    if groups.len() > top {
        screen.line(
            Style::Dim,
            &format!("and {}", count((groups.len() - top) as u64, "more name")),
        );
    }
}

fn row(index: &Index, group: &Group) -> Vec<table::Cell> {
    let failed = if group.failed > 0 {
        Style::Bad
    } else {
        Style::Plain
    };
    let plain = |text: String| right(Style::Plain, text);
    let mut cells = vec![
        left(Style::Bold, clipped(index.text(group.name), 32)),
        left(Style::Plain, clipped(index.text(group.service), 20)),
        plain(thousands(group.units)),
        plain(thousands(group.records)),
        right(failed, thousands(group.failed)),
    ];
    cells.extend(
        group
            .percentiles
            .map(|micros| plain(time::duration(micros))),
    );
    cells.push(plain(time::duration(group.longest)));
    cells.push(plain(time::duration(
        u64::try_from(group.total).unwrap_or(u64::MAX),
    )));
    cells
}

/// The slowest selected units, the slowest first, at most `most`.
pub(crate) fn slowest_of(index: &Index, most: usize) -> Vec<usize> {
    let mut units: Vec<usize> = index.selected().collect();
    let key = |at: &usize| (std::cmp::Reverse(index.units[*at].duration), *at);
    if most > 0 && units.len() > most {
        units.select_nth_unstable_by_key(most - 1, key);
    }
    units.truncate(most);
    units.sort_unstable_by_key(key);
    units
}

fn slowest(screen: &mut Screen, index: &Index, top: usize) {
    let mut rows = vec![vec![
        right(Style::Dim, "unit"),
        left(Style::Dim, "began"),
        left(Style::Dim, "name"),
        left(Style::Dim, "service"),
        right(Style::Dim, "took"),
        left(Style::Dim, "outcome"),
        left(Style::Dim, "trace_id"),
    ]];
    for at in slowest_of(index, top) {
        let unit = &index.units[at];
        let began = if unit.end == NO_TIME {
            String::new()
        } else {
            time::text(unit.start())
        };
        let [high, low] = unit.trace;
        let trace = if unit.has_trace() {
            format!("{high:016x}{low:016x}")
        } else {
            String::new()
        };
        rows.push(vec![
            right(Style::Bold, (at + 1).to_string()),
            left(Style::Dim, began),
            left(Style::Plain, clipped(index.text(unit.name), 32)),
            left(Style::Plain, clipped(index.text(unit.service), 20)),
            right(Style::Plain, time::duration(unit.duration)),
            left(Style::of_outcome(unit.outcome), unit.outcome.as_str()),
            left(Style::Dim, trace),
        ]);
    }
    table::print(screen, 0, &rows);
}
