//! Where time comes from.
//!
//! A trace reads the wall clock at most once, when it starts, and only if its
//! record prints a time; all later times are offsets on the monotonic clock. So no
//! duration comes from two readings of the wall clock, which drifts and jumps.
//! Tests and simulations can bring a [`Clock`] of their own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::catch;

/// A source of time for traces, set with [`ConfigBuilder::clock`](crate::config::ConfigBuilder::clock).
///
/// The default reads [`Instant::now`] and [`SystemTime::now`].
///
/// # Examples
///
/// A clock that a test moves by hand:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
///
/// use traceline::{Config, config::Clock};
///
/// struct Manual { base: Instant, micros: AtomicU64 }
///
/// impl Clock for Manual {
///     fn now(&self) -> Instant {
///         self.base + Duration::from_micros(self.micros.load(Ordering::Relaxed))
///     }
///     fn wall(&self) -> SystemTime {
///         UNIX_EPOCH + Duration::from_secs(1_700_000_000)
///     }
/// }
///
/// let clock: &'static Manual = Box::leak(Box::new(Manual {
///     base: Instant::now(),
///     micros: AtomicU64::new(0),
/// }));
/// let config = Config::builder().clock(clock).build()?;
/// let trace = traceline::builder!("tick").config(&config).start();
/// # drop(trace);
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
pub trait Clock: Send + Sync {
    /// Returns the monotonic time, which must never go backwards.
    fn now(&self) -> Instant;

    /// Returns the wall-clock time; it is read once, when a trace starts.
    fn wall(&self) -> SystemTime;
}

/// The clock of a configuration: the system's, read without a virtual call, or a
/// user's. If a user's clock panics, the system's is read instead.
#[derive(Clone, Copy)]
pub(crate) enum TimeSource {
    System,
    Custom(&'static dyn Clock),
}

impl TimeSource {
    /// Returns whether both are the same clock.
    pub(crate) fn is(self, other: TimeSource) -> bool {
        match (self, other) {
            (TimeSource::System, TimeSource::System) => true,
            (TimeSource::Custom(one), TimeSource::Custom(other)) => std::ptr::addr_eq(one, other),
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn now(self) -> Instant {
        match self {
            TimeSource::System => Instant::now(),
            TimeSource::Custom(clock) => custom_now(clock),
        }
    }

    #[inline]
    pub(crate) fn wall(self) -> SystemTime {
        match self {
            TimeSource::System => SystemTime::now(),
            TimeSource::Custom(clock) => {
                catch::call(|| clock.wall()).unwrap_or_else(SystemTime::now)
            }
        }
    }
}

/// Not inlined, because a function that catches a panic cannot be inlined either.
#[inline(never)]
fn custom_now(clock: &dyn Clock) -> Instant {
    catch::call(|| clock.now()).unwrap_or_else(Instant::now)
}

/// Returns whole microseconds; they saturate after 584,000 years.
#[inline]
pub(crate) fn micros(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000)
        .saturating_add(u64::from(duration.subsec_micros()))
}

/// A point in time as seconds and nanoseconds since 1970. Before 1970 the seconds
/// are negative, and the nanoseconds still count upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) secs: i64,
    pub(crate) nanos: u32,
}

impl Stamp {
    pub(crate) fn new(time: SystemTime) -> Stamp {
        let since = time.duration_since(UNIX_EPOCH);
        let is_before = since.is_err();
        let distance = since.unwrap_or_else(|before| before.duration());
        let secs = i64::try_from(distance.as_secs()).unwrap_or(i64::MAX);
        let (secs, nanos) = match (is_before, distance.subsec_nanos()) {
            (false, nanos) => (secs, nanos),
            (true, 0) => (-secs, 0),
            (true, nanos) => ((-secs).saturating_sub(1), 1_000_000_000 - nanos),
        };
        Stamp { secs, nanos }
    }

    pub(crate) fn to_system_time(self) -> Option<SystemTime> {
        let secs = Duration::from_secs(self.secs.unsigned_abs());
        let whole = if self.secs < 0 {
            UNIX_EPOCH.checked_sub(secs)
        } else {
            UNIX_EPOCH.checked_add(secs)
        };
        whole?.checked_add(Duration::from_nanos(self.nanos.into()))
    }
}

/// Converts days since 1970-01-01 to year, month and day of the proleptic
/// Gregorian calendar, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn civil(days: i64) -> (i64, u8, u8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

/// Formats a time as RFC 3339 in UTC with `Z` and `digits` (0 to 9) fraction digits,
/// which are cut, not rounded.
///
/// Returns the text and its length. Outside the years 0000 to 9999, which RFC 3339
/// cannot write, it returns `None`, and callers write whole Unix seconds.
pub(crate) fn rfc3339(stamp: Stamp, digits: u8) -> Option<([u8; 30], usize)> {
    let days = stamp.secs.div_euclid(86_400);
    // So far outside these years that `civil` could overflow.
    if !(-800_000..=3_000_000).contains(&days) {
        return None;
    }
    let (year, month, day) = civil(days);
    let year = u16::try_from(year).ok().filter(|year| *year <= 9999)?;
    let second = stamp.secs.rem_euclid(86_400) as u32;
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    two(&mut text, 0, (year / 100) as u8);
    two(&mut text, 2, (year % 100) as u8);
    two(&mut text, 5, month);
    two(&mut text, 8, day);
    two(&mut text, 11, (second / 3_600) as u8);
    two(&mut text, 14, (second / 60 % 60) as u8);
    two(&mut text, 17, (second % 60) as u8);
    let mut rest = stamp.nanos;
    for digit in text[20..29].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let end = match digits {
        0 => 19,
        digits => 20 + usize::from(digits.min(9)),
    };
    text[end] = b'Z';
    Some((text, end + 1))
}

#[inline]
fn two(text: &mut [u8; 30], at: usize, value: u8) {
    text[at] = b'0' + value / 10;
    text[at + 1] = b'0' + value % 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(secs: i64, nanos: u32, digits: u8) -> Option<String> {
        rfc3339(Stamp { secs, nanos }, digits)
            .map(|(text, len)| String::from_utf8_lossy(&text[..len]).into_owned())
    }

    #[test]
    fn timestamps_are_rfc3339_with_fixed_digits_cut_not_rounded() {
        let cases = [
            (0, 0, 6, "1970-01-01T00:00:00.000000Z"),
            (1_704_067_200, 123_456_789, 6, "2024-01-01T00:00:00.123456Z"),
            (1_704_067_200, 999_999_999, 3, "2024-01-01T00:00:00.999Z"),
            (
                1_704_067_200,
                123_456_789,
                9,
                "2024-01-01T00:00:00.123456789Z",
            ),
            (1_709_164_800, 0, 3, "2024-02-29T00:00:00.000Z"),
            (951_782_400, 0, 3, "2000-02-29T00:00:00.000Z"),
            (-1, 500_000_000, 3, "1969-12-31T23:59:59.500Z"),
            (-62_167_219_200, 0, 3, "0000-01-01T00:00:00.000Z"),
            (253_402_300_799, 0, 3, "9999-12-31T23:59:59.000Z"),
        ];
        for (secs, nanos, digits, want) in cases {
            assert_eq!(text(secs, nanos, digits).as_deref(), Some(want));
        }
    }

    #[test]
    fn years_that_rfc3339_cannot_write_are_refused() {
        for secs in [-62_167_219_201, 253_402_300_800, i64::MIN, i64::MAX] {
            assert_eq!(text(secs, 0, 6), None, "{secs}");
        }
    }

    #[test]
    fn stamps_before_1970_keep_their_fraction() {
        let time = UNIX_EPOCH - Duration::from_millis(500);
        let stamp = Stamp::new(time);
        assert_eq!((stamp.secs, stamp.nanos), (-1, 500_000_000));
        assert_eq!(stamp.to_system_time(), Some(time));
    }
}
