//! What holds for any input, one function a target of the fuzzer: each panics where something does not.
//!
//! What is read is read once more by something slow and plain, written from the specification or from encoding.md and never
//! from the code.

#![forbid(unsafe_code)]

mod b3;
mod document;
mod faults;
mod fields;
pub mod headers;
pub mod program;
mod records;
pub mod structured;
pub mod traceparent;
pub mod tracestate;
pub mod viewer;
mod w3c;
mod work;

#[path = "../../arbitrary/reference/mod.rs"]
mod reference;
#[path = "../../util/mod.rs"]
mod util;

/// A target: its name, which is that of its folder of seeds, and what it does with one input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("headers", headers::check),
    ("program", program::check),
    ("structured", structured::check),
    ("traceparent", traceparent::check),
    ("tracestate", tracestate::check),
    ("viewer", viewer::check),
];
