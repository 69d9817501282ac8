//! Layers for HTTP: each request of a server is a unit of work, and the requests
//! of a client carry its ids. Feature `tower`.
//!
//! [`TraceLayer`] serves whatever is a tower service of `http` requests: axum,
//! tonic, hyper. Handlers, and all they call, reach the trace by [`current`](crate::current):
//!
//! ```
//! # #[cfg(traceline_docs)] {
//! use axum::{Router, routing::get};
//! use traceline::{current, tower::TraceLayer};
//!
//! async fn cart() -> String {
//!     current::set("items", 3);
//!     "3 items".to_owned()
//! }
//!
//! let app: Router = Router::new()
//!     .route("/carts/{id}", get(cart))
//!     .layer(TraceLayer::new().target(module_path!())); // axum::serve(listener, app).await
//! # }
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.402741Z level=info msg=request trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=5a1c6e77d0b3f2a9 parent_id=00f067aa0ba902b7 trace_flags="01" request_id=order-4711 outcome=ok duration_ms=0.164 method=GET path=/carts/7 items=3 status=200 head_ms=0.131 response_bytes=7
//! ```
//!
//! # The record
//!
//! | field | |
//! |---|---|
//! | `method`, `path` | of the request; the path without its query, where secrets are |
//! | `request_bytes` | what `Content-Length` says; left out where it says nothing |
//! | `status` | with what it [means](crate::Trace::status): from 400 a warning, from 500 an error |
//! | `head_ms` | from the request's head to the response's, in ms |
//! | `grpc.status` | of a gRPC call: 2, 4 and 12 to 15 are the server's fault and an error, others but 0 a warning |
//! | `response_bytes` | bytes of the body that the server took; not of the head |
//! | `error` | an error of the service or of the body |
//!
//! What handlers set stands between those of the request and those of the
//! response. [`TraceLayer::on_request`] and [`TraceLayer::on_response`] set more,
//! and have a recipe for axum's route.
//!
//! # When it is written
//!
//! When the body of the response ends, or with the head where none follows: to a
//! `HEAD`, with 204 and 304, where the body is empty, and with the 101 of an
//! upgrade or the answer to a `CONNECT`, whose streams are no part of the unit.
//! Until then the trace is current whenever the service and the body are polled.
//!
//! | what happens | outcome |
//! |---|---|
//! | the response is complete | `ok`, unless the handler or the status said `error` |
//! | the client goes away: the service's future or the body is dropped early | `cancelled` |
//! | the service or the body fails | `error`, with its text |
//! | the handler panics | `panic`, with what it had set before; a layer inside of this one that catches panics makes it a 500, and an `error` |
//!
//! Complete means that the server took all of it: what lies in the buffers of
//! the server and of the operating system may still be lost. A client that stops
//! reading keeps its unit open until the connection goes; that costs no more
//! than the unit. Where a body never ends, it may write a
//! [`checkpoint`](crate::Trace::checkpoint) now and then.
//!
//! # IdMaker
//!
//! `traceparent`, `tracestate`, B3 and `X-Request-ID` of the request are taken as
//! [`continue_from_headers`](crate::Trace::continue_from_headers) does: what is
//! absent, comes twice or is none gives fresh ids and never an error. The response carries
//! `X-Request-ID` and `traceparent`, unless the service wrote its own. For calls
//! that the handler makes there are [`PropagateLayer`], [`inject_current`], and
//! [`current::traceparent`](crate::current::traceparent) for clients of any kind. A task that is spawned is not in
//! the unit: take the ids before.
//!
//! Where logging is off, the ids are passed on nevertheless.
//!
//! # hyper
//!
//! ```no_run
//! # #[cfg(traceline_docs)] {
//! use std::convert::Infallible;
//!
//! use http_body_util::Full;
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response, server::conn::http1};
//! use hyper_util::{rt::TokioIo, service::TowerToHyperService};
//! use traceline::tower::TraceLayer;
//! use tower_layer::Layer;
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from("hello")))
//! }
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = TraceLayer::new().target(module_path!());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! loop {
//!     let (stream, _) = listener.accept().await?;
//!     let service = TowerToHyperService::new(layer.layer(tower::service_fn(hello)));
//!     tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
//! }
//! # }
//! # }
//! ```
//!
//! # tonic
//!
//! ```text
//! let server = tonic::transport::Server::builder()
//!     .layer(TraceLayer::new().target(module_path!()))
//!     .add_service(CartServer::new(carts));
//! let client = StockClient::new(PropagateLayer::new().layer(channel));
//! ```

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod layer;
pub(crate) mod client;
pub(crate) mod service;
pub(crate) mod head;
pub(crate) mod request;
pub(crate) mod body;
pub(crate) mod http;

pub use body::TraceBody;
pub use client::{Propagate, PropagateLayer, inject, inject_current};
pub use layer::TraceLayer;
pub use service::{ResponseFuture, TraceService};
