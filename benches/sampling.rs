//! The cost per unit of sampling, key-values and a hook.
//!
//! ```text
//! cargo bench --bench sampling
//! ```
//!
//! W2 is twelve fields and five fragments (`unit.rs`). All units here have a caller, so that the
//! unsampled ones have ids too. `sampled_out` should be at most 0.6 of `emitted`.

mod common;

use std::hint::black_box;

use common::units::{self, start, w2};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use log::kv::{Error, Key, Value, VisitSource};
use log::{Log, Metadata, Record};
use traceline::{
    Config,
    config::{ConfigBuilder, Output, Sampling},
    ids::TraceParent,
};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// Visits each key-value and keeps nothing.
struct Looks;

struct Look;

impl<'kvs> VisitSource<'kvs> for Look {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        black_box((key.as_str(), value.to_u64()));
        Ok(())
    }
}

impl Log for Looks {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let _ = record.key_values().visit(&mut Look);
    }

    fn flush(&self) {}
}

fn rows() -> Vec<(&'static str, ConfigBuilder)> {
    let sampling = || Sampling::one_in(1_000_000_000);
    let logged = || Config::builder().logger(&common::ALL);
    vec![
        ("emitted", logged()),
        ("kept", logged().sampling(Sampling::one_in(1))),
        ("sampled_out", logged().sampling(sampling())),
        (
            "sampled_out_by_closure",
            logged().sampling(sampling().keep_if(|unit| unit.text("plan") == Some("none"))),
        ),
        (
            "hook",
            logged().on_emit(|unit, emit| {
                black_box(unit.traceparent());
                emit();
            }),
        ),
    ]
}

fn sampling(c: &mut Criterion) {
    let auths = units::auths();
    let parent = TraceParent::parse(CALLER).expect("a header");
    let mut group = c.benchmark_group("sampling");
    for (format, of) in common::FORMATS {
        let typed = Config::builder().logger(&Looks).output(Output::KeyValues);
        for (name, builder) in rows().into_iter().chain([("key_values", typed)]) {
            let config = common::build(builder.format(of));
            group.bench_function(BenchmarkId::new(name, format), |b| {
                let mut inputs = auths.iter().cycle();
                b.iter(|| {
                    let mut trace = start("auth", &config);
                    trace.continue_from(black_box(parent));
                    w2(&mut trace, black_box(inputs.next().expect("no end")));
                });
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = sampling }
criterion_main!(benches);
