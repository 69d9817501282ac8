//! From the logger to the table, without a fault.

use std::time::Duration;

use traceline_pipeline::{Options, Stats, TRANSACTION};

use crate::rig::{Broker, Database, Load, consumer};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_record_that_was_logged_is_a_row_of_equal_content() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let mut load = Load::new(Options {
        max_records: 100_000,
        max_bytes: 1 << 30,
        ..Options::new(&broker.url(), "load")
    });
    let start = std::time::Instant::now();
    load.run(20_000);
    let logged = start.elapsed();
    let stats = load.logger.close(LONG);
    let published = start.elapsed();
    assert_eq!(
        stats,
        Stats {
            stored: 20_000,
            ..Stats::default()
        }
    );
    database.wait_for("records", 20_000);
    println!(
        "20,000 records logged in {logged:?}, published in {published:?}, stored in {:?}",
        start.elapsed()
    );
    broker.wait_until_empty();
    load.assert_stored(&database);
    assert_eq!(database.count("rejected"), 0);
}

#[test]
fn several_consumers_share_the_stream_and_store_nothing_twice() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumers: Vec<_> = (0..3)
        .map(|_| consumer(&broker, &database, &["--batch", "50"]))
        .collect();
    let mut load = Load::new(Options::new(&broker.url(), "load"));
    load.run(5_000);
    assert_eq!(load.logger.close(LONG).stored, 5_000);
    database.wait_for("records", 5_000);
    broker.wait_until_empty();
    load.assert_stored(&database);
}

#[test]
fn one_partition_a_day_by_the_clock_of_utc() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let now = time::OffsetDateTime::now_utc();
    let (today, yesterday) = (now.date(), now.date().previous_day().unwrap());
    let logger =
        traceline_pipeline::NatsLogger::start(Options::new(&broker.url(), "days")).unwrap();
    // The server is in another time zone.
    for ts in [
        format!("{yesterday}T00:00:00.000000Z"),
        format!("{yesterday}T23:59:59.999999Z"),
        format!("{today}T00:00:00.000000Z"),
        format!("{today}T01:00:00.000000+02:00"), // 23:00 of yesterday
    ] {
        let line = format!(r#"{{"ts":"{ts}","msg":"day"}}"#);
        log::Log::log(
            &logger,
            &log::Record::builder().args(format_args!("{line}")).build(),
        );
    }
    assert_eq!(logger.close(LONG).stored, 4);
    database.wait_for("records", 4);
    let rows = database.query(
        "select tableoid::regclass::text, count(*) from records group by 1 order by 1",
        &[],
    );
    let rows: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let name = |day: time::Date| format!("records_{}", day.to_string().replace('-', ""));
    assert_eq!(rows, [(name(yesterday), 3), (name(today), 1)]);
}

#[test]
fn a_transaction_is_found_by_the_index() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let mut load = Load::new(Options::new(&broker.url(), "load"));
    load.run(5_000);
    assert_eq!(load.logger.close(LONG).stored, 5_000);
    database.wait_for("records", 5_000);
    database.query("analyze records", &[]);
    let some: String =
        database.query("select doc ->> 'trace_id' from records limit 1", &[])[0].get(0);
    let explain = format!(
        "explain {}",
        TRANSACTION.replace("$1", &format!("'{some}'"))
    );
    let plan: Vec<String> = database
        .query(&explain, &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("_expr_idx") && !plan.contains("Seq Scan"),
        "{plan}"
    );
}

#[test]
fn the_guide_shows_the_query_as_it_is() {
    assert!(include_str!("../../../src/_guide/services.md").contains(TRANSACTION.trim_end()));
}
