//! Runs a program on the reference.

use std::mem;
use std::ops::ControlFlow;
use std::time::Duration;

use log::Level;
use traceline::Outcome;

use super::fit::line;
use super::program::{End, Num, Op, PartEnd, Plan, Program, Settings, Share, Text};
use super::record::Moment;
use super::run::{Done, Record};
use super::unit::{Cell, Unit};
use super::{elsewhere, names, places};

/// Runs a program.
pub fn run(program: &Program) -> Done {
    let mut world = World::new(&program.settings);
    for plan in &program.units {
        let unit = world.start(plan, None);
        world.unit(plan, unit);
    }
    world.done
}

/// Whether calls go on, or a panic is unwinding.
pub type Flow = ControlFlow<()>;

/// How a unit is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Own,
    Current,
    Shared,
}

/// A unit that is current.
#[allow(clippy::large_enum_variant, reason = "there are few")]
pub enum Layer {
    Unit(Unit),
    /// One that `current::with` holds, which hides the others.
    InUse(Cell),
}

pub(super) struct World<'p> {
    pub settings: &'p Settings,
    /// Nanoseconds since the program began.
    pub now: u128,
    /// How many ids the source has produced.
    pub traces: u8,
    pub spans: u8,
    /// How the calls reach the unit.
    pub by: By,
    /// The units current on this thread outside that unit, the innermost last.
    pub outer: Vec<Layer>,
    units: u64,
    pub done: Done,
}

impl<'p> World<'p> {
    pub fn new(settings: &'p Settings) -> World<'p> {
        World {
            settings,
            now: 0,
            traces: 0,
            spans: 0,
            by: By::Own,
            outer: Vec::new(),
            units: 0,
            done: Done::default(),
        }
    }
}

impl World<'_> {
    pub fn new_unit(&mut self, name: &str, target: &str, level: Level) -> Unit {
        self.units += 1;
        let mut unit = Unit::new(name, target, level, self.settings, self.now);
        unit.last_number = self.units << 32;
        unit
    }

    /// Starts a unit inside the current one, which is `top` if that is not in `outer`.
    pub fn start(&mut self, plan: &Plan, top: Option<&mut Unit>) -> Unit {
        let target = plan.target.or(self.settings.target).unwrap_or("traceline");
        let level = plan.level.unwrap_or(Level::Info);
        let mut unit = self.new_unit(&plan.name, target, level);
        self.begin_in(&mut unit, top);
        for (key, value) in &plan.fields {
            if unit.enabled {
                unit.set(key.as_str(), value);
            }
        }
        unit
    }

    pub fn unit(&mut self, plan: &Plan, mut unit: Unit) {
        let by = mem::replace(&mut self.by, By::Own);
        let flow = self.ops(&plan.ops, &mut unit, &mut Vec::new());
        self.end(plan.end, flow, unit);
        self.by = by;
    }

    /// A unit that panics ends with the panic, whatever was planned.
    pub fn end(&mut self, end: End, flow: Flow, mut unit: Unit) {
        let panics = flow.is_break() || end == End::Panic;
        if unit.enabled && panics {
            unit.panic();
        }
        match end == End::Discard && !panics {
            true => self.close(&mut unit, false),
            false => self.finish(&mut unit, true),
        }
    }

    /// Ends it for its parts and for the units inside it. `others_go_on` unless the process
    /// ends.
    pub fn close(&mut self, unit: &mut Unit, others_go_on: bool) {
        if unit.enabled && !unit.is_part {
            let samples = self.settings.sampling.is_some() && unit.is_inside;
            let has_inside = unit.cell.borrow().inside > 0;
            self.share(unit, samples || others_go_on && has_inside);
            unit.leave_outer();
            let mut cell = unit.cell.borrow_mut();
            cell.is_over = true;
            unit.lost_parts = cell.running;
        }
    }

    /// Writes its last record; a part has no record of its own.
    pub fn finish(&mut self, unit: &mut Unit, others_go_on: bool) {
        if !unit.enabled {
            return;
        }
        if unit.is_part {
            return mem::replace(unit, Unit::dead()).come_home(self.now);
        }
        unit.catch_up(self.now);
        self.close(unit, others_go_on);
        unit.stop_all(self.now);
        self.emit(unit, None);
    }

    /// Hands a record over if the logger takes its level and sampling keeps it.
    pub fn emit(&mut self, unit: &mut Unit, partial: Option<u64>) {
        if unit.level() > self.settings.logger {
            return;
        }
        let Some(sample_rate) = self.sampled(unit, partial.is_some()) else {
            return;
        };
        let line = self.line(unit, partial, sample_rate);
        if self.settings.hook {
            let told = self.hooked(unit, partial.is_some());
            self.done.hooked.push(told);
        }
        self.done.records.push(Record {
            level: unit.level(),
            target: unit.target.clone(),
            line,
        });
    }

    pub fn checkpoint(&mut self, unit: &mut Unit) {
        self.share(unit, false);
        unit.seq += 1;
        self.emit(unit, Some(unit.seq));
    }

    fn line(&self, unit: &Unit, partial: Option<u64>, sample_rate: Option<u32>) -> String {
        let moment = Moment {
            elapsed: self.now - unit.start,
            partial,
            sample_rate,
        };
        let mut shown = unit.clone();
        shown.drop_held();
        line(&shown, self.settings, &moment)
    }

    pub fn ops(&mut self, ops: &[Op], unit: &mut Unit, laps: &mut Vec<u64>) -> Flow {
        for op in ops {
            self.op(op, unit, laps)?;
        }
        Flow::Continue(())
    }

    fn op(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) -> Flow {
        if self.by == By::Current && unit.gone && self.has_outer() {
            return self.on_outer(|world, unit| world.op(op, unit, laps));
        }
        match op {
            Op::Advance(by) => self.now += by.as_nanos(),
            Op::Panic => return Flow::Break(()),
            // The panic is caught, and the unit goes on.
            Op::Catch(ops) => _ = self.ops(ops, unit, laps),
            Op::EmitAll => self.emit_all(unit),
            Op::Log(logged) => self.log(logged, unit),
            Op::Unit(plan) => {
                let top = (self.by == By::Current).then_some(&mut *unit);
                let inner = self.start(plan, top);
                self.below(unit, |world, _| world.unit(plan, inner));
            }
            Op::Crossed(plan, later) => self.crossed(plan, later, unit),
            Op::Time(..) | Op::Scope(_) | Op::Enter(_) | Op::Shared(_) => {
                return self.around(op, unit, laps);
            }
            Op::Child(_) | Op::Part(_) | Op::With(_) | Op::TakeAndDrop => {
                return self.in_hand(unit, |world, unit| world.by_trace(op, unit, laps));
            }
            op => self.on_any(op, unit, laps),
        }
        Flow::Continue(())
    }

    /// Calls that contain others.
    fn around(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) -> Flow {
        match op {
            Op::Time(key, ops) => {
                if unit.enabled {
                    unit.catch_up(self.now);
                }
                let lap = unit
                    .enabled
                    .then(|| unit.start_timer(key.as_str(), self.now));
                let flow = self.ops(ops, unit, laps);
                if let Some(lap) = lap {
                    unit.stop(lap, self.now);
                }
                flow
            }
            Op::Shared(ops) => self.lend(By::Shared, ops, unit, laps),
            Op::Scope(ops) | Op::Enter(ops) => self.lend(By::Current, ops, unit, laps),
            _ => Flow::Continue(()),
        }
    }

    /// Calls that only a `Trace` has and that take time.
    fn by_trace(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) -> Flow {
        match op {
            Op::Child(plan) => {
                let child = self.child(plan, unit);
                self.unit(plan, child);
            }
            Op::Part(share) => return self.part(share, unit),
            Op::With(ops) => return self.ops(ops, unit, laps),
            Op::TakeAndDrop => {
                self.finish(unit, true);
                *unit = Unit::dead();
            }
            _ => {}
        }
        Flow::Continue(())
    }

    /// Calls that also work on a disabled unit.
    fn on_any(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) {
        match op {
            Op::Look => self.look(unit),
            Op::AskIds => self.ask_ids(unit),
            Op::Get(_) if !unit.enabled => self.done.seen.push("none".to_owned()),
            Op::Render if !unit.enabled => self.done.seen.push(String::new()),
            Op::StartTimer(_) if !unit.enabled => laps.push(0),
            Op::Stop(_) if laps.is_empty() => {}
            Op::Stop(n) => unit.stop(laps.remove(n % laps.len()), self.now),
            // A current unit that is disabled returns its ids, but cannot be given any.
            Op::ContinueFrom(_) | Op::RequestId(_) | Op::SetState(_)
                if unit.stranded || self.by == By::Current && !unit.enabled => {}
            Op::ContinueFrom(header) => self.continue_from(header, unit),
            Op::Headers(headers) if unit.enabled => self.headers(headers, unit),
            Op::RequestId(id) => self.request_id(id, unit),
            Op::SetState(state) => self.set_state(Some((*state).to_owned()), unit),
            op if unit.enabled => self.on_enabled(op, unit, laps),
            _ => {}
        }
    }

    fn part(&mut self, share: &Share, unit: &mut Unit) -> Flow {
        let mut part = unit.part();
        let by = mem::replace(&mut self.by, By::Own);
        // Units current on this thread are not current on another.
        let outer = match share.thread {
            true => mem::take(&mut self.outer),
            false => Vec::new(),
        };
        let flow = self.ops(&share.ops, &mut part, &mut Vec::new());
        if share.thread {
            self.outer = outer;
        }
        self.by = by;
        if !part.enabled {
            return flow;
        }
        match share.end {
            PartEnd::Joined if flow.is_continue() => {
                unit.catch_up(self.now);
                unit.cell.borrow_mut().running -= 1;
                unit.join(part, self.now);
            }
            PartEnd::Forgotten if flow.is_continue() => {}
            _ => part.come_home(self.now),
        }
        flow
    }

    fn look(&mut self, unit: &Unit) {
        let unit = &unit.seen(self.now);
        let (level, outcome) = match unit.enabled {
            true => (Some(unit.level()), unit.outcome()),
            false => (None, None),
        };
        let nanos = if unit.enabled {
            self.now - unit.start
        } else {
            0
        };
        let elapsed = Duration::from_nanos(nanos as u64);
        let enabled = unit.enabled || unit.stranded && self.by != By::Current;
        let seen = format!("{enabled} {level:?} {outcome:?} {elapsed:?}");
        self.done.seen.push(seen);
    }

    fn on_enabled(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) {
        let now = self.now;
        // Fragments find their place by their times, and raising a level commutes.
        let commutes = matches!(
            op,
            Op::Add(_) | Op::Warn(_) | Op::Fail(_) | Op::AddElsewhere(_) | Op::Raise(_)
        );
        let looks = self.by == By::Current || !commutes;
        let reads = matches!(
            op,
            Op::TakeAndPut | Op::Get(_) | Op::Render | Op::Check(Ok(_))
        );
        if looks && !reads {
            unit.catch_up(now);
        }
        match op {
            Op::Set(key, value) => unit.set(key.as_str(), value),
            Op::Unset(key) => unit.unset(key.as_str()),
            Op::Incr(key) => unit.sum(key.as_str(), Num::U64(1)),
            Op::Count(key, number) | Op::Sum(key, number) => unit.sum(key.as_str(), *number),
            Op::Max(key, number) => unit.max(key.as_str(), *number),
            Op::StartTimer(key) => laps.push(unit.start_timer(key.as_str(), now)),
            Op::Add(_) | Op::Warn(_) | Op::Fail(_) | Op::AddElsewhere(_) => self.say(op, unit),
            Op::Error(cause) | Op::Check(Err(cause)) => unit.fail(cause),
            Op::Ok => unit.end_as(Outcome::Ok),
            Op::Recovered => unit.recover((places::FILE, places::RECOVERED), now),
            Op::Status(status) => unit.status(names::status(self.settings.schema), *status),
            Op::Raise(level) => unit.raise(*level),
            Op::SetLevel(level) => unit.set_level(*level),
            Op::Get(key) => self.done.seen.push(unit.seen(now).get(key)),
            Op::Render => {
                // As the record would be now: running laps end with it.
                self.share(unit, false);
                let mut ended = unit.seen(now);
                ended.stop_all(now);
                let line = self.line(&ended, None, None);
                self.done.seen.push(line);
            }
            Op::Checkpoint if !unit.is_part => {
                self.checkpoint(unit);
            }
            _ => {}
        }
    }

    fn say(&mut self, op: &Op, unit: &mut Unit) {
        let here = |line| (places::FILE, line);
        let (text, level, place) = match op {
            Op::Add(text @ Text::Macro(_)) => (text, None, here(places::ADD_MACRO)),
            Op::Add(text) => (text, None, here(places::ADD)),
            Op::Warn(text) => (text, Some(Level::Warn), here(places::WARN)),
            Op::Fail(text) => (text, Some(Level::Error), here(places::FAIL)),
            Op::AddElsewhere(text) => (text, None, (elsewhere::FILE, elsewhere::ADD)),
            _ => return,
        };
        unit.say(text, level, place, self.now);
        if let Op::Fail(_) = op {
            unit.end_as(Outcome::Error);
        }
    }
}
