//! A clock that a test moves.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::base::clock::Clock;

/// 2026-01-01T00:00:00Z.
const WALL: Duration = Duration::from_secs(1_767_225_600);

/// A clock that stands still until it is told to advance; for any thread.
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
pub struct MockClock {
    base: Instant,
    now: Mutex<Now>,
}

#[derive(Clone, Copy, Debug)]
struct Now {
    since_base: Duration,
    wall: SystemTime,
}

impl MockClock {
    /// Returns a clock at 2026-01-01T00:00:00Z.
    ///
    /// A clock outlives every unit, so its memory is never given back: a few
    /// bytes a test.
    ///
    /// # Examples
    ///
    /// ```
    /// let clock = traceline::testing::MockClock::leak();
    /// let config = traceline::Config::builder().clock(clock).build()?; // without a capture
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn leak() -> &'static MockClock {
        Box::leak(Box::new(MockClock {
            base: Instant::now(),
            now: Mutex::new(Now {
                since_base: Duration::ZERO,
                wall: UNIX_EPOCH + WALL,
            }),
        }))
    }

    /// Moves both times on: the monotonic one, by which durations are measured,
    /// and the wall clock.
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
        let mut now = self.now.lock();
        now.since_base = now.since_base.saturating_add(by);
        now.wall = now.wall.checked_add(by).unwrap_or(now.wall);
    }

    /// Sets the wall clock alone, forwards or backwards: no time passes.
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
        self.now.lock().wall = wall;
    }
}

impl Clock for MockClock {
    fn now(&self) -> Instant {
        let since_base = self.now.lock().since_base;
        self.base.checked_add(since_base).unwrap_or(self.base)
    }

    fn wall(&self) -> SystemTime {
        self.now.lock().wall
    }
}

impl fmt::Debug for MockClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MockClock").field(&*self.now.lock()).finish()
    }
}
