use std::any::Any;
use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue};
use log::Level;

use crate::trace::Trace;
use crate::value::eager;
use crate::value::outcome::Outcome;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Writes a header that is not there yet. What the map has no room for is left
/// out: `insert` would panic.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(http::header::Entry::Vacant(place)) = headers.try_entry(name)
        && let Ok(value) = HeaderValue::from_bytes(value)
    {
        let _ = place.try_insert(value);
    }
}

/// The status of a gRPC call, which is 200 for HTTP: in the trailers, or in the
/// head of a response that is nothing else.
///
/// Those of them that are the server's fault make it an error: the ones that
/// OpenTelemetry's conventions list.
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

/// What a `Content-Length` says, if it says anything.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    number(headers.get(CONTENT_LENGTH)?)
}

/// A number as HTTP and gRPC write it: of digits alone, where `parse` takes a sign.
pub(super) fn number<N: FromStr>(value: &HeaderValue) -> Option<N> {
    let text = value.to_str().ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    text.parse().ok()
}

/// Records an error of the service's or the body's.
///
/// They are bound by `Display` alone, as the `BoxError` of tower is no `Error`.
/// That one is recorded with its sources, of others the text alone is known.
pub(super) fn record<E: Display + 'static>(error: &E, trace: &mut Trace) {
    if let Some(boxed) = (error as &dyn Any).downcast_ref::<Box<dyn Error + Send + Sync>>() {
        trace.error(boxed);
    } else if let Some(limit) = trace.look(|entry| entry.limits.value) {
        let text = eager::format(limit, |out| write!(out, "{error}"));
        trace.error(text.as_str());
    }
}
