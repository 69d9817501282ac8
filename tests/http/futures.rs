//! Futures that are units of work, on several executors: whatever a future writes
//! lands in its own unit, whoever polls it, and a cancelled unit is recorded as such.

use std::fmt::Debug;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_executor::ThreadPool;
use log::Level;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use traceline::{
    Config, Format, Trace, current,
    future::{InTrace, InTraceExt},
};

use crate::tags::untagged;
use crate::util::Bench;

fn bare() -> Bench {
    Bench::new(Config::builder().header(false))
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    Trace::builder(name).config(&bench.config).start()
}

fn lines(bench: &Bench) -> Vec<String> {
    let lines = bench.log.take_lines();
    lines.iter().map(|line| untagged(line)).collect()
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_time().build().unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Writes to the current trace when it is dropped.
struct Writes(&'static str);

impl Drop for Writes {
    fn drop(&mut self) {
        current::add!("dropped {}", self.0);
    }
}

/// Ready at the second poll; for executors that do not provide such a future.
fn step() -> impl Future<Output = ()> + Send {
    let mut polled = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

mod polls {
    use super::*;

    #[test]
    fn the_trace_is_current_in_each_poll_and_not_between_them() {
        let bench = bare();
        let future = async {
            current::set("first", 1);
            step().await;
            current::add!("second {}", "poll");
            7
        };
        let mut future = pin!(future.in_trace(bench.start()));
        assert!(!current::is_active());
        assert!(poll_once(future.as_mut()).is_pending());
        assert!(!current::is_active());
        current::set("between", 1);
        assert_eq!(lines(&bench), [""; 0]);
        assert_eq!(poll_once(future.as_mut()), Poll::Ready(7));
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 first=1 fragments=\"[0.0ms] second poll\""]
        );
    }

    #[test]
    fn the_record_comes_when_the_future_is_ready_and_not_again_when_it_is_dropped() {
        let bench = bare();
        {
            let mut future = pin!(ready(1).in_trace(bench.start()));
            assert_eq!(poll_once(future.as_mut()), Poll::Ready(1));
            assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0"]);
        }
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn the_locals_of_a_ready_future_are_dropped_inside_the_unit() {
        let bench = bare();
        let captured = Writes("captured");
        let mut polled = false;
        // Not an `async` block: the values in it are dropped with it, not at the end of the poll.
        let future = poll_fn(move |_| {
            let _ = &captured;
            match std::mem::replace(&mut polled, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let mut future = pin!(future.in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_pending());
        assert!(poll_once(future.as_mut()).is_ready());
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 fragments=\"[0.0ms] dropped captured\""]
        );
    }

    #[test]
    fn a_poll_after_the_end_neither_panics_nor_writes() {
        let bench = bare();
        let mut future = pin!(ready(1).in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_ready());
        for _ in 0..3 {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        let mut future = pin!(ready(Ok::<_, String>(1)).run_in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_ready());
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(lines(&bench).len(), 2);
    }

    #[test]
    fn the_unit_around_the_executor_is_current_again_afterwards() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            futures_executor::block_on(
                async {
                    current::set("a", 1);
                    step().await;
                    current::set("b", 2);
                }
                .in_trace(bench.start()),
            );
            current::set("c", 3);
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 a=1 b=2",
                "msg=outer duration_ms=0.0 c=3"
            ]
        );
    }

    #[test]
    fn futures_nest() {
        let bench = bare();
        let inner = |name: &'static str| {
            async move {
                current::set("name", name);
                step().await;
                current::set("again", name);
            }
            .in_trace(unit(&bench, "inner"))
        };
        let outer = async {
            current::set("a", 1);
            inner("first").await;
            step().await;
            current::set("b", 2);
            inner("second").await;
            current::set("c", 3);
        };
        futures_executor::block_on(outer.in_trace(unit(&bench, "outer")));
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 name=first again=first",
                "msg=inner duration_ms=0.0 name=second again=second",
                "msg=outer duration_ms=0.0 a=1 b=2 c=3"
            ]
        );
    }

    #[test]
    fn a_disabled_trace_hides_the_unit_around() {
        let bench = bare();
        let outer = async {
            current::set("a", 1);
            async {
                assert!(!current::is_active());
                current::set("hidden", 1);
                step().await;
                current::set("hidden", 2);
            }
            .in_trace(Trace::default())
            .await;
            // The same when dropped early.
            let writes = Writes("hidden");
            let mut cancelled = Box::pin(
                async move {
                    let _writes = writes;
                    pending::<()>().await;
                }
                .in_trace(Trace::default()),
            );
            assert!(poll_once(cancelled.as_mut()).is_pending());
            drop(cancelled);
            current::set("b", 2);
        };
        futures_executor::block_on(outer.in_trace(unit(&bench, "outer")));
        assert_eq!(lines(&bench), ["msg=outer duration_ms=0.0 a=1 b=2"]);
    }

    #[test]
    fn a_future_may_be_polled_on_a_new_thread_each_time() {
        let bench = bare();
        let future = async {
            for n in 0..5 {
                current::add!("poll {n}");
                current::incr("polls");
                step().await;
            }
            current::ok();
        };
        let mut future = Box::pin(future.in_trace(bench.start()));
        loop {
            let poll = thread::scope(|scope| {
                let poll = scope.spawn(|| {
                    let poll = poll_once(future.as_mut());
                    assert!(!current::is_active());
                    poll
                });
                poll.join().unwrap()
            });
            if poll.is_ready() {
                break;
            }
        }
        assert_eq!(
            lines(&bench),
            [
                "msg=unit outcome=ok duration_ms=0.0 polls=5 fragments=\"[0.0ms] poll 0; \
                 [0.0ms] poll 1; [0.0ms] poll 2; [0.0ms] poll 3; [0.0ms] poll 4\""
            ]
        );
    }

    #[test]
    fn the_current_unit_may_be_ended_inside() {
        let bench = bare();
        let future = async {
            current::set("a", 1);
            current::emit();
            step().await;
            current::set("late", 1);
        };
        futures_executor::block_on(future.in_trace(bench.start()));
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
        let future = async {
            current::set("a", 1);
            current::with(|trace| std::mem::take(trace).emit());
            step().await;
            current::set("late", 1);
        };
        futures_executor::block_on(future.in_trace(bench.start()));
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    #[test]
    fn laps_run_over_several_polls() {
        let bench = bare();
        let clock = bench.clock;
        let future = async {
            let timer = current::with(|trace| trace.start_timer("db")).unwrap();
            clock.advance(Duration::from_millis(2));
            step().await;
            clock.advance(Duration::from_millis(1));
            current::with(|trace| _ = trace.stop(timer));
        };
        futures_executor::block_on(future.in_trace(bench.start()));
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=3.0 db.count=1 db.ms=3.0 db.max_ms=3.0"]
        );
    }

    #[test]
    fn it_is_send_and_unpin_when_the_future_is() {
        fn is_send<T: Send>(_: &T) {}
        fn is_unpin<T: Unpin>(_: &T) {}
        is_unpin(&ready(1).in_trace(Trace::default()));
        is_send(&async { step().await }.in_trace(Trace::default()));
        async fn succeeds() -> Result<(), String> {
            step().await;
            Ok(())
        }
        is_send(&succeeds().run_in_trace(Trace::default()));
        is_send(&traceline::run!("unit", async || succeeds().await));
        is_send(&traceline::run!("unit", async |trace| {
            trace.set("a", 1);
            step().await;
            trace.set("b", 2);
            Ok::<_, String>(())
        }));
        // Not `Send`, because the future is not; it runs nevertheless.
        let local = std::rc::Rc::new(1);
        let future = async {
            step().await;
            *local
        };
        assert_eq!(
            futures_executor::block_on(future.in_trace(Trace::default())),
            1
        );
    }
}

mod results {
    use super::*;

    type Parsed = Result<u8, std::num::ParseIntError>;

    async fn parse(text: &str) -> Parsed {
        current::set("text", text);
        step().await;
        text.parse()
    }

    #[test]
    fn run_in_trace_takes_the_outcome_from_the_result() {
        let bench = bare();
        let parsed = futures_executor::block_on(parse("7").run_in_trace(bench.start()));
        assert_eq!(parsed, Ok(7));
        let record = bench.log.only();
        assert_eq!(record.level, Level::Info);
        assert_eq!(
            record.args,
            "msg=unit outcome=ok duration_ms=0.0 text=\"7\""
        );

        let parsed = futures_executor::block_on(parse("x").run_in_trace(bench.start()));
        assert!(parsed.is_err());
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            record.args,
            "msg=unit outcome=error duration_ms=0.0 text=x error=\"invalid digit found in string\""
        );
    }

    #[test]
    fn what_the_future_said_itself_stands_before_an_ok() {
        let bench = bare();
        let future = async {
            current::fail("half of it failed");
            Ok::<_, String>(())
        };
        futures_executor::block_on(future.run_in_trace(bench.start())).unwrap();
        assert_eq!(
            lines(&bench),
            ["msg=unit outcome=error duration_ms=0.0 \
                 fragments=\"[0.0ms, error] half of it failed\""]
        );
    }

    #[test]
    fn in_trace_leaves_the_outcome_alone() {
        let bench = bare();
        let parsed = futures_executor::block_on(parse("x").in_trace(bench.start()));
        assert!(parsed.is_err());
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 text=x"]);
    }

    #[test]
    fn every_kind_of_error_will_do() {
        fn check<E: Debug>(future: impl Future<Output = Result<(), E>>) {
            assert!(futures_executor::block_on(future).is_err());
        }
        let bench = bare();
        let start = || bench.start();
        check(async { Err::<(), _>(String::from("string")) }.run_in_trace(start()));
        check(async { Err::<(), _>("str") }.run_in_trace(start()));
        check(async { Err::<(), _>(anyhow::anyhow!("anyhow")) }.run_in_trace(start()));
        check(
            async { Err::<(), Box<dyn std::error::Error>>("boxed".into()) }.run_in_trace(start()),
        );
        check(async { Err::<(), _>(std::fmt::Error) }.run_in_trace(start()));
        let want = ["string", "str", "anyhow", "boxed"].map(String::from);
        let fmt = String::from("\"an error occurred when formatting an argument\"");
        let want = want.into_iter().chain([fmt]);
        let want: Vec<String> = want
            .map(|error| format!("msg=unit outcome=error duration_ms=0.0 error={error}"))
            .collect();
        assert_eq!(lines(&bench), want);
    }

    #[test]
    fn run_compiles_with_every_kind_of_closure() {
        // Without a logger of the process: `flows/context.rs` looks at the records.
        let name = String::from("widget");
        let (name, n) = (&name, 3);
        futures_executor::block_on(async {
            let r = traceline::run!("a", async || parse("7").await).await;
            assert_eq!(r, Ok(7));
            let r = traceline::run!("b", async || {
                let seven = parse("7").await?;
                Ok::<_, std::num::ParseIntError>(seven + n)
            })
            .await;
            assert_eq!(r, Ok(10));
            let owned = name.clone();
            let r = traceline::run!("c", async move || {
                step().await;
                Ok::<_, String>(owned.len())
            })
            .await;
            assert_eq!(r, Ok(6));
            let r = traceline::run!("d", async |trace| {
                trace.set("n", n);
                let parsed = parse("x").await;
                let _ = trace.check(parsed)?;
                Ok::<_, std::num::ParseIntError>(name.len())
            })
            .await;
            assert!(r.is_err());
            let owned = name.clone();
            let r = traceline::run!("e", async move |trace| {
                trace.add(&owned);
                step().await;
                Ok::<_, String>(owned)
            })
            .await;
            assert_eq!(r.as_deref(), Ok("widget"));
        });
    }
}

mod cancelled {
    use super::*;

    /// The only record, which must be `cancelled` at level warn.
    #[track_caller]
    fn check(bench: &Bench, rest: &str) {
        let record = bench.log.only();
        assert_eq!(record.level, Level::Warn);
        assert_eq!(
            untagged(&record.args),
            format!("msg=unit outcome=cancelled duration_ms=0.0{rest}")
        );
    }

    async fn never_ends() {
        let _local = Writes("local");
        current::set("began", true);
        pending::<()>().await;
        current::set("ended", true);
    }

    const BEGAN: &str = " began=true fragments=\"[0.0ms] dropped local\"";

    #[test]
    fn a_future_dropped_before_it_is_ready_is_dropped_inside_its_unit() {
        let bench = bare();
        let mut future = Box::pin(never_ends().in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        check(&bench, BEGAN);
    }

    #[test]
    fn one_dropped_before_its_first_poll_is_cancelled_too() {
        let bench = bare();
        drop(never_ends().in_trace(bench.start()));
        check(&bench, "");
        let captured = Writes("captured");
        let future = async move {
            let _captured = captured;
        };
        drop(future.in_trace(bench.start()));
        check(&bench, " fragments=\"[0.0ms] dropped captured\"");
        drop(async { Ok::<_, String>(()) }.run_in_trace(bench.start()));
        check(&bench, "");
    }

    #[test]
    fn cancelled_beats_the_last_word_and_an_error_beats_its_level() {
        let bench = bare();
        for (word, rest) in [
            (current::ok as fn(), ""),
            (|| current::error("broken"), " error=broken"),
        ] {
            let future = async move {
                word();
                pending::<()>().await;
            };
            let mut future = Box::pin(future.in_trace(bench.start()));
            assert!(poll_once(future.as_mut()).is_pending());
            drop(future);
            check(&bench, rest);
        }
    }

    #[test]
    fn what_the_destructors_say_of_the_outcome_does_not_count() {
        struct Says;
        impl Drop for Says {
            fn drop(&mut self) {
                current::set("destructor", true);
                current::ok();
            }
        }
        let bench = bare();
        let future = async {
            let _says = Says;
            pending::<()>().await;
        };
        let mut future = Box::pin(future.in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        check(&bench, " destructor=true");
    }

    #[test]
    fn a_lap_that_was_running_is_closed() {
        let bench = bare();
        let future = async {
            let _running = current::with(|trace| trace.start_timer("db"));
            pending::<()>().await;
        };
        let mut future = Box::pin(future.in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        check(&bench, " db.count=1 db.ms=0.0 db.max_ms=0.0");
    }

    #[test]
    fn one_that_is_dropped_inside_another_unit_disturbs_that_in_nothing() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            let mut future = Box::pin(never_ends().in_trace(bench.start()));
            assert!(poll_once(future.as_mut()).is_pending());
            current::set("a", 1);
            drop(future);
            current::set("b", 2);
        });
        check(&bench, BEGAN);
        drop(outer);
        assert_eq!(lines(&bench), ["msg=outer duration_ms=0.0 a=1 b=2"]);
    }

    #[test]
    fn nested_units_are_cancelled_from_the_inside_out() {
        let bench = bare();
        let outer = async {
            let _local = Writes("outer");
            never_ends().in_trace(unit(&bench, "inner")).await;
        };
        let mut outer = Box::pin(outer.in_trace(unit(&bench, "outer")));
        assert!(poll_once(outer.as_mut()).is_pending());
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner outcome=cancelled duration_ms=0.0 began=true \
                 fragments=\"[0.0ms] dropped local\"",
                "msg=outer outcome=cancelled duration_ms=0.0 fragments=\"[0.0ms] dropped outer\""
            ]
        );
    }

    #[test]
    fn one_that_a_panic_drops_before_it_is_ready_says_panic() {
        let bench = bare();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut future = pin!(never_ends().in_trace(bench.start()));
            assert!(poll_once(future.as_mut()).is_pending());
            panic!("boom");
        }));
        assert!(unwound.is_err());
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            untagged(&record.args),
            format!("msg=unit outcome=panic duration_ms=0.0{BEGAN}")
        );
    }

    #[test]
    fn run_with_a_handle_is_cancelled_as_well() {
        // The expansion of `run!`, with a logger of our own.
        macro_rules! run {
            ($trace:expr, $($async:tt)+) => {{
                let unit = traceline::__CancelGuard::new($trace);
                async move {
                    let handle = unit.handle();
                    let block = pin!(Some(async move {
                        let mut handle = handle;
                        $($async)+(&mut handle).await
                    }));
                    let future = traceline::__RunFuture::new(unit, block);
                    let result: Result<(), String> = traceline::__CancelGuard::finish(future.await);
                    result
                }
            }};
        }
        async fn work(trace: &mut Trace) -> Result<(), String> {
            trace.set("began", true);
            pending::<()>().await;
            Ok(())
        }
        let bench = bare();
        drop(run!(bench.start(), work));
        check(&bench, "");
        let mut future = Box::pin(run!(bench.start(), work));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        check(&bench, " began=true");
    }
}

mod panics {
    use super::*;

    #[track_caller]
    fn check(bench: &Bench, rest: &str) {
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            untagged(&record.args),
            format!("msg=unit outcome=panic duration_ms=0.0{rest}")
        );
    }

    async fn panics() {
        let _local = Writes("local");
        current::set("began", true);
        step().await;
        panic!("boom");
    }

    const BEGAN: &str = " began=true fragments=\"[0.0ms] dropped local\"";

    #[test]
    fn a_panic_in_a_poll_that_is_caught_outside_is_the_outcome() {
        let bench = bare();
        let mut future = Box::pin(panics().in_trace(bench.start()));
        assert!(poll_once(future.as_mut()).is_pending());
        let poll = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut())));
        assert!(poll.is_err());
        assert!(!current::is_active());
        // It is dropped after the unwinding.
        drop(future);
        check(&bench, BEGAN);
    }

    #[test]
    fn what_is_dropped_with_the_future_afterwards_cannot_take_the_panic_back() {
        struct Says;
        impl Drop for Says {
            fn drop(&mut self) {
                current::set("late", true);
                current::ok();
            }
        }
        let bench = bare();
        let says = Says;
        let future = poll_fn(move |_| -> Poll<()> {
            let _ = &says;
            panic!("boom");
        });
        let mut future = Box::pin(future.in_trace(bench.start()));
        assert!(catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut()))).is_err());
        drop(future);
        check(&bench, " late=true");
    }

    #[test]
    fn a_panic_that_the_future_catches_itself_is_none() {
        let bench = bare();
        let future = async {
            assert!(catch_unwind(|| panic!("boom")).is_err());
            current::ok();
        };
        futures_executor::block_on(future.in_trace(bench.start()));
        assert_eq!(lines(&bench), ["msg=unit outcome=ok duration_ms=0.0"]);
    }

    #[test]
    fn tokio_catches_it_and_the_join_handle_tells() {
        let bench = bare();
        for runtime in [multi_thread(), current_thread()] {
            let task = panics().in_trace(bench.start());
            let joined = runtime.block_on(async { tokio::spawn(task).await });
            assert!(joined.unwrap_err().is_panic());
            drop(runtime);
            check(&bench, BEGAN);
        }
    }

    #[test]
    fn a_panic_of_one_branch_is_that_of_the_unit_around_both() {
        let bench = bare();
        let inner = bench.start();
        let mut outer = Box::pin(
            async {
                tokio::join!(panics().in_trace(inner), async {
                    let _local = Writes("other branch");
                    pending::<()>().await;
                });
            }
            .in_trace(unit(&bench, "outer")),
        );
        assert!(poll_once(outer.as_mut()).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| poll_once(outer.as_mut()))).is_err());
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit outcome=panic duration_ms=0.0 began=true \
                 fragments=\"[0.0ms] dropped local\"",
                "msg=outer outcome=panic duration_ms=0.0 \
                 fragments=\"[0.0ms] dropped other branch\""
            ]
        );
    }
}

mod on_tokio {
    use super::*;

    /// Waits a little, so that an abort or a timeout finds it running.
    async fn waits(started: oneshot::Sender<()>) {
        let _local = Writes("local");
        current::set("began", true);
        started.send(()).unwrap();
        pending::<()>().await;
    }

    const CANCELLED: &str = "msg=unit outcome=cancelled duration_ms=0.0 began=true \
                             fragments=\"[0.0ms] dropped local\"";

    #[test]
    fn select_drops_the_branch_that_lost_and_its_record_says_so() {
        let bench = bare();
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                let (started, has_started) = oneshot::channel();
                tokio::select! {
                    () = waits(started).in_trace(bench.start()) => unreachable!(),
                    _ = has_started => {}
                }
            });
            assert_eq!(lines(&bench), [CANCELLED]);
        }
    }

    #[test]
    fn the_branch_that_won_ends_as_ever() {
        let bench = bare();
        let (first, second) = (unit(&bench, "first"), unit(&bench, "second"));
        current_thread().block_on(async {
            tokio::select! {
                biased;
                () = pending::<()>().in_trace(first) => unreachable!(),
                result = async { Ok::<_, String>(7) }.run_in_trace(second) => {
                    assert_eq!(result, Ok(7));
                }
            }
        });
        assert_eq!(
            lines(&bench),
            [
                "msg=second outcome=ok duration_ms=0.0",
                "msg=first outcome=cancelled duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn a_timeout_cancels_the_unit() {
        let bench = bare();
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                let (started, _has_started) = oneshot::channel();
                let work = waits(started).in_trace(bench.start());
                let limit = Duration::from_millis(1);
                assert!(tokio::time::timeout(limit, work).await.is_err());
                assert_eq!(lines(&bench), [CANCELLED]);
            });
        }
    }

    #[test]
    fn an_aborted_task_is_cancelled() {
        let bench = bare();
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                let (started, has_started) = oneshot::channel();
                let task = tokio::spawn(waits(started).in_trace(bench.start()));
                has_started.await.unwrap();
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            });
            drop(runtime);
            assert_eq!(lines(&bench), [CANCELLED]);
        }
    }

    #[test]
    fn a_runtime_that_shuts_down_cancels_what_is_left() {
        let bench = bare();
        let runtime = current_thread();
        runtime.block_on(async {
            let (started, has_started) = oneshot::channel();
            tokio::spawn(waits(started).in_trace(bench.start()));
            has_started.await.unwrap();
        });
        assert_eq!(lines(&bench), [""; 0]);
        drop(runtime);
        assert_eq!(lines(&bench), [CANCELLED]);
    }

    #[test]
    fn blocking_work_gathers_a_part_of_the_unit() {
        let bench = bare();
        for runtime in [multi_thread(), current_thread()] {
            let work = async {
                current::set("a", 1);
                let mut part = current::with(|trace| trace.part()).unwrap();
                let part = tokio::task::spawn_blocking(move || {
                    assert!(!current::is_active());
                    part.scope(|| current::incr("blocking"));
                    part
                });
                let part = part.await.unwrap();
                current::with(|trace| _ = trace.join(part));
            };
            runtime.block_on(work.in_trace(bench.start()));
            assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1 blocking=1"]);
        }
    }

    #[test]
    fn a_spawned_task_is_no_part_of_the_unit_unless_it_has_a_handle() {
        let bench = bare();
        let runtime = multi_thread();
        let trace = bench.start().into_shared();
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for n in 0..10u64 {
                let trace = trace.clone();
                tasks.spawn(async move {
                    current::set("nowhere", 1);
                    yield_now().await;
                    trace.with(|trace| {
                        trace.incr("tasks").sum("n", n);
                    });
                });
            }
            while tasks.join_next().await.is_some() {}
        });
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 tasks=10 n=45"]);
    }

    #[test]
    fn a_trace_may_be_held_across_an_await() {
        let bench = bare();
        let mut trace = bench.start();
        let task = async move {
            trace.set("before", 1);
            yield_now().await;
            traceline::add!(trace, "after {}", async { 2 }.await);
            trace.scope(|| current::set("scope", 1));
            trace.ok();
        };
        multi_thread().block_on(async { tokio::spawn(task).await.unwrap() });
        assert_eq!(
            lines(&bench),
            ["msg=unit outcome=ok duration_ms=0.0 before=1 scope=1 \
                 fragments=\"[0.0ms] after 2\""]
        );
    }

    #[test]
    fn local_tasks_need_not_be_send() {
        let bench = bare();
        let local = tokio::task::LocalSet::new();
        let trace = bench.start();
        local.block_on(&current_thread(), async {
            let n = std::rc::Rc::new(7);
            let task = async move {
                current::set("before", *n);
                yield_now().await;
                current::set("after", *n);
            };
            tokio::task::spawn_local(task.in_trace(trace))
                .await
                .unwrap();
        });
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 before=7 after=7"]);
    }
}

/// Many units take turns on few threads; each fragment names its unit.
mod many {
    use super::*;

    const UNITS: usize = if cfg!(debug_assertions) { 300 } else { 3_000 };
    const STEPS: usize = 8;

    async fn work<F: Future<Output = ()>>(n: usize, pause: impl Fn() -> F) {
        current::set("n", n);
        for step in 0..STEPS {
            current::add!("{n}:{step}");
            current::incr("steps");
            pause().await;
            // Every third unit has another one inside.
            if n.is_multiple_of(3) && step == 2 {
                inside(n, &pause).await;
            }
            current::set("last", step);
        }
    }

    async fn inside<F: Future<Output = ()>>(n: usize, pause: &impl Fn() -> F) {
        let trace = INNER.with_borrow(|config| {
            let config = config.as_ref()?;
            Some(Trace::builder("inner").config(config).start())
        });
        let inner = async {
            current::set("inner_n", n);
            pause().await;
            current::add!("inner {n}");
        };
        inner.in_trace(trace.unwrap_or_default()).await;
    }

    thread_local! {
        /// If empty, the inner unit is disabled, and hides the outer one nevertheless.
        static INNER: std::cell::RefCell<Option<Config>> = const { std::cell::RefCell::new(None) };
    }

    fn json() -> Bench {
        Bench::new(Config::builder().header(false).format(Format::Json))
    }

    #[track_caller]
    fn check(bench: &Bench, inner: usize) {
        let mut outer = vec![false; UNITS];
        let mut inners = 0;
        for line in bench.log.take_lines() {
            let record: serde_json::Value = serde_json::from_str(&line).unwrap();
            let fragments = record["fragments"].as_array().unwrap();
            let texts: Vec<_> = fragments
                .iter()
                .map(|f| f["msg"].as_str().unwrap())
                .collect();
            if record["msg"] == "inner" {
                assert_eq!(texts, [format!("inner {}", record["inner_n"])], "{line}");
                inners += 1;
                continue;
            }
            let n = record["n"].as_u64().unwrap() as usize;
            let want: Vec<_> = (0..STEPS).map(|step| format!("{n}:{step}")).collect();
            assert_eq!(texts, want, "{line}");
            assert_eq!(record["steps"], STEPS);
            assert_eq!(record["last"], STEPS - 1);
            assert_eq!(record.as_object().unwrap().len(), 6, "{line}");
            assert!(!std::mem::replace(&mut outer[n], true), "twice: {line}");
        }
        assert!(outer.into_iter().all(|seen| seen));
        assert_eq!(inners, inner);
    }

    fn start(bench: &Bench) -> Trace {
        Trace::builder("unit").config(&bench.config).start()
    }

    #[test]
    fn on_two_threads_of_tokio() {
        let bench = json();
        multi_thread().block_on(async {
            let mut tasks = JoinSet::new();
            for n in 0..UNITS {
                tasks.spawn(work(n, yield_now).in_trace(start(&bench)));
            }
            while let Some(joined) = tasks.join_next().await {
                joined.unwrap();
            }
        });
        check(&bench, 0);
    }

    #[test]
    fn on_one_thread_of_tokio() {
        let bench = json();
        INNER.set(Some(bench.config.clone()));
        current_thread().block_on(async {
            let mut tasks = JoinSet::new();
            for n in 0..UNITS {
                tasks.spawn(work(n, yield_now).in_trace(start(&bench)));
            }
            while let Some(joined) = tasks.join_next().await {
                joined.unwrap();
            }
        });
        INNER.set(None);
        check(&bench, UNITS.div_ceil(3));
    }

    #[test]
    fn on_tokio_with_timers_that_wake_them_in_any_order() {
        let bench = json();
        multi_thread().block_on(async {
            let mut tasks = JoinSet::new();
            for n in 0..UNITS {
                let pause =
                    move || tokio::time::sleep(Duration::from_micros((n * 37 % 11) as u64 * 100));
                tasks.spawn(work(n, pause).in_trace(start(&bench)));
            }
            while let Some(joined) = tasks.join_next().await {
                joined.unwrap();
            }
        });
        check(&bench, 0);
    }

    #[test]
    fn on_the_thread_pool_of_another_executor() {
        let bench = json();
        let pool = ThreadPool::builder().pool_size(2).create().unwrap();
        let done: Vec<_> = (0..UNITS)
            .map(|n| {
                let (done, is_done) = oneshot::channel();
                let work = work(n, step).in_trace(start(&bench));
                pool.spawn_ok(async move {
                    work.await;
                    done.send(()).unwrap();
                });
                is_done
            })
            .collect();
        for done in done {
            futures_executor::block_on(done).unwrap();
        }
        check(&bench, 0);
    }

    #[test]
    fn polled_by_hand_in_turns() {
        let bench = json();
        INNER.set(Some(bench.config.clone()));
        let mut futures: Vec<Pin<Box<InTrace<_>>>> = (0..UNITS)
            .map(|n| Box::pin(work(n, step).in_trace(start(&bench))))
            .collect();
        while !futures.is_empty() {
            futures.retain_mut(|future| poll_once(future.as_mut()).is_pending());
        }
        INNER.set(None);
        check(&bench, UNITS.div_ceil(3));
    }

    #[test]
    fn aborted_at_any_time_each_unit_gives_exactly_one_record() {
        let bench = json();
        let aborted = AtomicBool::new(false);
        multi_thread().block_on(async {
            let mut tasks = JoinSet::new();
            let handles: Vec<_> = (0..UNITS)
                .map(|n| tasks.spawn(work(n, yield_now).in_trace(start(&bench))))
                .collect();
            for (n, handle) in handles.iter().enumerate() {
                if n % 2 == 0 {
                    handle.abort();
                }
                yield_now().await;
            }
            while let Some(joined) = tasks.join_next().await {
                aborted.fetch_or(joined.is_err(), Ordering::Relaxed);
            }
        });
        let lines = bench.log.take_lines();
        assert_eq!(lines.len(), UNITS);
        let mut cancelled = 0;
        for line in &lines {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let texts = record.get("fragments").and_then(|f| f.as_array());
            let texts = texts
                .into_iter()
                .flatten()
                .map(|f| f["msg"].as_str().unwrap());
            for (step, text) in texts.enumerate() {
                assert_eq!(text, format!("{}:{step}", record["n"]), "{line}");
            }
            cancelled += usize::from(record.get("outcome").is_some_and(|o| o == "cancelled"));
        }
        assert_eq!(cancelled > 0, aborted.into_inner());
        assert!(cancelled <= UNITS.div_ceil(2));
    }
}
