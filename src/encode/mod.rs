//! From a finished `Entry` to the text of its record, or to key-values.
//!
//! One walk over the entry serves logfmt and JSON; where they differ is a
//! [`Syntax`](job::Syntax). No user code runs here.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod key_values;
pub(crate) mod kv_source;
mod fit;
mod fixed;
mod write;
mod pretty;
mod logfmt;
mod json;
mod record;
mod log_record;
mod ids;
mod losses;
mod line_tag;
mod text;
mod scalar;
pub(crate) mod job;
mod names;
mod escape;
mod number;
mod line;

use crate::encode::job::{Job, Moment};
use crate::unit::Entry;
use crate::unit::store::scratch::Scratch;

/// Encodes an entry and returns the text, which lies in `scratch.line`.
pub(crate) fn encode<'s>(entry: &Entry, moment: &Moment<'_>, scratch: &'s mut Scratch) -> &'s str {
    let names = names::for_entry(entry, moment.log_record);
    // The key-values of a unit's own record include the fixed fields already.
    let has_fixed = moment
        .log_record
        .is_some_and(|log_record| log_record.of_unit);
    let fixed = if has_fixed { &[] } else { fixed::text(entry) };
    let mut job = Job::new(entry, moment, names.as_ref(), fixed);
    let len = fit::encode(&mut job, scratch);
    let line = scratch.line.get(..len).unwrap_or_default();
    // Only UTF-8 is written; if any other byte ever got in, the part before it
    // would be better than nothing.
    let valid = || line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    std::str::from_utf8(line).unwrap_or_else(|_| valid())
}

/// Encodes an entry into a text of its own.
pub(crate) fn to_string(entry: &Entry, moment: &Moment<'_>) -> String {
    encode(entry, moment, &mut Scratch::default()).to_owned()
}
