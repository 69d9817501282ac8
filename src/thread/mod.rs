//! What a thread keeps: the units that are current, and recycled entries.

pub(crate) mod spares;
pub(crate) mod stack;
