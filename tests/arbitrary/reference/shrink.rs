//! Shrinks a failing program as long as it still fails.

use super::compare;
use super::program::{Op, Program};

/// Removes, one by one, the things that do not affect the difference.
pub fn shrunk(mut program: Program) -> Program {
    while let Some(smaller) = smaller(&program)
        .into_iter()
        .find(|program| compare(program).is_err())
    {
        program = smaller;
    }
    program
}

/// All programs with one thing removed.
pub fn smaller(program: &Program) -> Vec<Program> {
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

/// How many calls there are, nested ones included.
fn count(ops: &[Op]) -> usize {
    let inside = |op: &Op| inner(op).map_or(0, |ops| count(ops));
    ops.iter().map(|op| 1 + inside(op)).sum()
}

pub fn inner(op: &Op) -> Option<&Vec<Op>> {
    match op {
        Op::Time(_, ops) | Op::Scope(ops) | Op::Enter(ops) | Op::Shared(ops) => Some(ops),
        Op::With(ops) | Op::Catch(ops) => Some(ops),
        Op::Child(plan) | Op::Unit(plan) | Op::Crossed(plan, _) => Some(&plan.ops),
        Op::Part(share) => Some(&share.ops),
        _ => None,
    }
}

fn inner_mut(op: &mut Op) -> Option<&mut Vec<Op>> {
    match op {
        Op::Time(_, ops) | Op::Scope(ops) | Op::Enter(ops) | Op::Shared(ops) => Some(ops),
        Op::With(ops) | Op::Catch(ops) => Some(ops),
        Op::Child(plan) | Op::Unit(plan) | Op::Crossed(plan, _) => Some(&mut plan.ops),
        Op::Part(share) => Some(&mut share.ops),
        _ => None,
    }
}

/// Removes the n-th call; an outer call counts before those inside it.
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
