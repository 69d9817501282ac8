//! How a unit lies in memory.

// From the top down: a file names only files that stand below it.
pub(crate) mod arena;
pub(crate) mod capture;
pub(crate) mod field;
pub(crate) mod fields;
pub(crate) mod fragments;
pub(crate) mod items;
pub(crate) mod laps;
pub(crate) mod log_record;
pub(crate) mod origin;
pub(crate) mod parts;
pub(crate) mod scratch;
pub(crate) mod severity;
pub(crate) mod stored;
pub(crate) mod text;
pub(crate) mod trace_ids;
