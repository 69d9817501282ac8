//! A value that owns its data, so that it outlives the trace it was read from.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::base::clock;
use crate::base::clock::Stamp;
use crate::value::json_text::JsonText;
use crate::value::number::Amount;

/// A value read back from a trace by [`Trace::get`](crate::Trace::get).
///
/// # Examples
///
/// ```
/// # log::set_max_level(log::LevelFilter::Info);
/// # struct Sink;
/// # impl log::Log for Sink {
/// #     fn enabled(&self, _: &log::Metadata<'_>) -> bool { true }
/// #     fn log(&self, _: &log::Record<'_>) {}
/// #     fn flush(&self) {}
/// # }
/// # let _ = log::set_logger(&Sink);
/// let mut trace = traceline::start!("auth");
/// trace.set("user_id", 7u64).set("plan", "pro");
/// assert_eq!(trace.get("user_id").and_then(|value| value.as_u64()), Some(7));
/// assert_eq!(trace.get("plan").as_ref().and_then(|value| value.as_str()), Some("pro"));
/// assert_eq!(trace.get("age"), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// An explicit null.
    Null,
    /// A truth value.
    Bool(bool),
    /// An unsigned integer of up to 64 bits.
    U64(u64),
    /// A signed integer of up to 64 bits.
    I64(i64),
    /// A 128-bit unsigned integer.
    U128(u128),
    /// A 128-bit signed integer.
    I128(i128),
    /// A float.
    F64(f64),
    /// A float of 32 bits.
    F32(f32),
    /// Text.
    Text(String),
    /// A duration, in whole microseconds.
    Duration(Duration),
    /// A point in time.
    Time(SystemTime),
    /// A list.
    List(Vec<OwnedValue>),
    /// A structured value as JSON text, made with the feature `serde`.
    Json(JsonText),
}

impl OwnedValue {
    /// Returns the text, if the value is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::value::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::Text("pro".into()).as_str(), Some("pro"));
    /// assert_eq!(OwnedValue::U64(7).as_str(), None);
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match self {
            OwnedValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value if the value is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::value::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::Bool(true).as_bool(), Some(true));
    /// assert_eq!(OwnedValue::Text("true".into()).as_bool(), None);
    /// ```
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            OwnedValue::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the integer if the value is one that `u64` can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::value::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::I64(7).as_u64(), Some(7));
    /// assert_eq!(OwnedValue::I64(-7).as_u64(), None);
    /// ```
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.whole()?).ok()
    }

    /// Returns the integer if the value is one that `i64` can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::value::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::U64(7).as_i64(), Some(7));
    /// assert_eq!(OwnedValue::U64(u64::MAX).as_i64(), None);
    /// ```
    pub fn as_i64(&self) -> Option<i64> {
        i64::try_from(self.whole()?).ok()
    }

    /// Returns a number as a float, rounded if necessary, and a duration in **milliseconds**.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use traceline::value::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::I64(-7).as_f64(), Some(-7.0));
    /// assert_eq!(OwnedValue::Duration(Duration::from_micros(1_500)).as_f64(), Some(1.5));
    /// ```
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            OwnedValue::Duration(duration) => Some(clock::micros(*duration) as f64 / 1_000.0),
            _ => self.amount().map(Amount::to_f64),
        }
    }

    fn whole(&self) -> Option<i128> {
        self.amount()?.whole()?.ok()
    }

    fn amount(&self) -> Option<Amount> {
        Some(match *self {
            OwnedValue::U64(n) => Amount::U64(n),
            OwnedValue::I64(n) => Amount::I64(n),
            OwnedValue::U128(n) => Amount::U128(n),
            OwnedValue::I128(n) => Amount::I128(n),
            OwnedValue::F64(x) => Amount::F64(x),
            OwnedValue::F32(x) => Amount::F32(x),
            _ => return None,
        })
    }

    /// Makes a time; a time that `SystemTime` cannot hold becomes a number of Unix
    /// seconds.
    pub(crate) fn from_stamp(stamp: Stamp) -> OwnedValue {
        stamp
            .to_system_time()
            .map_or(OwnedValue::I64(stamp.secs), OwnedValue::Time)
    }
}

impl fmt::Display for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnedValue::Null => f.write_str("null"),
            OwnedValue::Bool(value) => value.fmt(f),
            OwnedValue::U64(n) => n.fmt(f),
            OwnedValue::I64(n) => n.fmt(f),
            OwnedValue::U128(n) => n.fmt(f),
            OwnedValue::I128(n) => n.fmt(f),
            OwnedValue::F64(x) => fmt::Debug::fmt(x, f),
            OwnedValue::F32(x) => fmt::Debug::fmt(x, f),
            OwnedValue::Text(text) => text.fmt(f),
            OwnedValue::Json(text) => text.fmt(f),
            OwnedValue::Duration(duration) => fmt::Debug::fmt(duration, f),
            OwnedValue::Time(time) => match clock::rfc3339(Stamp::new(*time), 6) {
                Some((text, len)) => f.write_str(&String::from_utf8_lossy(&text[..len])),
                None => Stamp::new(*time).secs.fmt(f),
            },
            OwnedValue::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}
