//! The laps of timers: those that run, and what is kept of those that are over.
//!
//! A timer lies in the arena as the words of its totals, then those of the periods in which
//! its laps ran, by time and without an overlap. Unused room is zero.
//!
//! Periods are kept because laps of a part may turn out to have run at the same time. Only
//! the last ones are kept apart; those before are put together as one period with gaps. If
//! laps of another thread overlap with that one, the time in which any ran is not known.

use std::time::Instant;

type Words<const N: usize> = [[u8; 8]; N];

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
    /// Returns the totals of one lap, without the time in which it ran: a period adds that.
    pub(crate) fn from_lap(micros: u64) -> LapTotals {
        LapTotals {
            count: 1,
            total_micros: micros,
            max_micros: micros,
            wall_micros: Some(0),
        }
    }

    /// Returns the time in which at least one lap ran, if laps overlapped: otherwise it is
    /// their sum.
    pub(crate) fn wall_micros(self) -> Option<u64> {
        self.wall_micros.filter(|wall| *wall < self.total_micros)
    }

    /// Reads the totals that lie in the arena.
    pub(crate) fn from_bytes(bytes: &[u8]) -> LapTotals {
        let (words, _) = bytes.as_chunks();
        LapTotals::read(words.first_chunk().unwrap_or(&[[0; 8]; TOTALS]))
    }

    fn read(words: &Words<TOTALS>) -> LapTotals {
        let [count, total_micros, max_micros, wall] = words.map(u64::from_le_bytes);
        LapTotals {
            count,
            total_micros,
            max_micros,
            wall_micros: (wall != u64::MAX).then_some(wall),
        }
    }

    fn words(self) -> Words<TOTALS> {
        let wall = self.wall_micros.unwrap_or(u64::MAX);
        [self.count, self.total_micros, self.max_micros, wall].map(u64::to_le_bytes)
    }
}

/// A period in which laps of one timer ran, in nanoseconds since the start of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    start: u64,
    end: u64,
    /// For how much of it they ran: less than all of it after periods were put together.
    micros: u64,
}

impl Period {
    pub(crate) fn new(start: u64, end: u64) -> Period {
        let micros = end.saturating_sub(start) / 1_000;
        Period { start, end, micros }
    }

    fn is_whole(self) -> bool {
        self == Period::new(self.start, self.end)
    }

    /// Returns the period of both, which may have gaps.
    fn with(self, other: Period) -> Period {
        Period {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            micros: self.micros.saturating_add(other.micros),
        }
    }

    pub(crate) fn moved(self, to: impl Fn(u64) -> u64) -> Period {
        Period {
            start: to(self.start),
            end: to(self.end),
            ..self
        }
    }

    /// Reads the periods of a timer that lies in the arena.
    pub(crate) fn all(bytes: &[u8]) -> impl Iterator<Item = Period> {
        let (words, _) = bytes.as_chunks();
        let (periods, _) = words.get(TOTALS..).unwrap_or_default().as_chunks();
        periods
            .iter()
            .map(Period::read)
            .take_while(|period| period.end > 0)
    }

    fn read(words: &Words<PERIOD>) -> Period {
        let [start, end, micros] = words.map(u64::from_le_bytes);
        Period { start, end, micros }
    }

    fn words(self) -> Words<PERIOD> {
        [self.start, self.end, self.micros].map(u64::to_le_bytes)
    }
}

const TOTALS: usize = 4;

const PERIOD: usize = 3;

/// How many bytes a timer takes with room for some periods.
const fn bytes_for(periods: usize) -> usize {
    8 * (TOTALS + PERIOD * periods)
}

/// How many bytes a timer takes with room for one period.
pub(crate) const ONE_PERIOD: usize = bytes_for(1);

/// Returns how many bytes a timer should take before another period is added, if it has no room
/// for one and may have more.
pub(crate) fn wanted_room(bytes: &[u8]) -> Option<usize> {
    let room = bytes.len().saturating_sub(bytes_for(0)) / 8 / PERIOD;
    let is_full = Period::all(bytes).count() == room;
    (is_full && room < MAX_PERIODS).then(|| bytes_for(2 * room.max(1)))
}

/// Adds laps to a timer, but not the time in which they ran.
pub(crate) fn add(timer: &mut [u8], more: LapTotals) {
    let (words, _) = timer.as_chunks_mut();
    if let Some(words) = words.first_chunk_mut() {
        let mut totals = LapTotals::read(words);
        totals.count = totals.count.saturating_add(more.count);
        totals.total_micros = totals.total_micros.saturating_add(more.total_micros);
        totals.max_micros = totals.max_micros.max(more.max_micros);
        totals.wall_micros = totals.wall_micros.filter(|_| more.wall_micros.is_some());
        *words = totals.words();
    }
}

/// Adds a period in which laps of a timer ran.
pub(crate) fn add_period(timer: &mut [u8], new: Period) {
    let (words, _) = timer.as_chunks_mut();
    let Some((words, periods)) = words.split_first_chunk_mut() else {
        return;
    };
    let (periods, _) = periods.as_chunks_mut();
    // From the end, because most periods are later than all that are there.
    let end = |periods: &[Words<PERIOD>], is: &dyn Fn(Period) -> bool| {
        let last = periods.iter().rposition(|words| is(Period::read(words)));
        last.map_or(0, |last| last + 1)
    };
    let used = end(periods, &|old| old.end > 0);
    let to = end(periods.get(..used).unwrap_or_default(), &|old| {
        old.start < new.end
    });
    let from = end(periods.get(..to).unwrap_or_default(), &|old| {
        old.end <= new.start
    });
    let (mut all, mut counted, mut is_known) = (new, 0_u64, true);
    for old in periods.get(from..to).unwrap_or_default() {
        let old = Period::read(old);
        is_known &= old.is_whole() && new.is_whole();
        counted = counted.saturating_add(old.micros);
        all = Period::new(all.start.min(old.start), all.end.max(old.end));
    }
    if all.start < all.end {
        put(periods, [from, to, used], all);
    }
    let mut totals = LapTotals::read(words);
    let wall = totals.wall_micros.filter(|_| is_known);
    totals.wall_micros = wall.map(|wall| wall.saturating_sub(counted).saturating_add(all.micros));
    *words = totals.words();
}

/// Puts a period in the place of some of the periods that are used. If it replaces none and
/// there is no room, the first two are put together.
fn put(periods: &mut [Words<PERIOD>], [from, to, used]: [usize; 3], new: Period) {
    let new_words = new.words();
    if let Some([first, rest @ ..]) = periods.get_mut(from..used).filter(|_| from < to) {
        *first = new_words;
        let free = to - from - 1;
        rest.rotate_left(free);
        rest.iter_mut()
            .rev()
            .take(free)
            .for_each(|words| *words = [[0; 8]; PERIOD]);
    } else if let Some(later) = periods.get_mut(from..=used) {
        later.rotate_right(1);
        if let Some(place) = later.first_mut() {
            *place = new_words;
        }
    } else if let Some([first, rest @ ..]) = periods.get_mut(..from)
        && let Some(second) = rest.first()
    {
        *first = Period::read(first).with(Period::read(second)).words();
        rest.rotate_left(1);
        if let Some(place) = rest.last_mut() {
            *place = new_words;
        }
    } else if let Some(first) = periods.first_mut() {
        *first = Period::read(first).with(new).words();
    }
}
