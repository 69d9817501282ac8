//! Messages that are not records: stored apart with the reason, and in the way of no others.

use std::time::Duration;

use time::OffsetDateTime;
use traceline_pipeline::{NatsLogger, Options, SUBJECT, judge};

use crate::rig::{Broker, Database, consumer};

#[test]
fn what_is_no_record_is_rejected_with_the_reason_and_does_not_stop_the_others() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let now = OffsetDateTime::now_utc();
    let ts = format!("{}T00:00:00Z", now.date());
    let other = |days| format!("{}T00:00:00Z", (now + time::Duration::days(days)).date());
    let with = |ts: &str, rest: &str| format!(r#"{{"ts":"{ts}"{rest}}}"#);
    let deep = format!(
        r#"{{"ts":"{ts}","deep":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let cases = [
        ("not JSON", String::new()),
        (
            "not JSON",
            "ts=2026-11-21T08:46:00Z level=info msg=logfmt".into(),
        ),
        ("not JSON", "{\"ts\":\"".into()),
        ("not JSON", with(&ts, "} {")),
        ("not JSON", with(&ts, r#","k":"\ud800""#)),
        ("not JSON", with(&ts, ",\"k\":\"a\0b\"")),
        ("not JSON", deep),
        ("no ts", "null".into()),
        ("no ts", "[]".into()),
        ("no ts", "{}".into()),
        ("no ts", r#"{"ts":1795250760}"#.into()),
        ("ts is no time", with("yesterday", "")),
        ("ts is no time", with("2026-02-30T00:00:00Z", "")),
        ("ts is no time", with("'); drop table records; --", "")),
        ("too old", with("0000-01-01T00:00:00Z", "")),
        ("too old", with(&other(-40), "")),
        ("from the future", with(&other(3), "")),
        ("from the future", with("9999-12-31T23:59:59Z", "")),
        (
            "unsupported Unicode escape sequence",
            with(&ts, r#","k":"\u0000""#),
        ),
        (
            "unsupported Unicode escape sequence",
            with(&ts, r#","\u0000":1"#),
        ),
    ];
    let good = [
        with(&ts, r#","msg":"'); drop table records; --","k":"\\u0000""#),
        with(&ts, r#","msg":"twice","k":1,"k":2"#),
        with(
            &ts,
            r#","trace_id":["no","text"],"span_id":null,"parent_id":1e300"#,
        ),
    ];
    let logger = NatsLogger::start(Options::new(&broker.url(), "hostile")).unwrap();
    let log = |text: &str| {
        log::Log::log(
            &logger,
            &log::Record::builder().args(format_args!("{text}")).build(),
        )
    };
    for (at, (_, line)) in cases.iter().enumerate() {
        log(line);
        if let Some(good) = good.get(at % 7).filter(|_| at < 7) {
            log(good); // among the others, in the same batch
        }
    }
    let all = (cases.len() + good.len()) as u64;
    assert_eq!(logger.close(Duration::from_secs(60)).stored, all);
    database.wait_for("rejected", cases.len() as u64);
    database.wait_for("records", good.len() as u64);
    for (why, line) in &cases {
        let found = database.query(
            "select why from rejected where line = $1",
            &[&line.as_bytes()],
        );
        let found: Vec<&str> = found.iter().map(|row| row.get(0)).collect();
        assert_eq!(found, [*why], "{}", &line[..line.len().min(200)]);
    }
}

fn log(logger: &NatsLogger, text: &str) {
    let args = format_args!("{text}");
    log::Log::log(logger, &log::Record::builder().args(args).build());
}

#[test]
fn a_record_that_the_index_has_no_room_for_is_rejected_and_stops_nobody() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let logger = NatsLogger::start(Options::new(&broker.url(), "hostile")).unwrap();
    let ts = format!("{}T00:00:00Z", OffsetDateTime::now_utc().date());
    // PostgreSQL compresses repetitions, so the text must not repeat.
    let ids: Vec<String> = (0..200)
        .map(|_| traceline::ids::TraceId::random().to_string())
        .collect();
    let long = ids.concat();
    log(&logger, &format!(r#"{{"ts":"{ts}","trace_id":"{long}"}}"#));
    log(&logger, &format!(r#"{{"ts":"{ts}","trace_id":"short"}}"#));
    assert_eq!(logger.close(Duration::from_secs(60)).stored, 2);
    database.wait_for("records", 1);
    database.wait_for("rejected", 1);
    let why = database.query("select why from rejected", &[]);
    let why: &str = why[0].get(0);
    assert!(why.starts_with("index row "), "{why}");
}

#[test]
fn the_last_half_microsecond_of_a_day_belongs_to_the_day() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let logger = NatsLogger::start(Options::new(&broker.url(), "night")).unwrap();
    let day = OffsetDateTime::now_utc().date() - time::Duration::days(7);
    log(&logger, &format!(r#"{{"ts":"{day}T23:59:59.999999999Z"}}"#));
    assert_eq!(logger.close(Duration::from_secs(60)).stored, 1);
    database.wait_for("records", 1);
    let at = database.query("select (at at time zone 'UTC')::text from records", &[]);
    let at: Vec<&str> = at.iter().map(|row| row.get(0)).collect();
    assert_eq!(at, [format!("{day} 23:59:59.999999")]);
}

#[test]
fn a_message_of_any_bytes_and_headers_is_taken_off_the_stream() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let started = NatsLogger::start(Options::new(&broker.url(), "hostile")).unwrap();
    log::Log::log(
        &started,
        &log::Record::builder()
            .args(format_args!("no record"))
            .build(),
    );
    assert_eq!(started.close(Duration::from_secs(60)).stored, 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let context = async_nats::jetstream::new(async_nats::connect(broker.url()).await.unwrap());
        let long = "i".repeat(5_000);
        for id in [None, Some(""), Some(&*long), Some("\u{1f980}' --")] {
            let mut headers = async_nats::HeaderMap::new();
            if let Some(id) = id {
                headers.insert("Nats-Msg-Id", id);
            }
            let sent = context.publish_with_headers(
                format!("{SUBJECT}.any"),
                headers,
                vec![0xff, 0, 0xfe].into(),
            );
            sent.await.unwrap().await.unwrap();
        }
    });
    database.wait_for("rejected", 5);
    let count = database.query(
        "select count(*) from rejected where why = 'not UTF-8' and line = '\\xff00fe'",
        &[],
    );
    assert_eq!(count[0].get::<_, i64>(0), 4);
}

#[test]
fn a_time_with_an_offset_belongs_to_the_day_of_utc() {
    let now = OffsetDateTime::from_unix_timestamp(1_795_250_760).unwrap(); // 2026-11-21T08:46:00Z
    let line = br#"{"ts":"2026-11-21T01:00:00+02:00"}"#;
    let traceline_pipeline::Row::Record { day, .. } = judge("id".into(), line, now) else {
        panic!("a record");
    };
    assert_eq!(day.to_string(), "2026-11-20");
}
