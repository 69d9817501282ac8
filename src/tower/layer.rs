//! The layer: the settings of its units, and how a request becomes one.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::{HeaderMap, Request, request, response};
use log::Level;

use crate::base::catch;
use crate::config::process::Config;
use crate::ids::headers::ID_HEADERS;
use crate::trace::Trace;

type OnRequest = dyn Fn(&request::Parts, &mut Trace) + Send + Sync;

type OnResponse = dyn Fn(&response::Parts, &mut Trace) + Send + Sync;

/// Makes each request that a server handles a unit of work; a layer for axum,
/// tonic and any other tower service of `http` requests.
///
/// | setting | default |
/// |---|---|
/// | [`target`](Self::target) | the configuration's, `traceline`. Set it: a filter such as `RUST_LOG=myapp=info` drops records with that target |
/// | [`name`](Self::name) | `request` |
/// | [`level`](Self::level) | info |
/// | [`config`](Self::config) | the [installed](Config::install) configuration |
/// | [`on_request`](Self::on_request), [`on_response`](Self::on_response) | nothing |
/// | [`fresh_ids`](Self::fresh_ids) | `false` |
/// | [`respond_with_traceparent`](Self::respond_with_traceparent) | `true` |
///
/// The [module](super) describes the record and when it is written.
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
pub struct TraceLayer {
    name: Cow<'static, str>,
    target: Option<Cow<'static, str>>,
    level: Level,
    config: Option<Config>,
    /// Where the layer was made: handlers are in other files, and their fragments
    /// name those files.
    location: &'static Location<'static>,
    on_request: Option<Arc<OnRequest>>,
    pub(super) on_response: Option<Arc<OnResponse>>,
    with_fresh_ids: bool,
    pub(super) with_traceparent: bool,
}

impl Default for TraceLayer {
    #[track_caller]
    fn default() -> TraceLayer {
        TraceLayer::new()
    }
}

impl TraceLayer {
    /// Creates a layer with the default settings.
    ///
    /// Set the target as well, since a function cannot know the module it is called
    /// from.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!());
    /// ```
    #[track_caller]
    pub fn new() -> TraceLayer {
        TraceLayer {
            name: Cow::Borrowed("request"),
            target: None,
            level: Level::Info,
            config: None,
            location: Location::caller(),
            on_request: None,
            on_response: None,
            with_fresh_ids: false,
            with_traceparent: true,
        }
    }

    /// Sets the target, by which loggers filter.
    ///
    /// A target or a [`name`](Self::name) that is not a literal is copied for each
    /// request.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target("shop::http");
    /// ```
    pub fn target(mut self, target: impl Into<Cow<'static, str>>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Sets the name of the units.
    ///
    /// # Examples
    ///
    /// ```
    /// // ts=… level=info msg=api outcome=ok …
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).name("api");
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the level of the units. The status and the outcome can raise it.
    ///
    /// # Examples
    ///
    /// ```
    /// // Only a developer needs the requests that went well.
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).level(log::Level::Debug);
    /// ```
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the configuration of these units only.
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
        self.config = Some(config.clone());
        self
    }

    /// Sets a hook that runs on the head of each request before the service sees
    /// it.
    ///
    /// The hook does not run if the trace is disabled. It may take the trace out
    /// with `std::mem::take`; the request then has no record and no ids. If it
    /// panics, the panic is caught.
    ///
    /// # Examples
    ///
    /// This one records the route, which axum stores in the extensions, instead of
    /// the path, and skips health checks:
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
        self.on_request = Some(Arc::new(hook));
        self
    }

    /// Sets a hook that runs on the head of each response, after its status has been
    /// recorded.
    ///
    /// The hook does not run if the trace is disabled. If it panics, the panic is
    /// caught.
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
        self.on_response = Some(Arc::new(hook));
        self
    }

    /// Sets whether each request starts a transaction of its own. The ids in its headers
    /// are ignored then, as if none had come, and so is a unit around.
    ///
    /// Set it at the edge of your system, where anybody can write these headers. After the
    /// hook of [`on_request`](Self::on_request), the headers are removed from the request, so
    /// that neither a layer further in nor a proxy that copies headers finds them.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).fresh_ids(true);
    /// ```
    pub fn fresh_ids(mut self, on: bool) -> Self {
        self.with_fresh_ids = on;
        self
    }

    /// Sets whether a response carries the ids of its unit in a header
    /// `traceparent`, in addition to `X-Request-ID`.
    ///
    /// No standard requires that header in a response, so a service at the edge may
    /// want to leave it out.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::TraceLayer::new().target(module_path!()).respond_with_traceparent(false);
    /// ```
    pub fn respond_with_traceparent(mut self, on: bool) -> Self {
        self.with_traceparent = on;
        self
    }
}

impl TraceLayer {
    /// Starts the unit of a request, with the fields that its head provides.
    pub(super) fn start<B>(&self, request: &Request<B>) -> Trace {
        let mut trace = self.trace();
        match self.with_fresh_ids {
            true => trace.continue_from_headers(&HeaderMap::new()),
            false => trace.continue_from_headers(request.headers()),
        };
        if !trace.is_enabled() {
            return trace;
        }
        trace.set("method", request.method().as_str());
        // Without the query, which may hold secrets. A `CONNECT` has no path.
        let path = request.uri().path();
        if !path.is_empty() {
            trace.set("path", path);
        }
        trace
    }

    fn trace(&self) -> Trace {
        let mut builder = Trace::builder(self.name.clone()).level(self.level);
        if let Some(target) = &self.target {
            builder = builder.target(target.clone());
        }
        if let Some(config) = &self.config {
            builder = builder.config(config);
        }
        if self.with_fresh_ids {
            builder = builder.root();
        }
        builder.start_at(self.location)
    }

    /// Runs the hook. It is not part of `start`, so that a request, which takes 240
    /// bytes, is not moved if there is no hook.
    #[inline]
    pub(super) fn hook<B>(&self, request: Request<B>, trace: &mut Trace) -> Request<B> {
        let mut request = match &self.on_request {
            Some(hook) if trace.is_enabled() => {
                let (parts, body) = request.into_parts();
                let _ = catch::call(|| hook(&parts, trace));
                Request::from_parts(parts, body)
            }
            _ => request,
        };
        if self.with_fresh_ids {
            for name in ID_HEADERS {
                request.headers_mut().remove(name);
            }
        }
        request
    }
}

/// Leaves out the hooks, which have nothing to show.
impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer")
            .field("name", &self.name)
            .field("target", &self.target)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
