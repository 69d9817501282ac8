//! Names, times and other settings.

use std::time::{Duration, UNIX_EPOCH};

use traceline::{
    Config, Trace,
    config::{ConfigBuilder, Name},
};

use super::{json, logfmt};
use crate::util::{Bench, Capture, ManualClock, WALL, add_from_here, record, same_line};

/// Every name and its default.
const NAMES: [(Name, &str); 13] = [
    (Name::Ts, "ts"),
    (Name::Level, "level"),
    (Name::Msg, "msg"),
    (Name::Outcome, "outcome"),
    (Name::DurationMs, "duration_ms"),
    (Name::Error, "error"),
    (Name::ErrorChain, "error.chain"),
    (Name::Fragments, "fragments"),
    (Name::DroppedFields, "dropped_fields"),
    (Name::DroppedFragments, "dropped_fragments"),
    (Name::Truncated, "truncated"),
    (Name::Partial, "partial"),
    (Name::Seq, "seq"),
];

/// The keys of a partial record that has every part but user fields.
fn keys(builder: ConfigBuilder, field: Option<&'static str>) -> Vec<String> {
    let bench = Bench::new(builder.max_fields(1).max_fragments(1).max_value(20));
    let mut trace = bench.start();
    let path = std::path::Path::new("/nonexistent");
    let error = std::fs::read(path).map_err(|error| std::io::Error::other(Outer(error)));
    let _ = trace.check(error);
    add_from_here(&mut trace, "kept");
    add_from_here(&mut trace, "dropped");
    trace
        .set(field.unwrap_or("user"), "x".repeat(21))
        .set("dropped", 1);
    trace.checkpoint();
    trace.discard();
    let line = bench.log.only().args;
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
    object.keys().cloned().collect()
}

/// An error with a source.
#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn defaults() -> Vec<String> {
    let mut names = NAMES.map(|(_, name)| name.to_owned()).to_vec();
    names.insert(5, "user".into());
    names
}

#[test]
fn names_are_the_defaults_of_section_6_unless_set() {
    assert_eq!(keys(json(), None), defaults());
}

#[test]
fn each_name_can_be_set_alone_and_then_its_default_is_the_users() {
    for (at, (name, default)) in NAMES.into_iter().enumerate() {
        let renamed = format!("x.{default}");
        let got = keys(json().name(name, &renamed), Some(default));
        let mut want = defaults();
        want[5] = default.into();
        want[if at < 5 { at } else { at + 1 }] = renamed;
        assert_eq!(got, want);
    }
}

#[test]
fn a_name_that_is_set_is_reserved() {
    let line = record(logfmt().name(Name::Msg, "message"), |trace| {
        trace.set("message", 1).set("msg", 2);
    });
    let want = "level=info message=unit duration_ms=0.0 message_2=1 msg=2";
    same_line(&line, &format!("ts={} {want}", crate::util::TS));
}

#[test]
fn the_first_name_of_a_record_has_no_separator_whichever_it_is() {
    let line = record(json().header(false).name(Name::Msg, "m"), |_| {});
    same_line(&line, r#"{"m":"unit","duration_ms":0.0}"#);
    let line = record(json().name(Name::Ts, "@timestamp"), |_| {});
    assert!(line.starts_with(r#"{"@timestamp":"2026"#), "{line}");
    let line = record(logfmt().name(Name::Ts, "t"), |_| {});
    assert!(line.starts_with("t=2026"), "{line}");
}

#[test]
fn the_header_can_be_left_out() {
    let line = record(logfmt().header(false), |trace| {
        trace.set("k", 1);
    });
    same_line(&line, "msg=unit duration_ms=0.0 k=1");
    let line = record(json().header(false), |trace| {
        trace.set("k", 1);
    });
    same_line(&line, r#"{"msg":"unit","duration_ms":0.0,"k":1}"#);
}

#[test]
fn fractions_have_a_fixed_number_of_digits_and_are_cut_not_rounded() {
    for (digits, text) in [(3, "123"), (6, "123456"), (9, "123456789")] {
        let line = record(logfmt().fraction_digits(digits), |trace| {
            trace.set("k", UNIX_EPOCH + Duration::new(0, 999_999_999));
        });
        let nines = "9".repeat(digits.into());
        let want = format!(
            "ts=2026-11-21T08:46:00.{text}Z level=info msg=unit duration_ms=0.0 k=1970-01-01T00:00:00.{nines}Z"
        );
        same_line(&line, &want);
    }
}

#[test]
fn a_clock_outside_the_years_of_rfc_3339_gives_unix_seconds() {
    let (log, clock) = (
        Capture::leak(),
        ManualClock::at(UNIX_EPOCH + Duration::from_secs(253_402_300_800)),
    );
    for (builder, want) in [
        (
            logfmt(),
            "ts=253402300800 level=info msg=unit duration_ms=0.0",
        ),
        (
            json(),
            r#"{"ts":253402300800,"level":"info","msg":"unit","duration_ms":0.0}"#,
        ),
    ] {
        let config = log.config(builder.clock(clock));
        Trace::builder("unit").config(&config).start().emit();
        same_line(&log.only().args, want);
    }
}

#[test]
fn durations_are_whole_microseconds_with_one_digit_at_least() {
    for (nanos, text) in [
        (0, "0.0"),
        (999, "0.0"),
        (1_000, "0.001"),
        (12_340_999, "12.34"),
        (500_000_000, "500.0"),
        (3_600_000_000_000, "3600000.0"),
    ] {
        let bench = Bench::new(logfmt().header(false));
        let trace = bench.start();
        bench.clock.advance(Duration::from_nanos(nanos));
        trace.emit();
        same_line(
            &bench.log.only().args,
            &format!("msg=unit duration_ms={text}"),
        );
    }
}

#[test]
fn fixed_fields_stand_behind_the_message_and_are_the_librarys() {
    let builder = |builder: ConfigBuilder| {
        builder
            .field("service", "my shop")
            .field("replica", 3u8)
            .field("tags", vec!["a", "b"])
            .field("nothing", None::<u8>)
            .field("since", UNIX_EPOCH + WALL)
    };
    let work = |trace: &mut Trace| {
        trace.set("service", "forged").set("nothing", 1);
    };
    let line = record(builder(logfmt()), work);
    let want = concat!(
        r#"level=info msg=unit service="my shop" replica=3 tags="[\"a\",\"b\"]" "#,
        "since=2026-11-21T08:46:00.123456Z duration_ms=0.0 service_2=forged nothing=1"
    );
    same_line(&line, &format!("ts={} {want}", crate::util::TS));

    let line = record(builder(json()), work);
    let want = concat!(
        r#""level":"info","msg":"unit","service":"my shop","replica":3,"tags":["a","b"],"#,
        r#""since":"2026-11-21T08:46:00.123456Z","duration_ms":0.0,"service_2":"forged","nothing":1"#
    );
    same_line(&line, &format!(r#"{{"ts":"{}",{want}}}"#, crate::util::TS));
}

#[test]
fn fixed_fields_do_not_count_against_the_limit_of_user_fields() {
    let builder = logfmt()
        .header(false)
        .max_fields(1)
        .field("a", 1)
        .field("b", 2);
    let line = record(builder, |trace| {
        trace.set("k", 3);
    });
    same_line(&line, "msg=unit a=1 b=2 duration_ms=0.0 k=3");
}

#[test]
fn a_redacted_fixed_field_is_redacted() {
    let builder = logfmt().header(false).field("pin", 1234).redact(["pin"]);
    same_line(
        &record(builder, |_| {}),
        r#"msg=unit pin="******" duration_ms=0.0"#,
    );
}

#[test]
fn unicode_keys_keep_letters_and_digits_if_asked() {
    let line = record(logfmt().unicode_keys(true), |trace| {
        trace
            .set("größe", 1)
            .set("日本", 2)
            .set("a\u{2028}b²😀", 3)
            .set("٣ x", 4);
    });
    let want = "größe=1 日本=2 a_b²_=3 ٣_x=4";
    same_line(&line, &crate::util::logfmt_line(want));
}

#[test]
fn a_fixed_field_may_have_a_unicode_key_where_user_fields_may() {
    let config = logfmt().unicode_keys(true).field("größe", 1).build();
    assert!(config.is_ok(), "{config:?}");
}

#[test]
fn a_configuration_does_not_change_the_records_of_another() {
    let (one, other) = (Bench::new(logfmt().field("a", 1)), Bench::new(json()));
    for _ in 0..3 {
        // The entry of one is recycled for the other.
        let mut trace = one.start();
        trace.set("k", "x");
        trace.emit();
        let mut trace = other.start();
        trace.set("k", "x");
        trace.emit();
    }
    let lines = one.log.take_lines();
    assert_eq!(lines.len(), 3);
    let want = format!(
        "ts={} level=info msg=unit a=1 duration_ms=0.0 k=x",
        crate::util::TS
    );
    assert!(lines.iter().all(|line| *line == want), "{lines:#?}");
    let lines = other.log.take_lines();
    let want = crate::util::json_line(r#""k":"x""#);
    assert!(lines.iter().all(|line| *line == want), "{lines:#?}");
}

/// `build` guarantees that a record without any text fits, so one must come, whatever the names.
#[test]
fn names_of_any_length_leave_room_for_a_record_or_are_refused() {
    let config = Config::builder()
        .name(Name::Ts, "t".repeat(600))
        .max_record(512);
    let Ok(config) = Capture::leak().try_config(config) else {
        return;
    };
    let trace = Trace::builder("unit").config(&config).start();
    assert_ne!(trace.render(), "");
    trace.discard();
}
