//! The service and its future: from the request to the head of the response.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use pin_project_lite::pin_project;

use crate::context::cancel::CancelGuard;
use crate::context::future::InTrace;
use crate::tower::body::TraceBody;
use crate::tower::head::Head;
use crate::tower::http::record;
use crate::tower::request::Settings;

/// A service whose requests are units of work; made by [`TraceLayer`](super::TraceLayer).
///
/// # Examples
///
/// ```
/// # #[cfg(traceline_docs)] {
/// use traceline::tower::{TraceLayer, TraceService};
/// use tower_layer::Layer;
///
/// let service: TraceService<axum::Router> = TraceLayer::new().target(module_path!()).layer(axum::Router::new());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TraceService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> TraceService<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> TraceService<S> {
        TraceService { inner, settings }
    }
}

impl<S, Q, R> Service<Request<Q>> for TraceService<S>
where
    S: Service<Request<Q>, Response = Response<R>>,
    S::Error: Display + 'static,
    R: Body,
{
    type Response = Response<TraceBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> ResponseFuture<S::Future> {
        let head = Head {
            is_head: request.method() == Method::HEAD,
            is_connect: request.method() == Method::CONNECT,
            with_traceparent: self.settings.with_traceparent,
            on_response: self.settings.on_response.clone(),
        };
        let mut unit = CancelGuard::new(self.settings.start(&request));
        let request = self.settings.hook(request, unit.trace());
        let inner = &mut self.inner;
        let future = unit.poll(|| inner.call(request));
        ResponseFuture {
            inner: InTrace::new(unit, future),
            head,
        }
    }
}

pin_project! {
    /// What a [`TraceService`] answers with: a response whose body ends the unit.
    ///
    /// Dropped before it is ready, it leaves a record with `outcome=cancelled`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// use traceline::tower::TraceLayer;
    /// use tower_layer::Layer;
    /// use tower_service::Service;
    ///
    /// let mut service = TraceLayer::new().target(module_path!()).layer(axum::Router::new());
    /// let future = service.call(http::Request::new(axum::body::Body::empty()));
    /// drop(future); // ts=… level=warn msg=request … outcome=cancelled duration_ms=0.012 method=GET path=/
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: InTrace<F>,
        head: Head,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display + 'static,
    R: Body,
{
    type Output = Result<Response<TraceBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let result = ready!(this.inner.as_mut().poll_inside(context));
        let mut unit = this.inner.unit().hand_over();
        Poll::Ready(match result {
            Ok(response) => Ok(this.head.respond(unit, response)),
            Err(error) => {
                record(&error, unit.trace());
                unit.end();
                Err(error)
            }
        })
    }
}
