//! The fragments of one unit: the first half of the limit, and the last.
//!
//! The beginning and the end of a unit matter most, so the middle is dropped past
//! the limit: the second half is a ring. Fragments that only a severe record has
//! (`held`) make room before any others.

use std::panic::Location;

use log::Level;
use smallvec::SmallVec;

use crate::unit::store::arena::{Arena, Span};

/// The place in the source that a fragment comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Site {
    /// The call that added it.
    Code(&'static Location<'static>),
    /// An ordinary log call, whose file is kept as text.
    Log { file: Span, line: u32 },
}

impl Site {
    #[inline(always)]
    pub(crate) fn line(self) -> u32 {
        match self {
            Site::Code(location) => location.line(),
            Site::Log { line, .. } => line,
        }
    }

    #[inline(always)]
    pub(crate) fn file(self, arena: &Arena) -> &str {
        match self {
            Site::Code(location) => location.file(),
            Site::Log { file, .. } => arena.text(file),
        }
    }
}

/// A piece of text with its time and its place in the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawFragment {
    /// Nanoseconds since the start of the trace.
    pub(crate) at_nanos: u64,
    pub(crate) site: Site,
    pub(crate) text: Span,
    /// The level, if the fragment was given one of its own.
    pub(crate) level: Option<Level>,
    /// Whether only a record of level warn or error has it.
    pub(crate) held: bool,
}

impl RawFragment {
    /// Returns the fragment with its texts in another arena, where `keep` puts them.
    pub(crate) fn moved(mut self, mut keep: impl FnMut(Span) -> Span) -> RawFragment {
        self.text = keep(self.text);
        if let Site::Log { file, .. } = &mut self.site {
            *file = keep(*file);
        }
        self
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fragments {
    kept: SmallVec<[RawFragment; 64]>,
    pub(crate) dropped: u64,
    /// How many of the fragments kept are held, and how many held ones were
    /// dropped.
    held: usize,
    dropped_held: u64,
    /// The place of the oldest fragment in the ring.
    turn: usize,
}

impl Fragments {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.dropped = 0;
        self.held = 0;
        self.dropped_held = 0;
        self.turn = 0;
    }

    /// Gives back the memory that one long unit took.
    #[inline]
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.kept.capacity() > keep / size_of::<RawFragment>() {
            *self = Fragments::default();
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Keeps a fragment; past `limit` the oldest of the second half makes room.
    ///
    /// Returns the fragment that had to go.
    #[inline]
    pub(crate) fn push(&mut self, fragment: RawFragment, limit: usize) -> Option<RawFragment> {
        if self.kept.len() >= limit {
            return Some(self.push_full(fragment));
        }
        self.held += usize::from(fragment.held);
        self.kept.push(fragment);
        None
    }

    #[cold]
    fn push_full(&mut self, fragment: RawFragment) -> RawFragment {
        if self.held > 0 {
            return self.push_over_held(fragment);
        }
        if fragment.held {
            self.dropped_held += 1;
            return fragment;
        }
        self.dropped += 1;
        let half = self.half();
        let ring = self.kept.get_mut(half..).unwrap_or_default();
        let len = ring.len();
        let Some(oldest) = ring.get_mut(self.turn) else {
            return fragment;
        };
        self.turn = (self.turn + 1) % len;
        std::mem::replace(oldest, fragment)
    }

    /// Drops the oldest fragment that is held.
    fn push_over_held(&mut self, fragment: RawFragment) -> RawFragment {
        self.straighten();
        let oldest = self.kept.iter().position(|fragment| fragment.held);
        let gone = self.kept.remove(oldest.unwrap_or(0));
        self.held = self.held - 1 + usize::from(fragment.held);
        self.dropped_held += 1;
        self.kept.push(fragment);
        gone
    }

    /// Returns how many fragments found no room.
    #[inline]
    pub(crate) fn lost(&self) -> u64 {
        self.dropped + self.dropped_held
    }

    /// Returns where the second half begins.
    fn half(&self) -> usize {
        self.kept.len().div_ceil(2)
    }

    /// Returns the fragments in the order they were added, at most `most` of them:
    /// the first and the last ones.
    ///
    /// Three runs, as a loop over slices is faster than one over their chain: the
    /// first half, then the ring from its oldest fragment to the end of the
    /// buffer, then the rest of the ring, which was added last. A record that is
    /// too long leaves out the end of the first run and the start of the ring.
    #[inline]
    pub(crate) fn runs(&self, most: usize) -> [&[RawFragment]; 3] {
        if self.turn == 0 && self.kept.len() <= most {
            return [&self.kept, &[], &[]];
        }
        let (first, ring) = self.kept.split_at_checked(self.half()).unwrap_or_default();
        let (late, early) = ring.split_at_checked(self.turn).unwrap_or_default();
        let skip = ring.len().saturating_sub(most / 2);
        let skip_late = skip.saturating_sub(early.len());
        [
            first.get(..most.div_ceil(2)).unwrap_or(first),
            early.get(skip..).unwrap_or_default(),
            late.get(skip_late..).unwrap_or_default(),
        ]
    }

    /// Merges fragments of the same unit that were gathered elsewhere, by time; at
    /// the same time, those that were here come first.
    ///
    /// Returns the fragments that had to go.
    pub(crate) fn merge(&mut self, others: &[RawFragment], limit: usize) -> Vec<RawFragment> {
        let mut gone = Vec::new();
        let Some(first) = others.first() else {
            return gone;
        };
        let from = self.end_at(first.at_nanos);
        let mine = self.kept.get(from..).unwrap_or_default();
        let held = mine.iter().filter(|fragment| fragment.held).count();
        let mut later: SmallVec<[RawFragment; 64]> = mine.iter().chain(others).copied().collect();
        later.sort_by_key(|fragment| fragment.at_nanos);
        // Reserved before anything is given up: without memory, the fragments here
        // stay as they are.
        let all = self.kept.len() + others.len();
        let kept = all.min(limit);
        self.kept.reserve(kept.saturating_sub(self.kept.len()));
        gone.reserve(all - kept);
        self.held -= held;
        self.kept.truncate(from);
        for fragment in later {
            gone.extend(self.push(fragment, limit));
        }
        gone
    }

    /// Returns how many fragments come no later than `at_nanos`. If not all do, the ring is
    /// put in order, so that these come first.
    ///
    /// Usually all do, or nearly all: joining a part takes the time that its own fragments
    /// take, however many the unit has.
    fn end_at(&mut self, at_nanos: u64) -> usize {
        let is_earlier = |fragment: &RawFragment| fragment.at_nanos <= at_nanos;
        let runs = self.runs(usize::MAX).into_iter();
        let last = runs.filter_map(<[RawFragment]>::last).next_back();
        if last.is_none_or(is_earlier) {
            return self.kept.len();
        }
        self.straighten();
        self.kept.partition_point(is_earlier)
    }

    /// Returns whether any fragment is, or was, only for a severe record.
    #[inline]
    pub(crate) fn has_held(&self) -> bool {
        self.held > 0 || self.dropped_held > 0
    }

    /// Drops the fragments that only a severe record has, and forgets about them.
    pub(crate) fn drop_held(&mut self) {
        self.straighten();
        self.kept.retain(|fragment| !fragment.held);
        self.held = 0;
        self.dropped_held = 0;
    }

    /// Puts the ring in the order of time, as if it had never turned. This is done
    /// in place, because destructors do it too, where not even a lack of memory may
    /// cause a panic.
    fn straighten(&mut self) {
        let half = self.half();
        let turn = std::mem::take(&mut self.turn);
        if let Some(ring) = self.kept.get_mut(half..) {
            ring.rotate_left(turn.min(ring.len()));
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut RawFragment> {
        self.kept.iter_mut()
    }
}

/// Returns the last part of a path, with either kind of separator.
pub(crate) fn base_name(path: &str) -> &str {
    let separator = path.bytes().rposition(|byte| matches!(byte, b'/' | b'\\'));
    separator.and_then(|at| path.get(at + 1..)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(at_nanos: u64, held: bool) -> RawFragment {
        RawFragment {
            at_nanos,
            site: Site::Code(Location::caller()),
            text: Span::default(),
            level: None,
            held,
        }
    }

    fn times(fragments: &Fragments) -> Vec<u64> {
        let runs = fragments.runs(usize::MAX).into_iter().flatten();
        runs.map(|fragment| fragment.at_nanos).collect()
    }

    /// Any two sequences, a third of them held, with full and half-full rings.
    #[test]
    fn merging_leaves_what_is_left_when_all_are_pushed_by_their_times() {
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..2_000 {
            let limit = random(9) as usize;
            let mut sequence = || {
                let mut times: Vec<u64> = (0..random(14)).map(|_| random(20)).collect();
                times.sort_unstable();
                let held = round % 2 == 0;
                times
                    .into_iter()
                    .map(|at| fragment(at, held && at % 3 == 0))
                    .collect()
            };
            let (mine, others): (Vec<_>, Vec<_>) = (sequence(), sequence());
            let mut merged = Fragments::default();
            for fragment in &mine {
                merged.push(*fragment, limit);
            }
            let runs = merged.runs(usize::MAX).into_iter().flatten();
            let mut all: Vec<_> = runs.chain(&others).copied().collect();
            all.sort_by_key(|fragment| fragment.at_nanos);
            let mut want = Fragments::default();
            for fragment in &all {
                want.push(*fragment, limit);
            }
            let lost = merged.lost() + want.lost();
            merged.merge(&others, limit);
            assert_eq!(times(&merged), times(&want), "round {round}");
            assert_eq!(
                (merged.lost(), merged.held),
                (lost, want.held),
                "round {round}"
            );
        }
    }

    /// Pushes `count` fragments at 0, 1, 2 … ns and lists those that are left.
    #[test]
    fn the_first_and_the_last_half_are_kept_and_a_long_record_takes_fewer_of_both() {
        let cases: [(u64, usize, usize, &[u64]); 12] = [
            (3, 4, usize::MAX, &[0, 1, 2]),
            (4, 4, usize::MAX, &[0, 1, 2, 3]),
            (5, 4, usize::MAX, &[0, 1, 3, 4]),
            (6, 4, usize::MAX, &[0, 1, 4, 5]),
            (9, 5, usize::MAX, &[0, 1, 2, 7, 8]),
            (9, 2, usize::MAX, &[0, 8]),
            (9, 1, usize::MAX, &[0]),
            (9, 0, usize::MAX, &[]),
            (6, 8, 4, &[0, 1, 4, 5]),
            (12, 6, 3, &[0, 1, 11]),
            (12, 6, 1, &[0]),
            (12, 6, 0, &[]),
        ];
        for (count, limit, most, left) in cases {
            let mut fragments = Fragments::default();
            for at_nanos in 0..count {
                fragments.push(fragment(at_nanos, false), limit);
            }
            let runs = fragments.runs(most).into_iter().flatten();
            assert!(runs.map(|fragment| &fragment.at_nanos).eq(left), "{left:?}");
            assert_eq!(fragments.lost(), count.saturating_sub(limit as u64));
        }
    }
}
