//! Laps held across awaits: the guard of `current::lap`, and `start_timer` with `stop`.

use std::pin::pin;
use std::thread;

use tokio::task::yield_now;
use traceline::{current, future::InTraceExt, run, start};

use crate::bench::{Bench, check, check_on_each_runtime, is_send, poll_once, two_threads};

#[test]
fn a_guard_may_be_held_across_an_await_of_a_spawned_task() {
    async fn load(bench: Bench) -> Result<u32, String> {
        let _lap = current::lap("load");
        for _ in 0..5 {
            yield_now().await;
        }
        let rows = bench.query().await?;
        Ok(rows)
    }
    check_on_each_runtime(
        async |bench| {
            let there = bench.clone();
            let unit = run!("lap", async move || {
                let rows = load(there.clone()).await;
                there.pass(100);
                rows
            });
            assert_eq!(tokio::spawn(unit).await.unwrap(), Ok(7));
        },
        &["info msg=lap outcome=ok duration_ms=120.0 load.count=1 load.ms=20.0 load.max_ms=20.0"],
    );
}

#[test]
fn a_guard_ends_its_lap_when_the_future_that_holds_it_is_dropped() {
    check_on_each_runtime(
        async |bench| {
            let unit = async {
                let slow = async {
                    let _lap = current::lap("slow");
                    bench.hang(5).await;
                };
                tokio::select! {
                    biased;
                    () = slow => {}
                    _ = bench.query() => {}
                }
                bench.pass(100);
            };
            unit.in_trace(start!("race")).await;
        },
        &["info msg=race duration_ms=125.0 slow.count=1 slow.ms=25.0 slow.max_ms=25.0"],
    );
}

#[test]
fn a_guard_may_be_dropped_on_another_thread_and_in_another_unit() {
    check(
        |bench| {
            let mut trace = start!("first");
            let elsewhere = trace.lap("elsewhere");
            let inside = trace.scope(|| current::lap("inside"));
            bench.pass(5);
            thread::spawn(move || drop(elsewhere)).join().unwrap();
            bench.pass(15);
            start!("second").scope(move || drop(inside));
            bench.pass(100);
        },
        &[
            "info msg=second duration_ms=0.0",
            "info msg=first duration_ms=120.0 elsewhere.count=1 elsewhere.ms=5.0 \
             elsewhere.max_ms=5.0 inside.count=1 inside.ms=20.0 inside.max_ms=20.0",
        ],
    );
}

#[test]
fn a_timer_may_be_stopped_after_an_await() {
    check_on_each_runtime(
        async |bench| {
            let task = async move {
                let timer = current::start_timer("db");
                for _ in 0..5 {
                    yield_now().await;
                }
                bench.query().await.unwrap();
                current::stop(timer);
                bench.pass(100);
            };
            let task = is_send(task.in_trace(start!("timer")));
            tokio::spawn(task).await.unwrap();
        },
        &["info msg=timer duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_timer_of_the_handle_may_be_stopped_after_an_await() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("timer", async |trace| {
                let timer = trace.start_timer("db");
                let rows = bench.query().await?;
                trace.stop(timer);
                bench.pass(100);
                Ok::<_, String>(rows)
            });
            assert_eq!(unit.await, Ok(7));
        },
        &["info msg=timer outcome=ok duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_timer_that_the_unit_started_may_be_stopped_in_its_task() {
    check_on_each_runtime(
        async |bench| {
            let unit = async {
                let timer = current::start_timer("handover");
                let there = bench.clone();
                let task = async move {
                    there.pass(20);
                    current::stop(timer);
                };
                tokio::spawn(task.in_current_unit()).await.unwrap();
                bench.pass(100);
            };
            unit.in_trace(start!("timer")).await;
        },
        &[
            "info msg=timer duration_ms=120.0 handover.count=1 handover.ms=20.0 handover.max_ms=20.0",
        ],
    );
}

#[test]
fn laps_of_parallel_tasks_add_up() {
    let bench = Bench::new();
    two_threads().block_on(bench.capture.in_capture(async {
        let unit = async {
            let tasks = (0..100).map(|_| {
                let there = bench.clone();
                let task = async move {
                    let _lap = current::lap("guard");
                    there.query().timed("timed").await
                };
                tokio::spawn(task.in_current_unit())
            });
            for task in tasks.collect::<Vec<_>>() {
                assert_eq!(task.await.unwrap(), Ok(7));
            }
        };
        unit.in_trace(start!("many")).await;
    }));
    let [record] = bench.capture.take().try_into().unwrap();
    assert_eq!(record.u64("guard.count"), Some(100));
    assert_eq!(record.u64("timed.count"), Some(100));
    // All time passes in these tasks, at least 20 ms in each of them.
    let (total, longest) = (record.f64("timed.ms"), record.f64("timed.max_ms"));
    assert!(total >= Some(2_000.0), "{total:?}");
    assert!(
        longest >= Some(20.0) && longest <= Some(2_000.0),
        "{longest:?}"
    );
}

#[test]
fn a_guard_without_a_unit_does_nothing() {
    check(
        |bench| {
            let mut work = pin!(async {
                let lap = current::lap("nowhere");
                let timer = current::start_timer("nowhere");
                let rows = bench.query().await;
                current::stop(timer);
                drop(lap);
                rows
            });
            assert!(poll_once(work.as_mut()).is_pending());
            let mut trace = start!("later");
            assert!(trace.scope(|| poll_once(work.as_mut())).is_ready());
        },
        &["info msg=later duration_ms=10.0"],
    );
}

#[test]
fn a_timer_may_be_stopped_while_its_unit_is_not_current() {
    check(
        |bench| {
            let mut first = start!("first");
            let timer = first.scope(|| current::start_timer("db"));
            bench.pass(20);
            start!("second").scope(|| current::stop(timer));
            bench.pass(100);
            first.set("done", true);
        },
        &[
            "info msg=second duration_ms=0.0",
            "info msg=first duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0 done=true",
        ],
    );
}
