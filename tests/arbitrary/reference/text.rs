//! Scalars as both formats write them, each in the slow and obvious way and
//! without a look at how the library does it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The text between the quotes.
pub fn escaped(text: &str) -> String {
    text.chars().map(escape).collect()
}

fn escape(char: char) -> String {
    match char {
        '"' => r#"\""#.to_owned(),
        '\\' => r"\\".to_owned(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        '\t' => r"\t".to_owned(),
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => format!("\\u{:04x}", char as u32),
        other => other.to_string(),
    }
}

/// A lookalike: a text that would be read as a number, a bool or a null.
pub fn is_lookalike(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    const WORDS: [&str; 8] = [
        "true", "false", "null", "nil", "none", "nan", "inf", "infinity",
    ];
    let word = unsigned.to_ascii_lowercase();
    WORDS.contains(&word.as_str()) || is_number(unsigned)
}

/// `([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let some_digits = |text: &str| !text.is_empty() && all_digits(text);
    let mantissa_is_one = match mantissa.split_once('.') {
        Some(("", fraction)) => some_digits(fraction),
        Some((whole, fraction)) => some_digits(whole) && all_digits(fraction),
        None => some_digits(mantissa),
    };
    mantissa_is_one
        && exponent.is_none_or(|exponent| {
            some_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        })
}

/// A float as the crate `ryu` prints it: the shortest digits, written out where
/// the point is within or near them, and with an exponent elsewhere.
pub fn float(value: f64) -> String {
    let even = even(&format!("{value:e}"), &format!("{value:.800e}"));
    match even.parse::<f64>() {
        Ok(read) if value == read => layout(&even, 16, -4),
        _ => layout(&format!("{value:e}"), 16, -4),
    }
}

/// The same for 32 bits, with other bounds.
pub fn float32(value: f32) -> String {
    let even = even(&format!("{value:e}"), &format!("{value:.800e}"));
    match even.parse::<f32>() {
        Ok(read) if value == read => layout(&even, 13, -5),
        _ => layout(&format!("{value:e}"), 13, -5),
    }
}

/// If a float lies halfway between two equally short texts, `ryu` takes the one
/// whose last digit is even, and the standard library takes the larger one.
fn even(shortest: &str, exact: &str) -> String {
    let (mantissa, exponent) = shortest.split_once('e').expect("an exponent");
    let (digits, _) = exact.split_once('e').expect("an exponent");
    let (kept, rest) = digits
        .split_at_checked(mantissa.len())
        .unwrap_or((digits, ""));
    let is_middle = rest.trim_end_matches('0') == "5";
    match is_middle && kept.ends_with(['0', '2', '4', '6', '8']) {
        true => format!("{kept}e{exponent}"),
        false => shortest.to_owned(),
    }
}

/// As in `1.25e-7`: `most` and `least` bound the number of digits before the point.
fn layout(scientific: &str, most: i32, least: i32) -> String {
    let (sign, rest) = match scientific.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", scientific),
    };
    let (mantissa, exponent) = rest.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent");
    let digits = mantissa.replace('.', "");
    let count = digits.len() as i32;
    let before = exponent + 1;
    let text = if digits == "0" {
        "0.0".to_owned()
    } else if count <= before && before <= most {
        format!("{digits}{}.0", "0".repeat((before - count) as usize))
    } else if 0 < before && before <= most {
        let (whole, fraction) = digits.split_at(before as usize);
        format!("{whole}.{fraction}")
    } else if least <= before && before <= 0 {
        format!("0.{}{digits}", "0".repeat(-before as usize))
    } else if count == 1 {
        format!("{digits}e{exponent}")
    } else {
        format!("{}.{}e{exponent}", &digits[..1], &digits[1..])
    };
    format!("{sign}{text}")
}

/// Whole microseconds as milliseconds; trailing zeros are cut, but `.0` stays.
pub fn millis(micros: u128) -> String {
    let text = format!("{}.{:03}", micros / 1_000, micros % 1_000);
    let cut = text.trim_end_matches('0');
    match cut.ends_with('.') {
        true => format!("{cut}0"),
        false => cut.to_owned(),
    }
}

/// RFC 3339 with a fixed number of digits, or whole Unix seconds outside its
/// range of years.
pub enum Stamp {
    Rfc3339(String),
    UnixSeconds(i128),
}

pub fn stamp(time: SystemTime, digits: u8) -> Stamp {
    let nanos = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    };
    let second = Duration::from_secs(1).as_nanos() as i128;
    let (seconds, nanos) = (nanos.div_euclid(second), nanos.rem_euclid(second));
    let (days, in_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = match date(days) {
        Some(date) => date,
        None => return Stamp::UnixSeconds(seconds),
    };
    let fraction = &format!("{nanos:09}")[..digits.into()];
    Stamp::Rfc3339(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction}Z",
        in_day / 3_600,
        in_day / 60 % 60,
        in_day % 60
    ))
}

/// Year, month and day of a number of days since 1970, counted one by one: years
/// in cycles of 400, then year by year, then month by month.
fn date(days: i128) -> Option<(i128, i128, i128)> {
    const CYCLE: i128 = 146_097;
    // The first day of year 0 is 719528 days before that of 1970.
    let days = days + 719_528;
    let mut year = 400 * days.div_euclid(CYCLE);
    let mut rest = days.rem_euclid(CYCLE);
    if !(0..10_000).contains(&year) {
        return None;
    }
    let is_leap = |year: i128| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while rest >= 365 + i128::from(is_leap(year)) {
        rest -= 365 + i128::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i128::from(is_leap(year));
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if rest < length {
            return Some((year, month, rest + 1));
        }
        rest -= length;
    }
    None
}

/// The longest prefix of at most `most` bytes that ends between two characters.
pub fn cut(text: &str, most: usize) -> &str {
    let mut end = 0;
    for (at, char) in text.char_indices() {
        if at + char.len_utf8() <= most {
            end = at + char.len_utf8();
        }
    }
    &text[..end]
}
