//! Values of fixed size: numbers within the limits of a format, timers, times.

use crate::base::bytes::SLACK;
use crate::base::clock;
use crate::base::clock::Stamp;
use crate::config::settings::Settings;
use crate::encode::job::{Fits, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::number;
use crate::unit::store::arena::Arena;
use crate::unit::store::field::{Field, flag};
use crate::value::kind::STARS;

/// Returns the level's word in lower case.
pub(super) fn level(level: log::Level) -> &'static str {
    match level {
        log::Level::Error => "error",
        log::Level::Warn => "warn",
        log::Level::Info => "info",
        log::Level::Debug => "debug",
        log::Level::Trace => "trace",
    }
}

/// One of the values of a timer.
#[derive(Clone, Copy, Debug)]
pub(super) enum TimerPart {
    Count(u64),
    Micros(u64),
    Redacted,
}

/// Returns the values of a timer: none before its first lap is over, and the last one only
/// if laps overlapped. Never inlined, because the loop over the fields, most of which are no
/// timers, would take 1 % more instructions.
#[inline(never)]
pub(super) fn timer_parts(field: &Field, arena: &Arena) -> [Option<TimerPart>; 4] {
    let laps = field.value().to_laps(arena);
    if laps.count == 0 {
        return [None; 4];
    }
    if field.has(flag::REDACTED) {
        let stars = Some(TimerPart::Redacted);
        return [stars, stars, stars, None];
    }
    [
        Some(TimerPart::Count(laps.count)),
        Some(TimerPart::Micros(laps.total_micros)),
        Some(TimerPart::Micros(laps.max_micros)),
        laps.wall_micros().map(TimerPart::Micros),
    ]
}

pub(super) fn timer_value(line: &mut Line<'_>, part: TimerPart) -> Written {
    match part {
        TimerPart::Count(n) => number::u64(line, n),
        TimerPart::Micros(micros) => number::millis(line, micros),
        // Quoted in every format, because logfmt cannot have a bare `*`.
        TimerPart::Redacted => {
            line.put_byte(b'"')?;
            line.put(STARS.as_bytes())?;
            line.put_byte(b'"')
        }
    }
}

#[inline(always)]
pub(super) fn boolean(line: &mut Line<'_>, value: bool) -> Written {
    let (text, len): (&[u8; SLACK], _) = if value {
        (b"true            ", 4)
    } else {
        (b"false           ", 5)
    };
    line.put_padded(text, len)
}

#[inline(always)]
pub(super) fn float<S: Syntax>(line: &mut Line<'_>, settings: &Settings, x: f64) -> Written {
    if x.is_finite() {
        number::f64(line, x)
    } else {
        S::non_finite(line, settings, x)
    }
}

pub(super) fn float32<S: Syntax>(line: &mut Line<'_>, settings: &Settings, x: f32) -> Written {
    if x.is_finite() {
        number::f32(line, x)
    } else {
        S::non_finite(line, settings, x.into())
    }
}

pub(super) fn unsigned<S: Syntax>(line: &mut Line<'_>, settings: &Settings, n: u128) -> Written {
    let fits = match n {
        n if n <= 1 << 53 => Fits::Bits53,
        n if n <= u64::MAX.into() => Fits::Bits64,
        _ => Fits::Bits128,
    };
    S::digits(line, settings, itoa::Buffer::new().format(n), fits)
}

pub(super) fn signed<S: Syntax>(line: &mut Line<'_>, settings: &Settings, n: i128) -> Written {
    let fits = match n {
        n if n.unsigned_abs() <= 1 << 53 => Fits::Bits53,
        n if n >= i64::MIN.into() && n <= u64::MAX.into() => Fits::Bits64,
        _ => Fits::Bits128,
    };
    S::digits(line, settings, itoa::Buffer::new().format(n), fits)
}

/// Writes a timestamp.
pub(super) fn stamp<S: Syntax>(line: &mut Line<'_>, settings: &Settings, at: Stamp) -> Written {
    match clock::rfc3339(at, settings.fraction_digits) {
        Some((text, len)) => S::word(line, text.get(..len).unwrap_or_default()),
        // Outside the years that RFC 3339 can write: whole Unix seconds.
        None => number::i64(line, at.secs),
    }
}
