//! Code in another file for `line_tags.rs`, like a user's helper.

use traceline::{Config, Trace};

/// Starts a trace in this file.
pub fn start(config: &Config) -> Trace {
    Trace::builder("unit").config(config).start()
}

/// Adds a fragment here; returns the line of the call.
pub fn add(trace: &mut Trace) -> u32 {
    trace.add("elsewhere");
    line!() - 1
}

/// Adds a fragment with the line of the caller.
#[track_caller]
pub fn add_for_caller(trace: &mut Trace) {
    trace.add("on behalf");
}
