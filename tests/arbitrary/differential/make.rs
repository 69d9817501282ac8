//! Random units.

use log::Level;

use super::bench::{CONFIGS, REDACTING};
use super::ops::{End, Op, Start, Unit, Whose};
use super::values::{COMMON, Failed, Key, Num, ODD, SECRET, Val, WIDE, text};

use crate::random::Random;
use crate::reference::program::PartEnd;

/// Names of units; spare entries of parts are named `part`.
const NAMES: [&str; 10] = [
    "auth", "pay", "part", "job", "x", "y", "z", "w", "v", "stranger",
];

/// The maximum depth of nested scopes, parts and units.
const DEEPEST: usize = 2;

/// The kinds of unit that a thread runs again and again.
pub fn kinds(random: &mut Random) -> Vec<Unit> {
    let few = 3 + random.below(10);
    let kind = |_| {
        let joins = random.one_in(3);
        Maker::new(random, joins).unit()
    };
    (0..few).map(kind).collect()
}

/// A unit of a kind, with an occasional change.
pub fn vary(kind: &Unit, random: &mut Random) -> Unit {
    let mut unit = kind.clone();
    let mut maker = Maker::new(random, REDACTING.contains(&unit.config));
    for _ in 0..maker.random.below(5) {
        maker.change(&mut unit.ops);
    }
    if maker.random.one_in(10) {
        unit.config = maker.config();
    }
    unit.start = maker.start();
    unit.scoped = maker.random.one_in(4);
    unit.end = maker.end();
    unit
}

/// Makes units and their operations.
struct Maker<'a> {
    random: &'a mut Random,
    depth: usize,
    /// Whether it mainly makes parts and redacted fields, which in combination once made
    /// a record depend on those before it.
    joins: bool,
}

impl Maker<'_> {
    fn new(random: &mut Random, joins: bool) -> Maker<'_> {
        Maker {
            random,
            depth: 0,
            joins,
        }
    }

    fn unit(&mut self) -> Unit {
        Unit {
            name: self.random.pick(&NAMES),
            config: self.config(),
            start: self.start(),
            scoped: self.random.one_in(4),
            ops: self.ops(),
            end: self.end(),
        }
    }

    fn config(&mut self) -> usize {
        match self.random.below(2) {
            0 if self.joins => self.random.pick(&REDACTING),
            0 => 0,
            _ => self.random.below(CONFIGS.len()),
        }
    }

    fn start(&mut self) -> Start {
        match self.random.below(8) {
            0 | 1 => Start::Fields,
            2 => Start::Other,
            _ => Start::Plain,
        }
    }

    fn end(&mut self) -> End {
        match self.random.below(16) {
            0 => End::Discard,
            1 => End::Panic,
            _ => End::Emit,
        }
    }

    fn ops(&mut self) -> Vec<Op> {
        let n = match self.depth {
            0 => self.random.below(24),
            _ => self.random.below(7),
        };
        (0..n).map(|_| self.op()).collect()
    }

    fn change(&mut self, ops: &mut Vec<Op>) {
        let (len, at) = (ops.len(), self.random.below(ops.len() + 1));
        match self.random.below(4) {
            0 if at < len => _ = ops.remove(at),
            1 if at < len => ops.swap(at, self.random.below(len)),
            _ => ops.insert(at, self.op()),
        }
    }

    /// Plain fields make up most of a real unit.
    fn op(&mut self) -> Op {
        let deep = if self.joins { 15 } else { 7 };
        if self.depth < DEEPEST && self.random.below(100) < deep {
            return self.deeper();
        }
        match self.random.below(100) {
            0..=64 => self.field(),
            65..=76 => self.timer(),
            77..=86 => self.fragment(),
            87..=92 => self.ending(),
            _ => self.look(),
        }
    }

    fn field(&mut self) -> Op {
        let key = self.key();
        match self.random.below(32) {
            0..=4 => Op::Unset(key),
            5..=8 => Op::Sum(key, Num::any(self.random)),
            9..=11 => Op::Max(key, Num::any(self.random)),
            12 => Op::SetArgs(key, self.random.below(400) as u32),
            13 => self.wide(),
            _ => Op::Set(key, Val::any(self.random)),
        }
    }

    fn wide(&mut self) -> Op {
        let n = match self.random.below(12) {
            0 => self.random.below(330),
            few => few,
        };
        Op::Wide(self.random.below(WIDE.len()), n)
    }

    fn timer(&mut self) -> Op {
        match self.random.below(3) {
            0 => Op::Time(self.key()),
            1 => Op::StartTimer(self.key()),
            _ => Op::StopTimer(self.random.below(8)),
        }
    }

    fn fragment(&mut self) -> Op {
        let text = text(self.random);
        match self.random.below(8) {
            0..=2 => Op::Add(text),
            3 => Op::AddArgs(text),
            4 => Op::Warn(text),
            _ => Op::Log(self.random.below(2), self.level(), text),
        }
    }

    fn ending(&mut self) -> Op {
        match self.random.below(9) {
            0 => Op::Fail(text(self.random)),
            1 => Op::Error(text(self.random)),
            2 => Op::Chain(Failed("top", None)),
            3 => Op::Chain(Failed("top", Some(Box::new(Failed("source", None))))),
            4 | 5 => Op::Ok,
            6 => Op::Status(self.random.below(800) as u16),
            7 => Op::Raise(self.level()),
            _ => Op::SetLevel(self.level()),
        }
    }

    fn look(&mut self) -> Op {
        match self.random.below(16) {
            0..=4 => Op::Get(self.key()),
            5..=8 => Op::Render,
            9 => Op::EmitCurrent,
            _ => Op::Checkpoint,
        }
    }

    /// An operation that contains others.
    fn deeper(&mut self) -> Op {
        self.depth += 1;
        let kinds = if self.joins { 16 } else { 8 };
        let op = match self.random.below(kinds) {
            0 | 1 => Op::Scope(self.ops()),
            2 | 3 => Op::Nested(self.unit()),
            4 => Op::InDisabled(self.unit()),
            _ => self.part(),
        };
        self.depth -= 1;
        op
    }

    fn part(&mut self) -> Op {
        Op::Part {
            of: match self.random.below(8) {
                0 => Whose::Strangers(self.config()),
                _ => Whose::Ours,
            },
            ops: self.ops(),
            end: match self.random.below(8) {
                0 => PartEnd::Forgotten,
                1 | 2 => PartEnd::Dropped,
                _ => PartEnd::Joined,
            },
        }
    }

    fn key(&mut self) -> Key {
        let secret = if self.joins { 6 } else { 1 };
        let keys: &[&str] = match self.random.below(16) {
            0..=3 => &ODD,
            n if n < 4 + secret => &SECRET,
            _ => &COMMON,
        };
        Key {
            text: self.random.pick(keys),
            dynamic: self.random.one_in(4),
        }
    }

    fn level(&mut self) -> Level {
        self.random.pick(&[
            Level::Error,
            Level::Warn,
            Level::Info,
            Level::Debug,
            Level::Trace,
        ])
    }
}
