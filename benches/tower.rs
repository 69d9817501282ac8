//! The cost of the layer per request: a bare service and the same with the layer
//! take turns of a few hundred microseconds, so that other work on the machine
//! affects both alike. Prints medians.
//!
//! `cargo bench --features tower --bench tower`

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::Full;
use log::{Log, Metadata, Record};
use tower_layer::Layer;
use tower_service::Service;
use traceline::tower::{PropagateLayer, TraceLayer};
use traceline::{Config, Format, Trace};

/// Takes everything and keeps nothing, or takes nothing at all.
struct Sink(bool);

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        self.0
    }

    fn log(&self, record: &Record<'_>) {
        black_box(record.args().as_str());
    }

    fn flush(&self) {}
}

/// Reads a body to its end.
fn read<B: Body>(body: B) {
    let mut context = Context::from_waker(Waker::noop());
    let mut body = pin!(body);
    while !body.is_end_stream() && Pin::as_mut(&mut body).poll_frame(&mut context).is_ready() {}
}

/// Reads the request and answers with one header and a short body.
#[derive(Clone)]
struct Hello;

impl<Q: Body> Service<Request<Q>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        black_box(&request);
        read(request.into_body());
        let mut response = Response::new(Full::from(Bytes::from_static(b"hello")));
        let headers = response.headers_mut();
        headers.reserve(8);
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        ready(Ok(response))
    }
}

const USUAL: [(&str, &str); 8] = [
    ("host", "shop.test"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ),
    ("accept", "text/html,application/xhtml+xml"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("cookie", "session=2c59a7b1e4d0836f2c59a7b1e4d0836f"),
    ("cache-control", "no-cache"),
    ("connection", "keep-alive"),
];

const IDS: [(&str, &str); 3] = [
    (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    ("x-request-id", "2c59a7b1-e4d0-836f-2c59-a7b1e4d0836f"),
    ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
];

fn request(ids: usize, body: &'static [u8]) -> Request<Full<Bytes>> {
    let mut headers = HeaderMap::with_capacity(16);
    for (name, value) in USUAL.into_iter().chain(IDS.into_iter().take(ids)) {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let mut request = Request::get("/carts/7?page=2")
        .body(Full::from(body))
        .expect("a request");
    *request.headers_mut() = headers;
    request
}

/// Serves one request, as a server does.
fn serve<S, B>(service: &mut S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body,
{
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) {
        let (parts, body) = response.into_parts();
        read(body);
        black_box(parts.headers.len());
    }
}

const BATCH: usize = 256;
const TURNS: usize = 400;

/// One turn: the time per request, without the time to build it.
fn turn<S, B>(service: &mut S, ids: usize, body: &'static [u8]) -> f64
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body,
{
    let requests: Vec<_> = (0..BATCH).map(|_| request(ids, body)).collect();
    let start = Instant::now();
    for request in requests {
        serve(service, request);
    }
    start.elapsed().as_nanos() as f64 / BATCH as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn compare<S, B>(name: &str, other: S, ids: usize)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body,
{
    compare_with(name, other, ids, b"");
}

fn compare_with<S, B>(name: &str, mut other: S, ids: usize, body: &'static [u8])
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: Body,
{
    let warm = Instant::now();
    while warm.elapsed() < Duration::from_millis(100) {
        turn(&mut Hello, ids, body);
        turn(&mut other, ids, body);
    }
    let (mut bare, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        bare.push(turn(&mut Hello, ids, body));
        with.push(turn(&mut other, ids, body));
    }
    let differences = bare.iter().zip(&with).map(|(bare, with)| with - bare);
    let over = median(differences.collect());
    let (bare, with) = (median(bare), median(with));
    println!("| {name} | {bare:.0} | {with:.0} | {over:.0} |");
}

fn main() {
    let config = |format, logger| {
        let builder = Config::builder().format(format).logger(logger);
        builder.build().expect("a configuration")
    };
    let json = config(Format::Json, &Sink(true));
    let logfmt = config(Format::Logfmt, &Sink(true));
    let off = config(Format::Json, &Sink(false));
    let layer = |config: &Config| TraceLayer::new().target(module_path!()).config(config);

    println!("| a request | bare, ns | with the layer, ns | over, ns |");
    println!("|---|---:|---:|---:|");
    compare("JSON, no ids in", layer(&json).layer(Hello), 0);
    compare(
        "JSON, `traceparent` and `X-Request-ID` in",
        layer(&json).layer(Hello),
        2,
    );
    compare("JSON, `tracestate` too", layer(&json).layer(Hello), 3);
    compare(
        "logfmt, `traceparent` and `X-Request-ID` in",
        layer(&logfmt).layer(Hello),
        2,
    );
    compare_with(
        "JSON, both ids in and a body",
        layer(&json).layer(Hello),
        2,
        b"hello",
    );
    let hooked = layer(&json).on_request(|request, trace| {
        trace.set("version", traceline::debug(&request.version));
    });
    compare("JSON, with a hook", hooked.layer(Hello), 2);
    compare(
        "JSON, no `traceparent` out",
        layer(&json).respond_with_traceparent(false).layer(Hello),
        2,
    );
    compare("logging off, ids passed on", layer(&off).layer(Hello), 2);
    let mut unit = Trace::builder("unit").config(&json).start();
    let entered = unit.enter();
    compare(
        "`PropagateLayer`, for comparison",
        PropagateLayer::new().layer(Hello),
        0,
    );
    drop(entered);
    unit.discard();
}
