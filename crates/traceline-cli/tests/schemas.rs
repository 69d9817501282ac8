//! Whatever schema and format the library writes, the program reads the same units, without options.

mod common;
#[path = "../../../tests/util/mod.rs"]
mod util;

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use common::{members, run_on, units};
use traceline::config::{ConfigBuilder, Schema};
use traceline::ids::{IdSource, SpanId, TraceId};
use traceline::{Config, Format, Trace};
use util::Bench;

/// Ids that count, the same for every configuration.
struct Counting(AtomicU8);

impl IdSource for Counting {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([0xa7; 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0xb0 + self.0.fetch_add(1, Ordering::Relaxed); 8])
    }
}

/// Every schema in every format that it allows.
fn all() -> Vec<(String, Bench)> {
    let google = Schema::GoogleCloud {
        project: "shop-prod",
    };
    let schemas = [
        None,
        Some(Schema::Ecs),
        Some(google),
        Some(Schema::OpenTelemetry),
        Some(Schema::Datadog),
    ];
    let mut all = Vec::new();
    for schema in schemas {
        for format in [Format::Json, Format::Logfmt] {
            let builder = |schema: Option<Schema<'_>>| -> ConfigBuilder {
                let ids: &'static Counting = Box::leak(Box::new(Counting(AtomicU8::new(0))));
                let builder = Config::builder()
                    .format(format)
                    .field("service", "shop")
                    .ids(ids);
                match schema {
                    Some(schema) => builder.schema(schema),
                    None => builder,
                }
            };
            if builder(schema).build().is_ok() {
                all.push((
                    format!("{schema:?} {format:?}"),
                    Bench::new(builder(schema)),
                ));
            }
        }
    }
    all
}

/// Three units that are nested, a panic and a unit that is not finished.
fn work(bench: &Bench) -> String {
    let start = |name: &'static str| Trace::builder(name).config(&bench.config).start();
    let pass = |ms| bench.clock.advance(Duration::from_millis(ms));
    let mut order = start("order");
    order.continue_from_headers([] as [(&str, &str); 0]);
    order
        .set("latency", "fast")
        .set("duration", 7)
        .set("user_id", 7);
    let mut stock = order.child("stock");
    pass(20);
    stock.add("5000 in stock").ok();
    drop(stock);
    let mut pay = order.child("pay");
    pass(30);
    pay.status(502).error("gateway unreachable");
    drop(pay);
    order.status(201).ok();
    drop(order);
    let panicking = std::panic::AssertUnwindSafe(|| {
        let mut unit = start("reserve");
        unit.set("shelf", 7);
        pass(1);
        std::panic::panic_any("poisoned");
    });
    std::panic::set_hook(Box::new(|_| ()));
    assert!(std::panic::catch_unwind(panicking).is_err());
    let _ = std::panic::take_hook();
    let mut sweep = start("sweep");
    pass(5);
    sweep.checkpoint();
    sweep.discard();
    bench.log.take_lines().join("\n") + "\n"
}

const KEYS: [&str; 9] = [
    "name",
    "service",
    "level",
    "outcome",
    "began",
    "ended",
    "duration_ms",
    "status",
    "error",
];

const UNITS: [&str; 5] = [
    "stock | shop | info | ok | 2026-11-21T08:46:00.123456Z | 2026-11-21T08:46:00.143456Z | 20 | - | -",
    "pay | shop | error | error | 2026-11-21T08:46:00.123456Z | 2026-11-21T08:46:00.153456Z | 30 | 502 | gateway unreachable",
    "order | shop | info | ok | 2026-11-21T08:46:00.123456Z | 2026-11-21T08:46:00.173456Z | 50 | 201 | -",
    "reserve | shop | error | panic | 2026-11-21T08:46:00.123456Z | 2026-11-21T08:46:00.124456Z | 1 | - | -",
    "sweep | shop | info | - | 2026-11-21T08:46:00.123456Z | 2026-11-21T08:46:00.128456Z | 5 | - | -",
];

#[test]
fn every_kind_of_record_of_every_schema_is_the_same_unit() {
    let all = all();
    assert!(all.len() >= 7, "{}", all.len());
    for (name, bench) in all {
        let lines = work(&bench);
        let found = units(&lines, &[]);
        let texts: Vec<String> = found.iter().map(|unit| members(unit, &KEYS)).collect();
        assert_eq!(texts, UNITS[..4], "{name}\n{lines}");
        let unfinished = units(&lines, &["--unit", "5"]);
        assert_eq!(members(&unfinished[0], &KEYS), UNITS[4], "{name}\n{lines}");
        assert_eq!(unfinished[0]["partial"], true, "{name}");
    }
}

#[test]
fn the_tree_of_every_schema_is_the_same() {
    for (name, bench) in all() {
        let lines = work(&bench);
        // The id as it stands in the lines can be given back.
        let id = units(&lines, &[])[0]["trace_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let said = run_on(80, &[("in", &lines)], &["--trace", &id]);
        let tree: Vec<&str> = said
            .out
            .lines()
            .skip_while(|line| !line.contains(" 0 "))
            .take(4)
            .collect();
        assert_eq!(
            tree.join("\n"),
            "                0                     25.0 ms        50.0 ms
order     shop  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  50.0 ms  ok 201
├─ stock  shop  ━━━━━━━━━━━━━━━━┿                             20.0 ms  ok
└─ pay    shop  ━━━━━━━━━━━━━━━━━━━━━━━━━✗                    30.0 ms  error 502",
            "{name}\n{lines}\n{}",
            said.out
        );
        let bare = "a7".repeat(16);
        let same = run_on(80, &[("in", &lines)], &["--trace", &bare]);
        assert_eq!(same.out.replace(&bare, &id), said.out, "{name}");
        for unit in units(&lines, &["--trace", &id]) {
            let span = unit["span_id"].as_str().unwrap();
            assert_eq!(units(&lines, &["--unit", span])[0], unit, "{name}");
        }
    }
}

#[test]
fn schemas_may_be_mixed_in_one_run() {
    let lines: Vec<(String, String)> = all()
        .iter()
        .map(|(name, bench)| (name.clone(), work(bench)))
        .collect();
    let files: Vec<(&str, &str)> = lines
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let said = run_on(100, &files, &["--top", "4"]);
    // The same transaction from every schema: all but the first of its records repeat each other.
    // Those without ids cannot be compared.
    let n = files.len();
    let (units, failed, duplicates) = (3 + n, 1 + n, 3 * (n - 1));
    let first =
        format!("{units} units, {failed} failed, {n} partial records, {duplicates} duplicates");
    assert_eq!(said.out.lines().next(), Some(first.as_str()));
}

#[test]
fn log_records_in_a_schema_are_not_units() {
    for (name, bench) in all() {
        let lines = work(&bench);
        let count = units(&lines, &[]).len();
        let plain = r#"{"@timestamp":"2026-11-21T08:46:00Z","log.level":"info","message":"listening","log.logger":"shop"}"#;
        assert_eq!(
            units(&format!("{lines}{plain}\n"), &[]).len(),
            count,
            "{name}"
        );
    }
}

#[test]
fn a_field_of_the_user_never_takes_the_place_of_one_of_the_library() {
    for (name, bench) in all() {
        let mut unit = Trace::builder("unit").config(&bench.config).start();
        let keys = "msg message body ts time timestamp level severity severity_text status duration duration_ms took latency_ms outcome trace_id trace.id span_id error route path method operation span.name event.duration event.outcome fields jsonPayload log MESSAGE";
        for key in keys.split(' ') {
            unit.set(key.to_owned(), "999ms");
        }
        bench.clock.advance(Duration::from_millis(3));
        unit.ok();
        drop(unit);
        let line = bench.log.take_lines().join("\n");
        let found = &units(&format!("{line}\n"), &[])[0];
        assert_eq!(
            members(found, &["name", "outcome", "ended", "duration_ms", "level"]),
            "unit | ok | 2026-11-21T08:46:00.126456Z | 3 | info",
            "{name}\n{line}"
        );
    }
}
