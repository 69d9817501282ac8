//! A program on the reference.

use log::Level;
use logtrace::Outcome;

use super::program::{End, Op, Plan, Program, Settings};
use super::record::{Moment, line};
use super::run::{Done, Record};
use super::unit::Unit;
use super::{elsewhere, names, places};
use std::time::Duration;

/// Runs a program.
pub fn run(program: &Program) -> Done {
    let mut world = World {
        settings: &program.settings,
        now: 0,
        done: Done::default(),
    };
    for plan in &program.units {
        world.unit(plan);
    }
    world.done
}

struct World<'p> {
    settings: &'p Settings,
    /// Nanoseconds since the program began.
    now: u128,
    done: Done,
}

impl World<'_> {
    fn unit(&mut self, plan: &Plan) {
        let target = plan.target.or(self.settings.target).unwrap_or("logtrace");
        let level = plan.level.unwrap_or(Level::Info);
        let mut unit = Unit::new(&plan.name, target, level, self.settings, self.now);
        for (key, value) in &plan.fields {
            if unit.enabled {
                unit.set(key.as_str(), value);
            }
        }
        self.ops(&plan.ops, &mut unit, &mut Vec::new());
        self.end(plan.end, unit);
    }

    fn end(&mut self, end: End, mut unit: Unit) {
        if !unit.enabled || end == End::Discard {
            return;
        }
        if end == End::Panic {
            unit.panic();
        }
        unit.stop_all(self.now);
        self.emit(&unit, None);
    }

    fn emit(&mut self, unit: &Unit, partial: Option<u64>) {
        if unit.level() <= self.settings.logger {
            let line = self.line(unit, partial);
            self.done.records.push(Record {
                level: unit.level(),
                target: unit.target.clone(),
                line,
            });
        }
    }

    fn line(&self, unit: &Unit, partial: Option<u64>) -> String {
        let moment = Moment {
            elapsed: self.now - unit.start,
            partial,
            sample_rate: None,
        };
        line(unit, self.settings, &moment)
    }

    fn ops(&mut self, ops: &[Op], unit: &mut Unit, laps: &mut Vec<u64>) {
        for op in ops {
            self.op(op, unit, laps);
        }
    }

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
            Op::Unit(plan) => self.unit(plan),
            Op::Get(_) if !unit.enabled => self.done.seen.push("none".to_owned()),
            Op::Render if !unit.enabled => self.done.seen.push(String::new()),
            Op::StartTimer(_) if !unit.enabled => laps.push(0),
            Op::Stop(_) if laps.is_empty() => {}
            Op::Stop(n) => unit.stop(laps.remove(n % laps.len()), self.now),
            op if unit.enabled => self.on_enabled(op, unit, laps),
            _ => {}
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
        let here = |line| (places::FILE, line);
        match op {
            Op::Set(key, value) => unit.set(key.as_str(), value),
            Op::Unset(key) => unit.unset(key.as_str()),
            Op::Incr(key) => unit.sum(key.as_str(), super::program::Num::U64(1)),
            Op::Count(key, number) | Op::Sum(key, number) => unit.sum(key.as_str(), *number),
            Op::Max(key, number) => unit.max(key.as_str(), *number),
            Op::StartTimer(key) => laps.push(unit.start_timer(key.as_str(), now)),
            Op::Add(text @ super::program::Text::Macro(_)) => {
                unit.say(text, None, here(places::ADD_MACRO), now);
            }
            Op::Add(text) => unit.say(text, None, here(places::ADD), now),
            Op::Warn(text) => unit.say(text, Some(Level::Warn), here(places::WARN), now),
            Op::Fail(text) => {
                unit.say(text, Some(Level::Error), here(places::FAIL), now);
                unit.end_as(Outcome::Error);
            }
            Op::AddElsewhere(text) => {
                unit.say(text, None, (elsewhere::FILE, elsewhere::ADD), now);
            }
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
                let line = self.line(&ended, None);
                self.done.seen.push(line);
            }
            Op::Checkpoint => {
                unit.seq += 1;
                self.emit(unit, Some(unit.seq));
            }
            _ => {}
        }
    }
}
