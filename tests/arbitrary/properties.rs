//! Whatever is put into a unit, its record is one safe line from which third-party
//! readers get back what was put in.
//!
//! The expectation comes from a model (`props/model.rs`) that follows the design
//! and the encoding rules the slow and obvious way.
//!
//! Readers: `serde_json` for JSON; for logfmt `tpt-logfmt-parse`, which decodes
//! JSON-style escapes exactly, and `logfmt` 0.0.2, which is lossy but must find
//! the same pairs.
//!
//! `PROPTEST_CASES` sets the number of units (256 unless set).

#[path = "props/model.rs"]
mod model;
#[path = "props/ops.rs"]
mod ops;

use std::cell::Cell;

use model::{Fragment, Model};
use ops::Op;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::Value;
use traceline::{
    Config, Format, Trace,
    config::{Color, ConfigBuilder, NonFinite, Output},
};

use crate::typed::Structured;
use crate::util::{Bench, assert_one_safe_line};
use crate::values::Val;

/// Runs `check` on arbitrary units. One bench runs all of them, so that entries are
/// recycled from unit to unit.
fn for_units(builder: ConfigBuilder, check: impl Fn(&Bench, &[Op])) {
    // Enough room that no limit is ever reached.
    let builder = builder.max_record(1 << 20).max_value(1 << 16);
    let bench = Bench::new(builder);
    runner()
        .run(&ops::unit(), |unit| {
            check(&bench, &unit);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

fn runner() -> TestRunner {
    TestRunner::new(Cases {
        failure_persistence: None,
        ..Cases::default()
    })
}

/// Runs a unit; returns its records, each with the model at that time.
fn run(bench: &Bench, unit: &[Op]) -> Vec<(String, Model)> {
    let mut model = Model::default();
    let mut models = Vec::new();
    let mut trace = bench.start();
    for op in unit {
        op.apply(&mut trace, bench);
        model.apply(op);
        if matches!(op, Op::Checkpoint) {
            models.push(model.clone());
        }
    }
    trace.emit();
    model.partial = false;
    models.push(model);
    let lines = bench.log.take_lines();
    assert_eq!(lines.len(), models.len());
    lines.into_iter().zip(models).collect()
}

#[test]
fn json_records_give_back_what_was_put_in() {
    for_units(Config::builder().format(Format::Json), |bench, unit| {
        for (line, model) in run(bench, unit) {
            assert_one_safe_line(&line);
            let Ok(Value::Object(object)) = serde_json::from_str(&line) else {
                panic!("no JSON object: {line}");
            };
            assert_eq!(members(&line), object.len(), "a key twice: {line}");
            let mut got = object.into_iter();
            for (key, want) in model.record(Format::Json) {
                let (got_key, got) = got.next().unwrap_or_default();
                assert_eq!(got_key, key, "{line}");
                assert!(want.is_json(&got), "{key}: {want:?} is not {got}: {line}");
            }
            check_tail_of_json(&mut got, &model, &line);
        }
    });
}

/// Checks fragments and accounting, which come last.
#[track_caller]
fn check_tail_of_json(rest: &mut impl Iterator<Item = (String, Value)>, model: &Model, line: &str) {
    let mut rest: serde_json::Map<String, Value> = rest.collect();
    let fragments = match rest.remove("fragments") {
        Some(Value::Array(fragments)) => fragments,
        None => Vec::new(),
        Some(_) => panic!("no array: {line}"),
    };
    let read: Vec<Fragment> = fragments.iter().map(Fragment::of_json).collect();
    assert_eq!(read, model.fragments(), "{line}");
    let want = match model.partial {
        true => serde_json::json!({"partial": true, "seq": model.seq}),
        false => serde_json::json!({}),
    };
    assert_eq!(Value::Object(rest), want, "{line}");
}

/// Counts the members of an object without a parser that drops duplicates.
fn members(line: &str) -> usize {
    let (mut depth, mut quoted, mut escaped, mut colons) = (0, false, false, 0);
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b':' if depth == 1 => colons += 1,
            _ => {}
        }
    }
    colons
}

/// Key-values carry the same as a line of JSON, except for nulls and the header.
#[test]
fn key_values_are_the_members_of_the_json_record() {
    let log: &Structured = Box::leak(Box::default());
    let builder = Config::builder()
        .format(Format::Json)
        .output(Output::KeyValues)
        .non_finite(NonFinite::Text)
        .max_record(1 << 20)
        .max_value(1 << 16)
        .logger(log);
    // The capture of the bench gets nothing; the bench is there for its clock.
    let mut bench = Bench::new(Config::builder());
    bench.config = builder.clock(bench.clock).build().expect("settings");
    runner()
        .run(&ops::unit(), |unit| {
            let mut trace = bench.start();
            unit.iter().for_each(|op| op.apply(&mut trace, &bench));
            let line = trace.render();
            trace.emit();
            let pairs = log.take().pop().unwrap_or_default();
            let Ok(Value::Object(object)) = serde_json::from_str(&line) else {
                panic!("no JSON object: {line}");
            };
            let header = ["ts", "level", "msg"];
            let mut want = object
                .iter()
                .filter(|(key, value)| !header.contains(&key.as_str()) && !value.is_null());
            for (key, got) in &pairs {
                let want = want
                    .next()
                    .unwrap_or_else(|| panic!("{key} is not in {line}"));
                assert!(
                    key == want.0 && got.is_json(want.1),
                    "{key}: {got:?} is not {want:?}"
                );
            }
            assert_eq!(want.next(), None);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn logfmt_records_give_back_what_was_put_in() {
    for_units(Config::builder(), |bench, unit| {
        for (line, model) in run(bench, unit) {
            assert_one_safe_line(&line);
            let pairs = tpt_logfmt_parse::parse_to_pairs(&line)
                .unwrap_or_else(|error| panic!("{error}: {line}"));
            let mut got = pairs.into_iter();
            for (key, want) in model.record(Format::Logfmt) {
                let (got_key, got) = got.next().unwrap_or_default();
                assert_eq!(got_key, key, "{line}");
                assert!(want.is_text(&got), "{key}: {want:?} is not {got:?}: {line}");
            }
            check_tail_of_logfmt(&mut got, &model, &line);
        }
    });
}

#[track_caller]
fn check_tail_of_logfmt(
    rest: &mut impl Iterator<Item = (String, String)>,
    model: &Model,
    line: &str,
) {
    if !model.fragments().is_empty() {
        let (key, text) = rest.next().unwrap_or_default();
        assert_eq!(key, "fragments", "{line}");
        let text = text.strip_prefix('[').unwrap_or_default();
        let read: Vec<Fragment> = text.split("; [").map(Fragment::of_logfmt).collect();
        // The only change that logfmt makes to a text.
        let changed = |fragment: &Fragment| Fragment {
            text: fragment.text.replace("; [", ";["),
            ..fragment.clone()
        };
        let want: Vec<Fragment> = model.fragments().iter().map(changed).collect();
        assert_eq!(read, want, "{line}");
    }
    let rest: Vec<(String, String)> = rest.collect();
    let want = match model.partial {
        true => vec![
            ("partial".to_owned(), "true".to_owned()),
            ("seq".to_owned(), model.seq.to_string()),
        ],
        false => Vec::new(),
    };
    assert_eq!(rest, want, "{line}");
}

/// Checks a reader that knows only the escape `\"`: it drops an empty value unless
/// it is the last, reads other escapes as text, and finds exactly the pairs that
/// were written.
#[test]
fn a_lossy_logfmt_reader_finds_the_same_pairs() {
    for_units(Config::builder(), |bench, unit| {
        for (line, _) in run(bench, unit) {
            let exact = tpt_logfmt_parse::parse_to_pairs(&line).expect("checked above");
            let last = exact.len() - 1;
            let found = exact
                .into_iter()
                .enumerate()
                .filter(|(at, (_, value))| !value.is_empty() || *at == last);
            let read = logfmt::parse(&line);
            let keys: Vec<&str> = read.iter().map(|pair| &*pair.key).collect();
            let want: Vec<(String, String)> = found.map(|(_, pair)| pair).collect();
            let want_keys: Vec<&str> = want.iter().map(|(key, _)| &**key).collect();
            assert_eq!(keys, want_keys, "{line}");
            for (pair, (_, value)) in read.iter().zip(&want) {
                // Exact where only quotes are escaped.
                let plain = |char: char| char == ' ' || char == '"' || char.is_ascii_alphanumeric();
                if value.chars().all(plain) {
                    assert_eq!(pair.val.as_ref(), Some(value), "{line}");
                }
            }
        }
    });
}

#[test]
fn what_was_put_in_can_be_read_back_while_the_unit_runs() {
    for_units(Config::builder(), |bench, unit| {
        let mut model = Model::default();
        let mut trace = bench.start();
        for op in unit.iter().filter(|op| !matches!(op, Op::Checkpoint)) {
            op.apply(&mut trace, bench);
            model.apply(op);
        }
        for (key, want) in model.values() {
            let got = trace.get(traceline::key(key));
            match (want, got) {
                (None, None) => {}
                (Some(want), Some(got)) => {
                    assert!(want.is_owned(&got), "{key:?}: {want:?}, {got:?}")
                }
                (want, got) => panic!("{key:?}: {want:?}, {got:?}"),
            }
        }
        assert_eq!(trace.level(), Some(model.level()));
        assert_eq!(trace.outcome(), model.outcome);
        trace.discard();
    });
}

#[test]
fn pretty_records_have_no_character_that_acts_on_a_terminal_but_their_line_ends() {
    let builder = Config::builder().format(Format::Pretty).color(Color::Never);
    for_units(builder, |bench, unit| {
        for (text, _) in run(bench, unit) {
            assert_one_safe_line(&text.replace("\n  ", ""));
        }
    });
}

/// With tight limits, a record keeps within its limit, is readable, and has no key twice.
#[test]
fn records_stay_within_tight_limits_and_are_read_all_the_same() {
    let limits = (512..900usize, 16..400usize, 0..12usize, 0..6usize);
    let longest = Cell::new(0);
    runner()
        .run(&(ops::unit(), limits), |(unit, limits)| {
            for format in [Format::Json, Format::Logfmt] {
                let lines = with_limits(format, limits, &unit);
                for line in &lines {
                    assert!(line.len() <= limits.0, "{} bytes: {line}", line.len());
                    longest.set(longest.get().max(line.len()));
                    assert_one_safe_line(line);
                    assert_keys_are_unique(format, line);
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(longest.get() > 512, "limits were not reached");
}

fn with_limits(format: Format, limits: (usize, usize, usize, usize), unit: &[Op]) -> Vec<String> {
    let (record, value, fields, fragments) = limits;
    let bench = Bench::new(
        Config::builder()
            .format(format)
            .max_record(record)
            .max_value(value)
            .max_fields(fields)
            .max_fragments(fragments),
    );
    let mut trace: Trace = bench.start();
    for op in unit {
        op.apply(&mut trace, &bench);
    }
    trace.emit();
    bench.log.take_lines()
}

#[track_caller]
fn assert_keys_are_unique(format: Format, line: &str) {
    let (count, keys): (usize, Vec<String>) = if format == Format::Json {
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        (members(line), object.keys().cloned().collect())
    } else {
        let pairs = tpt_logfmt_parse::parse_to_pairs(line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        (pairs.len(), pairs.into_iter().map(|(key, _)| key).collect())
    };
    let unique: std::collections::HashSet<&String> = keys.iter().collect();
    assert_eq!(unique.len(), count, "a key twice: {line}");
}

/// Checks what the tests rely on the readers for.
#[test]
fn the_exact_reader_decodes_every_escape_that_is_written() {
    let line = r#"a="\"\\\n\r\t\u001b\u005c" b="" c=x"#;
    let pairs = tpt_logfmt_parse::parse_to_pairs(line).expect("logfmt");
    let want = [("a", "\"\\\n\r\t\u{1b}\\"), ("b", ""), ("c", "x")];
    assert_eq!(
        pairs,
        want.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert!(Val::F64(0.1).is_text("0.1") && !Val::F64(0.1).is_text("0.2"));
}
