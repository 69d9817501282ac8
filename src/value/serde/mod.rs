//! Feature `serde`: any `Serialize` as a structured value.
//!
//! It is serialized when it is set, up to a limit. Then the text is checked, and
//! repeated keys are removed: a record must be JSON whatever a `Serialize` does.

// From the top down: a file names only files below it (tests/layers.rs).
mod dedup;
mod escaping;

use std::io;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::ser::Serializer;

use crate::base::{bytes, catch};
use crate::value::json_text;
use crate::value::json_text::JsonText;
use crate::value::kind::{Kind, PANICKED, Structured, Value};
use crate::value::owned::OwnedValue;
use crate::value::serde::escaping::{Escaping, Progress};

/// Returns any [`Serialize`] as a value. An object or a list is nested in a JSON
/// record, and is JSON text in a logfmt record. A scalar is written like any other.
///
/// The value is serialized when it is set:
///
/// * Integers beyond 64 bits are strings of digits, and so are numbers that no float
///   can hold (from a `RawValue`, or kept by `arbitrary_precision` of serde_json). NaN
///   and the infinities are `null`. The configuration does not change this.
/// * An empty key becomes `_`. If a key is repeated, its last value counts.
/// * Values longer than [`max_value`](crate::config::ConfigBuilder::max_value), or nested
///   more than 32 deep, are cut between two members and counted in `truncated`.
/// * [Redaction](crate::config::ConfigBuilder::redact) does not apply to keys
///   inside the value.
/// * A `Serialize` that panics leaves `<panicked>`; one that fails, or whose text is
///   not JSON, leaves `<not serialized: …>` with the error.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use serde::Serialize;
/// use traceline::{Config, Format};
///
/// #[derive(Serialize)]
/// struct Item { sku: &'static str, count: u32 }
///
/// let items = [Item { sku: "lamp", count: 2 }, Item { sku: "chair", count: 1 }];
/// let config = Config::builder().format(Format::Json).build()?;
/// let mut trace = traceline::builder!("checkout").config(&config).start();
/// trace.set("items", traceline::json(&items));
/// assert!(trace.render().ends_with(
///     r#","items":[{"sku":"lamp","count":2},{"sku":"chair","count":1}]}"#
/// ));
///
/// let mut trace = traceline::start!("checkout");
/// trace.set("item", traceline::json(&items[0]));
/// assert!(trace.render().ends_with(r#" item="{\"sku\":\"lamp\",\"count\":2}""#));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
pub fn json<T: Serialize>(value: &T) -> Value<'_> {
    Value(Kind::Structured(value))
}

impl<T: Serialize> Structured for T {
    fn made(&self, limit: usize) -> (OwnedValue, bool) {
        let mut out = LimitedText::new(limit);
        let result = catch::call(|| out.serialize(self));
        match result {
            None => (OwnedValue::Text(PANICKED.into()), false),
            Some(Err(error)) if !out.full => (not_serialized(&error), false),
            Some(_) => out.finish(limit),
        }
    }
}

fn not_serialized(error: &serde_json::Error) -> OwnedValue {
    OwnedValue::Text(format!("<not serialized: {error}>"))
}

/// No number is longer than this.
const LONGEST_NUMBER: usize = 64;

/// JSON text up to a limit.
#[derive(Default)]
struct LimitedText {
    text: Vec<u8>,
    limit: usize,
    /// Whether it was cut.
    full: bool,
    has_repeated_keys: bool,
}

impl LimitedText {
    fn new(limit: usize) -> LimitedText {
        LimitedText {
            // A number is never cut between its digits.
            limit: limit.max(LONGEST_NUMBER),
            ..LimitedText::default()
        }
    }

    fn serialize<T: Serialize>(&mut self, value: &T) -> serde_json::Result<()> {
        let mut state = Progress::default();
        let escaping = Escaping(&mut state);
        let result = value.serialize(&mut Serializer::with_formatter(&mut *self, escaping));
        self.full |= state.is_too_deep;
        self.has_repeated_keys = state.has_repeated_keys();
        result
    }

    /// Returns the value, once its text (or as much of it as fits) has been
    /// written.
    fn finish(mut self, limit: usize) -> (OwnedValue, bool) {
        if !matches!(self.text.first(), Some(b'{' | b'[')) {
            return (scalar(&self.text), self.full);
        }
        self.full |= self.text.len() > limit;
        if self.full {
            let (end, closers) = json_text::cut(&self.text, limit);
            self.text.truncate(end);
            self.text.extend(closers);
        }
        let text = String::from_utf8(self.text).unwrap_or_default();
        // A `Serialize` may go on after an error, or give a key no value. Only a
        // reader of the text notices.
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
            return (not_serialized(&error), false);
        }
        let text = match self.has_repeated_keys {
            true => dedup::each_key_once(&text),
            false => text,
        };
        (OwnedValue::Json(JsonText::new(text)), self.full)
    }

    /// Appends as much of a text as fits; an escape stays whole.
    #[cold]
    fn fill_up(&mut self, piece: &[u8]) -> io::Result<()> {
        let room = self.limit - self.text.len();
        if !self.full && !piece.starts_with(b"\\") {
            let fits = piece.get(..bytes::char_floor(piece, room));
            self.text.extend_from_slice(fits.unwrap_or_default());
        }
        self.full = true;
        Err(io::ErrorKind::WriteZero.into())
    }
}

impl io::Write for LimitedText {
    #[inline]
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.full || piece.len() > self.limit - self.text.len() {
            return self.fill_up(piece);
        }
        self.text.extend_from_slice(piece);
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a value that is not a structure. Text may have been cut.
fn scalar(text: &[u8]) -> OwnedValue {
    let text = String::from_utf8_lossy(text);
    match &*text {
        "" | "null" => OwnedValue::Null,
        "true" => OwnedValue::Bool(true),
        "false" => OwnedValue::Bool(false),
        text if text.starts_with('"') => {
            // Each escape is a piece of its own, so none was broken off.
            let read = serde_json::from_str(text);
            let read = read.or_else(|_| serde_json::from_str(&format!("{text}\"")));
            OwnedValue::Text(read.unwrap_or_default())
        }
        number => parse_number(number),
    }
}

/// Reads a number without serde_json, which reads floats exactly only if some crate
/// in the program enables `float_roundtrip`.
fn parse_number(number: &str) -> OwnedValue {
    match (number.parse(), number.parse(), number.parse()) {
        (Ok(n), _, _) => OwnedValue::U64(n),
        (_, Ok(n), _) => OwnedValue::I64(n),
        (_, _, Ok(x)) => OwnedValue::F64(x),
        _ => OwnedValue::Text(number.into()),
    }
}
