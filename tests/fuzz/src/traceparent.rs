//! The header `traceparent`, and the ids in it.

use traceline::ids::{IdError, SpanId, TraceId, TraceParent};

use crate::faults::{digits, of_id};
use crate::w3c::{self, Parent};
use crate::work;

/// Any bytes: read as text, as ids and as the header of a request; and the header they produce.
pub fn check(data: &[u8]) {
    read(data);
    if let Some((bytes, rest)) = data.split_first_chunk() {
        read(&made(bytes, rest));
    }
}

/// A header made from version, ids and flags, because random text is seldom one.
fn made(bytes: &[u8; 26], rest: &[u8]) -> Vec<u8> {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let parts = [&bytes[..1], &bytes[1..17], &bytes[17..25], &bytes[25..]].map(hex);
    [parts.join("-").as_bytes(), rest].concat()
}

fn read(data: &[u8]) {
    let want = w3c::parent(data);
    if let Ok(text) = std::str::from_utf8(data) {
        header(text, want.as_ref());
        ids(text);
    }
    request(data, want.as_ref());
}

fn header(text: &str, want: Option<&Parent>) {
    match (TraceParent::parse(text), want) {
        (Ok(got), Some(want)) => {
            assert_eq!(Some(got.to_string()), w3c::untouched(text.as_bytes()));
            same(got, want);
        }
        (Err(error), None) => {
            let possible = faults(text.as_bytes());
            let said = error.to_string();
            assert!(
                possible.contains(&said),
                "{text:?}: {said:?} is none of {possible:?}"
            );
        }
        (got, _) => panic!("{text:?}: {got:?} is not {want:?}"),
    }
    assert_eq!(text.parse::<TraceParent>(), TraceParent::parse(text));
}

fn same(got: TraceParent, want: &Parent) {
    let text = got.to_string();
    assert_eq!(TraceParent::parse(&text), Ok(got));
    let short = match text.len() {
        TraceParent::LEN => text,
        _ => want.header(),
    };
    assert_eq!(got.encode(&mut [0; TraceParent::LEN]), short);
    assert_eq!(got.trace_id().to_string(), want.trace);
    assert_eq!(got.span_id().to_string(), want.span);
    assert_eq!(
        (got.is_sampled(), got.is_random()),
        (want.sampled, want.random)
    );
    let made = TraceParent::new(got.trace_id(), got.span_id(), want.sampled, want.random);
    assert_eq!(made.to_string(), want.header());
}

fn ids(text: &str) {
    let same = |got: Result<String, IdError>, len, what: &str| match w3c::id(text.as_bytes(), len) {
        Some(want) => assert_eq!(got, Ok(want)),
        None => {
            let possible = of_id(text.as_bytes(), what, len);
            let said = got.expect_err(text).to_string();
            assert!(
                possible.contains(&said),
                "{text:?}: {said:?} is none of {possible:?}"
            );
        }
    };
    same(
        text.parse::<TraceId>().map(|id| id.to_string()),
        32,
        "trace id",
    );
    same(
        text.parse::<SpanId>().map(|id| id.to_string()),
        16,
        "span id",
    );
}

/// The header of a request, which need not be text.
fn request(data: &[u8], want: Option<&Parent>) {
    let mut trace = work::start();
    trace.continue_from_headers([("traceparent", data)]);
    let out = trace.traceparent().expect("it is not disabled").to_string();
    let record = work::end(trace);
    let said = |key: &str| record.get(key).map(|value| value.as_str().expect("a text"));
    assert_eq!(said("span_id"), Some(work::OWN_SPAN));
    assert_eq!(said("parent_id"), want.map(|want| &*want.span));
    let trace = want.map_or(work::OWN_TRACE, |want| &want.trace);
    assert_eq!(said("trace_id"), Some(trace));
    // The ids of a test are not random, and its new transaction does not claim that; it is sampled.
    let (sampled, random) = want.map_or((true, false), |want| (want.sampled, want.random));
    let (trace, span) = (trace.into(), work::OWN_SPAN.into());
    assert_eq!(
        out,
        Parent {
            trace,
            span,
            sampled,
            random
        }
        .header()
    );
}

/// Every fault that an invalid header has.
fn faults(text: &[u8]) -> Vec<String> {
    // A blank around a header is ignored, but it may also be the wrong character in a place.
    let mut all = faults_at(text);
    all.extend(faults_at(w3c::trimmed(text)));
    all
}

fn faults_at(text: &[u8]) -> Vec<String> {
    let len = text.len();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let mut all = Vec::new();
    if len < 55 || (part(0, 2) == b"00" && len > 55) {
        all.push(format!("traceparent: expected 55 characters, got {len}"));
    }
    let hyphens = [2, 35, 52, 55]
        .into_iter()
        .filter(|at| text.get(*at).is_some_and(|byte| *byte != b'-'));
    all.extend(hyphens.map(|at| {
        let got = text[at].escape_ascii();
        format!("traceparent: expected a hyphen at {at}, got '{got}'")
    }));
    if part(0, 2) == b"ff" {
        all.push("version: expected 00 to fe, got ff".into());
    }
    all.extend(digits(part(0, 2), "version"));
    all.extend(digits(part(53, 55), "flags"));
    all.extend(of_id(part(3, 35), "trace id", 32));
    all.extend(of_id(part(36, 52), "span id", 16));
    all
}
