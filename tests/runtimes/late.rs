//! What comes back after the end of its unit: counted in the record as it ends, and for the process as it comes. The
//! count of the process is why these tests take turns, in a program of their own.

#![forbid(unsafe_code)]
// A part of the helpers is used here.
#![allow(dead_code)]

mod bench;
#[path = "../util/tags.rs"]
mod tags;

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;
use traceline::{Part, current, future::InTraceExt, run, start};

use crate::bench::{Bench, check, one_thread, two_threads};

static TURN: Mutex<()> = Mutex::new(());

/// Runs `work` alone, and checks how many parts of ended units came back meanwhile.
#[track_caller]
fn check_late(late: u64, work: impl FnOnce(&Bench), want: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(|error| error.into_inner());
    let before = current::late_parts();
    check(work, want);
    assert_eq!(current::late_parts() - before, late);
}

#[test]
fn a_unit_that_ends_before_its_tasks_counts_them() {
    for runtime in [two_threads(), one_thread()] {
        check_late(
            2,
            |bench| {
                runtime.block_on(bench.capture.in_capture(async {
                    let mut tasks = Vec::new();
                    let mut ends = Vec::new();
                    let unit = run!("hasty", async |trace| -> Result<(), String> {
                        trace.set("a", 1);
                        for writes in [true, true, false] {
                            let (started, has_started) = oneshot::channel();
                            let (end, has_ended) = oneshot::channel::<()>();
                            let task = async move {
                                started.send(()).unwrap();
                                has_ended.await.unwrap();
                                if writes {
                                    current::incr("late");
                                }
                            };
                            tasks.push(tokio::spawn(task.in_current_unit()));
                            ends.push(end);
                            has_started.await.unwrap();
                        }
                        Ok(())
                    });
                    unit.await.unwrap();
                    for end in ends {
                        end.send(()).unwrap();
                    }
                    for task in tasks {
                        task.await.unwrap();
                    }
                }));
            },
            &["info msg=hasty outcome=ok duration_ms=0.0 a=1 lost_parts=3"],
        );
    }
}

#[test]
fn tasks_that_never_began_count_as_nothing() {
    check_late(
        0,
        |bench| {
            let runtime = one_thread();
            runtime.block_on(bench.capture.in_capture(async {
                let unit = run!("hasty", async || -> Result<(), String> {
                    for _ in 0..3 {
                        // Not polled before the unit ends: it does not wait.
                        tokio::spawn(async { current::incr("late") }.in_current_unit());
                    }
                    Ok(())
                });
                unit.await.unwrap();
            }));
            drop(runtime);
        },
        &["info msg=hasty outcome=ok duration_ms=0.0"],
    );
}

#[test]
fn tasks_that_begin_after_the_end_come_late() {
    check_late(
        3,
        |bench| {
            one_thread().block_on(bench.capture.in_capture(async {
                let mut tasks = Vec::new();
                let unit = run!("hasty", async || -> Result<(), String> {
                    let task = || async { current::incr("late") }.in_current_unit();
                    tasks.extend((0..3).map(|_| tokio::spawn(task())));
                    Ok(())
                });
                unit.await.unwrap();
                for task in tasks {
                    task.await.unwrap();
                }
            }));
        },
        &["info msg=hasty outcome=ok duration_ms=0.0"],
    );
}

#[test]
fn a_runtime_that_is_dropped_after_the_unit_brings_its_tasks_late() {
    for runtime in [two_threads(), one_thread()] {
        check_late(
            1,
            |bench| {
                let trace = start!("hasty");
                let unit = trace.unit();
                runtime.block_on(async {
                    for writes in [true, false] {
                        let (started, has_started) = oneshot::channel();
                        let there = bench.clone();
                        let task = async move {
                            if writes {
                                current::incr("late");
                            }
                            there.start_and_hang(5, started).await;
                        };
                        tokio::spawn(task.in_unit(&unit));
                        has_started.await.unwrap();
                    }
                });
                trace.emit();
                drop(runtime);
            },
            &["info msg=hasty duration_ms=10.0 lost_parts=2"],
        );
    }
}

#[test]
fn a_thread_that_ends_after_the_unit_comes_late() {
    check_late(
        1,
        |_bench| {
            let trace = start!("hasty");
            let unit = trace.unit();
            let (entered, has_entered) = mpsc::channel();
            let (finish, wait) = mpsc::channel::<()>();
            let work = move || {
                unit.scope(|| {
                    current::add!("working");
                    entered.send(()).unwrap();
                    wait.recv().unwrap();
                });
            };
            let worker = thread::spawn(work);
            has_entered.recv().unwrap();
            trace.emit();
            finish.send(()).unwrap();
            worker.join().unwrap();
        },
        &["info msg=hasty duration_ms=0.0 lost_parts=1"],
    );
}

#[test]
fn parts_that_raise_the_level_come_late_and_idle_ones_do_not() {
    check_late(
        1,
        |_bench| {
            let trace = start!("hasty");
            let (idle, mut raises) = (trace.part(), trace.part());
            raises.raise(log::Level::Warn);
            trace.emit();
            drop((idle, raises));
        },
        &["info msg=hasty duration_ms=0.0 lost_parts=2"],
    );
}

#[test]
fn nothing_of_a_discarded_unit_is_late() {
    check_late(
        0,
        |_bench| {
            let trace = start!("discarded");
            let unit = trace.unit();
            let mut part: Part = trace.part();
            trace.discard();
            part.incr("late");
            drop(part);
            unit.scope(|| current::incr("late"));
        },
        &[],
    );
}

#[test]
fn a_unit_ref_that_is_held_counts_as_nothing() {
    check_late(
        1,
        |_bench| {
            let trace = start!("held");
            let held = trace.unit();
            trace.emit();
            held.scope(|| current::incr("late"));
            held.scope(|| ());
            let _also_held = held.clone();
        },
        &["info msg=held duration_ms=0.0"],
    );
}

#[test]
fn what_is_still_out_at_the_end_of_run_is_lost_and_comes_late() {
    check_late(
        1,
        |_bench| {
            let mut kept = None;
            let unit = run!("taken", |trace| -> Result<(), String> {
                let mut taken = std::mem::take(trace);
                let work = move || {
                    taken.set("elsewhere", 1);
                    taken
                };
                kept = Some(thread::spawn(work).join().unwrap());
                Ok(())
            });
            unit.unwrap();
            drop(kept);
        },
        &["info msg=taken outcome=ok duration_ms=0.0 lost_parts=1"],
    );
}

/// The last row of the table in the guide's chapter on the context.
#[test]
fn whatever_writes_after_the_end_comes_late() {
    check_late(
        3,
        |_bench| {
            let mut kept = None;
            let unit = run!("ended", |trace| -> Result<(), String> {
                trace.set("a", 1);
                let (unit, part) = (trace.unit(), trace.part());
                current::emit();
                current::set("current", 2);
                kept = Some((std::mem::take(trace), part, unit));
                Ok(())
            });
            unit.unwrap();
            let (mut handle, mut part, unit) = kept.unwrap();
            handle.set("handle", 1);
            current::set("current", 2);
            part.set("part", 3);
            unit.scope(|| current::set("scope", 4));
        },
        &["info msg=ended duration_ms=0.0 a=1 lost_parts=1"],
    );
}
