//! Code as users write it when the trace is current, shared, in parts or in a
//! future: it must compile, and do what it appears to do. The counterpart with
//! explicit traces is `explicit.rs`.
//!
//! `start!` and `run!` take the installed configuration, which sends to a logger
//! of this test program. Each unit has a unique name to find it by.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Mutex};
use std::thread;

use log::Level;
use traceline::{Config, Part, Trace, add, current, run, set, start};

use crate::tags;
use crate::util::{Bench, Captured};

type BoxError = Box<dyn Error + Send + Sync>;

const NOT_FOUND: &str = r#"error="No such file or directory (os error 2)""#;

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let bench = Bench::new(Config::builder().header(false));
    bench.config.clone().install().expect("nobody did before");
    bench
});

/// Runs `work`, whose units have names that begin with `name`, and checks their
/// levels and lines.
#[track_caller]
fn check<R>(name: &str, work: impl FnOnce() -> R, want: &[(Level, &str)]) -> R {
    LazyLock::force(&BENCH);
    let result = work();
    let records = BENCH.log.records();
    let ours = |record: &Captured| record.args.starts_with(&format!("msg={name}"));
    let got: Vec<(Level, String)> = records
        .into_iter()
        .filter(ours)
        .map(|record| (record.level, tags::untagged(&record.args)))
        .collect();
    let want: Vec<_> = want
        .iter()
        .map(|(level, line)| (*level, (*line).to_owned()))
        .collect();
    assert_eq!(got, want);
    result
}

/// Always fails.
fn read_nothing() -> std::io::Result<String> {
    std::fs::read_to_string("/nonexistent/file")
}

/// Takes a trace, wherever it comes from.
fn helper(trace: &mut Trace) {
    trace.set("a", 1);
    set!(trace, b = 2, c = "x");
    add!(trace, "hi {}", 3);
}

// ----- the current trace

mod service {
    //! Ten calls deeper, without a handle passed down.

    use traceline::current;

    pub fn price(cart: &[u32]) -> Result<u32, String> {
        let sum = current::time("db", || cart.iter().sum());
        current::set("items", cart.len());
        current::max("dearest", cart.iter().max().copied().unwrap_or(0));
        charge(sum)
    }

    fn charge(cents: u32) -> Result<u32, String> {
        current::add!("charging {cents} cents");
        current::incr("charges");
        match cents {
            0 => current::check(Err("nothing to pay".to_owned())),
            _ => Ok(cents),
        }
    }
}

#[test]
fn code_without_a_handle_writes_to_the_unit_around() {
    fn checkout(cart: &[u32]) -> Result<u32, String> {
        let mut trace = start!("deep");
        let paid = trace.scope(|| service::price(cart))?;
        trace.set("paid", paid).ok();
        Ok(paid)
    }
    let paid = check(
        "deep",
        || (checkout(&[3, 4]), checkout(&[])),
        &[
            (
                Level::Info,
                "msg=deep outcome=ok duration_ms=0.0 db.count=1 db.ms=0.0 db.max_ms=0.0 items=2 \
                 dearest=4 charges=1 paid=7 fragments=\"[0.0ms] charging 7 cents\"",
            ),
            (
                Level::Error,
                "msg=deep outcome=error duration_ms=0.0 db.count=1 db.ms=0.0 db.max_ms=0.0 \
                 items=0 dearest=0 charges=1 error=\"nothing to pay\" \
                 fragments=\"[0.0ms] charging 0 cents\"",
            ),
        ],
    );
    assert_eq!(paid, (Ok(7), Err("nothing to pay".into())));
}

#[test]
fn scope_enter_and_what_is_around_them() {
    fn work(mut trace: Trace) {
        let v = trace.scope(|| {
            current::set("a", 1);
            current::add!("x {}", 1);
            let q = 3;
            current::set!(b = 2, q);
            current::with(|trace| {
                trace.set("in", 1);
                assert!(current::with(|_| ()).is_none());
            });
            current::time("db", || {
                current::set("z", 1);
                5
            })
        });
        trace.set("v", v);
        {
            let _entered = trace.enter();
            current::set("g", 1);
        }
        trace.set("after", 1);
    }
    check(
        "ctx",
        || work(start!("ctx")),
        &[(
            Level::Info,
            "msg=ctx duration_ms=0.0 a=1 b=2 q=3 in=1 db.count=1 db.ms=0.0 db.max_ms=0.0 z=1 \
             v=5 g=1 after=1 fragments=\"[0.0ms] x 1\"",
        )],
    );
}

#[test]
fn guards_may_be_dropped_in_the_order_they_came() {
    let work = || {
        let mut a = start!("order_a");
        let mut b = start!("order_b");
        let in_a = a.enter();
        let in_b = b.enter();
        drop(in_a);
        current::set("in_b", 1);
        drop(in_b);
        a.set("done", 1);
    };
    check(
        "order",
        work,
        &[
            (Level::Info, "msg=order_b duration_ms=0.0 in_b=1"),
            (Level::Info, "msg=order_a duration_ms=0.0 done=1"),
        ],
    );
}

#[test]
fn run_without_a_handle_makes_its_unit_current() {
    fn load(text: &str) -> Result<u8, BoxError> {
        run!("scoped", || {
            current::set("text", text);
            let n = text.parse::<u8>()?;
            let sum = current::time("sum", || n + 1);
            Ok(sum)
        })
    }
    let loaded = check(
        "scoped",
        || (load("six").is_err(), load("6").ok()),
        &[
            (
                Level::Error,
                "msg=scoped outcome=error duration_ms=0.0 text=six \
                 error=\"invalid digit found in string\"",
            ),
            (
                Level::Info,
                "msg=scoped outcome=ok duration_ms=0.0 text=\"6\" sum.count=1 sum.ms=0.0 \
                 sum.max_ms=0.0",
            ),
        ],
    );
    assert_eq!(loaded, (true, Some(7)));
}

#[test]
fn run_without_a_handle_takes_what_it_moves() {
    let work = || {
        let rows: Vec<u8> = (1..=3).collect();
        let counted = run!("moves", move || -> Result<usize, BoxError> {
            current::set("rows", rows.len());
            Ok(rows.len())
        });
        let short = run!("moves_short", || Ok::<_, BoxError>(7));
        (counted.ok(), short.ok())
    };
    let got = check(
        "moves",
        work,
        &[
            (Level::Info, "msg=moves outcome=ok duration_ms=0.0 rows=3"),
            (Level::Info, "msg=moves_short outcome=ok duration_ms=0.0"),
        ],
    );
    assert_eq!(got, (Some(3), Some(7)));
}

#[test]
fn run_with_a_handle_is_what_it_was() {
    fn by_type() -> Result<u8, BoxError> {
        let n = run!("handle", |trace| -> Result<u8, BoxError> {
            helper(trace);
            let text = read_nothing()?;
            trace.set("n", text.len());
            Ok(3)
        })?;
        Ok(n)
    }
    check(
        "handle",
        || assert!(by_type().is_err()),
        &[(
            Level::Error,
            &format!(
                "msg=handle outcome=error duration_ms=0.0 a=1 b=2 c=x {NOT_FOUND} \
                 fragments=\"[0.0ms] hi 3\""
            ),
        )],
    );
}

#[test]
fn a_unit_that_panics_ten_calls_deeper_says_so() {
    let work = || {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            run!("panics_below", || -> Result<(), BoxError> {
                current::set("step", 1);
                panic!("boom")
            })
        }));
        assert!(unwound.is_err());
    };
    check(
        "panics_below",
        work,
        &[(
            Level::Error,
            "msg=panics_below outcome=panic duration_ms=0.0 step=1",
        )],
    );
}

#[test]
fn a_struct_may_hold_the_trace_and_lend_it() {
    struct Service {
        trace: Trace,
        rows: Vec<u32>,
    }
    impl Service {
        fn load(&mut self) -> u32 {
            let rows = &self.rows;
            self.trace.scope(|| {
                current::sum("loaded", rows.len());
                rows.iter().sum()
            })
        }
    }
    let work = || {
        let trace = start!("holder");
        let mut service = Service {
            trace,
            rows: vec![1, 2],
        };
        service.load() + service.load()
    };
    let sum = check(
        "holder",
        work,
        &[(Level::Info, "msg=holder duration_ms=0.0 loaded=4")],
    );
    assert_eq!(sum, 6);
}

// ----- several threads

#[test]
fn parts_go_to_threads_and_come_back() {
    fn work(mut trace: Trace) {
        let mut parts: Vec<Part> = (0..4).map(|_| trace.part()).collect();
        thread::scope(|scope| {
            for part in &mut parts {
                scope.spawn(move || {
                    part.set("x", 1);
                    helper(part);
                    part.scope(|| current::incr("n"));
                });
            }
        });
        for part in parts {
            trace.join(part);
        }
        thread::scope(|scope| {
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let mut part = trace.part();
                    scope.spawn(move || {
                        part.incr("n");
                        part
                    })
                })
                .collect();
            for thread in threads {
                if let Ok(part) = thread.join() {
                    trace.join(part);
                }
            }
        });
        use rayon::prelude::*;
        let shared = &trace;
        let parts: Vec<Part> = (0..100)
            .into_par_iter()
            .fold(
                || shared.part(),
                |mut part, _| {
                    part.incr("n");
                    part
                },
            )
            .collect();
        for part in parts {
            trace.join(part);
        }
        thread::spawn(move || {
            trace.add("moved");
        })
        .join()
        .unwrap();
    }
    check(
        "fan_out",
        || work(start!("fan_out")),
        &[(
            Level::Info,
            "msg=fan_out duration_ms=0.0 x=1 a=1 b=2 c=x n=106 fragments=\"[0.0ms] hi 3; \
             [0.0ms] hi 3; [0.0ms] hi 3; [0.0ms] hi 3; [0.0ms] moved\"",
        )],
    );
}

#[test]
fn a_shared_trace_is_cloned_and_ends_with_its_last_handle() {
    let work = || {
        let shared = start!("shared").into_shared();
        let worker = shared.clone();
        let worker = thread::spawn(move || {
            worker.incr("x");
        });
        worker.join().unwrap();
        shared.set("a", 1).set("b", 2);
    };
    check(
        "shared",
        work,
        &[(Level::Info, "msg=shared duration_ms=0.0 x=1 a=1 b=2")],
    );
}

#[test]
fn a_shared_trace_fits_behind_a_callback() {
    struct Pool<'a>(Mutex<Vec<Box<dyn FnMut() + Send + 'a>>>);
    let work = || {
        let shared = start!("callback").into_shared();
        let pool = Pool(Mutex::default());
        for n in 0..3 {
            let shared = shared.clone();
            pool.0.lock().unwrap().push(Box::new(move || {
                shared.with(|trace| {
                    trace.sum("bytes", n);
                });
                shared.add(format_args!("chunk {n}"));
            }));
        }
        drop(shared);
        for mut callback in pool.0.into_inner().unwrap() {
            callback();
        }
    };
    check(
        "callback",
        work,
        &[(
            Level::Info,
            "msg=callback duration_ms=0.0 bytes=3 \
             fragments=\"[0.0ms] chunk 0; [0.0ms] chunk 1; [0.0ms] chunk 2\"",
        )],
    );
}

// ----- futures

mod futures {
    use super::*;
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};
    use traceline::future::InTraceExt;

    fn runtime() -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).enable_time().build().unwrap()
    }

    async fn with_handle(trace: &mut Trace) -> Result<u8, BoxError> {
        trace.add("before");
        tokio::task::yield_now().await;
        add!(trace, "x {} {}", 1, async { 2 }.await);
        Ok(1)
    }

    async fn in_trace(trace: Trace) -> u8 {
        async {
            current::set("a", 1);
            tokio::task::yield_now().await;
            current::add("x");
            3
        }
        .in_trace(trace)
        .await
    }

    #[test]
    fn a_future_runs_in_a_trace() {
        let work = || runtime().block_on(async { tokio::spawn(in_trace(start!("fut"))).await });
        let three = check(
            "fut",
            work,
            &[(
                Level::Info,
                "msg=fut duration_ms=0.0 a=1 fragments=\"[0.0ms] x\"",
            )],
        );
        assert_eq!(three.unwrap(), 3);
    }

    #[test]
    fn a_task_may_hold_a_trace_and_run_another() {
        let work = || {
            let task = async move {
                let mut trace = start!("task_outer");
                let _ = with_handle(&mut trace).await;
                in_trace(start!("task_inner")).await
            };
            runtime().block_on(async { tokio::spawn(task).await.unwrap() })
        };
        check(
            "task",
            work,
            &[
                (
                    Level::Info,
                    "msg=task_inner duration_ms=0.0 a=1 fragments=\"[0.0ms] x\"",
                ),
                (
                    Level::Info,
                    "msg=task_outer duration_ms=0.0 fragments=\"[0.0ms] before; [0.0ms] x 1 2\"",
                ),
            ],
        );
    }

    #[test]
    fn run_takes_an_async_closure_with_a_handle() {
        async fn work() -> anyhow::Result<u8> {
            let n = run!("async_handle", async |trace| {
                let n = with_handle(trace).await;
                let n = trace.check(n).map_err(|error| anyhow::anyhow!(error))?;
                trace.set("n", n);
                anyhow::Ok(n)
            })
            .await?;
            Ok(n)
        }
        let n = check(
            "async_handle",
            || runtime().block_on(async { tokio::spawn(work()).await.unwrap() }),
            &[(
                Level::Info,
                "msg=async_handle outcome=ok duration_ms=0.0 n=1 \
                 fragments=\"[0.0ms] before; [0.0ms] x 1 2\"",
            )],
        );
        assert_eq!(n.unwrap(), 1);
    }

    #[test]
    fn run_takes_an_async_closure_that_moves_with_a_handle() {
        fn work(name: String) -> impl Future<Output = Result<usize, String>> + Send {
            run!("async_moved_handle", async move |trace| {
                trace.set("name", &name);
                tokio::task::yield_now().await;
                name.len().checked_sub(3).ok_or("too short".to_owned())
            })
        }
        check(
            "async_moved_handle",
            || {
                runtime().block_on(async {
                    assert_eq!(tokio::spawn(work("paul".into())).await.unwrap(), Ok(1));
                    assert!(tokio::spawn(work("x".into())).await.unwrap().is_err());
                    // Never polled.
                    drop(work("lost".into()));
                });
            },
            &[
                (
                    Level::Info,
                    "msg=async_moved_handle outcome=ok duration_ms=0.0 name=paul",
                ),
                (
                    Level::Error,
                    "msg=async_moved_handle outcome=error duration_ms=0.0 name=x \
                     error=\"too short\"",
                ),
                (
                    Level::Warn,
                    "msg=async_moved_handle outcome=cancelled duration_ms=0.0",
                ),
            ],
        );
    }

    #[test]
    fn run_takes_an_async_closure_without_a_handle() {
        async fn load(text: &str) -> Result<u8, std::num::ParseIntError> {
            run!("async_scoped", async || {
                current::set("text", text);
                tokio::task::yield_now().await;
                let n = text.parse::<u8>()?;
                current::add!("parsed {n}");
                Ok(n)
            })
            .await
        }
        let work = || runtime().block_on(async { (load("7").await, load("x").await.is_err()) });
        let got = check(
            "async_scoped",
            work,
            &[
                (
                    Level::Info,
                    "msg=async_scoped outcome=ok duration_ms=0.0 text=\"7\" \
                     fragments=\"[0.0ms] parsed 7\"",
                ),
                (
                    Level::Error,
                    "msg=async_scoped outcome=error duration_ms=0.0 text=x \
                     error=\"invalid digit found in string\"",
                ),
            ],
        );
        assert_eq!(got, (Ok(7), true));
    }

    #[test]
    fn run_takes_an_async_closure_that_moves_without_a_handle() {
        fn work(rows: Vec<u8>) -> impl Future<Output = Result<usize, String>> + Send {
            run!("async_moved_scope", async move || {
                tokio::task::yield_now().await;
                current::set("rows", rows.len());
                Ok(rows.len())
            })
        }
        let rows = check(
            "async_moved_scope",
            || runtime().block_on(async { tokio::spawn(work(vec![1, 2])).await.unwrap() }),
            &[(
                Level::Info,
                "msg=async_moved_scope outcome=ok duration_ms=0.0 rows=2",
            )],
        );
        assert_eq!(rows, Ok(2));
    }

    #[test]
    fn a_timeout_leaves_a_record_of_what_had_been_done() {
        let work = || {
            let limit = Duration::from_millis(1);
            let endless = async {
                current::set("began", true);
                std::future::pending::<()>().await;
            };
            let endless = endless.in_trace(start!("timed_out"));
            let timed_out = async { tokio::time::timeout(limit, endless).await };
            assert!(runtime().block_on(timed_out).is_err());
        };
        check(
            "timed_out",
            work,
            &[(
                Level::Warn,
                "msg=timed_out outcome=cancelled duration_ms=0.0 began=true",
            )],
        );
    }

    #[test]
    fn a_unit_that_is_ready_is_not_cancelled_by_what_comes_after() {
        let work = || {
            let limit = Duration::from_millis(0);
            let ready_then_not = async {
                in_trace(start!("done_first")).await;
                std::future::pending::<()>().await;
            };
            let timed_out = async { tokio::time::timeout(limit, ready_then_not).await };
            assert!(runtime().block_on(timed_out).is_err());
        };
        LazyLock::force(&BENCH);
        work();
        // Ready or cancelled, depending on timing, but always one record.
        let records = BENCH.log.records();
        let ours = records
            .iter()
            .filter(|r| r.args.starts_with("msg=done_first"));
        assert_eq!(ours.count(), 1);
    }
}
