//! Calls of `current` that find no unit: which ones count, and the warning.
//!
//! Counts and the warning belong to the process, so each test runs in a child: this test
//! program again, asked to run one ignored test.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;

use log::{Level, LevelFilter, Log, Metadata, Record};
use traceline::{Config, Trace, config::FinishedUnit, current, display};

use crate::util::{Capture, ManualClock};

const CHILD: &str = "TRACELINE_MISSED_CHILD";

/// Whether this build counts.
const COUNTS: bool = cfg!(any(debug_assertions, feature = "testing"));

/// Runs one ignored test in a child.
#[track_caller]
fn child(name: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("missed::{name}"), "--ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{output:#?}");
}

macro_rules! in_a_child {
    ($($(#[$meta:meta])* fn $name:ident() / $child:ident() $work:block)*) => {$(
        $(#[$meta])*
        #[test]
        fn $name() {
            child(stringify!($child));
        }

        $(#[$meta])*
        #[test]
        #[ignore = "run in a child process"]
        fn $child() {
            if std::env::var_os(CHILD).is_some() $work
        }
    )*};
}

/// Installs a logger for the process, and a configuration.
fn install(warn: bool, logger: &'static dyn Log) {
    log::set_logger(logger).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let config = Config::builder().header(false).clock(ManualClock::leak());
    config
        .target("shop")
        .warn_if_missed(warn)
        .install()
        .unwrap();
}

/// Returns how many more calls were missed by now.
fn more() -> u64 {
    thread_local!(static BEFORE: Cell<u64> = const { Cell::new(0) });
    let calls = current::missed().calls;
    calls - BEFORE.replace(calls)
}

/// A `Display` that must not run.
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("formatted for nobody")
    }
}

fn never() -> u64 {
    panic!("evaluated for nobody")
}

type Verb = (&'static str, fn());

/// Every call that adds to a unit, or hands it on.
const VERBS: &[Verb] = &[
    ("set", || current::set("k", 7)),
    ("set text", || current::set("k", display(&Never))),
    ("set list", || current::set("k", vec![1, 2])),
    ("set null", || current::set("k", None::<u8>)),
    ("unset", || current::unset("k")),
    ("incr", || current::incr("k")),
    ("sum", || current::sum("k", 2)),
    ("max", || current::max("k", 2)),
    ("add", || current::add("a")),
    ("add text", || current::add(format_args!("a {}", Never))),
    ("warn", || current::warn("a")),
    ("fail", || current::fail("a")),
    ("time", || assert_eq!(current::time("k", || 7), 7)),
    ("timer", || current::stop(current::start_timer("k"))),
    ("lap", || drop(current::lap("k"))),
    ("check", || _ = current::check(Err::<(), _>("a"))),
    ("error", || current::error("a")),
    ("ok", current::ok),
    ("recovered", current::recovered),
    ("status", || current::status(404)),
    ("raise", || current::raise(Level::Warn)),
    ("set_level", || current::set_level(Level::Warn)),
    ("with", || _ = current::with(|_| unreachable!())),
    ("checkpoint", current::checkpoint),
    ("discard", current::discard),
    ("unit", || _ = current::unit()),
    ("part", || drop(current::part())),
    ("child", || drop(current::child("k"))),
    ("set!", || current::set!(k = never(), l = never())),
    ("add!", || current::add!("{}", never())),
    ("add! level", || current::add!(level: Warn, "{}", never())),
    #[cfg(feature = "future")]
    ("timed", || {
        use traceline::future::InTraceExt;
        pollster::block_on(async {}.timed("k"));
    }),
    #[cfg(feature = "future")]
    ("in_current_unit", || {
        use traceline::future::InTraceExt;
        // What it calls has been counted by then.
        pollster::block_on(async { current::incr("k") }.in_current_unit());
    }),
];

/// Questions, and what is no loss.
const OTHERS: &[Verb] = &[
    ("is_active", || _ = current::is_active()),
    ("level", || _ = current::level()),
    ("outcome", || _ = current::outcome()),
    ("get", || _ = current::get("k")),
    ("elapsed", || _ = current::elapsed()),
    ("traceparent", || _ = current::traceparent()),
    ("tracestate", || _ = current::tracestate()),
    ("trace_id", || _ = current::trace_id()),
    ("request_id", || _ = current::request_id()),
    ("late_parts", || _ = current::late_parts()),
    ("missed", || _ = current::missed()),
    ("check", || _ = current::check(Ok::<_, String>(7))),
    ("emit", current::emit),
];

/// Expects each of these calls to be missed so many times.
#[track_caller]
fn each(verbs: &[Verb], times: u64) {
    let _ = more();
    for (name, call) in verbs {
        call();
        assert_eq!(more(), times, "{name}");
    }
}

const ONCE: u64 = COUNTS as u64;

in_a_child! {
    fn every_verb_without_a_unit_is_counted_once() / child_without_unit() {
        install(false, Capture::leak());
        each(VERBS, ONCE);
        each(OTHERS, 0);
        let mut trace = traceline::start!("unit");
        trace.scope(|| each(OTHERS, 0));
        trace.scope(|| current::set!(a = 1, b = display(&7)));
        assert_eq!(more(), 0);
        drop(trace);
        thread::spawn(|| each(VERBS, ONCE)).join().unwrap();
    }

    fn verbs_that_find_a_unit_are_not_counted() / child_with_unit() {
        install(false, Capture::leak());
        for (name, call) in VERBS {
            // These would run what must not run without a unit.
            if name.contains("text") || name.contains('!') || *name == "with" {
                continue;
            }
            traceline::start!("unit").scope(call);
            traceline::start!("unit").part().scope(call);
            let unit = traceline::start!("unit").unit();
            thread::spawn(move || unit.scope(call)).join().unwrap();
            assert_eq!(more(), 0, "{name}");
        }
    }

    fn a_unit_in_use_or_ended_is_no_unit() / child_in_use() {
        install(false, Capture::leak());
        let mut trace = traceline::start!("unit");
        let _entered = trace.enter();
        current::with(|_| {
            // A handle that travels is found even now.
            let hands_on = ["unit", "part", "child", "in_current_unit"];
            let (on, lost) = VERBS.iter().partition::<Vec<Verb>, _>(|verb| hands_on.contains(&verb.0));
            each(&lost, ONCE);
            each(&on[..3], 0);
            each(OTHERS.split_last().unwrap().1, 0);
            each(&[("emit", current::emit)], ONCE);
        });
        current::incr("k");
        assert_eq!(more(), 0);
        current::emit();
        each(VERBS, ONCE);
        each(OTHERS, 0);
    }

    fn a_disabled_trace_that_is_current_misses_nothing() / child_disabled() {
        install(false, Capture::up_to(LevelFilter::Off));
        let mut disabled = traceline::start!("unit");
        assert!(!disabled.is_enabled());
        disabled.scope(|| each(VERBS, 0));
        let unit = disabled.unit();
        thread::spawn(move || unit.scope(|| each(VERBS, 0))).join().unwrap();
        // On a thread that it was not taken to, nothing is current.
        each(VERBS, ONCE);
    }

    fn nothing_is_missed_while_logging_is_off() / child_off() {
        each(VERBS, 0);
        traceline::start!("unit").scope(|| thread::spawn(|| each(VERBS, 0)).join().unwrap());
        install(true, Capture::leak());
        log::set_max_level(LevelFilter::Off);
        each(VERBS, 0);
        log::set_max_level(LevelFilter::Info);
        each(VERBS, ONCE);
    }

    fn a_logger_of_one_configuration_is_enough() / child_own_logger() {
        let config = Capture::leak().config(Config::builder());
        let mut trace = Trace::builder("unit").config(&config).start();
        trace.scope(|| thread::spawn(|| each(VERBS, ONCE)).join().unwrap());
    }

    fn a_lap_that_stops_where_its_unit_is_not_is_missed() / child_stop() {
        install(false, Capture::leak());
        let mut trace = traceline::start!("unit");
        let timer = trace.scope(|| current::start_timer("k"));
        trace.scope(|| traceline::start!("inner").scope(|| current::stop(timer)));
        assert_eq!(more(), 0);
        // A timer of `current` knows its unit, one of the trace does not.
        let timer = trace.scope(|| current::start_timer("k"));
        thread::spawn(|| current::stop(timer)).join().unwrap();
        assert_eq!(more(), 0);
        let timer = trace.start_timer("k");
        let unit = trace.unit();
        thread::spawn(move || unit.scope(|| current::stop(timer))).join().unwrap();
        assert_eq!(more(), 0);
        let timer = trace.start_timer("k");
        thread::spawn(|| current::stop(timer)).join().unwrap();
        assert_eq!(more(), ONCE);
    }

    fn places_are_those_of_the_callers() / child_places() {
        install(false, Capture::leak());
        let line = line!();
        current::set("k", display(&Never));
        current::add!("{}", never());
        let _ = current::check(Err::<(), _>("a"));
        current::time("k", || ());
        let (_, _) = (current::part(), current::child("k"));
        for _ in 0..3 { current::checkpoint() }
        let missed = current::missed();
        assert!(missed.places().all(|place| place.file() == file!()));
        let lines: Vec<u32> = missed.places().map(|place| place.line() - line).collect();
        let (calls, want) = if COUNTS { (9, &[1, 2, 3, 4, 5, 5, 6][..]) } else { (0, &[][..]) };
        assert_eq!((missed.calls, &*lines), (calls, want));
        let at = |line: u32| format!("tests/missed.rs:{line}");
        let want = if COUNTS {
            format!(
                "9 calls of `traceline::current` found no unit: {}, {}, {}, {}, {}, {}, {}; make a unit \
                 current around them with `run!` or `Trace::scope`, and take it to other threads and \
                 tasks with `current::unit()`",
                at(line + 1), at(line + 2), at(line + 3), at(line + 4), at(line + 5), at(line + 5),
                at(line + 6),
            )
        } else {
            "no missed calls of `traceline::current`".to_owned()
        };
        assert_eq!(missed.to_string(), want);
        (0..20).for_each(|_| current::ok());
        current::incr("k");
        current::incr("l");
        assert_eq!(current::missed().places().count(), if COUNTS { 8 } else { 0 }, "the first eight");
        assert_eq!(current::missed().calls, calls + 22 * ONCE);
    }

    #[cfg(feature = "future")]
    fn a_future_is_missed_where_it_was_written() / child_timed() {
        use traceline::future::InTraceExt;
        install(false, Capture::leak());
        let line = line!() + 1;
        let (timed, in_unit) = (async {}.timed("k"), async {}.in_current_unit());
        pollster::block_on(timed);
        pollster::block_on(in_unit);
        drop(async {}.timed("never polled"));
        let lines: Vec<u32> = current::missed().places().map(|place| place.line()).collect();
        assert_eq!(lines, [line; 2][..2 * COUNTS as usize]);
    }

    fn the_first_missed_call_is_a_warning_of_its_own_once() / child_warns() {
        let log = Capture::leak();
        install(true, log);
        current::set("k", 7);
        let line = line!() - 1;
        let place = format!("tests/missed.rs:{line}");
        each(VERBS, ONCE);
        thread::spawn(|| each(VERBS, ONCE)).join().unwrap();
        if !COUNTS {
            assert_eq!(log.records(), []);
            return;
        }
        let record = log.only();
        assert_eq!((record.level, record.target.as_str()), (Level::Warn, "shop"));
        assert_eq!((record.file.as_deref(), record.line), (Some("tests/missed.rs"), Some(line)));
        assert_eq!(
            record.args,
            format!(
                "1 call of `traceline::current` found no unit: {place}; make a unit current around them \
                 with `run!` or `Trace::scope`, and take it to other threads and tasks with \
                 `current::unit()`"
            )
        );
    }

    fn without_the_setting_there_is_no_warning() / child_silent() {
        let log = Capture::leak();
        install(false, log);
        each(VERBS, ONCE);
        assert_eq!(log.records(), []);
    }

    fn a_warning_waits_until_the_logger_takes_it() / child_waits() {
        let log = Capture::leak();
        install(true, log);
        log::set_max_level(LevelFilter::Error);
        current::set("k", 7);
        assert_eq!(log.records(), []);
        log::set_max_level(LevelFilter::Warn);
        current::set("k", 7);
        assert_eq!(log.take_lines().len(), COUNTS as usize);
    }
}

/// A logger that uses `current` itself, and would hang if it were called from inside.
struct Talkative(std::sync::Mutex<Vec<String>>);

static TALKATIVE: Talkative = Talkative(std::sync::Mutex::new(Vec::new()));

impl Log for Talkative {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        current::incr("asked");
        true
    }
    fn log(&self, record: &Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        current::incr("lines");
        lines.push(record.args().to_string());
    }
    fn flush(&self) {}
}

impl Talkative {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Misses a call when it is dropped.
struct Misses;

impl Drop for Misses {
    fn drop(&mut self) {
        current::incr("dropped");
    }
}

thread_local!(static AT_THREAD_END: Misses = const { Misses });

in_a_child! {
    fn no_warning_comes_from_a_logger_a_hook_a_panic_or_an_ending_thread() / child_never_warns() {
        install(true, &TALKATIVE);
        let hook = |_: &FinishedUnit<'_>, emit: &mut dyn FnMut()| {
            current::incr("in the hook");
            emit();
            current::incr("in the hook");
        };
        let config = Config::builder().header(false).clock(ManualClock::leak()).on_emit(hook);
        let config = config.build().unwrap();
        drop(traceline::start!("hooked", config: &config));
        // Twice by `enabled`, once by `log`, twice by the hook.
        assert_eq!(more(), 5 * ONCE);
        std::panic::set_hook(Box::new(|_| current::fail("in the panic hook")));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _unwound = Misses;
            panic!("boom")
        }));
        drop(std::panic::take_hook());
        assert!(panicked.is_err());
        assert_eq!(more(), 2 * ONCE);
        thread::spawn(|| {
            AT_THREAD_END.with(|_| ());
            drop(traceline::start!("thread"));
        })
        .join()
        .unwrap();
        assert_eq!(more(), 4 * ONCE);
        let records = ["msg=hooked duration_ms=0.0", "msg=thread duration_ms=0.0"];
        assert_eq!(TALKATIVE.take(), records);
        current::set("k", 7);
        let warning = ["13 calls of `traceline::current` found no unit"];
        let lines = TALKATIVE.take();
        let lines: Vec<_> = lines.iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(lines, warning[..COUNTS as usize]);
    }
}
