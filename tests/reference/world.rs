//! A program on the reference.

use std::time::Duration;

use log::Level;
use logtrace::Outcome;

use super::fit::line;
use super::program::{End, Num, Op, Plan, Program, Settings, Share, Text};
use super::record::Moment;
use super::run::{Done, Record};
use super::unit::Unit;
use super::{elsewhere, names, places};

/// Runs a program.
pub fn run(program: &Program) -> Done {
    let mut world = World {
        settings: &program.settings,
        now: 0,
        traces: 0,
        spans: 0,
        lent: false,
        done: Done::default(),
    };
    for plan in &program.units {
        let unit = world.start(plan);
        world.unit(plan, unit);
    }
    world.done
}

pub(super) struct World<'p> {
    pub settings: &'p Settings,
    /// Nanoseconds since the program began.
    pub now: u128,
    /// How many ids the source has made.
    pub traces: u8,
    pub spans: u8,
    /// Whether the calls reach the unit by `current`.
    lent: bool,
    pub done: Done,
}

impl World<'_> {
    fn start(&mut self, plan: &Plan) -> Unit {
        let target = plan.target.or(self.settings.target).unwrap_or("logtrace");
        let level = plan.level.unwrap_or(Level::Info);
        let mut unit = Unit::new(&plan.name, target, level, self.settings, self.now);
        for (key, value) in &plan.fields {
            if unit.enabled {
                unit.set(key.as_str(), value);
            }
        }
        unit
    }

    fn unit(&mut self, plan: &Plan, mut unit: Unit) {
        let was_lent = std::mem::replace(&mut self.lent, false);
        self.ops(&plan.ops, &mut unit, &mut Vec::new());
        self.end(plan.end, unit);
        self.lent = was_lent;
    }

    fn end(&mut self, end: End, mut unit: Unit) {
        if !unit.enabled || end == End::Discard {
            return;
        }
        if end == End::Panic {
            unit.panic();
        }
        unit.stop_all(self.now);
        self.emit(&mut unit, None);
    }

    /// Hands a record over, if the logger takes its level and sampling keeps it.
    fn emit(&mut self, unit: &mut Unit, partial: Option<u64>) {
        if unit.level() > self.settings.logger {
            return;
        }
        let Some(sample_rate) = self.sampled(unit, partial.is_some()) else {
            return;
        };
        let line = self.line(unit, partial, sample_rate);
        self.done.records.push(Record {
            level: unit.level(),
            target: unit.target.clone(),
            line,
        });
    }

    fn line(&self, unit: &Unit, partial: Option<u64>, sample_rate: Option<u32>) -> String {
        let moment = Moment {
            elapsed: self.now - unit.start,
            partial,
            sample_rate,
        };
        line(unit, self.settings, &moment)
    }

    fn ops(&mut self, ops: &[Op], unit: &mut Unit, laps: &mut Vec<u64>) {
        for op in ops {
            self.op(op, unit, laps);
        }
    }

    /// What a disabled unit does, too.
    fn op(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) {
        match op {
            Op::Advance(by) => self.now += by.as_nanos(),
            Op::Look => self.look(unit),
            Op::Time(key, ops) => {
                let lap = unit
                    .enabled
                    .then(|| unit.start_timer(key.as_str(), self.now));
                self.ops(ops, unit, laps);
                if let Some(lap) = lap {
                    unit.stop(lap, self.now);
                }
            }
            // Another way to reach the same unit.
            Op::Shared(ops) => self.ops(ops, unit, laps),
            Op::Scope(ops) | Op::Enter(ops) => {
                let was_lent = std::mem::replace(&mut self.lent, true);
                self.ops(ops, unit, laps);
                self.lent = was_lent;
            }
            Op::Unit(plan) => {
                let inner = self.start(plan);
                self.unit(plan, inner);
            }
            // What it calls has none of its ids: `with` does not reach one that is current and disabled.
            Op::Child(_) | Op::Part(_) if self.lent && !unit.enabled => {
                self.lent = false;
                self.op(op, &mut unit.without_ids(), laps);
                self.lent = true;
            }
            Op::Child(plan) => {
                let child = self.child(plan, unit);
                self.unit(plan, child);
            }
            Op::Part(share) => self.part(share, unit),
            Op::AskIds => self.ask_ids(unit),
            Op::Get(_) if !unit.enabled => self.done.seen.push("none".to_owned()),
            Op::Render if !unit.enabled => self.done.seen.push(String::new()),
            Op::StartTimer(_) if !unit.enabled => laps.push(0),
            Op::Stop(_) if laps.is_empty() => {}
            Op::Stop(n) => unit.stop(laps.remove(n % laps.len()), self.now),
            // One that is current and disabled can be asked for its ids, but not given any.
            Op::ContinueFrom(_) | Op::RequestId(_) | Op::SetState(_)
                if self.lent && !unit.enabled => {}
            Op::ContinueFrom(header) => self.continue_from(header, unit),
            Op::RequestId(id) => self.request_id(id, unit),
            Op::SetState(state) => self.set_state(state, unit),
            op if unit.enabled => self.on_enabled(op, unit, laps),
            _ => {}
        }
    }

    fn part(&mut self, share: &Share, unit: &mut Unit) {
        let mut part = unit.part();
        let was_lent = std::mem::replace(&mut self.lent, false);
        self.ops(&share.ops, &mut part, &mut Vec::new());
        self.lent = was_lent;
        if !unit.enabled {
            return;
        }
        if share.joined {
            unit.join(part, self.now);
        } else {
            // With what it lost itself, which nobody knows of.
            unit.lost_parts += 1;
        }
    }

    fn look(&mut self, unit: &Unit) {
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
        let seen = format!("{} {level:?} {outcome:?} {elapsed:?}", unit.enabled);
        self.done.seen.push(seen);
    }

    fn on_enabled(&mut self, op: &Op, unit: &mut Unit, laps: &mut Vec<u64>) {
        let now = self.now;
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
            Op::Status(status) => unit.status(names::status(self.settings.schema), *status),
            Op::Raise(level) => unit.raise(*level),
            Op::SetLevel(level) => unit.set_level(*level),
            Op::Get(key) => self.done.seen.push(unit.get(key)),
            Op::Render => {
                // As the record would be now: laps that run end with it.
                let mut ended = unit.clone();
                ended.stop_all(now);
                let line = self.line(&ended, None, None);
                self.done.seen.push(line);
            }
            Op::Checkpoint if !unit.is_part => {
                unit.seq += 1;
                self.emit(unit, Some(unit.seq));
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
