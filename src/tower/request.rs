use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::{Request, request, response};
use log::Level;

use crate::base::catch;
use crate::config::process::Config;
use crate::tower::http::content_length;
use crate::trace::Trace;

type OnRequest = dyn Fn(&request::Parts, &mut Trace) + Send + Sync;

pub(super) type OnResponse = dyn Fn(&response::Parts, &mut Trace) + Send + Sync;

#[derive(Clone)]
pub(super) struct Settings {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: Option<Cow<'static, str>>,
    pub(crate) level: Level,
    pub(crate) config: Option<Config>,
    /// Where the layer was made: handlers are in other files, and their
    /// fragments name them.
    pub(crate) location: &'static Location<'static>,
    pub(crate) on_request: Option<Arc<OnRequest>>,
    pub(super) on_response: Option<Arc<OnResponse>>,
    pub(super) with_traceparent: bool,
}

impl Settings {
    /// Starts the unit of a request, with what its head says.
    pub(super) fn start<B>(&self, request: &Request<B>) -> Trace {
        let mut trace = self.trace();
        trace.continue_from_headers(request.headers());
        if !trace.is_enabled() {
            return trace;
        }
        trace.set("method", request.method().as_str());
        // Without the query, where secrets are. A `CONNECT` has no path.
        let path = request.uri().path();
        if !path.is_empty() {
            trace.set("path", path);
        }
        if let Some(bytes) = content_length(request.headers()) {
            trace.set("request_bytes", bytes);
        }
        trace
    }

    /// Runs the hook. Apart from `start`, as a request is 240 bytes to move.
    #[inline]
    pub(super) fn hook<B>(&self, request: Request<B>, trace: &mut Trace) -> Request<B> {
        match &self.on_request {
            Some(hook) if trace.is_enabled() => {
                let (parts, body) = request.into_parts();
                let _ = catch::call(|| hook(&parts, trace));
                Request::from_parts(parts, body)
            }
            _ => request,
        }
    }

    fn trace(&self) -> Trace {
        let mut builder = Trace::builder(self.name.clone()).level(self.level);
        if let Some(target) = &self.target {
            builder = builder.target(target.clone());
        }
        if let Some(config) = &self.config {
            builder = builder.config(config);
        }
        builder.start_at(self.location)
    }
}

/// Without the hooks, which have nothing to show.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer")
            .field("name", &self.name)
            .field("target", &self.target)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
