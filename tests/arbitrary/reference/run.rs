//! Runs a program on the library.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use traceline::{
    Config, Timer, Trace, current,
    ids::{TraceId, TraceParent, TraceState},
    value::{Failure, OwnedValue},
};

use super::bridged::Bridged;
use super::elsewhere;
use super::given::{Failed, with_number};
use super::places::{self, Hand, call};
use super::program::{Cause, End, Key, Num, Op, PartEnd, Plan, Program, Share, Text, Val};
use super::rig::Rig;
use super::{settings, transaction};

/// The results of a program.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    pub records: Vec<Record>,
    /// The return values of the calls, in order.
    pub seen: Vec<String>,
    /// What hooks saw of the units.
    pub hooked: Vec<String>,
    /// How many units sampling kept and dropped.
    pub sampled: (u64, u64),
}

/// The records that the logger got.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub level: log::Level,
    pub target: String,
    pub line: String,
}

/// Runs a program; `None` if its settings are invalid.
pub fn run(program: &Program) -> Option<Done> {
    let rig = Rig::of_thread(program.settings.wall);
    let config = settings::config(&program.settings, rig)?;
    let mut run = Run {
        rig,
        config,
        bridge: Bridged(&program.settings),
        seen: Vec::new(),
    };
    for plan in &program.units {
        let trace = places::start(plan, &run.config);
        run.unit(plan, trace);
    }
    let log = rig.log(program.settings.logger);
    let records = log.records().into_iter().map(|record| Record {
        level: record.level,
        target: record.target,
        line: record.args,
    });
    let sampled = run.config.sampled();
    Some(Done {
        records: records.collect(),
        seen: run.seen,
        hooked: rig.take_hooked(),
        sampled: (sampled.kept, sampled.dropped),
    })
}

/// The payload of a deliberate panic.
struct Planned;

struct Run<'p> {
    rig: &'static Rig,
    config: Config,
    bridge: Bridged<'p>,
    seen: Vec<String>,
}

impl Run<'_> {
    fn unit(&mut self, plan: &Plan, trace: Trace) {
        caught(|| self.unit_to_its_end(plan, trace));
    }

    fn unit_to_its_end(&mut self, plan: &Plan, mut trace: Trace) {
        self.ops(&plan.ops, &mut Hand::Own(&mut trace), &mut Vec::new());
        end(plan.end, trace);
    }

    /// Two guards, of which the outer one is dropped first.
    fn crossed(&mut self, plan: &Plan, later: &[Op], hand: &mut Hand<'_>) {
        let mut inner = places::start(plan, &self.config);
        let mut timers = Vec::new();
        let outer = match hand {
            Hand::Own(trace) => Some(trace.enter()),
            _ => None,
        };
        let entered = inner.enter();
        self.ops(&plan.ops, &mut Hand::Current, &mut timers);
        drop(outer);
        self.ops(later, &mut Hand::Current, &mut timers);
        drop(entered);
        end(plan.end, inner);
    }

    fn ops(&mut self, ops: &[Op], hand: &mut Hand<'_>, timers: &mut Vec<Timer>) {
        for op in ops {
            self.op(op, hand, timers);
        }
    }

    fn op(&mut self, op: &Op, hand: &mut Hand<'_>, timers: &mut Vec<Timer>) {
        match op {
            Op::Set(key, Val::Args(text)) => call!(hand, set(key, format_args!("{text}"))),
            Op::Set(key, value) => call!(hand, set(key, value)),
            Op::Unset(key) => call!(hand, unset(key)),
            Op::Incr(key) => call!(hand, incr(key)),
            Op::Count(key, n) => with_number!(*n, n => call!(hand, sum(key, n))),
            Op::Sum(key, n) => with_number!(*n, n => call!(hand, sum(key, n))),
            Op::Max(key, n) => with_number!(*n, n => call!(hand, max(key, n))),
            Op::Ok => call!(hand, ok()),
            Op::Recovered => places::recovered(hand),
            Op::Status(status) => call!(hand, status(*status)),
            Op::Raise(level) => call!(hand, raise(*level)),
            Op::Error(cause) => error(hand, cause),
            Op::Check(result) => check(hand, result),
            Op::Advance(by) => self.rig.advance(*by),
            Op::Add(Text::Macro(text)) => places::add_macro(hand, text),
            Op::Add(text) => places::add(hand, text),
            Op::Warn(text) => places::warn(hand, text),
            Op::Fail(text) => places::fail(hand, text),
            Op::AddElsewhere(text) => elsewhere::add(hand, text),
            Op::Time(key, ops) => self.time(key, ops, hand, timers),
            Op::Part(share) => with(hand, |trace| self.part(share, trace)),
            Op::Scope(_) | Op::Enter(_) | Op::Shared(_) => self.lend(op, hand, timers),
            Op::With(ops) => {
                with(hand, |trace| self.ops(ops, &mut Hand::Own(trace), timers));
            }
            Op::Crossed(plan, later) => caught(|| self.crossed(plan, later, hand)),
            Op::Log(logged) => self.seen.extend(self.bridge.log(logged)),
            Op::EmitAll => current::emit(),
            Op::Catch(ops) => caught(|| self.ops(ops, hand, timers)),
            Op::Panic => resume_unwind(Box::new(Planned)),
            Op::Unit(plan) => self.unit(plan, places::start(plan, &self.config)),
            Op::AskIds => self.ask_ids(hand),
            Op::Headers(headers) => with(hand, |trace| {
                if trace.is_enabled() {
                    trace.continue_from_headers(headers.iter().map(|(name, value)| (name, value)));
                }
            }),
            Op::ContinueFrom(_) | Op::RequestId(_) | Op::SetState(_) => take_ids(hand, op),
            op => with(hand, |trace| self.by_trace(op, trace, timers)),
        }
    }

    /// Calls that only a `Trace` has.
    fn by_trace(&mut self, op: &Op, trace: &mut Trace, timers: &mut Vec<Timer>) {
        match op {
            Op::SetLevel(level) => _ = trace.set_level(*level),
            Op::StartTimer(key) => timers.push(trace.start_timer(key)),
            Op::Stop(_) if timers.is_empty() => {}
            Op::Stop(n) => _ = trace.stop(timers.remove(n % timers.len())),
            Op::Checkpoint => _ = trace.checkpoint(),
            Op::TakeAndDrop => drop(std::mem::take(trace)),
            Op::TakeAndPut => *trace = std::mem::take(trace),
            Op::Child(plan) => {
                let child = places::child(plan, trace);
                self.unit(plan, child);
            }
            op => self.look(op, trace),
        }
    }

    /// Calls that return something and change nothing.
    fn look(&mut self, op: &Op, trace: &mut Trace) {
        let seen = match op {
            Op::Get(key) => match trace.get(key) {
                Some(value) => tell(&value),
                None => "none".to_owned(),
            },
            Op::Look => format!(
                "{} {:?} {:?} {:?}",
                trace.is_enabled(),
                trace.level(),
                trace.outcome(),
                trace.elapsed()
            ),
            Op::Render => trace.render(),
            op => unreachable!("{op:?}"),
        };
        self.seen.push(seen);
    }

    fn ask_ids(&mut self, hand: &mut Hand<'_>) {
        let (parent, state, trace, request) = match hand {
            Hand::Own(trace) => ids_of(trace),
            Hand::Current => (
                current::traceparent(),
                current::tracestate(),
                current::trace_id(),
                current::request_id(),
            ),
            Hand::Shared(shared) => shared.with(ids_of).unwrap_or_default(),
        };
        self.seen.push(format!(
            "{:?} {:?} {:?} {request:?}",
            parent.map(|it| it.to_string()),
            state.map(|state| state.to_string()),
            trace.map(|id| id.to_string()),
        ));
    }

    fn time(&mut self, key: &Key, ops: &[Op], hand: &mut Hand<'_>, timers: &mut Vec<Timer>) {
        match hand {
            Hand::Own(trace) => {
                trace.time(key, |trace| self.ops(ops, &mut Hand::Own(trace), timers))
            }
            Hand::Current => current::time(key, || self.ops(ops, &mut Hand::Current, timers)),
            Hand::Shared(shared) => {
                shared.time(key, || self.ops(ops, &mut Hand::Shared(shared), timers))
            }
        }
    }

    /// Reaches the unit in another way. A current unit stays current.
    fn lend(&mut self, op: &Op, hand: &mut Hand<'_>, timers: &mut Vec<Timer>) {
        match (op, hand) {
            (Op::Scope(ops), Hand::Own(trace)) => {
                trace.scope(|| self.ops(ops, &mut Hand::Current, timers));
            }
            (Op::Enter(ops), Hand::Own(trace)) => {
                let _entered = trace.enter();
                self.ops(ops, &mut Hand::Current, timers);
            }
            (Op::Shared(ops), Hand::Own(trace)) => {
                let shared = std::mem::take(*trace).into_shared();
                self.ops(ops, &mut Hand::Shared(&shared), timers);
                **trace = shared.with(std::mem::take).unwrap_or_default();
            }
            (Op::Scope(ops) | Op::Enter(ops) | Op::Shared(ops), hand) => {
                self.ops(ops, hand, timers);
            }
            _ => {}
        }
    }

    fn part(&mut self, share: &Share, trace: &mut Trace) {
        let mut part = trace.part();
        if share.thread {
            let work = || self.ops(&share.ops, &mut Hand::Own(&mut part), &mut Vec::new());
            std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|payload| {
                resume_unwind(payload);
            });
        } else {
            self.ops(&share.ops, &mut Hand::Own(&mut part), &mut Vec::new());
        }
        match share.end {
            PartEnd::Joined => _ = trace.join(part),
            PartEnd::Dropped => drop(part),
            PartEnd::Forgotten => std::mem::forget(part),
        }
    }
}

fn end(end: End, trace: Trace) {
    match end {
        End::Emit => trace.emit(),
        End::Drop => drop(trace),
        End::Discard => trace.discard(),
        End::Panic => resume_unwind(Box::new(Planned)),
    }
}

/// Stops a deliberate panic.
fn caught(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work))
        && !payload.is::<Planned>()
    {
        resume_unwind(payload);
    }
}

/// A current unit that is disabled cannot be reached, so another of the same kind is used.
fn with(hand: &mut Hand<'_>, work: impl FnOnce(&mut Trace)) {
    let mut work = Some(work);
    let mut once = |trace: &mut Trace| work.take().into_iter().for_each(|work| work(trace));
    match hand {
        Hand::Own(trace) => once(trace),
        Hand::Current => _ = current::with(&mut once),
        Hand::Shared(shared) => _ = shared.with(&mut once),
    }
    once(&mut Trace::default());
}

type Asked = (
    Option<TraceParent>,
    Option<TraceState>,
    Option<TraceId>,
    Option<String>,
);

fn ids_of(trace: &mut Trace) -> Asked {
    (
        trace.traceparent(),
        trace.tracestate(),
        trace.trace_id(),
        trace.request_id(),
    )
}

fn take_ids(hand: &mut Hand<'_>, op: &Op) {
    with(hand, |trace| match op {
        Op::ContinueFrom(header) => {
            trace.continue_from(TraceParent::parse(header).expect("a header"));
        }
        // The fresh id of a disabled unit does not come from the source of ids.
        Op::RequestId(id) if trace.is_enabled() || transaction::is_request_id(id) => {
            trace.set_request_id(id);
        }
        Op::SetState(state) => {
            trace.set_tracestate(&TraceState::parse([*state]).expect("a state"));
        }
        _ => {}
    });
}

fn error(hand: &mut Hand<'_>, cause: &Cause) {
    match cause {
        Cause::Text(text) => call!(hand, error(text)),
        Cause::Chain(texts) => call!(hand, error(&Failed::new(texts))),
        Cause::Boxed(texts) => call!(hand, error(&boxed(texts))),
    }
}

fn boxed(texts: &[String]) -> Box<dyn Error + Send + Sync> {
    Box::new(Failed::new(texts))
}

fn check(hand: &mut Hand<'_>, result: &Result<u8, Cause>) {
    match result {
        Ok(value) => check_one(hand, Ok::<_, String>(*value)),
        Err(Cause::Text(text)) => check_one(hand, Err(text.clone())),
        Err(Cause::Chain(texts)) => check_one(hand, Err(Failed::new(texts))),
        Err(Cause::Boxed(texts)) => check_one(hand, Err(boxed(texts))),
    }
}

/// Calls `check`, which must return the result unchanged.
fn check_one<E: Failure<M> + ToString, M>(hand: &mut Hand<'_>, result: Result<u8, E>) {
    let text = |result: &Result<u8, E>| match result {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    };
    let given = text(&result);
    let back = match hand {
        Hand::Own(trace) => trace.check(result),
        Hand::Current => current::check(result),
        Hand::Shared(shared) => shared.check(result),
    };
    assert_eq!(text(&back), given);
}

/// Formats a value that was read back, ignoring the width of integers.
pub fn tell(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Null => "null".to_owned(),
        OwnedValue::Bool(value) => value.to_string(),
        OwnedValue::U64(value) => format!("int {value}"),
        OwnedValue::I64(value) => format!("int {value}"),
        OwnedValue::U128(value) => format!("int {value}"),
        OwnedValue::I128(value) => format!("int {value}"),
        OwnedValue::F64(value) => format!("f64 {value:?}"),
        OwnedValue::F32(value) => format!("f32 {value:?}"),
        OwnedValue::Text(text) => format!("text {text:?}"),
        OwnedValue::Duration(value) => format!("us {}", value.as_micros()),
        OwnedValue::Time(value) => format!("time {value:?}"),
        OwnedValue::List(items) => {
            let items: Vec<String> = items.iter().map(tell).collect();
            format!("[{}]", items.join(", "))
        }
        other => format!("{other:?}"),
    }
}
