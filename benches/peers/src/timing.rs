//! Rows take turns in slices of a few milliseconds, so that other work on the machine affects all of them alike. The
//! ratio to another row is computed round by round; the result is the median of these ratios.

use crate::peer::Row;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use units::sink::{self, Mode};
use units::{Auth, Wide};

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub slice: Duration,
    pub rounds: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    W1,
    W2,
    W3,
    W4,
    W5,
}

impl Unit {
    pub fn mode(self) -> Mode {
        match self {
            Unit::W1 | Unit::W2 | Unit::W3 => Mode::On,
            Unit::W4 => Mode::Off,
            Unit::W5 => Mode::Warn,
        }
    }

    /// Why the row lacks this unit, if it does.
    pub fn missing(self, row: &Row) -> Option<&'static str> {
        match self {
            Unit::W4 => row.off,
            Unit::W5 => row.warn,
            _ => None,
        }
    }
}

pub struct Inputs {
    auths: Vec<Auth>,
    wides: Vec<Wide>,
}

impl Inputs {
    pub fn new() -> Self {
        Self { auths: units::auths(), wides: units::wides() }
    }

    /// Runs the unit `times` times, cycling through the inputs. Each goes through `black_box`.
    pub fn run(&self, row: &Row, unit: Unit, times: u64) {
        match unit {
            Unit::W1 => round(row.w1, &self.auths, times),
            Unit::W2 => round(row.w2, &self.auths, times),
            Unit::W3 => round(row.w3, &self.wides, times),
            Unit::W4 | Unit::W5 => round_silent(row.w2, &self.auths, times),
        }
    }
}

impl Inputs {
    /// Runs one unit with the first input and leaves its output in the buffer.
    pub fn run_raw(&self, row: &Row, unit: Unit) {
        match unit {
            Unit::W1 => (row.w1)(&self.auths[0]),
            Unit::W3 => (row.w3)(&self.wides[0]),
            _ => (row.w2)(&self.auths[0]),
        }
    }
}

#[inline(never)]
fn round<T>(unit: fn(&T), inputs: &[T], times: u64) {
    let mut next = 0;
    for _ in 0..times {
        unit(black_box(&inputs[next]));
        sink::look();
        next = (next + 1) % inputs.len();
    }
}

/// The same for units that write nothing: looking at the buffer would cost as much as the unit.
#[inline(never)]
fn round_silent<T>(unit: fn(&T), inputs: &[T], times: u64) {
    let mut next = 0;
    for _ in 0..times {
        unit(black_box(&inputs[next]));
        next = (next + 1) % inputs.len();
    }
}

/// ns per unit in every round, for every row that has the unit.
pub fn unit(rows: &[Row], unit: Unit, plan: Plan, inputs: &Inputs) -> Vec<Option<Vec<f64>>> {
    let times: Vec<_> =
        rows.iter().map(|row| unit.missing(row).is_none().then(|| calibrate(row, unit, plan, inputs))).collect();
    let mut results: Vec<_> = times.iter().map(|times| times.map(|_| Vec::with_capacity(plan.rounds))).collect();
    for round in 0..plan.rounds {
        for turn in 0..rows.len() {
            let at = (turn + round) % rows.len(); // no row always follows the same one
            if let (Some(times), Some(results)) = (times[at], &mut results[at]) {
                results.push(slice(&rows[at], unit, times, inputs));
            }
        }
    }
    results
}

/// The number of units that fit in a slice.
fn calibrate(row: &Row, unit: Unit, plan: Plan, inputs: &Inputs) -> u64 {
    let mut times = 1;
    loop {
        let ns = slice(row, unit, times, inputs) * times as f64;
        if ns * 4.0 > plan.slice.as_nanos() as f64 {
            return ((plan.slice.as_nanos() as f64 / ns * times as f64) as u64).max(1);
        }
        times *= 2;
    }
}

fn slice(row: &Row, unit: Unit, times: u64, inputs: &Inputs) -> f64 {
    let mut ns = 0.0;
    (row.scope)(unit.mode(), &mut || {
        inputs.run(row, unit, (times / 16).max(1)); // warms the caches and what the scope made
        let start = Instant::now();
        inputs.run(row, unit, times);
        ns = start.elapsed().as_nanos() as f64 / times as f64;
    });
    ns
}

/// Throughput of W2 on two threads divided by that on one. Uses the lower quartiles of the times: other work on the
/// machine disturbs two busy cores far more often than one and would look like contention.
pub fn two_threads(row: &Row, plan: Plan, inputs: &Inputs) -> f64 {
    let times = calibrate(row, Unit::W2, plan, inputs);
    let (mut one, mut both) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        one.push(slice(row, Unit::W2, times, inputs));
        both.push(together(row, times, inputs));
    }
    quantile(one, 4) / quantile(both, 4)
}

/// ns per unit, over the units of both threads, when two threads run side by side, each with its own buffer. Timed
/// from when both are ready until both are done: a slice that ran while the other slept is not throughput.
fn together(row: &Row, times: u64, inputs: &Inputs) -> f64 {
    let barrier = Barrier::new(2);
    let work = || {
        let mut ns = 0.0;
        (row.scope)(Mode::On, &mut || {
            inputs.run(row, Unit::W2, (times / 16).max(1));
            barrier.wait();
            let start = Instant::now();
            inputs.run(row, Unit::W2, times);
            barrier.wait();
            ns = start.elapsed().as_nanos() as f64 / (2 * times) as f64;
        });
        ns
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work().max(other.join().expect("a unit does not panic"))
    })
}

pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 2)
}

/// The value that one in `part` of the values lies below.
fn quantile(mut values: Vec<f64>, part: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / part).copied().unwrap_or(f64::NAN)
}

/// The median of the ratios, computed round by round.
pub fn ratio(row: &[f64], to: &[f64]) -> f64 {
    median(row.iter().zip(to).map(|(row, to)| row / to).collect())
}
