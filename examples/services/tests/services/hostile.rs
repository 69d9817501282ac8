//! Requests that no honest client sends: a bad header yields fresh ids, never an error; the service goes on.

use std::io::Write;
use std::net::TcpListener;

use serde_json::json;

use crate::rig::*;
use crate::shop::{Answer, Request, Service, serve};

const GIVEN: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn hostile_headers_give_fresh_ids_and_no_error() {
    let shop = Shop::open(1_000);
    let huge = format!("traceparent: {PARENT}-{}\r\n", "a".repeat(100_000));
    let many: String = (0..200).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let cases: Vec<Vec<u8>> = vec![
        b"".into(),
        b"traceparent:\r\n".into(),
        b"traceparent: 00-00000000000000000000000000000000-0000000000000000-00\r\n".into(),
        format!("traceparent: ff{}\r\n", &PARENT[2..]).into(),
        format!("traceparent: {}\r\n", PARENT.to_uppercase()).into(),
        format!("traceparent: {PARENT}\r\ntraceparent: {PARENT}\r\n").into(),
        format!("traceparent: {PARENT}\r\nTRACEPARENT: {PARENT}\r\n").into(),
        format!("traceparent : {PARENT}\r\n").into(),
        format!("traceparent: {PARENT}\0\r\n").into(),
        format!("traceparent: {PARENT}\x1b[31m\r\n").into(),
        format!("trace\0parent: {PARENT}\r\n").into(),
        format!("traceparent: {PARENT}, {PARENT}\r\n").into(),
        huge.into(),
        many.into(),
        b"traceparent: \xff\xfe\xe2\x80\xa8\r\ntracestate: \xff=\xff\r\n".into(),
        b"no colon at all\r\n: no name\r\n\xc3\xbc: \xc3\xbc\r\n".into(),
        b"b3: 1\r\nX-B3-TraceId: x\r\nX-B3-SpanId: y\r\n".into(),
    ];
    for headers in cases {
        let told = String::from_utf8_lossy(&headers[..headers.len().min(200)]);
        let (status, _) = send(
            shop.ordering.url(),
            &post(&headers, br#"{"sku":"widget","quantity":1}"#),
        );
        assert_eq!(status, 201, "{told}");
        let [order, purchase, reserve] = shop.records();
        let trace = order["trace_id"].as_str().unwrap();
        assert!(trace.len() == 32 && trace != GIVEN, "{told}");
        assert_eq!(order["parent_id"], json!(null), "{told}");
        assert_eq!(
            [&purchase["trace_id"], &reserve["trace_id"]],
            [trace, trace],
            "{told}"
        );
        assert_eq!(purchase["parent_id"], order["span_id"], "{told}");
    }
}

#[test]
fn a_request_id_that_is_none_is_replaced_and_the_new_one_echoed() {
    let shop = Shop::open(1_000);
    let long = "a".repeat(129);
    for id in ["", "two words", "a\tb", "ü", "\"", "{}", "a\x1b[0m", &long] {
        let request = post(
            format!("X-Request-ID: {id}\r\n"),
            br#"{"sku":"widget","quantity":1}"#,
        );
        let (status, answer) = send(shop.ordering.url(), &request);
        assert_eq!(status, 201, "{id:?}");
        let records = shop
            .records()
            .map(|record| record["request_id"].as_str().unwrap().to_owned());
        assert_eq!(
            header(&answer, "X-Request-ID"),
            Some(&*records[0]),
            "{id:?}"
        );
        assert_eq!(records[0].len(), 32, "{id:?}");
        assert!(records.iter().all(|other| *other == records[0]), "{id:?}");
    }
}

#[test]
fn what_is_no_order_is_refused_with_a_warning() {
    let shop = Shop::open(10);
    let head = |line: &str| format!("{line}\r\nContent-Length: 2\r\n\r\n{{}}").into_bytes();
    let body = |body: &str| post("", body.as_bytes());
    let cases: Vec<(u16, &str, Vec<u8>)> = vec![
        (400, "no JSON", body("")),
        (400, "no JSON", body("{")),
        (400, "no JSON", post("", b"\xff\xfe")),
        (400, "no JSON", body(&"[".repeat(60_000))),
        (400, "no sku", body("{}")),
        (400, "no sku", body("null")),
        (400, "no sku", body(r#"{"sku":7,"quantity":1}"#)),
        (400, "no quantity", body(r#"{"sku":"widget","quantity":0}"#)),
        (
            400,
            "no quantity",
            body(r#"{"sku":"widget","quantity":-1}"#),
        ),
        (
            400,
            "no quantity",
            body(r#"{"sku":"widget","quantity":1.5}"#),
        ),
        (400, "no JSON", body(r#"{"sku":"widget","quantity":1e999}"#)),
        (
            400,
            "no such sku",
            body(r#"{"sku":"\u0000\u001b[31m\",\"level\":\"info","quantity":1}"#),
        ),
        (
            400,
            "more than money can buy",
            body(r#"{"sku":"widget","quantity":18446744073709551615}"#),
        ),
        (404, "no such path", head("POST / HTTP/1.1")),
        (
            404,
            "no such path",
            head("POST /orders/../../etc/passwd HTTP/1.1"),
        ),
        (405, "only POST", head("GET /orders HTTP/1.1")),
        (
            400,
            "no HTTP",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".into(),
        ),
        (400, "no HTTP", b"POST /orders HTTP/9\r\n\r\n".into()),
        (
            400,
            "no length",
            head("POST /orders HTTP/1.1\r\nContent-Length: 2"),
        ),
        (
            400,
            "no length",
            b"POST /orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n".into(),
        ),
        (
            400,
            "no length",
            b"POST /orders HTTP/1.1\r\nContent-Length:\r\n\r\n".into(),
        ),
        (
            411,
            "say the length of the body",
            head("POST /orders HTTP/1.1\r\nTransfer-Encoding: chunked"),
        ),
        (
            413,
            "body too long",
            b"POST /orders HTTP/1.1\r\nContent-Length: 65537\r\n\r\n".into(),
        ),
        (
            413,
            "body too long",
            b"POST /orders HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n".into(),
        ),
        (
            431,
            "head too long",
            post(format!("X: {}\r\n", "x".repeat(300_000)), b"{}"),
        ),
        (431, "too many headers", post("X: y\r\n".repeat(300), b"{}")),
    ];
    for (status, why, request) in cases {
        let told = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        assert_eq!(send(shop.ordering.url(), &request).0, status, "{told}");
        let record = record(&shop.ordering, "order");
        let seen = ["level", "outcome", "status", "error"].map(|key| record[key].clone());
        assert_eq!(
            seen,
            [json!("warn"), json!("error"), json!(status), json!(why)],
            "{told}"
        );
    }
    assert_eq!(order(shop.ordering.url(), 10).0, 201);
}

#[test]
fn a_client_that_goes_away_in_the_middle_leaves_a_record_and_one_that_says_nothing_none() {
    let ordering = start(&["ordering", "--purchasing", "http://127.0.0.1:1"]);
    drop(connect(ordering.url()));
    for request in [
        "POST /or",
        "POST /orders HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let mut stream = connect(ordering.url());
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(answer(&mut stream).0, 400);
        let error = record(&ordering, "order")["error"].clone();
        assert!(error.as_str().unwrap().starts_with("half a "), "{error}");
    }
}

#[test]
fn clients_that_stall_do_not_stop_the_others() {
    let shop = Shop::open(10);
    let stalled: Vec<_> = (0..7)
        .map(|_| {
            let mut stream = connect(shop.ordering.url());
            stream.write_all(b"POST /orders HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    assert_eq!(order(shop.ordering.url(), 1).0, 201);
    assert_eq!(record(&shop.ordering, "order")["status"], 201);
    // Each client gets an answer when its time is up.
    for mut stream in stalled {
        assert_eq!(answer(&mut stream).0, 408);
        assert_eq!(record(&shop.ordering, "order")["status"], 408);
    }
}

struct Breaks;

impl Service for Breaks {
    fn answer(&self, request: &Request) -> Answer {
        let _trace = traceline::start!("break");
        match request.posted_to("/orders") {
            Ok(body) => Answer::new(201, body),
            Err(_) => panic!("a bug"),
        }
    }
}

#[test]
fn a_panic_in_a_service_is_a_500_and_the_next_request_is_served() {
    let listener: &TcpListener = Box::leak(Box::new(TcpListener::bind("127.0.0.1:0").unwrap()));
    std::thread::spawn(|| serve(listener, &Breaks)); // until the process ends
    let ask = |request: &[u8]| {
        let mut stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.write_all(request).unwrap();
        answer(&mut stream).0
    };
    for _ in 0..20 {
        assert_eq!(ask(&post("", b"no JSON")), 500);
    }
    assert_eq!(ask(&post("", b"{}")), 201);
}
