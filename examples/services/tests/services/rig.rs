//! The services as processes of the built example, and raw requests to them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread::{self, JoinHandle};

use serde_json::Value as Json;

use crate::process::Process;

/// The example's program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_services"))
}

#[track_caller]
pub fn start(arguments: &[&str]) -> Process {
    let mut command = Command::new(program());
    Process::start(command.args(arguments).arg("--with-parent")).unwrap()
}

/// The three services.
pub struct Shop {
    pub inventory: Process,
    pub purchasing: Process,
    pub ordering: Process,
}

impl Shop {
    pub fn open(widgets: u64) -> Shop {
        let inventory = start(&["inventory", "--widgets", &widgets.to_string()]);
        let purchasing = start(&["purchasing", "--inventory", inventory.url()]);
        let ordering = start(&["ordering", "--purchasing", purchasing.url()]);
        Shop {
            inventory,
            purchasing,
            ordering,
        }
    }

    /// Returns the records of one order, found through the record of `ordering`.
    #[track_caller]
    pub fn records(&self) -> [Json; 3] {
        [
            record(&self.ordering, "order"),
            record(&self.purchasing, "purchase"),
            record(&self.inventory, "reserve"),
        ]
    }
}

#[track_caller]
pub fn record(process: &Process, unit: &str) -> Json {
    process.record(unit).unwrap().1
}

/// Orders `quantity` widgets; returns the status and the body.
#[track_caller]
pub fn order(url: &str, quantity: u64) -> (u16, String) {
    let body = format!(r#"{{"sku":"widget","quantity":{quantity}}}"#);
    let (status, answer) = send(url, &post("", body.as_bytes()));
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, body.to_owned())
}

/// An order request with these extra lines in its head.
pub fn post(headers: impl AsRef<[u8]>, body: &[u8]) -> Vec<u8> {
    let mut request = b"POST /orders HTTP/1.1\r\nHost: shop\r\n".to_vec();
    request.extend_from_slice(headers.as_ref());
    request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}

/// Sends these bytes; returns the status and the whole answer.
#[track_caller]
pub fn send(url: &str, request: &[u8]) -> (u16, String) {
    let mut stream = connect(url);
    stream.write_all(request).unwrap();
    answer(&mut stream)
}

#[track_caller]
pub fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).unwrap()
}

#[track_caller]
pub fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{answer:?}")), answer)
}

/// Starts a server that answers one request with these bytes; returns its address and the request.
pub fn fake(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut room = [0; 4096];
        let mut request = String::new();
        while !request.ends_with('}') {
            let count = stream.read(&mut room).unwrap();
            request.push_str(str::from_utf8(&room[..count]).unwrap());
        }
        stream.write_all(answer).unwrap();
        request
    });
    (url, server)
}

/// Returns the value of a header in the text of a request or an answer.
pub fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.split("\r\n").map(|line| line.split_once(": "));
    lines.find_map(|pair| {
        pair.filter(|pair| pair.0.eq_ignore_ascii_case(name))
            .map(|pair| pair.1)
    })
}
