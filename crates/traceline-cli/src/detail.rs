//! Everything in one record, read only for those that are shown.

use crate::fields::{self, Field, Value};
use crate::index::{Index, Unit};
use crate::names::{Name, Names};
use crate::source::Source;
use crate::time;

/// The contents of a unit's line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// The fragments, with their times.
    pub fragments: Vec<Fragment>,
    /// The timers.
    pub timers: Vec<Timer>,
    /// All other fields, in the order of the line.
    pub fields: Vec<(String, String)>,
    /// The source of the line and where it begins, or why it could not be read again.
    pub place: String,
}

/// A text with a position on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The time since the unit began, in microseconds.
    pub at: u64,
    /// The source line, with the file if the record has it.
    pub tag: String,
    /// Its level, if it has one of its own.
    pub level: String,
    /// The text itself.
    pub text: String,
}

/// The sum of a timer's laps, which has no position on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The key.
    pub key: String,
    /// The number of laps.
    pub count: String,
    /// Their sum, in microseconds.
    pub total: u64,
    /// The longest lap, in microseconds.
    pub longest: u64,
    /// The time in which at least one lap ran, in microseconds: less than the sum if laps
    /// overlapped.
    pub wall: u64,
}

impl Detail {
    /// Reads the line of a unit again.
    pub fn read(unit: &Unit, sources: &[Source], names: &Names) -> Detail {
        let Some(source) = sources.get(usize::from(unit.source)) else {
            return Detail::default();
        };
        let place = format!("{}, byte {}", source.name, unit.at);
        let fault = match source.again(unit.at, unit.len) {
            Ok(line) if unit.is_of(&line, names) => {
                return Detail {
                    place,
                    ..Detail::parse(&line, names)
                };
            }
            Ok(_) => "another line is there now".to_owned(),
            Err(error) => format!("cannot be read again: {error}"),
        };
        let place = format!("{place}: {fault}");
        Detail {
            place,
            ..Detail::default()
        }
    }

    /// Parses a record that has no prefix.
    pub fn parse(line: &[u8], names: &Names) -> Detail {
        let mut detail = Detail::default();
        let mut take = |field: Field<'_>| {
            if names.find(field.key.raw) == Some(Name::Fragments)
                && let Some(fragments) = fragments(field.value)
            {
                detail.fragments = fragments;
            } else {
                let key = field.key.decode().into_owned();
                detail
                    .fields
                    .push((key, field.value.text().decode().into_owned()));
            }
        };
        // If the line has changed and is broken now, the part before the fault is still shown.
        let _ = match line.first() {
            Some(b'{') => fields::json(line, &mut take),
            _ => fields::logfmt(line, &mut take),
        };
        detail.take_timers();
        detail
    }

    /// Turns three neighbours `key.count`, `key.ms` and `key.max_ms`, and `key.wall_ms` after
    /// them, into a timer.
    fn take_timers(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let mut rest = fields.as_slice();
        while let [first, more @ ..] = rest {
            match timer(rest) {
                Some((timer, fields)) => {
                    self.timers.push(timer);
                    rest = &rest[fields..];
                }
                None => {
                    self.fields.push(first.clone());
                    rest = more;
                }
            }
        }
    }

    /// Returns the value of a field.
    pub fn field(&self, key: &[u8]) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(own, _)| own.as_bytes() == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the fields that are not shown in the head of a unit.
    pub fn own_fields(&self, names: &Names) -> impl Iterator<Item = &(String, String)> {
        let is_own = |key: &str| {
            use Name::*;
            !matches!(
                names.find(key.as_bytes()),
                Some(
                    Ts | Level | Msg | Service | TraceId | SpanId | ParentId | Outcome | DurationMs
                )
            )
        };
        self.fields.iter().filter(move |(key, _)| is_own(key))
    }
}

/// Returns the timer that the fields begin with, and how many of them it is.
fn timer(fields: &[(String, String)]) -> Option<(Timer, usize)> {
    let [count, total, longest, rest @ ..] = fields else {
        return None;
    };
    let key = count.0.strip_suffix(".count")?;
    let is_same = |field: &str, suffix| field.strip_suffix(suffix) == Some(key);
    if !is_same(&total.0, ".ms") || !is_same(&longest.0, ".max_ms") {
        return None;
    }
    let total = time::parse_millis(total.1.as_bytes())?;
    let wall = rest.first().filter(|wall| is_same(&wall.0, ".wall_ms"));
    let wall = wall.and_then(|wall| time::parse_millis(wall.1.as_bytes()));
    let timer = Timer {
        key: key.into(),
        count: count.1.clone(),
        total,
        longest: time::parse_millis(longest.1.as_bytes())?,
        wall: wall.unwrap_or(total),
    };
    Some((timer, if wall.is_some() { 4 } else { 3 }))
}

/// Fragments as the library writes them: objects in JSON, one text in logfmt. Else `None`.
fn fragments(value: Value<'_>) -> Option<Vec<Fragment>> {
    match value {
        Value::Nested(array) => {
            let mut all = Some(Vec::new());
            let each = |item| {
                let fragment = object(item);
                all = all.take().zip(fragment).map(|(mut all, fragment)| {
                    all.push(fragment);
                    all
                });
            };
            fields::items(array, each).ok()?;
            all
        }
        Value::Text(text) => listed(&text.decode()),
        Value::Bare(_) => None,
    }
}

/// `{"at_ms":0.612,"line":132,"file":"a.rs","level":"warn","msg":"text"}`
fn object(item: Value<'_>) -> Option<Fragment> {
    let Value::Nested(object) = item else {
        return None;
    };
    let (mut at, mut file) = (None, None);
    let [mut line, mut level, mut text] = [const { String::new() }; 3];
    let take = |field: Field<'_>| {
        let value = field.value.text();
        let said = || value.decode().into_owned();
        match field.key.raw {
            b"at_ms" => at = time::parse_millis(value.raw),
            b"line" => line = said(),
            b"file" => file = Some(said()),
            b"level" => level = said(),
            b"msg" => text = said(),
            _ => {}
        }
    };
    fields::json(object, take).ok()?;
    let tag = match file {
        Some(file) => format!("{file}:{line}"),
        None => line,
    };
    Some(Fragment {
        at: at?,
        tag,
        level,
        text,
    })
}

/// `[132, 0.612ms] text; [a.rs:7, 1.0ms, warn] text`
fn listed(text: &str) -> Option<Vec<Fragment>> {
    let text = text.strip_prefix('[')?;
    text.split("; [").map(one).collect()
}

fn one(text: &str) -> Option<Fragment> {
    // A file may be called `comms.rs`: the first `ms` is not always that of the time.
    text.match_indices("ms")
        .find_map(|(at, _)| parts(text.get(..at)?, text.get(at + 2..)?))
}

/// A fragment, from the text before the `ms` of its time and the text after it.
fn parts(head: &str, rest: &str) -> Option<Fragment> {
    let (tag, at) = head.rsplit_once(", ")?;
    let at = time::parse_millis(at.as_bytes())?;
    let (level, text) = match rest.strip_prefix("] ") {
        Some(text) => ("", text),
        None => rest.strip_prefix(", ")?.split_once("] ")?,
    };
    let (tag, level, text) = (tag.into(), level.into(), text.into());
    Some(Fragment {
        at,
        tag,
        level,
        text,
    })
}

/// Reads the lines of the given units.
pub fn read_all(index: &Index, units: &[usize], sources: &[Source], names: &Names) -> Vec<Detail> {
    let read = |at: &usize| Detail::read(&index.units[*at], sources, names);
    units.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Detail {
        Detail::parse(line.as_bytes(), &Names::default())
    }

    fn fragment(at: u64, tag: &str, level: &str, text: &str) -> Fragment {
        let (tag, level, text) = (tag.into(), level.into(), text.into());
        Fragment {
            at,
            tag,
            level,
            text,
        }
    }

    #[test]
    fn both_formats_give_the_same_fragments() {
        let all = [
            fragment(93, "205", "", "1 x chair; [sic"),
            fragment(3_201, "comms.rs:106", "warn", "a \"b\"\n"),
        ];
        let logfmt = r#"msg=a fragments="[205, 0.093ms] 1 x chair;[sic; [comms.rs:106, 3.201ms, warn] a \"b\"\n""#;
        let json = r#"{"msg":"a","fragments":[{"at_ms":0.093,"line":205,"msg":"1 x chair; [sic"},{"at_ms":3.201,"line":106,"file":"comms.rs","level":"warn","msg":"a \"b\"\n"}]}"#;
        assert_eq!(read(json).fragments, all);
        // The library replaces the separator inside a text; that cannot be undone.
        let mut all = all;
        all[0].text = "1 x chair;[sic".into();
        assert_eq!(read(logfmt).fragments, all);
    }

    #[test]
    fn fragments_that_are_something_else_are_a_field() {
        for value in [
            "7",
            "\"text\"",
            "\"[7] text\"",
            "\"[7, xms] text\"",
            "\"[7, 1.0ms\"",
        ] {
            let detail = read(&format!("msg=a fragments={value}"));
            assert_eq!(
                (detail.fragments.len(), detail.fields.len()),
                (0, 2),
                "{value}"
            );
        }
        for value in ["7", "[7]", "[{}]", "{}"] {
            let detail = read(&format!("{{\"msg\":\"a\",\"fragments\":{value}}}"));
            assert_eq!(
                (detail.fragments.len(), detail.fields.len()),
                (0, 2),
                "{value}"
            );
        }
    }

    #[test]
    fn three_neighbours_are_a_timer() {
        let detail = read(
            "msg=a db.count=2 db.ms=104.7 db.max_ms=100.0 db.rows=7 io.count=1 io.ms=0.5 n.count=1",
        );
        let timer = Timer {
            key: "db".into(),
            count: "2".into(),
            total: 104_700,
            longest: 100_000,
            wall: 104_700,
        };
        assert_eq!(detail.timers, [timer]);
        let keys: Vec<&str> = detail.fields.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["msg", "db.rows", "io.count", "io.ms", "n.count"]);
        let overlapping = read("db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms=6.0 io.wall_ms=1.0");
        assert_eq!(overlapping.timers[0].wall, 6_000);
        assert_eq!(overlapping.fields, [("io.wall_ms".into(), "1.0".into())]);
        let redacted = read("db.count=****** db.ms=****** db.max_ms=******");
        assert_eq!((redacted.timers.len(), redacted.fields.len()), (0, 3));
    }

    #[test]
    fn of_a_line_that_changed_the_beginning_is_shown() {
        assert_eq!(read("a=1 b=\"cut").fields, [("a".into(), "1".into())]);
    }
}
