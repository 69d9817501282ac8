//! One unit of work, one record: when it is emitted, what it says about how the
//! unit ended, and whether it is emitted at all. `logfmt.rs` and `json.rs` cover
//! how values are written.

use std::error::Error;
use std::fmt::{self, Write};
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use traceline::{Config, Format, Outcome, Trace, value::OwnedValue};

use crate::util;
use crate::util::{Bench, Capture};

/// A bench whose records begin with `msg`; the logger gets the level separately.
#[track_caller]
fn bare() -> Bench {
    Bench::new(Config::builder().header(false))
}

/// Level and text of the only record of a unit.
#[track_caller]
fn unit(work: impl FnOnce(&mut Trace)) -> (Level, String) {
    let bench = bare();
    let mut trace = bench.start();
    work(&mut trace);
    trace.emit();
    let record = bench.log.only();
    (record.level, record.args)
}

#[track_caller]
fn check_unit(work: impl FnOnce(&mut Trace), level: Level, text: &str) {
    let (got_level, got) = unit(work);
    util::same_line(&got, text);
    assert_eq!(got_level, level, "{got}");
}

/// What a unit does.
type Work = fn(&mut Trace);

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

mod ends {
    use super::*;

    #[test]
    fn a_unit_that_returns_emits_one_record() {
        fn work(bench: &Bench) -> u32 {
            let mut trace = bench.start();
            trace.set("rows", 3).ok();
            7
        }
        let bench = bare();
        assert_eq!(work(&bench), 7);
        assert_eq!(
            bench.log.take_lines(),
            ["msg=unit outcome=ok duration_ms=0.0 rows=3"]
        );
    }

    #[test]
    fn a_unit_left_by_a_question_mark_emits_one_record() {
        fn work(bench: &Bench) -> Result<u32, std::num::ParseIntError> {
            let mut trace = bench.start();
            let n: u32 = trace.check("x".parse())?;
            trace.set("n", n);
            Ok(n)
        }
        let bench = bare();
        assert!(work(&bench).is_err());
        assert_eq!(
            bench.log.take_lines(),
            ["msg=unit outcome=error duration_ms=0.0 error=\"invalid digit found in string\""]
        );
    }

    #[test]
    fn a_question_mark_without_check_emits_too_and_says_no_outcome() {
        fn work(bench: &Bench) -> Option<u32> {
            let mut trace = bench.start();
            trace.set("before", 1);
            None?;
            trace.set("after", 1);
            Some(1)
        }
        let bench = bare();
        assert_eq!(work(&bench), None);
        assert_eq!(
            bench.log.take_lines(),
            ["msg=unit duration_ms=0.0 before=1"]
        );
    }

    #[test]
    fn a_trace_that_is_dropped_early_emits_then_and_never_again() {
        let bench = bare();
        let trace = bench.start();
        assert_eq!(bench.log.records().len(), 0);
        drop(trace);
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=0.0"]);
        drop(bench.start());
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=0.0"]);
    }

    #[test]
    fn emit_ends_the_unit_at_once() {
        let bench = bare();
        let trace = bench.start();
        bench.clock.advance(Duration::from_micros(1_500));
        trace.emit();
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=1.5"]);
    }

    #[test]
    fn discard_ends_the_unit_without_a_record() {
        let bench = bare();
        let mut trace = bench.start();
        trace.set("a", 1).fail("broken");
        trace.discard();
        assert_eq!(bench.log.take_lines(), [""; 0]);
    }

    #[test]
    fn what_a_discarded_unit_gathered_does_not_reach_the_next_one() {
        let bench = bare();
        let mut trace = bench.start();
        trace.set("a", 1).warn("careful");
        trace.error("broken").checkpoint();
        let _left_running = trace.start_timer("db");
        trace.discard();
        bench.log.take_lines();
        drop(bench.start());
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=0.0"]);
    }

    #[test]
    fn a_panic_emits_with_outcome_panic_at_level_error() {
        let bench = bare();
        unwind(|| {
            let mut trace = bench.start();
            trace.set("step", 2).ok();
            panic!("boom");
        });
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(record.args, "msg=unit outcome=panic duration_ms=0.0 step=2");
    }

    #[test]
    fn panic_beats_the_last_explicit_word_and_an_overwritten_level() {
        let bench = bare();
        unwind(|| {
            let mut trace = bench.start();
            trace.error("broken").set_level(Level::Debug);
            panic!("boom");
        });
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            record.args,
            "msg=unit outcome=panic duration_ms=0.0 error=broken"
        );
    }

    #[test]
    fn a_unit_inside_a_destructor_of_an_unwinding_thread_did_not_panic_itself() {
        struct Cleanup<'a>(&'a Bench);
        impl Drop for Cleanup<'_> {
            fn drop(&mut self) {
                assert!(std::thread::panicking());
                let mut trace = self.0.start();
                trace.set("files", 2).ok();
            }
        }
        let bench = bare();
        unwind(|| {
            let _cleanup = Cleanup(&bench);
            panic!("boom");
        });
        let record = bench.log.only();
        assert_eq!(record.level, Level::Info);
        assert_eq!(record.args, "msg=unit outcome=ok duration_ms=0.0 files=2");
    }

    #[test]
    fn a_unit_that_outlives_a_caught_panic_goes_on_as_if_nothing_had_been() {
        let bench = bare();
        let mut trace = bench.start();
        trace.set("before", 1);
        unwind(|| {
            trace.set("within", 2).incr("hits");
            panic!("boom");
        });
        trace.set("after", 3).incr("hits").ok();
        drop(trace);
        let record = bench.log.only();
        assert_eq!(record.level, Level::Info);
        assert_eq!(
            record.args,
            "msg=unit outcome=ok duration_ms=0.0 before=1 within=2 hits=2 after=3"
        );
    }

    #[test]
    fn mem_forget_is_the_one_way_to_no_record() {
        let bench = bare();
        mem::forget(bench.start());
        assert_eq!(bench.log.take_lines(), [""; 0]);
    }

    #[test]
    fn taking_the_trace_out_of_a_borrow_ends_it_once() {
        fn finish(trace: &mut Trace) {
            mem::take(trace).emit();
        }
        let bench = bare();
        let mut trace = bench.start();
        trace.set("a", 1);
        finish(&mut trace);
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=0.0 a=1"]);
        trace.set("late", 1);
        drop(trace);
        assert_eq!(bench.log.take_lines(), [""; 0]);
    }
}

mod nothing_is_kept {
    use super::*;

    /// Makes every kind of call; each returns something empty or zero.
    fn exercise(mut trace: Trace) {
        let mut evaluated = 0;
        let mut evaluate = || {
            evaluated += 1;
            evaluated
        };
        traceline::set!(trace, n = evaluate());
        traceline::add!(trace, "{}", evaluate());
        assert_eq!(evaluated, 0);
        trace.set("a", 1).unset("a").incr("b").sum("b", 2);
        trace.sum("b", 0.5).max("c", 3).ok().status(500);
        trace.add("x").warn("x").fail("x").error("x");
        trace.raise(Level::Error).set_level(Level::Error);
        trace.checkpoint();
        assert!(trace.time("db", |trace| !trace.is_enabled()));
        let timer = trace.start_timer("db");
        trace.stop(timer);
        let error = trace.check("x".parse::<u8>()).unwrap_err();
        assert_eq!(error.to_string(), "invalid digit found in string");
        assert!(!trace.is_enabled());
        assert_eq!(trace.get("a"), None);
        assert_eq!(trace.elapsed(), Duration::ZERO);
        assert_eq!(trace.level(), None);
        assert_eq!(trace.outcome(), None);
        assert_eq!(trace.render(), "");
        assert_eq!(format!("{trace:?}"), "Trace(disabled)");
    }

    #[test]
    fn a_trace_that_the_logger_would_never_take_is_disabled() {
        let log = Capture::up_to(LevelFilter::Off);
        let config = log.config(Config::builder());
        exercise(traceline::builder!("unit").config(&config).start());
        assert_eq!(log.take_lines(), [""; 0]);
    }

    #[test]
    fn the_default_trace_is_disabled() {
        exercise(Trace::default());
    }

    #[test]
    fn without_a_logger_every_trace_is_disabled() {
        exercise(traceline::start!("unit"));
        exercise(Trace::new("unit"));
    }

    #[test]
    fn discarding_a_disabled_trace_is_fine() {
        Trace::default().discard();
        Trace::default().emit();
    }

    #[test]
    fn run_runs_a_disabled_unit() {
        let run = |text: &str| traceline::run!("unit", |_| text.parse::<u8>());
        assert_eq!(run("7"), Ok(7));
        assert!(run("x").is_err());
    }
}

mod the_record {
    use super::*;

    /// The pieces in which a logger receives the message.
    #[derive(Debug, Default)]
    struct Pieces(Mutex<Vec<String>>);

    impl Write for &Pieces {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.lock().unwrap().push(text.into());
            Ok(())
        }
    }

    impl Log for Pieces {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let mut pieces = self;
            write!(pieces, "{}", record.args()).unwrap();
        }
        fn flush(&self) {}
    }

    #[test]
    fn the_message_reaches_the_logger_in_one_piece() {
        for format in [Format::Logfmt, Format::Json, Format::Pretty] {
            let log: &Pieces = Box::leak(Box::default());
            let config = Config::builder().format(format).logger(log).build();
            let mut trace = traceline::builder!("unit").config(&config.unwrap()).start();
            trace.set("a", "quoted \"text\"").add("fragment");
            trace.error("broken");
            let text = trace.render();
            drop(trace);
            let pieces = mem::take(&mut *log.0.lock().unwrap());
            assert_eq!(pieces.len(), 1, "{format:?}: {pieces:#?}");
            // Apart from the elapsed time, it equals what `render` returned.
            assert_eq!(pieces[0].lines().count(), text.lines().count());
        }
    }

    #[test]
    fn target_module_file_and_line_are_those_of_the_macro() {
        let bench = bare();
        let trace = traceline::builder!("unit").config(&bench.config).start();
        let line = line!() - 1;
        drop(trace);
        let record = bench.log.only();
        assert_eq!(record.target, "literal::emit::the_record");
        assert_eq!(record.module.as_deref(), Some("literal::emit::the_record"));
        assert_eq!(record.file.as_deref(), Some("tests/emit.rs"));
        assert_eq!(record.line, Some(line));
    }

    #[test]
    fn a_target_of_its_own_leaves_the_module_as_it_is() {
        let bench = bare();
        let builder = traceline::builder!("unit").config(&bench.config);
        builder.target("jobs").start().emit();
        let record = bench.log.only();
        assert_eq!(record.target, "jobs");
        assert_eq!(record.module.as_deref(), Some("literal::emit::the_record"));
    }

    #[test]
    fn without_a_macro_the_target_is_that_of_the_configuration() {
        let bench = bare();
        Trace::builder("unit").config(&bench.config).start().emit();
        let line = line!() - 1;
        let record = bench.log.only();
        assert_eq!(record.target, "traceline");
        assert_eq!(record.module, None);
        assert_eq!(record.file.as_deref(), Some("tests/emit.rs"));
        assert_eq!(record.line, Some(line));

        let bench = Bench::new(Config::builder().target("billing"));
        bench.start().emit();
        assert_eq!(bench.log.only().target, "billing");
    }

    #[test]
    fn the_builder_s_name_level_and_fields_are_in_the_record() {
        let bench = bare();
        let trace = traceline::builder!(format!("job {}", 7))
            .config(&bench.config)
            .level(Level::Debug)
            .field("shard", 3)
            .field("none", None::<u8>)
            .fields([("a", "x"), ("b", "y")])
            .start();
        assert_eq!(trace.level(), Some(Level::Debug));
        drop(trace);
        let record = bench.log.only();
        assert_eq!(record.level, Level::Debug);
        assert_eq!(record.args, "msg=\"job 7\" duration_ms=0.0 shard=3 a=x b=y");
    }

    #[test]
    fn the_level_in_the_text_is_the_level_of_the_record() {
        let bench = Bench::new(Config::builder().format(Format::Json));
        let mut trace = bench.start();
        trace.raise(Level::Warn);
        drop(trace);
        let record = bench.log.only();
        assert_eq!(record.level, Level::Warn);
        assert_eq!(
            record.args,
            "{\"ts\":\"2026-11-21T08:46:00.123456Z\",\"level\":\"warn\",\"msg\":\"unit\",\
             \"duration_ms\":0.0}"
        );
    }

    #[test]
    fn ts_is_the_moment_of_emission() {
        let bench = Bench::new(Config::builder());
        let trace = bench.start();
        bench.clock.advance(Duration::from_millis(59_900));
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "ts=2026-11-21T08:47:00.023456Z level=info msg=unit duration_ms=59900.0"
        );
    }

    #[test]
    fn render_is_the_text_that_is_emitted() {
        for format in [Format::Logfmt, Format::Json, Format::Pretty] {
            let bench = Bench::new(Config::builder().format(format).field("service", "shop"));
            let mut trace = bench.start();
            trace.set("a", [1, 2]).incr("hits").set("level", 1);
            trace.time("db", |_| bench.clock.advance(Duration::from_millis(2)));
            trace.add("fragment").fail("other");
            trace.error(&io::Error::other("broken"));
            let text = trace.render();
            assert_eq!(trace.render(), text, "rendering changes nothing");
            assert_eq!(bench.log.records().len(), 0);
            drop(trace);
            util::same_line(&bench.log.only().args, &text);
        }
    }

    #[test]
    fn render_has_the_laps_that_still_run_as_the_record_will() {
        let bench = bare();
        let mut trace = bench.start();
        let _running = trace.start_timer("db");
        bench.clock.advance(Duration::from_millis(2));
        let text = trace.render();
        drop(trace);
        util::same_line(&text, &bench.log.only().args);
    }

    #[test]
    fn checkpoints_are_partial_and_numbered_and_the_unit_goes_on() {
        let bench = bare();
        let mut trace = bench.start();
        trace.set("rows", 1).checkpoint();
        bench.clock.advance(Duration::from_millis(1));
        trace.set("rows", 2).add("half way").checkpoint().ok();
        let line = line!() - 1;
        drop(trace);
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=unit duration_ms=0.0 rows=1 partial=true seq=1".to_owned(),
                format!(
                    "msg=unit duration_ms=1.0 rows=2 fragments=\"[{line}, 1.0ms] half way\" \
                     partial=true seq=2"
                ),
                format!(
                    "msg=unit outcome=ok duration_ms=1.0 rows=2 \
                     fragments=\"[{line}, 1.0ms] half way\""
                ),
            ]
        );
    }

    #[test]
    fn the_numbers_of_checkpoints_begin_anew_with_each_unit() {
        let bench = bare();
        for _ in 0..2 {
            let mut trace = bench.start();
            trace.checkpoint();
            trace.discard();
        }
        assert_eq!(
            bench.log.take_lines(),
            ["msg=unit duration_ms=0.0 partial=true seq=1"; 2]
        );
    }
}

mod gate {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    enum Call {
        Enabled(Level, String),
        Log(Level),
    }

    /// A logger that notes every call it gets.
    #[derive(Debug)]
    struct Gate {
        most: LevelFilter,
        calls: Mutex<Vec<Call>>,
    }

    impl Log for Gate {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            let call = Call::Enabled(metadata.level(), metadata.target().into());
            self.calls.lock().unwrap().push(call);
            metadata.level() <= self.most
        }
        fn log(&self, record: &Record<'_>) {
            self.calls.lock().unwrap().push(Call::Log(record.level()));
        }
        fn flush(&self) {}
    }

    fn calls(most: LevelFilter, work: impl FnOnce(&mut Trace)) -> Vec<Call> {
        let gate: &Gate = Box::leak(Box::new(Gate {
            most,
            calls: Mutex::default(),
        }));
        let config = Config::builder().logger(gate).build().unwrap();
        let mut trace = traceline::builder!("unit")
            .config(&config)
            .target("shop")
            .start();
        work(&mut trace);
        drop(trace);
        mem::take(&mut *gate.calls.lock().unwrap())
    }

    fn asked(level: Level) -> Call {
        Call::Enabled(level, "shop".into())
    }

    #[test]
    fn the_start_asks_for_error_and_the_end_for_the_level_it_came_to() {
        assert_eq!(
            calls(LevelFilter::Trace, |_| ()),
            [
                asked(Level::Error),
                asked(Level::Info),
                Call::Log(Level::Info)
            ]
        );
        assert_eq!(
            calls(LevelFilter::Warn, |trace| {
                trace.warn("careful");
            }),
            [
                asked(Level::Error),
                asked(Level::Warn),
                Call::Log(Level::Warn)
            ]
        );
    }

    #[test]
    fn a_unit_that_ends_below_the_level_of_the_logger_is_not_handed_over() {
        assert_eq!(
            calls(LevelFilter::Warn, |trace| {
                trace.set("a", 1);
            }),
            [asked(Level::Error), asked(Level::Info)]
        );
    }

    #[test]
    fn a_disabled_unit_asks_once() {
        assert_eq!(
            calls(LevelFilter::Off, |trace| {
                trace.fail("broken").checkpoint();
            }),
            [asked(Level::Error)]
        );
    }

    #[test]
    fn a_checkpoint_asks_for_the_level_at_that_time() {
        assert_eq!(
            calls(LevelFilter::Warn, |trace| {
                trace.checkpoint().raise(Level::Warn).checkpoint();
            }),
            [
                asked(Level::Error),
                asked(Level::Info),
                asked(Level::Warn),
                Call::Log(Level::Warn),
                asked(Level::Warn),
                Call::Log(Level::Warn),
            ]
        );
    }

    #[test]
    fn a_refused_checkpoint_has_a_number_all_the_same() {
        let log = Capture::up_to(LevelFilter::Warn);
        let config = log.config(
            Config::builder()
                .header(false)
                .clock(util::ManualClock::leak()),
        );
        let mut trace = Trace::builder("unit").config(&config).start();
        trace.checkpoint().raise(Level::Warn).checkpoint();
        trace.discard();
        assert_eq!(
            log.take_lines(),
            ["msg=unit duration_ms=0.0 partial=true seq=2"]
        );
    }
}

mod level {
    use super::*;

    #[test]
    fn the_level_is_the_most_severe_of_given_outcome_and_fragments() {
        let cases: [(Level, Work, Level); 14] = [
            (Level::Info, |_| (), Level::Info),
            (Level::Trace, |_| (), Level::Trace),
            (Level::Debug, |trace| _ = trace.add("x"), Level::Debug),
            (Level::Debug, |trace| _ = trace.ok(), Level::Debug),
            (Level::Info, |trace| _ = trace.warn("x"), Level::Warn),
            (Level::Error, |trace| _ = trace.warn("x"), Level::Error),
            (Level::Info, |trace| _ = trace.fail("x"), Level::Error),
            (Level::Info, |trace| _ = trace.fail("x").ok(), Level::Error),
            (Level::Info, |trace| _ = trace.error("x"), Level::Error),
            (Level::Info, |trace| _ = trace.error("x").ok(), Level::Info),
            (
                Level::Info,
                |trace| _ = trace.raise(Level::Warn),
                Level::Warn,
            ),
            (
                Level::Warn,
                |trace| _ = trace.raise(Level::Info),
                Level::Warn,
            ),
            (
                Level::Info,
                |trace| _ = trace.warn("x").error("y"),
                Level::Error,
            ),
            (
                Level::Info,
                |trace| _ = trace.warn("x").error("y").ok(),
                Level::Warn,
            ),
        ];
        for (i, (given, work, want)) in cases.into_iter().enumerate() {
            let bench = bare();
            let builder = Trace::builder("unit").config(&bench.config);
            let mut trace = builder.level(given).start();
            work(&mut trace);
            assert_eq!(trace.level(), Some(want), "case {i}");
            drop(trace);
            assert_eq!(bench.log.only().level, want, "case {i}");
        }
    }

    #[test]
    fn set_level_overwrites_and_later_raises_count_again() {
        let cases: [(Work, Level); 5] = [
            (
                |trace| _ = trace.fail("x").set_level(Level::Debug),
                Level::Debug,
            ),
            (
                |trace| _ = trace.error("x").set_level(Level::Trace),
                Level::Trace,
            ),
            (
                |trace| _ = trace.set_level(Level::Trace).warn("x"),
                Level::Warn,
            ),
            (
                |trace| _ = trace.set_level(Level::Warn).raise(Level::Info),
                Level::Warn,
            ),
            (
                |trace| _ = trace.error("x").set_level(Level::Debug).status(500),
                Level::Error,
            ),
        ];
        for (i, (work, want)) in cases.into_iter().enumerate() {
            assert_eq!(unit(work).0, want, "case {i}");
        }
    }

    #[test]
    fn the_outcome_stays_when_the_level_is_overwritten() {
        check_unit(
            |trace| {
                trace.error("broken").set_level(Level::Debug);
            },
            Level::Debug,
            "msg=unit outcome=error duration_ms=0.0 error=broken",
        );
    }
}

mod outcome {
    use super::*;

    #[test]
    fn nothing_said_nothing_printed() {
        check_unit(|_| (), Level::Info, "msg=unit duration_ms=0.0");
    }

    #[test]
    fn the_last_word_counts_and_an_error_before_ok_stays_to_be_read() {
        check_unit(
            |trace| {
                assert_eq!(trace.outcome(), None);
                trace.error("first try failed");
                assert_eq!(trace.outcome(), Some(Outcome::Error));
                trace.ok();
                assert_eq!(trace.outcome(), Some(Outcome::Ok));
            },
            Level::Info,
            "msg=unit outcome=ok duration_ms=0.0 error=\"first try failed\"",
        );
    }

    #[test]
    fn an_error_that_was_recovered_from_leaves_only_a_fragment() {
        let line = line!() + 5;
        check_unit(
            |trace| {
                let error = io::Error::new(io::ErrorKind::NotFound, "no cache");
                assert!(trace.check(Err::<(), _>(error)).is_err());
                trace.recovered().set("from", "disk");
                assert_eq!((trace.outcome(), trace.level()), (None, Some(Level::Info)));
            },
            Level::Info,
            &format!(
                r#"msg=unit duration_ms=0.0 from=disk fragments="[{line}, 0.0ms] recovered from: no cache""#
            ),
        );
    }

    #[test]
    fn the_sources_of_an_error_that_was_recovered_from_follow_its_text() {
        #[derive(Debug)]
        struct Declined(io::Error);
        impl fmt::Display for Declined {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("card declined")
            }
        }
        impl Error for Declined {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let line = line!() + 4;
        check_unit(
            |trace| {
                trace.error(&Declined(io::Error::other("no answer")));
                trace.recovered().ok();
            },
            Level::Info,
            &format!(
                r#"msg=unit outcome=ok duration_ms=0.0 fragments="[{line}, 0.0ms] recovered from: card declined: no answer""#
            ),
        );
    }

    #[test]
    fn a_result_decides_the_outcome_of_a_unit_that_has_recovered() {
        let bench = bare();
        let retried = |trace: &mut Trace| -> Result<u8, String> {
            for _ in 0..2 {
                let _ = trace.check(Err::<u8, _>("no answer"));
            }
            trace.recovered().raise(Level::Warn);
            Ok(7)
        };
        assert_eq!(bench.start().__run(retried), Ok(7));
        let fails = |trace: &mut Trace| -> Result<u8, String> {
            let _ = trace.check(Err::<u8, _>("no cache"));
            trace.recovered();
            Err("no disk".to_owned())
        };
        assert!(bench.start().__run(fails).is_err());
        let records = bench.log.records();
        let levels: Vec<_> = records.iter().map(|record| record.level).collect();
        assert_eq!(levels, [Level::Warn, Level::Error]);
        let [retried, failed] = &*bench.log.take_lines() else {
            panic!("two units");
        };
        assert!(retried.starts_with("msg=unit outcome=ok duration_ms=0.0 fragments="));
        assert_eq!(retried.matches("no answer").count(), 1);
        assert!(failed.starts_with(r#"msg=unit outcome=error duration_ms=0.0 error="no disk" "#));
        assert!(failed.ends_with(r#"ms] recovered from: no cache""#));
    }

    #[test]
    fn recovering_takes_back_an_error_and_nothing_else() {
        let cases: [(Work, Level, &str); 8] = [
            (|trace| _ = trace.recovered(), Level::Info, ""),
            (
                |trace| _ = trace.ok().recovered(),
                Level::Info,
                "outcome=ok ",
            ),
            (|trace| _ = trace.warn("x").recovered(), Level::Warn, ""),
            (|trace| _ = trace.fail("x").recovered(), Level::Error, ""),
            (|trace| _ = trace.status(503).recovered(), Level::Info, ""),
            (
                |trace| _ = trace.error("x").ok().recovered(),
                Level::Info,
                "outcome=ok ",
            ),
            (
                |trace| _ = trace.error("x").set_level(Level::Debug).recovered(),
                Level::Debug,
                "",
            ),
            (
                |trace| _ = trace.recovered().error("x"),
                Level::Error,
                "outcome=error ",
            ),
        ];
        for (i, (work, level, outcome)) in cases.into_iter().enumerate() {
            let (got_level, got) = unit(work);
            assert_eq!(got_level, level, "case {i}");
            let start = format!("msg=unit {outcome}duration_ms=0.0");
            assert!(got.starts_with(&start), "case {i}: {got}");
        }
    }

    #[test]
    fn a_part_takes_back_only_its_own_errors() {
        let bench = bare();
        let mut trace = bench.start();
        trace.error("disk full");
        let mut part = trace.part();
        part.error("no cache");
        part.recovered();
        trace.join(part);
        assert!(trace.render().contains(r#" error="disk full" "#));
        let mut part = trace.part();
        part.error("no answer");
        drop(part);
        assert_eq!(trace.recovered().outcome(), None);
        let line = line!() - 1;
        trace.emit();
        let record = bench.log.only();
        assert_eq!(record.level, Level::Info);
        let own = format!(r#"[{line}, 0.0ms] recovered from: disk full""#);
        assert!(record.args.ends_with(&own), "{}", record.args);
    }

    #[test]
    fn a_part_that_is_taken_out_and_discarded_joins_nothing() {
        let bench = bare();
        let mut trace = bench.start();
        let mut part = trace.part();
        part.incr("files").error("disk full");
        mem::take(&mut *part).discard();
        drop(part);
        trace.ok();
        trace.emit();
        assert_eq!(bench.log.only().args, "msg=unit outcome=ok duration_ms=0.0");
    }

    #[test]
    fn a_text_that_is_cut_for_the_fragment_is_counted() {
        let bench = Bench::new(Config::builder().header(false).max_value(64));
        for (length, end) in [(48, r#"xxx""#), (49, " truncated=1"), (100, " truncated=1")] {
            let mut trace = bench.start();
            trace.error(&"x".repeat(length)).recovered();
            assert!(trace.render().ends_with(end), "{}", trace.render());
        }
    }

    #[test]
    fn a_404_is_a_warning_and_no_error() {
        check_unit(
            |trace| {
                trace.status(404);
            },
            Level::Warn,
            "msg=unit duration_ms=0.0 status=404",
        );
    }

    #[test]
    fn every_status_says_what_http_says() {
        let cases = [
            (0, Level::Info, None),
            (200, Level::Info, None),
            (399, Level::Info, None),
            (400, Level::Warn, None),
            (499, Level::Warn, None),
            (500, Level::Error, Some(Outcome::Error)),
            (u16::MAX, Level::Error, Some(Outcome::Error)),
        ];
        for (status, level, outcome) in cases {
            let bench = bare();
            let mut trace = bench.start();
            trace.status(status);
            assert_eq!(
                (trace.level(), trace.outcome()),
                (Some(level), outcome),
                "{status}"
            );
        }
    }

    #[test]
    fn a_500_is_an_error() {
        check_unit(
            |trace| {
                trace.status(200).status(500);
            },
            Level::Error,
            "msg=unit outcome=error duration_ms=0.0 status=500",
        );
    }

    #[test]
    fn fail_makes_the_outcome_an_error_and_warn_none() {
        let line = line!() + 3;
        check_unit(
            |trace| {
                trace.warn("slow").fail("broken");
            },
            Level::Error,
            &format!(
                "msg=unit outcome=error duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms, warn] slow; [{line}, 0.0ms, error] broken\""
            ),
        );
    }
}

mod errors {
    use super::*;

    /// An error with `depth` sources below it.
    #[derive(Debug)]
    struct Nested {
        name: String,
        source: Option<Box<Nested>>,
    }

    impl Nested {
        fn new(depth: usize) -> Nested {
            let source = (0..depth).rev().fold(None, |source, i| {
                let name = format!("cause{}", i + 1);
                Some(Box::new(Nested { name, source }))
            });
            let name = "top".into();
            Nested { name, source }
        }
    }

    impl fmt::Display for Nested {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.name)
        }
    }

    impl Error for Nested {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            let source = self.source.as_deref()?;
            Some(source)
        }
    }

    #[track_caller]
    fn check(work: impl FnOnce(&mut Trace), fields: &str) {
        let text = format!("msg=unit outcome=error duration_ms=0.0 {fields}");
        check_unit(work, Level::Error, &text);
    }

    #[test]
    fn every_kind_of_failure_is_taken() {
        let cases: [(Work, &str); 9] = [
            (|trace| _ = trace.error("text"), "error=text"),
            (|trace| _ = trace.error(&"text"), "error=text"),
            (
                |trace| _ = trace.error(&String::from("a b")),
                "error=\"a b\"",
            ),
            (
                |trace| _ = trace.error(&io::Error::other("full")),
                "error=full",
            ),
            (
                |trace| {
                    let error: Box<dyn Error> = "boxed".into();
                    trace.error(&error);
                },
                "error=boxed",
            ),
            (
                |trace| {
                    let error: Box<dyn Error + Send + Sync> = "sync".into();
                    trace.error(&error);
                },
                "error=sync",
            ),
            (
                |trace| {
                    let error: &dyn Error = &io::Error::other("dyn");
                    trace.error(error);
                },
                "error=dyn",
            ),
            (
                |trace| _ = trace.check(Err::<(), _>(Nested::new(2))),
                "error=top error.chain=\"cause1: cause2\"",
            ),
            (
                |trace| {
                    let error = io::Error::new(io::ErrorKind::NotFound, Nested::new(1));
                    _ = trace.check(Err::<(), _>(error));
                },
                "error=top error.chain=cause1",
            ),
        ];
        for (work, fields) in cases {
            check(work, fields);
        }
    }

    #[test]
    fn check_returns_the_result_as_it_was() {
        let bench = bare();
        let mut trace = bench.start();
        assert_eq!(trace.check(Ok::<_, String>(7)), Ok(7));
        assert_eq!(trace.outcome(), None);
        assert_eq!(trace.check(Err::<u8, _>("broken")), Err("broken"));
        assert_eq!(trace.outcome(), Some(Outcome::Error));
    }

    #[test]
    fn eight_sources_are_kept_and_a_ninth_is_counted_as_lost() {
        check(
            |trace| {
                trace.error(&Nested::new(8));
            },
            "error=top error.chain=\"cause1: cause2: cause3: cause4: cause5: cause6: cause7: \
             cause8\"",
        );
        check(
            |trace| {
                trace.error(&Nested::new(9));
            },
            "error=top error.chain=\"cause1: cause2: cause3: cause4: cause5: cause6: cause7: \
             cause8\" truncated=1",
        );
    }

    #[test]
    fn a_later_error_replaces_an_earlier_one_and_its_chain() {
        check(
            |trace| {
                trace.error(&Nested::new(9)).error("second");
            },
            "error=second",
        );
    }

    #[test]
    fn an_error_gets_its_place_behind_the_fields() {
        check(
            |trace| {
                trace.error("broken").set("a", 1).set("error", "mine");
            },
            "a=1 error_2=mine error=broken",
        );
    }
}

mod timers {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The text after the message of a unit; `work` may advance its clock.
    #[track_caller]
    fn fields(work: impl FnOnce(&mut Trace, &Bench)) -> String {
        let bench = bare();
        let mut trace = bench.start();
        work(&mut trace, &bench);
        drop(trace);
        bench.log.only().args
    }

    #[test]
    fn laps_of_one_key_add_up() {
        let text = fields(|trace, bench| {
            for micros in [1_500, 4_000, 250] {
                let answer = trace.time("db", |_| {
                    bench.clock.advance(Duration::from_micros(micros));
                    micros
                });
                assert_eq!(answer, micros);
            }
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=5.75 db.count=3 db.ms=5.75 db.max_ms=4.0"
        );
    }

    #[test]
    fn timers_nest() {
        let text = fields(|trace, bench| {
            trace.time("outer", |trace| {
                bench.clock.advance(MS);
                trace.time("inner", |trace| {
                    bench.clock.advance(MS);
                    trace.time("outer", |_| bench.clock.advance(MS));
                });
            });
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=3.0 outer.count=2 outer.ms=4.0 outer.max_ms=3.0 outer.wall_ms=3.0 \
             inner.count=1 inner.ms=2.0 inner.max_ms=2.0"
        );
    }

    #[test]
    fn laps_that_overlap_are_told_apart_by_their_tokens() {
        let text = fields(|trace, bench| {
            let first = trace.start_timer("db");
            bench.clock.advance(MS);
            let second = trace.start_timer("db");
            bench.clock.advance(MS);
            trace.stop(first);
            bench.clock.advance(5 * MS);
            trace.stop(second);
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=7.0 db.count=2 db.ms=8.0 db.max_ms=6.0 db.wall_ms=7.0"
        );
    }

    #[test]
    fn a_lap_that_nobody_stops_ends_with_the_trace() {
        let text = fields(|trace, bench| {
            let _running = trace.start_timer("db");
            bench.clock.advance(2 * MS);
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=2.0 db.count=1 db.ms=2.0 db.max_ms=2.0"
        );
    }

    #[test]
    fn a_lap_left_by_a_question_mark_counts() {
        fn work(trace: &mut Trace, bench: &Bench) -> Result<(), String> {
            trace.time("db", |_| -> Result<(), String> {
                bench.clock.advance(MS);
                Err("gone")?;
                Ok(())
            })?;
            bench.clock.advance(MS);
            Ok(())
        }
        let text = fields(|trace, bench| {
            assert_eq!(work(trace, bench), Err("gone".into()));
            bench.clock.advance(MS);
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=2.0 db.count=1 db.ms=1.0 db.max_ms=1.0"
        );
    }

    #[test]
    fn a_lap_left_by_a_panic_that_is_caught_outside_counts_and_is_over() {
        let text = fields(|trace, bench| {
            unwind(|| {
                trace.time("db", |_| {
                    bench.clock.advance(MS);
                    panic!("boom");
                })
            });
            bench.clock.advance(MS);
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=2.0 db.count=1 db.ms=1.0 db.max_ms=1.0"
        );
    }

    #[test]
    fn a_token_of_another_trace_stops_nothing() {
        let bench = bare();
        let mut other = bench.start();
        let foreign = other.start_timer("db");
        bench.clock.advance(MS);
        let mut trace = bench.start();
        let _own = trace.start_timer("db");
        bench.clock.advance(MS);
        trace.stop(foreign);
        bench.clock.advance(MS);
        other.discard();
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=2.0 db.count=1 db.ms=2.0 db.max_ms=2.0"
        );
    }

    #[test]
    fn a_token_of_another_trace_stops_nothing_even_if_both_began_at_the_same_instant() {
        let bench = bare();
        let (mut trace, mut other) = (bench.start(), bench.start());
        let _own = trace.start_timer("db");
        let foreign = other.start_timer("db");
        trace.stop(foreign);
        bench.clock.advance(MS);
        other.discard();
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0"
        );
    }

    #[test]
    fn a_token_of_a_unit_that_is_over_stops_nothing() {
        let bench = bare();
        let mut over = bench.start();
        let late = over.start_timer("db");
        over.discard();
        let mut trace = bench.start();
        let _own = trace.start_timer("db");
        trace.stop(late);
        bench.clock.advance(MS);
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0"
        );
    }

    #[test]
    fn the_closure_may_end_the_trace_it_is_lent() {
        let bench = bare();
        let mut trace = bench.start();
        trace.time("db", |trace| {
            bench.clock.advance(MS);
            mem::take(trace).emit();
            bench.clock.advance(MS);
        });
        assert!(!trace.is_enabled());
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0"
        );
    }

    #[test]
    fn set_on_the_key_of_a_running_timer_makes_it_plain() {
        let text = fields(|trace, bench| {
            let lap = trace.start_timer("db");
            trace.set("db", "primary");
            bench.clock.advance(MS);
            trace.stop(lap);
        });
        assert_eq!(text, "msg=unit duration_ms=1.0 db=primary");
    }

    #[test]
    fn a_removed_timer_can_come_back() {
        let text = fields(|trace, bench| {
            let lap = trace.start_timer("db");
            trace.unset("db").set("a", 1);
            trace.time("db", |_| bench.clock.advance(MS));
            trace.stop(lap);
        });
        assert_eq!(
            text,
            "msg=unit duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0 a=1"
        );
    }

    #[test]
    fn elapsed_is_the_time_since_the_start() {
        let bench = bare();
        let trace = bench.start();
        assert_eq!(trace.elapsed(), Duration::ZERO);
        bench.clock.advance(3 * MS);
        assert_eq!(trace.elapsed(), 3 * MS);
    }

    #[test]
    fn a_timer_reads_back_as_the_sum_of_its_laps_or_by_its_names() {
        let bench = bare();
        let mut trace = bench.start();
        trace.time("db", |_| bench.clock.advance(MS));
        trace.time("db", |_| bench.clock.advance(2 * MS));
        assert_eq!(trace.get("db"), Some(OwnedValue::Duration(3 * MS)));
        assert_eq!(trace.get("db.count"), Some(OwnedValue::U64(2)));
        assert_eq!(trace.get("db.ms"), Some(OwnedValue::Duration(3 * MS)));
        assert_eq!(trace.get("db.max_ms"), Some(OwnedValue::Duration(2 * MS)));
        assert_eq!(trace.get("db.min_ms"), None);
        // As in the record, a field with the timer's key does not hide the timer's numbers.
        trace.unset("db").set("db", "sqlite");
        trace.time("db", |_| ());
        assert_eq!(trace.get("db"), Some(OwnedValue::Text("sqlite".into())));
        assert_eq!(trace.get("db.count"), Some(OwnedValue::U64(1)));
    }
}

mod fields {
    use super::*;

    #[track_caller]
    fn check(work: impl FnOnce(&mut Trace), fields: &str) {
        let text = format!("msg=unit duration_ms=0.0{fields}");
        check_unit(work, Level::Info, &text);
    }

    #[test]
    fn the_last_write_wins_in_the_place_of_the_first() {
        check(
            |trace| {
                trace.set("a", 1).set("b", 2).set("a", "three");
            },
            " a=three b=2",
        );
    }

    #[test]
    fn none_and_unset_remove() {
        check(
            |trace| {
                trace.set("a", 1).set("b", 2).set("c", 3);
                trace.set("a", None::<u8>).unset("b").unset("never");
            },
            " c=3",
        );
    }

    #[test]
    fn a_removed_field_comes_back_in_its_place() {
        check(
            |trace| {
                trace.set("a", 1).set("b", 2).unset("a").set("a", 3);
            },
            " a=3 b=2",
        );
    }

    #[test]
    fn accumulating_on_a_key_of_another_kind_writes_a_field_of_its_own() {
        check(
            |trace| {
                trace.set("a", "x").incr("a").incr("a").max("a", 9);
            },
            " a=x a_2=2 a_3=9",
        );
    }

    #[test]
    fn set_on_an_accumulating_key_replaces_it_and_makes_it_plain() {
        check(
            |trace| {
                trace.incr("a").set("a", 7).incr("a");
            },
            " a=7 a_2=1",
        );
    }

    #[test]
    fn a_removed_counter_begins_anew_under_its_own_name() {
        check(
            |trace| {
                trace.sum("a", 5).unset("a").incr("a");
                assert_eq!(trace.get("a"), Some(OwnedValue::U64(1)));
            },
            " a=1",
        );
    }

    #[test]
    fn a_counter_can_be_removed_twice() {
        check(
            |trace| {
                trace.incr("a").unset("a").incr("a").unset("a");
            },
            "",
        );
    }

    #[test]
    fn set_replaces_a_counter_that_was_removed_once_before() {
        check(
            |trace| {
                trace.incr("a").unset("a").incr("a").set("a", 5);
            },
            " a=5",
        );
    }

    #[test]
    fn a_counter_on_a_key_that_was_set_to_none_reads_back() {
        check(
            |trace| {
                trace.set("a", None::<u8>).incr("a");
                assert_eq!(trace.get("a"), Some(OwnedValue::U64(1)));
            },
            " a=1",
        );
    }

    #[test]
    fn fields_read_back_as_they_were_given() {
        let bench = bare();
        let mut trace = bench.start();
        trace
            .set("n", 7u8)
            .set("text", "abc")
            .set("none", None::<u8>);
        trace.set("list", [1i8, -1]).incr("hits").incr("hits");
        assert_eq!(trace.get("n"), Some(OwnedValue::U64(7)));
        assert_eq!(trace.get("text"), Some(OwnedValue::Text("abc".into())));
        assert_eq!(trace.get("hits"), Some(OwnedValue::U64(2)));
        assert_eq!(
            trace.get("list"),
            Some(OwnedValue::List(vec![
                OwnedValue::I64(1),
                OwnedValue::I64(-1)
            ]))
        );
        assert_eq!(trace.get("none"), None);
        assert_eq!(trace.get("never"), None);
    }
}
