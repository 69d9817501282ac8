//! logfmt: `key=value` pairs with one space between them.

use crate::base::bytes::SLACK;
use crate::config::names::Name;
use crate::config::settings::Settings;
use crate::encode::escape::Place;
use crate::encode::job::{Fits, Job, Syntax};
use crate::encode::line::{Full, Line, Written};
use crate::encode::{escape, json, line_tag, number, text};
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::Fragment;
use crate::unit::store::items::Items;
use crate::value::json_text::Closers;

#[derive(Debug)]
pub(super) struct Logfmt;

impl Syntax for Logfmt {
    #[inline(always)]
    fn open(_line: &mut Line<'_>) -> Written {
        Ok(())
    }

    #[inline(always)]
    fn close(_line: &mut Line<'_>) -> Written {
        Ok(())
    }

    #[inline(always)]
    fn key(line: &mut Line<'_>, key: &[u8], suffix: &[u8]) -> Written {
        line.put_byte(b' ')?;
        line.put(key)?;
        line.put(suffix)?;
        line.put_byte(b'=')
    }

    fn odd_key(line: &mut Line<'_>, key: &str) -> Written {
        Logfmt::key(line, key.as_bytes(), b"")
    }

    #[inline(always)]
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written {
        if escape::bare(line, source, start, end)? {
            return Ok(());
        }
        line.apart(|line| quoted(line, source, start, end))
    }

    #[inline(always)]
    fn word(line: &mut Line<'_>, text: &[u8]) -> Written {
        line.put(text)
    }

    /// One of digits alone looks like a number, and so may one with an `e`.
    #[inline(always)]
    fn hex(line: &mut Line<'_>, digits: &[u8], len: usize) -> Written {
        Logfmt::text(line, digits, 0, len)
    }

    #[cold]
    fn non_finite(line: &mut Line<'_>, _settings: &Settings, x: f64) -> Written {
        line.put(number::non_finite(x).as_bytes())
    }

    fn digits(line: &mut Line<'_>, _settings: &Settings, digits: &str, _fits: Fits) -> Written {
        line.put(digits.as_bytes())
    }

    /// The JSON text of the list, quoted.
    #[inline(never)]
    fn list(line: &mut Line<'_>, job: &Job<'_>, items: Items<'_>, room: &mut Vec<u8>) -> Written {
        // A list whose text alone is longer than a record may be does not fit.
        let most = job.settings().limits.record + SLACK;
        room.resize(room.len().max(items.size() + 64).min(most), 0);
        let len = loop {
            let mut text = Line::new(room);
            match json::list(&mut text, job, items.clone()) {
                Ok(()) => break text.len(),
                Err(Full) if room.len() >= most => return Err(Full),
                Err(Full) => room.resize((room.len() * 2).min(most), 0),
            }
        };
        quoted(line, room, 0, len)
    }

    fn structured(
        line: &mut Line<'_>,
        source: &[u8],
        span: Span,
        cut: Option<(usize, Closers)>,
        room: &mut Vec<u8>,
    ) -> Written {
        let Some((end, closers)) = cut else {
            return quoted(line, source, span.start(), span.end());
        };
        let kept = source
            .get(span.start()..span.start() + end)
            .unwrap_or_default();
        let len = kept.len() + closers.len();
        room.clear();
        room.extend_from_slice(kept);
        room.extend_from_slice(&closers);
        room.resize(len + SLACK, 0);
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

/// `[132, 0.612ms] text`, with the file before the line and the level behind
/// the time where they are not the trace's own.
#[inline(always)]
fn fragment(line: &mut Line<'_>, job: &Job<'_>, fragment: &Fragment, is_last: bool) -> Written {
    line.put_byte(b'[')?;
    if let Some(file) = line_tag::file(job, fragment) {
        escape::text(line, Place::Fragment, file.as_bytes(), 0, file.len())?;
        line.put_byte(b':')?;
    }
    number::u64(line, fragment.place.line().into())?;
    line.put_array(b", ")?;
    number::millis(line, fragment.at_nanos / 1_000)?;
    line.put_array(b"ms")?;
    if let Some(level) = line_tag::own_level(job, fragment) {
        line.put_array(b", ")?;
        line.put(level.as_bytes())?;
    }
    line.put_array(b"] ")?;
    let end = text::end_of(job, fragment.text);
    let (source, start) = (job.entry.arena.buffer(), fragment.text.start());
    if is_last {
        ending(line, Place::Fragment, source, start, end)
    } else {
        escape::text(line, Place::Fragment, source, start, end)
    }
}
