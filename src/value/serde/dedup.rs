//! Keys that an object has twice.
//!
//! In the text, which is compact and known to be JSON: in a `Value` of serde_json the keys would be sorted, unless some crate
//! of the program asks for another map, and floats rounded.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The same text, where of each key the last value stands in the place of the first.
pub(super) fn each_key_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Reader { rest: text }.value(&mut out);
    out
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// No deeper than structures are nested.
    fn value(&mut self, out: &mut String) {
        match self.rest.bytes().next() {
            Some(b'{') => self.object(out),
            Some(b'[') => self.list(out),
            _ => out.push_str(self.token()),
        }
    }

    fn list(&mut self, out: &mut String) {
        out.push_str(self.mark());
        while !self.rest.is_empty() && !self.rest.starts_with(']') {
            self.value(out);
            if self.rest.starts_with(',') {
                out.push_str(self.mark());
            }
        }
        out.push_str(self.mark());
    }

    fn object(&mut self, out: &mut String) {
        let mut places = HashMap::new();
        let mut members: Vec<(&str, String)> = Vec::new();
        out.push_str(self.mark());
        while !self.rest.is_empty() && !self.rest.starts_with('}') {
            let key = self.token();
            let mut value = self.mark().to_owned();
            self.value(&mut value);
            match places.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(members.len());
                    members.push((key, value));
                }
                Entry::Occupied(place) => {
                    if let Some(member) = members.get_mut(*place.get()) {
                        member.1 = value;
                    }
                }
            }
            if self.rest.starts_with(',') {
                self.mark();
            }
        }
        for (at, (key, value)) in members.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            out.push_str(key);
            out.push_str(value);
        }
        out.push_str(self.mark());
    }

    fn mark(&mut self) -> &'a str {
        self.take(1)
    }

    /// A string, or what stands before the next mark.
    fn token(&mut self) -> &'a str {
        let mut escaped = false;
        let mut quoted = false;
        let end = self.rest.bytes().position(|byte| {
            let is_end = !quoted && matches!(byte, b',' | b':' | b']' | b'}');
            match byte {
                _ if std::mem::take(&mut escaped) => {}
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            is_end
        });
        self.take(end.unwrap_or(self.rest.len()))
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::unique;
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
            assert_eq!(unique::are_unique(text).unwrap(), text == want);
        }
    }
}
