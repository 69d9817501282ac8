//! The service and its future, from the request to the head of the response.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::thread::stack;
use crate::tower::body::TraceBody;
use crate::tower::head::Head;
use crate::tower::http::record;
use crate::tower::layer::TraceLayer;
use crate::tower::request::{Exchange, RequestBody};

/// A service that makes each request a unit of work; made by [`TraceLayer`].
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
    layer: Arc<TraceLayer>,
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        let layer = Arc::new(self.clone());
        TraceService { inner, layer }
    }
}

impl<S, Q, R> Service<Request<Q>> for TraceService<S>
where
    S: Service<Request<RequestBody<Q>>, Response = Response<R>>,
    S::Error: Display + 'static,
    Q: Body,
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
            is_inside: !stack::is_empty(),
            layer: Arc::clone(&self.layer),
        };
        let mut unit = Exchange::new(self.layer.start(&request));
        let request = self.layer.hook(request, unit.trace());
        let request = unit.watch(request);
        let inner = &mut self.inner;
        let future = unit.poll(|| inner.call(request));
        ResponseFuture {
            future: Some(future),
            unit,
            head,
        }
    }
}

pin_project! {
    /// The future of a [`TraceService`]: a response whose body ends the unit.
    ///
    /// If it is dropped before it is ready, the record has `outcome=cancelled`.
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
        // `None` once the response has been returned.
        future: Option<F>,
        unit: Exchange,
        head: Head,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Anything that the destructors of the handler log belongs to the unit.
            if this.future.is_some() {
                this.unit.trace().scope(|| this.future.set(None));
            }
        }
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
        let result = ready!(this.unit.poll(|| {
            let Some(running) = this.future.as_mut().as_pin_mut() else {
                // Polled again after it was ready: `Future` does not specify what
                // happens then.
                return Poll::Pending;
            };
            let poll = running.poll(context);
            if poll.is_ready() {
                this.future.set(None);
            }
            poll
        }));
        let mut unit = this.unit.take();
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
