//! Everything in one record, read only for those that are shown.

use std::collections::BTreeMap;

use crate::duration;
use crate::fields::{self, Field, Value};
use crate::index::{Index, Unit};
use crate::names::{Names, Role};
use crate::record::{self, Record, report, wrap};
use crate::source::{Source, Span};
use crate::text::Text;

/// The contents of a unit's line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// The fragments, with their times.
    pub fragments: Vec<Fragment>,
    /// The timers.
    pub timers: Vec<Timer>,
    /// All other fields, in the order of the line.
    pub fields: Vec<(String, String)>,
    /// The ids of the transaction, of the unit and of its caller as they stand in the line.
    pub ids: Vec<(&'static str, String)>,
    /// The type of the error, and its text.
    pub error: [String; 2],
    /// The HTTP status, or nothing.
    pub status: String,
    /// The source of the line and where it begins, or why it could not be read again.
    pub place: String,
    /// Whether the line could be read again.
    pub found: bool,
    /// The name of the unit, which a field may repeat.
    name: String,
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
}

impl Detail {
    /// Takes what the line of a unit says, if it is still that line.
    fn of(unit: &Unit, source: &Source, line: std::io::Result<Vec<u8>>, names: &Names) -> Detail {
        let place = format!("{}, byte {}", source.name, unit.at);
        let fault = match line {
            Ok(line) => {
                let read = wrap::innermost(&line, names, |text, record| {
                    unit.is_of(record)
                        .then(|| Detail::of_record(text, record, names))
                });
                if let Some(detail) = read.flatten() {
                    let found = true;
                    return Detail {
                        place,
                        found,
                        ..detail
                    };
                }
                "another line is there now".to_owned()
            }
            Err(error) => format!("cannot be read again: {error}"),
        };
        let place = format!("{place}: {fault}");
        Detail {
            place,
            ..Detail::default()
        }
    }

    /// Parses a line, even if it is not a record.
    pub fn parse(line: &[u8], names: &Names) -> Detail {
        match record::parse(line, names) {
            Ok(record) => Detail::of_record(line, &record, names),
            Err(_) => Detail::of_record(line, &Record::default(), names),
        }
    }

    fn of_record(line: &[u8], record: &Record<'_>, names: &Names) -> Detail {
        let text = |text: Text<'_>| text.decode().into_owned();
        let ids = ["trace_id", "span_id", "parent_id"].into_iter();
        let ids = ids.zip(record.ids);
        let mut detail = Detail {
            ids: ids.filter_map(|(key, id)| Some((key, text(id?)))).collect(),
            error: [record.error_type, record.error].map(text),
            name: record.name().into_owned(),
            ..Detail::default()
        };
        if record.status > 0 {
            detail.status = record.status.to_string();
        }
        detail.take_fields(line, names);
        detail.take_timers();
        detail
    }

    fn take_fields(&mut self, line: &[u8], names: &Names) {
        let body = record::body(line, names);
        let mut take = |field: Field<'_>| {
            if names.role(field.key.raw) == Role::Fragments
                && let Some(fragments) = fragments(field.value)
            {
                self.fragments = fragments;
            } else {
                let key = field.key.decode().into_owned();
                self.fields
                    .push((key, field.value.text().decode().into_owned()));
            }
        };
        // If the line has changed and is broken now, the part before the fault is still shown.
        let _ = match body.first() {
            Some(b'{') => fields::json(body, &mut take),
            Some(_) => fields::logfmt(body, &mut take),
            None => {
                report::fields(line, |key, value| {
                    let [key, value] = [key, value].map(Text::plain);
                    let value = Value::Text(value);
                    take(Field { key, value });
                });
                Ok(())
            }
        };
    }

    /// Turns three neighbours `key.count`, `key.ms` and `key.max_ms` into a timer.
    fn take_timers(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let mut rest = fields.as_slice();
        while let [first, more @ ..] = rest {
            match timer(rest) {
                Some(timer) => {
                    self.timers.push(timer);
                    rest = &rest[3..];
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
        use Role::*;
        let is_own = |(key, value): &&(String, String)| match names.role(key.as_bytes()) {
            Time | Level | LevelNumber | Service | TraceId | SpanId | ParentId | Outcome
            | Reason => false,
            // There may be words beside the number, as in `latency=fast`.
            Duration => !value.starts_with(|char: char| char.is_ascii_digit()),
            Message => *value != self.name,
            _ => true,
        };
        self.fields.iter().filter(is_own)
    }
}

fn timer(fields: &[(String, String)]) -> Option<Timer> {
    let [count, total, longest, ..] = fields else {
        return None;
    };
    let key = count.0.strip_suffix(".count")?;
    let is_same = |field: &str, suffix| field.strip_suffix(suffix) == Some(key);
    if !is_same(&total.0, ".ms") || !is_same(&longest.0, ".max_ms") {
        return None;
    }
    Some(Timer {
        key: key.into(),
        count: count.1.clone(),
        total: duration::parse_millis(total.1.as_bytes())?,
        longest: duration::parse_millis(longest.1.as_bytes())?,
    })
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
            b"at_ms" => at = duration::parse_millis(value.raw),
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
    let at = duration::parse_millis(at.as_bytes())?;
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

/// Reads the lines of the given units again.
pub fn read_all(index: &Index, units: &[usize], sources: &[Source], names: &Names) -> Vec<Detail> {
    let mut details = vec![Detail::default(); units.len()];
    each_line(index, units, sources, |place, source, line| {
        let unit = &index.units[units[place]];
        details[place] = Detail::of(unit, source, line, names);
    });
    details
}

/// Returns the lines of the given units, as far as they are still there.
pub(crate) fn lines_of(index: &Index, units: &[usize], sources: &[Source]) -> Vec<Option<Vec<u8>>> {
    let mut lines = vec![None; units.len()];
    each_line(index, units, sources, |place, _, line| {
        lines[place] = line.ok()
    });
    lines
}

/// Reads each source once: a compressed one has to be read from its start.
fn each_line(
    index: &Index,
    units: &[usize],
    sources: &[Source],
    mut each: impl FnMut(usize, &Source, std::io::Result<Vec<u8>>),
) {
    let mut by_source: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (place, at) in units.iter().enumerate() {
        let source = index.units[*at].source;
        by_source.entry(source).or_default().push(place);
    }
    for (source, places) in by_source {
        let Some(source) = sources.get(usize::from(source)) else {
            continue;
        };
        let span = |place: &usize| index.units[units[*place]].span();
        let spans: Vec<Span> = places.iter().map(span).collect();
        for (place, line) in places.iter().zip(source.again(&spans)) {
            each(*place, source, line);
        }
    }
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
        };
        assert_eq!(detail.timers, [timer]);
        let keys: Vec<&str> = detail.fields.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["msg", "db.rows", "io.count", "io.ms", "n.count"]);
        let redacted = read("db.count=****** db.ms=****** db.max_ms=******");
        assert_eq!((redacted.timers.len(), redacted.fields.len()), (0, 3));
    }

    #[test]
    fn of_a_line_that_changed_the_beginning_is_shown() {
        assert_eq!(read("a=1 b=\"cut").fields, [("a".into(), "1".into())]);
    }
}
