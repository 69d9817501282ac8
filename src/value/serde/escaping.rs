//! The formatter that writes structures: compact, with the escaping and the numbers
//! of records.

use std::cell::Cell;
use std::io::{ErrorKind, Result, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::base::bytes;
use crate::value::json_text::{MAX_NESTED, Strings};

/// Writes compact JSON in the escaping of records: a character that acts on a
/// terminal or ends a line never stands there as it is.
pub(super) struct Escaping<'a> {
    depth: usize,
    too_deep: &'a Cell<bool>,
    in_key: bool,
    /// Whether the key has no character yet.
    is_empty: bool,
}

impl<'a> Escaping<'a> {
    pub(super) fn new(depth: usize, too_deep: &'a Cell<bool>) -> Escaping<'a> {
        Escaping {
            depth,
            too_deep,
            in_key: false,
            is_empty: false,
        }
    }

    fn open<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_NESTED {
            self.too_deep.set(true);
            return Err(ErrorKind::WriteZero.into());
        }
        out.write_all(bracket)
    }

    fn close<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> Result<()> {
        self.depth = self.depth.saturating_sub(1);
        out.write_all(bracket)
    }

    /// Writes a string of a `RawValue` anew, in our escaping.
    fn text<W: Write + ?Sized>(&self, out: &mut W, quoted: &str, in_key: bool) -> Result<()> {
        let text: String = serde_json::from_str(quoted)?;
        let escaping = Escaping {
            in_key,
            ..Escaping::new(self.depth, self.too_deep)
        };
        Ok(text.serialize(&mut Serializer::with_formatter(out, escaping))?)
    }

    /// Writes a number, or one of three words. A zero with a sign is a float.
    fn word<W: Write + ?Sized>(&mut self, out: &mut W, word: &str) -> Result<()> {
        if matches!(word, "null" | "true" | "false") {
            return out.write_all(word.as_bytes());
        }
        let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        if !word.bytes().all(is_part) {
            return Err(ErrorKind::InvalidData.into());
        }
        let is_float = word.contains(['.', 'e', 'E']) || word == "-0";
        let fits = word.parse::<i64>().is_ok() || word.parse::<u64>().is_ok();
        match word.parse::<f64>() {
            Ok(x) if is_float && x.is_finite() => self.write_f64(out, x),
            _ => digits(out, word, fits && !is_float),
        }
    }
}

/// Returns the length of the first token of JSON text: a mark, a string, or a word.
fn token_len(text: &str) -> usize {
    let mut strings = Strings::default();
    let is_mark = |byte: u8| b"{}[],:".contains(&byte);
    let mut bytes = text.bytes();
    let end = match text.bytes().next() {
        Some(b'"') => bytes.position(|byte| !strings.hold(byte)),
        Some(first) if is_mark(first) => Some(1),
        _ => bytes.position(|byte| is_mark(byte) || byte.is_ascii_whitespace()),
    };
    end.unwrap_or(text.len())
}

/// Writes an escape in one piece, which is written whole or not at all.
fn escape<W: Write + ?Sized>(out: &mut W, char: u32) -> Result<()> {
    // Hostile text has thousands of these, and `format!` takes three times as long.
    let mut escape = *b"\\u0000";
    for (digit, shift) in escape.iter_mut().skip(2).zip([12, 8, 4, 0]) {
        *digit = b"0123456789abcdef"[(char >> shift) as usize & 15];
    }
    out.write_all(&escape)
}

/// Writes a number, as a string of digits if most readers would round or refuse it.
fn digits<W: Write + ?Sized>(out: &mut W, digits: &str, fits: bool) -> Result<()> {
    match fits {
        true => out.write_all(digits.as_bytes()),
        false => out.write_all(format!("\"{digits}\"").as_bytes()),
    }
}

/// Writes scalars. A key may be one, which then has characters.
macro_rules! scalars {
    ($($write:ident: $type:ty,)*) => {
        $(fn $write<W: Write + ?Sized>(&mut self, out: &mut W, x: $type) -> Result<()> {
            self.is_empty = false;
            CompactFormatter.$write(out, x)
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

    fn write_i128<W: Write + ?Sized>(&mut self, out: &mut W, n: i128) -> Result<()> {
        let fits = n >= i64::MIN.into() && n <= u64::MAX.into();
        self.is_empty = false;
        digits(out, itoa::Buffer::new().format(n), fits || self.in_key)
    }

    fn write_u128<W: Write + ?Sized>(&mut self, out: &mut W, n: u128) -> Result<()> {
        let fits = n <= u64::MAX.into();
        self.is_empty = false;
        digits(out, itoa::Buffer::new().format(n), fits || self.in_key)
    }

    fn write_f32<W: Write + ?Sized>(&mut self, out: &mut W, x: f32) -> Result<()> {
        self.is_empty = false;
        out.write_all(ryu::Buffer::new().format(x).as_bytes())
    }

    fn write_f64<W: Write + ?Sized>(&mut self, out: &mut W, x: f64) -> Result<()> {
        self.is_empty = false;
        out.write_all(ryu::Buffer::new().format(x).as_bytes())
    }

    /// Writes a number as it was read, if some crate of the program has serde_json
    /// keep the digits of numbers (`arbitrary_precision`).
    fn write_number_str<W: Write + ?Sized>(&mut self, out: &mut W, number: &str) -> Result<()> {
        self.word(out, number)
    }

    /// Reads the JSON text of a `RawValue` and writes it anew, token by token: a
    /// `Value` of serde_json would round floats and long integers, sort the keys, and
    /// stop at 128 levels.
    fn write_raw_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> Result<()> {
        let mut rest = text.trim_ascii_start();
        while let Some(first) = rest.bytes().next() {
            let (token, behind) = rest.split_at(token_len(rest));
            rest = behind.trim_ascii_start();
            match first {
                b'{' | b'[' => self.open(out, token.as_bytes())?,
                b'}' | b']' => self.close(out, token.as_bytes())?,
                b',' | b':' => out.write_all(token.as_bytes())?,
                b'"' => self.text(out, token, rest.starts_with(':'))?,
                _ => self.word(out, token)?,
            }
        }
        Ok(())
    }

    fn begin_string<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.is_empty = true;
        out.write_all(b"\"")
    }

    fn end_string<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        match self.in_key && self.is_empty {
            true => out.write_all(b"_\""),
            false => out.write_all(b"\""),
        }
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> Result<()> {
        self.is_empty &= text.is_empty();
        // Only DEL and characters beyond ASCII act.
        if text.bytes().all(|byte| byte < 0x7F) {
            return out.write_all(text.as_bytes());
        }
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| bytes::acts(*char)) {
            let (clean, from) = rest.split_at(at);
            out.write_all(clean.as_bytes())?;
            escape(out, char.into())?;
            rest = from.get(char.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        char: CharEscape,
    ) -> Result<()> {
        self.is_empty = false;
        match char {
            CharEscape::Quote => out.write_all(br#"\""#),
            CharEscape::ReverseSolidus => out.write_all(br"\\"),
            CharEscape::Solidus => out.write_all(b"/"),
            CharEscape::LineFeed => out.write_all(br"\n"),
            CharEscape::CarriageReturn => out.write_all(br"\r"),
            CharEscape::Tab => out.write_all(br"\t"),
            CharEscape::Backspace => escape(out, 0x08),
            CharEscape::FormFeed => escape(out, 0x0C),
            CharEscape::AsciiControl(byte) => escape(out, byte.into()),
        }
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.close(out, b"]")
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> Result<()> {
        self.in_key = true;
        match first {
            true => Ok(()),
            false => out.write_all(b","),
        }
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> Result<()> {
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
        let written = Escaping::new(0, &too_deep).write_number_str(&mut out, digits);
        written.ok().and_then(|()| String::from_utf8(out).ok())
    }

    /// Called directly, as `arbitrary_precision` would change serde_json for all tests.
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
