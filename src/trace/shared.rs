//! `SharedTrace`, a handle that several threads share: the trace behind a lock.
//!
//! The lock is held only while an entry stores something. User code (a `Display`,
//! a key, a closure to time) runs before or after, so that it may use the same
//! handle.

use std::cell::RefCell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use log::Level;
use parking_lot::ReentrantMutex;

use crate::trace::Trace;
use crate::trace::time::OnDrop;
use crate::trace::unit_ref::{EnteredUnit, UnitRef};
use crate::unit::store::field::Role;
use crate::unit::{Entry, add};
use crate::value::eager;
use crate::value::failure::{self, IsResult};
use crate::value::key::ToKey;
use crate::value::kind::Kind;
use crate::value::message::{Message, Text};
use crate::value::not_a_future::NotAFuture;
use crate::value::number::Amount;
use crate::value::to_value::ToValue;

impl Trace {
    /// Turns the trace into a handle that several threads can clone and use at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| shared.incr("chunks"));
    ///     }
    /// });
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" chunks=3"));
    /// ```
    pub fn into_shared(mut self) -> SharedTrace {
        self.take_back();
        SharedTrace(Arc::new(Shared {
            limit: self.value_limit(),
            unit: self.unit(),
            trace: ReentrantMutex::new(RefCell::new(self)),
        }))
    }
}

/// A cloneable handle to a trace behind a lock; made by [`Trace::into_shared`].
///
/// The unit ends when the last handle is dropped. A call formats its value first
/// and holds the lock only while it stores the result. If the trace can stay where it is
/// until the others are done, a [`UnitRef`] does the same without a lock.
///
/// # Examples
///
/// ```
/// let shared = traceline::start!("upload").into_shared();
/// let worker = shared.clone();
/// let worker = std::thread::spawn(move || {
///     worker.add("hashing").incr("chunks");
/// });
/// shared.set("user_id", 7);
/// # worker.join().unwrap();
/// ```
#[derive(Clone)]
pub struct SharedTrace(Arc<Shared>);

struct Shared {
    /// The limit of values; `None` if the trace is disabled.
    limit: Option<usize>,
    unit: UnitRef,
    /// Re-entrant, so that code that uses the handle from inside `with` finds the
    /// trace borrowed, instead of waiting for itself.
    trace: ReentrantMutex<RefCell<Trace>>,
}

// As with `Trace`, a panic in the middle of a call leaves the entry complete.
impl UnwindSafe for SharedTrace {}

impl RefUnwindSafe for SharedTrace {}

/// Without the trace, which another thread may hold.
impl fmt::Debug for SharedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTrace")
            .field("handles", &Arc::strong_count(&self.0))
            .finish_non_exhaustive()
    }
}

impl SharedTrace {
    /// Runs `work` with the trace, under the lock, and returns the result of
    /// `work`.
    ///
    /// Returns `None` if it is called from inside `work` on the same trace.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.with(|trace| {
    ///     trace.set("user_id", 7).ok(); // both under one lock
    /// });
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" user_id=7"));
    /// ```
    pub fn with<R>(&self, work: impl FnOnce(&mut Trace) -> R) -> Option<R> {
        let lock = self.0.trace.lock();
        let mut trace = lock.try_borrow_mut().ok()?;
        Some(work(&mut trace))
    }

    /// Returns a handle to the unit that does not keep it from ending; see [`UnitRef`].
    pub fn unit(&self) -> UnitRef {
        self.0.unit.clone()
    }

    /// Runs `work` with a part of the unit as the current one of this thread, without the
    /// lock, and merges the part at the end; see [`UnitRef::scope`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::current;
    ///
    /// let shared = traceline::start!("upload").into_shared();
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| shared.scope(|| current::incr("chunks")));
    ///     }
    /// });
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" chunks=3"));
    /// ```
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.unit.scope(work)
    }

    /// Makes a part of the unit the current one of this thread until the guard is dropped;
    /// see [`UnitRef::enter`].
    pub fn enter(&self) -> EnteredUnit {
        self.0.unit.enter()
    }

    #[inline(always)]
    fn call(&self, work: impl FnOnce(&mut Entry)) -> &Self {
        if self.is_enabled() {
            self.with(|trace| trace.with_entry(work));
        }
        self
    }

    /// Returns whether this trace collects anything.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!traceline::start!("upload").into_shared().is_enabled()); // there is no logger yet
    /// env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// assert!(traceline::start!("upload").into_shared().is_enabled());
    /// ```
    #[inline]
    pub fn is_enabled(&self) -> bool {
        self.0.limit.is_some()
    }

    /// Sets a field; see [`Trace::set`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.set("user_id", 7).set("name", "cat.png");
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" user_id=7 name=cat.png"));
    /// ```
    pub fn set(&self, key: impl ToKey, value: impl ToValue) -> &Self {
        // A user's `ToKey` runs here, without the lock.
        let key = key.to_key();
        let set = |kind: Kind<'_>| _ = self.call(|entry| entry.set(key.0, kind));
        eager::value(value.to_value(), || self.0.limit, set);
        self
    }

    /// Adds one to a counter; see [`Trace::incr`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// let worker = std::thread::spawn({
    ///     let shared = shared.clone();
    ///     move || drop(shared.incr("chunks"))
    /// });
    /// shared.incr("chunks");
    /// worker.join().unwrap();
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" chunks=2"));
    /// ```
    pub fn incr(&self, key: impl ToKey) -> &Self {
        let key = key.to_key();
        self.call(|entry| entry.accumulate(key.0, Role::Sum, Amount::U64(1)))
    }

    /// Runs `work` without the lock and adds the time it takes to a timer; see
    /// [`Trace::time`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// let bytes = shared.time("read", || std::fs::read("Cargo.toml"));
    /// # drop(bytes);
    /// // read.count=1 read.ms=0.021 read.max_ms=0.021
    /// # assert!(shared.with(|trace| trace.render()).unwrap().contains(" read.count=1 read.ms="));
    /// ```
    #[allow(non_camel_case_types)]
    pub fn time<
        R: NotAFuture<Future_needs_timed_instead_of_time>,
        Future_needs_timed_instead_of_time,
    >(
        &self,
        key: impl ToKey,
        work: impl FnOnce() -> R,
    ) -> R {
        let mut lap_id = None;
        let key = key.to_key();
        self.call(|entry| lap_id = entry.start_lap(key.0));
        let _lap = OnDrop(|| {
            if let Some(lap_id) = lap_id {
                self.call(|entry| entry.stop_lap(lap_id));
            }
        });
        work()
    }

    /// Adds a fragment; see [`Trace::add`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.add("hashing"); // fragments="[2, 0.003ms] hashing"
    /// shared.add(format_args!("{} chunks", 3));
    /// # assert!(shared.with(|trace| trace.render()).unwrap().ends_with("ms] 3 chunks\""));
    /// ```
    #[track_caller]
    pub fn add(&self, message: impl Message) -> &Self {
        self.fragment(message, None)
    }

    /// Adds a fragment with a level; `add!` with a level expands to this.
    #[doc(hidden)]
    #[track_caller]
    pub fn __add_at(&self, level: Level, message: impl Message) -> &Self {
        self.fragment(message, Some(level))
    }

    #[track_caller]
    fn fragment(&self, message: impl Message, level: Option<Level>) -> &Self {
        let location = Location::caller();
        let add = |text: Text<'_>| _ = self.call(|entry| entry.add(text, level, location));
        eager::message(message.text(), || self.0.limit, add);
        self
    }

    /// Records the error if the result is an `Err`, and returns the result; see
    /// [`Trace::check`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// let size = shared.check("12 kB".parse::<u64>());
    /// assert!(size.is_err()); // outcome=error … error="invalid digit found in string"
    /// # assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" error=\"invalid digit found in string\""));
    /// ```
    pub fn check<R: IsResult<M>, M>(&self, result: R) -> R {
        if let (Some(cause), Some(limit)) = (result.failure(), self.0.limit) {
            let texts = failure::describe(cause, limit);
            self.call(|entry| add::record_texts(entry, &texts));
        }
        result
    }
}
