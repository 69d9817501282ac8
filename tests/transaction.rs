//! Units of one transaction: incoming ids, outgoing ids, and ids in the record.

use log::Level;
use traceline::{
    Config, Format, Trace, bridge,
    config::{ConfigBuilder, Sampling},
    current,
    ids::{IdSource, SpanId, TraceId, TraceParent, TraceState},
};

use crate::util::{Bench, FixedIds, same_line};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const OWN_TRACE: &str = "07070707070707070707070707070707";
const OWN_SPAN: &str = "0909090909090909";

fn bench(builder: ConfigBuilder) -> Bench {
    Bench::new(builder.header(false).ids(&FixedIds(7, 9)))
}

/// Compares the text after the message of a unit that does `work`.
#[track_caller]
fn check(work: impl FnOnce(&mut Trace), want: &str) {
    let bench = bench(Config::builder());
    let mut trace = bench.start();
    work(&mut trace);
    drop(trace);
    same_line(&bench.log.only().args, &format!("msg=unit {want}"));
}

fn parent() -> TraceParent {
    TraceParent::parse(HEADER).unwrap()
}

#[test]
fn a_unit_that_is_told_nothing_has_no_ids() {
    check(|trace| _ = trace.set("a", 1), "duration_ms=0.0 a=1");
}

#[test]
fn ids_stand_before_the_outcome_and_are_text() {
    let ids = format!(r#"trace_id={TRACE} span_id="{OWN_SPAN}" parent_id={SPAN} trace_flags="01""#);
    check(
        |trace| {
            _ = trace
                .continue_from(parent())
                .set_request_id("order-4711")
                .ok()
        },
        &format!("{ids} request_id=order-4711 outcome=ok duration_ms=0.0"),
    );
    let bench = bench(
        Config::builder()
            .format(Format::Json)
            .field("service", "shop"),
    );
    bench.start().continue_from(parent()).set_request_id("7");
    same_line(
        &bench.log.only().args,
        &format!(
            r#"{{"msg":"unit","service":"shop","trace_id":"{TRACE}","span_id":"{OWN_SPAN}","parent_id":"{SPAN}","trace_flags":"01","request_id":"7","duration_ms":0.0}}"#
        ),
    );
}

#[test]
fn ids_of_digits_alone_are_quoted_in_logfmt() {
    let digits = "00-11111111111111111111111111111111-2222222222222222-00";
    check(
        |trace| _ = trace.continue_from(digits.parse().unwrap()),
        &format!(
            r#"trace_id="11111111111111111111111111111111" span_id="{OWN_SPAN}" parent_id="2222222222222222" trace_flags="00" duration_ms=0.0"#
        ),
    );
}

#[test]
fn ids_are_made_when_first_asked_for() {
    check(
        |trace| {
            let first = trace.traceparent().unwrap();
            assert_eq!(first.to_string(), format!("00-{OWN_TRACE}-{OWN_SPAN}-01"));
            assert_eq!(trace.traceparent(), Some(first));
            assert_eq!(trace.trace_id(), Some(first.trace_id()));
        },
        &format!(r#"trace_id="{OWN_TRACE}" span_id="{OWN_SPAN}" trace_flags="01" duration_ms=0.0"#),
    );
    // Random ids carry the flag that marks them.
    let mut trace = Bench::new(Config::builder()).start();
    assert!(trace.traceparent().unwrap().is_random());
    trace.discard();
}

#[test]
fn an_outgoing_call_names_this_unit_and_keeps_the_flags() {
    check(
        |trace| {
            let state = TraceState::parse(["rojo=1", "congo=2"]).unwrap();
            trace.continue_from(parent()).set_tracestate(&state);
            let out = trace.traceparent().unwrap();
            assert_eq!(out.to_string(), format!("00-{TRACE}-{OWN_SPAN}-01"));
            assert_eq!(trace.tracestate(), Some(state));
            // Another transaction has no state yet.
            trace.continue_from(parent());
            assert_eq!(trace.tracestate(), None);
        },
        &format!(
            r#"trace_id={TRACE} span_id="{OWN_SPAN}" parent_id={SPAN} trace_flags="01" duration_ms=0.0"#
        ),
    );
}

#[test]
fn a_child_has_a_record_of_its_own_in_the_same_transaction() {
    let bench = bench(Config::builder());
    let mut order = bench.start();
    let state = TraceState::parse(["rojo=1"]).unwrap();
    order
        .continue_from(parent())
        .set_tracestate(&state)
        .set_request_id("r-1");
    let mut payment = order.child("payment");
    assert_eq!(payment.tracestate(), Some(state));
    assert_eq!(payment.request_id().as_deref(), Some("r-1"));
    payment.set("cents", 4_999);
    drop(payment);
    drop(order);
    let lines: Vec<String> = bench.log.take_lines();
    assert_eq!(
        lines,
        [
            format!(
                r#"msg=payment trace_id={TRACE} span_id="{OWN_SPAN}" parent_id="{OWN_SPAN}" trace_flags="01" request_id=r-1 duration_ms=0.0 cents=4999"#
            ),
            format!(
                r#"msg=unit trace_id={TRACE} span_id="{OWN_SPAN}" parent_id={SPAN} trace_flags="01" request_id=r-1 duration_ms=0.0"#
            ),
        ]
    );
}

#[test]
fn a_part_has_the_ids_of_its_unit() {
    let bench = Bench::new(Config::builder().header(false));
    let mut order = bench.start();
    let state = TraceState::parse(["rojo=1"]).unwrap();
    order
        .continue_from(parent())
        .set_tracestate(&state)
        .set_request_id("r-1");
    let mut part = order.part();
    let mut nested = part.part();
    for part in [&mut part, &mut nested] {
        assert_eq!(part.traceparent(), order.traceparent());
        assert_eq!(part.tracestate().as_ref(), Some(&state));
        assert_eq!(part.request_id().as_deref(), Some("r-1"));
    }
    let mut payment = part.child("payment");
    assert_eq!(payment.trace_id(), order.trace_id());
    payment.discard();
    part.join(nested);
    order.join(part);
    assert_eq!(order.tracestate(), Some(state));
}

#[test]
fn a_child_of_a_part_has_the_target_of_the_unit() {
    let bench = bench(Config::builder());
    let order = Trace::builder("order").config(&bench.config);
    let order = order.target("shop::orders").start();
    let mut part = order.part();
    part.part().child("payment").emit();
    part.child("stock").emit();
    drop((part, order));
    let records = bench.log.records();
    let targets: Vec<&str> = records.iter().map(|record| &*record.target).collect();
    assert_eq!(targets, ["shop::orders"; 3]);
}

#[test]
fn ids_that_a_part_made_are_those_of_a_unit_that_has_none() {
    let bench = Bench::new(Config::builder().header(false));
    let (mut order, other) = (bench.start(), bench.start());
    let (mut first, mut second, mut foreign) = (order.part(), order.part(), other.part());
    assert!(foreign.traceparent().is_some());
    order.join(foreign);
    let sent = first.set_request_id("r-1").traceparent();
    assert!(second.traceparent().is_some());
    order.join(first).join(second);
    assert_eq!(order.traceparent(), sent);
    assert_eq!(order.request_id().as_deref(), Some("r-1"));
    other.discard();
}

#[test]
fn ids_that_others_asked_for_stay_when_the_unit_gets_a_request_id() {
    let bench = Bench::new(Config::builder());
    let mut trace = bench.start();
    let mut part = trace.part();
    let by_part = part.trace_id();
    trace.set_request_id("order-4711");
    assert_eq!(trace.trace_id(), by_part);

    let mut outer = bench.start();
    let by_inner = outer.scope(|| bench.start().trace_id());
    outer.set_request_id("order-4712");
    assert_eq!(outer.trace_id(), by_inner);
}

#[test]
fn a_source_may_ask_for_ids_itself() {
    struct Asks;
    impl IdSource for Asks {
        fn trace_id(&self) -> Option<TraceId> {
            current::request_id();
            current::trace_id()
        }
        fn span_id(&self) -> Option<SpanId> {
            current::trace_id();
            Bench::new(Config::builder()).start().trace_id();
            None
        }
    }
    let bench = Bench::new(Config::builder().ids(&Asks));
    let mut outer = bench.start();
    outer.scope(|| {
        let mut inner = bench.start();
        let trace_id = inner.scope(|| current::with(|_| current::trace_id()).flatten());
        assert!(trace_id.is_some());
        assert_eq!(inner.trace_id(), trace_id);
    });
}

#[test]
fn a_request_id_that_could_do_harm_is_replaced() {
    let mut trace = Bench::new(Config::builder()).start();
    for good in ["a", "order-4711", "A._:@/+=-9", &"x".repeat(128)] {
        trace.set_request_id(good);
        assert_eq!(trace.request_id().as_deref(), Some(good));
    }
    for bad in [
        "",
        "a b",
        "a\nb",
        "a\"b",
        "ü",
        "\u{1b}[31m",
        "a,b",
        &"x".repeat(129),
    ] {
        trace.set_request_id(bad);
        let fresh = trace.request_id().unwrap();
        assert_ne!(fresh, bad);
        assert!(fresh.parse::<TraceId>().is_ok(), "{fresh}");
    }
    trace.discard();
}

// ----- headers

/// The `trace_id`, `parent_id` and `tracestate` that these headers produce.
fn from_headers(headers: &[(&str, &str)]) -> (String, Option<String>, Option<String>) {
    let bench = bench(Config::builder().format(Format::Json));
    let mut trace = bench.start();
    trace.continue_from_headers(headers.iter().copied());
    let state = trace.tracestate().map(|state| state.as_str().to_owned());
    drop(trace);
    let record: serde_json::Value = serde_json::from_str(&bench.log.only().args).unwrap();
    let text = |key: &str| record[key].as_str().map(str::to_owned);
    assert!(record["request_id"].is_string());
    (text("trace_id").unwrap(), text("parent_id"), state)
}

#[test]
fn headers_are_found_in_any_case_and_order() {
    for name in ["traceparent", "Traceparent", "TRACEPARENT"] {
        let headers = [
            ("host", "x"),
            ("tracestate", "a=1"),
            (name, HEADER),
            ("TraceState", "b=2"),
        ];
        assert_eq!(
            from_headers(&headers),
            (TRACE.into(), Some(SPAN.into()), Some("a=1,b=2".into()))
        );
    }
    for headers in [
        vec![("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")],
        vec![
            ("X-B3-TraceId", TRACE),
            ("X-B3-SpanId", SPAN),
            ("X-B3-Sampled", "1"),
        ],
    ] {
        assert_eq!(
            from_headers(&headers),
            (TRACE.into(), Some(SPAN.into()), None)
        );
    }
}

/// The header of an outgoing call from a unit that received these headers.
fn passed_on(headers: &[(&str, &str)]) -> String {
    let bench = bench(Config::builder());
    let mut trace = bench.start();
    trace.continue_from_headers(headers.iter().copied());
    let parent = trace.traceparent().unwrap();
    trace.discard();
    parent.to_string()
}

#[test]
fn a_b3_caller_who_debugs_has_decided_to_sample() {
    let ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)];
    let sampled = |decision: &[(&str, &str)]| passed_on(&[&ids, decision].concat());
    let (yes, no) = (
        format!("00-{TRACE}-{OWN_SPAN}-01"),
        format!("00-{TRACE}-{OWN_SPAN}-00"),
    );
    assert_eq!(sampled(&[("X-B3-Flags", "1")]), yes);
    // Debug needs no other header and outweighs a contrary one.
    assert_eq!(sampled(&[("x-b3-flags", "1"), ("x-b3-sampled", "0")]), yes);
    assert_eq!(sampled(&[("x-b3-flags", "0"), ("x-b3-sampled", "0")]), no);
    assert_eq!(sampled(&[("x-b3-flags", "x"), ("x-b3-sampled", "0")]), no);
    let twice = [("x-b3-flags", "1"), ("x-b3-flags", "1")];
    assert_eq!(
        sampled(&[&twice[..], &[("x-b3-sampled", "0")]].concat()),
        no
    );
    assert_eq!(passed_on(&[("b3", &format!("{TRACE}-{SPAN}-d"))]), yes);
    // Without ids, the flag has no influence on them.
    assert_eq!(from_headers(&[("X-B3-Flags", "1")]).0, OWN_TRACE);
}

#[test]
fn a_b3_caller_who_left_the_decision_to_us_has_not_said_no() {
    let one = |decision: &str| passed_on(&[("b3", &format!("{TRACE}-{SPAN}{decision}"))]);
    assert_eq!(one(""), format!("00-{TRACE}-{OWN_SPAN}-01"));
    assert_eq!(one("-0"), format!("00-{TRACE}-{OWN_SPAN}-00"));
    let several = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)];
    assert_eq!(passed_on(&several), format!("00-{TRACE}-{OWN_SPAN}-01"));
    // If a hash decides, it decides here too.
    let rarely = Config::builder().sampling(Sampling::one_in(u32::MAX));
    let bench = bench(rarely);
    let mut trace = bench.start();
    trace.continue_from_headers(several);
    assert!(!trace.traceparent().unwrap().is_sampled());
    trace.discard();
}

#[test]
fn absent_doubled_and_hostile_headers_start_afresh() {
    let fresh = (OWN_TRACE.to_owned(), None, None);
    let long = "0".repeat(1 << 20);
    for headers in [
        vec![],
        vec![("traceparent", "")],
        vec![("traceparent", HEADER), ("traceparent", HEADER)],
        vec![("traceparent", long.as_str())],
        vec![("traceparent", "00-\r\nx-evil: 1")],
        // State alone, or with a bad parent, is ignored.
        vec![("tracestate", "a=1")],
        vec![("traceparent", "ff"), ("tracestate", "a=1")],
        // Even a bad traceparent takes precedence over B3.
        vec![
            ("traceparent", "x"),
            ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
        ],
        vec![("b3", "0")],
        vec![("X-B3-TraceId", TRACE)],
    ] {
        assert_eq!(from_headers(&headers), fresh, "{headers:?}");
    }
    // A bad state does not spoil the parent.
    assert_eq!(
        from_headers(&[("traceparent", HEADER), ("tracestate", "a=1,B=2")]),
        (TRACE.into(), Some(SPAN.into()), None)
    );
    let bench = bench(Config::builder());
    let mut trace = bench.start();
    trace.continue_from_headers([("traceparent", &b"\xFF\xFE"[..]), ("x-request-id", b"\xFF")]);
    assert_eq!(trace.trace_id().unwrap().to_string(), OWN_TRACE);
    trace.discard();
}

#[test]
fn a_disabled_trace_passes_on_what_it_was_given() {
    let mut trace = Trace::default();
    trace.continue_from_headers([
        ("traceparent", HEADER),
        ("tracestate", "a=1"),
        ("x-request-id", "r-1"),
    ]);
    assert!(!trace.is_enabled());
    assert_eq!(trace.traceparent(), Some(parent()));
    assert_eq!(trace.tracestate().unwrap().as_str(), "a=1");
    assert_eq!(trace.request_id().as_deref(), Some("r-1"));
    trace.set("a", 1).add("nothing").ok();
    let mut child = trace.child("child");
    assert_eq!(child.traceparent(), Some(parent()));
    assert_eq!(child.request_id().as_deref(), Some("r-1"));
    assert_eq!(trace.render(), "");
    trace.scope(|| assert!(!traceline::current::is_active()));
    assert_eq!(trace.traceparent(), Some(parent()));
}

#[test]
fn a_disabled_trace_passes_on_a_traceparent_byte_for_byte() {
    let ids = format!("{TRACE}-{SPAN}");
    for text in [
        format!("00-{ids}-00"),
        format!("00-{ids}-ff"),
        format!("01-{ids}-08"),
        format!("cc-{ids}-01-x"),
        format!("fe-{ids}-03-what-the-future-will-be-like"),
    ] {
        let mut trace = Trace::default();
        trace.continue_from_headers([("traceparent", &text)]);
        assert_eq!(trace.traceparent().unwrap().to_string(), text);
        // So do its child, its part and the code inside it, and one that was given the header by hand.
        assert_eq!(
            trace.child("child").traceparent().unwrap().to_string(),
            text
        );
        assert_eq!(trace.part().traceparent().unwrap().to_string(), text);
        let inside = trace.scope(traceline::current::traceparent);
        assert_eq!(inside.unwrap().to_string(), text);
        let mut by_hand = Trace::default();
        by_hand.continue_from(text.parse().unwrap());
        assert_eq!(by_hand.traceparent().unwrap().to_string(), text);
        // A unit that logs sends a header of its own.
        let own = passed_on(&[("traceparent", &text)]);
        assert!(
            own.starts_with(&format!("00-{TRACE}-{OWN_SPAN}-0")),
            "{own}"
        );
    }
}

#[test]
fn a_disabled_trace_passes_on_a_tracestate_byte_for_byte() {
    let long = format!("a=1,l={0},m={0},n={0},b=2", "v".repeat(200));
    let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>();
    let many = many.join(",");
    for (headers, want) in [
        (&["foo=1 , bar=2"][..], Some("foo=1 , bar=2")),
        (&["foo=1,,bar=2,"], Some("foo=1,,bar=2,")),
        (&["foo=1,FOO=2"], Some("foo=1,FOO=2")),
        (&["no member"], Some("no member")),
        (&[&long], Some(&*long)),
        (&[&many], Some(&*many)),
        (&[" foo=1\t", "bar=2 ,"], Some("foo=1,bar=2 ,")),
        (&["", "foo=1", " "], Some("foo=1")),
        (&["", " "], None),
        // No header may hold these.
        (&["foo=1\r\nx-evil: 1"], None),
        (&["foo=1", "bar=\0"], None),
        (&["foo=é"], None),
    ] {
        let mut trace = Trace::default();
        let states = headers.iter().map(|state| ("tracestate", *state));
        trace.continue_from_headers(states.chain([("traceparent", HEADER)]));
        let text = |state: Option<TraceState>| state.map(|state| state.to_string());
        assert_eq!(text(trace.tracestate()).as_deref(), want);
        assert_eq!(text(trace.child("child").tracestate()).as_deref(), want);
        let inside = trace.scope(traceline::current::tracestate);
        assert_eq!(text(inside).as_deref(), want);
    }
    // A unit that logs leaves a malformed list out, wherever it comes from.
    let mut disabled = Trace::default();
    disabled.continue_from_headers([("traceparent", HEADER), ("tracestate", "a=1,B=2")]);
    let mut trace = bench(Config::builder()).start();
    trace.set_tracestate(&disabled.tracestate().unwrap());
    assert_eq!(trace.tracestate(), None);
    trace.discard();
}

#[test]
fn a_disabled_trace_makes_ids_where_none_came() {
    let mut asked = Trace::default();
    let made = asked.traceparent();
    assert!(made.is_some_and(|made| made.is_sampled() && made.is_random()));
    assert_eq!((asked.tracestate(), asked.request_id()), (None, None));
    for headers in [
        &[][..],
        &[("tracestate", "a=1")],
        &[("traceparent", "00"), ("tracestate", "a=1")],
        &[
            ("traceparent", HEADER),
            ("traceparent", HEADER),
            ("tracestate", "a=1"),
        ],
        &[("x-request-id", "not valid")],
        &[("b3", "0")],
    ] {
        let mut trace = Trace::default();
        trace.continue_from_headers(headers.iter().copied());
        let made = trace.traceparent();
        assert!(made.is_some_and(|made| made.trace_id().to_string() != TRACE));
        assert_eq!(trace.tracestate(), None);
        let id = trace.request_id();
        assert_eq!(id.as_ref().map(String::len), Some(32));
        // All calls have the same ones.
        let mut child = trace.child("child");
        assert_eq!(
            (child.traceparent(), child.request_id()),
            (made, id.clone())
        );
        let inside = || {
            (
                traceline::current::traceparent(),
                traceline::current::request_id(),
            )
        };
        assert_eq!(trace.scope(inside), (made, id));
        assert_eq!(trace.traceparent(), made);
    }
    // A child is of the same transaction, though nobody asked before.
    let mut trace = Trace::default();
    let mut child = trace.child("child");
    assert_eq!(child.trace_id(), trace.trace_id());
}

#[test]
fn a_disabled_trace_that_continues_a_b3_caller_leaves_an_open_decision_open() {
    let given = |decision: &str| {
        let mut trace = Trace::default();
        trace.continue_from_headers([("b3", format!("{TRACE}-{SPAN}{decision}"))]);
        trace.traceparent().unwrap().to_string()
    };
    assert_eq!(given("-0"), format!("00-{TRACE}-{SPAN}-00"));
    assert_eq!(given("-1"), format!("00-{TRACE}-{SPAN}-01"));
    assert_eq!(given(""), format!("00-{TRACE}-{SPAN}-01"));
}

#[test]
fn a_part_of_a_disabled_trace_passes_on_what_that_was_given() {
    let mut trace = Trace::default();
    let state = TraceState::parse(["rojo=1"]).unwrap();
    trace.continue_from(parent()).set_tracestate(&state);
    trace.set_request_id("r-1");
    let mut part = trace.part();
    for part in [&mut part.part(), &mut part] {
        assert_eq!(part.traceparent(), Some(parent()));
        assert_eq!(part.tracestate().as_ref(), Some(&state));
        assert_eq!(part.request_id().as_deref(), Some("r-1"));
        assert!(!part.is_enabled());
    }
}

#[test]
fn a_disabled_trace_that_was_given_a_request_id_alone_passes_that_on() {
    let mut trace = Trace::default();
    trace.set_request_id("r-1");
    let mut child = trace.child("child");
    assert_eq!(child.request_id().as_deref(), Some("r-1"));
    assert_eq!(child.traceparent(), trace.traceparent());
    let mut trace = Trace::default();
    trace.set_request_id("r-1");
    let inside = trace.scope(traceline::current::traceparent);
    assert!(inside.is_some());
    assert_eq!(trace.traceparent(), inside);
}

#[test]
fn an_id_source_that_panics_costs_nothing() {
    struct Bad;
    impl IdSource for Bad {
        fn trace_id(&self) -> Option<TraceId> {
            panic!("no trace id")
        }
        fn span_id(&self) -> Option<SpanId> {
            panic!("no span id")
        }
    }
    let mut trace = Bench::new(Config::builder().ids(&Bad)).start();
    assert!(trace.traceparent().is_some());
    trace.discard();
}

#[test]
fn ids_outlive_the_tidying_of_the_arena_and_a_recycled_entry_forgets_them() {
    let bench = bench(Config::builder());
    let mut trace = bench.start();
    let state = TraceState::parse(["rojo=1"]).unwrap();
    trace
        .continue_from(parent())
        .set_tracestate(&state)
        .set_request_id("r-1");
    for len in 0..200 {
        trace.set("k", "x".repeat(1_000 + len));
    }
    trace.unset("k");
    assert_eq!(trace.tracestate(), Some(state));
    drop(trace);
    bench.start().emit();
    assert_eq!(
        bench.log.take_lines(),
        [
            format!(
                r#"msg=unit trace_id={TRACE} span_id="{OWN_SPAN}" parent_id={SPAN} trace_flags="01" request_id=r-1 duration_ms=0.0"#
            ),
            "msg=unit duration_ms=0.0".to_owned(),
        ]
    );
}

#[test]
fn records_that_a_bridge_passes_on_have_the_ids_of_the_current_unit() {
    use std::sync::Mutex;

    struct Pairs(Mutex<Vec<String>>);
    impl log::Log for Pairs {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            struct Collect(String);
            impl<'kvs> log::kv::VisitSource<'kvs> for Collect {
                fn visit_pair(
                    &mut self,
                    key: log::kv::Key<'kvs>,
                    value: log::kv::Value<'kvs>,
                ) -> Result<(), log::kv::Error> {
                    self.0 += &format!(" {key}={value}");
                    Ok(())
                }
            }
            let mut all = Collect(record.args().to_string());
            record.key_values().visit(&mut all).unwrap();
            assert_eq!(record.key_values().count(), all.0.split(' ').count() - 1);
            self.0.lock().unwrap().push(all.0);
        }
        fn flush(&self) {}
    }
    log::set_max_level(log::LevelFilter::Trace);
    let pairs: &'static Pairs = Box::leak(Box::new(Pairs(Mutex::default())));
    let bridge = bridge(pairs);
    let bench = bench(Config::builder());
    let mut trace = bench.start();
    trace.scope(|| log::log!(logger: &bridge, Level::Warn, "before"));
    trace.continue_from(parent()).set_request_id("r-1");
    trace.scope(|| log::log!(logger: &bridge, Level::Warn, "after"));
    trace.discard();
    assert_eq!(
        *pairs.0.lock().unwrap(),
        [
            "before unit=unit".to_owned(),
            format!("after unit=unit trace_id={TRACE} span_id={OWN_SPAN} request_id=r-1"),
        ]
    );
}

#[test]
fn the_smallest_record_has_room_for_all_ids() {
    let bench = bench(Config::builder().max_record(512));
    let mut trace = bench.start();
    trace
        .continue_from(parent())
        .set_request_id(&"r".repeat(128));
    trace.error("x".repeat(500).as_str());
    for n in 0..300 {
        trace.set(format!("key{n}"), n).add("fragment");
    }
    drop(trace);
    let line = bench.log.only().args;
    assert!(
        line.len() <= 512 && line.contains(TRACE) && line.contains("dropped_fields"),
        "{line}"
    );
}

#[test]
fn the_current_unit_is_asked_for_its_ids_until_it_has_ended() {
    let ids = || {
        (
            current::traceparent(),
            current::tracestate(),
            current::trace_id(),
            current::request_id(),
        )
    };
    let nothing = (None, None, None, None);
    assert_eq!(ids(), nothing);
    let bench = bench(Config::builder());
    let mut unit = bench.start();
    let state = TraceState::parse(["rojo=1"]).unwrap();
    unit.continue_from(parent())
        .set_tracestate(&state)
        .set_request_id("r-1");
    let own = (
        unit.traceparent(),
        Some(state),
        unit.trace_id(),
        Some("r-1".to_owned()),
    );
    unit.scope(|| {
        assert_eq!(ids(), own);
        // A unit that is in use, or that is hidden by a disabled one, shares its ids.
        assert_eq!(current::with(|_| ids()), Some(own.clone()));
        Trace::default().scope(|| assert_eq!(ids(), own));
        assert_eq!(ids(), own);
        // Not after its end.
        current::emit();
        assert_eq!(ids(), nothing);
    });
    assert_eq!(bench.log.take_lines().len(), 1);
}

#[test]
fn ids_that_are_only_asked_for_by_current_are_in_the_record() {
    check(
        |trace| _ = trace.scope(current::traceparent),
        &format!(r#"trace_id="{OWN_TRACE}" span_id="{OWN_SPAN}" trace_flags="01" duration_ms=0.0"#),
    );
}

#[test]
fn a_request_id_that_is_made_afresh_comes_from_the_source_of_the_configuration() {
    check(
        |trace| _ = trace.set_request_id("no id\n"),
        &format!(r#"request_id="{OWN_TRACE}" duration_ms=0.0"#),
    );
}
