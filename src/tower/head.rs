//! What the head of a response tells of its unit, and the ids it carries.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;
use log::Level;

use super::body::TraceBody;
use super::layer::{OnResponse, content_length};
use crate::guard;
use crate::outcome::Outcome;
use crate::trace::Trace;
use crate::unit::Unit;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// What the end of a unit needs to know of its request and its layer.
pub(super) struct Head {
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
    pub(super) with_traceparent: bool,
    pub(super) on_response: Option<Arc<OnResponse>>,
}

impl Head {
    /// Tells the unit of the head, and gives it to the body to end.
    pub(super) fn respond<B: Body>(
        &self,
        mut unit: Unit,
        response: Response<B>,
    ) -> Response<TraceBody<B>> {
        let (mut parts, body) = response.into_parts();
        let is_open = self.has_body(parts.status) && !body.is_end_stream();
        let trace = unit.trace();
        if trace.is_enabled() {
            trace.status(parts.status.as_u16());
            trace.set("head_ms", trace.elapsed());
            // With a body it is in the trailers.
            if !is_open {
                grpc_status(&parts.headers, trace);
            }
            if let Some(hook) = &self.on_response {
                let _ = guard::run(|| hook(&parts, trace));
            }
        }
        self.write_ids(trace, &mut parts.headers);
        let body = match is_open {
            true => TraceBody::open(body, unit, content_length(&parts.headers)),
            false => TraceBody::ended(body, unit),
        };
        Response::from_parts(parts, body)
    }

    /// Whether a body may follow the head. To a `HEAD`, with 204 and 304, and
    /// where the connection becomes another protocol's, none does: servers drop
    /// it without a poll, and the client is not gone for that.
    fn has_body(&self, status: StatusCode) -> bool {
        !(self.is_head
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || (self.is_connect && status.is_success()))
    }

    /// Ids for the client, unless the service wrote its own.
    fn write_ids(&self, trace: &mut Trace, headers: &mut HeaderMap) {
        let outgoing = trace.outgoing();
        if let Some(id) = outgoing.request_id {
            put(headers, REQUEST_ID, id.as_bytes());
        }
        if let Some(parent) = outgoing.parent.filter(|_| self.with_traceparent) {
            put(headers, TRACEPARENT, &parent.to_bytes());
        }
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("is_head", &self.is_head)
            .field("is_connect", &self.is_connect)
            .finish_non_exhaustive()
    }
}

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
    let Some(value) = headers.get(GRPC_STATUS) else {
        return;
    };
    let Some(status) = value
        .to_str()
        .ok()
        .and_then(|text| text.parse::<u32>().ok())
    else {
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
