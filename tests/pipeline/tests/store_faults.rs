//! The database dies in the middle, or starts late.

use std::time::Duration;

use traceline_pipeline::{Options, Stats};

use crate::rig::{Broker, Database, Load, consumer, wait_for};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_database_that_is_killed_again_and_again_gets_every_record_once() {
    let (broker, mut database) = (Broker::start(), Database::start());
    let _consumer = consumer(
        &broker,
        &database,
        &["--batch", "100", "--ack-wait-ms", "1000"],
    );
    let mut load = Load::new(Options::new(&broker.url(), "load"));
    for round in 1..=3 {
        load.run(1_500);
        wait_for("some rows", || {
            (database.count("records") > 1_500 * (round - 1) + 100).then_some(())
        });
        database.kill();
        load.run(500); // nobody upstream notices
        database.restart();
    }
    assert_eq!(
        load.logger.close(LONG),
        Stats {
            stored: 6_000,
            ..Stats::default()
        }
    );
    database.wait_for("records", 6_000);
    broker.wait_until_empty();
    load.assert_stored(&database);
}

#[test]
fn records_wait_in_the_stream_for_a_database_that_comes_late() {
    let (broker, mut database) = (Broker::start(), Database::start());
    database.kill();
    let _consumer = consumer(&broker, &database, &[]);
    let mut load = Load::new(Options::new(&broker.url(), "load"));
    load.run(1_000);
    assert_eq!(load.logger.close(LONG).stored, 1_000);
    database.restart();
    database.wait_for("records", 1_000);
    broker.wait_until_empty();
    load.assert_stored(&database);
}
