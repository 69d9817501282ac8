//! `json(&x)`: any document, as third-party JSON text and as values, in records of both formats.

use std::sync::OnceLock;

use serde_json::value::RawValue;
use traceline::{Config, Format, Value, json};

use crate::document::{Node, escaped};
use crate::util::{Bench, assert_one_safe_line, json_line, logfmt_line, same_line};

/// JSON text, and numbers made from the first bytes.
pub fn check(data: &[u8]) {
    if let Some((bytes, _)) = data.split_first_chunk::<16>() {
        numbers(u128::from_le_bytes(*bytes));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // A `RawValue` has no blanks around it.
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if let Ok(raw) = RawValue::from_string(text.into()) {
        document(&json(&raw), Node::parse(text).as_ref());
        let inside = format!("[{text}]");
        document(&json(&[&raw]), Node::parse(&inside).as_ref());
    }
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        document(&json(&value), Some(&Node::of(&value)));
    }
}

fn numbers(bits: u128) {
    let (large, small) = (f64::from_bits(bits as u64), f32::from_bits(bits as u32));
    let mut room = ryu::Buffer::new();
    if large.is_finite() {
        let text = room.format(large);
        exact(&json(&large), text, text);
        exact(
            &json(&[large]),
            &format!("[{text}]"),
            &format!("\"[{text}]\""),
        );
    }
    if small.is_finite() {
        let text = room.format(small);
        exact(
            &json(&[small]),
            &format!("[{text}]"),
            &format!("\"[{text}]\""),
        );
    }
    node(&json(&bits), &Node::Number(bits.to_string()));
    let signed = bits as i128;
    node(
        &json(&[signed]),
        &Node::List(vec![Node::Number(signed.to_string())]),
    );
}

/// Some JSON of others cannot be read: an escape for half a character is still valid JSON.
fn document(value: &Value<'_>, want: Option<&Node>) {
    let Some(want) = want else {
        let is_marked = |line: &String| line.contains("<not serialized: ");
        assert!(lines(value, &bench().1).iter().all(is_marked));
        return;
    };
    if want.depth() <= DEEPEST {
        return node(value, want);
    }
    let [json, _] = lines(value, &bench().1);
    let record: serde_json::Value =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(record["truncated"], 1, "{json}");
}

/// As deep as the library writes.
const DEEPEST: usize = 32;

fn node(value: &Value<'_>, want: &Node) {
    let json = want.json();
    let logfmt = match want {
        Node::Text(text) => of_text(text),
        // Digits that are quoted in JSON are a text.
        _ if want.is_structure() || json.starts_with('"') => {
            format!("\"{}\"", escaped(json.trim_matches('"')))
        }
        _ => json.clone(),
    };
    exact(value, &json, &logfmt);
    tight(value, want);
}

fn exact(value: &Value<'_>, in_json: &str, in_logfmt: &str) {
    let [json, logfmt] = lines(value, &bench().1);
    same_line(&json, &json_line(&format!("\"k\":{in_json},\"after\":1")));
    same_line(&logfmt, &logfmt_line(&format!("k={in_logfmt} after=1")));
}

/// With little room it is cut, and the rest is unchanged.
fn tight(value: &Value<'_>, want: &Node) {
    let [json, _] = lines(value, &bench().0);
    let record: serde_json::Value =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(
        record["k"].is_array(),
        matches!(want, Node::List(_)),
        "{json}"
    );
    assert_eq!(
        record["k"].is_object(),
        matches!(want, Node::Map(_)),
        "{json}"
    );
    assert_eq!(record["after"], 1, "{json}");
}

/// The record of a unit with this value, in both formats.
fn lines(value: &Value<'_>, benches: &[Bench; 2]) -> [String; 2] {
    benches.each_ref().map(|bench| {
        let mut trace = bench.start();
        trace.set("k", value).set("after", 1);
        trace.emit();
        let line = bench.log.only().args;
        assert_one_safe_line(&line);
        line
    })
}

/// JSON and logfmt, with little room and with much; created once, because a logger is never freed.
fn bench() -> &'static ([Bench; 2], [Bench; 2]) {
    static BENCHES: OnceLock<([Bench; 2], [Bench; 2])> = OnceLock::new();
    let both = |record, value| {
        [Format::Json, Format::Logfmt].map(|format| {
            let builder = Config::builder().format(format);
            Bench::new(builder.max_record(record).max_value(value))
        })
    };
    BENCHES.get_or_init(|| (both(700, 100), both(1 << 20, 1 << 19)))
}

/// A text in logfmt.
fn of_text(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_./:@%+~-".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) && !is_lookalike(text) {
        return text.into();
    }
    match text.strip_suffix('\\') {
        Some(before) => format!("\"{}\\u005c\"", escaped(before)),
        None => format!("\"{}\"", escaped(text)),
    }
}

/// Whether a reader would take the text for a number or a word.
fn is_lookalike(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let words = [
        "true", "false", "null", "nil", "none", "nan", "inf", "infinity",
    ];
    if words.iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return true;
    }
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (
            number,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    are_digits(whole)
        && are_digits(rest)
        && !(whole.is_empty() && rest.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && are_digits(exponent))
}
