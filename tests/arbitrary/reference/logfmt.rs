//! Logfmt, following the encoding rules.

use super::datum::{Datum, digits};
use super::json;
use super::program::Settings;
use super::record::{Fragment, Item, Shown};
use super::text::{Stamp, escaped, float, float32, is_lookalike, millis, stamp};

pub fn line(items: &[Item], settings: &Settings) -> String {
    let pair = |item: &Item| match &item.shown {
        Shown::Datum(datum) => format!("{}={}", item.name, value(datum, settings)),
        Shown::Fragments(fragments) => {
            format!("{}={}", item.name, quoted(&for_people(fragments)))
        }
    };
    let pairs: Vec<String> = items.iter().map(pair).collect();
    pairs.join(" ")
}

fn value(datum: &Datum, settings: &Settings) -> String {
    match datum {
        Datum::Null => "null".to_owned(),
        Datum::Bool(value) => value.to_string(),
        Datum::Int(value) | Datum::Wide(value) => digits(*value),
        Datum::F64(value) => non_finite(*value).unwrap_or_else(|| float(*value)),
        Datum::F32(value) => non_finite((*value).into()).unwrap_or_else(|| float32(*value)),
        Datum::Text(value) => text(value),
        Datum::Micros(value) => millis((*value).into()),
        Datum::Time(value) => match stamp(*value, settings.digits) {
            Stamp::Rfc3339(text) => text,
            Stamp::UnixSeconds(seconds) => seconds.to_string(),
        },
        Datum::List(_) => quoted(&json::value(datum, settings)),
    }
}

pub fn non_finite(value: f64) -> Option<String> {
    let word = match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => return None,
    };
    Some(word.to_owned())
}

pub fn text(text: &str) -> String {
    let is_bare = |char: char| char.is_ascii_alphanumeric() || "._/:@%+~-".contains(char);
    match !text.is_empty() && text.chars().all(is_bare) && !is_lookalike(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// In quotes; a trailing backslash becomes `\u005c`.
fn quoted(text: &str) -> String {
    match text.strip_suffix('\\') {
        Some(before) => format!("\"{}\\u005c\"", escaped(before)),
        None => format!("\"{}\"", escaped(text)),
    }
}

/// `[132, 0.612ms] auth header read; [163, 107.9ms, warn] done`
fn for_people(fragments: &[Fragment]) -> String {
    let one = |fragment: &Fragment| {
        let file = fragment.file.as_ref().map(|file| format!("{file}:"));
        let level = fragment.level.map(|level| format!(", {level}"));
        format!(
            "[{}{}, {}ms{}] {}",
            file.unwrap_or_default(),
            fragment.line,
            millis(fragment.at_us),
            level.unwrap_or_default(),
            fragment.text.replace("; [", ";[")
        )
    };
    let fragments: Vec<String> = fragments.iter().map(one).collect();
    fragments.join("; ")
}
