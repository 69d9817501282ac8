//! Orders that succeed, and orders that a shop refuses.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value as Json, json};

use crate::rig::*;
use crate::tree;

/// Replaces ids with the order of their first use, and times with `#`.
fn anonymous(text: &str) -> String {
    let mut ids: HashMap<&str, String> = HashMap::new();
    let is_hex = |char: char| char.is_ascii_hexdigit();
    let words = text.split_inclusive(|char: char| !char.is_ascii_alphanumeric() && char != '.');
    let words = words.map(|word| {
        let bare = word.trim_end_matches(|char: char| !char.is_ascii_alphanumeric());
        let end = &word[bare.len()..];
        match bare.len() {
            16 | 32 if bare.chars().all(is_hex) => {
                let fresh = format!("<id {}>", ids.len() + 1);
                ids.entry(bare).or_insert(fresh).clone() + end
            }
            _ if bare.contains('.') && bare.parse::<f64>().is_ok() => format!("#{end}"),
            _ => word.to_owned(),
        }
    });
    words.collect()
}

#[test]
fn the_example_prints_the_records_and_the_tree_and_ends() {
    let output = Command::new(program())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (records, tree) = text.split_once("\n\ntrace_id").unwrap();
    let mut lines = records.lines();
    assert_eq!(
        lines.next(),
        Some(r#"201 {"order_id":7001,"cents":249000}"#)
    );
    assert_eq!(lines.next(), Some(""));
    let records: Vec<_> = lines
        .map(|line| anonymous(line.split_once(r#","level""#).unwrap().1))
        .collect();
    assert_eq!(
        records,
        [
            r##":"info","msg":"order","service":"ordering","trace_id":"<id 1>","span_id":"<id 2>","trace_flags":"03","request_id":"<id 3>","outcome":"ok","duration_ms":#,"sku":"widget","quantity":1000,"buyer":"paul","purchasing.count":1,"purchasing.ms":#,"purchasing.max_ms":#,"order_id":7001,"cents":249000,"status":201}"##,
            r##":"info","msg":"purchase","service":"purchasing","trace_id":"<id 1>","span_id":"<id 2>","parent_id":"<id 3>","trace_flags":"03","request_id":"<id 4>","outcome":"ok","duration_ms":#,"sku":"widget","quantity":1000,"cents":249000,"inventory.count":1,"inventory.ms":#,"inventory.max_ms":#,"status":201,"fragments":[{"at_ms":#,"line":28,"msg":"reserved, 4000 left"}]}"##,
            r##":"info","msg":"reserve","service":"inventory","trace_id":"<id 1>","span_id":"<id 2>","parent_id":"<id 3>","trace_flags":"03","request_id":"<id 4>","outcome":"ok","duration_ms":#,"sku":"widget","quantity":1000,"lock.count":1,"lock.ms":#,"lock.max_ms":#,"left":4000,"status":201,"fragments":[{"at_ms":#,"line":23,"msg":"5000 in stock"}]}"##,
        ]
    );
    // The number of blanks before a number depends on its digits.
    let words: Vec<_> = tree
        .trim_end()
        .lines()
        .map(|line| {
            anonymous(line)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        words,
        [
            "<id 1>",
            "order ordering # ms ok 201",
            "└─ purchase purchasing # ms ok 201",
            "└─ reserve inventory # ms ok 201",
        ]
    );
}

#[test]
fn the_buyers_transaction_goes_on_through_all_three() {
    let shop = Shop::open(10);
    let headers = "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Request-ID: order-4711\r\n";
    let (status, answer) = send(
        shop.ordering.url(),
        &post(headers, br#"{"sku":"widget","quantity":4}"#),
    );
    assert_eq!(status, 201);
    assert_eq!(header(&answer, "X-Request-ID"), Some("order-4711"));
    let records = shop.records();
    let mut caller = json!("00f067aa0ba902b7");
    for record in &records {
        assert_eq!(record["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(record["trace_flags"], "01");
        assert_eq!(record["request_id"], "order-4711");
        assert_eq!(record["parent_id"], caller);
        caller = record["span_id"].clone();
    }
    assert_eq!(tree::draw(&records).lines().count(), 4);
}

#[test]
fn what_the_caller_sent_in_tracestate_is_passed_on() {
    let (url, purchasing) = fake(b"HTTP/1.1 201 OK\r\nContent-Length: 11\r\n\r\n{\"cents\":7}");
    let ordering = start(&["ordering", "--purchasing", &url]);
    let headers = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\ntracestate: rojo=1,congo=2\r\nX-Request-ID: r/1\r\n";
    let (status, _) = send(
        ordering.url(),
        &post(headers, br#"{"sku":"widget","quantity":4}"#),
    );
    assert_eq!(status, 201);
    let sent = purchasing.join().unwrap();
    let span = record(&ordering, "order")["span_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-00");
    assert_eq!(header(&sent, "traceparent"), Some(&*parent));
    assert_eq!(header(&sent, "tracestate"), Some("rojo=1,congo=2"));
    assert_eq!(header(&sent, "X-Request-ID"), Some("r/1"));
}

#[test]
fn sold_out_is_409_and_a_warning_in_every_service() {
    let shop = Shop::open(3);
    let why = "sold out: 4 x widget wanted, 3 left";
    assert_eq!(
        order(shop.ordering.url(), 4),
        (409, json!({ "error": why }).to_string())
    );
    for record in shop.records() {
        let seen = ["level", "outcome", "status", "error"].map(|key| record[key].clone());
        assert_eq!(
            seen,
            [json!("warn"), json!("error"), json!(409), json!(why)]
        );
    }
    assert_eq!(order(shop.ordering.url(), 3).0, 201); // the remaining stock can still be ordered
}

#[test]
fn concurrent_orders_are_whole_transactions_and_sell_no_widget_twice() {
    let shop = Shop::open(100);
    let buyers = 8;
    let sold: usize = thread::scope(|scope| {
        let ordering = shop.ordering.url();
        let buyer = || (0..25).filter(|_| order(ordering, 1).0 == 201).count();
        let buyers: Vec<_> = (0..buyers).map(|_| scope.spawn(buyer)).collect();
        buyers.into_iter().map(|buyer| buyer.join().unwrap()).sum()
    });
    assert_eq!(sold, 100);
    let records: Vec<Json> = (0..buyers * 25).flat_map(|_| shop.records()).collect();
    let tree = tree::draw(&records);
    let chains = tree
        .lines()
        .filter(|line| line.starts_with("   └─ reserve"));
    assert_eq!(chains.count(), 200);
    assert_eq!(tree.lines().count(), 200 * 4);
}

#[test]
fn records_are_added_to_a_file() {
    let file =
        std::env::temp_dir().join(format!("traceline-services-{}.jsonl", std::process::id()));
    std::fs::write(&file, "{\"msg\":\"before\"}\n").unwrap();
    // In this mode it prints nothing to standard output.
    let mut service = Command::new(program())
        .args(["inventory", "--with-parent", "--log"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while std::fs::read_to_string(&file).unwrap().lines().count() < 2 {
        thread::yield_now();
    }
    drop(service.stdin.take()); // as when the parent process is gone
    let output = service.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    let lines = std::fs::read_to_string(&file).unwrap();
    let names: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap()["msg"].clone())
        .collect();
    assert_eq!(names, ["before", "listen"]);
    std::fs::remove_file(file).unwrap();
}
