//! From a finished `Entry` to the text of its record.
//!
//! One walk over the entry serves logfmt and JSON; what they write differently
//! is a [`Syntax`]. No code of the user's runs here.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod key_values;
pub(crate) mod kv_source;
pub(crate) mod fit;
pub(crate) mod write;
pub(crate) mod fixed;
pub(crate) mod pretty;
pub(crate) mod logfmt;
pub(crate) mod json;
pub(crate) mod record;
pub(crate) mod log_record;
pub(crate) mod ids;
pub(crate) mod losses;
pub(crate) mod line_tag;
pub(crate) mod text;
pub(crate) mod scalar;
pub(crate) mod job;
pub(crate) mod names;
pub(crate) mod escape;
pub(crate) mod number;
pub(crate) mod line;

use crate::encode::job::{Job, Moment};
use crate::unit::Entry;
use crate::unit::store::scratch::Scratch;

/// Encodes an entry into `scratch.line` and returns the length of the text.
pub(crate) fn encode(entry: &Entry, moment: &Moment<'_>, scratch: &mut Scratch) -> usize {
    let names = match moment.log_record {
        None => names::for_unit(entry),
        Some(log_record) => names::for_log_record(entry, log_record),
    };
    let mut job = Job::new(entry, moment, names.as_ref());
    fit::encode(&mut job, scratch)
}
