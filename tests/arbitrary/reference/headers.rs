//! The headers of a request: how bytes become headers, and what the pages of
//! `Trace::continue_from_headers`, `TraceParent` and `TraceState` make of them.

use arbitrary::{Result, Unstructured};

use super::transaction::is_request_id;
use super::unit::Unit;
use super::world::World;

type Given = (&'static str, Vec<u8>);

// ----- from bytes

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Header names, with the values they may have.
const KNOWN: [(&str, &[&str]); 11] = [
    (
        "traceparent",
        &[
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-00000000000000000000000000000001-00f067aa0ba902b7-ff\t",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "",
        ],
    ),
    (
        "TraceParent",
        &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"],
    ),
    (
        "tracestate",
        &[
            "rojo=1 , congo=2,,",
            "a=b c \t,1@x/*-_= z",
            "",
            ",",
            "A=1",
            "a=",
            "a",
            "a=1;b=2",
        ],
    ),
    ("Tracestate", &["es=3", "es=4=5"]),
    (
        "b3",
        &[
            "4bf92f3577b34da6-00f067aa0ba902b7-1",
            "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0-05e3ac9a4f6e3b90",
            "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-d",
            "0",
            "4bf92f3577b34da6-00f067aa0ba902b7-x",
        ],
    ),
    ("X-B3-TraceId", &[TRACE, "4bf92f3577b34da6"]),
    ("x-b3-spanid", &["00f067aa0ba902b7", "0000000000000000"]),
    ("X-B3-Sampled", &["1", "0", "true", "false", "d", "2"]),
    ("x-b3-flags", &["1", "0"]),
    ("X-Request-ID", &["order-4711", "a b", " padded ", ""]),
    ("accept", &["*/*"]),
];

pub fn make(u: &mut Unstructured<'_>) -> Result<Vec<Given>> {
    let mut headers = Vec::new();
    for _ in 0..u.int_in_range(0..=5)? {
        let (name, values) = *u.choose(&KNOWN)?;
        let mut value = u.choose(values)?.as_bytes().to_vec();
        match u.int_in_range(0..=9)? {
            0 => value = u.arbitrary()?,
            1 | 2 if !value.is_empty() => {
                let at = u.choose_index(value.len())?;
                value[at] = u.arbitrary()?;
            }
            3 if !value.is_empty() => _ = value.remove(u.choose_index(value.len())?),
            4 => value = value.repeat(u.int_in_range(1..=70)?),
            _ => {}
        }
        headers.push((name, value));
    }
    Ok(headers)
}

// ----- the reference

/// The caller, and whether it decided if the transaction is sampled.
struct Caller {
    header: String,
    is_decided: bool,
}

impl World<'_> {
    pub fn headers(&mut self, headers: &[Given], unit: &mut Unit) {
        match caller(headers) {
            Some(caller) if !self.names_around(&caller.header, unit) => {
                self.continue_from(&caller.header, unit);
                if !caller.is_decided {
                    self.decide(unit);
                }
                // A `tracestate` belongs to a `traceparent`.
                if !all(headers, "traceparent").is_empty() {
                    let state = state(&all(headers, "tracestate"));
                    self.set_state(state, unit);
                }
            }
            _ => _ = self.ids(unit),
        }
        let id = one(headers, "x-request-id").unwrap_or_default();
        let id = String::from_utf8_lossy(id);
        self.share(unit, false);
        if is_request_id(&id) || unit.request_id.is_none() {
            self.request_id(&id, unit);
        }
    }
}

fn all<'h>(headers: &'h [Given], name: &str) -> Vec<&'h [u8]> {
    let named = |(given, _): &&Given| given.eq_ignore_ascii_case(name);
    let named = headers.iter().filter(named);
    named.map(|(_, value)| value.as_slice()).collect()
}

/// A header that comes twice counts as missing.
fn one<'h>(headers: &'h [Given], name: &str) -> Option<&'h [u8]> {
    match all(headers, name)[..] {
        [value] => Some(value),
        _ => None,
    }
}

fn text<'h>(headers: &'h [Given], name: &str) -> Option<&'h str> {
    std::str::from_utf8(one(headers, name)?).ok()
}

/// `traceparent`, else `b3`, else `X-B3-…`: the first one present, even if it is bad.
fn caller(headers: &[Given]) -> Option<Caller> {
    if !all(headers, "traceparent").is_empty() {
        // After the flags of a later version anything may follow, even bytes that are not text.
        let header = w3c(&String::from_utf8_lossy(one(headers, "traceparent")?))?;
        return Some(Caller {
            header,
            is_decided: true,
        });
    }
    if !all(headers, "b3").is_empty() {
        let parts: Vec<&str> = text(headers, "b3")?.split('-').collect();
        let (sampled, last) = (parts.get(2).copied(), parts.get(3));
        let known = matches!(sampled, None | Some("0" | "1" | "d"));
        if parts.len() > 4 || !known || last.is_some_and(|id| !is_id(id, 16)) {
            return None;
        }
        return zipkin(parts[0], parts.get(1)?, sampled);
    }
    let sampled = match text(headers, "x-b3-flags") {
        Some("1") => Some("d"),
        _ => text(headers, "x-b3-sampled"),
    };
    let (trace, span) = (
        text(headers, "x-b3-traceid")?,
        text(headers, "x-b3-spanid")?,
    );
    zipkin(trace, span, sampled)
}

/// Version 00 has 55 characters, a higher one at least as many; `ff` is invalid.
fn w3c(header: &str) -> Option<String> {
    let header = header.trim_matches([' ', '\t']);
    let parts: Vec<&str> = header.splitn(5, '-').collect();
    let [version, trace, span, flags, ref more @ ..] = parts[..] else {
        return None;
    };
    let is_version = is_hex(version, 2) && version != "ff";
    let ends = version != "00" || more.is_empty();
    let is_one = is_version && ends && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2);
    is_one.then(|| header.to_owned())
}

fn zipkin(trace: &str, span: &str, sampled: Option<&str>) -> Option<Caller> {
    let flags = match sampled {
        Some("1" | "d" | "true") => "01",
        None | Some("0" | "false") => "00",
        Some(_) => return None,
    };
    let is_trace = is_id(trace, 32) || is_id(trace, 16);
    (is_trace && is_id(span, 16)).then(|| Caller {
        header: format!("00-{trace:0>32}-{span}-{flags}"),
        is_decided: sampled.is_some(),
    })
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

/// All headers of the name form one list; one bad member spoils it.
fn state(headers: &[&[u8]]) -> Option<String> {
    let mut members = Vec::new();
    for header in headers {
        for member in std::str::from_utf8(header).ok()?.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if !member.is_empty() {
                members.push(is_member(member).then_some(member)?);
            }
        }
    }
    if members.len() > 32 {
        return None;
    }
    let size = |members: &[&str]| members.join(",").len();
    if size(&members) > 512 {
        members.retain(|member| member.len() <= 128);
    }
    while size(&members) > 512 {
        members.pop();
    }
    (!members.is_empty()).then(|| members.join(","))
}

/// W3C Trace Context, level 2, section 3.3.1.
fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return false;
    };
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    let in_key = |char: char| plain(char) || "_-*/@".contains(char);
    let in_value = |char: char| (' '..='~').contains(&char) && char != '=';
    let fits = |text: &str| (1..=256).contains(&text.len());
    key.starts_with(plain)
        && key.chars().all(in_key)
        && value.chars().all(in_value)
        && fits(key)
        && fits(value)
}
