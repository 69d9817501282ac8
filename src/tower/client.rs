//! Passes the ids of a unit on to the requests that it makes.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::context::current;
use crate::ids::headers::is_request_id;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::{self, StateText};
use crate::tower::head::{REQUEST_ID, TRACEPARENT, TRACESTATE};
use crate::tower::http::put;
use crate::trace::Trace;
use crate::unit::store::trace_ids::Outgoing;

/// Writes the ids of a unit into the headers of a request that it makes.
///
/// The headers are `traceparent`, `tracestate` and `X-Request-ID`. They replace those
/// that the request already has, because a proxy may have copied them from the request
/// that it received, and they would name its caller instead of this unit. If the unit
/// has no `tracestate`, the request keeps none.
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
    trace.with_outgoing(|outgoing| write(outgoing, headers, false));
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
    write_current(headers, false);
}

fn write_current(headers: &mut HeaderMap, keeps_valid: bool) {
    current::outgoing(|outgoing| {
        write(outgoing, headers, keeps_valid);
        Some(())
    });
}

fn write(outgoing: &Outgoing<'_>, headers: &mut HeaderMap, keeps_valid: bool) {
    let keeps = |name: HeaderName, is_valid: fn(&[u8]) -> bool| {
        keeps_valid && only(headers, name).is_some_and(|value| is_valid(value.as_bytes()))
    };
    let keeps_parent = keeps(TRACEPARENT, |value| TraceParent::parse_bytes(value).is_ok());
    let keeps_id = keeps(REQUEST_ID, is_request_id);
    if keeps_parent {
        remove_malformed_state(headers);
    } else if let Some(parent) = outgoing.parent {
        // A `tracestate` belongs to its `traceparent`.
        headers.remove(TRACESTATE);
        replace(headers, TRACEPARENT, &parent.to_text());
        if !outgoing.state.is_empty() {
            replace(headers, TRACESTATE, outgoing.state);
        }
    }
    if let Some(id) = outgoing.request_id
        && !keeps_id
    {
        replace(headers, REQUEST_ID, id);
    }
}

/// Removes the `tracestate` of a `traceparent` that is kept, unless it can be passed on.
fn remove_malformed_state(headers: &mut HeaderMap) {
    let states = headers.get_all(TRACESTATE).into_iter();
    let states = states.map(HeaderValue::as_bytes);
    if tracestate::list(states, &mut StateText::new()).is_err() {
        headers.remove(TRACESTATE);
    }
}

/// Returns the value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}

/// Writes a header in place of all of that name, unless the map is full.
fn replace(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    headers.remove(&name);
    put(headers, name, value);
}

/// Writes the ids of the current unit into each request of a client that is a tower
/// service.
///
/// The unit has to be current where the client is called, so put this layer outside
/// layers that call the client on another task, such as a buffer. Ids that a request
/// already has are replaced, as [`inject`] describes; see
/// [`keep_valid`](PropagateLayer::keep_valid).
///
/// All calls of a unit carry its `span_id`. To give each call one of its own, make the
/// call a unit: `run!("stock", async || client.call(request).await).await`.
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
pub struct PropagateLayer {
    keeps_valid: bool,
}

impl PropagateLayer {
    /// Creates the layer.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::PropagateLayer::new();
    /// ```
    pub fn new() -> PropagateLayer {
        PropagateLayer::default()
    }

    /// Sets whether valid ids that a request already has stay as they are. The default
    /// is `false`: they are replaced.
    ///
    /// Set it if something inside your program writes ids of its own, for example those
    /// of a [`child`](Trace::child). A proxy that copies the headers of the requests it
    /// receives must not: they are valid, but they are those of its caller.
    ///
    /// A valid `traceparent` keeps its `tracestate`, unless that is malformed. Ids that are
    /// malformed or repeated are replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = traceline::tower::PropagateLayer::new().keep_valid(true);
    /// ```
    pub fn keep_valid(mut self, on: bool) -> PropagateLayer {
        self.keeps_valid = on;
        self
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = Propagate<S>;

    fn layer(&self, inner: S) -> Propagate<S> {
        let keeps_valid = self.keeps_valid;
        Propagate { inner, keeps_valid }
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
    keeps_valid: bool,
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
        write_current(request.headers_mut(), self.keeps_valid);
        self.inner.call(request)
    }
}
