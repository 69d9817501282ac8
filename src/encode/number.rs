//! Numbers as text, shared by both formats.

use crate::base::clock;
use crate::base::clock::Stamp;
use crate::encode::line::{Line, Written};

/// The two digits of each number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + n as u8 / 10, b'0' + n as u8 % 10];
        n += 1;
    }
    pairs
};

#[inline(always)]
fn pair(n: u32) -> [u8; 2] {
    PAIRS.get(n as usize).copied().unwrap_or_default()
}

/// An unsigned integer; one of 10⁸ or more by `itoa`.
///
/// Short numbers, most of those in logs, are written where they belong. What
/// `itoa` leaves in its buffer in pairs cannot be loaded in larger pieces before
/// the stores have reached the cache: a fifth of the time of W3 went there.
/// All digits at once in one word, without a branch (Paul Khuong, "How to print
/// integers really fast"), was slower too: the place of the next byte then hangs
/// on a chain of multiplications, while branches are predicted.
#[inline(always)]
pub(crate) fn u64(line: &mut Line<'_>, n: u64) -> Written {
    match u32::try_from(n) {
        Ok(n @ ..10_000) => short(line, n),
        Ok(n @ ..100_000_000) => {
            short(line, n / 10_000)?;
            let [a, b] = pair(n % 10_000 / 100);
            let [c, d] = pair(n % 100);
            line.put_array(&[a, b, c, d])
        }
        _ => line.apart(|line| long(line, n)),
    }
}

/// A number below 10,000.
#[inline(always)]
fn short(line: &mut Line<'_>, n: u32) -> Written {
    let ([a, b], [c, d]) = (pair(n / 100), pair(n % 100));
    match n {
        0..10 => line.put_byte(d),
        10..100 => line.put_array(&[c, d]),
        100..1_000 => line.put_array(&[b, c, d]),
        _ => line.put_array(&[a, b, c, d]),
    }
}

#[inline(never)]
fn long(line: &mut Line<'_>, n: u64) -> Written {
    line.put(itoa::Buffer::new().format(n).as_bytes())
}

/// A signed integer.
#[inline(always)]
pub(crate) fn i64(line: &mut Line<'_>, n: i64) -> Written {
    if n < 0 {
        line.put_byte(b'-')?;
    }
    u64(line, n.unsigned_abs())
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
    let digits = (0x3030_302E | a << 8 | b << 16 | c << 24).to_le_bytes();
    // Branches, so that the place of the next byte need not wait for the digits.
    if c != 0 {
        line.put_padded(&digits, 4)
    } else if b != 0 {
        line.put_padded(&digits, 3)
    } else {
        line.put_padded(&digits, 2)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Line<'_>) -> Written) -> String {
        let mut buf = [0; 64];
        let mut line = Line::new(&mut buf);
        write(&mut line).expect("there is room");
        let len = line.len();
        String::from_utf8_lossy(&buf[..len]).into_owned()
    }

    #[test]
    fn integers_of_every_length_are_written_as_display_does() {
        let mut n = 0_u64;
        while n < u64::MAX / 11 {
            for n in [n, n + 1, n.saturating_sub(1), n * 10, n * 10 + 9] {
                assert_eq!(text(|line| u64(line, n)), n.to_string());
                let signed = -(n as i64);
                assert_eq!(text(|line| i64(line, signed)), signed.to_string());
            }
            n = n * 3 / 2 + 1;
        }
        assert_eq!(text(|line| u64(line, u64::MAX)), u64::MAX.to_string());
        assert_eq!(text(|line| i64(line, i64::MIN)), i64::MIN.to_string());
    }

    #[test]
    fn all_numbers_of_four_digits_in_both_halves_are_written_right() {
        for n in (0..10_000).chain((0..10_000).map(|n| n * 10_000 + 9_999 - n)) {
            assert_eq!(text(|line| u64(line, n)), n.to_string());
        }
    }

    #[test]
    fn short_decimals_are_written_as_ryu_does() {
        let ryu = |x: f64| ryu::Buffer::new().format_finite(x).to_owned();
        let mut n = 1_u64;
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            n = state >> (24 + state % 40);
            for x in [
                n as f64 / 1_000.0,
                n as f64 / 100.0,
                n as f64,
                f64::from_bits(state),
            ] {
                if x.is_finite() {
                    assert_eq!(text(|line| f64(line, x)), ryu(x), "{x:e}");
                }
            }
        }
        assert!(n > 0);
        for x in [
            0.0,
            -0.0,
            0.001,
            0.0005,
            999_999_999_999.999,
            1e12,
            5e-324,
            f64::MAX,
            -1.5,
            0.1,
        ] {
            assert_eq!(text(|line| f64(line, x)), ryu(x));
            let next = f64::from_bits(x.to_bits() + 1);
            if next.is_finite() {
                assert_eq!(text(|line| f64(line, next)), ryu(next));
            }
        }
    }

    #[test]
    fn milliseconds_lose_their_trailing_zeros_but_one() {
        for (micros, want) in [
            (0, "0.0"),
            (1, "0.001"),
            (10, "0.01"),
            (100, "0.1"),
            (999, "0.999"),
            (1_000, "1.0"),
            (12_345, "12.345"),
            (12_340, "12.34"),
            (12_300, "12.3"),
            (100_000_000_000, "100000000.0"),
            (u64::MAX, "18446744073709551.615"),
        ] {
            assert_eq!(text(|line| millis(line, micros)), want);
        }
    }
}
