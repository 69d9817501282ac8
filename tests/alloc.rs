//! A unit does not allocate once its thread has run one.
//!
//! The units are the W1 to W5 of the design. There is one test, because the level
//! of the process and the logger's buffer are shared.

#[path = "child/counting.rs"]
mod counting;

use std::fmt::Write;
use std::sync::Mutex;
use std::thread;

use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use traceline::{
    Config, Format, Trace,
    config::{Output, Sampling},
    current, display,
};

use counting::{Used, count};

/// Writes each record over the previous one, into memory it already owns.
struct Kept(Mutex<(usize, String)>);

/// Writes key-values as a structured logger does.
struct Pairs<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        write!(self.0, " {key}={value}")?;
        Ok(())
    }
}

static KEPT: Kept = Kept(Mutex::new((0, String::new())));

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        let (count, text) = &mut *self.0.lock().unwrap();
        *count += 1;
        text.clear();
        write!(text, "{}", record.args()).unwrap();
        let _ = record.key_values().visit(&mut Pairs(text));
    }

    fn flush(&self) {}
}

/// The number of records since the last call, and the text of the last one.
fn take_records() -> (usize, String) {
    let (count, text) = &mut *KEPT.0.lock().unwrap();
    (std::mem::take(count), text.clone())
}

/// W1: twelve fields, each in its own statement.
fn w1(mut trace: Trace) {
    fields(&mut trace);
}

/// W2, W4 and W5: W1 with five fragments in between.
fn w2(mut trace: Trace) {
    let (key, tenant, store) = ("paul", "acme", "redis-eu-1");
    trace.add("request read");
    traceline::add!(trace, "looking up key {key}");
    fields(&mut trace);
    traceline::add!(trace, "tenant {tenant} is active");
    traceline::add!(trace, "session stored in {store}");
    trace.add("done");
}

fn fields(trace: &mut Trace) {
    trace.set("req_id", "2c59a7b1e4d0836f2c59a7b1e4d0836f");
    trace.set("method", "POST");
    trace.set("uri", "/v1/token/refresh");
    trace.set("ip", "10.31.17.7");
    trace.set("status", 200u16);
    trace.set("user_id", 4_815_162u64);
    trace.set("plan", "enterprise");
    trace.set("cached", true);
    trace.set("retries", 2u32);
    trace.set("amount", 123.45);
    trace.set("db_ms", 0.75);
    trace.set("items", 12usize);
}

macro_rules! keys {
    ($name:ident: $($digit:literal)*) => {
        const $name: [[&str; 10]; 10] = [$([
            concat!("k", $digit, "0"), concat!("k", $digit, "1"), concat!("k", $digit, "2"),
            concat!("k", $digit, "3"), concat!("k", $digit, "4"), concat!("k", $digit, "5"),
            concat!("k", $digit, "6"), concat!("k", $digit, "7"), concat!("k", $digit, "8"),
            concat!("k", $digit, "9"),
        ]),*];
    };
}

keys! { KEYS: 0 1 2 3 4 5 6 7 8 9 }

/// W3: 40 strings, 40 integers, 10 floats, 10 bools; then 50 fragments.
fn w3(mut trace: Trace) {
    for (n, key) in KEYS.into_iter().flatten().enumerate() {
        match n {
            0..40 => trace.set(key, "0123456789"),
            40..80 => trace.set(key, n * 1_234_567),
            80..90 => trace.set(key, n as f64 / 7.0),
            _ => trace.set(key, n % 2 == 0),
        };
    }
    for n in 0..50 {
        traceline::add!(trace, "step {n} of 50");
    }
}

/// The rest of what a unit does mid-life, on keys that need no second name.
fn others(mut trace: Trace) {
    trace.incr("hits").max("most", 0.5).sum("bytes", u128::MAX);
    trace.time("db", |trace| _ = trace.add("inside"));
    trace
        .set("list", [1, 2, 3])
        .set("user", traceline::mask("paul of the world", 4));
    trace
        .set("ip", std::net::Ipv4Addr::LOCALHOST)
        .set("none", None::<u8>);
    trace.set("k", "longer").set("k", "short").unset("k");
    trace.error(&std::fmt::Error).warn("careful").status(500);
    traceline::add!(trace, level: Warn, "careful, {} times", 2);
    traceline::add!(trace, level: Error, "broken, {} times", 2);
    trace.checkpoint().ok();
}

/// Like W2 but without a handle, plus everything else that can be called that way.
fn by_current(mut trace: Trace) {
    let (name, cached) = ("paul", true);
    trace.scope(|| {
        current::set("method", "POST");
        current::set("uri", display(&"/v1/token/refresh"));
        current::set("both", format_args!("{name}-{cached}"));
        current::set!(user_id = 7, cached, name:?, shown:% = name);
        current::add("request read");
        current::add!("looking up key {name}");
        current::warn(format_args!("{name} is known"));
        current::add!(level: Warn, "{name} is known");
        for n in 0..10 {
            current::incr("hits");
            current::sum("sum", 0.5);
            current::max("most", n);
        }
        current::time("db", || current::set("rows", 3));
        let found = current::check("x".parse::<u8>());
        current::set("found", found.ok());
        current::with(|trace| _ = trace.set("inside", 1).unset("inside"));
        current::status(404);
        assert!(current::is_active());
    });
}

/// A unit that is entered and left repeatedly, with others inside.
fn entered(mut trace: Trace) {
    for _ in 0..10 {
        trace.scope(|| current::incr("scopes"));
        let _entered = trace.enter();
        let mut inner = Trace::default();
        let _hides = inner.enter();
        current::incr("hidden");
    }
}

/// Parts that are joined on the thread that made them.
fn joined(mut trace: Trace) {
    let (mut a, mut b) = (trace.part(), trace.part());
    for part in [&mut a, &mut b] {
        part.set("text", "text of a part").incr("n").max("most", 7);
        part.time("t", |part| _ = part.add("fragment of a part"));
        part.scope(|| current::incr("scoped"));
    }
    trace.add("fragment of the unit");
    trace.join(a).join(b);
}

#[cfg(feature = "future")]
fn polled(trace: Trace) {
    use std::future::{Future, poll_fn};
    use std::task::{Context, Poll, Waker};
    use traceline::future::InTraceExt;

    let mut polls = 0;
    let future = poll_fn(move |_| {
        polls += 1;
        current::incr("polls");
        if polls < 100 {
            return Poll::Pending;
        }
        current::add!("ready after {polls} polls");
        Poll::Ready(Ok::<_, String>(()))
    });
    let mut future = std::pin::pin!(future.run_in_trace(trace));
    let mut context = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut context).is_pending() {}
}

#[cfg(feature = "future")]
fn cancelled(trace: Trace) {
    use std::future::Future;
    use std::task::{Context, Waker};
    use traceline::future::InTraceExt;

    let future = async {
        current::set("began", true);
        std::future::pending::<()>().await;
    };
    let mut future = std::pin::pin!(future.in_trace(trace));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
}

/// Scopes on a thread that does not have the unit, and on one that does.
fn reached(mut trace: Trace) {
    let unit = trace.unit();
    for _ in 0..10 {
        unit.clone().scope(|| {
            current::set("text", "text of a part");
            current::incr("n");
            current::add!("fragment {}", 1);
        });
    }
    trace.scope(|| {
        let unit = current::unit();
        for _ in 0..10 {
            unit.scope(|| current::incr("n"));
            current::part().incr("n");
        }
    });
    trace.unit().part().incr("n");
}

/// Laps by guards, by timers, and of futures.
fn timed(mut trace: Trace) {
    let lap = trace.lap("own");
    trace.scope(|| {
        let _lap = current::lap("current");
        let timer = current::start_timer("timer");
        #[cfg(feature = "future")]
        {
            use std::future::Future;
            use std::task::{Context, Waker};
            use traceline::future::InTraceExt;

            let mut context = Context::from_waker(Waker::noop());
            let mut ready = std::pin::pin!(std::future::ready(7).timed("ready"));
            assert!(ready.as_mut().poll(&mut context).is_ready());
            let mut dropped = std::pin::pin!(std::future::pending::<()>().timed("dropped"));
            assert!(dropped.as_mut().poll(&mut context).is_pending());
        }
        current::stop(timer);
    });
    // Stopped where the trace is not current.
    drop(lap);
}

/// A task that is a part of the unit.
#[cfg(feature = "future")]
fn task(trace: Trace) {
    use std::future::Future;
    use std::task::{Context, Waker};
    use traceline::future::InTraceExt;

    let work = async {
        current::incr("n");
        current::set("text", "text of a task");
    };
    let mut task = std::pin::pin!(work.in_unit(&trace.unit()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(task.as_mut().poll(&mut context).is_ready());
}

/// Units of `run!` in all its forms, with units inside that share their ids.
fn runs() {
    use std::future::Future;
    use std::task::{Context, Waker};
    use traceline::run;

    type Done = Result<(), String>;
    let _: Done = run!("handle", |trace| {
        trace.set("a", "text").set("shown", display(&1.5));
        current::incr("n");
        trace.time("t", |trace| _ = trace.add("fragment"));
        trace.scope(|| current::incr("n"));
        let _: Done = run!("inner", |inner| {
            inner.traceparent();
            inner.set_request_id("r-1");
            trace.incr("n");
            current::set("b", 1);
            Ok(())
        });
        let _: Done = run!("inner", || {
            current::traceparent();
            Ok(())
        });
        Ok(())
    });
    let mut context = Context::from_waker(Waker::noop());
    let mut future = std::pin::pin!(run!("future", async |trace| -> Done {
        trace.set("a", "text");
        std::future::ready(()).await;
        current::incr("n");
        Ok(())
    }));
    assert!(future.as_mut().poll(&mut context).is_ready());
}

type Named = (&'static str, fn(Trace));

/// Units that are current, split into parts, or wrapped around a future.
fn in_context() -> Vec<Named> {
    vec![
        ("by_current", by_current),
        ("entered", entered),
        ("joined", joined),
        ("reached", reached),
        ("timed", timed),
        #[cfg(feature = "future")]
        ("task", task),
        #[cfg(feature = "future")]
        ("polled", polled),
        #[cfg(feature = "future")]
        ("cancelled", cancelled),
    ]
}

/// A request through the layer, and the same request without it.
#[cfg(feature = "tower")]
mod request {
    use std::convert::Infallible;
    use std::future::{Future, Ready, ready};
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Request, Response};
    use http_body::{Body, Frame};
    use tower_service::Service;
    use traceline::current;

    /// A body of this many frames.
    pub struct Frames(pub usize);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.0.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.0 = left;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"hello")))))
        }

        fn is_end_stream(&self) -> bool {
            self.0 == 0
        }
    }

    fn read<B: Body>(body: B) {
        let mut context = Context::from_waker(Waker::noop());
        let mut body = pin!(body);
        while let Poll::Ready(Some(frame)) = Pin::as_mut(&mut body).poll_frame(&mut context) {
            assert!(frame.is_ok());
        }
    }

    #[derive(Clone)]
    pub struct Hello;

    impl<Q: Body> Service<Request<Q>> for Hello {
        type Response = Response<Frames>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Q>) -> Self::Future {
            current::set("headers", request.headers().len());
            current::traceparent();
            read(request.into_body());
            let mut response = Response::new(Frames(3));
            // Leaves room for what the server adds.
            *response.headers_mut() = HeaderMap::with_capacity(8);
            ready(Ok(response))
        }
    }

    pub const HEADERS: [(&str, &str); 4] = [
        ("host", "shop.test"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("x-request-id", "order-4711"),
    ];

    /// Sends one request with the first `headers` headers and a body of this many frames,
    /// and reads the body of the response.
    pub fn send<S, B>(service: &mut S, headers: usize, frames: usize)
    where
        S: Service<Request<Frames>, Response = Response<B>>,
        S::Error: std::fmt::Debug,
        B: Body,
    {
        let mut request = Request::new(Frames(frames));
        for (name, value) in HEADERS.into_iter().take(headers) {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(response) = pin!(service.call(request)).poll(&mut context) else {
            panic!("not ready");
        };
        read(response.unwrap().into_body());
    }
}

/// The layer adds only the allocations for the header values that it writes, and one if
/// the request has a body, however long it is.
#[cfg(feature = "tower")]
fn requests(json: &Config) {
    use tower_layer::Layer;
    use traceline::tower::TraceLayer;

    let layer = TraceLayer::new().target(module_path!());
    let layers = [
        (layer.clone(), 2),
        (layer.clone().config(json), 2),
        (layer.respond_with_traceparent(false), 1),
    ];
    for (layer, values) in layers {
        for headers in 0..=request::HEADERS.len() {
            for (frames, state) in [(0, 0), (1, 1), (50, 1)] {
                take_records();
                let bare = steady(|| request::send(&mut request::Hello, headers, frames));
                let mut traced = layer.layer(request::Hello);
                let used = steady(|| request::send(&mut traced, headers, frames));
                assert_eq!(
                    used.calls - bare.calls,
                    100 * (values + state),
                    "{headers} headers, {frames} frames"
                );
                assert_eq!(used.kept, 0);
                assert_eq!(take_records().0, 101);
            }
        }
    }
}

fn discarded(mut trace: Trace) {
    fields(&mut trace);
    trace.discard();
}

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// Units that are sampled out, or emitted as key-values or through a hook.
fn out_of_the_ordinary(json: &Config) {
    take_records();
    let continued = |config: &Config, work: fn(Trace)| {
        let mut trace = traceline::builder!("auth").config(config).start();
        trace
            .continue_from(CALLER.parse().unwrap())
            .set_request_id("order-4711");
        work(trace);
    };
    let rarely = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.text("plan") == Some("free"));
    let rarely = Config::builder().sampling(rarely).build().unwrap();
    let always = Config::builder()
        .sampling(Sampling::one_in(1))
        .build()
        .unwrap();
    let typed = Config::builder()
        .output(Output::KeyValues)
        .field("zones", ["a", "b"]);
    let typed = typed.build().unwrap();
    let hooked = Config::builder().on_emit(|unit, emit| {
        assert_eq!(unit.name(), "auth");
        emit();
    });
    let hooked = hooked.build().unwrap();
    for (name, config, records) in [
        ("sampled out", &rarely, 0),
        ("kept", &always, 101),
        ("key-values", &typed, 101),
        ("hook", &hooked, 101),
        ("json", json, 101),
    ] {
        for work in [w1 as fn(Trace), w2, w3] {
            let unit = || work(traceline::builder!("auth").config(config).start());
            assert_eq!(steady(unit), NOTHING, "{name}");
            assert_eq!(take_records().0, records, "{name}");
            assert_eq!(steady(|| continued(config, work)), NOTHING, "{name}");
            assert_eq!(take_records().0, records, "{name}");
        }
    }
}

const NOTHING: Used = Used {
    calls: 0,
    peak: 0,
    kept: 0,
};

/// The memory used by a unit that is not the first on its thread.
fn steady(mut unit: impl FnMut()) -> Used {
    unit();
    let ((), used) = count(|| (0..100).for_each(|_| unit()));
    used
}

#[test]
fn only_the_first_unit_of_a_thread_allocates() {
    KEPT.0.lock().unwrap().1.reserve(64 * 1024);
    log::set_logger(&KEPT).unwrap();
    log::set_max_level(LevelFilter::Info);
    let logfmt = Config::builder().build().unwrap();
    logfmt.install().unwrap();
    let json = Config::builder().format(Format::Json).build().unwrap();
    let json = &json;

    type Work = fn(Trace);
    let units: [(&str, Work, usize); 5] = [
        ("W1", w1, 1),
        ("W2", w2, 1),
        ("W3", w3, 1),
        ("others", others, 2),
        ("discarded", discarded, 0),
    ];
    for (name, work, records) in units {
        let as_logfmt = || work(traceline::start!("auth"));
        let as_json = || work(traceline::builder!("auth").config(json).start());
        for (format, unit) in [
            ("logfmt", &as_logfmt as &(dyn Fn() + Sync)),
            ("json", &as_json),
        ] {
            let first = thread::scope(|scope| scope.spawn(|| count(unit).1).join().unwrap());
            assert!(first.calls <= 3, "{name} {format}: {first:?}");
            let (count, text) = take_records();
            assert_eq!(count, records, "{name}");
            if records > 0 {
                assert_eq!(text.starts_with('{'), format == "json", "{text}");
            }
            println!("{name} {format}: first {first:?}");

            assert_eq!(steady(unit), NOTHING, "{name} {format}");
            assert_eq!(take_records().0, records * 101, "{name}");
        }
        // Captured, but not severe enough in the end: W5.
        log::set_max_level(LevelFilter::Warn);
        assert_eq!(steady(as_logfmt), NOTHING, "{name} below the level");
        if name != "others" {
            assert_eq!(take_records().0, 0, "{name}");
        }
        // Not captured: W4. Not even the first unit allocates.
        log::set_max_level(LevelFilter::Off);
        for unit in [&as_logfmt as &(dyn Fn() + Sync), &as_json] {
            let first = thread::scope(|scope| scope.spawn(|| count(unit).1).join().unwrap());
            assert_eq!(first, NOTHING, "{name} disabled");
        }
        log::set_max_level(LevelFilter::Info);
        take_records();
    }

    // Two kinds of unit, alternating on one thread and then running at the same time.
    let turns = || {
        w1(traceline::start!("login"));
        w3(traceline::start!("report", user_id = 7, plan = "pro"));
        let outer = traceline::start!("outer");
        w2(traceline::start!("inner"));
        w2(outer);
    };
    assert_eq!(steady(turns), NOTHING);
    // With the trace current, in parts, or around a future.
    for (name, work) in in_context() {
        take_records();
        for (format, unit) in [
            ("logfmt", &(|| work(traceline::start!("auth"))) as &dyn Fn()),
            ("json", &|| {
                work(traceline::builder!("auth").config(json).start())
            }),
        ] {
            assert_eq!(steady(unit), NOTHING, "{name} {format}");
            assert_eq!(take_records().0, 101, "{name} {format}");
        }
    }

    #[cfg(feature = "tower")]
    requests(json);

    // Nested, and with guards dropped in the wrong order.
    let nested = || {
        let mut outer = traceline::start!("outer");
        outer.scope(|| {
            by_current(traceline::start!("inner"));
            current::incr("inner");
        });
        let mut inner = traceline::start!("inner");
        let (in_outer, in_inner) = (outer.enter(), inner.enter());
        drop(in_outer);
        current::incr("n");
        drop(in_inner);
    };
    assert_eq!(steady(nested), NOTHING);
    // Nor do the ids that a unit inside another shares with it, whoever asks first.
    let sharing = |asks_first: bool| {
        let mut outer = traceline::start!("outer");
        outer.set_request_id("order-4711");
        outer.scope(|| {
            let mut inner = traceline::start!("inner");
            if !asks_first {
                current::trace_id();
            }
            inner.scope(|| {
                current::trace_id();
                drop(traceline::start!("innermost"));
            });
        });
    };
    for asks_first in [false, true] {
        assert_eq!(steady(|| sharing(asks_first)), NOTHING);
    }

    take_records();
    runs();
    assert_eq!(steady(runs), NOTHING);
    assert_eq!(take_records().0, 4 * 102);

    // A shared trace costs its `Arc`; its calls cost nothing.
    let calls = || {
        let shared = traceline::start!("shared").into_shared();
        let clone = shared.clone();
        clone.set("a", "text").set("b", display(&1.5)).incr("n");
        shared.add(format_args!("{} bytes", 7));
        shared.with(|trace| {
            trace.max("most", 7);
        });
        shared.time("t", || {
            clone.with(|trace| {
                trace.sum("sum", 0.5).sum("n", 2);
            })
        });
    };
    let used = steady(calls);
    assert_eq!((used.calls, used.kept), (100, 0), "{used:?}");

    // Ordinary records in the format of units, while a unit is current.
    let as_text = |config: &Config| {
        let (_, text) = &mut *KEPT.0.lock().unwrap();
        text.clear();
        let mut builder = Record::builder();
        let builder = builder.file(Some("src/shop.rs")).line(Some(17));
        let pairs = [("shelf", 7), ("rows", 12)];
        let record = builder
            .key_values(&pairs)
            .args(format_args!("3 left"))
            .build();
        write!(text, "{}", config.format_record(&record)).unwrap();
        assert!(text.contains("3 left"), "{text}");
    };
    let mut trace = traceline::start!("around");
    trace.traceparent();
    let entered = trace.enter();
    for config in [&logfmt, json] {
        assert_eq!(steady(|| as_text(config)), NOTHING);
    }
    drop(entered);
    out_of_the_ordinary(json);

    // With no current unit, these calls do nothing.
    let ((), used) = count(|| {
        current::set("k", display(&1));
        current::add!("{}", 1);
        current::incr("n");
        current::time("t", || ());
        current::emit();
        assert!(!current::is_active());
    });
    assert_eq!(used, NOTHING);
}
