use crate::base::bytes::SLACK;
use crate::base::clock::Stamp;
use crate::config::settings::Settings;
use crate::encode::job::{Fits, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::number;
use crate::encode::number::StampText;
use crate::unit::store::field::{Field, flag};
use crate::unit::store::stored::LapTotals;
use crate::value::kind::STARS;

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

/// One of the three values of a timer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TimerPart {
    Count(u64),
    Micros(u64),
    Redacted,
}

/// What a timer writes: nothing before its first lap is over.
pub(crate) fn timer_parts(field: &Field, laps: LapTotals) -> [Option<TimerPart>; 3] {
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
