//! A value that outlives the trace it was read from.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

use crate::clock::{self, Stamp};
use crate::guard;
use crate::nested::JsonText;
use crate::value::{Kind, MOST_NESTED, PANICKED, ToValue, Value};

/// How much of a structured value outlives a trace.
const MOST_JSON: usize = 1 << 20;

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
    /// A structured value as JSON text; of the feature `serde`.
    Json(JsonText),
}

impl OwnedValue {
    /// Returns the text, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::OwnedValue;
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

    /// Returns the truth value, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::OwnedValue;
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

    /// Returns the integer, if it is one that `u64` can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::I64(7).as_u64(), Some(7));
    /// assert_eq!(OwnedValue::I64(-7).as_u64(), None);
    /// ```
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            OwnedValue::U64(n) => Some(*n),
            OwnedValue::I64(n) => u64::try_from(*n).ok(),
            OwnedValue::U128(n) => u64::try_from(*n).ok(),
            OwnedValue::I128(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// Returns the integer, if it is one that `i64` can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::OwnedValue;
    ///
    /// assert_eq!(OwnedValue::U64(7).as_i64(), Some(7));
    /// assert_eq!(OwnedValue::U64(u64::MAX).as_i64(), None);
    /// ```
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            OwnedValue::U64(n) => i64::try_from(*n).ok(),
            OwnedValue::I64(n) => Some(*n),
            OwnedValue::U128(n) => i64::try_from(*n).ok(),
            OwnedValue::I128(n) => i64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// Returns a number as a float, rounded where it must be; a duration in milliseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::OwnedValue;
    /// use std::time::Duration;
    ///
    /// assert_eq!(OwnedValue::I64(-7).as_f64(), Some(-7.0));
    /// assert_eq!(OwnedValue::Duration(Duration::from_micros(1_500)).as_f64(), Some(1.5));
    /// ```
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            OwnedValue::U64(n) => Some(*n as f64),
            OwnedValue::I64(n) => Some(*n as f64),
            OwnedValue::U128(n) => Some(*n as f64),
            OwnedValue::I128(n) => Some(*n as f64),
            OwnedValue::F64(x) => Some(*x),
            OwnedValue::F32(x) => Some(f64::from(*x)),
            OwnedValue::Duration(duration) => Some(clock::micros(*duration) as f64 / 1_000.0),
            _ => None,
        }
    }

    /// The value of a borrowed one; `None` for what is left out. Runs `Display`;
    /// one that panics or fails leaves the mark that it leaves in a trace.
    pub(crate) fn of(value: Value<'_>) -> Option<OwnedValue> {
        OwnedValue::of_nested(value, MOST_JSON, 0)
    }

    /// The same, where of a structured value no more than `limit` bytes are of use.
    pub(crate) fn of_up_to(value: Value<'_>, limit: usize) -> Option<OwnedValue> {
        OwnedValue::of_nested(value, limit.min(MOST_JSON), 0)
    }

    fn of_nested(value: Value<'_>, limit: usize, depth: usize) -> Option<OwnedValue> {
        Some(match value.0 {
            Kind::Absent => return None,
            Kind::Null => OwnedValue::Null,
            Kind::Bool(value) => OwnedValue::Bool(value),
            Kind::U64(n) => OwnedValue::U64(n),
            Kind::I64(n) => OwnedValue::I64(n),
            Kind::U128(n) => OwnedValue::U128(n),
            Kind::I128(n) => OwnedValue::I128(n),
            Kind::F64(x) => OwnedValue::F64(x),
            Kind::F32(x) => OwnedValue::F32(x),
            Kind::Micros(n) => OwnedValue::Duration(Duration::from_micros(n)),
            Kind::Stamp(stamp) => OwnedValue::of_stamp(stamp),
            Kind::Char(char) => OwnedValue::Text(char.into()),
            Kind::Str(text) => OwnedValue::Text(text.into()),
            Kind::Lossy(bytes) => OwnedValue::Text(String::from_utf8_lossy(bytes).into_owned()),
            Kind::Mask(text, shown) => OwnedValue::Text(crate::value::masked(text, shown)),
            Kind::Args(args) => text(&args),
            Kind::Display(value) => text(&format_args!("{value}")),
            Kind::Debug(value) => text(&format_args!("{value:?}")),
            Kind::Structured(value) => match value.made(limit) {
                (OwnedValue::Json(text), cut) => OwnedValue::Json(text.cut(cut)),
                (made, _) => made,
            },
            Kind::Json(text) => OwnedValue::Json(text.clone()),
            Kind::List(_) if depth >= MOST_NESTED => OwnedValue::Null,
            Kind::List(list) => {
                let mut items = Vec::new();
                let done = guard::run(|| {
                    list.each(&mut |item| {
                        let item = OwnedValue::of_nested(item, limit, depth + 1);
                        items.push(item.unwrap_or(OwnedValue::Null));
                        true
                    });
                });
                match done {
                    Some(()) => OwnedValue::List(items),
                    None => OwnedValue::Text(PANICKED.into()),
                }
            }
        })
    }

    /// A time that `SystemTime` cannot hold stays as Unix seconds.
    pub(crate) fn of_stamp(stamp: Stamp) -> OwnedValue {
        stamp
            .to_system_time()
            .map_or(OwnedValue::I64(stamp.secs), OwnedValue::Time)
    }
}

/// What user code writes. What it wrote before an error is kept, before a panic not.
fn text(args: &fmt::Arguments<'_>) -> OwnedValue {
    let text = guard::run(|| {
        let mut text = String::new();
        let _ = text.write_fmt(*args);
        text
    });
    OwnedValue::Text(text.unwrap_or_else(|| PANICKED.into()))
}

impl ToValue for OwnedValue {
    fn to_value(&self) -> Value<'_> {
        match self {
            OwnedValue::Null => Value(Kind::Null),
            OwnedValue::Bool(value) => value.to_value(),
            OwnedValue::U64(n) => n.to_value(),
            OwnedValue::I64(n) => n.to_value(),
            OwnedValue::U128(n) => n.to_value(),
            OwnedValue::I128(n) => n.to_value(),
            OwnedValue::F64(x) => x.to_value(),
            OwnedValue::F32(x) => x.to_value(),
            OwnedValue::Text(text) => text.to_value(),
            OwnedValue::Duration(duration) => duration.to_value(),
            OwnedValue::Time(time) => time.to_value(),
            OwnedValue::List(items) => items.to_value(),
            OwnedValue::Json(text) => Value(Kind::Json(text)),
        }
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
            OwnedValue::Time(time) => match clock::rfc3339(Stamp::of(*time), 6) {
                Some((text, len)) => f.write_str(&String::from_utf8_lossy(&text[..len])),
                None => Stamp::of(*time).secs.fmt(f),
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
