//! What `RUST_LOG` lets through.
//!
//! A record has the most severe of these levels: the one set for the unit, those
//! of what happened in it, and that of its end. The logger filters by that level
//! and by the target: the module that contains `start!`, here `levels` or
//! `levels::jobs`. `Trace::new` is not a macro and cannot see it: `traceline`.
//!
//! ```text
//! levels        ts=2026-11-21T16:33:40.659667Z level=info msg=served outcome=ok duration_ms=0.032
//! levels        ts=2026-11-21T16:33:40.659876Z level=warn msg=retried outcome=ok duration_ms=0.036 fragments="[63, 0.035ms, warn] no answer, asked again"
//! levels        ts=2026-11-21T16:33:40.660011Z level=error msg=broken outcome=error duration_ms=0.042 error="disk full"
//! levels::jobs  ts=2026-11-21T16:33:40.660163Z level=info msg=nightly outcome=ok duration_ms=0.044
//! traceline      ts=2026-11-21T16:33:40.660244Z level=info msg=no_macro duration_ms=0.031
//! ```
//!
//! | command | records |
//! |---|---|
//! | (none) | served, retried, broken, nightly, no_macro |
//! | `RUST_LOG=debug` | polled, served, retried, broken, nightly, no_macro |
//! | `RUST_LOG=warn` | retried, broken |
//! | `RUST_LOG=levels=info` | served, retried, broken, nightly |
//! | `RUST_LOG=levels::jobs=info` | nightly |
//! | `RUST_LOG=traceline=info` | no_macro |
//! | `RUST_LOG=off` | none |
//!
//! If the filter would reject even an error from the target (`off`, or a filter
//! that names other targets), the trace is disabled: a call on it costs a branch.

use std::io::Write;

use log::Level;
use traceline::Trace;

fn main() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        // The target is not part of a record; this example prints it anyway.
        .format(|buffer, record| writeln!(buffer, "{:13} {}", record.target(), record.args()))
        .init();

    polled();
    served();
    retried();
    broken();
    jobs::nightly();
    Trace::new("no_macro").emit();
}

/// Uninteresting unless it fails, so started at debug.
fn polled() {
    let mut trace = traceline::start!("polled", level: Level::Debug);
    trace.add("nothing new").ok();
}

/// Info is the default.
fn served() {
    let mut trace = traceline::start!("served");
    trace.ok();
}

/// A warning along the way raises the record to a warning, although it ended well.
fn retried() {
    let mut trace = traceline::start!("retried");
    trace.warn("no answer, asked again").ok();
}

/// An error overrides the level that was set for the unit.
fn broken() {
    let mut trace = traceline::start!("broken", level: Level::Debug);
    trace.error("disk full");
}

mod jobs {
    /// The target is `levels::jobs`, which a filter can name separately.
    pub fn nightly() {
        let mut trace = traceline::start!("nightly");
        trace.ok();
    }
}
