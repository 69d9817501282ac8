//! Structured values as JSON text, made when a value is captured.
//!
//! The text in an entry is always valid JSON in the escaping of records. Text that
//! exceeds a limit is cut between two members, and the brackets that are open there
//! are closed, so that a log store that expects an object in the field still gets
//! one.

use std::fmt;

use smallvec::SmallVec;

/// How deep lists may be nested; deeper ones are cut. Storing a list recurses
/// through user code, and common JSON readers stop at 128.
pub(crate) const MAX_NESTED: usize = 32;

/// JSON text of an object or a list, on one line and in the escaping of records.
///
/// It is copied into the record as it is, so only the library can make one, with
/// `json`.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// # #[cfg(feature = "serde")] {
/// use traceline::value::OwnedValue;
///
/// let mut trace = traceline::start!("job");
/// trace.set("shards", traceline::json(&[1, 2]));
/// match trace.get("shards") {
///     Some(OwnedValue::Json(text)) => assert_eq!(text.as_str(), "[1,2]"),
///     other => panic!("{other:?}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct JsonText {
    text: Box<str>,
    /// Whether it was cut. A record that it gets into must count that.
    cut: bool,
}

impl JsonText {
    pub(crate) fn new(text: String) -> JsonText {
        JsonText {
            text: text.into(),
            cut: false,
        }
    }

    pub(crate) fn cut(self, cut: bool) -> JsonText {
        JsonText { cut, ..self }
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns the text.
    ///
    /// # Examples
    ///
    /// See [`JsonText`].
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for JsonText {
    fn eq(&self, other: &JsonText) -> bool {
        self.text == other.text
    }
}

impl Eq for JsonText {}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonText").field(&self.text).finish()
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The brackets that close all that are open.
pub(crate) type Closers = SmallVec<[u8; MAX_NESTED]>;

/// Returns the length of the string that JSON text begins with; all of the text if the
/// string breaks off.
#[inline]
pub(super) fn string_len(text: &[u8]) -> usize {
    let mut len = 1;
    while let Some(rest) = text.get(len..) {
        let mark = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        len += mark.map_or(rest.len(), |mark| mark + 1);
        match mark.and_then(|mark| rest.get(mark)) {
            Some(b'\\') => len += 1,
            _ => return len,
        }
    }
    text.len()
}

/// Returns where JSON text of an object or a list can end so that it takes at most
/// `most` bytes, together with the brackets that close it. The text may break off
/// anywhere.
pub(crate) fn cut(text: &[u8], most: usize) -> (usize, Closers) {
    let mut open = Closers::new();
    let mut best = (0, Closers::new());
    let mut next = 0;
    while let [byte, ..] = text.get(next..).unwrap_or_default() {
        let at = next;
        next += 1;
        let end = match byte {
            b'"' => {
                next = at + string_len(text.get(at..).unwrap_or_default());
                continue;
            }
            b'{' | b'[' => {
                open.push(if *byte == b'{' { b'}' } else { b']' });
                at + 1
            }
            b'}' | b']' => {
                open.pop();
                at + 1
            }
            b',' => at,
            _ => continue,
        };
        if end + open.len() > most {
            break;
        }
        best = (end, open.clone());
    }
    best.1.reverse();
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(text: &str, most: usize) -> String {
        let (end, closers) = cut(text.as_bytes(), most);
        let closers = String::from_utf8_lossy(&closers).into_owned();
        text[..end].to_owned() + &closers
    }

    #[test]
    fn text_is_cut_between_members_and_what_is_open_is_closed() {
        let text = r#"{"a":1,"b":[{"c":"]},"},2],"d":{}}"#;
        for (most, want) in [
            (1, ""),
            (2, "{}"),
            (6, "{}"),
            (7, r#"{"a":1}"#),
            (13, r#"{"a":1}"#),
            (14, r#"{"a":1,"b":[]}"#),
            (16, r#"{"a":1,"b":[{}]}"#),
            (23, r#"{"a":1,"b":[{}]}"#),
            (25, r#"{"a":1,"b":[{"c":"]},"}]}"#),
            (27, r#"{"a":1,"b":[{"c":"]},"},2]}"#),
            (34, text),
            (99, text),
        ] {
            let got = closed(text, most);
            assert!(got.len() <= most, "{most}");
            assert_eq!(got, want, "{most}");
        }
    }

    #[test]
    fn text_that_breaks_off_is_cut_before() {
        assert_eq!(closed(r#"{"a":1,"b":"x"#, 99), r#"{"a":1}"#);
        assert_eq!(closed(r#"["\",","#, 99), r#"["\","]"#);
        assert_eq!(closed(r#"[12"#, 99), "[]");
    }
}
