//! Passes the ids of a unit on to the requests that it makes.

use std::task::{Context, Poll};

use http::{HeaderMap, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::thread::outer;
use crate::tower::head::{REQUEST_ID, TRACEPARENT, TRACESTATE};
use crate::tower::http::put;
use crate::trace::Trace;
use crate::unit::store::trace_ids::Outgoing;

/// Writes the ids of a unit into the headers of a request that it makes.
///
/// The headers are `traceparent`, `tracestate` and `X-Request-ID`. Headers that the
/// request already has stay as they are.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::start!("order");
/// let mut request = http::Request::get("http://stock.internal/shelves/7").body(())?;
/// traceline::tower::inject(&mut trace, request.headers_mut());
/// # Ok::<(), http::Error>(())
/// ```
pub fn inject(trace: &mut Trace, headers: &mut HeaderMap) {
    trace.with_outgoing(|outgoing| write(outgoing, headers));
}

/// Writes the ids of the current unit into the headers of a request; see [`inject`].
///
/// # Examples
///
/// ```
/// fn shelves() -> http::Result<http::Request<()>> {
///     let mut request = http::Request::get("http://stock.internal/shelves/7").body(())?;
///     traceline::tower::inject_current(request.headers_mut());
///     Ok(request)
/// }
///
/// let mut trace = traceline::start!("order");
/// let request = trace.scope(shelves)?;
/// # Ok::<(), http::Error>(())
/// ```
pub fn inject_current(headers: &mut HeaderMap) {
    outer::outgoing(|outgoing| {
        write(outgoing, headers);
        Some(())
    });
}

fn write(outgoing: &Outgoing<'_>, headers: &mut HeaderMap) {
    // A `tracestate` belongs to its `traceparent`, so ours is not added to
    // someone else's.
    if let Some(parent) = outgoing.parent
        && !headers.contains_key(TRACEPARENT)
    {
        put(headers, TRACEPARENT, &parent.to_bytes());
        if !outgoing.state.is_empty() {
            put(headers, TRACESTATE, outgoing.state);
        }
    }
    if let Some(id) = outgoing.request_id {
        put(headers, REQUEST_ID, id);
    }
}

/// Writes the ids of the current unit into each request of a client that is a tower
/// service.
///
/// The unit has to be current where the client is called, so put this layer outside
/// layers that call the client on another task, such as a buffer.
///
/// # Examples
///
/// ```
/// # #[cfg(traceline_docs)] {
/// use traceline::tower::PropagateLayer;
/// use tower_layer::Layer;
/// # async fn send(_: http::Request<()>) -> std::io::Result<http::Response<()>> {
/// #     Ok(http::Response::new(()))
/// # }
///
/// let mut client = PropagateLayer::new().layer(tower::service_fn(send));
/// # use tower_service::Service;
/// # let future = client.call(http::Request::new(()));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is added to a service"]
pub struct PropagateLayer(());

impl PropagateLayer {
    /// Creates the layer.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::PropagateLayer::new();
    /// ```
    pub fn new() -> PropagateLayer {
        PropagateLayer(())
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = Propagate<S>;

    fn layer(&self, inner: S) -> Propagate<S> {
        Propagate { inner }
    }
}

/// A client that adds the ids of the current unit to its requests; made by
/// [`PropagateLayer`].
///
/// # Examples
///
/// ```
/// # #[cfg(traceline_docs)] {
/// use traceline::tower::{Propagate, PropagateLayer};
/// use tower_layer::Layer;
///
/// let client: Propagate<axum::Router> = PropagateLayer::new().layer(axum::Router::new());
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Propagate<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Propagate<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        inject_current(request.headers_mut());
        self.inner.call(request)
    }
}
