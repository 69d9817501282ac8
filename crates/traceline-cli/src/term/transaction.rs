//! The units of a transaction on one time axis.

use super::axis::{Axis, NARROWEST};
use super::table::{self, Fit, left, right};
use super::unit::{timers, took};
use super::{Screen, Style, clipped, count, thousands, width};
use crate::detail::{Detail, Fragment};
use crate::duration::{self, Scale};
use crate::index::{Index, NO_TIME, Unit};
use crate::record::Level;
use crate::time;
use crate::tree::{Row, Tree};

/// Prints a transaction. `details` covers the first rows of the tree; the others are counted.
pub fn transaction(screen: &mut Screen, index: &Index, id: &str, tree: &Tree, details: &[Detail]) {
    transaction_head(screen, index, id, tree);
    let rows: Vec<(&Row, &Detail)> = tree.rows.iter().zip(details).collect();
    failures(screen, index, &rows);
    screen.end_line();
    bars(screen, index, tree, &rows);
    if tree.rows.len() > rows.len() {
        let more = (tree.rows.len() - rows.len()) as u64;
        screen.line(Style::Dim, &format!("and {}", count(more, "more unit")));
    }
    all_fragments(screen, index, tree, &rows);
    let units = rows.iter().map(|(row, detail)| {
        let unit = &index.units[row.unit];
        (index.text(unit.name), unit.took(), *detail)
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
    text += &format!(", {}", duration::text(tree.duration));
    if tree.start != NO_TIME {
        text += &format!(" from {}", time::text(tree.start));
    }
    screen.line(Style::Dim, &text);
}

/// What failed, before a tree that may be long.
fn failures(screen: &mut Screen, index: &Index, rows: &[(&Row, &Detail)]) {
    let failed = rows
        .iter()
        .filter(|(row, _)| index.units[row.unit].failed());
    let mut failed = failed.peekable();
    if failed.peek().is_none() {
        return;
    }
    screen.end_line();
    for (row, detail) in failed {
        let unit = &index.units[row.unit];
        let texts = [unit.outcome.as_str(), &detail.status].into_iter();
        let texts = texts.chain(detail.error.iter().map(String::as_str));
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        screen.put(Style::Bold, index.text(unit.name));
        screen.gap(2);
        screen.line(Style::Bad, &texts.join(" "));
    }
}

/// One bar per unit, between its name and its outcome.
fn bars(screen: &mut Screen, index: &Index, tree: &Tree, rows: &[(&Row, &Detail)]) {
    let most = screen.columns * 2 / 5;
    let deepest = rows
        .iter()
        .map(|(row, _)| row.lasts.len())
        .max()
        .unwrap_or(0);
    let step = if deepest * 3 > most / 2 { 1 } else { 3 };
    let sides: Vec<Side> = rows
        .iter()
        .map(|(row, detail)| Side::of(index, row, detail, step))
        .collect();
    let widest = |text: fn(&Side) -> &str, most: usize| {
        let widths = sides.iter().map(|side| width(text(side)));
        widths.max().unwrap_or(0).min(most)
    };
    let names = widest(|side| &side.name, most);
    let services = widest(|side| &side.service, screen.columns / 6);
    let took = widest(|side| &side.took, 12);
    let ends = widest(|side| &side.end, screen.columns / 5);
    // A blank column between all of them; the service goes first where there is no room.
    let others = names + took + ends + 6;
    let services = match services {
        0 => 0,
        services if others + services + 2 + NARROWEST > screen.columns => 0,
        services => services + 2,
    };
    let room = screen.columns.saturating_sub(others + services);
    let axis = Axis {
        columns: room.max(NARROWEST),
        total: tree.duration,
    };
    axis.scale(screen, names + services + 2);
    for ((row, detail), side) in rows.iter().zip(&sides) {
        let unit = &index.units[row.unit];
        let name = clipped(&side.name, names);
        screen.put(Style::Plain, &name);
        screen.gap(names - width(&name));
        if services > 0 {
            let service = clipped(&side.service, services - 2);
            screen.gap(2);
            screen.put(Style::Dim, &service);
            screen.gap(services - 2 - width(&service));
        }
        screen.gap(2);
        let failed = unit.outcome.is_failure();
        let bar = axis.bar(tree.offset(unit), unit.took(), detail, failed);
        screen.cells(&bar);
        screen.gap(2 + took.saturating_sub(width(&side.took)));
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
    fn of(index: &Index, row: &Row, detail: &Detail, step: usize) -> Side {
        let unit = &index.units[row.unit];
        let words = [unit.outcome.as_str(), &detail.status];
        let words = words.into_iter().filter(|word| !word.is_empty());
        let style = match Style::of_outcome(unit.outcome) {
            Style::Plain => Style::of_level(unit.level),
            style => style,
        };
        Side {
            name: format!("{}{}", branches(row, step), index.text(unit.name)),
            service: index.text(unit.service).to_owned(),
            took: took(unit),
            end: words.collect::<Vec<_>>().join(" "),
            style,
        }
    }
}

/// `│  └─ `, or one column per level.
fn branches(row: &Row, step: usize) -> String {
    let Some((last, above)) = row.lasts.split_last() else {
        return String::new();
    };
    let [blank, line, end, turn] = match step {
        1 => [" ", "│", "└ ", "├ "],
        _ => ["   ", "│  ", "└─ ", "├─ "],
    };
    let above = above.iter().map(|last| if *last { blank } else { line });
    let mut text: String = above.collect();
    text += if *last { end } else { turn };
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
    let scale = Scale::of(fragments.last().map_or(0, |(at, ..)| *at));
    let row = |(at, unit, fragment): &(u64, &Unit, &Fragment)| {
        vec![
            right(Style::Dim, format!("+{}", scale.text(*at))),
            left(Style::Plain, clipped(index.text(unit.name), 28)),
            left(Style::Dim, &fragment.tag),
            left(
                Style::of_level(Level::parse(fragment.level.as_bytes())),
                &fragment.text,
            ),
        ]
    };
    let rows: Vec<_> = fragments.iter().map(row).collect();
    let fits = [Fit::Keep, Fit::Shrink(8), Fit::Shrink(4), Fit::Shrink(20)];
    table::print(screen, 2, &fits, &rows);
}

fn notes(screen: &mut Screen, index: &Index, rows: &[(&Row, &Detail)]) {
    let notes = rows.iter().flat_map(|(row, _)| {
        let name = index.text(index.units[row.unit].name);
        row.notes.iter().map(move |note| format!("{name}: {note}"))
    });
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        screen.end_line();
        screen.line(Style::Dim, "notes");
        notes
            .iter()
            .for_each(|note| screen.wrapped(Style::Warning, 2, note));
    }
}
