//! The two lists that each thread keeps: its current units, and recycled entries.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod spares;
pub(crate) mod stack;
