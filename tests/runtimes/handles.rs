//! `in_trace` and `run_in_trace` with traces that come from elsewhere: parts, children, the handle of `run!`.

use tokio::task::yield_now;
use traceline::{Trace, current, future::InTraceExt, run, start};

use crate::bench::{Bench, check, check_on_each_runtime, poll_once};

#[test]
fn a_part_that_is_taken_into_a_future_joins_its_unit() {
    check_on_each_runtime(
        async |bench| {
            let mut trace = start!("fan out");
            let mut part = trace.part();
            let inner = std::mem::take(&mut *part);
            let there = bench.clone();
            let query = async move {
                current::incr("queries");
                there.query().timed("db").await
            };
            let rows = tokio::spawn(query.in_trace(inner)).await.unwrap();
            trace.join(part);
            trace.set("rows", rows.unwrap()).ok();
        },
        &[
            "info msg=\"fan out\" outcome=ok duration_ms=20.0 queries=1 db.count=1 db.ms=20.0 \
             db.max_ms=20.0 rows=7",
        ],
    );
}

#[test]
fn a_failure_of_a_part_is_one_of_its_unit() {
    check_on_each_runtime(
        async |_bench| {
            let trace = start!("fan out");
            let mut part = trace.part();
            let query = async {
                yield_now().await;
                Err::<(), _>("no answer")
            };
            let query = query.run_in_trace(std::mem::take(&mut *part));
            assert!(tokio::spawn(query).await.unwrap().is_err());
        },
        &["error msg=\"fan out\" outcome=error duration_ms=0.0 error=\"no answer\""],
    );
}

#[test]
fn a_part_that_is_cancelled_does_not_cancel_its_unit() {
    check(
        |bench| {
            let mut trace = start!("fan out");
            let mut part = trace.part();
            let query = async {
                current::incr("queries");
                bench.hang(5).timed("db").await;
            };
            let mut query = Box::pin(query.in_trace(std::mem::take(&mut *part)));
            assert!(poll_once(query.as_mut()).is_pending());
            bench.pass(15);
            drop(query);
            bench.pass(100);
            trace.ok();
        },
        &[
            "info msg=\"fan out\" outcome=ok duration_ms=120.0 queries=1 db.count=1 db.ms=20.0 \
             db.max_ms=20.0",
        ],
    );
}

#[test]
fn a_child_is_a_unit_of_its_own() {
    let bench = Bench::new();
    let mut parent = bench.capture.run(|| start!("parent"));
    let child = parent.child("child");
    let mut work = Box::pin(async { current::set("a", 1) }.in_trace(child));
    assert!(poll_once(work.as_mut()).is_ready());
    parent.emit();
    let [child, parent] = bench.capture.take().try_into().unwrap();
    assert_eq!(child.parent_id(), parent.span_id());
    assert_eq!((child.u64("a"), parent.u64("a")), (Some(1), None));
}

#[test]
fn the_handle_of_run_may_be_taken_into_a_future() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("request", async |trace| -> Result<(), String> {
                trace.set("before", 1);
                let taken = std::mem::take(trace);
                let there = bench.clone();
                let query = async move {
                    current::incr("queries");
                    there.query().timed("db").await
                };
                // Here it is the unit itself, in a task a part of it.
                query.in_trace(taken).await?;
                current::set("after", 2);
                Ok(())
            });
            unit.await.unwrap();
            let unit = run!("request", async |trace| -> Result<(), String> {
                trace.set("before", 1);
                let taken = std::mem::take(trace);
                let there = bench.clone();
                let query = async move {
                    current::incr("queries");
                    there.query().timed("db").await
                };
                tokio::spawn(query.in_trace(taken)).await.unwrap()?;
                current::set("after", 2);
                Ok(())
            });
            unit.await.unwrap();
        },
        &[
            "info msg=request outcome=ok duration_ms=20.0 before=1 queries=1 db.count=1 \
             db.ms=20.0 db.max_ms=20.0 after=2",
            "info msg=request outcome=ok duration_ms=20.0 before=1 queries=1 db.count=1 \
             db.ms=20.0 db.max_ms=20.0 after=2",
        ],
    );
}

#[test]
fn a_disabled_trace_runs_its_future_without_a_unit() {
    check_on_each_runtime(
        async |bench| {
            let outer = async {
                let query = async {
                    assert!(!current::is_active());
                    bench.query().timed("db").await
                };
                assert_eq!(query.run_in_trace(Trace::default()).await, Ok(7));
                current::set("a", 1);
            };
            outer.in_trace(start!("outer")).await;
        },
        &["info msg=outer duration_ms=20.0 a=1"],
    );
}

/// The guide's chapter on the context has a table of these; its last row, after the end, is in `late.rs`.
#[test]
fn each_call_writes_where_the_guide_says() {
    check(
        |_bench| {
            let here = run!("thread of the unit", |trace| -> Result<(), String> {
                trace.set("handle", 1);
                current::set("current", 2);
                let mut part = trace.part();
                part.set("part", 3);
                trace.unit().scope(|| current::set("scope", 4));
                drop(part);
                Ok(())
            });
            here.unwrap();
            let elsewhere = run!("another thread", |trace| -> Result<(), String> {
                let (unit, mut part) = (trace.unit(), trace.part());
                std::thread::scope(|scope| {
                    scope.spawn(move || {
                        trace.set("handle", 1);
                        current::set("current", 2);
                        part.set("part", 3);
                        drop(part);
                        unit.scope(|| current::set("scope", 4));
                    });
                });
                Ok(())
            });
            elsewhere.unwrap();
            let inside = run!("inside with", |trace| -> Result<(), String> {
                let (unit, mut part) = (trace.unit(), trace.part());
                current::with(|inside| {
                    inside.set("with", 0);
                    trace.set("handle", 1);
                    current::set("current", 2);
                    part.set("part", 3);
                    drop(part);
                    unit.scope(|| current::set("scope", 4));
                });
                trace.set("after", 5);
                Ok(())
            });
            inside.unwrap();
        },
        &[
            "info msg=\"thread of the unit\" outcome=ok duration_ms=0.0 handle=1 current=2 \
             scope=4 part=3",
            "info msg=\"another thread\" outcome=ok duration_ms=0.0 part=3 scope=4 handle=1",
            "info msg=\"inside with\" outcome=ok duration_ms=0.0 with=0 part=3 scope=4 handle=1 \
             after=5",
        ],
    );
}

#[test]
fn a_future_that_had_the_handle_and_is_dropped_does_not_cancel_the_unit() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("race", async |trace| -> Result<(), String> {
                let taken = std::mem::take(trace);
                let slow = async {
                    current::incr("tries");
                    bench.hang(5).timed("slow").await;
                };
                tokio::select! {
                    biased;
                    () = slow.in_trace(taken) => {}
                    _ = bench.query() => {}
                }
                bench.pass(75);
                Ok(())
            });
            unit.await.unwrap();
        },
        &[
            "info msg=race outcome=ok duration_ms=100.0 tries=1 slow.count=1 slow.ms=25.0 \
             slow.max_ms=25.0",
        ],
    );
}
