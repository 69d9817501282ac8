//! Helpers that need no other room: short copies, time, code that may panic, and
//! counts of calls that were missed.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod catch;
pub(crate) mod missed;
