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
///
/// Most floats in logs are short decimals (a price, a time in milliseconds):
/// see [`short_decimal`]. The others go through `ryu`.
#[inline(always)]
pub(crate) fn f64(line: &mut Line<'_>, x: f64) -> Written {
    match short_decimal(x) {
        Some(thousandths) => decimal(line, thousandths),
        None => line.apart(|line| shortest(line, x)),
    }
}

#[inline(never)]
fn shortest(line: &mut Line<'_>, x: f64) -> Written {
    line.put(ryu::Buffer::new().format_finite(x).as_bytes())
}

/// A float below 10¹² that is a whole number of thousandths, as that number.
///
/// If `n / 1000`, correctly rounded, gives `x` back, the decimal `n·10⁻³` reads
/// as `x`. It has at most 15 digits, and no two decimals of 15 digits or fewer
/// read as the same double (IEEE 754), so its digits without trailing zeros are
/// the shortest: what `ryu` finds in 430 instructions takes 60 this way
/// (callgrind). Negative numbers and -0.0 are left to `ryu`.
#[inline(always)]
fn short_decimal(x: f64) -> Option<u64> {
    if !(x > 0.0 && x < 1e12) {
        return None;
    }
    let n = (x * 1_000.0 + 0.5) as u64;
    (n > 0 && n as f64 / 1_000.0 == x).then_some(n)
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

/// Microseconds as milliseconds.
#[inline(always)]
pub(crate) fn millis(line: &mut Line<'_>, micros: u64) -> Written {
    decimal(line, micros)
}

/// Thousandths as a decimal: trailing zeros cut, to one digit at least.
#[inline(always)]
fn decimal(line: &mut Line<'_>, thousandths: u64) -> Written {
    u64(line, thousandths / 1_000)?;
    let rest = (thousandths % 1_000) as u32;
    let (a, b, c) = (rest / 100, rest / 10 % 10, rest % 10);
    let digits = u128::from(0x3030_302E | a << 8 | b << 16 | c << 24);
    let len = 2 + usize::from(b | c != 0) + usize::from(c != 0);
    line.put_padded(&digits.to_le_bytes(), len)
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
