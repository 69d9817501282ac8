//! The header `tracestate`, which may occur several times.

use traceline::ids::TraceState;

use crate::w3c;
use crate::work;

const PARENT: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Lines are headers: read as texts, passed on, and read as those of a request, which need not be text.
pub fn check(data: &[u8]) {
    let headers = work::lines(data);
    let headers: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
    let want = w3c::state(&headers);
    let texts: Result<Vec<&str>, _> = headers
        .iter()
        .map(|header| std::str::from_utf8(header))
        .collect();
    if let Ok(texts) = texts {
        parsed(&texts, want.as_deref());
    }
    request(&headers, want.as_deref());
}

fn parsed(headers: &[&str], want: Option<&str>) {
    let got = TraceState::parse(headers.iter().copied());
    let Some(want) = want else {
        return refused(headers, &got.expect_err("it is none").to_string());
    };
    let got = got.unwrap_or_else(|error| panic!("{error}: {headers:?}"));
    assert_eq!(got.as_str(), want);
    assert_eq!(got.to_string(), want);
    assert_eq!(got.is_empty(), want.is_empty());
    assert!(want.len() <= 512 && want.split(',').count() <= 32);
    assert_eq!(TraceState::parse([want]), Ok(got));
}

fn refused(headers: &[&str], said: &str) {
    let members = headers.iter().flat_map(|header| header.split(','));
    let members = members
        .filter(|member| !w3c::trimmed(member.as_bytes()).is_empty())
        .count();
    let length = format!("tracestate: expected at most 32 members, got {members}");
    assert!(
        said == "tracestate: expected members key=value" || (said == length && members > 32),
        "{said}"
    );
}

/// An invalid list counts as missing, and does not spoil the parent.
fn request(headers: &[&[u8]], want: Option<&str>) {
    let want = want.filter(|want| !want.is_empty());
    let states = headers.iter().map(|header| ("TraceState", *header));
    let mut trace = work::start();
    trace.continue_from_headers(states.chain([("traceparent", PARENT)]));
    let got = trace.tracestate();
    assert_eq!(got.as_ref().map(TraceState::as_str), want);
    let child = trace.child("child");
    assert_eq!(child.tracestate(), got);
    child.discard();
    let record = work::end(trace);
    assert_eq!(record["parent_id"], "00f067aa0ba902b7");
}
