//! Durations as lines have them, in microseconds, and as they are shown to people.

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `ns`
    Nanos,
    /// `us` or `µs`
    Micros,
    /// `ms`
    Millis,
    /// `s`
    Seconds,
    /// `m`
    Minutes,
    /// `h`
    Hours,
}

impl Unit {
    /// Reads the name of a unit.
    pub fn parse(text: &[u8]) -> Option<Unit> {
        Some(match text {
            b"ns" | b"nanos" | b"nanoseconds" => Unit::Nanos,
            // The second is the sign of micro, the third a Greek letter.
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" | b"micros" | b"microseconds" => Unit::Micros,
            b"ms" | b"msec" | b"millis" | b"milliseconds" | b"millisecond" => Unit::Millis,
            b"s" | b"sec" | b"secs" | b"second" | b"seconds" => Unit::Seconds,
            b"m" | b"min" | b"mins" | b"minute" | b"minutes" => Unit::Minutes,
            b"h" | b"hr" | b"hour" | b"hours" => Unit::Hours,
            _ => return None,
        })
    }

    /// The whole microseconds in one, and how many of it make a microsecond.
    fn ratio(self) -> (u64, u64) {
        match self {
            Unit::Nanos => (1, 1_000),
            Unit::Micros => (1, 1),
            Unit::Millis => (1_000, 1),
            Unit::Seconds => (1_000_000, 1),
            Unit::Minutes => (60_000_000, 1),
            Unit::Hours => (3_600_000_000, 1),
        }
    }
}

/// More than a hundred years, and far below the point where times would overflow.
const LONGEST: f64 = 4e15;

/// Parses a number in a unit, rounded to whole microseconds.
///
/// `None` if it is negative, not a number, or longer than a hundred years.
#[inline]
pub fn parse(text: &[u8], unit: Unit) -> Option<u64> {
    if unit == Unit::Millis
        && let Some(micros) = short_millis(text)
    {
        return Some(micros);
    }
    scaled(number(text)?, unit)
}

/// Parses milliseconds.
#[inline]
pub fn parse_millis(text: &[u8]) -> Option<u64> {
    parse(text, Unit::Millis)
}

fn scaled(number: f64, unit: Unit) -> Option<u64> {
    let (times, per) = unit.ratio();
    let micros = number * times as f64 / per as f64;
    (0.0..LONGEST)
        .contains(&micros)
        .then(|| micros.round() as u64)
}

/// A number without the words that `f64` also reads: `inf`, `nan`.
fn number(text: &[u8]) -> Option<f64> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b".eE+-".contains(byte);
    let is_number = text.iter().all(is_part) && text.iter().any(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| is_number)?;
    text.parse().ok()
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

/// Parses a duration that says its units: `61ms`, `1.5 s`, `110µs`, `1m30.5s`, `PT1.5S`,
/// `00:00:01.5`.
pub fn with_unit(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.first()?.eq_ignore_ascii_case(&b'P') {
        return iso(text);
    }
    if text.contains(&b':') {
        return clock(text);
    }
    let (mut rest, mut micros) = (text, 0_u64);
    while !rest.is_empty() {
        let len = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        let (amount, tail) = rest.split_at_checked(len)?;
        let tail = tail.trim_ascii_start();
        let is_unit = |byte: &&u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let len = tail.iter().take_while(is_unit).count();
        let (unit, tail) = tail.split_at_checked(len)?;
        let part = scaled(number(amount)?, Unit::parse(unit)?)?;
        micros = micros.checked_add(part)?;
        rest = tail.trim_ascii_start();
    }
    Some(micros).filter(|micros| (*micros as f64) < LONGEST)
}

/// ISO 8601.
fn iso(text: &[u8]) -> Option<u64> {
    let span: jiff::SignedDuration = std::str::from_utf8(text).ok()?.parse().ok()?;
    let micros = u64::try_from(span.as_micros()).ok()?;
    Some(micros).filter(|micros| (*micros as f64) < LONGEST)
}

/// `1:02:03.5`: hours, minutes, seconds.
fn clock(text: &[u8]) -> Option<u64> {
    let mut parts = text.split(|byte| *byte == b':');
    let [hours, minutes, seconds] = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let parts = [
        parse(hours, Unit::Hours)?,
        parse(minutes, Unit::Minutes)?,
        parse(seconds, Unit::Seconds)?,
    ];
    parts.into_iter().try_fold(0_u64, u64::checked_add)
}

/// Parses a duration that a user types: `100ms`, `1.5s`, `2m`; milliseconds by default.
pub fn typed(text: &str) -> Option<u64> {
    let text = text.as_bytes();
    parse_millis(text).or_else(|| with_unit(text))
}

/// The unit in which durations of one column are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    unit: &'static str,
    micros: f64,
}

impl Scale {
    /// Returns the unit that suits the longest duration of a column.
    pub fn of(longest: u64) -> Scale {
        let (unit, micros) = match longest {
            0..1_000 => ("µs", 1.0),
            1_000..1_000_000 => ("ms", 1e3),
            1_000_000..600_000_000 => ("s", 1e6),
            600_000_000..36_000_000_000 => ("min", 6e7),
            _ => ("h", 3.6e9),
        };
        Scale { unit, micros }
    }

    /// Returns the number, with three significant digits.
    pub fn number(self, micros: u64) -> String {
        match self.unit {
            "µs" => micros.to_string(),
            _ => significant(micros as f64 / self.micros),
        }
    }

    /// Returns the number and the unit.
    pub fn text(self, micros: u64) -> String {
        format!("{} {}", self.number(micros), self.unit)
    }

    /// Returns the name of the unit.
    pub fn unit(self) -> &'static str {
        self.unit
    }
}

/// Returns a number with three significant digits, and at most three behind the point.
pub fn significant(value: f64) -> String {
    let decimals = match value {
        _ if value <= 0.0 => 0,
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    let decimals = match value {
        _ if value > 0.0 && value < 0.9995 => 3,
        _ => decimals,
    };
    let text = format!("{value:.decimals$}");
    // A little more than nothing is not nothing.
    match value > 0.0 && text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        true => "<0.001".into(),
        false => text,
    }
}

/// Returns a duration for people: `4.40 ms`, `12.3 s`.
pub fn text(micros: u64) -> String {
    Scale::of(micros).text(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (".5", Some(500)),
            ("1e300", None),
            ("-1.0", None),
            ("NaN", None),
            ("inf", None),
            ("1.2.3", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(parse_millis(text.as_bytes()), micros, "{text}");
        }
    }

    #[test]
    fn a_number_is_read_in_its_unit() {
        assert_eq!(parse(b"1500000", Unit::Nanos), Some(1_500));
        assert_eq!(parse(b"1500", Unit::Nanos), Some(2));
        assert_eq!(parse(b"0.0042", Unit::Seconds), Some(4_200));
        assert_eq!(parse(b"7", Unit::Micros), Some(7));
        assert_eq!(parse(b"2", Unit::Minutes), Some(120_000_000));
    }

    #[test]
    fn a_text_with_units_needs_no_other() {
        for (text, micros) in [
            ("61ms", Some(61_000)),
            ("1.5s", Some(1_500_000)),
            ("110µs", Some(110)),
            ("110μs", Some(110)),
            ("110.792us", Some(111)),
            ("3.0006s", Some(3_000_600)),
            ("10.711848032s", Some(10_711_848)),
            ("921 µs", Some(921)),
            ("102.25 ms", Some(102_250)),
            ("1m30.5s", Some(90_500_000)),
            ("1h2m3s", Some(3_723_000_000)),
            ("2 min", Some(120_000_000)),
            ("100ns", Some(0)),
            ("PT1.5S", Some(1_500_000)),
            ("00:00:01.2345678", Some(1_234_568)),
            ("0s", Some(0)),
            ("fast", None),
            ("12", None),
            ("ms", None),
            ("-1s", None),
            ("1 parsec", None),
            ("1:2", None),
            ("1s!", None),
            ("", None),
            ("P", None),
            ("999999999h", None),
        ] {
            assert_eq!(with_unit(text.as_bytes()), micros, "{text}");
        }
    }

    #[test]
    fn what_users_type_is_in_milliseconds_unless_it_says_so() {
        for (text, micros) in [
            ("100ms", Some(100_000)),
            ("1.5s", Some(1_500_000)),
            ("250us", Some(250)),
            ("7", Some(7_000)),
            ("7h", Some(25_200_000_000)),
            ("-1s", None),
            ("soon", None),
        ] {
            assert_eq!(typed(text), micros, "{text}");
        }
    }

    #[test]
    fn people_get_three_digits_and_a_unit() {
        for (micros, expected) in [
            (0, "0 µs"),
            (7, "7 µs"),
            (999, "999 µs"),
            (4_399, "4.40 ms"),
            (99_960, "100 ms"),
            (400_000, "400 ms"),
            (12_345_678, "12.3 s"),
            (599_000_000, "599 s"),
            (600_000_000, "10.0 min"),
            (36_000_000_000, "10.0 h"),
        ] {
            assert_eq!(text(micros), expected);
        }
        let scale = Scale::of(1_500_000);
        assert_eq!(scale.number(400), "<0.001");
        assert_eq!(scale.number(25_000), "0.025");
        assert_eq!(scale.number(0), "0");
    }
}
