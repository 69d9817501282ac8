//! Ids and their headers, case by case from the text of W3C Trace Context
//! level 2 (<https://www.w3.org/TR/trace-context-2/>) and of B3
//! (<https://github.com/openzipkin/b3-propagation>).

use std::collections::HashSet;
use std::thread;

use traceline::ids::{SpanId, TraceId, TraceParent, TraceState};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn header(version: &str, trace: &str, span: &str, flags: &str) -> String {
    format!("{version}-{trace}-{span}-{flags}")
}

#[track_caller]
fn accepted(text: &str) -> TraceParent {
    let parent: TraceParent = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert_eq!(parent.trace_id().to_string(), TRACE);
    assert_eq!(parent.span_id().to_string(), SPAN);
    parent
}

#[track_caller]
fn refused(text: &str, why: &str) {
    match TraceParent::parse(text) {
        Ok(parent) => panic!("{text:?} was taken for {parent}"),
        Err(error) => assert_eq!(error.to_string(), why, "{text:?}"),
    }
}

/// The error for the wrong byte at a position in a field.
fn wrong(field: &str, wanted: &str, at: usize, text: &str) -> String {
    let got = text.as_bytes()[at].escape_ascii();
    format!("{field}: expected a {wanted} at {at}, got '{got}'")
}

fn no_digit(field: &str, at: usize, text: &str) -> String {
    wrong(field, "lower-case hex digit", at, text)
}

#[test]
fn version_00_is_read_and_written_back() {
    for (flags, sampled, random) in [
        ("00", false, false),
        ("01", true, false),
        ("02", false, true),
        ("03", true, true),
    ] {
        let text = header("00", TRACE, SPAN, flags);
        let parent = accepted(&text);
        assert_eq!((parent.is_sampled(), parent.is_random()), (sampled, random));
        assert_eq!(parent.to_string(), text);
        let made = TraceParent::new(parent.trace_id(), parent.span_id(), sampled, random);
        assert_eq!(made, parent);
        assert_eq!(made.encode(&mut [0; TraceParent::LEN]), text);
    }
}

#[test]
fn flags_that_are_not_known_are_kept_in_what_is_passed_on() {
    for flags in ["ff", "fc", "05", "80"] {
        let text = header("00", TRACE, SPAN, flags);
        let parent = accepted(&text);
        assert_eq!(parent.to_string(), text);
        assert_eq!(parent.encode(&mut [0; TraceParent::LEN]), text);
    }
}

#[test]
fn higher_versions_may_be_longer_after_a_hyphen_and_are_kept_as_they_are() {
    let most = format!("-{}", "x".repeat(36));
    for rest in [
        "",
        "-",
        "-what-the-future-will-be-like",
        "-00",
        "-a b",
        &most,
    ] {
        for version in ["01", "0f", "cc", "fe"] {
            let text = header(version, TRACE, SPAN, "05") + rest;
            let parent = accepted(&text);
            assert_eq!(parent.to_string(), text);
            assert_eq!(format!("{parent:?}"), format!("TraceParent({text})"));
            assert_eq!(TraceParent::parse(&text), Ok(parent));
            // Of a longer one, what a service writes that knows no later version.
            let short = match rest {
                "" => text,
                _ => header("00", TRACE, SPAN, "01"),
            };
            assert_eq!(parent.encode(&mut [0; TraceParent::LEN]), short);
        }
    }
    for rest in [&*format!("{most}x"), "-é", "-\0", "-a\u{7f}"] {
        let parent = accepted(&(header("cc", TRACE, SPAN, "07") + rest));
        assert_eq!(parent.to_string(), header("00", TRACE, SPAN, "03"));
    }
    let long = header("cc", TRACE, SPAN, "01");
    for rest in [".what", "0"] {
        let text = format!("{long}{rest}");
        refused(&text, &wrong("traceparent", "hyphen", 55, &text));
    }
}

#[test]
fn version_00_is_55_characters_long() {
    let text = header("00", TRACE, SPAN, "01");
    for rest in ["-", "-01", "0", ".", "-what", " x"] {
        let long = format!("{text}{rest}");
        let len = long.len();
        refused(
            &long,
            &format!("traceparent: expected 55 characters, got {len}"),
        );
    }
    for len in 0..text.len() {
        let why = format!("traceparent: expected 55 characters, got {len}");
        refused(&text[..len], &why);
    }
}

#[test]
fn version_ff_is_forbidden_and_versions_are_hex() {
    refused(
        &header("ff", TRACE, SPAN, "01"),
        "version: expected 00 to fe, got ff",
    );
    for (version, at) in [(".0", 0), ("0.", 1), ("0A", 1), ("+0", 0), ("0 ", 1)] {
        refused(
            &header(version, TRACE, SPAN, "01"),
            &no_digit("version", at, version),
        );
    }
}

#[test]
fn ids_are_lower_case_hex_and_not_zero() {
    refused(
        &header("00", &"0".repeat(32), SPAN, "01"),
        "trace id: expected a non-zero id, got only zeros",
    );
    refused(
        &header("00", TRACE, &"0".repeat(16), "01"),
        "span id: expected a non-zero id, got only zeros",
    );
    for bad in ["A", "F", "g", "+", "-", ".", " ", "x", "\0", "_"] {
        let trace = format!("{}{bad}", &TRACE[..31]);
        refused(
            &header("00", &trace, SPAN, "01"),
            &no_digit("trace id", 31, &trace),
        );
        let trace = format!("{bad}{}", &TRACE[1..]);
        refused(
            &header("00", &trace, SPAN, "01"),
            &no_digit("trace id", 0, &trace),
        );
        let span = format!("{}{bad}{}", &SPAN[..7], &SPAN[8..]);
        refused(
            &header("00", TRACE, &span, "01"),
            &no_digit("span id", 7, &span),
        );
    }
    // A two-byte character counts as two.
    refused(
        &header("00", &format!("{}é", &TRACE[..30]), SPAN, "01"),
        r"trace id: expected a lower-case hex digit at 30, got '\xc3'",
    );
}

#[test]
fn flags_are_two_lower_case_hex_digits() {
    for (flags, at) in [
        (".0", 0),
        ("0.", 1),
        ("0A", 1),
        ("+1", 0),
        ("1 ", 1),
        ("x1", 0),
    ] {
        let why = no_digit("flags", at, flags);
        refused(&header("00", TRACE, SPAN, flags), &why);
    }
}

#[test]
fn fields_stand_between_hyphens() {
    let text = header("00", TRACE, SPAN, "01");
    for at in [2, 35, 52] {
        for other in ["_", ".", "0", " ", "\t"] {
            let mut text = text.clone();
            text.replace_range(at..=at, other);
            refused(&text, &wrong("traceparent", "hyphen", at, &text));
        }
    }
}

#[test]
fn blanks_and_tabs_alone_may_stand_around_it() {
    let text = header("00", TRACE, SPAN, "01");
    for (before, after) in [(" ", ""), ("", " "), ("\t", "\t"), (" \t ", " \t ")] {
        accepted(&format!("{before}{text}{after}"));
    }
    for odd in ["\n", "\r", "\u{b}", "\u{a0}", "\u{feff}", "\0", ","] {
        assert!(
            TraceParent::parse(&format!("{odd}{text}")).is_err(),
            "{odd:?}"
        );
        assert!(
            TraceParent::parse(&format!("{text}{odd}")).is_err(),
            "{odd:?}"
        );
    }
    // Two headers joined by a server.
    assert!(TraceParent::parse(&format!("{text},{text}")).is_err());
}

#[test]
fn ids_are_parsed_written_and_made_of_bytes() {
    let id: TraceId = TRACE.parse().unwrap();
    assert_eq!(id.to_bytes()[..4], [0x4b, 0xf9, 0x2f, 0x35]);
    assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
    assert_eq!(format!("{id:?}"), format!("TraceId({TRACE})"));
    assert_eq!(TraceId::from_bytes([0; 16]), None);
    let id: SpanId = SPAN.parse().unwrap();
    assert_eq!(
        id.to_bytes(),
        [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]
    );
    assert_eq!(SpanId::from_bytes([0; 8]), None);
    for text in [
        "",
        "0",
        "00f067aa0ba902b",
        "00f067aa0ba902b70",
        "0x00f067aa0ba902",
    ] {
        assert!(text.parse::<SpanId>().is_err(), "{text:?}");
    }
}

#[test]
fn fresh_ids_differ_on_all_threads() {
    let make = || {
        (0..20_000)
            .map(|_| (TraceId::random(), SpanId::random()))
            .collect::<Vec<_>>()
    };
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(make)).collect();
    let ids: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    let traces: HashSet<TraceId> = ids.iter().map(|(trace, _)| *trace).collect();
    let spans: HashSet<SpanId> = ids.iter().map(|(_, span)| *span).collect();
    assert_eq!((traces.len(), spans.len()), (80_000, 80_000));
    // Each bit is set about half the time.
    for bit in 0..128 {
        let set = traces
            .iter()
            .filter(|id| id.to_bytes()[bit / 8] >> (bit % 8) & 1 == 1)
            .count();
        assert!((38_000..42_000).contains(&set), "bit {bit}: {set}");
    }
}

// ----- tracestate

#[track_caller]
fn state(headers: &[&str], want: Option<&str>) {
    let got = TraceState::parse(headers.iter().copied()).ok();
    assert_eq!(got.as_ref().map(TraceState::as_str), want, "{headers:?}");
}

#[test]
fn a_state_is_passed_on_as_it_came() {
    state(&[], Some(""));
    state(&["foo=1"], Some("foo=1"));
    state(&["foo=1,bar=2"], Some("foo=1,bar=2"));
    state(&["foo=1", "bar=2"], Some("foo=1,bar=2"));
    state(&["foo=1 \t , \t bar=2", "baz=3"], Some("foo=1,bar=2,baz=3"));
    state(&["foo=1,,,bar=2,", ""], Some("foo=1,bar=2"));
    state(&["0@1-_*/=x"], Some("0@1-_*/=x"));
    state(
        &["a= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"],
        Some("a= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"),
    );
    // With duplicate keys, keeping either is allowed.
    state(&["foo=1,foo=2"], Some("foo=1,foo=2"));
}

#[test]
fn a_bad_member_spoils_the_whole_list() {
    for bad in [
        "foo",
        "=1",
        "foo=",
        "foo =1",
        "FOO=1",
        "fOo=1",
        "@foo=1",
        "-foo=1",
        "_foo=1",
        "foo=1=2",
        "foo=a=b",
        "foo@=,@=1",
        "föö=1",
        "foo=ü",
        "foo=\u{7f}",
        "foo=a\tb",
        "foo=\0",
        "foo.bar=1",
        "foo:bar=1",
    ] {
        state(&["ok=1", bad], None);
    }
    let (key, value) = ("k".repeat(256), "v".repeat(256));
    assert!(TraceState::parse([format!("{key}=1").as_str()]).is_ok());
    state(&[&format!("{key}k=1")], None);
    assert!(TraceState::parse([format!("k={value}").as_str()]).is_ok());
    state(&[&format!("k={value}v")], None);
}

#[test]
fn a_state_has_at_most_32_members_and_512_bytes() {
    let members = |n: usize| {
        (0..n)
            .map(|i| format!("k{i}=1"))
            .collect::<Vec<_>>()
            .join(",")
    };
    state(&[&members(32)], Some(&members(32)));
    state(&[&members(33)], None);
    // Long entries are dropped first.
    let long = format!("long={}", "x".repeat(200));
    let short = (0..20)
        .map(|i| format!("s{i:02}={}", "y".repeat(14)))
        .collect::<Vec<_>>()
        .join(",");
    assert!(short.len() <= 512);
    state(&[&long, &short], Some(&short));
    let many = (0..30)
        .map(|i| format!("s{i:02}={}", "y".repeat(20)))
        .collect::<Vec<_>>()
        .join(",");
    let kept = TraceState::parse([many.as_str()]).unwrap();
    assert!(
        kept.as_str().len() <= 512 && many.starts_with(kept.as_str()) && kept.as_str().len() > 480
    );
}

// ----- B3

#[test]
fn b3_is_read_in_one_header() {
    for (rest, sampled) in [
        ("", false),
        ("-0", false),
        ("-1", true),
        ("-d", true),
        ("-1-05e3ac9a4f6e3b90", true),
    ] {
        let parent = TraceParent::parse_b3(&format!("{TRACE}-{SPAN}{rest}")).unwrap();
        assert_eq!(
            parent.to_string(),
            header("00", TRACE, SPAN, if sampled { "01" } else { "00" })
        );
    }
    let short = TraceParent::parse_b3(&format!("a3ce929d0e0e4736-{SPAN}-1")).unwrap();
    assert_eq!(
        short.trace_id().to_string(),
        "0000000000000000a3ce929d0e0e4736"
    );
    for (bad, why) in [
        ("0".to_owned(), "b3: expected 2 to 4 parts, got 1"),
        (String::new(), "b3: expected 2 to 4 parts, got 1"),
        (TRACE.to_owned(), "b3: expected 2 to 4 parts, got 1"),
        (format!("{TRACE}-{SPAN}-2"), "flags: expected 0, 1 or d"),
        (
            format!("{TRACE}-{SPAN}-1-xyz"),
            "span id: expected 16 characters, got 3",
        ),
        (
            format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-"),
            "b3: expected 2 to 4 parts, got 5",
        ),
        (
            format!("{}-{SPAN}", &TRACE[1..]),
            "trace id: expected 32 characters, got 31",
        ),
        (
            format!("{}-{SPAN}", "0".repeat(32)),
            "trace id: expected a non-zero id, got only zeros",
        ),
        (
            format!("{}-{SPAN}", "0".repeat(16)),
            "trace id: expected a non-zero id, got only zeros",
        ),
        (
            format!("{TRACE}-{}", TRACE.to_uppercase()),
            "span id: expected 16 characters, got 32",
        ),
    ] {
        assert_eq!(
            TraceParent::parse_b3(&bad).unwrap_err().to_string(),
            why,
            "{bad:?}"
        );
    }
}

#[test]
fn b3_is_read_in_several_headers() {
    let parent = TraceParent::from_b3(TRACE, SPAN, Some("1")).unwrap();
    assert_eq!(parent.to_string(), header("00", TRACE, SPAN, "01"));
    assert!(
        !TraceParent::from_b3(TRACE, SPAN, None)
            .unwrap()
            .is_sampled()
    );
    assert!(TraceParent::from_b3(TRACE, SPAN, Some("yes")).is_err());
    assert!(TraceParent::from_b3("", SPAN, None).is_err());
}
