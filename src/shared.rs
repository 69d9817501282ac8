//! One unit on several threads: parts that are joined, and a handle to clone.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use log::Level;
use parking_lot::ReentrantMutex;

use crate::entry::Role;
use crate::failure::{self, Failure};
use crate::key::ToKey;
use crate::message::Message;
use crate::number::Number;
use crate::outcome::Outcome;
use crate::owned::OwnedValue;
use crate::pool;
use crate::settle;
use crate::trace::Trace;
use crate::value::ToValue;

/// What one thread gathers of a unit; made by [`Trace::part`], merged by
/// [`Trace::join`].
///
/// A part is a [`Trace`] of its own, so every function that takes
/// `&mut Trace` serves it, and no lock is taken. Its times count from the start
/// of the unit. It emits nothing: a part that is dropped without being joined
/// is counted in the record of the unit as `lost_parts`, with its own parts as one. What
/// [`render`](Trace::render) returns of it is for a look only: the name is `part`,
/// and there is no `ts`.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::start!("index");
/// let mut parts: Vec<_> = (0..4).map(|_| trace.part()).collect();
/// std::thread::scope(|scope| {
///     for (part, file) in parts.iter_mut().zip(["a", "b", "c", "d"]) {
///         scope.spawn(move || {
///             traceline::add!(part, "indexing {file}");
///             part.incr("files").sum("words", 1_000);
///         });
///     }
/// });
/// for part in parts {
///     trace.join(part);
/// } // files=4 words=4000
/// ```
#[derive(Debug)]
#[must_use = "give it to `Trace::join`; otherwise it counts as lost"]
pub struct Part(Trace);

impl Deref for Part {
    type Target = Trace;

    #[inline]
    fn deref(&self) -> &Trace {
        &self.0
    }
}

impl DerefMut for Part {
    #[inline]
    fn deref_mut(&mut self) -> &mut Trace {
        &mut self.0
    }
}

impl Trace {
    /// Returns a part of this unit for another thread; disabled if the trace is.
    ///
    /// Takes `&self`, so that many threads may make their own. Parts may have
    /// parts. A part has the ids that its unit has by then: ask the unit for
    /// [`traceparent`](Trace::traceparent) first where parts make calls to other
    /// services, or each makes ids of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("index");
    /// let mut part = trace.part();
    /// let worker = std::thread::spawn(move || {
    ///     part.add("hashing").incr("files");
    ///     part
    /// });
    /// trace.join(worker.join().unwrap()); // files=1 fragments="[4, 0.081ms] hashing"
    /// # assert!(trace.render().contains(" files=1 fragments="));
    /// ```
    pub fn part(&self) -> Part {
        let mut part = Trace::of(self.look(pool::take_part));
        // A disabled one passes on what its unit was given.
        part.put_passing(self.passed().cloned().map(Box::new));
        Part(part)
    }

    /// Merges a part: counters and timers add up, maxima compare, other fields
    /// are set as by [`set`](Trace::set), fragments stand by their times. An
    /// error in the part makes the outcome an error, and what raised its level
    /// raises that of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("index");
    /// trace.count("files", 3).max("largest", 200);
    /// let mut part = trace.part();
    /// part.count("files", 4).max("largest", 150);
    /// trace.join(part);
    /// assert!(trace.render().ends_with(" files=7 largest=200"));
    /// ```
    pub fn join(&mut self, mut part: Part) -> &mut Self {
        // Of a `Trace` that took the part's place, the record is written: it is
        // dropped as it is.
        if part.entry_mut().is_some_and(|entry| entry.parts.is_part())
            && let Some(entry) = self.entry_mut()
            && let Some(part) = part.0.take_entry()
        {
            pool::give_back(entry.merge(part));
        }
        self
    }

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
    /// assert_eq!(shared.get("chunks").and_then(|value| value.as_u64()), Some(3));
    /// ```
    pub fn into_shared(mut self) -> SharedTrace {
        self.take_back();
        SharedTrace(Arc::new(Shared {
            enabled: self.is_enabled(),
            limit: self.entry().map_or(0, |entry| entry.value_limit()),
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
    fn call(&self, work: impl FnOnce(&mut crate::entry::Entry)) -> &Self {
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
        settle::value(
            value.to_value(),
            || self.limit(),
            |kind| {
                self.call(|entry| entry.set(key.0, kind));
            },
        );
        self
    }

    /// Removes a field; see [`Trace::unset`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.set("resumed_at", 4_096).unset("resumed_at");
    /// assert_eq!(shared.get("resumed_at"), None);
    /// ```
    pub fn unset(&self, key: impl ToKey) -> &Self {
        let key = key.to_key();
        self.call(|entry| entry.unset(key.0))
    }

    /// Returns a field's value; see [`Trace::get`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.set("name", "cat.png");
    /// let name = shared.get("name");
    /// assert_eq!(name.as_ref().and_then(|value| value.as_str()), Some("cat.png"));
    /// ```
    pub fn get(&self, key: impl ToKey) -> Option<OwnedValue> {
        let key = key.to_key();
        self.with(|trace| trace.look(|entry| entry.get(key.0.as_str())))??
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
    /// assert_eq!(shared.get("chunks").and_then(|value| value.as_u64()), Some(2));
    /// ```
    pub fn incr(&self, key: impl ToKey) -> &Self {
        self.sum(key, 1u64)
    }

    /// Adds to a counter; see [`Trace::count`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.count("chunks", 4).count("chunks", 2);
    /// assert_eq!(shared.get("chunks").and_then(|value| value.as_u64()), Some(6));
    /// ```
    pub fn count(&self, key: impl ToKey, n: impl Number) -> &Self {
        self.sum(key, n)
    }

    /// Adds to a sum; see [`Trace::sum`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.sum("megabytes", 1.5).sum("megabytes", 2);
    /// assert_eq!(shared.get("megabytes").and_then(|value| value.as_f64()), Some(3.5));
    /// ```
    pub fn sum(&self, key: impl ToKey, x: impl Number) -> &Self {
        let key = key.to_key();
        self.call(|entry| entry.accumulate(key.0, Role::Sum, x.amount()))
    }

    /// Keeps the largest of the numbers given; see [`Trace::max`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.max("largest", 900).max("largest", 300);
    /// assert_eq!(shared.get("largest").and_then(|value| value.as_u64()), Some(900));
    /// ```
    pub fn max(&self, key: impl ToKey, x: impl Number) -> &Self {
        let key = key.to_key();
        self.call(|entry| entry.accumulate(key.0, Role::Max, x.amount()))
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
        let mut lapse = None;
        let key = key.to_key();
        self.call(|entry| lapse = entry.start_lap(key.0));
        let _lap = SharedLap { trace: self, lapse };
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

    /// Adds a fragment and raises the level to warn; see [`Trace::warn`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.warn("chunk sent again");
    /// assert_eq!(shared.with(|trace| trace.level()), Some(Some(log::Level::Warn)));
    /// ```
    #[track_caller]
    pub fn warn(&self, message: impl Message) -> &Self {
        self.fragment(message, Some(Level::Warn), Location::caller())
    }

    /// Adds a fragment and makes the outcome an error; see [`Trace::fail`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::Outcome;
    ///
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.fail("connection lost");
    /// assert_eq!(shared.with(|trace| trace.outcome()), Some(Some(Outcome::Error)));
    /// ```
    #[track_caller]
    pub fn fail(&self, message: impl Message) -> &Self {
        self.fragment(message, Some(Level::Error), Location::caller())
            .call(|entry| entry.severity.set_outcome(Outcome::Error))
    }

    /// What `add!` with a level expands to.
    #[doc(hidden)]
    #[track_caller]
    pub fn __add_at(&self, level: Level, message: impl Message) -> &Self {
        if level == Level::Error {
            return self.fail(message);
        }
        self.fragment(message, Some(level), Location::caller())
    }

    fn fragment(
        &self,
        message: impl Message,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) -> &Self {
        settle::message(
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
        if let Err(error) = &result {
            self.error(error);
        }
        result
    }

    /// Records an error; see [`Trace::error`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.error("disk full");
    /// assert!(shared.with(|trace| trace.render()).unwrap().ends_with(" error=\"disk full\""));
    /// ```
    pub fn error<E: Failure<M> + ?Sized, M>(&self, error: &E) -> &Self {
        if let Some(limit) = self.limit() {
            let told = failure::tell(error.cause(), limit);
            self.call(|entry| failure::record_told(entry, &told));
        }
        self
    }

    /// Makes the outcome `ok`; see [`Trace::ok`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.set("chunks", 3).ok();
    /// assert!(shared.with(|trace| trace.render()).unwrap().contains(" outcome=ok "));
    /// ```
    pub fn ok(&self) -> &Self {
        self.call(|entry| entry.severity.set_outcome(Outcome::Ok))
    }

    /// Sets the field `status` and what an HTTP status means; see [`Trace::status`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("request").into_shared();
    /// shared.status(404);
    /// assert_eq!(shared.with(|trace| trace.level()), Some(Some(log::Level::Warn)));
    /// assert_eq!(shared.get("status").and_then(|value| value.as_u64()), Some(404));
    /// ```
    pub fn status(&self, status: u16) -> &Self {
        self.call(|entry| entry.set_status(status))
    }

    /// Raises the level; see [`Trace::raise`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// shared.raise(log::Level::Warn);
    /// assert_eq!(shared.with(|trace| trace.level()), Some(Some(log::Level::Warn)));
    /// ```
    pub fn raise(&self, level: Level) -> &Self {
        self.call(|entry| entry.severity.raise(level))
    }

    /// Returns the time since the start; zero if disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let shared = traceline::start!("upload").into_shared();
    /// std::thread::sleep(std::time::Duration::from_millis(2));
    /// assert!(shared.elapsed().as_millis() >= 2);
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.with(|trace| trace.elapsed()).unwrap_or_default()
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
    lapse: Option<crate::entry::Lapse>,
}

impl Drop for SharedLap<'_> {
    fn drop(&mut self) {
        if let Some(lapse) = self.lapse {
            self.trace.call(|entry| entry.stop_lap(lapse));
        }
    }
}
