use crate::base::bytes::char_floor;
use crate::config::names::Name;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::unit::store::arena::Span;
use crate::unit::store::items::Items;
use crate::unit::store::stored::Stored;
use crate::value::json_text;
use crate::value::json_text::Closers;

/// Where the text of a structure ends in this record, and what closes it, if
/// that is not its end.
pub(crate) fn json_cut(job: &Job<'_>, span: Span) -> Option<(usize, Closers)> {
    let most = job.fit.text;
    (span.len() > most).then(|| json_text::cut(job.entry.arena.get(span), most))
}

/// A text of the arena, as much of it as the record has room for.
#[inline(always)]
pub(crate) fn text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    let end = end_of(job, span);
    S::text(line, job.entry.arena.buffer(), span.start(), end)
}

/// A text that says what the record is about: cut later than others.
#[inline(always)]
pub(super) fn main_text<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, span: Span) -> Written {
    let end = cut_at(job, span, main_fit(job));
    S::text(line, job.entry.arena.buffer(), span.start(), end)
}

/// How much of the name, the id of the request and the errors there is room for: a unit can be told
/// by 64 bytes, as long as there is room for any text.
#[inline(always)]
pub(crate) fn main_fit(job: &Job<'_>) -> usize {
    match job.fit.text {
        0 => 0,
        text => text.max(64),
    }
}

/// Where a text ends in this record.
#[inline(always)]
pub(crate) fn end_of(job: &Job<'_>, span: Span) -> usize {
    cut_at(job, span, job.fit.text)
}

#[inline(always)]
pub(crate) fn cut_at(job: &Job<'_>, span: Span, fit: usize) -> usize {
    if span.len() <= fit {
        span.end()
    } else {
        span.start() + char_floor(job.entry.arena.get(span), fit)
    }
}

/// The items of a list, as many of them as the record has room for.
pub(super) fn list_items<'a>(job: &Job<'a>, stored: Stored) -> Items<'a> {
    let items = Items::new(&job.entry.arena, stored);
    if items.size() <= job.fit.text {
        items
    } else {
        items.up_to(job.fit.text)
    }
}

/// What says why a unit failed.
pub(crate) fn error_texts(job: &Job<'_>) -> [(Name, Option<Span>); 4] {
    let entry = job.entry;
    [
        (Name::Error, entry.error),
        (Name::ErrorChain, entry.chain),
        (Name::Panic, entry.panic.map(|[message, _]| message)),
        (Name::PanicLocation, entry.panic.map(|[_, place]| place)),
    ]
}
