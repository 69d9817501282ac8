//! What needs nothing of ours.

pub(crate) mod bytes;
pub(crate) mod catch;
pub(crate) mod clock;
