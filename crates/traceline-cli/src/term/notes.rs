//! What is wrong or uncertain about the input, for standard error.

use super::{Screen, Style, clipped, count, width};
use crate::index::{Index, Rejected};

/// Prints what could not be read, and what rests on an assumption.
pub fn notes(screen: &mut Screen, index: &Index) {
    for fault in &index.failed {
        let columns = screen.columns;
        screen.line(Style::Bad, &clipped(fault, columns));
    }
    doubts(screen, index);
    rejected(screen, "that cannot be read", Style::Warning, &index.bad);
    rejected(screen, "of other kinds", Style::Dim, &index.other);
}

fn doubts(screen: &mut Screen, index: &Index) {
    let doubts = &index.doubts;
    let kinds = [
        (doubts.times, "a time that cannot be read: shown without"),
        (
            doubts.durations,
            "a duration that cannot be read, or without a unit: shown without",
        ),
        (doubts.zones, "a time without an offset: read as UTC"),
    ];
    for (number, what) in kinds {
        if number > 0 {
            screen.line(
                Style::Warning,
                &format!("{} with {what}", count(number, "unit")),
            );
        }
    }
    for (writer, number) in &doubts.writers {
        let text = format!(
            "{} with a duration without a unit, read as written by {}",
            count(*number, "unit"),
            writer.as_str()
        );
        screen.line(Style::Dim, &text);
    }
}

/// Prints how many lines of a kind were not records, and the first of them.
fn rejected(screen: &mut Screen, what: &str, style: Style, rejected: &Rejected) {
    if rejected.count == 0 {
        return;
    }
    screen.line(style, &format!("{} {what}", count(rejected.count, "line")));
    for sample in &rejected.samples {
        let why = match sample.why {
            "" => String::new(),
            why => format!("{why}: "),
        };
        let place = clipped(&format!("  {}  ", sample.place), screen.columns / 2);
        screen.put(Style::Dim, &place);
        let room = screen.columns.saturating_sub(width(&place));
        screen.line(
            Style::Plain,
            &clipped(&format!("{why}{}", sample.text), room),
        );
    }
}

/// Prints why there are no units, and what to do about it.
pub fn hint(screen: &mut Screen, index: &Index) {
    let keys = &index.keys;
    let total = index.other.count + index.bad.count;
    if total == 0 {
        return screen.line(Style::Plain, "no units: there are no lines");
    }
    if index.other.count == 0 {
        return screen.line(Style::Plain, "no units: no line can be read");
    }
    if keys.seen.is_empty() {
        let text = "no units: no line has fields, as logfmt (key=value) or JSON";
        return screen.line(Style::Plain, text);
    }
    screen.line(
        Style::Plain,
        &format!("no units: {} in lines with these fields", keys.missing()),
    );
    let more = if keys.more { " …" } else { "" };
    wrapped(screen, &format!("{}{more}", keys.seen.join(" ")));
    let text = format!(
        "a field of another name or unit is given with {}",
        keys.example()
    );
    screen.line(Style::Plain, &text);
}

/// Prints words in lines that fit, two columns indented.
fn wrapped(screen: &mut Screen, text: &str) {
    let room = screen.columns.saturating_sub(2);
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + width(word) + 1 > room {
            screen.gap(2);
            screen.line(Style::Bold, &std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += &clipped(word, room);
    }
    screen.gap(2);
    screen.line(Style::Bold, &line);
}
