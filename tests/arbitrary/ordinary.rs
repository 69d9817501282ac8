//! Arbitrary records of ordinary log calls, as `format_record` writes them.

use std::cell::Cell;

use log::Record;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::Value;
use traceline::{Config, Format};

use crate::util::{Bench, assert_one_safe_line};
use crate::values;

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let key = prop_oneof![values::text(), "[a-c]{1,2}", Just("target".to_owned())];
    prop::collection::vec((key, values::text()), 0..8)
}

/// The last value given for each key: keys as they are in JSON.
fn last_of_each(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (key, value) in pairs {
        match kept.iter_mut().find(|(known, _)| known == key) {
            Some(known) => known.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

#[test]
fn any_record_is_one_safe_line_that_readers_give_back() {
    let bench = Bench::new(Config::builder().max_record(1 << 20).max_value(1 << 16));
    let json = Config::builder()
        .format(Format::Json)
        .max_record(1 << 20)
        .max_value(1 << 16)
        .build()
        .expect("settings");
    let seen = Cell::new(0);
    let cases = Cases {
        failure_persistence: None,
        ..Cases::default()
    };
    TestRunner::new(cases)
        .run(&(values::text(), pairs()), |(message, pairs)| {
            let source: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (&**k, &**v)).collect();
            let args = format_args!("{message}");
            let record = Record::builder().args(args).key_values(&source).build();
            let line = bench.config.format_record(&record).to_string();
            assert_one_safe_line(&line);
            let read = tpt_logfmt_parse::parse_to_pairs(&line).expect("logfmt");
            let keys: std::collections::HashSet<&String> = read.iter().map(|(k, _)| k).collect();
            assert_eq!(keys.len(), read.len(), "a key twice: {line}");
            assert_eq!(read[2], ("msg".to_owned(), message.clone()), "{line}");
            let want = last_of_each(&pairs);
            let values: Vec<&str> = read[4..].iter().map(|(_, value)| &**value).collect();
            let wanted: Vec<&str> = want.iter().map(|(_, value)| *value).collect();
            assert_eq!(values, wanted, "{line}");

            let line = json.format_record(&record).to_string();
            assert_one_safe_line(&line);
            let object: serde_json::Map<String, Value> =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let values: Vec<&str> = object.values().skip(4).filter_map(Value::as_str).collect();
            assert_eq!(values, wanted, "{line}");
            seen.set(seen.get() + wanted.len());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(seen.get() > 0);
}
