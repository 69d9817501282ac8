//! Timers: laps that add up under one key.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::thread::stack;
use crate::trace::Trace;
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
    /// | `key.wall_ms` | the time in which at least one lap ran; only if laps overlapped |
    ///
    /// Laps overlap if they are nested, or if they belong to futures or [parts](crate::Part)
    /// that run at the same time. A lap that ends with a panic counts too.
    ///
    /// Where several threads use a timer, it remembers the last 32 periods in which laps ran.
    /// If a lap that comes from another thread overlaps with earlier ones, `key.wall_ms` cannot
    /// be known and is left out.
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
            hub: None,
        }
    }

    /// Ends a lap. A lap that [`start_timer`](Trace::start_timer) began on another trace is
    /// ignored, unless this one is a part of it.
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
        if let Some(lap_id) = timer.lap_id {
            self.stop_lap(lap_id, timer.hub);
        }
        self
    }

    #[inline(never)]
    fn stop_lap(&mut self, lap_id: LapId, hub: Option<Arc<UnitHub>>) {
        let home = self.with_entry(|entry| match entry.runs_lap(lap_id) {
            true => {
                entry.stop_lap(lap_id);
                None
            }
            // It may run in the unit of this part.
            false => entry.home.clone().or(hub.clone()),
        });
        if let Some(hub) = home.unwrap_or(hub) {
            hub.stop_lap(lap_id);
        }
    }

    /// Starts a lap, which ends when the returned guard is dropped.
    ///
    /// The guard does not borrow the trace, and may be held across an `.await`. A
    /// thread allocates for its first such lap; later ones use that memory again.
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
    hub: Option<Arc<UnitHub>>,
}

impl Timer {
    pub(crate) fn shared(lap: Option<(LapId, Arc<UnitHub>)>) -> Timer {
        let (lap_id, hub) = lap.unzip();
        Timer { lap_id, hub }
    }

    /// Ends the lap, wherever it runs; returns `false` if there is no way to its unit.
    pub(crate) fn stop(mut self) -> bool {
        self.stop_now()
    }

    fn stop_now(&mut self) -> bool {
        let Some(lap_id) = self.lap_id.take() else {
            return true;
        };
        if stack::stop_lap(lap_id) {
            return true;
        }
        if let Some(hub) = &self.hub {
            hub.stop_lap(lap_id);
            return true;
        }
        // If its unit has a part on this thread, that knows the unit.
        let homes = stack::homes();
        homes.iter().for_each(|home| home.stop_lap(lap_id));
        !homes.is_empty()
    }
}

/// A running lap, which ends when this guard is dropped; made by [`Trace::lap`] and
/// [`current::lap`](crate::current::lap).
///
/// It does not borrow the trace, and it may be held across an `.await` and dropped on
/// another thread: the lap belongs to the unit in which it began. A lap that outlives its
/// unit, or the scope or part in which it began, ends with that.
#[derive(Debug)]
#[must_use = "the lap ends when the guard is dropped"]
pub struct Lap(Timer);

impl Lap {
    pub(crate) fn new(lap: Option<(LapId, Arc<UnitHub>)>) -> Lap {
        Lap(Timer::shared(lap))
    }
}

impl UnwindSafe for Timer {}

impl RefUnwindSafe for Timer {}

impl Drop for Lap {
    fn drop(&mut self) {
        self.0.stop_now();
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
        if let Some(lap_id) = self.lap_id {
            self.trace.stop_lap(lap_id, None);
        }
    }
}
