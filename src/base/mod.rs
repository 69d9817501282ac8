//! Helpers that need no other room: short copies, time, and code that may panic.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod catch;
