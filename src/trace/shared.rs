//! One unit on several threads: parts that are joined, and a handle to clone.

use std::cell::RefCell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use log::Level;
use parking_lot::ReentrantMutex;

use crate::trace::Trace;
use crate::unit::add;
use crate::unit::store::field::Role;
use crate::value::failure::Failure;
use crate::value::key::ToKey;
use crate::value::message::Message;
use crate::value::number::Amount;
use crate::value::outcome::Outcome;
use crate::value::to_value::ToValue;
use crate::value::{eager, failure};

impl Trace {
    /// Returns a handle that can be cloned and used by several threads at once.
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
            enabled: self.is_enabled(),
            limit: self.entry().map_or(0, |entry| entry.limits.value),
            trace: ReentrantMutex::new(RefCell::new(self)),
        }))
    }
}

/// A trace behind a lock, with handles to clone; made by [`Trace::into_shared`].
///
/// The unit ends when the last handle goes. Each call takes the lock for as
/// long as it stores; what a value prints is formatted before. Where the number
/// of threads is known, [`Part`]s need no lock.
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
    enabled: bool,
    limit: usize,
    /// Re-entrant, so that code which comes back while the trace is in use finds
    /// it taken, and does not wait for itself.
    trace: ReentrantMutex<RefCell<Trace>>,
}

// As for `Trace`: a panic in the middle of a call leaves the entry complete.
impl UnwindSafe for SharedTrace {}

impl RefUnwindSafe for SharedTrace {}

impl SharedTrace {
    /// Runs `work` with the trace, under the lock; `None` if called again from
    /// inside `work` on the same trace.
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

    #[inline(always)]
    fn call(&self, work: impl FnOnce(&mut crate::unit::Entry)) -> &Self {
        if self.0.enabled {
            self.with(|trace| trace.entry_mut().map(work));
        }
        self
    }

    fn limit(&self) -> Option<usize> {
        self.0.enabled.then_some(self.0.limit)
    }

    /// Returns whether this trace gathers anything.
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
        self.0.enabled
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
        // Keys of the user's make their text here, without the lock.
        let key = key.to_key();
        eager::value(
            value.to_value(),
            || self.limit(),
            |kind| {
                self.call(|entry| entry.set(key.0, kind));
            },
        );
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

    /// Runs `work`, without the lock, and adds the time it takes to a timer; see
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
    pub fn time<R>(&self, key: impl ToKey, work: impl FnOnce() -> R) -> R {
        let mut lap_id = None;
        let key = key.to_key();
        self.call(|entry| lap_id = entry.start_lap(key.0));
        let _lap = SharedLap {
            trace: self,
            lap_id,
        };
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
        self.fragment(message, None, Location::caller())
    }

    /// What `add!` with a level expands to.
    #[doc(hidden)]
    #[track_caller]
    pub fn __add_at(&self, level: Level, message: impl Message) -> &Self {
        let this = self.fragment(message, Some(level), Location::caller());
        match level {
            Level::Error => this.call(|entry| entry.severity.set_outcome(Outcome::Error)),
            _ => this,
        }
    }

    fn fragment(
        &self,
        message: impl Message,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) -> &Self {
        eager::message(
            message.text(),
            || self.limit(),
            |text| {
                self.call(|entry| entry.add(text, level, location));
            },
        );
        self
    }

    /// Returns the result, having recorded its error; see [`Trace::check`].
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
    pub fn check<T, E: Failure<M>, M>(&self, result: Result<T, E>) -> Result<T, E> {
        if let (Err(error), Some(limit)) = (&result, self.limit()) {
            let texts = failure::describe(error.cause(), limit);
            self.call(|entry| add::record_texts(entry, &texts));
        }
        result
    }
}

impl fmt::Debug for SharedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTrace")
            .field("enabled", &self.0.enabled)
            .field("handles", &Arc::strong_count(&self.0))
            .finish_non_exhaustive()
    }
}

/// Ends its lap when `time` returns or unwinds.
struct SharedLap<'a> {
    trace: &'a SharedTrace,
    lap_id: Option<crate::unit::store::laps::LapId>,
}

impl Drop for SharedLap<'_> {
    fn drop(&mut self) {
        if let Some(lap_id) = self.lap_id {
            self.trace.call(|entry| entry.stop_lap(lap_id));
        }
    }
}
