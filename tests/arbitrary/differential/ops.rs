//! Units, and how to run one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use log::{Level, Log, Record};
use traceline::{Config, Timer, Trace, TraceBuilder, current};

use super::bench::{BRIDGES, CONFIGS, say};
use super::values::{Failed, Key, Num, Val, WIDE, with_number};
use crate::reference::program::PartEnd;

#[derive(Clone, Debug)]
pub struct Unit {
    pub name: &'static str,
    /// An index into `CONFIGS`.
    pub config: usize,
    pub start: Start,
    /// Whether every call goes through `current`.
    pub scoped: bool,
    pub ops: Vec<Op>,
    pub end: End,
}

#[derive(Clone, Copy, Debug)]
pub enum Start {
    Plain,
    /// With fields set on the builder.
    Fields,
    /// With another level, and with a `String` as target and name.
    Other,
}

#[derive(Clone, Copy, Debug)]
pub enum End {
    Emit,
    Discard,
    /// A panic drops the trace.
    Panic,
}

#[derive(Clone, Debug)]
pub enum Op {
    Set(Key, Val),
    /// Sets a field to `format_args!`.
    SetArgs(Key, u32),
    Unset(Key),
    Sum(Key, Num),
    Max(Key, Num),
    /// Sets this many keys of wide units, starting at this one.
    Wide(usize, usize),
    Time(Key),
    StartTimer(Key),
    /// Stops one of the running timers, if there is one.
    StopTimer(usize),
    Add(String),
    AddArgs(String),
    Warn(String),
    /// An ordinary log record, through one of `BRIDGES`.
    Log(usize, Level, String),
    Fail(String),
    Error(String),
    Chain(Failed),
    Ok,
    Status(u16),
    Raise(Level),
    SetLevel(Level),
    Get(Key),
    Render,
    Checkpoint,
    EmitCurrent,
    Part {
        of: Whose,
        ops: Vec<Op>,
        end: PartEnd,
    },
    /// The following go through `current`.
    Scope(Vec<Op>),
    Nested(Unit),
    /// A unit in the scope of a disabled unit.
    InDisabled(Unit),
}

/// The unit that a joined part belongs to.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    Ours,
    /// A discarded unit, with this index into `CONFIGS`.
    Strangers(usize),
}

impl Unit {
    pub fn run(&self) {
        let mut trace = self.builder().start();
        let mut timers = Vec::new();
        if self.scoped {
            trace.scope(|| through_current(&self.ops, &mut timers));
        } else {
            through_handle(&mut trace, &self.ops, &mut timers);
        }
        match self.end {
            End::Emit => trace.emit(),
            End::Discard => trace.discard(),
            End::Panic => drop_by_panic(trace),
        }
    }

    fn builder(&self) -> TraceBuilder<'static> {
        let config = config(self.config);
        match self.start {
            Start::Plain => Trace::builder(self.name).config(config),
            Start::Fields => Trace::builder(self.name)
                .config(config)
                .field("start", 1)
                .field("k0", "from the builder"),
            Start::Other => Trace::builder(self.name.repeat(40))
                .config(config)
                .level(Level::Warn)
                .target(String::from("other")),
        }
    }
}

fn config(place: usize) -> &'static Config {
    &CONFIGS[place]
}

fn drop_by_panic(trace: Trace) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _trace = trace;
        resume_unwind(Box::new(()))
    }));
    panicked.expect_err("it panics");
}

fn through_handle(trace: &mut Trace, ops: &[Op], timers: &mut Vec<Timer>) {
    for op in ops {
        op.by_handle(trace, timers);
    }
}

fn through_current(ops: &[Op], timers: &mut Vec<Timer>) {
    for op in ops {
        op.by_current(timers);
    }
}

impl Op {
    fn by_handle(&self, trace: &mut Trace, timers: &mut Vec<Timer>) {
        match self {
            Op::Set(key, value) => _ = trace.set(*key, value),
            Op::SetArgs(key, n) => _ = trace.set(*key, format_args!("no. {n}")),
            Op::Unset(key) => _ = trace.unset(*key),
            Op::Sum(key, num) => with_number!(*num, |x| trace.sum(*key, x)),
            Op::Max(key, num) => with_number!(*num, |x| trace.max(*key, x)),
            Op::Wide(from, n) => set_many(trace, *from, *n),
            Op::Time(key) => _ = trace.time(*key, |trace| trace.incr("in.time").is_enabled()),
            Op::StartTimer(key) => timers.push(trace.start_timer(*key)),
            Op::StopTimer(n) => stop_one(trace, *n, timers),
            Op::Add(text) => _ = trace.add(text),
            Op::AddArgs(text) => traceline::add!(trace, "{text} and {}", text.len()),
            Op::Warn(text) => _ = trace.warn(text),
            Op::Fail(text) => _ = trace.fail(text),
            Op::Error(text) => _ = trace.error(text),
            Op::Chain(error) => _ = trace.error(error),
            Op::Ok => _ = trace.ok(),
            Op::Status(status) => _ = trace.status(*status),
            Op::Raise(level) => _ = trace.raise(*level),
            Op::SetLevel(level) => _ = trace.set_level(*level),
            Op::Get(key) => say(format!("get {:?}", trace.get(*key))),
            Op::Render => say(format!("render {}", trace.render())),
            Op::Checkpoint => _ = trace.checkpoint(),
            Op::Part { of, ops, end } => gather_part(trace, *of, ops, *end),
            Op::Scope(ops) => trace.scope(|| through_current(ops, timers)),
            Op::Log(..) | Op::EmitCurrent => trace.scope(|| self.by_current(timers)),
            Op::Nested(unit) => unit.run(),
            Op::InDisabled(unit) => Trace::default().scope(|| unit.run()),
        }
    }

    fn by_current(&self, timers: &mut Vec<Timer>) {
        match self {
            Op::Set(key, value) => current::set(*key, value),
            Op::SetArgs(key, n) => current::set(*key, format_args!("no. {n}")),
            Op::Unset(key) => current::unset(*key),
            Op::Sum(key, num) => with_number!(*num, |x| current::sum(*key, x)),
            Op::Max(key, num) => with_number!(*num, |x| current::max(*key, x)),
            Op::Time(key) => current::time(*key, || current::incr("in.time")),
            Op::Add(text) => current::add(text),
            Op::AddArgs(text) => current::add!("{text} and {}", text.len()),
            Op::Warn(text) => current::warn(text),
            Op::Log(bridge, level, text) => log(&BRIDGES[*bridge], *level, text),
            Op::Fail(text) => current::fail(text),
            Op::Error(text) => current::error(text),
            Op::Chain(error) => current::error(error),
            Op::Ok => current::ok(),
            Op::Status(status) => current::status(*status),
            Op::Raise(level) => current::raise(*level),
            Op::EmitCurrent => current::emit(),
            Op::Nested(unit) => unit.run(),
            Op::InDisabled(unit) => Trace::default().scope(|| unit.run()),
            // The others have no function of their own in `current`.
            other => _ = current::with(|trace| other.by_handle(trace, timers)),
        }
    }
}

/// Literal keys and keys built at run time take turns.
fn set_many(trace: &mut Trace, from: usize, n: usize) {
    for i in from..from + n {
        match i % 3 {
            0 => trace.set(format!("w{i}"), i),
            _ => trace.set(WIDE[i % WIDE.len()], i),
        };
    }
}

fn stop_one(trace: &mut Trace, n: usize, timers: &mut Vec<Timer>) {
    if !timers.is_empty() {
        let timer = timers.remove(n % timers.len());
        trace.stop(timer);
    }
}

/// Timers that the part leaves running end when the part is joined.
fn gather_part(trace: &mut Trace, of: Whose, ops: &[Op], end: PartEnd) {
    let mut part = match of {
        Whose::Ours => trace.part(),
        Whose::Strangers(place) => {
            let stranger = Trace::builder("stranger").config(config(place)).start();
            let part = stranger.part();
            stranger.discard();
            part
        }
    };
    through_handle(&mut part, ops, &mut Vec::new());
    match end {
        PartEnd::Joined => _ = trace.join(part),
        PartEnd::Dropped => drop(part),
        PartEnd::Forgotten => std::mem::forget(part),
    }
}

fn log(logger: &dyn Log, level: Level, text: &str) {
    let mut record = Record::builder();
    record.level(level).target("lib");
    record.file(Some("src/lib.rs")).line(Some(7));
    logger.log(&record.args(format_args!("log {text}")).build());
}
