//! What comes back after its unit has ended is counted for the whole process: hence a program
//! of its own, with one test.

#[path = "util/mod.rs"]
mod util;

use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Barrier, Mutex};
use std::thread;

use traceline::{Config, Format, Trace, UnitRef, current, current::Lap};

use util::Bench;

fn bench() -> Bench {
    Bench::new(Config::builder().header(false).format(Format::Json))
}

fn unit(bench: &Bench) -> Trace {
    Trace::builder("unit").config(&bench.config).start()
}

/// The number in a record, or 0.
fn number(line: &str, key: &str) -> u64 {
    let record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
    record.get(key).and_then(|n| n.as_u64()).unwrap_or(0)
}

#[track_caller]
fn late(work: impl FnOnce(), want: u64) {
    let before = current::late_parts();
    work();
    assert_eq!(current::late_parts() - before, want);
}

#[test]
fn each_part_that_comes_late_with_anything_in_it_is_counted_once() {
    each_kind();
    what_is_not_in_the_record_comes_late();
}

fn each_kind() {
    let bench = &bench();
    let ended = || {
        let trace = unit(bench);
        let reference = trace.unit();
        trace.emit();
        reference
    };
    late(|| drop(ended()), 0);
    late(|| ended().scope(|| ()), 0);
    late(|| ended().scope(|| current::set("a", 1)), 1);
    late(|| ended().scope(|| current::add("a")), 1);
    late(|| ended().scope(|| current::raise(log::Level::Warn)), 1);
    // An outcome that only the unit itself decides.
    late(|| ended().scope(current::ok), 0);
    late(|| drop(ended().part()), 0);
    late(|| _ = ended().part().incr("n"), 1);
    late(|| drop(ended().scope(|| current::lap("t"))), 1);
    let nested = |reference: UnitRef| {
        reference.scope(|| {
            current::incr("n");
            reference.scope(|| current::incr("n"));
            current::part().incr("n");
        });
    };
    late(|| nested(ended()), 3);
    let joined = |reference: UnitRef| {
        let (mut outer, mut inner) = (reference.part(), reference.part());
        inner.incr("n");
        outer.join(inner);
        outer.incr("n");
    };
    late(|| joined(ended()), 1);
    // In the record of the unit that joins it.
    let elsewhere = |reference: UnitRef| {
        let mut part = reference.part();
        part.incr("n");
        unit(bench).join(part);
    };
    late(|| elsewhere(ended()), 0);
    let nowhere = |reference: UnitRef| {
        let mut part = reference.part();
        part.incr("n");
        Trace::default().join(part);
    };
    late(|| nowhere(ended()), 1);
    let discarded = |reference: UnitRef| {
        let mut part = reference.part();
        part.incr("n");
        mem::take(&mut *part).discard();
    };
    late(|| discarded(ended()), 0);
    // Nobody misses what comes for a unit without a record.
    let of_a_discarded_unit = || {
        let trace = unit(bench);
        let reference = trace.unit();
        trace.discard();
        reference.scope(|| current::incr("n"));
    };
    late(of_a_discarded_unit, 0);
    let still_out = || {
        let trace = unit(bench);
        let mut part = trace.part();
        part.incr("n");
        bench.log.take_lines();
        drop(trace);
        assert_eq!(number(&bench.log.take_lines()[0], "lost_parts"), 1);
        drop(part);
    };
    late(still_out, 1);
    let threads = || {
        let reference = ended();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| reference.scope(|| current::incr("n"))));
            }
        });
    };
    late(threads, 400);
    // The next unit begins afresh.
    bench.log.take_lines();
    late(|| unit(bench).unit().scope(|| current::incr("n")), 0);
    let line = bench.log.only().args;
    assert_eq!((number(&line, "n"), number(&line, "lost_parts")), (1, 0));
}

const THREADS: usize = 8;

/// Short units, each with eight threads that enter it while it ends: whatever a scope has
/// collected is in the record or comes late, and never both or neither.
fn what_is_not_in_the_record_comes_late() {
    const ROUNDS: usize = if cfg!(debug_assertions) {
        2_000
    } else {
        20_000
    };
    let bench = bench();
    let at_hand: Mutex<Option<UnitRef>> = Mutex::new(None);
    let barrier = Barrier::new(THREADS + 1);
    let (laps_out, laps_in): (Vec<Sender<Lap>>, Vec<Receiver<Lap>>) =
        (0..THREADS).map(|_| channel()).unzip();
    let (mut some_late, mut some_lost) = (0, 0);
    thread::scope(|scope| {
        for (worker, received) in laps_in.into_iter().enumerate() {
            let next = laps_out[(worker + 1) % THREADS].clone();
            let (at_hand, barrier) = (&at_hand, &barrier);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    barrier.wait();
                    let unit = at_hand.lock().unwrap().clone().unwrap();
                    for turn in 0..scopes(round, worker) {
                        match (worker + turn) % 3 {
                            0 => unit.scope(|| {
                                current::incr("n");
                                // Ends on the next thread, whatever has ended by then.
                                next.send(current::lap("t")).unwrap();
                            }),
                            1 => unit.scope(|| {
                                let _lap = current::lap("t");
                                current::unit().scope(thread::yield_now);
                                current::incr("n");
                            }),
                            _ => {
                                let mut part = unit.part();
                                part.incr("n");
                                part.time("t", |_| thread::yield_now());
                            }
                        }
                        received.try_iter().for_each(drop);
                    }
                    drop(unit);
                    barrier.wait();
                    received.try_iter().for_each(drop);
                }
            });
        }
        for round in 0..ROUNDS {
            let mut trace = unit(&bench);
            *at_hand.lock().unwrap() = Some(trace.unit());
            let before = current::late_parts();
            barrier.wait();
            for turn in 0..round % 7 {
                match turn % 3 {
                    0 => thread::yield_now(),
                    1 => _ = trace.render(),
                    _ => trace.scope(|| _ = current::get("n")),
                }
            }
            drop(trace);
            barrier.wait();
            let late = current::late_parts() - before;
            let line = bench.log.only().args;
            let total = (0..THREADS)
                .map(|worker| scopes(round, worker))
                .sum::<usize>() as u64;
            assert_eq!(number(&line, "n") + late, total, "{round} {line}");
            assert_eq!(number(&line, "t.count") + late, total, "{round} {line}");
            let lost = number(&line, "lost_parts");
            // Scopes inside scopes collect nothing, so they are lost but do not come late.
            assert!(lost <= 2 * late, "{round} {line} {late}");
            some_late += u64::from(late > 0);
            some_lost += u64::from(lost > 0);
        }
    });
    println!("of {ROUNDS} units, {some_late} missed something, {some_lost} were told so");
    assert!(some_late > 0 && some_lost > 0);
}

fn scopes(round: usize, worker: usize) -> usize {
    1 + (round + worker) % 4
}
