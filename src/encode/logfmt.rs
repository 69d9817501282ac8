//! logfmt: `key=value` pairs with one space between them.

use crate::base::bytes::SLACK;
use crate::config::names::Name;
use crate::config::settings::Settings;
use crate::encode::escape::Place;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Full, Line, Written};
use crate::encode::{escape, json, line_tag, number, text};
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::RawFragment;
use crate::unit::store::stored::{Stored, Tag};

#[derive(Debug)]
pub(super) struct Logfmt;

impl Syntax for Logfmt {
    #[inline(always)]
    fn key(line: &mut Line<'_>, _settings: &Settings, key: &[u8], suffix: &[u8]) -> Written {
        line.put_byte(b' ')?;
        line.put(key)?;
        line.put(suffix)?;
        line.put_byte(b'=')
    }

    #[inline(always)]
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written {
        if escape::bare(line, source, start, end)? {
            return Ok(());
        }
        line.apart(|line| quoted(line, source, start, end))
    }

    /// The JSON text of the value, quoted.
    #[inline(never)]
    fn nested(line: &mut Line<'_>, job: &Job<'_>, stored: Stored, room: &mut Vec<u8>) -> Written {
        let span = Span::from_bits(stored.bits);
        if stored.tag == Tag::Json && span.len() <= job.fit.text {
            return quoted(line, job.entry.arena.buffer(), span.start(), span.end());
        }
        // A value whose text alone is longer than a record may be does not fit.
        let max = job.settings().limits.record + SLACK;
        room.resize(room.len().max(span.len() + 64).min(max), 0);
        let len = loop {
            let mut text = Line::new(room);
            match json::nested(&mut text, job, stored) {
                Ok(()) => break text.len(),
                Err(Full) if room.len() >= max => return Err(Full),
                Err(Full) => room.resize((room.len() * 2).min(max), 0),
            }
        };
        quoted(line, room, 0, len)
    }

    #[inline(always)]
    fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written {
        line.put(job.settings().names.prefix(Name::Fragments))?;
        line.put_byte(b'"')?;
        let runs = job.entry.fragments.runs(job.fit.fragments);
        let mut left: usize = runs.iter().map(|run| run.len()).sum();
        for run in runs {
            for each in run {
                left -= 1;
                fragment(line, job, each, left == 0)?;
                if left > 0 {
                    line.put_array(b"; ")?;
                }
            }
        }
        line.put_byte(b'"')
    }
}

/// Writes a text in quotes.
#[inline(never)]
fn quoted(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written {
    line.put_byte(b'"')?;
    ending(line, Place::Quoted, source, start, end)?;
    line.put_byte(b'"')
}

/// Writes the last text before a closing quote.
#[inline(always)]
fn ending(line: &mut Line<'_>, place: Place, source: &[u8], start: usize, end: usize) -> Written {
    let last = end.saturating_sub(1);
    if start < end && source.get(last) == Some(&b'\\') {
        escape::text(line, place, source, start, last)?;
        escape::last_backslash(line)
    } else {
        escape::text(line, place, source, start, end)
    }
}

/// Writes `[132, 0.612ms] text`, with the file before the line and the level after
/// the time where they are not those of the unit.
#[inline(always)]
fn fragment(line: &mut Line<'_>, job: &Job<'_>, fragment: &RawFragment, is_last: bool) -> Written {
    line.put_byte(b'[')?;
    if let Some(file) = line_tag::file(job, fragment) {
        escape::text(line, Place::Fragment, file.as_bytes(), 0, file.len())?;
        line.put_byte(b':')?;
    }
    number::u64(line, fragment.site.line().into())?;
    line.put_array(b", ")?;
    number::millis(line, fragment.at_nanos / 1_000)?;
    line.put_array(b"ms")?;
    if let Some(level) = line_tag::own_level(job, fragment) {
        line.put_array(b", ")?;
        line.put(level.as_bytes())?;
    }
    line.put_array(b"] ")?;
    let end = text::end_of(job, fragment.text, job.fit.text);
    let (source, start) = (job.entry.arena.buffer(), fragment.text.start());
    if is_last {
        ending(line, Place::Fragment, source, start, end)
    } else {
        escape::text(line, Place::Fragment, source, start, end)
    }
}
