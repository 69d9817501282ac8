//! The cost of one call while a unit runs, in nanoseconds per call.
//!
//! ```text
//! cargo bench --bench capture
//! cargo bench --bench capture -- '/set/'
//! ```
//!
//! Each row makes a hundred calls on one trace and discards it. Only the calls are timed, so the
//! two readings of the clock add under half a nanosecond to a call. The entry is a recycled one
//! that has served the same calls before; `missed` measures what happens if it has not.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use log::Level;
use traceline::{Config, Format, Trace};

/// How many calls are timed at once: few enough for the limits of a trace.
const CALLS: u64 = 100;

const TEXT: &str = "/v1/token/refresh";

/// Times `calls`; its second argument is the number of calls to make.
fn per_call(bencher: &mut Bencher<'_>, config: &Config, calls: impl Fn(&mut Trace, usize)) {
    per_call_after(bencher, config, |_| {}, calls);
}

/// Times `calls` on a trace that `ready` has prepared, untimed.
fn per_call_after(
    bencher: &mut Bencher<'_>,
    config: &Config,
    ready: impl Fn(&mut Trace),
    calls: impl Fn(&mut Trace, usize),
) {
    bencher.iter_custom(|mut left| {
        let mut total = Duration::ZERO;
        while left > 0 {
            let count = left.min(CALLS);
            let mut trace = traceline::builder!("capture").config(config).start();
            ready(&mut trace);
            let began = Instant::now();
            calls(&mut trace, count as usize);
            total += began.elapsed();
            trace.discard();
            left -= count;
        }
        total
    });
}

/// Sets a field with a new key, which the previous unit also set.
fn set(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let keys = common::keys("set", CALLS as usize);
    let mut group = c.benchmark_group("capture/set");
    macro_rules! row {
        ($name:literal, $value:expr) => {
            group.bench_function($name, |b| {
                per_call(b, &config, |trace, count| {
                    for key in &keys[..count] {
                        trace.set(*key, $value);
                    }
                })
            });
        };
    }
    row!("text", black_box(TEXT));
    row!("u64", black_box(4_815_162_u64));
    row!("f64", black_box(123.45_f64));
    row!("bool", black_box(true));
    row!("duration", black_box(Duration::from_micros(1_234)));
    row!("mask", traceline::mask(black_box(TEXT), 4));
    row!("display_int", traceline::display(&black_box(4_815_162_u64)));
    row!("display_text", traceline::display(&black_box(TEXT)));
    row!("list_of_4", black_box([1_u32, 20, 300, 4_000]));
    row!("none", black_box(None::<u64>));
    group.finish();
}

/// Uses a key that the unit already has, the seventh of twelve.
fn again(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let keys = common::keys("again", 12);
    let key = keys[6];
    let ready = |trace: &mut Trace| {
        for key in &keys {
            trace.set(*key, 0_u64);
        }
        // The next write decides the type of the value; the field keeps its place.
        trace.unset(key);
    };
    let mut group = c.benchmark_group("capture/again");
    macro_rules! row {
        ($name:literal, |$trace:ident| $call:expr) => {
            group.bench_function($name, |b| {
                per_call_after(b, &config, ready, |$trace, count| {
                    for _ in 0..count {
                        $call;
                    }
                })
            });
        };
    }
    row!("set_u64", |trace| trace.set(key, black_box(7_u64)));
    row!("set_text", |trace| trace.set(key, black_box(TEXT)));
    row!("incr", |trace| trace.incr(key));
    row!("sum_u64", |trace| trace.sum(key, black_box(7_u64)));
    row!("sum_f64", |trace| trace.sum(key, black_box(0.5_f64)));
    row!("max_u64", |trace| trace.max(key, black_box(7_u64)));
    row!("get", |trace| black_box(trace.get(key)));
    group.finish();
}

/// Fragments; each reads the monotonic clock once, as `clock` alone does.
fn add(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let mut group = c.benchmark_group("capture/add");
    macro_rules! row {
        ($name:literal, |$trace:ident| $call:expr) => {
            group.bench_function($name, |b| {
                per_call(b, &config, |$trace, count| {
                    for _ in 0..count {
                        $call;
                    }
                })
            });
        };
    }
    row!("clock", |_trace| black_box(Instant::now()));
    row!("literal", |trace| trace.add("auth header read"));
    row!("literal_warn", |trace| trace.warn("rate limit is near"));
    row!("formatted_text", |trace| {
        traceline::add!(trace, "user loaded for tenant {}", black_box("acme"))
    });
    row!("formatted_two", |trace| {
        traceline::add!(trace, "shelf {} of {}", black_box(7), black_box("acme"))
    });
    group.finish();
}

/// Laps of one timer; a lap reads the clock twice.
fn time(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let mut group = c.benchmark_group("capture/time");
    group.bench_function("lap", |b| {
        per_call(b, &config, |trace, count| {
            for _ in 0..count {
                trace.time("db", |_| black_box(()));
            }
        })
    });
    group.bench_function("start_stop", |b| {
        per_call(b, &config, |trace, count| {
            for _ in 0..count {
                let timer = trace.start_timer("db");
                trace.stop(timer);
            }
        })
    });
    group.finish();
}

/// The calls that decide the level and the outcome.
fn outcome(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let mut group = c.benchmark_group("capture/outcome");
    macro_rules! row {
        ($name:literal, |$trace:ident| $call:expr) => {
            group.bench_function($name, |b| {
                per_call(b, &config, |$trace, count| {
                    for _ in 0..count {
                        $call;
                    }
                })
            });
        };
    }
    row!("ok", |trace| trace.ok());
    row!("raise", |trace| trace.raise(black_box(Level::Warn)));
    row!("check_ok", |trace| {
        let _ = trace.check(black_box(Ok::<u8, &str>(7)));
    });
    row!("check_err", |trace| {
        let _ = trace.check(black_box(Err::<u8, &str>("unknown token")));
    });
    group.finish();
}

/// A new key where the previous unit had a different one. The units have only twelve fields: with
/// a hundred, the index would have to grow.
fn missed(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let there = common::keys("missed", 12);
    let back: Vec<_> = there.iter().rev().copied().collect();
    let mut group = c.benchmark_group("capture/missed");
    for (name, orders) in [
        ("known_order", [&there[..], &there]),
        ("other_order", [&there[..], &back]),
    ] {
        group.bench_function(name, |b| twelve_by_turns(b, &config, orders));
    }
    group.finish();
}

/// Units of twelve integers that set the keys in one order, then in the other; reports the time
/// per call.
fn twelve_by_turns(bencher: &mut Bencher<'_>, config: &Config, orders: [&[&'static str]; 2]) {
    let units = orders.map(|keys| {
        move |trace: &mut Trace| {
            for key in keys {
                trace.set(*key, black_box(7_u64));
            }
        }
    });
    bencher.iter_custom(|iters| {
        let mut total = Duration::ZERO;
        for unit in units.iter().cycle().take(iters as usize) {
            let mut trace = traceline::builder!("missed").config(config).start();
            let began = Instant::now();
            unit(&mut trace);
            total += began.elapsed();
            trace.discard();
        }
        total / 12
    });
}

/// A unit that collects nothing and is discarded: the part that the rows above leave out.
fn empty(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    c.bench_function("capture/start_and_discard", |b| {
        b.iter(|| {
            let trace = traceline::builder!("empty").config(&config).start();
            trace.discard();
        })
    });
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = set, again, add, time, outcome, missed, empty
}
criterion_main!(benches);
