//! Through the `log` facade: the only test file that installs a logger and a
//! configuration for its process. The tests take turns.

mod util;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use traceline::{Config, Outcome, Trace};

use util::{Capture, Captured, ManualClock};

/// Filters by target as `RUST_LOG=global=info,global::quiet=off,global::chatty=trace` does.
struct Filter(&'static Capture);

impl Log for Filter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let directives = [
            ("global::quiet", LevelFilter::Off),
            ("global::chatty", LevelFilter::Trace),
            ("global", LevelFilter::Info),
        ];
        let most = directives
            .into_iter()
            .find(|(target, _)| metadata.target().starts_with(target))
            .map_or(LevelFilter::Off, |(_, most)| most);
        metadata.level() <= most
    }

    fn log(&self, record: &Record<'_>) {
        self.0.log(record);
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// Exclusive use of the process, with everything installed.
struct Process {
    log: &'static Capture,
    /// Whether a trace was enabled before and after a logger was installed.
    enabled_early: (bool, bool),
    _turn: MutexGuard<'static, ()>,
}

fn process() -> Process {
    static TURN: Mutex<()> = Mutex::new(());
    static INSTALLED: OnceLock<(&'static Capture, (bool, bool))> = OnceLock::new();
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (log, enabled_early) = *INSTALLED.get_or_init(install);
    log::set_max_level(LevelFilter::Trace);
    log.take_lines();
    Process {
        log,
        enabled_early,
        _turn: turn,
    }
}

fn install() -> (&'static Capture, (bool, bool)) {
    log::set_max_level(LevelFilter::Trace);
    let mut early = traceline::start!("early");
    let before = early.is_enabled();
    let log = Capture::leak();
    log::set_boxed_logger(Box::new(Filter(log))).expect("the first logger");
    let config = Config::builder().header(false).clock(ManualClock::leak());
    config.install().expect("the first configuration");
    early.set("late", 1).fail("late");
    (log, (before, early.is_enabled()))
}

impl Process {
    #[track_caller]
    fn only(&self) -> Captured {
        self.log.only()
    }

    #[track_caller]
    fn nothing(&self) {
        assert_eq!(self.log.take_lines(), [""; 0]);
    }
}

#[test]
fn a_trace_that_began_before_there_was_a_logger_stays_disabled() {
    assert_eq!(process().enabled_early, (false, false));
}

#[test]
fn a_unit_goes_through_the_facade_with_the_place_of_its_start() {
    let process = process();
    let mut trace = traceline::start!("auth");
    let line = line!() - 1;
    trace.set("a", 1).ok();
    drop(trace);
    assert_eq!(
        process.only(),
        Captured {
            level: Level::Info,
            target: "global".into(),
            module: Some("global".into()),
            file: Some("tests/global.rs".into()),
            line: Some(line),
            args: "msg=auth outcome=ok duration_ms=0.0 a=1".into(),
        }
    );
}

#[test]
fn start_takes_a_target_and_a_level() {
    let process = process();
    let trace = traceline::start!("job", target: "global::chatty", level: Level::Debug);
    drop(trace);
    let record = process.only();
    assert_eq!(
        (record.level, &*record.target),
        (Level::Debug, "global::chatty")
    );
    assert_eq!(record.module.as_deref(), Some("global"));
    drop(traceline::start!(format!("job {}", 7), level: Level::Warn,));
    assert_eq!(process.only().args, "msg=\"job 7\" duration_ms=0.0");
}

mod quiet {
    #[test]
    fn a_module_that_is_filtered_out_has_disabled_traces() {
        let process = super::process();
        let mut trace = traceline::start!("unit");
        assert!(!trace.is_enabled());
        trace.fail("broken");
        drop(trace);
        process.nothing();
    }
}

mod chatty {
    #[test]
    fn a_module_may_be_more_talkative_than_the_others() {
        let process = super::process();
        drop(traceline::start!("unit", level: log::Level::Trace));
        assert_eq!(process.only().target, "global::chatty");
    }
}

#[test]
fn a_unit_below_the_level_of_its_module_is_captured_but_not_handed_over() {
    let process = process();
    let mut trace = traceline::start!("unit", level: Level::Debug);
    assert!(trace.is_enabled());
    trace.set("a", 1);
    drop(trace);
    process.nothing();
    let mut trace = traceline::start!("unit", level: Level::Debug);
    trace.set("a", 1).raise(Level::Warn);
    drop(trace);
    assert_eq!(process.only().args, "msg=unit duration_ms=0.0 a=1");
}

#[test]
fn a_filter_by_module_drops_what_no_macro_started() {
    let process = process();
    let trace = Trace::new("unit");
    assert!(!trace.is_enabled(), "its target is `traceline`");
    drop(trace);
    process.nothing();
    Trace::builder("unit").target("global").start().emit();
    assert_eq!(process.only().module, None);
}

#[test]
fn with_logging_off_a_trace_is_disabled_and_stays_so() {
    let process = process();
    log::set_max_level(LevelFilter::Off);
    let mut trace = traceline::start!("unit");
    assert!(!trace.is_enabled());
    log::set_max_level(LevelFilter::Trace);
    trace.fail("broken").checkpoint();
    assert!(!trace.is_enabled());
    drop(trace);
    process.nothing();
}

#[test]
fn the_maximal_level_counts_as_it_is_when_the_unit_ends() {
    let process = process();
    let mut trace = traceline::start!("unit");
    log::set_max_level(LevelFilter::Warn);
    trace.checkpoint();
    process.nothing();
    trace.raise(Level::Warn).checkpoint();
    assert_eq!(
        process.only().args,
        "msg=unit duration_ms=0.0 partial=true seq=2"
    );
    log::set_max_level(LevelFilter::Off);
    drop(trace);
    process.nothing();
}

#[test]
fn a_logger_of_the_configuration_s_own_is_asked_alone() {
    let process = process();
    log::set_max_level(LevelFilter::Off);
    let own = Capture::leak();
    let config = own.config(Config::builder().header(false).clock(ManualClock::leak()));
    let builder = traceline::builder!("unit").config(&config);
    drop(builder.target("no such target").start());
    assert_eq!(own.take_lines(), ["msg=unit duration_ms=0.0"]);
    process.nothing();
}

#[test]
fn a_second_configuration_is_refused_and_the_first_stays() {
    let process = process();
    let error = Config::builder().install().unwrap_err();
    assert_eq!(
        error.to_string(),
        "install: a configuration is already installed"
    );
    assert_eq!(error.setting(), "install");
    let error = Config::default().install().unwrap_err();
    assert_eq!(
        error.to_string(),
        "install: a configuration is already installed"
    );
    drop(traceline::start!("unit"));
    assert_eq!(process.only().args, "msg=unit duration_ms=0.0");
}

#[test]
fn a_configuration_that_cannot_be_built_is_not_installed() {
    let error = Config::builder().fraction_digits(4).install().unwrap_err();
    assert_eq!(
        error.to_string(),
        "fraction_digits: expected 3, 6 or 9, got 4"
    );
}

mod run {
    use super::*;

    fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
        traceline::run!("parse", |trace| {
            trace.set("length", text.len());
            text.parse()
        })
    }

    #[test]
    fn ok_makes_the_outcome_ok() {
        let process = process();
        assert_eq!(parse("7"), Ok(7));
        let record = process.only();
        assert_eq!(
            (record.level, &*record.target),
            (Level::Info, "global::run")
        );
        assert_eq!(record.args, "msg=parse outcome=ok duration_ms=0.0 length=1");
    }

    #[test]
    fn err_is_recorded_and_returned() {
        let process = process();
        assert!(parse("x").is_err());
        let record = process.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            record.args,
            "msg=parse outcome=error duration_ms=0.0 length=1 \
             error=\"invalid digit found in string\""
        );
    }

    #[test]
    fn what_the_closure_said_of_an_ok_is_the_last_word() {
        let process = process();
        let result = traceline::run!("unit", |trace| -> Result<u8, String> {
            trace.fail("half of it is missing");
            assert_eq!(trace.outcome(), Some(Outcome::Error));
            Ok(7)
        });
        assert_eq!(result, Ok(7));
        let record = process.only();
        assert_eq!(record.level, Level::Error);
        assert!(
            record
                .args
                .starts_with("msg=unit outcome=error duration_ms=0.0 ")
        );
    }

    #[test]
    fn an_err_is_an_error_whatever_was_said_before() {
        let process = process();
        let result = traceline::run!("unit", |trace| -> Result<(), &str> {
            trace.ok();
            Err("too late")
        });
        assert_eq!(result, Err("too late"));
        assert_eq!(
            process.only().args,
            "msg=unit outcome=error duration_ms=0.0 error=\"too late\""
        );
    }

    #[test]
    fn a_question_mark_leaves_the_closure_alone() {
        let process = process();
        let result = traceline::run!("unit", |trace| -> Result<u8, Box<dyn std::error::Error>> {
            let n: u8 = "300".parse()?;
            trace.set("never", n);
            Ok(n)
        });
        assert!(result.is_err());
        assert_eq!(
            process.only().args,
            "msg=unit outcome=error duration_ms=0.0 \
             error=\"number too large to fit in target type\""
        );
    }

    #[test]
    fn a_panic_in_the_closure_goes_on_and_is_recorded() {
        let process = process();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            traceline::run!("unit", |trace| -> Result<(), String> {
                trace.set("step", 1);
                panic!("boom")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(
            process.only().args,
            "msg=unit outcome=panic duration_ms=0.0 step=1"
        );
    }
}
