//! Structured values: JSON text that is made when a value is captured.
//!
//! What lies in an entry is always valid JSON, in the escaping of records. A text
//! that is too long for a limit is cut between two members, and what is open
//! there is closed: an object stays an object for a store that knows the field
//! as one.

use std::fmt;

use smallvec::SmallVec;

/// Lists nested more deeply are cut: storing one recurses through user code, and
/// common JSON readers stop at 128.
pub(crate) const MAX_NESTED: usize = 32;

/// JSON text of an object or a list, on one line and in the escaping of records.
///
/// A record has it as it is, so the library alone can make one: by `json`.
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
    /// Whether there was more, for the record that it gets into to say so.
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

/// Brackets that close what is open.
pub(crate) type Closers = SmallVec<[u8; MAX_NESTED]>;

/// Where JSON text of an object or a list can end so that it has at most `most`
/// bytes with the brackets that close it. The text may break off.
pub(crate) fn cut(text: &[u8], most: usize) -> (usize, Closers) {
    let mut open = Closers::new();
    let mut best = (0, Closers::new());
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        let end = match byte {
            _ if std::mem::take(&mut escaped) => continue,
            b'\\' => {
                escaped = true;
                continue;
            }
            b'"' => {
                quoted = !quoted;
                continue;
            }
            _ if quoted => continue,
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
