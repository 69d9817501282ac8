//! The order of the parts, and what is left out.

use std::time::Duration;

use log::Level;
use traceline::{config::ConfigBuilder, null};

use super::{expect, json, logfmt};
use crate::util::{Bench, add_from_here, logfmt_line, record, same_line};

/// Sets everything that a record can hold, in an order that is not the record's.
/// Returns the lines of its two fragments, a partial record and the final record.
fn everything(builder: ConfigBuilder) -> (u32, u32, Vec<String>) {
    let bench = Bench::new(
        builder
            .field("service", "shop")
            .field("version", 2)
            .max_fields(4)
            .max_fragments(2)
            .max_value(16),
    );
    let mut trace = bench.start();
    let error = std::io::Error::other(Sourced);
    trace.error(&error);
    trace.warn("first").add("dropped");
    let first = line!() - 1;
    bench.clock.advance(Duration::from_nanos(12_345_678));
    trace.set("zebra", 1).set("apple", "a".repeat(17));
    trace.set("b", true).incr("a").set("no_room", 1);
    trace.fail("last");
    let last = line!() - 1;
    trace.checkpoint();
    trace.emit();
    (first, last, bench.log.take_lines())
}

#[derive(Debug)]
struct Sourced;

impl std::fmt::Display for Sourced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no disk")
    }
}

impl std::error::Error for Sourced {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static CAUSE: std::fmt::Error = std::fmt::Error;
        Some(&CAUSE)
    }
}

#[test]
fn parts_stand_in_their_order_in_logfmt() {
    let (first, second, lines) = everything(logfmt());
    let [partial, last] = lines.try_into().expect("two records");
    let body = format!(
        concat!(
            "ts=2026-11-21T08:46:00.135802Z level=error msg=unit service=shop version=2 ",
            "outcome=error duration_ms=12.345 zebra=1 apple=aaaaaaaaaaaaaaaa b=true a=1 ",
            "error=\"no disk\" error.chain=\"an error occurre\" ",
            "fragments=\"[{}, 0.0ms, warn] first; [{}, 12.345ms, error] last\" ",
            "dropped_fields=1 dropped_fragments=1 truncated=2"
        ),
        first, second,
    );
    same_line(&partial, &format!("{body} partial=true seq=1"));
    same_line(&last, &body);
}

#[test]
fn parts_stand_in_their_order_in_json() {
    let (first, second, lines) = everything(json());
    let [partial, last] = lines.try_into().expect("two records");
    let body = format!(
        concat!(
            r#"{{"ts":"2026-11-21T08:46:00.135802Z","level":"error","msg":"unit","#,
            r#""service":"shop","version":2,"outcome":"error","duration_ms":12.345,"#,
            r#""zebra":1,"apple":"aaaaaaaaaaaaaaaa","b":true,"a":1,"#,
            r#""error":"no disk","error.chain":"an error occurre","#,
            r#""fragments":[{{"at_ms":0.0,"line":{},"level":"warn","msg":"first"}},"#,
            r#"{{"at_ms":12.345,"line":{},"level":"error","msg":"last"}}],"#,
            r#""dropped_fields":1,"dropped_fragments":1,"truncated":2"#
        ),
        first, second,
    );
    same_line(&partial, &format!(r#"{body},"partial":true,"seq":1}}"#));
    same_line(&last, &format!("{body}}}"));
}

#[test]
fn partial_records_are_numbered_and_the_last_one_is_not() {
    let bench = Bench::new(logfmt());
    let mut trace = bench.start();
    trace.set("k", 1).checkpoint().set("k", 2).checkpoint();
    trace.emit();
    let want = [
        logfmt_line("k=1 partial=true seq=1"),
        logfmt_line("k=2 partial=true seq=2"),
        logfmt_line("k=2"),
    ];
    assert_eq!(bench.log.take_lines(), want);
}

#[test]
fn user_fields_stand_in_the_order_first_set() {
    expect(
        |trace| {
            trace
                .set("z", 1)
                .set("a", 2)
                .set(String::from("m"), 3)
                .set("a", 4);
        },
        "z=1 a=4 m=3",
        r#""z":1,"a":4,"m":3"#,
    );
}

#[test]
fn a_later_value_replaces_the_earlier_one_of_any_type_in_its_first_place() {
    expect(
        |trace| {
            trace.set("k", "a text").set("last", true);
            trace.set("k", [1, 2]).set("k", u128::MAX).set("k", 1.5);
            trace.set("k", "a longer text than before").set("k", "x");
        },
        "k=x last=true",
        r#""k":"x","last":true"#,
    );
}

#[test]
fn none_removes_an_earlier_value_and_null_is_written() {
    expect(
        |trace| {
            trace.set("a", 1).set("b", 2).set("c", 3);
            trace.set("a", None::<u8>).set("b", null()).unset("c");
        },
        "b=null",
        r#""b":null"#,
    );
}

#[test]
fn a_removed_field_that_comes_back_has_its_new_value() {
    expect(
        |trace| {
            trace.set("a", 1).set("b", 2).unset("a").set("a", 3);
        },
        "a=3 b=2",
        r#""a":3,"b":2"#,
    );
}

/// Also in a builder: "an earlier value of that key is removed".
#[test]
fn none_removes_an_earlier_value_of_the_builder() {
    let bench = Bench::new(logfmt());
    traceline::Trace::builder("unit")
        .config(&bench.config)
        .field("k", 1)
        .field("other", 2)
        .field("k", None::<u8>)
        .start()
        .emit();
    same_line(&bench.log.only().args, &logfmt_line("other=2"));
}

#[test]
fn the_message_is_the_name_of_the_unit_and_is_escaped_like_any_text() {
    for (name, want_logfmt, want_json) in [
        ("checkout", "checkout", r#""checkout""#),
        ("a b", r#""a b""#, r#""a b""#),
        ("7", r#""7""#, r#""7""#),
        ("", r#""""#, r#""""#),
        ("x\n\u{2028}\\", r#""x\n\u2028\u005c""#, r#""x\n\u2028\\""#),
    ] {
        let text = |builder| {
            let bench = Bench::new(builder);
            traceline::Trace::builder(name)
                .config(&bench.config)
                .start()
                .emit();
            bench.log.only().args
        };
        let line = text(logfmt().header(false));
        same_line(&line, &format!("msg={want_logfmt} duration_ms=0.0"));
        let line = text(json().header(false));
        same_line(
            &line,
            &format!(r#"{{"msg":{want_json},"duration_ms":0.0}}"#),
        );
    }
}

#[test]
fn the_outcome_is_left_out_where_nothing_was_said() {
    expect(|_| {}, "", "");
    let said = |level, outcome| {
        format!(
            "ts={} level={level} msg=unit outcome={outcome} duration_ms=0.0",
            crate::util::TS
        )
    };
    let line = record(logfmt(), |trace| {
        trace.ok();
    });
    same_line(&line, &said("info", "ok"));
    let line = record(logfmt(), |trace| {
        trace.error("no");
    });
    same_line(&line, &format!("{} error=no", said("error", "error")));
}

#[test]
fn a_panic_is_an_outcome() {
    let bench = Bench::new(logfmt());
    let mut trace = bench.start();
    let unwound = std::panic::catch_unwind(move || {
        trace.set("k", 1);
        std::panic::resume_unwind(Box::new("silent"));
    });
    assert!(unwound.is_err());
    let want = "level=error msg=unit outcome=panic duration_ms=0.0 k=1";
    same_line(
        &bench.log.only().args,
        &format!("ts={} {want}", crate::util::TS),
    );
}

#[test]
fn each_level_has_its_word() {
    for (level, word) in [
        (Level::Error, "error"),
        (Level::Warn, "warn"),
        (Level::Info, "info"),
        (Level::Debug, "debug"),
        (Level::Trace, "trace"),
    ] {
        let line = record(logfmt(), |trace| {
            trace.set_level(level);
        });
        let want = format!(
            "ts={} level={word} msg=unit duration_ms=0.0",
            crate::util::TS
        );
        same_line(&line, &want);
    }
}

#[test]
fn no_fragments_no_field() {
    expect(|_| {}, "", "");
    let line = record(logfmt(), |trace| {
        add_from_here(trace, "x");
    });
    assert!(line.contains("fragments="), "{line}");
}

#[test]
fn time_of_the_record_is_the_start_moved_by_the_monotonic_clock_and_cut() {
    let bench = Bench::new(logfmt());
    let trace = bench.start();
    bench
        .clock
        .advance(Duration::new(3_600 * 16, 876_543_210 - 1));
    trace.emit();
    let want = "ts=2026-11-22T00:46:00.999999Z level=info msg=unit duration_ms=57600876.543";
    same_line(&bench.log.only().args, want);
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let line = |_| {
        record(json(), |trace| {
            trace.set("b", 1).set("a b", 2).set("é", 3).incr("error");
            add_from_here(trace, "x");
        })
    };
    let lines: std::collections::BTreeSet<String> = (0..50).map(line).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
}
