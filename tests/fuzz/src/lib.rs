//! Rules that hold for any input, one function per fuzz target: each panics if a rule is broken.
//!
//! Whatever the library reads is read again by something slow and plain, written from the specification or the encoding
//! rules and never from the code.

#![forbid(unsafe_code)]

mod b3;
mod document;
mod faults;
mod fields;
pub mod headers;
pub mod program;
pub mod readers;
mod records;
pub mod structured;
pub mod threads;
pub mod traceparent;
pub mod tracestate;
pub mod viewer;
mod w3c;
mod work;

#[path = "../../arbitrary/reference/mod.rs"]
mod reference;
#[path = "../../util/mod.rs"]
mod util;

/// A target: its name, also that of its folder of seeds, and the function that takes one input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("containers", readers::containers),
    ("headers", headers::check),
    ("program", program::check),
    ("query", readers::query),
    ("structured", structured::check),
    ("threads", threads::check),
    ("times", readers::times),
    ("traceparent", traceparent::check),
    ("tracestate", tracestate::check),
    ("viewer", viewer::check),
];
