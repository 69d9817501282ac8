//! Units that other threads enter, with laps, parts and handles that come back in any
//! order, some of them after the end of their unit.

use std::mem;
use std::thread;

use traceline::{Trace, UnitRef, current};

use super::unit::begin;
use super::worker::Worker;

/// What a scope elsewhere does.
fn work() {
    current::incr("chunks");
    current::add("entered");
    let lap = current::lap("db");
    current::time("db", || current::max("most", 7));
    drop(lap);
}

/// Scopes on this and on other threads, with units in between that share the ids.
pub fn run(worker: &mut Worker, mut trace: Trace) {
    let unit = trace.unit();
    let mut laps = vec![trace.lap("db")];
    if worker.random.one_in(8) {
        let first = unit.clone();
        let thread = thread::spawn(move || first.scope(work));
        unit.scope(work);
        thread.join().expect("nothing panics there");
    }
    let mut guards = Vec::new();
    for _ in 0..worker.random.below(6) {
        match worker.random.below(5) {
            0 => guards.push(unit.enter()),
            1 if !guards.is_empty() => {
                drop(guards.swap_remove(worker.random.below(guards.len())));
            }
            2 => inside(worker, &unit),
            3 => laps.push(trace.lap("db")),
            _ => unit.scope(work),
        }
    }
    let mut late = unit.part();
    late.incr("late");
    let mut part = trace.part();
    part.set("text", "of a part that is dropped");
    drop(part);
    if worker.random.one_in(2) {
        drop(mem::take(&mut guards));
    }
    laps.truncate(worker.random.below(3));
    worker.emit(trace);
    drop((late, laps, guards));
}

/// A unit in a scope of another, which asks for the ids of both.
fn inside(worker: &mut Worker, unit: &UnitRef) {
    let _entered = unit.enter();
    let (_, mut inner) = begin(worker);
    if worker.random.one_in(2) {
        inner.traceparent();
    }
    inner.scope(work);
    worker.emit(inner);
}

/// The handle of `run!`: in place, and taken to another thread.
pub fn by_handle(worker: &mut Worker) {
    let (_, trace) = begin(worker);
    let goes = worker.random.one_in(8);
    let result: Result<(), String> = trace.__run(|trace| {
        trace.incr("rows");
        let mut trace = mem::take(trace);
        if goes {
            let elsewhere = thread::spawn(move || {
                trace.incr("rows").add("elsewhere");
                trace.scope(work);
                trace
            });
            trace = elsewhere.join().expect("nothing panics there");
        }
        trace.incr("rows");
        Ok(())
    });
    assert_eq!(result, Ok(()));
}
