//! Timers of a unit, and their laps.

use super::datum::Datum;
use super::fields::{Field, Held};
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
    /// The time in which at least one lap ran, unless it is not known.
    pub wall_us: Option<u64>,
    /// The periods in which laps ran.
    pub busy: Vec<Busy>,
}

/// A period in which laps ran, and for how long they ran in it.
#[derive(Clone, Debug)]
pub struct Busy {
    from: u128,
    to: u128,
    us: u64,
}

/// What is written after the key of a timer.
pub const ENDS: [&str; 4] = [".count", ".ms", ".max_ms", ".wall_ms"];

/// How many periods are kept apart. Those before count as one, of which not all was busy.
const APART: usize = 32;

impl Busy {
    fn new(from: u128, to: u128) -> Busy {
        let us = ((to - from) / 1_000) as u64;
        Busy { from, to, us }
    }

    fn has_gaps(&self) -> bool {
        self.us < Busy::new(self.from, self.to).us
    }
}

/// A running lap.
#[derive(Clone)]
pub struct Lap {
    number: u64,
    timer: u64,
    start: u128,
    /// Since when laps of the timer have been running without a gap.
    busy_since: u128,
}

impl Unit {
    /// Begins a lap; returns its number.
    pub fn start_timer(&mut self, key: &str, now: u128) -> u64 {
        self.last_number += 1;
        let lap = self.last_number;
        if let Some(timer) = self.timer(key) {
            let running = self.laps.iter().find(|lap| lap.timer == timer);
            self.laps.push(Lap {
                number: lap,
                timer,
                start: now,
                busy_since: running.map_or(now, |lap| lap.busy_since),
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
            wall_us: Some(0),
            busy: Vec::new(),
        });
        Some(self.last_number)
    }

    pub fn has_laps(&self) -> bool {
        !self.laps.is_empty()
    }

    /// Takes out the laps that run, each with its key.
    pub fn take_laps(&mut self) -> Vec<(String, Lap)> {
        let laps = std::mem::take(&mut self.laps);
        let keyed = laps.into_iter().filter_map(|lap| {
            let is_its = |field: &&Field| match &field.held {
                Held::Timer(laps) => laps.number == lap.timer,
                _ => false,
            };
            let field = self.fields.iter().find(is_its)?;
            Some((field.key.clone(), lap))
        });
        keyed.collect()
    }

    /// Laps that ran elsewhere go on here.
    pub fn go_on(&mut self, laps: Vec<(String, Lap)>) {
        for (key, lap) in laps {
            if let Some(timer) = self.timer(&key) {
                let its = |own: &&mut Lap| own.timer == timer;
                let since = self.laps.iter_mut().filter(its).map(|own| own.busy_since);
                let since = since
                    .min()
                    .map_or(lap.busy_since, |own| own.min(lap.busy_since));
                let own = self.laps.iter_mut().filter(its);
                own.for_each(|own| own.busy_since = since);
                self.laps.push(Lap {
                    timer,
                    busy_since: since,
                    ..lap
                });
            }
        }
    }

    pub fn runs_lap(&self, number: u64) -> bool {
        self.laps.iter().any(|lap| lap.number == number)
    }

    pub fn stop(&mut self, number: u64, now: u128) {
        let Some(at) = self.laps.iter().position(|lap| lap.number == number) else {
            return;
        };
        let lap = self.laps.remove(at);
        let us = ((now - lap.start) / 1_000) as u64;
        let runs_on = self.laps.iter().any(|other| other.timer == lap.timer);
        let busy = (!runs_on).then(|| Busy::new(lap.busy_since, now));
        let over = Laps {
            number: lap.timer,
            count: 1,
            total_us: us,
            longest_us: us,
            redacted: false,
            wall_us: Some(0),
            busy: busy.into_iter().collect(),
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
                laps.wall_us = laps.wall_us.filter(|_| more.wall_us.is_some());
                more.busy.iter().for_each(|busy| laps.add_busy(busy));
            }
        }
    }

    pub fn stop_all(&mut self, now: u128) {
        while let Some(lap) = self.laps.first() {
            self.stop(lap.number, now);
        }
    }
}

impl Laps {
    /// Time that was busy before counts once, if it is known which time that was.
    fn add_busy(&mut self, new: &Busy) {
        let mut all = new.clone();
        let overlaps = |old: &Busy| old.from < new.to && new.from < old.to;
        for old in self.busy.iter().filter(|old| overlaps(old)) {
            if old.has_gaps() || new.has_gaps() {
                self.wall_us = None;
            }
            self.wall_us = self.wall_us.map(|wall| wall - old.us);
            all = Busy::new(all.from.min(old.from), all.to.max(old.to));
        }
        self.wall_us = self.wall_us.map(|wall| wall + all.us);
        self.busy.retain(|old| !overlaps(old));
        if all.from < all.to {
            self.busy.push(all);
        }
        self.busy.sort_by_key(|busy| busy.from);
        if self.busy.len() > APART {
            let first = self.busy.remove(0);
            self.busy[0].from = first.from;
            self.busy[0].us += first.us;
        }
    }
}

/// Count, sum, longest and, if laps overlapped, the time in which at least one ran.
pub fn numbers_of(laps: &Laps) -> [Option<Datum>; 4] {
    let wall = laps.wall_us.filter(|wall| *wall < laps.total_us);
    match laps.redacted {
        true => [Some(stars()), Some(stars()), Some(stars()), None],
        false => [
            Some(whole(laps.count.into())),
            Some(Datum::Micros(laps.total_us)),
            Some(Datum::Micros(laps.longest_us)),
            wall.map(Datum::Micros),
        ],
    }
}
