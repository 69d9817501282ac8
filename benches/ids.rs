//! Ids: fresh ones with the outgoing header, and reading the incoming header.
//!
//! `cargo bench --bench ids`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use log::{Log, Metadata, Record};
use traceline::{
    Config, Trace,
    ids::{SpanId, TraceId, TraceParent},
};

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Takes everything and keeps nothing.
struct Sink;

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        black_box(record.args().as_str());
    }

    fn flush(&self) {}
}

fn ids(c: &mut Criterion) {
    let config = Config::builder()
        .logger(&Sink)
        .build()
        .expect("a configuration");
    let start = || Trace::builder("unit").config(&config).start();
    let mut group = c.benchmark_group("ids");
    group.bench_function("fresh", |b| {
        b.iter(|| (TraceId::random(), SpanId::random()))
    });
    group.bench_function("parse", |b| {
        b.iter(|| TraceParent::parse(black_box(HEADER)))
    });
    let parent = TraceParent::parse(HEADER).expect("a header");
    group.bench_function("encode", |b| {
        b.iter(|| black_box(parent).encode(&mut [0; TraceParent::LEN]).len())
    });
    // Everything that a unit at the edge of the system needs: fresh ids and the outgoing header.
    group.bench_function("fresh and traceparent", |b| {
        b.iter_batched_ref(
            start,
            |trace| {
                let parent = trace.traceparent();
                parent.map(|parent| parent.encode(&mut [0; TraceParent::LEN]).len())
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("continue and traceparent", |b| {
        b.iter_batched_ref(
            start,
            |trace| {
                let parent = trace.continue_from(parent).traceparent();
                parent.map(|parent| parent.encode(&mut [0; TraceParent::LEN]).len())
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, ids);
criterion_main!(benches);
