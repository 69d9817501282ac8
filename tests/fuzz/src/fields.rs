//! One line for the viewer, compared with slow or third-party readers.

use serde_json::{Map, Value as Json};
use traceline_cli::detail::Detail;
use traceline_cli::fields::{self, Value};
use traceline_cli::{Names, parse};

pub(crate) fn check(line: &[u8]) {
    logfmt(line);
    json(line);
    if let Ok(record) = parse(line, &Names::default()) {
        assert!(record.duration.is_some() || record.faults.duration || record.status > 0);
    }
    Detail::parse(line, &Names::default());
}

fn logfmt(line: &[u8]) {
    let mut got = Vec::new();
    let read = fields::logfmt(line, |field| got.push((field.key.raw, field.value)));
    match pairs(line) {
        Some(want) => assert_eq!((read, got), (Ok(()), want)),
        None => assert!(read.is_err()),
    }
}

/// Pairs between blanks, read byte by byte; `None` if one of them is malformed.
fn pairs(line: &[u8]) -> Option<Vec<(&[u8], Value<'_>)>> {
    let mut pairs = Vec::new();
    let mut at = 0;
    while at < line.len() {
        if line[at] == b' ' {
            at += 1;
            continue;
        }
        let key = at;
        while !b"= ".contains(line.get(at)?) {
            at += 1;
        }
        if line[at] == b' ' || at == key {
            return None;
        }
        let key = &line[key..at];
        at += 1;
        let (value, end) = match line.get(at) {
            Some(b'"') => quoted(line, at + 1)?,
            _ => {
                let end = (at..line.len())
                    .find(|at| line[*at] == b' ')
                    .unwrap_or(line.len());
                (Value::Bare(&line[at..end]), end)
            }
        };
        pairs.push((key, value));
        at = end;
    }
    Some(pairs)
}

/// The text after the opening quote, and the rest of the line.
fn quoted(line: &[u8], start: usize) -> Option<(Value<'_>, usize)> {
    let (mut at, mut escaped) = (start, false);
    while *line.get(at)? != b'"' {
        let is_escape = line[at] == b'\\';
        escaped |= is_escape;
        at += if is_escape { 2 } else { 1 };
    }
    let raw = &line[start..at];
    let is_end = line.get(at + 1).is_none_or(|byte| *byte == b' ');
    let text = traceline_cli::text::Text { raw, escaped };
    is_end.then_some((Value::Text(text), at + 1))
}

/// Any object that serde_json reads has the same keys and values here, unless it is nested deeper than is read.
fn json(line: &[u8]) {
    let Ok(want) = serde_json::from_slice::<Map<String, Json>>(line) else {
        return;
    };
    let mut got = Map::new();
    let read = fields::json(line, |field| {
        let value = match field.value {
            Value::Text(text) => Json::String(text.decode().into_owned()),
            Value::Bare(raw) | Value::Nested(raw) => {
                serde_json::from_slice(raw).expect("a part of JSON is JSON")
            }
        };
        got.insert(field.key.decode().into_owned(), value);
    });
    match read {
        Ok(()) => assert_eq!(got, want),
        Err(why) => assert_eq!(why, "brackets nested too deep"),
    }
}
