//! The cost of a whole unit, from its start until the logger returns.
//!
//! ```text
//! cargo bench --bench unit
//! ```
//!
//! W1 has twelve fields, W2 is W1 with five fragments, W3 has a hundred fields and fifty fragments,
//! W5 is a W2 that a `warn` filter refuses at its end; W4, a W2 while logging is off, is in
//! `disabled.rs`. Unlike in `benches/peers`, records have `ts` and `level`, which costs a reading
//! of the wall clock. The group `kinds` alternates between several kinds of unit on one thread, the
//! group `threads` runs W2 on two threads at once.

mod common;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use common::units::{self, Auth, start, w1, w1_without_plan, w2, w3};
use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use traceline::{Config, Format};

/// Runs `unit` with each input in turn.
fn cycle<I>(bencher: &mut Bencher<'_>, inputs: &[I], mut unit: impl FnMut(&I)) {
    let mut inputs = inputs.iter().cycle();
    bencher.iter(|| unit(black_box(inputs.next().expect("a cycle has no end"))));
}

fn whole(c: &mut Criterion) {
    let (auths, wides) = (units::auths(), units::wides());
    let mut group = c.benchmark_group("unit");
    for (format, of) in common::FORMATS {
        let config = common::config(of);
        group.bench_function(BenchmarkId::new("empty", format), |b| {
            b.iter(|| start("empty", &config).emit())
        });
        group.bench_function(BenchmarkId::new("w1", format), |b| {
            cycle(b, &auths, |auth| w1(&mut start("auth", &config), auth))
        });
        group.bench_function(BenchmarkId::new("w2", format), |b| {
            cycle(b, &auths, |auth| w2(&mut start("auth", &config), auth))
        });
        group.bench_function(BenchmarkId::new("w3", format), |b| {
            cycle(b, &wides, |wide| w3(&mut start("wide", &config), wide))
        });
    }
    group.finish();
}

/// W5, and a W2 that is discarded: captured, not encoded.
fn not_emitted(c: &mut Criterion) {
    let auths = units::auths();
    let warnings = common::build(Config::builder().logger(&common::WARNINGS));
    let all = common::config(Format::Logfmt);
    let mut group = c.benchmark_group("unit");
    group.bench_function("w5", |b| {
        cycle(b, &auths, |auth| w2(&mut start("auth", &warnings), auth))
    });
    group.bench_function("w2_discarded", |b| {
        cycle(b, &auths, |auth| {
            let mut trace = start("auth", &all);
            w2(&mut trace, auth);
            trace.discard();
        })
    });
    group.finish();
}

/// W1 plus something that may keep its fields from being recognised as those of the previous unit:
/// a field that only every other unit has, or a timer or a redacted key before the others. With the
/// timer or key last, the row gives the cost of the addition alone.
fn irregular(c: &mut Criterion) {
    let auths = units::auths();
    let config = Config::builder().redact(["token"]);
    let config = common::build(config.logger(&common::ALL));
    let mut group = c.benchmark_group("unit/w1");
    group.bench_function("optional_field", |b| {
        let mut with = false;
        cycle(b, &auths, |auth| {
            let mut trace = start("auth", &config);
            with = !with;
            match with {
                true => w1(&mut trace, auth),
                false => w1_without_plan(&mut trace, auth),
            }
        })
    });
    macro_rules! row {
        ($name:literal, |$trace:ident, $auth:ident| $($call:expr),+) => {
            group.bench_function($name, |b| {
                cycle(b, &auths, |$auth| {
                    let $trace = &mut start($name, &config);
                    $($call;)+
                })
            });
        };
    }
    row!(
        "timer_last",
        |trace, auth| w1(trace, auth),
        trace.time("db", |_| ())
    );
    row!(
        "timer_first",
        |trace, auth| trace.time("db", |_| ()),
        w1(trace, auth)
    );
    row!(
        "redacted_last",
        |trace, auth| w1(trace, auth),
        trace.set("token", "2c59")
    );
    row!(
        "redacted_first",
        |trace, auth| trace.set("token", "2c59"),
        w1(trace, auth)
    );
    group.finish();
}

/// Units of twelve integers, cycling through the number of names and key sets that the row names;
/// the time is per unit.
fn kinds(c: &mut Criterion) {
    let config = common::config(Format::Logfmt);
    let names = common::keys("kind", 8);
    let kinds: Vec<_> = names
        .iter()
        .map(|name| (*name, common::keys(name, 12)))
        .collect();
    let mut group = c.benchmark_group("unit/kinds");
    for count in [1, 2, 4, 5, 8] {
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            cycle(b, &kinds[..count], |(name, keys)| {
                let mut trace = start(name, &config);
                for key in keys {
                    trace.set(*key, black_box(4_815_162_u64));
                }
            })
        });
    }
    group.finish();
}

/// Throughput of W2 on one thread and on two. Only meaningful with two idle cores.
fn threads(c: &mut Criterion) {
    let auths = units::auths();
    let config = common::config(Format::Json);
    let mut group = c.benchmark_group("unit/threads");
    for threads in [1, 2] {
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::from_parameter(threads), |b| {
            b.iter_custom(|iters| at_once(threads, iters, &config, &auths))
        });
    }
    group.finish();
}

/// The mean of the threads' times for their units. The longest would charge one thread's bad luck
/// on a busy machine to all of them.
fn at_once(threads: usize, iters: u64, config: &Config, auths: &[Auth]) -> Duration {
    let barrier = Barrier::new(threads);
    let run = |units: u64| {
        for auth in auths.iter().cycle().take(units as usize) {
            w2(&mut start("auth", config), black_box(auth));
        }
    };
    let thread = || {
        // Each sample starts new threads, whose first units allocate.
        run(100);
        barrier.wait();
        let began = Instant::now();
        run(iters);
        began.elapsed()
    };
    let total: Duration = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        let spans = running.into_iter().map(|thread| thread.join());
        spans.map(|span| span.expect("a unit does not panic")).sum()
    });
    total / threads as u32
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = whole, not_emitted, irregular, kinds, threads
}
criterion_main!(benches);
