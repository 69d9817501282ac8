//! What a field can hold, borrowed from the caller for the length of one call.
//!
//! `set` is generic over [`ToValue`] and inlined, so that the kind of a value is
//! known where it is set and nothing is boxed or matched at run time. User code
//! (`Display`, `Debug`) runs when the value is stored, never while encoding.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::base::clock;
use crate::base::clock::Stamp;
use crate::value::kind::{Kind, List, Value};

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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a field",
    label = "needs a wrapper such as `debug(&…)`",
    note = "write `display(&x)`, `debug(&x)` or, with the feature `serde`, `json(&x)`; in `set!` and `start!`, `x:%` is `display` and `x:?` is `debug`",
    note = "an `Option`, a list or a reference can be one if what it holds can; a type of your own may implement `ToValue`"
)]
pub trait ToValue {
    /// Returns the value, borrowed from `self`.
    fn to_value(&self) -> Value<'_>;
}

#[diagnostic::do_not_recommend]
impl ToValue for Value<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToValue + ?Sized> ToValue for &T {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToValue + ?Sized> ToValue for &mut T {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

#[diagnostic::do_not_recommend]
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
        #[diagnostic::do_not_recommend]
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
    SystemTime => |value| Kind::Stamp(Stamp::new(*value));
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

#[diagnostic::do_not_recommend]
impl ToValue for Cow<'_, str> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::Str(self))
    }
}

#[diagnostic::do_not_recommend]
impl ToValue for fmt::Arguments<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::Args(*self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToValue> ToValue for Vec<T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToValue, const N: usize> ToValue for [T; N] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}

// A slice reference is a list by itself: an unsized `[T]` cannot become a `&dyn List`.
#[diagnostic::do_not_recommend]
impl<T: ToValue> ToValue for &[T] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value(Kind::List(self))
    }
}
