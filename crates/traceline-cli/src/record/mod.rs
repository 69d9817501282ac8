//! One line: is it a record of a unit, and if so, the data every view needs.

mod body;
mod gather;
mod path;
pub(crate) mod pieces;
pub(crate) mod report;
mod words;
pub(crate) mod wrap;
mod writer;

use std::borrow::Cow;

pub use words::{Level, Outcome};
pub use writer::Writer;

use crate::duration;
use crate::fields::{Bad, Field};
use crate::names::{Mark, Names, Role};
use crate::text::Text;
use crate::time::{self, Time};
use gather::Gathered;
use path::without_query;

/// The data of a record that every view needs, borrowed from its line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// What the unit did, and the method before it if it is a request.
    pub(crate) label: [Text<'a>; 2],
    /// The service that it belongs to; empty if the line has none.
    pub service: Text<'a>,
    /// When it ended, in microseconds since 1970.
    pub end: Option<i64>,
    /// How long it took, in microseconds.
    pub duration: Option<u64>,
    /// Its level.
    pub level: Level,
    /// Its outcome: what the line says, else what its level and status mean.
    pub outcome: Outcome,
    /// The ids of the transaction, of the unit and of its caller, as far as the line has them.
    pub ids: [Option<Text<'a>>; 3],
    /// Whether the ids of units are decimal numbers.
    pub decimal: bool,
    /// The HTTP status, or 0.
    pub status: u16,
    /// The type of the error; empty if the line has none.
    pub error_type: Text<'a>,
    /// The text of the error; empty if the line has none.
    pub error: Text<'a>,
    /// How many units the record stands for, itself included.
    pub rate: u32,
    /// Whether the unit went on after this record.
    pub partial: bool,
    /// What of the line cannot be read.
    pub faults: Faults,
}

/// What of a record cannot be read, or only with an assumption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// It has a time that is none.
    pub time: bool,
    /// It has a duration that is none, or a number without a unit.
    pub duration: bool,
    /// Its time has no offset and is read as UTC.
    pub zone: bool,
    /// Who wrote a duration without a unit; the unit is the one that this writer uses.
    pub writer: Option<Writer>,
}

/// Why a line is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Begins like a record but cannot be read: cut off, joined with another, or malformed.
    Bad(Bad),
    /// Another kind of line: without a unit's name or a duration.
    Other,
}

/// What the line around a record says about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Around {
    pub(crate) time: Option<Time>,
    pub(crate) level: Level,
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
/// assert_eq!(record.name(), "auth");
/// assert_eq!(record.duration, Some(107_900));
/// assert_eq!(parse(b"listening on 127.0.0.1:8080", &names).unwrap_err(), Reject::Other);
/// ```
pub fn parse<'a>(line: &'a [u8], names: &Names) -> Result<Record<'a>, Reject> {
    parse_with(line, names, Around::default(), |_| ())
}

/// The same, but also calls `each` with every field.
#[inline(always)]
pub(crate) fn parse_with<'a>(
    line: &'a [u8],
    names: &Names,
    around: Around,
    mut each: impl FnMut(&Field<'a>),
) -> Result<Record<'a>, Reject> {
    let Some(found) = body::find(line, names) else {
        return report::parse(line, each).ok_or(Reject::Other);
    };
    let (prefix, body) = line.split_at(found.at);
    let (mut gathered, read) = Gathered::read(body, names, &mut each);
    match read {
        Err(bad) if found.sure => return Err(Reject::Bad(bad)),
        Err(_) => return Err(Reject::Other),
        Ok(()) => {}
    }
    if memchr::memmem::find(prefix, b"canonical-log-line").is_some() {
        gathered.marks.add(Mark::CANONICAL);
    }
    Resolver {
        gathered: &gathered,
        prefix,
        around,
        is_json: body.first() == Some(&b'{'),
    }
    .record()
}

/// Returns the part of a line that holds the fields.
pub(crate) fn body<'a>(line: &'a [u8], names: &Names) -> &'a [u8] {
    let at = body::find(line, names).map_or(0, |body| body.at);
    line.get(at..).unwrap_or_default()
}

/// Makes a record of the values of a line.
struct Resolver<'a, 'g> {
    gathered: &'g Gathered<'a>,
    prefix: &'a [u8],
    around: Around,
    is_json: bool,
}

impl<'a> Resolver<'a, '_> {
    #[inline(always)]
    fn record(self) -> Result<Record<'a>, Reject> {
        let gathered = self.gathered;
        if !self.is_unit() {
            return Err(Reject::Other);
        }
        let mut faults = Faults::default();
        let (duration, own) = self.duration(&mut faults);
        let label = self.label(own).ok_or(Reject::Other)?;
        let end = self.end(duration, &mut faults);
        let level = self.level();
        let status = number(gathered.text(Role::Status).raw).unwrap_or(0);
        let rate = match gathered.some(Role::SampleRate) {
            Some(text) => {
                number(text.raw).ok_or(Reject::Bad("a sample rate that cannot be read"))?
            }
            None => 1,
        };
        let heroku = gathered.marks.has(Mark::HEROKU);
        let of = |role, other| gathered.text(if heroku { other } else { role });
        let id = |role| gathered.some(role);
        Ok(Record {
            label,
            service: self.service(),
            end,
            duration,
            level,
            outcome: self.outcome(level, status),
            ids: [id(Role::TraceId), id(Role::SpanId), id(Role::ParentId)],
            decimal: gathered.decimal,
            status,
            error_type: of(Role::ErrorType, Role::Code),
            error: of(Role::Error, Role::Desc),
            rate,
            partial: gathered.text(Role::Partial).raw == b"true",
            faults,
        })
    }

    /// Whether the line is about a unit: something that took time, or a request that was answered.
    #[inline(always)]
    fn is_unit(&self) -> bool {
        let gathered = self.gathered;
        let took = gathered
            .durations
            .iter()
            .flatten()
            .any(|value| value.is_evidence());
        let is_request = || {
            gathered.has(Role::Status) && (gathered.has(Role::Method) || gathered.has(Role::Path))
        };
        took || gathered.has(Role::Busy) || is_request()
    }

    /// The name of the unit: the library's records have it in the message, others where they say
    /// what was done, and in the message only where nothing else does.
    #[inline(always)]
    fn label(&self, own: bool) -> Option<[Text<'a>; 2]> {
        let gathered = self.gathered;
        let none = Text::default();
        let message = gathered.some(Role::Message);
        let given = gathered.rank(Role::Message) == 0;
        if (own || given)
            && let Some(message) = message
        {
            return Some([none, message]);
        }
        let method = gathered.text(Role::Method);
        let request = |text: Text<'a>| match text.raw.starts_with(method.raw) {
            true => [none, text],
            false => [method, text],
        };
        let path = || {
            gathered
                .some(Role::Path)
                .map(|path| request(without_query(path)))
        };
        let route = || gathered.some(Role::Route).map(request);
        let alone = |role| gathered.some(role).map(|text| [none, text]);
        let operation = alone(Role::Operation).or_else(route).or_else(path);
        let span = || alone(Role::SpanName);
        let message = || message.map(|message| [none, message]);
        let other = || alone(Role::Component).or_else(|| alone(Role::Name));
        operation.or_else(span).or_else(message).or_else(other)
    }

    #[inline(always)]
    fn duration(&self, faults: &mut Faults) -> (Option<u64>, bool) {
        let gathered = self.gathered;
        if let Some(first) = gathered.durations[0]
            && let Some(unit) = first.unit
            && let Some(micros) = duration::parse(first.raw, unit)
        {
            return (Some(micros), first.own);
        }
        self.other_duration(faults)
    }

    #[inline(never)]
    fn other_duration(&self, faults: &mut Faults) -> (Option<u64>, bool) {
        let gathered = self.gathered;
        if let Some(busy) = gathered.part(Role::Busy) {
            return (
                busy.checked_add(gathered.part(Role::Idle).unwrap_or(0)),
                false,
            );
        }
        if gathered.marks.has(Mark::HEROKU) {
            let took = gathered.part(Role::Service);
            faults.duration = took.is_none();
            return (took, false);
        }
        let datadog = writer::is_datadog(gathered);
        for value in gathered.durations.iter().flatten() {
            let with_unit = || duration::with_unit(value.raw);
            let told = value.unit.and_then(|unit| duration::parse(value.raw, unit));
            if let Some(micros) = told.or_else(with_unit) {
                return (Some(micros), value.own || datadog);
            }
            // `--names duration_ms=took` says milliseconds, unless the schema knows better.
            if value.is_given()
                && !datadog
                && let Some(micros) = duration::parse_millis(value.raw)
            {
                return (Some(micros), true);
            }
            if value.unit.is_none()
                && let Some(writer) = Writer::of(gathered, self.is_json, value.raw)
                && let Some(micros) = duration::parse(value.raw, writer.unit())
            {
                faults.writer = Some(writer).filter(|writer| *writer != Writer::Datadog);
                return (Some(micros), datadog);
            }
        }
        let evidence = gathered
            .durations
            .iter()
            .flatten()
            .find(|value| value.is_evidence());
        faults.duration = evidence.is_some();
        (None, evidence.is_some_and(|value| value.own) || datadog)
    }

    /// When the unit ended: what the record says, else what stands before or around it.
    #[inline(always)]
    fn end(&self, duration: Option<u64>, faults: &mut Faults) -> Option<i64> {
        let gathered = self.gathered;
        let text = gathered.text(Role::Time);
        let mut found = time::parse(text.raw, gathered.time_unit);
        if found.is_none() || gathered.marks.has(Mark::TRAEFIK) {
            let start = time::parse(gathered.text(Role::Start).raw, None);
            let micros = start.zip(duration).and_then(|(start, took)| {
                let micros = start.micros.checked_add_unsigned(took)?;
                Some(Time { micros, ..start })
            });
            found = micros.or(found);
        }
        if found.is_none() {
            found = time::find(self.prefix).or(self.around.time);
            faults.time = found.is_none() && !text.raw.is_empty();
        }
        let found = found?;
        faults.zone = !found.zoned;
        // Far enough from the limits that the start can be computed.
        Some(found.micros)
    }

    #[inline(always)]
    fn level(&self) -> Level {
        let gathered = self.gathered;
        let level = Level::parse(gathered.text(Role::Level).raw);
        match level {
            Level::Unknown => self.other_level(),
            level => level,
        }
    }

    #[inline(never)]
    fn other_level(&self) -> Level {
        let gathered = self.gathered;
        let severity = number(gathered.text(Role::LevelNumber).raw);
        let places = [
            severity.map_or(Level::Unknown, Level::of_severity),
            Level::parse(gathered.text(Role::At).raw),
            Level::find(self.prefix),
            self.around.level,
        ];
        let known = places.into_iter().find(|level| *level != Level::Unknown);
        known.unwrap_or_default()
    }

    #[inline(always)]
    fn outcome(&self, level: Level, status: u16) -> Outcome {
        let gathered = self.gathered;
        let reason = gathered.text(Role::Reason);
        let said = Outcome::parse(gathered.text(Role::Outcome).raw).with_reason(reason.raw);
        match said {
            Outcome::None | Outcome::Other if level == Level::Error || status >= 500 => {
                Outcome::Error
            }
            said => said,
        }
    }

    #[inline(always)]
    fn service(&self) -> Text<'a> {
        let gathered = self.gathered;
        let is_name = || gathered.marks.has(Mark::NUMBERED) && gathered.rank(Role::Level) < 9;
        match gathered.some(Role::Service) {
            _ if gathered.marks.has(Mark::HEROKU) => Text::default(),
            Some(service) => service,
            None if is_name() => gathered.text(Role::Name),
            None => Text::default(),
        }
    }
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl<'a> Record<'a> {
    /// Returns the name of the unit: `POST /orders`, `checkout`.
    pub fn name(&self) -> Cow<'a, str> {
        let [method, text] = self.label;
        match method.raw {
            b"" => text.decode(),
            _ => format!("{} {}", method.decode(), text.decode()).into(),
        }
    }
}

#[cfg(test)]
mod tests;
