//! How structures are written: compact, and in the escaping and the numbers of records.

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::base::bytes;
use crate::value::json_text::MAX_NESTED;

/// Compact JSON in the escaping of records: what acts on a terminal or ends a
/// line is never written as it is.
pub(super) struct Escaping<'a> {
    depth: usize,
    too_deep: &'a Cell<bool>,
    in_key: bool,
    /// Whether the key has no character yet.
    is_empty: bool,
}

impl<'a> Escaping<'a> {
    pub(super) fn at(depth: usize, too_deep: &'a Cell<bool>) -> Escaping<'a> {
        Escaping {
            depth,
            too_deep,
            in_key: false,
            is_empty: false,
        }
    }

    fn open<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MAX_NESTED {
            self.too_deep.set(true);
            return Err(io::ErrorKind::WriteZero.into());
        }
        writer.write_all(bracket)
    }

    fn close<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        writer.write_all(bracket)
    }

    /// A string as others wrote it.
    fn text<W: io::Write + ?Sized>(
        &self,
        writer: &mut W,
        quoted: &str,
        in_key: bool,
    ) -> io::Result<()> {
        let text: String = serde_json::from_str(quoted)?;
        let escaping = Escaping {
            in_key,
            ..Escaping::at(self.depth, self.too_deep)
        };
        Ok(text.serialize(&mut Serializer::with_formatter(writer, escaping))?)
    }

    /// A number, or one of three words. A zero with a sign is a float.
    fn word<W: io::Write + ?Sized>(&mut self, writer: &mut W, word: &str) -> io::Result<()> {
        if matches!(word, "null" | "true" | "false") {
            return writer.write_all(word.as_bytes());
        }
        let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        if !word.bytes().all(is_part) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let is_float = word.contains(['.', 'e', 'E']) || word == "-0";
        let fits = word.parse::<i64>().is_ok() || word.parse::<u64>().is_ok();
        match word.parse::<f64>() {
            Ok(x) if is_float && x.is_finite() => self.write_f64(writer, x),
            _ => digits(writer, word, fits && !is_float),
        }
    }
}

/// The length of what JSON begins with: a mark, a string, or a word.
fn token_len(text: &str) -> usize {
    let mut escaped = false;
    let mut ends_string = |byte: u8| match byte {
        _ if std::mem::take(&mut escaped) => false,
        byte => {
            escaped = byte == b'\\';
            byte == b'"'
        }
    };
    let is_mark = |char: char| "{}[],:\"".contains(char);
    match text.strip_prefix('"') {
        Some(rest) => rest.bytes().position(&mut ends_string).map(|at| at + 2),
        None if text.starts_with(is_mark) => Some(1),
        None => text.find(|char: char| is_mark(char) || char.is_ascii_whitespace()),
    }
    .unwrap_or(text.len())
}

/// In one piece, which is written whole or not at all.
fn escape<W: io::Write + ?Sized>(writer: &mut W, char: u32) -> io::Result<()> {
    // Hostile text has thousands of these: with `format!`, three times the time.
    let mut escape = *b"\\u0000";
    for (digit, shift) in escape.iter_mut().skip(2).zip([12, 8, 4, 0]) {
        *digit = b"0123456789abcdef"[(char >> shift) as usize & 15];
    }
    writer.write_all(&escape)
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

    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, x: f32) -> io::Result<()> {
        self.is_empty = false;
        writer.write_all(ryu::Buffer::new().format(x).as_bytes())
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, x: f64) -> io::Result<()> {
        self.is_empty = false;
        writer.write_all(ryu::Buffer::new().format(x).as_bytes())
    }

    /// A number as it was read, where some crate of the program has serde_json keep
    /// the digits of numbers (`arbitrary_precision`).
    fn write_number_str<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        number: &str,
    ) -> io::Result<()> {
        self.word(writer, number)
    }

    /// JSON text of others' making, a `RawValue`: read, and written anew.
    ///
    /// Token by token: a `Value` of serde_json would round floats and long
    /// integers, sort the keys, and end at 128 levels.
    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment.trim_ascii_start();
        while let Some(first) = rest.bytes().next() {
            let (token, behind) = rest.split_at(token_len(rest));
            rest = behind.trim_ascii_start();
            match first {
                b'{' | b'[' => self.open(writer, token.as_bytes())?,
                b'}' | b']' => self.close(writer, token.as_bytes())?,
                b',' | b':' => writer.write_all(token.as_bytes())?,
                b'"' => self.text(writer, token, rest.starts_with(':'))?,
                _ => self.word(writer, token)?,
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str) -> Option<String> {
        let too_deep = Cell::new(false);
        let mut out = Vec::new();
        let written = Escaping::at(0, &too_deep).write_number_str(&mut out, digits);
        written.ok().and_then(|()| String::from_utf8(out).ok())
    }

    /// No test enables `arbitrary_precision`, which changes what others see of serde_json.
    #[test]
    fn numbers_that_keep_their_digits_are_written_as_any() {
        for (digits, want) in [
            ("7", Some("7")),
            ("-0", Some("-0.0")),
            ("1.10", Some("1.1")),
            ("1e+5", Some("100000.0")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("18446744073709551616", Some("\"18446744073709551616\"")),
            ("1e+999", Some("\"1e+999\"")),
            ("1\n", None),
            ("1,\"forged\":2", None),
        ] {
            assert_eq!(number(digits).as_deref(), want, "{digits:?}");
        }
    }
}
