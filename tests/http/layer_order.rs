//! The table in the docs of the module `tower`: which record a request leaves if another layer is outside the
//! `TraceLayer`, and which if it is inside. Each row is made with the real layer.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, put};
use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer, TimeoutLayer};
use tower_service::Service;
use traceline::Config;
use traceline::tower::TraceLayer;

use crate::util::Bench;

const TIME: Duration = Duration::from_millis(5);

/// A body of one frame that does not know its size, and after which it may wait for ever.
struct Frames(Option<&'static str>, bool);

impl Frames {
    fn of(text: &'static str, stalls: bool) -> Frames {
        Frames(Some(text), stalls)
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))),
            None if self.1 => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

fn app() -> Router {
    let panics = || async {
        panic!("no such cart");
        #[allow(unreachable_code)]
        "never"
    };
    Router::new()
        .route("/hello", get(|| async { "hello ".repeat(100) }))
        .route("/slow", get(pending::<()>))
        .route("/panics", get(panics))
        .route(
            "/stalls",
            get(|| async { AxumBody::new(Frames::of("abc", true)) }),
        )
        .route(
            "/put",
            put(|body: Bytes| async move { body.len().to_string() }),
        )
}

fn ask(path: &str) -> Request<AxumBody> {
    Request::get(path).body(AxumBody::empty()).unwrap()
}

fn send(body: impl Into<AxumBody>) -> Request<AxumBody> {
    Request::put("/put").body(body.into()).unwrap()
}

/// The fields of interest in the record of a request, as a cell of the table.
async fn cell<S, B>(
    keys: &str,
    request: Request<AxumBody>,
    service: impl FnOnce(TraceLayer) -> S,
) -> String
where
    S: Service<Request<AxumBody>, Response = Response<B>>,
    B: Body<Error: Display>,
{
    let bench = Bench::new(Config::builder().header(false));
    let service = service(TraceLayer::new().config(&bench.config));
    if let Ok(response) = service.oneshot(request).await {
        let _ = response.into_body().collect().await;
    }
    let lines = bench.log.take_lines();
    let Some(line) = lines.first() else {
        return "no record".to_owned();
    };
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let fields = keys.split(' ').filter_map(|key| field(line, key));
    let fields: Vec<&str> = fields.collect();
    format!("`{}`", fields.join(" "))
}

/// A field of a logfmt line, with its key.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let start = line.find(&format!(" {key}="))? + 1;
    let value = start + key.len() + 1;
    let len = match line[value..].strip_prefix('"') {
        Some(text) => text.find('"')? + 2,
        None => line[value..].find(' ').unwrap_or(line.len() - value),
    };
    Some(&line[start..value + len])
}

/// A row: the layer, then the cells with it outside and inside.
macro_rules! row {
    ($text:expr, $layer:expr, $keys:expr, $request:expr) => {{
        let outside = cell($keys, $request, |trace| {
            ServiceBuilder::new()
                .layer($layer)
                .layer(trace)
                .service(app())
        });
        let inside = cell($keys, $request, |trace| {
            ServiceBuilder::new()
                .layer(trace)
                .layer($layer)
                .service(app())
        });
        format!("//! | {} | {} | {} |\n", $text, outside.await, inside.await)
    }};
}

/// A thousand bytes, compressed.
const GZIPPED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xa8\x18\x05\xa3\x60\x14\x0c\x77\x00\x00\xe6\xc9\x41\x3b\xe8\x03\x00\x00";

#[tokio::test]
async fn each_row_of_the_docs_is_what_the_layers_do() {
    let sized = || {
        let mut request = send("0123456789");
        request.headers_mut().insert("content-length", 10.into());
        request
    };
    let chunked = || send(AxumBody::new(Frames::of("0123456789", false)));
    let stalls = || send(AxumBody::new(Frames::of("abc", true)));
    let compressed = || {
        let mut request = send(GZIPPED);
        let headers = request.headers_mut();
        headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        headers.insert("content-length", GZIPPED.len().into());
        request
    };
    let accepts = || {
        let mut request = ask("/hello");
        let value = HeaderValue::from_static("gzip");
        request.headers_mut().insert("accept-encoding", value);
        request
    };
    let preflight = || {
        let request = Request::options("/hello").header("origin", "http://shop.test");
        let request = request.header("access-control-request-method", "GET");
        request.body(AxumBody::empty()).unwrap()
    };
    let timeout = || TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME);
    // Full from the beginning.
    let shed = || {
        let limit = GlobalConcurrencyLimitLayer::with_semaphore(Arc::new(Semaphore::new(0)));
        let layers = ServiceBuilder::new().layer(LoadShedLayer::new());
        layers.layer(limit).into_inner()
    };
    let rows = [
        row!(
            "`TimeoutLayer` of tower-http: the handler is too slow",
            timeout(),
            "outcome status",
            ask("/slow")
        ),
        row!(
            "`TimeoutLayer` of tower: the handler is too slow",
            tower::timeout::TimeoutLayer::new(TIME),
            "outcome status error",
            ask("/slow")
        ),
        row!(
            "`RequestBodyTimeoutLayer`: the upload stalls",
            RequestBodyTimeoutLayer::new(TIME),
            "outcome status request_bytes error",
            stalls()
        ),
        row!(
            "`ResponseBodyTimeoutLayer`: the response stalls",
            ResponseBodyTimeoutLayer::new(TIME),
            "outcome status response_bytes error",
            ask("/stalls")
        ),
        row!(
            "`RequestBodyLimitLayer`: `Content-Length` is over the limit",
            RequestBodyLimitLayer::new(5),
            "outcome status request_bytes request_bytes_promised",
            sized()
        ),
        row!(
            "`RequestBodyLimitLayer`: the body turns out to be over the limit",
            RequestBodyLimitLayer::new(5),
            "outcome status request_bytes error",
            chunked()
        ),
        row!(
            "`DefaultBodyLimit` of axum: the body is over the limit",
            DefaultBodyLimit::max(5),
            "outcome status request_bytes",
            chunked()
        ),
        row!(
            "`RequestDecompressionLayer`: 1000 bytes, sent as 29",
            RequestDecompressionLayer::new(),
            "outcome status request_bytes",
            compressed()
        ),
        row!(
            "`CompressionLayer`: 600 bytes, sent as 44",
            CompressionLayer::new(),
            "outcome status response_bytes",
            accepts()
        ),
        row!(
            "`CatchPanicLayer`: the handler panics",
            CatchPanicLayer::new(),
            "outcome status",
            ask("/panics")
        ),
        row!(
            "`LoadShedLayer`: no capacity is left",
            shed(),
            "outcome error",
            ask("/hello")
        ),
        row!(
            "`CorsLayer`: a preflight request",
            CorsLayer::permissive(),
            "outcome status",
            preflight()
        ),
        row!(
            "`TraceLayer` of tower-http",
            tower_http::trace::TraceLayer::new_for_http(),
            "outcome status response_bytes",
            ask("/hello")
        ),
    ];
    let docs = include_str!("../../src/tower/mod.rs");
    let (_, table) = docs
        .split_once("//! | layer | outside | inside |\n")
        .unwrap();
    let (_, table) = table.split_once("|---|---|---|\n").unwrap();
    let (table, _) = table.split_once("//!\n").unwrap();
    assert_eq!(table, rows.concat());
}

#[tokio::test]
async fn axum_takes_a_limit_outside_for_any_other_error() {
    for (outside, status) in [(true, 400), (false, 413)] {
        let bench = Bench::new(Config::builder().header(false));
        let layer = TraceLayer::new().config(&bench.config);
        let limit = RequestBodyLimitLayer::new(5);
        let app = match outside {
            true => app().layer(layer).layer(limit),
            false => app().layer(limit).layer(layer),
        };
        let body = AxumBody::new(Frames::of("0123456789", false));
        let response = app.oneshot(send(body)).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

/// `from_fn` insists on axum's own body.
#[tokio::test]
async fn layers_that_name_their_body_go_inside_with_a_layer_between() {
    let bench = Bench::new(Config::builder().header(false));
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new().config(&bench.config))
        .layer(MapRequestBodyLayer::new(AxumBody::new))
        .layer(from_fn(|request, next: Next| next.run(request)));
    let body = AxumBody::new(Frames::of("0123456789", false));
    let response = app().layer(layers).oneshot(send(body)).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "10"
    );
    let line = &bench.log.take_lines()[0];
    assert!(
        line.ends_with(" response_bytes=2 request_bytes=10"),
        "{line}"
    );
}
