//! Numbers as text, shared by both formats.

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

/// Writes an unsigned integer; integers of 10⁸ or more go through `itoa`.
///
/// Short numbers, which most numbers in logs are, are written straight to where
/// they belong. `itoa` stores pairs of digits in a buffer, and loading them from
/// there in larger pieces has to wait until the stores have reached the cache: a
/// fifth of the time of W3 went there. All digits at once in one word, without a
/// branch (Paul Khuong, "How to print integers really fast"), was slower too: the
/// place of the next byte then depends on a chain of multiplications, while
/// branches are predicted.
#[inline(always)]
pub(super) fn u64(line: &mut Line<'_>, n: u64) -> Written {
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

/// Writes a number below 10,000.
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

/// Writes a signed integer.
#[inline(always)]
pub(super) fn i64(line: &mut Line<'_>, n: i64) -> Written {
    if n < 0 {
        line.put_byte(b'-')?;
    }
    u64(line, n.unsigned_abs())
}

/// Writes a finite float: the shortest digits that read back, with `.` or `e`.
///
/// Most floats in logs are short decimals (a price, a time in milliseconds):
/// see [`short_decimal`]. The others go through `ryu`.
#[inline(always)]
pub(super) fn f64(line: &mut Line<'_>, x: f64) -> Written {
    match short_decimal(x) {
        Some(thousandths) => decimal(line, thousandths),
        None => line.apart(|line| shortest(line, x)),
    }
}

#[inline(never)]
fn shortest(line: &mut Line<'_>, x: f64) -> Written {
    line.put(ryu::Buffer::new().format_finite(x).as_bytes())
}

/// Returns a float below 10¹² that is a whole number of thousandths as that number.
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

/// Writes a finite float of 32 bits.
pub(super) fn f32(line: &mut Line<'_>, x: f32) -> Written {
    line.put(ryu::Buffer::new().format_finite(x).as_bytes())
}

/// Returns the word for a float that is infinite or not a number.
pub(super) fn non_finite(x: f64) -> &'static str {
    if x.is_nan() {
        "NaN"
    } else if x > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Writes microseconds as milliseconds.
#[inline(always)]
pub(super) fn millis(line: &mut Line<'_>, micros: u64) -> Written {
    decimal(line, micros)
}

/// Writes thousandths as a decimal without trailing zeros, but with one digit at least.
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
        let lengths = std::iter::successors(Some(0_u64), |n| n.checked_mul(3).map(|n| n / 2 + 1));
        let near = lengths.flat_map(|n| [n, n + 1, n.saturating_sub(1)]);
        let halves = (0..10_000).chain((0..10_000).map(|n| n * 10_000 + 9_999 - n));
        for n in near.chain(halves).chain([u64::MAX, 1 << 63]) {
            assert_eq!(text(|line| u64(line, n)), n.to_string());
            let signed = (n as i64).wrapping_neg();
            assert_eq!(text(|line| i64(line, signed)), signed.to_string());
        }
    }

    #[test]
    fn short_decimals_are_written_as_ryu_does() {
        let check = |x: f64| {
            let want = ryu::Buffer::new().format(x).to_owned();
            assert!(!x.is_finite() || text(|line| f64(line, x)) == want, "{x:e}");
        };
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let n = (state >> (24 + state % 40)) as f64;
            [n / 1_000.0, n / 100.0, n, f64::from_bits(state)]
                .into_iter()
                .for_each(check);
        }
        let small = [0.0, -0.0, 0.001, 0.0005, 5e-324, -1.5, 0.1];
        for x in small
            .into_iter()
            .chain([999_999_999_999.999, 1e12, f64::MAX])
        {
            [x, f64::from_bits(x.to_bits() + 1)]
                .into_iter()
                .for_each(check);
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
