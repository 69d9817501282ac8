//! The walk over an entry: the parts of a record in their order.
//!
//! The usual path is compiled into one function, and anything that few records need
//! is kept out of it.

use crate::config::names::{Name, TIMER_SUFFIXES};
use crate::config::schema::Word;
use crate::config::settings::Settings;
use crate::encode::ids::all_ids;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::losses::accounting;
use crate::encode::scalar::{
    boolean, float, float32, signed, stamp, timer_parts, timer_value, unsigned,
};
use crate::encode::text::{error_texts, main_text, text};
use crate::encode::{log_record, number};
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::field::Field;
use crate::unit::store::stored::{Stored, Tag};
use crate::value::outcome::Outcome;

/// Writes the record.
pub(super) fn write<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    if job.moment.log_record.is_some() | job.names.is_some() {
        return write_rare::<S>(line, job, room);
    }
    let mut own = line.own();
    write_inline::<S, false>(&mut own, job, room)?;
    let written = own.len();
    line.advance(written)
}

/// Writes the record of an ordinary log call, or one with names that had to be
/// worked out. The walk is compiled a second time for them, so that the usual
/// record has no branch for either.
#[cold]
fn write_rare<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    write_inline::<S, true>(line, job, room)
}

/// Writes the parts, all inlined into one function, so that the position in the line
/// stays in a register.
#[inline(always)]
fn write_inline<S: Syntax, const RARE: bool>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    room: &mut Vec<u8>,
) -> Written {
    S::open(line)?;
    head::<S>(line, job)?;
    match job.moment.log_record {
        Some(log_record) if RARE => log_record::write::<S>(line, job, log_record)?,
        _ => course::<S>(line, job)?,
    }
    each_field::<S, RARE>(line, job, room)?;
    if job.entry.error.is_some() | job.entry.panic.is_some() {
        line.apart(|line| errors::<S>(line, job))?;
    }
    if job.entry.fragments.len().min(job.fit.fragments) > 0 {
        S::fragments(line, job)?;
    }
    accounting(line, job)?;
    S::close(line)
}

/// Writes time, level, message and the fixed fields.
#[inline(always)]
fn head<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let (settings, moment) = (job.settings(), job.moment);
    let names = &settings.names;
    let mut first = true;
    // The first name is written without its separator.
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

/// Writes ids, outcome and duration.
#[inline(always)]
fn course<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let (settings, moment) = (job.settings(), job.moment);
    let names = &settings.names;
    if job.entry.ids.is_some() | job.entry.request_id.is_some() {
        line.apart(|line| all_ids::<S>(line, job))?;
    }
    if let Some(outcome) = moment.outcome {
        line.put(names.prefix(Name::Outcome))?;
        word(line, outcome_word(settings, outcome))?;
    }
    line.put(names.prefix(Name::DurationMs))?;
    match settings.forms.preset.in_nanos {
        false => number::millis(line, moment.duration_nanos / 1_000),
        true => line.apart(|line| nanos(line, moment.duration_nanos)),
    }
}

/// Writes a word of the configuration's schema.
#[inline(always)]
fn word(line: &mut Line<'_>, word: &Word) -> Written {
    line.put_padded(&word.text, word.len)?;
    match word.more.as_slice() {
        [] => Ok(()),
        more => line.apart(|line| beside(line, more)),
    }
}

/// Writes the fields that a few schemas have beside a word. Cold, like the next
/// function, because inlining them costs the usual record registers (1 %).
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
    let [ok, error, panic, cancelled] = &settings.forms.outcomes;
    match outcome {
        Outcome::Ok => ok,
        Outcome::Error => error,
        Outcome::Panic => panic,
        Outcome::Cancelled => cancelled,
    }
}

/// Writes all fields.
pub(super) fn fields<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    each_field::<S, true>(line, job, room)
}

/// Writes all fields; if `RARE`, with the names worked out for them if there are any.
#[inline(always)]
fn each_field<S: Syntax, const RARE: bool>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    room: &mut Vec<u8>,
) -> Written {
    let fields = job.entry.fields.as_slice().iter();
    for (at, field) in fields.take(job.fit.fields).enumerate() {
        let stored = field.value();
        match stored.tag {
            Tag::Absent => {}
            Tag::Timer => line.apart(|line| timer::<S, RARE>(line, job, at, field))?,
            _ => {
                match field.prefix() {
                    Some((prefix, len)) if !RARE => line.put_padded(prefix, len)?,
                    _ => line.apart(|line| key::<S, RARE>(line, job, at, 0, field, ""))?,
                }
                value::<S>(line, job, stored, room)?;
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn timer<S: Syntax, const RARE: bool>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    at: usize,
    field: &Field,
) -> Written {
    let values = timer_parts(field, &job.entry.arena).into_iter().flatten();
    for (part, (suffix, value)) in TIMER_SUFFIXES.iter().zip(values).enumerate() {
        key::<S, RARE>(line, job, at, part, field, suffix)?;
        timer_value(line, value)?;
    }
    Ok(())
}

/// Writes the key of a field and a suffix, or the name worked out for both. Never
/// inlined: the loop over the fields, most of which have a prefix, then takes 1 to 2 %
/// fewer instructions.
#[inline(never)]
fn key<S: Syntax, const RARE: bool>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    at: usize,
    part: usize,
    field: &Field,
    suffix: &str,
) -> Written {
    match job.names {
        Some(names) if RARE => S::odd_key(line, job.settings(), names.get(at, part)),
        _ => {
            let given = field.given(&job.entry.arena);
            S::key(line, job.settings(), given, suffix.as_bytes())
        }
    }
}

/// Writes the value of one field.
#[inline(always)]
pub(super) fn value<S: Syntax>(
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
        Tag::List | Tag::Json => line.apart(|line| S::nested(line, job, stored, room)),
        _ => line.apart(|line| rare::<S>(line, job.settings(), stored, arena)),
    }
}

/// Writes values that few fields have, kept out of the loop.
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
        Tag::I128 => signed::<S>(line, settings, stored.to_u128(arena) as i128),
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

#[cold]
fn errors<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    for (name, span) in error_texts(job) {
        line.put(job.settings().names.prefix(name))?;
        main_text::<S>(line, job, span)?;
    }
    Ok(())
}
