//! The rules of `encoding.md`, each a test named after it, with whole lines expected.
//!
//! How single values are written is in `logfmt.rs` and `json.rs`.

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

/// Expects what follows `duration_ms` in the line of each format.
#[track_caller]
fn expect(work: impl Fn(&mut Trace), logfmt_rest: &str, json_rest: &str) {
    util::same_line(
        &util::record(logfmt(), &work),
        &util::logfmt_line(logfmt_rest),
    );
    util::same_line(&util::record(json(), &work), &util::json_line(json_rest));
}
