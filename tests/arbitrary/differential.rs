//! Random units, one after the other on one worn thread, each compared with the
//! same unit on a thread that never ran one: whatever a thread keeps from earlier
//! units must not show in any line.
//!
//! Spare entries belong to a thread, so the threads share none. Each thread has a
//! clock that advances with every reading, so one reading too many shows as
//! well.

#[path = "differential/bench.rs"]
mod bench;
#[path = "differential/make.rs"]
mod make;
#[path = "differential/ops.rs"]
mod ops;
#[path = "differential/values.rs"]
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use ops::Unit;

use crate::random::Random;

/// Worn threads, each with a history of its own.
const HISTORIES: u64 = 4;

/// Units of one history: 3,000 in all in a debug build, else 100,000.
const UNITS: usize = if cfg!(debug_assertions) { 750 } else { 25_000 };

/// After this many units, a thread turns to other kinds of unit.
const SEASON: usize = UNITS / 10;

/// The first seed; `DIFFERENTIAL_SEED=n` tries others.
fn first_seed() -> u64 {
    match std::env::var("DIFFERENTIAL_SEED") {
        Ok(text) => text.parse().expect("DIFFERENTIAL_SEED is a number"),
        Err(_) => 1,
    }
}

/// Passes the units of a seed to `each`, with their numbers.
fn history(seed: u64, mut each: impl FnMut(usize, &Unit)) {
    let mut random = Random(seed);
    let mut kinds = Vec::new();
    for number in 0..UNITS {
        if number.is_multiple_of(SEASON) {
            kinds = make::kinds(&mut random);
        }
        let kind = &kinds[random.below(kinds.len())];
        each(number, &make::vary(kind, &mut random));
    }
}

/// Runs a unit on this thread and on a fresh one; returns the lines of both.
fn worn_and_fresh(unit: &Unit) -> thread::Result<[Vec<String>; 2]> {
    thread::scope(|scope| {
        let fresh = scope.spawn(|| bench::lines(|| unit.run()));
        let worn = catch_unwind(AssertUnwindSafe(|| bench::lines(|| unit.run())));
        let fresh = fresh.join();
        Ok([worn?, fresh?])
    })
}

fn check(seed: u64, number: usize, unit: &Unit) {
    let Ok([worn, fresh]) = worn_and_fresh(unit) else {
        panic!("seed {seed}, unit {number} panicked: {unit:#?}");
    };
    assert!(
        worn == fresh,
        "seed {seed}, unit {number}: {unit:#?}\n worn: {}\nfresh: {}",
        worn.join("\n       "),
        fresh.join("\n       "),
    );
}

#[test]
fn a_worn_thread_writes_what_a_fresh_one_writes() {
    let first = first_seed();
    thread::scope(|scope| {
        for seed in first..first + HISTORIES {
            scope.spawn(move || history(seed, |number, unit| check(seed, number, unit)));
        }
    });
}

/// Checks that the units are worth comparing: each of these texts is in some line.
#[test]
fn the_units_get_to_what_may_leak() {
    let mut missing = vec![
        "dropped_fields",
        "dropped_fragments",
        "lost_parts",
        "truncated",
        "error.chain",
        "outcome=panic",
        "partial=true seq=2",
        "<panicked>",
        "******",
        "k1_2=",
        ".max_ms=",
        "[lib.rs:7, ",
        "WARN|other|",
        "get Some",
        "render ts=",
        r#"{"ts":"#,
        "from the builder",
    ];
    history(first_seed(), |_, unit| {
        for line in bench::lines(|| unit.run()) {
            missing.retain(|text| !line.contains(text));
        }
    });
    assert!(missing.is_empty(), "in no line: {missing:?}");
}
