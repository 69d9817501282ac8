//! JSON, following the encoding rules.

use super::datum::{Datum, Int, digits};
use super::logfmt::non_finite;
use super::program::{Integers, Settings};
use super::record::{Fragment, Item, Shown};
use super::text::{Stamp, escaped, float, float32, millis, stamp};

pub fn line(items: &[Item], settings: &Settings) -> String {
    let member = |item: &Item| match &item.shown {
        Shown::Datum(datum) => format!("{}:{}", string(&item.name), value(datum, settings)),
        Shown::Fragments(fragments) => {
            let objects: Vec<String> = fragments.iter().map(object).collect();
            format!("{}:[{}]", string(&item.name), objects.join(","))
        }
    };
    let members: Vec<String> = items.iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

fn object(fragment: &Fragment) -> String {
    let file = fragment.file.as_ref();
    let file = file.map(|file| format!(",\"file\":{}", string(file)));
    let level = fragment
        .level
        .map(|level| format!(",\"level\":\"{level}\""));
    format!(
        "{{\"at_ms\":{},\"line\":{}{}{},\"msg\":{}}}",
        millis(fragment.at_us),
        fragment.line,
        file.unwrap_or_default(),
        level.unwrap_or_default(),
        string(&fragment.text)
    )
}

pub fn value(datum: &Datum, settings: &Settings) -> String {
    match datum {
        Datum::Null => "null".to_owned(),
        Datum::Bool(value) => value.to_string(),
        Datum::Int(value) | Datum::Wide(value) => integer(*value, settings.integers),
        Datum::F64(value) => not_finite(*value, settings).unwrap_or_else(|| float(*value)),
        Datum::F32(value) => {
            not_finite((*value).into(), settings).unwrap_or_else(|| float32(*value))
        }
        Datum::Text(text) => string(text),
        Datum::Micros(value) => millis((*value).into()),
        Datum::Time(value) => match stamp(*value, settings.digits) {
            Stamp::Rfc3339(text) => string(&text),
            Stamp::UnixSeconds(seconds) => seconds.to_string(),
        },
        Datum::List(list) => {
            let items: Vec<String> = list
                .items
                .iter()
                .map(|item| value(item, settings))
                .collect();
            format!("[{}]", items.join(","))
        }
    }
}

fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn not_finite(value: f64, settings: &Settings) -> Option<String> {
    let word = non_finite(value)?;
    Some(match settings.non_finite_as_text {
        true => string(&word),
        false => "null".to_owned(),
    })
}

fn integer(value: Int, integers: Integers) -> String {
    let (least, most) = match integers {
        Integers::Bits64 => (1 << 63, u64::MAX.into()),
        Integers::Bits53 => (1 << 53, 1 << 53),
        Integers::Number => (u128::MAX, u128::MAX),
    };
    let fits = value.size <= if value.negative { least } else { most };
    match fits {
        true => digits(value),
        false => string(&digits(value)),
    }
}
