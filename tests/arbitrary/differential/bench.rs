//! The clock and the logger, one per thread, and the configurations.

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Level, Log, Metadata, Record};
use traceline::{
    Config, Format,
    bridge::{Bridge, bridge},
    config::{Clock, Color, ConfigBuilder},
};

use crate::reference::rig::{self, MADE};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

thread_local! {
    /// Nanoseconds since `START`.
    static NOW: Cell<u64> = const { Cell::new(0) };
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A clock that advances with every reading.
struct ThreadClock;

impl Clock for ThreadClock {
    fn now(&self) -> Instant {
        NOW.set(NOW.get() + 7_001);
        *START + Duration::from_nanos(NOW.get())
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
}

/// A logger that keeps the records of this thread; it rejects debug records.
pub struct ThreadLog;

impl Log for ThreadLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target) = (record.level(), record.target());
        say(format!("{level}|{target}|{}", record.args()));
    }

    fn flush(&self) {}
}

/// Adds a line to those of this thread.
pub fn say(line: String) {
    SAID.with_borrow_mut(|said| said.push(line));
}

/// Returns the lines that this thread logs while `work` runs.
pub fn lines(work: impl FnOnce()) -> Vec<String> {
    rig::install();
    NOW.set(0);
    work();
    SAID.take()
}

/// The keys that one configuration or another redacts.
pub const REDACTED: [&str; 6] = ["secret", "pw", "db", "k3", "k5", "m7"];

/// The indices of the configurations that redact.
pub const REDACTING: [usize; 2] = [1, 3];

pub static CONFIGS: LazyLock<[Config; 5]> = LazyLock::new(|| {
    [
        Config::builder(),
        Config::builder()
            .format(Format::Json)
            .redact(["secret", "pw", "db", "k5"]),
        Config::builder()
            .header(false)
            .max_fields(9)
            .max_fragments(4)
            .max_value(64),
        Config::builder()
            .redact(["k3", "secret", "m7"])
            .field("service", "shop"),
        Config::builder()
            .format(Format::Pretty)
            .color(Color::Never)
            .max_record(1_200)
            .max_fields(40),
    ]
    .map(build)
});

fn build(builder: ConfigBuilder) -> Config {
    let builder = builder.logger(&ThreadLog).clock(&ThreadClock).ids(&MADE);
    builder.build().expect("settings make sense")
}

/// A bridge that absorbs what is not urgent, and a flight recorder for everything.
pub static BRIDGES: LazyLock<[Bridge<ThreadLog>; 2]> = LazyLock::new(|| {
    [
        bridge(ThreadLog).absorb(Level::Info),
        bridge(ThreadLog)
            .absorb(Level::Error)
            .absorb_filtered(true)
            .only_on_failure(true),
    ]
});
