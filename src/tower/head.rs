//! The head of a response: the fields that it adds to its unit, and the ids that it
//! carries.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, Response, StatusCode, response};
use http_body::Body;

use crate::base::catch;
use crate::ids::id::TraceId;
use crate::ids::traceparent::TraceParent;
use crate::tower::body::TraceBody;
use crate::tower::http::{content_length, grpc_status, put};
use crate::tower::layer::TraceLayer;
use crate::tower::request::Exchange;
use crate::trace::Trace;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The parts of a request and its layer that the response needs.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
    /// Whether the unit is inside another.
    pub(super) is_inside: bool,
    pub(super) layer: Arc<TraceLayer>,
}

impl Head {
    /// Records the head in the unit, and passes the unit to the body, which ends it.
    pub(super) fn respond<B: Body>(
        &self,
        mut unit: Exchange,
        response: Response<B>,
    ) -> Response<TraceBody<B>> {
        let (mut parts, body) = response.into_parts();
        let has_body = self.has_body(parts.status);
        let is_open = has_body && !body.is_end_stream();
        let trace = unit.trace();
        if trace.is_enabled() {
            trace.status(parts.status.as_u16());
            trace.set("head_ms", trace.elapsed());
            // With a body, the trailers have it.
            if !is_open {
                grpc_status(&parts.headers, trace);
            }
            if let Some(hook) = &self.layer.on_response {
                let _ = catch::call(|| hook(&parts, trace));
            }
        }
        self.write_ids(trace, &mut parts);
        let promised = content_length(&parts.headers).filter(|_| has_body);
        let body = match is_open {
            true => TraceBody::open(body, unit, promised),
            false => TraceBody::ended(body, unit, promised),
        };
        Response::from_parts(parts, body)
    }

    /// Returns whether a body may follow the head. None follows for a `HEAD`, with a
    /// 204 or 304, or if the connection switches to another protocol: servers then
    /// drop the body without polling it, which must not look as if the client had
    /// gone away.
    fn has_body(&self, status: StatusCode) -> bool {
        !(self.is_head
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || (self.is_connect && status.is_success()))
    }

    /// Writes ids for the client, unless the service wrote its own. Those of a layer further
    /// in, and a `traceparent` of the same transaction, which a service sent that was called
    /// from here, are replaced: the client is told the unit that it called.
    fn write_ids(&self, trace: &mut Trace, parts: &mut response::Parts) {
        let headers = &mut parts.headers;
        if parts.extensions.remove::<FromLayer>().is_some() {
            headers.remove(REQUEST_ID);
            headers.remove(TRACEPARENT);
        }
        let written = trace.with_own_outgoing(|outgoing| {
            if let Some(id) = outgoing.request_id {
                put(headers, REQUEST_ID, id);
            }
            if let Some(parent) = outgoing.parent.filter(|_| self.layer.with_traceparent) {
                if is_of_transaction(headers, parent.trace_id()) {
                    headers.remove(TRACEPARENT);
                }
                put(headers, TRACEPARENT, &parent.to_text());
            }
        });
        if self.is_inside && written.is_some() {
            parts.extensions.insert(FromLayer);
        }
    }
}

/// Marks a response that has the ids of a unit inside another.
#[derive(Clone)]
struct FromLayer;

/// Returns whether the response carries a `traceparent` of this transaction.
fn is_of_transaction(headers: &HeaderMap, trace_id: TraceId) -> bool {
    let told = headers.get(TRACEPARENT);
    let told = told.and_then(|told| TraceParent::parse_bytes(told.as_bytes()).ok());
    told.is_some_and(|told| told.trace_id() == trace_id)
}
