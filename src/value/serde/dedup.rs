//! Removes repeated keys of objects.
//!
//! It works on the text, which is compact and in our own escaping, so that equal keys
//! are equal bytes: a `Value` of serde_json would round floats, and sort the keys
//! unless some crate in the program enables `preserve_order`.

use std::collections::HashMap;

use crate::value::json_text;

/// Returns valid JSON text with each key of an object once: the last value stands in
/// the place of the first.
pub(super) fn each_key_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Reader { rest: text }.value(&mut out);
    out
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Copies one value. This recurses no deeper than structures are nested.
    fn value(&mut self, out: &mut String) {
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(out),
            Some(b'[') => self.list(out),
            _ => out.push_str(self.token()),
        }
    }

    fn list(&mut self, out: &mut String) {
        out.push_str(self.take(1));
        while !self.rest.is_empty() && !self.rest.starts_with(']') {
            self.value(out);
            if self.rest.starts_with(',') {
                out.push_str(self.take(1));
            }
        }
        out.push_str(self.take(1));
    }

    fn object(&mut self, out: &mut String) {
        let mut places = HashMap::new();
        let mut members = Vec::new();
        out.push_str(self.take(1));
        while !self.rest.is_empty() && !self.rest.starts_with('}') {
            let key = self.token();
            let mut member = [key, self.take(1)].concat();
            self.value(&mut member);
            let place = *places.entry(key).or_insert(members.len());
            match members.get_mut(place) {
                Some(old) => *old = member,
                None => members.push(member),
            }
            if self.rest.starts_with(',') {
                self.take(1);
            }
        }
        out.push_str(&members.join(","));
        out.push_str(self.take(1));
    }

    /// Takes a string, or everything before the next mark.
    fn token(&mut self) -> &'a str {
        self.take(match self.rest.starts_with('"') {
            true => json_text::string_len(self.rest.as_bytes()),
            false => self
                .rest
                .find([',', ':', ']', '}'])
                .unwrap_or(self.rest.len()),
        })
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_stands_where_the_first_one_stood() {
        for (text, want) in [
            (r#"{"b":1,"a":2,"b":3}"#, r#"{"b":3,"a":2}"#),
            (
                r#"[{"a":{"x":1,"x":[2,{}]},"a,}\"":[],"a,}\"":-1.5},"a"]"#,
                r#"[{"a":{"x":[2,{}]},"a,}\"":-1.5},"a"]"#,
            ),
            (r#"{"a":1,"a":{"a":2}}"#, r#"{"a":{"a":2}}"#),
            (r#"{"":[],"b":{}}"#, r#"{"":[],"b":{}}"#),
        ] {
            assert_eq!(each_key_once(text), want);
        }
    }
}
