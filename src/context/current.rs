//! The current trace of this thread, for code that is handed none.
//!
//! [`Trace::scope`], [`Trace::enter`] and, for futures, `InTrace`
//! make a trace current. Each function here does what the method of that name
//! does (but [`emit`] ends all units of the thread), and nothing where no trace
//! is current; none of them panics or blocks by itself.
//!
//! Values and messages are formatted before the trace is taken, so a `Display`
//! may itself add to it. While [`with`] runs, the trace is its closure's alone:
//! code called from there finds no current trace.
//!
//! A loop that writes much is better off with the trace in hand:
//! `current::with(|trace| for … )`.
//!
//! # Examples
//!
//! ```
//! use traceline::current;
//!
//! fn charge(cents: u64) -> Result<(), String> {
//!     current::set("cents", cents);
//!     current::time("payment", || {
//!         current::add!("charging {cents} cents");
//!     });
//!     current::check(Err("card declined".to_owned()))
//! }
//!
//! let mut trace = traceline::start!("checkout");
//! assert!(trace.scope(|| charge(4_999)).is_err());
//! ```

use std::panic::Location;

use log::Level;

use crate::context::panic_note;
use crate::emit;
use crate::emit::end_all::emit_after;
use crate::ids::id::TraceId;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::TraceState;
use crate::thread::stack;
use crate::trace::Trace;
use crate::unit::add;
use crate::unit::store::field::Role;
use crate::unit::store::trace_ids::Outgoing;
use crate::value::failure::Failure;
use crate::value::key::ToKey;
use crate::value::message::Message;
use crate::value::number::Number;
use crate::value::outcome::Outcome;
use crate::value::to_value::ToValue;
use crate::value::{eager, failure};

#[doc(inline)]
pub use crate::__current_add as add;
#[doc(inline)]
pub use crate::__current_set as set;
pub use crate::trace::scope::Entered;

/// Runs `work` with the current trace; `None` if there is none.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::start!("doc");
/// # trace.scope(|| {
/// traceline::current::with(|trace| {
///     trace.set("rows", 3).incr("queries").raise(log::Level::Warn);
/// });
/// # });
/// ```
pub fn with<R>(work: impl FnOnce(&mut Trace) -> R) -> Option<R> {
    let entry = stack::take_top()?;
    let mut in_use = InUse {
        token: entry.token,
        address: std::ptr::from_ref(&*entry).addr(),
        trace: Trace::from_entry(Some(entry)),
        hidden: stack::hide(),
        was_panicking: std::thread::panicking(),
    };
    panic_note::count_in_use(1);
    if !in_use.was_panicking {
        panic_note::forget_missed();
    }
    Some(work(&mut in_use.trace))
}

/// The current trace while [`with`] has it.
struct InUse {
    trace: Trace,
    token: Option<crate::unit::store::origin::Token>,
    address: usize,
    /// The unit around it, which is not current meanwhile.
    hidden: Option<crate::unit::store::origin::Token>,
    was_panicking: bool,
}

impl Drop for InUse {
    fn drop(&mut self) {
        panic_note::count_in_use(-1);
        if !self.was_panicking {
            panic_note::note_missed(&mut self.trace);
        }
        stack::unhide(self.hidden);
        match self.trace.take_entry() {
            Some(mut entry) if std::ptr::from_ref(&*entry).addr() == self.address => {
                entry.token = self.token;
                stack::push_above(self.hidden, entry);
            }
            // The closure put another trace in its place, which ends here.
            Some(other) => emit::finish(other),
            None => {}
        }
    }
}

/// Returns whether a trace is current that gathers anything.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// assert!(!current::is_active());
/// let mut trace = traceline::start!("report");
/// assert!(trace.scope(current::is_active));
/// ```
#[inline]
pub fn is_active() -> bool {
    stack::is_active()
}

/// The limit of values, where a trace is current.
#[inline]
fn limit() -> Option<usize> {
    stack::with(|entry| entry.limits.value)
}

/// Sets a field; see [`Trace::set`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("checkout");
/// trace.scope(|| traceline::current::set("cart_id", 7));
/// assert!(trace.render().ends_with(" cart_id=7"));
/// ```
#[inline]
pub fn set(key: impl ToKey, value: impl ToValue) {
    // Keys of the user's make their text here, while nothing is taken.
    let key = key.to_key();
    eager::value(value.to_value(), limit, |kind| {
        stack::with(|entry| entry.set(key.0, kind));
    });
}

/// Removes a field; see [`Trace::unset`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("checkout");
/// trace.set("cart_id", 7).set("coupon", "WELCOME10");
/// trace.scope(|| traceline::current::unset("coupon"));
/// assert!(trace.render().ends_with(" cart_id=7"));
/// ```
#[inline]
pub fn unset(key: impl ToKey) {
    let key = key.to_key();
    stack::with(|entry| entry.unset(key.0));
}

/// Adds one to a counter; see [`Trace::incr`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// fn query() {
///     traceline::current::incr("queries");
/// }
///
/// let mut trace = traceline::start!("report");
/// trace.scope(|| (query(), query()));
/// assert!(trace.render().ends_with(" queries=2"));
/// ```
#[inline]
pub fn incr(key: impl ToKey) {
    sum(key, 1u64);
}

/// Adds to a sum; see [`Trace::sum`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// fn weigh(kilos: f64) {
///     traceline::current::sum("kilos", kilos);
/// }
///
/// let mut trace = traceline::start!("checkout");
/// trace.scope(|| (weigh(1.5), weigh(0.25)));
/// assert!(trace.render().ends_with(" kilos=1.75"));
/// ```
#[inline]
pub fn sum(key: impl ToKey, x: impl Number) {
    let key = key.to_key();
    stack::with(|entry| entry.accumulate(key.0, Role::Sum, x.amount()));
}

/// Keeps the largest of the numbers given; see [`Trace::max`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// fn insert(rows: &[&str]) {
///     traceline::current::max("largest_batch", rows.len());
/// }
///
/// let mut trace = traceline::start!("import");
/// trace.scope(|| (insert(&["a", "b"]), insert(&["c"])));
/// assert!(trace.render().ends_with(" largest_batch=2"));
/// ```
#[inline]
pub fn max(key: impl ToKey, x: impl Number) {
    let key = key.to_key();
    stack::with(|entry| entry.accumulate(key.0, Role::Max, x.amount()));
}

/// Adds a fragment; see [`Trace::add`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("auth");
/// trace.scope(|| traceline::current::add("token found")); // fragments="[2, 0.003ms] token found"
/// assert!(trace.render().ends_with("ms] token found\""));
/// ```
#[inline]
#[track_caller]
pub fn add(message: impl Message) {
    fragment(message, None, Location::caller());
}

/// Adds a fragment and raises the level to warn; see [`Trace::warn`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.scope(|| traceline::current::warn("2 rows skipped"));
/// assert_eq!(trace.level(), Some(log::Level::Warn));
/// # assert!(trace.render().ends_with("ms, warn] 2 rows skipped\""));
/// ```
#[inline]
#[track_caller]
pub fn warn(message: impl Message) {
    fragment(message, Some(Level::Warn), Location::caller());
}

/// Adds a fragment and makes the outcome an error; see [`Trace::fail`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("checkout");
/// trace.scope(|| traceline::current::fail("no stock"));
/// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
/// # assert!(trace.render().ends_with("ms, error] no stock\""));
/// ```
#[inline]
#[track_caller]
pub fn fail(message: impl Message) {
    fragment(message, Some(Level::Error), Location::caller());
    stack::with(|entry| entry.severity.set_outcome(Outcome::Error));
}

/// What `current::add!` with a level expands to.
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn __add_at(level: Level, message: impl Message) {
    if level == Level::Error {
        return fail(message);
    }
    fragment(message, Some(level), Location::caller());
}

#[inline(always)]
fn fragment(message: impl Message, level: Option<Level>, location: &'static Location<'static>) {
    eager::message(message.text(), limit, |text| {
        stack::with(|entry| entry.add(text, level, location));
    });
}

/// Runs `work` and adds the time it takes to a timer; see [`Trace::time`]. The
/// trace stays current meanwhile.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// fn query() -> u32 {
///     traceline::current::time("db", || 7)
/// }
///
/// let mut trace = traceline::start!("report");
/// assert_eq!(trace.scope(query), 7); // db.count=1 db.ms=0.001 db.max_ms=0.001
/// # assert!(trace.render().contains(" db.count=1 db.ms="));
/// ```
pub fn time<R>(key: impl ToKey, work: impl FnOnce() -> R) -> R {
    let key = key.to_key();
    let _lap = CurrentLap(stack::with(|entry| entry.start_lap(key.0)).flatten());
    work()
}

/// Ends its lap, of whichever current trace it is, when `time` returns or unwinds.
struct CurrentLap(Option<crate::unit::store::laps::LapId>);

impl Drop for CurrentLap {
    fn drop(&mut self) {
        if let Some(lap_id) = self.0 {
            stack::with_any(
                |entry| entry.runs_lap(lap_id),
                |entry| entry.stop_lap(lap_id),
            );
        }
    }
}

/// Returns the result, having recorded its error; see [`Trace::check`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// fn port(text: &str) -> Result<u16, std::num::ParseIntError> {
///     traceline::current::check(text.parse())
/// }
///
/// let mut trace = traceline::start!("connect");
/// assert!(trace.scope(|| port("http")).is_err());
/// assert!(trace.render().ends_with(" error=\"invalid digit found in string\""));
/// ```
#[inline]
pub fn check<T, E: Failure<M>, M>(result: Result<T, E>) -> Result<T, E> {
    if let Err(error) = &result {
        self::error(error);
    }
    result
}

/// Records an error; see [`Trace::error`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("auth");
/// trace.scope(|| traceline::current::error("unknown token"));
/// assert!(trace.render().ends_with(" error=\"unknown token\""));
/// ```
pub fn error<E: Failure<M> + ?Sized, M>(error: &E) {
    if let Some(limit) = limit() {
        let told = failure::describe(error.cause(), limit);
        stack::with(|entry| add::record_texts(entry, &told));
    }
}

/// Makes the outcome `ok`; see [`Trace::ok`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.scope(traceline::current::ok);
/// assert!(trace.render().contains(" msg=import outcome=ok "));
/// ```
#[inline]
pub fn ok() {
    stack::with(|entry| entry.severity.set_outcome(Outcome::Ok));
}

/// Sets the field `status` and what an HTTP status means; see [`Trace::status`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("request");
/// trace.scope(|| traceline::current::status(404));
/// assert!(trace.render().ends_with(" status=404"));
/// assert_eq!(trace.level(), Some(log::Level::Warn));
/// ```
#[inline]
pub fn status(status: u16) {
    stack::with(|entry| entry.set_status(status));
}

/// Raises the level; see [`Trace::raise`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.scope(|| traceline::current::raise(log::Level::Warn));
/// assert_eq!(trace.level(), Some(log::Level::Warn));
/// ```
#[inline]
pub fn raise(level: Level) {
    stack::with(|entry| entry.severity.raise(level));
}

/// Returns what outgoing calls have in the header `traceparent`; see
/// [`Trace::traceparent`]. A disabled trace that is current passes on what it
/// was given, though nothing else can be told of it.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// fn call_payment() -> Option<String> {
///     current::traceparent().map(|parent| parent.to_string())
/// }
///
/// let mut trace = traceline::start!("order");
/// assert_eq!(trace.scope(call_payment), trace.traceparent().map(|parent| parent.to_string()));
/// assert_eq!(call_payment(), None);
/// ```
pub fn traceparent() -> Option<TraceParent> {
    outgoing(|outgoing| outgoing.parent)
}

/// Returns what outgoing calls have in the header `tracestate`; see
/// [`Trace::tracestate`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{current, ids::TraceState};
///
/// let mut trace = traceline::start!("order");
/// trace.set_tracestate(&TraceState::parse(["rojo=1"])?);
/// assert_eq!(trace.scope(current::tracestate).unwrap().as_str(), "rojo=1");
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
pub fn tracestate() -> Option<TraceState> {
    let state = outgoing(|outgoing| Some(TraceState::from_list(outgoing.state)));
    state.filter(|state| !state.is_empty())
}

/// Returns the id of the transaction; see [`Trace::trace_id`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("order");
/// assert_eq!(trace.scope(traceline::current::trace_id), trace.trace_id());
/// ```
pub fn trace_id() -> Option<TraceId> {
    traceparent().map(|parent| parent.trace_id())
}

/// Returns the id of the request; see [`Trace::request_id`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("order");
/// trace.set_request_id("order-4711");
/// assert_eq!(trace.scope(traceline::current::request_id).as_deref(), Some("order-4711"));
/// ```
pub fn request_id() -> Option<String> {
    outgoing(|outgoing| Some(String::from_utf8_lossy(outgoing.request_id?).into_owned()))
}

/// What calls are told of the current unit.
pub(crate) fn outgoing<R>(look: impl FnOnce(&Outgoing<'_>) -> Option<R>) -> Option<R> {
    stack::with_top(|entry| look(&entry.outgoing()))?
}

/// Emits the records of all units that are current on this thread, the inner
/// ones first, and ends them: for use before [`std::process::exit`], which runs
/// no destructors.
///
/// What is written to them afterwards goes nowhere. A unit that [`with`] has at
/// that moment cannot be reached: do not call this from inside.
///
/// # Examples
///
/// ```no_run
/// # fn usage() -> ! {
/// traceline::current::fail("no such file");
/// traceline::current::emit();
/// std::process::exit(2)
/// # }
/// ```
pub fn emit() {
    emit_after(|_| ());
}

/// What `current::set!` writes to.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Current;

impl Current {
    #[doc(hidden)]
    #[inline]
    pub fn set(self, key: impl ToKey, value: impl ToValue) {
        set(key, value);
    }
}

/// Adds a formatted fragment to the current trace, with a level if one is given;
/// see [`add!`](crate::add!). The arguments are not evaluated where no trace is
/// current.
///
/// # Examples
///
/// ```
/// # let name = "widget";
/// traceline::current::add!("picked {name} at shelf {}", 7);
/// traceline::current::add!(level: Warn, "no {name} left");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __current_add {
    (level: $level:ident, $($message:tt)+) => {
        if $crate::current::is_active() {
            $crate::current::__add_at($crate::__level!($level), ::core::format_args!($($message)+));
        }
    };
    (level: $level:expr, $($message:tt)+) => {
        if $crate::current::is_active() {
            $crate::current::__add_at($level, ::core::format_args!($($message)+));
        }
    };
    (level: $level:expr $(,)?) => {
        ::core::compile_error!(
            "a text has to follow the level: `current::add!(level: Warn, \"disk is full\")`"
        )
    };
    ($($message:tt)+) => {
        if $crate::current::is_active() {
            $crate::current::add(::core::format_args!($($message)+));
        }
    };
}

/// Sets several fields of the current trace; see [`set!`](crate::set!). The
/// values are not evaluated where none is current.
///
/// # Examples
///
/// ```
/// # let cached = true;
/// traceline::current::set!(user_id = 7, cached, "db.rows" = 3);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __current_set {
    ($($fields:tt)+) => {
        if $crate::current::is_active() {
            $crate::__set!($crate::current::Current, $($fields)+);
        }
    };
}
