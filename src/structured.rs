//! Feature `serde`: any `Serialize` as a structured value.

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

mod keys;

use crate::bytes;
use crate::guard;
use crate::nested::{self, JsonText, Structured};
use crate::owned::OwnedValue;
use crate::value::{Kind, MOST_NESTED, PANICKED, Value};

/// Returns any [`Serialize`] as a value: an object or a list is nested in a JSON
/// record, and its JSON text in a logfmt one. What is a scalar in JSON is
/// written as one.
///
/// It is serialized when it is set. Integers beyond 64 bits are strings of
/// digits, NaN and the infinities `null`, whatever the configuration says of
/// others; an empty key is `_`, and of a key that comes twice the last value
/// counts. [Redaction](crate::ConfigBuilder::redact) does not look inside. What is too long for
/// [`max_value`](crate::ConfigBuilder::max_value), or nested more than 32 deep, is
/// cut between two members and counted in `truncated`. A `Serialize` that panics
/// leaves `<panicked>`, one that fails, or whose text is no JSON,
/// `<not serialized: …>` with the error.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Item { sku: &'static str, count: u32 }
///
/// let items = [Item { sku: "lamp", count: 2 }, Item { sku: "chair", count: 1 }];
/// let config = logtrace::Config::builder().format(logtrace::Format::Json).build()?;
/// let mut trace = logtrace::builder!("checkout").config(&config).start();
/// trace.set("items", logtrace::json(&items));
/// assert!(trace.render().ends_with(
///     r#","items":[{"sku":"lamp","count":2},{"sku":"chair","count":1}]}"#
/// ));
///
/// let mut trace = logtrace::start!("checkout");
/// trace.set("item", logtrace::json(&items[0]));
/// assert!(trace.render().ends_with(r#" item="{\"sku\":\"lamp\",\"count\":2}""#));
/// # Ok::<(), logtrace::ConfigError>(())
/// ```
pub fn json<T: Serialize>(value: &T) -> Value<'_> {
    Value(Kind::Structured(value))
}

impl<T: Serialize> Structured for T {
    fn made(&self, limit: usize) -> (OwnedValue, bool) {
        let mut out = Out::new(limit);
        let result = guard::run(|| out.serialize(self));
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

/// Longer than any number.
const LONGEST_NUMBER: usize = 64;

/// JSON text up to a limit.
#[derive(Default)]
struct Out {
    text: Vec<u8>,
    limit: usize,
    /// Whether there was more.
    full: bool,
}

impl Out {
    fn new(limit: usize) -> Out {
        Out {
            // The digits of a number are never cut.
            limit: limit.max(LONGEST_NUMBER),
            ..Out::default()
        }
    }

    fn serialize<T: Serialize>(&mut self, value: &T) -> serde_json::Result<()> {
        let too_deep = Cell::new(false);
        let escaping = Escaping::at(0, &too_deep);
        let result = value.serialize(&mut Serializer::with_formatter(&mut *self, escaping));
        self.full |= too_deep.get();
        result
    }

    /// The text, once all or as much as there is room for is written.
    fn finish(mut self, limit: usize) -> (OwnedValue, bool) {
        if !matches!(self.text.first(), Some(b'{' | b'[')) {
            return (scalar(&self.text), self.full);
        }
        self.full |= self.text.len() > limit;
        if self.full {
            self.close(limit);
        }
        let text = match String::from_utf8(self.text) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        // A `Serialize` that goes on after an error, or gives a key no value, is
        // written as it goes: nothing but a reader notices.
        let text = match keys::are_unique(&text) {
            Ok(true) => text,
            Ok(false) => without_repeated_keys(text),
            Err(error) => return (not_serialized(&error), false),
        };
        (OwnedValue::Json(JsonText::of(text)), self.full)
    }

    fn close(&mut self, limit: usize) {
        let (end, closers) = nested::cut(&self.text, limit);
        self.text.truncate(end);
        self.text.extend(closers);
    }
}

/// The same once more, by way of a map.
#[cold]
fn without_repeated_keys(text: String) -> String {
    let mut once = Out::new(usize::MAX);
    let read = serde_json::from_str::<serde_json::Value>(&text);
    let written = read.and_then(|read| once.serialize(&read));
    match written
        .ok()
        .and_then(|()| String::from_utf8(once.text).ok())
    {
        Some(text) => text,
        // It was written by a serializer: no path leads here.
        None => text,
    }
}

impl Out {
    /// Of a text, what fits; an escape stays whole.
    #[cold]
    fn fill_up(&mut self, piece: &[u8]) -> io::Result<()> {
        let room = self.limit - self.text.len();
        if !self.full && !piece.starts_with(b"\\") {
            let fits = bytes::char_floor(piece, room);
            self.text
                .extend_from_slice(piece.get(..fits).unwrap_or_default());
        }
        self.full = true;
        Err(io::ErrorKind::WriteZero.into())
    }
}

impl io::Write for Out {
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

/// What is no structure: text, numbers, truth values. Of a text that was too
/// long, what there is.
fn scalar(text: &[u8]) -> OwnedValue {
    use serde_json::Value as Read;
    let broken_off = || {
        let text = String::from_utf8_lossy(text.get(1..).unwrap_or_default());
        let mut whole = text.into_owned();
        // An escape is one piece of its own, so none is cut.
        whole.insert(0, '"');
        whole.push('"');
        whole
    };
    let read = serde_json::from_slice(text).or_else(|_| serde_json::from_str(&broken_off()));
    match read.unwrap_or_default() {
        Read::Null => OwnedValue::Null,
        Read::Bool(value) => OwnedValue::Bool(value),
        Read::String(text) => OwnedValue::Text(text),
        Read::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(n), _, _) => OwnedValue::U64(n),
            (_, Some(n), _) => OwnedValue::I64(n),
            (_, _, Some(x)) => OwnedValue::F64(x),
            _ => OwnedValue::Text(number.to_string()),
        },
        read => OwnedValue::Text(read.to_string()),
    }
}

/// Compact JSON in the escaping of records: what acts on a terminal or ends a
/// line is never written as it is.
struct Escaping<'a> {
    depth: usize,
    too_deep: &'a Cell<bool>,
    in_key: bool,
    /// Whether the key has no character yet.
    is_empty: bool,
}

impl<'a> Escaping<'a> {
    fn at(depth: usize, too_deep: &'a Cell<bool>) -> Escaping<'a> {
        Escaping {
            depth,
            too_deep,
            in_key: false,
            is_empty: false,
        }
    }

    fn open<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MOST_NESTED {
            self.too_deep.set(true);
            return Err(io::ErrorKind::WriteZero.into());
        }
        writer.write_all(bracket)
    }

    fn close<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        writer.write_all(bracket)
    }
}

/// In one piece, which is written whole or not at all.
fn escape<W: io::Write + ?Sized>(writer: &mut W, char: u32) -> io::Result<()> {
    writer.write_all(format!("\\u{char:04x}").as_bytes())
}

/// A number that most readers would round, or refuse, is a string of digits.
fn digits<W: io::Write + ?Sized>(writer: &mut W, digits: &str, fits: bool) -> io::Result<()> {
    match fits {
        true => writer.write_all(digits.as_bytes()),
        false => writer.write_all(format!("\"{digits}\"").as_bytes()),
    }
}

/// A key may be one of these: it has characters then.
macro_rules! scalars {
    ($($write:ident: $type:ty,)*) => {
        $(fn $write<W: io::Write + ?Sized>(&mut self, writer: &mut W, x: $type) -> io::Result<()> {
            self.is_empty = false;
            CompactFormatter.$write(writer, x)
        })*
    };
}

impl Formatter for Escaping<'_> {
    scalars! {
        write_bool: bool,
        write_i8: i8,
        write_i16: i16,
        write_i32: i32,
        write_i64: i64,
        write_u8: u8,
        write_u16: u16,
        write_u32: u32,
        write_u64: u64,
        write_f32: f32,
        write_f64: f64,
    }

    fn write_i128<W: io::Write + ?Sized>(&mut self, writer: &mut W, n: i128) -> io::Result<()> {
        let fits = n >= i64::MIN.into() && n <= u64::MAX.into();
        self.is_empty = false;
        digits(writer, itoa::Buffer::new().format(n), fits || self.in_key)
    }

    fn write_u128<W: io::Write + ?Sized>(&mut self, writer: &mut W, n: u128) -> io::Result<()> {
        let fits = n <= u64::MAX.into();
        self.is_empty = false;
        digits(writer, itoa::Buffer::new().format(n), fits || self.in_key)
    }

    /// JSON text of others' making, a `RawValue`: read, and written anew.
    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        let mut inner =
            Serializer::with_formatter(&mut text, Escaping::at(self.depth, self.too_deep));
        let read = serde_json::from_str::<serde_json::Value>(fragment)?;
        let written = read.serialize(&mut inner);
        writer.write_all(&text)?;
        Ok(written?)
    }

    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_empty = true;
        writer.write_all(b"\"")
    }

    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.in_key && self.is_empty {
            true => writer.write_all(b"_\""),
            false => writer.write_all(b"\""),
        }
    }

    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.is_empty &= fragment.is_empty();
        // What acts is DEL or beyond ASCII.
        if fragment.bytes().all(|byte| byte < 0x7F) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| bytes::acts(*char)) {
            let (clean, from) = rest.split_at(at);
            writer.write_all(clean.as_bytes())?;
            escape(writer, char.into())?;
            rest = from.get(char.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        char: CharEscape,
    ) -> io::Result<()> {
        self.is_empty = false;
        match char {
            CharEscape::Quote => writer.write_all(br#"\""#),
            CharEscape::ReverseSolidus => writer.write_all(br"\\"),
            CharEscape::Solidus => writer.write_all(b"/"),
            CharEscape::LineFeed => writer.write_all(br"\n"),
            CharEscape::CarriageReturn => writer.write_all(br"\r"),
            CharEscape::Tab => writer.write_all(br"\t"),
            CharEscape::Backspace => escape(writer, 0x08),
            CharEscape::FormFeed => escape(writer, 0x0C),
            CharEscape::AsciiControl(byte) => escape(writer, byte.into()),
        }
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.in_key = true;
        match first {
            true => Ok(()),
            false => writer.write_all(b","),
        }
    }

    fn end_object_key<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_key = false;
        Ok(())
    }
}
