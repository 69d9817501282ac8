//! Timers: running laps, and the totals they are added to.

use std::sync::Arc;
use std::time::Instant;

use crate::base::clock;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::arena::Span;
use crate::unit::store::field::Role;
use crate::unit::store::laps::{LapId, OpenLap};
use crate::unit::store::stored::{LapTotals, Tag};
use crate::value::key::KeyRef;

/// How many laps may run at once; any further one is counted as dropped.
const MAX_OPEN: usize = 256;

impl Entry {
    /// Starts a lap; returns `None` if there is no room for it or for its field.
    pub(crate) fn start_lap(&mut self, key: KeyRef<'_>) -> Option<LapId> {
        if self.laps.len() >= MAX_OPEN {
            self.catch_up();
            if let Some(home) = self.home.clone() {
                self.catch_up_laps(&home);
            }
        }
        if self.laps.len() >= MAX_OPEN {
            self.fields.dropped += 1;
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

    /// Finds or makes the field of a timer.
    pub(super) fn timer(&mut self, key: KeyRef<'_>) -> Option<usize> {
        let at = self.place(key, Role::Timer)?;
        if self.fields.value(at).tag != Tag::Timer {
            let laps = (self.arena).push(LapTotals::default().to_bytes().as_flattened());
            let reserved = self.settings.is_timer_reserved(key.as_str());
            self.fields.become_timer(at, laps, reserved);
        }
        Some(at)
    }

    /// Starts a lap that may be stopped where this entry is not.
    pub(crate) fn start_shared_lap(&mut self, key: KeyRef<'_>) -> Option<(LapId, Arc<UnitHub>)> {
        let lap_id = self.start_lap(key)?;
        Some((lap_id, Arc::clone(self.home_or_hub())))
    }

    /// Goes on with a lap that began in a part.
    pub(super) fn adopt_lap(&mut self, field: usize, lap_id: LapId) {
        let lap = OpenLap { field, lap_id };
        match self.laps.len() < MAX_OPEN {
            true => self.laps.push(lap),
            false => self.close(lap, self.now()),
        }
    }

    pub(super) fn has_laps(&self) -> bool {
        !self.laps.is_empty()
    }

    /// Returns whether a lap runs in this entry.
    pub(crate) fn runs_lap(&self, lap_id: LapId) -> bool {
        self.laps.iter().any(|lap| lap.lap_id == lap_id)
    }

    /// Ends a lap, if it runs here.
    pub(crate) fn stop_lap(&mut self, lap_id: LapId) {
        self.stop_lap_at(lap_id, self.now());
    }

    /// Ends a lap, if it runs here, that was over at an earlier time.
    pub(super) fn stop_lap_at(&mut self, lap_id: LapId, at: Instant) {
        if let Some(lap) = self.laps.iter().rposition(|lap| lap.lap_id == lap_id) {
            let lap = self.laps.remove(lap);
            self.close(lap, at);
        }
    }

    /// Ends every lap, for the record that is about to be written.
    #[inline]
    pub(crate) fn close_laps(&mut self, now: Instant) {
        while let Some(lap) = self.laps.pop() {
            self.close(lap, now);
        }
    }

    /// Returns a copy as the last record would have it, without running laps and
    /// held fragments, or `None` if there are none of either.
    #[cold]
    pub(crate) fn as_final(&self, now: Instant) -> Option<Box<Entry>> {
        if self.laps.is_empty() && !self.fragments.has_held() {
            return None;
        }
        let mut copy = Box::new(self.clone());
        copy.close_laps(now);
        copy.drop_held();
        Some(copy)
    }

    fn close(&mut self, lap: OpenLap, now: Instant) {
        let micros = clock::micros(now.saturating_duration_since(lap.lap_id.start));
        let lap_totals = LapTotals {
            count: 1,
            total_micros: micros,
            max_micros: micros,
        };
        self.add_laps(lap.field, lap_totals);
    }

    /// Adds laps to the totals of a timer. A field that `set` made plain while its
    /// lap was running is left alone.
    pub(super) fn add_laps(&mut self, at: usize, laps: LapTotals) {
        let value = self.fields.value(at);
        if value.tag == Tag::Timer {
            let laps = value.to_laps(&self.arena).and(laps).to_bytes();
            let place = Span::from_bits(value.bits);
            self.arena.overwrite(place, laps.as_flattened());
        }
    }
}
