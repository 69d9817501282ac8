//! W3C Trace Context through a service: the kinds of requests that the test suite of the specification sends
//! (<https://github.com/w3c/trace-context>), and the headers of the calls that the service makes for each.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Empty;
use log::LevelFilter;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;
use traceline::future::InTraceExt;
use traceline::tower::{PropagateLayer, RequestBody, TraceLayer};
use traceline::{Config, current, run, testing};

use crate::util::{Bench, Capture};

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";

/// What each call is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum PerCall {
    /// A part of the unit of the request.
    #[default]
    Part,
    /// A child of it.
    Child,
    /// A unit inside it.
    Run,
}

/// How a service makes its calls.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    per_call: PerCall,
    /// The calls have the headers of the request, as those of a proxy have.
    copies: bool,
    is_off: bool,
}

/// The headers of the three calls that a service makes while it handles a request.
fn calls(way: Way, request: &HeaderMap) -> Vec<HeaderMap> {
    let bench = Bench::new(Config::builder());
    let config = match way.is_off {
        true => Capture::up_to(LevelFilter::Off).config(Config::builder()),
        false => bench.config.clone(),
    };
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let handler = service_fn(move |request: Request<RequestBody<Empty<bytes::Bytes>>>| {
        let seen = Arc::clone(&seen);
        async move {
            for _ in 0..3 {
                let copied = match way.copies {
                    true => request.headers().clone(),
                    false => HeaderMap::new(),
                };
                let call = call(copied);
                let headers = match way.per_call {
                    PerCall::Part => call.await,
                    PerCall::Child => {
                        let child = current::child("call");
                        call.in_trace(child).await
                    }
                    PerCall::Run => run!("call", async || Ok::<_, Infallible>(call.await))
                        .await
                        .unwrap(),
                };
                seen.lock().unwrap().push(headers);
            }
            Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
        }
    });
    let service = TraceLayer::new()
        .target("shop")
        .config(&config)
        .layer(handler);
    let mut given = Request::new(Empty::new());
    *given.headers_mut() = request.clone();
    let request = || drop(block_on(service.oneshot(given)).unwrap());
    match way.per_call == PerCall::Run && !way.is_off {
        // `run!` uses the configuration of the process, which has no logger here.
        true => drop(testing::capture(request)),
        false => request(),
    }
    sent.lock().unwrap().split_off(0)
}

/// What a client sends that is asked to send these headers.
async fn call(copied: HeaderMap) -> HeaderMap {
    let echo =
        service_fn(async |request: Request<()>| Ok::<_, Infallible>(request.headers().clone()));
    let mut request = Request::new(());
    *request.headers_mut() = copied;
    let client = PropagateLayer::new().layer(echo);
    client.oneshot(request).await.unwrap()
}

/// A kind of request: its headers, whether the calls belong to the caller's transaction,
/// and the `tracestate` of each call.
struct Kind {
    name: &'static str,
    headers: HeaderMap,
    joins: bool,
    state: Option<String>,
}

fn kind(name: &'static str, headers: &[(&str, &str)], joins: bool, state: Option<&str>) -> Kind {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let state = state.map(str::to_owned);
    Kind {
        name,
        headers: map,
        joins,
        state,
    }
}

/// The kinds of `traceparent`: name, values, and whether the caller's transaction goes on.
fn parents() -> Vec<Kind> {
    let good = format!("00-{TRACE}-{SPAN}-01");
    let with = |version: &str, trace: &str, span: &str, flags: &str| {
        format!("{version}-{trace}-{span}-{flags}")
    };
    let zeros = "0".repeat(32);
    let rows: &[(&str, &[String], bool)] = &[
        ("none", &[], false),
        ("one", std::slice::from_ref(&good), true),
        (
            "doubled",
            &[
                with("00", &TRACE.replace("12", "34"), SPAN, "01"),
                good.clone(),
            ],
            false,
        ),
        ("doubled, the same", &[good.clone(), good.clone()], false),
        ("version 00 with a full stop", &[format!("{good}.")], false),
        (
            "version 00 that is longer",
            &[format!("{good}-what-the-future-will-be-like")],
            false,
        ),
        ("a later version", &[with("cc", TRACE, SPAN, "01")], true),
        (
            "a later version that is longer",
            &[with("cc", TRACE, SPAN, "01-what-the-future-will-be-like")],
            true,
        ),
        (
            "a later version with a full stop",
            &[with("cc", TRACE, SPAN, "01.what-the-future-will-be-like")],
            false,
        ),
        ("version ff", &[with("ff", TRACE, SPAN, "01")], false),
        (
            "a version of other characters",
            &[with(".0", TRACE, SPAN, "01")],
            false,
        ),
        (
            "a version that ends in others",
            &[with("0.", TRACE, SPAN, "01")],
            false,
        ),
        (
            "a version too long by one",
            &[with("000", TRACE, SPAN, "01")],
            false,
        ),
        (
            "a version too long by two",
            &[with("0000", TRACE, SPAN, "01")],
            false,
        ),
        (
            "a version too short",
            &[with("0", TRACE, SPAN, "01")],
            false,
        ),
        (
            "a trace id of zeros",
            &[with("00", &zeros, SPAN, "01")],
            false,
        ),
        (
            "a trace id of other characters",
            &[with("00", &TRACE.replacen('1', ".", 1), SPAN, "01")],
            false,
        ),
        (
            "a trace id in upper case",
            &[with("00", &TRACE.replace("12", "AB"), SPAN, "01")],
            false,
        ),
        (
            "a trace id too long",
            &[with("00", &format!("{TRACE}3"), SPAN, "01")],
            false,
        ),
        (
            "a trace id too short",
            &[with("00", &TRACE[1..], SPAN, "01")],
            false,
        ),
        (
            "a parent id of zeros",
            &[with("00", TRACE, &zeros[..16], "01")],
            false,
        ),
        (
            "a parent id of other characters",
            &[with("00", TRACE, &SPAN.replacen('1', ".", 1), "01")],
            false,
        ),
        (
            "a parent id too long",
            &[with("00", TRACE, &format!("{SPAN}7"), "01")],
            false,
        ),
        (
            "a parent id too short",
            &[with("00", TRACE, &SPAN[1..], "01")],
            false,
        ),
        (
            "flags of other characters",
            &[with("00", TRACE, SPAN, ".0")],
            false,
        ),
        (
            "flags that end in others",
            &[with("00", TRACE, SPAN, "0.")],
            false,
        ),
        ("flags too long", &[with("00", TRACE, SPAN, "001")], false),
        ("flags too short", &[with("00", TRACE, SPAN, "1")], false),
        ("a space before", &[format!(" {good}")], true),
        ("a tab before", &[format!("\t{good}")], true),
        ("a space behind", &[format!("{good} ")], true),
        ("a tab behind", &[format!("{good}\t")], true),
        ("blanks around", &[format!("\t {good} \t")], true),
        ("the random flag", &[with("00", TRACE, SPAN, "02")], true),
        ("unknown flags", &[with("00", TRACE, SPAN, "fd")], true),
    ];
    let mut all = Vec::new();
    for (name, values, joins) in rows {
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("traceparent", value.as_str()))
            .collect();
        all.push(kind(name, &headers, *joins, None));
    }
    for name in ["trace-parent", "trace.parent"] {
        all.push(kind("another name", &[(name, &good)], false, None));
    }
    for name in ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        all.push(kind(
            "its name in another case",
            &[(name, &good)],
            true,
            None,
        ));
    }
    all
}

/// The values of a request, and the list that a unit passes on.
type State = (Vec<String>, Option<String>);

/// The kinds of `tracestate`: name, values, and the list that a unit passes on.
fn states() -> Vec<Kind> {
    let members = |n: usize| {
        (0..n)
            .map(|n| format!("bar{n:02}={n:02}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (' '..='~').filter(|c| *c != ',' && *c != '=').collect();
    let long = |len: usize| format!("{}=1", "z".repeat(len));
    let vendor =
        |tenant: usize, vendor: usize| format!("{}@{}=1", "t".repeat(tenant), "v".repeat(vendor));
    let own = |text: String| (vec![text.clone()], Some(text));
    let more = |text: String| {
        (
            vec!["foo=1".to_owned(), text.clone()],
            Some(format!("foo=1,{text}")),
        )
    };
    let is = |values: &[&str], list: Option<&str>| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        (values, list.map(str::to_owned))
    };
    let rows: Vec<(&'static str, State)> = vec![
        ("none", is(&[], None)),
        ("a list", own("foo=1,bar=2".into())),
        ("an empty one", is(&[""], None)),
        ("an empty one behind", is(&["foo=1", ""], Some("foo=1"))),
        ("an empty one before", is(&["", "foo=1"], Some("foo=1"))),
        (
            "several",
            is(
                &["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
                Some("foo=1,bar=2,rojo=1,congo=2,baz=3"),
            ),
        ),
        ("a key twice", own("foo=1,foo=1".into())),
        ("a key twice with other values", own("foo=1,foo=2".into())),
        (
            "a key in two headers",
            is(&["foo=1", "foo=1"], Some("foo=1,foo=1")),
        ),
        (
            "a key in two headers with other values",
            is(&["foo=1", "foo=2"], Some("foo=1,foo=2")),
        ),
        (
            "all characters of a key and a value",
            own(format!("{key}={value}")),
        ),
        (
            "all characters with a vendor",
            own(format!("{key}@a-z0-9_-*/={value}")),
        ),
        (
            "spaces first between members",
            is(
                &["foo=1 \t , \t bar=2, \t baz=3"],
                Some("foo=1,bar=2,baz=3"),
            ),
        ),
        (
            "tabs first between members",
            is(
                &["foo=1\t \t,\t \tbar=2,\t \tbaz=3"],
                Some("foo=1,bar=2,baz=3"),
            ),
        ),
        ("a space before", is(&[" foo=1"], Some("foo=1"))),
        ("a tab before", is(&["\tfoo=1"], Some("foo=1"))),
        ("a space behind", is(&["foo=1 "], Some("foo=1"))),
        ("a tab behind", is(&["foo=1\t"], Some("foo=1"))),
        ("blanks around", is(&["\t foo=1 \t"], Some("foo=1"))),
        ("empty members", is(&["foo=1,,bar=2,"], Some("foo=1,bar=2"))),
        ("a space in a key", is(&["foo =1"], None)),
        ("a key in upper case", is(&["FOO=1"], None)),
        ("a full stop in a key", is(&["foo.bar=1"], None)),
        ("an at sign behind a key", own("foo@=1,bar=2".into())),
        ("an at sign before a key", is(&["@foo=1,bar=2"], None)),
        ("two at signs", own("foo@@bar=1,bar=2".into())),
        ("two vendors", own("foo@bar@baz=1,bar=2".into())),
        ("32 members", own(members(32))),
        ("33 members", is(&[&members(33)], None)),
        ("a key of 256 characters", more(long(256))),
        ("a key of 257 characters", is(&["foo=1", &long(257)], None)),
        ("a long tenant and vendor", more(vendor(241, 14))),
        ("a longer tenant", more(vendor(242, 1))),
        ("a longer vendor", more(vendor(1, 15))),
        ("an equals sign in a value", is(&["foo=bar=baz"], None)),
        ("an empty value", is(&["foo=,bar=3"], None)),
    ];
    let parent = format!("00-{TRACE}-{SPAN}-00");
    let mut all = Vec::new();
    for (name, (values, state)) in &rows {
        let mut headers = vec![("traceparent", parent.as_str())];
        headers.extend(values.iter().map(|value| ("tracestate", value.as_str())));
        all.push(kind(name, &headers, true, state.as_deref()));
    }
    for name in ["trace-state", "trace.state"] {
        all.push(kind(
            "another name",
            &[("traceparent", &parent), (name, "foo=1")],
            true,
            None,
        ));
    }
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        let headers = [("traceparent", parent.as_str()), (name, "foo=1")];
        all.push(kind(
            "its name in another case",
            &headers,
            true,
            Some("foo=1"),
        ));
    }
    all.push(kind(
        "without a traceparent",
        &[("tracestate", "foo=1")],
        false,
        None,
    ));
    let malformed = format!("00-{TRACE}-{SPAN}-0");
    let headers = [("traceparent", malformed.as_str()), ("tracestate", "foo=1")];
    all.push(kind("with a malformed traceparent", &headers, false, None));
    all
}

/// The only header of a name, or none.
#[track_caller]
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next();
    assert!(values.next().is_none(), "{name} twice: {headers:?}");
    value.map(|value| value.to_str().unwrap())
}

/// The trace id, the span id and the flags of a call, which has to name version 00.
#[track_caller]
fn parent(headers: &HeaderMap) -> (String, String, u8) {
    let text = only(headers, "traceparent").expect("a traceparent");
    let fields: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = fields[..] else {
        panic!("{text}")
    };
    assert_eq!(
        (version, trace.len(), span.len(), flags.len()),
        ("00", 32, 16, 2),
        "{text}"
    );
    assert!(
        text.parse::<traceline::ids::TraceParent>().is_ok(),
        "{text}"
    );
    let flags = u8::from_str_radix(flags, 16).unwrap();
    (trace.to_owned(), span.to_owned(), flags)
}

/// Each call of a unit continues the caller's transaction or starts one, with its own span
/// id, and with a `tracestate` only if that belongs to its `traceparent`.
#[track_caller]
fn check(way: Way) {
    for kind in parents().into_iter().chain(states()) {
        let (name, calls) = (kind.name, calls(way, &kind.headers));
        let mut spans = BTreeSet::new();
        let mut traces = BTreeSet::new();
        for headers in &calls {
            let (trace, span, flags) = parent(headers);
            assert_eq!(trace == TRACE, kind.joins, "{name}: {headers:?}");
            assert_ne!(span, SPAN, "{name}");
            assert_eq!(only(headers, "tracestate"), kind.state.as_deref(), "{name}");
            let came = kind
                .headers
                .get("traceparent")
                .map(|value| value.as_bytes());
            let came = came.map(|value| value.trim_ascii()).unwrap_or_default();
            match (kind.joins, came.get(53..55)) {
                (true, Some(b"00")) => assert_eq!(flags, 0, "{name}"),
                (true, Some(b"02")) => assert_eq!(flags, 2, "{name}"),
                (true, _) => assert_eq!(flags, 1, "{name}"),
                (false, _) => assert_eq!(flags, 3, "{name}"),
            }
            spans.insert(span);
            traces.insert(trace);
        }
        assert_eq!(traces.len(), 1, "{name}");
        let units = if way.per_call == PerCall::Part { 1 } else { 3 };
        assert_eq!(spans.len(), units, "{name}");
    }
}

#[test]
fn all_calls_of_a_unit_have_its_ids() {
    check(Way::default());
}

#[test]
fn each_call_that_is_a_unit_has_a_span_id_of_its_own() {
    for per_call in [PerCall::Child, PerCall::Run] {
        check(Way {
            per_call,
            ..Way::default()
        });
    }
}

#[test]
fn a_proxy_that_copies_headers_sends_the_ids_of_its_own_unit() {
    let copies = true;
    for per_call in [PerCall::Part, PerCall::Child, PerCall::Run] {
        check(Way {
            per_call,
            copies,
            ..Way::default()
        });
    }
}

/// With logging off, the ids of the caller are passed on byte for byte. Ids are made only
/// where none came or where they are malformed.
#[test]
fn with_logging_off_ids_are_passed_on_as_they_came_or_made() {
    let off = |per_call, copies| Way {
        per_call,
        copies,
        is_off: true,
    };
    let ways = [PerCall::Part, PerCall::Child, PerCall::Run];
    for way in ways.map(|way| [off(way, false), off(way, true)]).concat() {
        for kind in parents().into_iter().chain(states()) {
            let name = kind.name;
            let calls = calls(way, &kind.headers);
            for headers in &calls {
                assert_eq!(
                    headers.get("traceparent"),
                    calls[0].get("traceparent"),
                    "{name}"
                );
                if !kind.joins {
                    assert_ne!(parent(headers).0, TRACE, "{name}");
                    assert_eq!(only(headers, "tracestate"), None, "{name}");
                    continue;
                }
                let came = only(&kind.headers, "traceparent").map(str::trim);
                assert_eq!(only(headers, "traceparent"), came, "{name}");
                let came = kind.headers.get_all("tracestate").into_iter();
                let came = came.map(|value| value.to_str().unwrap().trim());
                let came: Vec<_> = came.filter(|value| !value.is_empty()).collect();
                let came = Some(came.join(",")).filter(|list| !list.is_empty());
                assert_eq!(only(headers, "tracestate"), came.as_deref(), "{name}");
            }
        }
    }
}
