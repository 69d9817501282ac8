use std::fmt;

use crate::base::clock::Stamp;
use crate::value::json_text::JsonText;
use crate::value::owned::OwnedValue;

/// What can become a structured value. User code: it may panic.
pub(crate) trait Structured {
    /// The value, a structure as JSON text of at most `limit` bytes, and whether
    /// that is not all of it.
    fn made(&self, limit: usize) -> (OwnedValue, bool);
}

/// A typed value on its way into a trace.
///
/// Serialized by [`ToValue`] and by [`null`], [`display`], [`debug`], [`mask`] and
/// [`text_lossy`]. It borrows; the trace copies what it needs.
///
/// # Examples
///
/// ```
/// let token = String::from("2c59aaaa");
/// let value: traceline::Value<'_> = traceline::mask(&token, 4);
/// # let mut trace = traceline::Trace::default();
/// trace.set("token", value); // 2c59******
/// assert_eq!(value.to_string(), "2c59******");
/// ```
#[derive(Clone, Copy)]
pub struct Value<'a>(pub(crate) Kind<'a>);

/// The kinds of value. A match on this that must grow has no wildcard.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// `None`: the field is left out.
    Absent,
    Null,
    Bool(bool),
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    F32(f32),
    /// Whole microseconds, printed as milliseconds.
    Micros(u64),
    Stamp(Stamp),
    Char(char),
    Str(&'a str),
    Lossy(&'a [u8]),
    Mask(&'a str, usize),
    Args(fmt::Arguments<'a>),
    Display(&'a dyn fmt::Display),
    Debug(&'a dyn fmt::Debug),
    List(&'a dyn List),
    /// A structure that is serialized when it is stored.
    #[cfg_attr(not(feature = "serde"), allow(dead_code))]
    Structured(&'a dyn Structured),
    /// JSON text of a structure, in the escaping of records.
    Json(&'a JsonText),
}

/// A slice of values, visited in order.
pub(crate) trait List {
    /// Calls `item` for each until it returns `false`.
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool);
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Absent => f.write_str("Absent"),
            Kind::Null => f.write_str("Null"),
            Kind::Bool(value) => value.fmt(f),
            Kind::U64(value) => value.fmt(f),
            Kind::I64(value) => value.fmt(f),
            Kind::U128(value) => value.fmt(f),
            Kind::I128(value) => value.fmt(f),
            Kind::F64(value) => value.fmt(f),
            Kind::F32(value) => value.fmt(f),
            Kind::Micros(value) => write!(f, "{value}µs"),
            Kind::Stamp(value) => value.fmt(f),
            Kind::Char(value) => value.fmt(f),
            Kind::Str(value) => value.fmt(f),
            Kind::Lossy(value) => String::from_utf8_lossy(value).fmt(f),
            // The secret stays one in a debug print too.
            Kind::Mask(_, shown) => write!(f, "Mask({shown})"),
            Kind::Args(value) => value.fmt(f),
            Kind::Display(value) => value.fmt(f),
            Kind::Debug(value) => value.fmt(f),
            Kind::List(_) => f.write_str("List"),
            Kind::Structured(_) => f.write_str("Structured"),
            Kind::Json(value) => value.fmt(f),
        }
    }
}

/// Returns an explicit null, which is written as `null`; `None` is left out.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("checkout");
/// trace.set("coupon", traceline::null()).set("referrer", None::<&str>);
/// assert!(trace.render().ends_with(" coupon=null"));
/// ```
#[inline]
pub fn null() -> Value<'static> {
    Value(Kind::Null)
}

/// Returns a value printed with [`Display`](fmt::Display).
///
/// A `Display` that panics is caught: the field holds `<panicked>`.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// let version = std::num::ParseIntError::clone(&"x".parse::<u8>().unwrap_err());
/// trace.set("why", traceline::display(&version));
/// ```
#[inline]
pub fn display<T: fmt::Display>(value: &T) -> Value<'_> {
    Value(Kind::Display(value))
}

/// Returns a value printed with [`Debug`](fmt::Debug); see [`display`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("compile");
/// trace.set("lines", traceline::debug(&(3..7)));
/// assert!(trace.render().ends_with(" lines=3..7"));
/// ```
#[inline]
pub fn debug<T: fmt::Debug>(value: &T) -> Value<'_> {
    Value(Kind::Debug(value))
}

/// Returns text of which only the first `shown` characters get into the record, then six stars.
///
/// Text of fewer than twice `shown` characters is hidden whole, so that a short
/// secret does not stand there nearly complete. The stars are always six: the
/// length is not told either.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// trace.set("token", traceline::mask("2c59aaaa", 4)); // 2c59******
/// trace.set("pin", traceline::mask("1234", 4)); // ******
/// ```
#[inline]
pub fn mask<S: AsRef<str> + ?Sized>(text: &S, shown: usize) -> Value<'_> {
    Value(Kind::Mask(text.as_ref(), shown))
}

/// Written where a `Display` panicked.
pub(crate) const PANICKED: &str = "<panicked>";

/// Written for what a mask or a redaction hides. Always six: no length is told.
pub(crate) const STARS: &str = "******";

/// The part of a masked text that is shown: none of a short one.
pub(crate) fn unmasked(text: &str, shown: usize) -> &str {
    let long_enough = text
        .chars()
        .nth(shown.saturating_mul(2).saturating_sub(1))
        .is_some();
    if shown == 0 || !long_enough {
        return "";
    }
    let end = text
        .char_indices()
        .nth(shown)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// A masked text as it gets into the record.
pub(crate) fn masked(text: &str, shown: usize) -> String {
    [unmasked(text, shown), STARS].concat()
}

/// Returns bytes as text; what is not UTF-8 becomes U+FFFD, as in [`String::from_utf8_lossy`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("parse");
/// trace.set("header", traceline::text_lossy(b"caf\xe9"));
/// assert!(trace.render().contains("caf\u{fffd}"));
/// ```
#[inline]
pub fn text_lossy(bytes: &[u8]) -> Value<'_> {
    Value(Kind::Lossy(bytes))
}
