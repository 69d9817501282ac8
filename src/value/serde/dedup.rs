//! Keys that an object has twice.
//!
//! They are found in the text, which is compact and in our own escaping, so that
//! equal keys are equal bytes. A `Value` of serde_json would sort the keys, unless
//! some crate of the program asks for another map, and round floats.

use std::collections::HashMap;
use std::ops::Range;

use smallvec::SmallVec;

use crate::value::json_text::Strings;

/// Returns valid JSON text with each key of an object once: the last value stands
/// in the place of the first.
pub(super) fn each_key_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Reader { rest: text }.value(&mut out);
    out
}

/// Up to this many keys are compared one by one: with a map for each, twenty objects
/// of six members take a third more instructions.
const FEW: usize = 16;

/// The keys of one object, and where their values stand, with the colon.
#[derive(Default)]
struct Members<'a> {
    all: SmallVec<[(&'a str, Range<usize>); FEW]>,
    /// The places of the keys after the first few.
    places: HashMap<&'a str, usize>,
}

impl<'a> Members<'a> {
    /// Adds a member and returns whether its key was there; then the value counts.
    fn insert(&mut self, key: &'a str, value: Range<usize>) -> bool {
        let mut few = self.all.iter().take(FEW);
        let place = few.position(|(known, _)| *known == key);
        let place = place.or_else(|| self.places.get(key).copied());
        if let Some((_, old)) = place.and_then(|place| self.all.get_mut(place)) {
            *old = value;
            return true;
        }
        if self.all.len() >= FEW {
            self.places.insert(key, self.all.len());
        }
        self.all.push((key, value));
        false
    }

    fn join(&self, text: &str) -> String {
        let mut joined = String::new();
        for (key, value) in &self.all {
            joined.push_str(if joined.is_empty() { "" } else { "," });
            joined.push_str(key);
            joined.push_str(text.get(value.clone()).unwrap_or_default());
        }
        joined
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Copies one value. This recurses no deeper than structures are nested.
    fn value(&mut self, out: &mut String) {
        match self.rest.bytes().next() {
            Some(b'{') => self.object(out),
            Some(b'[') => self.list(out),
            _ => out.push_str(self.token()),
        }
    }

    fn list(&mut self, out: &mut String) {
        out.push_str(self.take(1));
        while !self.rest.is_empty() && !self.rest.starts_with(']') {
            self.value(out);
            self.comma(out);
        }
        out.push_str(self.take(1));
    }

    fn object(&mut self, out: &mut String) {
        let mut members = Members::default();
        let mut is_repeated = false;
        out.push_str(self.take(1));
        let start = out.len();
        while !self.rest.is_empty() && !self.rest.starts_with('}') {
            let key = self.token();
            out.push_str(key);
            let value = out.len();
            out.push_str(self.take(1));
            self.value(out);
            is_repeated |= members.insert(key, value..out.len());
            self.comma(out);
        }
        if is_repeated {
            let once = members.join(out);
            out.truncate(start);
            out.push_str(&once);
        }
        out.push_str(self.take(1));
    }

    fn comma(&mut self, out: &mut String) {
        if self.rest.starts_with(',') {
            out.push_str(self.take(1));
        }
    }

    /// Takes a string, or all that stands before the next mark.
    fn token(&mut self) -> &'a str {
        let mut strings = Strings::default();
        let is_mark = |byte| matches!(byte, b',' | b':' | b']' | b'}');
        let mut bytes = self.rest.bytes();
        let end = bytes.position(|byte| !strings.hold(byte) && is_mark(byte));
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

    #[test]
    fn keys_beyond_the_first_few_are_found_too() {
        let member = |key: usize| format!(r#""{key}":{key}"#);
        let members: Vec<String> = (0..40).map(member).collect();
        let text = members.join(",");
        let repeated = format!(r#"{{"3":0,"39":0,{text},"20":[]}}"#);
        let once = each_key_once(&repeated);
        assert_eq!(once.matches(':').count(), 40);
        assert!(once.starts_with(r#"{"3":3,"39":39,"0":0,"#) && once.contains(r#""20":[]"#));
    }
}
