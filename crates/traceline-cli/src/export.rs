//! Units as JSON, one object per line, for scripts.

use std::io::{self, Write};

use crate::detail::{self, Detail};
use crate::index::{Index, NO_TIME};
use crate::json::Json;
use crate::names::Names;
use crate::source::Source;
use crate::time;

/// How many lines are read again at a time.
const BATCH: usize = 10_000;

/// Writes units.
///
/// # Errors
///
/// If writing fails.
pub fn units(
    index: &Index,
    units: &[usize],
    sources: &[Source],
    names: &Names,
    out: &mut dyn Write,
) -> io::Result<()> {
    for batch in units.chunks(BATCH) {
        let details = detail::read_all(index, batch, sources, names);
        for (at, detail) in batch.iter().zip(&details) {
            let mut json = Json::default();
            json.object(|json| unit(json, index, *at, detail, names));
            writeln!(out, "{}", json.out)?;
        }
    }
    Ok(())
}

fn unit(json: &mut Json, index: &Index, at: usize, detail: &Detail, names: &Names) {
    let unit = &index.units[at];
    json.key("unit").number(at + 1);
    json.key("name").text(index.text(unit.name));
    for (key, text) in [
        ("service", index.text(unit.service)),
        ("level", unit.level.as_str()),
        ("outcome", unit.outcome.as_str()),
    ] {
        some(json, key, text);
    }
    json.key("failed").word(unit.outcome.is_failure());
    if unit.end != NO_TIME {
        json.key("began").text(&time::text(unit.start()));
        json.key("ended").text(&time::text(unit.end));
    }
    if let Some(micros) = unit.known_duration() {
        json.key("duration_ms").number(millis(micros));
    }
    if unit.status > 0 {
        json.key("status").number(unit.status);
    }
    let [error_type, error] = &detail.error;
    some(json, "error_type", error_type);
    some(json, "error", error);
    for (key, id) in &detail.ids {
        json.key(key).text(id);
    }
    if unit.rate != 1 {
        json.key("sample_rate").number(unit.rate);
    }
    if unit.partial {
        json.key("partial").word(true);
    }
    if unit.duplicate {
        json.key("duplicate").word(true);
    }
    json.key("place").text(&detail.place);
    json.key("fields").object(|json| {
        for (key, value) in detail.own_fields(names) {
            json.key(key).text(value);
        }
    });
    parts(json, detail);
}

fn some(json: &mut Json, key: &str, text: &str) {
    if !text.is_empty() {
        json.key(key).text(text);
    }
}

fn parts(json: &mut Json, detail: &Detail) {
    if !detail.fragments.is_empty() {
        json.key("fragments").list(|json| {
            for fragment in &detail.fragments {
                json.object(|json| {
                    json.key("at_ms").number(millis(fragment.at));
                    some(json, "tag", &fragment.tag);
                    some(json, "level", &fragment.level);
                    json.key("msg").text(&fragment.text);
                });
            }
        });
    }
    if !detail.timers.is_empty() {
        json.key("timers").object(|json| {
            for timer in &detail.timers {
                json.key(&timer.key).object(|json| {
                    json.key("count").text(&timer.count);
                    json.key("ms").number(millis(timer.total));
                    json.key("max_ms").number(millis(timer.longest));
                    json.key("wall_ms").number(millis(timer.wall));
                });
            }
        });
    }
}

/// Milliseconds with at most three digits behind the point.
fn millis(micros: u64) -> String {
    let text = format!("{}.{:03}", micros / 1_000, micros % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_exact() {
        assert_eq!(
            [0, 1, 250, 1_500, 10_000_000].map(millis),
            ["0", "0.001", "0.25", "1.5", "10000"]
        );
    }
}
