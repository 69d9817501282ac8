//! Keeping a record within its limit.
//!
//! The buffer ends where the limit does, so encoding itself finds out whether a
//! record fits, and no other code has to know how long anything gets. A record that
//! does not fit is encoded again with shorter texts and, if that is not enough,
//! with fewer fragments, then with fewer fields.

use crate::base::bytes::SLACK;
use crate::config::choices::Format;
use crate::config::names::TIMER_SUFFIXES;
use crate::encode::job::{Fit, Job};
use crate::encode::line::Line;
use crate::encode::write;
use crate::unit::store::field::Field;
use crate::unit::store::scratch::Scratch;
use crate::unit::store::stored::Tag;

/// Room for a record without any text.
const BASE: usize = 512;

/// Room that a field or a fragment adds without its text.
const EACH: usize = 48;

/// Words and short numbers are not longer than this.
const FLOOR: usize = 16;

/// Encodes into `scratch.line` and returns the length.
pub(super) fn encode(job: &mut Job<'_>, scratch: &mut Scratch) -> usize {
    let max = job.settings().limits.record + SLACK;
    if scratch.line.is_empty() {
        scratch.line.resize(guess(job).min(max), 0);
    }
    loop {
        let size = scratch.line.len();
        match attempt(job, scratch) {
            Some(len) => return len,
            None if size >= max => return shorten(job, scratch),
            None => scratch.line.resize((size * 2).min(max), 0),
        }
    }
}

/// Finds out how much of an entry gets into a record that goes out as key-values:
/// as much as into a line of JSON, which is at least as long, because lists and
/// fragments go out as JSON text.
pub(super) fn measure(job: &mut Job<'_>, scratch: &mut Scratch) {
    job.format = Format::Json;
    if max_bytes(job) > job.settings().limits.record {
        encode(job, scratch);
    }
}

/// Returns an upper bound of the length of the line: an escape is six bytes, and
/// seven inside a list in logfmt.
fn max_bytes(job: &Job<'_>) -> usize {
    let (fields, arena) = (&job.entry.fields, &job.entry.arena);
    let names = |field: &Field| match field.value().tag {
        Tag::Timer => TIMER_SUFFIXES.len(),
        _ => 1,
    };
    let key = |field: &Field| names(field) * (EACH + 6 * field.given(arena).len());
    let keys: usize = fields.as_slice().iter().map(key).sum();
    let fragments = job.entry.fragments.runs(usize::MAX).into_iter().flatten();
    let files = fragments.map(|each| 2 * EACH + 6 * each.site.file(arena).len());
    let own = BASE + job.settings().names.extra_bytes() + job.fixed.len();
    own + 8 * arena.used() + keys + files.sum::<usize>()
}

fn guess(job: &Job<'_>) -> usize {
    let entry = job.entry;
    BASE + entry.arena.used() + EACH * (entry.fields.len() + 2 * entry.fragments.len())
}

fn attempt(job: &Job<'_>, scratch: &mut Scratch) -> Option<usize> {
    let limit = job.settings().limits.record;
    // The buffer may have been left by a configuration with a higher limit.
    let end = scratch.line.len().min(limit + SLACK);
    let mut line = Line::new(scratch.line.get_mut(..end)?);
    write::record(&mut line, job, &mut scratch.list).ok()?;
    Some(line.len()).filter(|len| *len <= limit)
}

/// Shortens the record until it fits: texts are cut, but not below [`FLOOR`] as
/// long as fragments, then fields, can go instead.
#[cold]
fn shorten(job: &mut Job<'_>, scratch: &mut Scratch) -> usize {
    let limit = job.settings().limits.record;
    let (fragments, fields) = (job.entry.fragments.len(), job.entry.fields.len());
    let mut fits = |fit: Fit| attempt(&Job { fit, ..*job }, scratch).is_some();
    let mut fit = Fit {
        text: FLOOR,
        fragments,
        fields,
    };
    if !fits(fit) {
        fit.fragments = largest(0, fragments, |fragments| fits(Fit { fragments, ..fit }));
        if fit.fragments == 0 {
            fit.fields = largest(0, fields, |fields| fits(Fit { fields, ..fit }));
            // If a field with a long key went, there may be room again.
            fit.fragments = largest(0, fragments, |fragments| fits(Fit { fragments, ..fit }));
        }
    }
    // With nothing else in it, even the name of the unit may be too long.
    let least = if fits(fit) { FLOOR } else { 0 };
    fit.text = largest(least, limit, |text| fits(Fit { text, ..fit }));
    job.fit = fit;
    // `ConfigBuilder::build` made sure that a record without any text fits.
    attempt(job, scratch).unwrap_or(0)
}

/// Returns the largest number up to `max` that fits, or `least` if none above it
/// does.
fn largest(mut least: usize, max: usize, mut fits: impl FnMut(usize) -> bool) -> usize {
    let mut over = max.saturating_add(1);
    while over - least > 1 {
        let middle = least + (over - least) / 2;
        if fits(middle) {
            least = middle;
        } else {
            over = middle;
        }
    }
    least
}
