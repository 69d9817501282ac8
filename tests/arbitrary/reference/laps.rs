//! Timers of a unit, and their laps.

use super::datum::Datum;
use super::fields::Held;
use super::record::{stars, whole};
use super::unit::Unit;

/// The finished laps of a timer.
#[derive(Clone, Debug)]
pub struct Laps {
    /// Distinguishes this timer from a later one with the same key.
    pub number: u64,
    pub count: u64,
    pub total_us: u64,
    pub longest_us: u64,
    pub redacted: bool,
}

/// A running lap.
#[derive(Clone)]
pub struct Lap {
    number: u64,
    timer: u64,
    start: u128,
}

impl Unit {
    /// Begins a lap; returns its number.
    pub fn start_timer(&mut self, key: &str, now: u128) -> u64 {
        self.last_number += 1;
        let lap = self.last_number;
        if let Some(timer) = self.timer(key) {
            self.laps.push(Lap {
                number: lap,
                timer,
                start: now,
            });
        }
        lap
    }

    /// The number of a key's timer, created if necessary; `None` if there is no room.
    pub fn timer(&mut self, key: &str) -> Option<u64> {
        let is_timer = |held: &Held| matches!(held, Held::Timer(_));
        let known = self.find(key, is_timer);
        if let Some(Held::Timer(laps)) = known.map(|at| &self.fields[at].held) {
            return Some(laps.number);
        }
        // A redacted key stays a single field, whatever kind of call came last.
        let redacted = self.is_redacted(key);
        let at = match self.find(key, |_| redacted) {
            Some(at) => at,
            None => self.room_for(key)?,
        };
        self.last_number += 1;
        self.fields[at].held = Held::Timer(Laps {
            number: self.last_number,
            count: 0,
            total_us: 0,
            longest_us: 0,
            redacted,
        });
        Some(self.last_number)
    }

    pub fn stop(&mut self, number: u64, now: u128) {
        let Some(at) = self.laps.iter().position(|lap| lap.number == number) else {
            return;
        };
        let lap = self.laps.remove(at);
        let us = ((now - lap.start) / 1_000) as u64;
        let over = Laps {
            number: lap.timer,
            count: 1,
            total_us: us,
            longest_us: us,
            redacted: false,
        };
        self.add_laps(lap.timer, &over);
    }

    /// Adds laps to a timer if it still exists.
    pub fn add_laps(&mut self, timer: u64, more: &Laps) {
        for field in &mut self.fields {
            if let Held::Timer(laps) = &mut field.held
                && laps.number == timer
            {
                laps.count += more.count;
                laps.total_us += more.total_us;
                laps.longest_us = laps.longest_us.max(more.longest_us);
            }
        }
    }

    pub fn stop_all(&mut self, now: u128) {
        while let Some(lap) = self.laps.first() {
            self.stop(lap.number, now);
        }
    }
}

/// Count, sum and longest, as they appear in a record.
pub fn numbers_of(laps: &Laps) -> [Datum; 3] {
    match laps.redacted {
        true => [stars(), stars(), stars()],
        false => [
            whole(laps.count.into()),
            Datum::Micros(laps.total_us),
            Datum::Micros(laps.longest_us),
        ],
    }
}
