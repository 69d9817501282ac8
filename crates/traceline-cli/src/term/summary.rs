//! A summary of the input: what failed, counts by name, and the slowest units.

use super::table::{self, Cell, Fit, left, right};
use super::{Screen, Style, clipped, count, thousands};
use crate::detail::Detail;
use crate::duration::Scale;
use crate::index::{Index, NO_TIME};
use crate::stats::{self, Chart, Failure, Group};
use crate::time::{self, Clock};

/// The units of a summary whose lines are read again, for the ids in them.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The slowest units, as numbers in [`Index::units`].
    pub slowest: Vec<usize>,
    /// Their lines.
    pub details: Vec<Detail>,
}

/// Prints failures, how many units there are of each name, and the slowest units.
pub fn summary(screen: &mut Screen, index: &Index, top: usize, listed: &Listed) {
    let clock = head(screen, index);
    let groups = stats::groups(index);
    if groups.is_empty() {
        return;
    }
    chart(screen, index);
    if top > 0 {
        failures(screen, index, top, clock);
    }
    screen.end_line();
    names(screen, index, &groups, top);
    if !listed.slowest.is_empty() {
        screen.end_line();
        slowest(screen, index, listed, clock);
    }
}

/// Prints how much was read, and how much of it is left out.
fn head(screen: &mut Screen, index: &Index) -> Clock {
    let units = || index.selected().map(|at| &index.units[at]);
    let (selected, failed) = (
        units().count(),
        units().filter(|unit| unit.failed()).count(),
    );
    let counting = index.units.iter().filter(|unit| unit.counts()).count();
    let partial = index
        .units
        .iter()
        .filter(|unit| unit.partial && !unit.duplicate);
    let mut text = count(selected as u64, "unit");
    if selected < counting {
        text += &format!(" of {}", thousands(counting as u64));
    }
    screen.put(Style::Bold, &text);
    if failed > 0 {
        screen.put(Style::Plain, ", ");
        screen.put(Style::Bad, &format!("{} failed", thousands(failed as u64)));
    }
    let partial = partial.count() as u64;
    for (number, what) in [(partial, "partial record"), (index.duplicates, "duplicate")] {
        if number > 0 {
            screen.put(Style::Bold, &format!(", {}", count(number, what)));
        }
    }
    screen.end_line();
    let timed = units().filter(|unit| unit.end != NO_TIME);
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    timed.for_each(|unit| (first, last) = (first.min(unit.start()), last.max(unit.end)));
    if first <= last {
        let [from, to] = [first, last].map(time::text);
        screen.wrapped(Style::Dim, 0, &format!("{from} to {to}"));
    }
    Clock::of(first, last)
}

/// Prints units and failures over time, one column per span.
fn chart(screen: &mut Screen, index: &Index) {
    let spans = screen.columns.saturating_sub(16).min(100);
    let Some(chart) = Chart::of(index, spans) else {
        return;
    };
    let line = |screen: &mut Screen, name: &str, style, numbers: &[u64]| {
        let most = numbers.iter().copied().max().unwrap_or(0);
        screen.put(Style::Dim, &format!("{name:<7}"));
        screen.put(style, &bars(numbers, most));
        screen.line(Style::Dim, &format!("  {}", thousands(most)));
    };
    screen.end_line();
    line(screen, "units", Style::Bar, &chart.units);
    if chart.failed.iter().any(|number| *number > 0) {
        line(screen, "failed", Style::Bad, &chart.failed);
    }
}

/// One of eight heights per number; what is not nothing is seen.
fn bars(numbers: &[u64], most: u64) -> String {
    let height = |number: &u64| match number {
        0 => ' ',
        number => {
            let eighth = u128::from(*number) * 8 / u128::from(most.max(1));
            let at = usize::try_from(eighth.saturating_sub(1)).unwrap_or(7);
            "▁▂▃▄▅▆▇█".chars().nth(at).unwrap_or('█')
        }
    };
    numbers.iter().map(height).collect()
}

fn failures(screen: &mut Screen, index: &Index, top: usize, clock: Clock) {
    let failures = stats::failures(index);
    if failures.is_empty() {
        return;
    }
    screen.end_line();
    let head = [
        "failed", "name", "service", "error", "first", "last", "unit",
    ];
    let mut rows = vec![head.map(|text| left(Style::Dim, text)).to_vec()];
    rows.extend(
        failures
            .iter()
            .take(top)
            .map(|failure| failure_row(index, failure, clock)),
    );
    let fits = [
        Fit::Keep,
        Fit::Shrink(12),
        Fit::Drop(2),
        Fit::Shrink(16),
        Fit::Drop(3),
        Fit::Drop(1),
        Fit::Keep,
    ];
    print_without_empty(screen, &fits, rows);
    more(
        screen,
        failures.len(),
        top,
        "more kind of failure",
        "more kinds of failures",
    );
}

fn failure_row(index: &Index, failure: &Failure, clock: Clock) -> Vec<Cell> {
    let when = |micros| match micros {
        NO_TIME => String::new(),
        micros => clock.text(micros),
    };
    let error = match index.text(failure.error) {
        "" => index.units[failure.example].outcome.as_str(),
        error => error,
    };
    vec![
        right(Style::Bad, thousands(failure.units)),
        left(Style::Bold, index.text(failure.name)),
        left(Style::Plain, index.text(failure.service)),
        left(Style::Bad, error),
        left(Style::Dim, when(failure.first)),
        left(Style::Dim, when(failure.last)),
        right(Style::Bold, (failure.example + 1).to_string()),
    ]
}

fn names(screen: &mut Screen, index: &Index, groups: &[Group], top: usize) {
    let weighted = groups.iter().any(|group| group.records != group.units);
    let shown = groups.get(..top.min(groups.len())).unwrap_or_default();
    let durations: Vec<[u64; 5]> = shown.iter().map(durations).collect();
    let scales: [Scale; 5] =
        std::array::from_fn(|at| Scale::of(durations.iter().map(|row| row[at]).max().unwrap_or(0)));
    let mut head: Vec<Cell> = ["name", "service"]
        .map(|text| left(Style::Dim, text))
        .into();
    head.extend(["units", "records", "failed"].map(|text| right(Style::Dim, text)));
    let titles = ["p50", "p90", "p99", "longest", "total"]
        .into_iter()
        .zip(scales);
    head.extend(
        titles.map(|(title, scale)| right(Style::Dim, format!("{title} {}", scale.unit()))),
    );
    let mut rows = vec![head];
    for (group, durations) in shown.iter().zip(&durations) {
        let numbers = durations.iter().zip(scales).map(|(micros, scale)| {
            let text = if group.timed == 0 {
                String::new()
            } else {
                scale.number(*micros)
            };
            right(Style::Plain, text)
        });
        rows.push(row(index, group).into_iter().chain(numbers).collect());
    }
    let mut fits = vec![
        Fit::Shrink(12),
        Fit::Shrink(8),
        Fit::Keep,
        Fit::Drop(5),
        Fit::Keep,
    ];
    fits.extend([
        Fit::Drop(1),
        Fit::Drop(3),
        Fit::Keep,
        Fit::Drop(2),
        Fit::Drop(4),
    ]);
    // The number of records is worth printing only if it differs.
    if !weighted {
        fits.remove(3);
        rows.iter_mut().for_each(|row| drop(row.remove(3)));
    }
    print_without_empty(screen, &fits, rows);
    more(screen, groups.len(), top, "more name", "more names");
}

fn durations(group: &Group) -> [u64; 5] {
    let [p50, p90, p99] = group.percentiles;
    let total = u64::try_from(group.total).unwrap_or(u64::MAX);
    [p50, p90, p99, group.longest, total]
}

fn row(index: &Index, group: &Group) -> Vec<Cell> {
    let failed = match group.failed {
        0 => Style::Plain,
        _ => Style::Bad,
    };
    vec![
        left(Style::Bold, clipped(index.text(group.name), 48)),
        left(Style::Plain, clipped(index.text(group.service), 24)),
        right(Style::Plain, thousands(group.units)),
        right(Style::Plain, thousands(group.records)),
        right(failed, thousands(group.failed)),
    ]
}

/// Prints a table without the columns that are empty in every row below the head.
fn print_without_empty(screen: &mut Screen, fits: &[Fit], mut rows: Vec<Vec<Cell>>) {
    let mut fits = fits.to_vec();
    for at in (0..fits.len()).rev() {
        if rows
            .iter()
            .skip(1)
            .all(|row| row.get(at).is_some_and(|cell| cell.text.is_empty()))
        {
            fits.remove(at);
            rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
    table::print(screen, 0, &fits, &rows);
}

fn more(screen: &mut Screen, all: usize, top: usize, one: &str, many: &str) {
    let rest = all.saturating_sub(top);
    if rest > 0 {
        let what = if rest == 1 { one } else { many };
        let rest = thousands(rest as u64);
        screen.line(Style::Dim, &format!("and {rest} {what}"));
    }
}

/// The slowest selected units, the slowest first, at most `most`.
pub fn slowest_of(index: &Index, most: usize) -> Vec<usize> {
    let timed = |at: &usize| index.units[*at].known_duration().is_some();
    let mut units: Vec<usize> = index.selected().filter(timed).collect();
    let key = |at: &usize| (std::cmp::Reverse(index.units[*at].duration), *at);
    if most > 0 && units.len() > most {
        units.select_nth_unstable_by_key(most - 1, key);
    }
    units.truncate(most);
    units.sort_unstable_by_key(key);
    units
}

fn slowest(screen: &mut Screen, index: &Index, listed: &Listed, clock: Clock) {
    let longest = listed
        .slowest
        .first()
        .map_or(0, |at| index.units[*at].took());
    let scale = Scale::of(longest);
    let took = format!("took {}", scale.unit());
    let head = [
        right(Style::Dim, took),
        left(Style::Dim, "name"),
        left(Style::Dim, "service"),
        left(Style::Dim, "outcome"),
        left(Style::Dim, "began"),
        right(Style::Dim, "unit"),
        left(Style::Dim, "trace_id"),
    ];
    let mut rows = vec![head.to_vec()];
    for (at, detail) in listed.slowest.iter().zip(&listed.details) {
        let unit = &index.units[*at];
        let began = match unit.start() {
            NO_TIME => String::new(),
            start => clock.text(start),
        };
        let trace = detail.ids.iter().find(|(key, _)| *key == "trace_id");
        rows.push(vec![
            right(Style::Plain, scale.number(unit.took())),
            left(Style::Bold, clipped(index.text(unit.name), 48)),
            left(Style::Plain, clipped(index.text(unit.service), 24)),
            left(Style::of_outcome(unit.outcome), unit.outcome.as_str()),
            left(Style::Dim, began),
            right(Style::Bold, (at + 1).to_string()),
            left(Style::Dim, trace.map_or("", |(_, id)| id)),
        ]);
    }
    let fits = [
        Fit::Keep,
        Fit::Shrink(12),
        Fit::Shrink(8),
        Fit::Keep,
        Fit::Drop(1),
        Fit::Keep,
        Fit::Drop(2),
    ];
    print_without_empty(screen, &fits, rows);
}
