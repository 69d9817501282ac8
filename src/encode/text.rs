//! Texts of the arena, cut to the room that the record has.

use crate::base::bytes::char_floor;
use crate::config::names::Name;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::unit::store::arena::Span;

/// Writes a text of the arena, as much of it as the record has room for.
#[inline(always)]
pub(super) fn text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    up_to::<S>(line, job, span, job.fit.text)
}

/// Writes a text that identifies the record, which is cut later than others.
#[inline(always)]
pub(super) fn main_text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    up_to::<S>(line, job, span, main_fit(job))
}

#[inline(always)]
fn up_to<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span, fit: usize) -> Written {
    let end = end_of(job, span, fit);
    S::text(line, job.entry.arena.buffer(), span.start(), end)
}

/// Returns how many bytes of the name, the request id and the errors there is room
/// for: at least 64, enough to recognise a unit, as long as there is room for any text.
#[inline(always)]
pub(super) fn main_fit(job: &Job<'_>) -> usize {
    match job.fit.text {
        0 => 0,
        text => text.max(64),
    }
}

/// Returns where a text ends that is cut to `fit` bytes at a character boundary.
#[inline(always)]
pub(super) fn end_of(job: &Job<'_>, span: Span, fit: usize) -> usize {
    if span.len() <= fit {
        span.end()
    } else {
        span.start() + char_floor(job.entry.arena.get(span), fit)
    }
}

/// Returns the texts that explain why a unit failed.
pub(super) fn error_texts(job: &Job<'_>) -> impl Iterator<Item = (Name, Span)> {
    let entry = job.entry;
    let texts = [
        (Name::Error, entry.error),
        (Name::ErrorChain, entry.chain),
        (Name::Panic, entry.panic.map(|[message, _]| message)),
        (Name::PanicLocation, entry.panic.map(|[_, place]| place)),
    ];
    let present = |(name, span): (Name, Option<Span>)| Some((name, span?));
    texts.into_iter().filter_map(present)
}
