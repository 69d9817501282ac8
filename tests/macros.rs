//! What the macros accept, and what they leave alone.
//!
//! `start!` and `run!` use the configuration of the process, which sends to a
//! logger in this test program. Each unit has a unique name to be found by.
//! Cases that install a logger for the process run in a child: this test program
//! again, asked to run one ignored test.

#![forbid(unsafe_code)]

#[path = "util/tags.rs"]
mod tags;
mod util;

use std::fmt::Debug;
use std::sync::LazyLock;

use log::Level;
use traceline::{Config, Outcome, Trace, add, current, run, set, start};
use util::{Bench, Captured};

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let bench = Bench::new(Config::builder().header(false));
    bench.config.clone().install().expect("nobody did before");
    bench
});

/// The record of the only unit called `name`, which `work` starts and ends.
#[track_caller]
fn record<R>(name: &str, work: impl FnOnce() -> R) -> Captured {
    LazyLock::force(&BENCH);
    drop(work());
    let named = format!("msg={name} ");
    let mut records = BENCH.log.records();
    records.retain(|record| record.args.starts_with(&named));
    assert_eq!(records.len(), 1, "{records:#?}");
    records.remove(0)
}

/// The line of that record, without source line numbers.
#[track_caller]
fn line<R>(name: &str, work: impl FnOnce() -> R) -> String {
    tags::untagged(&record(name, work).args)
}

/// An argument that must not be evaluated.
fn never() -> u8 {
    panic!("evaluated");
}

mod fields_of_start {
    use super::*;

    #[derive(Debug)]
    struct Plan {
        seats: u8,
    }

    #[test]
    fn are_written_as_those_of_set() {
        let (cached, plan, path) = (true, Plan { seats: 3 }, "/a b");
        let got = line("fields.all", || {
            start!(
                "fields.all",
                user_id = 7,
                cached,
                "db.rows" = 3,
                plan:?,
                path:%,
                "p.debug":? = plan,
                display:% = format_args!("x.{}", "y"),
                type = "t",
                seats = plan.seats,
                coupon = None::<u8>,
            )
        });
        assert_eq!(
            got,
            "msg=fields.all duration_ms=0.0 user_id=7 cached=true db.rows=3 \
             plan=\"Plan { seats: 3 }\" path=\"/a b\" p.debug=\"Plan { seats: 3 }\" display=x.y \
             type=t seats=3"
        );
    }

    #[test]
    fn are_there_from_the_start_and_can_be_replaced() {
        let got = line("fields.replaced", || {
            let mut trace = start!("fields.replaced", step = "begin", user_id = 7);
            assert_eq!(trace.get("user_id").and_then(|id| id.as_u64()), Some(7));
            trace.set("step", "end");
        });
        assert_eq!(
            got,
            "msg=fields.replaced duration_ms=0.0 step=end user_id=7"
        );
    }

    #[test]
    fn stand_behind_settings_which_come_in_any_order() {
        let summary = |record: Captured| (record.level, record.target, record.args);
        let (level, config) = (Level::Debug, &BENCH.config);
        assert_eq!(
            summary(record(
                "set.level",
                || start!("set.level", level: Warn, n = 1)
            )),
            (
                Level::Warn,
                "macros::fields_of_start".into(),
                "msg=set.level duration_ms=0.0 n=1".into()
            )
        );
        assert_eq!(
            summary(record("set.both", || {
                start!("set.both", level: level, target: "jobs", level:?, config = 2,)
            })),
            (
                Level::Debug,
                "jobs".into(),
                "msg=set.both duration_ms=0.0 level_2=Debug config=2".into()
            )
        );
        assert_eq!(
            summary(record("set.all", || {
                let target = format!("jobs{}", 1);
                start!("set.all", config: config, target: target, level: log::Level::Error)
            })),
            (
                Level::Error,
                "jobs1".into(),
                "msg=set.all duration_ms=0.0".into()
            )
        );
    }

    #[test]
    fn may_be_called_as_the_macro_calls_its_own() {
        let (trace, name, result) = (1, 2, 3);
        assert_eq!(
            line("fields.hygiene", || start!(
                "fields.hygiene",
                trace,
                name,
                result
            )),
            "msg=fields.hygiene duration_ms=0.0 trace=1 name=2 result=3"
        );
    }

    #[test]
    fn are_not_evaluated_if_the_trace_is_disabled() {
        // Its own logger rejects everything; the process's configuration would accept it.
        let off = util::Capture::up_to(log::LevelFilter::Off).config(Config::builder());
        let trace = start!("fields.disabled", config: &off, n = never(), "m":? = never());
        assert!(!trace.is_enabled());
    }

    #[test]
    fn that_panic_leave_their_mark_and_no_more() {
        struct Panics;
        impl std::fmt::Display for Panics {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("boom")
            }
        }
        assert_eq!(
            line(
                "fields.panic",
                || start!("fields.panic", a:% = Panics, b = 2)
            ),
            "msg=fields.panic duration_ms=0.0 a=\"<panicked>\" b=2"
        );
    }

    #[test]
    fn go_with_every_kind_of_name() {
        const NAME: &str = "name.const";
        let rest = "duration_ms=0.0 n=1";
        let got = line("name.const", || start!(NAME, n = 1));
        assert_eq!(got, format!("msg=name.const {rest}"));
        let got = line("name.string", || start!(String::from("name.string"), n = 1));
        assert_eq!(got, format!("msg=name.string {rest}"));
        let cow = std::borrow::Cow::Borrowed("name.cow");
        let got = line("name.cow", || start!(cow, n = 1));
        assert_eq!(got, format!("msg=name.cow {rest}"));
    }
}

mod level_of_add {
    use super::*;

    /// The level, the outcome and the line of a unit called `unit`.
    #[track_caller]
    fn unit(work: impl FnOnce(&mut Trace)) -> (Option<Level>, Option<Outcome>, String) {
        let bench = Bench::new(Config::builder().header(false));
        let mut trace = bench.start();
        work(&mut trace);
        let (level, outcome) = (trace.level(), trace.outcome());
        drop(trace);
        (level, outcome, tags::untagged(&bench.log.only().args))
    }

    #[test]
    fn warn_is_what_warn_does() {
        let rows = 2;
        let got = unit(|trace| add!(trace, level: Warn, "{rows} rows {}", "skipped"));
        assert_eq!(
            got,
            (
                Some(Level::Warn),
                None,
                "msg=unit duration_ms=0.0 fragments=\"[0.0ms, warn] 2 rows skipped\"".into()
            )
        );
        let by_method = unit(|trace| _ = trace.warn(format_args!("{rows} rows skipped")));
        assert_eq!(got, by_method);
    }

    #[test]
    fn error_is_what_fail_does() {
        let got = unit(|trace| add!(trace, level: Error, "no {x}", x = "stock"));
        assert_eq!(
            got,
            (
                Some(Level::Error),
                Some(Outcome::Error),
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[0.0ms, error] no stock\""
                    .into()
            )
        );
        assert_eq!(got, unit(|trace| _ = trace.fail("no stock")));
    }

    #[test]
    fn other_levels_are_printed_where_they_are_not_the_trace_s_own() {
        let got = unit(|trace| {
            add!(trace, level: Info, "a");
            add!(trace, level: Debug, "b");
            add!(trace, level: Trace, "c");
            add!(trace, "d");
        });
        assert_eq!(
            got,
            (
                Some(Level::Info),
                None,
                "msg=unit duration_ms=0.0 \
                 fragments=\"[0.0ms] a; [0.0ms, debug] b; [0.0ms, trace] c; [0.0ms] d\""
                    .into()
            )
        );
    }

    #[test]
    fn info_raises_a_trace_of_level_debug() {
        let record = record("level.raised", || {
            let mut trace = start!("level.raised", level: Debug);
            add!(trace, level: Info, "a");
        });
        assert_eq!(
            (record.level, tags::untagged(&record.args)),
            (
                Level::Info,
                "msg=level.raised duration_ms=0.0 fragments=\"[0.0ms, info] a\"".into()
            )
        );
    }

    #[test]
    fn may_be_any_expression() {
        let (n, level) = (3, Level::Error);
        let got = unit(|trace| {
            add!(trace, level: Level::Warn, "a");
            add!(trace, level: log::Level::Debug, "b");
            add!(trace, level: if n > 2 { Level::Warn } else { Level::Info }, "{}", "c");
            add!(trace, level: level, "d {level}");
        });
        assert_eq!(
            got,
            (
                Some(Level::Error),
                Some(Outcome::Error),
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[0.0ms, warn] a; \
                 [0.0ms, debug] b; [0.0ms, warn] c; [0.0ms, error] d ERROR\""
                    .into()
            )
        );
    }

    #[test]
    fn the_tag_is_the_line_of_the_macro() {
        let bench = Bench::new(Config::builder().header(false));
        let mut trace = bench.start();
        add!(trace, level: Warn, "a {}", 1);
        add!(trace, level: Level::Error, "b");
        trace.scope(|| current::add!(level: Debug, "c"));
        let line = line!();
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            format!(
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[{}, 0.0ms, warn] a 1; \
                 [{}, 0.0ms, error] b; [{}, 0.0ms, debug] c\"",
                line - 3,
                line - 2,
                line - 1
            )
        );
    }

    #[test]
    fn a_field_a_part_and_a_shared_trace_take_it_too() {
        struct Service {
            trace: Trace,
        }
        let bench = Bench::new(Config::builder().header(false));
        let mut service = Service {
            trace: bench.start(),
        };
        add!(service.trace, level: Debug, "field");
        let mut part = service.trace.part();
        add!(part, level: Warn, "part");
        service.trace.join(part);
        let shared = service.trace.into_shared();
        add!(shared, level: Trace, "shared");
        add!(shared, level: Error, "shared {}", 2);
        drop(shared);
        let record = bench.log.only();
        assert_eq!(
            (record.level, tags::untagged(&record.args)),
            (
                Level::Error,
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[0.0ms, debug] field; \
                 [0.0ms, warn] part; [0.0ms, trace] shared; [0.0ms, error] shared 2\""
                    .into()
            )
        );
    }

    #[test]
    fn the_current_trace_takes_it_too() {
        let got = unit(|trace| {
            trace.scope(|| {
                let level = Level::Debug;
                current::add!(level: Warn, "{}", "a");
                current::add!(level: level, "b {level}");
                current::add!(level: Error, "c");
            });
        });
        assert_eq!(
            got,
            (
                Some(Level::Error),
                Some(Outcome::Error),
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[0.0ms, warn] a; \
                 [0.0ms, debug] b DEBUG; [0.0ms, error] c\""
                    .into()
            )
        );
    }

    #[test]
    fn nothing_is_evaluated_if_the_trace_is_disabled_or_none_is_current() {
        fn level() -> Level {
            panic!("evaluated");
        }
        let mut trace = Trace::default();
        add!(trace, level: Warn, "{}", never());
        add!(trace, level: level(), "a");
        assert!(!current::is_active());
        current::add!(level: Error, "{}", never());
        current::add!(level: level(), "a");
        trace.scope(|| current::add!(level: level(), "a"));
        set!(trace, n = never());
    }
}

mod work_of_run {
    use super::*;

    type Parsed = Result<u8, std::num::ParseIntError>;
    type BoxError = Box<dyn std::error::Error + Send + Sync>;

    fn parse(text: &str) -> Parsed {
        current::set("text", text);
        text.parse()
    }

    fn of_a_function(trace: &mut Trace) -> Parsed {
        trace.set("n", 7);
        Ok(7)
    }

    mod inner {
        pub(super) use super::of_a_function;
    }

    #[test]
    fn closures_with_a_handle() {
        let owned = String::from("7");
        let line_of = |name, work: &dyn Fn() -> Parsed| line(name, || assert_eq!(work(), Ok(7)));
        assert_eq!(
            line_of("h.plain", &|| run!("h.plain", |trace| {
                trace.set("n", owned.len());
                owned.parse()
            })),
            "msg=h.plain outcome=ok duration_ms=0.0 n=1"
        );
        assert_eq!(
            line_of("h.ignored", &|| run!("h.ignored", |_| owned.parse())),
            "msg=h.ignored outcome=ok duration_ms=0.0"
        );
        assert_eq!(
            line_of("h.typed", &|| run!(
                "h.typed",
                |trace: &mut Trace| -> Parsed {
                    set!(trace, n = 1);
                    if trace.is_enabled() {
                        return Ok(7);
                    }
                    owned.parse()
                }
            )),
            "msg=h.typed outcome=ok duration_ms=0.0 n=1"
        );
        assert_eq!(
            line("h.moved", || {
                let owned = owned.clone();
                let moved = run!("h.moved", move |trace| -> Result<String, String> {
                    trace.add(&owned);
                    Ok(owned)
                });
                assert_eq!(moved.as_deref(), Ok("7"));
            }),
            "msg=h.moved outcome=ok duration_ms=0.0 fragments=\"[0.0ms] 7\""
        );
        assert_eq!(
            line("h.moved_ignored", || run!("h.moved_ignored", move |_| {
                Err::<u8, _>(owned)
            })),
            "msg=h.moved_ignored outcome=error duration_ms=0.0 error=\"7\""
        );
    }

    #[test]
    fn closures_without_one() {
        assert_eq!(
            line("c.plain", || run!("c.plain", || parse("x"))),
            "msg=c.plain outcome=error duration_ms=0.0 text=x \
             error=\"invalid digit found in string\""
        );
        let owned = String::from("7");
        assert_eq!(
            line("c.moved", || run!("c.moved", move || -> Parsed {
                parse(&owned)
            },)),
            "msg=c.moved outcome=ok duration_ms=0.0 text=\"7\""
        );
    }

    #[test]
    fn the_name_of_a_function_or_of_a_closure() {
        let got = line("f.name", || run!("f.name", of_a_function));
        assert_eq!(got, "msg=f.name outcome=ok duration_ms=0.0 n=7");
        let got = line("f.path", || run!("f.path", self::inner::of_a_function,));
        assert_eq!(got, "msg=f.path outcome=ok duration_ms=0.0 n=7");
        let closure = |trace: &mut Trace| {
            trace.set("n", 8);
            Err::<u8, _>("no stock")
        };
        let got = line("f.closure", || run!("f.closure", closure));
        assert_eq!(
            got,
            "msg=f.closure outcome=error duration_ms=0.0 n=8 error=\"no stock\""
        );
    }

    #[test]
    fn any_other_expression_that_is_such_a_function() {
        fn sized<const N: usize>(trace: &mut Trace) -> Parsed {
            trace.set("n", N);
            Ok(7)
        }
        struct Job(Box<dyn FnOnce(&mut Trace) -> Parsed>);
        impl Job {
            fn maker(n: u8) -> impl FnOnce(&mut Trace) -> Parsed {
                move |trace| {
                    trace.set("n", n);
                    Ok(n)
                }
            }
            fn run(trace: &mut Trace) -> Parsed {
                of_a_function(trace)
            }
        }
        let got = line("e.called", || run!("e.called", Job::maker(5)));
        assert_eq!(got, "msg=e.called outcome=ok duration_ms=0.0 n=5");
        let got = line("e.generic", || run!("e.generic", sized::<3>,));
        assert_eq!(got, "msg=e.generic outcome=ok duration_ms=0.0 n=3");
        let got = line("e.method", || run!("e.method", <Job>::run));
        assert_eq!(got, "msg=e.method outcome=ok duration_ms=0.0 n=7");
        let job = Job(Box::new(of_a_function));
        let got = line("e.field", || run!("e.field", job.0));
        assert_eq!(got, "msg=e.field outcome=ok duration_ms=0.0 n=7");
    }

    #[test]
    fn async_closures_with_a_handle() {
        /// A task, which must be `Send`.
        #[track_caller]
        fn task<E: Debug>(name: &str, work: impl Future<Output = Result<u8, E>> + Send) -> String {
            line(name, || assert_eq!(pollster::block_on(work).unwrap(), 7))
        }
        LazyLock::force(&BENCH);
        let owned = String::from("7");
        assert_eq!(
            task(
                "a.plain",
                run!("a.plain", async |trace| {
                    trace.set("n", owned.len());
                    std::future::ready(owned.parse()).await
                })
            ),
            "msg=a.plain outcome=ok duration_ms=0.0 n=1"
        );
        assert_eq!(
            task("a.ignored", run!("a.ignored", async |_| owned.parse())),
            "msg=a.ignored outcome=ok duration_ms=0.0"
        );
        assert_eq!(
            task(
                "a.ignored_typed",
                run!("a.ignored_typed", async |_: &mut Trace| -> Parsed {
                    owned.parse()
                })
            ),
            "msg=a.ignored_typed outcome=ok duration_ms=0.0"
        );
        assert_eq!(
            task(
                "a.typed",
                run!(
                    "a.typed",
                    async |trace: &mut Trace| -> Result<u8, BoxError> {
                        trace.set("n", 1);
                        if trace.is_enabled() {
                            return Ok(7);
                        }
                        Ok(std::future::ready(owned.parse()).await?)
                    }
                )
            ),
            "msg=a.typed outcome=ok duration_ms=0.0 n=1"
        );
        assert_eq!(
            task(
                "a.moved",
                run!("a.moved", async move |trace| -> Parsed {
                    trace.add(&owned);
                    let parsed = std::future::ready(owned.parse()).await;
                    trace.check(parsed)
                },)
            ),
            "msg=a.moved outcome=ok duration_ms=0.0 fragments=\"[0.0ms] 7\""
        );
    }

    #[test]
    fn an_async_closure_that_is_dropped_early_is_cancelled() {
        let got = line("a.dropped", || {
            run!("a.dropped", async |_| -> Parsed {
                std::future::pending().await
            })
        });
        assert_eq!(got, "msg=a.dropped outcome=cancelled duration_ms=0.0");
    }

    /// Notes, when it is dropped, whether the record of the unit is there already.
    struct Last<'a>(&'static str, &'a std::cell::Cell<Option<bool>>);

    impl Drop for Last<'_> {
        fn drop(&mut self) {
            let named = format!("msg={} ", self.0);
            let records = BENCH.log.records();
            let has = records.iter().any(|record| record.args.starts_with(&named));
            self.1.set(Some(has));
            current::set("last", true);
        }
    }

    fn poll_once(work: impl Future) {
        let mut work = std::pin::pin!(work);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
    }

    #[test]
    fn what_an_async_closure_takes_along_is_dropped_in_its_unit_with_and_without_a_type() {
        LazyLock::force(&BENCH);
        let seen = std::cell::Cell::new(None);
        let last = Last("a.borrows", &seen);
        poll_once(run!("a.borrows", async move |_| {
            let _borrowed = &last;
            std::future::pending::<Parsed>().await
        }));
        assert_eq!(seen.take(), Some(false));
        let last = Last("a.borrows_typed", &seen);
        poll_once(run!("a.borrows_typed", async move |_| -> Parsed {
            let _borrowed = &last;
            std::future::pending().await
        }));
        assert_eq!(seen.take(), Some(false));
        let lines = BENCH.log.records().into_iter().map(|record| record.args);
        let lines: Vec<_> = lines.filter(|line| line.contains("a.borrows")).collect();
        assert_eq!(
            lines,
            [
                "msg=a.borrows outcome=cancelled duration_ms=0.0 last=true",
                "msg=a.borrows_typed outcome=cancelled duration_ms=0.0 last=true"
            ]
        );
    }

    #[cfg(feature = "future")]
    mod current_at_each_poll {
        use super::*;

        #[track_caller]
        fn task(name: &str, work: impl Future<Output = Parsed> + Send) -> String {
            line(name, || pollster::block_on(work))
        }

        async fn parse_later(text: &str) -> Parsed {
            std::future::ready(()).await;
            parse(text)
        }

        #[test]
        fn async_closures_without_a_handle() {
            LazyLock::force(&BENCH);
            let owned = String::from("7");
            assert_eq!(
                task(
                    "p.plain",
                    run!("p.plain", async || parse_later(&owned).await)
                ),
                "msg=p.plain outcome=ok duration_ms=0.0 text=\"7\""
            );
            assert_eq!(
                task(
                    "p.typed",
                    run!("p.typed", async || -> Parsed {
                        let n = parse_later(&owned).await?;
                        if n == 7 {
                            return Ok(8);
                        }
                        Ok(n)
                    })
                ),
                "msg=p.typed outcome=ok duration_ms=0.0 text=\"7\""
            );
            assert_eq!(
                task(
                    "p.moved",
                    run!("p.moved", async move || -> Parsed {
                        parse_later(&owned).await
                    },)
                ),
                "msg=p.moved outcome=ok duration_ms=0.0 text=\"7\""
            );
        }

        #[test]
        fn async_blocks() {
            LazyLock::force(&BENCH);
            let owned = String::from("x");
            assert_eq!(
                task(
                    "b.plain",
                    run!("b.plain", async { parse_later(&owned).await })
                ),
                "msg=b.plain outcome=error duration_ms=0.0 text=x \
                 error=\"invalid digit found in string\""
            );
            // A `return` leaves only the block, so it ends the unit.
            assert_eq!(
                task(
                    "b.moved",
                    run!("b.moved", async move {
                        if owned == "x" {
                            return parse_later("7").await;
                        }
                        unreachable!()
                    },)
                ),
                "msg=b.moved outcome=ok duration_ms=0.0 text=\"7\""
            );
            assert_eq!(
                line("b.dropped", || run!("b.dropped", async {
                    parse_later("7").await
                })),
                "msg=b.dropped outcome=cancelled duration_ms=0.0"
            );
        }
    }
}

#[cfg(feature = "env_logger")]
mod init {
    use std::io::{self, Write};
    use std::process::Command;
    use std::sync::{Arc, Mutex};

    use super::*;
    use util::{ManualClock, TS};

    const CHILD: &str = "TRACELINE_MACROS_CHILD";

    /// The output of the ignored test of this name on standard error, in a process
    /// of its own.
    #[track_caller]
    fn errors_of(name: &str, rust_log: Option<&str>) -> String {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", &format!("init::{name}"), "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .env_remove("RUST_LOG");
        if let Some(filters) = rust_log {
            command.env("RUST_LOG", filters);
        }
        let output = command.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        errors
    }

    /// Whether this is a child, in which time stands still.
    fn is_child() -> bool {
        let is_child = std::env::var_os(CHILD).is_some();
        if is_child {
            let config = Config::builder().clock(ManualClock::leak());
            config.install().unwrap();
        }
        is_child
    }

    /// A unit and two ordinary calls; returns the line of the first call.
    fn work() -> u32 {
        start!("first", n = 1).emit();
        log::info!(target: "shop", "port {}", 8080);
        log::debug!(target: "shop", "cache miss");
        line!() - 2
    }

    /// The lines of [`work`] under level info.
    fn lines_at_info() -> String {
        format!(
            "ts={TS} level=info msg=first duration_ms=0.0 n=1\n\
             ts={TS} level=info msg=\"port 8080\" target=shop file=macros.rs line={}\n",
            work()
        )
    }

    #[test]
    #[ignore = "a child of other tests"]
    fn child_that_calls_init() {
        if is_child() {
            traceline::init();
            work();
            traceline::init(); // as every test of a program may do
        }
    }

    #[test]
    fn lines_go_to_standard_error_from_info_on() {
        assert_eq!(errors_of("child_that_calls_init", None), lines_at_info());
        assert_eq!(
            errors_of("child_that_calls_init", Some(" ")),
            lines_at_info()
        );
    }

    #[test]
    fn rust_log_has_the_last_word() {
        let errors = |filters| errors_of("child_that_calls_init", Some(filters));
        assert_eq!(errors("warn"), "");
        let miss = format!(
            "ts={TS} level=debug msg=\"cache miss\" target=shop file=macros.rs line={}\n",
            work() + 1
        );
        assert_eq!(errors("debug"), lines_at_info() + &miss);
        let only_the_unit = format!("ts={TS} level=info msg=first duration_ms=0.0 n=1\n");
        assert_eq!(errors("macros=info"), only_the_unit);
    }

    #[test]
    fn what_rust_log_means_badly_is_said() {
        let errors = errors_of("child_that_calls_init", Some("info,shop=loud"));
        let (warning, lines) = errors.split_once('\n').unwrap();
        assert!(
            warning.starts_with("warning: ") && warning.contains("loud"),
            "{warning}"
        );
        assert_eq!(lines, lines_at_info());
    }

    /// A writer that shares its text, and panics when it is given `boom`.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!bytes.windows(4).any(|text| text == b"boom"));
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    #[ignore = "a child of other tests"]
    fn child_that_writes_elsewhere() {
        if is_child() {
            let shared = Shared::default();
            traceline::init_to(shared.clone());
            std::panic::set_hook(Box::new(|_| ()));
            log::info!("boom");
            let want = lines_at_info();
            let got = shared.0.lock().unwrap().clone();
            assert_eq!(String::from_utf8(got).unwrap(), want);
        }
    }

    #[test]
    fn lines_go_to_any_writer_and_survive_its_panic() {
        assert_eq!(errors_of("child_that_writes_elsewhere", None), "");
    }

    #[test]
    #[ignore = "a child of other tests"]
    fn child_that_calls_init_to_too_late() {
        if is_child() {
            traceline::init();
            let late = Shared::default();
            traceline::init_to(late.clone());
            work();
            assert!(late.0.lock().unwrap().is_empty());
        }
    }

    #[test]
    fn a_writer_that_comes_too_late_is_told_of() {
        let errors = errors_of("child_that_calls_init_to_too_late", None);
        let (warning, lines) = errors.split_once('\n').unwrap();
        let said = "msg=\"traceline::init_to: another logger is already installed and stays in place: lines go \
                    where it sends them\"";
        assert_eq!(
            warning.split_once(" target=").unwrap().0,
            format!("ts={TS} level=warn {said}")
        );
        assert_eq!(lines, lines_at_info());
    }

    #[test]
    #[ignore = "a child of other tests"]
    fn child_with_a_logger_that_takes_nothing() {
        if is_child() {
            log::set_logger(util::Capture::leak()).unwrap();
            traceline::init();
            traceline::init();
            work();
        }
    }

    #[test]
    fn beside_a_logger_that_takes_no_warning_standard_error_has_it_once() {
        assert_eq!(
            errors_of("child_with_a_logger_that_takes_nothing", None),
            "traceline::init: another logger is already installed and stays in place: lines go where it sends \
             them\n"
        );
    }
}

mod units_inside_units {
    use super::*;

    type Done = Result<(), String>;

    /// The value of an id in the line of the only unit called `name`.
    fn id(line: &str, key: &str) -> Option<String> {
        let (_, rest) = line.split_once(&format!(" {key}="))?;
        Some(rest.split(' ').next()?.trim_matches('"').to_owned())
    }

    /// Runs `work`, which runs the units `inner` inside `outer`; the inner one asks for its ids.
    #[track_caller]
    fn check(outer: &str, inner: &str, work: impl FnOnce() -> Done) {
        let outer_line = line(outer, work);
        let inner_line = line(inner, || ());
        let of_outer = |key| id(&outer_line, key);
        let of_inner = |key| id(&inner_line, key);
        assert!(of_outer("trace_id").is_some(), "{outer_line}");
        assert_eq!(of_inner("trace_id"), of_outer("trace_id"));
        assert_eq!(of_inner("parent_id"), of_outer("span_id"));
        assert_eq!(of_outer("parent_id"), None);
    }

    #[test]
    fn run_in_run_in_every_form() {
        let ask = |trace: &mut Trace| -> Done {
            trace.trace_id();
            Ok(())
        };
        check("n.a", "n.b", || {
            run!("n.a", || -> Done {
                run!("n.b", || -> Done {
                    current::trace_id();
                    Ok(())
                })
            })
        });
        check("n.c", "n.d", || {
            run!("n.c", |_| -> Done { run!("n.d", ask) })
        });
        check("n.e", "n.f", || {
            pollster::block_on(run!("n.e", async |_| -> Done {
                run!("n.f", async |trace| -> Done {
                    std::future::ready(()).await;
                    ask(trace)
                })
                .await
            }))
        });
        check("n.g", "n.h", || {
            pollster::block_on(run!("n.g", async || -> Done {
                run!("n.h", async {
                    current::trace_id();
                    Done::Ok(())
                })
                .await
            }))
        });
    }

    #[test]
    fn a_root_unit_is_inside_none() {
        let outer = line("r.outer", || -> Done {
            run!("r.outer", |trace| {
                trace.trace_id();
                drop(start!("r.root", level: Warn, root: true, a = 1));
                drop(start!("r.other", root: true));
                Ok(())
            })
        });
        assert!(id(&outer, "trace_id").is_some());
        assert_eq!(line("r.root", || ()), "msg=r.root duration_ms=0.0 a=1");
        assert_eq!(line("r.other", || ()), "msg=r.other duration_ms=0.0");
    }
}
