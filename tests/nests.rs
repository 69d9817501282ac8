//! Units inside units share their ids, whoever asks first and whichever ends first.

use log::{Level, Log, Record};
use traceline::{
    Config, Trace,
    config::ConfigBuilder,
    current,
    ids::{IdSource, SpanId, TraceId},
};

use crate::util::Bench;

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

/// Three units, one inside the other.
fn nest(bench: &Bench) -> [Trace; 3] {
    let start = |name: &'static str| Trace::builder(name).config(&bench.config).start();
    let mut a = start("a");
    let (b, c) = a.scope(|| {
        let mut b = start("b");
        let c = b.scope(|| start("c"));
        (b, c)
    });
    [a, b, c]
}

#[test]
fn a_source_of_ids_may_ask_for_ids_itself() {
    struct Asks;
    impl IdSource for Asks {
        fn trace_id(&self) -> Option<TraceId> {
            assert_eq!(current::request_id(), None);
            None
        }
        fn span_id(&self) -> Option<SpanId> {
            let _ = Trace::new("inside the source");
            None
        }
    }
    let bench = Bench::new(bare().ids(&Asks));
    let [mut a, mut b, mut c] = nest(&bench);
    let ids = a.scope(|| b.scope(|| c.scope(current::trace_id)));
    assert!(ids.is_some());
    assert_eq!([a.trace_id(), b.trace_id(), c.trace_id()], [ids; 3]);
}

#[test]
fn one_that_ended_before_anyone_asked_does_not_cut_the_transaction_in_two() {
    let bench = Bench::new(bare());
    let [mut a, b, mut c] = nest(&bench);
    drop(b);
    let id = c.trace_id();
    assert_eq!(a.trace_id(), id);
}

#[test]
fn ten_thousand_of_them_end_soon_in_either_order() {
    let bench = Bench::new(bare());
    for ends_outermost_first in [false, true] {
        let mut units: Vec<Trace> = Vec::new();
        for _ in 0..10_000 {
            let mut unit = Trace::builder("unit").config(&bench.config).start();
            // Current until the unit is dropped.
            std::mem::forget(unit.enter());
            units.push(unit);
        }
        if ends_outermost_first {
            units.reverse();
        }
        while units.pop().is_some() {}
        assert!(!current::is_active());
    }
    assert_eq!(bench.log.take_lines().len(), 20_000);
}

#[test]
fn what_is_known_of_the_outer_ids_is_read_without_making_any() {
    let bench = Bench::new(bare());
    let [mut a, _b, c] = nest(&bench);
    assert_eq!((c.request_id(), c.tracestate()), (None, None));
    a.set_request_id("r-1");
    assert_eq!(c.request_id().as_deref(), Some("r-1"));
}

#[test]
fn a_line_in_a_scope_has_the_name_and_the_ids_of_the_unit() {
    struct Lines(std::sync::Mutex<Vec<String>>);
    impl Log for &'static Lines {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let mut line = record.args().to_string();
            for key in ["unit", "request_id"] {
                let value = record.key_values().get(key.into());
                line += &format!(" {key}={}", value.expect("the bridge adds it"));
            }
            self.0.lock().unwrap().push(line);
        }
        fn flush(&self) {}
    }
    let lines: &'static Lines = Box::leak(Box::new(Lines(std::sync::Mutex::default())));
    let bridge = traceline::bridge(lines);
    let bench = Bench::new(bare());
    let mut unit = Trace::builder("upload").config(&bench.config).start();
    unit.set_request_id("r-1");
    let log = || {
        let args = format_args!("hashing");
        bridge.log(&Record::builder().level(Level::Info).args(args).build());
    };
    unit.unit().scope(log);
    assert_eq!(
        *lines.0.lock().unwrap(),
        ["hashing unit=upload request_id=r-1"]
    );
}
