//! The current trace of this thread, for code that is handed none.
//!
//! [`Trace::scope`], [`Trace::enter`] and, for futures, [`InTrace`](crate::InTrace)
//! make a trace current. Each function here does what the method of that name
//! does, and nothing where no trace is current; none of them panics or blocks.
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
//! use logtrace::current;
//!
//! fn charge(cents: u64) -> Result<(), String> {
//!     current::set("cents", cents);
//!     current::time("payment", || {
//!         current::add!("charging {cents} cents");
//!     });
//!     current::check(Err("card declined".to_owned()))
//! }
//!
//! let mut trace = logtrace::start!("checkout");
//! assert!(trace.scope(|| charge(4_999)).is_err());
//! ```

use std::panic::Location;

use log::Level;

use crate::emit;
use crate::entry::{Entry, Outcome, Role};
use crate::failure::{self, Failure};
use crate::key::ToKey;
use crate::message::Message;
use crate::number::Number;
use crate::panics;
use crate::settle;
use crate::slot;
use crate::trace::Trace;
use crate::value::ToValue;

#[doc(inline)]
pub use crate::__current_add as add;
#[doc(inline)]
pub use crate::__current_set as set;

/// Runs `work` with the current trace; `None` if there is none.
///
/// # Examples
///
/// ```
/// # let mut trace = logtrace::start!("doc");
/// # trace.scope(|| {
/// logtrace::current::with(|trace| {
///     trace.set("rows", 3).incr("queries").raise(log::Level::Warn);
/// });
/// # });
/// ```
pub fn with<R>(work: impl FnOnce(&mut Trace) -> R) -> Option<R> {
    let entry = slot::take_top()?;
    let mut in_use = InUse {
        token: entry.token,
        address: std::ptr::from_ref(&*entry).addr(),
        trace: Trace::of(Some(entry)),
        masked: slot::mask(),
        was_panicking: std::thread::panicking(),
    };
    if !in_use.was_panicking {
        panics::forget_missed();
    }
    Some(work(&mut in_use.trace))
}

/// The current trace while [`with`] has it.
struct InUse {
    trace: Trace,
    token: Option<crate::entry::Token>,
    address: usize,
    /// The unit around it, which is not current meanwhile.
    masked: Option<crate::entry::Token>,
    was_panicking: bool,
}

impl Drop for InUse {
    fn drop(&mut self) {
        if !self.was_panicking {
            panics::note_missed(&mut self.trace);
        }
        slot::unmask(self.masked);
        match self.trace.take_entry() {
            Some(mut entry) if std::ptr::from_ref(&*entry).addr() == self.address => {
                entry.token = self.token;
                slot::push_above(self.masked, entry);
            }
            // The closure put another trace in its place, which ends here.
            Some(other) => emit::finish(other),
            None => {}
        }
    }
}

/// Returns whether a trace is current that gathers anything.
#[inline]
pub fn is_active() -> bool {
    slot::is_active()
}

/// The limit of values, where a trace is current.
#[inline]
fn limit() -> Option<usize> {
    slot::with(|entry| entry.value_limit())
}

/// Sets a field; see [`Trace::set`].
#[inline]
pub fn set(key: impl ToKey, value: impl ToValue) {
    settle::value(value.to_value(), limit, |kind| {
        slot::with(|entry| entry.set(key.to_key().0, kind));
    });
}

/// Removes a field; see [`Trace::unset`].
#[inline]
pub fn unset(key: impl ToKey) {
    slot::with(|entry| entry.unset(key.to_key().0));
}

/// Adds one to a counter; see [`Trace::incr`].
#[inline]
pub fn incr(key: impl ToKey) {
    sum(key, 1u64);
}

/// Adds to a counter; see [`Trace::count`].
#[inline]
pub fn count(key: impl ToKey, n: impl Number) {
    sum(key, n);
}

/// Adds to a sum; see [`Trace::sum`].
#[inline]
pub fn sum(key: impl ToKey, x: impl Number) {
    slot::with(|entry| entry.accumulate(key.to_key().0, Role::Sum, x.amount()));
}

/// Keeps the largest of the numbers given; see [`Trace::max`].
#[inline]
pub fn max(key: impl ToKey, x: impl Number) {
    slot::with(|entry| entry.accumulate(key.to_key().0, Role::Max, x.amount()));
}

/// Adds a fragment; see [`Trace::add`].
#[inline]
#[track_caller]
pub fn add(message: impl Message) {
    fragment(message, None, Location::caller());
}

/// Adds a fragment and raises the level to warn; see [`Trace::warn`].
#[inline]
#[track_caller]
pub fn warn(message: impl Message) {
    fragment(message, Some(Level::Warn), Location::caller());
}

/// Adds a fragment and makes the outcome an error; see [`Trace::fail`].
#[inline]
#[track_caller]
pub fn fail(message: impl Message) {
    fragment(message, Some(Level::Error), Location::caller());
    slot::with(|entry| entry.severity.set_outcome(Outcome::Error));
}

#[inline(always)]
fn fragment(message: impl Message, level: Option<Level>, location: &'static Location<'static>) {
    settle::message(message.text(), limit, |text| {
        slot::with(|entry| entry.add(text, level, location));
    });
}

/// Runs `work` and adds the time it takes to a timer; see [`Trace::time`]. The
/// trace stays current meanwhile.
pub fn time<R>(key: impl ToKey, work: impl FnOnce() -> R) -> R {
    let _lap = CurrentLap(slot::with(|entry| entry.start_lap(key.to_key().0)).flatten());
    work()
}

/// Ends its lap, of whichever current trace it is, when `time` returns or unwinds.
struct CurrentLap(Option<crate::entry::Lapse>);

impl Drop for CurrentLap {
    fn drop(&mut self) {
        if let Some(lapse) = self.0 {
            slot::with_any(|entry| entry.runs_lap(lapse), |entry| entry.stop_lap(lapse));
        }
    }
}

/// Returns the result, having recorded its error; see [`Trace::check`].
#[inline]
pub fn check<T, E: Failure<M>, M>(result: Result<T, E>) -> Result<T, E> {
    if let Err(error) = &result {
        self::error(error);
    }
    result
}

/// Records an error; see [`Trace::error`].
pub fn error<E: Failure<M> + ?Sized, M>(error: &E) {
    if let Some(limit) = limit() {
        let told = failure::tell(error.cause(), limit);
        slot::with(|entry| failure::record_told(entry, &told));
    }
}

/// Makes the outcome `ok`; see [`Trace::ok`].
#[inline]
pub fn ok() {
    slot::with(|entry| entry.severity.set_outcome(Outcome::Ok));
}

/// Sets the field `status` and what an HTTP status means; see [`Trace::status`].
#[inline]
pub fn status(status: u16) {
    slot::with(|entry| entry.set_status(status));
}

/// Raises the level; see [`Trace::raise`].
#[inline]
pub fn raise(level: Level) {
    slot::with(|entry| entry.severity.raise(level));
}

/// Emits the records of all units that are current on this thread, the inner
/// ones first, and ends them: for use before [`std::process::exit`], which runs
/// no destructors.
///
/// What is written to them afterwards goes nowhere.
///
/// # Examples
///
/// ```no_run
/// # fn usage() -> ! {
/// logtrace::current::fail("no such file");
/// logtrace::current::emit();
/// std::process::exit(2)
/// # }
/// ```
pub fn emit() {
    emit_after(|_| ());
}

/// Does something to each unit before its record is written.
pub(crate) fn emit_after(prepare: impl Fn(&mut Entry)) {
    let mut units = slot::take_all();
    let mut next = units.as_deref_mut();
    while let Some(entry) = next {
        if !entry.ended {
            prepare(entry);
            emit::write_last(entry);
            entry.ended = true;
        }
        next = entry.next.as_deref_mut();
    }
    if let Some(units) = units {
        slot::put_back(units);
    }
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

/// Adds a formatted fragment to the current trace; see [`add!`](crate::add!).
/// The arguments are not evaluated where none is current.
///
/// # Examples
///
/// ```
/// # let name = "widget";
/// logtrace::current::add!("picked {name} at shelf {}", 7);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __current_add {
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
/// logtrace::current::set!(user_id = 7, cached, "db.rows" = 3);
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
