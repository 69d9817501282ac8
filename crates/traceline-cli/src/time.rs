//! Times as records have them, in microseconds since 1970, and durations for people.

/// Parses RFC 3339, or whole Unix seconds, which the library writes for years outside 0000–9999.
///
/// Digits beyond microseconds are cut off. A time out of range becomes the nearest one within it.
#[inline]
pub fn parse(text: &[u8]) -> Option<i64> {
    let Some((date, rest)) = text.split_at_checked(19) else {
        return unix(text);
    };
    if date[4] != b'-' {
        return unix(text);
    }
    let shape = [date[7], date[10] | 0x20, date[13], date[16]];
    if shape != *b"-t::" && shape != *b"- ::" {
        return None;
    }
    let two = |at: usize| digits(&date[at..at + 2]);
    let day = days(digits(&date[..4])?, two(5)?, two(8)?)?;
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (micros, zone) = fraction(rest)?;
    let seconds = day * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)?;
    Some(seconds * 1_000_000 + micros)
}

fn unix(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let starts_well = text.starts_with(|char: char| char == '-' || char.is_ascii_digit());
    let seconds: i64 = text.parse().ok().filter(|_| starts_well)?;
    // Far enough from the limits that durations can be added and subtracted.
    Some(
        seconds
            .saturating_mul(1_000_000)
            .clamp(i64::MIN / 4, i64::MAX / 4),
    )
}

#[inline(always)]
fn digits(text: &[u8]) -> Option<i64> {
    let mut n = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n * 10 + i64::from(digit);
    }
    Some(n)
}

/// The microseconds after a decimal point, and the rest of the text.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', text)) = text.split_first() else {
        return Some((0, text));
    };
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = text.split_at(len);
    let mut micros = digits(&fraction[..len.min(6)]).filter(|_| len > 0)?;
    for _ in len..6 {
        micros *= 10;
    }
    Some((micros, zone))
}

/// The offset from UTC, in seconds; east is positive.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let seconds = digits(&[*h1, *h2])? * 3_600 + digits(&[*m1, *m2])? * 60;
            Some(if *sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

/// The days from 1970 to a Gregorian date. Years start in March here, so a leap day comes last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + of_year - 719_468)
}

/// Returns the time as RFC 3339 with six digits, or Unix seconds outside the years 0 to 9999.
pub fn text(micros: i64) -> String {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (year + era * 400, month + 3),
        _ => (year + era * 400 + 1, month - 9),
    };
    if !(0..10_000).contains(&year) {
        return seconds.to_string();
    }
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Returns a duration for people: `4.399 ms`, `12.35 s`.
pub fn duration(micros: u64) -> String {
    let millis = micros as f64 / 1_000.0;
    match micros {
        0..10_000_000 => format!("{millis:.3} ms"),
        10_000_000..100_000_000 => format!("{:.2} s", millis / 1_000.0),
        _ => format!("{:.1} s", millis / 1_000.0),
    }
}

/// Parses milliseconds, rounded to whole microseconds. `None` if negative or not a number; a value
/// out of range becomes the largest possible.
#[inline]
pub fn parse_millis(text: &[u8]) -> Option<u64> {
    short_millis(text).or_else(|| {
        let millis: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        // More than a hundred years, and far below the point where times would overflow.
        (millis >= 0.0).then(|| (millis * 1_000.0).round().min(4e15) as u64)
    })
}

/// The form that the library writes, up to a day or so: digits, a point, at most three digits.
#[inline(always)]
fn short_millis(text: &[u8]) -> Option<u64> {
    let (mut n, mut behind) = (0_u64, None);
    if text.len() > 14 {
        return None;
    }
    for byte in text {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => n = n * 10 + u64::from(digit),
            _ if *byte == b'.' && behind.is_none() => {
                behind = Some(0_u32);
                continue;
            }
            _ => return None,
        }
        behind = behind.map(|behind| behind + 1);
    }
    match behind.unwrap_or(0) {
        behind @ 0..=3 if text.first()?.is_ascii_digit() => Some(n * 10_u64.pow(3 - behind)),
        _ => None,
    }
}

/// Parses a duration that a user types: `100ms`, `1.5s`, `250us`, `2m`; milliseconds by default.
pub fn parse_duration(text: &str) -> Option<u64> {
    let at = text.find(|char: char| char.is_ascii_alphabetic() || char == 'µ');
    let (number, unit) = text.split_at(at.unwrap_or(text.len()));
    let scale = match unit {
        "us" | "µs" => 0.001,
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "m" | "min" => 60_000.0,
        _ => return None,
    };
    let millis: f64 = number.parse().ok()?;
    (millis >= 0.0).then(|| (millis * scale * 1_000.0).round().min(4e15) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written_back() {
        for (given, micros, back) in [
            (
                "1970-01-01T00:00:00.000000Z",
                0,
                "1970-01-01T00:00:00.000000Z",
            ),
            (
                "2026-11-21T08:46:00.123456Z",
                1_795_250_760_123_456,
                "2026-11-21T08:46:00.123456Z",
            ),
            (
                "2026-11-21T08:46:00.123456789Z",
                1_795_250_760_123_456,
                "2026-11-21T08:46:00.123456Z",
            ),
            (
                "2026-11-21T08:46:00.5Z",
                1_795_250_760_500_000,
                "2026-11-21T08:46:00.500000Z",
            ),
            (
                "2026-11-21 08:46:00Z",
                1_795_250_760_000_000,
                "2026-11-21T08:46:00.000000Z",
            ),
            (
                "2026-11-21T09:46:00+01:00",
                1_795_250_760_000_000,
                "2026-11-21T08:46:00.000000Z",
            ),
            (
                "2026-11-21T06:16:00-02:30",
                1_795_250_760_000_000,
                "2026-11-21T08:46:00.000000Z",
            ),
            (
                "2000-02-29T00:00:00Z",
                951_782_400_000_000,
                "2000-02-29T00:00:00.000000Z",
            ),
            (
                "0000-01-01T00:00:00Z",
                -62_167_219_200_000_000,
                "0000-01-01T00:00:00.000000Z",
            ),
            (
                "9999-12-31T23:59:59.999999Z",
                253_402_300_799_999_999,
                "9999-12-31T23:59:59.999999Z",
            ),
            ("253402300800", 253_402_300_800_000_000, "253402300800"),
            ("-62167219201", -62_167_219_201_000_000, "-62167219201"),
            ("9223372036854775807", i64::MAX / 4, "2305843009213"),
        ] {
            assert_eq!(parse(given.as_bytes()), Some(micros), "{given}");
            assert_eq!(text(micros), back, "{given}");
        }
    }

    #[test]
    fn each_day_of_eight_hundred_years_comes_back() {
        for day in -200_000..100_000 {
            let micros = day * 86_400_000_000 + 1;
            assert_eq!(parse(text(micros).as_bytes()), Some(micros));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T08:46:00",
            "2026-11-21T08:46:00.Z",
            "2026-13-21T08:46:00Z",
            "2026-11-21T24:46:00Z",
            "2026/11/21T08:46:00Z",
            "2026-11-21T08:46:00+0100",
            "+17",
            "2026-1é-21T08:46:00Z",
            "2026-11-21T08:46:0\u{660}Z",
            "99999999999999999999999",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn milliseconds_become_microseconds() {
        for (text, micros) in [
            ("0.0", Some(0)),
            ("107.9", Some(107_900)),
            ("12.345", Some(12_345)),
            ("12", Some(12_000)),
            ("1.23456", Some(1_235)),
            ("1e3", Some(1_000_000)),
            ("123456789012.345", Some(123_456_789_012_345)),
            ("1e300", Some(4_000_000_000_000_000)),
            ("-1.0", None),
            (".5", Some(500)),
            ("NaN", None),
            ("1.2.3", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(parse_millis(text.as_bytes()), micros, "{text}");
        }
    }

    #[test]
    fn durations_are_typed_with_a_unit_and_shown_with_one() {
        for (text, micros) in [
            ("100ms", Some(100_000)),
            ("1.5s", Some(1_500_000)),
            ("250us", Some(250)),
            ("250µs", Some(250)),
            ("2m", Some(120_000_000)),
            ("7", Some(7_000)),
            ("7h", None),
            ("-1s", None),
            ("ms", None),
        ] {
            assert_eq!(parse_duration(text), micros, "{text}");
        }
        assert_eq!(duration(4_399), "4.399 ms");
        assert_eq!(duration(12_345_678), "12.35 s");
        assert_eq!(duration(123_456_789), "123.5 s");
    }
}
