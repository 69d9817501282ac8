//! Tests whose expected values are literals, in one program: a file per subject, a test per rule.
//!
//! They share a process, so none may install a logger, a configuration or a panic hook. Those that
//! must are in `alloc.rs`, `global.rs` and `testing.rs`, or start this program again as a child.

mod cases;
#[path = "child/counting.rs"]
mod counting;
#[path = "child/hooks.rs"]
mod hooks;
#[path = "util/tags.rs"]
mod tags;
#[path = "util/typed.rs"]
mod typed;
mod util;

mod api;
mod bounds;
mod bridge;
mod config;
mod current;
mod docs;
mod emit;
mod encoding;
mod faults;
mod guards;
mod guide;
mod ids;
mod json;
mod key_values;
mod laps;
mod laps_elsewhere;
mod line_tags;
mod logfmt;
mod nested;
mod missed;
mod ordinary;
mod panic_hook;
mod pretty;
mod process_ends;
mod sampling;
mod schemas;
#[cfg(feature = "serde")]
mod structured;
mod threads;
mod threads_merge;
mod threads_of_a_unit;
mod transaction;
mod unit_ref;
mod unwinding;
#[cfg(feature = "uuid")]
mod uuids;
