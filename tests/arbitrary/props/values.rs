//! Values of every type, and checks that a reader got one back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::Value as Json;
use traceline::{ToValue, Value, display, mask, null, text_lossy, value::OwnedValue};

#[derive(Clone, Debug)]
pub enum Val {
    Null,
    Absent,
    Bool(bool),
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    F32(f32),
    Text(String),
    Shown(String),
    Char(char),
    Lossy(Vec<u8>),
    Masked(String, usize),
    Duration(Duration),
    Time(SystemTime),
    List(Vec<Val>),
}

impl ToValue for Val {
    fn to_value(&self) -> Value<'_> {
        const NONE: &Option<u8> = &None;
        match self {
            Val::Null => null(),
            Val::Absent => NONE.to_value(),
            Val::Bool(value) => value.to_value(),
            Val::U64(n) => n.to_value(),
            Val::I64(n) => n.to_value(),
            Val::U128(n) => n.to_value(),
            Val::I128(n) => n.to_value(),
            Val::F64(x) => x.to_value(),
            Val::F32(x) => x.to_value(),
            Val::Text(text) => text.to_value(),
            Val::Shown(text) => display(text),
            Val::Char(char) => char.to_value(),
            Val::Lossy(bytes) => text_lossy(bytes),
            Val::Masked(text, shown) => mask(text, *shown),
            Val::Duration(duration) => duration.to_value(),
            Val::Time(time) => time.to_value(),
            Val::List(items) => items.to_value(),
        }
    }
}

impl Val {
    /// The text of a value that is written as text.
    fn text(&self) -> Option<String> {
        Some(match self {
            Val::Text(text) | Val::Shown(text) => text.clone(),
            Val::Char(char) => char.to_string(),
            Val::Lossy(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Val::Masked(text, shown) if text.chars().count() < shown.saturating_mul(2) => {
                "******".into()
            }
            Val::Masked(text, shown) => text.chars().take(*shown).chain("******".chars()).collect(),
            _ => return None,
        })
    }

    fn integer(&self) -> Option<String> {
        Some(match self {
            Val::U64(n) => n.to_string(),
            Val::I64(n) => n.to_string(),
            Val::U128(n) => n.to_string(),
            Val::I128(n) => n.to_string(),
            _ => return None,
        })
    }

    /// Whether a logfmt reader read this value.
    pub fn is_text(&self, read: &str) -> bool {
        if let Some(text) = self.text().or(self.integer()) {
            return read == text;
        }
        match self {
            Val::Null => read == "null",
            Val::Bool(value) => read == value.to_string(),
            Val::F64(x) => is_float(*x, read),
            Val::F32(x) if x.is_finite() => read
                .parse()
                .is_ok_and(|read: f32| read.to_bits() == x.to_bits()),
            Val::F32(x) => is_float((*x).into(), read),
            Val::Duration(duration) => is_millis(*duration, read),
            Val::Time(time) => is_time(*time, read),
            // The JSON text of the list.
            Val::List(_) => serde_json::from_str(read).is_ok_and(|read| self.is_json(&read)),
            _ => false,
        }
    }

    /// Whether a JSON reader read this value.
    pub fn is_json(&self, read: &Json) -> bool {
        if let Some(text) = self.text() {
            return read.as_str() == Some(&text);
        }
        if let Some(digits) = self.integer() {
            let fits = digits.parse::<u64>().is_ok() || digits.parse::<i64>().is_ok();
            return match read {
                Json::Number(number) => fits && number.to_string() == digits,
                Json::String(text) => !fits && *text == digits,
                _ => false,
            };
        }
        match (self, read) {
            (Val::Null | Val::Absent, Json::Null) => true,
            (Val::Bool(value), Json::Bool(read)) => value == read,
            (Val::F64(x), Json::Null) => !x.is_finite(),
            (Val::F32(x), Json::Null) => !x.is_finite(),
            (Val::F64(x), Json::Number(read)) => {
                read.is_f64() && read.as_f64().map(f64::to_bits) == Some(x.to_bits())
            }
            (Val::F32(x), Json::Number(read)) => {
                let read = read.is_f64().then(|| read.to_string().parse());
                read == Some(Ok(*x))
            }
            (Val::Duration(duration), Json::Number(read)) => {
                read.is_f64() && is_millis(*duration, &read.to_string())
            }
            (Val::Time(time), Json::String(read)) => is_time(*time, read),
            (Val::List(items), Json::Array(read)) => {
                items.len() == read.len()
                    && items
                        .iter()
                        .zip(read)
                        .all(|(item, read)| item.is_json(read))
            }
            _ => false,
        }
    }

    /// Whether `Trace::get` returned this value.
    pub fn is_owned(&self, got: &OwnedValue) -> bool {
        if let Some(text) = self.text() {
            return got.as_str() == Some(&text);
        }
        match (self, got) {
            (Val::Null, OwnedValue::Null) => true,
            (Val::Bool(value), OwnedValue::Bool(got)) => value == got,
            (Val::F64(x), OwnedValue::F64(got)) => x.to_bits() == got.to_bits(),
            (Val::F32(x), OwnedValue::F32(got)) => x.to_bits() == got.to_bits(),
            (Val::Duration(duration), OwnedValue::Duration(got)) => {
                duration.as_micros() == got.as_micros()
            }
            (Val::Time(time), OwnedValue::Time(got)) => time == got,
            (Val::List(items), OwnedValue::List(got)) => {
                items.len() == got.len()
                    && items.iter().zip(got).all(|(item, got)| match item {
                        Val::Absent => *got == OwnedValue::Null,
                        item => item.is_owned(got),
                    })
            }
            (value, got) => value
                .integer()
                .is_some_and(|digits| digits == got.to_string()),
        }
    }
}

fn is_float(x: f64, read: &str) -> bool {
    if x.is_finite() {
        let has_mark = read.contains(['.', 'e']);
        has_mark
            && read
                .parse()
                .is_ok_and(|read: f64| read.to_bits() == x.to_bits())
    } else if x.is_nan() {
        read == "NaN"
    } else {
        read == if x > 0.0 { "Infinity" } else { "-Infinity" }
    }
}

/// Whole microseconds as milliseconds; generated durations are exact in a float.
fn is_millis(duration: Duration, read: &str) -> bool {
    read.parse()
        .is_ok_and(|read: f64| (read * 1_000.0).round() == duration.as_micros() as f64)
}

/// Reads a timestamp back with the inverse of the library's method.
fn is_time(time: SystemTime, read: &str) -> bool {
    let number = |range: std::ops::Range<usize>| read.get(range)?.parse::<i64>().ok();
    let parse = || {
        let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
        let secs = ((days * 24 + number(11..13)?) * 60 + number(14..16)?) * 60 + number(17..19)?;
        Some((secs, number(20..26)?))
    };
    let since = time
        .duration_since(UNIX_EPOCH)
        .expect("only later times are generated");
    read.len() == 27
        && read.ends_with('Z')
        && parse() == Some((since.as_secs() as i64, since.subsec_micros().into()))
}

/// Howard Hinnant's `days_from_civil`, for years from 1970.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// Text that covers every escape and every rule.
pub fn text() -> impl Strategy<Value = String> {
    const ODD: &[char] = &[
        '"', '\\', '\\', '\n', '\r', '\t', '\0', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9f}',
        '\u{a0}', '\u{2028}', '\u{202e}', '\u{202f}', '\u{2066}', '\u{2069}', '\u{feff}',
        '\u{fffd}', '\u{200e}', ' ', '=', ';', '[', ']', '\'', '`', ',', ':', '.', '-', '+', '_',
        'é', '€', '😀', '0', '1', 'e', 'n', 'u',
    ];
    const WHOLE: &[&str] = &[
        "",
        "true",
        "null",
        "007",
        "-1.5e3",
        "NaN",
        "; [1, 0.0ms] x",
        "a=b c=d",
        "\\",
        "x\\",
        "\\\"",
        "\"",
        " ",
        "\nlevel=fatal",
        "\",\"level\":\"fatal",
        "plain",
        "/a/b-c.d",
    ];
    let odd = prop::collection::vec(prop::sample::select(ODD), 0..40);
    let any = prop::collection::vec(any::<char>(), 0..20);
    let word = "[a-z]{0,40}";
    // Special characters long after plain ones, and plain ones after them.
    let late =
        (word, prop::sample::select(ODD), word).prop_map(|(a, odd, b)| format!("{a}{odd}{b}"));
    prop_oneof![
        2 => odd.prop_map(String::from_iter),
        1 => any.prop_map(String::from_iter),
        1 => word,
        2 => late,
        2 => prop::sample::select(WHOLE).prop_map(String::from),
    ]
}

pub fn value() -> impl Strategy<Value = Val> {
    scalar().prop_recursive(2, 12, 6, |inner| {
        prop::collection::vec(inner, 0..6).prop_map(Val::List)
    })
}

fn scalar() -> impl Strategy<Value = Val> {
    let whole = prop_oneof![any::<u64>(), 0..10u64, Just(1 << 53), Just(u64::MAX)];
    prop_oneof![
        Just(Val::Null),
        Just(Val::Absent),
        any::<bool>().prop_map(Val::Bool),
        whole.prop_map(Val::U64),
        any::<i64>().prop_map(Val::I64),
        prop_oneof![any::<u128>(), 0..1u128 << 66].prop_map(Val::U128),
        prop_oneof![any::<i128>(), -(1i128 << 66)..1i128 << 66].prop_map(Val::I128),
        any::<u64>().prop_map(|bits| Val::F64(f64::from_bits(bits))),
        (-1e6..1e6f64).prop_map(Val::F64),
        any::<u32>().prop_map(|bits| Val::F32(f32::from_bits(bits))),
        text().prop_map(Val::Text),
        text().prop_map(Val::Text),
        text().prop_map(Val::Shown),
        any::<char>().prop_map(Val::Char),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Val::Lossy),
        (text(), 0..10usize).prop_map(|(text, shown)| Val::Masked(text, shown)),
        (0..1u64 << 50).prop_map(|nanos| Val::Duration(Duration::from_nanos(nanos))),
        (0..253_402_300_800u64, 0..1_000_000_000u32)
            .prop_map(|(secs, nanos)| Val::Time(UNIX_EPOCH + Duration::new(secs, nanos))),
    ]
}
