//! An order over three services, and the query that rebuilds it.

use std::process::Command;

use traceline_pipeline::TRANSACTION;

use crate::process::Process;
use crate::rig::{Broker, Database, consumer, wait_for};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The services, in the order of their start.
pub struct Shop([Process; 3]);

impl Shop {
    /// Services that publish to a broker.
    pub fn open(broker: &Broker, arguments: &[&str]) -> Shop {
        Shop::with(&[&["--nats", &broker.url()], arguments].concat())
    }

    pub fn with(arguments: &[&str]) -> Shop {
        let start = |name: &str, peer: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
            command.arg(name).args(peer).args(arguments);
            Process::start(&mut command).unwrap()
        };
        let inventory = start("inventory", &[]);
        let purchasing = start("purchasing", &["--inventory", inventory.url()]);
        let ordering = start("ordering", &["--purchasing", purchasing.url()]);
        Shop([inventory, purchasing, ordering])
    }

    /// Orders widgets in this transaction; returns the status.
    pub fn order(&self, trace: &str, quantity: u64) -> u16 {
        minreq::post(format!("{}/orders", self.0[2].url()))
            .with_header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
            .with_header("X-Request-ID", "order-4711")
            .with_body(format!(r#"{{"sku":"widget","quantity":{quantity}}}"#))
            .with_timeout(10)
            .send()
            .unwrap()
            .status_code
    }

    /// Stops them; they publish the records they still have.
    pub fn close(self) {
        for process in self.0.into_iter().rev() {
            assert!(process.stop().unwrap().success());
        }
    }
}

/// The result of the query, without durations.
pub fn tree(database: &Database, trace: &str) -> String {
    let rows = database.query(TRANSACTION, &[&trace]);
    let lines = rows.iter().map(|row| {
        let text = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
        assert!(text(2).parse::<f64>().is_ok(), "a duration");
        format!(
            "{:<14} | {:<10} | {} | {}\n",
            text(0),
            text(1),
            text(3),
            text(4)
        )
    });
    lines.collect()
}

#[test]
fn one_query_rebuilds_an_order_that_crossed_three_services() {
    let (broker, database) = (Broker::start(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let shop = Shop::open(&broker, &[]);
    assert_eq!(shop.order(TRACE, 1_000), 201);
    assert_eq!(
        shop.order("00000000000000000000000000000001", 2_000_000),
        409
    );
    database.wait_for("records", 6); // stored while the services go on
    assert_eq!(
        tree(&database, TRACE),
        "order          | ordering   | ok | 201\n\
         \u{20}  purchase    | purchasing | ok | 201\n\
         \u{20}     reserve  | inventory  | ok | 201\n"
    );
    assert_eq!(
        tree(&database, "00000000000000000000000000000001"),
        "order          | ordering   | error | 409\n\
         \u{20}  purchase    | purchasing | error | 409\n\
         \u{20}     reserve  | inventory  | error | 409\n"
    );
    assert_eq!(tree(&database, "00000000000000000000000000000002"), "");
    shop.close();
}

#[test]
fn services_answer_while_the_broker_is_down_and_say_what_they_dropped_when_it_is_back() {
    let (mut broker, database) = (Broker::down(), Database::start());
    let _consumer = consumer(&broker, &database, &[]);
    let shop = Shop::open(&broker, &["--max-records", "4"]);
    for _ in 0..10 {
        assert_eq!(shop.order(TRACE, 1), 201);
    }
    broker.restart();
    database.wait_for("records", 3 * (4 + 1));
    let dropped = "select doc ->> 'service', (doc -> 'dropped')::int from records \
                   where doc ->> 'msg' = 'dropped' order by 1";
    let dropped = database.query(dropped, &[]);
    let dropped: Vec<(String, i32)> = dropped.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        dropped,
        ["inventory", "ordering", "purchasing"].map(|service| (service.into(), 6))
    );
    assert_eq!(shop.order("00000000000000000000000000000001", 1), 201);
    database.wait_for("records", 3 * (4 + 1) + 3);
    assert_eq!(
        tree(&database, "00000000000000000000000000000001")
            .lines()
            .count(),
        3
    );
    shop.close();
}

#[test]
fn the_query_ends_whatever_the_ids_say() {
    let (broker, database) = (Broker::start(), Database::start());
    let running = consumer(&broker, &database, &[]);
    wait_for("tables", || {
        database.try_query("select 1 from records", &[]).ok()
    });
    drop(running);
    let insert = "insert into records (at, id, doc) select now(), n::text, doc::jsonb \
                  from unnest($1::text[]) with ordinality as line (doc, n)";
    let docs = [
        r#"{"trace_id":"t","span_id":"a","msg":"top","duration_ms":1.5}"#,
        r#"{"trace_id":"t","span_id":"b","parent_id":"a","msg":"below","duration_ms":1.5}"#,
        r#"{"trace_id":"t","span_id":"a","parent_id":"b","msg":"its own caller's caller","duration_ms":1}"#,
        r#"{"trace_id":"t","span_id":"x","parent_id":"x","msg":"its own caller","duration_ms":1}"#,
        r#"{"trace_id":"t","span_id":"y","parent_id":"z","msg":"somebody else's","duration_ms":1}"#,
        r#"{"trace_id":"t","span_id":7,"parent_id":{"a":1},"msg":["no text"],"duration_ms":1}"#,
    ];
    let today = "create table if not exists records_hostile partition of records default";
    database.query(today, &[]);
    database.query(insert, &[&docs.as_slice()]);
    let names: Vec<String> = tree(&database, "t")
        .lines()
        .map(|line| line.split(" |").next().unwrap().trim_end().into())
        .collect();
    assert_eq!(
        names,
        ["[\"no text\"]", "top", "   below", "somebody else's"]
    );
}
