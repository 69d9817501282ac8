//! Tasks of tokio that work for a unit: spawned, blocking, local, in sets, aborted and panicking.

use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet, block_in_place, spawn_blocking, yield_now};
use traceline::{Outcome, UnitRef, current, future::InTraceExt, run, start};

use crate::bench::{Bench, check_on_each_runtime, is_send, one_thread, two_threads};

#[test]
fn a_task_contributes_if_it_is_in_the_unit() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("upload", async |trace| {
                trace.incr("chunks");
                let there = bench.clone();
                let hash = async move {
                    current::incr("chunks");
                    let rows = there.query().timed("hash").await;
                    current::add!("hashed");
                    rows
                };
                let hash = tokio::spawn(hash.in_current_unit());
                let stranger = tokio::spawn(async {
                    assert!(!current::is_active());
                    current::incr("chunks");
                });
                stranger.await.unwrap();
                let rows = hash.await.unwrap()?;
                trace.set("rows", rows);
                Ok::<_, String>(rows)
            });
            assert_eq!(unit.await, Ok(7));
        },
        &[
            "info msg=upload outcome=ok duration_ms=20.0 chunks=2 hash.count=1 \
             hash.ms=20.0 hash.max_ms=20.0 rows=7 fragments=\"[20.0ms] hashed\"",
        ],
    );
}

#[test]
fn tasks_of_a_set_add_up() {
    check_on_each_runtime(
        async |_bench| {
            let unit = run!("set", async |trace| {
                let mut tasks = JoinSet::new();
                for n in 1..=100u32 {
                    let task = async move {
                        current::incr("tasks");
                        yield_now().await;
                        current::sum("sum", n);
                        yield_now().await;
                        current::max("max", n);
                    };
                    tasks.spawn(task.in_unit(&trace.unit()));
                }
                while let Some(done) = tasks.join_next().await {
                    done.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(())
            });
            unit.await.unwrap();
        },
        &["info msg=set outcome=ok duration_ms=0.0 tasks=100 sum=5050 max=100"],
    );
}

#[test]
fn a_task_of_a_task_contributes_to_the_same_unit() {
    fn count(depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            current::incr("tasks");
            if depth > 0 {
                let deeper = tokio::spawn(count(depth - 1).in_current_unit());
                deeper.await.unwrap();
                current::incr("back");
            }
        })
    }
    check_on_each_runtime(
        async |_bench| {
            let unit = run!("deep", async || {
                tokio::spawn(count(5).in_current_unit()).await
            });
            unit.await.unwrap();
        },
        &["info msg=deep outcome=ok duration_ms=0.0 tasks=6 back=5"],
    );
}

#[test]
fn blocking_work_contributes() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("blocking", async |trace| {
                let (unit, there) = (trace.unit(), bench.clone());
                let work = move || {
                    unit.scope(|| {
                        current::incr("blocking");
                        current::time("hash", || there.pass(20));
                    })
                };
                spawn_blocking(work).await?;
                let (unit, runtime) = (current::unit(), Handle::current());
                let work = move || {
                    // Asynchronous code that a blocking thread waits for.
                    let wait = async {
                        yield_now().await;
                        current::incr("blocking");
                    };
                    unit.scope(|| runtime.block_on(wait));
                    assert!(!current::is_active());
                };
                spawn_blocking(work).await?;
                trace.set("done", true);
                Ok::<_, tokio::task::JoinError>(())
            });
            unit.await.unwrap();
        },
        &[
            "info msg=blocking outcome=ok duration_ms=20.0 blocking=2 hash.count=1 hash.ms=20.0 \
             hash.max_ms=20.0 done=true",
        ],
    );
}

#[test]
fn the_unit_stays_current_in_block_in_place() {
    let bench = Bench::new();
    let runtime = two_threads();
    runtime.block_on(async {
        let there = bench.clone();
        let task = async move {
            let unit = run!("in place", async |trace| {
                trace.set("a", 1);
                block_in_place(|| {
                    current::set("b", 2);
                    trace.set("c", 3);
                    let inner = async { current::time("db", || there.pass(5)) };
                    Handle::current().block_on(inner);
                });
                yield_now().await;
                current::set("d", 4);
                Ok::<_, String>(())
            });
            unit.await
        };
        let task = bench.capture.in_capture(task);
        tokio::spawn(task).await.unwrap().unwrap();
    });
    bench.check(&[
        "info msg=\"in place\" outcome=ok duration_ms=5.0 a=1 b=2 c=3 db.count=1 db.ms=5.0 \
         db.max_ms=5.0 d=4",
    ]);
}

#[test]
fn local_tasks_contribute() {
    let bench = Bench::new();
    let local = LocalSet::new();
    let work = bench.capture.in_capture(async {
        let shared = Rc::new(bench.clone());
        let unit = run!("local", async |trace| {
            let there = Rc::clone(&shared);
            let task = async move {
                current::incr("tasks");
                there.query().await
            };
            let task = tokio::task::spawn_local(task.in_current_unit());
            trace.set("rows", task.await.unwrap()?);
            Ok::<_, String>(())
        });
        unit.await.unwrap();
    });
    local.block_on(&one_thread(), work);
    bench.check(&["info msg=local outcome=ok duration_ms=20.0 tasks=1 rows=7"]);
}

#[test]
fn an_aborted_task_leaves_what_it_had_collected() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("aborts", async |trace| {
                let (started, has_started) = oneshot::channel();
                let there = bench.clone();
                let task = async move {
                    current::incr("started");
                    there.start_and_hang(5, started).await;
                    current::incr("never");
                };
                let task = tokio::spawn(task.in_current_unit());
                has_started.await.unwrap();
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
                // A task that is aborted before it gets to the work of the unit.
                let unit = trace.unit();
                let task = async move {
                    pending::<()>().await;
                    async { current::incr("never") }.in_unit(&unit).await;
                };
                let task = tokio::spawn(task);
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
                Ok::<_, String>(())
            });
            unit.await.unwrap();
        },
        &["info msg=aborts outcome=ok duration_ms=5.0 started=1"],
    );
}

#[test]
fn a_task_that_panics_leaves_its_unit_to_decide() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("survives", async |trace| {
                let task = async {
                    current::incr("started");
                    yield_now().await;
                    panic!("on purpose");
                };
                let task = tokio::spawn(task.in_current_unit());
                assert!(task.await.unwrap_err().is_panic());
                assert_eq!(trace.outcome(), None);
                bench.query().await
            });
            assert_eq!(unit.await, Ok(7));
            let unit = run!("gives up", async || {
                let task = async {
                    current::incr("started");
                    panic!("on purpose");
                };
                let failed = tokio::spawn(task.in_current_unit()).await;
                failed.map_err(|_| "a task panicked")
            });
            let never: Result<(), _> = unit.await;
            assert_eq!(never, Err("a task panicked"));
        },
        &[
            "info msg=survives outcome=ok duration_ms=20.0 started=1",
            "error msg=\"gives up\" outcome=error duration_ms=0.0 started=1 \
             error=\"a task panicked\"",
        ],
    );
}

#[test]
fn an_error_of_a_task_is_an_error_of_the_unit() {
    check_on_each_runtime(
        async |_bench| {
            let unit = async {
                let task = async { current::check(Err::<(), _>("no answer")) };
                let task = tokio::spawn(task.in_current_unit());
                assert!(task.await.unwrap().is_err());
                assert_eq!(current::outcome(), Some(Outcome::Error));
            };
            unit.in_trace(start!("fails")).await;
        },
        &["error msg=fails outcome=error duration_ms=0.0 error=\"no answer\""],
    );
}

#[test]
fn a_unit_of_its_own_inside_a_task_is_a_record_of_its_own() {
    check_on_each_runtime(
        async |bench| {
            let unit = run!("outer", async || {
                let there = bench.clone();
                let task = async move {
                    current::incr("tasks");
                    let rows = there.query().run_in_trace(current::child("inner")).await;
                    current::incr("after");
                    rows
                };
                tokio::spawn(task.in_current_unit()).await.unwrap()
            });
            assert_eq!(unit.await, Ok(7));
            let records = bench.capture.records();
            assert!(records[0].trace_id().is_some());
            assert_eq!(records[0].trace_id(), records[1].trace_id());
            assert_eq!(records[0].parent_id(), records[1].span_id());
            let lines = bench.take();
            let ends = |line: &String, end: &str| assert!(line.ends_with(end), "{line}");
            ends(&lines[0], " outcome=ok duration_ms=20.0");
            ends(&lines[1], " outcome=ok duration_ms=20.0 tasks=1 after=1");
        },
        &[],
    );
}

#[test]
fn a_unit_travels_through_a_channel() {
    async fn worker(mut jobs: mpsc::Receiver<(UnitRef, u32, oneshot::Sender<u32>)>) {
        while let Some((unit, n, reply)) = jobs.recv().await {
            let job = async {
                current::incr("jobs");
                yield_now().await;
                current::sum("sum", n);
                2 * n
            };
            // After the part has been merged: the unit may end as soon as it has the reply.
            let _ = reply.send(job.in_unit(&unit).await);
        }
    }
    check_on_each_runtime(
        async |_bench| {
            let (send, jobs) = mpsc::channel(4);
            let worker = tokio::spawn(is_send(worker(jobs)));
            for name in ["first", "second"] {
                let unit = run!(name, async |trace| {
                    for n in 0..10 {
                        let (reply, answer) = oneshot::channel();
                        send.send((trace.unit(), n, reply)).await.unwrap();
                        assert_eq!(answer.await?, 2 * n);
                    }
                    Ok::<_, oneshot::error::RecvError>(())
                });
                unit.await.unwrap();
            }
            drop(send);
            worker.await.unwrap();
        },
        &[
            "info msg=first outcome=ok duration_ms=0.0 jobs=10 sum=45",
            "info msg=second outcome=ok duration_ms=0.0 jobs=10 sum=45",
        ],
    );
}

#[test]
fn tasks_of_many_units_stay_apart() {
    const UNITS: u32 = 100;
    let bench = Bench::new();
    two_threads().block_on(async {
        let mut units = JoinSet::new();
        for id in 0..UNITS {
            let unit = async move {
                let unit = run!("unit", async |trace| {
                    trace.set("id", id);
                    let mut tasks = JoinSet::new();
                    for _ in 0..10 {
                        let task = async move {
                            current::sum("ids", id);
                            yield_now().await;
                            current::incr("tasks");
                        };
                        tasks.spawn(task.in_current_unit());
                    }
                    yield_now().await;
                    let unit = current::unit();
                    spawn_blocking(move || unit.scope(|| current::sum("ids", id))).await?;
                    while let Some(done) = tasks.join_next().await {
                        done?;
                    }
                    Ok::<_, tokio::task::JoinError>(())
                });
                unit.await
            };
            units.spawn(bench.capture.in_capture(unit));
        }
        while let Some(done) = units.join_next().await {
            done.unwrap().unwrap();
        }
    });
    let records = bench.capture.take();
    assert_eq!(records.len(), 100);
    for record in records {
        let id = record.u64("id").unwrap();
        assert_eq!(record.u64("ids"), Some(11 * id), "{}", record.text());
        assert_eq!(record.u64("tasks"), Some(10), "{}", record.text());
        assert_eq!(record.u64("lost_parts"), None);
        assert!(!record.text().contains("lost_parts"), "{}", record.text());
        assert_eq!(record.fields().len(), 3, "{}", record.text());
    }
}

struct Counts(&'static str);

impl Drop for Counts {
    fn drop(&mut self) {
        current::incr(self.0);
    }
}

#[test]
fn a_task_that_never_ran_drops_its_values_in_the_unit() {
    check_on_each_runtime(
        async |_bench| {
            let unit = run!("upload", async |trace| {
                let (ours, named) = (Counts("ours"), Counts("named"));
                drop(async move { drop(ours) }.in_current_unit());
                drop(async move { drop(named) }.in_unit(&trace.unit()));
                Ok::<_, String>(())
            });
            assert_eq!(unit.await, Ok(()));
        },
        &["info msg=upload outcome=ok duration_ms=0.0 ours=1 named=1"],
    );
}
