//! Ordinary log calls through the bridge, in front of several loggers: what
//! becomes a fragment, what goes on, and what is left alone.
//!
//! Most tests pass the logger to the log call (`logger: rig.log`) and install none.
//! Those that need an installed logger run in a child process: this test program
//! again, asked to run one ignored test.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use log::kv::{self, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record, debug, error, info, trace, warn};
use traceline::{
    Config, Format, Trace,
    bridge::{Bridge, bridge},
    config::{Color, ConfigBuilder, Sampling},
    current,
};

use crate::util;
use crate::util::{Capture, ManualClock, TS, same_line};

/// A logger that filters, as most do, and prints key-values: `info: text {k=v}`.
struct Keep {
    most: LevelFilter,
    lines: Mutex<Vec<String>>,
    /// The address of the last record, and its number of key-values.
    last: Mutex<(usize, usize)>,
    flushes: AtomicUsize,
}

impl Keep {
    fn up_to(most: LevelFilter) -> &'static Keep {
        Box::leak(Box::new(Keep {
            most,
            lines: Mutex::default(),
            last: Mutex::default(),
            flushes: AtomicUsize::new(0),
        }))
    }

    fn leak() -> &'static Keep {
        Keep::up_to(LevelFilter::Trace)
    }

    /// Returns the lines so far and forgets them.
    fn take(&self) -> Vec<String> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *lines)
    }

    #[track_caller]
    fn only(&self) -> String {
        let mut lines = self.take();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines.remove(0)
    }
}

impl Log for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.most
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut line = format!("{}: {}", record.level(), record.args()).to_lowercase();
        let mut pairs = Pairs(Vec::new());
        record.key_values().visit(&mut pairs).unwrap();
        if !pairs.0.is_empty() {
            line.push_str(&format!(" {{{}}}", pairs.0.join(", ")));
        }
        let address = std::ptr::from_ref(record).addr();
        *self.last.lock().unwrap() = (address, record.key_values().count());
        self.lines.lock().unwrap().push(line);
    }

    fn flush(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }
}

struct Pairs(Vec<String>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push(format!("{key}={value}"));
        Ok(())
    }
}

/// A bridge that receives both log calls and units.
struct Rig {
    log: &'static dyn Log,
    clock: &'static ManualClock,
    config: Config,
}

impl Rig {
    #[track_caller]
    fn new<L: Log + 'static>(bridge: Bridge<L>) -> Rig {
        Rig::with(bridge, Config::builder().header(false))
    }

    #[track_caller]
    fn with<L: Log + 'static>(bridge: Bridge<L>, builder: ConfigBuilder) -> Rig {
        // As in any program with a logger.
        log::set_max_level(LevelFilter::Trace);
        let log: &'static dyn Log = Box::leak(Box::new(bridge));
        let clock = ManualClock::leak();
        Rig {
            log,
            clock,
            config: builder.clock(clock).logger(log).build().unwrap(),
        }
    }

    fn start(&self) -> Trace {
        self.named("unit")
    }

    fn named(&self, name: &'static str) -> Trace {
        Trace::builder(name).config(&self.config).start()
    }

    /// Runs `work` inside a unit called `unit`.
    fn unit(&self, work: impl FnOnce()) {
        self.start().scope(work);
    }

    /// Logs from a file of some library.
    fn log_from(&self, file: Option<&str>, line: Option<u32>, text: &str) {
        self.log.log(
            &Record::builder()
                .level(Level::Info)
                .target("pool::wait")
                .file(file)
                .line(line)
                .args(format_args!("{text}"))
                .build(),
        );
    }
}

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// Displays as whatever the closure writes.
struct Prints<F>(F);

fn prints<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(write: F) -> Prints<F> {
    Prints(write)
}

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Prints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

mod absorbs {
    use super::*;

    /// Logs once at each level; returns the line before the first call.
    fn every_level(rig: &Rig) -> u32 {
        let before = line!();
        error!(logger: rig.log, "e");
        warn!(logger: rig.log, "w");
        info!(logger: rig.log, "i");
        debug!(logger: rig.log, "d");
        trace!(logger: rig.log, "t");
        before
    }

    #[test]
    fn nothing_unless_asked() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| {
            every_level(&rig);
        });
        assert_eq!(
            out.take(),
            [
                "error: e {unit=unit}",
                "warn: w {unit=unit}",
                "info: i {unit=unit}",
                "debug: d {unit=unit}",
                "trace: t {unit=unit}",
                "error: msg=unit duration_ms=0.0",
            ]
        );
    }

    #[test]
    fn info_and_below_and_warnings_and_errors_stay_lines_of_their_own() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let mut n = 0;
        rig.unit(|| n = every_level(&rig));
        let want = [
            "error: e {unit=unit}".to_owned(),
            "warn: w {unit=unit}".into(),
            format!(
                "error: msg=unit duration_ms=0.0 fragments=\"[{}, 0.0ms] i; \
                 [{}, 0.0ms, debug] d; [{}, 0.0ms, trace] t\"",
                n + 3,
                n + 4,
                n + 5
            ),
        ];
        assert_eq!(out.take(), want);
    }

    #[test]
    fn debug_and_below() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Debug));
        let mut n = 0;
        rig.unit(|| n = every_level(&rig));
        let lines = out.take();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert_eq!(lines[2], "info: i {unit=unit}");
        let (d, t) = (n + 4, n + 5);
        same_line(
            &lines[3],
            &format!(
                "error: msg=unit duration_ms=0.0 \
                 fragments=\"[{d}, 0.0ms, debug] d; [{t}, 0.0ms, trace] t\""
            ),
        );
    }

    #[test]
    fn with_the_name_and_the_ids_of_the_unit_that_a_scope_belongs_to() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        let mut unit = rig.named("upload");
        unit.set_request_id("r-1");
        unit.unit().scope(|| info!(logger: rig.log, "hashing"));
        unit.discard();
        assert_eq!(out.take(), ["info: hashing {unit=upload, request_id=r-1}"]);
    }

    #[test]
    fn everything_where_errors_are_asked_for() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error));
        let mut n = 0;
        rig.unit(|| n = every_level(&rig));
        let want = format!(
            "error: msg=unit duration_ms=0.0 fragments=\"[{}, 0.0ms, error] e; \
             [{}, 0.0ms, warn] w; [{}, 0.0ms] i; [{}, 0.0ms, debug] d; [{}, 0.0ms, trace] t\"",
            n + 1,
            n + 2,
            n + 3,
            n + 4,
            n + 5
        );
        same_line(&out.only(), &want);
    }

    #[test]
    fn with_the_time_of_the_call_among_the_unit_s_own_fragments() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let mut unit = rig.start();
        let n = line!();
        unit.add("own");
        unit.scope(|| {
            rig.clock.advance(Duration::from_micros(1_500));
            info!(logger: rig.log, "absorbed");
            current::add("current");
        });
        drop(unit);
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit duration_ms=1.5 fragments=\"[{}, 0.0ms] own; \
                 [{}, 1.5ms] absorbed; [{}, 1.5ms] current\"",
                n + 1,
                n + 4,
                n + 5
            ),
        );
    }

    /// A unit with one record from another crate's file.
    fn from_elsewhere(builder: ConfigBuilder) -> String {
        let out = Capture::leak();
        let rig = Rig::with(bridge(out).absorb(Level::Info), builder);
        rig.unit(|| rig.log_from(Some("/registry/pool-1.0/src/wait.rs"), Some(77), "waiting"));
        out.only().args
    }

    #[test]
    fn with_file_and_line_in_logfmt() {
        same_line(
            &from_elsewhere(Config::builder().header(false)),
            "msg=unit duration_ms=0.0 fragments=\"[wait.rs:77, 0.0ms] waiting\"",
        );
        let paths = Config::builder().line_tag(traceline::config::LineTag::PathLine);
        same_line(
            &from_elsewhere(paths.header(false)),
            "msg=unit duration_ms=0.0 \
             fragments=\"[/registry/pool-1.0/src/wait.rs:77, 0.0ms] waiting\"",
        );
    }

    #[test]
    fn with_file_line_and_level_in_json() {
        same_line(
            &from_elsewhere(Config::builder().header(false).format(Format::Json)),
            r#"{"msg":"unit","duration_ms":0.0,"fragments":[{"at_ms":0.0,"line":77,"file":"wait.rs","msg":"waiting"}]}"#,
        );
        let out = Capture::leak();
        let rig = Rig::with(
            bridge(out).absorb(Level::Warn),
            Config::builder().header(false).format(Format::Json),
        );
        let line = line!() + 1;
        rig.unit(|| warn!(logger: rig.log, "low"));
        same_line(
            &out.only().args,
            &format!(
                r#"{{"msg":"unit","duration_ms":0.0,"fragments":[{{"at_ms":0.0,"line":{line},"level":"warn","msg":"low"}}]}}"#
            ),
        );
    }

    #[test]
    fn with_file_and_line_in_pretty() {
        same_line(
            &from_elsewhere(Config::builder().format(Format::Pretty).color(Color::Never)),
            &format!("unit  0.0ms  info  {TS}\n       +0.0ms  wait.rs:77  waiting"),
        );
    }

    #[test]
    fn with_the_target_where_a_record_has_no_file() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| {
            rig.log_from(None, None, "neither");
            rig.log_from(None, Some(7), "line");
            rig.log_from(Some("src/a.rs"), None, "file");
        });
        same_line(
            &out.only(),
            "info: msg=unit duration_ms=0.0 fragments=\"[pool::wait:0, 0.0ms] neither; \
             [pool::wait:7, 0.0ms] line; [a.rs:0, 0.0ms] file\"",
        );
    }

    #[test]
    fn with_key_values() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let n = line!();
        rig.unit(|| {
            info!(logger: rig.log, user = 7, plan = "pro", ratio = 0.5; "logged in");
            info!(logger: rig.log, answer:? = Some(42); "");
        });
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit duration_ms=0.0 fragments=\"[{}, 0.0ms] logged in user=7 \
                 plan=pro ratio=0.5; [{}, 0.0ms]  answer=some(42)\"",
                n + 2,
                n + 3
            ),
        );
    }

    #[test]
    fn and_shares_the_fate_of_a_discarded_unit() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let mut unit = rig.start();
        unit.scope(|| {
            info!(logger: rig.log, "gone");
            warn!(logger: rig.log, "stays");
        });
        unit.discard();
        assert_eq!(out.take(), ["warn: stays {unit=unit}"]);
    }

    #[test]
    fn into_the_unit_of_the_thread_that_logs() {
        let out = Keep::leak();
        let rig = &Rig::new(bridge(out).absorb(Level::Info));
        let line = line!() + 6;
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                scope.spawn(move || {
                    rig.named(name).scope(|| {
                        for i in 0..50 {
                            info!(logger: rig.log, "{name}{i}");
                            thread::yield_now();
                        }
                    });
                });
            }
        });
        info!(logger: rig.log, "outside");
        let mut lines = out.take();
        assert_eq!(lines.pop().as_deref(), Some("info: outside"));
        lines.sort();
        let want = ["a", "b", "c", "d"].map(|name| {
            let fragments = (0..50).map(|i| format!("[{line}, 0.0ms] {name}{i}"));
            let fragments = fragments.collect::<Vec<_>>().join("; ");
            format!("info: msg={name} duration_ms=0.0 fragments=\"{fragments}\"")
        });
        assert_eq!(lines, want);
    }

    #[test]
    fn into_the_part_that_is_current_on_its_thread() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let mut unit = rig.start();
        let mut part = unit.part();
        let line = line!() + 3;
        thread::scope(|scope| {
            scope.spawn(|| {
                part.scope(|| info!(logger: rig.log, "there"));
            });
        });
        unit.join(part);
        drop(unit);
        same_line(
            &out.only(),
            &format!("info: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] there\""),
        );
    }
}

mod goes_on {
    use super::*;

    #[test]
    fn a_record_without_a_current_trace_is_the_very_same() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error));
        let check = |args: fmt::Arguments<'_>| {
            let pairs = [("user", 7)];
            let mut builder = Record::builder();
            builder.level(Level::Info).key_values(&pairs);
            let record = builder.args(args).build();
            rig.log.log(&record);
            let address = std::ptr::from_ref(&record).addr();
            assert_eq!(*out.last.lock().unwrap(), (address, 1));
        };
        check(format_args!("text"));
        // A trace that is disabled or not current makes no difference.
        let explicit = rig.start();
        check(format_args!("text"));
        explicit.discard();
        Trace::default().scope(|| check(format_args!("text")));
        assert_eq!(out.take(), ["info: text {user=7}"; 3]);
    }

    #[test]
    fn a_disabled_unit_hides_the_one_around_it() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| Trace::default().scope(|| info!(logger: rig.log, "of none")));
        assert_eq!(
            out.take(),
            ["info: of none", "info: msg=unit duration_ms=0.0"]
        );
    }

    #[test]
    fn with_the_name_of_the_unit_behind_its_own_key_values() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| {
            info!(logger: rig.log, user = 7, plan = "pro"; "x");
            assert_eq!(out.last.lock().unwrap().1, 3);
            info!(logger: rig.log, "y");
            assert_eq!(out.last.lock().unwrap().1, 1);
        });
        assert_eq!(
            out.take(),
            [
                "info: x {user=7, plan=pro, unit=unit}",
                "info: y {unit=unit}",
                "info: msg=unit duration_ms=0.0",
            ]
        );
    }

    #[test]
    fn with_the_innermost_unit_s_name_of_any_kind() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| {
            let name = format!("job \"{}\"\n", 7);
            let mut job = Trace::builder(name).config(&rig.config).start();
            job.scope(|| info!(logger: rig.log, "x"));
            job.discard();
            info!(logger: rig.log, "y");
        });
        assert_eq!(
            out.take(),
            [
                "info: x {unit=job \"7\"\n}",
                "info: y {unit=unit}",
                "info: msg=unit duration_ms=0.0",
            ]
        );
    }

    #[test]
    fn with_everything_else_as_it_was() {
        let out = Capture::leak();
        let rig = Rig::new(bridge(out));
        let line = line!() + 1;
        rig.unit(|| info!(logger: rig.log, target: "else::where", "x {}", 1));
        let record = out.records().remove(0);
        assert_eq!(
            record,
            util::Captured {
                level: Level::Info,
                target: "else::where".into(),
                module: Some("literal::bridge::goes_on".into()),
                file: Some("tests/bridge.rs".into()),
                line: Some(line),
                args: "x 1".into(),
            }
        );
    }

    #[test]
    fn the_name_can_be_asked_for_by_its_key() {
        struct Asks(Mutex<Vec<Option<String>>>);
        impl Log for Asks {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn log(&self, record: &Record<'_>) {
                let keys = ["unit", "user", "no such"];
                let found = keys.map(|key| {
                    let value = record.key_values().get(kv::Key::from(key));
                    value.map(|value| value.to_string())
                });
                self.0.lock().unwrap().extend(found);
            }
            fn flush(&self) {}
        }
        let asks: &'static Asks = Box::leak(Box::new(Asks(Mutex::default())));
        let rig = Rig::new(bridge(asks));
        let mut unit = rig.start();
        unit.scope(|| info!(logger: rig.log, user = 7; "x"));
        unit.discard();
        let found = asks.0.lock().unwrap().clone();
        assert_eq!(found, [Some("unit".into()), Some("7".into()), None]);
    }

    #[test]
    fn and_raises_the_level_of_the_unit_it_happened_in() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| {
            rig.unit(|| warn!(logger: rig.log, "low"));
            error!(logger: rig.log, "broken");
            warn!(logger: rig.log, "low");
        });
        rig.unit(|| info!(logger: rig.log, "fine"));
        warn!(logger: rig.log, "outside");
        assert_eq!(
            out.take(),
            [
                "warn: low {unit=unit}",
                "warn: msg=unit duration_ms=0.0",
                "error: broken {unit=unit}",
                "warn: low {unit=unit}",
                "error: msg=unit duration_ms=0.0",
                "info: fine {unit=unit}",
                "info: msg=unit duration_ms=0.0",
                "warn: outside",
            ]
        );
    }

    #[test]
    fn the_record_of_a_unit_does_not_raise_the_unit_around_it() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| _ = rig.start().raise(Level::Error).ok());
        assert_eq!(
            out.take(),
            [
                "error: msg=unit outcome=ok duration_ms=0.0",
                "info: msg=unit duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn a_warning_that_the_logger_filters_out_raises_nothing() {
        let sink = loggers::Sink::default();
        let logger = env_logger::Builder::new()
            .parse_filters("info,noisy=off")
            .target(env_logger::Target::Pipe(Box::new(sink.clone())))
            .format(|buffer, record| {
                use std::io::Write;
                writeln!(buffer, "{} {}", record.level(), record.args())
            })
            .build();
        let rig = Rig::new(bridge(logger));
        rig.unit(|| warn!(logger: rig.log, target: "noisy", "retrying"));
        assert_eq!(sink.text(), "INFO msg=unit duration_ms=0.0\n");
    }

    #[test]
    fn sampling_keeps_the_unit_of_a_line_that_went_on() {
        let out = Keep::leak();
        let sampling = Sampling::one_in(u32::MAX).warnings(true);
        let config = Config::builder().header(false).sampling(sampling);
        let rig = Rig::with(bridge(out), config);
        for level in [Level::Info, Level::Warn, Level::Error] {
            rig.unit(|| log::log!(logger: rig.log, level, "line"));
        }
        let lines = out.take();
        let units = lines.iter().filter(|line| line.contains("msg=unit"));
        let levels: Vec<_> = units.map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(levels, ["warn", "error"]);
    }

    #[test]
    fn untouched_where_correlation_is_off() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).correlate(false).absorb(Level::Info));
        rig.unit(|| warn!(logger: rig.log, user = 7; "x"));
        assert_eq!(
            out.take(),
            ["warn: x {user=7}", "warn: msg=unit duration_ms=0.0"]
        );
    }

    #[test]
    fn while_the_trace_is_in_use() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let line = line!() + 4;
        rig.unit(|| {
            current::with(|unit| {
                info!(logger: rig.log, user = 7; "inside");
                unit.add("own");
            });
        });
        assert_eq!(
            out.take(),
            [
                "info: inside {user=7}".to_owned(),
                format!("info: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] own\""),
            ]
        );
    }

    #[test]
    fn once_the_unit_is_emitted() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| {
            current::emit();
            info!(logger: rig.log, "late");
        });
        assert_eq!(out.take(), ["info: msg=unit duration_ms=0.0", "info: late"]);
    }

    #[test]
    fn flush_is_handed_on_and_never_called_by_a_unit() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| info!(logger: rig.log, "x"));
        assert_eq!(out.flushes.load(Ordering::Relaxed), 0);
        rig.log.flush();
        assert_eq!(out.flushes.load(Ordering::Relaxed), 1);
    }
}

mod levels {
    use super::*;

    #[test]
    fn an_absorbed_record_raises_the_level_and_says_no_outcome() {
        for (level, word) in [(Level::Warn, "warn"), (Level::Error, "error")] {
            let out = Capture::leak();
            let rig = Rig::new(bridge(out).absorb(Level::Error));
            let line = line!() + 1;
            rig.unit(|| log::log!(logger: rig.log, level, "x"));
            let record = out.only();
            assert_eq!(record.level, level);
            let want = format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms, {word}] x\"");
            same_line(&record.args, &want);
        }
    }

    #[test]
    fn a_less_severe_one_changes_nothing() {
        let out = Capture::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error));
        let mut unit = rig.start();
        unit.raise(Level::Warn);
        unit.scope(|| debug!(logger: rig.log, "x"));
        drop(unit);
        assert_eq!(out.only().level, Level::Warn);
    }

    #[test]
    fn raise_level_false_leaves_the_level_to_the_unit() {
        let out = Capture::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error).raise_level(false));
        let line = line!() + 1;
        rig.unit(|| error!(logger: rig.log, "x"));
        let record = out.only();
        assert_eq!(record.level, Level::Info);
        let want = format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms, error] x\"");
        same_line(&record.args, &want);
    }
}

mod only_on_failure {
    use super::*;

    fn recorder(out: &'static Keep) -> Rig {
        Rig::new(bridge(out).absorb(Level::Info).only_on_failure(true))
    }

    #[test]
    fn a_unit_that_ends_well_has_its_own_fragments_only() {
        let out = Keep::leak();
        let rig = recorder(out);
        let line = line!() + 3;
        rig.unit(|| {
            info!(logger: rig.log, "held");
            current::add("own");
            debug!(logger: rig.log, "held");
            current::ok();
        });
        same_line(
            &out.only(),
            &format!("info: msg=unit outcome=ok duration_ms=0.0 fragments=\"[{line}, 0.0ms] own\""),
        );
        rig.unit(|| info!(logger: rig.log, "held"));
        assert_eq!(out.only(), "info: msg=unit duration_ms=0.0");
    }

    #[test]
    fn a_unit_that_ends_at_warn_or_error_has_all() {
        for (level, word) in [(Level::Warn, "warn"), (Level::Error, "error")] {
            let out = Keep::leak();
            let rig = recorder(out);
            let line = line!() + 2;
            rig.unit(|| {
                info!(logger: rig.log, "held");
                current::raise(level);
            });
            same_line(
                &out.only(),
                &format!("{word}: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] held\""),
            );
        }
    }

    #[test]
    fn a_unit_that_panics_has_all() {
        let out = Keep::leak();
        let rig = recorder(out);
        let line = line!() + 3;
        unwind(|| {
            rig.unit(|| {
                info!(logger: rig.log, "held");
                panic!("expected");
            });
        });
        same_line(
            &out.only(),
            &format!(
                "error: msg=unit outcome=panic duration_ms=0.0 fragments=\"[{line}, 0.0ms] held\""
            ),
        );
    }

    #[test]
    fn a_level_that_was_lowered_again_is_the_one_that_counts() {
        let out = Keep::leak();
        let rig = recorder(out);
        let mut unit = rig.start();
        unit.scope(|| info!(logger: rig.log, "held"));
        unit.fail("broken").set_level(Level::Info);
        let line = line!() - 1;
        drop(unit);
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit outcome=error duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms, error] broken\""
            ),
        );
    }

    #[test]
    fn an_absorbed_warning_raises_the_level_unless_told_not_to() {
        let out = Keep::leak();
        let held = bridge(out).absorb(Level::Warn).only_on_failure(true);
        let rig = Rig::new(held.clone());
        let line = line!() + 2;
        rig.unit(|| {
            info!(logger: rig.log, "held");
            warn!(logger: rig.log, "low");
        });
        same_line(
            &out.only(),
            &format!(
                "warn: msg=unit duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms] held; [{}, 0.0ms, warn] low\"",
                line + 1
            ),
        );
        let rig = Rig::new(held.raise_level(false));
        rig.unit(|| warn!(logger: rig.log, "low"));
        assert_eq!(out.only(), "info: msg=unit duration_ms=0.0");
    }

    #[test]
    fn an_error_that_stays_a_line_of_its_own_releases_what_led_to_it() {
        let out = Keep::leak();
        let rig = recorder(out);
        let mut unit = rig.start();
        let line = line!() + 2;
        unit.scope(|| {
            info!(logger: rig.log, "held");
            error!(logger: rig.log, "disk full");
        });
        unit.ok();
        drop(unit);
        assert_eq!(
            out.take(),
            [
                "error: disk full {unit=unit}".to_owned(),
                format!(
                    "error: msg=unit outcome=ok duration_ms=0.0 \
                     fragments=\"[{line}, 0.0ms] held\""
                ),
            ]
        );
    }

    #[test]
    fn an_error_that_may_not_raise_the_level_releases_nothing() {
        let out = Keep::leak();
        let held = bridge(out).absorb(Level::Info).only_on_failure(true);
        let rig = Rig::new(held.raise_level(false));
        rig.unit(|| {
            info!(logger: rig.log, "held");
            error!(logger: rig.log, "disk full");
        });
        assert_eq!(
            out.take(),
            [
                "error: disk full {unit=unit}",
                "info: msg=unit duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn render_shows_what_the_record_would_have() {
        let out = Keep::leak();
        let rig = recorder(out);
        let mut unit = rig.start();
        unit.scope(|| info!(logger: rig.log, "held"));
        let line = line!() - 1;
        assert_eq!(unit.render(), "msg=unit duration_ms=0.0");
        unit.raise(Level::Warn);
        let want = format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] held\"");
        assert_eq!(unit.render(), want);
        unit.discard();
    }

    #[test]
    fn a_checkpoint_has_what_a_record_of_its_level_has_and_loses_nothing() {
        let out = Keep::leak();
        let rig = recorder(out);
        let mut unit = rig.start();
        unit.scope(|| info!(logger: rig.log, "held"));
        let line = line!() - 1;
        unit.checkpoint();
        unit.raise(Level::Warn).checkpoint();
        drop(unit);
        let held = format!("fragments=\"[{line}, 0.0ms] held\"");
        assert_eq!(
            out.take(),
            [
                "info: msg=unit duration_ms=0.0 partial=true seq=1".to_owned(),
                format!("warn: msg=unit duration_ms=0.0 {held} partial=true seq=2"),
                format!("warn: msg=unit duration_ms=0.0 {held}"),
            ]
        );
    }

    #[test]
    fn held_fragments_count_towards_the_limit_and_what_is_lost_is_counted() {
        let out = Keep::leak();
        let held = bridge(out).absorb(Level::Info).only_on_failure(true);
        let rig = Rig::with(held, Config::builder().header(false).max_fragments(4));
        let line = line!() + 3;
        rig.unit(|| {
            for i in 0..10 {
                info!(logger: rig.log, "{i}");
            }
            current::raise(Level::Warn);
        });
        same_line(
            &out.only(),
            &format!(
                // The last fragments are kept: they led to the failure.
                "warn: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] 6; [{line}, 0.0ms] 7; \
                 [{line}, 0.0ms] 8; [{line}, 0.0ms] 9\" dropped_fragments=6"
            ),
        );
    }

    #[test]
    fn held_fragments_never_push_out_the_unit_s_own_from_a_record_without_them() {
        let out = Keep::leak();
        let held = bridge(out).absorb(Level::Info).only_on_failure(true);
        let rig = Rig::with(held, Config::builder().header(false).max_fragments(4));
        let line = line!() + 3;
        rig.unit(|| {
            for i in 0..4 {
                current::add(format!("own {i}"));
            }
            for i in 0..10 {
                info!(logger: rig.log, "{i}");
            }
        });
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] own 0; \
                 [{line}, 0.0ms] own 1; [{line}, 0.0ms] own 2; [{line}, 0.0ms] own 3\""
            ),
        );
    }

    #[test]
    fn a_part_s_held_fragments_are_held_in_the_unit() {
        let out = Keep::leak();
        let rig = recorder(out);
        for (level, held) in [(Level::Info, false), (Level::Warn, true)] {
            let mut unit = rig.start();
            let mut part = unit.part();
            part.scope(|| info!(logger: rig.log, "held"));
            unit.join(part).raise(level);
            drop(unit);
            assert_eq!(out.only().contains("held"), held, "{level}");
        }
    }

    #[test]
    fn the_next_unit_on_the_thread_starts_afresh() {
        let out = Keep::leak();
        let rig = recorder(out);
        rig.unit(|| {
            info!(logger: rig.log, "held");
            current::raise(Level::Warn);
        });
        out.take();
        rig.unit(|| current::raise(Level::Warn));
        assert_eq!(out.only(), "warn: msg=unit duration_ms=0.0");
    }
}

mod filters {
    use super::*;

    #[test]
    fn what_the_logger_would_drop_is_neither_printed_nor_absorbed() {
        let out = Keep::up_to(LevelFilter::Warn);
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| {
            info!(logger: rig.log, "x");
            current::raise(Level::Warn);
        });
        assert_eq!(out.only(), "warn: msg=unit duration_ms=0.0");
    }

    #[test]
    fn absorb_filtered_takes_it_all_the_same() {
        let out = Keep::up_to(LevelFilter::Warn);
        let rig = Rig::new(bridge(out).absorb(Level::Info).absorb_filtered(true));
        let line = line!() + 2;
        rig.unit(|| {
            info!(logger: rig.log, "x");
            current::raise(Level::Warn);
        });
        let want = format!("warn: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] x\"");
        same_line(&out.only(), &want);
        info!(logger: rig.log, "outside");
        assert_eq!(out.take(), [""; 0]);
    }

    fn enabled(log: &dyn Log) -> [bool; 5] {
        Level::iter()
            .map(|level| log.enabled(&Metadata::builder().level(level).build()))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap()
    }

    const UP_TO_WARN: [bool; 5] = [true, true, false, false, false];

    #[test]
    fn enabled_is_the_logger_s_own_answer() {
        let rig = Rig::new(bridge(Keep::up_to(LevelFilter::Warn)).absorb(Level::Error));
        assert_eq!(enabled(rig.log), UP_TO_WARN);
        rig.unit(|| assert_eq!(enabled(rig.log), UP_TO_WARN));
    }

    #[test]
    fn enabled_says_yes_to_what_absorb_filtered_takes_and_only_inside_a_unit() {
        let logger = bridge(Keep::up_to(LevelFilter::Warn)).absorb_filtered(true);
        let rig = Rig::new(logger.clone().absorb(Level::Debug));
        assert_eq!(enabled(rig.log), UP_TO_WARN);
        rig.unit(|| {
            assert_eq!(enabled(rig.log), [true, true, false, true, true]);
            current::with(|_| assert_eq!(enabled(rig.log), UP_TO_WARN));
            current::emit();
            assert_eq!(enabled(rig.log), UP_TO_WARN);
        });
        // Nothing is absorbed: nothing changes.
        let rig = Rig::new(logger);
        rig.unit(|| assert_eq!(enabled(rig.log), UP_TO_WARN));
    }

    #[test]
    fn absorb_filtered_does_not_let_records_of_units_through() {
        // This logger filters only in `enabled`, which is called before a hand-over.
        let out = Capture::up_to(LevelFilter::Warn);
        let rig = Rig::new(bridge(out).absorb(Level::Error).absorb_filtered(true));
        rig.unit(|| {
            rig.named("inner").set("a", 1).checkpoint();
        });
        assert_eq!(out.take_lines(), [""; 0]);
    }

    #[test]
    fn a_target_that_is_off_is_off_for_units_too() {
        struct Off;
        impl Log for Off {
            fn enabled(&self, metadata: &Metadata<'_>) -> bool {
                metadata.target() != "quiet"
            }
            fn log(&self, record: &Record<'_>) {
                assert!(self.enabled(record.metadata()), "{record:?}");
            }
            fn flush(&self) {}
        }
        let rig = Rig::new(bridge(Off).absorb(Level::Error).absorb_filtered(true));
        rig.unit(|| {
            let quiet = Trace::builder("quiet").target("quiet").config(&rig.config);
            assert!(!quiet.start().is_enabled());
        });
    }
}

mod own_records {
    use super::*;

    #[test]
    fn are_lines_of_their_own_however_units_nest() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error));
        let n = line!();
        rig.unit(|| {
            info!(logger: rig.log, "1");
            let mut inner = rig.named("inner");
            inner.scope(|| {
                info!(logger: rig.log, "2");
                drop(rig.named("innermost"));
            });
            inner.checkpoint();
            drop(inner);
            info!(logger: rig.log, "3");
        });
        assert_eq!(
            out.take(),
            [
                "info: msg=innermost duration_ms=0.0".to_owned(),
                format!(
                    "info: msg=inner duration_ms=0.0 fragments=\"[{}, 0.0ms] 2\" \
                     partial=true seq=1",
                    n + 5
                ),
                format!(
                    "info: msg=inner duration_ms=0.0 fragments=\"[{}, 0.0ms] 2\"",
                    n + 5
                ),
                format!(
                    "info: msg=unit duration_ms=0.0 fragments=\"[{}, 0.0ms] 1; [{}, 0.0ms] 3\"",
                    n + 2,
                    n + 10
                ),
            ]
        );
    }

    #[test]
    fn have_no_key_values_of_the_unit_around_them() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out));
        rig.unit(|| drop(rig.named("inner")));
        assert_eq!(
            out.take(),
            [
                "info: msg=inner duration_ms=0.0",
                "info: msg=unit duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn of_all_units_of_a_thread_that_exits_are_lines_too() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Error));
        rig.unit(|| rig.named("inner").scope(current::emit));
        assert_eq!(
            out.take(),
            [
                "info: msg=inner duration_ms=0.0",
                "info: msg=unit duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn a_text_that_looks_like_one_is_absorbed() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let line = line!() + 1;
        rig.unit(|| info!(logger: rig.log, "msg=unit duration_ms=0.0"));
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms] msg=unit duration_ms=0.0\""
            ),
        );
    }
}

mod comes_back {
    use super::*;

    /// Logs that it was called, through the bridge in front of it.
    struct Chatty {
        out: &'static Keep,
        bridge: OnceLock<&'static dyn Log>,
    }

    impl Log for Chatty {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.out.log(record);
            if record.target() != "chatty"
                && let Some(bridge) = self.bridge.get()
            {
                info!(logger: *bridge, target: "chatty", "wrote a line");
            }
        }
        fn flush(&self) {}
    }

    fn chatty() -> (&'static Keep, Rig) {
        let out = Keep::leak();
        let chatty: &'static Chatty = Box::leak(Box::new(Chatty {
            out,
            bridge: OnceLock::new(),
        }));
        let rig = Rig::new(bridge(chatty).absorb(Level::Info));
        assert!(chatty.bridge.set(rig.log).is_ok());
        (out, rig)
    }

    /// The line on which `Chatty` logs.
    fn chatty_line() -> usize {
        let source = include_str!("bridge.rs");
        let is_it = |line: &str| line.contains("target: \"chatty\", \"wrote a line\"");
        source.lines().position(is_it).unwrap() + 1
    }

    #[test]
    fn a_logger_that_logs_while_it_has_a_record_that_goes_on() {
        let (out, rig) = chatty();
        rig.unit(|| warn!(logger: rig.log, "low"));
        let line = chatty_line();
        assert_eq!(
            out.take(),
            [
                "warn: low {unit=unit}".to_owned(),
                format!(
                    "warn: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] wrote a line\""
                ),
                "info: wrote a line".into(),
            ]
        );
    }

    #[test]
    fn a_logger_that_logs_while_it_has_a_unit_s_record_tells_the_unit_around() {
        let (out, rig) = chatty();
        rig.unit(|| drop(rig.named("inner")));
        let line = chatty_line();
        assert_eq!(
            out.take(),
            [
                "info: msg=inner duration_ms=0.0".to_owned(),
                format!(
                    "info: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] wrote a line\""
                ),
                "info: wrote a line".into(),
            ]
        );
    }

    #[test]
    fn a_logger_that_makes_units_of_its_own_has_their_records_too() {
        struct Makes {
            out: &'static Keep,
            rig: OnceLock<Rig>,
        }
        impl Log for Makes {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn log(&self, record: &Record<'_>) {
                self.out.log(record);
                let own = record.args().to_string().contains("msg=write");
                if let Some(rig) = self.rig.get().filter(|_| !own) {
                    rig.named("write").scope(|| info!(logger: rig.log, "wrote"));
                }
            }
            fn flush(&self) {}
        }
        let out = Keep::leak();
        let makes: &'static Makes = Box::leak(Box::new(Makes {
            out,
            rig: OnceLock::new(),
        }));
        let line = line!() - 10;
        let rig = Rig::new(bridge(makes).absorb(Level::Info));
        let own = Rig::new(bridge(makes).absorb(Level::Info));
        assert!(makes.rig.set(own).is_ok());
        let write = format!("info: msg=write duration_ms=0.0 fragments=\"[{line}, 0.0ms] wrote\"");
        // The unit's record is handed over first while no unit is current, then while one is.
        drop(rig.start());
        assert_eq!(out.take(), ["info: msg=unit duration_ms=0.0", &write]);
        rig.unit(|| drop(rig.named("inner")));
        assert_eq!(
            out.take(),
            [
                "info: msg=inner duration_ms=0.0",
                &write,
                "info: msg=unit duration_ms=0.0",
                &write,
            ]
        );
    }

    #[test]
    fn what_a_display_logs_stands_before_its_own_text() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let n = line!();
        let loads = prints(|f| {
            info!(logger: rig.log, "loading");
            current::set("loaded", true);
            f.write_str("the row")
        });
        rig.unit(|| {
            info!(logger: rig.log, "found {loads}");
            current::set("row", traceline::display(&loads));
            current::add!("added {loads}");
        });
        let loading = format!("[{}, 0.0ms] loading", n + 2);
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit duration_ms=0.0 loaded=true row=\"the row\" \
                 fragments=\"{loading}; [{}, 0.0ms] found the row; {loading}; {loading}; \
                 [{}, 0.0ms] added the row\"",
                n + 7,
                n + 9
            ),
        );
    }

    #[test]
    fn a_display_that_ends_the_unit_sends_its_record_on() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let ends = prints(|f| {
            current::emit();
            f.write_str("the end")
        });
        rig.unit(|| info!(logger: rig.log, "{ends}"));
        assert_eq!(
            out.take(),
            ["info: msg=unit duration_ms=0.0", "info: the end"]
        );
    }

    #[test]
    fn a_bridge_in_front_of_a_bridge_absorbs_once() {
        let out = Keep::leak();
        let inner = bridge(out).absorb(Level::Error);
        let rig = Rig::new(bridge(inner).absorb(Level::Info));
        let n = line!();
        rig.unit(|| {
            info!(logger: rig.log, "1");
            warn!(logger: rig.log, "2");
            drop(rig.named("other"));
        });
        assert_eq!(
            out.take(),
            [
                "info: msg=other duration_ms=0.0".to_owned(),
                format!(
                    "warn: msg=unit duration_ms=0.0 fragments=\"[{}, 0.0ms] 1; \
                     [{}, 0.0ms, warn] 2 unit=unit\"",
                    n + 2,
                    n + 3
                ),
            ]
        );
    }
}

mod hostile {
    use super::*;

    /// The line of a unit with one absorbed record, and the line number of that record.
    fn absorbed(builder: ConfigBuilder, text: &str) -> (String, u32) {
        let out = Capture::leak();
        let rig = Rig::with(bridge(out).absorb(Level::Info), builder);
        let line = line!() + 1;
        rig.unit(|| info!(logger: rig.log, "{text}"));
        (out.only().args, line)
    }

    #[test]
    fn a_text_that_looks_like_fragments_stays_one() {
        let text = "a; [7, 0.0ms] b\" outcome=ok";
        let (got, line) = absorbed(Config::builder().header(false), text);
        let mut own = util::Bench::new(Config::builder().header(false)).start();
        own.add(text);
        let render = own.render();
        let (_, want) = render.split_once("0.0ms] ").unwrap();
        let want = format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] {want}");
        own.discard();
        same_line(&got, &want);
        assert!(!got.contains("; [7"), "{got}");
    }

    #[test]
    fn control_characters_are_escaped() {
        let (got, line) = absorbed(
            Config::builder().header(false),
            "a\nb\x1b[31m\0\u{7f}\u{85}",
        );
        assert!(!got.chars().any(char::is_control), "{got:?}");
        assert!(
            got.starts_with(&format!(
                "msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] a"
            )),
            "{got}"
        );
        let json = Config::builder().header(false).format(Format::Json);
        let (got, _) = absorbed(json, "a\nb\"\\\x1b\0");
        let value: serde_json::Value = serde_json::from_str(&got).unwrap();
        assert_eq!(value["fragments"][0]["msg"], "a\nb\"\\\x1b\0");
    }

    #[test]
    fn files_and_targets_are_escaped_too() {
        let out = Capture::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        rig.unit(|| rig.log_from(Some("a\"\n]; [1, 0.0ms] x.rs"), Some(1), "text"));
        let got = out.only().args;
        assert!(!got.contains('\n'), "{got}");
        assert_eq!(
            got.matches('"').count() - got.matches("\\\"").count(),
            2,
            "{got}"
        );
        assert!(!got.contains("; [1"), "{got}");
    }

    #[test]
    fn a_megabyte_is_cut_at_the_limit_of_a_value_and_counted() {
        for char in ["x", "ä", "🦀"] {
            let limits = || Config::builder().header(false).max_value(20);
            let (got, line) = absorbed(limits(), &char.repeat(1 << 20));
            let mut own = util::Bench::new(limits()).start();
            own.add(char.repeat(1 << 20));
            let render = own.render();
            let (_, want) = render.split_once("0.0ms] ").unwrap();
            own.discard();
            assert!(want.ends_with("truncated=1"), "{want}");
            let want = format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] {want}");
            same_line(&got, &want);
        }
    }

    #[test]
    fn megabytes_of_key_values_are_cut_and_the_message_stays() {
        let out = Capture::leak();
        let rig = Rig::with(
            bridge(out).absorb(Level::Info),
            Config::builder().header(false).max_value(20),
        );
        let long = "x".repeat(1 << 20);
        rig.unit(|| info!(logger: rig.log, user = 7, long = long.as_str(), b = 1; "hello"));
        let got = out.only().args;
        assert!(got.contains("0.0ms] hello user=7 long="), "{got}");
        assert!(got.ends_with(" truncated=1"), "{got}");
        assert!(got.len() < 200, "{got}");
    }

    #[test]
    fn a_megabyte_that_goes_on_is_left_as_it_is() {
        let out = Capture::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let long = "x".repeat(1 << 20);
        rig.unit(|| warn!(logger: rig.log, "{long}"));
        assert_eq!(out.records()[0].args.len(), 1 << 20);
    }

    #[test]
    fn a_display_that_panics_leaves_its_mark_and_the_unit_goes_on() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let breaks = prints(|f| {
            f.write_str("half")?;
            panic!("expected");
        });
        let n = line!();
        rig.unit(|| {
            info!(logger: rig.log, "a {breaks}");
            info!(logger: rig.log, "b");
            current::ok();
        });
        same_line(
            &out.only(),
            &format!(
                "info: msg=unit outcome=ok duration_ms=0.0 \
                 fragments=\"[{}, 0.0ms] <panicked>; [{}, 0.0ms] b\"",
                n + 2,
                n + 3
            ),
        );
    }

    #[test]
    fn a_key_value_that_panics_or_fails_does_not_take_the_message_with_it() {
        let out = Keep::leak();
        let rig = Rig::new(bridge(out).absorb(Level::Info));
        let panics = prints(|_| panic!("expected"));
        let fails = prints(|_| Err(fmt::Error));
        let n = line!();
        rig.unit(|| {
            info!(logger: rig.log, user:% = fails, rows = 3; "message 1");
            info!(logger: rig.log, rows = 3, user:% = panics; "message 2");
        });
        let got = out.only();
        let (first, second) = got.split_once("; ").unwrap();
        assert!(
            first.contains(&format!("[{}, 0.0ms] message 1 user=", n + 2))
                && first.contains("rows=3"),
            "{got}"
        );
        assert!(
            second.contains(&format!("[{}, 0.0ms] message 2 rows=3", n + 3)),
            "{got}"
        );
    }

    #[test]
    fn a_filter_that_panics_is_kept_from_a_log_call_that_goes_on() {
        struct Breaks(&'static Keep);
        impl Log for Breaks {
            fn enabled(&self, metadata: &Metadata<'_>) -> bool {
                assert!(metadata.level() != Level::Warn, "the filter is broken");
                true
            }
            fn log(&self, record: &Record<'_>) {
                self.0.log(record);
            }
            fn flush(&self) {}
        }
        let out = Keep::leak();
        let rig = Rig::new(bridge(Breaks(out)));
        let mut unit = rig.start();
        unit.scope(|| warn!(logger: rig.log, "x"));
        assert_eq!(unit.level(), Some(Level::Warn));
        unit.discard();
        assert_eq!(out.take(), ["warn: x {unit=unit}"]);
    }

    #[test]
    fn a_logger_that_panics_is_the_caller_s_business_and_the_trace_survives() {
        struct Breaks(&'static Keep);
        impl Log for Breaks {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn log(&self, record: &Record<'_>) {
                assert!(record.args().as_str() != Some("x"), "the logger is broken");
                self.0.log(record);
            }
            fn flush(&self) {}
        }
        let out = Keep::leak();
        let rig = Rig::new(bridge(Breaks(out)).absorb(Level::Info));
        let mut line = 0;
        rig.unit(|| {
            unwind(|| warn!(logger: rig.log, "x"));
            info!(logger: rig.log, "still there");
            line = line!() - 1;
        });
        same_line(
            &out.only(),
            &format!("warn: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] still there\""),
        );
    }
}

mod loggers {
    use super::*;

    /// Everything a logger wrote.
    #[derive(Clone, Default)]
    pub struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// A program run: log calls before, inside and after a unit.
    fn program(rig: &Rig) -> u32 {
        info!(logger: rig.log, "starting");
        let mut unit = traceline::builder!("job").config(&rig.config).start();
        unit.scope(|| {
            info!(logger: rig.log, rows = 3; "found");
            debug!(logger: rig.log, "filtered out");
            info!(logger: rig.log, target: "noisy", "filtered out");
            warn!(logger: rig.log, "slow");
        });
        let line = line!() - 5;
        unit.ok();
        drop(unit);
        info!(logger: rig.log, "stopping");
        line
    }

    #[test]
    fn env_logger_keeps_its_filter_and_its_format() {
        let sink = Sink::default();
        let logger = env_logger::Builder::new()
            .parse_filters("info,noisy=off")
            .target(env_logger::Target::Pipe(Box::new(sink.clone())))
            .write_style(env_logger::WriteStyle::Never)
            .format_timestamp(None)
            .build();
        assert_eq!(logger.filter(), LevelFilter::Info);
        let rig = Rig::new(bridge(logger).absorb(Level::Info));
        let line = program(&rig);
        assert_eq!(
            sink.text(),
            format!(
                "[INFO  literal::bridge::loggers] starting\n\
                 [WARN  literal::bridge::loggers] slow\n\
                 [WARN  literal::bridge::loggers] msg=job outcome=ok duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms] found rows=3\"\n\
                 [INFO  literal::bridge::loggers] stopping\n"
            )
        );
    }

    #[test]
    fn env_logger_without_absorbing_prints_every_line() {
        let sink = Sink::default();
        let logger = env_logger::Builder::new()
            .parse_filters("info,noisy=off")
            .target(env_logger::Target::Pipe(Box::new(sink.clone())))
            .format(|buffer, record| {
                use std::io::Write;
                let unit = record.key_values().get(kv::Key::from("unit"));
                let unit = unit.map_or("-".into(), |unit| unit.to_string());
                writeln!(buffer, "{unit} {}", record.args())
            })
            .build();
        program(&Rig::new(bridge(logger)));
        assert_eq!(
            sink.text(),
            "- starting\njob found\njob slow\n- msg=job outcome=ok duration_ms=0.0\n- stopping\n"
        );
    }

    #[test]
    fn fern_keeps_its_filter_and_its_format() {
        let sink = Sink::default();
        let (_, logger) = fern::Dispatch::new()
            .level(LevelFilter::Info)
            .level_for("noisy", LevelFilter::Off)
            .format(|out, message, record| {
                let unit = record.key_values().get(kv::Key::from("unit"));
                let unit = unit.map_or("-".into(), |unit| unit.to_string());
                out.finish(format_args!("{} {unit} {message}", record.level()));
            })
            .chain(Box::new(sink.clone()) as Box<dyn std::io::Write + Send>)
            .into_log();
        let rig = Rig::new(bridge(logger).absorb(Level::Info));
        let line = program(&rig);
        assert_eq!(
            sink.text(),
            format!(
                "INFO - starting\nWARN job slow\n\
                 WARN - msg=job outcome=ok duration_ms=0.0 \
                 fragments=\"[{line}, 0.0ms] found rows=3\"\n\
                 INFO - stopping\n"
            )
        );
    }
}

/// Tests with an installed logger, each in its own process.
mod process {
    use super::*;

    const CHILD: &str = "TRACELINE_BRIDGE_CHILD";

    /// The lines that the ignored test of this name prints in a new process.
    #[track_caller]
    fn lines(name: &str, env: &[(&str, &str)]) -> Vec<String> {
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program)
            .args(["--exact", &format!("bridge::process::{name}"), "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .envs(env.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:#?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |line: &str| line.strip_prefix("> ").map(String::from);
        text.lines().filter_map(ours).collect()
    }

    /// Whether this is a child; the ignored tests do nothing when run by hand.
    fn is_child() -> bool {
        std::env::var_os(CHILD).is_some()
    }

    fn print(text: fmt::Arguments<'_>) {
        // The harness leaves the cursor after the name of the test.
        println!("\n> {text}");
    }

    /// Prints every record.
    struct Prints;

    impl Log for Prints {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            print(format_args!("{}: {}", record.level(), record.args()));
        }
        fn flush(&self) {}
    }

    #[test]
    fn only_install_touches_the_maximal_level() {
        assert_eq!(
            lines("child_maximal_level", &[]),
            [
                "OFF",
                "OFF",
                "DEBUG",
                "INFO: msg=unit duration_ms=0.0",
                "DEBUG",
                "refused: DEBUG"
            ]
        );
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_maximal_level() {
        if !is_child() {
            return;
        }
        let config = Config::builder().header(false).clock(ManualClock::leak());
        config.install().unwrap();
        let max = || print(format_args!("{}", log::max_level()));
        max();
        let ready = bridge(Prints).absorb(Level::Error).absorb_filtered(true);
        let again = bridge(Prints).absorb(Level::Error).absorb_filtered(true);
        max();
        ready.install(LevelFilter::Debug).unwrap();
        max();
        traceline::builder!("unit").start().scope(|| {
            trace!("not even asked");
        });
        max();
        assert!(again.install(LevelFilter::Trace).is_err());
        print(format_args!("refused: {}", log::max_level()));
    }

    #[test]
    fn an_installed_bridge_serves_the_plain_macros() {
        let line = LINE;
        assert_eq!(
            lines("child_plain_macros", &[]),
            [
                "WARN: low".to_owned(),
                format!("WARN: msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] found 3\""),
                "INFO: outside".into(),
            ]
        );
    }

    const LINE: u32 = line!() + 13;

    #[test]
    #[ignore = "run in a child process"]
    fn child_plain_macros() {
        if !is_child() {
            return;
        }
        let config = Config::builder().header(false).clock(ManualClock::leak());
        config.install().unwrap();
        let bridge = bridge(Prints).absorb(Level::Info);
        bridge.install(LevelFilter::Info).unwrap();
        traceline::start!("unit").scope(|| {
            info!("found {}", 3);
            debug!("above the maximal level");
            warn!("low");
        });
        info!("outside");
    }

    #[test]
    fn rust_log_decides_what_is_printed_and_absorbed() {
        let fragment = |n: u32, text: &str| format!("[{}, 0.0ms{text}", RUN + n);
        let run = |filter| lines("child_rust_log", &[("RUST_LOG", filter)]);
        assert_eq!(
            run("info"),
            [
                "max INFO".to_owned(),
                "WARN low".into(),
                format!(
                    "WARN msg=unit duration_ms=0.0 fragments=\"{}\"",
                    fragment(1, "] i")
                ),
            ]
        );
        assert_eq!(
            run("debug"),
            [
                "max DEBUG".to_owned(),
                "WARN low".into(),
                format!(
                    "WARN msg=unit duration_ms=0.0 fragments=\"{}; {}\"",
                    fragment(1, "] i"),
                    fragment(2, ", debug] d")
                ),
            ]
        );
        assert_eq!(
            run("warn"),
            ["max WARN", "WARN low", "WARN msg=unit duration_ms=0.0"]
        );
        assert_eq!(run("off"), ["max OFF"]);
        assert_eq!(run("elsewhere=info"), ["max INFO"]);
    }

    const RUN: u32 = line!() + 22;

    #[test]
    #[ignore = "run in a child process"]
    fn child_rust_log() {
        if !is_child() {
            return;
        }
        use std::io::Write;
        let config = Config::builder().header(false).clock(ManualClock::leak());
        config.install().unwrap();
        let logger = env_logger::Builder::from_default_env()
            .target(env_logger::Target::Stdout)
            .format(|buffer, record| writeln!(buffer, "\n> {} {}", record.level(), record.args()))
            .build();
        let max_level = logger.filter();
        bridge(logger)
            .absorb(Level::Info)
            .install(max_level)
            .unwrap();
        print(format_args!("max {}", log::max_level()));
        traceline::start!("unit").scope(|| {
            // The warning raises the unit's record, so `RUST_LOG=warn` shows it.
            info!("i");
            debug!("d");
            warn!("low");
        });
    }
}

/// A logger between the library and the bridge that builds another record, as
/// `fern` does when it formats.
#[test]
fn a_unit_s_record_that_was_built_anew_on_the_way_is_not_absorbed() {
    struct Rebuilds<L>(L);
    impl<L: Log> Log for Rebuilds<L> {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            self.0.enabled(metadata)
        }
        fn log(&self, record: &Record<'_>) {
            let builder = &mut record.to_builder();
            self.0.log(
                &builder
                    .args(format_args!("[app] {}", record.args()))
                    .build(),
            );
        }
        fn flush(&self) {}
    }
    let out = Keep::leak();
    let clock = ManualClock::leak();
    let log: &'static dyn Log = Box::leak(Box::new(Rebuilds(bridge(out).absorb(Level::Info))));
    let config = Config::builder().header(false).clock(clock).logger(log);
    let config = config.build().unwrap();
    let mut outer = Trace::builder("outer").config(&config).start();
    outer.scope(|| {
        drop(Trace::builder("inner").config(&config).start());
        current::set("a", 1);
    });
    drop(outer);
    assert_eq!(
        out.take(),
        [
            "info: [app] msg=inner duration_ms=0.0",
            "info: [app] msg=outer duration_ms=0.0 a=1",
        ]
    );
}
