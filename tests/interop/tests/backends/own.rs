//! What is particular to one backend.

use serde_json::Value;

use crate::expect::TRACE_ID;
use crate::read::{self, Line};
use crate::run::{self, Folder, text};
use crate::{
    Backend, flexi_logger_files, journal, lines, log4rs, opentelemetry, program, structured_logger, systemd_journal,
};

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
    // A line end gets out, and what follows looks like fields.
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
