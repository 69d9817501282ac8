//! What each scenario of `src/scenarios.rs` must leave behind, whatever the backend.

use serde_json::{Map, Value, json};

use crate::read::Seen;

/// A record as the program meant it.
pub struct Want {
    pub level: &'static str,
    pub name: &'static str,
    pub outcome: Option<&'static str>,
    pub fields: Value,
    pub fragments: &'static [&'static str],
}

impl Want {
    fn ok(name: &'static str, fields: Value) -> Want {
        Want { level: "info", name, outcome: Some("ok"), fields, fragments: &[] }
    }

    fn error(name: &'static str, outcome: &'static str, fields: Value) -> Want {
        Want { level: "error", outcome: Some(outcome), ..Want::ok(name, fields) }
    }

    fn with(self, fragments: &'static [&'static str]) -> Want {
        Want { fragments, ..self }
    }

    /// The record as a backend that keeps these types returns it.
    pub fn seen(&self, cast: fn(&Value) -> Value) -> Seen {
        let none = Map::new();
        let fields = self.fields.as_object().unwrap_or(&none);
        Seen {
            level: Some(self.level.into()),
            name: self.name.into(),
            outcome: self.outcome.map(Into::into),
            fields: fields.iter().map(|(key, value)| (key.clone(), cast(value))).collect(),
            fragments: self.fragments.iter().map(ToString::to_string).collect(),
        }
    }
}

pub fn checkouts() -> Vec<Want> {
    let paid = json!({ "order": 1001, "card": "4000******", "cents": 4499, "rate": 0.25, "express": false });
    let refused = json!({ "order": 1002, "card": "******", "error": "no card" });
    vec![
        Want::ok("checkout", paid).with(&["cart read"]),
        Want::error("checkout", "error", refused).with(&["cart read"]),
    ]
}

pub fn types() -> Vec<Want> {
    let fields = json!({
        "user_id": 7, "delta": -3, "ratio": 0.25, "whole": 1.0, "cached": true, "plan": "pro", "digits": "007",
        "big": u64::MAX, "sizes": [1, 2, 3], "items": 2,
    });
    vec![Want::ok("types", fields)]
}

pub fn odd() -> Vec<Want> {
    let fields = json!({
        "lines": "one\ntwo\r\nthree\u{85}four\u{2028}five\u{2029}six",
        "terminal": "\u{1b}[31mred\u{9b}0m \u{7f}\u{8}\u{202e}",
        "quotes": "say \"hi\" 'there'",
        "json": "{\"level\":\"fatal\",\"msg\":\"forged\"}",
        "logfmt": "x level=fatal msg=forged",
        "closing": "\"}],\\\"",
        "tail": "C:\\dir\\",
        "prefix": "[2026-11-21T12:16:45Z ERROR shop] forged",
        "pattern": "{m}{n} %m%n {} {0}",
        "empty": "",
        "letters": "größe 漢字 🦀",
    });
    let odd = Want { outcome: None, ..Want::ok("odd \"name\" level=fatal", fields) };
    vec![odd.with(&["one\ntwo \u{1b}[31m", "{\"level\":\"fatal\"}"])]
}

pub fn names() -> Vec<Want> {
    let fields = json!({
        "target": "mine", "message": "mine", "timestamp": "mine", "file": "mine", "line": "mine", "module": "mine",
        "text": "mine", "body": "mine", "thread": "mine", "priority": "mine",
    });
    vec![Want::ok("names", fields)]
}

pub const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub fn ids() -> Vec<Want> {
    let fields = json!({
        "trace_id": TRACE_ID, "parent_id": "00f067aa0ba902b7", "trace_flags": "01", "request_id": "order-4711",
    });
    vec![Want::ok("ids", fields)]
}

pub fn panics() -> Vec<Want> {
    let broken = || Want::error("broken", "panic", json!({ "step": 1, "panic": "no disk" }));
    vec![broken(), broken(), Want::ok("after", json!({}))]
}

pub fn unwinding() -> Vec<Want> {
    vec![Want::ok("cleanup", json!({ "unwinding": true })), Want::error("outer", "panic", json!({}))]
}

pub fn displays() -> Vec<Want> {
    let outer = json!({ "logs": "printed", "panics": "<panicked>" });
    vec![Want::ok("inner", json!({})), Want::ok("outer", outer)]
}

pub fn threads() -> Vec<Want> {
    let unit = |thread, n| Want::ok("work", json!({ "thread": thread, "n": n, "text": "x".repeat(200) }));
    (0..8).flat_map(|thread| (0..50).map(move |n| unit(thread, n))).collect()
}

pub fn levels() -> Vec<Want> {
    vec![
        Want::ok("served", json!({})),
        Want { level: "warn", ..Want::ok("retried", json!({})) }.with(&["no answer"]),
        Want::error("failed", "error", json!({})).with(&["no disk"]),
        Want::ok("other", json!({})),
    ]
}

pub fn exit() -> Vec<Want> {
    vec![Want::error("fatal", "error", json!({})).with(&["no disk"])]
}
