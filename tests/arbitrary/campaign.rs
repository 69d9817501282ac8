//! One fault at every step: which promises of the library hold when code, a
//! thread or the process breaks, counted and printed as a table.
//!
//! `tests/faults.rs` has single cases; this test is systematic. A unit that uses
//! every feature runs again and again, each time with the fault one step later,
//! and its records are compared with what it had captured by then.
//!
//! ```text
//! cargo test -p traceline-arbitrary --features future --test campaign -- --nocapture
//! ```
//!
//! The table is also written to `campaign.txt` in the `tmp` of the target directory.

#[path = "../util/mod.rs"]
mod util;

#[cfg(feature = "future")]
#[path = "campaign/futures.rs"]
mod futures;
#[path = "campaign/kills.rs"]
mod kills;
#[path = "campaign/ledger.rs"]
mod ledger;
#[path = "campaign/loggers.rs"]
mod loggers;
#[path = "campaign/memory.rs"]
mod memory;
#[path = "campaign/panics.rs"]
mod panics;
#[path = "campaign/probe.rs"]
mod probe;
#[path = "campaign/recorder.rs"]
mod recorder;
#[path = "campaign/report.rs"]
mod report;
#[path = "campaign/run.rs"]
mod run;
#[path = "campaign/script.rs"]
mod script;

use report::Report;

#[test]
fn every_promise_holds_with_a_fault_at_every_step() {
    log::set_max_level(log::LevelFilter::Trace);
    let mut report = Report::default();
    // Hundreds of panics are intended and should print nothing.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    loggers::campaign(&mut report);
    panics::campaign(&mut report);
    #[cfg(feature = "future")]
    futures::campaign(&mut report);
    #[cfg(not(feature = "future"))]
    report.note("futures: not without the feature `future`");
    std::panic::set_hook(hook);
    kills::campaign(&mut report);
    memory::campaign(&mut report);
    report.publish();
    report.assert_kept();
}
