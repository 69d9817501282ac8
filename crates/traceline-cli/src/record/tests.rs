use super::*;

fn read(line: &str) -> Result<Record<'_>, Reject> {
    parse(line.as_bytes(), &Names::default())
}

fn said(text: Option<Text<'_>>) -> String {
    text.unwrap_or_default().decode().into_owned()
}

const LINES: [&str; 2] = [
    r#"ts=2026-11-21T08:46:00.123456Z level=warn msg="a \"b\"" service=shop trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 parent_id=00f067aa0ba902b7 trace_flags="03" outcome=cancelled duration_ms=1.5 user=7 sample_rate=100 partial=true seq=2"#,
    r#"{"ts":"2026-11-21T08:46:00.123456Z","level":"warn","msg":"a \"b\"","service":"shop","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","parent_id":"00f067aa0ba902b7","trace_flags":"03","outcome":"cancelled","duration_ms":1.5,"user":7,"sample_rate":100,"partial":true,"seq":2}"#,
];

#[test]
fn both_formats_say_the_same() {
    for line in LINES {
        let record = read(line).unwrap();
        assert_eq!(record.name(), "a \"b\"");
        assert_eq!(record.service.decode(), "shop");
        assert_eq!(record.end, Some(1_795_250_760_123_456));
        assert_eq!(record.duration, Some(1_500));
        assert_eq!(record.level, Level::Warn);
        assert_eq!(record.outcome, Outcome::Cancelled);
        assert_eq!(said(record.ids[0]), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(said(record.ids[1]), "b7ad6b7169203331");
        assert_eq!(said(record.ids[2]), "00f067aa0ba902b7");
        assert_eq!((record.rate, record.partial), (100, true));
    }
}

#[test]
fn a_prefix_of_the_logger_is_skipped() {
    let names = Names::default();
    for line in LINES {
        for prefix in [
            "[2026-11-21T08:46:00Z INFO  shop::cart] ",
            "INFO  ",
            "Nov 21 08:46:00 host shop[17]: ",
            "app_1  | ",
            "user=paul connected ",
        ] {
            let whole = format!("{prefix}{line}");
            assert_eq!(body(whole.as_bytes(), &names), line.as_bytes(), "{prefix}");
            assert_eq!(read(&whole).unwrap().name(), "a \"b\"");
        }
    }
    let behind_much = format!("{} {}", "x".repeat(body::LONGEST_PREFIX), LINES[0]);
    assert_eq!(read(&behind_much).unwrap_err(), Reject::Other);
}

#[test]
fn time_and_level_of_any_prefix_serve_where_the_record_has_none() {
    for (prefix, end, level) in [
        (
            "[2026-11-21T08:46:00Z WARN shop] ",
            Some(1_795_250_760_000_000),
            Level::Warn,
        ),
        (
            "2026-11-21T08:46:00.000Z WARN shop: ",
            Some(1_795_250_760_000_000),
            Level::Warn,
        ),
        (
            "[2026-11-21 08:46:00.000000 +00:00] WARN [shop] ",
            Some(1_795_250_760_000_000),
            Level::Warn,
        ),
        (
            "[2026-11-21][08:46:00][shop][WARN] ",
            Some(1_795_250_760_000_000),
            Level::Warn,
        ),
        (
            "2026-11-21T08:46:00.000000000Z stderr F ",
            Some(1_795_250_760_000_000),
            Level::Unknown,
        ),
        ("WARN ", None, Level::Warn),
        ("17:46:00 ", None, Level::Unknown),
    ] {
        for body in [
            "msg=auth duration_ms=1.0",
            r#"{"msg":"auth","duration_ms":1.0}"#,
        ] {
            let line = format!("{prefix}{body}");
            let record = read(&line).unwrap();
            assert_eq!((record.end, record.level), (end, level), "{line}");
            assert_eq!(
                (record.name(), record.duration),
                ("auth".into(), Some(1_000))
            );
        }
    }
}

#[test]
fn lines_of_other_kinds_are_told_from_records_that_are_broken() {
    for line in [
        "",
        "listening on 127.0.0.1:8080",
        "level=info msg=\"no duration\"",
        "level=info msg=slow latency=high",
        "{\"message\":\"of another logger\"}",
        "{}",
        "connected a=1 to b",
    ] {
        assert_eq!(read(line).unwrap_err(), Reject::Other, "{line}");
    }
    for (line, bad) in [
        (
            "ts=2026-11-21T08:46:00Z msg=\"cut",
            "a quote that does not end",
        ),
        (
            "{\"ts\":\"2026-11-21T08:46:00Z\",\"msg\":\"cu",
            "a quote that does not end",
        ),
        (
            "msg=a duration_ms=1.0 sample_rate=often",
            "a sample rate that cannot be read",
        ),
        (
            "msg=a duration_ms=1.0 joined{\"msg\":\"b\"}",
            "a key without a value",
        ),
    ] {
        assert_eq!(read(line).unwrap_err(), Reject::Bad(bad), "{line}");
    }
}

#[test]
fn a_time_or_a_duration_that_cannot_be_read_leaves_the_unit_in() {
    for (line, time, duration) in [
        ("ts=yesterday msg=a duration_ms=1.0", true, false),
        ("ts=1795250760 msg=a duration_ms=fast", false, true),
        ("ts=1795250760 msg=a duration_ms=-1.0", false, true),
        ("ts=1795250760 msg=a duration_ms=******", false, true),
        ("ts=1795250760 msg=a duration=17", false, true),
        ("ts=soon msg=a took=17", true, true),
    ] {
        let record = read(line).unwrap();
        assert_eq!(
            (record.faults.time, record.faults.duration),
            (time, duration),
            "{line}"
        );
        assert_eq!(
            (record.end.is_none(), record.duration.is_none()),
            (time, duration),
            "{line}"
        );
        assert_eq!(record.name(), "a");
    }
}

#[test]
fn the_first_of_two_equal_names_counts() {
    let record = read("level=info msg=a outcome=error duration_ms=1.0 outcome=ok msg=b").unwrap();
    assert_eq!(record.name(), "a");
    assert_eq!(record.outcome, Outcome::Error);
}

#[test]
fn a_unit_failed_if_its_outcome_says_so_or_else_its_level_or_status() {
    for (rest, outcome) in [
        ("level=error outcome=ok", Outcome::Ok),
        ("level=info outcome=ok status=500", Outcome::Ok),
        (
            "level=info outcome=cancelled status=500",
            Outcome::Cancelled,
        ),
        ("level=error", Outcome::Error),
        ("level=FATAL", Outcome::Error),
        ("level=info status=500", Outcome::Error),
        ("level=warn status=499", Outcome::None),
        ("level=info outcome=strange", Outcome::Other),
        ("level=error outcome=strange", Outcome::Error),
    ] {
        let line = format!("msg=a duration_ms=1.0 {rest}");
        assert_eq!(read(&line).unwrap().outcome, outcome, "{rest}");
    }
}

#[test]
fn the_name_is_what_was_done() {
    for (line, name) in [
        ("msg=a duration_ms=1 path=/x method=GET", "a"),
        ("msg=request duration=1ms path=/x method=GET", "GET /x"),
        ("msg=request duration=1ms path=/x?y=1 method=GET", "GET /x"),
        (
            "msg=request duration=1ms url=https://shop.example/x/y?z#a method=GET",
            "GET /x/y",
        ),
        (
            "msg=request duration=1ms url=https://shop.example method=GET",
            "GET /",
        ),
        (
            "msg=request duration=1ms path=/x/7 route=/x/{id} method=GET",
            "GET /x/{id}",
        ),
        (
            "msg=request duration=1ms route=\"GET /x/{id}\" method=GET",
            "GET /x/{id}",
        ),
        (
            "msg=request duration=1ms path=/graphql method=POST operation=Cart",
            "Cart",
        ),
        ("duration=1ms path=/x", "/x"),
        ("duration=1ms component=querier", "querier"),
        ("msg=sweep duration=1ms component=cron", "sweep"),
    ] {
        assert_eq!(read(line).unwrap().name(), name, "{line}");
    }
    assert_eq!(read("duration=1ms a=b").unwrap_err(), Reject::Other);
}

#[test]
fn a_duration_is_in_the_unit_that_the_line_says() {
    for (line, micros) in [
        ("msg=a duration=61ms", 61_000),
        ("msg=a elapsed=\"1.5 s\"", 1_500_000),
        ("msg=a took=3.0006s expected-duration=100ms", 3_000_600),
        ("msg=a latency=fast duration=110.792µs", 111),
        ("msg=a latency_us=250", 250),
        ("msg=a elapsed_seconds=0.25", 250_000),
        ("msg=a duration_ns=1500000", 1_500),
        ("{\"msg\":\"a\",\"durationMs\":7}", 7_000),
        ("{\"msg\":\"a\",\"responseTime\":10}", 10_000),
        (
            "{\"msg\":\"a\",\"event\":{\"duration\":250000000}}",
            250_000,
        ),
        ("{\"msg\":\"a\",\"duration\":\"PT0.25S\"}", 250_000),
    ] {
        assert_eq!(read(line).unwrap().duration, Some(micros), "{line}");
    }
}

#[test]
fn names_with_units_are_read() {
    let names = Names::parse("msg=job,duration_ms=needed:s,ts=at:ms,status=code").unwrap();
    let line = br#"{"at":1500,"job":"sweep","needed":0.25,"code":503}"#;
    let record = parse(line, &names).unwrap();
    assert_eq!((record.name(), record.status), ("sweep".into(), 503));
    assert_eq!(
        (record.end, record.duration),
        (Some(1_500_000), Some(250_000))
    );
}

#[test]
fn names_of_a_schema_that_are_given_again_change_nothing() {
    let given = "ts=@timestamp,level=log.level,msg=message,trace_id=trace.id,outcome=event.outcome,duration_ms=event.duration";
    let names = Names::parse(given).unwrap();
    let line = br#"{"@timestamp":"2026-11-21T08:46:00Z","log.level":"info","message":"pay","event.outcome":"failure","event.duration":250000000}"#;
    let record = parse(line, &names).unwrap();
    assert_eq!(
        (record.duration, record.outcome),
        (Some(250_000), Outcome::Error)
    );
    let names = Names::parse("ts=timestamp,level=status,msg=message,duration_ms=duration").unwrap();
    let line = br#"{"timestamp":"2026-11-21T08:46:00Z","status":"info","message":"pay","duration":250000000}"#;
    let record = parse(line, &names).unwrap();
    assert_eq!(
        (record.duration, record.level),
        (Some(250_000), Level::Info)
    );
    let names = Names::parse("duration_ms=took").unwrap();
    assert_eq!(
        parse(b"msg=a took=17", &names).unwrap().duration,
        Some(17_000)
    );
    assert_eq!(
        parse(b"msg=a took=17s", &names).unwrap().duration,
        Some(17_000_000)
    );
}

#[test]
fn a_number_is_read_only_if_its_writer_is_known() {
    for line in [
        r#"{"level":"info","time":1795250760631,"pid":1,"hostname":"web-1","msg":"a","duration":12}"#,
        r#"{"level":"info","time":1795250760,"msg":"a","duration":12}"#,
        r#"{"level":"info","timestamp":"2026-11-21T08:46:00Z","message":"a","duration":12}"#,
        r#"{"level":"info","ts":"2026-11-21T08:46:00Z","time":"x","msg":"a","duration":12}"#,
        r#"{"level":"INFO","time":"2026-11-21T08:46:00Z","msg":"a","duration":1.5}"#,
        r#"{"level":"info","ts":"2026-11-21T08:46:00Z","msg":"a","elapsed":12}"#,
        r#"time=2026-11-21T08:46:00Z level=INFO msg=a duration=1500000"#,
    ] {
        let record = read(line).unwrap();
        assert_eq!(
            (record.duration, record.faults.duration),
            (None, true),
            "{line}"
        );
    }
}
