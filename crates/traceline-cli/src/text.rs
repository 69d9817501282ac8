//! Texts as they are in lines, and as they are shown to people.

use std::borrow::Cow;
use std::fmt::Write;

/// A text in a line, with its escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text<'a> {
    /// The bytes between the quotes.
    pub raw: &'a [u8],
    /// Whether they contain a backslash.
    pub escaped: bool,
}

impl<'a> Text<'a> {
    /// A text without escapes.
    pub fn plain(raw: &'a [u8]) -> Text<'a> {
        let escaped = false;
        Text { raw, escaped }
    }

    /// Returns the decoded text. Invalid UTF-8 and invalid escapes are replaced by U+FFFD.
    pub fn decode(self) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(self.raw);
        if self.escaped {
            Cow::Owned(unescape(&text))
        } else {
            text
        }
    }

    /// Whether the text decodes to `other`.
    pub fn says(self, other: &str) -> bool {
        if self.escaped {
            self.decode() == other
        } else {
            self.raw == other.as_bytes()
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (char, used) = escaped_char(escape);
        out.push(char);
        rest = &escape[used..];
    }
    out + rest
}

/// The character of an escape, and how many bytes it takes after the backslash.
fn escaped_char(escape: &str) -> (char, usize) {
    let Some(first) = escape.chars().next() else {
        return (char::REPLACEMENT_CHARACTER, 0);
    };
    let char = match first {
        '"' | '\\' | '/' => first,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return unicode(escape),
        _ => char::REPLACEMENT_CHARACTER,
    };
    (char, first.len_utf8())
}

/// `u1f60`, or two that form a surrogate pair, as other JSON writers use.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |from: usize| -> Option<u32> {
        let digits = escape.get(from..from + 4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    };
    match unit(1) {
        None => (char::REPLACEMENT_CHARACTER, 1),
        Some(high @ 0xd800..0xdc00) if escape.get(5..7) == Some("\\u") => match unit(7) {
            Some(low @ 0xdc00..0xe000) => {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                    11,
                )
            }
            _ => (char::REPLACEMENT_CHARACTER, 5),
        },
        Some(code) => (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            5,
        ),
    }
}

/// Whether a character would move the cursor, end the line or change the direction of the text.
///
/// The library escapes these too, but values are decoded before they are shown.
pub(crate) fn acts(char: char) -> bool {
    matches!(char, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns the text for a terminal, with every character that would act on it escaped.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if acts(char) => drop(write!(out, "\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> String {
        let escaped = raw.contains('\\');
        let raw = raw.as_bytes();
        Text { raw, escaped }.decode().into_owned()
    }

    #[test]
    fn escapes_are_those_of_json() {
        assert_eq!(
            decoded(r#"a\"b\\c\/d\n\r\t\b\f"#),
            "a\"b\\c/d\n\r\t\u{8}\u{c}"
        );
        assert_eq!(
            decoded(r"\u001b[31m\u2028\u00e9\u00E9"),
            "\u{1b}[31m\u{2028}éé"
        );
        assert_eq!(decoded(r"\ud83d\ude00"), "😀");
    }

    #[test]
    fn what_is_no_escape_is_replaced() {
        for (raw, text) in [
            (r"\x", "\u{fffd}"),
            ("\\", "\u{fffd}"),
            (r"\u12", "\u{fffd}12"),
            (r"\u+123", "\u{fffd}+123"),
            (r"\uéé", "\u{fffd}éé"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00x", "\u{fffd}x"),
            (r"\é", "\u{fffd}"),
        ] {
            assert_eq!(decoded(raw), text, "{raw}");
        }
        assert_eq!(Text::plain(b"a\xffb").decode(), "a\u{fffd}b");
    }

    #[test]
    fn nothing_that_is_shown_acts_on_a_terminal() {
        let text = "a\n\r\t\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}\u{2066}\u{feff}é";
        assert_eq!(
            visible(text),
            r"a\n\r\t\u001b[2J\u007f\u0085\u2028\u202e\u2066\ufeffé"
        );
        assert!(matches!(visible("plain é 日本"), Cow::Borrowed(_)));
    }
}
