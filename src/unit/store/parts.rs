//! The parts of a unit, counted.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many parts a unit has made, and what became of them; `unit/join.rs` counts.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Counted through a shared reference: many threads may make parts at once.
    pub(crate) made: AtomicU32,
    pub(crate) joined: u32,
    /// The parts of joined parts that had not come back to them, less those that
    /// were joined here instead. Negative while such a part has been joined here,
    /// but the part that misses it has not.
    pub(crate) missing: i64,
    /// The origin of this entry, if it is a part itself; a part never emits.
    pub(crate) of: Option<PartOf>,
}

/// The address of an entry, which does not move as long as it is in use, and how
/// many units it has served before.
pub(crate) type Identity = (usize, u64);

#[derive(Clone, Copy, Debug)]
pub(crate) struct PartOf {
    pub(crate) maker: Identity,
    pub(crate) unit: Identity,
}

impl Clone for Parts {
    fn clone(&self) -> Parts {
        Parts {
            made: AtomicU32::new(self.made.load(Ordering::Relaxed)),
            ..*self
        }
    }
}

impl Parts {
    /// Returns how many parts were made that did not come back.
    pub(crate) fn out(&self) -> u32 {
        let made = self.made.load(Ordering::Relaxed);
        made.saturating_sub(self.joined)
    }

    pub(crate) fn is_part(&self) -> bool {
        self.of.is_some()
    }

    /// Returns whether other threads may have laps that run at the same time as those here.
    pub(crate) fn may_overlap(&self) -> bool {
        self.is_part() || self.made.load(Ordering::Relaxed) > 0
    }

    /// Returns how many parts were never joined.
    pub(crate) fn lost(&self) -> u64 {
        u64::from(self.out()) + self.missing.max(0).unsigned_abs()
    }
}
