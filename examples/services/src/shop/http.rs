//! A small synchronous server: a few threads, one request per connection.
//!
//! `httparse` reads the head, as it does for hyper. `tiny_http` 0.12 answers 400 to a header with a
//! space before its colon and hangs up on one that is not ASCII. Here a bad header is skipped, so
//! that at worst it leaves the unit with fresh ids.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

use httparse::{EMPTY_HEADER, ParserConfig, Status};
use serde_json::{Value as Json, json};

use super::Fault;

const THREADS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_HEAD: usize = 256 * 1024;
const MOST_HEADERS: usize = 256;
const MOST_BODY: usize = 64 * 1024;

/// A service that answers requests.
pub trait Service: Sync {
    fn answer(&self, request: &Request) -> Answer;
}

/// Serves every connection, as long as the process lives.
pub fn serve(listener: &TcpListener, service: &dyn Service) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    match listener.accept() {
                        Ok((stream, _)) => answer(&stream, service),
                        Err(_) => thread::sleep(Duration::from_millis(10)), // no descriptors left
                    }
                }
            });
        }
    });
}

/// Reads one request and answers it; a panic in the service does not affect other requests.
fn answer(stream: &TcpStream, service: &dyn Service) {
    let mut timed = Timed::new(stream);
    let Some(request) = Request::read(&mut timed) else {
        return; // no request was sent
    };
    let answer = panic::catch_unwind(AssertUnwindSafe(|| service.answer(&request)));
    let answer = answer.unwrap_or_else(|_| Answer::new(500, json!({ "error": "a bug" })));
    // A client that has gone away does not need the answer.
    let _ = answer.write(stream);
    if request.body.is_err() {
        // Closing with unread bytes would reset the connection and lose the answer.
        let _ = stream.shutdown(Shutdown::Write);
        let _ = io::copy(&mut timed.take(1 << 20), &mut io::sink());
    }
}

/// A connection that can be read until a deadline.
struct Timed<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl Timed<'_> {
    fn new(stream: &TcpStream) -> Timed<'_> {
        let _ = stream.set_write_timeout(Some(PATIENCE));
        Timed {
            stream,
            until: Instant::now() + PATIENCE,
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(room)
    }
}

/// Why a request could not be read: the status for it, and a short text.
#[derive(Clone, Copy, Debug)]
pub struct Unread(pub u16, pub &'static str);

/// A request, without a body if it could not be read.
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Result<Vec<u8>, Unread>,
}

impl Request {
    /// Reads a request; `None` if the connection was closed without one.
    fn read(stream: &mut impl Read) -> Option<Request> {
        let mut bytes = Vec::new();
        loop {
            match Request::of_head(&bytes) {
                Ok(Some((mut request, head))) => {
                    let body = bytes.split_off(head);
                    request.body = request.read_body(body, stream);
                    return Some(request);
                }
                Ok(None) if bytes.len() > MOST_HEAD => {
                    return Some(Request::unread(Unread(431, "head too long")));
                }
                Ok(None) => {}
                Err(fault) => return Some(fault),
            }
            match read_some(stream, &mut bytes) {
                Ok(0) if bytes.is_empty() => return None,
                Ok(0) => return Some(Request::unread(Unread(400, "half a request"))),
                Ok(_) => {}
                Err(_) => return Some(Request::unread(Unread(408, "no request in time"))),
            }
        }
    }

    /// The request without its body, and where the body begins; `None` if the head is incomplete.
    fn of_head(bytes: &[u8]) -> Result<Option<(Request, usize)>, Request> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let mut parser = ParserConfig::default();
        parser.ignore_invalid_headers_in_requests(true);
        // The parser skips lines with invalid bytes, except for NUL, which makes it fail.
        let skippable: Vec<u8> = bytes.iter().map(|byte| (*byte).max(1)).collect();
        match parser.parse_request(&mut head, &skippable) {
            Ok(Status::Complete(end)) => Ok(Some((Request::of(&head), end))),
            Ok(Status::Partial) => Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                Err(Request::unread(Unread(431, "too many headers")))
            }
            Err(_) => Err(Request::unread(Unread(400, "no HTTP"))),
        }
    }

    fn of(head: &httparse::Request<'_, '_>) -> Request {
        let headers = head.headers.iter();
        Request {
            method: head.method.unwrap_or_default().to_owned(),
            path: head.path.unwrap_or_default().to_owned(),
            headers: headers
                .map(|header| (header.name.to_owned(), header.value.to_owned()))
                .collect(),
            body: Ok(Vec::new()),
        }
    }

    fn unread(why: Unread) -> Request {
        Request {
            method: String::new(),
            path: String::new(),
            headers: Vec::new(),
            body: Err(why),
        }
    }

    fn read_body(&self, mut body: Vec<u8>, stream: &mut impl Read) -> Result<Vec<u8>, Unread> {
        let length = self.length()?;
        while body.len() < length {
            match read_some(stream, &mut body) {
                Ok(0) => return Err(Unread(400, "half a body")),
                Ok(_) => {}
                Err(_) => return Err(Unread(408, "no body in time")),
            }
        }
        body.truncate(length);
        Ok(body)
    }

    /// The length of the body, which must be given exactly once, in digits.
    fn length(&self) -> Result<usize, Unread> {
        if self.values("Transfer-Encoding").next().is_some() {
            return Err(Unread(411, "say the length of the body"));
        }
        let mut lengths = self.values("Content-Length");
        let length = match (lengths.next(), lengths.next()) {
            (None, _) => return Ok(0),
            (Some(digits @ [_, ..]), None) if digits.iter().all(u8::is_ascii_digit) => digits,
            _ => return Err(Unread(400, "no length")),
        };
        let length = str::from_utf8(length)
            .ok()
            .and_then(|text| text.parse().ok());
        let fits = length.filter(|length| *length <= MOST_BODY);
        fits.ok_or(Unread(413, "body too long"))
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |header: &&(String, _)| header.0.eq_ignore_ascii_case(name);
        let headers = self.headers.iter().filter(named);
        headers.map(|(_, value)| value.as_slice())
    }

    /// All headers, for [`continue_from_headers`](traceline::Trace::continue_from_headers).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The JSON posted to `path`.
    pub fn posted_to(&self, path: &str) -> Result<Json, Fault> {
        match &self.body {
            Err(why) => Err(Fault::Unread(*why)),
            _ if self.path != path => Err(Fault::Unread(Unread(404, "no such path"))),
            _ if self.method != "POST" => Err(Fault::Unread(Unread(405, "only POST"))),
            Ok(body) => serde_json::from_slice(body).map_err(|_| Fault::Bad("no JSON")),
        }
    }
}

/// Appends the available input to `bytes`; returns 0 at the end.
fn read_some(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut room = [0; 4096];
    let count = stream.read(&mut room)?;
    bytes.extend_from_slice(&room[..count]);
    Ok(count)
}

/// A status with a JSON body.
pub struct Answer {
    status: u16,
    body: Json,
    request_id: Option<String>,
}

impl Answer {
    pub fn new(status: u16, body: Json) -> Answer {
        Answer {
            status,
            body,
            request_id: None,
        }
    }

    /// Returns the id of the request in a header.
    pub fn with_request_id(mut self, id: Option<String>) -> Answer {
        self.request_id = id;
        self
    }

    fn write(&self, mut stream: &TcpStream) -> io::Result<()> {
        let (status, body) = (self.status, self.body.to_string());
        let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        text += "Content-Type: application/json\r\nConnection: close\r\n";
        if let Some(id) = &self.request_id {
            text += &format!("X-Request-ID: {id}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200..400 => "OK",
        400..500 => "Refused",
        _ => "Failed",
    }
}
