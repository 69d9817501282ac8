//! What a unit asks of the allocator: nothing, once a thread has run one.
//!
//! The units are those of design.md, section 4. One test, as the level of the
//! process and the buffer of the logger are shared.

#[path = "child/counting.rs"]
mod counting;

use std::fmt::Write;
use std::sync::Mutex;
use std::thread;

use log::{LevelFilter, Log, Metadata, Record};
use logtrace::{Config, Format, Trace};

use counting::{Used, count};

/// Writes each record over the one before, into memory it has already.
struct Kept(Mutex<(usize, String)>);

static KEPT: Kept = Kept(Mutex::new((0, String::new())));

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        let (count, text) = &mut *self.0.lock().unwrap();
        *count += 1;
        text.clear();
        write!(text, "{}", record.args()).unwrap();
    }

    fn flush(&self) {}
}

/// How many records there were since the last call, and the text of the last one.
fn take_records() -> (usize, String) {
    let (count, text) = &mut *KEPT.0.lock().unwrap();
    (std::mem::take(count), text.clone())
}

/// W1: twelve fields, each in a statement of its own.
fn w1(mut trace: Trace) {
    fields(&mut trace);
}

/// W2, W4 and W5: W1 with five fragments in between.
fn w2(mut trace: Trace) {
    let (key, tenant, store) = ("paul", "acme", "redis-eu-1");
    trace.add("request read");
    logtrace::add!(trace, "looking up key {key}");
    fields(&mut trace);
    logtrace::add!(trace, "tenant {tenant} is active");
    logtrace::add!(trace, "session stored in {store}");
    trace.add("done");
}

fn fields(trace: &mut Trace) {
    trace.set("req_id", "2c59a7b1e4d0836f2c59a7b1e4d0836f");
    trace.set("method", "POST");
    trace.set("uri", "/v1/token/refresh");
    trace.set("ip", "10.31.17.7");
    trace.set("status", 200u16);
    trace.set("user_id", 4_815_162u64);
    trace.set("plan", "enterprise");
    trace.set("cached", true);
    trace.set("retries", 2u32);
    trace.set("amount", 123.45);
    trace.set("db_ms", 0.75);
    trace.set("items", 12usize);
}

macro_rules! keys {
    ($name:ident: $($digit:literal)*) => {
        const $name: [[&str; 10]; 10] = [$([
            concat!("k", $digit, "0"), concat!("k", $digit, "1"), concat!("k", $digit, "2"),
            concat!("k", $digit, "3"), concat!("k", $digit, "4"), concat!("k", $digit, "5"),
            concat!("k", $digit, "6"), concat!("k", $digit, "7"), concat!("k", $digit, "8"),
            concat!("k", $digit, "9"),
        ]),*];
    };
}

keys! { KEYS: 0 1 2 3 4 5 6 7 8 9 }

/// W3: 40 strings, 40 integers, 10 floats, 10 bools; then 50 fragments.
fn w3(mut trace: Trace) {
    for (n, key) in KEYS.into_iter().flatten().enumerate() {
        match n {
            0..40 => trace.set(key, "0123456789"),
            40..80 => trace.set(key, n * 1_234_567),
            80..90 => trace.set(key, n as f64 / 7.0),
            _ => trace.set(key, n % 2 == 0),
        };
    }
    for n in 0..50 {
        logtrace::add!(trace, "step {n} of 50");
    }
}

/// What else a unit does in the middle of its life, on keys that need no second name.
fn others(mut trace: Trace) {
    trace.incr("hits").max("most", 0.5).sum("bytes", u128::MAX);
    trace.time("db", |trace| _ = trace.add("inside"));
    trace
        .set("list", [1, 2, 3])
        .set("user", logtrace::mask("paul of the world", 4));
    trace
        .set("ip", std::net::Ipv4Addr::LOCALHOST)
        .set("none", None::<u8>);
    trace.set("k", "longer").set("k", "short").unset("k");
    trace.error(&std::fmt::Error).warn("careful").status(500);
    trace.checkpoint().ok();
}

fn discarded(mut trace: Trace) {
    fields(&mut trace);
    trace.discard();
}

const NOTHING: Used = Used {
    calls: 0,
    peak: 0,
    kept: 0,
};

/// What a unit uses after the first of its thread.
fn steady(unit: impl Fn()) -> Used {
    unit();
    let ((), used) = count(|| (0..100).for_each(|_| unit()));
    used
}

#[test]
fn only_the_first_unit_of_a_thread_allocates() {
    KEPT.0.lock().unwrap().1.reserve(64 * 1024);
    log::set_logger(&KEPT).unwrap();
    log::set_max_level(LevelFilter::Info);
    let logfmt = Config::builder().build().unwrap();
    logfmt.install().unwrap();
    let json = Config::builder().format(Format::Json).build().unwrap();
    let json = &json;

    type Work = fn(Trace);
    let units: [(&str, Work, usize); 5] = [
        ("W1", w1, 1),
        ("W2", w2, 1),
        ("W3", w3, 1),
        ("others", others, 2),
        ("discarded", discarded, 0),
    ];
    for (name, work, records) in units {
        let as_logfmt = || work(logtrace::start!("auth"));
        let as_json = || work(logtrace::builder!("auth").config(json).start());
        for (format, unit) in [
            ("logfmt", &as_logfmt as &(dyn Fn() + Sync)),
            ("json", &as_json),
        ] {
            let first = thread::scope(|scope| scope.spawn(|| count(unit).1).join().unwrap());
            assert!(first.calls <= 3, "{name} {format}: {first:?}");
            let (count, text) = take_records();
            assert_eq!(count, records, "{name}");
            if records > 0 {
                assert_eq!(text.starts_with('{'), format == "json", "{text}");
            }
            println!("{name} {format}: first {first:?}");

            assert_eq!(steady(unit), NOTHING, "{name} {format}");
            assert_eq!(take_records().0, records * 101, "{name}");
        }
        // Captured, but not severe enough in the end: W5.
        log::set_max_level(LevelFilter::Warn);
        assert_eq!(steady(as_logfmt), NOTHING, "{name} below the level");
        if name != "others" {
            assert_eq!(take_records().0, 0, "{name}");
        }
        // Not captured: W4. Not even the first unit allocates.
        log::set_max_level(LevelFilter::Off);
        for unit in [&as_logfmt as &(dyn Fn() + Sync), &as_json] {
            let first = thread::scope(|scope| scope.spawn(|| count(unit).1).join().unwrap());
            assert_eq!(first, NOTHING, "{name} disabled");
        }
        log::set_max_level(LevelFilter::Info);
        take_records();
    }

    // Two kinds of unit that take turns on a thread, and two at the same time.
    let turns = || {
        w1(logtrace::start!("login"));
        w3(logtrace::start!("report"));
        let outer = logtrace::start!("outer");
        w2(logtrace::start!("inner"));
        w2(outer);
    };
    assert_eq!(steady(turns), NOTHING);
}
