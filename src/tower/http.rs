//! Headers, statuses and errors of HTTP and gRPC.

use std::any::Any;
use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue};
use log::Level;

use crate::trace::Trace;
use crate::unit::Entry;
use crate::value::eager;
use crate::value::outcome::Outcome;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Writes a header, unless the map has one of that name or is full; `insert` would
/// panic then.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(http::header::Entry::Vacant(place)) = headers.try_entry(name)
        && let Ok(value) = HeaderValue::from_bytes(value)
    {
        let _ = place.try_insert(value);
    }
}

/// Records the status of a gRPC call, whose HTTP status is always 200. It is in the
/// trailers, or in the head of a response that consists of nothing else.
///
/// A status that is the server's fault, according to the conventions of
/// OpenTelemetry, makes the outcome an error.
pub(super) fn grpc_status(headers: &HeaderMap, trace: &mut Trace) {
    let Some(status) = headers.get(GRPC_STATUS).and_then(number::<u32>) else {
        return;
    };
    trace.set("grpc.status", status);
    match status {
        0 => {}
        // Unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
        2 | 4 | 12..=15 => trace.set_outcome(Outcome::Error),
        _ => _ = trace.raise(Level::Warn),
    }
}

/// The value of `Content-Length`, if there is a valid one.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    number(headers.get(CONTENT_LENGTH)?)
}

/// A number as HTTP and gRPC write it: digits only, while `parse` accepts a sign.
fn number<N: FromStr>(value: &HeaderValue) -> Option<N> {
    let text = value.to_str().ok()?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Returns whether the unit has failed for a reason that is in the record already.
pub(super) fn has_error(trace: &Trace) -> bool {
    let failed =
        |entry: &Entry| entry.error.is_some() && entry.severity.outcome() == Some(Outcome::Error);
    trace.look(failed).unwrap_or_default()
}

/// Records an error of the service or of the body.
///
/// The bound is `Display`, because tower's `BoxError` does not implement `Error`.
/// A `BoxError` is recorded with its sources, any other error with its text only.
pub(super) fn record<E: Display + 'static>(error: &E, trace: &mut Trace) {
    if let Some(boxed) = (error as &dyn Any).downcast_ref::<Box<dyn Error + Send + Sync>>() {
        trace.error(boxed);
    } else if let Some(limit) = trace.look(|entry| entry.limits.value) {
        let text = eager::format(limit, |out| write!(out, "{error}"));
        trace.error(text.as_str());
    }
}
