//! Foreign code that breaks: in `Display`, in errors, in loggers, at the end of a
//! thread. The unit, the thread and the process survive, and the record says as
//! much as it can.
//!
//! Cases that would abort the process if they went wrong run in a child: this test
//! program again, asked to run one ignored test.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use log::{Level, Log, Metadata, Record};
use traceline::{Config, Format, ToValue, Trace, Value};

use crate::util;
use crate::util::{Bench, Capture, ManualClock};

#[track_caller]
fn bare() -> Bench {
    Bench::new(Config::builder().header(false))
}

/// Compares the text after the message and the duration of a unit that does `work`.
#[track_caller]
fn check(work: impl FnOnce(&mut Trace), want: &str) {
    let bench = bare();
    let mut trace = bench.start();
    work(&mut trace);
    drop(trace);
    let got = bench.log.only().args;
    util::same_line(&got, &format!("msg=unit{want}"));
}

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// Writes a text, then panics.
#[derive(Clone, Copy)]
struct Half(&'static str);

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        panic!("in the middle of Display");
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        panic!("in the middle of Debug");
    }
}

/// A payload that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("while a payload is dropped");
    }
}

/// Keeps an escaping [`Bomb`] away from the harness, which would hang.
#[track_caller]
fn contain<R>(work: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        mem::forget(payload);
        panic!("a panic got out");
    })
}

/// Displays as whatever the closure writes.
struct Prints<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Prints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

mod display {
    use super::*;

    #[test]
    fn what_a_panicking_display_wrote_is_taken_back() {
        check(
            |trace| {
                trace.set("before", "x");
                trace.set("k", traceline::display(&Half("half")));
                trace.set("after", "y").ok();
            },
            " outcome=ok duration_ms=0.0 before=x k=\"<panicked>\" after=y",
        );
    }

    #[test]
    fn it_is_taken_back_even_where_it_went_past_the_limit_or_grew_the_arena() {
        let long: &'static str = Box::leak("long ".repeat(5_000).into());
        check(
            |trace| {
                trace.set("before", "x");
                trace.set("k", traceline::display(&Half(long)));
                trace.set("after", "y");
            },
            " duration_ms=0.0 before=x k=\"<panicked>\" after=y",
        );
    }

    #[test]
    fn a_panicking_display_replaces_an_earlier_value() {
        check(
            |trace| {
                trace.set("k", "a long enough text to be written over");
                trace.set("k", traceline::display(&Half("half")));
            },
            " duration_ms=0.0 k=\"<panicked>\"",
        );
    }

    #[test]
    fn a_panicking_debug_is_caught_too() {
        check(
            |trace| {
                trace.set("k", traceline::debug(&Half("half")));
                traceline::set!(trace, d:? = Half("x"), p:% = Half("y"));
            },
            " duration_ms=0.0 k=\"<panicked>\" d=\"<panicked>\" p=\"<panicked>\"",
        );
    }

    #[test]
    fn a_fragment_that_panics_keeps_its_time_and_line() {
        let line = line!() + 3;
        check(
            |trace| {
                traceline::add!(trace, "got {} of {}", 1, Half("half"));
                trace.warn(format_args!("{:?}", Half("half")));
            },
            &format!(
                " duration_ms=0.0 fragments=\"[{line}, 0.0ms] <panicked>; \
                 [{}, 0.0ms, warn] <panicked>\"",
                line + 1
            ),
        );
    }

    #[test]
    fn a_panic_payload_that_panics_when_dropped_does_no_more_harm() {
        let bomb = Prints(|_: &mut fmt::Formatter<'_>| panic_any(Bomb));
        let line = line!() + 3;
        check(
            |trace| {
                contain(|| traceline::add!(trace, "{bomb}"));
                contain(|| _ = trace.set("k", traceline::display(&bomb)));
                trace.set("after", 1);
            },
            &format!(
                " duration_ms=0.0 k=\"<panicked>\" after=1 fragments=\"[{line}, 0.0ms] <panicked>\""
            ),
        );
    }

    #[test]
    fn an_error_that_a_display_returns_keeps_what_it_wrote() {
        let fails = Prints(|f: &mut fmt::Formatter<'_>| {
            f.write_str("half")?;
            Err(fmt::Error)
        });
        check(
            |trace| {
                trace.set("k", traceline::display(&fails)).set("after", 1);
            },
            " duration_ms=0.0 k=half after=1",
        );
    }

    #[test]
    fn a_display_may_log() {
        let log = Capture::leak();
        let logs = Prints(|f: &mut fmt::Formatter<'_>| {
            let record = Record::builder().args(format_args!("from Display")).build();
            log.log(&record);
            f.write_str("logged")
        });
        check(
            |trace| {
                trace.set("k", traceline::display(&logs));
            },
            " duration_ms=0.0 k=logged",
        );
        assert_eq!(log.take_lines(), ["from Display"]);
    }

    #[test]
    fn a_display_may_run_a_unit_of_its_own_even_a_broken_one() {
        let inner = bare();
        let runs = Prints(|f: &mut fmt::Formatter<'_>| {
            let mut trace = inner.start();
            trace
                .set("inner", 1)
                .set("k", traceline::display(&Half("x")));
            f.write_str("done")
        });
        let line = line!() + 3;
        check(
            |trace| {
                traceline::add!(trace, "{runs}");
                trace.set("a", 1).set("k", traceline::display(&runs));
            },
            &format!(" duration_ms=0.0 a=1 k=done fragments=\"[{line}, 0.0ms] done\""),
        );
        let record = "msg=unit duration_ms=0.0 inner=1 k=\"<panicked>\"";
        assert_eq!(inner.log.take_lines(), [record, record]);
    }

    #[test]
    fn a_display_that_panics_in_the_builder_is_caught_as_well() {
        let bench = bare();
        let trace = Trace::builder("unit")
            .config(&bench.config)
            .field("k", traceline::display(&Half("half")))
            .field("after", 1)
            .start();
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=0.0 k=\"<panicked>\" after=1"
        );
    }

    #[test]
    fn a_display_that_returns_an_error_in_the_builder_is_no_panic() {
        let fails = Prints(|f: &mut fmt::Formatter<'_>| {
            f.write_str("half")?;
            Err(fmt::Error)
        });
        let bench = bare();
        let trace = Trace::builder("unit")
            .config(&bench.config)
            .field("k", traceline::display(&fails))
            .start();
        drop(trace);
        assert_eq!(bench.log.only().args, "msg=unit duration_ms=0.0 k=half");
    }

    /// Panics before it returns a value.
    struct NoValue;

    impl ToValue for NoValue {
        fn to_value(&self) -> Value<'_> {
            panic!("in to_value");
        }
    }

    #[test]
    fn a_panic_in_to_value_is_the_caller_s_and_the_trace_stays_whole() {
        check(
            |trace| {
                trace.set("before", 1);
                unwind(|| _ = trace.set("k", NoValue));
                trace.set("after", 2);
            },
            " duration_ms=0.0 before=1 after=2",
        );
    }

    #[test]
    fn a_list_is_lost_if_an_element_gives_no_value() {
        check(
            |trace| {
                trace.set("k", [NoValue]).set("after", 1);
            },
            " duration_ms=0.0 k=\"<panicked>\" after=1",
        );
    }

    #[test]
    fn an_element_whose_display_panics_is_lost_alone() {
        let half = Half("half");
        let list = ["a".to_value(), traceline::display(&half), 7.to_value()];
        let bench = Bench::new(Config::builder().header(false).format(Format::Json));
        let mut trace = bench.start();
        trace.set("k", list).set("after", 1);
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "{\"msg\":\"unit\",\"duration_ms\":0.0,\"k\":[\"a\",\"<panicked>\",7],\"after\":1}"
        );
    }

    #[test]
    fn a_display_that_panics_in_a_nested_list_loses_no_bracket() {
        let half = Half("half");
        let inner = [traceline::display(&half), 1.to_value()];
        let bench = Bench::new(Config::builder().header(false).format(Format::Json));
        let mut trace = bench.start();
        trace.set("k", [inner.to_value(), 2.to_value()]);
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "{\"msg\":\"unit\",\"duration_ms\":0.0,\"k\":[[\"<panicked>\",1],2]}"
        );
    }
}

mod errors {
    use super::*;

    /// An error whose parts panic as selected.
    #[derive(Debug)]
    struct Broken {
        display: bool,
        source: bool,
        inner: Option<Box<Broken>>,
    }

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("broken")?;
            assert!(!self.display, "in Display of an error");
            Ok(())
        }
    }

    impl Error for Broken {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            assert!(!self.source, "in source");
            let inner = self.inner.as_deref()?;
            Some(inner)
        }
    }

    fn leaf(display: bool, source: bool) -> Broken {
        Broken {
            display,
            source,
            inner: None,
        }
    }

    fn around(inner: Broken) -> Broken {
        Broken {
            inner: Some(Box::new(inner)),
            ..leaf(false, false)
        }
    }

    #[test]
    fn an_error_that_cannot_be_printed_is_an_error_all_the_same() {
        check(
            |trace| {
                let result = trace.check(Err::<(), _>(leaf(true, false)));
                assert!(result.is_err());
            },
            " outcome=error duration_ms=0.0 error=\"<panicked>\"",
        );
    }

    #[test]
    fn a_source_that_panics_leaves_the_error_itself() {
        for broken in [leaf(false, true), around(leaf(true, false))] {
            check(
                |trace| {
                    trace.error(&broken).set("after", 1);
                },
                " outcome=error duration_ms=0.0 after=1 error=broken \
                 error.chain=\"<panicked>\"",
            );
        }
    }

    #[test]
    fn the_first_source_that_is_left_out_is_not_looked_into() {
        let ninth = (0..9).fold(leaf(false, true), |inner, _| around(inner));
        check(
            |trace| {
                trace.error(&ninth);
            },
            " outcome=error duration_ms=0.0 error=broken error.chain=\"broken: broken: broken: \
             broken: broken: broken: broken: broken\" truncated=1",
        );
    }
}

mod loggers {
    use super::*;

    /// The call in which a logger breaks.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum At {
        Enabled(Level),
        Log,
    }

    /// Panics once, in one call, with a payload that panics again; otherwise keeps the text.
    #[derive(Debug)]
    struct Panics {
        at: Mutex<Option<At>>,
        inner: &'static Capture,
    }

    impl Panics {
        fn leak(at: At) -> &'static Panics {
            Box::leak(Box::new(Panics {
                at: Mutex::new(Some(at)),
                inner: Capture::leak(),
            }))
        }

        fn reach(&self, here: At) {
            let hit = *self.at.lock().unwrap() == Some(here);
            if hit {
                *self.at.lock().unwrap() = None;
                panic_any(Bomb);
            }
        }

        /// Runs two units and returns what was logged.
        fn two_units(&'static self) -> Vec<String> {
            let config = Config::builder().header(false).logger(self);
            let config = config.clock(ManualClock::leak()).build().unwrap();
            for n in 1..=2 {
                contain(|| {
                    let mut trace = Trace::builder("unit").config(&config).start();
                    trace.set("n", n);
                });
            }
            self.inner.take_lines()
        }
    }

    impl Log for Panics {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            self.reach(At::Enabled(metadata.level()));
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.reach(At::Log);
            self.inner.log(record);
        }
        fn flush(&self) {}
    }

    #[test]
    fn a_logger_that_panics_loses_that_record_alone() {
        for at in [At::Enabled(Level::Error), At::Enabled(Level::Info), At::Log] {
            assert_eq!(
                Panics::leak(at).two_units(),
                ["msg=unit duration_ms=0.0 n=2"],
                "{at:?}"
            );
        }
    }

    #[test]
    fn a_checkpoint_whose_logger_panics_leaves_the_unit_running() {
        let log = Panics::leak(At::Log);
        let config = Config::builder().header(false).logger(log);
        let config = config.clock(ManualClock::leak()).build().unwrap();
        let mut trace = Trace::builder("unit").config(&config).start();
        contain(|| _ = trace.set("n", 1).checkpoint());
        trace.set("m", 2).checkpoint();
        drop(trace);
        assert_eq!(
            log.inner.take_lines(),
            [
                "msg=unit duration_ms=0.0 n=1 m=2 partial=true seq=2",
                "msg=unit duration_ms=0.0 n=1 m=2"
            ]
        );
    }

    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
    }

    /// Runs a unit that logs to itself, each time it is called from outside.
    #[derive(Debug)]
    struct Reenters {
        config: Mutex<Option<Config>>,
        lines: Mutex<Vec<String>>,
    }

    impl Reenters {
        fn inner_unit(&self, name: &'static str) {
            if DEPTH.get() > 0 {
                return;
            }
            DEPTH.set(1);
            let config = self.config.lock().unwrap().clone().unwrap();
            let mut trace = Trace::builder(name).config(&config).start();
            trace.set("inner", "text of the inner unit").incr("hits");
            drop(trace);
            DEPTH.set(0);
        }
    }

    impl Log for Reenters {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            if metadata.level() == Level::Info {
                self.inner_unit("enabled");
            }
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.inner_unit("log");
            self.lines.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {}
    }

    #[test]
    fn a_logger_may_run_units_of_its_own() {
        let log: &Reenters = Box::leak(Box::new(Reenters {
            config: Mutex::default(),
            lines: Mutex::default(),
        }));
        let config = Config::builder().header(false).logger(log);
        let config = config.clock(ManualClock::leak()).build().unwrap();
        *log.config.lock().unwrap() = Some(config.clone());
        for _ in 0..2 {
            let mut trace = Trace::builder("outer").config(&config).start();
            trace.set("outer", "text of the outer unit").incr("hits");
        }
        let unit = [
            "msg=enabled duration_ms=0.0 inner=\"text of the inner unit\" hits=1",
            "msg=log duration_ms=0.0 inner=\"text of the inner unit\" hits=1",
            "msg=outer duration_ms=0.0 outer=\"text of the outer unit\" hits=1",
        ];
        assert_eq!(*log.lines.lock().unwrap(), [unit, unit].concat());
    }

    /// Signals that it was called, then waits for permission to go on.
    struct Waits {
        called: Mutex<Sender<()>>,
        go_on: Mutex<Receiver<()>>,
    }

    impl Log for Waits {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {
            self.called.lock().unwrap().send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        fn flush(&self) {}
    }

    #[test]
    fn a_slow_logger_holds_up_no_unit_but_its_own() {
        let (called, was_called) = channel();
        let (resume, go_on) = channel();
        let slow: &Waits = Box::leak(Box::new(Waits {
            called: Mutex::new(called),
            go_on: Mutex::new(go_on),
        }));
        let config = Config::builder().logger(slow).build().unwrap();
        let held_up = thread::spawn(move || {
            Trace::builder("slow").config(&config).start().emit();
        });
        was_called.recv_timeout(Duration::from_secs(60)).unwrap();
        // The other thread stays inside its logger for as long as this one likes.
        let bench = bare();
        for n in 0..100 {
            bench.start().set("n", n);
        }
        assert_eq!(bench.log.take_lines().len(), 100);
        assert!(!held_up.is_finished());
        resume.send(()).unwrap();
        held_up.join().unwrap();
    }
}

mod threads {
    use super::*;

    #[test]
    fn a_thread_that_panics_emits_its_unit() {
        let bench = bare();
        let config = bench.config.clone();
        let ended = thread::spawn(move || {
            let mut trace = Trace::builder("unit").config(&config).start();
            trace.set("step", 1);
            panic!("boom");
        });
        assert!(ended.join().is_err());
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(record.args, "msg=unit outcome=panic duration_ms=0.0 step=1");
    }

    #[test]
    fn a_thread_that_ends_emits_the_units_on_its_stack() {
        let bench = bare();
        let config = bench.config.clone();
        thread::spawn(move || {
            let _outer = Trace::builder("outer").config(&config).start();
            let _inner = Trace::builder("inner").config(&config).start();
        })
        .join()
        .unwrap();
        assert_eq!(
            bench.log.take_lines(),
            ["msg=inner duration_ms=0.0", "msg=outer duration_ms=0.0"]
        );
    }
}

mod clocks {
    use super::*;

    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    use traceline::config::Clock;

    /// Jumps after the first reading.
    #[derive(Debug)]
    struct Jumps {
        base: Instant,
        by: Duration,
        was_read: AtomicBool,
    }

    impl Clock for Jumps {
        fn now(&self) -> Instant {
            match self.was_read.swap(true, Ordering::Relaxed) {
                true => self.base + self.by,
                false => self.base,
            }
        }
        fn wall(&self) -> SystemTime {
            UNIX_EPOCH
        }
    }

    /// Panics at every reading from the second on.
    #[derive(Debug)]
    struct Breaks {
        base: Instant,
        readings: AtomicU32,
    }

    impl Clock for Breaks {
        fn now(&self) -> Instant {
            assert_eq!(
                self.readings.fetch_add(1, Ordering::Relaxed),
                0,
                "the clock broke"
            );
            self.base
        }
        fn wall(&self) -> SystemTime {
            panic!("the clock broke")
        }
    }

    #[test]
    fn a_clock_that_panics_costs_no_record_and_no_process() {
        for panics in [false, true] {
            let (log, base) = (Capture::leak(), Instant::now());
            let clock: &'static Breaks = Box::leak(Box::new(Breaks {
                base,
                readings: AtomicU32::new(0),
            }));
            let config = log.config(Config::builder().clock(clock));
            let mut trace = Trace::builder("unit").config(&config).start();
            trace.add("a fragment").time("db", |_| ());
            let work = move || {
                let _trace = trace;
                assert!(!panics, "the unit broke");
            };
            assert_eq!(catch_unwind(AssertUnwindSafe(work)).is_err(), panics);
            let line = log.only().args;
            assert!(line.contains(" a fragment"), "{line}");
            assert_eq!(line.contains("outcome=panic"), panics, "{line}");
        }
    }

    #[test]
    fn a_clock_that_jumps_by_centuries_saturates() {
        for by in [
            Duration::from_nanos(u64::MAX),
            // Neither this nor the next fits in 64 bits of nanoseconds.
            Duration::new(18_446_744_073, 999_999_999),
            Duration::from_secs(20_000_000_000),
        ] {
            let clock: &Jumps = Box::leak(Box::new(Jumps {
                base: Instant::now(),
                by,
                was_read: AtomicBool::new(false),
            }));
            let log = Capture::leak();
            let config = log.config(Config::builder().header(false).clock(clock));
            drop(Trace::builder("unit").config(&config).start());
            assert_eq!(
                log.only().args,
                "msg=unit duration_ms=18446744073709.551",
                "{by:?}"
            );
        }
    }

    /// Goes back by a second at each reading.
    #[derive(Debug)]
    struct Backwards(Instant, AtomicU32);

    impl Clock for Backwards {
        fn now(&self) -> Instant {
            let looks = self.1.fetch_add(1, Ordering::Relaxed);
            self.0 - Duration::from_secs(looks.into())
        }
        fn wall(&self) -> SystemTime {
            UNIX_EPOCH
        }
    }

    #[test]
    fn a_clock_that_goes_backwards_stands_still() {
        let clock: &Backwards = Box::leak(Box::new(Backwards(
            Instant::now() + Duration::from_secs(1_000),
            AtomicU32::new(0),
        )));
        let log = Capture::leak();
        let config = log.config(Config::builder().clock(clock));
        let mut trace = Trace::builder("unit").config(&config).start();
        trace.time("db", |trace| _ = trace.add("x"));
        let line = line!() - 1;
        assert_eq!(trace.elapsed(), Duration::ZERO);
        drop(trace);
        assert_eq!(
            log.only().args,
            format!(
                "ts=1970-01-01T00:00:00.000000Z level=info msg=unit duration_ms=0.0 db.count=1 \
                 db.ms=0.0 db.max_ms=0.0 fragments=\"[{line}, 0.0ms] x\""
            )
        );
    }
}

/// Cases that might abort, and therefore run in their own process.
mod process {
    use super::*;

    const CHILD: &str = "TRACELINE_FAULTS_CHILD";

    /// Runs the ignored test of this name in a new process.
    #[track_caller]
    fn run(name: &str) -> Output {
        let program = std::env::current_exe().unwrap();
        Command::new(program)
            .args(["--exact", &format!("faults::process::{name}"), "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap()
    }

    /// The child's lines that begin with `record:` or `note:`, and its exit code.
    #[track_caller]
    fn outcome(name: &str) -> (Option<i32>, Vec<String>) {
        let output = run(name);
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |line: &&str| line.starts_with("record:") || line.starts_with("note:");
        let lines = text.lines().filter(ours).map(String::from).collect();
        (output.status.code(), lines)
    }

    /// Whether this is a child; the tests below do nothing when run by hand.
    fn is_child() -> bool {
        std::env::var_os(CHILD).is_some()
    }

    fn note(text: fmt::Arguments<'_>) {
        // The harness leaves the cursor after the name of the test.
        println!("\nnote: {text}");
    }

    /// A typical logger: it assumes that its thread-local buffer still exists.
    #[derive(Debug)]
    struct Buffered;

    thread_local! {
        static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
    }

    impl Log for Buffered {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            BUFFER.with_borrow_mut(|buffer| {
                buffer.clear();
                writeln!(buffer, "\nrecord: {}", record.args()).unwrap();
                std::io::stdout().write_all(buffer.as_bytes()).unwrap();
            });
        }
        fn flush(&self) {}
    }

    /// Panics on every record.
    #[derive(Debug)]
    struct AlwaysPanics;

    impl Log for AlwaysPanics {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {
            panic!("the logger is broken");
        }
        fn flush(&self) {}
    }

    fn start(log: &'static dyn Log) -> Trace {
        let config = Config::builder().header(false).logger(log);
        let config = config.clock(ManualClock::leak()).build().unwrap();
        Trace::builder("unit").config(&config).start()
    }

    // ----- while unwinding

    #[test]
    fn a_logger_that_panics_during_unwinding_does_not_abort() {
        let (code, lines) = outcome("child_logger_panics_during_unwinding");
        assert_eq!((code, &*lines), (Some(0), &["note: survived".into()][..]));
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_logger_panics_during_unwinding() {
        if is_child() {
            unwind(|| {
                let _outer = start(&AlwaysPanics);
                let _inner = start(&AlwaysPanics);
                panic!("boom");
            });
            note(format_args!("survived"));
        }
    }

    #[test]
    fn a_display_that_panics_during_unwinding_does_not_abort() {
        let (code, lines) = outcome("child_display_panics_during_unwinding");
        assert_eq!(code, Some(0));
        assert_eq!(
            lines,
            [
                "record: msg=unit duration_ms=0.0 k=\"<panicked>\"",
                "note: survived"
            ]
        );
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_display_panics_during_unwinding() {
        struct Cleanup;
        impl Drop for Cleanup {
            fn drop(&mut self) {
                let mut trace = start(&Buffered);
                trace.set("k", traceline::display(&Half("half")));
            }
        }
        if is_child() {
            unwind(|| {
                let _cleanup = Cleanup;
                panic!("boom");
            });
            note(format_args!("survived"));
        }
    }

    // ----- while a thread ends

    thread_local! {
        static KEPT: RefCell<Option<Trace>> = const { RefCell::new(None) };
    }

    /// What a thread touches first; destructors run in reverse order.
    #[derive(Clone, Copy, Debug)]
    enum Touch {
        Keeper,
        Unit,
        Logger,
    }

    /// Keeps a trace in a thread-local after touching everything in the given order.
    fn keep(order: [Touch; 3]) {
        for touch in order {
            match touch {
                Touch::Keeper => KEPT.with_borrow_mut(|kept| *kept = None),
                Touch::Unit => start(&Buffered).discard(),
                Touch::Logger => BUFFER.with_borrow_mut(String::clear),
            }
        }
        let mut trace = start(&Buffered);
        trace.set("kept", true);
        KEPT.set(Some(trace));
    }

    const ORDERS: [[Touch; 3]; 6] = {
        use Touch::{Keeper, Logger, Unit};
        [
            [Keeper, Unit, Logger],
            [Keeper, Logger, Unit],
            [Unit, Keeper, Logger],
            [Unit, Logger, Keeper],
            [Logger, Keeper, Unit],
            [Logger, Unit, Keeper],
        ]
    };

    #[test]
    fn a_trace_in_a_thread_local_does_not_abort_when_its_thread_ends() {
        let (code, lines) = outcome("child_thread_local_thread_ends");
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(lines.last().map(String::as_str), Some("note: survived"));
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_thread_local_thread_ends() {
        if is_child() {
            for order in ORDERS {
                thread::spawn(move || keep(order)).join().unwrap();
                note(format_args!("ended {order:?}"));
            }
            note(format_args!("survived"));
        }
    }

    #[test]
    fn it_is_dropped_in_silence_once_the_spare_entries_are_gone() {
        let (_, lines) = outcome("child_thread_local_thread_ends");
        let silent = [
            "note: ended [Keeper, Unit, Logger]",
            "note: ended [Keeper, Logger, Unit]",
        ];
        assert_eq!(
            lines.get(..2),
            Some(&silent.map(String::from)[..]),
            "{lines:#?}"
        );
    }

    #[test]
    fn a_trace_in_a_thread_local_does_not_abort_process_exit() {
        for (i, order) in ORDERS.into_iter().enumerate() {
            let name = format!("child_thread_local_exit_{i}");
            let (code, lines) = outcome(&name);
            assert_eq!(code, Some(41), "{order:?}: {lines:#?}");
        }
    }

    /// Exits the process from a thread that keeps a trace.
    fn exit_keeping(order: [Touch; 3]) {
        if is_child() {
            keep(order);
            std::process::exit(41);
        }
    }

    macro_rules! exit_keeping {
        ($($name:ident: $order:literal;)*) => {$(
            #[test]
            #[ignore = "run in a child process"]
            fn $name() {
                exit_keeping(ORDERS[$order]);
            }
        )*};
    }

    exit_keeping! {
        child_thread_local_exit_0: 0;
        child_thread_local_exit_1: 1;
        child_thread_local_exit_2: 2;
        child_thread_local_exit_3: 3;
        child_thread_local_exit_4: 4;
        child_thread_local_exit_5: 5;
    }

    #[test]
    fn process_exit_runs_no_destructor_so_no_record_comes_and_nothing_breaks() {
        let (code, lines) = outcome("child_exit");
        assert_eq!((code, lines), (Some(42), vec![]));
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_exit() {
        if is_child() {
            let mut trace = start(&Buffered);
            trace.set("a", 1);
            std::process::exit(42);
        }
    }
}
