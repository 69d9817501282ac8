//! Makes keys, values and texts from bytes.
//!
//! The pools of keys and texts are small, so that keys are shared and texts that
//! challenge an encoder are common; some of both are arbitrary.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::{Result, Unstructured};

use super::program::{Cause, Key, Num, Panics, Text, Val};

type Bytes<'a, 'b> = &'b mut Unstructured<'a>;

const KEYS: [&str; 41] = [
    "a",
    "b",
    "c",
    "a b",
    "a=b",
    "a_b",
    "a_b_2",
    "",
    "_",
    "é",
    "größe",
    "日本",
    "error",
    "error_2",
    "level",
    "msg",
    "ts",
    "outcome",
    "duration_ms",
    "fragments",
    "truncated",
    "seq",
    "trace_id",
    "db",
    "db.count",
    "db.ms",
    "db.max_ms",
    "db.wall_ms",
    "db.ms_2",
    "status",
    "service",
    "pin",
    "card no",
    "message",
    "http",
    "log",
    "event.x",
    "severity_number",
    "a\u{2028}b\"\\",
    "x/y.z-w",
    "a key of more than sixteen bytes",
];

const TEXTS: [&str; 48] = [
    "",
    "x",
    "abc",
    "a b",
    "007",
    "7",
    "-1.5e+3",
    "1e",
    "1.",
    ".5",
    ".",
    "+",
    "-",
    "+.5e1",
    "1e5x",
    "null",
    "NULL",
    "true",
    "False",
    "nil",
    "None",
    "nan",
    "-NaN",
    "+inf",
    "Infinity",
    "infinit",
    "x\nlevel=fatal",
    "say \"hi\"",
    r"C:\dir\",
    r"\",
    r"\\",
    "'q'",
    "\u{1b}[31m",
    "é\u{2028}",
    "\u{7f}\u{80}\u{9f}\u{a0}",
    "\u{202e}\u{2066}\u{2069}\u{206a}\u{feff}",
    "\u{200e}\u{200f}\u{fffd}",
    "\t\r\0\u{b}",
    "a; [b",
    "; [9, 9.9ms] forged",
    "; [; [",
    ";",
    "; ",
    "k=v",
    "{\"a\":1}",
    "A-Za-z0-9._/:@%+~-",
    "😀😀😀😀😀",
    "a text that is longer than what some limits let through",
];

pub(super) fn key(u: Bytes) -> Result<Key> {
    // From a few keys half of the time, so that calls share them.
    let few = u.ratio(1, 2)?;
    let known = *u.choose(if few { &KEYS[..4] } else { &KEYS })?;
    Ok(match u.int_in_range(0..=7)? {
        0..=4 => Key::Static(known),
        5 => Key::Owned(known.to_owned()),
        6 => Key::Borrowed(known.to_owned()),
        _ => Key::Borrowed(text(u)?),
    })
}

pub(super) fn value(u: Bytes) -> Result<Val> {
    Ok(match u.int_in_range(0..=11)? {
        0 => Val::None,
        1 => Val::List(list(u, 0)?),
        2 => match u.int_in_range(0..=2)? {
            0 => Val::Texts(vec![text(u)?, text(u)?]),
            1 => Val::Floats([float(u)?, float(u)?]),
            _ => Val::Options(vec![Some(1), None, u.arbitrary()?]),
        },
        _ => scalar(u)?,
    })
}

fn list(u: Bytes, depth: usize) -> Result<Vec<Val>> {
    let mut items = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        items.push(match u.int_in_range(0..=3)? {
            0 if depth < 3 => Val::List(list(u, depth + 1)?),
            _ => scalar(u)?,
        });
    }
    Ok(items)
}

pub(super) fn scalar(u: Bytes) -> Result<Val> {
    Ok(match u.int_in_range(0..=21)? {
        0 => Val::Null,
        1 => Val::Bool(u.arbitrary()?),
        2..=5 => Val::Num(number(u)?),
        6 => Val::Char(u.arbitrary()?),
        7 => Val::Cow(text(u)?.into()),
        8 => Val::Arc(text(u)?.into()),
        9 => Val::Path(text(u)?.into()),
        10 => Val::Args(text(u)?),
        11 => Val::Display(text(u)?),
        12 => Val::Debug(text(u)?),
        13 => Val::Panics(Panics(text(u)?)),
        14 => Val::Mask(text(u)?, u.int_in_range(0..=5)?),
        15 => Val::Lossy(bytes(u)?),
        16 => Val::Duration(duration(u)?),
        17 => Val::Time(time(u)?),
        18 => Val::Ip(u.arbitrary::<[u8; 4]>()?.into()),
        _ => Val::Text(text(u)?),
    })
}

fn bytes(u: Bytes) -> Result<Vec<u8>> {
    let len = u.int_in_range(0..=8)?;
    Ok(u.bytes(len.min(u.len()))?.to_vec())
}

pub(super) fn number(u: Bytes) -> Result<Num> {
    Ok(match u.int_in_range(0..=19)? {
        0 => Num::U8(u.arbitrary()?),
        1 => Num::U16(u.arbitrary()?),
        2 => Num::U32(u.arbitrary()?),
        3 => Num::U64(u.arbitrary()?),
        4 => Num::U128(u.arbitrary()?),
        5 => Num::Usize(u.arbitrary()?),
        6 => Num::I8(u.arbitrary()?),
        7 => Num::I16(u.arbitrary()?),
        8 => Num::I32(u.arbitrary()?),
        9 => Num::I64(u.arbitrary()?),
        10 => Num::I128(u.arbitrary()?),
        11 => Num::Isize(u.arbitrary()?),
        12 => Num::F32(match u.arbitrary()? {
            true => *u.choose(&[
                0.1,
                1.0,
                f32::MAX,
                f32::MIN_POSITIVE,
                f32::NAN,
                16_777_216.0,
            ])?,
            false => u.arbitrary()?,
        }),
        13 => Num::F64(float(u)?),
        14..=18 => *u.choose(&[
            Num::U64(u64::MAX),
            Num::I64(i64::MIN),
            Num::U128(u128::MAX),
            Num::I128(i128::MIN),
            Num::I64(1 << 53),
            Num::U64(1 << 53),
            Num::I64(i64::MAX),
            Num::I64(-(1 << 53) - 1),
            Num::U64((1 << 53) + 1),
            Num::I64(-(1 << 53)),
            Num::U128(1 << 64),
        ])?,
        _ => Num::U8(1),
    })
}

fn float(u: Bytes) -> Result<f64> {
    match u.arbitrary()? {
        true => u.arbitrary(),
        false => Ok(*u.choose(&[
            0.0,
            -0.0,
            0.1,
            1.0,
            1e15,
            1e16,
            1e17,
            123_456.789e12,
            1e21,
            1e-5,
            1e-6,
            1.5e-7,
            5e-324,
            f64::MAX,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ])?),
    }
}

pub(super) fn text(u: Bytes) -> Result<String> {
    Ok(match u.int_in_range(0..=7)? {
        0 => arbitrary_text(u)?,
        1 => u.choose(&TEXTS)?.repeat(u.int_in_range(1..=4)?),
        2 => format!("{}{}", u.choose(&TEXTS)?, u.choose(&TEXTS)?),
        _ => (*u.choose(&TEXTS)?).to_owned(),
    })
}

fn arbitrary_text(u: Bytes) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=20)? {
        text.push(match u.int_in_range(0..=3)? {
            0 => u.arbitrary()?,
            _ => char::from(u.int_in_range(0..=255)?),
        });
    }
    Ok(text)
}

pub(super) fn message(u: Bytes) -> Result<Text> {
    Ok(match u.int_in_range(0..=7)? {
        0 => Text::Owned(text(u)?),
        1 | 2 => Text::Macro(text(u)?),
        3 => Text::Panics(Panics(text(u)?)),
        _ => Text::Str(text(u)?),
    })
}

pub(super) fn cause(u: Bytes) -> Result<Cause> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Cause::Text(text(u)?),
        1 => Cause::Boxed(chain(u)?),
        _ => Cause::Chain(chain(u)?),
    })
}

/// An error with sources, sometimes with more of them than are kept.
fn chain(u: Bytes) -> Result<Vec<String>> {
    let sources = match u.int_in_range(0..=5)? {
        0 => u.int_in_range(7..=10)?,
        _ => u.int_in_range(0..=2)?,
    };
    let mut chain = vec![text(u)?];
    for at in 0..sources {
        chain.push(match sources {
            0..=2 => text(u)?,
            _ => format!("cause{at}"),
        });
    }
    Ok(chain)
}

pub(super) fn advance(u: Bytes) -> Result<Duration> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Duration::from_nanos(u.int_in_range(0..=3_000)?),
        1 => Duration::from_micros(u.int_in_range(0..=3_000_000)?),
        2 => Duration::from_millis(u.int_in_range(0..=3_600_000)?),
        _ => Duration::from_nanos(999),
    })
}

fn duration(u: Bytes) -> Result<Duration> {
    Ok(match u.int_in_range(0..=4)? {
        0 => Duration::MAX,
        1 => Duration::new(u.arbitrary()?, u.int_in_range(0..=999_999_999)?),
        _ => advance(u)?,
    })
}

/// Within the range that `SystemTime` has on every platform.
fn time(u: Bytes) -> Result<SystemTime> {
    let away = away_from_1970(u)?;
    Ok(match u.arbitrary()? {
        true => UNIX_EPOCH - away,
        false => UNIX_EPOCH + away,
    })
}

fn away_from_1970(u: Bytes) -> Result<Duration> {
    let seconds = match u.int_in_range(0..=2)? {
        0 => u.int_in_range(0..=5_000_000_000)?,
        1 => u.int_in_range(0..=500_000_000_000)?,
        _ => *u.choose(&[
            0,
            1,
            86_399,
            951_782_400,
            253_402_300_799,
            253_402_300_800,
            62_167_219_200,
            62_167_219_201,
        ])?,
    };
    Ok(Duration::new(
        seconds,
        *u.choose(&[0, 1, 999_999_999, 500_000_000, 123_456_789])?,
    ))
}
