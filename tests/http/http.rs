//! The layer in a real axum server, with a real client on loopback: what happens
//! to the records when connections are kept, cut, stopped and upgraded.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use traceline::tower::{PropagateLayer, RequestBody, TraceLayer};
use traceline::{Config, current};

use crate::tags::untagged;
use crate::util;
use crate::util::{Bench, FixedIds, same_line};

/// A test that hangs counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub const IDS: &str = r#"trace_id="07070707070707070707070707070707" span_id=0a0a0a0a0a0a0a0a trace_flags="01" request_id="07070707070707070707070707070707""#;

/// A server whose units go to a bench.
pub struct Server {
    pub address: SocketAddr,
    bench: Bench,
}

impl Server {
    /// Starts a server with fixed ids and a clock that stands still.
    pub async fn start(app: impl FnOnce(TraceLayer) -> Router) -> Server {
        Server::on(
            Bench::new(Config::builder().header(false).ids(&FixedIds(7, 0x0A))),
            app,
        )
        .await
    }

    async fn on(bench: Bench, app: impl FnOnce(TraceLayer) -> Router) -> Server {
        let layer = TraceLayer::new().target("shop").config(&bench.config);
        let app = app(layer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Server { address, bench }
    }

    async fn client(&self) -> http1::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        client
    }

    async fn client2(&self) -> http2::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let io = TokioIo::new(stream);
        let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Sends bytes that need not form a request.
    pub async fn raw(&self, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes.
    pub async fn exchange(&self, text: &[u8]) -> String {
        let mut stream = self.raw(text).await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The records, once there are this many.
    async fn records(&self, count: usize) -> Vec<String> {
        let enough = async {
            while self.bench.log.records().len() < count {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = timeout(PATIENCE, enough).await;
        let lines = self.bench.log.take_lines();
        assert!(waited.is_ok(), "{count} records wanted: {lines:#?}");
        assert_eq!(lines.len(), count, "{lines:#?}");
        lines.iter().map(|line| untagged(line)).collect()
    }

    /// The next record.
    pub async fn record(&self) -> String {
        self.records(1).await.remove(0)
    }
}

fn ask(method: &str, path: &str) -> http::Request<Full<Bytes>> {
    let builder = http::Request::builder().method(method).uri(path);
    let builder = builder.header("host", "shop.test");
    builder.body(Full::default()).unwrap()
}

async fn body_of(response: http::Response<hyper::body::Incoming>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

/// This many chunks of a kilobyte; endless if `None`.
struct Chunks(Option<usize>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Some(0) => return Poll::Ready(None),
            Some(left) => *left -= 1,
            None => {}
        }
        current::incr("chunks");
        let chunk = Bytes::from_static(&[b'x'; 1024]);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        current::set("body", "dropped");
    }
}

async fn stream(count: Option<usize>) -> Response {
    Response::new(Body::new(Chunks(count)))
}

mod answers {
    use super::*;

    fn app(layer: TraceLayer) -> Router {
        Router::new()
            .route("/carts/{id}", get(|| async { "3 items" }))
            .route("/echo", post(|body: Bytes| async { body }))
            .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
            .route("/stream", get(|| stream(Some(100))))
            .route("/fails", get(|| async { StatusCode::BAD_GATEWAY }))
            .layer(layer)
    }

    fn line(level_and_rest: &str) -> String {
        format!("msg=request {IDS} {level_and_rest}")
    }

    #[tokio::test]
    async fn each_request_of_a_kept_connection_is_a_unit() {
        let server = Server::start(app).await;
        let mut client = server.client().await;
        for (method, path, status, rest) in [
            (
                "GET",
                "/carts/7?token=secret",
                200,
                "outcome=ok duration_ms=0.0 method=GET path=/carts/7 status=200 head_ms=0.0 response_bytes=7",
            ),
            (
                "HEAD",
                "/carts/7",
                200,
                "outcome=ok duration_ms=0.0 method=HEAD path=/carts/7 status=200 head_ms=0.0 response_bytes=0",
            ),
            (
                "GET",
                "/nowhere",
                404,
                "outcome=ok duration_ms=0.0 method=GET path=/nowhere status=404 head_ms=0.0 response_bytes=0",
            ),
            (
                "DELETE",
                "/carts/7",
                405,
                "outcome=ok duration_ms=0.0 method=DELETE path=/carts/7 status=405 head_ms=0.0 response_bytes=0",
            ),
            (
                "GET",
                "/empty",
                204,
                "outcome=ok duration_ms=0.0 method=GET path=/empty status=204 head_ms=0.0 response_bytes=0",
            ),
            (
                "HEAD",
                "/stream",
                200,
                "outcome=ok duration_ms=0.0 method=HEAD path=/stream status=200 head_ms=0.0 response_bytes=0",
            ),
            (
                "GET",
                "/stream",
                200,
                "outcome=ok duration_ms=0.0 method=GET path=/stream status=200 head_ms=0.0 chunks=100 body=dropped response_bytes=102400",
            ),
            (
                "GET",
                "/fails",
                502,
                "outcome=error duration_ms=0.0 method=GET path=/fails status=502 head_ms=0.0 response_bytes=0",
            ),
        ] {
            let response = client.send_request(ask(method, path)).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(
                response.headers()["x-request-id"],
                "07070707070707070707070707070707"
            );
            body_of(response).await;
            same_line(&server.record().await, &line(rest));
        }
        let mut request = ask("POST", "/echo");
        *request.body_mut() = Full::from("hello");
        request.headers_mut().insert("content-length", 5.into());
        let response = client.send_request(request).await.unwrap();
        assert_eq!(body_of(response).await, "hello");
        same_line(
            &server.record().await,
            &line(
                "outcome=ok duration_ms=0.0 method=POST path=/echo status=200 head_ms=0.0 response_bytes=5 request_bytes=5",
            ),
        );
    }

    #[tokio::test]
    async fn requests_that_wait_in_line_are_units_of_their_own() {
        let server = Server::start(app).await;
        let request = "GET /carts/1 HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\n\r\n".repeat(9);
        let last = "GET /carts/1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let answer = server.exchange(format!("{request}{last}").as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 10);
        assert_eq!(answer.matches("x-request-id: r1\r\n").count(), 9);
        server.records(10).await;
    }

    #[tokio::test]
    async fn http2_is_the_same() {
        let server = Server::start(app).await;
        let client = server.client2().await;
        for (path, rest) in [
            (
                "/carts/7",
                "outcome=ok duration_ms=0.0 method=GET path=/carts/7 status=200 head_ms=0.0 response_bytes=7",
            ),
            (
                "/empty",
                "outcome=ok duration_ms=0.0 method=GET path=/empty status=204 head_ms=0.0 response_bytes=0",
            ),
            (
                "/nowhere",
                "outcome=ok duration_ms=0.0 method=GET path=/nowhere status=404 head_ms=0.0 response_bytes=0",
            ),
            (
                "/stream",
                "outcome=ok duration_ms=0.0 method=GET path=/stream status=200 head_ms=0.0 chunks=100 body=dropped response_bytes=102400",
            ),
        ] {
            let uri = format!("http://shop.test{path}");
            let request = http::Request::get(uri).body(Full::default()).unwrap();
            let response = client.clone().send_request(request).await.unwrap();
            body_of(response).await;
            same_line(&server.record().await, &line(rest));
        }
    }

    #[tokio::test]
    async fn the_route_is_known_to_a_layer_of_the_router() {
        let server = Server::start(|layer| {
            app(layer.on_request(|request, trace| {
                let route = request.extensions.get::<MatchedPath>();
                trace.set("route", route.map(MatchedPath::as_str));
            }))
        })
        .await;
        let mut client = server.client().await;
        for (path, rest) in [
            (
                "/carts/7",
                "method=GET path=/carts/7 route=\"/carts/{id}\" status=200 head_ms=0.0 response_bytes=7",
            ),
            (
                "/nowhere",
                "method=GET path=/nowhere status=404 head_ms=0.0 response_bytes=0",
            ),
        ] {
            body_of(client.send_request(ask("GET", path)).await.unwrap()).await;
            same_line(
                &server.record().await,
                &line(&format!("outcome=ok duration_ms=0.0 {rest}")),
            );
        }
    }

    #[tokio::test]
    async fn hostile_headers_get_an_ordinary_answer() {
        let server = Server::start(app).await;
        let get = |headers: &[u8]| {
            let mut text = b"GET /carts/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n".to_vec();
            text.extend_from_slice(headers);
            text.extend_from_slice(b"\r\n");
            text
        };
        let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
        let oversized = format!(
            "traceparent: {}\r\nx-request-id: {}\r\n",
            "0".repeat(60_000),
            "a".repeat(60_000)
        );
        for headers in [
            parent.repeat(2).as_bytes(),
            parent.repeat(50).as_bytes(),
            parent
                .to_uppercase()
                .replace("TRACEPARENT", "Traceparent")
                .as_bytes(),
            b"traceparent: \xff\xfe\x80\r\nx-request-id: \xff\r\n",
            b"traceparent:\r\nx-request-id:\r\n",
            b"x-request-id: a\tb\r\n",
            b"x-request-id: <script>\r\n",
            b"X-Request-ID: a\r\nx-request-id: b\r\n",
            oversized.as_bytes(),
        ] {
            let answer = server.exchange(&get(headers)).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.contains("x-request-id: 07070707070707070707070707070707\r\n"));
            same_line(
                &server.record().await,
                &line(
                    "outcome=ok duration_ms=0.0 method=GET path=/carts/7 status=200 head_ms=0.0 response_bytes=7",
                ),
            );
        }
        // The server rejects anything but HTTP before there is a request.
        for headers in [&b"x-request-id: a\x01b\r\n"[..], b"x-request-id: a\0b\r\n"] {
            let answer = server.exchange(&get(headers)).await;
            assert!(
                answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
                "{answer}"
            );
        }
        assert!(server.bench.log.records().is_empty());
    }
}

mod cut {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn one(body: Option<usize>) -> Server {
        Server::start(move |layer| {
            Router::new()
                .route("/", get(move || stream(body)))
                .layer(layer)
        })
        .await
    }

    #[track_caller]
    fn is_cancelled(line: &str) -> u64 {
        let start = format!(
            "msg=request {IDS} outcome=cancelled duration_ms=0.0 method=GET path=/ status=200 head_ms=0.0 chunks="
        );
        let rest = line
            .strip_prefix(start.as_str())
            .unwrap_or_else(|| panic!("{line}"));
        let (chunks, bytes) = rest.split_once(" body=dropped response_bytes=").unwrap();
        let (chunks, bytes): (u64, u64) = (chunks.parse().unwrap(), bytes.parse().unwrap());
        assert_eq!(bytes, chunks * 1024);
        bytes
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_in_the_body_cancels_the_unit() {
        let server = one(None).await;
        let mut stream = server.raw(GET).await;
        let mut buffer = [0; 10_000];
        stream.read_exact(&mut buffer).await.unwrap();
        assert!(server.bench.log.records().is_empty());
        drop(stream);
        assert!(is_cancelled(&server.record().await) >= 9 * 1024);
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_before_the_answer_cancels_the_unit() {
        let begun = Arc::new(Notify::new());
        let begins = Arc::clone(&begun);
        let server = Server::start(|layer| {
            let never = || async move {
                current::set("began", true);
                begins.notify_one();
                pending::<&str>().await
            };
            Router::new().route("/", get(never)).layer(layer)
        })
        .await;
        let stream = server.raw(GET).await;
        begun.notified().await;
        drop(stream);
        same_line(
            &server.record().await,
            &format!(
                "msg=request {IDS} outcome=cancelled duration_ms=0.0 method=GET path=/ began=true"
            ),
        );
    }

    #[tokio::test]
    async fn a_stream_that_an_http2_client_resets_cancels_its_unit_alone() {
        let server = one(None).await;
        let client = server.client2().await;
        let request = || {
            http::Request::get("http://a/")
                .body(Full::default())
                .unwrap()
        };
        let mut first = client.clone().send_request(request()).await.unwrap();
        let mut second = client.clone().send_request(request()).await.unwrap();
        assert!(first.frame().await.unwrap().unwrap().is_data());
        drop(first);
        is_cancelled(&server.record().await);
        assert!(second.frame().await.unwrap().unwrap().is_data());
        assert!(server.bench.log.records().is_empty());
        drop(second);
        is_cancelled(&server.record().await);
    }

    #[tokio::test]
    async fn a_client_that_stops_reading_keeps_its_unit_open_and_the_server_asks_for_no_more() {
        let server = one(None).await;
        let stream = server.raw(GET).await;
        // The sockets soon fill up; then nothing moves, though the body is not over.
        sleep(Duration::from_millis(300)).await;
        assert!(server.bench.log.records().is_empty());
        // Others are served in the meantime.
        let other = server.raw(GET).await;
        drop(other);
        server.record().await;
        drop(stream);
        let bytes = is_cancelled(&server.record().await);
        assert!(bytes < 64 * 1024 * 1024, "{bytes} bytes went nowhere");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_can_write_checkpoints() {
        struct Checked(Chunks);
        impl http_body::Body for Checked {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                current::with(|trace| _ = trace.checkpoint());
                Pin::new(&mut self.0).poll_frame(context)
            }
        }
        let server = Server::start(|layer| {
            let app = Router::new();
            let body = || async { Response::new(Body::new(Checked(Chunks(None)))) };
            app.route("/", get(body)).layer(layer)
        })
        .await;
        let mut stream = server.raw(GET).await;
        let mut buffer = [0; 4_000];
        stream.read_exact(&mut buffer).await.unwrap();
        drop(stream);
        let is_last = |last: &util::Captured| last.args.contains(" outcome=cancelled ");
        let ended = async {
            while !server.bench.log.records().last().is_some_and(is_last) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, ended).await.unwrap();
        let lines = server.bench.log.take_lines();
        let second = format!(
            "msg=request {IDS} duration_ms=0.0 method=GET path=/ status=200 head_ms=0.0 chunks=1 partial=true seq=2"
        );
        same_line(&lines[1], &second);
        let finals = lines
            .iter()
            .filter(|line| !line.contains(" partial=true "))
            .count();
        assert_eq!(finals, 1);
    }
}

mod panics {
    use super::*;

    fn app(layer: TraceLayer) -> Router {
        let panics = || async {
            current::set("began", true);
            panic!("no such cart");
            #[allow(unreachable_code)]
            "never"
        };
        Router::new()
            .route("/panics", get(panics))
            .route("/works", get(|| async { "works" }))
            .layer(layer)
    }

    fn line(rest: &str) -> String {
        format!("msg=request {IDS} {rest}")
    }

    const PANICS: &[u8] = b"GET /panics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_handler_that_panics_leaves_its_record() {
        let server = Server::start(app).await;
        assert_eq!(server.exchange(PANICS).await, "");
        same_line(
            &server.record().await,
            &line("outcome=panic duration_ms=0.0 method=GET path=/panics began=true"),
        );
        // The server keeps running.
        let response = server
            .client()
            .await
            .send_request(ask("GET", "/works"))
            .await;
        assert_eq!(body_of(response.unwrap()).await, "works");
        server.record().await;
    }

    #[tokio::test]
    async fn a_panic_that_is_caught_outside_is_a_panic_and_inside_a_status() {
        let outside = Server::start(|layer| app(layer).layer(CatchPanicLayer::new())).await;
        let answer = outside.exchange(PANICS).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        same_line(
            &outside.record().await,
            &line("outcome=panic duration_ms=0.0 method=GET path=/panics began=true"),
        );
        let panics = || async {
            current::set("began", true);
            panic!("no such cart");
            #[allow(unreachable_code)]
            "never"
        };
        let inside = Server::start(|layer| {
            let app = Router::new().route("/panics", get(panics));
            app.layer(CatchPanicLayer::new()).layer(layer)
        })
        .await;
        let answer = inside.exchange(PANICS).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        same_line(
            &inside.record().await,
            &line(
                "outcome=error duration_ms=0.0 method=GET path=/panics began=true status=500 head_ms=0.0 response_bytes=16",
            ),
        );
    }
}

#[tokio::test]
async fn an_upgrade_ends_the_unit_with_its_101_and_the_stream_goes_on() {
    let server = Server::start(|layer| {
        let upgrade = |request: Request| async move {
            let upgrading = hyper::upgrade::on(request);
            tokio::spawn(async move {
                assert!(!current::is_active());
                let mut io = TokioIo::new(upgrading.await.unwrap());
                let mut buffer = [0; 4];
                io.read_exact(&mut buffer).await.unwrap();
                io.write_all(&buffer).await.unwrap();
            });
            let headers = [("connection", "upgrade"), ("upgrade", "echo")];
            (StatusCode::SWITCHING_PROTOCOLS, headers)
        };
        Router::new().route("/ws", get(upgrade)).layer(layer)
    })
    .await;
    let mut stream = server
        .raw(b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await;
    same_line(
        &server.record().await,
        &format!(
            "msg=request {IDS} outcome=ok duration_ms=0.0 method=GET path=/ws status=101 head_ms=0.0 response_bytes=0"
        ),
    );
    stream.write_all(b"ping").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nping"), "{answer}");
    assert!(server.bench.log.records().is_empty());
}

/// The fields of a logfmt record without spaces in its values.
fn fields(line: &str) -> BTreeMap<&str, &str> {
    let pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key, value.trim_matches('"')))
        .collect()
}

/// The trace id of request `n`, as in its header.
fn trace_id(n: usize) -> String {
    format!("{:032x}", 0x00AB_CDEF_0000 + n)
}

fn carts(layer: TraceLayer) -> Router {
    let cart = |uri: Uri| async move {
        let n = uri.path().rsplit('/').next().unwrap().to_owned();
        current::set("n", &n);
        tokio::task::yield_now().await;
        sleep(Duration::from_millis(n.len() as u64)).await;
        current::incr("steps");
        format!("cart {n}")
    };
    Router::new().route("/carts/{id}", get(cart)).layer(layer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_at_once_have_a_record_each_with_their_own_ids() {
    let server = Arc::new(Server::on(Bench::new(Config::builder().header(false)), carts).await);
    let mut tasks = JoinSet::new();
    let second = server.client2().await;
    for n in 0..1000 {
        let server = Arc::clone(&server);
        let second = second.clone();
        tasks.spawn(async move {
            let mut request = ask("GET", &format!("http://shop.test/carts/{n}"));
            let headers = request.headers_mut();
            let parent = format!("00-{}-00f067aa0ba902b7-01", trace_id(n));
            headers.insert("traceparent", parent.parse().unwrap());
            headers.insert("x-request-id", format!("r-{n}").parse().unwrap());
            // Half of them use their own connection.
            let response = match n % 2 {
                0 => server.client().await.send_request(request).await,
                _ => {
                    request.headers_mut().remove("host");
                    second.clone().send_request(request).await
                }
            };
            let response = response.unwrap();
            assert_eq!(response.headers()["x-request-id"], format!("r-{n}"));
            assert_eq!(body_of(response).await, format!("cart {n}"));
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let lines = server.records(1000).await;
    let (mut seen, mut spans) = (BTreeSet::new(), BTreeSet::new());
    for line in &lines {
        let fields = fields(line);
        let n: usize = fields["n"].parse().unwrap();
        assert!(seen.insert(n), "{n} twice");
        assert!(spans.insert(fields["span_id"].to_owned()), "{line}");
        for (key, value) in [
            ("trace_id", trace_id(n)),
            ("parent_id", "00f067aa0ba902b7".into()),
            ("request_id", format!("r-{n}")),
            ("path", format!("/carts/{n}")),
            ("outcome", "ok".into()),
            ("status", "200".into()),
            ("steps", "1".into()),
        ] {
            assert_eq!(fields[key], value, "{line}");
        }
    }
}

#[tokio::test]
async fn a_call_from_one_server_to_another_makes_one_transaction() {
    let stock = Server::start(|layer| {
        let shelf = |headers: HeaderMap| async move {
            current::set(
                "state",
                headers
                    .get("tracestate")
                    .map(|state| state.to_str().unwrap()),
            );
            "7 left"
        };
        Router::new().route("/shelf", get(shelf)).layer(layer)
    })
    .await;
    let address = stock.address;
    let shop = Server::start(move |layer| {
        let order = move || async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let (client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let client = Arc::new(tokio::sync::Mutex::new(client));
            let client = tower::service_fn(move |request: http::Request<Empty<Bytes>>| {
                let client = Arc::clone(&client);
                async move { client.lock().await.send_request(request).await }
            });
            let client = tower_layer::Layer::layer(&PropagateLayer::new(), client);
            let request = http::Request::get("/shelf").header("host", "stock");
            let request = request.body(Empty::new()).unwrap();
            body_of(client.oneshot(request).await.unwrap()).await
        };
        Router::new().route("/order", get(order)).layer(layer)
    })
    .await;
    let mut request = ask("GET", "/order");
    for (name, value) in [
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("tracestate", "rojo=1"),
        ("x-request-id", "order-4711"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = shop.client().await.send_request(request).await.unwrap();
    assert_eq!(body_of(response).await, "7 left");
    let ids = |parent: &str| {
        format!(
            "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=0a0a0a0a0a0a0a0a parent_id={parent} trace_flags=\"01\" request_id=order-4711"
        )
    };
    same_line(
        &stock.record().await,
        &format!(
            "msg=request {} outcome=ok duration_ms=0.0 method=GET path=/shelf state=\"rojo=1\" status=200 head_ms=0.0 response_bytes=6",
            ids("0a0a0a0a0a0a0a0a")
        ),
    );
    same_line(
        &shop.record().await,
        &format!(
            "msg=request {} outcome=ok duration_ms=0.0 method=GET path=/order status=200 head_ms=0.0 response_bytes=6",
            ids("00f067aa0ba902b7")
        ),
    );
}

#[tokio::test]
async fn a_service_on_hyper_alone_is_the_same() {
    let bench = Bench::new(Config::builder().header(false).ids(&FixedIds(7, 0x0A)));
    let layer = TraceLayer::new().target("shop").config(&bench.config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hello = |request: http::Request<RequestBody<hyper::body::Incoming>>| async move {
        match request.uri().path() {
            "/fails" => Err("no stock"),
            _ => Ok(http::Response::new(Full::<Bytes>::from("hello"))),
        }
    };
    let service = tower_layer::Layer::layer(&layer, tower::service_fn(hello));
    let service = TowerToHyperService::new(service);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let server = Server { address, bench };
    for (method, path, answered, rest) in [
        (
            "GET",
            "/",
            true,
            "outcome=ok duration_ms=0.0 method=GET path=/ status=200 head_ms=0.0 response_bytes=5",
        ),
        // hyper drops this body without polling it.
        (
            "HEAD",
            "/",
            true,
            "outcome=ok duration_ms=0.0 method=HEAD path=/ status=200 head_ms=0.0 response_bytes=0",
        ),
        (
            "GET",
            "/fails",
            false,
            "outcome=error duration_ms=0.0 method=GET path=/fails error=\"no stock\"",
        ),
    ] {
        let answer = server.client().await.send_request(ask(method, path)).await;
        assert_eq!(answer.is_ok(), answered);
        if let Ok(answer) = answer {
            assert_eq!(answer.headers()["content-length"], "5");
            body_of(answer).await;
        }
        same_line(&server.record().await, &format!("msg=request {IDS} {rest}"));
    }
}
