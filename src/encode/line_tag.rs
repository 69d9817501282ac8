use crate::config::choices::LineTag;
use crate::encode::job::Job;
use crate::encode::scalar;
use crate::unit::store::fragments::{Fragment, base_name};

/// The file of a fragment, where it is written.
#[inline(always)]
pub(super) fn file<'a>(job: &Job<'a>, fragment: &Fragment) -> Option<&'a str> {
    let file = fragment.place.file(&job.entry.arena);
    let start = job.entry.origin.location.file();
    match job.settings().line_tag {
        LineTag::Line if std::ptr::eq(file, start) || file == start => None,
        LineTag::Line | LineTag::FileLine => Some(base_name(file)),
        LineTag::PathLine => Some(file),
    }
}

/// The level of a fragment, where it is not the trace's own.
#[inline(always)]
pub(super) fn own_level(job: &Job<'_>, fragment: &Fragment) -> Option<&'static str> {
    let level = fragment.level?;
    (level != job.entry.severity.given()).then(|| scalar::level(level))
}
