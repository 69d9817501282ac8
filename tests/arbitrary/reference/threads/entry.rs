//! Where the data of units and parts is: with a trace, or in the stack of a thread.

use std::mem;

use super::super::unit::Unit;
use super::super::world::{self, World};
use super::predicted::{Predicted, Ref};
use super::program::KEYS;

/// What is collected in one place for a unit: by itself or by a part of it.
#[derive(Clone)]
pub struct Entry {
    pub id: usize,
    /// The number of the unit.
    pub number: usize,
    pub unit: Unit,
    pub has_ended: bool,
}

/// What a trace is.
pub enum State {
    Disabled(Box<Unit>),
    Here(Box<Entry>),
    /// A handle of `run!`.
    Handle(usize),
    /// A handle with laps that run elsewhere, or that was current there.
    Away(Box<Entry>),
}

impl State {
    pub fn disabled() -> State {
        State::Disabled(Box::new(Unit::dead()))
    }
}

/// A trace that is current.
pub enum Lent {
    Here(usize),
    Away(usize),
    Covering(usize),
    /// Its unit was current already.
    Handle(usize),
}

pub struct Layer {
    pub token: usize,
    pub slot: Slot,
}

pub enum Slot {
    Unit(Box<Entry>),
    /// A disabled trace.
    Cover(Box<Unit>),
    Gone,
}

#[derive(Clone, Copy)]
pub struct LapId {
    pub entry: usize,
    pub number: u64,
    /// Whether whoever stops it can reach the entry from anywhere.
    pub is_shared: bool,
}

/// A lap of an entry was stopped elsewhere.
#[derive(Clone, Copy)]
pub struct Wake {
    entry: usize,
    number: u64,
    at: u128,
}

impl Predicted<'_> {
    /// A part that a handle of the unit itself writes to.
    pub fn part_of_handle(&mut self, number: usize) -> Box<Entry> {
        let mut part = self.part(number);
        part.unit.speaks = true;
        part
    }

    pub fn part(&mut self, number: usize) -> Box<Entry> {
        self.last += 1;
        let mut unit = self.units[number - 1].seed.part();
        unit.last_number = (self.last as u64 + 1_000_000) << 32;
        Box::new(Entry {
            id: self.last,
            number,
            unit,
            has_ended: false,
        })
    }

    /// Lets the rules for ids see the stack of the thread.
    pub fn in_world<R>(&mut self, call: impl FnOnce(&mut World) -> R) -> R {
        let stack = &mut self.stacks[self.thread];
        let layers = stack.iter_mut().map(|layer| {
            world::Layer::Unit(match &mut layer.slot {
                Slot::Unit(entry) if !entry.has_ended => {
                    mem::replace(&mut entry.unit, Unit::dead())
                }
                Slot::Cover(unit) => mem::replace(&mut **unit, Unit::dead()),
                _ => Unit::gone(),
            })
        });
        self.world.outer = layers.collect();
        let result = call(&mut self.world);
        for (layer, back) in stack.iter_mut().zip(mem::take(&mut self.world.outer)) {
            let world::Layer::Unit(back) = back else {
                continue;
            };
            match &mut layer.slot {
                Slot::Unit(entry) if !entry.has_ended => entry.unit = back,
                Slot::Cover(unit) => **unit = back,
                _ => {}
            }
        }
        result
    }

    // ----- the stack of the thread

    fn push(&mut self, slot: Slot) -> usize {
        self.last += 1;
        let token = self.last;
        if let Slot::Unit(entry) = &slot
            && !entry.unit.is_part
        {
            self.units[entry.number - 1].token = Some(token);
        }
        self.stacks[self.thread].push(Layer { token, slot });
        token
    }

    fn pop(&mut self, token: usize) -> Slot {
        let stack = &mut self.stacks[self.thread];
        let at = stack.iter().position(|layer| layer.token == token);
        at.map_or(Slot::Gone, |at| stack.remove(at).slot)
    }

    /// The uppermost layer, if it is a unit that goes on.
    pub fn current(&mut self) -> Option<&mut Entry> {
        match &mut self.stacks[self.thread].last_mut()?.slot {
            Slot::Unit(entry) if !entry.has_ended => Some(entry),
            _ => None,
        }
    }

    pub fn current_unit(&mut self) -> Ref {
        if let Some(entry) = self.current() {
            return Ref::Unit(entry.number);
        }
        match self.stacks[self.thread].last().map(|layer| &layer.slot) {
            Some(Slot::Cover(unit)) => Ref::Disabled(Box::new(unit.copied())),
            _ => Ref::disabled(),
        }
    }

    /// The unit itself, if it is current on this thread, even below others.
    pub fn at_hand(&mut self, number: usize) -> Option<&mut Entry> {
        let token = self.units[number - 1].token?;
        let stack = &mut self.stacks[self.thread];
        let layer = stack.iter_mut().find(|layer| layer.token == token)?;
        match &mut layer.slot {
            Slot::Unit(entry) if !entry.has_ended => Some(entry),
            _ => None,
        }
    }

    pub fn is_at_hand(&mut self, number: usize) -> bool {
        self.at_hand(number).is_some()
    }

    pub fn enter(&mut self, unit: Ref) -> usize {
        let slot = match unit {
            Ref::Unit(number) => Slot::Unit(self.part(number)),
            Ref::Disabled(unit) => Slot::Cover(Box::new(unit.copied())),
        };
        self.push(slot)
    }

    pub fn leave(&mut self, token: usize) {
        if let Slot::Unit(part) = self.pop(token) {
            self.come_home(*part);
        }
    }

    // ----- traces

    /// A handle that is back where its unit is has nothing of its own any more; laps go on.
    pub fn settled(&mut self, state: State) -> State {
        match state {
            State::Away(mut part) if self.is_at_hand(part.number) => {
                let number = part.number;
                self.catch_up(&mut part);
                self.with_unit(number, |all, unit| {
                    all.catch_up(unit);
                    unit.unit.cell.borrow_mut().running -= 1;
                    let laps = part.unit.take_laps();
                    unit.unit.join(part.unit.clone(), all.world.now);
                    unit.unit.go_on(laps);
                });
                State::Handle(number)
            }
            state => state,
        }
    }

    pub fn lend(&mut self, state: State) -> Lent {
        match self.settled(state) {
            State::Disabled(unit) => Lent::Covering(self.push(Slot::Cover(unit))),
            State::Here(entry) => Lent::Here(self.push(Slot::Unit(entry))),
            State::Away(entry) => Lent::Away(self.push(Slot::Unit(entry))),
            State::Handle(number) => {
                let token = self.units[number - 1].token;
                let top = self.stacks[self.thread].last().map(|layer| layer.token);
                if token == top && self.is_at_hand(number) {
                    return Lent::Handle(number);
                }
                let part = self.part_of_handle(number);
                Lent::Away(self.push(Slot::Unit(part)))
            }
        }
    }

    pub fn take_back(&mut self, lent: Lent) -> State {
        let (Lent::Here(token) | Lent::Away(token) | Lent::Covering(token)) = lent else {
            return match lent {
                Lent::Handle(number) => State::Handle(number),
                _ => State::disabled(),
            };
        };
        match (self.pop(token), lent) {
            (Slot::Cover(unit), _) => State::Disabled(unit),
            (Slot::Unit(entry), Lent::Here(_)) if !entry.has_ended => State::Here(entry),
            (Slot::Unit(entry), Lent::Away(_)) => self.settled(State::Away(entry)),
            _ => State::disabled(),
        }
    }

    pub fn drop_state(&mut self, state: State) {
        if let State::Here(entry) | State::Away(entry) = self.settled(state) {
            self.finish(*entry);
        }
    }

    /// A call on a trace, wherever its unit is. A handle that is not where its unit is
    /// becomes a part of it.
    pub fn with<R>(
        &mut self,
        state: &mut State,
        call: impl FnOnce(&mut Self, &mut Entry) -> R,
    ) -> Option<R> {
        *state = self.settled(mem::replace(state, State::disabled()));
        if let State::Handle(number) = *state {
            if self.is_at_hand(number) {
                return self.with_unit(number, |all, entry| {
                    all.catch_up(entry);
                    call(all, entry)
                });
            }
            *state = State::Away(self.part_of_handle(number));
        }
        match state {
            State::Here(entry) => Some(call(self, entry)),
            State::Away(part) => {
                let result = call(self, part);
                self.catch_up(part);
                // What it wrote goes to the unit at once, unless laps still run.
                if !part.unit.has_laps() {
                    let number = part.number;
                    if let State::Away(part) = mem::replace(state, State::Handle(number)) {
                        self.come_home(*part);
                    }
                }
                Some(result)
            }
            _ => None,
        }
    }

    /// A call on a unit that is at hand.
    fn with_unit<R>(
        &mut self,
        number: usize,
        call: impl FnOnce(&mut Self, &mut Entry) -> R,
    ) -> Option<R> {
        let (mut entry, id) = {
            let entry = self.at_hand(number)?;
            (entry.clone(), entry.id)
        };
        let result = call(self, &mut entry);
        self.put(id, entry);
        Some(result)
    }

    /// A call on what is current; returns whether there is anything.
    pub fn with_current(&mut self, call: impl FnOnce(&mut Self, &mut Entry)) -> bool {
        let Some(entry) = self.current() else {
            return false;
        };
        let (mut entry, id) = (entry.clone(), entry.id);
        call(self, &mut entry);
        self.put(id, entry);
        true
    }

    fn put(&mut self, id: usize, new: Entry) {
        for layer in &mut self.stacks[self.thread] {
            match &mut layer.slot {
                Slot::Unit(entry) if entry.id == id => return **entry = new,
                _ => {}
            }
        }
    }

    // ----- what comes back

    /// An entry takes in what others wrote.
    pub fn catch_up(&mut self, entry: &mut Entry) {
        let (own, others) = self.wakes.iter().partition(|wake| wake.entry == entry.id);
        self.wakes = others;
        let own: Vec<Wake> = own;
        own.iter()
            .for_each(|wake| entry.unit.stop(wake.number, wake.at));
        entry.unit.catch_up(self.world.now);
    }

    /// What a reader sees of an entry.
    pub fn seen(&self, entry: &Entry) -> Entry {
        let mut seen = entry.clone();
        let own = self.wakes.iter().filter(|wake| wake.entry == entry.id);
        own.for_each(|wake| seen.unit.stop(wake.number, wake.at));
        seen.unit = seen.unit.seen(self.world.now);
        seen
    }

    pub fn merge(&mut self, entry: &mut Entry, mut part: Entry) {
        self.catch_up(&mut part);
        entry.unit.cell.borrow_mut().running -= 1;
        entry.unit.join(part.unit, self.world.now);
    }

    pub fn come_home(&mut self, mut part: Entry) {
        let Some(unit) = self.at_hand(part.number) else {
            self.catch_up(&mut part);
            return part.unit.come_home(self.world.now);
        };
        let (mut unit, id) = (unit.clone(), unit.id);
        self.catch_up(&mut unit);
        self.merge(&mut unit, part);
        self.put(id, unit);
    }

    pub fn finish(&mut self, mut entry: Entry) {
        match entry.unit.is_part {
            true => self.come_home(entry),
            false => self.end(&mut entry),
        }
    }

    /// Writes the record of a unit.
    pub fn end(&mut self, entry: &mut Entry) {
        self.catch_up(entry);
        match self.units[entry.number - 1].is_discarded {
            true => self.world.close(&mut entry.unit, true),
            false => self.world.finish(&mut entry.unit, true),
        }
    }

    // ----- laps

    pub fn start_lap(&mut self, entry: &mut Entry, key: usize, is_shared: bool) -> LapId {
        self.catch_up(entry);
        LapId {
            entry: entry.id,
            number: entry.unit.start_timer(KEYS[key], self.world.now),
            is_shared,
        }
    }

    /// Stops a lap for which a trace was asked: it may run in the unit of that part.
    pub fn stop_by(&mut self, state: &mut State, lap: LapId) {
        let shared = lap.is_shared.then_some(lap.entry);
        let home = self.with(state, |all, entry| {
            if entry.unit.runs_lap(lap.number) {
                entry.unit.stop(lap.number, all.world.now);
                return None;
            }
            let home = all.units[entry.number - 1].entry;
            entry.unit.is_part.then_some(home).or(shared)
        });
        if let Some(entry) = home.unwrap_or(shared) {
            self.wake(entry, lap);
        }
    }

    /// Stops a lap wherever in the stack it runs, or elsewhere.
    pub fn stop_anywhere(&mut self, lap: LapId) {
        let now = self.world.now;
        let mut homes = Vec::new();
        for layer in self.stacks[self.thread].iter_mut().rev() {
            match &mut layer.slot {
                Slot::Unit(entry) if entry.unit.runs_lap(lap.number) => {
                    return entry.unit.stop(lap.number, now);
                }
                Slot::Unit(entry) if entry.unit.is_part => homes.push(entry.number),
                _ => {}
            }
        }
        if lap.is_shared {
            return self.wake(lap.entry, lap);
        }
        for number in homes {
            self.wake(self.units[number - 1].entry, lap);
        }
    }

    /// Stops a lap of the entry if it runs there.
    pub fn wake(&mut self, entry: usize, lap: LapId) {
        let at = self.world.now;
        let number = lap.number;
        let known = self.units.iter().find(|known| known.entry == entry);
        if !known.is_some_and(|known| known.seed.cell.borrow().is_over) {
            self.wakes.push(Wake { entry, number, at });
        }
    }
}
