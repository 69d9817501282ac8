//! What the calls give, as the pages of `current`, `UnitRef`, `Part` and the guide have it.

use std::mem;
use std::time::Duration;

use log::Level;
use traceline::Outcome;

use super::super::places;
use super::super::program::{Cause, End, Key, Num, Text, Val};
use super::super::transaction::traceparent;
use super::super::unit::Unit;
use super::super::world::World;
use super::entry::{Entry, LapId, Layer, Lent, State, Wake};
use super::program::{KEYS, Op, Program, Step, THREADS, Whom};

/// Runs a program; returns the same as the library should.
pub fn run(program: &Program, last: &[Step]) -> Vec<String> {
    let mut all = Predicted {
        world: World::new(&program.settings),
        units: Vec::new(),
        stacks: Default::default(),
        frames: Default::default(),
        guards: Default::default(),
        traces: Vec::new(),
        futures: Vec::new(),
        refs: Vec::new(),
        timers: Vec::new(),
        laps: Vec::new(),
        wakes: Vec::new(),
        last: 0,
        thread: 0,
    };
    for step in program.steps.iter().chain(last) {
        all.thread = step.thread;
        all.op(step.op);
    }
    let done = all.world.done;
    let lines = done.records.into_iter();
    let lines = lines.map(|record| format!("{} {}", record.level, record.line));
    done.seen.into_iter().chain(lines).collect()
}

/// A trace that lies around.
pub struct Lying {
    pub number: usize,
    pub is_part: bool,
    pub state: State,
}

/// What others know of a unit.
pub struct Known {
    /// As it was in the beginning; for its parts.
    pub seed: Unit,
    pub entry: usize,
    /// Where it was made current last.
    pub token: Option<usize>,
    pub is_discarded: bool,
}

/// A `UnitRef`.
#[derive(Clone)]
pub enum Ref {
    Unit(usize),
    Disabled(Box<Unit>),
}

impl Ref {
    pub fn disabled() -> Ref {
        Ref::Disabled(Box::new(Unit::dead()))
    }
}

pub struct Running {
    state: State,
    number: usize,
    has_begun: bool,
}

pub enum Frame {
    Trace(usize, bool, Lent),
    Run(Lent),
    Future(usize, Lent),
    Ref(usize, Ref, usize),
}

pub struct Predicted<'p> {
    pub world: World<'p>,
    pub units: Vec<Known>,
    pub stacks: [Vec<Layer>; THREADS],
    frames: [Vec<Frame>; THREADS],
    guards: [Vec<usize>; THREADS],
    traces: Vec<Lying>,
    futures: Vec<Running>,
    refs: Vec<(usize, Ref)>,
    timers: Vec<Option<LapId>>,
    laps: Vec<Option<LapId>>,
    /// Laps that were stopped elsewhere, until their entry looks.
    pub wakes: Vec<Wake>,
    /// The last number of an entry or a token.
    pub last: usize,
    /// The thread that works.
    pub thread: usize,
}

fn take<T>(all: &mut Vec<T>, n: usize) -> Option<T> {
    (!all.is_empty()).then(|| all.remove(n % all.len()))
}

impl Predicted<'_> {
    fn op(&mut self, op: Op) {
        match op {
            Op::Start => {
                let (number, entry) = self.start();
                self.lay(number, false, State::Here(entry));
            }
            Op::Disabled => self.lay(0, false, State::disabled()),
            Op::Future => {
                let (number, entry) = self.start();
                self.futures.push(Running {
                    state: State::Here(entry),
                    number,
                    has_begun: false,
                });
            }
            Op::Scope(_) | Op::Run | Op::Poll(_) | Op::RefScope(_) => self.open(op),
            Op::Close => self.close(false),
            Op::Ready => self.close(true),
            Op::RefEnter(n) => {
                if let Some((_, unit)) = self.refs.get(n % self.refs.len().max(1)).cloned() {
                    let token = self.enter(unit);
                    self.guards[self.thread].push(token);
                }
            }
            Op::Leave(n) => {
                if let Some(token) = take(&mut self.guards[self.thread], n) {
                    self.leave(token);
                }
            }
            Op::PartOfRef(n) => {
                if let Some((number, unit)) = self.refs.get(n % self.refs.len().max(1)).cloned() {
                    self.lay_part(number, unit);
                }
            }
            Op::Join(n, m) => self.join(n, m),
            Op::Drop(n) => {
                if let Some(trace) = take(&mut self.traces, n) {
                    self.drop_state(trace.state);
                }
            }
            Op::DropFuture(n) => {
                if let Some(future) = take(&mut self.futures, n) {
                    self.drop_future(future);
                }
            }
            Op::Emit(n) | Op::Discard(Whom::Trace(n)) => {
                if let Some(trace) = take(&mut self.traces, n) {
                    match (trace.is_part, op) {
                        (true, _) => self.drop_state(trace.state),
                        (false, Op::Emit(_)) => self.emit(trace.state),
                        (false, _) => self.discard(trace.state),
                    }
                }
            }
            Op::Discard(Whom::Current) => {
                if let Some(entry) = self.current() {
                    let number = entry.number;
                    self.units[number - 1].is_discarded = true;
                }
            }
            Op::DropLap(n) => {
                if let Some(Some(lap)) = take(&mut self.laps, n) {
                    self.stop_anywhere(lap);
                }
            }
            Op::UnitRef(Whom::Current) => {
                let unit = self.current_unit();
                self.refs.push((0, unit));
            }
            Op::Part(Whom::Current) => {
                let unit = self.current_unit();
                self.lay_part(0, unit);
            }
            Op::Advance(by) => self.world.now += Duration::from_micros(by.into()).as_nanos(),
            op => self.call(op),
        }
    }

    fn start(&mut self) -> (usize, Box<Entry>) {
        let unit = self.world.new_unit("unit", "traceline", Level::Info);
        self.last += 1;
        self.units.push(Known {
            seed: unit.clone(),
            entry: self.last,
            token: None,
            is_discarded: false,
        });
        let mut entry = Box::new(Entry {
            id: self.last,
            number: self.units.len(),
            unit,
            has_ended: false,
        });
        let unit = &mut entry.unit;
        self.in_world(|world| world.begin_in(unit, None));
        (self.units.len(), entry)
    }

    fn lay(&mut self, number: usize, is_part: bool, state: State) {
        self.traces.push(Lying {
            number,
            is_part,
            state,
        });
    }

    fn lay_part(&mut self, number: usize, unit: Ref) {
        let state = match unit {
            Ref::Unit(unit) => State::Here(self.part(unit)),
            Ref::Disabled(unit) => State::Disabled(Box::new(unit.copied())),
        };
        self.lay(number, true, state);
    }

    fn open(&mut self, op: Op) {
        let frame = match op {
            Op::Scope(n) => take(&mut self.traces, n).map(|trace| {
                let lent = self.lend(trace.state);
                Frame::Trace(trace.number, trace.is_part, lent)
            }),
            Op::Run => {
                let (number, entry) = self.start();
                let lent = self.lend(State::Here(entry));
                self.lay(number, false, State::Handle(number));
                Some(Frame::Run(lent))
            }
            Op::Poll(n) => take(&mut self.futures, n).map(|future| {
                let lent = self.lend(future.state);
                if !future.has_begun {
                    self.lay(future.number, false, State::Handle(future.number));
                }
                Frame::Future(future.number, lent)
            }),
            Op::RefScope(n) => take(&mut self.refs, n).map(|(number, unit)| {
                let token = self.enter(unit.clone());
                Frame::Ref(number, unit, token)
            }),
            _ => None,
        };
        self.frames[self.thread].extend(frame);
    }

    /// Ends the innermost scope of the thread.
    fn close(&mut self, is_ready: bool) {
        match self.frames[self.thread].pop() {
            Some(Frame::Trace(number, is_part, lent)) => {
                let state = self.take_back(lent);
                self.lay(number, is_part, state);
            }
            Some(Frame::Run(lent)) => {
                let state = self.take_back(lent);
                self.end_well(state);
            }
            Some(Frame::Future(number, lent)) => {
                let state = self.take_back(lent);
                match is_ready {
                    true => self.end_well(state),
                    false => self.futures.push(Running {
                        state,
                        number,
                        has_begun: true,
                    }),
                }
            }
            Some(Frame::Ref(number, unit, token)) => {
                self.leave(token);
                self.refs.push((number, unit));
            }
            None => {}
        }
    }

    /// The work of `run!` gave an `Ok`, which counts if nothing else was said.
    fn end_well(&mut self, state: State) {
        if let State::Here(mut entry) = state {
            self.catch_up(&mut entry);
            if entry.unit.outcome().is_none() {
                entry.unit.end_as(Outcome::Ok);
            }
            self.finish(*entry);
        }
    }

    fn drop_future(&mut self, future: Running) {
        let mut state = future.state;
        if future.has_begun {
            let lent = self.lend(state);
            state = self.take_back(lent);
        }
        if let State::Here(entry) = &mut state {
            entry.unit.end_as(Outcome::Cancelled);
        }
        self.drop_state(state);
    }

    fn emit(&mut self, state: State) {
        match self.settled(state) {
            State::Handle(number) if self.is_at_hand(number) => {
                self.with(&mut State::Handle(number), |all, entry| {
                    all.end(entry);
                    entry.has_ended = true;
                });
            }
            state => self.drop_state(state),
        }
    }

    fn discard(&mut self, state: State) {
        match state {
            State::Here(mut entry) => {
                self.units[entry.number - 1].is_discarded = true;
                self.world.end(
                    End::Discard,
                    std::ops::ControlFlow::Continue(()),
                    mem::replace(&mut entry.unit, Unit::dead()),
                );
            }
            State::Handle(number) => self.units[number - 1].is_discarded = true,
            State::Away(entry) => {
                self.units[entry.number - 1].is_discarded = true;
                self.drop_state(State::Away(entry));
            }
            State::Disabled(_) => {}
        }
    }

    fn join(&mut self, n: usize, m: usize) {
        let Some(part) = take(&mut self.traces, n) else {
            return;
        };
        let mut trace = take(&mut self.traces, m);
        match &mut trace {
            Some(trace) if part.is_part && trace.number == part.number && part.number > 0 => {
                let mut state = Some(part.state);
                self.with(&mut trace.state, |all, entry| {
                    all.catch_up(entry);
                    if let Some(State::Here(part)) = state.take() {
                        all.merge(entry, *part);
                    }
                });
                if let Some(state) = state {
                    self.drop_state(state);
                }
            }
            _ => self.traces.push(part),
        }
        self.traces.extend(trace);
    }

    // ----- calls on what is current, or on a trace

    fn call(&mut self, op: Op) {
        let whom = match op {
            Op::Set(whom, ..) | Op::Incr(whom, _) | Op::Max(whom, ..) => whom,
            Op::Lap(whom, _) | Op::StartTimer(whom, _) | Op::Look(whom, _) => whom,
            Op::Add(whom) | Op::Warn(whom) | Op::Error(whom) | Op::Ok(whom) => whom,
            Op::Stop(whom, _) | Op::Ids(whom) | Op::Checkpoint(whom) => whom,
            Op::UnitRef(whom) | Op::Part(whom) => whom,
            op => unreachable!("{op:?}"),
        };
        match whom {
            Whom::Current => self.call_current(op),
            Whom::Trace(n) => {
                if let Some(mut trace) = take(&mut self.traces, n) {
                    self.call_trace(op, &mut trace);
                    self.traces.push(trace);
                }
            }
        }
    }

    fn call_trace(&mut self, op: Op, trace: &mut Lying) {
        let unit = match &trace.state {
            State::Disabled(unit) => Ref::Disabled(Box::new(unit.copied())),
            State::Here(entry) | State::Away(entry) => Ref::Unit(entry.number),
            State::Handle(number) => Ref::Unit(*number),
        };
        match op {
            Op::UnitRef(_) => self.refs.push((trace.number, unit)),
            Op::Part(_) => self.lay_part(trace.number, unit),
            Op::Look(_, key) => self.look_at(&trace.state, key),
            Op::Ids(_) => {
                let seen = self.ids_of(&mut trace.state);
                self.world.done.seen.push(format!("{seen:?}"));
            }
            Op::Lap(_, key) | Op::StartTimer(_, key) => {
                let is_shared = matches!(op, Op::Lap(..));
                let start =
                    |all: &mut Self, entry: &mut Entry| all.start_lap(entry, key, is_shared);
                let lap = self.with(&mut trace.state, start);
                self.keep_lap(op, lap);
            }
            Op::Stop(_, n) => {
                if let Some(Some(lap)) = take(&mut self.timers, n) {
                    self.stop_by(&mut trace.state, lap);
                }
            }
            // Fragments find their place by their times.
            Op::Add(_) | Op::Warn(_) => {
                self.with(&mut trace.state, |all, entry| all.write(op, entry));
            }
            _ => {
                self.with(&mut trace.state, |all, entry| {
                    all.catch_up(entry);
                    all.write(op, entry);
                });
            }
        }
    }

    fn call_current(&mut self, op: Op) {
        if let Op::Stop(_, n) = op {
            if let Some(Some(lap)) = take(&mut self.timers, n) {
                self.stop_anywhere(lap);
            }
            return;
        }
        if let Op::Ids(_) = op {
            let seen = self.outgoing();
            return self.world.done.seen.push(format!("{seen:?}"));
        }
        let mut lap = None;
        let found = self.with_current(|all, entry| {
            all.catch_up(entry);
            match op {
                Op::Lap(_, key) | Op::StartTimer(_, key) => {
                    lap = Some(all.start_lap(entry, key, true))
                }
                Op::Look(_, key) => {
                    let is_lost = entry.unit.is_part && entry.unit.cell.borrow().is_over;
                    all.look(Some(entry), !is_lost, key);
                }
                op => all.write(op, entry),
            }
        });
        match op {
            Op::Look(_, key) if !found => self.look(None, false, key),
            op => self.keep_lap(op, lap),
        }
    }

    fn keep_lap(&mut self, op: Op, lap: Option<LapId>) {
        match op {
            Op::Lap(..) => self.laps.push(lap),
            Op::StartTimer(..) => self.timers.push(lap),
            _ => {}
        }
    }

    fn write(&mut self, op: Op, entry: &mut Entry) {
        let (unit, now) = (&mut entry.unit, self.world.now);
        let said = Text::Str("said".to_owned());
        match op {
            Op::Set(_, key, value) => unit.set(KEYS[key], &Val::Num(Num::U8(value))),
            Op::Incr(_, key) => unit.sum(KEYS[key], Num::U64(1)),
            Op::Max(_, key, value) => unit.max(KEYS[key], Num::U8(value)),
            Op::Add(_) => unit.say(&said, None, (places::FILE, places::ADD), now),
            Op::Warn(_) => {
                let place = (places::FILE, places::WARN);
                unit.say(&said, Some(Level::Warn), place, now);
            }
            Op::Error(_) => unit.fail(&Cause::Text("broken".to_owned())),
            Op::Ok(_) => unit.end_as(Outcome::Ok),
            Op::Checkpoint(_) if !unit.is_part => self.world.checkpoint(unit),
            _ => {}
        }
    }

    /// A trace shows what it can see: a handle elsewhere, only that there is a unit.
    fn look_at(&mut self, state: &State, key: usize) {
        let seen = match state {
            State::Disabled(_) => return self.look(None, false, key),
            State::Here(entry) | State::Away(entry) => self.seen(entry),
            State::Handle(number) => match self.at_hand(*number).cloned() {
                Some(entry) => self.seen(&entry),
                // What came from elsewhere and was not yet taken in.
                None => {
                    let seed = &self.units[*number - 1].seed;
                    let inbox = seed.cell.borrow().inbox.clone();
                    Entry {
                        id: 0,
                        number: *number,
                        unit: inbox.unwrap_or_else(|| seed.clone()),
                        has_ended: false,
                    }
                }
            },
        };
        self.look(Some(&seen), true, key);
    }

    fn look(&mut self, entry: Option<&Entry>, is_enabled: bool, key: usize) {
        let unit = entry.map(|entry| &entry.unit);
        let elapsed = unit.map_or(0, |unit| self.world.now - unit.start);
        let value = unit.map(|unit| unit.get(&Key::Static(KEYS[key])));
        self.world.done.seen.push(format!(
            "{is_enabled} {:?} {:?} {:?} {:?}",
            unit.map(Unit::level),
            unit.and_then(Unit::outcome),
            Duration::from_nanos(elapsed as u64),
            value.filter(|value| value != "none"),
        ));
    }

    // ----- ids

    fn ids_of(&mut self, state: &mut State) -> Option<String> {
        if let State::Disabled(unit) = state {
            let (ids, ..) = self.in_world(|world| world.asked(unit));
            return ids.as_ref().map(traceparent);
        }
        let header =
            |all: &mut Self, entry: &mut Entry| traceparent(&all.world.ids(&mut entry.unit));
        self.with(state, header)
    }

    /// What calls from here pass on.
    fn outgoing(&mut self) -> Option<String> {
        let (ids, ..) = self.in_world(|world| world.outgoing(None))?;
        ids.as_ref().map(traceparent)
    }
}
