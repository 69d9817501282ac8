//! The walk over an entry: what stands in a record, in which order.

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
use crate::encode::text::{error_texts, json_cut, list_items, main_text, text};
use crate::encode::{log_record, number};
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::{Stored, Tag};
use crate::value::outcome::Outcome;

/// Writes the record.
pub(crate) fn write<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    if let Some(log_record) = job.moment.log_record {
        return write_log_record::<S>(line, job, log_record, room);
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
fn write_log_record<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    log_record: &LogRecord,
    room: &mut Vec<u8>,
) -> Written {
    S::open(line)?;
    head::<S>(line, job)?;
    if !log_record.of_unit {
        log_record::write::<S>(line, job, log_record)?;
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

/// IdMaker, outcome, duration.
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
            for (name, part) in names.of_field(at).iter().zip(parts) {
                let Some(part) = part else { continue };
                S::odd_key(line, name)?;
                timer_value::<S>(line, part)?;
            }
        } else if stored.tag != Tag::Absent
            && let Some(name) = names.of_field(at).first()
        {
            S::odd_key(line, name)?;
            value::<S>(line, job, stored, room)?;
        }
    }
    Ok(())
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
        return S::list(line, job, list_items(job, stored), room);
    }
    let span = Span::from_bits(stored.bits);
    let source = job.entry.arena.buffer();
    S::structured(line, source, span, json_cut(job, span), room)
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

/// Writes the fixed fields of a configuration, which are reserved, as they are.
pub(crate) fn fixed<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    fields::<S>(line, job, room)
}
