//! Arbitrary structures, read back by third-party readers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::Value;
use traceline::config::ConfigBuilder;
use traceline::{Config, Format, json};

use crate::util::{Bench, assert_one_safe_line, record};
use crate::values;

fn builder(format: Format) -> ConfigBuilder {
    Config::builder().format(format)
}

#[test]
fn a_record_that_is_too_long_has_less_of_its_structures_and_is_valid() {
    for format in [Format::Json, Format::Logfmt] {
        for most in [600, 700, 900, 1_500] {
            let line = record(builder(format).max_record(most), |trace| {
                for key in ["a", "b", "c"] {
                    trace.set(
                        key,
                        json(&vec![BTreeMap::from([("key", "value \"v\"")]); 40]),
                    );
                }
            });
            assert!(line.len() <= most, "{most}: {line}");
            let pairs: Vec<Value> = if format == Format::Json {
                let read: Value = serde_json::from_str(&line).unwrap();
                ["a", "b", "c"].map(|key| read[key].clone()).into()
            } else {
                let read = tpt_logfmt_parse::parse_to_pairs(&line).unwrap();
                let of = |key: &str| read.iter().find(|(known, _)| known == key);
                ["a", "b", "c"]
                    .map(|key| serde_json::from_str(&of(key).unwrap().1).unwrap())
                    .into()
            };
            assert!(pairs.iter().all(Value::is_array), "{line}");
            assert!(line.contains("truncated"), "{line}");
        }
    }
}

fn structures() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        values::text().prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 60, 6, |inner| {
        let key = values::text().prop_filter("an empty key is renamed", |key| !key.is_empty());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

#[test]
fn any_structure_is_one_safe_line_and_reads_back() {
    let cases = Cases {
        failure_persistence: None,
        ..Cases::default()
    };
    let room = |format| builder(format).max_record(1 << 20).max_value(1 << 19);
    let (in_json, in_logfmt) = (
        Bench::new(room(Format::Json)),
        Bench::new(room(Format::Logfmt)),
    );
    let tight = Bench::new(builder(Format::Json).max_record(700).max_value(100));
    TestRunner::new(cases)
        .run(&structures(), |value| {
            let line = |bench: &Bench| {
                let mut trace = bench.start();
                trace.set("k", json(&value)).set("after", 1);
                trace.emit();
                let line = bench.log.only().args;
                assert_one_safe_line(&line);
                line
            };
            let read: Value = serde_json::from_str(&line(&in_json)).unwrap();
            assert_eq!(read["k"], value);
            assert_eq!(read["after"], 1);
            let pairs = tpt_logfmt_parse::parse_to_pairs(&line(&in_logfmt)).unwrap();
            let k = &pairs.iter().find(|(key, _)| key == "k").unwrap().1;
            match &value {
                Value::String(text) => assert_eq!(k, text),
                Value::Number(_) | Value::Bool(_) | Value::Null => {}
                value => assert_eq!(&serde_json::from_str::<Value>(k).unwrap(), value),
            }
            let cut: Value = serde_json::from_str(&line(&tight)).unwrap();
            assert_eq!(cut["k"].is_object(), value.is_object());
            assert_eq!(cut["k"].is_array(), value.is_array());
            assert_eq!(cut["after"], 1);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
