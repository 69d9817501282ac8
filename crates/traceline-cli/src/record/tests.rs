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
        assert_eq!(record.name.decode(), "a \"b\"");
        assert_eq!(record.service.decode(), "shop");
        assert_eq!(record.end, Some(1_795_250_760_123_456));
        assert_eq!(record.duration, 1_500);
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
    for line in LINES {
        for prefix in [
            "[2026-11-21T08:46:00Z INFO  shop::cart] ",
            "INFO  ",
            "Nov 21 08:46:00 host shop[17]: ",
            "app_1  | ",
        ] {
            let line = format!("{prefix}{line}");
            assert_eq!(read(&line).unwrap().body.len(), line.len() - prefix.len());
        }
    }
    let behind_much = format!("{} {}", "x".repeat(LONGEST_PREFIX), LINES[0]);
    assert_eq!(read(&behind_much).unwrap_err(), Reject::Other);
}

#[test]
fn the_time_of_the_prefix_serves_where_the_record_has_none() {
    let end = |line| read(line).unwrap().end;
    assert_eq!(
        end("[2026-11-21T08:46:00Z INFO  shop] msg=auth duration_ms=1.0"),
        Some(1_795_250_760_000_000)
    );
    assert_eq!(end("INFO msg=auth duration_ms=1.0"), None);
}

#[test]
fn lines_of_other_kinds_are_told_from_records_that_are_broken() {
    for line in [
        "",
        "listening on 127.0.0.1:8080",
        "level=info msg=\"no duration\"",
        "{\"message\":\"of another logger\"}",
        "{}",
        "duration_ms=1.0 msg=late",
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
            "ts=yesterday msg=a duration_ms=1.0",
            "a time that cannot be read",
        ),
        ("msg=a duration_ms=fast", "a duration that cannot be read"),
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
fn the_first_of_two_equal_names_counts() {
    let record = read("level=info msg=a outcome=error duration_ms=1.0 outcome=ok msg=b").unwrap();
    assert_eq!(record.name.decode(), "a");
    assert_eq!(record.outcome, Outcome::Error);
}

#[test]
fn levels_of_other_loggers_are_known() {
    assert_eq!(Level::parse(b"WARNING"), Level::Warn);
    assert_eq!(Level::parse(b"Critical"), Level::Error);
    assert_eq!(Level::parse(b"loud"), Level::Unknown);
}
