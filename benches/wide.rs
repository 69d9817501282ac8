//! Does a field cost more in a wide record than in a narrow one?
//!
//! ```text
//! cargo bench --bench wide
//! ```
//!
//! Whole units, emitted, with only fields or only fragments. The throughput counts these:
//! `50 Melem/s` are 20 ns each. The time includes an empty unit's (`unit/empty` in `unit.rs`), so
//! the cost of each falls towards a constant as the number grows. Keys are `known` (literals
//! that the previous unit set in the same order), `shuffled` (literals in an order that changes
//! from unit to unit, so that none is recognised) or `dynamic` (built at run time and copied).

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use traceline::{Config, Trace};

const FIELDS: [usize; 5] = [10, 25, 50, 100, 250];
const FRAGMENTS: [usize; 5] = [10, 25, 50, 100, 256];

/// 256 fragments in JSON exceed the default limit; `hostile.rs` has a row for that.
const RECORD: usize = 32 * 1024;

/// Sets one field, of four types in turn.
macro_rules! set {
    ($trace:expr, $key:expr, $i:expr) => {
        match $i % 4 {
            0 => $trace.set($key, black_box("enterprise")),
            1 => $trace.set($key, black_box(4_815_162_u64)),
            2 => $trace.set($key, black_box(123.45_f64)),
            _ => $trace.set($key, black_box(true)),
        }
    };
}

fn fields(c: &mut Criterion) {
    let keys = common::keys("field", 250);
    let texts: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
    let known = |trace: &mut Trace, count: usize| {
        for (i, key) in keys[..count].iter().enumerate() {
            set!(trace, *key, i);
        }
    };
    let dynamic = |trace: &mut Trace, count: usize| {
        for (i, key) in texts[..count].iter().enumerate() {
            set!(trace, traceline::key(key), i);
        }
    };
    each(c, "wide/known", FIELDS, known);
    each(c, "wide/dynamic", FIELDS, dynamic);
}

/// The order rotates, with a different first key in each unit.
fn shuffled(c: &mut Criterion) {
    let keys = common::keys("field", 250);
    let first = std::cell::Cell::new(0);
    each(c, "wide/shuffled", FIELDS, |trace, count| {
        first.set((first.get() + 7) % count);
        let (late, early) = keys[..count].split_at(first.get());
        for (i, key) in early.iter().chain(late).enumerate() {
            set!(trace, *key, i);
        }
    });
}

fn fragments(c: &mut Criterion) {
    each(c, "wide/literal", FRAGMENTS, |trace, count| {
        for _ in 0..count {
            trace.add("auth header read");
        }
    });
    each(c, "wide/formatted", FRAGMENTS, |trace, count| {
        for _ in 0..count {
            traceline::add!(trace, "user loaded for tenant {}", black_box("acme"));
        }
    });
}

/// A group of rows, one for each count and format.
fn each(c: &mut Criterion, group: &str, counts: [usize; 5], gather: impl Fn(&mut Trace, usize)) {
    let mut group = c.benchmark_group(group);
    for (format, of) in common::FORMATS {
        let config = Config::builder().format(of).max_record(RECORD);
        let config = common::build(config.logger(&common::ALL));
        for count in counts {
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::new(format, count), |b| {
                b.iter(|| {
                    let mut trace = traceline::builder!("wide").config(&config).start();
                    gather(&mut trace, count);
                })
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = fields, shuffled, fragments
}
criterion_main!(benches);
