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
pub const TARGETS: [Target; 7] = [
    ("headers", headers::check),
    ("program", program::check),
    ("structured", structured::check),
    ("threads", threads::check),
    ("traceparent", traceparent::check),
    ("tracestate", tracestate::check),
    ("viewer", viewer::check),
];
