//! Lines within lines: what container runtimes, the journal, log stores and shippers put around
//! each line of a program.

use std::borrow::Cow;

use super::{Around, Level, Record, parse_with, pieces};
use crate::fields::{self, Field, Value};
use crate::names::Names;
use crate::text::Text;
use crate::time;

/// How many lines may stand in each other.
pub(crate) const DEEPEST: usize = 3;

/// The line within a line.
#[derive(Clone, Debug)]
pub(crate) struct Inner<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) around: Around,
}

/// Returns the text that an object or a pair holds, if it holds one.
pub(crate) fn inner<'a>(line: &'a [u8], around: Around) -> Option<Inner<'a>> {
    match line.first() {
        Some(b'{') => object(line, around),
        Some(b'[') => pair(line, around),
        _ => None,
    }
}

/// Calls `found` with the record in a line, at whatever depth; `None` if there is none.
pub(crate) fn innermost<R>(
    line: &[u8],
    names: &Names,
    found: impl FnOnce(&[u8], &Record<'_>) -> R,
) -> Option<R> {
    match pieces::joined(line) {
        Some((line, around)) => innermost_within(&line, names, around, DEEPEST, found),
        None => innermost_within(line, names, Around::default(), DEEPEST, found),
    }
}

fn innermost_within<R, F>(
    line: &[u8],
    names: &Names,
    around: Around,
    depth: usize,
    found: F,
) -> Option<R>
where
    F: FnOnce(&[u8], &Record<'_>) -> R,
{
    if let Ok(record) = parse_with(line, names, around, |_| ()) {
        return Some(found(line, &record));
    }
    let inner = inner(line, around).filter(|_| depth > 0)?;
    innermost_within(&inner.text, names, inner.around, depth - 1, found)
}

/// Keys of texts: of Docker, Loki, the journal, Google, Splunk and shippers.
const TEXTS: [&[u8]; 9] = [
    b"log",
    b"line",
    b"MESSAGE",
    b"textPayload",
    b"message",
    b"@message",
    b"msg",
    b"body",
    b"_raw",
];

fn object(line: &[u8], mut around: Around) -> Option<Inner<'_>> {
    let mut found: Option<Cow<'_, [u8]>> = None;
    fields::json(line, |field: Field<'_>| {
        let text = field.value.text();
        match field.key.raw {
            key if TEXTS.contains(&key) => {
                let read = content(field.value);
                found = found.take().or(read);
            }
            b"time" | b"timestamp" | b"@timestamp" | b"ts" | b"__REALTIME_TIMESTAMP" => {
                around.time = time::parse(text.raw, None).or(around.time);
            }
            b"PRIORITY" => around.level = priority(text.raw),
            b"severity" | b"level" => around.level = Level::parse(text.raw),
            _ => {}
        }
    })
    .ok()?;
    let text = found?;
    Some(Inner { text, around })
}

/// `["1795250760000000000", "line"]`, with which Loki answers.
fn pair(line: &[u8], mut around: Around) -> Option<Inner<'_>> {
    let mut texts = Vec::new();
    fields::items(line, |value| texts.push(value)).ok()?;
    let [Value::Text(time), value @ Value::Text(_), ..] = texts.as_slice() else {
        return None;
    };
    around.time = time::parse(time.raw, None).or(around.time);
    let text = content(*value)?;
    Some(Inner { text, around })
}

/// A text that may be a line, without its end.
fn content(value: Value<'_>) -> Option<Cow<'_, [u8]>> {
    let text = match value {
        Value::Text(text @ Text { escaped: false, .. }) => Cow::Borrowed(text.raw),
        Value::Text(text) => Cow::Owned(text.decode().into_owned().into_bytes()),
        Value::Nested(bytes) => Cow::Owned(numbers(bytes)?),
        Value::Bare(_) => return None,
    };
    let len = text.trim_ascii_end().len();
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..len)?),
        Cow::Owned(mut text) => {
            text.truncate(len);
            Cow::Owned(text)
        }
    })
}

/// `[104,105]`: the journal writes texts so that are not UTF-8.
fn numbers(array: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Some(Vec::new());
    fields::items(array, |value| {
        let byte = std::str::from_utf8(value.text().raw).ok();
        let byte = byte.and_then(|text| text.parse().ok());
        bytes = bytes
            .take()
            .zip(byte)
            .map(|(mut bytes, byte): (Vec<u8>, u8)| {
                bytes.push(byte);
                bytes
            });
    })
    .ok()?;
    bytes
}

/// A priority of syslog.
fn priority(text: &[u8]) -> Level {
    match text {
        [b'0'..=b'3'] => Level::Error,
        b"4" => Level::Warn,
        b"5" | b"6" => Level::Info,
        b"7" => Level::Debug,
        _ => Level::Unknown,
    }
}

/// Arrays in which log stores answer with many lines, as paths; a star is any item of an array.
const ANSWERS: [&[&[u8]]; 5] = [
    &[b"data", b"result", b"*", b"values", b"*"],
    &[b"hits", b"hits", b"*"],
    &[b"events", b"*"],
    &[b"entries", b"*"],
    &[b"results", b"*"],
];

/// Calls `each` with every line in the answer of a log store.
pub(crate) fn answer<'a>(object: &'a [u8], each: &mut dyn FnMut(&'a [u8])) {
    if object.first() == Some(&b'{') {
        ANSWERS.iter().for_each(|path| follow(object, path, each));
    }
}

fn follow<'a>(value: &'a [u8], path: &[&[u8]], each: &mut dyn FnMut(&'a [u8])) {
    let Some((step, rest)) = path.split_first() else {
        return each(value);
    };
    let mut deeper = |value: Value<'a>| {
        if let Value::Nested(inner) = value {
            follow(inner, rest, each);
        }
    };
    let _ = match *step {
        b"*" => fields::items(value, deeper),
        key if value.first() == Some(&b'{') => fields::json(value, |field| {
            if field.key.raw == key {
                deeper(field.value);
            }
        }),
        _ => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn holds(line: &str, text: &str, time: Option<i64>) {
        let found = inner(line.as_bytes(), Around::default()).unwrap();
        assert_eq!(String::from_utf8_lossy(&found.text), text);
        assert_eq!(found.around.time.map(|time| time.micros), time);
    }

    #[test]
    fn the_line_of_a_program_is_found_in_the_line_around_it() {
        const TIME: Option<i64> = Some(1_795_250_760_000_000);
        holds(
            r#"{"log":"msg=a duration_ms=1 text=\"b\"\n","stream":"stderr","time":"2026-11-21T08:46:00Z"}"#,
            "msg=a duration_ms=1 text=\"b\"",
            TIME,
        );
        holds(
            r#"{"__REALTIME_TIMESTAMP":"1795250760000000","MESSAGE":"msg=a","PRIORITY":"3"}"#,
            "msg=a",
            TIME,
        );
        holds(r#"{"MESSAGE":[109,115,103,61,255]}"#, "msg=\u{fffd}", None);
        holds(r#"["1795250760000000000","msg=a"]"#, "msg=a", TIME);
        for line in [
            r#"{"a":"b"}"#,
            r#"{"log":1}"#,
            r#"["a"]"#,
            "[1",
            "x",
            r#"{"MESSAGE":[300]}"#,
        ] {
            assert!(
                inner(line.as_bytes(), Around::default()).is_none(),
                "{line}"
            );
        }
        let level = inner(br#"{"MESSAGE":"a","PRIORITY":"4"}"#, Around::default());
        assert_eq!(level.unwrap().around.level, Level::Warn);
    }

    #[test]
    fn the_answers_of_log_stores_hold_many_lines() {
        let lines = |text: &'static str| {
            let mut found = Vec::new();
            answer(text.as_bytes(), &mut |line| {
                found.push(std::str::from_utf8(line).unwrap())
            });
            found
        };
        assert_eq!(
            lines(
                r#"{"status":"success","data":{"result":[{"stream":{},"values":[["1","a"],["2","b"]]},{"values":[["3","c"]]}]}}"#
            ),
            [r#"["1","a"]"#, r#"["2","b"]"#, r#"["3","c"]"#]
        );
        assert_eq!(
            lines(r#"{"hits":{"total":1,"hits":[{"_source":{"a":1}}]}}"#),
            [r#"{"_source":{"a":1}}"#]
        );
        assert_eq!(
            lines(r#"{"events":[{"message":"a"}]}"#),
            [r#"{"message":"a"}"#]
        );
        assert_eq!(lines(r#"{"events":{"a":[{}]}}"#), [""; 0]);
    }
}
