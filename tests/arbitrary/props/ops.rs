//! Arbitrary units: sequences of calls on a trace.

use std::fmt;
use std::time::Duration;

use log::Level;
use proptest::prelude::*;
use traceline::{
    Trace, key,
    value::{Key, ToKey},
};

use crate::util::Bench;
use crate::values::{self, Val};

#[derive(Clone, Debug)]
pub enum Op {
    Set(Name, Val),
    Unset(Name),
    Incr(Name),
    Sum(Name, Num),
    Max(Name, Num),
    /// A lap of this many microseconds.
    Time(Name, u32),
    Add(String),
    AddFormatted(String, u8),
    Warn(String),
    Fail(String),
    Error(String),
    /// An error and its sources.
    Chain(Vec<String>),
    Ok,
    Status(u16),
    Raise(Level),
    SetLevel(Level),
    /// Nanoseconds.
    Advance(u32),
    Checkpoint,
}

/// A key: some keys are literals, which the library recognises by their address.
#[derive(Clone, Debug)]
pub enum Name {
    Static(&'static str),
    Owned(String),
}

impl Name {
    pub fn as_str(&self) -> &str {
        match self {
            Name::Static(text) => text,
            Name::Owned(text) => text,
        }
    }
}

impl ToKey for Name {
    fn to_key(&self) -> Key<'_> {
        match self {
            Name::Static(text) => text.to_key(),
            Name::Owned(text) => key(text),
        }
    }
}

/// A number that accumulates.
#[derive(Clone, Copy, Debug)]
pub enum Num {
    U64(u64),
    I64(i64),
    F64(f64),
}

impl Op {
    pub fn apply(&self, trace: &mut Trace, bench: &Bench) {
        match self {
            Op::Set(key, value) => drop_ref(trace.set(key.to_key(), value)),
            Op::Unset(key) => drop_ref(trace.unset(key.to_key())),
            Op::Incr(key) => drop_ref(trace.incr(key.to_key())),
            Op::Sum(key, Num::U64(n)) => drop_ref(trace.sum(key.to_key(), *n)),
            Op::Sum(key, Num::I64(n)) => drop_ref(trace.sum(key.to_key(), *n)),
            Op::Sum(key, Num::F64(x)) => drop_ref(trace.sum(key.to_key(), *x)),
            Op::Max(key, Num::U64(n)) => drop_ref(trace.max(key.to_key(), *n)),
            Op::Max(key, Num::I64(n)) => drop_ref(trace.max(key.to_key(), *n)),
            Op::Max(key, Num::F64(x)) => drop_ref(trace.max(key.to_key(), *x)),
            Op::Time(key, micros) => {
                let lap = Duration::from_micros((*micros).into());
                trace.time(key.to_key(), |_| bench.clock.advance(lap));
            }
            Op::Add(text) => drop_ref(trace.add(text)),
            Op::AddFormatted(text, n) => traceline::add!(trace, "{text}{n}"),
            Op::Warn(text) => drop_ref(trace.warn(text)),
            Op::Fail(text) => drop_ref(trace.fail(text)),
            Op::Error(text) => drop_ref(trace.error(text)),
            Op::Chain(texts) => drop_ref(trace.error(&Chained::of(texts))),
            Op::Ok => drop_ref(trace.ok()),
            Op::Status(status) => drop_ref(trace.status(*status)),
            Op::Raise(level) => drop_ref(trace.raise(*level)),
            Op::SetLevel(level) => drop_ref(trace.set_level(*level)),
            Op::Advance(nanos) => bench.clock.advance(Duration::from_nanos((*nanos).into())),
            Op::Checkpoint => drop_ref(trace.checkpoint()),
        }
    }
}

/// Ends a chain of calls, so that all arms above have the same type.
fn drop_ref(_: &mut Trace) {}

/// An error whose sources are the remaining texts.
#[derive(Debug)]
struct Chained {
    text: String,
    source: Option<Box<Chained>>,
}

impl Chained {
    fn of(texts: &[String]) -> Chained {
        let (text, rest) = texts.split_first().expect("one text at least");
        Chained {
            text: text.clone(),
            source: (!rest.is_empty()).then(|| Box::new(Chained::of(rest))),
        }
    }
}

impl fmt::Display for Chained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Chained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

pub fn unit() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..30)
}

fn op() -> impl Strategy<Value = Op> {
    let text = values::text;
    prop_oneof![
        12 => (name(), values::value()).prop_map(|(key, value)| Op::Set(key, value)),
        1 => name().prop_map(Op::Unset),
        2 => name().prop_map(Op::Incr),
        2 => (name(), num()).prop_map(|(key, n)| Op::Sum(key, n)),
        2 => (name(), num()).prop_map(|(key, n)| Op::Max(key, n)),
        2 => (name(), 0..1_000_000u32).prop_map(|(key, micros)| Op::Time(key, micros)),
        2 => text().prop_map(Op::Add),
        1 => (text(), any::<u8>()).prop_map(|(text, n)| Op::AddFormatted(text, n)),
        1 => text().prop_map(Op::Warn),
        1 => text().prop_map(Op::Fail),
        1 => text().prop_map(Op::Error),
        1 => prop::collection::vec(text(), 1..8).prop_map(Op::Chain),
        1 => Just(Op::Ok),
        1 => (100..600u16).prop_map(Op::Status),
        1 => level().prop_map(Op::Raise),
        1 => level().prop_map(Op::SetLevel),
        2 => any::<u32>().prop_map(Op::Advance),
        1 => Just(Op::Checkpoint),
    ]
}

fn level() -> impl Strategy<Value = Level> {
    let levels: Vec<Level> = Level::iter().collect();
    prop::sample::select(levels)
}

fn num() -> impl Strategy<Value = Num> {
    prop_oneof![
        prop_oneof![0..10u64, any::<u64>()].prop_map(Num::U64),
        prop_oneof![-10..10i64, any::<i64>()].prop_map(Num::I64),
        (-1e9..1e9f64).prop_map(Num::F64),
    ]
}

/// A small pool of keys, so that calls share them, and odd keys that clash.
fn name() -> impl Strategy<Value = Name> {
    const FEW: &[&str] = &[
        "a",
        "b",
        "user_id",
        "a b",
        "a=b",
        "a_b",
        "a_b_2",
        "a b.ms",
        "a_b.ms",
        "a.count",
        "a.ms",
        "a.max_ms",
        "a.ms_2",
        "error",
        "error_2",
        "error_3",
        "level",
        "ts",
        "msg",
        "fragments",
        "panic.location",
        "status",
        "",
        "_",
        "__2",
        "é",
        "日本",
        "a\"b",
        "a\\",
        "a\nb",
    ];
    let few = prop::sample::select(FEW);
    prop_oneof![
        6 => few.clone().prop_map(Name::Static),
        2 => few.prop_map(|text| Name::Owned(text.into())),
        1 => values::text().prop_map(Name::Owned),
    ]
}
