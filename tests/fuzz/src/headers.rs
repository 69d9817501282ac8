//! The headers of a request: B3 in one header or several, and any map, duplicated, torn and hostile.

use traceline::{
    Trace,
    ids::{IdError, TraceId, TraceParent, TraceState},
};

use crate::b3::{self, Said};
use crate::faults::of_id;
use crate::w3c;
use crate::work;

/// Lines are headers, `name: value`.
pub fn check(data: &[u8]) {
    let lines = work::lines(data);
    let headers: Vec<(String, &[u8])> = lines.iter().map(|line| header(line)).collect();
    for value in headers
        .iter()
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
    {
        single(value);
    }
    let map = Map(&headers);
    several(&map);
    let want = Want::of(&map);
    enabled(&headers, &want);
    disabled(&headers, &map, &want);
}

/// Neither the name nor the value needs to be valid.
fn header(line: &[u8]) -> (String, &[u8]) {
    let at = line
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(line.len());
    let value = line.get(at + 1..).unwrap_or_default();
    let value = value.strip_prefix(b" ").unwrap_or(value);
    (String::from_utf8_lossy(&line[..at]).into_owned(), value)
}

struct Map<'a>(&'a [(String, &'a [u8])]);

impl<'a> Map<'a> {
    fn all(&self, name: &str) -> Vec<&'a [u8]> {
        let named = self
            .0
            .iter()
            .filter(|(own, _)| own.to_ascii_lowercase() == name);
        named.map(|(_, value)| *value).collect()
    }

    /// A repeated header is as bad as a missing one.
    fn one(&self, name: &str) -> Option<&'a [u8]> {
        match self.all(name).as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.one(name)?).ok()
    }

    fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    fn decision(&self) -> Option<&'a str> {
        match self.text("x-b3-flags") {
            Some("1") => Some("d"),
            _ => self.text("x-b3-sampled"),
        }
    }
}

/// The known facts about a unit with these headers.
struct Want {
    said: Option<Said>,
    state: Option<String>,
    request_id: Option<String>,
}

impl Want {
    fn of(map: &Map<'_>) -> Want {
        let said = said(map);
        // A state means nothing without the parent it came with.
        let state = match &said {
            Some(_) if map.has("traceparent") => w3c::state(&map.all("tracestate")),
            _ => None,
        };
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:@/+=-".contains(byte);
        let is_id = |id: &&[u8]| (1..=128).contains(&id.len()) && id.iter().all(is_part);
        let request_id = map.one("x-request-id").filter(is_id);
        Want {
            said,
            state: state.filter(|state| !state.is_empty()),
            request_id: request_id.map(|id| String::from_utf8_lossy(id).into_owned()),
        }
    }
}

/// A W3C header, even a bad one, comes before the single B3 header, and that before the several.
fn said(map: &Map<'_>) -> Option<Said> {
    if map.has("traceparent") {
        let parent = w3c::parent(map.one("traceparent")?)?;
        return Some(Said {
            parent,
            is_decided: true,
        });
    }
    if map.has("b3") {
        return b3::single(map.one("b3")?);
    }
    let (trace, span) = (map.text("x-b3-traceid")?, map.text("x-b3-spanid")?);
    b3::several(
        trace.as_bytes(),
        span.as_bytes(),
        map.decision().map(str::as_bytes),
    )
}

fn single(text: &str) {
    let want = b3::single(text.as_bytes());
    let parts: Vec<&str> = text.trim_matches([' ', '\t']).split('-').collect();
    let count = parts.len();
    let mut possible = vec![format!("b3: expected 2 to 4 parts, got {count}")];
    if let [trace, span, more @ ..] = parts.as_slice()
        && more.len() <= 2
    {
        possible = faults(trace, span, more.first().copied());
        possible.extend(
            more.get(1)
                .into_iter()
                .flat_map(|parent| of_id(parent.as_bytes(), "span id", 16)),
        );
    }
    same(TraceParent::parse_b3(text), want, &possible);
}

fn several(map: &Map<'_>) {
    let (trace, span) = (
        map.text("x-b3-traceid").unwrap_or(""),
        map.text("x-b3-spanid").unwrap_or(""),
    );
    let decision = map.decision();
    let want = b3::several(
        trace.as_bytes(),
        span.as_bytes(),
        decision.map(str::as_bytes),
    );
    same(
        TraceParent::from_b3(trace, span, decision),
        want,
        &faults(trace, span, decision),
    );
}

/// Every fault that an invalid header has.
fn faults(trace: &str, span: &str, decision: Option<&str>) -> Vec<String> {
    let len = if trace.len() == 16 { 16 } else { 32 };
    let mut all = of_id(trace.as_bytes(), "trace id", len);
    all.extend(of_id(span.as_bytes(), "span id", 16));
    if !matches!(decision, None | Some("0" | "1" | "d" | "true" | "false")) {
        all.push("flags: expected 0, 1 or d".into());
    }
    all
}

fn same(got: Result<TraceParent, IdError>, want: Option<Said>, possible: &[String]) {
    match (got, want) {
        (Ok(got), Some(want)) => {
            assert_eq!(got.to_string(), want.parent.header());
            assert_eq!(TraceParent::parse(&got.to_string()), Ok(got));
        }
        (Err(error), None) => {
            let said = error.to_string();
            assert!(possible.contains(&said), "{said:?} is none of {possible:?}");
        }
        (got, want) => panic!("{got:?} is not {want:?}"),
    }
}

fn enabled(headers: &[(String, &[u8])], want: &Want) {
    let mut trace = work::start();
    trace.continue_from_headers(headers.iter().map(|(name, value)| (name, value)));
    let out = outgoing(&mut trace, want);
    let mut child = trace.child("child");
    assert_eq!(outgoing(&mut child, want), out);
    let called = work::end(child);
    let record = work::end(trace);
    let said = want.said.as_ref();
    assert_eq!(out.span, work::OWN_SPAN);
    assert_eq!(
        out.trace,
        said.map_or(work::OWN_TRACE, |said| &said.parent.trace)
    );
    // Nobody decided, so it is as in a new transaction.
    let sampled = said.is_none_or(|said| !said.is_decided || said.parent.sampled);
    assert_eq!(
        (out.sampled, out.random),
        (sampled, said.is_some_and(|said| said.parent.random))
    );
    let text = |key: &str| record.get(key).map(|value| value.as_str().expect("a text"));
    assert_eq!(text("trace_id"), Some(&*out.trace));
    assert_eq!(text("span_id"), Some(&*out.span));
    assert_eq!(text("parent_id"), said.map(|said| &*said.parent.span));
    assert_eq!(text("trace_flags"), Some(&out.header()[53..]));
    assert_eq!(
        text("request_id"),
        Some(want.request_id.as_deref().unwrap_or(work::OWN_TRACE))
    );
    for key in ["trace_id", "trace_flags", "request_id"] {
        assert_eq!(called.get(key), record.get(key));
    }
    assert_eq!(called["parent_id"], work::OWN_SPAN);
}

/// Checks that the outgoing headers are valid again; returns them.
fn outgoing(trace: &mut Trace, want: &Want) -> w3c::Parent {
    let state = trace.tracestate();
    assert_eq!(
        state.as_ref().map(TraceState::as_str),
        want.state.as_deref()
    );
    if let Some(state) = &state {
        assert_eq!(
            w3c::state(&[state.as_str().as_bytes()]).as_deref(),
            Some(state.as_str())
        );
    }
    let header = trace.traceparent().expect("it is not disabled").to_string();
    let parent = w3c::parent(header.as_bytes()).unwrap_or_else(|| panic!("{header} is none"));
    assert_eq!(parent.header(), header);
    parent
}

/// A disabled unit passes on what it was given, byte for byte, or ids that it makes.
fn disabled(headers: &[(String, &[u8])], map: &Map<'_>, want: &Want) {
    let mut trace = Trace::default();
    trace.continue_from_headers(headers.iter().map(|(name, value)| (name, value)));
    let parent = trace.traceparent().expect("one that came, or a fresh one");
    let state = trace.tracestate();
    let is_w3c = map.has("traceparent");
    match &want.said {
        None => {
            assert!(w3c::parent(parent.to_string().as_bytes()).is_some());
            assert_eq!(state, None);
        }
        Some(_) if is_w3c => {
            let came = map.one("traceparent").and_then(w3c::untouched);
            assert_eq!(Some(parent.to_string()), came);
            let came = w3c::untouched_state(&map.all("tracestate"));
            assert_eq!(state.map(|state| state.to_string()), came);
        }
        Some(said) => {
            let sampled = !said.is_decided || said.parent.sampled;
            let want = w3c::Parent {
                sampled,
                ..said.parent.clone()
            };
            assert_eq!(parent.to_string(), want.header());
            assert_eq!(state, None);
        }
    }
    let id = trace.request_id().expect("one that came, or a fresh one");
    match &want.request_id {
        Some(want) => assert_eq!(id, *want),
        None => assert!(id.parse::<TraceId>().is_ok(), "{id}"),
    }
    assert!(trace.render().is_empty());
}
