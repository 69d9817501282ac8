//! The layer, and how a request becomes a unit.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::str::FromStr;
use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Request, request, response};
use log::Level;
use tower_layer::Layer;

use super::service::TraceService;
use crate::config::Config;
use crate::guard;
use crate::trace::Trace;

type OnRequest = dyn Fn(&request::Parts, &mut Trace) + Send + Sync;
pub(super) type OnResponse = dyn Fn(&response::Parts, &mut Trace) + Send + Sync;

/// Makes each request that a server handles a unit of work; a layer for axum,
/// tonic and whatever else is a tower service of `http` requests.
///
/// | setting | default |
/// |---|---|
/// | [`target`](Self::target) | that of the configuration, `traceline`: set it, as a filter such as `RUST_LOG=myapp=info` drops such a record |
/// | [`name`](Self::name) | `request` |
/// | [`level`](Self::level) | info |
/// | [`config`](Self::config) | the one that is [installed](Config::install) |
/// | [`on_request`](Self::on_request), [`on_response`](Self::on_response) | nothing |
/// | [`respond_with_traceparent`](Self::respond_with_traceparent) | `true` |
///
/// The [module](super) tells what is in the record and when it is written.
///
/// # Examples
///
/// ```
/// # #[cfg(traceline_docs)] {
/// use axum::{Router, routing::get};
/// use traceline::{current, tower::TraceLayer};
///
/// let app: Router = Router::new()
///     .route("/carts/{id}", get(|| async { current::set("items", 3); "3 items" }))
///     .layer(TraceLayer::new().target(module_path!()));
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is added to a service"]
pub struct TraceLayer(Settings);

#[derive(Clone)]
pub(super) struct Settings {
    name: Cow<'static, str>,
    target: Option<Cow<'static, str>>,
    level: Level,
    config: Option<Config>,
    /// Where the layer was made: handlers are in other files, and their
    /// fragments name them.
    location: &'static Location<'static>,
    on_request: Option<Arc<OnRequest>>,
    pub(super) on_response: Option<Arc<OnResponse>>,
    pub(super) with_traceparent: bool,
}

impl Default for TraceLayer {
    #[track_caller]
    fn default() -> TraceLayer {
        TraceLayer::new()
    }
}

impl TraceLayer {
    /// Makes a layer with the defaults. The target is to be set, as a function
    /// cannot know the module it is called from.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!());
    /// ```
    #[track_caller]
    pub fn new() -> TraceLayer {
        TraceLayer(Settings {
            name: Cow::Borrowed("request"),
            target: None,
            level: Level::Info,
            config: None,
            location: Location::caller(),
            on_request: None,
            on_response: None,
            with_traceparent: true,
        })
    }

    /// Sets the target that logger filters look at. One that is no literal is
    /// copied for each request, and so is a [`name`](Self::name).
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target("shop::http");
    /// ```
    pub fn target(mut self, target: impl Into<Cow<'static, str>>) -> Self {
        self.0.target = Some(target.into());
        self
    }

    /// Sets what the units are called.
    ///
    /// # Examples
    ///
    /// ```
    /// // ts=… level=info msg=api outcome=ok …
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).name("api");
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Sets the level of the units; status and outcome raise it.
    ///
    /// # Examples
    ///
    /// ```
    /// // Requests that went well are of interest to nobody but the developer.
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).level(log::Level::Debug);
    /// ```
    pub fn level(mut self, level: Level) -> Self {
        self.0.level = level;
        self
    }

    /// Sets the configuration of these units alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, Format, tower::TraceLayer};
    ///
    /// let json = Config::builder().format(Format::Json).build()?;
    /// let layer = TraceLayer::new().target(module_path!()).config(&json);
    /// # Ok::<(), traceline::ConfigError>(())
    /// ```
    pub fn config(mut self, config: &Config) -> Self {
        self.0.config = Some(config.clone());
        self
    }

    /// Sets what is done with the head of each request, before the service sees
    /// it; not called where the logger would not take even an error.
    ///
    /// `std::mem::take` takes the trace out, and the request has no record and no
    /// ids. A hook that panics is caught.
    ///
    /// # Examples
    ///
    /// The route, which axum keeps in the extensions, instead of the path; no
    /// records of health checks:
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// use axum::extract::MatchedPath;
    /// use traceline::tower::TraceLayer;
    ///
    /// let layer = TraceLayer::new().target(module_path!()).on_request(|request, trace| {
    ///     if request.uri.path() == "/health" {
    ///         return std::mem::take(trace).discard();
    ///     }
    ///     let route = request.extensions.get::<MatchedPath>();
    ///     trace.set("route", route.map(MatchedPath::as_str)).unset("path");
    ///     trace.set("version", traceline::debug(&request.version));
    /// });
    /// # }
    /// ```
    pub fn on_request(
        mut self,
        hook: impl Fn(&request::Parts, &mut Trace) + Send + Sync + 'static,
    ) -> Self {
        self.0.on_request = Some(Arc::new(hook));
        self
    }

    /// Sets what is done with the head of each response, after the status is
    /// known; not called where the logger would not take even an error. A hook
    /// that panics is caught.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::tower::TraceLayer;
    ///
    /// let layer = TraceLayer::new().target(module_path!()).on_response(|response, trace| {
    ///     if response.status == 429 {
    ///         trace.set_level(log::Level::Info);
    ///     }
    /// });
    /// ```
    pub fn on_response(
        mut self,
        hook: impl Fn(&response::Parts, &mut Trace) + Send + Sync + 'static,
    ) -> Self {
        self.0.on_response = Some(Arc::new(hook));
        self
    }

    /// Sets whether responses carry the ids of their unit in a header
    /// `traceparent`, beside `X-Request-ID`. No standard asks for it, so a
    /// service at the edge may keep them to itself.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).respond_with_traceparent(false);
    /// ```
    pub fn respond_with_traceparent(mut self, on: bool) -> Self {
        self.0.with_traceparent = on;
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService::new(inner, Arc::new(self.0.clone()))
    }
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
                let _ = guard::run(|| hook(&parts, trace));
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

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
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
