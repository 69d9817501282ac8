//! Numbers as text, shared by both formats.

use super::line::{Line, Written};
use crate::clock::{self, Stamp};

/// An unsigned integer.
#[inline(always)]
pub(crate) fn u64(line: &mut Line<'_>, n: u64) -> Written {
    line.put(itoa::Buffer::new().format(n).as_bytes())
}

/// A signed integer.
#[inline(always)]
pub(crate) fn i64(line: &mut Line<'_>, n: i64) -> Written {
    line.put(itoa::Buffer::new().format(n).as_bytes())
}

/// A finite float: the shortest digits that read back, with `.` or `e`.
#[inline(always)]
pub(crate) fn f64(line: &mut Line<'_>, x: f64) -> Written {
    line.put(ryu::Buffer::new().format_finite(x).as_bytes())
}

/// A finite float of 32 bits.
pub(crate) fn f32(line: &mut Line<'_>, x: f32) -> Written {
    line.put(ryu::Buffer::new().format_finite(x).as_bytes())
}

/// What a float is called that is not a number.
pub(crate) fn non_finite(x: f64) -> &'static str {
    if x.is_nan() {
        "NaN"
    } else if x > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Microseconds as milliseconds: trailing zeros cut, to one digit at least.
#[inline(always)]
pub(crate) fn millis(line: &mut Line<'_>, micros: u64) -> Written {
    u64(line, micros / 1_000)?;
    let rest = (micros % 1_000) as u16;
    let (tenths, hundredths, thousandths) = (rest / 100, rest / 10 % 10, rest % 10);
    let mut text = [b'.', b'0', b'0', b'0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    text[1] += tenths as u8;
    text[2] += hundredths as u8;
    text[3] += thousandths as u8;
    let len = if thousandths != 0 {
        4
    } else if hundredths != 0 {
        3
    } else {
        2
    };
    line.put_padded(&text, len)
}

/// Bytes of the text of a timestamp, and how many; see [`stamp`].
pub(crate) enum StampText {
    Rfc3339([u8; 30], usize),
    /// Outside the years that RFC 3339 can write.
    Unix(i64),
}

pub(crate) fn stamp(stamp: Stamp, digits: u8) -> StampText {
    match clock::rfc3339(stamp, digits) {
        Some((text, len)) => StampText::Rfc3339(text, len),
        None => StampText::Unix(stamp.secs),
    }
}
