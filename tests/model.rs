//! Arbitrary programs give the same lines on the library and on a reference that
//! was written from `encoding.md` and `design.md` alone (`reference/`).
//!
//! `MODEL_SEED` and `MODEL_PROGRAMS` set which programs and how many.

mod reference;
mod util;

use reference::program::{Op, Program};
use reference::{compare, decode};

/// A generator that is the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Few bytes often, some thousands sometimes.
    fn bytes(&mut self) -> Vec<u8> {
        let most = [16, 200, 1_000, 4_000][(self.next() % 4) as usize];
        let length = self.next() % most;
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn arbitrary_programs_give_the_lines_of_the_reference() {
    let programs = if cfg!(debug_assertions) {
        5_000
    } else {
        200_000
    };
    let seed = setting("MODEL_SEED", 1);
    for number in 0..setting("MODEL_PROGRAMS", programs) {
        let mut random = Random(seed.wrapping_mul(0x1_0000_0000).wrapping_add(number));
        let program = decode(&random.bytes());
        if compare(&program).is_err() {
            let program = shrunk(program);
            let why = compare(&program).expect_err("it differs");
            panic!("program {number} of seed {seed}: {why}\n{program:?}");
        }
    }
}

/// Drops what does not matter for the difference, one by one.
fn shrunk(mut program: Program) -> Program {
    while let Some(smaller) = smaller(&program)
        .into_iter()
        .find(|program| compare(program).is_err())
    {
        program = smaller;
    }
    program
}

/// All programs with one thing less.
fn smaller(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    for at in 0..program.units.len() {
        let mut fewer = program.clone();
        fewer.units.remove(at);
        all.push(fewer);
        let mut fewer = program.clone();
        fewer.units[at].fields.pop();
        if program.units[at].fields.len() > fewer.units[at].fields.len() {
            all.push(fewer);
        }
        for number in 0..count(&program.units[at].ops) {
            let mut fewer = program.clone();
            remove(&mut fewer.units[at].ops, number);
            all.push(fewer);
        }
    }
    all
}

/// How many calls there are, those inside of others included.
fn count(ops: &[Op]) -> usize {
    let inside = |op: &Op| inner(op).map_or(0, |ops| count(ops));
    ops.iter().map(|op| 1 + inside(op)).sum()
}

fn inner(op: &Op) -> Option<&Vec<Op>> {
    match op {
        Op::Time(_, ops) | Op::Scope(ops) | Op::Enter(ops) | Op::Shared(ops) => Some(ops),
        Op::Child(plan) | Op::Unit(plan) => Some(&plan.ops),
        Op::Part(share) => Some(&share.ops),
        _ => None,
    }
}

fn inner_mut(op: &mut Op) -> Option<&mut Vec<Op>> {
    match op {
        Op::Time(_, ops) | Op::Scope(ops) | Op::Enter(ops) | Op::Shared(ops) => Some(ops),
        Op::Child(plan) | Op::Unit(plan) => Some(&mut plan.ops),
        Op::Part(share) => Some(&mut share.ops),
        _ => None,
    }
}

/// Removes the n-th call, counted from the outside in.
fn remove(ops: &mut Vec<Op>, mut number: usize) {
    for at in 0..ops.len() {
        if number == 0 {
            ops.remove(at);
            return;
        }
        number -= 1;
        let inside = inner(&ops[at]).map_or(0, |ops| count(ops));
        if number < inside {
            if let Some(ops) = inner_mut(&mut ops[at]) {
                remove(ops, number);
            }
            return;
        }
        number -= inside;
    }
}
