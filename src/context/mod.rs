//! Units without a handle: the current trace of a thread or a future, and the panic
//! that ends one.

// From the top down: a file names only files below it (tests/layers.rs).
#[cfg(feature = "future")]
pub mod future;
pub(crate) mod cancel;
pub(crate) mod panic_hook;
pub mod current;
pub(crate) mod missed;
pub(crate) mod panic_note;
