//! Keeping a record within its limit.
//!
//! The buffer ends where the limit does, so encoding itself finds out whether a
//! record fits, and no second piece of code has to know how long anything gets.
//! A record that does not fit is encoded again with shorter texts, then with
//! fewer fragments, then with fewer fields, until it does.

use super::{Fit, Job, Line};
use crate::bytes::SLACK;
use crate::entry::Scratch;

/// Room that a record without any text needs, and that a field or a fragment adds.
const BASE: usize = 512;
const EACH: usize = 48;

/// Encodes into `scratch.line`; returns the length.
pub(super) fn encode(mut job: Job<'_>, scratch: &mut Scratch) -> usize {
    let most = job.settings().limits.record + SLACK;
    if scratch.line.is_empty() {
        grow(&mut scratch.line, guess(&job).min(most));
    }
    loop {
        if let Some(len) = attempt(&job, scratch) {
            return len;
        }
        if scratch.line.len() >= most {
            break;
        }
        let more = (scratch.line.len() * 2).min(most);
        grow(&mut scratch.line, more);
    }
    shorten(&mut job, scratch)
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
    job.write(&mut line, &mut scratch.list).ok()?;
    Some(line.len()).filter(|len| *len <= limit)
}

/// Takes away from the record until it fits.
#[cold]
fn shorten(job: &mut Job<'_>, scratch: &mut Scratch) -> usize {
    let limit = job.settings().limits.record;
    let fits = |fit: Fit, scratch: &mut Scratch| attempt(&Job { fit, ..*job }, scratch).is_some();
    let mut fit = Fit {
        text: 0,
        fragments: job.entry.fragments.len(),
        fields: job.entry.fields.len(),
    };
    while !fits(fit, scratch) && fit.fragments > 0 {
        fit.fragments /= 2;
    }
    while !fits(fit, scratch) && fit.fields > 0 {
        fit.fields /= 2;
    }
    // The longest text that fits lies between what does and what is too long.
    let (mut least, mut most) = (0, limit + 1);
    while most - least > 1 {
        let middle = least + (most - least) / 2;
        if fits(
            Fit {
                text: middle,
                ..fit
            },
            scratch,
        ) {
            least = middle;
        } else {
            most = middle;
        }
    }
    job.fit = Fit { text: least, ..fit };
    // `ConfigBuilder::build` made sure that a record without any text fits.
    attempt(job, scratch).unwrap_or(0)
}
