//! The layer, and how a request becomes a unit.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::{request, response};
use log::Level;
use tower_layer::Layer;

use crate::config::process::Config;
use crate::tower::request::Settings;
use crate::tower::service::TraceService;
use crate::trace::Trace;

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
    /// use traceline::{tower::TraceLayer, Config, Format};
    ///
    /// let json = Config::builder().format(Format::Json).build()?;
    /// let layer = TraceLayer::new().target(module_path!()).config(&json);
    /// # Ok::<(), traceline::config::ConfigError>(())
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

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
