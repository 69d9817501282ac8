//! A value as a unit keeps it, and numbers that add up.

use std::time::{Duration, SystemTime};

use super::program::{Num, Val};
use super::text::cut;

#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Null,
    Bool(bool),
    Int(Int),
    /// A whole number that was given as a 128-bit type.
    Wide(Int),
    F64(f64),
    F32(f32),
    Text(String),
    Micros(u64),
    Time(SystemTime),
    List(List),
}

/// The items of a list, and whether it has its end; a list that was cut does not.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    pub items: Vec<Datum>,
    ends: bool,
}

/// A whole number of up to 128 bits, with a sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Int {
    pub negative: bool,
    pub size: u128,
}

/// Converts a value, and returns whether it was cut; `None` if there is no value.
pub fn store(value: &Val, limit: usize) -> Option<(Datum, bool)> {
    let text = |text: &str| {
        let kept = cut(text, limit);
        (Datum::Text(kept.to_owned()), kept.len() < text.len())
    };
    let whole = |datum: Datum| (datum, false);
    Some(match value {
        Val::None => return None,
        Val::Null => whole(Datum::Null),
        Val::Bool(value) => whole(Datum::Bool(*value)),
        Val::Num(number) => whole(of_number(*number)),
        Val::Char(value) => text(&value.to_string()),
        Val::Text(value) | Val::Args(value) | Val::Display(value) => text(value),
        Val::Cow(value) => text(value),
        Val::Arc(value) => text(value),
        Val::Path(value) => text(&value.to_string_lossy()),
        Val::Debug(value) => text(&format!("{value:?}")),
        Val::Panics(_) => text("<panicked>"),
        Val::Mask(value, shown) => masked(value, *shown, limit),
        Val::Lossy(bytes) => text(&String::from_utf8_lossy(bytes)),
        Val::Duration(value) => whole(Datum::Micros(micros(*value))),
        Val::Time(value) => whole(Datum::Time(*value)),
        Val::Ip(value) => text(&value.to_string()),
        Val::List(_) | Val::Texts(_) | Val::Floats(_) | Val::Options(_) => list(value, limit),
    })
}

/// The first characters, or no characters of a short text, and always six stars:
/// if anything is cut to make room, it is the text.
fn masked(text: &str, shown: usize, limit: usize) -> (Datum, bool) {
    let shown: String = match text.chars().count() < 2 * shown {
        true => String::new(),
        false => text.chars().take(shown).collect(),
    };
    let kept = cut(&shown, limit - STARS.len());
    (
        Datum::Text(format!("{kept}{STARS}")),
        kept.len() < shown.len(),
    )
}

const STARS: &str = "******";

/// Whole microseconds, as many as fit into 64 bits.
fn micros(value: Duration) -> u64 {
    u64::try_from(value.as_micros()).unwrap_or(u64::MAX)
}

fn items(value: &Val) -> Vec<Val> {
    let float = |value: &f64| Val::Num(Num::F64(*value));
    let option = |value: &Option<i64>| value.map_or(Val::None, |value| Val::Num(Num::I64(value)));
    match value {
        Val::List(items) => items.clone(),
        Val::Texts(items) => items.iter().cloned().map(Val::Text).collect(),
        Val::Floats(items) => items.iter().map(float).collect(),
        Val::Options(items) => items.iter().map(option).collect(),
        _ => Vec::new(),
    }
}

fn list(value: &Val, limit: usize) -> (Datum, bool) {
    let all = whole_list(value);
    let kept = cut_list(&all, limit);
    let cut = size_of_items(&kept) < size_of_items(&all);
    (Datum::List(kept), cut)
}

fn whole_list(value: &Val) -> List {
    let items = items(value);
    let items = items.iter().map(|item| match item {
        Val::List(_) | Val::Texts(_) | Val::Floats(_) | Val::Options(_) => {
            Datum::List(whole_list(item))
        }
        item => store(item, usize::MAX).map_or(Datum::Null, |(datum, _)| datum),
    });
    List {
        items: items.collect(),
        ends: true,
    }
}

/// As many items as fit into a limit; `ConfigBuilder::max_value` documents how much
/// room they take.
pub fn cut_list(list: &List, limit: usize) -> List {
    let mut room = limit;
    fill(list, &mut room)
}

/// Nothing follows an item that did not fit, not even the end of the list.
fn fill(list: &List, room: &mut usize) -> List {
    let mut kept = List {
        items: Vec::new(),
        ends: false,
    };
    for item in &list.items {
        if let Datum::List(inner) = item {
            if !take(room, 1) {
                return kept;
            }
            let inner = fill(inner, room);
            let ends = inner.ends && take(room, 1);
            kept.items.push(Datum::List(List { ends, ..inner }));
            if !ends {
                return kept;
            }
        } else if take(room, size(item)) {
            kept.items.push(item.clone());
        } else {
            return kept;
        }
    }
    List {
        ends: list.ends,
        ..kept
    }
}

fn take(room: &mut usize, bytes: usize) -> bool {
    let left = room.checked_sub(bytes);
    // A smaller item that comes later finds no room either.
    *room = left.unwrap_or(0);
    left.is_some()
}

/// The room that a list takes of its limit.
pub fn size_of_items(list: &List) -> usize {
    list.items.iter().map(size).sum()
}

/// The room that an item takes of the limit of its list.
fn size(datum: &Datum) -> usize {
    match datum {
        Datum::Null => 1,
        Datum::Bool(_) => 2,
        Datum::F32(_) => 5,
        Datum::Int(_) | Datum::F64(_) | Datum::Micros(_) => 9,
        Datum::Time(_) => 13,
        Datum::Wide(_) => 17,
        Datum::Text(text) => 5 + text.len(),
        Datum::List(list) => 1 + size_of_items(list) + usize::from(list.ends),
    }
}

pub fn of_number(number: Num) -> Datum {
    let unsigned = |size: u128| {
        Datum::Int(Int {
            negative: false,
            size,
        })
    };
    let signed = |value: i128| {
        Datum::Int(Int {
            negative: value < 0,
            size: value.unsigned_abs(),
        })
    };
    match number {
        Num::U8(value) => unsigned(value.into()),
        Num::U16(value) => unsigned(value.into()),
        Num::U32(value) => unsigned(value.into()),
        Num::U64(value) => unsigned(value.into()),
        Num::U128(size) => Datum::Wide(Int {
            negative: false,
            size,
        }),
        Num::Usize(value) => unsigned(value as u128),
        Num::I8(value) => signed(value.into()),
        Num::I16(value) => signed(value.into()),
        Num::I32(value) => signed(value.into()),
        Num::I64(value) => signed(value.into()),
        Num::I128(value) => Datum::Wide(Int {
            negative: value < 0,
            size: value.unsigned_abs(),
        }),
        Num::Isize(value) => signed(value as i128),
        Num::F32(value) => Datum::F32(value),
        Num::F64(value) => Datum::F64(value),
    }
}

/// A sum or a maximum: whole until a float is added, and of 64 bits until a
/// number of 128 bits is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Total {
    Whole {
        value: Int,
        wide: bool,
    },
    Float(f64),
    /// A single number, as it was given.
    Float32(f32),
}

impl Total {
    pub fn of(number: Num) -> Total {
        match of_number(number) {
            Datum::Int(value) => Total::Whole { value, wide: false },
            Datum::Wide(value) => Total::Whole { value, wide: true },
            Datum::F32(value) => Total::Float32(value),
            Datum::F64(value) => Total::Float(value),
            other => unreachable!("{other:?}"),
        }
    }

    pub fn plus(self, other: Total) -> Total {
        match (self, other) {
            (
                Total::Whole { value, wide },
                Total::Whole {
                    value: more,
                    wide: also,
                },
            ) => {
                let wide = wide || also;
                let value = clamped(add(value, more), wide);
                Total::Whole { value, wide }
            }
            // All were given in 32 bits.
            (Total::Float32(one), Total::Float32(other)) => Total::Float32(one + other),
            (one, other) => Total::Float(one.as_f64() + other.as_f64()),
        }
    }

    /// One of two numbers, as it was given; the earlier one if they are equal.
    pub fn larger(self, other: Total) -> Total {
        let is_more = match (self, other) {
            (Total::Whole { value, .. }, Total::Whole { value: more, .. }) => {
                order(more) > order(value)
            }
            // NaN loses against any number.
            (one, other) => one.as_f64().is_nan() || other.as_f64() > one.as_f64(),
        };
        if is_more { other } else { self }
    }

    fn as_f64(self) -> f64 {
        match self {
            Total::Whole { value, .. } if value.negative => -(value.size as f64),
            Total::Whole { value, .. } => value.size as f64,
            Total::Float(value) => value,
            Total::Float32(value) => value.into(),
        }
    }

    pub fn datum(self) -> Datum {
        match self {
            Total::Whole { value, .. } => Datum::Int(value),
            Total::Float(value) => Datum::F64(value),
            Total::Float32(value) => Datum::F32(value),
        }
    }
}

/// A key to sort whole numbers by.
fn order(value: Int) -> (bool, i128, u128) {
    match value.negative && value.size > 0 {
        true => (false, -(value.size.min(i128::MAX as u128) as i128), 0),
        false => (true, 0, value.size),
    }
}

/// The exact sum, which saturates at 128 bits and a sign.
fn add(one: Int, other: Int) -> Int {
    if one.negative == other.negative {
        return Int {
            negative: one.negative,
            size: one.size.saturating_add(other.size),
        };
    }
    let (positive, negative) = match one.negative {
        true => (other.size, one.size),
        false => (one.size, other.size),
    };
    Int {
        negative: negative > positive,
        size: positive.abs_diff(negative),
    }
}

/// Saturates at the ends of `i64::MIN ..= u64::MAX`, or of `i128::MIN ..= u128::MAX`.
fn clamped(value: Int, wide: bool) -> Int {
    let (least, most) = match wide {
        true => (1 << 127, u128::MAX),
        false => (1 << 63, u64::MAX.into()),
    };
    Int {
        negative: value.negative,
        size: value.size.min(if value.negative { least } else { most }),
    }
}

/// Formatted as `run.rs` formats a value that was read back.
pub fn tell(datum: &Datum) -> String {
    match datum {
        Datum::Null => "null".to_owned(),
        Datum::Bool(value) => value.to_string(),
        Datum::Int(value) | Datum::Wide(value) => format!("int {}", digits(*value)),
        Datum::F64(value) => format!("f64 {value:?}"),
        Datum::F32(value) => format!("f32 {value:?}"),
        Datum::Text(text) => format!("text {text:?}"),
        Datum::Micros(value) => format!("us {value}"),
        Datum::Time(value) => format!("time {value:?}"),
        Datum::List(list) => {
            let items: Vec<String> = list.items.iter().map(tell).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

pub fn digits(value: Int) -> String {
    let sign = if value.negative && value.size > 0 {
        "-"
    } else {
        ""
    };
    format!("{sign}{}", value.size)
}
