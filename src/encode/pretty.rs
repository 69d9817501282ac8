//! For a person at a terminal: the unit, how it ended and how long it took,
//! then the fields, then the fragments on a timeline.
//!
//! Texts are escaped as everywhere: a terminal obeys what it is sent.

use log::Level;

use crate::config::names::{Name, TIMER_SUFFIXES};
use crate::encode::escape::Place;
use crate::encode::job::Job;
use crate::encode::line::{Line, Written};
use crate::encode::logfmt::Logfmt;
use crate::encode::number::StampText;
use crate::encode::scalar::TimerPart;
use crate::encode::{escape, ids, line_tag, losses, number, record, scalar, text};
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::Fragment;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Tag;
use crate::value::outcome::Outcome;

const BOLD: &str = "\x1b[1m";

const DIM: &str = "\x1b[2m";

const RED: &str = "\x1b[31m";

const GREEN: &str = "\x1b[32m";

const YELLOW: &str = "\x1b[33m";

const RESET: &str = "\x1b[0m";

/// Names are padded to this many characters.
const NAME_WIDTH: usize = 16;

/// Writes the record, several lines.
pub(super) fn write(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    head(line, job)?;
    if let Some(log_record) = job.moment.log_record
        && !log_record.of_unit
    {
        place(line, job, log_record)?;
    }
    line.put(job.fixed)?;
    ids(line, job)?;
    fields(line, job, room)?;
    errors(line, job)?;
    for fragment in job
        .entry
        .fragments
        .runs(job.fit.fragments)
        .into_iter()
        .flatten()
    {
        timeline(line, job, fragment)?;
    }
    accounting(line, job)
}

/// Writes text in a colour, if colour is asked for.
fn colored(
    line: &mut Line<'_>,
    job: &Job<'_>,
    color: &str,
    write: impl FnOnce(&mut Line<'_>) -> Written,
) -> Written {
    if !job.settings().color {
        return write(line);
    }
    line.put(color.as_bytes())?;
    write(line)?;
    line.put(RESET.as_bytes())
}

fn head(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let moment = job.moment;
    colored(line, job, BOLD, |line| main_text(line, job, job.entry.name))?;
    if let Some(outcome) = moment.outcome {
        let color = match outcome {
            Outcome::Ok => GREEN,
            Outcome::Cancelled => YELLOW,
            Outcome::Error | Outcome::Panic => RED,
        };
        line.put(b"  ")?;
        colored(line, job, color, |line| {
            line.put(outcome.as_str().as_bytes())
        })?;
    }
    if moment.log_record.is_none() {
        line.put(b"  ")?;
        number::millis(line, moment.duration_nanos / 1_000)?;
        line.put(b"ms")?;
    }
    if !job.settings().header {
        return Ok(());
    }
    line.put(b"  ")?;
    let level = scalar::level(moment.level).as_bytes();
    colored(line, job, level_color(moment.level), |line| line.put(level))?;
    let Some(stamp) = moment.stamp else {
        return Ok(());
    };
    line.put(b"  ")?;
    colored(line, job, DIM, |line| {
        match number::stamp(stamp, job.settings().fraction_digits) {
            StampText::Rfc3339(text, len) => line.put(text.get(..len).unwrap_or_default()),
            StampText::Unix(secs) => number::i64(line, secs),
        }
    })
}

/// Where an ordinary record comes from, behind the rest of its head.
fn place(line: &mut Line<'_>, job: &Job<'_>, log_record: &LogRecord) -> Written {
    line.put(b"  ")?;
    colored(line, job, DIM, |line| {
        text(line, job, log_record.target)?;
        if let Some(file) = log_record.file {
            line.put(b"  ")?;
            text(line, job, file)?;
            line.put_byte(b':')?;
            number::u64(line, log_record.line.unwrap_or_default().into())?;
        }
        Ok(())
    })?;
    let Some(unit) = log_record.unit else {
        return Ok(());
    };
    name(line, job, &job.settings().forms.log_record().unit)?;
    text(line, job, unit)
}

fn ids(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let names = &job.settings().names;
    ids::each_id(job, |key, text, len| {
        name(line, job, names.text(key))?;
        line.put(text.get(..len).unwrap_or_default())
    })?;
    if let Some(id) = job.entry.request_id {
        name(line, job, names.text(Name::RequestId))?;
        main_text(line, job, id)?;
    }
    Ok(())
}

fn level_color(level: Level) -> &'static str {
    match level {
        Level::Error => RED,
        Level::Warn => YELLOW,
        Level::Info => GREEN,
        Level::Debug | Level::Trace => DIM,
    }
}

/// Starts a line with a name.
fn name(line: &mut Line<'_>, job: &Job<'_>, name: &str) -> Written {
    line.put(b"\n  ")?;
    colored(line, job, DIM, |line| {
        escape::text(line, Place::Quoted, name.as_bytes(), 0, name.len())
    })?;
    for _ in name.chars().count()..NAME_WIDTH {
        line.put_byte(b' ')?;
    }
    line.put_byte(b' ')
}

/// A text without quotes.
fn text(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    text_up_to(line, job, span, text::end_of(job, span))
}

/// A text that says what the record is about: cut later than others.
fn main_text(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    let end = text::cut_at(job, span, text::main_fit(job));
    text_up_to(line, job, span, end)
}

fn text_up_to(line: &mut Line<'_>, job: &Job<'_>, span: Span, end: usize) -> Written {
    let buffer = job.entry.arena.buffer();
    escape::text(line, Place::Quoted, buffer, span.start(), end)
}

/// One line each; the fixed fields of a configuration too.
pub(super) fn fields(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    for (at, field) in job
        .entry
        .fields
        .as_slice()
        .iter()
        .enumerate()
        .take(job.fit.fields)
    {
        let given = String::from_utf8_lossy(field.given(&job.entry.arena));
        let mut names = match job.names {
            Some(names) => names.of_field(at).iter(),
            None => [].iter(),
        };
        let mut next = |suffix: &str| match names.next() {
            Some(name) => name.clone(),
            None => format!("{given}{suffix}"),
        };
        let stored = field.value();
        match stored.tag {
            Tag::Absent => {}
            Tag::Timer => {
                let parts = scalar::timer_parts(field, stored.to_laps(&job.entry.arena));
                for (suffix, part) in TIMER_SUFFIXES.iter().zip(parts) {
                    let own = next(suffix);
                    if let Some(part) = part {
                        name(line, job, &own)?;
                        timer(line, part)?;
                    }
                }
            }
            Tag::Text => {
                name(line, job, &next(""))?;
                text(line, job, Span::from_bits(stored.bits))?;
            }
            _ => {
                name(line, job, &next(""))?;
                record::value::<Logfmt>(line, job, stored, room)?;
            }
        }
    }
    Ok(())
}

fn timer(line: &mut Line<'_>, part: TimerPart) -> Written {
    scalar::timer_value::<Logfmt>(line, part)
}

fn errors(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let names = &job.settings().names;
    for (key, span) in text::error_texts(job) {
        if let Some(span) = span {
            name(line, job, names.text(key))?;
            colored(line, job, RED, |line| main_text(line, job, span))?;
        }
    }
    Ok(())
}

/// One fragment: when, where, what.
fn timeline(line: &mut Line<'_>, job: &Job<'_>, fragment: &Fragment) -> Written {
    line.put(b"\n  ")?;
    let micros = fragment.at_nanos / 1_000;
    // Decimal points stand below each other up to ten minutes.
    for bound in [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
        if micros < bound {
            line.put_byte(b' ')?;
        }
    }
    line.put_byte(b'+')?;
    number::millis(line, micros)?;
    line.put(b"ms  ")?;
    let file = line_tag::file(job, fragment)
        .unwrap_or(fragment.place.file(&job.entry.arena))
        .as_bytes();
    colored(line, job, DIM, |line| {
        escape::text(line, Place::Quoted, file, 0, file.len())?;
        line.put_byte(b':')?;
        number::u64(line, fragment.place.line().into())
    })?;
    line.put(b"  ")?;
    match fragment.level {
        Some(level @ (Level::Error | Level::Warn)) => {
            colored(line, job, level_color(level), |line| {
                text(line, job, fragment.text)
            })
        }
        _ => text(line, job, fragment.text),
    }
}

fn accounting(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let names = &job.settings().names;
    for (key, count) in losses::losses(job).named() {
        if count > 0 {
            name(line, job, names.text(key))?;
            number::u64(line, count)?;
        }
    }
    if let Some(rate) = job.moment.sample_rate {
        name(line, job, names.text(Name::SampleRate))?;
        number::u64(line, rate.into())?;
    }
    if let Some(seq) = job.moment.partial {
        name(line, job, names.text(Name::Seq))?;
        number::u64(line, seq.into())?;
        line.put(b" (partial)")?;
    }
    Ok(())
}
