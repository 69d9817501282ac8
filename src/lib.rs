//! logtrace
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod bytes;
mod clock;
mod config;
mod emit;
mod encode;
mod entry;
mod failure;
mod guard;
mod key;
mod macros;
mod message;
mod number;
mod owned;
mod pool;
mod trace;
mod value;

pub use builder::TraceBuilder;
pub use clock::Clock;
pub use config::{
    Color, Config, ConfigBuilder, ConfigError, Format, Integers, LineTag, Name, NonFinite,
};
pub use entry::Outcome;
pub use failure::Failure;
pub use key::{Key, ToKey, key};
pub use message::Message;
pub use number::Number;
pub use owned::OwnedValue;
pub use trace::{Timer, Trace};
pub use value::{ToValue, Value, debug, display, mask, null, text_lossy};

/// The name of a raw identifier.
#[doc(hidden)]
pub const fn __unraw(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}
