//! What a field can hold, borrowed from the caller for the length of one call.
//!
//! `set` is generic over [`ToValue`] and inlined, so that the kind of a value is
//! known where it is set and nothing is boxed or matched at run time. User code
//! (`Display`, `Debug`) runs when the value is stored, never while encoding.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::clock::{self, Stamp};
use crate::nested::{JsonText, Structured};
use crate::owned::OwnedValue;

/// A typed value on its way into a trace.
///
/// Made by [`ToValue`] and by [`null`], [`display`], [`debug`], [`mask`] and
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

impl<T: ToValue> List for [T] {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool) {
        for value in self {
            if !item(value.to_value()) {
                return;
            }
        }
    }
}

/// A sized handle on a slice, so that it can be a `&dyn List`.
impl<T: ToValue> List for Vec<T> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool) {
        self.as_slice().each(item);
    }
}

impl<T: ToValue, const N: usize> List for [T; N] {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool) {
        self.as_slice().each(item);
    }
}

impl<T: ToValue> List for &[T] {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool) {
        <[T] as List>::each(self, item);
    }
}

/// The text of the value; only what is shown of a masked one.
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// traceline::add!(trace, "token {}", traceline::mask("2c59aaaa", 4)); // token 2c59******
/// assert_eq!(traceline::mask("2c59aaaa", 4).to_string(), "2c59******");
/// ```
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Str(text) => f.write_str(text),
            Kind::Args(args) => f.write_fmt(args),
            Kind::Display(value) => value.fmt(f),
            Kind::Mask(text, shown) => f.write_str(&masked(text, shown)),
            _ => match OwnedValue::of(*self) {
                Some(value) => value.fmt(f),
                None => Ok(()),
            },
        }
    }
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

/// What a field can hold.
///
/// Implemented for every primitive (`i128`, `u128` and the `NonZero` types
/// included), `&str`, `String`, `Cow`, `Arc<str>`, `Box<str>`, `char`,
/// [`fmt::Arguments`], paths, [`Duration`], [`SystemTime`], `std::net`
/// addresses, arrays, slices and `Vec`s, `Option` and references to any of them.
///
/// | type | in the record |
/// |---|---|
/// | integers, floats, `bool` | typed; NaN and infinities are `null` in JSON |
/// | text, `char`, paths, addresses | a string |
/// | [`Duration`] | a number of **milliseconds**, whole microseconds; let the key end in `_ms` |
/// | [`SystemTime`] | an RFC 3339 timestamp in UTC |
/// | arrays, slices, `Vec` | an array in JSON, its JSON text in logfmt |
/// | `None` | nothing: the field is left out, and an earlier value is removed |
/// | [`null`] | `null` |
///
/// # Examples
///
/// A type of your own:
///
/// ```
/// use traceline::{ToValue, Value};
///
/// struct UserId(u64);
///
/// impl ToValue for UserId {
///     fn to_value(&self) -> Value<'_> {
///         self.0.to_value()
///     }
/// }
///
/// # let mut trace = traceline::Trace::default();
/// trace.set("user_id", UserId(7));
/// ```
pub trait ToValue {
    /// Returns the value, borrowed from `self`.
    fn to_value(&self) -> Value<'_>;
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

/// Lists nested more deeply are cut: storing one recurses through user code, and
/// common JSON readers stop at 128.
pub(crate) const MOST_NESTED: usize = 32;

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

impl ToValue for Value<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue + ?Sized> ToValue for &mut T {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        match self {
            Some(value) => value.to_value(),
            None => Value(Kind::Absent),
        }
    }
}

macro_rules! to_value {
    ($($type:ty => |$value:ident| $kind:expr;)*) => {$(
        impl ToValue for $type {
            #[inline]
            fn to_value(&self) -> Value<'_> {
                let $value = self;
                Value($kind)
            }
        }
        impl<'a> From<&'a $type> for Value<'a> {
            #[inline]
            fn from(value: &'a $type) -> Value<'a> {
                value.to_value()
            }
        }
    )*};
}

macro_rules! integers {
    ($($int:ty, $nonzero:ident => $variant:ident($wide:ty);)*) => {
        to_value! {$(
            $int => |value| Kind::$variant(*value as $wide);
            std::num::$nonzero => |value| Kind::$variant(value.get() as $wide);
        )*}
    };
}

integers! {
    u8, NonZeroU8 => U64(u64);
    u16, NonZeroU16 => U64(u64);
    u32, NonZeroU32 => U64(u64);
    u64, NonZeroU64 => U64(u64);
    usize, NonZeroUsize => U64(u64);
    u128, NonZeroU128 => U128(u128);
    i8, NonZeroI8 => I64(i64);
    i16, NonZeroI16 => I64(i64);
    i32, NonZeroI32 => I64(i64);
    i64, NonZeroI64 => I64(i64);
    isize, NonZeroIsize => I64(i64);
    i128, NonZeroI128 => I128(i128);
}

to_value! {
    bool => |value| Kind::Bool(*value);
    f64 => |value| Kind::F64(*value);
    f32 => |value| Kind::F32(*value);
    char => |value| Kind::Char(*value);
    str => |value| Kind::Str(value);
    String => |value| Kind::Str(value);
    Box<str> => |value| Kind::Str(value);
    std::rc::Rc<str> => |value| Kind::Str(value);
    std::sync::Arc<str> => |value| Kind::Str(value);
    Duration => |value| Kind::Micros(clock::micros(*value));
    SystemTime => |value| Kind::Stamp(Stamp::of(*value));
    std::path::Path => |value| Kind::Lossy(value.as_os_str().as_encoded_bytes());
    std::path::PathBuf => |value| Kind::Lossy(value.as_os_str().as_encoded_bytes());
    std::ffi::OsStr => |value| Kind::Lossy(value.as_encoded_bytes());
    std::ffi::OsString => |value| Kind::Lossy(value.as_encoded_bytes());
    std::net::IpAddr => |value| Kind::Display(value);
    std::net::Ipv4Addr => |value| Kind::Display(value);
    std::net::Ipv6Addr => |value| Kind::Display(value);
    std::net::SocketAddr => |value| Kind::Display(value);
    std::net::SocketAddrV4 => |value| Kind::Display(value);
    std::net::SocketAddrV6 => |value| Kind::Display(value);
}

impl ToValue for Cow<'_, str> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::Str(self))
    }
}

impl ToValue for fmt::Arguments<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::Args(*self))
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}

impl<T: ToValue, const N: usize> ToValue for [T; N] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}

// A slice reference is a list by itself: an unsized `[T]` cannot become a `&dyn List`.
impl<T: ToValue> ToValue for &[T] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}
