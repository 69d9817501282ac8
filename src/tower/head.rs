//! What the head of a response tells of its unit, and the ids it carries.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body::Body;

use crate::base::catch;
use crate::context::cancel::CancelGuard;
use crate::tower::body::TraceBody;
use crate::tower::http::{grpc_status, put};
use crate::tower::request::OnResponse;
use crate::trace::Trace;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
        mut unit: CancelGuard,
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
                let _ = catch::call(|| hook(&parts, trace));
            }
        }
        self.write_ids(trace, &mut parts.headers);
        let body = match is_open {
            true => TraceBody::open(body, unit, &parts.headers),
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

    /// IdMaker for the client, unless the service wrote its own.
    fn write_ids(&self, trace: &mut Trace, headers: &mut HeaderMap) {
        let outgoing = trace.outgoing();
        if let Some(id) = outgoing.request_id {
            put(headers, REQUEST_ID, id);
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
