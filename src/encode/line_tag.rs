//! File and level of a fragment, written only if they are not what a reader would
//! assume.

use crate::config::choices::LineTag;
use crate::encode::job::Job;
use crate::encode::scalar;
use crate::unit::store::fragments::{RawFragment, base_name};

/// Returns the file of a fragment, if it is to be written.
#[inline(always)]
pub(super) fn file<'a>(job: &Job<'a>, fragment: &RawFragment) -> Option<&'a str> {
    let file = fragment.site.file(&job.entry.arena);
    let start = job.entry.origin.location.file();
    match job.settings().line_tag {
        LineTag::Line if std::ptr::eq(file, start) || file == start => None,
        LineTag::Line | LineTag::FileLine => Some(base_name(file)),
        LineTag::PathLine => Some(file),
    }
}

/// Returns the level of a fragment, if it is not the one the unit was given.
#[inline(always)]
pub(super) fn own_level(job: &Job<'_>, fragment: &RawFragment) -> Option<&'static str> {
    let level = fragment.level?;
    (level != job.entry.severity.given()).then(|| scalar::level(level))
}
