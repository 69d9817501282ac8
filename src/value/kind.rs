//! A value on its way into a trace, and the functions that make one.
//!
//! It borrows, so that a call that sets a field copies the value once: into the
//! memory of the trace.

use std::fmt;

use crate::base::clock::Stamp;
use crate::value::json_text::JsonText;
use crate::value::owned::OwnedValue;

/// A type that can be serialized. This is user code, which may panic.
pub(crate) trait Structured {
    /// Serializes the value and returns it, with whether it was cut. A structure
    /// becomes JSON text of at most `limit` bytes.
    fn made(&self, limit: usize) -> (OwnedValue, bool);
}

/// A typed value on its way into a trace.
///
/// [`ToValue`](crate::ToValue) makes one, and so do [`null`], [`display`], [`debug`],
/// [`mask`] and [`text_lossy`]. It borrows; the trace copies what it needs.
///
/// # Examples
///
/// ```
/// let token = String::from("2c59aaaa");
/// let value = traceline::mask(&token, 4);
/// # let mut trace = traceline::Trace::default();
/// trace.set("token", value); // 2c59******
/// assert_eq!(value.to_string(), "2c59******");
/// ```
#[derive(Clone, Copy)]
pub struct Value<'a>(pub(crate) Kind<'a>);

/// The kinds of values. A match that must grow with them has no wildcard.
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

impl Kind<'_> {
    /// Returns whether the value is text that has yet to be made, up to a limit.
    #[inline(always)]
    pub(crate) fn needs_limit(&self) -> bool {
        matches!(
            self,
            Kind::Args(_) | Kind::Display(_) | Kind::Debug(_) | Kind::List(_) | Kind::Structured(_)
        )
    }
}

/// A list of values, visited in order.
pub(crate) trait List {
    /// Calls `item` with each value until it returns `false`.
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool);
}

/// Returns an explicit null. It is written as `null`, while a field that is set to
/// `None` is left out.
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

/// Returns a value that is printed with [`Display`](fmt::Display).
///
/// If `Display` panics, the panic is caught and the field holds `<panicked>`.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// if let Err(error) = "x".parse::<u8>() {
///     trace.set("why", traceline::display(&error));
/// }
/// ```
#[inline]
pub fn display<T: fmt::Display>(value: &T) -> Value<'_> {
    Value(Kind::Display(value))
}

/// Returns a value that is printed with [`Debug`](fmt::Debug); see [`display`].
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

/// Returns masked text: the record shows its first `shown` characters, then six stars.
///
/// Text with fewer than twice `shown` characters is hidden entirely, so that a
/// short secret does not appear almost whole. There are always six stars, so the
/// record does not reveal the length either.
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

/// The mark of a value that panicked.
pub(crate) const PANICKED: &str = "<panicked>";

/// Written in place of text that is masked or redacted, whatever its length.
pub(crate) const STARS: &str = "******";

/// Returns the part of a masked text that is shown; a short text is hidden entirely.
pub(crate) fn unmasked(text: &str, shown: usize) -> &str {
    let last = shown.saturating_mul(2).saturating_sub(1);
    if shown == 0 || text.chars().nth(last).is_none() {
        return "";
    }
    let end = text.char_indices().nth(shown);
    let end = end.map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// Returns a masked text as it stands in the record.
pub(super) fn masked(text: &str, shown: usize) -> String {
    [unmasked(text, shown), STARS].concat()
}

/// Returns bytes as text; those that are not UTF-8 become U+FFFD, as with
/// [`String::from_utf8_lossy`].
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
