//! Timers: laps that are running, and what becomes of them.

use std::time::Instant;

use crate::base::clock;
use crate::unit::Entry;
use crate::unit::store::field::Role;
use crate::unit::store::laps::{LapId, OpenLap};
use crate::unit::store::stored::{LapTotals, Tag};
use crate::value::key::KeyRef;

/// More laps than this at once are not timed, but counted as dropped.
const MAX_OPEN: usize = 256;

impl Entry {
    /// Starts a lap; `None` where there is no room for its field.
    pub(crate) fn start_lap(&mut self, key: KeyRef<'_>) -> Option<LapId> {
        if self.laps.len() >= MAX_OPEN {
            self.fields.dropped = self.fields.dropped.saturating_add(1);
            return None;
        }
        let field = self.timer(key)?;
        let lap_id = LapId {
            id: self.next_lap,
            home: std::ptr::from_ref(self).addr(),
            start: self.now(),
        };
        self.next_lap = self.next_lap.wrapping_add(1);
        self.laps.push(OpenLap { field, lap_id });
        self.tidy();
        Some(lap_id)
    }

    /// The place of a timer's field.
    pub(super) fn timer(&mut self, key: KeyRef<'_>) -> Option<usize> {
        let at = self.place(key, Role::Timer)?;
        if self.fields.get(at)?.value().tag != Tag::Timer {
            let laps = self.arena.push(&LapTotals::default().to_bytes());
            self.fields
                .become_timer(at, laps, &self.settings, &self.arena);
        }
        Some(at)
    }

    /// Whether this entry runs a lap.
    pub(crate) fn runs_lap(&self, lap_id: LapId) -> bool {
        self.laps.iter().any(|lap| lap.lap_id == lap_id)
    }

    /// Ends a lap; one that is over already is left alone.
    pub(crate) fn stop_lap(&mut self, lap_id: LapId) {
        if let Some(at) = self.laps.iter().rposition(|lap| lap.lap_id == lap_id) {
            let lap = self.laps.remove(at);
            self.close(lap, self.now());
        }
    }

    /// Ends every lap, for the record that is about to be written.
    #[inline]
    pub(crate) fn close_laps(&mut self, now: Instant) {
        while let Some(lap) = self.laps.pop() {
            self.close(lap, now);
        }
    }

    /// A copy as the last record would have it, without running laps and held
    /// fragments; `None` where there are none.
    #[cold]
    pub(crate) fn as_final(&self, now: Instant) -> Option<Box<Entry>> {
        if self.laps.is_empty() && !self.has_held {
            return None;
        }
        let mut copy = Box::new(self.clone());
        copy.close_laps(now);
        copy.drop_held();
        Some(copy)
    }

    fn close(&mut self, lap: OpenLap, now: Instant) {
        let Some(value) = self.fields.get(lap.field).map(|field| field.value()) else {
            return;
        };
        // `set` on the key of a running timer made it plain: the lap has no field left.
        let Some(span) = value.span().filter(|_| value.tag == Tag::Timer) else {
            return;
        };
        let mut laps = value.to_laps(&self.arena);
        laps.add(clock::micros(
            now.saturating_duration_since(lap.lap_id.start),
        ));
        self.arena.overwrite(span, &laps.to_bytes());
    }
}
