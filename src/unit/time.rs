//! Timers: running laps, and the totals they are added to.

use std::time::Instant;

use crate::base::clock;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::Role;
use crate::unit::store::laps::{LapId, Laps, ONE_PERIOD, OpenLap, Period};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;

/// How many laps may run at once; any further one is counted as dropped.
const MAX_OPEN: usize = 256;

impl Entry {
    /// Starts a lap; returns `None` if there is no room for it or for its field.
    pub(crate) fn start_lap(&mut self, key: KeyRef<'_>) -> Option<LapId> {
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
        let running = self.laps.iter().find(|lap| lap.field == field);
        let busy_since = running.map_or(lap_id.start, |lap| lap.busy_since);
        self.laps.push(OpenLap {
            field,
            lap_id,
            busy_since,
        });
        self.tidy();
        Some(lap_id)
    }

    /// Finds or makes the field of a timer.
    pub(super) fn timer(&mut self, key: KeyRef<'_>) -> Option<usize> {
        let at = self.place(key, Role::Timer)?;
        if self.fields.value(at).tag != Tag::Timer {
            let laps = self.arena.push(&[0; ONE_PERIOD]);
            let reserved = self.settings.is_timer_reserved(key.as_str());
            self.fields.become_timer(at, laps, reserved);
        }
        Some(at)
    }

    /// Returns whether a lap runs in this entry.
    pub(crate) fn runs_lap(&self, lap_id: LapId) -> bool {
        self.laps.iter().any(|lap| lap.lap_id == lap_id)
    }

    /// Ends a lap, unless it is over already.
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
        let run_on = self.laps.iter().any(|open| open.field == lap.field);
        let period = Period::new(self.nanos_at(lap.busy_since), self.nanos_at(now));
        let period = Some(period).filter(|period| !run_on && period.start < period.end);
        self.add_laps(lap.field, &Laps::one(micros, period));
    }

    /// Adds laps to those of a timer. A field that `set` made plain while its lap was
    /// running is left alone.
    pub(super) fn add_laps(&mut self, at: usize, more: &Laps) {
        let value = self.fields.value(at);
        if value.tag != Tag::Timer {
            return;
        }
        let place = Span::from_bits(value.bits);
        let mut laps = Laps::from_bytes(self.arena.get(place));
        laps.add(more, self.parts.may_overlap());
        let mut bytes = laps.to_bytes();
        // In a destructor during a panic, a lack of memory would end the process.
        if bytes.len() > place.len() && !self.arena.make_room(bytes.len()) {
            laps.totals.wall_micros = None;
            laps.periods.clear();
            bytes = laps.to_bytes();
        }
        bytes.resize(bytes.len().max(place.len()), 0);
        let laps = self.arena.replace(Some(place), &bytes).to_bits();
        (self.fields).store(at, Stored::new(Tag::Timer, laps), Role::Timer);
        self.tidy();
    }
}
