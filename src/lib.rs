//! One unit of work, one log line: a [`Trace`] gathers what happens while the unit runs and emits it as one logfmt or
//! JSON record through the [`log`] facade.
//!
//! LogRecord log calls scatter a request, a job or a run of a tool over many lines, between the lines of its neighbours.
//! To learn what became of it, its lines have to be found again and put together. A trace puts them together while they
//! are made: typed fields, counters, timers and *fragments*, which are texts with the source line and the time since the
//! start. The record is emitted when the trace is dropped, however that comes about: at the end of a function, by `?`, by
//! a panic, by the cancellation of a future.
//!
//! ```
//! use std::io::Write;
//!
//! fn authenticate(token: &str) -> Result<u64, String> {
//!     let mut trace = traceline::start!("auth");
//!     trace.set("method", "POST").set("token", traceline::mask(token, 4));
//!     trace.add("auth header read");
//!     let user_id = trace.time("db", |_| find_user(token));
//!     let user_id = trace.check(user_id)?;
//!     traceline::add!(trace, "got key from token table: {user_id}");
//!     trace.set("user_id", user_id).ok();
//!     Ok(user_id)
//! } // the record is emitted here
//!
//! fn find_user(token: &str) -> Result<u64, String> {
//!     (token == "2c59999137d0").then_some(7).ok_or("unknown token".into())
//! }
//!
//! env_logger::Builder::new()
//!     .filter_level(log::LevelFilter::Info)
//!     .format(|buffer, record| writeln!(buffer, "{}", record.args())) // the record alone, no prefix
//!     .init();
//! assert_eq!(authenticate("2c59999137d0"), Ok(7));
//! assert!(authenticate("77e0f1b2c3d4").is_err());
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.783631Z level=info msg=auth outcome=ok duration_ms=0.13 method=POST token="2c59******" db.count=1 db.ms=0.002 db.max_ms=0.002 user_id=7 fragments="[6, 0.105ms] auth header read; [9, 0.124ms] got key from token table: 7"
//! ts=2026-11-21T16:33:40.783774Z level=error msg=auth outcome=error duration_ms=0.014 method=POST token="77e0******" db.count=1 db.ms=0.0 db.max_ms=0.0 error="unknown token" fragments="[6, 0.003ms] auth header read"
//! ```
//!
//! The [guide](_guide) has the whole of it in chapters.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | unit of work | what one record is about: a request, a job, a run of a tool |
//! | [`Trace`] | the collector of one unit of work; not a distributed trace |
//! | canonical log line | the one line that is printed per unit of work |
//! | field | a key with a typed value: [`set`](Trace::set), [`set!`], [`incr`](Trace::incr), [`time`](Trace::time) |
//! | fragment | a text with its source line and the time since the start: [`add`](Trace::add), [`add!`], [`warn`](Trace::warn) |
//! | record | the finished text of a unit, the message of one call of the logger |
//! | emit | hand the record over, once; what dropping a trace does |
//! | discard | end the unit without a record: [`discard`](Trace::discard) |
//! | current | reached by [`current`] from wherever this thread is: [`scope`](Trace::scope), [`enter`](Trace::enter) |
//! | part | what another thread gathers of a unit: [`Part`] |
//!
//! # How a trace is used
//!
//! [`start!`] begins a trace; [`builder!`] does with more settings; [`run!`] runs a closure as a unit and takes the outcome
//! from its `Result`. Functions that take part get a `&mut Trace`:
//!
//! ```
//! use traceline::Trace;
//!
//! fn import(path: &str) -> std::io::Result<usize> {
//!     traceline::run!("import", |trace| {
//!         trace.set("file", path);
//!         let text = std::fs::read_to_string(path)?;
//!         count_rows(trace, &text);
//!         Ok(text.len())
//!     })
//! }
//!
//! fn count_rows(trace: &mut Trace, text: &str) {
//!     for line in text.lines() {
//!         trace.incr("rows").max("longest", line.len());
//!     }
//! }
//! # let _ = import("Cargo.toml");
//! ```
//!
//! A trace can be held in a struct, across an `.await`, and moved to another thread. Where only a `&mut Trace` is at hand,
//! `std::mem::take` takes the trace out and leaves a disabled one.
//!
//! # Where no handle is at hand
//!
//! [`scope`](Trace::scope) and [`enter`](Trace::enter) make the trace the *current* one of the thread, and so does [`run!`]
//! with a closure that takes no argument. Code below reaches it by the functions of [`current`], which do nothing where
//! no trace is current. Units nest; the one entered last is current.
//!
//! ```
//! use traceline::current;
//!
//! fn checkout(cart: &[u64]) -> Result<u64, String> {
//!     traceline::run!("checkout", || {
//!         current::set("items", cart.len());
//!         charge(cart.iter().sum())
//!     })
//! }
//!
//! fn charge(cents: u64) -> Result<u64, String> {
//!     current::add!("charging {cents} cents");
//!     current::check(cents.checked_sub(1).ok_or("nothing to pay".to_owned()))
//! }
//! # assert!(checkout(&[]).is_err());
//! ```
//!
//! | where | how |
//! |---|---|
//! | futures | `future.in_trace(trace)`, `future.run_in_trace(trace)`, `run!(name, async \|\| …)`, on any executor; feature `future` |
//! | several threads | [`part`](Trace::part) and [`join`](Trace::join), without a lock; [`into_shared`](Trace::into_shared), a handle to clone |
//! | HTTP servers | `tower::TraceLayer`, one unit a request; feature `tower` |
//! | ordinary log calls | [`bridge()`] wraps a logger: they become fragments, or go on with the name and the ids of the unit |
//! | panics | [`panic_hook`] keeps message and place |
//!
//! # Outcome and level
//!
//! The [`Outcome`] is `ok`, `error`, `panic` or `cancelled` (a future that was dropped before it was ready).
//! [`ok`](Trace::ok), [`error`](Trace::error), [`check`](Trace::check), [`fail`](Trace::fail), a [`status`](Trace::status)
//! from 500 on and [`run!`] say it; the last word counts, but `cancelled` beats it, and a panic beats both. Where nothing
//! was said, nothing is written.
//!
//! The level is the most severe of the level that the trace was given (info unless told otherwise), of its fragments, of
//! what [`raise`](Trace::raise) said, and of the outcome: `error` and `panic` make it error, `cancelled` warn. Outcome and
//! level are two things: a 404 is a warning without being an error. [`set_level`](Trace::set_level) overwrites the level
//! alone.
//!
//! Loggers filter by the level at the *end* of the unit and by the target, which is the module that `start!` stands in;
//! [`Trace::new`] is no macro, and its target is `traceline` or that of the [configuration](ConfigBuilder::target). A filter
//! such as `RUST_LOG=myapp=info` drops such a record.
//!
//! # Formats
//!
//! [`Format::Logfmt`] is the default; `trace.time("write", …)` ran twice here:
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
//! [`Format::Pretty`] takes several lines, for a person at a terminal:
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
//! The order is fixed: `ts`, `level`, `msg`, the fixed fields of the configuration, ids, `outcome`, `duration_ms`, the fields
//! in the order they were first set, `error`, `error.chain`, `panic`, `panic.location`, `fragments`, what was lost, and what
//! sampling and a checkpoint say. A key is never repeated. A key that the library may write itself becomes `error_2`, say, in every record.
//!
//! The record is the message of one call of the logger. Many loggers print a prefix, and a JSON record behind a prefix is
//! no longer JSON: have the message printed alone, as above, or all records in one format by [`format_record`].
//!
//! # Configuration
//!
//! [`Config`] says how records look and what they may hold. The program installs one, if the defaults do not suit, and
//! [`TraceBuilder::config`] gives a single trace another.
//!
//! ```
//! use traceline::{Config, Format};
//!
//! Config::builder()
//!     .format(Format::Json)
//!     .field("service", "checkout")
//!     .redact(["password", "card"])
//!     .max_record(32 * 1024)
//!     .install()?;
//! # Ok::<(), traceline::config::ConfigError>(())
//! ```
//!
//! | many units, other services | |
//! |---|---|
//! | one record of many | [`Sampling`] decides at the end of a unit, by rules and a hash of the trace id |
//! | typed fields for OpenTelemetry, journald, structured loggers | [`Output::KeyValues`], and [`on_emit`](ConfigBuilder::on_emit) around the hand-over |
//! | ids from the caller and to the next service | [`continue_from_headers`](Trace::continue_from_headers), [`traceparent`](Trace::traceparent), [`child`](Trace::child) |
//!
//! # What it costs
//!
//! What is gathered is stored typed and written as text once, at the end, and only if the logger takes it. The memory of a
//! trace is recycled on its thread: once a thread has run a unit, the next one of its kind allocates nothing from `start!`
//! to the call of the logger; the README names the exceptions. A `Trace` is 16 bytes.
//!
//! If the logger would not take even an error of the target, the trace is disabled: a call on it is one inlined branch, and
//! the arguments of [`set!`] and [`add!`] are not evaluated. That is decided at the start and does not change, so a trace
//! that starts before the logger is installed stays disabled. The README has measurements.
//!
//! # Limits
//!
//! A trace holds 256 fields and 256 fragments, the first and the last halves; a value 8 KiB, a record 16 KiB. All of it
//! can be [set](ConfigBuilder). A key keeps 1 KiB. What was lost is counted in the record: `dropped_fields`,
//! `dropped_fragments`, `truncated`, and as `lost_parts` the parts that were never joined. Lists nested more than 32 deep
//! are cut there.
//!
//! Nothing on the way to the logger panics or fails: a `Display` that panics leaves `<panicked>`, a logger that panics is
//! caught, and keys and values of any content are escaped or replaced.
//!
//! `std::process::exit`, `abort` and `mem::forget` run no destructors, so no record comes of a trace that is alive then:
//! return a [`std::process::ExitCode`] from `main`, or call [`current::emit`] before the exit. With `panic = "abort"`,
//! [`panic_hook`] emits the units that are current on the thread. A trace that is kept in a thread-local variable is not
//! supported: whether it is emitted when its thread ends depends on the order in which the thread's locals are destroyed.
//!
//! # What it is not
//!
//! It is no logger: it installs none, and without one every trace is disabled. It has no transport and no metrics beyond
//! the counters of a unit. It does not replace `tracing`: a unit has no spans inside, and one inside another knows nothing
//! of it, but for the ids of a transaction ([`Trace::child`]).
//!
//! # Features
//!
//! All are off by default.
//!
//! * `env_logger`: `init` and `init_to`, a logger in one line. It needs `env_logger`, without its default features.
//! * `future`: `in_trace`, `run_in_trace`, and [`run!`] with `async ||`. It needs `pin-project-lite`.
//! * `serde`: `json(&x)`, any `Serialize` as a structured value. It needs `serde` and `serde_json`.
//! * `uuid`: `uuid::Uuid` as a value and as the id of a transaction. It needs `uuid`.
//! * `testing`: the records of a test, typed, without a logger; a clock to move by hand. It needs `pin-project-lite`.
//! * `tower`: layers for HTTP, one unit a request, on axum, tonic and hyper. It needs `future`, `tower-layer`, `tower-service`,
//!   `http`, `http-body` and `bytes`.
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
#[doc(hidden)]
pub use context::cancel::CancelGuard as __CancelGuard;
pub use context::current;
#[cfg(feature = "future")]
pub use context::future;
#[cfg(feature = "future")]
#[doc(hidden)]
pub use context::future::{__run_async, InTraceExt as _};
pub use context::panic_hook::panic_hook;
#[cfg(feature = "env_logger")]
pub use init::{init, init_to};
pub use log::Level;
pub use trace::Trace;
pub use trace::builder::TraceBuilder;
#[doc(hidden)]
pub use trace::builder::{__builder, __start};
pub use trace::join::Part;
pub use trace::shared::SharedTrace;
pub use trace::time::Timer;
pub use value::key::key;
pub use value::kind::{Value, debug, display, mask, null, text_lossy};
pub use value::outcome::Outcome;
#[cfg(feature = "serde")]
pub use value::serde::json;
pub use value::to_value::ToValue;

/// The examples of the README are tested too; the first of them installs a logger.
#[cfg(all(doctest, feature = "env_logger"))]
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
