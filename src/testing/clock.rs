//! A clock that a test moves.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::base::clock::Clock;

/// 2026-01-01T00:00:00Z.
const WALL: Duration = Duration::from_secs(1_767_225_600);

/// A clock that stands still until a test advances it, on any thread.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use traceline::testing::{Capture, MockClock};
///
/// let clock = MockClock::leak();
/// let capture = Capture::new().clock(clock);
/// capture.run(|| {
///     let mut trace = traceline::start!("job");
///     trace.time("db", |_| clock.advance(Duration::from_micros(1_500)));
/// });
/// assert_eq!(capture.records()[0].f64("db.ms"), Some(1.5));
/// ```
#[derive(Debug)]
pub struct MockClock(Mutex<Now>);

#[derive(Debug)]
struct Now {
    monotonic: Instant,
    wall: SystemTime,
}

impl MockClock {
    /// Returns a clock at 2026-01-01T00:00:00Z.
    ///
    /// A clock outlives every unit, so its few bytes of memory are never freed.
    ///
    /// # Examples
    ///
    /// ```
    /// let clock = traceline::testing::MockClock::leak();
    /// let config = traceline::Config::builder().clock(clock).build()?; // without a capture
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn leak() -> &'static MockClock {
        Box::leak(Box::new(MockClock(Mutex::new(Now {
            monotonic: Instant::now(),
            wall: UNIX_EPOCH + WALL,
        }))))
    }

    /// Advances both the monotonic clock, which measures durations, and the wall clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use traceline::config::Clock;
    ///
    /// let clock = traceline::testing::MockClock::leak();
    /// let before = clock.now();
    /// clock.advance(Duration::from_millis(3));
    /// assert_eq!(clock.now() - before, Duration::from_millis(3));
    /// ```
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        now.monotonic = now.monotonic.checked_add(by).unwrap_or(now.monotonic);
        now.wall = now.wall.checked_add(by).unwrap_or(now.wall);
    }

    /// Sets the wall clock only, forwards or backwards; no time passes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use traceline::testing::{Capture, MockClock};
    ///
    /// let clock = MockClock::leak();
    /// clock.set_wall(UNIX_EPOCH);
    /// let capture = Capture::new().clock(clock);
    /// capture.run(|| traceline::start!("job").emit());
    /// assert!(capture.records()[0].text().starts_with("ts=1970-01-01T00:00:00.000000Z "));
    /// ```
    pub fn set_wall(&self, wall: SystemTime) {
        self.0.lock().wall = wall;
    }
}

impl Clock for MockClock {
    fn now(&self) -> Instant {
        self.0.lock().monotonic
    }

    fn wall(&self) -> SystemTime {
        self.0.lock().wall
    }
}
