//! Short programs that once differed from the reference.

use std::sync::atomic::{AtomicUsize, Ordering};

use traceline::config::Sampling;
use traceline::{Config, Trace, current};

use crate::reference::rig::MADE;
use crate::util::Capture;

fn config(log: &'static Capture) -> Config {
    let builder = Config::builder().logger(log).header(false).ids(&MADE);
    builder.build().expect("settings make sense")
}

fn start(name: &'static str, config: &Config) -> Trace {
    Trace::builder(name).config(config).start()
}

/// The text of a record without its duration.
fn only(log: &Capture) -> Vec<String> {
    let lines = log.records().into_iter().map(|record| record.args);
    let timeless = |line: String| {
        let words = line
            .split(' ')
            .filter(|word| !word.starts_with("duration_ms="));
        words.collect::<Vec<_>>().join(" ")
    };
    lines.map(timeless).collect()
}

const IDS: &str =
    "trace_id=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee span_id=dddddddddddddddd trace_flags=\"01\"";

#[test]
fn ids_that_a_part_asked_for_stay_when_the_unit_gets_a_request_id() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let mut trace = start("job", &config(log));
    let mut part = trace.part();
    let of_part = part.traceparent();
    trace.set_request_id("order-7");
    assert_eq!(trace.traceparent(), of_part);
    assert_eq!(part.request_id().as_deref(), Some("order-7"));
    let preview = trace.render();
    assert!(
        preview.contains(&format!("{IDS} request_id=order-7")),
        "{preview}"
    );
}

#[test]
fn a_log_record_in_a_scope_names_the_unit_and_its_ids() {
    let config = config(Capture::up_to(log::LevelFilter::Trace));
    let mut trace = start("job", &config);
    trace.traceparent();
    trace.unit().scope(|| {
        let record = log::Record::builder().args(format_args!("low")).build();
        let line = config.format_record(&record).to_string();
        assert!(line.contains(" unit=job"), "{line}");
        assert!(
            line.contains(&format!(" trace_id={}", "e".repeat(32))),
            "{line}"
        );
    });
}

/// Each span id is new.
#[derive(Debug)]
struct Counting(AtomicUsize);

impl traceline::ids::IdSource for Counting {
    fn trace_id(&self) -> Option<traceline::ids::TraceId> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        traceline::ids::TraceId::from_bytes([n as u8; 16])
    }

    fn span_id(&self) -> Option<traceline::ids::SpanId> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        traceline::ids::SpanId::from_bytes([n as u8; 8])
    }
}

fn counting(log: &'static Capture) -> traceline::config::ConfigBuilder {
    let ids: &'static Counting = Box::leak(Box::new(Counting(AtomicUsize::new(1))));
    Config::builder().logger(log).header(false).ids(ids)
}

const INNER: &str = "trace_id=\"01010101010101010101010101010101\" span_id=\"0303030303030303\" \
                     parent_id=\"0202020202020202\" trace_flags=\"01\"";

#[test]
fn a_preview_makes_no_ids_of_its_own() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let config = counting(log).build().expect("settings make sense");
    let mut outer = start("outer", &config);
    outer.traceparent();
    outer.scope(|| {
        let inner = start("inner", &config);
        assert!(inner.render().contains(&format!(" {INNER} ")));
        drop(inner);
    });
    assert_eq!(only(log), [format!("msg=inner {INNER}")]);
}

#[test]
fn sampling_decides_on_a_unit_inside_another_by_the_ids_that_both_share() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let config = counting(log)
        .sampling(Sampling::one_in(1))
        .build()
        .expect("settings make sense");
    let mut outer = start("outer", &config);
    outer.scope(|| drop(start("inner", &config)));
    drop(outer);
    let ids = "trace_id=\"01010101010101010101010101010101\"";
    let flags = "trace_flags=\"01\"";
    assert_eq!(
        only(log),
        [
            format!(
                "msg=inner {ids} span_id=\"0303030303030303\" parent_id=\"0202020202020202\" {flags}"
            ),
            format!("msg=outer {ids} span_id=\"0202020202020202\" {flags}"),
        ]
    );
}

#[test]
fn a_counter_looks_for_what_a_dropped_part_has_set() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let mut trace = start("job", &config(log));
    let mut part = trace.part();
    part.set("k", 7);
    drop(part);
    trace.incr("k");
    drop(trace);
    assert_eq!(only(log), ["msg=job k=7 k_2=1"]);
}

#[test]
fn a_handle_that_is_back_where_its_unit_is_ends_it() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let result: Result<(), String> = start("job", &config(log)).__run(|trace| {
        let mut trace = std::mem::take(trace);
        let away = std::thread::spawn(move || {
            trace.set("k", 7);
            trace
        });
        away.join().expect("nothing panics there").emit();
        current::set("late", true);
        assert_eq!(only(log), ["msg=job k=7"]);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    assert_eq!(only(log).len(), 1);
}

#[test]
fn a_handle_elsewhere_sees_that_its_lap_was_stopped() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let result: Result<(), String> = start("job", &config(log)).__run(|trace| {
        let mut trace = std::mem::take(trace);
        let elsewhere = std::thread::spawn(move || {
            let lap = trace.lap("db");
            std::thread::spawn(move || drop(lap)).join().unwrap();
            trace.set("k", 7);
            trace
        });
        // Still elsewhere when the unit ends.
        std::mem::forget(elsewhere.join().unwrap());
        Ok(())
    });
    assert_eq!(result, Ok(()));
    let line = &only(log)[0];
    assert!(
        line.contains(" db.count=1 ") && line.ends_with(" k=7"),
        "{line}"
    );
}

#[test]
fn a_lap_whose_field_was_set_to_something_else_does_not_go_on_in_the_unit() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let result: Result<(), String> = start("job", &config(log)).__run(|trace| {
        let mut trace = std::mem::take(trace);
        let elsewhere = std::thread::spawn(move || {
            let timer = trace.start_timer("k");
            trace.set("k", 7);
            (trace, timer)
        });
        let (mut trace, timer) = elsewhere.join().unwrap();
        trace.incr("rows");
        trace.stop(timer);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    assert_eq!(only(log), ["msg=job outcome=ok k=7 rows=1"]);
}

#[test]
fn ten_thousand_guards_are_dropped_in_any_order() {
    let log = Capture::up_to(log::LevelFilter::Trace);
    let trace = start("job", &config(log));
    let unit = trace.unit();
    let mut random = crate::random::Random(7);
    let mut guards: Vec<_> = (0..10_000)
        .map(|_| {
            let guard = unit.enter();
            current::incr("entered");
            guard
        })
        .collect();
    while !guards.is_empty() {
        drop(guards.swap_remove(random.below(guards.len())));
    }
    assert!(!current::is_active());
    drop(trace);
    assert_eq!(only(log), ["msg=job entered=10000"]);
}
