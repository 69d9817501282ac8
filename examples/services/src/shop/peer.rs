//! Calls to another service, with the ids of the unit in the headers.

use std::io::{self, Read};

use serde_json::Value as Json;
use traceline::Trace;

use super::Fault;

const MOST_BODY: u64 = 64 * 1024;

/// Another service.
pub struct Peer {
    name: &'static str,
    url: String,
    seconds: u64,
}

impl Peer {
    /// The further down the chain, the fewer `seconds`, so that callers still get the error.
    pub fn new(name: &'static str, url: &str, seconds: u64) -> Peer {
        Peer {
            name,
            url: url.trim_end_matches('/').to_owned(),
            seconds,
        }
    }

    /// Posts `body`, timed under the name of the service.
    pub fn post(&self, trace: &mut Trace, path: &str, body: &Json) -> Result<Json, Fault> {
        trace.time(self.name, |trace| self.call(trace, path, body))
    }

    fn call(&self, trace: &mut Trace, path: &str, body: &Json) -> Result<Json, Fault> {
        let mut request = minreq::post(format!("{}{path}", self.url))
            .with_timeout(self.seconds)
            .with_follow_redirects(false)
            .with_header("Content-Type", "application/json")
            .with_body(body.to_string());
        if let Some(parent) = trace.traceparent() {
            request = request.with_header("traceparent", parent.to_string());
        }
        if let Some(state) = trace.tracestate() {
            request = request.with_header("tracestate", state.as_str());
        }
        if let Some(id) = trace.request_id() {
            request = request.with_header("X-Request-ID", id);
        }
        let response = request
            .send_lazy()
            .map_err(|why| self.unreachable(plain(why)))?;
        let status = response.status_code;
        let mut text = String::new();
        let read = response.take(MOST_BODY).read_to_string(&mut text);
        read.map_err(|why| self.unreachable(why))?;
        self.judge(status, &text)
    }

    fn judge(&self, status: u16, text: &str) -> Result<Json, Fault> {
        let body: Option<Json> = serde_json::from_str(text).ok();
        match (status, body) {
            (201, Some(body)) => Ok(body),
            // Errors that the buyer can act on go back to the buyer.
            (400 | 409, Some(body)) => {
                let why = body["error"].as_str().unwrap_or_default().to_owned();
                Err(Fault::Refused { status, why })
            }
            _ => Err(Fault::Broken {
                peer: self.name,
                status,
            }),
        }
    }

    fn unreachable(&self, why: io::Error) -> Fault {
        Fault::Unreachable {
            peer: self.name,
            why,
        }
    }
}

/// An I/O error names itself as its source; the record needs it only once.
fn plain(why: minreq::Error) -> io::Error {
    match why {
        minreq::Error::IoError(why) => why,
        why => io::Error::other(why),
    }
}
