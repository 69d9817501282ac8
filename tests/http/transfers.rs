//! What was promised and what came, in both directions: bodies that end early, late, with an error or not at all, in
//! process and on connections that are cut.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::Body as AxumBody;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as AxumResponse};
use axum::routing::{post, put};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use log::{Level, LevelFilter};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tower::{Service, ServiceBuilder, service_fn};
use tower_layer::Layer;
use traceline::tower::{RequestBody, TraceLayer};
use traceline::{Config, current};

use crate::http::{IDS, Server};
use crate::tags::untagged;
use crate::util::{Bench, Capture, Captured, FixedIds, same_line};

/// A frame of [`Frames`], or what happens in its place.
enum Step {
    Data(&'static str),
    Trailers,
    Fails(io::Error),
}

use Step::{Data, Fails, Trailers};

/// A body of these frames.
struct Frames {
    steps: VecDeque<Step>,
    /// The exact size in its hint.
    size: Option<u64>,
    /// Whether `is_end_stream` reports the end before a poll does.
    knows_end: bool,
}

fn frames(steps: impl IntoIterator<Item = Step>) -> Frames {
    Frames {
        steps: steps.into_iter().collect(),
        size: None,
        knows_end: false,
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.steps.pop_front().map(|step| match step {
            Data(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            Trailers => Ok(Frame::trailers(HeaderMap::new())),
            Fails(error) => Err(error),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.knows_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

fn gone() -> Step {
    Fails(io::ErrorKind::ConnectionReset.into())
}

fn bench() -> Bench {
    Bench::new(Config::builder().header(false).ids(&FixedIds(7, 0x0A)))
}

fn layer(bench: &Bench) -> TraceLayer {
    TraceLayer::new().target("shop").config(&bench.config)
}

/// The only record, and what stands in it after the ids.
#[track_caller]
fn rest(bench: &Bench) -> (Level, String) {
    let Captured { level, args, .. } = bench.log.only();
    let line = untagged(&args);
    let rest = line.strip_prefix(&format!("msg=request {IDS} "));
    (level, rest.expect(&line).to_owned())
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;
type Got = Request<RequestBody<Frames>>;

/// Reads a body to its end as servers and handlers do, or up to this many frames; returns its error.
async fn read<B: Body>(body: B, most: usize) -> Result<(), B::Error> {
    let mut body = pin!(body);
    for _ in 0..most {
        if body.is_end_stream() {
            break;
        }
        match poll_fn(|context| body.as_mut().poll_frame(context)).await {
            None => break,
            Some(frame) => _ = frame?,
        }
    }
    Ok(())
}

/// The output of a future that is ready at once.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready"),
    }
}

mod request {
    use super::*;

    /// The record of a request with this body, whose handler does `handle` with it.
    #[track_caller]
    fn record(
        promised: Option<u64>,
        body: Frames,
        handle: impl AsyncFn(RequestBody<Frames>) -> u16,
    ) -> (Level, String) {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            let status = handle(request.into_body()).await;
            let response = Response::builder().status(status);
            response.body(Empty::<Bytes>::new())
        });
        let mut request = Request::put("/cart").body(body).unwrap();
        if let Some(promised) = promised {
            let value = HeaderValue::from(promised);
            request.headers_mut().insert("content-length", value);
        }
        now(layer(&bench).layer(service).call(request)).unwrap();
        rest(&bench)
    }

    const PUT: &str = "duration_ms=0.0 method=PUT path=/cart";
    const OK: &str = "status=200 head_ms=0.0 response_bytes=0";

    #[track_caller]
    fn check(got: (Level, String), level: Level, want: &str) {
        same_line(&got.1, want);
        assert_eq!(got.0, level);
    }

    async fn all(body: RequestBody<Frames>) -> u16 {
        match read(body, usize::MAX).await {
            Ok(()) => 200,
            Err(_) => 400,
        }
    }

    #[test]
    fn the_bytes_are_those_that_the_handler_read() {
        let body = || frames([Data("one"), Data("three")]);
        for (promised, most, fields) in [
            (Some(8), 9, "request_bytes=8"),
            (None, 9, "request_bytes=8"),
            // Stops at the length, as a reader may.
            (Some(8), 2, "request_bytes=8"),
            (None, 1, "request_bytes=3"),
            (None, 0, "request_bytes=0"),
        ] {
            let got = record(promised, body(), async |body| {
                read(body, most).await.map_or(400, |()| 200)
            });
            check(got, Level::Info, &format!("outcome=ok {PUT} {OK} {fields}"));
        }
        // Answered without the rest: not the client's doing.
        for (most, read_bytes) in [(0, 0), (1, 3)] {
            let got = record(Some(8), body(), async |body| {
                let _ = read(body, most).await;
                413
            });
            check(
                got,
                Level::Warn,
                &format!(
                    "outcome=ok {PUT} request_bytes_promised=8 status=413 head_ms=0.0 response_bytes=0 request_bytes={read_bytes}"
                ),
            );
        }
    }

    #[test]
    fn a_request_without_a_body_has_no_bytes_and_an_empty_one_has_none_of_none() {
        let empty = || Frames {
            knows_end: true,
            ..frames([])
        };
        let got = record(None, empty(), all);
        check(got, Level::Info, &format!("outcome=ok {PUT} {OK}"));
        let got = record(Some(0), empty(), all);
        check(
            got,
            Level::Info,
            &format!("outcome=ok {PUT} request_bytes=0 {OK}"),
        );
    }

    #[test]
    fn trailers_end_a_body_and_are_not_bytes_of_it() {
        let got = record(Some(3), frames([Data("one"), Trailers]), all);
        check(
            got,
            Level::Info,
            &format!("outcome=ok {PUT} {OK} request_bytes=3"),
        );
        let got = record(Some(8), frames([Data("one"), Trailers]), async |body| {
            read(body, 2).await.map_or(400, |()| 200)
        });
        check(
            got,
            Level::Warn,
            &format!("outcome=cancelled {PUT} request_bytes_promised=8 {OK} request_bytes=3"),
        );
    }

    #[test]
    fn a_client_that_goes_away_in_its_upload_cancels_the_unit_and_the_error_stays() {
        let error = "error=\"connection reset\"";
        let got = record(Some(8), frames([Data("one"), gone()]), all);
        check(
            got,
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} request_bytes_promised=8 status=400 head_ms=0.0 response_bytes=0 request_bytes=3 {error}"
            ),
        );
        let got = record(None, frames([Data("one"), gone()]), all);
        check(
            got,
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} status=400 head_ms=0.0 response_bytes=0 request_bytes=3 {error}"
            ),
        );
        // Also if the handler makes the best of it, or of all bytes have come.
        let got = record(Some(3), frames([Data("one"), gone()]), async |body| {
            let _ = read(body, 9).await;
            current::with(|trace| _ = trace.ok());
            201
        });
        check(
            got,
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} status=201 head_ms=0.0 response_bytes=0 request_bytes=3 {error}"
            ),
        );
    }

    #[test]
    fn a_body_that_ends_short_of_its_length_without_an_error_was_cut_too() {
        for knows_end in [false, true] {
            let body = Frames {
                knows_end,
                ..frames([Data("one")])
            };
            let got = record(Some(8), body, all);
            check(
                got,
                Level::Warn,
                &format!("outcome=cancelled {PUT} request_bytes_promised=8 {OK} request_bytes=3"),
            );
        }
    }

    #[test]
    fn a_body_beyond_its_length_has_both_numbers() {
        let got = record(Some(2), frames([Data("one"), Data("two")]), all);
        check(
            got,
            Level::Info,
            &format!("outcome=ok {PUT} request_bytes_promised=2 {OK} request_bytes=6"),
        );
    }

    #[test]
    fn what_the_handler_recorded_of_the_error_stays() {
        let got = record(Some(8), frames([gone()]), async |body| {
            let read = read(body, 9).await;
            let _ = current::check(read.map_err(|error| format!("cart lost: {error}")));
            400
        });
        check(
            got,
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} request_bytes_promised=8 status=400 head_ms=0.0 response_bytes=0 request_bytes=0 error=\"cart lost: connection reset\""
            ),
        );
        // One that it has got over is not the reason.
        let got = record(Some(8), frames([gone()]), async |body| {
            current::with(|trace| _ = trace.error("cache is cold").ok());
            read(body, 9).await.map_or(400, |()| 200)
        });
        check(
            got,
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} request_bytes_promised=8 status=400 head_ms=0.0 response_bytes=0 request_bytes=0 error=\"connection reset\""
            ),
        );
    }

    #[test]
    fn a_handler_that_panics_at_the_error_is_a_panic() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            read(request.into_body(), 9).await.unwrap();
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let request = Request::put("/cart").body(frames([Data("one"), gone()]));
        let future = layer(&bench).layer(service).call(request.unwrap());
        let work = std::panic::AssertUnwindSafe(|| now(future));
        assert!(std::panic::catch_unwind(work).is_err());
        check(
            rest(&bench),
            Level::Error,
            &format!("outcome=panic {PUT} request_bytes=3 error=\"connection reset\""),
        );
    }

    #[test]
    fn a_service_that_fails_over_the_error_was_cancelled() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            read(request.into_body(), 9).await?;
            Ok::<_, Boxed>(Response::new(Empty::<Bytes>::new()))
        });
        let request = Request::put("/cart").body(frames([Data("one"), gone()]));
        assert!(now(layer(&bench).layer(service).call(request.unwrap())).is_err());
        check(
            rest(&bench),
            Level::Warn,
            &format!("outcome=cancelled {PUT} request_bytes=3 error=\"connection reset\""),
        );
    }

    #[test]
    fn a_request_that_is_dropped_has_the_bytes_that_came() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            let mut body = request.into_body();
            let _ = body.frame().await;
            pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
        });
        let request = Request::put("/cart").header("content-length", "8");
        let request = request.body(frames([Data("one"), Data("three")])).unwrap();
        let mut future = Box::pin(layer(&bench).layer(service).call(request));
        let poll = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        drop(future);
        check(
            rest(&bench),
            Level::Warn,
            &format!("outcome=cancelled {PUT} request_bytes_promised=8 request_bytes=3"),
        );
    }

    #[test]
    fn while_the_upload_runs_only_its_promise_is_in_the_record() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            read(request.into_body(), 1).await?;
            current::with(|trace| _ = trace.checkpoint());
            Ok::<_, Boxed>(Response::new(Empty::<Bytes>::new()))
        });
        let request = Request::put("/cart").header("content-length", "3");
        let request = request.body(frames([Data("one")])).unwrap();
        now(layer(&bench).layer(service).call(request)).unwrap();
        let lines = bench.log.take_lines();
        same_line(
            &lines[0],
            &format!("msg=request {IDS} {PUT} request_bytes_promised=3 partial=true seq=1"),
        );
        same_line(
            &lines[1],
            &format!("msg=request {IDS} outcome=ok {PUT} {OK} request_bytes=3"),
        );
    }

    #[test]
    fn a_body_that_is_taken_out_of_its_wrapper_is_not_counted() {
        let bench = bench();
        let inner = service_fn(|request: Request<Frames>| async {
            assert_eq!(request.into_body().collect().await?.to_bytes(), "one");
            Ok::<_, io::Error>(Response::new(Empty::<Bytes>::new()))
        });
        let mut service = ServiceBuilder::new()
            .layer(layer(&bench))
            .map_request(|request: Got| request.map(RequestBody::into_inner))
            .service(inner);
        let request = Request::put("/cart").header("content-length", "3");
        let request = request.body(frames([Data("one")])).unwrap();
        now(service.call(request)).unwrap();
        check(
            rest(&bench),
            Level::Info,
            &format!("outcome=ok {PUT} request_bytes_promised=3 {OK}"),
        );
    }

    #[test]
    fn the_body_is_the_one_of_the_server_and_its_error_keeps_its_type() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            let body = request.into_body();
            assert_eq!(body.size_hint().exact(), Some(3));
            assert!(!body.is_end_stream());
            let error = read(body, 9).await.unwrap_err();
            let error = error.downcast_ref::<io::Error>().map(io::Error::kind);
            assert_eq!(error, Some(io::ErrorKind::ConnectionReset));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let body = Frames {
            size: Some(3),
            ..frames([gone()])
        };
        let request = Request::put("/cart").body(body).unwrap();
        now(layer(&bench).layer(service).call(request)).unwrap();
    }

    #[test]
    fn a_body_without_a_unit_is_passed_on_as_it_is() {
        let (bench, off) = (bench(), Capture::up_to(LevelFilter::Off));
        let layer = layer(&bench).config(&off.config(Config::builder()));
        let service = service_fn(|request: Got| async {
            let body = request.into_body().collect().await?;
            Ok::<_, Boxed>(Response::new(http_body_util::Full::new(body.to_bytes())))
        });
        let request = Request::put("/cart").header("content-length", "8");
        let request = request.body(frames([Data("one")])).unwrap();
        let response = now(layer.layer(service).call(request)).unwrap();
        let body = now(response.into_body().collect()).unwrap();
        assert_eq!(body.to_bytes(), "one");
        assert!(bench.log.records().is_empty() && off.records().is_empty());
    }

    /// A body may be read by another task, before and after the response.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn bytes_that_another_task_reads_count_while_the_unit_lasts() {
        let bench = bench();
        let service = service_fn(|request: Got| async {
            let mut body = request.into_body();
            let reads = tokio::spawn(async move {
                let _ = body.frame().await;
                body
            });
            let body = reads.await.unwrap();
            Ok::<_, Infallible>(Response::new(body))
        });
        let request = Request::put("/cart").body(frames([Data("one"), Data("three"), gone()]));
        let response = layer(&bench).layer(service).call(request.unwrap()).await;
        // The response is the rest of the request: both break off.
        let mut body = response.unwrap().into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
        check(
            rest(&bench),
            Level::Warn,
            &format!(
                "outcome=cancelled {PUT} status=200 head_ms=0.0 response_bytes=5 request_bytes=8 error=\"connection reset\""
            ),
        );
    }
}

mod response {
    use super::*;

    const GET: &str = "duration_ms=0.0 method=GET path=/";
    const SHORT: &str = "error=\"response body shorter than its Content-Length\"";
    const LONG: &str = "error=\"response body longer than its Content-Length\"";

    /// The record of a response with this header and body, of which the server takes this many frames.
    #[track_caller]
    fn record(promised: Option<u64>, body: Frames, most: usize) -> (Level, String) {
        said(promised, body, most, || ())
    }

    #[track_caller]
    fn said(
        promised: Option<u64>,
        body: Frames,
        most: usize,
        say: impl Fn() + Clone,
    ) -> (Level, String) {
        let bench = bench();
        let body = std::cell::Cell::new(Some(body));
        let service = service_fn(|_: Request<RequestBody<Empty<Bytes>>>| {
            say();
            let mut response = Response::new(body.take().unwrap());
            if let Some(promised) = promised {
                let value = HeaderValue::from(promised);
                response.headers_mut().insert("content-length", value);
            }
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let request = Request::get("/").body(Empty::new()).unwrap();
        let response = now(layer(&bench).layer(service).call(request)).unwrap();
        let _ = now(read(response.into_body(), most));
        rest(&bench)
    }

    #[track_caller]
    fn check(got: (Level, String), level: Level, outcome: &str, fields: &str) {
        same_line(
            &got.1,
            &format!("outcome={outcome} {GET} status=200 head_ms=0.0 {fields}"),
        );
        assert_eq!(got.0, level);
    }

    #[test]
    fn a_body_that_ends_short_of_its_length_is_an_error() {
        let fields = format!("response_bytes=3 response_bytes_promised=10 {SHORT}");
        for knows_end in [false, true] {
            let body = Frames {
                knows_end,
                ..frames([Data("one")])
            };
            check(record(Some(10), body, 9), Level::Error, "error", &fields);
        }
        let body = frames([Data("one"), Trailers]);
        check(record(Some(10), body, 2), Level::Error, "error", &fields);
        // A hint of the body becomes the header, and a header goes before the hint.
        for (header, size) in [(None, 10), (Some(10), 3)] {
            let body = Frames {
                size: Some(size),
                ..frames([Data("one")])
            };
            check(record(header, body, 9), Level::Error, "error", &fields);
        }
        let body = Frames {
            knows_end: true,
            ..frames([])
        };
        let fields = format!("response_bytes=0 response_bytes_promised=10 {SHORT}");
        check(record(Some(10), body, 0), Level::Error, "error", &fields);
    }

    #[test]
    fn a_body_beyond_its_length_is_an_error_however_far_the_server_reads() {
        for most in [2, 9] {
            let body = frames([Data("one"), Data("three")]);
            check(
                record(Some(7), body, most),
                Level::Error,
                "error",
                &format!("response_bytes=8 response_bytes_promised=7 {LONG}"),
            );
        }
    }

    #[test]
    fn a_body_of_the_promised_length_is_complete_with_and_without_trailers() {
        for (steps, most) in [
            (vec![Data("one")], 1),
            (vec![Data("one")], 9),
            (vec![Data("one"), Trailers], 9),
            // The server has what it was promised and asks for no more.
            (vec![Data("one"), Data("three")], 1),
        ] {
            let got = record(Some(3), frames(steps), most);
            check(got, Level::Info, "ok", "response_bytes=3");
        }
    }

    #[test]
    fn a_response_that_must_not_have_a_body_keeps_its_length_to_itself() {
        for (method, status) in [("HEAD", 200), ("GET", 304), ("CONNECT", 200)] {
            let bench = bench();
            let service = service_fn(|_: Request<RequestBody<Empty<Bytes>>>| {
                let response = Response::builder().status(status);
                let response = response.header("content-length", "10");
                std::future::ready(response.body(frames([Data("0123456789")])))
            });
            let request = Request::builder().method(method).uri("/");
            let request = request.body(Empty::new()).unwrap();
            drop(now(layer(&bench).layer(service).call(request)).unwrap());
            let want = format!(
                "outcome=ok duration_ms=0.0 method={method} path=/ status={status} head_ms=0.0 response_bytes=0"
            );
            same_line(&rest(&bench).1, &want);
        }
    }

    #[test]
    fn a_client_that_goes_away_in_its_download_leaves_what_it_got_of_what() {
        let body = frames([Data("one"), Data("three")]);
        check(
            record(Some(8), body, 1),
            Level::Warn,
            "cancelled",
            "response_bytes=3 response_bytes_promised=8",
        );
        let body = frames([Data("one"), Data("three")]);
        check(
            record(None, body, 1),
            Level::Warn,
            "cancelled",
            "response_bytes=3",
        );
    }

    #[test]
    fn an_error_of_the_body_or_of_the_handler_goes_before_the_length() {
        let body = frames([Data("one"), Fails(io::Error::other("disk gone"))]);
        check(
            record(Some(8), body, 9),
            Level::Error,
            "error",
            "response_bytes=3 response_bytes_promised=8 error=\"disk gone\"",
        );
        let error = || current::with(|trace| _ = trace.error("no stock")).unwrap_or_default();
        check(
            said(Some(8), frames([Data("one")]), 9, error),
            Level::Error,
            "error",
            "response_bytes=3 response_bytes_promised=8 error=\"no stock\"",
        );
        // Neither an `ok` nor an error that it has got over.
        let ok = || current::with(|trace| _ = trace.error("cold").ok()).unwrap_or_default();
        check(
            said(Some(8), frames([Data("one")]), 9, ok),
            Level::Error,
            "error",
            &format!("response_bytes=3 response_bytes_promised=8 {SHORT}"),
        );
    }
}

mod connections {
    use super::*;

    /// A handler that notes when it has read the first frame, and reads on.
    async fn server(
        answer: fn(Result<Bytes, axum::Error>) -> AxumResponse,
    ) -> (Server, Arc<Notify>) {
        let first = Arc::new(Notify::new());
        let has_first = Arc::clone(&first);
        let server = Server::start(move |layer| {
            let read = move |mut body: AxumBody| async move {
                let _ = body.frame().await;
                has_first.notify_one();
                answer(body.collect().await.map(|body| body.to_bytes()))
            };
            axum::Router::new().route("/", put(read)).layer(layer)
        })
        .await;
        (server, first)
    }

    fn usual(body: Result<Bytes, axum::Error>) -> AxumResponse {
        match body {
            Ok(_) => StatusCode::NO_CONTENT.into_response(),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }

    fn line(rest: &str) -> String {
        format!("msg=request {IDS} {rest}")
    }

    const EOF: &str = "error=\"error reading a body from connection\" error.chain=\"error reading a body from connection: end of file before message length reached\"";

    #[tokio::test]
    async fn a_client_that_closes_in_its_upload() {
        let (server, _) = server(usual).await;
        let head = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";
        drop(server.raw(head).await);
        same_line(
            &server.record().await,
            &line(&format!(
                "outcome=cancelled duration_ms=0.0 method=PUT path=/ request_bytes_promised=100 status=400 head_ms=0.0 response_bytes=0 request_bytes=3 {EOF}"
            )),
        );
    }

    #[tokio::test]
    async fn the_same_with_an_extractor_whose_answer_has_a_body() {
        let server = Server::start(|layer| {
            let read = |body: Bytes| async move { body.len().to_string() };
            axum::Router::new().route("/", post(read)).layer(layer)
        })
        .await;
        let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";
        drop(server.raw(head).await);
        same_line(
            &server.record().await,
            &line(&format!(
                "outcome=cancelled duration_ms=0.0 method=POST path=/ request_bytes_promised=100 status=400 head_ms=0.0 response_bytes=71 request_bytes=3 {EOF}"
            )),
        );
    }

    #[tokio::test]
    async fn a_client_that_closes_in_a_chunked_upload_without_a_length() {
        let (server, _) = server(usual).await;
        let head =
            b"PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde";
        drop(server.raw(head).await);
        same_line(
            &server.record().await,
            &line(
                "outcome=cancelled duration_ms=0.0 method=PUT path=/ status=400 head_ms=0.0 response_bytes=0 request_bytes=5 error=\"error reading a body from connection\" error.chain=\"error reading a body from connection: end of file before message length reached\"",
            ),
        );
    }

    #[tokio::test]
    async fn a_client_whose_connection_is_reset_in_its_upload() {
        let (server, first) = server(usual).await;
        let head = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";
        let stream = server.raw(head).await;
        first.notified().await;
        #[allow(deprecated)] // `set_zero_linger` is not in all versions of tokio
        stream.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(stream);
        let got = server.record().await;
        let want = line(
            "outcome=cancelled duration_ms=0.0 method=PUT path=/ request_bytes_promised=100 status=400 head_ms=0.0 response_bytes=0 request_bytes=3 error=\"error reading a body from connection\" error.chain=\"error reading a body from connection: Connection reset by peer",
        );
        assert!(got.starts_with(&want), "{got}");
    }

    #[tokio::test]
    async fn a_client_whose_chunks_are_malformed() {
        let (server, _) = server(usual).await;
        let head =
            b"PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n";
        let _stream = server.raw(head).await;
        same_line(
            &server.record().await,
            &line(
                "outcome=cancelled duration_ms=0.0 method=PUT path=/ status=400 head_ms=0.0 response_bytes=0 request_bytes=3 error=\"error reading a body from connection\" error.chain=\"error reading a body from connection: Invalid chunk size line: missing size digit\"",
            ),
        );
    }

    #[tokio::test]
    async fn a_whole_upload_in_chunks_with_trailers() {
        let (server, _) = server(usual).await;
        let head = b"PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: sum\r\n\r\n3\r\nabc\r\n0\r\nsum: 7\r\n\r\n";
        let _stream = server.raw(head).await;
        same_line(
            &server.record().await,
            &line(
                "outcome=ok duration_ms=0.0 method=PUT path=/ status=204 head_ms=0.0 response_bytes=0 request_bytes=3",
            ),
        );
    }

    #[tokio::test]
    async fn a_handler_that_makes_the_best_of_half_an_upload() {
        let (server, _) = server(|_| StatusCode::NO_CONTENT.into_response()).await;
        let head = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";
        drop(server.raw(head).await);
        same_line(
            &server.record().await,
            &line(&format!(
                "outcome=cancelled duration_ms=0.0 method=PUT path=/ request_bytes_promised=100 status=204 head_ms=0.0 response_bytes=0 request_bytes=3 {EOF}"
            )),
        );
    }

    /// A body that is fed from outside; it fails if it is told to.
    struct Fed(mpsc::Receiver<io::Result<Bytes>>);

    impl Body for Fed {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            let next = self.0.poll_recv(context);
            next.map(|next| next.map(|next| next.map(Frame::data)))
        }
    }

    #[tokio::test]
    async fn an_upload_over_http2_that_breaks_off() {
        for (how, cause) in [
            ("reset", "stream error received: stream no longer needed"),
            (
                "body fails",
                "stream error received: unexpected internal error encountered",
            ),
            ("connection", ""),
        ] {
            for promised in [None, Some(100)] {
                let (server, first) = server(usual).await;
                let stream = std::net::TcpStream::connect(server.address).unwrap();
                let cut = stream.try_clone().unwrap();
                stream.set_nonblocking(true).unwrap();
                let io = TokioIo::new(TcpStream::from_std(stream).unwrap());
                let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
                let (mut client, connection) = handshake.await.unwrap();
                tokio::spawn(connection);
                let (feed, fed) = mpsc::channel(1);
                let mut request = Request::put("http://a/").body(Fed(fed)).unwrap();
                if let Some(promised) = promised {
                    let value = HeaderValue::from(promised);
                    request.headers_mut().insert("content-length", value);
                }
                let answer = tokio::spawn(async move { client.send_request(request).await });
                feed.send(Ok(Bytes::from_static(b"abc"))).await.unwrap();
                first.notified().await;
                match how {
                    "reset" => answer.abort(),
                    "connection" => cut.shutdown(std::net::Shutdown::Both).unwrap(),
                    _ => feed.send(Err(io::Error::other("disk gone"))).await.unwrap(),
                }
                let promise = promised.map_or("", |_| "request_bytes_promised=100 ");
                let got = server.record().await;
                let want = line(&format!(
                    "outcome=cancelled duration_ms=0.0 method=PUT path=/ {promise}status=400 head_ms=0.0 response_bytes=0 request_bytes=3 error=\"error reading a body from connection\" error.chain=\"error reading a body from connection: {cause}"
                ));
                // The operating system decides how a connection ends.
                assert!(got.starts_with(&want), "{how}: {got}");
                assert!(
                    how == "connection" || got.len() == want.len() + 1,
                    "{how}: {got}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_download_that_is_not_as_long_as_promised() {
        for (bytes, error) in [(3, "shorter"), (12, "longer")] {
            let server = Server::start(move |layer| {
                let answer = move || async move {
                    let body = AxumBody::new(frames([Data(&"abcdefghijkl"[..bytes])]));
                    ([("content-length", "10")], body)
                };
                axum::Router::new().route("/", post(answer)).layer(layer)
            })
            .await;
            let head = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            println!("{:?}", server.exchange(head).await);
            same_line(
                &server.record().await,
                &line(&format!(
                    "outcome=error duration_ms=0.0 method=POST path=/ status=200 head_ms=0.0 response_bytes={bytes} response_bytes_promised=10 error=\"response body {error} than its Content-Length\""
                )),
            );
        }
    }
}
