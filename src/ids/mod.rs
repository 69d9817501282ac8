//! Ids that cross services: W3C Trace Context level 2, and B3 of incoming calls.
//!
//! Ids are parsed by table, to the letter of <https://www.w3.org/TR/trace-context-2/>:
//! `from_str_radix` would accept a sign, upper case and short fields, and an id that
//! one service accepts and the next refuses breaks a trace in two.

// From the top down: a file names only files below it (tests/layers.rs).
#[cfg(feature = "uuid")]
mod uuid;
pub(crate) mod headers;
pub(crate) mod traceparent;
pub(crate) mod tracestate;
pub(crate) mod source;
pub(crate) mod id;
pub(crate) mod random;
pub(crate) mod hex;
mod error;

pub use error::IdError;
pub use id::{SpanId, TraceId};
pub use source::IdSource;
pub use traceparent::TraceParent;
pub use tracestate::TraceState;
