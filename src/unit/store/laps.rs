//! The laps of timers: those that run, and what is kept of those that are over.

use std::time::Instant;

use smallvec::SmallVec;

/// How many periods of a timer are kept apart while other threads may have laps of it.
const MAX_PERIODS: usize = 32;

/// A running lap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenLap {
    /// The place of its field.
    pub(crate) field: usize,
    pub(crate) lap_id: LapId,
    /// Since when laps of the field have been running without a gap.
    pub(crate) busy_since: Instant,
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

/// The finished laps of one timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LapTotals {
    pub(crate) count: u64,
    pub(crate) total_micros: u64,
    pub(crate) max_micros: u64,
    /// The time in which at least one lap ran; `None` if it is not known.
    pub(crate) wall_micros: Option<u64>,
}

impl LapTotals {
    /// Reads the totals that lie in the arena.
    pub(crate) fn from_bytes(bytes: &[u8]) -> LapTotals {
        let (words, _) = bytes.as_chunks();
        let word = |at: usize| words.get(at).copied().map_or(0, u64::from_le_bytes);
        LapTotals {
            count: word(0),
            total_micros: word(1),
            max_micros: word(2),
            wall_micros: Some(word(3)).filter(|wall| *wall != u64::MAX),
        }
    }

    /// Returns the time in which at least one lap ran, if laps overlapped: otherwise it is
    /// their sum.
    pub(crate) fn wall_micros(self) -> Option<u64> {
        self.wall_micros.filter(|wall| *wall < self.total_micros)
    }
}

/// A period in which laps of one timer ran, in nanoseconds since the start of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// For how much of it they ran: less than all of it after periods were put together.
    micros: u64,
}

impl Period {
    pub(crate) fn new(start: u64, end: u64) -> Period {
        Period {
            start,
            end,
            micros: end.saturating_sub(start) / 1_000,
        }
    }

    fn is_whole(self) -> bool {
        self == Period::new(self.start, self.end)
    }

    fn overlaps(self, other: Period) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// What a timer keeps of its finished laps: the totals, and the periods in which they ran,
/// by time and without an overlap.
///
/// Periods are kept because laps of a part may turn out to have run at the same time. Only
/// the last ones are kept apart; those before are put together as one period with gaps. If
/// laps of another thread overlap with that one, the time in which any ran is not known.
#[derive(Debug)]
pub(crate) struct Laps {
    pub(crate) totals: LapTotals,
    pub(crate) periods: SmallVec<[Period; MAX_PERIODS + 1]>,
}

/// How many words [`LapTotals`] take in the arena, and how many a [`Period`].
const TOTALS: usize = 4;
const PERIOD: usize = 3;

/// How many bytes a timer takes with one period.
pub(crate) const ONE_PERIOD: usize = 8 * (TOTALS + PERIOD);

impl Laps {
    /// One lap, and the period that ends with it, if no other lap runs on.
    pub(crate) fn one(micros: u64, period: Option<Period>) -> Laps {
        let totals = LapTotals {
            count: 1,
            total_micros: micros,
            max_micros: micros,
            wall_micros: Some(0),
        };
        let periods = period.into_iter().collect();
        Laps { totals, periods }
    }

    /// Adds other laps of the timer. If `are_apart`, more laps may be added that ran at the
    /// same time as these.
    pub(crate) fn add(&mut self, more: &Laps, are_apart: bool) {
        let (all, more_totals) = (&mut self.totals, more.totals);
        all.count = all.count.saturating_add(more_totals.count);
        all.total_micros = all.total_micros.saturating_add(more_totals.total_micros);
        all.max_micros = all.max_micros.max(more_totals.max_micros);
        all.wall_micros = all
            .wall_micros
            .filter(|_| more_totals.wall_micros.is_some());
        let most = if are_apart { MAX_PERIODS } else { 1 };
        for period in &more.periods {
            self.add_period(*period, most);
        }
    }

    fn add_period(&mut self, new: Period, most: usize) {
        let (mut all, mut counted, mut is_known) = (new, 0, true);
        self.periods.retain(|old| {
            let stays = !old.overlaps(new);
            if !stays {
                counted += old.micros;
                is_known &= old.is_whole() && new.is_whole();
                all = Period::new(old.start.min(all.start), old.end.max(all.end));
            }
            stays
        });
        let wall = self.totals.wall_micros.filter(|_| is_known);
        self.totals.wall_micros =
            wall.map(|wall| wall.saturating_sub(counted).saturating_add(all.micros));
        if all.start < all.end {
            let at = (self.periods).partition_point(|period| period.start < all.start);
            self.periods.insert(at, all);
        }
        if self.periods.len() > most {
            let first = self.periods.remove(0);
            if let Some(next) = self.periods.first_mut() {
                next.start = first.start;
                next.micros = next.micros.saturating_add(first.micros);
            }
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Laps {
        let (words, _) = bytes.as_chunks();
        let (periods, _) = words
            .get(TOTALS..)
            .unwrap_or_default()
            .as_chunks::<PERIOD>();
        let periods = periods.iter().map(|words| words.map(u64::from_le_bytes));
        let periods = periods.map(|[start, end, micros]| Period { start, end, micros });
        Laps {
            totals: LapTotals::from_bytes(bytes),
            // The rest is room for more.
            periods: periods
                .take_while(|period| period.start < period.end)
                .collect(),
        }
    }

    /// Returns the bytes that lie in the arena, with room for a few more periods.
    pub(crate) fn to_bytes(&self) -> SmallVec<[u8; 8 * (TOTALS + PERIOD * MAX_PERIODS)]> {
        let totals = self.totals;
        let wall = totals.wall_micros.unwrap_or(u64::MAX);
        let mut bytes = SmallVec::new();
        for word in [totals.count, totals.total_micros, totals.max_micros, wall] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        for period in &self.periods {
            for word in [period.start, period.end, period.micros] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        let room = self.periods.len().next_power_of_two();
        bytes.resize(8 * (TOTALS + PERIOD * room), 0);
        bytes
    }
}
