//! The cost of a structured value, compared with plain serialization.
//!
//! ```text
//! cargo bench --features serde --bench structured
//! ```
//!
//! * `to_string`: `serde_json::to_string` alone, the floor.
//! * `json`: a unit with one field, set to `json(&x)`, then discarded.
//! * `text`: the same, but set to the text from `to_string`.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Serialize;
use traceline::{Config, Format, json};

#[derive(Serialize)]
struct Item {
    sku: String,
    name: &'static str,
    count: u32,
    price: f64,
    is_gift: bool,
    note: Option<&'static str>,
}

fn items(n: u32) -> Vec<Item> {
    let item = |i| Item {
        sku: format!("lamp-{i:04}"),
        name: "Lamp, brass, with a shade of paper",
        count: i % 5,
        price: 19.99 + f64::from(i),
        is_gift: i % 2 == 0,
        note: (i % 7 == 0).then_some("fragile: \"this side up\""),
    };
    (0..n).map(item).collect()
}

fn structured(c: &mut Criterion) {
    let config = Config::builder().format(Format::Json);
    let config = common::build(
        config
            .logger(&common::ALL)
            .max_record(1 << 17)
            .max_value(1 << 16),
    );
    let mut group = c.benchmark_group("structured");
    for n in [1, 20, 200] {
        let items = items(n);
        let bytes = serde_json::to_string(&items).map_or(0, |text| text.len());
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("to_string", n), |b| {
            b.iter(|| serde_json::to_string(black_box(&items)).map(black_box));
        });
        group.bench_function(BenchmarkId::new("json", n), |b| {
            b.iter(|| {
                let mut trace = traceline::builder!("cart").config(&config).start();
                trace.set("items", json(black_box(&items)));
                trace.discard();
            });
        });
        group.bench_function(BenchmarkId::new("text", n), |b| {
            b.iter(|| {
                let mut trace = traceline::builder!("cart").config(&config).start();
                if let Ok(text) = serde_json::to_string(black_box(&items)) {
                    trace.set("items", text);
                }
                trace.discard();
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = structured
}
criterion_main!(benches);
