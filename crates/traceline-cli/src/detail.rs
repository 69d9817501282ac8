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
    /// The time in which at least one lap ran, in microseconds: less than the sum if laps
    /// overlapped.
    pub wall: u64,
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
    let total = duration::parse_millis(total.1.as_bytes())?;
    let wall = rest.first().filter(|wall| is_same(&wall.0, ".wall_ms"));
    let wall = wall.and_then(|wall| duration::parse_millis(wall.1.as_bytes()));
    let timer = Timer {
        key: key.into(),
        count: count.1.clone(),
        total,
        longest: duration::parse_millis(longest.1.as_bytes())?,
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
mod tests;
