//! A unit without a handle: the current trace of a thread or a future, and what a panic says of it.

// From the top down: a file names only files that stand below it.
pub(crate) mod cancel;
pub mod current;
#[cfg(feature = "future")]
pub mod future;
pub(crate) mod panic_hook;
pub(crate) mod panic_note;
