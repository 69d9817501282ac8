//! Reads back the output of a backend with third-party readers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A record as it was read, without times and line tags.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub level: Option<String>,
    pub name: String,
    pub outcome: Option<String>,
    pub fields: BTreeMap<String, Value>,
    pub fragments: Vec<String>,
}

/// One line, or one datagram.
#[derive(Debug, PartialEq)]
pub enum Line {
    Unit(Seen),
    /// From an ordinary log call.
    Ordinary(String),
}

// ----- the formats of backends

/// The record alone.
pub fn logfmt(line: &str) -> Line {
    assert_is_safe(line);
    if !line.contains(" duration_ms=") {
        return Line::Ordinary(line.into());
    }
    let pairs = tpt_logfmt_parse::parse_to_pairs(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    unit(pairs.into_iter().map(|(key, value)| (key, json!(value))), line)
}

/// The record alone, as JSON.
pub fn json(line: &str) -> Line {
    assert_is_safe(line);
    match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(pairs) => unit(pairs.into_iter(), line),
        Err(_) => Line::Ordinary(line.into()),
    }
}

/// The record after `[time LEVEL target] `.
pub fn prefixed(line: &str) -> Line {
    let (prefix, record) = line.split_once("] ").unwrap_or_else(|| panic!("no prefix: {line}"));
    let level = prefix.split_whitespace().nth(1).map(str::to_lowercase);
    with_level(logfmt(record), level)
}

/// The record after the prefix of syslog: `<14>Nov 21 12:16:45 shop[4711]: `.
pub fn syslog(datagram: &str) -> Line {
    let (head, record) = datagram.split_once("]: ").unwrap_or_else(|| panic!("no head: {datagram}"));
    let level = match &head[..4] {
        "<11>" => "error",
        "<12>" => "warn",
        "<14>" => "info",
        other => panic!("priority {other}"),
    };
    with_level(logfmt(record), Some(level.into()))
}

/// The record as the message of a JSON object.
pub fn tracing_json(line: &str) -> Line {
    let outer = object(line);
    with_level(logfmt(text(&outer, "message")), level_of(&outer))
}

/// A JSON object with the fields in a nested object, or among its own.
fn structured(line: &str, message: &str, fields: Option<&str>) -> Line {
    let mut outer = object(line);
    let (level, name) = (level_of(&outer), text(&outer, message).to_owned());
    let fields = match fields {
        Some(key) => outer.get(key).and_then(Value::as_object).cloned().unwrap_or_default(),
        None => {
            for own in ["level", "message", "target", "timestamp", "file", "line", "module"] {
                outer.remove(own);
            }
            outer
        }
    };
    if !fields.contains_key("duration_ms") {
        return Line::Ordinary(name);
    }
    let message = [("msg".to_owned(), json!(name))];
    with_level(unit(message.into_iter().chain(fields), line), level)
}

pub fn structured_logger(line: &str) -> Line {
    structured(line, "message", None)
}

pub fn flexi_json(line: &str) -> Line {
    structured(line, "text", Some("kv"))
}

pub fn logforth(line: &str) -> Line {
    structured(line, "message", Some("kvs"))
}

pub fn opentelemetry(line: &str) -> Line {
    let mut outer = object(line);
    outer.insert("level".into(), outer["severity"].clone());
    structured(&Value::Object(outer).to_string(), "body", Some("attributes"))
}

/// A datagram of the journal, as `journal::as_json` gives it.
pub fn journal(line: &str) -> Line {
    let mut fields = object(line);
    let level = match fields.remove("PRIORITY").as_ref().and_then(Value::as_str) {
        Some("3") => "error",
        Some("4") => "warn",
        Some("5") => "info",
        other => panic!("priority {other:?}"),
    };
    for own in ["SYSLOG_PID", "SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE", "CODE_MODULE", "TARGET"] {
        fields.remove(own);
    }
    let message = fields.remove("MESSAGE").expect("a message");
    if fields.is_empty() {
        return Line::Ordinary(message.as_str().unwrap_or_default().into());
    }
    let pairs = fields.into_iter().map(|(key, value)| (key.to_lowercase(), value));
    let message = [("msg".to_owned(), message)];
    with_level(unit(message.into_iter().chain(pairs), line), Some(level.into()))
}

// ----- the types they keep

/// All types.
pub fn all(value: &Value) -> Value {
    value.clone()
}

/// All except lists.
pub fn typed(value: &Value) -> Value {
    match value {
        Value::Array(_) => json!(value.to_string()),
        value => value.clone(),
    }
}

/// All except integers above 63 bits.
pub fn in_63_bits(value: &Value) -> Value {
    match value.as_u64() {
        Some(n) if i64::try_from(n).is_err() => json!(n.to_string()),
        _ => typed(value),
    }
}

/// No types: everything is text.
pub fn texts(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        value => json!(value.to_string()),
    }
}

/// No types: everything is text from `Display`.
pub fn displayed(value: &Value) -> Value {
    match value.as_f64() {
        Some(x) if value.is_f64() => json!(x.to_string()),
        _ => texts(value),
    }
}

// ----- what they have in common

fn object(line: &str) -> Map<String, Value> {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no `{key}`: {object:?}"))
}

fn level_of(object: &Map<String, Value>) -> Option<String> {
    Some(text(object, "level").to_lowercase())
}

/// The level that the backend shows; it equals the record's own, if that has one.
fn with_level(line: Line, level: Option<String>) -> Line {
    match line {
        Line::Unit(seen) => {
            assert!(seen.level.is_none() || seen.level == level, "{seen:?}: {level:?}");
            Line::Unit(Seen { level, ..seen })
        }
        ordinary => ordinary,
    }
}

/// Nothing that was put into a record may end the line or control the terminal.
#[track_caller]
fn assert_is_safe(line: &str) {
    let is_odd = |char: char| char.is_control() || ('\u{2028}'..='\u{202e}').contains(&char);
    assert!(!line.contains(is_odd), "{line:?}");
}

/// Sorts the pairs of one record into a form that can be compared.
#[track_caller]
fn unit(pairs: impl Iterator<Item = (String, Value)>, line: &str) -> Line {
    let mut fields = BTreeMap::new();
    for (key, value) in pairs {
        assert!(fields.insert(key, value).is_none(), "a key twice: {line}");
    }
    let mut take = |key: &str| fields.remove(key);
    let mut take_text = |key: &str| take(key).map(|value| value.as_str().expect("a text").to_owned());
    let (level, outcome) = (take_text("level"), take_text("outcome"));
    let name = take_text("msg").expect("a name");
    if let Some(ts) = take_text("ts") {
        assert_eq!((ts.len(), ts.ends_with('Z')), ("2026-11-21T08:46:00.123456Z".len(), true), "{line}");
    }
    if let Some(id) = take_text("span_id") {
        assert_eq!(id.len(), 16, "{line}");
    }
    for key in ["panic.location", "panic_location"] {
        if let Some(place) = take_text(key) {
            assert!(place.starts_with("src/scenarios.rs:"), "{line}");
        }
    }
    let fragments = fields.remove("fragments").map(|value| fragments(&value)).unwrap_or_default();
    let duration = fields.remove("duration_ms").expect("a duration");
    let duration = duration.as_f64().or_else(|| duration.as_str()?.parse().ok());
    assert!(duration.is_some_and(|ms| ms >= 0.0), "{line}");
    Line::Unit(Seen { level, name, outcome, fields, fragments })
}

/// The texts of fragments: a JSON array, its text, or `[12, 0.003ms] text; [13, 0.004ms] text`.
fn fragments(value: &Value) -> Vec<String> {
    let texts =
        |list: &[Value]| list.iter().map(|fragment| fragment["msg"].as_str().expect("a text").to_owned()).collect();
    if let Some(list) = value.as_array() {
        return texts(list);
    }
    let text = value.as_str().expect("a text");
    if let Ok(Value::Array(list)) = serde_json::from_str(text) {
        return texts(&list);
    }
    let without_tag = |fragment: &str| fragment.split_once("] ").expect("a tag").1.to_owned();
    text.split("; [").map(without_tag).collect()
}
