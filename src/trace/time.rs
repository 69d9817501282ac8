//! Timers: laps that add up under one key.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::thread::stack;
use crate::trace::Trace;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::laps::LapId;
use crate::value::key::ToKey;
use crate::value::not_a_future::NotAFuture;

impl Trace {
    /// Runs `work` and adds the time it takes to a timer.
    ///
    /// In async code, write `future.timed("db").await` instead. A closure that returns a
    /// future does not compile, because only the making of the future would be timed; see
    /// [`NotAFuture`] for what the compiler cannot see.
    ///
    /// The record has these fields for all laps of a key, times in milliseconds:
    ///
    /// | field | value |
    /// |---|---|
    /// | `key.count` | the number of laps |
    /// | `key.ms` | their sum, which is more than the time that passed if laps overlap |
    /// | `key.max_ms` | the longest lap |
    /// | `key.wall_ms` | the time in which at least one lap ran, if laps overlapped, so that it is not the sum |
    ///
    /// Laps overlap if they are nested, belong to futures that run at the same time, or ran in
    /// [parts](crate::Part) of the unit. Only the last 32 periods in which laps of a part ran
    /// are kept apart. Where laps on other threads overlap with earlier ones, `key.wall_ms` is
    /// not known and is left out. A lap that ends with a panic counts too.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn query() -> Result<u32, String> { Ok(7) }
    /// # let mut trace = traceline::Trace::default();
    /// let rows = trace.time("db", |trace| {
    ///     trace.add("querying");
    ///     query()
    /// }); // db.count=1 db.ms=104.7 db.max_ms=104.7
    /// ```
    #[inline]
    #[allow(non_camel_case_types)]
    pub fn time<
        R: NotAFuture<Future_needs_timed_instead_of_time>,
        Future_needs_timed_instead_of_time,
    >(
        &mut self,
        key: impl ToKey,
        work: impl FnOnce(&mut Trace) -> R,
    ) -> R {
        if !self.is_enabled() {
            return work(self);
        }
        let lap_id = self.start_timer(key).lap_id;
        let lap = StopOnDrop {
            trace: self,
            lap_id,
        };
        work(lap.trace)
    }

    /// Starts a lap of a timer, which [`stop`](Trace::stop) ends; meant for work
    /// that does not fit into a closure.
    ///
    /// A lap that is never stopped ends with the trace.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("upload");
    /// let hashing = trace.start_timer("hash");
    /// trace.set("chunks", 4); // the trace can be used meanwhile
    /// trace.stop(hashing);
    /// assert!(trace.render().contains(" hash.count=1 hash.ms="));
    /// ```
    #[inline]
    pub fn start_timer(&mut self, key: impl ToKey) -> Timer {
        let key = key.to_key();
        let lap_id = self.with_entry(|entry| entry.start_lap(key.0));
        Timer {
            lap_id: lap_id.flatten(),
        }
    }

    /// Ends a lap. A lap that was started on another trace is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("upload");
    /// for _chunk in 0..3 {
    ///     let timer = trace.start_timer("write");
    ///     trace.stop(timer);
    /// }
    /// assert!(trace.render().contains(" write.count=3 write.ms="));
    /// ```
    #[inline]
    pub fn stop(&mut self, timer: Timer) -> &mut Self {
        self.with(|entry| _ = timer.lap_id.map(|lap_id| entry.stop_lap(lap_id)))
    }

    /// Starts a lap, which ends when the returned guard is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("report");
    /// {
    ///     let _lap = trace.lap("read");
    ///     trace.set("path", "Cargo.toml");
    /// } // read.count=1 read.ms=0.021 read.max_ms=0.021
    /// # assert!(trace.render().contains(" read.count=1 read.ms="));
    /// ```
    pub fn lap(&mut self, key: impl ToKey) -> Lap {
        let key = key.to_key();
        Lap::new(
            self.with_entry(|entry| entry.start_shared_lap(key.0))
                .flatten(),
        )
    }

    /// Returns the time since the start; zero if the trace is disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # fn work() { std::thread::sleep(std::time::Duration::from_millis(2)); }
    /// let mut trace = traceline::start!("import");
    /// work();
    /// if trace.elapsed().as_millis() > 1 {
    ///     trace.warn("slow");
    /// }
    /// assert_eq!(trace.level(), Some(log::Level::Warn));
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.look(|entry| entry.now().saturating_duration_since(entry.start))
            .unwrap_or_default()
    }
}

/// A running lap of a timer, which [`Trace::stop`] ends.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("upload");
/// let timer: traceline::Timer = trace.start_timer("write");
/// trace.stop(timer);
/// assert!(trace.get("write").is_some());
/// ```
#[derive(Debug)]
#[must_use = "pass it to `Trace::stop`; otherwise the lap ends with the trace"]
pub struct Timer {
    lap_id: Option<LapId>,
}

impl Timer {
    pub(crate) fn new(lap_id: Option<LapId>) -> Timer {
        Timer { lap_id }
    }

    pub(crate) fn lap_id(&self) -> Option<LapId> {
        self.lap_id
    }
}

/// A running lap, which ends when this guard is dropped; made by [`Trace::lap`] and
/// [`current::lap`](crate::current::lap).
///
/// It does not borrow the trace, and it may be held across an `.await` and dropped on
/// another thread: the lap belongs to the unit in which it began.
#[derive(Debug)]
#[must_use = "the lap ends when the guard is dropped"]
pub struct Lap {
    lap: Option<(LapId, Arc<UnitHub>)>,
}

impl Lap {
    pub(crate) fn new(lap: Option<(LapId, Arc<UnitHub>)>) -> Lap {
        Lap { lap }
    }
}

impl UnwindSafe for Lap {}

impl RefUnwindSafe for Lap {}

impl Drop for Lap {
    fn drop(&mut self) {
        if let Some((lap_id, hub)) = self.lap.take() {
            let runs = |entry: &Entry| entry.runs_lap(lap_id);
            if stack::with_any(runs, |entry| entry.stop_lap(lap_id)).is_none() {
                hub.stop_lap(lap_id);
            }
        }
    }
}

/// Runs a closure when it is dropped. It ends a lap whose `work` does not hold the
/// trace.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Ends its lap when `time` returns or unwinds.
struct StopOnDrop<'a> {
    trace: &'a mut Trace,
    lap_id: Option<LapId>,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        let lap_id = self.lap_id;
        self.trace.stop(Timer { lap_id });
    }
}
