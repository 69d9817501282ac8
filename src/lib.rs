//! Collects everything that happens during one unit of work (a request, a job, a run of a tool) and emits it as one
//! logfmt or JSON record through the [`log`] facade.
//!
//! Ordinary log calls scatter a unit over many lines, between the lines of its neighbours, and anyone who wants to
//! know how it went has to find those lines and put them together again. A [`Trace`] keeps them together from the
//! start. It emits its record when it is dropped, so every way out of a function leaves exactly one: a `return`, a
//! `?`, a panic, the cancellation of a future.
//!
//! ```
//! fn reserve(shelf: u64, wanted: u64) -> Result<u64, String> {
//!     let mut trace = traceline::start!("reserve"); // a unit of work begins
//!     trace.set("shelf", shelf); // a field
//!     trace.add("counting"); // a fragment
//!     let left = trace.check(count(shelf).checked_sub(wanted).ok_or("too few left"))?;
//!     trace.set("left", left).ok();
//!     Ok(left)
//! } // the trace is dropped, and its record emitted
//!
//! fn count(_shelf: u64) -> u64 {
//!     3
//! }
//!
//! # #[cfg(feature = "env_logger")]
//! traceline::init(); // feature `env_logger`; any other logger works too
//! assert_eq!(reserve(7, 2), Ok(1));
//! assert!(reserve(7, 5).is_err());
//! ```
//!
//! ```text
//! ts=2026-11-30T15:45:52.100597Z level=info msg=reserve outcome=ok duration_ms=0.089 shelf=7 left=1 fragments="[4, 0.081ms] counting"
//! ts=2026-11-30T15:45:52.100641Z level=error msg=reserve outcome=error duration_ms=0.005 shelf=7 error="too few left" fragments="[4, 0.001ms] counting"
//! ```
//!
//! The [guide](_guide) has a chapter for each topic, from [a first record](_guide::getting_started) to
//! [services](_guide::services) and [what it costs](_guide::performance).
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | unit of work | what one record is about: a request, a job, a run of a tool; begun by [`start!`], [`builder!`] or [`run!`] |
//! | [`Trace`] | the collector of one unit of work; not to be confused with a distributed trace |
//! | canonical log line | the one line that is printed per unit of work |
//! | field | a key with a typed value: [`set`](Trace::set), [`set!`], [`incr`](Trace::incr), [`time`](Trace::time) |
//! | fragment | a text with its source line and the time since the start: [`add`](Trace::add), [`add!`], [`warn`](Trace::warn) |
//! | [`Outcome`] | how a unit ended: `ok`, `error`, `panic` or `cancelled`; set by [`ok`](Trace::ok), [`check`](Trace::check), [`fail`](Trace::fail), [`status`](Trace::status) and [`run!`]; unset by [`recovered`](Trace::recovered) |
//! | [`Level`] | how severe the record is: the most severe of the unit's own level, its fragments and its outcome |
//! | record | the finished text of a unit, which the logger receives as the message of a single log call |
//! | emit | to hand the record to the logger, once; dropping a trace does it |
//! | discard | to end the unit without a record: [`discard`](Trace::discard) |
//! | disabled | a trace is disabled if the logger would reject its record even at level error: each call on it is then a single branch |
//! | current | reachable on this thread through [`current`], without a handle: the unit of [`run!`], or one inside [`scope`](Trace::scope) or [`enter`](Trace::enter) |
//! | part | what another thread or task collects for a unit, merged into its record: [`UnitRef`], [`Part`] |
//!
//! # Formats
//!
//! [`Format::Logfmt`] is the default:
//!
//! ```text
//! ts=2026-11-21T17:57:11.926276Z level=warn msg=import outcome=ok duration_ms=4.348 file="a b.csv" write.count=2 write.ms=4.188 write.max_ms=3.096 rows=12 bytes=935 fragments="[14, 4.326ms, warn] 2 rows skipped"
//! ```
//!
//! [`Format::Json`] writes one object on one line:
//!
//! ```text
//! {"ts":"2026-11-21T17:57:11.941150Z","level":"warn","msg":"import","outcome":"ok","duration_ms":14.742,"file":"a b.csv","write.count":2,"write.ms":14.625,"write.max_ms":10.653,"rows":12,"bytes":935,"fragments":[{"at_ms":14.723,"line":14,"level":"warn","msg":"2 rows skipped"}]}
//! ```
//!
//! [`Format::Pretty`] uses several lines and is meant for a person at a terminal:
//!
//! ```text
//! import  ok  3.878ms  warn  2026-11-21T17:57:11.945207Z
//!   file             a b.csv
//!   write.count      2
//!   write.ms         3.794
//!   write.max_ms     2.711
//!   rows             12
//!   bytes            935
//!        +3.866ms  src/import.rs:14  2 rows skipped
//! ```
//!
//! Keys keep a fixed [order](_guide::fields_and_fragments) and never repeat. [`Config`] sets the format, names, limits and
//! redaction for the process; [`TraceBuilder::config`] does so for a single trace.
//!
//! The crate is not a logger, although [`init`](_guide::getting_started) can install one. Without a logger, every trace is
//! disabled.
//!
//! # Features
//!
//! All are off by default.
//!
//! * `env_logger`: `init` and `init_to` install a logger in one line. Needs `env_logger` without its default features.
//! * `future`: methods that make a future a lap of a timer (`timed`), a part of a unit (`in_current_unit`, `in_unit`) or
//!   a unit of its own (`in_trace`, `run_in_trace`). [`run!`] takes `async` closures without it. Needs
//!   `pin-project-lite`.
//! * `serde`: `json(&x)` records any `Serialize` as a structured value. Needs `serde` and `serde_json`.
//! * `uuid`: `uuid::Uuid` as a value and as the id of a transaction. Needs `uuid`.
//! * `testing`: the records of a test, with typed fields and without a logger, and a clock that you move. Needs
//!   `pin-project-lite`.
//! * `tower`: layers that make each HTTP request a unit, for axum, tonic and hyper. Needs `future`, `tower-layer`,
//!   `tower-service`, `http`, `http-body` and `bytes`.
//!
//! # Inside
//!
//! For readers of the source: data flows through the rooms, which are the folders of `src`, in this order. You call
//! the methods of `trace`; `context` finds the trace where you have no handle ([`current`], futures, panics), `tower`
//! does so for HTTP, and [`bridge`](mod@bridge) for ordinary log calls. `value` turns the values you pass in into
//! typed ones, and `ids` reads and makes W3C ids. `unit` holds the data of one unit, which its `store` packs into a
//! few flat arrays; your code (a `Display`, a closure) runs only up to this point. `thread` keeps what a thread needs
//! between units: spare memory and the stack of current units. When the unit ends, `emit` applies the filter and the
//! sampling, `encode` writes the record, and `emit` hands it to the logger. [`config`] decides how all of that is
//! done, `testing` captures the records, and `base` has the clock and the guard against panics. A room names only
//! rooms below it; `tests/layers.rs` has their levels.
//!
//! # Rust version
//!
//! Rust 1.88 or later.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(doc, doctest))]
pub mod _guide;
mod macros;
#[cfg(feature = "env_logger")]
mod init;
#[cfg(feature = "tower")]
pub mod tower;
mod context;
mod trace;
pub mod bridge;
mod emit;
mod encode;
mod thread;
mod unit;
#[cfg(feature = "testing")]
pub mod testing;
pub mod config;
pub mod ids;
pub mod value;
mod base;

pub use bridge::bridge;
pub use bridge::format_record::format_record;
pub use config::choices::Format;
pub use config::process::Config;
pub use context::cancel::{CancelGuard as __CancelGuard, RunFuture as __RunFuture};
pub use context::current;
#[cfg(feature = "future")]
pub use context::future::{self, InTraceExt as _};
pub use context::panic_hook::{panic_hook, panic_hook_final};
#[cfg(feature = "env_logger")]
pub use init::{init, init_to};
pub use log::Level;
pub use trace::Trace;
pub use trace::builder::{__builder, __start, TraceBuilder};
pub use trace::join::Part;
pub use trace::shared::SharedTrace;
pub use trace::time::Timer;
pub use trace::unit_ref::UnitRef;
pub use value::key::key;
pub use value::kind::{Value, debug, display, mask, null, text_lossy};
pub use value::outcome::Outcome;
#[cfg(feature = "serde")]
pub use value::serde::json;
pub use value::to_value::ToValue;

/// Tests the examples of the README, which install a logger and use methods of futures.
#[cfg(all(doctest, feature = "env_logger", feature = "future"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Removes the mark of a raw identifier.
#[doc(hidden)]
pub const fn __unraw(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}
