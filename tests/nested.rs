//! Units inside units: they share the ids of one transaction, whoever asks first.
//!
//! Ids come from a source that counts: transactions are a1…, a2…, units b1…, b2…, in the order in which
//! they are made.

use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::thread;

use log::LevelFilter;
use traceline::{
    Config, Trace, bridge,
    config::{ConfigBuilder, Sampling},
    current,
    ids::{IdSource, SpanId, TraceId, TraceParent, TraceState},
};

use crate::util::{Bench, Capture};

const A1: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const A2: &str = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2";
const B1: &str = "b1b1b1b1b1b1b1b1";
const B2: &str = "b2b2b2b2b2b2b2b2";
const B3: &str = "b3b3b3b3b3b3b3b3";
/// The transaction and the unit of a caller.
const FAR: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[derive(Default)]
struct Counting(AtomicU8, AtomicU8);

impl IdSource for Counting {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([0xa1 + self.0.fetch_add(1, Relaxed); 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0xb1 + self.1.fetch_add(1, Relaxed); 8])
    }
}

fn bench_of(builder: ConfigBuilder) -> Bench {
    let ids: &'static Counting = Box::leak(Box::default());
    Bench::new(builder.header(false).ids(ids))
}

fn bench() -> Bench {
    bench_of(Config::builder())
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    Trace::builder(name).config(&bench.config).start()
}

/// A logger that keeps the key-values of the records that it is given.
#[derive(Default)]
struct Pairs(Mutex<Vec<String>>);

impl Pairs {
    fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl log::Log for Pairs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        struct Texts(Vec<String>);
        impl<'kvs> log::kv::VisitSource<'kvs> for Texts {
            fn visit_pair(
                &mut self,
                key: log::kv::Key<'kvs>,
                value: log::kv::Value<'kvs>,
            ) -> Result<(), log::kv::Error> {
                self.0.push(format!("{key}={value}"));
                Ok(())
            }
        }
        let mut texts = Texts(Vec::new());
        record.key_values().visit(&mut texts).unwrap();
        self.0.lock().unwrap().push(texts.0.join(" "));
    }

    fn flush(&self) {}
}

/// A unit that a logger turns away.
fn disabled() -> Trace {
    let off = Capture::up_to(LevelFilter::Off).config(Config::builder());
    let trace = Trace::builder("disabled").config(&off).start();
    assert!(!trace.is_enabled());
    trace
}

/// The line of a unit that has ids and nothing else.
fn line(name: &str, trace: &str, span: &str, parent: &str) -> String {
    let parent = match parent {
        "" => String::new(),
        parent => format!(" parent_id={parent}"),
    };
    format!("msg={name} trace_id={trace} span_id={span}{parent} trace_flags=\"01\" duration_ms=0.0")
}

/// The line of the caller's transaction.
fn far(name: &str, span: &str, parent: &str) -> String {
    line(name, FAR, span, parent)
}

fn with_request_id(line: &str, id: &str) -> String {
    line.replace(" duration_ms", &format!(" request_id={id} duration_ms"))
}

fn header() -> TraceParent {
    HEADER.parse().unwrap()
}

/// What a call from here carries.
fn call() -> Option<String> {
    current::traceparent().map(|parent| parent.to_string())
}

/// Compares the lines of an outer unit and one inside it, which is given to `work` with a
/// bench whose clock stands still.
#[track_caller]
fn check(work: impl FnOnce(&Bench), want: &[String]) {
    let bench = bench();
    work(&bench);
    assert_eq!(bench.log.take_lines(), want);
    assert!(!current::is_active());
}

fn both() -> [String; 2] {
    [line("inner", A1, B2, B1), line("outer", A1, B1, "")]
}

mod whoever_asks_first {
    use super::*;

    #[test]
    fn nobody_has_ids_if_nobody_asks() {
        check(
            |bench| unit(bench, "outer").scope(|| unit(bench, "inner").scope(|| ())),
            &["msg=inner duration_ms=0.0", "msg=outer duration_ms=0.0"].map(String::from),
        );
    }

    #[test]
    fn the_inner_one() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    unit(bench, "inner").scope(|| {
                        assert_eq!(call().unwrap(), format!("00-{A1}-{B2}-01"));
                    });
                    assert_eq!(call().unwrap(), format!("00-{A1}-{B1}-01"));
                });
            },
            &both(),
        );
    }

    #[test]
    fn the_outer_one_before_the_inner_one_begins() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    assert_eq!(call().unwrap(), format!("00-{A1}-{B1}-01"));
                    drop(unit(bench, "inner"));
                });
            },
            &both(),
        );
    }

    #[test]
    fn the_outer_one_while_the_inner_one_runs() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let inner = outer.scope(|| unit(bench, "inner"));
                assert_eq!(
                    outer.traceparent().unwrap().to_string(),
                    format!("00-{A1}-{B1}-01")
                );
                drop(inner);
            },
            &both(),
        );
    }

    #[test]
    fn the_inner_one_through_its_handle() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let mut inner = outer.scope(|| unit(bench, "inner"));
                assert_eq!(
                    inner.traceparent().unwrap().to_string(),
                    format!("00-{A1}-{B2}-01")
                );
                drop(inner);
            },
            &both(),
        );
    }

    #[test]
    fn the_inner_one_after_the_outer_one_has_ended() {
        // The outer one cannot know whether it will: its record has ids.
        check(
            |bench| {
                let inner = unit(bench, "outer").scope(|| unit(bench, "inner"));
                drop(inner);
            },
            &[line("outer", A1, B1, ""), line("inner", A1, B2, B1)],
        );
    }

    #[test]
    fn the_innermost_one_after_the_one_between_has_ended() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let mut middle = outer.scope(|| unit(bench, "middle"));
                let inner = middle.scope(|| unit(bench, "inner"));
                drop(middle);
                drop(outer);
                drop(inner);
            },
            &[
                line("middle", A1, B2, B1),
                line("outer", A1, B1, ""),
                line("inner", A1, B3, B2),
            ],
        );
    }

    #[test]
    fn a_part_of_the_inner_one_on_another_thread() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    unit(bench, "inner").scope(|| {
                        let inner = current::unit();
                        let asked = thread::spawn(move || inner.scope(call)).join().unwrap();
                        assert_eq!(asked.unwrap(), format!("00-{A1}-{B2}-01"));
                    });
                });
            },
            &both(),
        );
    }

    #[test]
    fn a_look_at_the_record() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        let mut inner = outer.scope(|| unit(&bench, "inner"));
        assert_eq!(outer.render(), "msg=outer duration_ms=0.0");
        inner.trace_id();
        assert_eq!(outer.render(), line("outer", A1, B1, ""));
        assert_eq!(inner.render(), line("inner", A1, B2, B1));
    }

    #[test]
    fn a_partial_record() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        let mut inner = outer.scope(|| unit(&bench, "inner"));
        inner.trace_id();
        outer.checkpoint();
        let want = format!("{} partial=true seq=1", line("outer", A1, B1, ""));
        assert_eq!(bench.log.take_lines(), [want]);
    }

    #[test]
    fn lines_that_the_bridge_passes_on() {
        let bench = bench();
        let seen: &'static Pairs = Box::leak(Box::default());
        let bridged = bridge(seen);
        let mut outer = unit(&bench, "outer");
        let mut inner = outer.scope(|| unit(&bench, "inner"));
        inner.trace_id();
        outer.scope(|| {
            let mut record = log::Record::builder();
            let record = record.target("db").args(format_args!("slow")).build();
            let text = bench.config.format_record(&record).to_string();
            let ids = format!("trace_id={A1} span_id={B1} trace_flags=\"01\"");
            assert_eq!(text, format!("msg=slow target=db unit=outer {ids}"));
            log::Log::log(&bridged, &record);
        });
        assert_eq!(
            seen.ids(),
            [format!("unit=outer trace_id={A1} span_id={B1}")]
        );
    }
}

mod ways {
    use super::*;

    fn inner(bench: &Bench) {
        drop(unit(bench, "inner"));
        current::trace_id();
    }

    #[test]
    fn run_in_run_with_closures_of_both_forms() {
        for way in 0..4 {
            let bench = bench();
            let ask = |id: Option<TraceId>| id.map(|_| ()).ok_or("no id");
            let inside = || match way % 2 {
                0 => unit(&bench, "inner").__run_scoped(|| ask(current::trace_id())),
                _ => unit(&bench, "inner").__run(|trace| ask(trace.trace_id())),
            };
            let _ = match way / 2 {
                0 => unit(&bench, "outer").__run_scoped(inside),
                _ => unit(&bench, "outer").__run(|_| inside()),
            };
            let want = both().map(|line| line.replace(" duration", " outcome=ok duration"));
            assert_eq!(bench.log.take_lines(), want, "{way}");
        }
    }

    #[test]
    fn a_unit_inside_the_handle_of_run() {
        check(
            |bench| {
                let _ = unit(bench, "outer").__run(|trace| {
                    drop(unit(bench, "inner"));
                    trace.trace_id();
                    let inner = unit(bench, "second");
                    drop(inner);
                    Ok::<(), String>(())
                });
            },
            &[
                "msg=inner duration_ms=0.0".to_owned(),
                line("second", A1, B2, B1),
                line("outer", A1, B1, "").replace(" duration", " outcome=ok duration"),
            ],
        );
    }

    #[test]
    fn inside_current_with() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    current::with(|outer| {
                        let mut inner = unit(bench, "inner");
                        assert_eq!(outer.traceparent().unwrap().span_id().to_string(), B1);
                        inner.scope(|| assert_eq!(call().unwrap(), format!("00-{A1}-{B2}-01")));
                    });
                });
            },
            &both(),
        );
    }

    #[test]
    fn inside_a_unit_on_another_thread() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    let outer = current::unit();
                    thread::scope(|scope| {
                        scope.spawn(|| outer.scope(|| inner(bench)));
                    });
                });
            },
            &[
                "msg=inner duration_ms=0.0".to_owned(),
                line("outer", A1, B1, ""),
            ],
        );
        check(
            |bench| {
                let trace = unit(bench, "outer");
                let outer = trace.unit();
                thread::scope(|scope| {
                    scope.spawn(|| outer.scope(|| _ = unit(bench, "inner").trace_id()));
                });
            },
            &both(),
        );
    }

    #[test]
    fn a_child_has_the_ids_of_its_parent_whatever_is_current() {
        check(
            |bench| {
                let mut parent = unit(bench, "outer");
                unit(bench, "other").scope(|| drop(parent.child("inner")));
                drop(parent);
            },
            &[
                line("inner", A1, B2, B1),
                "msg=other duration_ms=0.0".to_owned(),
                line("outer", A1, B1, ""),
            ],
        );
    }

    #[test]
    fn siblings_have_span_ids_of_their_own() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    for _ in 0..2 {
                        unit(bench, "inner").scope(|| _ = call());
                    }
                });
            },
            &[
                line("inner", A1, B2, B1),
                line("inner", A1, B3, B1),
                line("outer", A1, B1, ""),
            ],
        );
    }

    #[test]
    fn three_deep() {
        for asks in 0..3 {
            let bench = bench();
            unit(&bench, "outer").scope(|| {
                unit(&bench, "middle").scope(|| {
                    unit(&bench, "inner").scope(|| {
                        if asks == 0 {
                            call();
                        }
                    });
                    if asks == 1 {
                        call();
                    }
                });
                if asks == 2 {
                    call();
                }
            });
            let bare = |name: &str| format!("msg={name} duration_ms=0.0");
            let want = match asks {
                0 => [line("inner", A1, B3, B2), line("middle", A1, B2, B1)],
                1 => [bare("inner"), line("middle", A1, B2, B1)],
                _ => [bare("inner"), bare("middle")],
            };
            let outer = line("outer", A1, B1, "");
            assert_eq!(bench.log.take_lines(), [&want[..], &[outer]].concat());
        }
    }

    /// Each of ten thousand units is the parent of the next, and it takes as long per unit as
    /// for ten.
    fn deep(asks: bool) {
        let bench = Bench::new(Config::builder().header(false));
        let mut units = Vec::new();
        let mut outer = unit(&bench, "outer");
        for _ in 0..10_000 {
            let inner = outer.scope(|| unit(&bench, "inner"));
            units.push(mem::replace(&mut outer, inner));
        }
        if asks {
            outer.trace_id();
        }
        drop(outer);
        while let Some(unit) = units.pop() {
            drop(unit);
        }
        let lines = bench.log.take_lines();
        assert_eq!(lines.len(), 10_001);
        if !asks {
            assert!(lines.iter().all(|line| !line.contains("_id=")));
            return;
        }
        let of = |line: &str, key: &str| {
            let words = line.split(' ').map(|word| word.replace('"', ""));
            let mut values = words.filter_map(|word| Some(word.strip_prefix(key)?.to_owned()));
            values.next()
        };
        for pair in lines.windows(2) {
            assert_eq!(of(&pair[0], "trace_id="), of(&pair[1], "trace_id="));
            assert_eq!(of(&pair[0], "parent_id="), of(&pair[1], "span_id="));
        }
        assert_eq!(of(&lines[10_000], "parent_id="), None);
    }

    #[test]
    fn ten_thousand_deep() {
        deep(true);
        deep(false);
    }

    #[test]
    fn ten_thousand_in_a_row_each_begun_in_the_one_before() {
        let bench = bench_of(Config::builder());
        let mut last = unit(&bench, "relay");
        for _ in 0..10_000 {
            let next = last.scope(|| unit(&bench, "relay"));
            last = next;
        }
        drop(last);
        let lines = bench.log.take_lines();
        assert_eq!(lines[0], line("relay", A1, B1, ""));
        assert_eq!(lines[1], line("relay", A1, B2, B1));
        assert!(lines.iter().all(|line| line.contains(A1)));
    }
}

mod what_is_shared {
    use super::*;

    #[test]
    fn the_transaction_that_the_outer_one_continues_before_and_after_the_inner_one_begins() {
        for is_late in [false, true] {
            let bench = bench();
            let mut outer = unit(&bench, "outer");
            if !is_late {
                outer.continue_from(header());
            }
            let mut inner = outer.scope(|| unit(&bench, "inner"));
            if is_late {
                outer.continue_from(header());
            }
            let asked = inner.traceparent().unwrap().to_string();
            assert_eq!(asked, format!("00-{FAR}-{B2}-01"));
            drop(inner);
            drop(outer);
            let want = [far("inner", B2, B1), far("outer", B1, CALLER)];
            assert_eq!(bench.log.take_lines(), want, "{is_late}");
        }
    }

    #[test]
    fn a_unit_that_others_have_named_keeps_its_span_id() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let mut inner = outer.scope(|| unit(bench, "inner"));
                inner.trace_id();
                outer.continue_from(header());
                drop(inner);
                drop(outer);
            },
            &[line("inner", A1, B2, B1), far("outer", B1, CALLER)],
        );
    }

    #[test]
    fn the_tracestate_and_the_flags_of_calls() {
        for (flags, sent) in [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03")] {
            let bench = bench();
            let mut outer = unit(&bench, "outer");
            let inner = outer.scope(|| unit(&bench, "inner"));
            outer.continue_from_headers([
                ("traceparent", format!("00-{FAR}-{CALLER}-{flags}")),
                ("tracestate", "rojo=1,congo=2".to_owned()),
            ]);
            let mut inner = inner;
            assert_eq!(inner.tracestate().unwrap().as_str(), "rojo=1,congo=2");
            inner.scope(|| {
                assert_eq!(current::tracestate().unwrap().as_str(), "rojo=1,congo=2");
                assert_eq!(call().unwrap(), format!("00-{FAR}-{B2}-{sent}"));
            });
        }
    }

    #[test]
    fn a_tracestate_that_the_inner_one_sets_is_its_own() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        outer.continue_from(header());
        let mut inner = outer.scope(|| unit(&bench, "inner"));
        inner.set_tracestate(&TraceState::parse(["rojo=1"]).unwrap());
        assert_eq!(inner.tracestate().unwrap().as_str(), "rojo=1");
        assert_eq!(outer.tracestate(), None);
        drop(inner);
        assert_eq!(bench.log.take_lines(), [far("inner", B2, B1)]);
    }

    #[test]
    fn the_request_id_whenever_it_is_set() {
        for when in 0..4 {
            let bench = bench();
            let mut outer = unit(&bench, "outer");
            let set = |now, outer: &mut Trace| {
                if now == when {
                    outer.set_request_id("order-4711");
                }
            };
            set(0, &mut outer);
            let mut inner = outer.scope(|| unit(&bench, "inner"));
            set(1, &mut outer);
            outer.trace_id();
            set(2, &mut outer);
            inner.trace_id();
            set(3, &mut outer);
            assert_eq!(inner.request_id().as_deref(), Some("order-4711"));
            inner.scope(|| assert_eq!(current::request_id().as_deref(), Some("order-4711")));
            drop(inner);
            drop(outer);
            let want = both().map(|line| with_request_id(&line, "order-4711"));
            assert_eq!(bench.log.take_lines(), want, "{when}");
        }
    }

    #[test]
    fn a_request_id_alone() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let inner = outer.scope(|| unit(bench, "inner"));
                outer.set_request_id("order-4711");
                drop(inner);
                drop(outer);
            },
            &["inner", "outer"]
                .map(|name| format!("msg={name} request_id=order-4711 duration_ms=0.0")),
        );
    }

    #[test]
    fn a_request_id_does_not_make_the_ids_forgotten_that_the_inner_one_made() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let mut inner = outer.scope(|| unit(bench, "inner"));
                inner.trace_id();
                outer.set_request_id("order-4711");
                drop(inner);
                drop(outer);
            },
            &[
                with_request_id(&line("inner", A1, B2, B1), "order-4711"),
                with_request_id(&line("outer", A1, B1, ""), "order-4711"),
            ],
        );
    }

    #[test]
    fn a_request_id_of_the_inner_one_is_its_own() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                let mut inner = outer.scope(|| unit(bench, "inner"));
                inner.set_request_id("inner-1");
                outer.set_request_id("outer-1");
                drop(inner);
                drop(outer);
            },
            &[
                "msg=inner request_id=inner-1 duration_ms=0.0".to_owned(),
                "msg=outer request_id=outer-1 duration_ms=0.0".to_owned(),
            ],
        );
    }

    #[test]
    fn the_decision_of_sampling() {
        // One unit in a million is kept, and those of callers who sampled.
        let sampling = || Sampling::one_in(1_000_000).sampled_callers(true);
        for (flags, kept) in [("01", 2), ("00", 0)] {
            let bench = bench_of(Config::builder().sampling(sampling()));
            let mut outer = unit(&bench, "outer");
            let parent = format!("00-{FAR}-{CALLER}-{flags}");
            outer.continue_from(parent.parse().unwrap());
            outer.scope(|| {
                unit(&bench, "inner").scope(|| assert!(call().unwrap().ends_with(flags)));
            });
            drop(outer);
            assert_eq!(bench.log.take_lines().len(), kept, "{flags}");
        }
    }

    #[test]
    fn an_explicit_transaction_of_the_inner_one_wins() {
        for by_headers in [false, true] {
            let bench = bench();
            let mut outer = unit(&bench, "outer");
            outer.set_request_id("outer-1");
            let mut inner = outer.scope(|| unit(&bench, "inner"));
            match by_headers {
                false => inner.continue_from(header()),
                true => inner.continue_from_headers([
                    ("traceparent", HEADER),
                    ("x-request-id", "order-4711"),
                ]),
            };
            drop(inner.scope(|| unit(&bench, "innermost")));
            drop(inner);
            outer.trace_id();
            drop(outer);
            let lines = [far("innermost", B2, B1), far("inner", B1, CALLER)];
            let mut want = lines.to_vec();
            if by_headers {
                want = lines
                    .map(|line| with_request_id(&line, "order-4711"))
                    .to_vec();
            }
            want.push(with_request_id(&line("outer", A1, B3, ""), "outer-1"));
            assert_eq!(bench.log.take_lines(), want);
        }
    }

    #[test]
    fn headers_that_do_not_name_a_caller_leave_the_transaction_of_the_outer_one() {
        for headers in [
            &[][..],
            &[("traceparent", "malformed"), ("x-request-id", "not valid")],
        ] {
            check(
                |bench| {
                    let mut outer = unit(bench, "outer");
                    outer.set_request_id("order-4711");
                    let mut inner = outer.scope(|| unit(bench, "inner"));
                    inner.continue_from_headers(headers.iter().copied());
                    drop(inner);
                    drop(outer);
                },
                &both().map(|line| with_request_id(&line, "order-4711")),
            );
        }
    }

    #[test]
    fn headers_that_are_copies_of_those_of_a_unit_around_name_that_unit() {
        let headers = [("traceparent", HEADER)];
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                outer
                    .continue_from_headers(headers)
                    .set_request_id("order-4711");
                let mut middle = outer.scope(|| unit(bench, "middle"));
                let mut inner = middle.scope(|| unit(bench, "inner"));
                inner.continue_from_headers(headers);
                drop(inner);
                drop(middle);
                drop(outer);
            },
            &[
                far("inner", B3, B2),
                far("middle", B2, B1),
                far("outer", B1, CALLER),
            ]
            .map(|line| with_request_id(&line, "order-4711")),
        );
    }

    #[test]
    fn headers_of_a_child_that_is_not_around_name_that_child() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        let mut child = outer.child("child");
        let header = child.traceparent().unwrap().to_string();
        let mut inner = outer.scope(|| unit(&bench, "inner"));
        inner
            .continue_from_headers([("traceparent", header)])
            .unset("nothing");
        drop(inner);
        let want = format!(
            "msg=inner trace_id={A1} span_id={B3} parent_id={B2} trace_flags=\"01\" request_id={A2} duration_ms=0.0"
        );
        assert_eq!(bench.log.take_lines(), [want]);
    }
}

mod disabled_units {
    use super::*;

    #[test]
    fn one_inside_an_enabled_one_passes_on_the_ids_of_that() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        outer.continue_from_headers([
            ("traceparent", HEADER),
            ("tracestate", "rojo=1"),
            ("x-request-id", "order-4711"),
        ]);
        let out = format!("00-{FAR}-{B1}-01");
        outer.scope(|| {
            let mut inner = disabled();
            assert_eq!(inner.request_id().as_deref(), Some("order-4711"));
            assert_eq!(inner.tracestate().unwrap().as_str(), "rojo=1");
            inner.scope(|| {
                assert_eq!(call().as_deref(), Some(&*out));
                assert_eq!(current::request_id().as_deref(), Some("order-4711"));
                assert_eq!(current::tracestate().unwrap().as_str(), "rojo=1");
            });
            assert_eq!(inner.traceparent().unwrap().to_string(), out);
            // It keeps them wherever it goes.
            let kept = thread::spawn(move || inner.traceparent()).join().unwrap();
            assert_eq!(kept.unwrap().to_string(), out);
        });
    }

    #[test]
    fn one_inside_an_enabled_one_that_no_header_came_to() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                outer.set_request_id("order-4711");
                outer.scope(|| {
                    let mut inner = disabled();
                    inner.continue_from_headers([("accept", "*/*")]);
                    let out = format!("00-{A1}-{B1}-01");
                    assert_eq!(inner.traceparent().unwrap().to_string(), out);
                    assert_eq!(inner.request_id().as_deref(), Some("order-4711"));
                });
            },
            &[with_request_id(&line("outer", A1, B1, ""), "order-4711")],
        );
    }

    #[test]
    fn one_inside_an_enabled_one_that_a_copied_header_came_to() {
        let bench = bench();
        let mut outer = unit(&bench, "outer");
        outer.continue_from_headers([("traceparent", HEADER)]);
        let mut inner = outer.scope(|| {
            let mut inner = disabled();
            inner.continue_from_headers([("traceparent", HEADER)]);
            inner
        });
        assert_eq!(
            inner.traceparent().unwrap().to_string(),
            format!("00-{FAR}-{B1}-01")
        );
    }

    #[test]
    fn an_enabled_one_between_two_is_asked_through_the_one_inside() {
        check(
            |bench| {
                disabled().scope(|| {
                    unit(bench, "outer").scope(|| {
                        disabled().scope(|| {
                            unit(bench, "inner").scope(|| _ = call());
                        });
                    });
                });
            },
            // The disabled one at the outside has an id of its own.
            &[line("inner", A1, B3, B2), line("outer", A1, B2, B1)],
        );
    }

    #[test]
    fn an_enabled_one_inside_one_that_received_ids_shares_them() {
        check(
            |bench| {
                let mut outer = disabled();
                outer.continue_from_headers([
                    ("traceparent", HEADER),
                    ("tracestate", "rojo=1"),
                    ("x-request-id", "order-4711"),
                ]);
                outer.scope(|| {
                    unit(bench, "inner").scope(|| {
                        assert_eq!(current::tracestate().unwrap().as_str(), "rojo=1");
                    });
                });
            },
            &[with_request_id(&far("inner", B1, CALLER), "order-4711")],
        );
    }

    #[test]
    fn an_enabled_one_inside_one_that_received_none_has_none_until_it_asks() {
        check(
            |bench| disabled().scope(|| drop(unit(bench, "inner"))),
            &["msg=inner duration_ms=0.0".to_owned()],
        );
    }

    #[test]
    fn whoever_asks_first_makes_the_ids_of_a_disabled_one_and_those_inside_it() {
        for outer_first in [false, true] {
            let bench = bench();
            let mut outer = disabled();
            let mut inner = outer.scope(|| unit(&bench, "inner"));
            let mut second = outer.scope(|| unit(&bench, "second"));
            let mut parents = [None; 3];
            for n in if outer_first { [2, 0, 1] } else { [0, 1, 2] } {
                let trace = [&mut inner, &mut second, &mut outer];
                let [inner, second, outer] = trace;
                parents[n] = [inner, second, outer][n].traceparent();
            }
            let [inner, second, outer] = parents.map(|parent| parent.unwrap());
            assert_eq!(inner.trace_id(), outer.trace_id());
            assert_eq!(second.trace_id(), outer.trace_id());
            assert_ne!(inner.span_id(), second.span_id());
        }
    }

    #[test]
    fn one_that_continues_a_transaction_late() {
        check(
            |bench| {
                let mut outer = disabled();
                let inner = outer.scope(|| unit(bench, "inner"));
                outer.continue_from_headers([
                    ("traceparent", HEADER),
                    ("x-request-id", "order-4711"),
                ]);
                drop(inner);
            },
            &[with_request_id(&far("inner", B1, CALLER), "order-4711")],
        );
    }

    #[test]
    fn one_in_another_shares_what_that_received_or_made() {
        let mut outer = disabled();
        let made = outer.traceparent();
        outer.scope(|| {
            let mut inner = disabled();
            inner.continue_from_headers([("accept", "*/*")]);
            assert_eq!(inner.traceparent(), made);
        });
        let mut outer = disabled();
        outer.continue_from(header());
        outer.scope(|| {
            let mut inner = disabled();
            inner.scope(|| assert_eq!(call().as_deref(), Some(HEADER)));
            assert_eq!(inner.traceparent(), Some(header()));
        });
        // And whoever asks first.
        let mut outer = disabled();
        let inner = outer.scope(|| disabled().scope(call));
        assert_eq!(outer.traceparent().map(|parent| parent.to_string()), inner);
    }
}

mod roots {
    use super::*;

    fn root(bench: &Bench, name: &'static str) -> Trace {
        Trace::builder(name).config(&bench.config).root().start()
    }

    #[test]
    fn one_shares_nothing_with_the_unit_around() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                outer.continue_from(header()).set_request_id("order-4711");
                outer.scope(|| {
                    root(bench, "root").scope(|| {
                        assert_eq!(call().unwrap(), format!("00-{A1}-{B2}-01"));
                        assert_eq!(current::request_id(), None);
                        assert_eq!(current::tracestate(), None);
                        drop(unit(bench, "inner"));
                    });
                });
            },
            &[
                line("inner", A1, B3, B2),
                line("root", A1, B2, ""),
                with_request_id(&far("outer", B1, CALLER), "order-4711"),
            ],
        );
    }

    #[test]
    fn one_may_continue_another_transaction() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                outer.scope(|| _ = root(bench, "root").continue_from(header()));
            },
            &[
                far("root", B1, CALLER),
                "msg=outer duration_ms=0.0".to_owned(),
            ],
        );
    }

    #[test]
    fn a_disabled_one_passes_on_ids_of_its_own() {
        let bench = bench();
        let off = Capture::up_to(LevelFilter::Off).config(Config::builder());
        let mut outer = unit(&bench, "outer");
        outer.continue_from(header());
        outer.scope(|| {
            let mut root = Trace::builder("root").config(&off).root().start();
            assert!(!root.is_enabled());
            let made = root.scope(call).unwrap();
            assert!(!made.contains(FAR), "{made}");
            assert_eq!(root.traceparent().unwrap().to_string(), made);
            let inside = root.scope(|| disabled().scope(call));
            assert_eq!(inside.unwrap(), made);
        });
    }
}

mod entries {
    use super::*;

    #[test]
    fn one_that_is_used_again_knows_nothing_of_earlier_units() {
        check(
            |bench| {
                let mut outer = unit(bench, "outer");
                outer.continue_from_headers([
                    ("traceparent", HEADER),
                    ("x-request-id", "order-4711"),
                ]);
                outer.scope(|| unit(bench, "inner").scope(|| _ = call()));
                drop(outer);
                bench.log.take_lines();
                for name in ["inner", "outer"] {
                    let trace = unit(bench, name);
                    assert_eq!(trace.request_id(), None);
                    drop(trace);
                }
                let mut outer = unit(bench, "outer");
                outer.scope(|| unit(bench, "inner").scope(|| _ = call()));
            },
            &[
                "msg=inner duration_ms=0.0".to_owned(),
                "msg=outer duration_ms=0.0".to_owned(),
                line("inner", A1, "b4b4b4b4b4b4b4b4", B3),
                line("outer", A1, B3, ""),
            ],
        );
    }

    #[test]
    fn one_whose_hub_is_still_held_knows_nothing_of_earlier_units() {
        check(
            |bench| {
                let mut first = unit(bench, "unit");
                let inner = first.scope(|| unit(bench, "inner"));
                first.set_request_id("order-4711");
                drop(first);
                bench.log.take_lines();
                // Takes the entry of the first one.
                drop(unit(bench, "unit"));
                drop(inner);
            },
            &[
                "msg=unit duration_ms=0.0".to_owned(),
                with_request_id(&line("inner", A1, B2, B1), "order-4711"),
            ],
        );
    }

    #[test]
    fn a_unit_that_has_ended_gives_its_ids_to_no_new_one() {
        check(
            |bench| {
                unit(bench, "outer").scope(|| {
                    let _ = unit(bench, "run").__run(|trace| {
                        trace.trace_id();
                        mem::take(trace).emit();
                        drop(unit(bench, "inner"));
                        Ok::<(), String>(())
                    });
                });
            },
            &[
                line("run", A1, B2, B1),
                line("inner", A1, B3, B1),
                line("outer", A1, B1, ""),
            ],
        );
    }

    /// A source of ids that looks at the current unit, which is asking it.
    struct Curious;

    impl IdSource for Curious {
        fn trace_id(&self) -> Option<TraceId> {
            current::set("asked", true);
            current::with(|trace| trace.request_id());
            None
        }

        fn span_id(&self) -> Option<SpanId> {
            current::unit().scope(|| current::incr("spans"));
            None
        }
    }

    #[test]
    fn a_source_of_ids_may_use_the_current_unit() {
        let bench = Bench::new(Config::builder().header(false).ids(&Curious));
        unit(&bench, "outer").scope(|| unit(&bench, "inner").scope(|| _ = call()));
        assert_eq!(bench.log.take_lines().len(), 2);
    }
}

#[test]
fn many_threads_ask_at_once_and_get_one_answer() {
    let bench = Bench::new(Config::builder().header(false));
    for _ in 0..200 {
        let mut outer = unit(&bench, "outer");
        let mut middle = outer.scope(|| unit(&bench, "middle"));
        let mut inner = middle.scope(|| unit(&bench, "inner"));
        let units = [&outer, &middle, &inner, &outer].map(Trace::unit);
        let asked = thread::scope(|scope| {
            let asking = units.map(|unit| scope.spawn(move || unit.scope(current::trace_id)));
            asking.map(|thread| thread.join().unwrap().unwrap())
        });
        assert!(asked.iter().all(|id| *id == asked[0]));
        assert_eq!(outer.trace_id(), Some(asked[0]));
        assert_eq!(inner.trace_id(), Some(asked[0]));
    }
}
