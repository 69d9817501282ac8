//! Units on a time axis.

use super::axis::{Axis, NARROWEST};
use super::table::{self, left, right};
use super::{Screen, Style, clipped, count, thousands, width};
use crate::detail::{Detail, Fragment, Timer};
use crate::index::{Index, NO_TIME, Unit};
use crate::names::{Name, Names};
use crate::record::Level;
use crate::time;
use crate::tree::{Row, Tree};

/// Prints one unit.
pub fn unit(screen: &mut Screen, index: &Index, unit: &Unit, detail: &Detail, names: &Names) {
    head(screen, index, unit, detail, names);
    screen.end_line();
    axis_of_unit(screen, unit, detail);
    timers(screen, &[("", unit.duration, detail)]);
    fields(screen, detail, names);
}

fn head(screen: &mut Screen, index: &Index, unit: &Unit, detail: &Detail, names: &Names) {
    screen.put(Style::Bold, index.text(unit.name));
    let facts = [
        (Style::Plain, index.text(unit.service).to_owned()),
        (
            Style::of_outcome(unit.outcome),
            unit.outcome.as_str().to_owned(),
        ),
        (Style::Plain, time::duration(unit.duration)),
        (Style::of_level(unit.level), unit.level.as_str().to_owned()),
    ];
    for (style, text) in facts.into_iter().filter(|(_, text)| !text.is_empty()) {
        screen.gap(2);
        screen.put(style, &text);
    }
    screen.end_line();
    if unit.end != NO_TIME {
        screen.line(
            Style::Dim,
            &format!("{} to {}", time::text(unit.start()), time::text(unit.end)),
        );
    }
    let ids = [Name::TraceId, Name::SpanId, Name::ParentId].map(|name| names.text(name));
    let ids = ids.iter().filter_map(|name| {
        let text = detail.field(name)?;
        Some(format!("{} {text}", String::from_utf8_lossy(name)))
    });
    let ids: Vec<String> = ids.collect();
    for text in [ids.join("  "), detail.place.clone()] {
        if !text.is_empty() {
            screen.line(Style::Dim, &text);
        }
    }
}

/// The bar of a unit with its fragments below, each at its time.
fn axis_of_unit(screen: &mut Screen, unit: &Unit, detail: &Detail) {
    let time_of = |fragment: &Fragment| format!("+{}", time::duration(fragment.at));
    let times = detail
        .fragments
        .iter()
        .map(|fragment| width(&time_of(fragment)));
    let gutter = times.max().unwrap_or(0).max(6);
    let axis = Axis {
        columns: (screen.columns * 2 / 5).max(NARROWEST),
        total: unit.duration,
    };
    axis.scale(screen, gutter + 2);
    screen.gap(gutter + 2);
    let bar = axis.bar(0, unit.duration, detail);
    screen.cells(&bar);
    screen.end_line();
    for fragment in &detail.fragments {
        let time = time_of(fragment);
        screen.gap(gutter - width(&time));
        screen.put(Style::Dim, &time);
        let at = axis.column(fragment.at);
        screen.gap(2 + at);
        let style = Style::of_level(Level::parse(fragment.level.as_bytes()));
        screen.put(
            if style == Style::Plain {
                Style::Bar
            } else {
                style
            },
            "┃",
        );
        screen.gap(axis.columns - at + 1);
        screen.put(Style::Dim, &fragment.tag);
        screen.gap(2);
        screen.line(style, &fragment.text);
    }
}

/// Bars of timers, which show how much of the time they took, not when.
fn timers(screen: &mut Screen, units: &[(&str, u64, &Detail)]) {
    if units.iter().all(|(.., detail)| detail.timers.is_empty()) {
        return;
    }
    screen.end_line();
    screen.line(
        Style::Dim,
        "timers: how much of the unit's time, wherever in it",
    );
    let columns = (screen.columns / 4).clamp(NARROWEST, 40);
    let row = |name: &str, duration: u64, timer: &Timer| {
        let share = timer.wall as f64 * 100.0 / duration.max(1) as f64;
        let laps = if timer.count == "1" { "lap" } else { "laps" };
        vec![
            left(Style::Plain, clipped(name, 24)),
            left(Style::Plain, clipped(&timer.key, 24)),
            left(Style::Bar, part(timer.wall, duration, columns)),
            right(Style::Plain, time::duration(timer.total)),
            right(Style::Plain, format!("{share:.0} %")),
            right(Style::Dim, format!("{} {laps}", timer.count)),
            left(
                Style::Dim,
                format!("longest {}", time::duration(timer.longest)),
            ),
        ]
    };
    let rows = units.iter().flat_map(|(name, duration, detail)| {
        detail
            .timers
            .iter()
            .map(move |timer| row(name, *duration, timer))
    });
    let mut rows: Vec<Vec<table::Cell>> = rows.collect();
    if rows.iter().all(|row| row[0].text.is_empty()) {
        rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    table::print(screen, 2, &rows);
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
    let rows = detail.own_fields(names).map(|(key, value)| {
        let style = if key.starts_with("error") || key.starts_with("panic") {
            Style::Bad
        } else {
            Style::Plain
        };
        vec![left(Style::Dim, key), left(style, value)]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        screen.end_line();
        screen.line(Style::Dim, "fields");
        table::print(screen, 2, &rows);
    }
}

/// Prints a transaction. `details` covers the first rows of the tree; the others are counted.
pub fn transaction(screen: &mut Screen, index: &Index, id: &str, tree: &Tree, details: &[Detail]) {
    transaction_head(screen, index, id, tree);
    screen.end_line();
    let rows: Vec<(&Row, &Detail)> = tree.rows.iter().zip(details).collect();
    bars(screen, index, tree, &rows);
    if tree.rows.len() > rows.len() {
        let more = (tree.rows.len() - rows.len()) as u64;
        screen.line(Style::Dim, &format!("and {}", count(more, "more unit")));
    }
    all_fragments(screen, index, tree, &rows);
    let units = rows.iter().map(|(row, detail)| {
        let unit = &index.units[row.unit];
        (index.text(unit.name), unit.duration, *detail)
    });
    timers(screen, &units.collect::<Vec<_>>());
    notes(screen, index, &rows);
}

fn transaction_head(screen: &mut Screen, index: &Index, id: &str, tree: &Tree) {
    let mut services: Vec<u32> = tree
        .rows
        .iter()
        .map(|row| index.units[row.unit].service)
        .collect();
    services.sort_unstable();
    services.dedup();
    screen.put(Style::Bold, &format!("transaction {id}"));
    screen.end_line();
    let mut text = count(tree.rows.len() as u64, "unit");
    if services
        .iter()
        .any(|service| !index.text(*service).is_empty())
    {
        text += &format!(" of {}", count(services.len() as u64, "service"));
    }
    text += &format!(", {}", time::duration(tree.duration));
    if tree.start != NO_TIME {
        text += &format!(" from {}", time::text(tree.start));
    }
    screen.line(Style::Dim, &text);
}

/// One bar per unit, between its name and its outcome.
fn bars(screen: &mut Screen, index: &Index, tree: &Tree, rows: &[(&Row, &Detail)]) {
    let cells: Vec<Side> = rows
        .iter()
        .map(|(row, detail)| Side::of(index, row, detail))
        .collect();
    let widest = |text: fn(&Side) -> &str| {
        cells
            .iter()
            .map(|side| width(text(side)))
            .max()
            .unwrap_or(0)
    };
    let (names, services, took) = (
        widest(|side| &side.name),
        widest(|side| &side.service),
        widest(|side| &side.took),
    );
    let ends = widest(|side| &side.end).min(24);
    let services = if services == 0 { 0 } else { services + 2 };
    let others = names + services + took + ends + 6;
    let columns = screen.columns.saturating_sub(others).max(NARROWEST);
    let axis = Axis {
        columns,
        total: tree.duration,
    };
    axis.scale(screen, names + services + 2);
    for ((row, detail), side) in rows.iter().zip(&cells) {
        let unit = &index.units[row.unit];
        screen.put(Style::Plain, &side.name);
        screen.gap(names - width(&side.name));
        screen.gap(if services == 0 { 0 } else { 2 });
        screen.put(Style::Dim, &side.service);
        screen.gap(services.saturating_sub(width(&side.service) + 2) + 2);
        let bar = axis.bar(tree.offset(unit), unit.duration, detail);
        screen.cells(&bar);
        screen.gap(2 + took - width(&side.took));
        screen.put(Style::Plain, &side.took);
        screen.gap(2);
        screen.line(side.style, &side.end);
    }
}

/// The text on either side of a bar.
struct Side {
    name: String,
    service: String,
    took: String,
    end: String,
    style: Style,
}

impl Side {
    fn of(index: &Index, row: &Row, detail: &Detail) -> Side {
        let unit = &index.units[row.unit];
        let error = detail.field(b"error").or_else(|| detail.field(b"panic"));
        let status = detail.field(b"status");
        let words = [Some(unit.outcome.as_str()), status, error];
        let words: Vec<&str> = words
            .into_iter()
            .flatten()
            .filter(|word| !word.is_empty())
            .collect();
        let style = match Style::of_outcome(unit.outcome) {
            Style::Plain => Style::of_level(unit.level),
            style => style,
        };
        Side {
            name: format!("{}{}", branches(row), clipped(index.text(unit.name), 28)),
            service: clipped(index.text(unit.service), 20),
            took: time::duration(unit.duration),
            end: clipped(&words.join(" "), 48),
            style,
        }
    }
}

/// `│  └─ `
fn branches(row: &Row) -> String {
    let Some((last, above)) = row.lasts.split_last() else {
        return String::new();
    };
    let mut text: String = above
        .iter()
        .map(|last| if *last { "   " } else { "│  " })
        .collect();
    text += if *last { "└─ " } else { "├─ " };
    if row.depth > row.lasts.len() {
        text += &format!("({}) ", thousands(row.depth as u64));
    }
    text
}

/// All fragments of a transaction, in order of time.
fn all_fragments(screen: &mut Screen, index: &Index, tree: &Tree, rows: &[(&Row, &Detail)]) {
    let fragments = rows.iter().flat_map(|(row, detail)| {
        let unit = &index.units[row.unit];
        detail.fragments.iter().map(move |fragment| {
            (
                tree.offset(unit).saturating_add(fragment.at),
                unit,
                fragment,
            )
        })
    });
    let mut fragments: Vec<_> = fragments.collect();
    if fragments.is_empty() {
        return;
    }
    fragments.sort_by_key(|(at, ..)| *at);
    screen.end_line();
    screen.line(Style::Dim, "fragments");
    let row = |(at, unit, fragment): &(u64, &Unit, &Fragment)| {
        vec![
            right(Style::Dim, format!("+{}", time::duration(*at))),
            left(Style::Plain, clipped(index.text(unit.name), 28)),
            left(Style::Dim, &fragment.tag),
            left(
                Style::of_level(Level::parse(fragment.level.as_bytes())),
                &fragment.text,
            ),
        ]
    };
    let rows: Vec<_> = fragments.iter().map(row).collect();
    table::print(screen, 2, &rows);
}

fn notes(screen: &mut Screen, index: &Index, rows: &[(&Row, &Detail)]) {
    let notes = rows.iter().flat_map(|(row, _)| {
        let name = index.text(index.units[row.unit].name);
        row.notes
            .iter()
            .map(move |note| format!("  {name}: {note}"))
    });
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        screen.end_line();
        screen.line(Style::Dim, "notes");
        notes
            .iter()
            .for_each(|note| screen.line(Style::Warning, note));
    }
}
