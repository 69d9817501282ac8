//! Layers for HTTP: each request that a server handles is a unit of work, and the
//! requests that a client sends carry its ids. Feature `tower`.
//!
//! [`TraceLayer`] works with any tower service of `http` requests, such as axum,
//! tonic and hyper. Handlers, and all the code they call, reach the trace through
//! [`current`](crate::current):
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
//! | `method`, `path` | from the request; the path without its query, which may hold secrets |
//! | `request_bytes` | how many bytes of the request's body were read, if there is a body |
//! | `request_bytes_promised` | the request's `Content-Length`, if that is a different number |
//! | `status` | the HTTP status, which also sets the [level](crate::Trace::status): warn from 400, error from 500 |
//! | `head_ms` | the time from the request's head to the response's head, in milliseconds |
//! | `grpc.status` | the status of a gRPC call; 2, 4 and 12 to 15 are the server's fault and make the outcome an error; any other except 0 raises the level to warn |
//! | `response_bytes` | how many bytes of the response's body the server took |
//! | `response_bytes_promised` | the response's `Content-Length`, if that is a different number |
//! | `error` | an error of the service or of a body |
//!
//! Heads and trailers do not count as bytes. The counts are recorded at the end; a
//! [`checkpoint`](crate::Trace::checkpoint) has only `request_bytes_promised`.
//!
//! Fields that handlers set come after those of the request and before those of the
//! response. Hooks can set more: [`TraceLayer::on_request`], which shows how to
//! record axum's route, and [`TraceLayer::on_response`].
//!
//! # When it is written
//!
//! The record is written when the body of the response ends. If there is no body,
//! it is written together with the head. That is the case for the response to a
//! `HEAD`, for 204 and 304, and for an empty body, and also for the 101 of an
//! upgrade and the response that accepts a `CONNECT`, because their streams are not
//! part of the unit. Until the record is written, the trace is current whenever the
//! service or the body is polled.
//!
//! | what happens | outcome |
//! |---|---|
//! | the response is complete | `ok`, unless the handler or the status set `error` |
//! | the client goes away: the service's future or the response's body is dropped early | `cancelled` |
//! | the client goes away during its upload: the request's body fails, or ends before its `Content-Length` | `cancelled`, with the error's text, whatever the handler responds |
//! | the service or the response's body fails | `error`, with its text |
//! | the response's body is shorter or longer than its `Content-Length` | `error` |
//! | the handler does not read the request's body to its end | as if it had |
//! | the handler panics | `panic`, with the fields that it had set; if a layer inside this one turns the panic into a 500, `error` |
//!
//! A response is complete when the server has taken all of it; bytes in the buffers
//! of the server and the operating system may still be lost. A client that stops
//! reading keeps its unit open until the connection is closed, which costs no more
//! than the memory of the unit. On HTTP/1, a server notices that a client has gone away
//! during its upload when the handler reads the body. A body that never ends can write a
//! [`checkpoint`](crate::Trace::checkpoint) now and then.
//!
//! # Order of layers
//!
//! To this layer, the layers inside it are part of the service, and those outside are
//! part of the client. If a layer outside drops the response or cuts off the request,
//! the unit is cancelled; if it responds by itself, there is no record. So put
//! `TraceLayer` outside every layer that can respond or fail by itself. On an axum
//! `Router`, that means adding it last.
//!
//! | layer | outside | inside |
//! |---|---|---|
//! | `TimeoutLayer` of tower-http: the handler is too slow | `outcome=cancelled` | `outcome=ok status=408` |
//! | `TimeoutLayer` of tower: the handler is too slow | `outcome=cancelled` | `outcome=error error="request timed out"` |
//! | `RequestBodyTimeoutLayer`: the upload stalls | `outcome=cancelled status=400 request_bytes=3 error="data was not received within the designated timeout"` | `outcome=ok status=400 request_bytes=3` |
//! | `ResponseBodyTimeoutLayer`: the response stalls | `outcome=cancelled status=200 response_bytes=3` | `outcome=error status=200 response_bytes=3 error="data was not received within the designated timeout"` |
//! | `RequestBodyLimitLayer`: `Content-Length` is over the limit | no record | `outcome=ok status=413 request_bytes=0 request_bytes_promised=10` |
//! | `RequestBodyLimitLayer`: the body turns out to be over the limit | `outcome=cancelled status=413 request_bytes=0 error="length limit exceeded"` | `outcome=ok status=413 request_bytes=10` |
//! | `DefaultBodyLimit` of axum: the body is over the limit | `outcome=ok status=413 request_bytes=10` | `outcome=ok status=413 request_bytes=10` |
//! | `RequestDecompressionLayer`: 1000 bytes, sent as 29 | `outcome=ok status=200 request_bytes=1000` | `outcome=ok status=200 request_bytes=29` |
//! | `CompressionLayer`: 600 bytes, sent as 44 | `outcome=ok status=200 response_bytes=600` | `outcome=ok status=200 response_bytes=44` |
//! | `CatchPanicLayer`: the handler panics | `outcome=panic` | `outcome=error status=500` |
//! | `LoadShedLayer`: no capacity is left | no record | `outcome=error error="service overloaded"` |
//! | `CorsLayer`: a preflight request | no record | `outcome=ok status=200` |
//! | `TraceLayer` of tower-http | `outcome=ok status=200 response_bytes=600` | `outcome=ok status=200 response_bytes=600` |
//!
//! `CatchPanicLayer` is the exception: put it outside to get `outcome=panic`. On axum,
//! a `RequestBodyLimitLayer` outside also changes the status from 413 to 400 if the
//! body turns out to be over the limit, because axum does not recognize an error that
//! is wrapped in more than two bodies.
//!
//! The service inside this layer receives the request's body as a [`RequestBody`],
//! which counts it. Routers of axum and tonic accept any body; [`RequestBody`] shows
//! what other services do.
//!
//! # Ids
//!
//! The layer reads `traceparent`, `tracestate`, B3 and `X-Request-ID` with
//! [`continue_from_headers`](crate::Trace::continue_from_headers): a missing,
//! repeated or malformed header never fails the request. At the edge of your system,
//! [`TraceLayer::fresh_ids`] ignores these headers, and removes them. The response carries
//! `X-Request-ID` and `traceparent`, unless the service wrote its own. Those of a
//! `TraceLayer` further in, and a `traceparent` of the same transaction from another service,
//! are replaced: the client is told the unit that it called.
//!
//! A request that is handled while another unit is current is inside that unit: with one
//! `TraceLayer` inside another, for example, or if a handler calls a service in its own
//! process. It shares the ids of the unit around, as [`current`](crate::current) describes.
//! Such a request often carries copies of the headers that the outer request came with. These
//! name a caller who called the outer unit and not this one, so they change nothing. Headers
//! that name another transaction are no copies, and win: the unit around may be a connection
//! whose requests come from many callers, or a test. So do those that name a
//! [`child`](crate::Trace::child). A `TraceLayer` with `fresh_ids` shares nothing with the
//! unit around.
//!
//! For calls that the handler makes, use [`PropagateLayer`] or [`inject_current`],
//! and [`current::traceparent`](crate::current::traceparent) with any other client.
//! They replace ids that a request already has, so a proxy can copy all headers that
//! it received; [`PropagateLayer::keep_valid`] leaves valid ids alone.
//! A spawned task is part of the unit only with
//! [`in_current_unit`](crate::future::InTraceExt::in_current_unit).
//!
//! All calls of a unit carry its `span_id`, which is the `parent_id` of each unit that
//! they start elsewhere. A call has a `span_id` of its own if it is a unit of its own:
//! use [`run!`](crate::run) around the call, or [`child`](crate::Trace::child). A unit that is
//! disabled has no `span_id` that a record could name, so its calls carry the ids that it
//! passes on.
//!
//! If logging is turned off, ids are passed on byte for byte, `tracestate` included.
//! They are made only where none came or where they are malformed.
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
//! use traceline::tower::{RequestBody, TraceLayer};
//! use tower_layer::Layer;
//!
//! async fn hello(_: Request<RequestBody<Incoming>>) -> Result<Response<Full<Bytes>>, Infallible> {
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
mod client;
mod service;
mod head;
mod layer;
mod body;
mod request;
mod http;

pub use body::TraceBody;
pub use client::{Propagate, PropagateLayer, inject, inject_current};
pub use layer::TraceLayer;
pub use request::RequestBody;
pub use service::{ResponseFuture, TraceService};
