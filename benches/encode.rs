//! The cost of the text of a record: encoding and the call of the logger, without capture.
//!
//! ```text
//! cargo bench --bench encode
//! ```
//!
//! A unit is captured once and written over and over: with `checkpoint`, which encodes and hands
//! over using kept buffers (like the end of a unit, plus `partial` and `seq`), and with `render`,
//! which returns a new `String` each time. The throughput is in bytes of record.

mod common;

use common::units::{self, start, w1, w2, w3};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use traceline::{Config, Format, Trace};

/// A captured unit for each row of the tables.
fn captured(config: &Config) -> [(&'static str, Trace); 3] {
    let auth = &units::auths()[3];
    let wide = &units::wides()[3];
    let mut traces = [
        ("w1", start("auth", config)),
        ("w2", start("auth", config)),
        ("w3", start("wide", config)),
    ];
    let [(_, first), (_, second), (_, third)] = &mut traces;
    w1(first, auth);
    w2(second, auth);
    w3(third, wide);
    traces
}

fn checkpoint(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode/checkpoint");
    let pretty = [("pretty", Format::Pretty)];
    for (format, of) in common::FORMATS.into_iter().chain(pretty) {
        for (unit, mut trace) in captured(&common::config(of)) {
            trace.checkpoint();
            group.throughput(Throughput::Bytes(common::last_len() as u64));
            group.bench_function(BenchmarkId::new(unit, format), |b| {
                b.iter(|| {
                    trace.checkpoint();
                })
            });
        }
    }
    group.finish();
}

fn render(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode/render");
    for (format, of) in common::FORMATS {
        for (unit, trace) in captured(&common::config(of)) {
            group.throughput(Throughput::Bytes(trace.render().len() as u64));
            group.bench_function(BenchmarkId::new(unit, format), |b| {
                b.iter(|| trace.render())
            });
        }
    }
    group.finish();
}

/// An ordinary log record in the format of units, encoded into a kept buffer.
fn ordinary(c: &mut Criterion) {
    use std::fmt::Write;
    let mut group = c.benchmark_group("encode/ordinary");
    for (format, of) in common::FORMATS {
        let config = common::config(of);
        let mut text = String::new();
        group.bench_function(format, |b| {
            b.iter(|| {
                let pairs = [("rows", 12), ("shelf", 7)];
                let record = log::Record::builder()
                    .args(format_args!("stock of lamps is low"))
                    .target("shop::stock")
                    .file(Some("src/stock.rs"))
                    .line(Some(17))
                    .key_values(&pairs)
                    .build();
                text.clear();
                let _ = write!(text, "{}", config.format_record(&record));
                text.len()
            })
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = checkpoint, render, ordinary
}
criterion_main!(benches);
