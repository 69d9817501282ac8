//! Helpers that need no other room: short copies, time, counts of calls that were missed,
//! and code that may panic or whose thread ends.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod catch;
pub(crate) mod missed;
pub(crate) mod unwinding;
pub(crate) mod thread_end;
