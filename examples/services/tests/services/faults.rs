//! Services that are down or answer nonsense, and processes that end.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::process::Process;
use crate::rig::*;

/// An address that nobody listens on.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn a_service_that_is_down_is_503_and_an_error_with_its_cause() {
    let ordering = start(&["ordering", "--purchasing", &nobody()]);
    let want = json!({ "error": "purchasing is down" }).to_string();
    assert_eq!(order(ordering.url(), 1), (503, want));
    let record = record(&ordering, "order");
    let seen = ["level", "outcome", "status", "error"].map(|key| record[key].clone());
    assert_eq!(
        seen,
        [
            json!("error"),
            json!("error"),
            json!(503),
            json!("purchasing is down")
        ]
    );
    assert_eq!(record["error.chain"], "Connection refused (os error 111)");
    assert_eq!(record["purchasing.count"], 1); // the call was timed all the same
}

#[test]
fn a_service_that_dies_in_the_middle_fails_the_orders_and_not_the_others() {
    let Shop {
        inventory,
        purchasing,
        ordering,
    } = Shop::open(10);
    assert_eq!(order(ordering.url(), 1).0, 201);
    drop(inventory);
    let want = json!({ "error": "purchasing answered 503" }).to_string();
    assert_eq!(order(ordering.url(), 1), (502, want));
    record(&ordering, "order");
    let (ordered, purchased) = (record(&ordering, "order"), {
        record(&purchasing, "purchase");
        record(&purchasing, "purchase")
    });
    assert_eq!([&ordered["status"], &purchased["status"]], [502, 503]);
    assert_eq!(purchased["parent_id"], ordered["span_id"]);
    assert_eq!(purchased["error"], "inventory is down");
}

#[test]
fn answers_that_make_no_sense_are_502() {
    let cases: [&[u8]; 6] = [
        b"HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\n{]",
        b"HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nsold",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
    ];
    for text in cases {
        let (url, purchasing) = fake(text);
        let ordering = start(&["ordering", "--purchasing", &url]);
        let told = String::from_utf8_lossy(text);
        assert_eq!(order(ordering.url(), 1).0, 502, "{told}");
        assert_eq!(record(&ordering, "order")["outcome"], "error", "{told}");
        purchasing.join().unwrap();
    }
}

#[test]
fn an_answer_that_does_not_end_is_read_no_further_than_an_answer_can_be() {
    let text = [
        &b"HTTP/1.1 201 OK\r\nContent-Length: 999999999\r\n\r\n"[..],
        &[b' '; 100_000],
    ]
    .concat();
    let (url, purchasing) = fake(text.leak());
    let ordering = start(&["ordering", "--purchasing", &url]);
    assert_eq!(order(ordering.url(), 1).0, 502);
    assert_eq!(record(&ordering, "order")["outcome"], "error");
    let _ = purchasing.join(); // the client closed the connection before all of it was written
}

#[test]
fn an_answer_that_breaks_off_is_503() {
    for text in [
        &b"SSH-2.0\r\n"[..],
        b"",
        b"HTTP/1.1 201 OK\r\nContent-Length: 99\r\n\r\n{",
    ] {
        let (url, purchasing) = fake(text);
        let ordering = start(&["ordering", "--purchasing", &url]);
        let status = order(ordering.url(), 1).0;
        assert!(matches!(status, 502 | 503), "{text:?} {status}");
        assert_eq!(record(&ordering, "order")["outcome"], "error");
        purchasing.join().unwrap();
    }
}

#[test]
fn a_program_that_cannot_start_says_why_and_ends() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str); 4] = [
        (&["inventory", "--port", &port], "Address already in use"),
        (&["ordering"], "--purchasing URL"),
        (&["billing"], "no service \"billing\""),
        (&["inventory", "--widgets", "some"], "invalid digit"),
    ];
    for (arguments, why) in cases {
        let output = Command::new(program())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            text.starts_with("services: ") && text.contains(why),
            "{text}"
        );
    }
    // Whoever starts the process gets an error instead of waiting forever.
    let mut command = Command::new(program());
    assert!(Process::start(command.args(["inventory", "--port", &port])).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_is_left_when_its_starter_panics() {
    let started = std::panic::catch_unwind(|| {
        let inventory = start(&["inventory"]);
        std::panic::panic_any(inventory.url().to_owned());
    });
    let url = started.unwrap_err().downcast::<String>().unwrap();
    let address = url.trim_start_matches("http://");
    assert!(std::net::TcpStream::connect(address).is_err());
}
