//! Requests as units, service by service: what the layer writes and when, and
//! which ids go in and out. `http.rs` does the same over sockets.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, pending, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use log::{Level, LevelFilter};
use tower_layer::Layer;
use tower_service::Service;
use traceline::tower::{
    Propagate, PropagateLayer, RequestBody, TraceBody, TraceLayer, TraceService,
};
use traceline::{Config, Trace, current};

use crate::tags::untagged;
use crate::util::{Bench, Capture, FixedIds, same_line};

const IN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OUT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-0a0a0a0a0a0a0a0a-01";
const OWN_ID: &str = "07070707070707070707070707070707";
const OWN: &str = "00-07070707070707070707070707070707-0a0a0a0a0a0a0a0a-01";

/// The ids of a unit whose request brought none.
const OWN_IDS: &str = r#"trace_id="07070707070707070707070707070707" span_id=0a0a0a0a0a0a0a0a trace_flags="01" request_id="07070707070707070707070707070707""#;

fn bench() -> Bench {
    Bench::new(Config::builder().header(false).ids(&FixedIds(7, 0x0A)))
}

fn layer(bench: &Bench) -> TraceLayer {
    TraceLayer::new().target("shop").config(&bench.config)
}

/// What a client sends, and what the service inside the layer gets.
type Asked = Request<Empty<Bytes>>;
type Got = Request<RequestBody<Empty<Bytes>>>;

/// A frame of [`Frames`], or what happens in its place.
#[derive(Debug)]
enum Step {
    Data(&'static [u8]),
    Trailers(HeaderMap),
    Fails(&'static str),
    Panics,
    Pending,
}

use Step::{Data, Fails, Panics, Trailers};

/// A body of these frames that reports when it is dropped.
#[derive(Debug)]
struct Frames {
    steps: VecDeque<Step>,
    /// The exact size in its hint.
    size: Option<u64>,
    /// Whether `is_end_stream` reports the end before a poll does.
    knows_end: bool,
}

impl Frames {
    fn of(steps: impl IntoIterator<Item = Step>) -> Frames {
        Frames {
            steps: steps.into_iter().collect(),
            size: None,
            knows_end: false,
        }
    }

    fn sized(mut self, size: Option<u64>) -> Frames {
        self.size = size;
        self
    }

    fn knowing_its_end(mut self) -> Frames {
        self.knows_end = true;
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        current::incr("frames");
        Poll::Ready(match self.steps.pop_front() {
            None => None,
            Some(Data(data)) => Some(Ok(Frame::data(Bytes::from_static(data)))),
            Some(Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Fails(text)) => Some(Err(io::Error::other(text))),
            Some(Panics) => panic!("no such frame"),
            Some(Step::Pending) => return Poll::Pending,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.knows_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        current::add("body dropped");
    }
}

/// A service that answers with a function.
#[derive(Clone)]
struct Answers<F>(F);

impl<F, B, R, E> Service<Request<B>> for Answers<F>
where
    F: Fn(Request<B>) -> Result<Response<R>, E>,
{
    type Response = Response<R>;
    type Error = E;
    type Future = Ready<Result<Response<R>, E>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready((self.0)(request))
    }
}

/// A service that answers with a future.
#[derive(Clone)]
struct Later<F>(F);

impl<F, B, U, R, E> Service<Request<B>> for Later<F>
where
    F: Fn(Request<B>) -> U,
    U: Future<Output = Result<Response<R>, E>>,
{
    type Response = Response<R>;
    type Error = E;
    type Future = U;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> U {
        (self.0)(request)
    }
}

fn request() -> Asked {
    Request::post("http://shop.test/carts/7?token=secret")
        .body(Empty::new())
        .unwrap()
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that is ready at once.
fn now<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready"),
    }
}

/// A service's response to one request.
fn answer<S, B>(service: S, request: Asked) -> Result<Response<TraceBody<B>>, S::Error>
where
    S: Service<Got, Response = Response<B>>,
    S::Error: fmt::Display + 'static,
    B: Body,
    TraceService<S>: Service<Asked, Response = Response<TraceBody<B>>, Error = S::Error>,
{
    let bench = bench();
    now(layer(&bench).layer(service).call(request))
}

/// The record of one request, after `read` has read the body of the response.
fn record<S, B>(service: S, request: Asked, read: impl FnOnce(TraceBody<B>)) -> String
where
    S: Service<Got, Response = Response<B>>,
    S::Error: fmt::Display + fmt::Debug + 'static,
    B: Body,
    B::Error: fmt::Display + 'static,
{
    let bench = bench();
    let response = now(layer(&bench).layer(service).call(request)).unwrap();
    read(response.into_body());
    only(&bench)
}

/// The only record, without the lines of its fragments.
#[track_caller]
fn only(bench: &Bench) -> String {
    untagged(&bench.log.only().args)
}

fn frames<Q>(
    status: u16,
    body: Frames,
) -> Answers<impl Fn(Request<Q>) -> io::Result<Response<Frames>> + Clone> {
    let body = std::rc::Rc::new(std::cell::Cell::new(Some(body)));
    Answers(move |_| {
        let mut response = Response::new(body.take().expect("one request"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    })
}

/// Reads as a server does: until the body reports its end.
fn read<B: Body>(body: TraceBody<B>)
where
    B::Error: fmt::Display + 'static,
{
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(_) => return,
            Poll::Pending => panic!("not ready"),
        }
    }
}

/// Reads this many frames and drops the rest.
fn read_some<B: Body>(count: usize) -> impl FnOnce(TraceBody<B>)
where
    B::Error: fmt::Display + 'static,
{
    move |body| {
        let mut body = pin!(body);
        for _ in 0..count {
            let poll = body
                .as_mut()
                .poll_frame(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(poll, Poll::Ready(Some(Ok(_)))));
        }
    }
}

mod records {
    use super::*;

    #[test]
    fn a_request_is_one_record_with_its_head_its_status_and_its_bytes() {
        let bench = Bench::new(Config::builder().ids(&FixedIds(7, 0x0A)));
        let clock = bench.clock;
        let service = Later(move |request: Got| {
            assert_eq!(request.uri().query(), Some("token=secret"));
            current::set("call", 1);
            async move {
                clock.advance(Duration::from_millis(20));
                current::set("user_id", 7);
                Ok::<_, Infallible>(Response::new(Frames::of([Data(b"hello "), Data(b"world")])))
            }
        });
        let mut request = request();
        for (name, value) in [
            ("traceparent", IN),
            ("x-request-id", "order-4711"),
            ("content-length", "300"),
        ] {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let response = now(layer(&bench).layer(service).call(request)).unwrap();
        assert_eq!(response.headers()["x-request-id"], "order-4711");
        assert_eq!(response.headers()["traceparent"], OUT);
        assert!(bench.log.records().is_empty());
        clock.advance(Duration::from_millis(5));
        read(response.into_body());
        let record = bench.log.only();
        assert_eq!(
            (record.level, record.target.as_str()),
            (Level::Info, "shop")
        );
        assert!(record.file.is_some_and(|file| file.ends_with("tower.rs")));
        same_line(
            &untagged(&record.args),
            "ts=2026-11-21T08:46:00.148456Z level=info msg=request trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=0a0a0a0a0a0a0a0a parent_id=00f067aa0ba902b7 trace_flags=\"01\" request_id=order-4711 outcome=ok duration_ms=25.0 method=POST path=/carts/7 request_bytes_promised=300 call=1 user_id=7 status=200 head_ms=20.0 frames=3 response_bytes=11 request_bytes=0 fragments=\"[25.0ms] body dropped\"",
        );
    }

    #[test]
    fn the_status_makes_the_level_and_from_500_on_the_outcome() {
        for (status, level, outcome) in [
            (200, Level::Info, "ok"),
            (302, Level::Info, "ok"),
            (404, Level::Warn, "ok"),
            (429, Level::Warn, "ok"),
            (500, Level::Error, "error"),
            (503, Level::Error, "error"),
        ] {
            let bench = bench();
            let service = frames(status, Frames::of([]));
            let response = now(layer(&bench).layer(service).call(request())).unwrap();
            assert_eq!(response.status().as_u16(), status);
            read(response.into_body());
            let record = bench.log.only();
            assert_eq!(record.level, level, "{status}");
            same_line(
                &untagged(&record.args),
                &format!(
                    "msg=request {OWN_IDS} outcome={outcome} duration_ms=0.0 method=POST path=/carts/7 status={status} head_ms=0.0 frames=1 response_bytes=0 fragments=\"[0.0ms] body dropped\""
                ),
            );
        }
    }

    #[test]
    fn what_the_handler_says_of_the_outcome_is_the_last_word() {
        let service = Answers(|_: Got| {
            current::fail("half of it");
            Ok::<_, Infallible>(Response::new(Frames::of([])))
        });
        same_line(
            &record(service, request(), read),
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 method=POST path=/carts/7 status=200 head_ms=0.0 frames=1 response_bytes=0 fragments=\"[0.0ms, error] half of it; [0.0ms] body dropped\""
            ),
        );
    }

    #[test]
    fn name_level_and_target_are_those_of_the_layer() {
        let log = Capture::leak();
        let config = log.config(Config::builder().header(false).ids(&FixedIds(7, 0x0A)));
        let layer = TraceLayer::default()
            .name("api".to_owned())
            .target("shop::http".to_owned())
            .level(Level::Debug)
            .config(&config);
        assert_eq!(
            format!("{layer:?}"),
            r#"TraceLayer { name: "api", target: Some("shop::http"), level: Debug, .. }"#
        );
        let mut service = layer.layer(frames(200, Frames::of([])));
        drop(now(service.call(request())).unwrap());
        let record = log.only();
        assert_eq!(record.target, "shop::http");
        assert!(record.args.starts_with("msg=api "), "{}", record.args);
        // A cancelled unit is more severe than the level it was given.
        assert_eq!(record.level, Level::Warn);
    }

    #[test]
    fn a_connect_has_no_path() {
        let connect = Request::builder()
            .method(Method::CONNECT)
            .uri("shop.test:443")
            .body(Empty::new())
            .unwrap();
        same_line(
            &record(frames(200, Frames::of([])), connect, drop),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 method=CONNECT status=200 head_ms=0.0 response_bytes=0"
            ),
        );
    }

    #[test]
    fn a_hostile_path_and_method_are_data() {
        let path = format!("/{}", "a%0a\"=x".repeat(3));
        let request = Request::builder()
            .method("LEVEL=ERROR".replace('=', "!").as_str())
            .uri(format!("http://shop.test{path}").replace('"', "%22"))
            .body(Empty::new())
            .unwrap();
        same_line(
            &record(frames(204, Frames::of([])), request, drop),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 method=\"LEVEL!ERROR\" path=\"/a%0a%22=xa%0a%22=xa%0a%22=x\" status=204 head_ms=0.0 response_bytes=0"
            ),
        );
    }
}

mod ends {
    use super::*;

    const HEAD_200: &str = "method=POST path=/carts/7 status=200 head_ms=0.0";

    #[test]
    fn a_response_without_a_body_ends_with_its_head_though_a_body_is_dropped_unpolled() {
        let with = |method: Method| {
            let mut request = request();
            *request.method_mut() = method;
            request
        };
        for (method, status) in [
            (Method::HEAD, 200),
            (Method::GET, 204),
            (Method::GET, 304),
            (Method::GET, 101),
            (Method::CONNECT, 200),
        ] {
            let bench = bench();
            let body = Frames::of([Data(b"never")]).sized(Some(5));
            let mut service = layer(&bench).layer(frames(status, body));
            let response = now(service.call(with(method.clone()))).unwrap();
            same_line(
                &only(&bench),
                &format!(
                    "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 method={method} path=/carts/7 status={status} head_ms=0.0 response_bytes=0"
                ),
            );
            // The size stays, because a server takes the header of a `HEAD` from it.
            assert_eq!(response.body().size_hint().exact(), Some(5));
            // A client that reads it nevertheless does not cause a second record.
            read(response.into_body());
            assert!(bench.log.records().is_empty());
        }
    }

    #[test]
    fn an_empty_body_ends_with_the_head() {
        let bench = bench();
        let body = Frames::of([]).knowing_its_end();
        let response = now(layer(&bench).layer(frames(200, body)).call(request())).unwrap();
        assert!(response.body().is_end_stream());
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 {HEAD_200} response_bytes=0"
            ),
        );
    }

    #[test]
    fn a_body_that_knows_its_end_ends_with_its_last_frame() {
        let bench = bench();
        let body = Frames::of([Data(b"one"), Data(b"two")]).knowing_its_end();
        let response = now(layer(&bench).layer(frames(200, body)).call(request())).unwrap();
        let mut body = pin!(response.into_body());
        let mut context = Context::from_waker(Waker::noop());
        assert!(body.as_mut().poll_frame(&mut context).is_ready());
        assert!(!body.is_end_stream());
        assert!(bench.log.records().is_empty());
        assert!(body.as_mut().poll_frame(&mut context).is_ready());
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 {HEAD_200} frames=2 response_bytes=6 fragments=\"[0.0ms] body dropped\""
            ),
        );
        // Polled again, which `Body` does not define.
        for _ in 0..3 {
            let poll = body.as_mut().poll_frame(&mut context);
            assert!(matches!(poll, Poll::Ready(None)));
        }
        assert!(bench.log.records().is_empty());
    }

    #[test]
    fn a_body_that_is_dropped_after_the_bytes_it_promised_is_complete() {
        for by_header in [false, true] {
            let bench = bench();
            let body = Frames::of([Data(b"one"), Data(b"two")]).sized((!by_header).then_some(6));
            let mut service = layer(&bench).layer(Answers({
                let inner = std::cell::RefCell::new(frames(200, body));
                move |request| {
                    let mut response = now(inner.borrow_mut().call(request))?;
                    if by_header {
                        response.headers_mut().insert("content-length", 6.into());
                    }
                    Ok::<_, io::Error>(response)
                }
            }));
            let response = now(service.call(request())).unwrap();
            read_some(2)(response.into_body());
            same_line(
                &only(&bench),
                &format!(
                    "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 {HEAD_200} frames=2 response_bytes=6 fragments=\"[0.0ms] body dropped\""
                ),
            );
        }
    }

    #[test]
    fn a_body_that_is_dropped_before_its_end_is_cancelled() {
        for (read, frames_read, bytes) in [(0, "", 0), (1, "frames=1 ", 3), (2, "frames=2 ", 6)] {
            let body = Frames::of([Data(b"one"), Data(b"two"), Data(b"six")]).sized(Some(9));
            same_line(
                &record(frames(200, body), request(), read_some(read)),
                &format!(
                    "msg=request {OWN_IDS} outcome=cancelled duration_ms=0.0 {HEAD_200} {frames_read}response_bytes={bytes} response_bytes_promised=9 fragments=\"[0.0ms] body dropped\""
                ),
            );
        }
        // Also when the size was unknown.
        same_line(
            &record(
                frames(500, Frames::of([Data(b"one"), Data(b"two")])),
                request(),
                read_some(1),
            ),
            &format!(
                "msg=request {OWN_IDS} outcome=cancelled duration_ms=0.0 method=POST path=/carts/7 status=500 head_ms=0.0 frames=1 response_bytes=3 fragments=\"[0.0ms] body dropped\""
            ),
        );
    }

    #[test]
    fn a_body_that_waits_is_polled_again_and_not_cancelled() {
        let bench = bench();
        let body = Frames::of([Step::Pending, Data(b"one")]);
        let response = now(layer(&bench).layer(frames(200, body)).call(request())).unwrap();
        let mut body = response.into_body();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut context).is_pending());
        assert!(!current::is_active());
        read(body);
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 {HEAD_200} frames=3 response_bytes=3 fragments=\"[0.0ms] body dropped\""
            ),
        );
    }

    #[test]
    fn a_request_that_is_dropped_before_its_response_is_cancelled_inside_its_trace() {
        struct Says;
        impl Drop for Says {
            fn drop(&mut self) {
                current::add("handler dropped");
            }
        }
        let bench = bench();
        let service = Later(|_: Got| async {
            let _says = Says;
            pending::<Result<Response<Frames>, Infallible>>().await
        });
        let mut service = layer(&bench).layer(service);
        {
            let mut future = pin!(service.call(request()));
            assert!(poll_once(future.as_mut()).is_pending());
            assert!(bench.log.records().is_empty());
        }
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=cancelled duration_ms=0.0 method=POST path=/carts/7 fragments=\"[0.0ms] handler dropped\""
            ),
        );
        // Not even polled.
        drop(service.call(request()));
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=cancelled duration_ms=0.0 method=POST path=/carts/7"
            ),
        );
    }

    #[test]
    fn an_error_of_the_body_is_the_outcome_and_not_a_client_that_went_away() {
        let mut failed = Ok(());
        let line = record(
            frames(200, Frames::of([Data(b"one"), Fails("disk gone")])),
            request(),
            |body| {
                let mut body = pin!(body);
                let mut context = Context::from_waker(Waker::noop());
                while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut context) {
                    failed = frame.map(|_| ()).map_err(|error| error.to_string());
                }
            },
        );
        assert_eq!(failed, Err("disk gone".into()));
        same_line(
            &line,
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 {HEAD_200} frames=2 response_bytes=3 error=\"disk gone\" fragments=\"[0.0ms] body dropped\""
            ),
        );
    }

    /// Prints itself and has a source.
    #[derive(Debug)]
    struct Refused;

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("refused")
        }
    }

    impl Error for Refused {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&fmt::Error)
        }
    }

    /// Prints nothing.
    #[derive(Debug)]
    struct Unprintable;

    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not printable")
        }
    }

    #[test]
    fn an_error_of_the_service_is_recorded_and_handed_on() {
        let bench = bench();
        let mut boxed = layer(&bench).layer(Answers(|_: Got| {
            Err::<Response<Frames>, Box<dyn Error + Send + Sync>>(Refused.into())
        }));
        let error = now(boxed.call(request())).unwrap_err();
        assert!(error.downcast_ref::<Refused>().is_some());
        let chain = fmt::Error.to_string();
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 method=POST path=/carts/7 error=refused error.chain=\"{chain}\""
            ),
        );
        let mut plain =
            layer(&bench).layer(Answers(|_: Got| Err::<Response<Frames>, _>("no stock")));
        assert_eq!(now(plain.call(request())).unwrap_err(), "no stock");
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 method=POST path=/carts/7 error=\"no stock\""
            ),
        );
        let mut odd =
            layer(&bench).layer(Answers(|_: Got| Err::<Response<Frames>, _>(Unprintable)));
        assert!(now(odd.call(request())).is_err());
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 method=POST path=/carts/7 error=\"<panicked>\""
            ),
        );
    }

    #[test]
    fn polled_after_its_end_a_response_neither_panics_nor_writes() {
        let bench = bench();
        let mut service = layer(&bench).layer(frames(204, Frames::of([])));
        let mut future = pin!(service.call(request()));
        assert!(poll_once(future.as_mut()).is_ready());
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(bench.log.take_lines().len(), 1);
    }
}

mod panics {
    use super::*;

    #[track_caller]
    fn panics(bench: &Bench, work: impl FnOnce(), rest: &str) {
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
        assert!(!current::is_active());
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        same_line(
            &untagged(&record.args),
            &format!(
                "msg=request {OWN_IDS} outcome=panic duration_ms=0.0 method=POST path=/carts/7{rest}"
            ),
        );
    }

    #[test]
    fn a_panic_is_the_outcome_wherever_it_comes_from() {
        type Answer = Result<Response<Frames>, Infallible>;
        let bench = bench();
        let mut in_call = layer(&bench).layer(Answers(|_: Got| -> Answer {
            current::set("a", 1);
            panic!("in call")
        }));
        panics(&bench, || drop(in_call.call(request())), " a=1");

        let mut in_poll = layer(&bench).layer(Later(|_: Got| async {
            current::set("a", 1);
            panic!("in poll");
            #[allow(unreachable_code)]
            Answer::Ok(Response::new(Frames::of([])))
        }));
        panics(&bench, || drop(now(in_poll.call(request()))), " a=1");

        let mut in_body = layer(&bench).layer(frames(200, Frames::of([Data(b"one"), Panics])));
        let response = now(in_body.call(request())).unwrap();
        panics(
            &bench,
            || read(response.into_body()),
            " status=200 head_ms=0.0 frames=2 response_bytes=3 fragments=\"[0.0ms] body dropped\"",
        );
    }

    #[test]
    fn a_panic_that_is_caught_before_the_future_is_dropped_is_no_cancellation() {
        let bench = bench();
        let mut service = layer(&bench).layer(Later(|_: Got| async {
            panic!("in poll");
            #[allow(unreachable_code)]
            Ok::<_, Infallible>(Response::new(Frames::of([])))
        }));
        let mut future = Box::pin(service.call(request()));
        let poll = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut()).is_ready()));
        assert!(poll.is_err());
        assert!(bench.log.records().is_empty());
        drop(future);
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=panic duration_ms=0.0 method=POST path=/carts/7"
            ),
        );
    }

    /// A body that panics in the named place.
    #[derive(Debug)]
    struct Trap(&'static str);

    impl Trap {
        fn check(&self, method: &str) {
            assert_ne!(self.0, method);
        }
    }

    impl Body for Trap {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }

        fn is_end_stream(&self) -> bool {
            self.check("is_end_stream");
            false
        }

        fn size_hint(&self) -> SizeHint {
            self.check("size_hint");
            SizeHint::new()
        }
    }

    impl Drop for Trap {
        fn drop(&mut self) {
            current::add("body dropped");
            self.check("drop");
        }
    }

    fn trap(body: fn() -> Trap) -> Answers<impl Fn(Got) -> io::Result<Response<Trap>>> {
        Answers(move |_| Ok(Response::new(body())))
    }

    #[test]
    fn a_body_that_panics_in_any_of_its_methods_leaves_one_record() {
        let bench = bench();
        for body in [|| Trap("is_end_stream"), || Trap("size_hint")] {
            let mut service = layer(&bench).layer(trap(body));
            let work = || drop(now(service.call(request())));
            assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
            let record = untagged(&bench.log.only().args);
            assert!(record.contains("outcome=panic"), "{record}");
        }
        let rest = " status=200 head_ms=0.0 response_bytes=0 fragments=\"[0.0ms] body dropped\"";
        for polls in [true, false] {
            let mut service = layer(&bench).layer(trap(|| Trap("drop")));
            let response = now(service.call(request())).unwrap();
            let work = || match polls {
                true => read(response.into_body()),
                false => drop(response),
            };
            panics(&bench, work, rest);
        }
    }

    /// Adds a fragment when it is dropped, and panics if `panics` is set.
    struct Local {
        panics: bool,
    }

    impl Drop for Local {
        fn drop(&mut self) {
            current::add("local dropped");
            assert!(!self.panics, "in a destructor");
        }
    }

    #[test]
    fn a_panic_of_a_handlers_destructor_is_the_outcome() {
        let bench = bench();
        let waits = Later(|_: Got| async {
            let _local = Local { panics: true };
            pending::<Result<Response<Frames>, Infallible>>().await
        });
        let mut future = Box::pin(layer(&bench).layer(waits).call(request()));
        assert!(poll_once(future.as_mut()).is_pending());
        let rest = " fragments=\"[0.0ms] local dropped\"";
        panics(&bench, || drop(future), rest);
        let answers = Later(|_: Got| async {
            let _local = Local { panics: true };
            Ok::<_, Infallible>(Response::new(Frames::of([])))
        });
        let mut service = layer(&bench).layer(answers);
        panics(&bench, || drop(now(service.call(request()))), rest);
    }

    #[test]
    fn a_request_that_is_dropped_by_a_panic_around_it_has_one_record() {
        let bench = bench();
        let waits = Later(|_: Got| async {
            let _local = Local { panics: false };
            pending::<Result<Response<Frames>, Infallible>>().await
        });
        let mut waiting = layer(&bench).layer(waits);
        let work = || {
            let mut future = pin!(waiting.call(request()));
            assert!(poll_once(future.as_mut()).is_pending());
            panic!("around");
        };
        let rest = " fragments=\"[0.0ms] local dropped\"";
        panics(&bench, work, rest);
        let mut answers = layer(&bench).layer(frames(200, Frames::of([Data(b"one")])));
        let work = || {
            let _response = now(answers.call(request())).unwrap();
            panic!("around");
        };
        let rest = " status=200 head_ms=0.0 response_bytes=0 fragments=\"[0.0ms] body dropped\"";
        panics(&bench, work, rest);
    }

    #[test]
    fn a_hook_that_panics_costs_neither_the_request_nor_the_record() {
        let bench = bench();
        let layer = layer(&bench)
            .on_request(|_, trace| {
                trace.set("before", 1);
                panic!("hook")
            })
            .on_response(|_, _| panic!("hook"));
        let response = now(layer.layer(frames(200, Frames::of([]))).call(request())).unwrap();
        assert_eq!(response.status(), 200);
        read(response.into_body());
        same_line(
            &only(&bench),
            &format!(
                "msg=request {OWN_IDS} outcome=ok duration_ms=0.0 method=POST path=/carts/7 before=1 status=200 head_ms=0.0 frames=1 response_bytes=0 fragments=\"[0.0ms] body dropped\""
            ),
        );
    }
}

mod hooks {
    use super::*;

    #[test]
    fn hooks_see_the_heads_and_write_to_the_trace() {
        let bench = bench();
        let layer = layer(&bench)
            .on_request(|request, trace| {
                trace.set("query", request.uri.query().is_some());
                trace
                    .set("route", request.extensions.get::<&str>())
                    .unset("path");
            })
            .on_response(|response, trace| {
                trace.set("type", response.headers["content-type"].to_str().ok());
            });
        let mut request = request();
        request.extensions_mut().insert("/carts/{id}");
        let mut service = layer.layer(Answers(|request: Got| {
            assert_eq!(request.extensions().get::<&str>(), Some(&"/carts/{id}"));
            Response::builder()
                .header("content-type", "text/plain")
                .body(Frames::of([]))
        }));
        read(now(service.call(request)).unwrap().into_body());
        same_line(
            &only(&bench),
            &format!("msg=request {OWN_IDS} outcome=ok duration_ms=0.0 method=POST query=true route=/carts/{{id}} status=200 head_ms=0.0 type=text/plain frames=1 response_bytes=0 fragments=\"[0.0ms] body dropped\"")
                .replace("route=/carts/{id}", "route=\"/carts/{id}\""),
        );
    }

    #[test]
    fn a_trace_that_a_hook_swaps_is_the_one_that_goes_on() {
        let bench = bench();
        let other = bench.config.clone();
        let layer = layer(&bench)
            .on_request(move |_, trace| {
                let mine = Trace::builder("mine").config(&other).start();
                std::mem::replace(trace, mine).set("given", true);
            })
            .on_response(|_, trace| drop(std::mem::take(trace)));
        let response = now(layer
            .layer(frames(200, Frames::of([Data(b"one")])))
            .call(request()));
        let response = response.unwrap();
        assert!(response.headers().is_empty());
        let lines = bench.log.take_lines();
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].starts_with("msg=request ") && lines[0].ends_with(" given=true"));
        assert!(lines[1].starts_with("msg=mine ") && lines[1].contains(" status=200 "));
        read(response.into_body());
        assert!(bench.log.records().is_empty());
    }

    #[test]
    fn a_handler_that_ends_its_unit_leaves_a_request_without_one() {
        let bench = bench();
        let mut service = layer(&bench).layer(Answers(|_: Got| {
            current::set("a", 1);
            current::emit();
            current::set("b", 2);
            Ok::<_, Infallible>(Response::new(Frames::of([Data(b"one")])))
        }));
        read(now(service.call(request())).unwrap().into_body());
        let line = only(&bench);
        assert!(line.ends_with(" a=1"), "{line}");
    }

    #[test]
    fn a_layer_inside_of_another_makes_a_unit_of_its_own() {
        let bench = bench();
        let mut service = layer(&bench).name("outer").layer(
            layer(&bench)
                .name("inner")
                .layer(frames(200, Frames::of([Data(b"one")]))),
        );
        let mut request = request();
        let parent = HeaderValue::from_static(IN);
        request.headers_mut().insert("traceparent", parent);
        let response = now(service.call(request)).unwrap();
        read(response.into_body());
        let lines = bench.log.take_lines();
        println!("{lines:#?}");
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("msg=inner ") && lines[1].starts_with("msg=outer "));
    }

    #[test]
    fn a_trace_that_a_hook_takes_away_leaves_a_request_without_one() {
        let bench = bench();
        let layer = layer(&bench).on_request(|request, trace| {
            if request.uri.path() == "/health" {
                std::mem::take(trace).discard();
            }
        });
        let mut service = layer.layer(Answers(|_: Got| {
            current::set("a", 1);
            Ok::<_, Infallible>(Response::new(Frames::of([Data(b"up")])))
        }));
        let health = Request::get("http://shop.test/health")
            .body(Empty::new())
            .unwrap();
        let response = now(service.call(health)).unwrap();
        assert!(response.headers().is_empty());
        read(response.into_body());
        assert!(bench.log.records().is_empty());
        read(now(service.call(request())).unwrap().into_body());
        assert_eq!(bench.log.take_lines().len(), 1);
    }
}

mod grpc {
    use super::*;

    fn trailers(status: &'static str) -> HeaderMap {
        let name = HeaderName::from_static("grpc-status");
        [(name, HeaderValue::from_static(status))]
            .into_iter()
            .collect()
    }

    #[test]
    fn the_status_of_a_call_is_in_its_trailers_and_the_servers_faults_are_errors() {
        for (status, level, outcome, field) in [
            ("0", Level::Info, "ok", " grpc.status=0"),
            ("1", Level::Warn, "ok", " grpc.status=1"),
            ("2", Level::Error, "error", " grpc.status=2"),
            ("4", Level::Error, "error", " grpc.status=4"),
            ("5", Level::Warn, "ok", " grpc.status=5"),
            ("7", Level::Warn, "ok", " grpc.status=7"),
            ("12", Level::Error, "error", " grpc.status=12"),
            ("13", Level::Error, "error", " grpc.status=13"),
            ("14", Level::Error, "error", " grpc.status=14"),
            ("15", Level::Error, "error", " grpc.status=15"),
            ("16", Level::Warn, "ok", " grpc.status=16"),
            ("4294967296", Level::Info, "ok", ""),
            ("x", Level::Info, "ok", ""),
            ("+13", Level::Info, "ok", ""),
        ] {
            let bench = bench();
            let body = Frames::of([Data(b"hello"), Trailers(trailers(status))]);
            let response = now(layer(&bench).layer(frames(200, body)).call(request())).unwrap();
            // A server stops reading at the trailers.
            read_some(2)(response.into_body());
            let record = bench.log.only();
            assert_eq!(record.level, level, "{status}");
            same_line(
                &untagged(&record.args),
                &format!(
                    "msg=request {OWN_IDS} outcome={outcome} duration_ms=0.0 method=POST path=/carts/7 status=200 head_ms=0.0 frames=2{field} response_bytes=5 fragments=\"[0.0ms] body dropped\""
                ),
            );
        }
    }

    #[test]
    fn a_response_of_trailers_alone_has_it_in_the_head() {
        let service = Answers(|_: Got| {
            let mut response = Response::new(Frames::of([]).knowing_its_end());
            *response.headers_mut() = trailers("13");
            Ok::<_, Infallible>(response)
        });
        same_line(
            &record(service, request(), drop),
            &format!(
                "msg=request {OWN_IDS} outcome=error duration_ms=0.0 method=POST path=/carts/7 status=200 head_ms=0.0 grpc.status=13 response_bytes=0"
            ),
        );
    }
}

mod ids {
    use super::*;

    fn with_headers(headers: &[(&'static str, &[u8])]) -> Asked {
        let mut request = request();
        for (name, value) in headers {
            let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value)).unwrap();
            request.headers_mut().append(*name, value);
        }
        request
    }

    /// The ids in the record and those in the response.
    #[track_caller]
    fn check(headers: &[(&'static str, &[u8])], ids: &str, traceparent: &str, request_id: &str) {
        let bench = bench();
        let mut service = layer(&bench).layer(frames(204, Frames::of([])));
        let response = now(service.call(with_headers(headers))).unwrap();
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()["traceparent"], traceparent);
        assert_eq!(response.headers()["x-request-id"], request_id);
        assert_eq!(response.headers().len(), 2);
        same_line(
            &only(&bench),
            &format!(
                "msg=request {ids} outcome=ok duration_ms=0.0 method=POST path=/carts/7 status=204 head_ms=0.0 response_bytes=0"
            ),
        );
    }

    const GIVEN: &str = r#"trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=0a0a0a0a0a0a0a0a parent_id=00f067aa0ba902b7 trace_flags="01""#;

    #[test]
    fn headers_that_are_good_are_taken() {
        let ids = format!("{GIVEN} request_id=order-4711");
        check(
            &[
                ("traceparent", IN.as_bytes()),
                ("x-request-id", b"order-4711"),
            ],
            &ids,
            OUT,
            "order-4711",
        );
        check(
            &[
                ("b3", b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
                ("x-request-id", b"order-4711"),
            ],
            &ids,
            OUT,
            "order-4711",
        );
    }

    #[test]
    fn headers_that_are_not_give_fresh_ids_and_never_an_error_page() {
        let long = [b'a'; 60_000];
        let id = IN.as_bytes();
        let upper = IN.to_uppercase();
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let ff = IN.replace("00-4b", "ff-4b");
        for headers in [
            &[][..],
            &[("traceparent", id), ("traceparent", id)],
            &[("traceparent", b"")],
            &[("traceparent", &long)],
            &[("traceparent", upper.as_bytes())],
            &[("traceparent", zero.as_bytes())],
            &[("traceparent", ff.as_bytes())],
            &[("traceparent", b"\xff\xfe"), ("x-request-id", b"\xff\xfe")],
            &[("x-request-id", b"a"), ("x-request-id", b"b")],
            &[("x-request-id", b"")],
            &[("x-request-id", &long)],
            &[("x-request-id", &[b'a'; 129])],
            &[("x-request-id", b"a\tb")],
            &[("x-request-id", b"a b")],
            &[("x-request-id", b"\"><script>")],
            &[("x-request-id", b"a outcome=ok")],
            &[("x-request-id", "ä".as_bytes())],
            &[("tracestate", b"rojo=1"), ("b3", b"0")],
            &[("b3", b"1-2-3-4-5-6-7")],
            &[("content-length", b"x"), ("grpc-status", b"13")],
            &[("content-length", b"+5")],
        ] {
            check(headers, OWN_IDS, OWN, OWN_ID);
        }
    }

    #[test]
    fn a_request_id_of_control_characters_does_not_get_past_http_itself() {
        for byte in (0..0x20).filter(|byte| *byte != b'\t').chain([0x7F]) {
            assert!(HeaderValue::from_bytes(&[b'a', byte]).is_err());
        }
    }

    #[test]
    fn a_hundred_headers_of_a_name_are_as_bad_as_two() {
        let many = vec![("traceparent", IN.as_bytes()); 100];
        check(&many, OWN_IDS, OWN, OWN_ID);
        let states = vec![("tracestate", &b"rojo=1"[..]); 100];
        check(&states, OWN_IDS, OWN, OWN_ID);
    }

    #[test]
    fn headers_of_the_service_are_not_overwritten() {
        let bench = bench();
        let mut service = layer(&bench).layer(Answers(|_: Got| {
            Response::builder()
                .header("x-request-id", "own")
                .header("traceparent", "own")
                .body(Frames::of([]))
        }));
        let response = now(service.call(request())).unwrap();
        assert_eq!(response.headers()["x-request-id"], "own");
        assert_eq!(response.headers()["traceparent"], "own");
        assert_eq!(response.headers().len(), 2);
    }

    #[test]
    fn the_caller_is_told_the_unit_that_it_called_and_not_one_inside() {
        let bench = bench();
        for inside in [
            // A layer inside this one, or a service that answered a call.
            "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01",
            OUT,
        ] {
            let service = Answers(move |_: Got| {
                let mut response = Response::new(Frames::of([]));
                let told = HeaderValue::from_static(inside);
                response.headers_mut().append("traceparent", told.clone());
                response.headers_mut().append("traceparent", told);
                Ok::<_, Infallible>(response)
            });
            let request = with_headers(&[("traceparent", IN.as_bytes())]);
            let response = now(layer(&bench).layer(service).call(request)).unwrap();
            let told: Vec<_> = response.headers().get_all("traceparent").iter().collect();
            assert_eq!(told, [OUT]);
        }
    }

    #[test]
    fn a_service_with_fresh_ids_ignores_those_of_its_callers() {
        for (is_off, own) in [(false, OWN), (true, "")] {
            let bench = bench();
            let config = match is_off {
                true => Capture::up_to(LevelFilter::Off).config(Config::builder()),
                false => bench.config.clone(),
            };
            let layer = TraceLayer::new()
                .target("shop")
                .config(&config)
                .fresh_ids(true);
            let mut service = layer.layer(Answers(|_: Got| {
                assert_eq!(current::tracestate(), None);
                assert_ne!(current::request_id().as_deref(), Some("order-4711"));
                Ok::<_, Infallible>(Response::new(Frames::of([])))
            }));
            let request = with_headers(&[
                ("traceparent", IN.as_bytes()),
                ("tracestate", b"rojo=1"),
                ("b3", b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
                ("x-request-id", b"order-4711"),
            ]);
            let response = now(service.call(request)).unwrap();
            let told = response.headers()["traceparent"].to_str().unwrap();
            assert!(
                told == own || (is_off && !told.contains(&IN[3..35])),
                "{told}"
            );
            assert_ne!(response.headers()["x-request-id"], "order-4711");
        }
    }

    #[test]
    fn a_service_at_the_edge_keeps_its_traceparent() {
        let bench = bench();
        let layer = layer(&bench).respond_with_traceparent(false);
        let response = now(layer.layer(frames(200, Frames::of([]))).call(request())).unwrap();
        assert_eq!(response.headers()["x-request-id"], OWN_ID);
        assert_eq!(response.headers().len(), 1);
    }

    #[test]
    fn a_map_of_headers_that_is_full_stays_as_it_is() {
        let full = || {
            let mut headers = HeaderMap::new();
            for n in 0.. {
                let name = HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
                if headers
                    .try_insert(name, HeaderValue::from_static(""))
                    .is_err()
                {
                    return headers;
                }
            }
            headers
        };
        let response = answer(
            Answers(move |_: Got| {
                let mut response = Response::new(Frames::of([]));
                *response.headers_mut() = full();
                Ok::<_, Infallible>(response)
            }),
            request(),
        );
        let response = response.unwrap();
        assert!(response.headers().len() > 20_000);
        assert!(!response.headers().contains_key("x-request-id"));
    }

    #[test]
    fn handlers_and_bodies_reach_the_ids_for_their_own_calls() {
        let bench = bench();
        let mut service = layer(&bench).layer(Answers(|_: Got| {
            let texts = (
                current::traceparent().map(|parent| parent.to_string()),
                current::tracestate().map(|state| state.as_str().to_owned()),
                current::request_id(),
                current::trace_id().map(|id| id.to_string()),
            );
            assert_eq!(texts.0.as_deref(), Some(OUT));
            assert_eq!(texts.1.as_deref(), Some("rojo=1,congo=2"));
            assert_eq!(texts.2.as_deref(), Some("order-4711"));
            assert_eq!(texts.3.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
            Ok::<_, Infallible>(Response::new(Frames::of([])))
        }));
        let headers: &[(&'static str, &[u8])] = &[
            ("traceparent", IN.as_bytes()),
            ("tracestate", b"rojo=1"),
            ("tracestate", b" congo=2 "),
            ("x-request-id", b"order-4711"),
        ];
        assert!(now(service.call(with_headers(headers))).is_ok());
        assert_eq!(current::traceparent(), None);
        assert_eq!(current::request_id(), None);
    }
}

mod disabled {
    use super::*;

    /// A layer under which not even an error would be logged.
    fn off() -> (Bench, TraceLayer) {
        let bench = bench();
        let config = Capture::up_to(LevelFilter::Off).config(Config::builder());
        let layer = TraceLayer::new().config(&config);
        (bench, layer)
    }

    fn given() -> Asked {
        let mut request = request();
        for (name, value) in [
            ("traceparent", IN),
            ("tracestate", "rojo=1"),
            ("x-request-id", "order-4711"),
        ] {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        request
    }

    #[test]
    fn ids_from_outside_are_passed_on_though_nothing_is_logged() {
        let (bench, layer) = off();
        let layer = layer
            .on_request(|_, _| panic!("not called"))
            .on_response(|_, _| panic!("not called"));
        let mut outer = bench.start();
        let response = outer.scope(|| {
            let mut service = layer.layer(Answers(|_: Got| {
                assert!(!current::is_active());
                current::set("a", 1);
                let mut headers = HeaderMap::new();
                traceline::tower::inject_current(&mut headers);
                assert_eq!(headers["traceparent"], IN);
                assert_eq!(headers["tracestate"], "rojo=1");
                assert_eq!(headers["x-request-id"], "order-4711");
                assert_eq!(current::traceparent().unwrap().to_string(), IN);
                Ok::<_, Infallible>(Response::new(Frames::of([Data(b"one")])))
            }));
            now(service.call(given())).unwrap()
        });
        assert_eq!(response.headers()["x-request-id"], "order-4711");
        assert_eq!(response.headers()["traceparent"], IN);
        // The units around it are not affected.
        outer.scope(|| read(response.into_body()));
        drop(outer);
        assert_eq!(only(&bench), "msg=unit duration_ms=0.0");
    }

    #[test]
    fn a_request_id_is_made_and_echoed_though_nothing_is_logged() {
        let (_, layer) = off();
        let mut service = layer.layer(frames(200, Frames::of([])));
        let response = now(service.call(request())).unwrap();
        let id = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(id.len(), 32);
        assert_eq!(response.headers()["traceparent"].len(), 55);
        assert_eq!(response.headers().len(), 2);
    }

    #[test]
    fn a_disabled_trace_inside_another_has_its_own_ids_or_none() {
        let mut with = Trace::default();
        with.set_request_id("with");
        let mut without = Trace::default();
        let id = |trace: &mut Trace| trace.scope(current::request_id);
        assert_eq!(id(&mut with).as_deref(), Some("with"));
        assert_eq!(id(&mut without), None);
        let bench = bench();
        let mut unit = bench.start();
        unit.set_request_id("unit");
        unit.scope(|| {
            assert_eq!(id(&mut with).as_deref(), Some("with"));
            assert_eq!(id(&mut without), None);
            with.scope(|| assert_eq!(id(&mut without), None));
            assert_eq!(current::request_id().as_deref(), Some("unit"));
        });
        assert_eq!(with.request_id().as_deref(), Some("with"));
    }
}

mod client {
    use super::*;

    fn headers_of(service: &mut Client) -> HeaderMap {
        now(service.call(request())).unwrap().into_body()
    }

    type Echo = fn(Asked) -> Result<Response<HeaderMap>, Infallible>;
    type Client = Propagate<Answers<Echo>>;

    fn client() -> Client {
        let echo: Echo = |request| Ok(Response::new(request.headers().clone()));
        PropagateLayer::new().layer(Answers(echo))
    }

    #[test]
    fn requests_carry_the_ids_of_the_current_unit() {
        let bench = bench();
        let mut client = client();
        assert!(headers_of(&mut client).is_empty());
        let mut unit = bench.start();
        unit.continue_from_headers([
            ("traceparent", IN),
            ("tracestate", "rojo=1"),
            ("x-request-id", "order-4711"),
        ]);
        let headers = unit.scope(|| headers_of(&mut client));
        assert_eq!(headers["traceparent"], OUT);
        assert_eq!(headers["tracestate"], "rojo=1");
        assert_eq!(headers["x-request-id"], "order-4711");
        let mut by_hand = HeaderMap::new();
        traceline::tower::inject(&mut unit, &mut by_hand);
        assert_eq!(by_hand, headers);
        // A unit without ids gets some now, but no request id.
        let mut unit = bench.start();
        let headers = unit.scope(|| headers_of(&mut client));
        assert_eq!(headers["traceparent"], OWN);
        assert_eq!(headers.len(), 1);
        unit.discard();
    }

    /// A header that a request has already.
    type There<'a> = (&'static str, &'a str);

    /// The headers that a unit sends with a request that has others already.
    fn sent(unit: &mut Trace, keep_valid: bool, there: &[There]) -> Vec<String> {
        let echo: Echo = |request| Ok(Response::new(request.headers().clone()));
        let layer = PropagateLayer::new().keep_valid(keep_valid);
        let mut client = layer.layer(Answers(echo));
        let mut request = request();
        for (name, value) in there {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(*name, value);
        }
        let response = now(unit.scope(|| client.call(request))).unwrap();
        let headers = response.into_body();
        let lines = headers.iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines
    }

    const OTHER: &str = "00-ffffffffffffffffffffffffffffffff-1111111111111111-00";

    #[test]
    fn ids_that_a_proxy_copied_are_replaced_by_those_of_the_unit() {
        let bench = bench();
        let mut unit = bench.start();
        unit.continue_from_headers([
            ("traceparent", IN),
            ("tracestate", "rojo=1"),
            ("x-request-id", "order-4711"),
        ]);
        let own = [
            format!("traceparent: {OUT}"),
            "tracestate: rojo=1".into(),
            "x-request-id: order-4711".into(),
        ];
        let rows: &[&[There]] = &[
            &[],
            // Those of the request itself, of somebody else, malformed ones, and each of them twice.
            &[
                ("traceparent", IN),
                ("tracestate", "rojo=1"),
                ("x-request-id", "order-4711"),
            ],
            &[
                ("traceparent", OTHER),
                ("tracestate", "es=1"),
                ("x-request-id", "order-1"),
            ],
            &[
                ("traceparent", "own"),
                ("tracestate", "OWN"),
                ("x-request-id", "a b"),
            ],
            &[
                ("traceparent", IN),
                ("traceparent", OTHER),
                ("tracestate", "a=1"),
                ("tracestate", "b=1"),
            ],
            &[("tracestate", "es=1")],
            &[("x-request-id", "order-1"), ("x-request-id", "order-2")],
        ];
        for there in rows {
            assert_eq!(sent(&mut unit, false, there), own, "{there:?}");
        }
        // A unit without a `tracestate` sends none, least of all a stranger's.
        let mut unit = bench.start();
        let parent = format!("traceparent: {OWN}");
        for there in rows {
            let mut lines = sent(&mut unit, false, there);
            lines.retain(|line| !line.starts_with("x-request-id"));
            assert_eq!(lines, [&*parent], "{there:?}");
        }
        // It has no id of the request either, so that header is not its business.
        let id = [("x-request-id", "order-1")];
        assert_eq!(
            sent(&mut unit, false, &id),
            [&*parent, "x-request-id: order-1"]
        );
        unit.discard();
    }

    #[test]
    fn a_client_that_keeps_valid_ids_replaces_the_others() {
        let bench = bench();
        let mut unit = bench.start();
        unit.continue_from_headers([
            ("traceparent", IN),
            ("tracestate", "rojo=1"),
            ("x-request-id", "order-4711"),
        ]);
        let (own, other) = (
            format!("traceparent: {OUT}"),
            format!("traceparent: {OTHER}"),
        );
        let (own, other) = (own.as_str(), other.as_str());
        let (state, id) = ("tracestate: rojo=1", "x-request-id: order-4711");
        let later = "cc-ffffffffffffffffffffffffffffffff-1111111111111111-00-x";
        let rows: &[(&[There], &[&str])] = &[
            (&[], &[own, state, id]),
            (&[("traceparent", OTHER)], &[other, id]),
            (
                &[("traceparent", OTHER), ("tracestate", "es=1")],
                &[other, "tracestate: es=1", id],
            ),
            (
                &[("traceparent", OTHER), ("tracestate", "ES=1")],
                &[other, id],
            ),
            (
                &[("traceparent", later)],
                &[&format!("traceparent: {later}"), id],
            ),
            (
                &[("x-request-id", "order-1")],
                &[own, state, "x-request-id: order-1"],
            ),
            (&[("tracestate", "es=1")], &[own, state, id]),
            (
                &[("traceparent", "own"), ("tracestate", "es=1")],
                &[own, state, id],
            ),
            (
                &[("traceparent", OTHER), ("traceparent", OTHER)],
                &[own, state, id],
            ),
            (&[("x-request-id", "a b")], &[own, state, id]),
            (
                &[("x-request-id", "a"), ("x-request-id", "a")],
                &[own, state, id],
            ),
        ];
        for (there, want) in rows {
            assert_eq!(sent(&mut unit, true, there), *want, "{there:?}");
        }
        unit.discard();
    }

    #[test]
    fn a_request_outside_of_any_unit_stays_as_it_is() {
        let mut client = client();
        let mut request = request();
        request
            .headers_mut()
            .insert("traceparent", HeaderValue::from_static("own"));
        request
            .headers_mut()
            .insert("tracestate", HeaderValue::from_static("OWN"));
        let headers = now(client.call(request)).unwrap().into_body();
        assert_eq!(
            (&headers["traceparent"], &headers["tracestate"]),
            (&"own".parse().unwrap(), &"OWN".parse().unwrap())
        );
    }

    #[test]
    fn a_disabled_trace_writes_what_came_or_what_it_makes() {
        let mut trace = Trace::default();
        let mut headers = HeaderMap::new();
        traceline::tower::inject(&mut trace, &mut headers);
        let made = trace.traceparent().unwrap().to_string();
        assert_eq!(headers["traceparent"], made);
        let came = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-x";
        trace.continue_from_headers([("traceparent", came), ("tracestate", "a=1, B=2")]);
        traceline::tower::inject(&mut trace, &mut headers);
        assert_eq!(headers["traceparent"], came);
        assert_eq!(headers["tracestate"], "a=1, B=2");
    }
}

/// Readiness and its error are those of the inner service.
#[test]
fn readiness_is_that_of_the_service_inside() {
    struct Busy;
    impl<Q> Service<Request<Q>> for Busy {
        type Response = Response<Frames>;
        type Error = &'static str;
        type Future = Ready<Result<Response<Frames>, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Err("busy"))
        }

        fn call(&mut self, _: Request<Q>) -> Self::Future {
            ready(Err("busy"))
        }
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut traced = TraceLayer::new().layer(Busy);
    let ready = Service::<Asked>::poll_ready(&mut traced, &mut context);
    assert_eq!(ready, Poll::Ready(Err("busy")));
    let mut client = PropagateLayer::new().layer(Busy);
    let ready = Service::<Asked>::poll_ready(&mut client, &mut context);
    assert_eq!(ready, Poll::Ready(Err("busy")));
}
