//! What a structured logger receives, for comparison with the text of the record.

#![allow(dead_code)]

use std::sync::{Mutex, PoisonError};

use log::kv::{Error, Key, Value, VisitSource};
use log::{Log, Metadata, Record};
use serde_json::Value as Json;

/// A value with the type that `log::kv` gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Bool(bool),
    Integer(String),
    Float(f64),
    Text(String),
}

pub type Pairs = Vec<(String, Typed)>;

/// Keeps the pairs of each record.
#[derive(Debug, Default)]
pub struct Structured(Mutex<Vec<Pairs>>);

impl Structured {
    pub fn take(&self) -> Vec<Pairs> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Collects the pairs of a source.
#[derive(Default)]
pub struct Visitor(pub Pairs);

impl<'kvs> VisitSource<'kvs> for Visitor {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.0.push((key.to_string(), Typed::of(&value)));
        Ok(())
    }
}

impl Log for Structured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut visitor = Visitor::default();
        let source = record.key_values();
        source.visit(&mut visitor).expect("only a visitor's error");
        assert_eq!(source.count(), visitor.0.len());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(visitor.0);
    }

    fn flush(&self) {}
}

impl Typed {
    pub fn of(value: &Value<'_>) -> Typed {
        if let Some(value) = value.to_bool() {
            Typed::Bool(value)
        } else if let Some(text) = value.to_borrowed_str() {
            Typed::Text(text.into())
        } else if let Some(n) = value.to_i128() {
            Typed::Integer(n.to_string())
        } else if let Some(n) = value.to_u128() {
            Typed::Integer(n.to_string())
        } else {
            Typed::Float(value.to_f64().expect("there is no other type"))
        }
    }

    /// Whether this equals the JSON value, in which NaN and large integers are text.
    pub fn is_json(&self, json: &Json) -> bool {
        match (self, json) {
            (Typed::Bool(got), Json::Bool(want)) => got == want,
            (Typed::Integer(got), Json::Number(want)) => *got == *want.to_string(),
            (Typed::Integer(got), Json::String(want)) => got == want,
            (Typed::Float(got), Json::Number(want)) => want
                .as_f64()
                .is_some_and(|want| want.to_bits() == got.to_bits()),
            (Typed::Float(got), Json::String(want)) => match want.as_str() {
                "NaN" => got.is_nan(),
                "Infinity" => *got == f64::INFINITY,
                "-Infinity" => *got == f64::NEG_INFINITY,
                _ => false,
            },
            (Typed::Text(got), Json::String(want)) => got == want,
            (Typed::Text(got), Json::Array(_)) => {
                serde_json::from_str::<Json>(got).is_ok_and(|got| got == *json)
            }
            _ => false,
        }
    }
}
