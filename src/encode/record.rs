//! The walk over an entry: what stands in a record, in which order.

use super::id_fields::all_ids;
use super::line::{Line, Written};
use super::losses::accounting;
use super::number::{self, StampText};
use super::ordinary;
use super::{Fits, Job, Syntax};
use crate::bytes::{SLACK, char_floor};
use crate::clock::Stamp;
use crate::config::{Name, Settings, TIMER_SUFFIXES, Word};
use crate::entry::{Arena, Field, Items, Laps, Ordinary, Span, Stored, Tag, flag};
use crate::nested::{self, Closers};
use crate::outcome::Outcome;
use crate::value::STARS;

/// Writes the record.
pub(crate) fn write<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    if let Some(ordinary) = job.moment.ordinary {
        return write_ordinary::<S>(line, job, ordinary, room);
    }
    let mut own = line.own();
    write_inline::<S>(&mut own, job, room)?;
    let written = own.len();
    line.advance(written)
}

/// All of it inlined into one function, so that the position stays in a register.
#[inline(always)]
fn write_inline<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    S::open(line)?;
    head::<S>(line, job)?;
    course::<S>(line, job)?;
    match job.names {
        None => fields::<S>(line, job, room)?,
        Some(_) => line.apart(|line| named_fields::<S>(line, job, room))?,
    }
    if job.entry.error.is_some() | job.entry.panic.is_some() {
        line.apart(|line| error::<S>(line, job))?;
    }
    if job.entry.fragments.len().min(job.fit.fragments) > 0 {
        S::fragments(line, job)?;
    }
    accounting::<S>(line, job)?;
    S::close(line)
}

/// Writes a record that is no unit's.
#[cold]
fn write_ordinary<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    ordinary: &Ordinary,
    room: &mut Vec<u8>,
) -> Written {
    S::open(line)?;
    head::<S>(line, job)?;
    if !ordinary.of_unit {
        ordinary::write::<S>(line, job, ordinary)?;
    }
    match job.names {
        None => fields::<S>(line, job, room)?,
        Some(_) => named_fields::<S>(line, job, room)?,
    }
    accounting::<S>(line, job)?;
    S::close(line)
}

/// Time, level, message, fixed fields.
#[inline(always)]
fn head<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let (settings, moment) = (job.settings(), job.moment);
    let names = &settings.names;
    let mut first = true;
    // The prefix of the first name goes without its separator.
    let mut prefix = |line: &mut Line<'_>, name| {
        let skip = usize::from(std::mem::take(&mut first));
        line.put(names.prefix(name).get(skip..).unwrap_or_default())
    };
    if settings.header {
        if let Some(at) = moment.stamp {
            prefix(line, Name::Ts)?;
            line.apart(|line| stamp::<S>(line, settings, at))?;
        }
        prefix(line, Name::Level)?;
        word(line, settings.forms.level(moment.level))?;
    }
    prefix(line, Name::Msg)?;
    main_text::<S>(line, job, job.entry.name)?;
    if !job.fixed.is_empty() {
        line.put(job.fixed)?;
    }
    Ok(())
}

/// Ids, outcome, duration.
#[inline(always)]
fn course<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let (settings, moment) = (job.settings(), job.moment);
    let names = &settings.names;
    if job.entry.transaction.is_some() | job.entry.request_id.is_some() {
        line.apart(|line| all_ids::<S>(line, job))?;
    }
    if let Some(outcome) = moment.outcome {
        line.put(names.prefix(Name::Outcome))?;
        word(line, outcome_word(settings, outcome))?;
    }
    line.put(names.prefix(Name::DurationMs))?;
    match settings.forms.in_nanos() {
        false => number::millis(line, moment.duration_nanos / 1_000),
        true => line.apart(|line| nanos(line, moment.duration_nanos)),
    }
}

/// A word of the configuration's schema.
#[inline(always)]
fn word(line: &mut Line<'_>, word: &Word) -> Written {
    line.put_padded(&word.text, word.len)?;
    match word.more.as_slice() {
        [] => Ok(()),
        more => line.apart(|line| beside(line, more)),
    }
}

#[cold]
fn beside(line: &mut Line<'_>, more: &[u8]) -> Written {
    line.put(more)
}

#[cold]
fn nanos(line: &mut Line<'_>, nanos: u64) -> Written {
    number::u64(line, nanos)
}

#[inline(always)]
fn outcome_word(settings: &Settings, outcome: Outcome) -> &Word {
    let [ok, error, panic, cancelled] = settings.forms.outcomes();
    match outcome {
        Outcome::Ok => ok,
        Outcome::Error => error,
        Outcome::Panic => panic,
        Outcome::Cancelled => cancelled,
    }
}

/// The level's word: lower case, five letters at most.
pub(crate) fn level(level: log::Level) -> &'static str {
    match level {
        log::Level::Error => "error",
        log::Level::Warn => "warn",
        log::Level::Info => "info",
        log::Level::Debug => "debug",
        log::Level::Trace => "trace",
    }
}

/// All fields, whose keys are written as they are.
#[inline(always)]
fn fields<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    let arena = &job.entry.arena;
    for field in job.entry.fields.as_slice().iter().take(job.fit.fields) {
        let stored = field.value();
        match stored.tag {
            Tag::Absent => {}
            Tag::Timer => {
                let parts = timer_parts(field, stored.to_laps(arena));
                for (suffix, part) in TIMER_SUFFIXES.iter().zip(parts) {
                    let Some(part) = part else { continue };
                    line.apart(|line| S::key(line, field.given(arena), suffix.as_bytes()))?;
                    line.apart(|line| timer_value::<S>(line, part))?;
                }
            }
            _ => {
                match field.prefix() {
                    Some((prefix, len)) => line.put_padded(prefix, len)?,
                    None => line.apart(|line| S::key(line, field.given(arena), b""))?,
                }
                value::<S>(line, job, stored, room)?;
            }
        }
    }
    Ok(())
}

/// All fields, with the names that were worked out for them.
#[cold]
fn named_fields<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    let Some(names) = job.names else {
        return Ok(());
    };
    let arena = &job.entry.arena;
    for (at, field) in job
        .entry
        .fields
        .as_slice()
        .iter()
        .enumerate()
        .take(job.fit.fields)
    {
        let stored = field.value();
        if stored.tag == Tag::Timer {
            let parts = timer_parts(field, stored.to_laps(arena));
            for (name, part) in names.of(at).iter().zip(parts) {
                let Some(part) = part else { continue };
                S::odd_key(line, name)?;
                timer_value::<S>(line, part)?;
            }
        } else if stored.tag != Tag::Absent
            && let Some(name) = names.of(at).first()
        {
            S::odd_key(line, name)?;
            value::<S>(line, job, stored, room)?;
        }
    }
    Ok(())
}

/// One of the three values of a timer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TimerPart {
    Count(u64),
    Micros(u64),
    Redacted,
}

/// What a timer writes: nothing before its first lap is over.
pub(crate) fn timer_parts(field: &Field, laps: Laps) -> [Option<TimerPart>; 3] {
    if laps.count == 0 {
        [None; 3]
    } else if field.has(flag::REDACTED) {
        [Some(TimerPart::Redacted); 3]
    } else {
        [
            Some(TimerPart::Count(laps.count)),
            Some(TimerPart::Micros(laps.total_micros)),
            Some(TimerPart::Micros(laps.max_micros)),
        ]
    }
}

pub(crate) fn timer_value<S: Syntax>(line: &mut Line<'_>, part: TimerPart) -> Written {
    match part {
        TimerPart::Count(n) => number::u64(line, n),
        TimerPart::Micros(micros) => number::millis(line, micros),
        TimerPart::Redacted => S::text(line, STARS.as_bytes(), 0, STARS.len()),
    }
}

/// A value of one field.
#[inline(always)]
pub(crate) fn value<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    stored: Stored,
    room: &mut Vec<u8>,
) -> Written {
    let arena = &job.entry.arena;
    match stored.tag {
        Tag::Text => text::<S>(line, job, Span::from_bits(stored.bits)),
        Tag::U64 if stored.bits >> 53 == 0 => number::u64(line, stored.bits),
        Tag::I64 if stored.bits.wrapping_add(1 << 53) >> 54 == 0 => {
            number::i64(line, stored.bits as i64)
        }
        Tag::F64 => float::<S>(line, job.settings(), f64::from_bits(stored.bits)),
        Tag::Bool => boolean(line, stored.bits != 0),
        Tag::Micros => number::millis(line, stored.bits),
        Tag::List | Tag::Json => line.apart(|line| nested::<S>(line, job, stored, room)),
        _ => line.apart(|line| rare::<S>(line, job.settings(), stored, arena)),
    }
}

/// A list or a structure.
#[inline(never)]
fn nested<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    stored: Stored,
    room: &mut Vec<u8>,
) -> Written {
    if stored.tag == Tag::List {
        return S::list(line, job, list_bytes(job, stored), room);
    }
    let span = Span::from_bits(stored.bits);
    let source = job.entry.arena.buffer();
    S::structured(line, source, span, json_cut(job, span), room)
}

/// Where the text of a structure ends in this record, and what closes it, if
/// that is not its end.
pub(crate) fn json_cut(job: &Job<'_>, span: Span) -> Option<(usize, Closers)> {
    let most = job.fit.text;
    (span.len() > most).then(|| nested::cut(job.entry.arena.get(span), most))
}

/// Values that few fields have, kept out of the loop.
#[inline(never)]
fn rare<S: Syntax>(
    line: &mut Line<'_>,
    settings: &Settings,
    stored: Stored,
    arena: &Arena,
) -> Written {
    match stored.tag {
        Tag::Null => line.put(b"null"),
        Tag::U64 => unsigned::<S>(line, settings, stored.bits.into()),
        Tag::I64 => signed::<S>(line, settings, (stored.bits as i64).into()),
        Tag::U128 => unsigned::<S>(line, settings, stored.to_u128(arena)),
        Tag::I128 => signed::<S>(line, settings, stored.to_i128(arena)),
        Tag::F32 => float32::<S>(line, settings, f32::from_bits(stored.bits as u32)),
        Tag::Stamp => stamp::<S>(line, settings, stored.to_stamp(arena)),
        // Written by the callers.
        Tag::Absent
        | Tag::Text
        | Tag::F64
        | Tag::Bool
        | Tag::Micros
        | Tag::List
        | Tag::Json
        | Tag::Timer => Ok(()),
    }
}

#[inline(always)]
pub(crate) fn boolean(line: &mut Line<'_>, value: bool) -> Written {
    let (text, len): (&[u8; SLACK], _) = if value {
        (b"true            ", 4)
    } else {
        (b"false           ", 5)
    };
    line.put_padded(text, len)
}

#[inline(always)]
pub(crate) fn float<S: Syntax>(line: &mut Line<'_>, settings: &Settings, x: f64) -> Written {
    if x.is_finite() {
        number::f64(line, x)
    } else {
        S::non_finite(line, settings, x)
    }
}

pub(crate) fn float32<S: Syntax>(line: &mut Line<'_>, settings: &Settings, x: f32) -> Written {
    if x.is_finite() {
        number::f32(line, x)
    } else {
        S::non_finite(line, settings, x.into())
    }
}

pub(crate) fn integer<S: Syntax, I: itoa::Integer>(
    line: &mut Line<'_>,
    settings: &Settings,
    n: I,
    fits: Fits,
) -> Written {
    S::digits(line, settings, itoa::Buffer::new().format(n), fits)
}

pub(crate) fn unsigned<S: Syntax>(line: &mut Line<'_>, settings: &Settings, n: u128) -> Written {
    let fits = match n {
        n if n <= 1 << 53 => Fits::Bits53,
        n if n <= u64::MAX.into() => Fits::Bits64,
        _ => Fits::Bits128,
    };
    integer::<S, _>(line, settings, n, fits)
}

pub(crate) fn signed<S: Syntax>(line: &mut Line<'_>, settings: &Settings, n: i128) -> Written {
    let fits = match n {
        n if n.unsigned_abs() <= 1 << 53 => Fits::Bits53,
        n if n >= i64::MIN.into() && n <= u64::MAX.into() => Fits::Bits64,
        _ => Fits::Bits128,
    };
    integer::<S, _>(line, settings, n, fits)
}

pub(crate) fn stamp<S: Syntax>(line: &mut Line<'_>, settings: &Settings, at: Stamp) -> Written {
    match number::stamp(at, settings.fraction_digits) {
        StampText::Rfc3339(text, len) => S::word(line, text.get(..len).unwrap_or_default()),
        StampText::Unix(secs) => number::i64(line, secs),
    }
}

/// A text of the arena, as much of it as the record has room for.
#[inline(always)]
pub(crate) fn text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    let end = end_of(job, span);
    S::text(line, job.entry.arena.buffer(), span.start(), end)
}

/// A text that says what the record is about: cut later than others.
#[inline(always)]
pub(super) fn main_text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    let end = cut_at(job, span, main_fit(job));
    S::text(line, job.entry.arena.buffer(), span.start(), end)
}

/// How much of the name, the id of the request and the errors there is room for: a unit can be told
/// by 64 bytes, as long as there is room for any text.
#[inline(always)]
pub(crate) fn main_fit(job: &Job<'_>) -> usize {
    match job.fit.text {
        0 => 0,
        text => text.max(64),
    }
}

/// Where a text ends in this record.
#[inline(always)]
pub(crate) fn end_of(job: &Job<'_>, span: Span) -> usize {
    cut_at(job, span, job.fit.text)
}

#[inline(always)]
pub(crate) fn cut_at(job: &Job<'_>, span: Span, fit: usize) -> usize {
    if span.len() <= fit {
        span.end()
    } else {
        span.start() + char_floor(job.entry.arena.get(span), fit)
    }
}

/// The items of a list, as many of them as the record has room for.
pub(super) fn list_bytes<'a>(job: &Job<'a>, stored: Stored) -> &'a [u8] {
    let bytes = job.entry.arena.get(Span::from_bits(stored.bits));
    if bytes.len() <= job.fit.text {
        bytes
    } else {
        Items::whole(bytes, job.fit.text)
    }
}

#[cold]
fn error<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let names = &job.settings().names;
    for (name, span) in error_texts(job) {
        if let Some(span) = span {
            line.put(names.prefix(name))?;
            main_text::<S>(line, job, span)?;
        }
    }
    Ok(())
}

/// What says why a unit failed.
pub(crate) fn error_texts(job: &Job<'_>) -> [(Name, Option<Span>); 4] {
    let entry = job.entry;
    [
        (Name::Error, entry.error),
        (Name::ErrorChain, entry.chain),
        (Name::Panic, entry.panic.map(|(message, _)| message)),
        (Name::PanicLocation, entry.panic.map(|(_, place)| place)),
    ]
}

/// Writes the fixed fields of a configuration, which are reserved, as they are.
pub(crate) fn fixed<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    fields::<S>(line, job, room)
}
