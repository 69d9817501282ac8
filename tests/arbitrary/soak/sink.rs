//! A logger that reads the records it gets.

use std::cell::RefCell;
use std::fmt::Write;
use std::panic::resume_unwind;

use log::{Log, Metadata, Record};
use serde_json::Value as Json;

use super::tally::Tally;
use super::unit::BREAKS;

pub struct Sink;

thread_local! {
    /// The records that this thread logged and nobody has read yet, one per line.
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    /// Only stores the text, so that reading does not count as the library's time.
    fn log(&self, record: &Record<'_>) {
        let breaks = LINES.with_borrow_mut(|lines| {
            let start = lines.len();
            let _ = writeln!(lines, "{}", record.args());
            lines[start..].contains(BREAKS)
        });
        if breaks {
            resume_unwind(Box::new(()));
        }
    }

    fn flush(&self) {}
}

/// Reads what this thread has logged since the last time.
pub fn read(found: &mut Tally) {
    LINES.with_borrow_mut(|lines| {
        for line in lines.lines() {
            read_line(line, found);
        }
        lines.clear();
        // Units with wide values are rare, so their room is not kept.
        lines.shrink_to(256 * 1024);
    });
}

fn read_line(line: &str, found: &mut Tally) {
    found.lines += 1;
    assert!(
        line.bytes().all(|byte| byte >= 0x20 && byte != 0x7f),
        "{line}"
    );
    let (id, is_partial) = match line.starts_with('{') {
        true => (number(line, "\"id\":"), line.contains(",\"partial\":true")),
        false => (number(line, " id="), line.contains(" partial=true")),
    };
    // Third-party readers take most of the time, so they read only a few lines.
    if found.lines.is_multiple_of(64) {
        assert_eq!(read_all(line), id, "{line}");
    }
    let records = found.of(id);
    match is_partial {
        true => records.partial.add(id),
        false => records.last.add(id),
    }
}

fn number(line: &str, key: &str) -> u64 {
    let rest = line.split_once(key).map(|(_, rest)| rest);
    let digits = rest.and_then(|rest| rest.split([' ', ',', '}']).next());
    let number = digits.and_then(|digits| digits.parse().ok());
    number.unwrap_or_else(|| panic!("no {key} in {line}"))
}

/// Gets the id with readers of the whole line.
fn read_all(line: &str) -> u64 {
    let id = if line.starts_with('{') {
        let record: Json = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        record["id"].as_u64()
    } else {
        let pairs =
            tpt_logfmt_parse::parse_to_pairs(line).unwrap_or_else(|e| panic!("{e:?}: {line}"));
        pairs
            .iter()
            .find(|(key, _)| key == "id")
            .and_then(|(_, value)| value.parse().ok())
    };
    id.unwrap_or_else(|| panic!("no id in {line}"))
}
