//! The current trace of this thread, for code that you cannot pass a trace to.
//!
//! [`run!`](crate::run!), [`Trace::scope`], [`Trace::enter`] and, for futures, `in_trace` make
//! a trace current; [`UnitRef::scope`], and `in_unit` for futures, make a part of a unit
//! current on other threads and in other tasks. Most functions here do the same as the
//! [`Trace`] method of the same name; [`emit`] is the exception, as it ends all units of the
//! thread. If no trace is current, or a disabled one is, a call does nothing and what
//! returns a handle returns a disabled one. None of these functions panics or blocks.
//!
//! In debug builds, calls that did nothing for this reason are counted, so that none is
//! lost unnoticed: see [`missed`].
//!
//! Values and messages are formatted before the trace is accessed, so a `Display`
//! may add to the trace itself. While [`with`] runs, its closure has the trace to
//! itself: code called from there finds no current trace. [`unit()`], [`part`], [`child`] and
//! the ids are those of the unit there, too.
//!
//! A unit that starts while another is current is *inside* that one, and belongs to the same
//! transaction: it has the same `trace_id` and `request_id`, a `span_id` of its own, and the
//! `span_id` of the outer unit as its `parent_id`. Calls to other services carry the
//! `tracestate`, the random flag and the sampled flag of the outer unit. The ids are made when
//! either of the two first needs them. Ids that the inner unit is given, by
//! [`continue_from`](Trace::continue_from) for example, replace the shared ones, and
//! [`TraceBuilder::root`](crate::TraceBuilder::root) starts a unit that shares none.
//!
//! In a loop that writes a lot, access the trace once:
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

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use log::Level;

use crate::context::missed::{self, Call};
use crate::context::panic_note::Use;
use crate::emit;
use crate::emit::end_all;
use crate::ids::id::TraceId;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::TraceState;
use crate::thread::layers::Slot;
use crate::thread::{outer, stack};
use crate::trace::Trace;
use crate::trace::join::Part;
use crate::trace::time::{OnDrop, Timer};
use crate::trace::unit_ref::UnitRef;
use crate::unit::store::field::Role;
use crate::unit::store::hub;
use crate::unit::store::origin::Token;
use crate::unit::store::trace_ids::Outgoing;
use crate::unit::{Entry, add};
use crate::value::eager;
use crate::value::failure::{self, Cause, Failure, IsResult};
use crate::value::key::ToKey;
use crate::value::message::Message;
use crate::value::not_a_future::NotAFuture;
use crate::value::number::Number;
use crate::value::outcome::Outcome;
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

pub use crate::base::missed::Missed;
pub use crate::trace::scope::Entered;
pub use crate::trace::time::Lap;
pub use crate::trace::unit_ref::EnteredUnit;

/// Runs `work` with the current trace and returns the result of `work`, or `None`
/// if no trace is current.
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
#[track_caller]
pub fn with<R>(work: impl FnOnce(&mut Trace) -> R) -> Option<R> {
    let (token, entry) = Call::here().found(stack::take_top())?;
    let mut in_use = InUse {
        token,
        identity: identity(&entry),
        trace: Trace::from_entry(Some(entry)),
        panics: Use::begin(),
    };
    Some(work(&mut in_use.trace))
}

/// The current trace while [`with`] has it. The entry itself is moved out, so that
/// the closure gets a whole `Trace`; its identity shows whether it came back.
struct InUse {
    trace: Trace,
    token: Token,
    identity: [usize; 2],
    panics: Use,
}

/// The addresses of the entry and of the hub of its unit. Another unit may have been given the
/// same entry meanwhile, but not the same hub, which the stack keeps.
fn identity(entry: &Entry) -> [usize; 2] {
    let hub = Arc::as_ptr(entry.home_or_hub());
    [std::ptr::from_ref(entry).addr(), hub.addr()]
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.panics.end(&mut self.trace);
        match self.trace.take_entry() {
            Some(entry) if identity(&entry) == self.identity => {
                if let Some(part) = stack::return_top(self.token, entry) {
                    emit::finish(part);
                }
            }
            // The closure put another trace in its place; that one ends here.
            other => {
                stack::abandon(self.token);
                if let Some(other) = other {
                    emit::finish(other);
                }
            }
        }
    }
}

/// Uses the current unit; the call is missed if there is none.
#[inline(always)]
#[track_caller]
fn on_unit<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    let call = Call::here();
    call.found(look(work))
}

/// Uses the current unit, with what its parts have brought back.
#[inline(always)]
fn look<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    stack::with(|entry| {
        entry.catch_up();
        work(entry)
    })
}

/// Returns whether a trace is current and collects anything. In a part of a unit that has ended
/// it returns `false`: what is collected there is lost.
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

/// Returns the calls so far, in this process, that did nothing because they found no unit, and
/// where they were made.
///
/// They are counted only in builds with debug assertions, and with the feature `testing`;
/// other builds return no calls. To be told of the first one, turn on
/// [`warn_if_missed`](crate::config::ConfigBuilder::warn_if_missed); for the calls of
/// one test, see `testing::Capture::missed`.
///
/// A call is missed if no trace is current on its thread, if [`with`] is using the trace, or if
/// [`emit`] has ended it. That holds for every function that adds to a unit or hands it on
/// ([`with`], [`unit()`], [`part`] and [`child`] included), for [`set!`](self::set!) and
/// [`add!`](self::add!), for `timed` and `in_current_unit`, for [`check`] only if the result is
/// an `Err`, for [`stop`] if the unit of the lap is not current on this thread, and for
/// [`emit`] only inside `with`.
///
/// Not counted are calls that lose nothing:
///
/// * those that find a disabled trace;
/// * questions: [`is_active`], [`get`], [`level`], [`outcome`], [`elapsed`] and all ids;
/// * all calls while logging is off: `log` has no logger or its maximum level is `Off`, no
///   configuration has a logger of its own, and no test captures anything.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// let mut trace = traceline::start!("import");
/// trace.scope(|| current::set("file", "a.csv"));
/// current::set("rows", 3); // too late
/// # #[cfg(debug_assertions)]
/// assert_eq!(current::missed().calls, 1);
/// ```
pub fn missed() -> Missed {
    missed::so_far()
}

/// The limit of values, if a trace is current.
#[inline]
fn limit(call: Call) -> Option<usize> {
    call.found(look(|entry| entry.limits.value))
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
#[track_caller]
pub fn set(key: impl ToKey /* or key(&s) */, value: impl ToValue) {
    let call = Call::here();
    // A user's `ToKey` runs here, while no entry is taken.
    let key = key.to_key();
    let limit = || limit(call);
    eager::value(value.to_value(), limit, |kind| {
        call.found(look(|entry| entry.set(key.0, kind)));
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
#[track_caller]
pub fn unset(key: impl ToKey) {
    let key = key.to_key();
    on_unit(|entry| entry.unset(key.0));
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
#[track_caller]
pub fn incr(key: impl ToKey /* or key(&s) */) {
    sum(key, 1u64);
}

/// Adds a number to a sum; see [`Trace::sum`].
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
#[track_caller]
pub fn sum(key: impl ToKey /* or key(&s) */, x: impl Number) {
    let key = key.to_key();
    on_unit(|entry| entry.accumulate(key.0, Role::Sum, x.amount()));
}

/// Keeps the largest of the numbers given for this key; see [`Trace::max`].
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
#[track_caller]
pub fn max(key: impl ToKey /* or key(&s) */, x: impl Number) {
    let key = key.to_key();
    on_unit(|entry| entry.accumulate(key.0, Role::Max, x.amount()));
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
pub fn add(message: impl Message /* add! formats */) {
    fragment(message, None);
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
pub fn warn(message: impl Message /* add! formats */) {
    fragment(message, Some(Level::Warn));
}

/// Adds a fragment and sets the outcome to error; see [`Trace::fail`].
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
pub fn fail(message: impl Message /* add! formats */) {
    fragment(message, Some(Level::Error));
}

#[inline(always)]
#[track_caller]
fn fragment(message: impl Message, level: Option<Level>) {
    let (call, location) = (Call::here(), Location::caller());
    let limit = || limit(call);
    eager::message(message.text(), limit, |text| {
        call.found(look(|entry| entry.add(text, level, location)));
    });
}

/// Runs `work` and adds the time it takes to a timer; see [`Trace::time`].
///
/// The trace stays current while `work` runs.
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
#[track_caller]
#[allow(non_camel_case_types)]
pub fn time<
    R: NotAFuture<Future_needs_timed_instead_of_time>,
    Future_needs_timed_instead_of_time,
>(
    key: impl ToKey,
    work: impl FnOnce() -> R,
) -> R {
    let key = key.to_key();
    let lap_id = on_unit(|entry| entry.start_lap(key.0)).flatten();
    // By then another trace may be current.
    let _lap = OnDrop(|| {
        if let Some(lap_id) = lap_id {
            stack::stop_lap(lap_id);
        }
    });
    work()
}

/// Starts a lap, which [`stop`] ends; see [`Trace::start_timer`].
///
/// In asynchronous code, prefer `timed` of the feature `future`, or [`lap`]: they end
/// the lap even if the future is dropped before it is ready.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// let mut trace = traceline::start!("report");
/// trace.scope(|| {
///     let timer = current::start_timer("read");
///     current::stop(timer);
/// }); // read.count=1 read.ms=0.001 read.max_ms=0.001
/// # assert!(trace.render().contains(" read.count=1 read.ms="));
/// ```
#[track_caller]
pub fn start_timer(key: impl ToKey) -> Timer {
    let key = key.to_key();
    Timer::shared(on_unit(|entry| entry.start_shared_lap(key.0)).flatten())
}

/// Ends the lap of a timer; see [`Trace::stop`].
///
/// Another unit may be current by then, or none, and it may be another thread: the lap
/// belongs to the unit in which it was started.
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn stop(timer: Timer) {
    let found = timer.stop();
    Call::here().missed_if(|| !found);
}

/// Starts a lap, which ends when the guard is dropped; see [`Trace::lap`].
///
/// The guard may be held across an `.await`.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// fn read() -> std::io::Result<String> {
///     let _lap = current::lap("read");
///     std::fs::read_to_string("Cargo.toml")
/// }
///
/// let mut trace = traceline::start!("report");
/// # assert!(trace.scope(read).is_ok());
/// # assert!(trace.render().contains(" read.count=1 read.ms="));
/// ```
#[track_caller]
pub fn lap(key: impl ToKey) -> Lap {
    lap_of(key, Call::here())
}

pub(super) fn lap_of(key: impl ToKey, call: Call) -> Lap {
    let key = key.to_key();
    Lap::new(
        call.found(look(|entry| entry.start_shared_lap(key.0)))
            .flatten(),
    )
}

/// Records the error if the result is an `Err`, and returns the result; see
/// [`Trace::check`].
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
#[track_caller]
pub fn check<R: IsResult<M>, M>(result: R) -> R {
    if let Some(cause) = result.failure() {
        record(cause, Call::here());
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
#[track_caller]
pub fn error<E: Failure<M> + ?Sized, M>(error: &E) {
    record(error.cause(), Call::here());
}

fn record(cause: Cause<'_>, call: Call) {
    if let Some(limit) = limit(call) {
        let texts = failure::describe(cause, limit);
        call.found(look(|entry| add::record_texts(entry, &texts)));
    }
}

/// Takes back the errors recorded so far; see [`Trace::recovered`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// fn port(text: &str) -> u16 {
///     current::check(text.parse()).unwrap_or_else(|_| {
///         current::recovered();
///         8080
///     })
/// }
///
/// let mut trace = traceline::start!("connect");
/// assert_eq!(trace.scope(|| port("http")), 8080);
/// assert_eq!(trace.outcome(), None);
/// ```
#[track_caller]
pub fn recovered() {
    let location = Location::caller();
    on_unit(|entry| entry.recover(location));
}

/// Sets the outcome to `ok`; see [`Trace::ok`].
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
#[track_caller]
pub fn ok() {
    on_unit(|entry| entry.severity.set_outcome(Outcome::Ok));
}

/// Sets the field `status` to an HTTP status, and the level to match; see
/// [`Trace::status`].
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
#[track_caller]
pub fn status(status: u16) {
    on_unit(|entry| entry.set_status(status));
}

/// Raises the level of the record; see [`Trace::raise`].
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
#[track_caller]
pub fn raise(level: Level) {
    on_unit(|entry| entry.severity.raise(level));
}

/// Overwrites the level of the record; see [`Trace::set_level`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.scope(|| traceline::current::set_level(log::Level::Debug));
/// assert_eq!(trace.level(), Some(log::Level::Debug));
/// ```
#[inline]
#[track_caller]
pub fn set_level(level: Level) {
    on_unit(|entry| entry.severity.set_level(level));
}

/// Returns the level that the record would have now; see [`Trace::level`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// assert_eq!(trace.scope(traceline::current::level), Some(log::Level::Info));
/// ```
pub fn level() -> Option<Level> {
    look(|entry| entry.severity.level())
}

/// Returns the outcome so far; see [`Trace::outcome`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.ok();
/// assert_eq!(trace.scope(traceline::current::outcome), Some(traceline::Outcome::Ok));
/// ```
pub fn outcome() -> Option<Outcome> {
    look(|entry| entry.severity.outcome())?
}

/// Returns the value of a field; see [`Trace::get`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// let mut trace = traceline::start!("import");
/// trace.set("rows", 3);
/// let rows = trace.scope(|| current::get("rows"));
/// assert_eq!(rows, Some(traceline::value::OwnedValue::I64(3)));
/// ```
pub fn get(key: impl ToKey) -> Option<OwnedValue> {
    let key = key.to_key();
    look(|entry| entry.get(key.0.as_str()))?
}

/// Returns the time since the unit began; zero if no trace is current. See
/// [`Trace::elapsed`].
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::start!("import");
/// # trace.scope(|| {
/// if traceline::current::elapsed().as_secs() > 5 {
///     traceline::current::warn("slow");
/// }
/// # });
/// ```
pub fn elapsed() -> Duration {
    let elapsed = look(|entry| entry.now().saturating_duration_since(entry.start));
    elapsed.unwrap_or_default()
}

/// Emits a record of what has been collected so far; see [`Trace::checkpoint`]. It does
/// nothing in the scope of a [`UnitRef`].
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::start!("import");
/// # trace.scope(|| {
/// traceline::current::sum("rows", 500);
/// traceline::current::checkpoint(); // … rows=500 partial=true seq=1
/// # });
/// ```
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn checkpoint() {
    with(|trace| _ = trace.checkpoint());
}

/// Makes the unit end without a record; see [`Trace::discard`].
///
/// # Examples
///
/// ```
/// fn poll(queue: &mut Vec<u64>) -> Result<(), String> {
///     traceline::run!("poll", || {
///         let Some(job) = queue.pop() else {
///             traceline::current::discard(); // nothing to report
///             return Ok(());
///         };
///         traceline::current::set("job", job);
///         Ok(())
///     })
/// }
/// # assert_eq!(poll(&mut vec![7]), Ok(()));
/// # assert_eq!(poll(&mut vec![]), Ok(()));
/// ```
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn discard() {
    on_unit(|entry| entry.home_or_hub().discard());
}

/// Returns a handle to the current unit for other threads and tasks; see [`UnitRef`].
/// It is disabled if no trace is current.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// fn hash(files: &'static [&str]) {
///     let unit = current::unit();
///     let worker = std::thread::spawn(move || unit.scope(|| current::sum("files", files.len())));
///     worker.join().unwrap();
/// }
///
/// let mut trace = traceline::start!("upload");
/// trace.scope(|| hash(&["a", "b"]));
/// assert!(trace.render().ends_with(" files=2"));
/// ```
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn unit() -> UnitRef {
    let unit = UnitRef::current();
    Call::here().missed_if(|| !unit.is_enabled());
    unit
}

/// Returns a part of the current unit; see [`Trace::part`]. It is disabled if no trace
/// is current.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// let mut trace = traceline::start!("index");
/// let mut part = trace.scope(current::part);
/// std::thread::spawn(move || _ = part.incr("files")).join().unwrap();
/// assert!(trace.render().ends_with(" files=1"));
/// ```
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn part() -> Part {
    unit().part()
}

/// Starts a unit inside the current one; see [`Trace::child`]. It is disabled if no trace
/// is current.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut order = traceline::start!("order");
/// let mut payment = order.scope(|| traceline::current::child("payment"));
/// assert_eq!(payment.trace_id(), order.trace_id());
/// ```
#[track_caller]
pub fn child(name: impl Into<Cow<'static, str>>) -> Trace {
    unit().child(name.into(), Location::caller())
}

/// Returns how many parts came back after their unit had ended, in this process: what
/// they collected is in no record.
///
/// A unit counts those that were still out at its end as `lost_parts`.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let trace = traceline::start!("index");
/// let mut part = trace.part();
/// drop(trace); // lost_parts=1
/// part.incr("files");
/// drop(part); // too late
/// assert_eq!(traceline::current::late_parts(), 1);
/// ```
pub fn late_parts() -> u64 {
    hub::late_parts()
}

/// Returns the value of the header `traceparent` for outgoing calls; see
/// [`Trace::traceparent`].
///
/// A disabled trace that is current passes on the ids that it received, even though
/// [`is_active`] returns `false`.
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

/// Returns the value of the header `tracestate` for outgoing calls; see
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

/// Calls `look` with the headers for calls that the current unit makes.
pub(crate) fn outgoing<R>(look: impl FnOnce(&Outgoing<'_>) -> Option<R>) -> Option<R> {
    outer::with_outgoing(look)?
}

/// Emits the records of all units that are current on this thread, innermost
/// first, and ends them.
///
/// Call it before [`std::process::exit`], which runs no destructors. Anything
/// written to these units afterwards is lost. It does not reach a unit that
/// [`with`] is using, so do not call it from inside `with`.
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
#[cfg_attr(any(debug_assertions, feature = "testing"), track_caller)]
pub fn emit() {
    let is_in_use = || stack::with_top(|slot| matches!(slot, Slot::InUse(_)));
    Call::here().missed_if(is_in_use);
    end_all::emit_after(|_| ());
}

/// The current trace as `set!` and `add!` see it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Current;

impl Current {
    /// Here a macro misses its unit, since it evaluates nothing then.
    #[inline]
    #[track_caller]
    pub fn is_enabled(self) -> bool {
        let is_active = is_active();
        Call::here().missed_if(|| !is_active);
        is_active
    }

    #[inline]
    #[track_caller]
    pub fn set(self, key: impl ToKey, value: impl ToValue) {
        set(key, value);
    }

    #[inline]
    #[track_caller]
    pub fn add(self, message: impl Message) {
        add(message);
    }

    #[inline]
    #[track_caller]
    pub fn __add_at(self, level: Level, message: impl Message) {
        fragment(message, Some(level));
    }
}

/// Adds a formatted fragment to the current trace, with a level if you give one;
/// see [`add!`](crate::add!).
///
/// The arguments are not evaluated if no trace is current.
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
    (level: $level:expr $(,)?) => {
        ::core::compile_error!(
            "a text has to follow the level: `current::add!(level: Warn, \"disk is full\")`"
        )
    };
    ($($message:tt)+) => {
        $crate::add!($crate::current::Current, $($message)+)
    };
}

/// Sets several fields of the current trace; see [`set!`](crate::set!).
///
/// The values are not evaluated if no trace is current.
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
        $crate::set!($crate::current::Current, $($fields)+)
    };
}

#[doc(inline)]
pub use __current_add as add;
#[doc(inline)]
pub use __current_set as set;
