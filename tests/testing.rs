//! The records of a test: which ones they are, what they contain, and that they belong
//! to no other test.

mod run_forms;
#[path = "util/tags.rs"]
mod tags;
mod util;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime};

use log::Level;
use traceline::testing::{self, Capture, MockClock, Record};
use traceline::{
    Config, Format, Outcome, Trace,
    config::{Clock, Name, Sampling},
    current,
    value::OwnedValue,
};

use util::{FixedIds, same_line};

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(Record::name).collect()
}

#[test]
fn no_logger_no_level_and_no_target_are_needed() {
    assert_eq!(log::max_level(), log::LevelFilter::Off);
    let records = testing::capture(|| {
        traceline::start!("by macro").emit();
        traceline::start!("debug", level: Level::Trace).emit();
        Trace::new("by function").emit();
        let _ = traceline::run!("run", || -> Result<(), String> {
            current::set("k", 1);
            Ok(())
        });
    });
    assert_eq!(names(&records), ["by macro", "debug", "by function", "run"]);
    assert_eq!(records[0].target(), "testing");
    assert_eq!(records[1].level(), Level::Trace);
    assert_eq!(records[2].target(), "traceline");
    assert_eq!(records[3].u64("k"), Some(1));
}

#[test]
fn only_units_that_start_inside_are_captured_wherever_they_end() {
    assert!(!traceline::start!("before").is_enabled());
    let capture = Capture::new();
    let open = capture.run(|| traceline::start!("open"));
    assert!(!traceline::start!("after").is_enabled());
    assert!(capture.records().is_empty());
    thread::spawn(move || open.emit()).join().unwrap();
    assert_eq!(names(&capture.take()), ["open"]);
    assert!(capture.take().is_empty());
}

#[test]
fn captures_nest_and_a_panic_ends_them() {
    let inner = Capture::new();
    let outer = testing::capture(|| {
        traceline::start!("a").emit();
        inner.run(|| traceline::start!("b").emit());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            inner.run(|| std::panic::resume_unwind(Box::new(())))
        }));
        assert!(caught.is_err());
        traceline::start!("c").emit();
    });
    assert_eq!(names(&outer), ["a", "c"]);
    assert_eq!(names(&inner.take()), ["b"]);
    assert!(!traceline::start!("d").is_enabled());
}

#[test]
fn tests_that_run_at_the_same_time_see_their_own_records() {
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for test in 0..8_u64 {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let records = testing::capture(|| {
                    for n in 0..100_u64 {
                        traceline::start!("unit").set("test", test).set("n", n);
                    }
                });
                let got: Vec<_> = records
                    .iter()
                    .map(|record| (record.u64("test"), record.u64("n")))
                    .collect();
                let want: Vec<_> = (0..100).map(|n| (Some(test), Some(n))).collect();
                assert_eq!(got, want);
            });
        }
    });
}

#[test]
fn what_belongs_to_a_unit_is_in_its_record_from_any_thread() {
    let records = testing::capture(|| {
        let mut trace = traceline::start!("index");
        let mut part = trace.part();
        let part = thread::spawn(move || {
            part.incr("files").add("in a part");
            // Not part of the test: it was given no handle.
            assert!(!traceline::start!("stranger").is_enabled());
            // Part of the test: a child of its unit.
            let mut child = part.child("child");
            child.incr("files");
            part
        });
        trace.join(part.join().unwrap());
        let shared = trace.into_shared();
        let clone = shared.clone();
        thread::spawn(move || {
            clone.incr("files");
        })
        .join()
        .unwrap();
    });
    assert_eq!(names(&records), ["child", "index"]);
    assert_eq!(records[1].u64("files"), Some(2));
    assert_eq!(records[1].fragments()[0].text, "in a part");
}

#[test]
fn a_handle_captures_units_of_other_threads() {
    let capture = Capture::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| capture.run(|| traceline::start!("job").emit()));
        }
    });
    assert_eq!(names(&capture.take()), ["job"; 4]);
}

#[test]
fn the_configuration_of_the_code_under_test_holds() {
    struct Never;
    impl log::Log for Never {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            panic!("asked")
        }
        fn log(&self, _: &log::Record<'_>) {
            panic!("called")
        }
        fn flush(&self) {}
    }
    let hooked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&hooked);
    let config = Config::builder()
        .format(Format::Json)
        .header(false)
        .name(Name::Msg, "unit")
        .field("service", "shop")
        .redact(["card"])
        .max_fields(2)
        .logger(&Never)
        .ids(&FixedIds(7, 9))
        .sampling(Sampling::one_in(u32::MAX))
        .on_emit(move |_, emit| {
            count.fetch_add(1, Ordering::Relaxed);
            emit();
        })
        .build()
        .unwrap();
    let capture = Capture::new().clock(MockClock::leak());
    for _ in 0..2 {
        capture.run(|| {
            let unit = || traceline::builder!("pay").config(&config).start();
            unit().ok();
            unit()
                .set("card", "4000 0000")
                .set("a", 1)
                .set("b", 2)
                .error("declined");
        });
    }
    let records = capture.take();
    assert_eq!(
        names(&records),
        ["pay", "pay"],
        "the others are sampled out"
    );
    assert_eq!(records[0], records[1]);
    same_line(
        records[0].text(),
        r#"{"unit":"pay","service":"shop","trace_id":"07070707070707070707070707070707","span_id":"0909090909090909","trace_flags":"00","outcome":"error","duration_ms":0.0,"card":"******","a":1,"error":"declined","dropped_fields":1}"#,
    );
    assert_eq!(records[0].str("card"), Some("******"));
    assert_eq!(records[0].str("service"), None);
    assert_eq!(hooked.load(Ordering::Relaxed), 2);
}

#[test]
fn records_are_typed() {
    let clock = MockClock::leak();
    let capture = Capture::new().clock(clock);
    let line = capture.run(|| {
        let mut trace = traceline::start!("order");
        trace
            .set("n", 7)
            .set("x", 0.5)
            .set("plan", "pro")
            .set("cached", true);
        trace
            .set("list", [1, 2])
            .set("none", None::<u8>)
            .set("wait_ms", Duration::from_millis(3));
        trace.time("db", |_| clock.advance(Duration::from_micros(2_500)));
        trace.set_request_id("r-1");
        trace.warn("slow");
        let line = line!() - 1;
        trace.checkpoint();
        clock.advance(Duration::from_micros(500));
        trace.fail("gone");
        line
    });
    let records = capture.take();
    let [partial, last] = records.as_slice() else {
        panic!("{records:#?}");
    };
    assert!(partial.is_partial() && !last.is_partial());
    assert_eq!((partial.level(), partial.outcome()), (Level::Warn, None));
    assert_eq!(
        (last.level(), last.outcome()),
        (Level::Error, Some(Outcome::Error))
    );
    assert_eq!(last.duration(), Duration::from_millis(3));
    assert_eq!(
        (last.u64("n"), last.i64("n"), last.f64("n")),
        (Some(7), Some(7), Some(7.0))
    );
    assert_eq!(
        (last.f64("x"), last.str("plan"), last.bool("cached")),
        (Some(0.5), Some("pro"), Some(true))
    );
    assert_eq!(
        last.get("list"),
        Some(&OwnedValue::List(vec![
            OwnedValue::I64(1),
            OwnedValue::I64(2)
        ]))
    );
    assert_eq!(last.get("none"), None);
    assert_eq!(last.f64("wait_ms"), Some(3.0));
    assert_eq!(
        (last.u64("db.count"), last.f64("db.max_ms")),
        (Some(1), Some(2.5))
    );
    assert_eq!(last.request_id(), Some("r-1"));
    assert_eq!((last.trace_id(), last.error()), (None, None));
    let fragment = &last.fragments()[0];
    assert_eq!(
        (&*fragment.text, fragment.line, fragment.level),
        ("slow", line, Some(Level::Warn))
    );
    assert_eq!(fragment.file, file!());
    assert_eq!(fragment.at, Duration::from_micros(2_500));
    let keys: Vec<&str> = last.fields().iter().map(|(key, _)| &**key).collect();
    assert_eq!(
        keys,
        [
            "n",
            "x",
            "plan",
            "cached",
            "list",
            "wait_ms",
            "db.count",
            "db.ms",
            "db.max_ms"
        ]
    );
}

#[test]
fn a_unit_that_a_panic_ends_is_captured() {
    let capture = Capture::new();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        capture.run(|| {
            let _trace = traceline::start!("job");
            std::panic::resume_unwind(Box::new(()))
        })
    }));
    assert!(caught.is_err());
    assert_eq!(capture.take()[0].outcome(), Some(Outcome::Panic));
}

/// Sets everything that differs from run to run.
fn volatile(trace: &mut Trace) {
    trace.traceparent();
    trace.set_request_id("");
    trace
        .set("wait_ms", Duration::from_micros(1_234))
        .set("at", SystemTime::now());
    // Laps that overlap, so that the record has `db.wall_ms`.
    trace.time("db", |trace| {
        trace.time("db", |_| thread::sleep(Duration::from_millis(1)));
    });
    trace.add("reading").warn("slow");
    let mut child = trace.child("child");
    child.set("rows", 3).ok();
}

#[test]
fn normalized_records_are_the_same_in_every_run() {
    let run = |format| {
        let config = Config::builder().format(format).build().unwrap();
        testing::capture(|| volatile(&mut traceline::builder!("job").config(&config).start()))
    };
    let (first, second) = (run(Format::Logfmt), run(Format::Logfmt));
    for (first, second) in first.iter().zip(&second) {
        assert_ne!(first.text(), second.text());
        assert_eq!(first.normalized(), second.normalized());
    }
    let ids = r#"trace_id="00000000000000000000000000000001" span_id="0000000000000001""#;
    assert_eq!(
        first[0].normalized(),
        format!(
            r#"ts=1970-01-01T00:00:00.000000Z level=info msg=child {ids} parent_id="0000000000000002" trace_flags="03" request_id="00000000000000000000000000000000" outcome=ok duration_ms=0.0 rows=3"#
        )
    );
    assert_eq!(
        first[1].normalized(),
        format!(
            r#"ts=1970-01-01T00:00:00.000000Z level=warn msg=job {ids} trace_flags="03" request_id="00000000000000000000000000000000" duration_ms=0.0 wait_ms=0.0 at=1970-01-01T00:00:00.000000Z db.count=2 db.ms=0.0 db.max_ms=0.0 fragments="[0, 0.0ms] reading; [0, 0.0ms, warn] slow""#
        )
    );
    let json: serde_json::Value = serde_json::from_str(run(Format::Json)[1].normalized()).unwrap();
    assert_eq!(
        json["fragments"][1],
        serde_json::json!({"at_ms": 0.0, "line": 0, "level": "warn", "msg": "slow"})
    );
}

#[test]
fn the_place_of_a_panic_has_no_numbers_where_it_is_normalized() {
    traceline::panic_hook();
    let capture = Capture::new();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        capture.run(|| traceline::start!("job").scope(|| panic!("row {}", 7)))
    }));
    assert!(caught.is_err());
    let records = capture.take();
    assert!(
        records[0]
            .text()
            .contains(r#" panic="row 7" panic.location="#)
    );
    same_line(
        records[0].normalized(),
        "ts=1970-01-01T00:00:00.000000Z level=error msg=job outcome=panic duration_ms=0.0 panic=\"row 7\" panic.location=tests/testing.rs:0:0",
    );
}

#[test]
fn a_clock_is_moved_from_any_thread_and_its_wall_alone() {
    let clock = MockClock::leak();
    let start = (clock.now(), clock.wall());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| clock.advance(Duration::from_micros(1))));
        }
    });
    let passed = Duration::from_micros(400);
    assert_eq!(
        (clock.now() - start.0, clock.wall()),
        (passed, start.1 + passed)
    );
    clock.set_wall(start.1 - passed);
    assert_eq!(
        (clock.now() - start.0, clock.wall()),
        (passed, start.1 - passed)
    );
    clock.advance(Duration::MAX);
    assert!(clock.now() >= start.0);
}

#[test]
fn a_capture_goes_to_other_threads_and_its_guard_does_not() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<Capture>();
    goes::<Record>();
    goes::<MockClock>();
}

// ----- guards and threads that end

#[test]
fn guards_may_be_dropped_in_any_order() {
    let (a, b, c) = (Capture::new(), Capture::new(), Capture::new());
    let in_a = a.enter();
    let in_b = b.enter();
    let in_c = c.enter();
    drop(in_a);
    traceline::start!("in c").emit();
    drop(in_c);
    traceline::start!("in b").emit();
    drop(in_b);
    assert!(!traceline::start!("after").is_enabled());
    let all = [a, b, c].map(|capture| names(&capture.take()).join(" "));
    assert_eq!(all, ["", "in b", "in c"]);
}

#[test]
fn a_capture_in_a_thread_that_ends_captures_nothing_and_panics_not() {
    struct AtTheEnd(Capture, Arc<AtomicU32>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let done = self.0.run(|| {
                traceline::start!("late").emit();
                1
            });
            self.1.store(done, Ordering::Relaxed);
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
    }
    let (capture, done) = (Capture::new(), Arc::new(AtomicU32::new(0)));
    let late = AtTheEnd(capture.clone(), Arc::clone(&done));
    thread::spawn(move || {
        // Destroyed last, after the capture's own thread-locals.
        LATE.set(Some(late));
        testing::capture(|| traceline::start!("job").emit());
    })
    .join()
    .unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 1);
}

#[test]
fn ends_of_a_unit_are_captured_as_they_are() {
    let records = testing::capture(|| {
        traceline::start!("discarded").discard();
        let mut trace = traceline::start!("long");
        trace.checkpoint();
        let _outer = trace.enter();
        let mut inner = traceline::start!("inner");
        let _inner = inner.enter();
        current::set("rows", 3);
        current::emit();
        assert!(!current::is_active());
    });
    assert_eq!(names(&records), ["long", "inner", "long"]);
    assert!(records[0].is_partial());
    assert_eq!(records[1].u64("rows"), Some(3));
}

/// Times are the same in every run, inside lists too.
#[test]
fn normalized_lists_and_fixed_fields_have_no_times() {
    let run = || {
        let config = Config::builder()
            .field("started", SystemTime::now())
            .field(
                "warm_ms",
                Duration::from_nanos(u64::from(std::process::id()) * 1_000),
            )
            .build()
            .unwrap();
        let records = testing::capture(|| {
            let mut trace = traceline::builder!("job").config(&config).start();
            let laps = [Duration::from_micros(7), Duration::from_millis(1)];
            trace.set("laps", laps).set("at", [SystemTime::now()]);
        });
        records[0].normalized().to_owned()
    };
    same_line(
        &run(),
        r#"ts=1970-01-01T00:00:00.000000Z level=info msg=job started=1970-01-01T00:00:00.000000Z warm_ms=0.0 duration_ms=0.0 laps="[0.0,0.0]" at="[\"1970-01-01T00:00:00.000000Z\"]""#,
    );
}

/// Calls `current` where no unit is, and returns the line.
fn miss() -> u32 {
    current::set!(rows = 3, files = 2);
    line!() - 1
}

#[test]
fn calls_that_found_no_unit_belong_to_the_capture_on_their_thread() {
    let (outer, inner) = (Capture::new(), Capture::new());
    let line = outer.run(|| {
        traceline::start!("unit").scope(|| current::set("k", 1));
        traceline::start!("unit").scope(|| inner.run(|| current::set("k", 1)));
        inner.run(miss);
        thread::spawn(miss).join().unwrap();
        let handle = outer.clone();
        thread::spawn(move || handle.run(|| (miss(), miss())))
            .join()
            .unwrap();
        miss()
    });
    miss();
    assert_eq!((outer.missed().calls, inner.missed().calls), (3, 1));
    let want = format!("Missed {{ calls: 1, places: [\"tests/testing.rs:{line}:5\"] }}");
    assert_eq!(format!("{:?}", inner.missed()), want);
    assert_ne!(outer.missed(), inner.missed());
    assert_eq!(Capture::new().missed(), current::Missed::default());
    // The records are another list.
    assert_eq!(names(&outer.take()), ["unit", "unit"]);
    assert_eq!(outer.clone().missed().calls, 3);
    assert!(current::missed().calls >= 4);
}

#[test]
fn a_future_s_calls_that_found_no_unit_belong_to_its_capture() {
    let capture = Capture::new();
    let task = capture.in_capture(async { miss() });
    thread::spawn(|| pollster::block_on(task)).join().unwrap();
    assert_eq!(capture.missed().calls, 1);
}
