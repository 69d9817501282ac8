//! Which finished units get a record, and how that record accounts for the others.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use log::{Level, LevelFilter};
use traceline::{
    Config, Format, Trace, bridge,
    config::{ConfigBuilder, Name, Sampling},
    ids::{IdSource, SpanId, TraceId, TraceParent},
    value::OwnedValue,
};

use crate::util::{Bench, Capture, same_line};

/// Ids that `one_in(10)` never keeps: their hash is large.
struct Unlucky;

impl IdSource for Unlucky {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes(*b"a trace to drop.")
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([9; 8])
    }
}

/// The decision as a service in another language makes it, written from the documentation.
fn hash_keeps(trace_id: TraceId, one_in: u64) -> bool {
    let bytes = trace_id.to_bytes();
    let mut h = bytes[8..]
        .iter()
        .fold(0_u64, |h, byte| h << 8 | u64::from(*byte));
    h ^= h >> 30;
    h = h.wrapping_mul(0xbf58476d1ce4e5b9);
    h ^= h >> 27;
    h = h.wrapping_mul(0x94d049bb133111eb);
    h ^= h >> 31;
    h <= u64::MAX / one_in
}

fn unlucky(sampling: Sampling) -> Bench {
    let builder = Config::builder().header(false).ids(&Unlucky);
    Bench::new(builder.sampling(sampling))
}

/// The number of records from a unit that does `work` and that the hash would drop.
#[track_caller]
fn records(sampling: Sampling, work: impl FnOnce(&mut Trace, &Bench)) -> usize {
    let bench = unlucky(sampling);
    let mut trace = bench.start();
    work(&mut trace, &bench);
    drop(trace);
    let sampled = bench.config.sampled();
    let records = bench.log.records().len();
    assert_eq!(sampled.kept + sampled.dropped, 1);
    assert_eq!(sampled.kept, records as u64);
    records
}

#[test]
fn a_unit_that_nothing_keeps_gets_no_record() {
    assert!(!hash_keeps(Unlucky.trace_id().unwrap(), 10));
    assert_eq!(records(Sampling::one_in(10), |trace, _| _ = trace.ok()), 0);
    assert_eq!(records(Sampling::one_in(10), |_, _| ()), 0);
}

#[test]
fn errors_are_kept() {
    let rule = || Sampling::one_in(10).warnings(false);
    assert_eq!(records(rule(), |trace, _| _ = trace.error("no rows")), 1);
    assert_eq!(records(rule(), |trace, _| _ = trace.fail("no rows")), 1);
    assert_eq!(records(rule(), |trace, _| _ = trace.status(503)), 1);
    assert_eq!(records(rule(), |trace, _| _ = trace.raise(Level::Error)), 1);
    // Whatever level the program gives to the unit.
    let quiet = |trace: &mut Trace, _: &Bench| _ = trace.error("no rows").set_level(Level::Info);
    assert_eq!(records(rule(), quiet), 1);
}

#[test]
fn warnings_are_kept_unless_they_are_many() {
    let warn = |trace: &mut Trace, _: &Bench| _ = trace.status(404);
    assert_eq!(records(Sampling::one_in(10), warn), 1);
    assert_eq!(records(Sampling::one_in(10).warnings(false), warn), 0);
    assert_eq!(
        records(Sampling::one_in(10), |trace, _| _ = trace.warn("slow disk")),
        1
    );
}

#[test]
fn panics_are_kept() {
    let bench = unlucky(Sampling::one_in(10));
    let unit = bench.start();
    let result = std::panic::catch_unwind(move || {
        let _unit = unit;
        std::panic::resume_unwind(Box::new("boom"));
    });
    assert!(result.is_err());
    assert!(bench.log.only().args.contains(" outcome=panic "));
}

#[cfg(feature = "future")]
#[test]
fn cancelled_units_are_kept() {
    use traceline::future::InTraceExt;

    let bench = unlucky(Sampling::one_in(10).warnings(false));
    drop(std::future::pending::<()>().in_trace(bench.start()));
    assert!(bench.log.only().args.contains(" outcome=cancelled "));
}

#[test]
fn units_slower_than_the_limit_are_kept() {
    let rule = || Sampling::one_in(10).slower_than(Duration::from_millis(500));
    let takes = |micros| {
        records(rule(), |_, bench| {
            bench.clock.advance(Duration::from_micros(micros))
        })
    };
    assert_eq!(takes(500_000), 0);
    assert_eq!(takes(500_001), 1);
}

#[test]
fn a_closure_sees_the_finished_unit_and_keeps_it() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let rule = || {
        Sampling::one_in(10).keep_if(|unit| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            assert_eq!((unit.name(), unit.target()), ("unit", "traceline"));
            assert_eq!((unit.level(), unit.is_partial()), (Level::Info, false));
            assert_eq!(unit.get("db.count"), Some(OwnedValue::U64(1)));
            unit.text("plan") == Some("partner")
        })
    };
    let with = |plan: &'static str| {
        records(rule(), |trace, _| {
            trace.time("db", |_| ());
            trace.set("plan", plan);
        })
    };
    assert_eq!(with("partner"), 1);
    assert_eq!(with("free"), 0);
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
}

#[test]
fn any_of_several_closures_keeps_a_unit() {
    let rule = || {
        Sampling::one_in(10)
            .keep_if(|unit| unit.text("plan") == Some("partner"))
            .keep_if(|unit| unit.get("debug").is_some())
    };
    for (key, kept) in [("plan", 1), ("debug", 1), ("other", 0)] {
        assert_eq!(
            records(rule(), |trace, _| _ = trace.set(key, "partner")),
            kept
        );
    }
}

#[test]
fn a_closure_that_panics_keeps_the_unit() {
    let rule = Sampling::one_in(10).keep_if(|_| std::panic::resume_unwind(Box::new("boom")));
    assert_eq!(records(rule, |_, _| ()), 1);
}

#[test]
fn a_closure_may_log_units_of_its_own() {
    static CONFIG: std::sync::OnceLock<Config> = std::sync::OnceLock::new();
    static INSIDE: AtomicBool = AtomicBool::new(false);
    let rule = Sampling::one_in(10).keep_if(|_| {
        if !INSIDE.swap(true, Ordering::Relaxed) {
            let config = CONFIG.get().unwrap();
            Trace::builder("inner").config(config).start().fail("seen");
        }
        false
    });
    let bench = unlucky(rule);
    CONFIG.set(bench.config.clone()).unwrap();
    bench.start().ok();
    assert!(bench.log.only().args.starts_with("msg=inner "));
}

#[test]
fn a_closure_is_not_asked_about_units_that_end_inside_it() {
    static CONFIG: std::sync::OnceLock<Config> = std::sync::OnceLock::new();
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let rule = Sampling::one_in(10).keep_if(|unit| {
        // Bounds the recursion in case the closure is called for `inner` after all.
        if ASKED.fetch_add(1, Ordering::Relaxed) < 100 {
            let config = CONFIG.get().unwrap();
            Trace::builder("inner").config(config).start().ok();
        }
        unit.name() == "unit"
    });
    let bench = unlucky(rule);
    CONFIG.set(bench.config.clone()).unwrap();
    for n in 1..=2 {
        bench.start().ok();
        assert_eq!(ASKED.load(Ordering::Relaxed), n);
        assert!(bench.log.only().args.starts_with("msg=unit "));
    }
    let sampled = bench.config.sampled();
    assert_eq!((sampled.kept, sampled.dropped), (2, 2));
}

#[test]
fn closures_that_panic_while_the_thread_unwinds_are_survived() {
    /// Has a unit of its own in its destructor, unrelated to the panic.
    struct Cleanup(Bench);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            self.0.start().ok();
        }
    }
    static PANICS: AtomicU32 = AtomicU32::new(0);
    fn panic<T>() -> T {
        PANICS.fetch_add(1, Ordering::Relaxed);
        std::panic::resume_unwind(Box::new("again"))
    }
    let builder = Config::builder().header(false).ids(&Unlucky);
    let builder = builder.sampling(Sampling::one_in(10).keep_if(|_| panic()));
    let bench = Bench::new(builder.on_emit(|_, _| panic()));
    let log = bench.log;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _cleanup = Cleanup(bench);
        std::panic::resume_unwind(Box::new("boom"));
    }));
    assert!(result.is_err());
    assert!(log.only().args.contains(" outcome=ok "));
    assert_eq!(PANICS.load(Ordering::Relaxed), 2);
}

#[test]
fn an_incoming_sampled_flag_counts_where_callers_are_trusted() {
    let called = |flags: &str| {
        let id = Unlucky.trace_id().unwrap();
        let header = format!("00-{id}-00f067aa0ba902b7-{flags}");
        move |trace: &mut Trace, _: &Bench| {
            trace.continue_from(TraceParent::parse(&header).unwrap());
        }
    };
    assert_eq!(records(Sampling::one_in(10), called("01")), 0);
    let trusting = || Sampling::one_in(10).sampled_callers(true);
    assert_eq!(records(trusting(), called("01")), 1);
    assert_eq!(records(trusting(), called("00")), 0);
    // The units that the hash keeps stand for it.
    let bench = unlucky(trusting());
    let mut trace = bench.start();
    called("01")(&mut trace, &bench);
    drop(trace);
    assert!(
        bench
            .log
            .only()
            .args
            .ends_with(" duration_ms=0.0 sample_rate=0")
    );
    // A unit without a caller.
    assert_eq!(records(trusting(), |_, _| ()), 0);
}

/// As documented: a record counts `sample_rate` times, or once if it has none.
#[test]
fn counts_of_records_by_their_sample_rate_add_up_to_the_units() {
    let sampling = Sampling::one_in(10).sampled_callers(true);
    let bench = Bench::new(Config::builder().sampling(sampling.warnings(false)));
    let (mut kept, mut counted, units) = (0, 0, 20_000_u64);
    for n in 0..units {
        let mut trace = bench.start();
        let id = TraceId::random();
        trace.continue_from(TraceParent::new(id, SpanId::random(), n % 2 == 0, true));
        if n % 5 == 0 {
            trace.error("no rows");
        } else {
            kept += u64::from(hash_keeps(id, 10));
        }
        drop(trace);
        for line in bench.log.take_lines() {
            let rate = line.split_once(" sample_rate=").map_or("1", |(_, n)| n);
            counted += rate.parse::<u64>().expect("it is the last field");
        }
    }
    assert_eq!(counted, units / 5 + 10 * kept);
}

#[test]
fn the_outgoing_flag_is_the_answer_of_the_hash() {
    let sampled = |sampling: Option<Sampling>, id: &str, flags: &str| {
        let builder = Config::builder();
        let bench = Bench::new(match sampling {
            Some(sampling) => builder.sampling(sampling),
            None => builder,
        });
        let mut trace = bench.start();
        let header = format!("00-{id}-00f067aa0ba902b7-{flags}");
        trace.continue_from(TraceParent::parse(&header).unwrap());
        trace.traceparent().unwrap().is_sampled()
    };
    for n in 1..200_u32 {
        let id = TraceId::from_bytes((u128::from(n) << 70 | u128::from(n)).to_be_bytes()).unwrap();
        let keeps = hash_keeps(id, 10);
        let id = id.to_string();
        for flags in ["00", "01"] {
            assert_eq!(sampled(Some(Sampling::one_in(10)), &id, flags), keeps);
            let trusting = Sampling::one_in(10).sampled_callers(true);
            assert_eq!(sampled(Some(trusting), &id, flags), keeps || flags == "01");
            // Without sampling, the caller's decision is passed on.
            assert_eq!(sampled(None, &id, flags), flags == "01");
        }
    }
}

#[test]
fn a_unit_without_a_caller_says_what_the_hash_says_and_so_do_those_it_calls() {
    for trusting in [false, true] {
        let bench = unlucky(Sampling::one_in(10).sampled_callers(trusting));
        let mut order = bench.start();
        assert!(!order.traceparent().unwrap().is_sampled());
        let mut payment = order.child("payment");
        assert!(!payment.traceparent().unwrap().is_sampled());
        drop((payment, order));
        assert_eq!(bench.log.take_lines(), [""; 0]);
        let bench = lucky(Config::builder(), 10);
        assert!(bench.start().traceparent().unwrap().is_sampled());
    }
    // Without sampling, all are kept.
    let bench = Bench::new(Config::builder().ids(&Unlucky));
    assert!(bench.start().traceparent().unwrap().is_sampled());
}

#[test]
fn one_in_n_is_kept_by_a_hash_that_every_service_knows() {
    let bench = Bench::new(Config::builder().sampling(Sampling::one_in(10)));
    let (mut kept, units) = (0, 20_000);
    for _ in 0..units {
        let mut trace = bench.start();
        let keeps = hash_keeps(trace.trace_id().unwrap(), 10);
        drop(trace);
        let records = bench.log.take_lines();
        assert_eq!(records.len(), usize::from(keeps));
        kept += u64::from(keeps);
    }
    // Nine standard deviations.
    assert!((1_600..2_400).contains(&kept), "{kept} of {units}");
    let sampled = bench.config.sampled();
    assert_eq!((sampled.kept, sampled.dropped), (kept, units - kept));
}

#[test]
fn what_one_in_100_keeps_one_in_10_keeps_too() {
    for _ in 0..10_000 {
        let id = TraceId::random();
        assert!(!hash_keeps(id, 100) || hash_keeps(id, 10));
    }
}

/// Ids that even `one_in(1_000_000)` keeps.
struct Lucky;

impl IdSource for Lucky {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0xab; 8])
    }
}

fn lucky(builder: ConfigBuilder, one_in: u32) -> Bench {
    let builder = builder.header(false).ids(&Lucky);
    Bench::new(builder.sampling(Sampling::one_in(one_in)))
}

const IDS: &str = r#"trace_id="07070707070707070000000000000000" span_id=abababababababab"#;

#[test]
fn a_record_that_the_hash_kept_says_for_how_many_it_stands() {
    let bench = lucky(Config::builder(), 100);
    bench.start().set("rows", 3).ok();
    same_line(
        &bench.log.only().args,
        &format!(
            r#"msg=unit {IDS} trace_flags="01" outcome=ok duration_ms=0.0 rows=3 sample_rate=100"#
        ),
    );
    let bench = lucky(Config::builder().format(Format::Json), 100);
    bench.start().add("read");
    same_line(
        &bench.log.only().args,
        &format!(
            r#"{{"msg":"unit","trace_id":"07070707070707070000000000000000","span_id":"abababababababab","trace_flags":"01","duration_ms":0.0,"fragments":[{{"at_ms":0.0,"line":{},"msg":"read"}}],"sample_rate":100}}"#,
            line!() - 5
        ),
    );
    let bench = lucky(Config::builder().name(Name::SampleRate, "weight"), 100);
    bench.start().ok();
    assert!(
        bench
            .log
            .only()
            .args
            .ends_with(" duration_ms=0.0 weight=100")
    );
}

#[test]
fn a_record_that_a_rule_kept_stands_for_itself() {
    let bench = lucky(Config::builder(), 100);
    bench.start().error("no rows");
    same_line(
        &bench.log.only().args,
        &format!(
            r#"msg=unit {IDS} trace_flags="01" outcome=error duration_ms=0.0 error="no rows""#
        ),
    );
    // One in one means no sampling.
    let bench = lucky(Config::builder(), 1);
    bench.start().ok();
    assert!(bench.log.only().args.ends_with(" duration_ms=0.0"));
}

#[test]
fn a_checkpoint_is_kept_as_its_unit_would_be_then_and_not_counted() {
    let bench = unlucky(Sampling::one_in(10).slower_than(Duration::from_secs(1)));
    let mut trace = bench.start();
    trace.checkpoint();
    bench.clock.advance(Duration::from_secs(2));
    trace.checkpoint();
    trace.discard();
    let line = bench.log.only().args;
    assert!(
        line.ends_with(" duration_ms=2000.0 partial=true seq=2"),
        "{line}"
    );
    assert_eq!(bench.config.sampled(), Default::default());
}

#[test]
fn checkpoints_and_the_record_have_the_same_ids() {
    let bench = Bench::new(Config::builder().sampling(Sampling::one_in(1)));
    let mut trace = bench.start();
    trace.checkpoint();
    drop(trace);
    let lines = bench.log.take_lines();
    let id = |line: &String| {
        let (_, rest) = line.split_once(" trace_id=").expect("an id");
        rest.split_once(' ').expect("more").0.to_owned()
    };
    assert_eq!(id(&lines[0]), id(&lines[1]));
}

#[test]
fn a_checkpoint_that_leaves_held_fragments_out_has_the_ids_of_its_unit() {
    let log = Capture::leak();
    let held: &_ = Box::leak(Box::new(
        bridge(log).absorb(Level::Info).only_on_failure(true),
    ));
    let config = Config::builder().sampling(Sampling::one_in(1)).logger(held);
    let config = config.build().unwrap();
    let mut trace = Trace::builder("unit").config(&config).start();
    log::set_max_level(LevelFilter::Trace);
    trace.scope(|| log::info!(logger: held, "held"));
    assert!(log.records().is_empty());
    trace.checkpoint();
    let checkpoint = log.only().args;
    assert!(!checkpoint.contains("held"));
    let id = trace.trace_id().unwrap().to_string();
    assert!(checkpoint.contains(&id), "{checkpoint} has not {id}");
}

#[test]
fn what_no_logger_would_take_is_not_counted() {
    let log = Capture::up_to(LevelFilter::Warn);
    let config = log.config(Config::builder().sampling(Sampling::one_in(1)));
    Trace::builder("unit").config(&config).start().ok();
    Trace::builder("unit").config(&config).start().discard();
    assert_eq!(config.sampled(), Default::default());
    assert!(log.records().is_empty());
}

#[test]
fn a_child_is_kept_with_its_parent() {
    let bench = Bench::new(Config::builder().sampling(Sampling::one_in(3)));
    for _ in 0..300 {
        let mut order = bench.start();
        let payment = order.child("payment");
        drop((payment, order));
        let lines = bench.log.take_lines().len();
        assert!(lines == 0 || lines == 2);
    }
}

#[test]
fn one_in_zero_is_refused() {
    let error = Config::builder()
        .sampling(Sampling::one_in(0))
        .build()
        .unwrap_err();
    assert_eq!(error.to_string(), "sampling: expected 1 or more, got 0");
}

#[test]
fn counts_of_many_threads_add_up_and_clones_share_them() {
    static KEPT: AtomicU64 = AtomicU64::new(0);
    let bench = Bench::new(Config::builder().sampling(Sampling::one_in(5)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let config = bench.config.clone();
            scope.spawn(move || {
                for _ in 0..1_000 {
                    let mut trace = Trace::builder("unit").config(&config).start();
                    let keeps = hash_keeps(trace.trace_id().unwrap(), 5);
                    KEPT.fetch_add(u64::from(keeps), Ordering::Relaxed);
                }
            });
        }
    });
    let sampled = bench.config.sampled();
    assert_eq!(sampled.kept, KEPT.load(Ordering::Relaxed));
    assert_eq!(sampled.kept + sampled.dropped, 8_000);
    assert_eq!(bench.log.records().len() as u64, sampled.kept);
}
