//! Draws transactions by matching each `parent_id` to a `span_id`.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::Value as Json;

/// Draws records as trees, one per transaction, each caller above the units that it called.
///
/// The roots are those whose caller is not among the records. Each record is drawn once, even if
/// ids are repeated or form a circle: the records come from files, which may contain anything.
pub fn draw(records: &[Json]) -> String {
    let ids: HashSet<_> = records
        .iter()
        .filter_map(|unit| id(unit, "span_id"))
        .collect();
    let is_top = |unit: &&Json| id(unit, "parent_id").is_none_or(|id| !ids.contains(&id));
    let (tops, mut rest): (Vec<_>, Vec<_>) = records.iter().partition(is_top);
    let mut out = String::new();
    for top in tops {
        draw_transaction(&mut out, top, &mut rest);
    }
    while !rest.is_empty() {
        let top = rest.remove(0);
        draw_transaction(&mut out, top, &mut rest);
    }
    out
}

fn draw_transaction(out: &mut String, top: &Json, rest: &mut Vec<&Json>) {
    let _ = writeln!(out, "trace_id {}", text(top, "trace_id"));
    draw_unit(out, top, rest, ["", ""]);
}

/// A unit and, below it, those it called; `margins` are for its own line and for theirs.
fn draw_unit(out: &mut String, unit: &Json, rest: &mut Vec<&Json>, margins: [&str; 2]) {
    let [margin, below] = margins;
    let _ = writeln!(out, "{}", line(unit, margin));
    let own = id(unit, "span_id");
    let is_called = |other: &mut &Json| own.is_some() && id(other, "parent_id") == own;
    let mut called: Vec<_> = rest.extract_if(.., is_called).collect();
    called.sort_by_key(|unit| text(unit, "ts"));
    while !called.is_empty() {
        let unit = called.remove(0);
        let margins = match called.len() {
            0 => ["└─ ", "   "],
            _ => ["├─ ", "│  "],
        };
        let margins = margins.map(|margin| format!("{below}{margin}"));
        draw_unit(out, unit, rest, margins.each_ref().map(String::as_str));
    }
}

/// `└─ purchase        purchasing     1.034 ms  ok 201`
fn line(unit: &Json, margin: &str) -> String {
    let name = format!("{margin}{}", text(unit, "msg"));
    let (service, outcome) = (text(unit, "service"), text(unit, "outcome"));
    let took = unit["duration_ms"].as_f64().unwrap_or_default();
    let line = format!(
        "{name:<20} {service:<12} {took:>8.3} ms  {outcome} {}",
        unit["status"]
    );
    match unit["error"].as_str() {
        Some(error) => format!("{line}  {error}"),
        None => line,
    }
}

/// A span id is unique only within its transaction.
fn id<'a>(unit: &'a Json, key: &str) -> Option<[&'a str; 2]> {
    Some([unit["trace_id"].as_str()?, unit[key].as_str()?])
}

fn text<'a>(unit: &'a Json, key: &str) -> &'a str {
    unit[key].as_str().unwrap_or_default()
}
