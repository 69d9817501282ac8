use std::time::Instant;

/// A lap that is running.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenLap {
    /// The place of its field.
    pub(crate) field: usize,
    pub(crate) lap_id: LapId,
}

/// What tells a running lap from the others; the start keeps a token of another
/// trace from stopping a lap of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LapId {
    pub(crate) id: u32,
    /// The address of the entry: a lap means nothing to another trace.
    pub(crate) home: usize,
    pub(crate) start: Instant,
}
