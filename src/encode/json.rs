//! JSON: one compact object on one line.

use crate::config::choices::{Integers, NonFinite};
use crate::config::names::Name;
use crate::config::settings::Settings;
use crate::encode::escape::Place;
use crate::encode::job::{Fits, Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::line_tag::{file, own_level};
use crate::encode::{escape, number, scalar, text};
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::Fragment;
use crate::unit::store::items::{Item, Items};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::json_text;

#[derive(Debug)]
pub(super) struct Json;

impl Syntax for Json {
    #[inline(always)]
    fn open(line: &mut Line<'_>) -> Written {
        line.put_byte(b'{')
    }

    #[inline(always)]
    fn close(line: &mut Line<'_>) -> Written {
        line.put_byte(b'}')
    }

    #[inline(always)]
    fn key(line: &mut Line<'_>, _settings: &Settings, key: &[u8], suffix: &[u8]) -> Written {
        line.put_array(b",\"")?;
        line.put(key)?;
        line.put(suffix)?;
        line.put_array(b"\":")
    }

    fn odd_key(line: &mut Line<'_>, _settings: &Settings, key: &str) -> Written {
        line.put_byte(b',')?;
        Json::text(line, key.as_bytes(), 0, key.len())?;
        line.put_byte(b':')
    }

    #[inline(always)]
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written {
        line.put_byte(b'"')?;
        escape::text(line, Place::Quoted, source, start, end)?;
        line.put_byte(b'"')
    }

    #[inline(always)]
    fn word(line: &mut Line<'_>, text: &[u8]) -> Written {
        line.put_byte(b'"')?;
        line.put(text)?;
        line.put_byte(b'"')
    }

    #[inline(always)]
    fn hex(line: &mut Line<'_>, digits: &[u8], len: usize) -> Written {
        Json::word(line, digits.get(..len).unwrap_or_default())
    }

    #[cold]
    fn non_finite(line: &mut Line<'_>, settings: &Settings, x: f64) -> Written {
        match settings.non_finite {
            NonFinite::Null => line.put(b"null"),
            NonFinite::Text => Json::word(line, number::non_finite(x).as_bytes()),
        }
    }

    fn digits(line: &mut Line<'_>, settings: &Settings, digits: &str, fits: Fits) -> Written {
        let max = match settings.integers {
            Integers::Bits53 => Fits::Bits53,
            Integers::Bits64 => Fits::Bits64,
            Integers::Number => Fits::Bits128,
        };
        if fits <= max {
            line.put(digits.as_bytes())
        } else {
            Json::word(line, digits.as_bytes())
        }
    }

    #[inline(never)]
    fn nested(line: &mut Line<'_>, job: &Job<'_>, stored: Stored, _room: &mut Vec<u8>) -> Written {
        nested(line, job, stored)
    }

    #[inline(always)]
    fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written {
        line.put(job.settings().names.prefix(Name::Fragments))?;
        fragments(line, job)
    }
}

/// Writes a list or a structure, as much of it as the record has room for.
pub(super) fn nested(line: &mut Line<'_>, job: &Job<'_>, stored: Stored) -> Written {
    let bytes = job.entry.arena.get(Span::from_bits(stored.bits));
    let max = job.fit.text;
    match stored.tag {
        Tag::List if bytes.len() <= max => list(line, job.settings(), bytes),
        Tag::List => list(line, job.settings(), Items::whole(bytes, max)),
        _ if bytes.len() <= max => line.put(bytes),
        _ => {
            let (end, closers) = json_text::cut(bytes, max);
            line.put(bytes.get(..end).unwrap_or_default())?;
            line.put(&closers)
        }
    }
}

/// Writes the fragments as an array.
#[inline(always)]
pub(super) fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let mut before: &[u8; 1] = b"[";
    for run in job.entry.fragments.runs(job.fit.fragments) {
        for each in run {
            line.put_array(before)?;
            before = b",";
            fragment(line, job, each)?;
        }
    }
    line.put_byte(b']')
}

#[inline(always)]
fn fragment(line: &mut Line<'_>, job: &Job<'_>, fragment: &Fragment) -> Written {
    line.put_array(b"{\"at_ms\":")?;
    number::millis(line, fragment.at_nanos / 1_000)?;
    line.put_array(b",\"line\":")?;
    number::u64(line, fragment.place.line().into())?;
    if let Some(file) = file(job, fragment) {
        line.put_array(b",\"file\":")?;
        Json::text(line, file.as_bytes(), 0, file.len())?;
    }
    if let Some(level) = own_level(job, fragment) {
        line.put_array(b",\"level\":")?;
        Json::word(line, level.as_bytes())?;
    }
    line.put_array(b",\"msg\":\"")?;
    let end = text::end_of(job, fragment.text, job.fit.text);
    let source = job.entry.arena.buffer();
    escape::text(line, Place::Quoted, source, fragment.text.start(), end)?;
    line.put_array(b"\"}")
}

/// Writes the items of a list as a JSON array. One that was cut short is closed.
fn list(line: &mut Line<'_>, settings: &Settings, items: &[u8]) -> Written {
    line.put_byte(b'[')?;
    let mut depth = 0_usize;
    let mut first = true;
    for item in Items::new(items) {
        if item != Item::Close && !std::mem::take(&mut first) {
            line.put_byte(b',')?;
        }
        match item {
            Item::Open => {
                line.put_byte(b'[')?;
                depth += 1;
                first = true;
            }
            Item::Close => {
                line.put_byte(b']')?;
                depth = depth.saturating_sub(1);
                first = false;
            }
            item => scalar(line, settings, item)?,
        }
    }
    for _ in 0..=depth {
        line.put_byte(b']')?;
    }
    Ok(())
}

fn scalar(line: &mut Line<'_>, settings: &Settings, item: Item<'_>) -> Written {
    match item {
        Item::Null => line.put(b"null"),
        Item::Bool(value) => scalar::boolean(line, value),
        Item::U64(n) => scalar::unsigned::<Json>(line, settings, n.into()),
        Item::I64(n) => scalar::signed::<Json>(line, settings, n.into()),
        Item::U128(n) => scalar::unsigned::<Json>(line, settings, n),
        Item::I128(n) => scalar::signed::<Json>(line, settings, n),
        Item::F64(x) => scalar::float::<Json>(line, settings, x),
        Item::F32(x) => scalar::float32::<Json>(line, settings, x),
        Item::Micros(micros) => number::millis(line, micros),
        Item::Stamp(stamp) => scalar::stamp::<Json>(line, settings, stamp),
        Item::Text(text) => Json::text(line, text, 0, text.len()),
        Item::Json(text) => line.put(text),
        // Written by the caller.
        Item::Open | Item::Close => Ok(()),
    }
}
