//! A logger that keeps what it receives and a clock that a test moves, so that
//! whole lines can be expected. No test that uses this installs a global logger.

// Each test file compiles a copy of this module and uses a part of it.
#![allow(dead_code)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata};
use traceline::{
    Config, Trace,
    config::{Clock, ConfigBuilder, ConfigError},
    ids::{IdSource, SpanId, TraceId},
};

/// The time that [`ManualClock::wall`] returns: 2026-11-21T08:46:00.123456789Z.
pub const WALL: Duration = Duration::new(1_795_250_760, 123_456_789);

/// [`WALL`] as it appears in records.
pub const TS: &str = "2026-11-21T08:46:00.123456Z";

/// One `log::Record`, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    pub level: Level,
    pub target: String,
    pub module: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
    /// The text of the record.
    pub args: String,
}

/// A logger that keeps every record it is given.
#[derive(Debug)]
pub struct Capture {
    most: LevelFilter,
    records: Mutex<Vec<Captured>>,
}

impl Capture {
    /// A logger that takes every level. Leaked: a logger is `&'static`.
    pub fn leak() -> &'static Capture {
        Capture::up_to(LevelFilter::Trace)
    }

    /// A logger whose `enabled` rejects records less severe than `most`.
    pub fn up_to(most: LevelFilter) -> &'static Capture {
        Box::leak(Box::new(Capture {
            most,
            records: Mutex::default(),
        }))
    }

    /// Builds a configuration that sends to this logger.
    #[track_caller]
    pub fn config(&'static self, builder: ConfigBuilder) -> Config {
        builder.logger(self).build().expect("settings make sense")
    }

    /// The same, for settings that may be invalid.
    pub fn try_config(&'static self, builder: ConfigBuilder) -> Result<Config, ConfigError> {
        builder.logger(self).build()
    }

    /// The records so far, oldest first.
    pub fn records(&self) -> Vec<Captured> {
        self.lock().clone()
    }

    /// Returns the records' texts so far and forgets them.
    pub fn take_lines(&self) -> Vec<String> {
        let records = std::mem::take(&mut *self.lock());
        records.into_iter().map(|record| record.args).collect()
    }

    /// Returns the only record so far and forgets it.
    #[track_caller]
    pub fn only(&self) -> Captured {
        let mut records = std::mem::take(&mut *self.lock());
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Captured>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.most
    }

    fn log(&self, record: &log::Record<'_>) {
        self.lock().push(Captured {
            level: record.level(),
            target: record.target().into(),
            module: record.module_path().map(Into::into),
            file: record.file().map(Into::into),
            line: record.line(),
            args: record.args().to_string(),
        });
    }

    fn flush(&self) {
        panic!("traceline never calls flush");
    }
}

/// A clock that stands still until it is advanced.
#[derive(Debug)]
pub struct ManualClock {
    base: Instant,
    nanos: AtomicU64,
    wall: SystemTime,
}

impl ManualClock {
    /// A clock whose wall time is [`WALL`]. Leaked: a clock is `&'static`.
    pub fn leak() -> &'static ManualClock {
        ManualClock::at(UNIX_EPOCH + WALL)
    }

    /// A clock whose wall time is `wall`.
    pub fn at(wall: SystemTime) -> &'static ManualClock {
        Box::leak(Box::new(ManualClock {
            base: Instant::now(),
            nanos: AtomicU64::new(0),
            wall,
        }))
    }

    /// Advances the monotonic time.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).expect("under 584 years");
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.base + Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        self.wall
    }
}

/// Always makes the same ids: the first byte sixteen times, the second eight times.
pub struct FixedIds(pub u8, pub u8);

impl IdSource for FixedIds {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([self.0; 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([self.1; 8])
    }
}

/// A logger, a clock and a configuration that uses both.
#[derive(Debug)]
pub struct Bench {
    pub log: &'static Capture,
    pub clock: &'static ManualClock,
    pub config: Config,
}

impl Bench {
    #[track_caller]
    pub fn new(builder: ConfigBuilder) -> Bench {
        let (log, clock) = (Capture::leak(), ManualClock::leak());
        Bench {
            log,
            clock,
            config: log.config(builder.clock(clock)),
        }
    }

    /// A trace called `unit`; its target is the configuration's.
    #[track_caller]
    pub fn start(&self) -> Trace {
        Trace::builder("unit").config(&self.config).start()
    }
}

/// The only line of a unit called `unit`, in which no time passes.
#[track_caller]
pub fn record(builder: ConfigBuilder, work: impl FnOnce(&mut Trace)) -> String {
    let bench = Bench::new(builder);
    let mut trace = bench.start();
    work(&mut trace);
    trace.emit();
    bench.log.only().args
}

/// The logfmt line of [`record`] whose pairs after `duration_ms` are `rest`.
pub fn logfmt_line(rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!("ts={TS} level=info msg=unit duration_ms=0.0{space}{rest}")
}

/// The JSON line of [`record`] whose members after `duration_ms` are `rest`.
pub fn json_line(rest: &str) -> String {
    let comma = if rest.is_empty() { "" } else { "," };
    format!(r#"{{"ts":"{TS}","level":"info","msg":"unit","duration_ms":0.0{comma}{rest}}}"#)
}

/// Asserts that both texts are the same; otherwise shows where they differ.
#[track_caller]
pub fn same_line(got: &str, want: &str) {
    if got != want {
        let at = got.bytes().zip(want.bytes()).take_while(|(a, b)| a == b);
        let at = at.count();
        panic!("differs at byte {at}\n got: {got}\nwant: {want}");
    }
}

/// Adds a fragment from a file that is not a test's; returns the line of the call.
pub fn add_from_here(trace: &mut Trace, text: &str) -> u32 {
    trace.add(text);
    line!() - 1
}

/// The record is one line, without characters that act on a terminal.
#[track_caller]
pub fn assert_one_safe_line(line: &str) {
    let unsafe_char = |char: char| {
        char.is_control()
            || matches!(char, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    assert!(!line.contains(unsafe_char), "{line:?}");
}
