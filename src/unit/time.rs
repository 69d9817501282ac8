//! Timers: running laps, and the totals they are added to.

use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;

use crate::base::clock;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::arena::Span;
use crate::unit::store::field::Role;
use crate::unit::store::laps;
use crate::unit::store::laps::{LapId, LapTotals, ONE_PERIOD, OpenLap, Period};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;

/// How many laps may run at once; any further one is counted as dropped.
const MAX_OPEN: usize = 256;

impl Entry {
    /// Starts a lap; returns `None` if there is no room for it or for its field.
    pub(crate) fn start_lap(&mut self, key: KeyRef<'_>) -> Option<LapId> {
        // A lap that was stopped elsewhere does not overlap with this one.
        self.catch_up();
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

    /// Starts a lap that may be stopped where this entry is not.
    pub(crate) fn start_shared_lap(&mut self, key: KeyRef<'_>) -> Option<(LapId, Arc<UnitHub>)> {
        let lap_id = self.start_lap(key)?;
        // Of a part too: its unit does not know the laps that run in the part.
        Some((lap_id, Arc::clone(self.own_hub())))
    }

    /// Goes on with a lap that began in a part.
    pub(super) fn adopt_lap(&mut self, mut lap: OpenLap) {
        for own in self.laps.iter_mut().filter(|own| own.field == lap.field) {
            lap.busy_since = lap.busy_since.min(own.busy_since);
            own.busy_since = lap.busy_since;
        }
        match self.laps.len() < MAX_OPEN {
            true => self.laps.push(lap),
            false => self.close(lap, self.now()),
        }
    }

    /// Returns whether any lap runs in this entry.
    pub(crate) fn has_laps(&self) -> bool {
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

    /// Stops a lap of this unit that was over at an earlier time.
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

    /// Never inlined: few units have a lap to close when they end.
    #[inline(never)]
    fn close(&mut self, lap: OpenLap, now: Instant) {
        let micros = clock::micros(now.saturating_duration_since(lap.lap_id.start));
        self.add_laps(lap.field, LapTotals::from_lap(micros));
        if self.laps.iter().all(|open| open.field != lap.field) {
            let (start, end) = (self.nanos_at(lap.busy_since), self.nanos_at(now));
            self.add_period(lap.field, Period::new(start, end));
        }
    }

    /// Returns the place of a timer. A field that `set` made plain while its lap was running
    /// is left alone.
    fn timer_at(&self, at: usize) -> Option<Span> {
        let value = self.fields.value(at);
        (value.tag == Tag::Timer).then(|| Span::from_bits(value.bits))
    }

    /// Adds laps to those of a timer.
    pub(super) fn add_laps(&mut self, at: usize, more: LapTotals) {
        if let Some(timer) = self.timer_at(at) {
            laps::add(self.arena.get_mut(timer), more);
        }
    }

    /// Adds a period in which laps of a timer ran.
    pub(super) fn add_period(&mut self, at: usize, period: Period) {
        if self.home.is_some() || self.hub.get().is_some() {
            self.make_room_for_period(at);
        }
        if let Some(timer) = self.timer_at(at) {
            laps::add_period(self.arena.get_mut(timer), period);
        }
    }

    /// Makes room for one more period of a timer, unless there is no memory: in a destructor
    /// during a panic, that would end the process.
    fn make_room_for_period(&mut self, at: usize) {
        let Some(timer) = self.timer_at(at) else {
            return;
        };
        if let Some(room) = laps::wanted_room(self.arena.get(timer))
            && self.arena.make_room(room)
        {
            let mut wider = SmallVec::<[u8; 256]>::from_slice(self.arena.get(timer));
            wider.resize(room, 0);
            let timer = self.arena.replace(Some(timer), &wider).to_bits();
            (self.fields).store(at, Stored::new(Tag::Timer, timer), Role::Timer);
            self.tidy();
        }
    }
}
