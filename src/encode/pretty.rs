//! The pretty format, for a person at a terminal: the unit, how it ended and how
//! long it took, then the fields, then the fragments on a timeline.
//!
//! The order is not that of a line, so the head is written here; fields go through
//! the walk of `record.rs`. Texts are escaped as everywhere: a terminal obeys what
//! it is sent.

use log::Level;

use crate::config::names::Name;
use crate::config::settings::Settings;
use crate::encode::escape::Place;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::logfmt::Logfmt;
use crate::encode::losses::each_count;
use crate::encode::text::{error_texts, main_text, text};
use crate::encode::{escape, ids, line_tag, number, record, scalar};
use crate::unit::store::fragments::RawFragment;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Stored;
use crate::value::outcome::Outcome;

const BOLD: &[u8] = b"\x1b[1m";

const DIM: &[u8] = b"\x1b[2m";

const RED: &[u8] = b"\x1b[31m";

const GREEN: &[u8] = b"\x1b[32m";

const YELLOW: &[u8] = b"\x1b[33m";

const RESET: &[u8] = b"\x1b[0m";

/// Names are padded to this many characters.
const NAME_WIDTH: usize = 16;

#[derive(Debug)]
pub(super) struct Pretty;

impl Syntax for Pretty {
    /// Starts a line with a name.
    fn key(line: &mut Line<'_>, settings: &Settings, key: &[u8], suffix: &[u8]) -> Written {
        line.put(b"\n  ")?;
        colored(line, settings, DIM, |line| {
            Pretty::text(line, key, 0, key.len())?;
            line.put(suffix)
        })?;
        let bytes = key.iter().chain(suffix);
        let chars = bytes.filter(|byte| !matches!(byte, 0x80..=0xBF)).count();
        for _ in chars..NAME_WIDTH {
            line.put_byte(b' ')?;
        }
        line.put_byte(b' ')
    }

    /// Without quotes.
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written {
        escape::text(line, Place::Quoted, source, start, end)
    }

    fn nested(line: &mut Line<'_>, job: &Job<'_>, stored: Stored, room: &mut Vec<u8>) -> Written {
        Logfmt::nested(line, job, stored, room)
    }

    fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written {
        let runs = job.entry.fragments.runs(job.fit.fragments);
        let mut fragments = runs.into_iter().flatten();
        fragments.try_for_each(|each| fragment(line, job, each))
    }
}

/// Writes the record, several lines.
pub(super) fn write(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    head(line, job)?;
    match job.moment.log_record {
        Some(log_record) if !log_record.of_unit => place(line, job, log_record)?,
        _ => {}
    }
    line.put(job.fixed)?;
    ids(line, job)?;
    record::fields::<Pretty>(line, job, room)?;
    for (key, span) in error_texts(job) {
        name(line, job, key)?;
        let text = |line: &mut Line<'_>| main_text::<Pretty>(line, job, span);
        colored(line, job.settings(), RED, text)?;
    }
    Pretty::fragments(line, job)?;
    each_count(job, |key, count| {
        name(line, job, key)?;
        number::u64(line, count)
    })?;
    if let Some(seq) = job.moment.partial {
        name(line, job, Name::Seq)?;
        number::u64(line, seq.into())?;
        line.put(b" (partial)")?;
    }
    Ok(())
}

/// Writes text in a colour, if the configuration has colours.
fn colored(
    line: &mut Line<'_>,
    settings: &Settings,
    color: &[u8],
    write: impl FnOnce(&mut Line<'_>) -> Written,
) -> Written {
    if !settings.color {
        return write(line);
    }
    line.put(color)?;
    write(line)?;
    line.put(RESET)
}

/// Starts a line with one of the library's names.
fn name(line: &mut Line<'_>, job: &Job<'_>, name: Name) -> Written {
    let settings = job.settings();
    Pretty::key(line, settings, settings.names.text(name).as_bytes(), b"")
}

fn head(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let (settings, moment) = (job.settings(), job.moment);
    let name = |line: &mut Line<'_>| main_text::<Pretty>(line, job, job.entry.name);
    colored(line, settings, BOLD, name)?;
    if let Some(outcome) = moment.outcome {
        let color = match outcome {
            Outcome::Ok => GREEN,
            Outcome::Cancelled => YELLOW,
            Outcome::Error | Outcome::Panic => RED,
        };
        let outcome = outcome.as_str().as_bytes();
        line.put(b"  ")?;
        colored(line, settings, color, |line| line.put(outcome))?;
    }
    if moment.log_record.is_none() {
        line.put(b"  ")?;
        number::millis(line, moment.duration_nanos / 1_000)?;
        line.put(b"ms")?;
    }
    if !settings.header {
        return Ok(());
    }
    line.put(b"  ")?;
    let level = scalar::level(moment.level).as_bytes();
    colored(line, settings, level_color(moment.level), |line| {
        line.put(level)
    })?;
    let Some(stamp) = moment.stamp else {
        return Ok(());
    };
    line.put(b"  ")?;
    colored(line, settings, DIM, |line| {
        scalar::stamp::<Pretty>(line, settings, stamp)
    })
}

/// Writes where an ordinary log record comes from, after the rest of its head.
fn place(line: &mut Line<'_>, job: &Job<'_>, log_record: &LogRecord) -> Written {
    let settings = job.settings();
    line.put(b"  ")?;
    colored(line, settings, DIM, |line| {
        text::<Pretty>(line, job, log_record.target)?;
        if let Some(file) = log_record.file {
            line.put(b"  ")?;
            text::<Pretty>(line, job, file)?;
            line.put_byte(b':')?;
            number::u64(line, log_record.line.unwrap_or_default().into())?;
        }
        Ok(())
    })?;
    let Some(unit) = log_record.unit else {
        return Ok(());
    };
    let key = settings.forms.log_record.unit.as_bytes();
    Pretty::key(line, settings, key, b"")?;
    text::<Pretty>(line, job, unit)
}

/// Writes the ids, always as hex: their forms in a schema are for machines.
fn ids(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    ids::each_id(job, |key, digits, len| {
        name(line, job, key)?;
        line.put(digits.get(..len).unwrap_or_default())
    })?;
    let Some(id) = job.entry.request_id else {
        return Ok(());
    };
    name(line, job, Name::RequestId)?;
    main_text::<Pretty>(line, job, id)
}

fn level_color(level: Level) -> &'static [u8] {
    match level {
        Level::Error => RED,
        Level::Warn => YELLOW,
        Level::Info => GREEN,
        Level::Debug | Level::Trace => DIM,
    }
}

/// Writes one fragment: when, where, what.
fn fragment(line: &mut Line<'_>, job: &Job<'_>, fragment: &RawFragment) -> Written {
    let settings = job.settings();
    line.put(b"\n  ")?;
    let micros = fragment.at_nanos / 1_000;
    // Decimal points are aligned up to ten minutes.
    for bound in [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
        if micros < bound {
            line.put_byte(b' ')?;
        }
    }
    line.put_byte(b'+')?;
    number::millis(line, micros)?;
    line.put(b"ms  ")?;
    let file = line_tag::file(job, fragment).unwrap_or(fragment.site.file(&job.entry.arena));
    colored(line, settings, DIM, |line| {
        Pretty::text(line, file.as_bytes(), 0, file.len())?;
        line.put_byte(b':')?;
        number::u64(line, fragment.site.line().into())
    })?;
    line.put(b"  ")?;
    let text = |line: &mut Line<'_>| text::<Pretty>(line, job, fragment.text);
    match fragment.level {
        Some(level @ (Level::Error | Level::Warn)) => {
            colored(line, settings, level_color(level), text)
        }
        _ => text(line),
    }
}
