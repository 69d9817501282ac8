//! Shared by the benches: a logger, configurations, the settings of criterion.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod units;

use std::cell::RefCell;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use log::{LevelFilter, Log, Metadata, Record};
use traceline::{
    Config, Format,
    config::{Color, ConfigBuilder},
};

/// The formats for machines. They differ enough for a row each.
pub const FORMATS: [(&str, Format); 2] = [("logfmt", Format::Logfmt), ("json", Format::Json)];

/// Takes every record.
pub static ALL: Kept = Kept(LevelFilter::Trace);

/// Takes warnings and errors.
pub static WARNINGS: Kept = Kept(LevelFilter::Warn);

/// Takes nothing.
pub static NOTHING: Kept = Kept(LevelFilter::Off);

/// The target that no logger here takes.
pub const REFUSED: &str = "refused";

/// A logger that overwrites the previous record with each new one. Backends make this copy before
/// they write to a file, so a record costs one copy; the file itself is not measured.
pub struct Kept(LevelFilter);

thread_local! {
    // One per thread, so that two threads never wait for each other here.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.0 && metadata.target() != REFUSED
    }

    fn log(&self, record: &Record<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let _ = line.write_fmt(*record.args());
            black_box(line.as_str());
        });
    }

    fn flush(&self) {}
}

/// The length of the last record of this thread.
pub fn last_len() -> usize {
    LINE.with_borrow(String::len)
}

/// The defaults, `ts` and `level` included, with a logger that takes everything.
pub fn config(format: Format) -> Config {
    build(Config::builder().format(format).logger(&ALL))
}

/// Builds a configuration, without colour, which would depend on where the bench runs.
pub fn build(builder: ConfigBuilder) -> Config {
    let config = builder.color(Color::Never).build();
    config.expect("the settings make sense")
}

/// Makes keys that live as long as the program, as literals do.
pub fn keys(stem: &str, count: usize) -> Vec<&'static str> {
    let key = |i| &*format!("{stem}_{i:03}").leak();
    (0..count).map(key).collect()
}

/// Settings for short rows, so that all benches together take a few minutes. To compare two
/// versions, allow more, as in `-- --measurement-time 5 --sample-size 100`.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .nresamples(10_000)
        .without_plots()
}
