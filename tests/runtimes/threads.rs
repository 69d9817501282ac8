//! Plain threads that work for a unit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, mpsc};
use std::thread;

use traceline::{Part, Trace, UnitRef, current, run, start};

use crate::bench::{check, is_send};

#[test]
fn a_thread_contributes_through_a_unit_ref() {
    check(
        |bench| {
            let unit = run!("threads", |trace| -> Result<(), String> {
                trace.set("a", 1);
                let (unit, there) = (trace.unit(), bench.clone());
                let work = move || {
                    assert!(!current::is_active());
                    unit.scope(|| {
                        current::incr("threads");
                        current::time("hash", || there.pass(20));
                        current::add!("hashed");
                    });
                    assert!(!current::is_active());
                };
                thread::spawn(work).join().unwrap();
                current::set("b", 2);
                Ok(())
            });
            unit.unwrap();
        },
        &[
            "info msg=threads outcome=ok duration_ms=20.0 a=1 threads=1 hash.count=1 hash.ms=20.0 \
             hash.max_ms=20.0 b=2 fragments=\"[20.0ms] hashed\"",
        ],
    );
}

#[test]
fn scoped_threads_may_borrow_the_unit_ref() {
    check(
        |_bench| {
            let unit = run!("scoped", || -> Result<(), String> {
                let unit = current::unit();
                thread::scope(|scope| {
                    for n in 1..=4u32 {
                        let unit = &unit;
                        scope.spawn(move || unit.scope(|| current::sum("n", n)));
                    }
                });
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=scoped outcome=ok duration_ms=0.0 n=10"],
    );
}

#[test]
fn the_handle_of_run_works_on_scoped_threads_and_after_them() {
    check(
        |_bench| {
            let unit = run!("handle", |trace| -> Result<(), String> {
                thread::scope(|scope| {
                    scope.spawn(|| {
                        trace.set("from_thread", 7).incr("writes");
                        trace.scope(|| current::incr("writes"));
                    });
                });
                trace.set("after", 8);
                current::incr("writes");
                thread::scope(|scope| {
                    scope.spawn(|| _ = trace.incr("writes"));
                });
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=handle outcome=ok duration_ms=0.0 from_thread=7 writes=4 after=8"],
    );
}

#[test]
fn a_handle_that_is_taken_to_a_thread_becomes_a_part() {
    check(
        |_bench| {
            let unit = run!("taken", |trace| -> Result<(), String> {
                let mut taken = std::mem::take(trace);
                let work = move || {
                    taken.set("moved", 1);
                    taken
                };
                let mut back = thread::spawn(work).join().unwrap();
                back.set("back", 2);
                current::set("here", 3);
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=taken outcome=ok duration_ms=0.0 moved=1 back=2 here=3"],
    );
}

#[test]
fn a_guard_keeps_the_part_current_until_it_is_dropped() {
    check(
        |_bench| {
            let first = start!("first");
            let second = start!("second");
            let (in_first, in_second) = (first.unit(), second.unit());
            let work = move || {
                let outer = in_first.enter();
                current::set("a", 1);
                let inner = in_second.enter();
                current::set("b", 2);
                // In any order.
                drop(outer);
                current::set("c", 3);
                drop(inner);
                current::set("nowhere", 4);
            };
            thread::spawn(work).join().unwrap();
            drop(first);
            drop(second);
        },
        &[
            "info msg=first duration_ms=0.0 a=1",
            "info msg=second duration_ms=0.0 b=2 c=3",
        ],
    );
}

#[test]
fn a_scope_on_the_thread_of_the_unit_writes_to_it_in_order() {
    check(
        |_bench| {
            let unit = run!("same", |trace| -> Result<(), String> {
                trace.set("key", "before").incr("n");
                trace.unit().scope(|| {
                    current::set("key", "inside");
                    current::incr("n");
                    // The handle reaches the unit itself.
                    trace.incr("n");
                });
                current::incr("n");
                assert_eq!(trace.get("n").unwrap().as_u64(), Some(4));
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=same outcome=ok duration_ms=0.0 key=inside n=4"],
    );
}

#[test]
fn a_thread_that_panics_leaves_what_it_had_collected() {
    check(
        |_bench| {
            let unit = run!("survives", |trace| -> Result<(), String> {
                let unit = trace.unit();
                let work = move || {
                    unit.scope(|| {
                        current::incr("started");
                        panic!("on purpose");
                    })
                };
                assert!(thread::spawn(work).join().is_err());
                let unit = current::unit();
                let work = AssertUnwindSafe(|| {
                    unit.scope(|| {
                        current::incr("started");
                        panic!("on purpose");
                    })
                });
                assert!(catch_unwind(work).is_err());
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=survives outcome=ok duration_ms=0.0 started=2"],
    );
}

#[test]
fn a_part_joins_its_unit_when_it_is_dropped() {
    check(
        |bench| {
            let trace = start!("parts");
            let mut part: Part = trace.part();
            let there = bench.clone();
            let work = move || {
                part.time("hash", |part| {
                    there.pass(20);
                    part.incr("chunks");
                });
                // It may have parts, too.
                let mut deeper = part.part();
                thread::spawn(move || _ = deeper.incr("chunks"))
                    .join()
                    .unwrap();
            };
            thread::spawn(work).join().unwrap();
        },
        // The deeper one came back first.
        &["info msg=parts duration_ms=20.0 chunks=2 hash.count=1 hash.ms=20.0 hash.max_ms=20.0"],
    );
}

#[test]
fn a_thread_that_is_still_busy_is_a_lost_part() {
    check(
        |_bench| {
            let trace = start!("hasty");
            let (unit, held) = (trace.unit(), trace.unit());
            let (entered, has_entered) = mpsc::channel();
            let (finish, wait) = mpsc::channel();
            let busy = thread::spawn(move || {
                unit.scope(|| {
                    current::incr("late");
                    entered.send(()).unwrap();
                    wait.recv().unwrap();
                });
            });
            has_entered.recv().unwrap();
            trace.emit();
            finish.send(()).unwrap();
            busy.join().unwrap();
            // One that is merely held is none, and is of no use any more.
            held.scope(|| current::incr("too late"));
        },
        &["info msg=hasty duration_ms=0.0 lost_parts=1"],
    );
}

#[test]
fn a_unit_ref_outlives_its_unit_and_never_reaches_the_next_one() {
    check(
        |_bench| {
            let refs: Vec<UnitRef> = (0..3)
                .map(|n| {
                    let mut trace = start!("recycled");
                    trace.set("n", n);
                    trace.unit()
                })
                .collect();
            let mut next = start!("recycled");
            next.scope(|| {
                for unit in &refs {
                    unit.scope(|| current::incr("late"));
                }
            });
            next.set("next", true);
        },
        &[
            "info msg=recycled duration_ms=0.0 n=0",
            "info msg=recycled duration_ms=0.0 n=1",
            "info msg=recycled duration_ms=0.0 n=2",
            "info msg=recycled duration_ms=0.0 next=true",
        ],
    );
}

#[test]
fn a_unit_inside_a_scope_is_a_record_of_its_own() {
    check(
        |bench| {
            let trace = start!("outer");
            let unit = trace.unit();
            let capture = bench.capture.clone();
            let work = move || {
                let _entered = capture.enter();
                unit.scope(|| {
                    current::incr("before");
                    let inner = run!("inner", |trace| -> Result<(), String> {
                        trace.set("a", 1);
                        current::set("b", 2);
                        Ok(())
                    });
                    inner.unwrap();
                    current::incr("after");
                });
            };
            thread::spawn(work).join().unwrap();
            drop(trace);
        },
        &[
            "info msg=inner outcome=ok duration_ms=0.0 a=1 b=2",
            "info msg=outer duration_ms=0.0 before=1 after=1",
        ],
    );
}

#[test]
fn a_disabled_unit_ref_hides_the_unit_of_the_thread() {
    check(
        |_bench| {
            let mut trace = start!("outer");
            trace.scope(|| {
                let nowhere = Trace::default().unit();
                nowhere.scope(|| {
                    assert!(!current::is_active());
                    current::set("hidden", 1);
                });
                current::set("seen", 1);
            });
            let nowhere = is_send(current::unit());
            assert!(!nowhere.is_enabled());
        },
        &["info msg=outer duration_ms=0.0 seen=1"],
    );
}

#[test]
fn a_shared_trace_may_be_entered_by_several_threads_at_once() {
    check(
        |_bench| {
            let shared = start!("shared").into_shared();
            let barrier = &Barrier::new(2);
            thread::scope(|scope| {
                for n in 1..=2u32 {
                    let shared = shared.clone();
                    scope.spawn(move || {
                        shared.scope(|| {
                            // Both are inside at once: the lock is not held.
                            barrier.wait();
                            current::sum("n", n);
                            shared.incr("calls");
                            barrier.wait();
                        });
                    });
                }
            });
            shared.set("done", true);
        },
        &["info msg=shared duration_ms=0.0 calls=2 n=3 done=true"],
    );
}

#[test]
fn the_last_write_wins_whoever_it_is() {
    check(
        |_bench| {
            for _ in 0..2 {
                let mut trace = start!("order");
                trace.set("state", "begun");
                let unit = trace.unit();
                thread::spawn(move || unit.scope(|| current::set("state", "working")))
                    .join()
                    .unwrap();
                assert_eq!(trace.get("state").unwrap().as_str(), Some("working"));
                trace.set("state", "done");
            }
        },
        &[
            "info msg=order duration_ms=0.0 state=done",
            "info msg=order duration_ms=0.0 state=done",
        ],
    );
}
