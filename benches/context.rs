//! The cost of looking up the current trace instead of passing it along.
//!
//! ```text
//! cargo bench --features future --bench context
//! ```
//!
//! Each pair of rows is one budget, the second row minus the first; so is each
//! single row. Fields are overwritten, so that no unit grows; text is short.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use log::{Level, LevelFilter, Log, Metadata, Record};
use traceline::{Config, Trace, bridge, current, future::InTraceExt};

/// A logger that does as little as possible with a record.
struct Sink;

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        black_box(record);
    }
    fn flush(&self) {}
}

fn start() -> Trace {
    static CONFIG: std::sync::OnceLock<Config> = std::sync::OnceLock::new();
    let config = CONFIG.get_or_init(|| Config::builder().logger(&Sink).build().unwrap());
    let mut trace = Trace::builder("unit").config(config).start();
    // The keys exist already, as in the middle of a unit.
    trace.set("n", 1u64).set("text", "text").incr("count");
    trace
}

fn calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("set u64");
    group.bench_function("handle", |b| {
        let mut trace = start();
        b.iter(|| {
            black_box(&mut trace).set("n", black_box(7u64));
        });
    });
    group.bench_function("current", |b| {
        start().scope(|| b.iter(|| current::set("n", black_box(7u64))));
    });
    group.finish();

    let mut group = c.benchmark_group("set text");
    group.bench_function("handle", |b| {
        let mut trace = start();
        b.iter(|| {
            black_box(&mut trace).set("text", black_box("pro"));
        });
    });
    group.bench_function("current", |b| {
        start().scope(|| b.iter(|| current::set("text", black_box("pro"))));
    });
    group.finish();

    let mut group = c.benchmark_group("incr");
    group.bench_function("handle", |b| {
        let mut trace = start();
        b.iter(|| {
            black_box(&mut trace).incr("count");
        });
    });
    group.bench_function("current", |b| {
        start().scope(|| b.iter(|| current::incr("count")));
    });
    group.bench_function("with", |b| {
        start().scope(|| {
            b.iter(|| {
                current::with(|trace| {
                    trace.incr("count");
                })
            });
        });
    });
    group.bench_function("none", |b| b.iter(|| current::incr("count")));
    group.finish();

    // A unit of 100 fragments: each reads the clock, and together the readings count.
    let mut group = c.benchmark_group("add literal x100");
    group.bench_function("handle", |b| {
        b.iter_batched(
            start,
            |mut trace| {
                for _ in 0..100 {
                    black_box(&mut trace).add("auth header read");
                }
                trace.discard();
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("current", |b| {
        b.iter_batched(
            start,
            |mut trace| {
                trace.scope(|| {
                    for _ in 0..100 {
                        current::add("auth header read");
                    }
                });
                trace.discard();
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Twelve fields of a unit like those this thread has seen before: most calls
/// are like these, not like the overwriting ones above.
fn units(c: &mut Criterion) {
    const KEYS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut group = c.benchmark_group("unit of 12 new fields");
    group.bench_function("handle", |b| {
        b.iter(|| {
            let mut trace = start();
            for key in KEYS {
                black_box(&mut trace).set(key, black_box(7u64));
            }
            trace.discard();
        });
    });
    group.bench_function("current", |b| {
        b.iter(|| {
            let mut trace = start();
            trace.scope(|| {
                for key in KEYS {
                    current::set(key, black_box(7u64));
                }
            });
            trace.discard();
        });
    });
    group.bench_function("shared", |b| {
        b.iter(|| {
            let trace = start().into_shared();
            for key in KEYS {
                black_box(&trace).set(key, black_box(7u64));
            }
            trace.with(|trace| std::mem::take(trace).discard());
        });
    });
    group.finish();
}

fn scopes(c: &mut Criterion) {
    c.bench_function("enter and exit", |b| {
        let mut trace = start();
        b.iter(|| drop(black_box(&mut trace).enter()));
    });
    c.bench_function("enter and exit inside another", |b| {
        let mut trace = start();
        start().scope(|| b.iter(|| drop(black_box(&mut trace).enter())));
    });
}

/// Never ready.
struct Waits(u64);

impl Future for Waits {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0 = black_box(self.0 + 1);
        Poll::Pending
    }
}

fn futures(c: &mut Criterion) {
    let mut group = c.benchmark_group("poll");
    let mut context = Context::from_waker(Waker::noop());
    group.bench_function("bare", |b| {
        let mut future = pin!(Waits(0));
        b.iter(|| black_box(future.as_mut()).poll(&mut context).is_ready());
    });
    group.bench_function("in_trace", |b| {
        let mut future = pin!(Waits(0).in_trace(start()));
        b.iter(|| black_box(future.as_mut()).poll(&mut context).is_ready());
    });
    group.finish();
}

fn bridges(c: &mut Criterion) {
    log::set_max_level(LevelFilter::Info);
    let mut group = c.benchmark_group("log::info!");
    let bare: Box<dyn Log> = Box::new(Sink);
    let bridged: Box<dyn Log> = Box::new(bridge(Sink).absorb(Level::Info));
    let going: Box<dyn Log> = Box::new(bridge(Sink));
    group.bench_function("without the bridge", |b| {
        b.iter(|| log::info!(logger: black_box(&bare), "found {} rows", black_box(3)));
    });
    group.bench_function("with it, no current trace", |b| {
        b.iter(|| log::info!(logger: black_box(&bridged), "found {} rows", black_box(3)));
    });
    group.bench_function("with it, on with the unit's name", |b| {
        start().scope(|| {
            b.iter(|| log::info!(logger: black_box(&going), "found {} rows", black_box(3)));
        });
    });
    group.bench_function("with it, absorbed x100", |b| {
        b.iter_batched(
            start,
            |mut trace| {
                trace.scope(|| {
                    for _ in 0..100 {
                        log::info!(logger: black_box(&bridged), "found {} rows", black_box(3));
                    }
                });
                trace.discard();
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("shared");
    group.bench_function("set u64", |b| {
        let trace = start().into_shared();
        b.iter(|| {
            black_box(&trace).set("n", black_box(7u64));
        });
    });
    group.bench_function("incr", |b| {
        let trace = start().into_shared();
        b.iter(|| {
            black_box(&trace).incr("count");
        });
    });
    group.finish();
    c.bench_function("part and join, one counter", |b| {
        let mut trace = start();
        b.iter(|| {
            let mut part = trace.part();
            part.incr("count");
            trace.join(part);
        });
    });
}

/// The handle of `run!`, and a unit that others reach.
fn reach(c: &mut Criterion) {
    let config = Config::builder().logger(&Sink);
    config.install().expect("settings make sense");
    c.bench_function("set u64/handle of run!", |b| {
        let _: Result<(), String> = traceline::run!("unit", |trace| {
            b.iter(|| {
                black_box(&mut *trace).set("n", black_box(7u64));
            });
            Ok(())
        });
    });
    let mut group = c.benchmark_group("UnitRef");
    let mut trace = start();
    let unit = trace.unit();
    group.bench_function("clone", |b| b.iter(|| black_box(&unit).clone()));
    group.bench_function("scope, three fields, merged", |b| {
        b.iter(|| {
            unit.scope(|| {
                current::set("n", black_box(7u64));
                current::set("text", black_box("pro"));
                current::incr("count");
            });
            black_box(&mut trace).incr("count");
        });
    });
    group.finish();
}

criterion_group!(
    benches, calls, units, scopes, futures, bridges, threads, reach
);
criterion_main!(benches);
