//! JSON that is safe inside a `<script>`.

use std::fmt::{Display, Write};

/// Writes JSON and puts in the commas.
#[derive(Debug, Default)]
pub(crate) struct Json {
    pub(crate) out: String,
}

impl Json {
    /// `[…]` around what `inner` writes.
    pub(crate) fn list(&mut self, inner: impl FnOnce(&mut Json)) {
        self.around('[', ']', inner);
    }

    /// `{…}` around what `inner` writes.
    pub(crate) fn object(&mut self, inner: impl FnOnce(&mut Json)) {
        self.around('{', '}', inner);
    }

    fn around(&mut self, open: char, close: char, inner: impl FnOnce(&mut Json)) {
        self.comma();
        self.out.push(open);
        inner(self);
        self.out.push(close);
    }

    pub(crate) fn key(&mut self, key: &str) -> &mut Json {
        self.text(key);
        self.out.push(':');
        self
    }

    pub(crate) fn number(&mut self, n: impl Display) {
        self.comma();
        let _ = write!(self.out, "{n}");
    }

    /// `true` or `false`.
    pub(crate) fn word(&mut self, word: bool) {
        self.number(word);
    }

    /// A text that cannot end the script: no tag, no comment, no line end.
    pub(crate) fn text(&mut self, text: &str) {
        self.comma();
        self.out.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => self.out.extend(['\\', char]),
                '<' | '>' | '&' | '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(char));
                }
                _ => self.out.push(char),
            }
        }
        self.out.push('"');
    }

    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.list(|json| texts.into_iter().for_each(|text| json.text(text)));
    }

    /// Only between two values: a value never ends with one of these bytes.
    fn comma(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(['[', '{', ':', ',']) {
            self.out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_values() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a").number(1);
            json.key("b").list(|json| {
                json.number(-2);
                json.texts([]);
                json.texts(["[", "{", ":", ","]);
                json.object(|_| ());
            });
            json.key("").text("");
        });
        assert_eq!(
            json.out,
            r#"{"a":1,"b":[-2,[],["[","{",":",","],{}],"":""}"#
        );
    }

    #[test]
    fn nothing_in_a_text_ends_the_script() {
        let text = "</script><!-- ]]> & \"\\ \u{2028}\u{2029}\n\0\u{85} é";
        let mut json = Json::default();
        json.text(text);
        assert_eq!(
            json.out,
            r#""\u003c/script\u003e\u003c!-- ]]\u003e \u0026 \"\\ \u2028\u2029\u000a\u0000\u0085 é""#
        );
        assert_eq!(serde_json::from_str::<String>(&json.out).unwrap(), text);
    }
}
