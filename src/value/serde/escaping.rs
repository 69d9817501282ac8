//! The formatter that writes structures: compact, with the escaping and the numbers
//! of records.
//!
//! It also notices repeated keys by their hashes: searching the finished text for
//! them would take longer than writing it.

use std::io::{ErrorKind, Result, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};
use smallvec::SmallVec;

use crate::base::bytes;
use crate::value::json_text;
use crate::value::json_text::MAX_NESTED;

/// The state that the formatters of one value share.
#[derive(Default)]
pub(super) struct Progress {
    /// For each open bracket, how many keys there were before.
    open: SmallVec<[usize; MAX_NESTED]>,
    /// The hashes of the keys of the open objects.
    keys: SmallVec<[u64; MAX_NESTED]>,
    /// The hash of the key that is being written.
    key: Option<u64>,
    /// Whether the string that is being written has no character yet.
    is_empty: bool,
    is_repeated: bool,
    pub(super) is_too_deep: bool,
}

impl Progress {
    /// Forgets the keys of the innermost bracket, once it is known whether one is
    /// repeated. Keys that only share a hash count too, and do no harm.
    fn close(&mut self) {
        let start = self.open.pop().unwrap_or_default();
        let keys = self.keys.get_mut(start..).unwrap_or_default();
        keys.sort_unstable();
        self.is_repeated |= !keys.is_sorted_by(|a, b| a < b);
        self.keys.truncate(start);
    }

    /// Returns whether some object may have a repeated key, including objects that
    /// broke off.
    pub(super) fn has_repeated_keys(mut self) -> bool {
        while !self.open.is_empty() {
            self.close();
        }
        self.is_repeated
    }
}

/// Writes compact JSON in the escaping of records: a character that acts on a
/// terminal or ends a line is always escaped.
pub(super) struct Escaping<'a>(pub(super) &'a mut Progress);

impl Escaping<'_> {
    /// Writes text that may be part of a key.
    fn put<W: Write + ?Sized>(&mut self, out: &mut W, text: &[u8]) -> Result<()> {
        self.0.is_empty &= text.is_empty();
        if let Some(hash) = &mut self.0.key {
            // FNV-1a, which does not depend on how the key is divided into pieces.
            let add =
                |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
            *hash = text.iter().fold(*hash, add);
        }
        out.write_all(text)
    }

    fn open<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> Result<()> {
        self.0.open.push(self.0.keys.len());
        if self.0.open.len() > MAX_NESTED {
            self.0.is_too_deep = true;
            return Err(ErrorKind::WriteZero.into());
        }
        out.write_all(bracket)
    }

    fn close<W: Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> Result<()> {
        self.0.close();
        out.write_all(bracket)
    }

    fn begin_key(&mut self) {
        self.0.key = Some(0xCBF2_9CE4_8422_2325);
    }

    fn end_key(&mut self) {
        self.0.keys.extend(self.0.key.take());
    }

    /// Writes a string of a `RawValue` anew, in our escaping.
    fn text<W: Write + ?Sized>(&mut self, out: &mut W, quoted: &str) -> Result<()> {
        let text: String = serde_json::from_str(quoted)?;
        let escaping = Escaping(&mut *self.0);
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
            _ => self.digits(out, word, fits && !is_float),
        }
    }

    /// Writes a number, as a string of digits if most readers would round or refuse it.
    fn digits<W: Write + ?Sized>(&mut self, out: &mut W, digits: &str, fits: bool) -> Result<()> {
        match fits || self.0.key.is_some() {
            true => self.put(out, digits.as_bytes()),
            false => out.write_all(format!("\"{digits}\"").as_bytes()),
        }
    }

    /// Writes an escape in one piece, so that it is written whole or not at all.
    fn escape<W: Write + ?Sized>(&mut self, out: &mut W, char: u32) -> Result<()> {
        // Hostile text has thousands of these, and `format!` takes three times as long.
        let mut escape = *b"\\u0000";
        for (digit, shift) in escape.iter_mut().skip(2).zip([12, 8, 4, 0]) {
            *digit = b"0123456789abcdef"[(char >> shift) as usize & 15];
        }
        self.put(out, &escape)
    }
}

/// Returns the length of the first token of JSON text: a mark, a string, or a word.
fn token_len(text: &str) -> usize {
    let is_mark = |byte: u8| b"{}[],:".contains(&byte);
    let mut bytes = text.bytes();
    match text.bytes().next() {
        Some(b'"') => json_text::string_len(text.as_bytes()),
        Some(first) if is_mark(first) => 1,
        _ => {
            let end = bytes.position(|byte| is_mark(byte) || byte.is_ascii_whitespace());
            end.unwrap_or(text.len())
        }
    }
}

/// Writes scalars, which may be keys too.
macro_rules! scalars {
    ($($write:ident($x:ident: $type:ty) $text:expr;)*) => {
        $(fn $write<W: Write + ?Sized>(&mut self, out: &mut W, $x: $type) -> Result<()> {
            self.put(out, $text.as_bytes())
        })*
    };
}

impl Formatter for Escaping<'_> {
    scalars! {
        write_bool(x: bool) if x { "true" } else { "false" };
        write_i8(n: i8) itoa::Buffer::new().format(n);
        write_i16(n: i16) itoa::Buffer::new().format(n);
        write_i32(n: i32) itoa::Buffer::new().format(n);
        write_i64(n: i64) itoa::Buffer::new().format(n);
        write_u8(n: u8) itoa::Buffer::new().format(n);
        write_u16(n: u16) itoa::Buffer::new().format(n);
        write_u32(n: u32) itoa::Buffer::new().format(n);
        write_u64(n: u64) itoa::Buffer::new().format(n);
        write_f32(x: f32) ryu::Buffer::new().format(x);
        write_f64(x: f64) ryu::Buffer::new().format(x);
    }

    fn write_i128<W: Write + ?Sized>(&mut self, out: &mut W, n: i128) -> Result<()> {
        let fits = n >= i64::MIN.into() && n <= u64::MAX.into();
        self.digits(out, itoa::Buffer::new().format(n), fits)
    }

    fn write_u128<W: Write + ?Sized>(&mut self, out: &mut W, n: u128) -> Result<()> {
        self.digits(out, itoa::Buffer::new().format(n), n <= u64::MAX.into())
    }

    /// Writes a number as it was read, if some crate in the program makes
    /// serde_json keep the digits of numbers (`arbitrary_precision`).
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
                b'"' if rest.starts_with(':') => {
                    self.begin_key();
                    self.text(out, token)?;
                    self.end_key();
                }
                b'"' => self.text(out, token)?,
                _ => self.word(out, token)?,
            }
        }
        Ok(())
    }

    fn begin_string<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        self.0.is_empty = true;
        out.write_all(b"\"")
    }

    fn end_string<W: Write + ?Sized>(&mut self, out: &mut W) -> Result<()> {
        if self.0.key.is_some() && self.0.is_empty {
            self.put(out, b"_")?;
        }
        out.write_all(b"\"")
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> Result<()> {
        // Here, only DEL and characters beyond ASCII act.
        if text.bytes().all(|byte| byte < 0x7F) {
            return self.put(out, text.as_bytes());
        }
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| bytes::acts(*char)) {
            let (clean, from) = rest.split_at(at);
            self.put(out, clean.as_bytes())?;
            self.escape(out, char.into())?;
            rest = from.get(char.len_utf8()..).unwrap_or_default();
        }
        self.put(out, rest.as_bytes())
    }

    fn write_char_escape<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        char: CharEscape,
    ) -> Result<()> {
        match char {
            CharEscape::Quote => self.put(out, br#"\""#),
            CharEscape::ReverseSolidus => self.put(out, br"\\"),
            CharEscape::Solidus => self.put(out, b"/"),
            CharEscape::LineFeed => self.put(out, br"\n"),
            CharEscape::CarriageReturn => self.put(out, br"\r"),
            CharEscape::Tab => self.put(out, br"\t"),
            CharEscape::Backspace => self.escape(out, 0x08),
            CharEscape::FormFeed => self.escape(out, 0x0C),
            CharEscape::AsciiControl(byte) => self.escape(out, byte.into()),
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
        self.begin_key();
        match first {
            true => Ok(()),
            false => out.write_all(b","),
        }
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> Result<()> {
        self.end_key();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: &str) -> Option<String> {
        let mut out = Vec::new();
        let written = Escaping(&mut Progress::default()).write_number_str(&mut out, digits);
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

    #[test]
    fn a_repeated_key_is_noticed_however_it_is_written() {
        for (text, want) in [
            (r#"{"a":1,"b":{"a":[{"a":2},{"a":3}]}}"#, false),
            (r#"{"a":1,"b":2,"\u0061":3}"#, true),
            (r#"[{"":1,"_":2}]"#, true),
            (r#"[{"x":{"a":1,"a":2},"y":1"#, true),
            (r#"[{"a":1,"a":["#, true),
        ] {
            let mut state = Progress::default();
            let written = Escaping(&mut state).write_raw_fragment(&mut Vec::new(), text);
            assert!(written.is_ok());
            assert_eq!(state.has_repeated_keys(), want, "{text}");
        }
    }
}
