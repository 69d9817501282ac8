//! Three more lines give a program full of `log::info!` one record per job.
//!
//! They are marked with `// +`. No other code knows about this crate: not
//! `import`, and not the libraries that it calls. Warnings remain lines of their
//! own, since somebody may be waiting for them.
//!
//! ```text
//! cargo run --example adopt
//! ```
//!
//! ```text
//! INFO  starting
//! INFO  ts=2026-11-21T16:33:40.435718Z level=info msg=import duration_ms=0.235 fragments="[41, 0.193ms] reading monday.csv; [43, 0.227ms] parsed rows=10 sorted=true; [48, 0.231ms] wrote 10 rows"
//! WARN  tuesday.csv: no header, took the one of the day before
//! WARN  ts=2026-11-21T16:33:40.435821Z level=warn msg=import duration_ms=0.037 fragments="[41, 0.007ms] reading tuesday.csv; [43, 0.012ms] parsed rows=11 sorted=true; [48, 0.035ms] wrote 11 rows"
//! INFO  done
//! ```

use std::io::Write;

fn main() {
    let logger = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .format(|buffer, record| writeln!(buffer, "{:5} {}", record.level(), record.args()))
        .build();
    traceline::bridge(logger) // +
        .absorb(log::Level::Info)
        .install(log::LevelFilter::Info)
        .expect("the only logger");

    log::info!("starting");
    for file in ["monday.csv", "tuesday.csv"] {
        let mut trace = traceline::start!("import"); // +
        trace.scope(|| import(file)); // +
    }
    log::info!("done");
}

/// The same as before.
fn import(file: &str) {
    log::info!("reading {file}");
    let rows = file.len();
    log::info!(rows, sorted = true; "parsed");
    if file.starts_with('t') {
        log::warn!("{file}: no header, took the one of the day before");
    }
    log::debug!("not of interest");
    log::info!("wrote {rows} rows");
}
