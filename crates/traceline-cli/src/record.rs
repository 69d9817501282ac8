//! One line: is it a record, and if so, the data every view needs.

use crate::fields::{self, Bad, Field, Value};
use crate::names::{Name, Names};
use crate::text::Text;
use crate::time;

/// The data of a record that every view needs, borrowed from its line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The line, from the start of the record.
    pub body: &'a [u8],
    /// The name of the unit.
    pub name: Text<'a>,
    /// The service that it belongs to; empty if the line has none.
    pub service: Text<'a>,
    /// When it ended, in microseconds since 1970.
    pub end: Option<i64>,
    /// How long it took, in microseconds.
    pub duration: u64,
    /// Its level.
    pub level: Level,
    /// Its outcome.
    pub outcome: Outcome,
    /// The ids of the transaction, of the unit and of its caller, as far as the line has them.
    pub ids: [Option<Text<'a>>; 3],
    /// How many units the record stands for, itself included.
    pub rate: u32,
    /// Whether the unit went on after this record.
    pub partial: bool,
}

/// A level, from the least to the most severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None on the line, or an unknown word.
    #[default]
    Unknown,
    /// `trace`
    Trace,
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warn`
    Warn,
    /// `error`
    Error,
}

/// How a unit ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The line has no outcome.
    #[default]
    None,
    /// `ok`
    Ok,
    /// `error`
    Error,
    /// `panic`
    Panic,
    /// `cancelled`
    Cancelled,
    /// An unknown word.
    Other,
}

impl Level {
    /// Reads a level, in upper or lower case, in the words of the library and some other loggers.
    pub fn parse(text: &[u8]) -> Level {
        let is = |words: &[&[u8]]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match text {
            b"info" => Level::Info,
            b"warn" => Level::Warn,
            b"error" => Level::Error,
            b"debug" => Level::Debug,
            b"trace" => Level::Trace,
            _ if is(&[b"info", b"notice"]) => Level::Info,
            _ if is(&[b"warn", b"warning"]) => Level::Warn,
            _ if is(&[b"error", b"critical", b"fatal", b"alert", b"emergency"]) => Level::Error,
            _ if is(&[b"debug"]) => Level::Debug,
            _ if is(&[b"trace"]) => Level::Trace,
            _ => Level::Unknown,
        }
    }

    /// The library's word for it; empty if there is no level.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Unknown => "",
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

impl Outcome {
    /// Reads an outcome.
    pub fn parse(text: &[u8]) -> Outcome {
        match text {
            b"ok" => Outcome::Ok,
            b"error" => Outcome::Error,
            b"panic" => Outcome::Panic,
            b"cancelled" => Outcome::Cancelled,
            b"" => Outcome::None,
            _ => Outcome::Other,
        }
    }

    /// The library's word for it; empty if there is no outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::None => "",
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Panic => "panic",
            Outcome::Cancelled => "cancelled",
            Outcome::Other => "other",
        }
    }

    /// Whether the unit failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Outcome::Error | Outcome::Panic)
    }
}

/// Why a line is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Begins like a record but cannot be read: cut off, joined with another, or malformed.
    Bad(Bad),
    /// Another kind of line: without a unit's name or a duration.
    Other,
}

/// Parses a line, without its end, as one record in logfmt or JSON. A logger's prefix is skipped.
///
/// Accepts any bytes and never panics; the result borrows from the line.
///
/// # Errors
///
/// A [`Reject`] if the line is not a record.
///
/// # Examples
///
/// ```
/// use traceline_cli::{Names, Reject, parse};
///
/// let names = Names::default();
/// let line = b"[2026-11-21T08:46:00Z INFO shop] ts=2026-11-21T08:46:00.123456Z level=info msg=auth duration_ms=107.9";
/// let record = parse(line, &names).unwrap();
/// assert_eq!(record.name.decode(), "auth");
/// assert_eq!(record.duration, 107_900);
/// assert_eq!(parse(b"listening on 127.0.0.1:8080", &names).unwrap_err(), Reject::Other);
/// ```
pub fn parse<'a>(line: &'a [u8], names: &Names) -> Result<Record<'a>, Reject> {
    parse_with(line, names, |_| ())
}

/// The same, but also calls `each` with every field.
#[inline(always)]
pub(crate) fn parse_with<'a>(
    line: &'a [u8],
    names: &Names,
    each: impl FnMut(&Field<'a>),
) -> Result<Record<'a>, Reject> {
    let body = body(line, names).ok_or(Reject::Other)?;
    let mut record = Record {
        body,
        rate: 1,
        ..Record::default()
    };
    let mut found = Found::default();
    walk(body, names, &mut record, &mut found, each).map_err(Reject::Bad)?;
    if let Some(bad) = found.bad {
        return Err(Reject::Bad(bad));
    }
    if !(found.has(Name::Msg) && found.has(Name::DurationMs)) {
        return Err(Reject::Other);
    }
    if record.end.is_none() {
        record.end = prefix_time(line);
    }
    Ok(record)
}

#[inline(always)]
fn walk<'a>(
    body: &'a [u8],
    names: &Names,
    record: &mut Record<'a>,
    found: &mut Found,
    mut each: impl FnMut(&Field<'a>),
) -> Result<(), Bad> {
    let take = |field: Field<'a>| {
        each(&field);
        if let Some(name) = names.find(field.key.raw)
            && found.first(name)
            && let Err(bad) = record.take(name, field.value)
        {
            found.bad = found.bad.or(Some(bad));
        }
    };
    match body.first() {
        Some(b'{') => fields::json(body, take),
        _ => fields::logfmt(body, take),
    }
}

/// Which names a line had, and whether one of their values could not be read.
#[derive(Debug, Default)]
struct Found {
    names: u16,
    bad: Option<Bad>,
}

impl Found {
    fn has(&self, name: Name) -> bool {
        self.names & 1 << name as u16 != 0
    }

    /// Whether this is the first field with its name: a second one can only be forged.
    #[inline(always)]
    fn first(&mut self, name: Name) -> bool {
        let is_first = !self.has(name);
        self.names |= 1 << name as u16;
        is_first
    }
}

impl<'a> Record<'a> {
    #[inline(always)]
    fn take(&mut self, name: Name, value: Value<'a>) -> Result<(), Bad> {
        let text = value.text();
        match name {
            Name::Ts => self.end = Some(time::parse(text.raw).ok_or("a time that cannot be read")?),
            Name::Level => self.level = Level::parse(text.raw),
            Name::Msg => self.name = text,
            Name::Service => self.service = text,
            Name::TraceId => self.ids[0] = id(value),
            Name::SpanId => self.ids[1] = id(value),
            Name::ParentId => self.ids[2] = id(value),
            Name::Outcome => self.outcome = Outcome::parse(text.raw),
            Name::DurationMs => {
                self.duration =
                    time::parse_millis(text.raw).ok_or("a duration that cannot be read")?;
            }
            Name::SampleRate => {
                self.rate = rate(text.raw).ok_or("a sample rate that cannot be read")?
            }
            Name::Partial => self.partial = text.raw == b"true",
            Name::Fragments => {}
        }
        Ok(())
    }
}

fn id(value: Value<'_>) -> Option<Text<'_>> {
    let text = value.text();
    let is_none = text.raw.is_empty() || value == Value::Bare(b"null");
    (!is_none).then_some(text)
}

fn rate(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// How long the prefix of a logger may be.
const LONGEST_PREFIX: usize = 512;

/// The line from the possible start of a record: an object, or a pair that records begin with.
#[inline(always)]
fn body<'a>(line: &'a [u8], names: &Names) -> Option<&'a [u8]> {
    let starts = [Name::Ts, Name::Level, Name::Msg].map(|name| names.text(name));
    let is_pair = |rest: &[u8]| {
        starts.iter().any(|start| {
            rest.strip_prefix(*start)
                .is_some_and(|rest| rest.first() == Some(&b'='))
        })
    };
    if line.first() == Some(&b'{') || is_pair(line) {
        return Some(line);
    }
    let near = line.get(..LONGEST_PREFIX).unwrap_or(line);
    near.iter().zip(1..).find_map(|(before, at)| {
        let rest = line.get(at..)?;
        let starts = rest.starts_with(b"{\"") || (*before == b' ' && is_pair(rest));
        starts.then_some(rest)
    })
}

/// The time in a prefix `[2026-11-21T08:46:00Z INFO shop] `, for records that have no `ts`.
fn prefix_time(line: &[u8]) -> Option<i64> {
    let rest = line.strip_prefix(b"[")?;
    let end = rest.iter().position(|byte| *byte == b' ')?;
    time::parse(rest.get(..end)?)
}

#[cfg(test)]
mod tests;
