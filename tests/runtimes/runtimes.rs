//! Runtimes that end before their units, with them, and inside them.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::yield_now;
use traceline::{Trace, current, future::InTraceExt, run, start};

use crate::bench::{Bench, check, one_thread, two_threads};

/// Spawns a task of the unit that never ends, and waits until it has begun.
async fn spawn_endless(bench: &Bench) {
    let (started, has_started) = oneshot::channel();
    let there = bench.clone();
    let task = async move {
        current::incr("tasks");
        there.start_and_hang(5, started).timed("wait").await;
    };
    tokio::spawn(task.in_current_unit());
    has_started.await.unwrap();
}

#[test]
fn a_unit_outlives_the_runtime_of_its_tasks() {
    for runtime in [two_threads(), one_thread()] {
        check(
            |bench| {
                let trace = start!("outlives");
                let unit = trace.unit();
                runtime.block_on(spawn_endless(bench).in_unit(&unit));
                drop(runtime);
                bench.pass(100);
            },
            &[
                "info msg=outlives duration_ms=105.0 tasks=1 wait.count=1 wait.ms=5.0 \
                 wait.max_ms=5.0",
            ],
        );
    }
}

#[test]
fn a_runtime_that_shuts_down_ends_its_units_with_their_tasks() {
    for runtime in [two_threads(), one_thread()] {
        check(
            |bench| {
                let there = bench.clone();
                runtime.block_on(async {
                    let (started, has_started) = oneshot::channel();
                    let unit = run!("cut off", async move |trace| -> Result<(), String> {
                        trace.set("a", 1);
                        there.start_and_hang(5, started).timed("wait").await;
                        Ok(())
                    });
                    tokio::spawn(unit);
                    has_started.await.unwrap();
                });
                bench.pass(15);
                runtime.shutdown_timeout(Duration::from_secs(60));
            },
            &[
                "warn msg=\"cut off\" outcome=cancelled duration_ms=20.0 a=1 wait.count=1 \
                 wait.ms=20.0 wait.max_ms=20.0",
            ],
        );
    }
}

#[test]
fn blocking_work_that_never_began_is_not_lost() {
    check(
        |_bench| {
            let trace = start!("shut down");
            let unit = trace.unit();
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).max_blocking_threads(1).build();
            let runtime = runtime.unwrap();
            let (finish, wait) = std::sync::mpsc::channel::<()>();
            // It has the only thread for blocking work …
            let blocks = runtime.spawn_blocking(move || _ = wait.recv());
            let started = unit.clone();
            // … so this one waits for its turn, and is dropped at the end.
            runtime.spawn_blocking(move || started.scope(|| current::incr("never")));
            runtime.shutdown_background();
            finish.send(()).unwrap();
            drop(blocks);
        },
        &["info msg=\"shut down\" duration_ms=0.0"],
    );
}

#[test]
fn the_unit_around_a_runtime_is_current_in_the_future_it_waits_for() {
    for runtime in [two_threads(), one_thread()] {
        check(
            |bench| {
                let unit = run!("main", |trace| {
                    let rows = runtime.block_on(async {
                        let task = async { current::incr("tasks") };
                        tokio::spawn(task.in_current_unit()).await.unwrap();
                        bench.query().timed("db").await
                    })?;
                    trace.set("rows", rows);
                    Ok::<_, String>(())
                });
                unit.unwrap();
            },
            &[
                "info msg=main outcome=ok duration_ms=20.0 tasks=1 db.count=1 db.ms=20.0 \
                 db.max_ms=20.0 rows=7",
            ],
        );
    }
}

#[test]
fn one_runtime_may_wait_for_another() {
    check(
        |bench| {
            let (outer, inner) = (two_threads(), one_thread());
            let there = bench.clone();
            outer.block_on(bench.capture.in_capture(async move {
                let unit = run!("outer", async move |trace| {
                    let unit = trace.unit();
                    let work = move || {
                        let work = async {
                            current::incr("inner");
                            there.query().timed("db").await
                        };
                        inner.block_on(work.in_unit(&unit))
                    };
                    tokio::task::spawn_blocking(work).await.unwrap()
                });
                assert_eq!(unit.await, Ok(7));
            }));
        },
        &[
            "info msg=outer outcome=ok duration_ms=20.0 inner=1 db.count=1 db.ms=20.0 \
             db.max_ms=20.0",
        ],
    );
}

#[test]
fn a_unit_moves_from_one_runtime_to_another() {
    check(
        |bench| {
            let mut future = Box::pin({
                let bench = bench.clone();
                async move {
                    for _ in 0..4 {
                        current::incr("polls");
                        bench.pass(1);
                        yield_now().await;
                    }
                }
                .timed("work")
                .in_trace(start!("moves"))
            });
            for _ in 0..2 {
                for runtime in [two_threads(), one_thread()] {
                    runtime.block_on(std::future::poll_fn(|context| {
                        let _ = future.as_mut().poll(context);
                        std::task::Poll::Ready(())
                    }));
                }
            }
            one_thread().block_on(future);
        },
        &["info msg=moves duration_ms=4.0 work.count=1 work.ms=4.0 work.max_ms=4.0 polls=4"],
    );
}

#[test]
fn a_disabled_unit_gives_its_tasks_no_other_unit() {
    check(
        |bench| {
            let mut outer = start!("outer");
            outer.scope(|| {
                one_thread().block_on(async {
                    let unit = Trace::default().unit();
                    assert!(!unit.is_enabled());
                    let task = async {
                        assert!(!current::is_active());
                        current::incr("nowhere");
                    };
                    tokio::spawn(task.in_unit(&unit)).await.unwrap();
                    bench.query().await.unwrap();
                });
            });
        },
        &["info msg=outer duration_ms=20.0"],
    );
}
