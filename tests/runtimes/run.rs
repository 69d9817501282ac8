//! `run!` with `async`: the unit is current in each poll, the handle reaches it too, and the record comes however
//! the future ends.

use std::pin::pin;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_blocking, yield_now};
use tokio::time::timeout;
use traceline::{Trace, current, future::InTraceExt, run};

use crate::bench::{
    Bench, Writes, check, check_on_each_runtime, hasty, is_send, one_thread, poll_once,
};

/// Ten calls deeper, without a handle.
async fn helper(bench: &Bench) -> Result<u32, String> {
    current::incr("lookups");
    let rows = bench.query().await?;
    current::add!("{rows} rows");
    Ok(rows)
}

#[test]
fn the_handle_and_the_current_unit_are_one() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("login", async |trace| -> Result<u32, String> {
                trace.set("user", "paul");
                let rows = helper(&bench).await?;
                assert_eq!(trace.get("lookups"), current::get("lookups"));
                current::incr("lookups");
                trace.incr("lookups").set("rows", rows);
                Ok(rows)
            });
            assert_eq!(unit.await, Ok(7));
            let unit = run!("login", async || -> Result<u32, String> {
                current::set("user", "paul");
                helper(&bench).await
            });
            assert_eq!(unit.await, Ok(7));
            let unit = run!("login", async { helper(&bench).await });
            assert_eq!(unit.await, Ok(7));
        },
        &[
            "info msg=login outcome=ok duration_ms=20.0 user=paul lookups=3 rows=7 \
             fragments=\"[20.0ms] 7 rows\"",
            "info msg=login outcome=ok duration_ms=20.0 user=paul lookups=1 \
             fragments=\"[20.0ms] 7 rows\"",
            "info msg=login outcome=ok duration_ms=20.0 lookups=1 \
             fragments=\"[20.0ms] 7 rows\"",
        ],
    );
}

#[test]
fn it_can_be_spawned() {
    fn load(bench: &Bench) -> impl Future<Output = Result<u32, String>> + Send + 'static {
        let bench = bench.clone();
        run!("spawned", async move |trace| {
            trace.set("before", 1);
            let rows = helper(&bench).await?;
            trace.set("after", 2);
            Ok(rows)
        })
    }
    check_on_each_runtime(
        async |bench| {
            assert_eq!(tokio::spawn(load(&bench)).await.unwrap(), Ok(7));
            let there = bench.clone();
            let unit = is_send(run!("spawned", async move || helper(&there).await));
            assert_eq!(tokio::spawn(unit).await.unwrap(), Ok(7));
            let there = bench.clone();
            let task = async move { run!("spawned", async |_| helper(&there).await).await };
            let task = bench.capture.in_capture(task);
            assert_eq!(tokio::spawn(task).await.unwrap(), Ok(7));
        },
        &[
            "info msg=spawned outcome=ok duration_ms=20.0 before=1 lookups=1 after=2 \
             fragments=\"[20.0ms] 7 rows\"",
            "info msg=spawned outcome=ok duration_ms=20.0 lookups=1 \
             fragments=\"[20.0ms] 7 rows\"",
            "info msg=spawned outcome=ok duration_ms=20.0 lookups=1 \
             fragments=\"[20.0ms] 7 rows\"",
        ],
    );
}

#[test]
fn it_borrows_locals_and_may_change_them() {
    check_on_each_runtime(
        async |bench| {
            let name = String::from("paul");
            let mut rows = Vec::new();
            let unit = run!("borrows", async |trace| {
                trace.set("name", &name);
                rows.push(bench.query().await?);
                Ok::<_, String>(name.len())
            });
            assert_eq!(unit.await, Ok(4));
            assert_eq!((rows, name.len()), (vec![7], 4));
        },
        &["info msg=borrows outcome=ok duration_ms=20.0 name=paul"],
    );
}

#[test]
fn a_question_mark_leaves_the_unit_and_not_the_function_around() {
    async fn outer(bench: &Bench) -> anyhow::Result<&'static str> {
        let inner = run!("fails", async |trace| -> anyhow::Result<u32> {
            trace.set("before", 1);
            let rows = bench.query().await.map_err(anyhow::Error::msg)?;
            let port: u32 = "http".parse()?;
            trace.set("after", 1);
            Ok(rows + port)
        });
        assert!(inner.await.is_err());
        run!("returns", async || {
            if bench.query().await.is_ok() {
                return Err(anyhow::anyhow!("too early"));
            }
            Ok(())
        })
        .await
        .unwrap_err();
        Ok("went on")
    }
    check_on_each_runtime(
        async |bench| assert_eq!(outer(&bench).await.unwrap(), "went on"),
        &[
            "error msg=fails outcome=error duration_ms=20.0 before=1 \
             error=\"invalid digit found in string\"",
            "error msg=returns outcome=error duration_ms=20.0 error=\"too early\"",
        ],
    );
}

#[test]
fn locals_of_a_future_that_is_dropped_early_are_dropped_inside_the_unit() {
    check(
        |bench| {
            let mut unit = Box::pin(run!("dropped", async |trace| -> Result<(), String> {
                let _local = Writes("local");
                trace.set("a", 1);
                bench.hang(5).await;
                Ok(())
            }));
            assert!(poll_once(unit.as_mut()).is_pending());
            bench.pass(5);
            drop(unit);
            let mut unit = Box::pin(run!("dropped", async || -> Result<(), String> {
                let _local = Writes("local");
                bench.hang(5).await;
                Ok(())
            }));
            assert!(poll_once(unit.as_mut()).is_pending());
            drop(unit);
        },
        &[
            "warn msg=dropped outcome=cancelled duration_ms=10.0 a=1 \
             fragments=\"[10.0ms] dropped local\"",
            "warn msg=dropped outcome=cancelled duration_ms=5.0 \
             fragments=\"[5.0ms] dropped local\"",
        ],
    );
}

#[test]
fn a_future_that_is_never_polled_is_cancelled() {
    check(
        |bench| {
            let unit = run!("unpolled", async |trace| -> Result<(), String> {
                trace.set("a", 1);
                Ok(())
            });
            bench.pass(5);
            drop(unit);
        },
        &["warn msg=unpolled outcome=cancelled duration_ms=5.0"],
    );
}

#[test]
fn of_two_units_in_a_race_one_is_ok_and_one_is_cancelled() {
    check_on_each_runtime(
        async |bench| {
            tokio::select! {
                biased;
                never = run!("loser", async |trace| -> Result<(), String> {
                    trace.set("a", 1);
                    bench.hang(5).timed("db").await;
                    Ok(())
                }) => never.unwrap(),
                rows = run!("winner", async || helper(&bench).await) => assert_eq!(rows, Ok(7)),
            }
        },
        &[
            "info msg=winner outcome=ok duration_ms=25.0 lookups=1 \
             fragments=\"[25.0ms] 7 rows\"",
            "warn msg=loser outcome=cancelled duration_ms=25.0 a=1 db.count=1 db.ms=25.0 \
             db.max_ms=25.0",
        ],
    );
}

#[test]
fn a_unit_that_times_out_is_cancelled() {
    check(
        |bench| {
            hasty().block_on(async {
                let unit = run!("slow", async |trace| -> Result<(), String> {
                    trace.set("a", 1);
                    bench.hang(5).await;
                    Ok(())
                });
                assert!(timeout(Duration::from_secs(1), unit).await.is_err());
            });
        },
        &["warn msg=slow outcome=cancelled duration_ms=5.0 a=1"],
    );
}

#[test]
fn a_unit_whose_task_panics_says_so() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("panics", async move |trace| -> Result<(), String> {
                trace.set("a", 1);
                bench.query().await?;
                panic!("on purpose");
            });
            assert!(tokio::spawn(unit).await.unwrap_err().is_panic());
        },
        &["error msg=panics outcome=panic duration_ms=20.0 a=1"],
    );
}

#[test]
fn units_take_turns_on_one_task() {
    check_on_each_runtime(
        async |bench| {
            let unit = |id: u32| {
                let bench = &bench;
                run!("turns", async move |trace| {
                    trace.set("id", id);
                    for _ in 0..id {
                        current::incr("polls");
                        yield_now().await;
                    }
                    bench.pass(1);
                    trace.set("done", true);
                    Ok::<_, String>(id)
                })
            };
            let all = tokio::join!(biased; unit(3), unit(1), unit(2));
            assert_eq!(all, (Ok(3), Ok(1), Ok(2)));
        },
        &[
            "info msg=turns outcome=ok duration_ms=1.0 id=1 polls=1 done=true",
            "info msg=turns outcome=ok duration_ms=2.0 id=2 polls=2 done=true",
            "info msg=turns outcome=ok duration_ms=3.0 id=3 polls=3 done=true",
        ],
    );
}

#[test]
fn a_unit_inside_a_unit_keeps_its_data_apart() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("outer", async |outer| {
                outer.set("a", 1);
                let inner = run!("inner", async |inner| {
                    outer.set("from_inside", 2);
                    inner.set("b", 2);
                    bench.query().await?;
                    outer.incr("from_inside_too");
                    current::set("c", 3);
                    Ok::<_, String>(())
                });
                inner.await?;
                current::set("d", 4);
                Ok::<_, String>(())
            });
            assert_eq!(unit.await, Ok(()));
        },
        &[
            "info msg=inner outcome=ok duration_ms=20.0 b=2 c=3",
            "info msg=outer outcome=ok duration_ms=20.0 a=1 from_inside=2 from_inside_too=1 d=4",
        ],
    );
}

#[test]
fn the_handle_goes_to_the_threads_of_a_scope() {
    check_on_each_runtime(
        async |_bench| {
            let unit = run!("scoped", async |trace| {
                trace.set("a", 1);
                thread::scope(|scope| {
                    scope.spawn(|| trace.set("b", 2).incr("threads"));
                });
                Ok::<_, String>(())
            });
            assert_eq!(unit.await, Ok(()));
        },
        &["info msg=scoped outcome=ok duration_ms=0.0 a=1 b=2 threads=1"],
    );
}

#[test]
fn the_handle_may_be_taken_to_a_blocking_thread() {
    check_on_each_runtime(
        async |_bench| {
            let unit = run!("taken", async |trace| {
                trace.set("a", 1);
                let mut taken = std::mem::take(trace);
                let work = spawn_blocking(move || _ = taken.set("b", 2).incr("threads"));
                work.await.unwrap();
                current::set("c", 3);
                Ok::<_, String>(())
            });
            assert_eq!(unit.await, Ok(()));
        },
        &["info msg=taken outcome=ok duration_ms=0.0 a=1 b=2 threads=1 c=3"],
    );
}

#[test]
fn a_disabled_unit_hides_the_unit_around_it() {
    check(
        |bench| {
            let mut outer = traceline::start!("outer");
            let off = || Trace::default();
            let mut unit = pin!(helper(bench).in_trace(off()));
            assert!(outer.scope(|| poll_once(unit.as_mut())).is_pending());
            assert!(outer.scope(|| poll_once(unit.as_mut())).is_ready());
        },
        &["info msg=outer duration_ms=20.0"],
    );
}

#[test]
fn a_unit_needs_no_send_on_one_thread() {
    let bench = Bench::new();
    let local = LocalSet::new();
    local.block_on(
        &one_thread(),
        bench.capture.in_capture(async {
            let shared = std::rc::Rc::new(bench.clone());
            let (done, is_done) = oneshot::channel();
            let there = std::rc::Rc::clone(&shared);
            tokio::task::spawn_local(run!("local", async move |trace| {
                trace.set("a", 1);
                let rows = there.query().await?;
                done.send(rows).map_err(|_| String::from("nobody waits"))
            }));
            assert_eq!(is_done.await, Ok(7));
        }),
    );
    bench.check(&["info msg=local outcome=ok duration_ms=20.0 a=1"]);
}
