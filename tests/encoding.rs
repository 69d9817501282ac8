//! The encoding rules, each tested by name with whole lines expected.
//!
//! `logfmt.rs` and `json.rs` cover how single values are written.

mod fragments;
mod keys;
mod limits;
mod order;
mod settings;

use traceline::{Config, Format, Trace, config::ConfigBuilder};

use crate::util;

fn logfmt() -> ConfigBuilder {
    Config::builder()
}

fn json() -> ConfigBuilder {
    Config::builder().format(Format::Json)
}

/// Compares the part after `duration_ms` in the line of each format.
#[track_caller]
fn expect(work: impl Fn(&mut Trace), logfmt_rest: &str, json_rest: &str) {
    util::same_line(
        &util::record(logfmt(), &work),
        &util::logfmt_line(logfmt_rest),
    );
    util::same_line(&util::record(json(), &work), &util::json_line(json_rest));
}
