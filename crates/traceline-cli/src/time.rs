//! Times as lines have them, in microseconds since 1970.

use crate::duration::Unit;

/// A time, and whether the text says its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Whether there is an offset; without one, the time is read as UTC.
    pub zoned: bool,
}

impl Time {
    fn zoned(micros: i64) -> Time {
        let zoned = true;
        Time { micros, zoned }
    }
}

/// Parses RFC 3339 and its relatives, numbers since 1970, and the forms of web servers and mails.
///
/// Digits beyond microseconds are cut off. The unit of a number is the one that makes it a time
/// after 2001, unless `unit` gives it.
#[inline]
pub fn parse(text: &[u8], unit: Option<Unit>) -> Option<Time> {
    match date_time(text) {
        Some((time, len)) => Some(time).filter(|_| len == text.len()),
        None => epoch(text, unit).or_else(|| other(text)),
    }
}

/// Parses a time at the start of a text; also returns how many bytes it takes.
#[inline]
fn date_time(text: &[u8]) -> Option<(Time, usize)> {
    let date = text.get(..10)?;
    let mark = date[4];
    if !matches!(mark, b'-' | b'/') || date[7] != mark {
        return None;
    }
    let day = days(
        digits(&date[..4])?,
        digits(&date[5..7])?,
        digits(&date[8..10])?,
    )?;
    let begin = match text.get(10)? {
        b'T' | b't' | b' ' | b'_' => 11,
        // `[2026-11-21][16:33:40]`
        b']' if text.get(11) == Some(&b'[') => 12,
        _ => return None,
    };
    let clock = text.get(begin..begin + 8)?;
    if clock[2] != b':' || clock[5] != b':' {
        return None;
    }
    let two = |at: usize| digits(&clock[at..at + 2]);
    let (hour, minute, second) = (two(0)?, two(3)?, two(6)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(begin + 8..)?;
    let (micros, len) = fraction(rest)?;
    let (offset, zone) = offset(rest.get(len..)?);
    let seconds = day * 86_400 + hour * 3_600 + minute * 60 + second - offset.unwrap_or(0);
    let micros = seconds * 1_000_000 + micros;
    let zoned = offset.is_some();
    Some((Time { micros, zoned }, begin + 8 + len + zone))
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

/// The microseconds after a decimal point or comma, and how many bytes they take.
#[inline]
fn fraction(text: &[u8]) -> Option<(i64, usize)> {
    let Some((b'.' | b',', text)) = text.split_first() else {
        return Some((0, 0));
    };
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut micros = digits(text.get(..len.min(6))?).filter(|_| len > 0)?;
    for _ in len..6 {
        micros *= 10;
    }
    Some((micros, len + 1))
}

/// The offset from UTC in seconds, east being positive, and how many bytes it takes.
#[inline]
fn offset(text: &[u8]) -> (Option<i64>, usize) {
    let blank = usize::from(text.first() == Some(&b' '));
    let zone = text.get(blank..).unwrap_or_default();
    let (sign, digits_of) = match zone {
        [b'Z' | b'z', ..] => return (Some(0), blank + 1),
        [b'U', b'T', b'C', ..] => return (Some(0), blank + 3),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return (None, 0),
    };
    let pair = |at: usize| digits(digits_of.get(at..at + 2)?);
    let Some(hours) = pair(0).filter(|hours| *hours < 24) else {
        return (None, 0);
    };
    let minutes = |at: usize| pair(at).filter(|minutes| *minutes < 60);
    let (minutes, len) = match (digits_of.get(2), minutes(3), minutes(2)) {
        (Some(b':'), Some(minutes), _) => (minutes, 6),
        (Some(b':'), None, _) => return (None, 0),
        (_, _, Some(minutes)) => (minutes, 5),
        _ => (0, 3),
    };
    (Some(sign * (hours * 3_600 + minutes * 60)), blank + len)
}

/// The days from 1970 to a Gregorian date. Years start in March here, so a leap day comes last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + of_year - 719_468)
}

/// A number since 1970, with a fraction or without.
///
/// The library writes whole seconds for years outside 0 to 9999, which are below these limits too.
fn epoch(text: &[u8], unit: Option<Unit>) -> Option<Time> {
    let (negative, text) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at_checked(len)?;
    if !(1..=19).contains(&len) {
        return None;
    }
    let number = i128::from(std::str::from_utf8(whole).ok()?.parse::<i64>().ok()?);
    let fraction = match rest {
        [] => 0,
        [b'.', digits @ ..] if digits.len() <= 30 => billionths(digits)?,
        _ => return None,
    };
    let nanos_each = match unit {
        Some(Unit::Nanos) => 1,
        Some(Unit::Micros) => 1_000,
        Some(Unit::Millis) => 1_000_000,
        Some(_) => 1_000_000_000,
        None => match number {
            0..1_000_000_000_000 => 1_000_000_000,
            1_000_000_000_000..1_000_000_000_000_000 => 1_000_000,
            1_000_000_000_000_000..1_000_000_000_000_000_000 => 1_000,
            _ => 1,
        },
    };
    let nanos = number * nanos_each + fraction * nanos_each / 1_000_000_000;
    let nanos = if negative { -nanos } else { nanos };
    let micros = i64::try_from(nanos.div_euclid(1_000)).ok()?;
    // Far enough from the limits that durations can be added and subtracted.
    (micros.unsigned_abs() < u64::MAX / 8).then_some(Time::zoned(micros))
}

fn billionths(digits_of: &[u8]) -> Option<i128> {
    let kept = digits_of.get(..digits_of.len().min(9))?;
    let is_number = !digits_of.is_empty() && digits_of.iter().all(u8::is_ascii_digit);
    let missing = 9 - kept.len() as u32;
    let number = digits(kept).filter(|_| is_number)?;
    Some(i128::from(number) * 10_i128.pow(missing))
}

/// `21/Nov/2026:16:33:40 +0100` and `Sat, 21 Nov 2026 16:33:40 +0100`.
#[cold]
fn other(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    // The names of months and days are all that these two have in common with other texts.
    if text.len() > 64 || !text.contains(' ') || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let web = || jiff::Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", text).ok();
    let mail = || {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(text)
            .ok()
    };
    let time = web().or_else(mail)?;
    Some(Time::zoned(time.as_microsecond()))
}

/// Finds the first time in a text, as in the prefix of a logger.
pub fn find(text: &[u8]) -> Option<Time> {
    let mut before = b' ';
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_digit()
            && !before.is_ascii_digit()
            && let Some((time, _)) = date_time(text.get(at..)?)
        {
            return Some(time);
        }
        before = *byte;
    }
    None
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

/// How times are shown in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    with_date: bool,
}

impl Clock {
    /// Leaves out the date if both times, in microseconds since 1970, are of one day in UTC.
    pub fn of(first: i64, last: i64) -> Clock {
        let day = |micros: i64| micros.div_euclid(86_400_000_000);
        let with_date = day(first) != day(last);
        Clock { with_date }
    }

    /// Returns `08:46:00.123`, with the date before it if there are several.
    pub fn text(self, micros: i64) -> String {
        let text = text(micros);
        let part = match self.with_date {
            true => text.get(..19),
            false => text.get(11..23),
        };
        part.unwrap_or(&text).replace('T', " ")
    }
}

/// Parses a time that a user types: `2026-11-21`, `2026-11-21 08:46`, `08:46` today, `15m` ago.
///
/// Without an offset it is in the time zone of the machine. `now` is in microseconds since 1970.
pub fn typed(text: &str, now: i64) -> Option<i64> {
    if let Some(Time {
        micros,
        zoned: true,
    }) = parse(text.as_bytes(), None)
    {
        return Some(micros);
    }
    if let Some(ago) = crate::duration::with_unit(text.trim_start_matches('-').as_bytes())
        && !text.contains(':')
    {
        return now.checked_sub_unsigned(ago);
    }
    let zone = jiff::tz::TimeZone::system();
    let today = jiff::Timestamp::from_microsecond(now)
        .ok()?
        .to_zoned_datetime(zone.clone());
    let local = |time: jiff::civil::DateTime| {
        let zoned = time.to_zoned_datetime(zone.clone()).ok()?;
        Some(zoned.timestamp().as_microsecond())
    };
    let date_time: Option<jiff::civil::DateTime> = text.parse().ok();
    let clock = || -> Option<jiff::civil::DateTime> {
        let time: jiff::civil::Time = text.parse().ok()?;
        Some(today.date().to_datetime(time))
    };
    local(date_time.or_else(clock)?)
}

#[cfg(test)]
mod tests;
