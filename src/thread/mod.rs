//! What each thread keeps: the stack of its current units, and recycled entries.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod parts;
pub(crate) mod spares;
pub(crate) mod outer;
pub(crate) mod stack;
pub(crate) mod layers;
mod token;
