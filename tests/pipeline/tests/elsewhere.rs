//! The same records elsewhere: in DuckDB, which reads the files as they are, and a Kinesis-compatible stream.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use traceline_pipeline::{Kinesis, TRANSACTION, TRANSACTION_DUCKDB};

use crate::rig::{Broker, Database, Killed, consumer, folder, free_port, mortal, tool, wait_for};
use crate::transaction::Shop;

/// The rows of a query that takes files and a trace id as parameters.
fn duckdb(sql: &str, files: &Path, trace: &str) -> Json {
    let script = "import duckdb, json, sys\n\
        parameters = {'files': sys.argv[2], 'trace_id': sys.argv[3]}\n\
        parameters = {key: value for key, value in parameters.items() if '$' + key in sys.argv[1]}\n\
        print(json.dumps(duckdb.execute(sys.argv[1], parameters).fetchall()))";
    let output = Command::new(tool("venv/bin/python"))
        .args([
            "-c",
            script,
            sql,
            &files.join("*.jsonl").to_string_lossy(),
            trace,
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs transactions through the three services, also logging to files; returns their trace ids.
fn orders(shop: &Shop) -> Vec<String> {
    let orders = [(1, 201), (2_000_000, 409), (u64::MAX, 400), (7, 201)];
    let traces = orders.iter().enumerate().map(|(at, (quantity, status))| {
        let trace = format!("{:032x}", at + 1);
        assert_eq!(shop.order(&trace, *quantity), *status);
        trace
    });
    traces.collect()
}

fn lines(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    files
        .flat_map(|text| text.lines().map(String::from).collect::<Vec<_>>())
        .collect()
}

#[test]
fn duckdb_reads_the_files_as_they_are_and_tells_the_same_transactions_as_postgresql() {
    let (broker, database, files) = (Broker::start(), Database::start(), folder("lines"));
    let _consumer = consumer(&broker, &database, &[]);
    let shop = Shop::open(&broker, &["--copy-to", files.to_str().unwrap()]);
    let traces = orders(&shop);
    shop.close();
    database.wait_for("records", lines(&files).len() as u64);
    for trace in &traces {
        let rows = database.query(TRANSACTION, &[trace]);
        let rows: Vec<Json> = rows
            .iter()
            .map(|row| {
                (0..5)
                    .map(|at| json!(row.get::<_, Option<&str>>(at)))
                    .collect()
            })
            .collect();
        assert_eq!(duckdb(TRANSACTION_DUCKDB, &files, trace), json!(rows));
    }
    let tree = duckdb(TRANSACTION_DUCKDB, &files, &traces[0]);
    let names: Vec<&str> = tree
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row[0].as_str())
        .collect();
    assert_eq!(names, ["order", "   purchase", "      reserve"]);

    let types = "select distinct typeof(ts), typeof(trace_id), typeof(duration_ms), typeof(cents), typeof(fragments) \
                 from read_json_auto($files, union_by_name = true)";
    let want = json!([[
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR",
        "DOUBLE",
        "BIGINT",
        "STRUCT(at_ms DOUBLE, line BIGINT, msg VARCHAR)[]"
    ]]);
    assert_eq!(duckdb(types, &files, ""), want);
}

#[test]
fn lines_put_to_a_kinesis_stream_come_back_equal_and_in_order() {
    let (broker, files) = (Broker::start(), folder("lines"));
    let shop = Shop::open(&broker, &["--copy-to", files.to_str().unwrap()]);
    for _ in 0..60 {
        orders(&shop);
    }
    shop.close();
    let lines = lines(&files);
    assert_eq!(lines.len(), 60 * (3 + 3 + 2 + 3));

    let port = free_port();
    let mut command = mortal("node");
    command.arg(tool("node_modules/kinesalite/cli.js"));
    command.args(["--port", &port.to_string(), "--createStreamMs", "50"]);
    let _server = Killed(command.spawn().unwrap());
    wait_for("kinesalite", || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let stream = Kinesis::new(&format!("http://127.0.0.1:{port}"), "records");
    stream.create().unwrap();
    stream.put(&lines).unwrap();
    assert_eq!(stream.read().unwrap(), lines);
}
