//! Keeping a record within its limit.
//!
//! The buffer ends where the limit does, so encoding itself finds out whether a
//! record fits, and no second piece of code has to know how long anything gets.
//! A record that does not fit is encoded again with shorter texts, and where
//! that is not enough with fewer fragments, then with fewer fields.

use crate::base::bytes::SLACK;
use crate::config::choices::Format;
use crate::config::names::TIMER_SUFFIXES;
use crate::encode::job::{Fit, Job};
use crate::encode::line::Line;
use crate::encode::write;
use crate::unit::store::field::Field;
use crate::unit::store::scratch::Scratch;
use crate::unit::store::stored::Tag;

/// Room that a record without any text needs, and that a field or a fragment adds.
const BASE: usize = 512;

const EACH: usize = 48;

/// Words and short numbers are not longer than this.
const FLOOR: usize = 16;

/// Encodes into `scratch.line`; returns the length.
pub(super) fn encode(job: &mut Job<'_>, scratch: &mut Scratch) -> usize {
    let most = job.settings().limits.record + SLACK;
    if scratch.line.is_empty() {
        grow(&mut scratch.line, guess(job).min(most));
    }
    loop {
        if let Some(len) = attempt(job, scratch) {
            return len;
        }
        if scratch.line.len() >= most {
            break;
        }
        let more = (scratch.line.len() * 2).min(most);
        grow(&mut scratch.line, more);
    }
    shorten(job, scratch)
}

/// Finds out how much of an entry gets into a record that goes out as key-values:
/// as much as into a line of JSON, which is no shorter, as that is what lists and
/// fragments are written as.
pub(super) fn measure(job: &mut Job<'_>, scratch: &mut Scratch) {
    job.format = Format::Json;
    if most_bytes(job) > job.settings().limits.record {
        encode(job, scratch);
    }
}

/// No less than the line may take: an escape is six bytes, and one in a list
/// inside of logfmt is seven.
fn most_bytes(job: &Job<'_>) -> usize {
    let entry = job.entry;
    let names = |field: &Field| match field.value().tag {
        Tag::Timer => TIMER_SUFFIXES.len(),
        _ => 1,
    };
    let keys = entry.fields.as_slice().iter();
    let keys: usize = keys
        .map(|field| names(field) * (EACH + 6 * field.given(&entry.arena).len()))
        .sum();
    let runs = entry.fragments.runs(usize::MAX);
    let fragments = runs.into_iter().flatten();
    let files = fragments.map(|each| 2 * EACH + 6 * each.place.file(&entry.arena).len());
    let own = BASE + job.settings().names.extra_bytes();
    own + job.fixed.len() + 8 * entry.arena.used() + keys + files.sum::<usize>()
}

fn grow(line: &mut Vec<u8>, size: usize) {
    if size > line.len() {
        line.resize(size, 0);
    }
}

fn guess(job: &Job<'_>) -> usize {
    let entry = job.entry;
    BASE + entry.arena.used() + EACH * (entry.fields.len() + 2 * entry.fragments.len())
}

fn attempt(job: &Job<'_>, scratch: &mut Scratch) -> Option<usize> {
    let limit = job.settings().limits.record;
    // A buffer that another configuration left may be longer than this limit.
    let end = scratch.line.len().min(limit + SLACK);
    let mut line = Line::new(scratch.line.get_mut(..end)?);
    write::record(&mut line, job, &mut scratch.list).ok()?;
    Some(line.len()).filter(|len| *len <= limit)
}

/// Takes away from the record until it fits: texts are cut, though not to less
/// than [`FLOOR`] while fragments, then fields, can go instead.
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
        fit.fragments = most(0, fragments, |fragments| fits(Fit { fragments, ..fit }));
        if fit.fragments == 0 {
            fit.fields = most(0, fields, |fields| fits(Fit { fields, ..fit }));
            // Where a field with a long key went, there may be room again.
            fit.fragments = most(0, fragments, |fragments| fits(Fit { fragments, ..fit }));
        }
    }
    // With nothing else in it, even the name of the unit may be too long.
    let least = if fits(fit) { FLOOR } else { 0 };
    fit.text = most(least, limit, |text| fits(Fit { text, ..fit }));
    job.fit = fit;
    // `ConfigBuilder::build` made sure that a record without any text fits.
    attempt(job, scratch).unwrap_or(0)
}

/// The largest number that fits, of those up to `most`;
/// `least` is known to fit, or nothing does.
fn most(mut least: usize, most: usize, mut fits: impl FnMut(usize) -> bool) -> usize {
    let mut over = most.saturating_add(1);
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
