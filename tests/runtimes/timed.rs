//! `timed`: a lap ends with its future, whether that becomes ready or is dropped.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use traceline::{Trace, current, future::InTraceExt, run, start};

use crate::bench::{Bench, check, check_on_each_runtime, hasty, is_send, poll_once};

#[test]
fn a_lap_lasts_from_the_first_poll_until_the_future_is_ready() {
    async fn load(bench: &Bench) -> Result<u32, String> {
        let query = bench.query().timed("db");
        bench.pass(3);
        let rows = query.await?;
        bench.pass(50);
        Ok(rows)
    }
    check_on_each_runtime(
        async |bench| {
            assert_eq!(run!("run", async || load(&bench).await).await, Ok(7));
            assert_eq!(run!("run", async |_| load(&bench).await).await, Ok(7));
            let future = load(&bench).run_in_trace(start!("future"));
            assert_eq!(future.await, Ok(7));
        },
        &[
            "info msg=run outcome=ok duration_ms=73.0 db.count=1 db.ms=20.0 db.max_ms=20.0",
            "info msg=run outcome=ok duration_ms=73.0 db.count=1 db.ms=20.0 db.max_ms=20.0",
            "info msg=future outcome=ok duration_ms=73.0 db.count=1 db.ms=20.0 db.max_ms=20.0",
        ],
    );
}

#[test]
fn a_lap_that_loses_a_race_ends_there() {
    check_on_each_runtime(
        async |bench| {
            let future = run!("race", async || {
                tokio::select! {
                    biased;
                    () = bench.hang(5).timed("slow") => {}
                    _ = bench.query().timed("fast") => {}
                }
                bench.pass(50);
                Ok::<_, String>(())
            });
            assert_eq!(future.await, Ok(()));
        },
        &[
            "info msg=race outcome=ok duration_ms=75.0 slow.count=1 slow.ms=25.0 slow.max_ms=25.0 \
           fast.count=1 fast.ms=20.0 fast.max_ms=20.0",
        ],
    );
}

#[test]
fn a_lap_that_times_out_ends_there() {
    check(
        |bench| {
            hasty().block_on(async {
                let result = run!("impatient", async || {
                    let answer = timeout(Duration::from_secs(1), bench.hang(20).timed("db"));
                    let answer = answer.await;
                    bench.pass(100);
                    answer
                });
                assert!(result.await.is_err());
            });
        },
        &[
            "error msg=impatient outcome=error duration_ms=120.0 db.count=1 db.ms=20.0 \
           db.max_ms=20.0 error=\"deadline has elapsed\"",
        ],
    );
}

#[test]
fn a_lap_of_an_aborted_task_ends_there() {
    check_on_each_runtime(
        async |bench| {
            let unit = async {
                let (started, has_started) = oneshot::channel();
                let there = bench.clone();
                let task = async move {
                    there.start_and_hang(20, started).timed("db").await;
                };
                let task = tokio::spawn(task.in_current_unit());
                has_started.await.unwrap();
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
                bench.pass(100);
            };
            unit.in_trace(start!("aborts")).await;
        },
        &["info msg=aborts duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_lap_of_a_task_that_panics_ends_there() {
    check_on_each_runtime(
        async |bench| {
            let unit = async {
                let there = bench.clone();
                let query = async move {
                    there.pass(20);
                    panic!("on purpose");
                };
                let task = tokio::spawn(query.timed("db").in_current_unit());
                assert!(task.await.unwrap_err().is_panic());
                bench.pass(100);
            };
            unit.in_trace(start!("survives")).await;
        },
        &["info msg=survives duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_lap_belongs_to_the_unit_of_its_first_poll_wherever_it_is_dropped() {
    check(
        |bench| {
            let mut first = start!("first");
            let mut second = start!("second");
            let mut query = Box::pin(bench.hang(5).timed("db"));
            assert!(first.scope(|| poll_once(query.as_mut())).is_pending());
            bench.pass(5);
            assert!(second.scope(|| poll_once(query.as_mut())).is_pending());
            bench.pass(10);
            second.scope(|| drop(query));
            bench.pass(100);
            first.emit();
        },
        &[
            "info msg=first duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0",
            "info msg=second duration_ms=120.0",
        ],
    );
}

#[test]
fn a_lap_may_end_on_another_thread() {
    check(
        |bench| {
            let mut trace = start!("first");
            let there = bench.clone();
            let mut query = Box::pin(async move { there.hang(5).await }.timed("db"));
            assert!(trace.scope(|| poll_once(query.as_mut())).is_pending());
            bench.pass(15);
            thread::spawn(move || drop(query)).join().unwrap();
            bench.pass(100);
        },
        &["info msg=first duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_lap_of_a_part_may_end_outside_that_part() {
    check(
        |bench| {
            let trace = start!("first");
            let unit = trace.unit();
            let query = Box::pin(bench.hang(5).timed("db"));
            // A task that polls the query once, and hands it on.
            let mut query = Some(query);
            let (work, handed_on) = std::sync::mpsc::channel();
            let mut polled = false;
            let task = poll_fn(|_| {
                if let Some(mut query) = query.take() {
                    assert!(poll_once(query.as_mut()).is_pending());
                    work.send(query).unwrap();
                    return Poll::Pending;
                }
                match std::mem::replace(&mut polled, true) {
                    false => Poll::Pending,
                    true => Poll::Ready(()),
                }
            });
            let mut task = Box::pin(task.in_unit(&unit));
            assert!(poll_once(task.as_mut()).is_pending());
            bench.pass(15);
            drop(handed_on.recv().unwrap());
            bench.pass(100);
            assert!(poll_once(task.as_mut()).is_pending());
            assert!(poll_once(task.as_mut()).is_ready());
        },
        &["info msg=first duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_lap_that_outlives_its_unit_is_closed_by_it() {
    check(
        |bench| {
            let mut trace = start!("first");
            let mut query = Box::pin(bench.hang(5).timed("db"));
            assert!(trace.scope(|| poll_once(query.as_mut())).is_pending());
            bench.pass(15);
            trace.emit();
            let mut next = start!("first");
            next.scope(|| drop(query));
            next.set("next", true);
        },
        &[
            "info msg=first duration_ms=20.0 db.count=1 db.ms=20.0 db.max_ms=20.0",
            "info msg=first duration_ms=0.0 next=true",
        ],
    );
}

#[test]
fn a_future_that_is_never_polled_is_no_lap() {
    check(
        |bench| {
            let mut trace = start!("lazy");
            trace.scope(|| drop(bench.query().timed("db")));
            let unused: std::pin::Pin<Box<dyn Future<Output = _>>> =
                Box::pin(bench.query().timed("db").in_unit(&trace.unit()));
            bench.pass(20);
            drop(unused);
        },
        &["info msg=lazy duration_ms=20.0"],
    );
}

#[test]
fn a_poll_after_the_end_is_no_second_lap() {
    check(
        |bench| {
            let mut trace = start!("eager");
            let query = poll_fn(|_| {
                bench.pass(20);
                Poll::Ready(())
            });
            let mut query = pin!(query.timed("db"));
            for _ in 0..3 {
                assert!(trace.scope(|| poll_once(query.as_mut())).is_ready());
            }
        },
        &["info msg=eager duration_ms=60.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_first_poll_outside_every_unit_is_no_lap() {
    check(
        |bench| {
            let mut query = pin!(bench.query().timed("db"));
            assert!(poll_once(query.as_mut()).is_pending());
            let mut trace = start!("later");
            assert!(trace.scope(|| poll_once(query.as_mut())).is_ready());
            let mut hidden = pin!(bench.query().timed("db"));
            trace.scope(|| {
                let poll = Trace::default().scope(|| poll_once(hidden.as_mut()));
                assert!(poll.is_pending());
                assert!(poll_once(hidden.as_mut()).is_ready());
            });
        },
        &["info msg=later duration_ms=30.0"],
    );
}

#[test]
fn laps_of_joined_futures_overlap() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("joined", async || {
                // The first one runs from 0 to 30 ms, the second one from 10 to 40.
                let (first, second) = (bench.query().timed("db"), bench.query().timed("db"));
                let (first, second) = tokio::join!(biased; first, second);
                Ok::<_, String>(first? + second?)
            });
            assert_eq!(unit.await, Ok(14));
        },
        &[
            "info msg=joined outcome=ok duration_ms=40.0 db.count=2 db.ms=60.0 db.max_ms=30.0 \
             db.wall_ms=40.0",
        ],
    );
}

#[test]
fn laps_nest_under_keys_of_their_own() {
    check_on_each_runtime(
        async |bench| {
            let unit = async {
                for shard in 0..2 {
                    let sql = bench.query().timed(format!("shard_{shard}"));
                    let connect = async {
                        bench.pass(1);
                        sql.await
                    };
                    connect.timed("db").await.unwrap();
                }
            };
            unit.in_trace(start!("shards")).await;
        },
        &[
            "info msg=shards duration_ms=42.0 db.count=2 db.ms=42.0 db.max_ms=21.0 \
           shard_0.count=1 shard_0.ms=20.0 shard_0.max_ms=20.0 \
           shard_1.count=1 shard_1.ms=20.0 shard_1.max_ms=20.0",
        ],
    );
}

#[test]
fn a_lap_goes_on_while_other_units_have_the_thread() {
    check(
        |bench| {
            let mut first = pin!(bench.query().timed("db").in_trace(start!("first")));
            let mut second = pin!(bench.query().timed("db").in_trace(start!("second")));
            assert!(poll_once(first.as_mut()).is_pending());
            assert!(poll_once(second.as_mut()).is_pending());
            assert!(poll_once(first.as_mut()).is_ready());
            assert!(poll_once(second.as_mut()).is_ready());
        },
        &[
            "info msg=first duration_ms=30.0 db.count=1 db.ms=30.0 db.max_ms=30.0",
            "info msg=second duration_ms=40.0 db.count=1 db.ms=30.0 db.max_ms=30.0",
        ],
    );
}

#[test]
fn what_a_dropped_future_drops_belongs_to_its_lap() {
    struct Slow(Bench);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.pass(7);
        }
    }
    check(
        |bench| {
            let mut trace = start!("closes");
            let connection = Slow(bench.clone());
            let query = async move {
                let _connection = connection;
                bench.hang(5).await;
            };
            let mut query = Box::pin(query.timed("db"));
            assert!(trace.scope(|| poll_once(query.as_mut())).is_pending());
            drop(query);
            bench.pass(100);
        },
        &["info msg=closes duration_ms=112.0 db.count=1 db.ms=12.0 db.max_ms=12.0"],
    );
}

#[test]
fn a_timed_future_that_panics_closes_its_lap() {
    check(
        |bench| {
            let mut trace = start!("panics");
            let query = async {
                bench.pass(20);
                panic!("on purpose");
            };
            let query = query.timed("db");
            trace.scope(|| {
                let poll = catch_unwind(AssertUnwindSafe(|| poll_once(pin!(query)).is_ready()));
                assert!(poll.is_err());
            });
            bench.pass(100);
        },
        &["info msg=panics duration_ms=120.0 db.count=1 db.ms=20.0 db.max_ms=20.0"],
    );
}

#[test]
fn a_timed_future_is_send_if_its_future_is() {
    let bench = Bench::new();
    drop(is_send(async move { bench.query().timed("db").await }));
    let bench = Bench::new();
    let query = async move { bench.query().await };
    drop(is_send(query.timed(String::from("db")).in_current_unit()));
    // Also of a future that is not.
    check(
        |bench| {
            let local = std::rc::Rc::new(bench.clone());
            let query = async { local.query().await };
            let mut trace = start!("local");
            let mut query = pin!(query.timed("db"));
            assert!(trace.scope(|| poll_once(query.as_mut())).is_pending());
            assert!(trace.scope(|| poll_once(query.as_mut())).is_ready());
            trace.scope(|| current::set("done", true));
        },
        &["info msg=local duration_ms=20.0 db.count=1 db.ms=20.0 db.max_ms=20.0 done=true"],
    );
}
