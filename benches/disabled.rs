//! The cost that remains where nothing is logged.
//!
//! ```text
//! cargo bench --bench disabled
//! ```
//!
//! The rows of `unit` are W4, a whole W2 while logging is off: off through `log::max_level`,
//! through a logger that refuses the target, or through a configuration's own logger. The rows of
//! `call` are single calls on a disabled trace; ignore differences of half a nanosecond.

mod common;

use std::hint::black_box;

use common::units::{self, w2};
use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use log::LevelFilter;
use traceline::{Config, Trace};

fn whole(c: &mut Criterion) {
    log::set_logger(&common::ALL).expect("no logger is installed before");
    let mut group = c.benchmark_group("disabled/unit");

    log::set_max_level(LevelFilter::Off);
    group.bench_function("max_level", |b| w4(b, || traceline::start!("auth")));

    log::set_max_level(LevelFilter::Trace);
    group.bench_function("target", |b| {
        w4(b, || traceline::start!("auth", target: common::REFUSED))
    });

    let nothing = common::build(Config::builder().logger(&common::NOTHING));
    group.bench_function("config", |b| {
        w4(b, || traceline::builder!("auth").config(&nothing).start())
    });
    group.finish();
}

fn w4(bencher: &mut Bencher<'_>, start: impl Fn() -> Trace) {
    let auths = units::auths();
    assert!(!start().is_enabled());
    bencher.iter(|| w2(&mut start(), black_box(&auths[0])));
}

fn call(c: &mut Criterion) {
    let mut group = c.benchmark_group("disabled/call");
    macro_rules! row {
        ($name:literal, |$trace:ident| $call:expr) => {
            group.bench_function($name, |b| {
                let mut disabled = Trace::default();
                b.iter(|| {
                    let $trace = black_box(&mut disabled);
                    $call;
                })
            });
        };
    }
    row!("is_enabled", |trace| black_box(trace.is_enabled()));
    row!("set_text", |trace| trace.set("uri", black_box("/v1/me")));
    row!("set_macro", |trace| traceline::set!(
        trace,
        uri = black_box("/v1/me")
    ));
    row!("incr", |trace| trace.incr("hits"));
    row!("add", |trace| trace.add("auth header read"));
    row!("add_macro", |trace| traceline::add!(
        trace,
        "for {}",
        black_box("acme")
    ));
    row!("time", |trace| trace.time("db", |_| black_box(())));
    row!("check_ok", |trace| {
        let _ = trace.check(black_box(Ok::<u8, &str>(7)));
    });
    row!("check_err", |trace| {
        let _ = trace.check(black_box(Err::<u8, &str>("no")));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = whole, call
}
criterion_main!(benches);
