//! The fragments of one unit: the first half of the limit, and the last.
//!
//! How a unit began and how it ended tell the most, so what is dropped past the
//! limit is the middle.

use std::panic::Location;

use log::Level;
use smallvec::SmallVec;

use crate::unit::store::arena::{Arena, Span};

/// Where in the source a fragment comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// The call that added it.
    Code(&'static Location<'static>),
    /// An ordinary log call, whose file is kept as text.
    Log { file: Span, line: u32 },
}

impl Place {
    #[inline(always)]
    pub(crate) fn line(self) -> u32 {
        match self {
            Place::Code(location) => location.line(),
            Place::Log { line, .. } => line,
        }
    }

    #[inline(always)]
    pub(crate) fn file(self, arena: &Arena) -> &str {
        match self {
            Place::Code(location) => location.file(),
            Place::Log { file, .. } => arena.text(file),
        }
    }
}

/// A piece of text with its time and its place in the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment {
    /// Nanoseconds since the start of the trace.
    pub(crate) at_nanos: u64,
    pub(crate) place: Place,
    pub(crate) text: Span,
    /// The level, where the fragment was given one of its own.
    pub(crate) level: Option<Level>,
    /// Whether it is only for a record of level warn or above.
    pub(crate) held: bool,
}

impl Fragment {
    /// Applies `keep` to each span, for texts that move to another arena.
    pub(crate) fn move_spans(&mut self, mut keep: impl FnMut(Span) -> Span) {
        self.text = keep(self.text);
        if let Place::Log { file, .. } = &mut self.place {
            *file = keep(*file);
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Fragments {
    kept: SmallVec<[Fragment; 64]>,
    pub(crate) dropped: u64,
    /// How many of those kept are only for severe records, and how many of them
    /// had to go.
    held: usize,
    dropped_held: u64,
    /// The number of drops when the ring was in order last.
    turned: u64,
}

impl Fragments {
    pub(crate) fn new() -> Fragments {
        Fragments {
            kept: SmallVec::new(),
            dropped: 0,
            turned: 0,
            held: 0,
            dropped_held: 0,
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.dropped = 0;
        self.turned = 0;
        self.held = 0;
        self.dropped_held = 0;
    }

    /// Gives back what one long unit took.
    #[inline]
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.kept.capacity() > keep / size_of::<Fragment>() {
            *self = Fragments::new();
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether the next fragment takes the place of another.
    #[inline]
    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.kept.len() >= limit
    }

    /// Keeps a fragment; past `limit` the oldest of the second half makes room.
    ///
    /// Returns the fragment that had to go.
    #[inline]
    pub(crate) fn push(&mut self, fragment: Fragment, limit: usize) -> Option<Fragment> {
        if self.kept.len() < limit {
            self.kept.push(fragment);
            None
        } else {
            Some(self.push_full(fragment))
        }
    }

    #[cold]
    fn push_full(&mut self, fragment: Fragment) -> Fragment {
        if self.held > 0 {
            return self.push_over_held(fragment);
        }
        let oldest = self.oldest();
        self.dropped = self.dropped.saturating_add(1);
        match self.kept.get_mut(oldest) {
            Some(slot) => std::mem::replace(slot, fragment),
            None => fragment,
        }
    }

    /// What is only for severe records makes room first, the oldest of it.
    fn push_over_held(&mut self, fragment: Fragment) -> Fragment {
        self.straighten();
        let oldest = self.kept.iter().position(|fragment| fragment.held);
        let gone = self.kept.remove(oldest.unwrap_or(0));
        self.held = self.held.saturating_sub(1);
        self.dropped_held = self.dropped_held.saturating_add(1);
        self.kept.push(fragment);
        gone
    }

    /// How many fragments found no room.
    #[inline]
    pub(crate) fn lost(&self) -> u64 {
        self.dropped.saturating_add(self.dropped_held)
    }

    /// Keeps a fragment that is only for severe records; it never takes the
    /// place of another one.
    pub(crate) fn push_held(&mut self, fragment: Fragment, limit: usize) -> Option<Fragment> {
        if self.kept.len() >= limit && self.held == 0 {
            self.dropped_held = self.dropped_held.saturating_add(1);
            return Some(fragment);
        }
        let gone = self.push(fragment, limit);
        self.held += 1;
        gone
    }

    /// Where the second half begins.
    fn half(&self) -> usize {
        self.kept.len().div_ceil(2)
    }

    /// The place of the oldest fragment of the second half, which is a ring.
    fn oldest(&self) -> usize {
        match (self.kept.len() - self.half()) as u64 {
            0 => self.kept.len(),
            ring => self.half() + ((self.dropped - self.turned) % ring) as usize,
        }
    }

    /// The fragments in the order they were added, but for at most the first
    /// and last `most` together; in runs, as a loop over a slice is faster than
    /// one over a chain of three.
    #[inline]
    pub(crate) fn runs(&self, most: usize) -> [&[Fragment]; 3] {
        if self.dropped == self.turned && self.kept.len() <= most {
            return [&self.kept, &[], &[]];
        }
        let turn = if self.dropped == self.turned {
            self.half()
        } else {
            self.oldest()
        };
        let (first, ring) = self.kept.split_at_checked(self.half()).unwrap_or_default();
        let (late, early) = ring
            .split_at_checked(turn - self.half())
            .unwrap_or_default();
        let first = first
            .get(..most.div_ceil(2).min(first.len()))
            .unwrap_or_default();
        let skip = ring.len().saturating_sub(most / 2);
        let skip_late = skip.saturating_sub(early.len());
        let early = early.get(skip..).unwrap_or_default();
        [first, early, late.get(skip_late..).unwrap_or_default()]
    }

    /// Merges fragments of the same unit, gathered elsewhere, by their times;
    /// equal ones stand behind those that were here.
    ///
    /// Returns those that had to go.
    pub(crate) fn merge(&mut self, others: &[Fragment], limit: usize) -> Vec<Fragment> {
        let mut gone = Vec::new();
        if others.is_empty() {
            return gone;
        }
        let mut all: SmallVec<[Fragment; 64]> = SmallVec::new();
        for run in self.runs(usize::MAX) {
            all.extend_from_slice(run);
        }
        all.extend_from_slice(others);
        all.sort_by_key(|fragment| fragment.at_nanos);
        let (dropped, dropped_held) = (self.dropped, self.dropped_held);
        // Before anything is given up: without memory, these stay as they are.
        let kept = all.len().min(limit);
        self.kept.reserve(kept.saturating_sub(self.kept.len()));
        gone.reserve(all.len() - kept);
        self.clear();
        for fragment in all {
            gone.extend(match fragment.held {
                true => self.push_held(fragment, limit),
                false => self.push(fragment, limit),
            });
        }
        self.dropped_held = self.dropped_held.saturating_add(dropped_held);
        // The ring is turned by the number of drops: straighten it before more is added.
        self.straighten();
        self.dropped = self.dropped.saturating_add(dropped);
        self.turned = self.dropped;
        gone
    }

    /// Counts fragments that were dropped before they got here.
    pub(crate) fn note_dropped(&mut self, count: u64) {
        self.dropped = self.dropped.saturating_add(count);
        self.turned = self.turned.saturating_add(count);
    }

    /// Drops the fragments that are only for severe records.
    pub(crate) fn drop_held(&mut self) {
        self.straighten();
        self.kept.retain(|fragment| !fragment.held);
        self.held = 0;
        self.dropped_held = 0;
    }

    /// Puts the ring in the order of time, as if it had never turned. In place: a
    /// destructor does it too, which nothing must make panic, not even a lack of memory.
    fn straighten(&mut self) {
        let (half, turn) = (self.half(), self.oldest());
        if let Some(ring) = self.kept.get_mut(half..) {
            ring.rotate_left(turn - half);
        }
        self.turned = self.dropped;
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Fragment> {
        self.kept.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes `count` fragments at 0, 1, 2 … ns and lists those that are kept.
    fn kept(count: u64, limit: usize, most: usize) -> (Vec<u64>, u64) {
        let mut fragments = Fragments::new();
        for at_nanos in 0..count {
            let fragment = Fragment {
                at_nanos,
                place: Place::Code(Location::caller()),
                text: Span::default(),
                level: None,
                held: false,
            };
            fragments.push(fragment, limit);
        }
        (
            fragments
                .runs(most)
                .into_iter()
                .flatten()
                .map(|fragment| fragment.at_nanos)
                .collect(),
            fragments.dropped,
        )
    }

    #[test]
    fn the_first_and_the_last_half_are_kept_in_order() {
        assert_eq!(kept(3, 4, usize::MAX), (vec![0, 1, 2], 0));
        assert_eq!(kept(4, 4, usize::MAX), (vec![0, 1, 2, 3], 0));
        assert_eq!(kept(5, 4, usize::MAX), (vec![0, 1, 3, 4], 1));
        assert_eq!(kept(6, 4, usize::MAX), (vec![0, 1, 4, 5], 2));
        assert_eq!(kept(9, 5, usize::MAX), (vec![0, 1, 2, 7, 8], 4));
        assert_eq!(kept(9, 2, usize::MAX), (vec![0, 8], 7));
        assert_eq!(kept(9, 1, usize::MAX), (vec![0], 8));
        assert_eq!(kept(9, 0, usize::MAX), (vec![], 9));
    }

    #[test]
    fn a_record_that_is_too_long_takes_fewer_from_both_halves() {
        assert_eq!(kept(6, 8, 4), (vec![0, 1, 4, 5], 0));
        assert_eq!(kept(12, 6, 3), (vec![0, 1, 11], 6));
        assert_eq!(kept(12, 6, 1), (vec![0], 6));
        assert_eq!(kept(12, 6, 0), (vec![], 6));
    }
}

/// The last part of a path, of either kind of system.
pub(crate) fn base_name(path: &str) -> &str {
    let separator = path.bytes().rposition(|byte| matches!(byte, b'/' | b'\\'));
    separator.and_then(|at| path.get(at + 1..)).unwrap_or(path)
}
