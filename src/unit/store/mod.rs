//! How a unit lies in memory.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod log_record;
pub(crate) mod hub;
pub(crate) mod trace_ids;
pub(crate) mod capture;
pub(crate) mod items;
pub(crate) mod scratch;
pub(crate) mod fields;
mod index;
mod len;
pub(crate) mod field;
pub(crate) mod text;
pub(crate) mod fragments;
pub(crate) mod stored;
pub(crate) mod laps;
pub(crate) mod severity;
pub(crate) mod origin;
pub(crate) mod arena;
