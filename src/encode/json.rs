//! JSON: one compact object on one line.

use crate::config::choices::{Integers, NonFinite};
use crate::config::names::Name;
use crate::config::settings::Settings;
use crate::encode::escape::Place;
use crate::encode::job::{Fits, Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::line_tag::{file, own_level};
use crate::encode::{escape, number, record, text};
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::RawFragment;
use crate::unit::store::items::Items;
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
    let arena = &job.entry.arena;
    let span = Span::from_bits(stored.bits);
    let fits = span.len() <= job.fit.text;
    if stored.tag == Tag::List {
        let items = Items::new(arena, stored);
        return match fits {
            true => list(line, job, items),
            false => list(line, job, items.up_to(job.fit.text)),
        };
    }
    let bytes = arena.get(span);
    if fits {
        return line.put(bytes);
    }
    let (end, closers) = json_text::cut(bytes, job.fit.text);
    line.put(bytes.get(..end).unwrap_or_default())?;
    line.put(&closers)
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
fn fragment(line: &mut Line<'_>, job: &Job<'_>, fragment: &RawFragment) -> Written {
    line.put_array(b"{\"at_ms\":")?;
    number::millis(line, fragment.at_nanos / 1_000)?;
    line.put_array(b",\"line\":")?;
    number::u64(line, fragment.site.line().into())?;
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
fn list(line: &mut Line<'_>, job: &Job<'_>, items: Items<'_>) -> Written {
    line.put_byte(b'[')?;
    let mut depth = 0_usize;
    let mut first = true;
    for (item, _) in items {
        let closes = item.tag == Tag::Absent;
        if !closes && !std::mem::take(&mut first) {
            line.put_byte(b',')?;
        }
        if closes {
            line.put_byte(b']')?;
            depth = depth.saturating_sub(1);
            first = false;
        } else if item.tag == Tag::List {
            line.put_byte(b'[')?;
            depth += 1;
            first = true;
        } else {
            // No item is longer than the list, which fits: none is cut.
            record::value::<Json>(line, job, item, &mut Vec::new())?;
        }
    }
    for _ in 0..=depth {
        line.put_byte(b']')?;
    }
    Ok(())
}
