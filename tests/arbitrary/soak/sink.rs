//! A logger that reads what it gets.

use std::cell::RefCell;
use std::fmt::Write;
use std::panic::resume_unwind;

use log::{Log, Metadata, Record};
use serde_json::Value as Json;

use super::tally::Tally;
use super::unit::BREAKS;

pub struct Sink;

thread_local! {
    /// What was logged by this thread and not read so far, a line a record.
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    /// Only keeps the text: what reading takes is not the library's time.
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

/// Reads what this thread logged since the last time.
pub fn read(found: &mut Tally) {
    LINES.with_borrow_mut(|lines| {
        for line in lines.lines() {
            read_line(line, found);
        }
        lines.clear();
        // A unit of wide values is rare; its room is not kept.
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
    // Readers that are not ours take most of the time: a few lines do.
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

/// The id, by readers of the whole line.
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
