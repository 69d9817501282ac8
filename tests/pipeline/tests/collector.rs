//! The same services, with their records in an OpenTelemetry collector.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::rig::{Killed, folder, free_port, mortal, tool, wait_for};
use crate::transaction::Shop;

/// A collector that prints what it receives to a file.
struct Collector {
    _agent: Killed,
    port: u16,
    printed: PathBuf,
}

impl Collector {
    fn start() -> Collector {
        let (home, port) = (folder("rotel"), free_port());
        let printed = home.join("printed");
        let site = tool("venv/lib")
            .read_dir()
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let mut command = mortal(
            &site
                .join("site-packages/rotel/rotel-agent")
                .to_string_lossy(),
        );
        command.args([
            "start",
            "--exporter",
            "blackhole",
            "--debug-log",
            "logs",
            "--debug-log-verbosity",
            "detailed",
        ]);
        command.args([
            "--otlp-grpc-endpoint",
            &format!("127.0.0.1:{}", free_port()),
        ]);
        command.args([
            "--otlp-http-endpoint",
            &format!("127.0.0.1:{port}"),
            "--pid-file",
        ]);
        command
            .arg(home.join("pid"))
            .stdout(File::create(&printed).unwrap());
        let agent = Killed(command.spawn().unwrap());
        wait_for("rotel", || TcpStream::connect(("127.0.0.1", port)).ok());
        Collector {
            _agent: agent,
            port,
            printed,
        }
    }

    /// Waits for that many records.
    fn records(&self, count: usize) -> Vec<Received> {
        wait_for("records in the collector", || {
            let records = records(&self.printed);
            let whole = records
                .last()
                .is_some_and(|record| record.span_id.len() == 16);
            (records.len() == count && whole).then_some(records)
        })
    }
}

/// A record as the collector prints it.
#[derive(Debug, Default)]
struct Received {
    severity: String,
    body: String,
    trace_id: String,
    span_id: String,
    attributes: BTreeMap<String, String>,
}

fn records(printed: &Path) -> Vec<Received> {
    let text = fs::read_to_string(printed).unwrap();
    text.split("\nLogRecord #").skip(1).map(record).collect()
}

fn record(text: &str) -> Received {
    let mut received = Received::default();
    for line in text.lines().map(str::trim) {
        if let Some((key, value)) = line
            .strip_prefix("-> ")
            .and_then(|pair| pair.split_once(": "))
        {
            received.attributes.insert(key.into(), value.into());
        } else if let Some((name, value)) = line.split_once(':') {
            let place = match name.trim() {
                "SeverityText" => &mut received.severity,
                "Body" => &mut received.body,
                "Trace ID" => &mut received.trace_id,
                "Span ID" => &mut received.span_id,
                _ => continue,
            };
            *place = value.trim().into();
        }
    }
    received
}

#[test]
fn a_collector_gets_typed_records_with_native_ids() {
    let collector = Collector::start();
    let shop = Shop::with(&["--otlp", &format!("http://127.0.0.1:{}", collector.port)]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(shop.order(trace, 1_000), 201);
    shop.close();
    let records = collector.records(3);
    let unit = |name: &str| {
        records
            .iter()
            .find(|record| record.body == format!("Str({name})"))
            .unwrap()
    };
    let units = ["order", "purchase", "reserve"].map(unit);

    let mut caller = "00f067aa0ba902b7"; // the buyer's span
    for unit in units {
        assert_eq!(unit.trace_id, trace);
        assert_eq!(unit.attributes["parent_id"], format!("Str({caller})"));
        assert_eq!(unit.severity, "INFO");
        caller = &unit.span_id;
    }
    let typed = [
        "outcome",
        "sku",
        "quantity",
        "left",
        "status",
        "lock.count",
        "request_id",
        "service",
    ];
    let typed = typed.map(|key| format!("{key}: {}", units[2].attributes[key]));
    assert_eq!(
        typed,
        [
            "outcome: Str(ok)",
            "sku: Str(widget)",
            "quantity: Int(1000)",
            "left: Int(999000)",
            "status: Int(201)",
            "lock.count: Int(1)",
            "request_id: Str(order-4711)",
            "service: Str(inventory)",
        ]
    );
    assert!(
        units
            .iter()
            .all(|unit| unit.attributes["duration_ms"].starts_with("Double("))
    );
}
