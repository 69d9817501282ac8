//! Peculiarities of single backends.

use serde_json::{Value, json};

use crate::expect::TRACE_ID;
use crate::read::{self, Line};
use crate::run::{self, Folder, text};
use crate::{Backend, journal, lines, outcome, program};
use crate::{flexi_logger, flexi_logger_files, flexi_logger_json, log4rs, logforth, opentelemetry};
use crate::{structured_logger, systemd_journal, tracing_text};

/// The names of the units that env_logger lets through.
#[track_caller]
fn let_through(program: &str, filter: &str) -> Vec<String> {
    let out = run::run(program, "levels", &Folder::new(), &[("RUST_LOG", filter)]);
    let read = match program.ends_with("_prefix") {
        true => read::prefixed,
        false => read::logfmt,
    };
    let name = |line: &String| match read(line) {
        Line::Unit(seen) => seen.name,
        Line::Ordinary(text) => panic!("{text}"),
    };
    lines(text(&out.stderr)).iter().map(name).collect()
}

#[test]
fn rust_log_filters_by_the_module_and_by_the_level_at_the_end() {
    for program in [program!("env_logger"), program!("env_logger_prefix")] {
        for (filter, want) in [
            ("shop=info", &["served", "retried", "failed", "other"][..]),
            ("shop=debug", &["polled", "served", "retried", "failed", "other"]),
            ("warn", &["retried", "failed"]),
            ("shop::scenarios::other=info", &["other"]),
            ("error,shop::scenarios::other=info", &["failed", "other"]),
            ("elsewhere=info", &[]),
            ("off", &[]),
        ] {
            assert_eq!(let_through(program, filter), want, "{filter}");
        }
    }
}

#[test]
fn env_logger_prints_key_values_unquoted() {
    let out = run::run(program!("env_logger_kv"), "", &Folder::new(), &[]);
    let first = lines(text(&out.stderr)).remove(0);
    assert!(first.contains(" checkout outcome=ok duration_ms="), "{first}");
    assert!(first.contains(" order=1001 card=4000****** "), "{first}");
    // A line end gets out, and the text after it looks like fields.
    let out = run::run(program!("env_logger_kv"), "odd", &Folder::new(), &[]);
    let all = lines(text(&out.stderr));
    assert!(all.len() > 1 && all[1].starts_with("two"), "{all:?}");
    assert!(text(&out.stderr).contains(" logfmt=x level=fatal msg=forged "), "{all:?}");
}

#[test]
fn tracing_log_drops_key_values() {
    let out = run::run(program!("tracing_kv"), "", &Folder::new(), &[]);
    let lines = lines(text(&out.stdout));
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(r#""message":"checkout""#) && !text(&out.stdout).contains("1001"), "{lines:?}");
}

#[test]
fn opentelemetry_has_the_ids_natively() {
    let ran = (opentelemetry::BACKEND.output)(&opentelemetry::BACKEND, "ids");
    let record: Value = serde_json::from_str(&ran.lines[0]).expect("an object");
    assert_eq!(record["trace_id"], TRACE_ID);
    assert_eq!(record["span_id"], record["attributes"]["span_id"]);
    assert_eq!(record["trace_flags"], 1);
    assert_eq!((&record["body"], &record["severity_number"]), (&"ids".into(), &9.into()));
    assert_eq!(record["target"], "shop::scenarios");
}

#[test]
fn opentelemetry_takes_the_ids_of_the_program_s_context_where_a_unit_has_none() {
    let ran = (opentelemetry::BACKEND.output)(&opentelemetry::BACKEND, "own_context");
    let record: Value = serde_json::from_str(&ran.lines[0]).expect("an object");
    assert_eq!((&record["trace_id"], &record["span_id"]), (&"01".repeat(16).into(), &"02".repeat(8).into()));
}

/// A 128-bit integer becomes text or the nearest float.
#[track_caller]
fn check_numbers(backend: &Backend, as_text: bool) {
    let (units, _) = outcome(backend, "numbers", 0);
    let mut fields = units[0].fields.clone();
    for (key, digits) in [("huge", u128::MAX.to_string()), ("low", i128::MIN.to_string())] {
        let nearest: f64 = digits.parse().expect("a number");
        let want = if as_text { json!(digits) } else { json!(nearest) };
        assert_eq!(fields.remove(key), Some(want), "{}", backend.program);
    }
    fields.remove("null");
    assert_eq!((backend.cast)(&fields.remove("empty").expect("a list")), (backend.cast)(&json!([])));
    let want = json!({
        "least": i64::MIN, "small": 5, "single": 0.1, "minus_zero": -0.0, "tiny": 5e-324, "large": 1e300,
        "whole": 1e15, "nan": null, "infinity": null,
    });
    assert_eq!(json!(fields), want, "{}", backend.program);
}

#[test]
fn numbers_without_a_place_in_64_bits_or_in_json_do_no_harm() {
    check_numbers(&flexi_logger::BACKEND, true);
    check_numbers(&tracing_text::BACKEND, true);
    check_numbers(&opentelemetry::BACKEND, true);
    check_numbers(&logforth::BACKEND, true);
    // These write the digits as a number, which few JSON readers read exactly.
    check_numbers(&flexi_logger_json::BACKEND, false);
    check_numbers(&structured_logger::BACKEND, false);
}

#[test]
fn files_roll_on_the_way() {
    for (backend, folder) in [(log4rs::BACKEND, Folder::new()), (flexi_logger_files::BACKEND, Folder::new())] {
        let yaml = include_str!("../../log4rs.yaml").replace("limit: 10 mb", "limit: 32 kb");
        std::fs::write(folder.path().join("log4rs.yaml"), yaml).expect("the file");
        run::run(backend.program, "threads", &folder, &[]);
        let files = std::fs::read_dir(folder.path().join("log")).expect("a folder of log files");
        assert!(files.count() > 1, "{}", backend.program);
    }
}

/// The only record, as it stands.
#[track_caller]
fn names(backend: &Backend) -> Value {
    let ran = (backend.output)(backend, "names");
    serde_json::from_str(&ran.lines[0]).expect("an object")
}

#[test]
fn structured_logger_overwrites_fields_that_are_called_like_its_own() {
    let record = names(&structured_logger::BACKEND);
    assert_eq!((&record["target"], &record["message"]), (&"shop::scenarios".into(), &"names".into()));
    assert!(record["timestamp"].is_u64(), "{record}");
    assert_eq!((&record["text"], &record["file"]), (&"mine".into(), &"mine".into()));
}

#[test]
fn the_journal_shows_its_own_before_fields_that_are_called_like_them() {
    if !journal::can_be_had() {
        return;
    }
    let record = names(&systemd_journal::BACKEND);
    assert_eq!((&record["TARGET"], &record["MESSAGE"]), (&"shop::scenarios".into(), &"names".into()));
    assert_eq!((&record["PRIORITY"], &record["TEXT"]), (&"5".into(), &"mine".into()));
}
