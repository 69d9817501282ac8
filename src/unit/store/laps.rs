//! The laps that are running.

use std::time::Instant;

/// A running lap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenLap {
    /// The place of its field.
    pub(crate) field: usize,
    pub(crate) lap_id: LapId,
}

/// The identity of a running lap. Thanks to its home and start, the id of a lap of
/// another trace does not stop a lap of this one, even if both have the same
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LapId {
    pub(crate) id: u32,
    /// The address of the entry that the lap runs in.
    pub(crate) home: usize,
    pub(crate) start: Instant,
}
