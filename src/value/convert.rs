//! Conversions between borrowed and owned values. They run user code, which the
//! plain data below does not.

use std::fmt;
use std::fmt::Write;
use std::time::Duration;

use crate::base::catch;
use crate::value::json_text::MAX_NESTED;
use crate::value::kind::{Kind, PANICKED, Value, masked};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// How many bytes of a structured value are kept outside a trace.
const MAX_JSON: usize = 1 << 20;

impl OwnedValue {
    /// Makes an owned value, or `None` for a field that is left out. This runs user
    /// code; if it panics or fails, it leaves the same mark as in a trace.
    pub(crate) fn from_value(value: Value<'_>) -> Option<OwnedValue> {
        OwnedValue::from_nested(value, MAX_JSON, 0)
    }

    /// Makes an owned value, with at most `limit` bytes of a structured one.
    pub(super) fn from_value_up_to(value: Value<'_>, limit: usize) -> Option<OwnedValue> {
        OwnedValue::from_nested(value, limit.min(MAX_JSON), 0)
    }

    fn from_nested(value: Value<'_>, limit: usize, depth: usize) -> Option<OwnedValue> {
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
            Kind::Stamp(stamp) => OwnedValue::from_stamp(stamp),
            Kind::Char(char) => OwnedValue::Text(char.into()),
            Kind::Str(text) => OwnedValue::Text(text.into()),
            Kind::Lossy(bytes) => OwnedValue::Text(String::from_utf8_lossy(bytes).into_owned()),
            Kind::Mask(text, shown) => OwnedValue::Text(masked(text, shown)),
            Kind::Args(args) => text(&args),
            Kind::Display(value) => text(&format_args!("{value}")),
            Kind::Debug(value) => text(&format_args!("{value:?}")),
            Kind::Structured(value) => match value.made(limit) {
                (OwnedValue::Json(text), cut) => OwnedValue::Json(text.cut(cut)),
                (made, _) => made,
            },
            Kind::Json(text) => OwnedValue::Json(text.clone()),
            Kind::List(_) if depth >= MAX_NESTED => OwnedValue::Null,
            Kind::List(list) => {
                let mut items = Vec::new();
                let done = catch::call(|| {
                    list.each(&mut |item| {
                        let item = OwnedValue::from_nested(item, limit, depth + 1);
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
}

/// Formats a text. If user code fails, what it wrote before is kept; if it panics,
/// the mark replaces all of it.
fn text(args: &fmt::Arguments<'_>) -> OwnedValue {
    let text = catch::call(|| {
        let mut text = String::new();
        let _ = text.write_fmt(*args);
        text
    });
    OwnedValue::Text(text.unwrap_or_else(|| PANICKED.into()))
}

#[diagnostic::do_not_recommend]
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

/// Writes the text of the value. A masked one stays masked.
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
            _ => match OwnedValue::from_value(*self) {
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
            Kind::Micros(value) => write!(f, "{value}µs"),
            Kind::Stamp(value) => value.fmt(f),
            Kind::Char(value) => value.fmt(f),
            Kind::Str(value) => value.fmt(f),
            Kind::Lossy(value) => String::from_utf8_lossy(value).fmt(f),
            // A secret must not appear in debug output either.
            Kind::Mask(_, shown) => write!(f, "Mask({shown})"),
            Kind::Debug(value) => value.fmt(f),
            Kind::List(_) => f.write_str("List"),
            Kind::Structured(_) => f.write_str("Structured"),
            Kind::Json(value) => value.fmt(f),
            // The others look the same in both forms.
            _ => fmt::Display::fmt(self, f),
        }
    }
}
