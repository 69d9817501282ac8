//! The fields of one line, as slices of it.
//!
//! One pass, no allocation. Only faults that would move the start or end of a field are errors;
//! escapes, numbers and UTF-8 are checked later, in the few values that are used.

use crate::scan;
use crate::text::Text;

/// Why a line could not be read.
pub type Bad = &'static str;

/// A field of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its key.
    pub key: Text<'a>,
    /// Its value.
    pub value: Value<'a>,
}

/// A value of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A quoted value.
    Text(Text<'a>),
    /// An unquoted value: a number, `true` or `null`; in logfmt also a word.
    Bare(&'a [u8]),
    /// A JSON array or object, with its brackets.
    Nested(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The text of a value, without the quotes.
    #[inline(always)]
    pub fn text(self) -> Text<'a> {
        match self {
            Value::Text(text) => text,
            Value::Bare(raw) | Value::Nested(raw) => Text::plain(raw),
        }
    }
}

/// Calls `each` for every field of a logfmt line.
///
/// # Errors
///
/// If a quoted value does not end, or not with the field, or a key or its value is missing.
#[inline(always)]
pub fn logfmt<'a>(line: &'a [u8], mut each: impl FnMut(Field<'a>)) -> Result<(), Bad> {
    let mut at = 0;
    loop {
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        if at >= line.len() {
            return Ok(());
        }
        let end = scan::equals_or_blank(line, at).ok_or("a key without a value")?;
        if line.get(end) != Some(&b'=') {
            return Err("a key without a value");
        }
        let raw = line.get(at..end).unwrap_or_default();
        if raw.is_empty() {
            return Err("a value without a key");
        }
        let key = Text::plain(raw);
        let value;
        if line.get(end + 1) == Some(&b'"') {
            let text;
            (text, at) = quoted(line, end + 2)?;
            if line.get(at).is_some_and(|byte| *byte != b' ') {
                return Err("something behind a closing quote");
            }
            value = Value::Text(text);
        } else {
            at = scan::blank_or_end(line, end + 1);
            value = Value::Bare(line.get(end + 1..at).unwrap_or_default());
        }
        each(Field { key, value });
    }
}

/// Calls `each` for every field of a JSON object that spans the whole line.
///
/// # Errors
///
/// If the line is not a JSON object, or does not end with it.
#[inline(always)]
pub fn json<'a>(line: &'a [u8], mut each: impl FnMut(Field<'a>)) -> Result<(), Bad> {
    let mut cursor = Cursor { line, at: 0 };
    cursor.expect(b'{', "no object")?;
    if cursor.next_is(b'}') {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        cursor.expect(b'"', "a key that is not quoted")?;
        let key;
        (key, cursor.at) = quoted(line, cursor.at)?;
        cursor.expect(b':', "a key without a value")?;
        let value = cursor.value()?;
        each(Field { key, value });
        if cursor.next_is(b',') {
            cursor.at += 1;
        } else {
            cursor.expect(b'}', "an object that does not end")?;
            return cursor.end();
        }
    }
}

/// Calls `each` for every item of a JSON array.
///
/// # Errors
///
/// If `array` is not a JSON array, or does not end with it.
pub fn items<'a>(array: &'a [u8], mut each: impl FnMut(Value<'a>)) -> Result<(), Bad> {
    let mut cursor = Cursor { line: array, at: 0 };
    cursor.expect(b'[', "no array")?;
    if cursor.next_is(b']') {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        each(cursor.value()?);
        if cursor.next_is(b',') {
            cursor.at += 1;
        } else {
            cursor.expect(b']', "an array that does not end")?;
            return cursor.end();
        }
    }
}

/// Returns the text from after the opening quote to the closing one, and where the line goes on.
#[inline(always)]
fn quoted(line: &[u8], start: usize) -> Result<(Text<'_>, usize), Bad> {
    let mut at = start;
    let mut escaped = false;
    loop {
        let end = scan::quote_or_backslash(line, at).ok_or("a quote that does not end")?;
        if line.get(end) == Some(&b'"') {
            let raw = line.get(start..end).unwrap_or_default();
            return Ok((Text { raw, escaped }, end + 1));
        }
        escaped = true;
        at = end + 2;
    }
}

#[derive(Debug)]
struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next byte that is not a blank. The library writes no blanks here; others may, and line
    /// ends in documents.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.line.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    #[inline(always)]
    fn next_is(&mut self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, bad: Bad) -> Result<(), Bad> {
        if self.next_is(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(bad)
        }
    }

    fn end(&mut self) -> Result<(), Bad> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err("something behind the object"),
        }
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Value<'a>, Bad> {
        match self.peek() {
            Some(b'"') => {
                let text;
                (text, self.at) = quoted(self.line, self.at + 1)?;
                Ok(Value::Text(text))
            }
            Some(b'{' | b'[') => self.nested(),
            _ => self.bare(),
        }
    }

    #[inline(always)]
    fn bare(&mut self) -> Result<Value<'a>, Bad> {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let is_part =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
        let len = rest.iter().take_while(is_part).count();
        let word = rest.get(..len).unwrap_or_default();
        let is_value = match word.first() {
            Some(b'-' | b'0'..=b'9') => true,
            _ => matches!(word, b"true" | b"false" | b"null"),
        };
        if !is_value {
            return Err("a value that cannot be read");
        }
        self.at += len;
        Ok(Value::Bare(word))
    }

    /// Skips nested brackets, up to 64 deep; each bit records whether one is curly.
    #[inline(never)]
    fn nested(&mut self) -> Result<Value<'a>, Bad> {
        let start = self.at;
        let (mut depth, mut curly) = (0_u32, 0_u64);
        loop {
            let byte = *self
                .line
                .get(self.at)
                .ok_or("a bracket that does not end")?;
            self.at += 1;
            match byte {
                b'"' => (_, self.at) = quoted(self.line, self.at)?,
                b'{' | b'[' => {
                    depth += 1;
                    curly = curly << 1 | u64::from(byte == b'{');
                }
                b'}' | b']' => {
                    if (curly & 1 == 1) != (byte == b'}') {
                        return Err("brackets that do not match");
                    }
                    depth -= 1;
                    curly >>= 1;
                }
                _ => {}
            }
            if depth == 0 {
                return Ok(Value::Nested(
                    self.line.get(start..self.at).unwrap_or_default(),
                ));
            }
            if depth > 64 {
                return Err("brackets nested too deep");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'a> = Result<Vec<(&'a str, Value<'a>)>, Bad>;

    fn pair(field: Field<'_>) -> (&str, Value<'_>) {
        (std::str::from_utf8(field.key.raw).unwrap(), field.value)
    }

    fn of_logfmt(line: &str) -> Read<'_> {
        let mut fields = Vec::new();
        logfmt(line.as_bytes(), |field| fields.push(pair(field)))?;
        Ok(fields)
    }

    fn of_json(line: &str) -> Read<'_> {
        let mut fields = Vec::new();
        json(line.as_bytes(), |field| fields.push(pair(field)))?;
        Ok(fields)
    }

    fn text(raw: &str) -> Value<'_> {
        let escaped = raw.contains('\\');
        let raw = raw.as_bytes();
        Value::Text(Text { raw, escaped })
    }

    fn bare(raw: &str) -> Value<'_> {
        Value::Bare(raw.as_bytes())
    }

    fn nested(raw: &str) -> Value<'_> {
        Value::Nested(raw.as_bytes())
    }

    #[test]
    fn logfmt_is_pairs() {
        assert_eq!(
            of_logfmt(r#"a=1 b="x y" c="" d= e="q\"\\" f=a"b   "#),
            Ok(vec![
                ("a", bare("1")),
                ("b", text("x y")),
                ("c", text("")),
                ("d", bare("")),
                ("e", text(r#"q\"\\"#)),
                ("f", bare("a\"b")),
            ])
        );
        assert_eq!(of_logfmt(""), Ok(vec![]));
    }

    #[test]
    fn logfmt_that_is_cut_or_joined_is_refused() {
        assert_eq!(of_logfmt("a=1 b"), Err("a key without a value"));
        assert_eq!(of_logfmt("a b=1"), Err("a key without a value"));
        assert_eq!(of_logfmt("a=1 =2"), Err("a value without a key"));
        assert_eq!(of_logfmt("a=\"x"), Err("a quote that does not end"));
        assert_eq!(of_logfmt("a=\"x\\\""), Err("a quote that does not end"));
        assert_eq!(of_logfmt("a=\"x\\"), Err("a quote that does not end"));
        assert_eq!(
            of_logfmt("a=\"x\"y=1"),
            Err("something behind a closing quote")
        );
    }

    #[test]
    fn json_is_an_object() {
        assert_eq!(
            of_json(r#"{"a":1,"b":"x\"","c":null,"d":[1,{"e":"]}"}],"f":{},"g":-1.5e+3}"#),
            Ok(vec![
                ("a", bare("1")),
                ("b", text("x\\\"")),
                ("c", bare("null")),
                ("d", nested(r#"[1,{"e":"]}"}]"#)),
                ("f", nested("{}")),
                ("g", bare("-1.5e+3")),
            ])
        );
        assert_eq!(
            of_json(r#" { "a" : 1 , "b" : [ ] } "#),
            Ok(vec![("a", bare("1")), ("b", nested("[ ]"))])
        );
        assert_eq!(of_json("{}"), Ok(vec![]));
    }

    #[test]
    fn json_that_is_cut_or_joined_is_refused() {
        assert_eq!(of_json(""), Err("no object"));
        assert_eq!(of_json("[1]"), Err("no object"));
        assert_eq!(of_json("{"), Err("a key that is not quoted"));
        assert_eq!(of_json("{a:1}"), Err("a key that is not quoted"));
        assert_eq!(of_json("{\"a"), Err("a quote that does not end"));
        assert_eq!(of_json("{\"a\"}"), Err("a key without a value"));
        assert_eq!(of_json("{\"a\":}"), Err("a value that cannot be read"));
        assert_eq!(of_json("{\"a\":True}"), Err("a value that cannot be read"));
        assert_eq!(of_json("{\"a\":1"), Err("an object that does not end"));
        assert_eq!(of_json("{\"a\":1 2}"), Err("an object that does not end"));
        assert_eq!(of_json("{\"a\":1}}"), Err("something behind the object"));
        assert_eq!(of_json("{\"a\":1,}"), Err("a key that is not quoted"));
        assert_eq!(of_json("{\"a\":[}"), Err("brackets that do not match"));
        assert_eq!(of_json("{\"a\":[1"), Err("a bracket that does not end"));
        let deep = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert_eq!(of_json(&deep), Err("brackets nested too deep"));
    }

    #[test]
    fn items_are_those_of_an_array() {
        let mut found = Vec::new();
        assert_eq!(
            items(br#"[1,"a",[2],{"b":3}]"#, |item| found.push(item)),
            Ok(())
        );
        assert_eq!(
            found,
            [bare("1"), text("a"), nested("[2]"), nested(r#"{"b":3}"#)]
        );
        assert_eq!(items(b"[]", |_| ()), Ok(()));
        assert_eq!(items(b"[1", |_| ()), Err("an array that does not end"));
        assert_eq!(items(b"{}", |_| ()), Err("no array"));
    }
}
