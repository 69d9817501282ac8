use std::time::Duration;

use crate::trace::Trace;
use crate::unit::store::laps::LapId;
use crate::value::key::ToKey;

impl Trace {
    /// Runs `work` and adds the time it takes to a timer: `key.count`, `key.ms`
    /// and `key.max_ms` in the record, over all laps of this key.
    ///
    /// A lap that ends by a panic counts too.
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
    pub fn time<R>(&mut self, key: impl ToKey, work: impl FnOnce(&mut Trace) -> R) -> R {
        if !self.is_enabled() {
            return work(self);
        }
        let timer = self.start_timer(key);
        let lap = RunningLap {
            trace: self,
            timer: Some(timer),
        };
        work(lap.trace)
    }

    /// Starts a lap of a timer, to be ended by [`stop`](Trace::stop); for work
    /// that is no closure.
    ///
    /// A lap that is not stopped ends with the trace.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("upload");
    /// let hashing = trace.start_timer("hash");
    /// trace.set("chunks", 4); // the trace is free meanwhile
    /// trace.stop(hashing);
    /// assert!(trace.render().contains(" hash.count=1 hash.ms="));
    /// ```
    #[inline]
    pub fn start_timer(&mut self, key: impl ToKey) -> Timer {
        let entry = self.entry_mut();
        Timer {
            lap_id: entry.and_then(|entry| entry.start_lap(key.to_key().0)),
        }
    }

    /// Ends a lap. One that was started on another trace is left alone.
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
        self.with(|entry| {
            if let Some(lap_id) = timer.lap_id {
                entry.stop_lap(lap_id);
            }
        })
    }

    /// Returns the time since the start; zero if disabled.
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

/// A running lap of a timer, to be given to [`Trace::stop`].
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

/// Ends its lap when `time` returns or unwinds.
struct RunningLap<'a> {
    trace: &'a mut Trace,
    timer: Option<Timer>,
}

impl Drop for RunningLap<'_> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.trace.stop(timer);
        }
    }
}
