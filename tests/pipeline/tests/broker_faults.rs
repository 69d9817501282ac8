//! The broker and the consumers die in the middle, or never start.

use std::time::Duration;

use traceline_pipeline::{Options, SUBJECT, Stats};

use crate::rig::{Broker, Database, Load, consumer, wait_for};

const LONG: Duration = Duration::from_secs(60);

fn roomy(broker: &Broker) -> Options {
    Options {
        max_records: 100_000,
        max_bytes: 1 << 30,
        ..Options::new(&broker.url(), "load")
    }
}

#[test]
fn a_broker_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let (mut broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &["--ack-wait-ms", "1000"]);
    let mut load = Load::new(roomy(&broker));
    for round in 1..=5 {
        load.run(2_000);
        // In the middle: some records are stored, some are on the way.
        wait_for("some records", || {
            (load.logger.stats().stored > 2_000 * (round - 1)).then_some(())
        });
        broker.kill();
        load.run(500);
        broker.restart();
    }
    let stats = load.logger.close(LONG);
    assert_eq!(
        stats,
        Stats {
            stored: 12_500,
            ..Stats::default()
        }
    );
    // Not by waiting for an empty stream: a killed NATS 2.9 brings back some consumed messages.
    database.wait_for("records", 12_500);
    load.assert_stored(&database);
}

#[test]
fn a_consumer_that_dies_between_commit_and_confirmation_stores_nothing_twice() {
    let (broker, database) = (Broker::start(), Database::start());
    let mut load = Load::new(roomy(&broker));
    load.run(1_000);
    assert_eq!(load.logger.close(LONG).stored, 1_000);
    let arguments = ["--batch", "100", "--ack-wait-ms", "500", "--abort-at"];
    for batch in ["1", "2", "3"] {
        let mut dying = consumer(&broker, &database, &[&arguments[..], &[batch]].concat());
        let _stdin = dying.0.stdin.take(); // `wait` would close it
        assert!(!dying.0.wait().unwrap().success());
    }
    assert!(database.count("records") >= 100); // committed, but not confirmed
    let _consumer = consumer(&broker, &database, &arguments[..4]);
    database.wait_for("records", 1_000);
    broker.wait_until_empty();
    load.assert_stored(&database);
}

#[test]
fn consumers_that_are_killed_at_any_time_lose_and_double_nothing() {
    let (broker, database) = (Broker::start(), Database::start());
    let mut load = Load::new(roomy(&broker));
    for round in 1..=5 {
        let running = consumer(
            &broker,
            &database,
            &["--batch", "20", "--ack-wait-ms", "500"],
        );
        load.run(1_000);
        wait_for("some rows", || {
            (database.count("records") > 500 * round).then_some(())
        });
        drop(running);
    }
    assert_eq!(load.logger.close(LONG).stored, 5_000);
    let _consumer = consumer(&broker, &database, &["--ack-wait-ms", "500"]);
    database.wait_for("records", 5_000);
    broker.wait_until_empty();
    load.assert_stored(&database);
}

#[test]
fn a_message_that_the_broker_has_forgotten_is_recognised_by_the_database() {
    let (broker, database) = (Broker::start(), Database::start());
    let mut load = Load::new(Options {
        duplicate_window: Duration::from_millis(100), // the minimum that NATS accepts
        ..roomy(&broker)
    });
    load.run(1);
    assert_eq!(load.logger.close(LONG).stored, 1);
    let line = load.lines()[&0].to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sequences = runtime.block_on(async {
        let client = async_nats::connect(broker.url()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let mut sequences = Vec::new();
        for _ in 0..3 {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Nats-Msg-Id", "sent-again");
            let sent = context.publish_with_headers(
                format!("{SUBJECT}.load"),
                headers,
                line.clone().into(),
            );
            sequences.push(sent.await.unwrap().await.unwrap().sequence);
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        sequences
    });
    assert_eq!(sequences, [2, 3, 4]); // three messages to the broker
    let _consumer = consumer(&broker, &database, &[]);
    // Anything that comes after them comes after them in the table, too.
    let mut last = Load::new(roomy(&broker));
    last.run(1);
    last.logger.close(LONG);
    database.wait_for("records", 3);
    broker.wait_until_empty();
    assert_eq!(database.count("records"), 3);
    let again = database.query("select count(*) from records where id = 'sent-again'", &[]);
    assert_eq!(again[0].get::<_, i64>(0), 1);
}

#[test]
fn while_the_broker_is_away_the_queue_is_bounded_and_the_drops_are_counted_and_told() {
    let (mut broker, database) = (Broker::down(), Database::start());
    let mut load = Load::new(Options {
        max_records: 100,
        ..Options::new(&broker.url(), "load")
    });
    load.run(1_000); // no call waits, though the broker was never there
    let full = Stats {
        stored: 0,
        dropped: 900,
        waiting: 100,
    };
    assert_eq!(load.logger.stats(), full);

    broker.restart();
    wait_for("the report", || {
        (load.logger.stats().stored == 101).then_some(())
    });
    broker.kill();
    load.run(150);
    broker.restart();
    // Broker and client may need a moment to notice each other's end, but drops are always reported.
    let stats = load.logger.close(LONG);
    assert_eq!(stats.waiting, 0);
    let _consumer = consumer(&broker, &database, &[]);
    database.wait_for("records", stats.stored);
    let reports = database.query(
        "select sum((doc -> 'dropped')::int), min(doc ->> 'level'), max(doc ->> 'service') \
                                  from records where doc ->> 'msg' = 'dropped'",
        &[],
    );
    assert_eq!(reports[0].get::<_, i64>(0) as u64, stats.dropped);
    assert_eq!(
        [reports[0].get::<_, &str>(1), reports[0].get(2)],
        ["warn", "load"]
    );
    let kept = load.rows(&database);
    assert_eq!(kept.len() as u64 + stats.dropped, 1_150);
    assert!((0..100).all(|number| kept.contains_key(&number))); // the oldest are kept
}

#[test]
fn the_queue_is_bounded_by_bytes_and_a_line_too_long_for_the_broker_is_dropped() {
    let broker = Broker::down();
    let log = |logger: &dyn log::Log, text: &str| {
        logger.log(&log::Record::builder().args(format_args!("{text}")).build())
    };
    let options = Options {
        max_bytes: 1_000,
        max_line: 400,
        ..Options::new(&broker.url(), "load")
    };
    let logger = traceline_pipeline::NatsLogger::start(options).unwrap();
    log(&logger, &"x".repeat(401));
    assert_eq!(
        logger.stats(),
        Stats {
            dropped: 1,
            ..Stats::default()
        }
    );
    for _ in 0..3 {
        log(&logger, &"x".repeat(400));
    }
    log(&logger, &"x".repeat(200)); // a short one still fits
    assert_eq!(
        logger.stats(),
        Stats {
            dropped: 2,
            waiting: 3,
            stored: 0
        }
    );
    // Records that were not stored in time are lost, and reported as lost.
    assert_eq!(logger.close(Duration::ZERO).waiting, 3);
}

#[test]
fn a_line_that_the_broker_would_never_take_holds_up_no_other() {
    let mut broker = Broker::of_short_messages(4_096);
    let log = |logger: &dyn log::Log, text: &str| {
        logger.log(&log::Record::builder().args(format_args!("{text}")).build())
    };
    let logger =
        traceline_pipeline::NatsLogger::start(Options::new(&broker.url(), "load")).unwrap();
    for text in ["first", &"x".repeat(4_000), "last"] {
        log(&logger, text);
    }
    broker.restart();
    // Two lines, plus the report.
    let want = Stats {
        stored: 3,
        dropped: 1,
        waiting: 0,
    };
    wait_for("the lines", || (logger.stats() == want).then_some(()));
    assert_eq!(logger.close(LONG), want);
}
