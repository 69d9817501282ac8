//! The types that a field can hold, borrowed from the caller for one call.
//!
//! `set` is generic over [`ToValue`] and inlined, so that the compiler knows the
//! kind of a value at the call, and nothing is boxed or matched at run time. User
//! code (`Display`, `Debug`) runs when the value is stored, never while encoding.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::base::clock;
use crate::base::clock::Stamp;
use crate::value::kind::{Kind, List, Value};

/// A type that a field can hold.
///
/// It is implemented for every primitive (`i128`, `u128` and the `NonZero` types
/// included), `&str`, `String`, `Cow`, `Arc<str>`, `Box<str>`, `char`,
/// [`fmt::Arguments`], paths, [`Duration`], [`SystemTime`], `std::net`
/// addresses, arrays, slices and `Vec`s, and for `Option`s of and references to all
/// of these.
///
/// | type | in the record |
/// |---|---|
/// | integers, floats, `bool` | typed; NaN and infinities are `null` in JSON |
/// | text, `char`, paths, addresses | a string |
/// | [`Duration`] | a number of **milliseconds**, cut to whole microseconds; let the key end in `_ms` |
/// | [`SystemTime`] | an RFC 3339 timestamp in UTC |
/// | arrays, slices, `Vec` | an array in JSON, its JSON text in logfmt |
/// | `None` | nothing: the field is left out, and an earlier value is removed |
/// | [`null()`](crate::null()) | `null` |
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
    ($($variant:ident: $($int:ty)+;)*) => {
        to_value! {$($(
            $int => |value| Kind::$variant(*value as _);
            std::num::NonZero<$int> => |value| Kind::$variant(value.get() as _);
        )+)*}
    };
}

integers! {
    U64: u8 u16 u32 u64 usize;
    I64: i8 i16 i32 i64 isize;
    U128: u128;
    I128: i128;
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

macro_rules! lists {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> List for $type {
            fn each(&self, item: &mut dyn FnMut(Value<'_>) -> bool) {
                // `all` stops at the first `false`.
                self.iter().all(|value| item(value.to_value()));
            }
        }
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> ToValue for $type {
            #[inline]
            fn to_value(&self) -> Value<'_> {
                Value(Kind::List(self))
            }
        }
    )*};
}

// A slice is a list only behind a reference: `[T]` cannot become a `&dyn List`.
lists! {
    [T: ToValue] Vec<T>;
    [T: ToValue, const N: usize] [T; N];
    [T: ToValue] &[T];
}
