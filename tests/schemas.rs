//! Records in the schemas of other projects: whole lines, and comparisons with extracts
//! of the published schemas (`tests/schemas/*.json`, each with its source).

use std::sync::Mutex;
use std::time::Duration;

use log::kv::{Error, Key, Value as KvValue, VisitSource};
use log::{Level, Log};
use serde_json::Value;
use traceline::{
    Config, Format, Trace,
    config::{ConfigBuilder, Name, Output, Schema},
    ids::TraceParent,
};

use crate::util::{Bench, FixedIds, ManualClock, TS, same_line};

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const GOOGLE: Schema<'static> = Schema::GoogleCloud {
    project: "shop-prod",
};

fn builder(schema: Schema<'_>, format: Format) -> ConfigBuilder {
    Config::builder()
        .format(format)
        .schema(schema)
        .ids(&FixedIds(0x70, 9))
}

/// The line of a unit that took 1.5 ms and uses every name of a schema.
fn line(schema: Schema<'_>, format: Format, work: impl FnOnce(&mut Trace)) -> String {
    let bench = Bench::new(builder(schema, format));
    let mut trace = bench.start();
    bench.clock.advance(Duration::from_nanos(1_500_250));
    work(&mut trace);
    trace.emit();
    bench.log.only().args
}

fn everything(trace: &mut Trace) {
    if let Ok(parent) = TraceParent::parse(HEADER) {
        trace.continue_from(parent);
    }
    trace.set_request_id("r-1").set("rows", 3).status(503);
    trace.error("no stock");
}

fn ts() -> String {
    TS.replace(".123456Z", ".124957Z")
}

#[test]
fn ecs_has_its_version_its_words_and_nanoseconds() {
    let want = format!(
        r#"{{"@timestamp":"{}","log.level":"error","message":"unit","ecs.version":"8.11.0","trace.id":"4bf92f3577b34da6a3ce929d0e0e4736","span.id":"0909090909090909","parent.id":"00f067aa0ba902b7","trace_flags":"01","http.request.id":"r-1","event.outcome":"failure","event.duration":1500250,"rows":3,"http.response.status_code":503,"error.message":"no stock"}}"#,
        ts()
    );
    same_line(&line(Schema::Ecs, Format::Json, everything), &want);
}

#[test]
fn google_cloud_has_its_severities_and_the_transaction_as_a_resource() {
    let want = format!(
        r#"{{"time":"{}","severity":"ERROR","message":"unit","logging.googleapis.com/trace":"projects/shop-prod/traces/4bf92f3577b34da6a3ce929d0e0e4736","logging.googleapis.com/spanId":"0909090909090909","parent_id":"00f067aa0ba902b7","logging.googleapis.com/trace_sampled":true,"request_id":"r-1","outcome":"error","duration_ms":1.5,"rows":3,"status":503,"error":"no stock"}}"#,
        ts()
    );
    same_line(&line(GOOGLE, Format::Json, everything), &want);
}

#[test]
fn opentelemetry_has_severity_as_text_and_number() {
    let json = format!(
        r#"{{"timestamp":"{}","severity_text":"ERROR","severity_number":17,"body":"unit","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"0909090909090909","parent_span_id":"00f067aa0ba902b7","trace_flags":"01","request_id":"r-1","outcome":"error","duration_ms":1.5,"rows":3,"http.response.status_code":503,"exception.message":"no stock"}}"#,
        ts()
    );
    let schema = Schema::OpenTelemetry;
    same_line(&line(schema, Format::Json, everything), &json);
    let logfmt = format!(
        r#"timestamp={} severity_text=ERROR severity_number=17 body=unit trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id="0909090909090909" parent_span_id=00f067aa0ba902b7 trace_flags="01" request_id=r-1 outcome=error duration_ms=1.5 rows=3 http.response.status_code=503 exception.message="no stock""#,
        ts()
    );
    same_line(&line(schema, Format::Logfmt, everything), &logfmt);
}

#[test]
fn datadog_has_decimal_spans_nanoseconds_and_the_level_as_status() {
    let json = format!(
        r#"{{"timestamp":"{}","status":"error","message":"unit","dd.trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","dd.span_id":"651061555542690057","dd.parent_id":"67667974448284343","trace_flags":"01","http.request_id":"r-1","evt.outcome":"failure","duration":1500250,"rows":3,"http.status_code":503,"error.message":"no stock"}}"#,
        ts()
    );
    same_line(&line(Schema::Datadog, Format::Json, everything), &json);
    let logfmt = format!(
        r#"timestamp={} status=error message=unit dd.trace_id=4bf92f3577b34da6a3ce929d0e0e4736 dd.span_id="651061555542690057" dd.parent_id="67667974448284343" trace_flags="01" http.request_id=r-1 evt.outcome=failure duration=1500250 rows=3 http.status_code=503 error.message="no stock""#,
        ts()
    );
    same_line(&line(Schema::Datadog, Format::Logfmt, everything), &logfmt);
}

#[test]
fn ids_of_a_unit_without_a_parent_are_in_the_form_too() {
    let own = |trace: &mut Trace| _ = trace.traceparent();
    let google = line(GOOGLE, Format::Json, own);
    assert!(google.contains(r#""logging.googleapis.com/trace":"projects/shop-prod/traces/70707070707070707070707070707070","logging.googleapis.com/spanId":"0909090909090909","logging.googleapis.com/trace_sampled":true,"#), "{google}");
    let datadog = line(Schema::Datadog, Format::Json, own);
    assert!(datadog.contains(r#""dd.trace_id":"70707070707070707070707070707070","dd.span_id":"651061555542690057","trace_flags":"01","#), "{datadog}");
}

/// logfmt keys cannot contain `@` or `/`.
#[test]
fn names_that_logfmt_cannot_carry_are_refused() {
    for (schema, sentence) in [
        (
            Schema::Ecs,
            r#"name: expected a key that needs no escape in Logfmt, got "@timestamp""#,
        ),
        (
            GOOGLE,
            r#"name: expected a key that needs no escape in Logfmt, got "logging.googleapis.com/trace""#,
        ),
    ] {
        let error = builder(schema, Format::Logfmt).build().unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn a_project_is_an_id_of_one() {
    for (project, accepted) in [
        ("shop-prod", true),
        ("example.com:shop", true),
        ("", false),
        ("a/b", false),
        ("a\"b", false),
    ] {
        let built = builder(Schema::GoogleCloud { project }, Format::Json).build();
        assert_eq!(built.is_ok(), accepted, "{project}");
        if let Err(error) = built {
            assert_eq!(
                error.to_string(),
                format!("schema: expected the id of a Google Cloud project, got {project:?}")
            );
        }
    }
    let longest = "p".repeat(100);
    let schema = Schema::GoogleCloud { project: &longest };
    let line = line(schema, Format::Json, |trace| _ = trace.traceparent());
    assert!(line.contains(&format!(r#":"projects/{longest}/traces/7070"#)));
}

/// A logger that keeps key-values as text.
#[derive(Default)]
struct Pairs(Mutex<Vec<String>>);

impl Log for Pairs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let pairs = &mut *self.0.lock().unwrap();
        record.key_values().visit(&mut Visitor(pairs)).unwrap();
    }

    fn flush(&self) {}
}

struct Visitor<'a>(&'a mut Vec<String>);

impl<'kvs> VisitSource<'kvs> for Visitor<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: KvValue<'kvs>) -> Result<(), Error> {
        self.0.push(format!("{key}={value}"));
        Ok(())
    }
}

#[test]
fn key_values_have_the_forms_of_a_schema_too() {
    let pairs = |schema| {
        let logger: &'static Pairs = Box::leak(Box::default());
        let clock = ManualClock::leak();
        let config = builder(schema, Format::Json)
            .output(Output::KeyValues)
            .logger(logger)
            .clock(clock)
            .build()
            .expect("settings make sense");
        let mut trace = Trace::builder("unit").config(&config).start();
        clock.advance(Duration::from_nanos(1_500_250));
        everything(&mut trace);
        trace.emit();
        logger.0.lock().unwrap().join(" ")
    };
    same_line(
        &pairs(Schema::Datadog),
        "dd.trace_id=4bf92f3577b34da6a3ce929d0e0e4736 dd.span_id=651061555542690057 dd.parent_id=67667974448284343 trace_flags=01 http.request_id=r-1 evt.outcome=failure duration=1500250 rows=3 http.status_code=503 error.message=no stock",
    );
    same_line(
        &pairs(GOOGLE),
        "logging.googleapis.com/trace=projects/shop-prod/traces/4bf92f3577b34da6a3ce929d0e0e4736 logging.googleapis.com/spanId=0909090909090909 parent_id=00f067aa0ba902b7 logging.googleapis.com/trace_sampled=true request_id=r-1 outcome=error duration_ms=1.5 rows=3 status=503 error=no stock",
    );
}

#[test]
fn a_person_reads_the_usual_words_in_any_schema() {
    let line = line(Schema::Ecs, Format::Pretty, everything);
    assert_eq!(
        line,
        format!(
            "unit  error  1.5ms  error  {}
  ecs.version      8.11.0
  trace.id         4bf92f3577b34da6a3ce929d0e0e4736
  span.id          0909090909090909
  parent.id        00f067aa0ba902b7
  trace_flags      01
  http.request.id  r-1
  rows             3
  http.response.status_code 503
  error.message    no stock",
            ts()
        )
    );
}

#[test]
fn every_level_and_outcome_has_its_word() {
    let levels = |schema: Schema<'_>, name: &str| -> Vec<String> {
        [
            Level::Error,
            Level::Warn,
            Level::Info,
            Level::Debug,
            Level::Trace,
        ]
        .map(|level| {
            let line = line(schema, Format::Json, |trace| _ = trace.set_level(level));
            json(&line)[name].as_str().unwrap_or_default().to_owned()
        })
        .into()
    };
    let plain = ["error", "warn", "info", "debug", "trace"];
    assert_eq!(levels(Schema::Ecs, "log.level"), plain);
    assert_eq!(levels(Schema::Datadog, "status"), plain);
    assert_eq!(
        levels(GOOGLE, "severity"),
        ["ERROR", "WARNING", "INFO", "DEBUG", "DEBUG"]
    );
    assert_eq!(
        levels(Schema::OpenTelemetry, "severity_text"),
        ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
    );
}

/// A unit ended by a panic.
fn panicked(schema: Schema<'_>) -> Value {
    let bench = Bench::new(builder(schema, Format::Json));
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _trace = bench.start();
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(caught.is_err());
    json(&bench.log.only().args)
}

#[test]
fn an_outcome_that_shares_its_word_says_why() {
    let ecs = panicked(Schema::Ecs);
    assert_eq!(ecs["event.outcome"], "failure");
    assert_eq!(ecs["event.reason"], "panic");
    assert_eq!(panicked(Schema::Datadog)["evt.outcome"], "panic");
    assert_eq!(panicked(GOOGLE)["outcome"], "panic");
    let ok = json(&line(Schema::Ecs, Format::Json, |trace| _ = trace.ok()));
    assert_eq!(ok["event.outcome"], "success");
    assert_eq!(ok.get("event.reason"), None);
}

#[test]
fn names_of_a_schema_are_reserved_and_the_default_ones_are_free() {
    let ecs = json(&line(Schema::Ecs, Format::Json, |trace| {
        trace.set("message", "mine").set("event.reason", "mine");
        trace.set("ecs.version", "mine").set("level", "mine");
    }));
    assert_eq!(ecs["message"], "unit");
    for key in ["message_2", "event.reason_2", "ecs.version_2", "level"] {
        assert_eq!(ecs[key], "mine", "{key}");
    }
    let otel = json(&line(Schema::OpenTelemetry, Format::Json, |trace| {
        _ = trace.set("severity_number", 1)
    }));
    assert_eq!(
        (&otel["severity_number"], &otel["severity_number_2"]),
        (&9.into(), &1.into())
    );
}

/// Elasticsearch refuses a record with `error` and `error.message`.
#[test]
fn keys_of_objects_of_a_schema_are_reserved_too() {
    let keys = [
        "error",
        "http",
        "http.response",
        "log",
        "service",
        "event.x",
    ];
    let work = |trace: &mut Trace| {
        for key in keys {
            trace.set(key, "mine");
        }
        trace.time("http", |_| ());
        trace.error("no stock");
    };
    let keys = |builder: ConfigBuilder| -> Vec<String> {
        let bench = Bench::new(builder.header(false).field("service.name", "shop"));
        let mut trace = bench.start();
        work(&mut trace);
        trace.emit();
        let line = json(&bench.log.only().args);
        let keys = line.as_object().expect("an object").keys();
        keys.filter(|key| line[key] == "mine" || key.starts_with("http."))
            .cloned()
            .collect()
    };
    let ecs = keys(builder(Schema::Ecs, Format::Json));
    let laps = ["http.count", "http.ms", "http.max_ms"];
    let all =
        |six: [&str; 6]| -> Vec<String> { six.into_iter().chain(laps).map(String::from).collect() };
    assert_eq!(
        ecs,
        all([
            "error_2",
            "http_2",
            "http.response_2",
            "log_2",
            "service_2",
            "event.x"
        ])
    );
    let datadog = keys(builder(Schema::Datadog, Format::Json));
    assert_eq!(
        datadog,
        all([
            "error_2",
            "http_2",
            "http.response",
            "log",
            "service_2",
            "event.x"
        ])
    );
    let otel = keys(builder(Schema::OpenTelemetry, Format::Json));
    assert_eq!(
        otel,
        all([
            "error",
            "http",
            "http.response",
            "log",
            "service",
            "event.x"
        ])
    );
    let refused = builder(Schema::Ecs, Format::Json).field("event", "mine");
    assert_eq!(
        refused.build().unwrap_err().to_string(),
        r#"field: expected a key that is not an object of the schema, got "event""#
    );
}

#[test]
fn a_name_set_later_and_a_version_of_the_users_win() {
    let builder = builder(Schema::Ecs, Format::Json)
        .name(Name::SpanId, "transaction.id")
        .field("ecs.version", "8.17.0");
    let bench = Bench::new(builder);
    let mut trace = bench.start();
    trace.traceparent();
    trace.emit();
    let record = json(&bench.log.only().args);
    assert_eq!(record["transaction.id"], "0909090909090909");
    assert_eq!(record["ecs.version"], "8.17.0");

    let twice = Config::builder()
        .schema(Schema::OpenTelemetry)
        .name(Name::Msg, "severity_number");
    assert_eq!(
        twice.build().unwrap_err().to_string(),
        r#"name: expected each key once, got "severity_number" twice"#
    );
}

#[test]
fn the_smallest_record_has_room_for_a_schema() {
    for schema in [Schema::Ecs, GOOGLE, Schema::OpenTelemetry, Schema::Datadog] {
        let least = (512..2_000)
            .find(|least| {
                let builder = builder(schema, Format::Json).max_record(*least);
                builder.build().is_ok()
            })
            .expect("some limit is accepted");
        let bench = Bench::new(builder(schema, Format::Json).max_record(least));
        let mut trace = bench.start();
        everything(&mut trace);
        for n in 0..40 {
            trace.set(format!("key{n}"), "a text that is long enough to go");
        }
        trace.emit();
        let line = bench.log.only().args;
        assert!(line.len() <= least && json(&line).is_object(), "{line}");
    }
}

// ----- against the published schemas

#[track_caller]
fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The extracts, each with the preset that follows it.
const PUBLISHED: [(Schema<'static>, &str); 4] = [
    (Schema::Ecs, include_str!("schemas/ecs.json")),
    (GOOGLE, include_str!("schemas/google_cloud.json")),
    (
        Schema::OpenTelemetry,
        include_str!("schemas/opentelemetry.json"),
    ),
    (Schema::Datadog, include_str!("schemas/datadog.json")),
];

/// Whether a value conforms to the extract's rule for its field.
fn conforms(value: &Value, rule: &Value) -> bool {
    let text = value.as_str();
    let hex = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let has_type = match rule["type"].as_str() {
        Some("date") => text.is_some_and(|text| text.len() == TS.len() && text.ends_with('Z')),
        Some("string") => text.is_some_and(|text| !text.is_empty()),
        Some("long") => value.is_i64() || value.is_u64(),
        Some("bool") => value.is_boolean(),
        Some("hex") => {
            text.is_some_and(|text| hex(text) && Some(text.len() as u64) == rule["digits"].as_u64())
        }
        Some("decimal") => text.is_some_and(|text| text.parse::<u64>().is_ok()),
        Some("resource") => text
            .and_then(|text| text.strip_prefix("projects/shop-prod/traces/"))
            .is_some_and(|id| id.len() == 32 && hex(id)),
        other => panic!("no such type: {other:?}"),
    };
    let in_values = rule
        .get("values")
        .and_then(Value::as_array)
        .is_none_or(|values| values.contains(value));
    let begins = rule
        .get("begins")
        .and_then(Value::as_array)
        .is_none_or(|words| {
            words
                .iter()
                .any(|word| text.unwrap_or_default().starts_with(word.as_str().unwrap()))
        });
    let in_nanos = rule.get("unit").is_none_or(|_| *value == 1_500_250);
    has_type && in_values && begins && in_nanos
}

/// Units of every kind of level and outcome.
fn records(schema: Schema<'_>) -> Vec<Value> {
    let works: [fn(&mut Trace); 6] = [
        everything,
        |trace| _ = trace.ok(),
        |trace| _ = trace.status(404),
        |trace| _ = trace.set_level(Level::Trace),
        |trace| _ = trace.set_level(Level::Debug),
        |trace| _ = trace.fail("broken").add("why"),
    ];
    works
        .map(|work| json(&line(schema, Format::Json, work)))
        .into()
}

#[test]
fn records_conform_to_what_is_published() {
    for (schema, extract) in PUBLISHED {
        let extract = json(extract);
        let fields = extract["fields"].as_object().expect("an object");
        let mut seen = std::collections::BTreeSet::new();
        for record in records(schema) {
            let record = record.as_object().expect("an object");
            for (key, value) in record {
                if let Some(rule) = fields.get(key) {
                    assert!(conforms(value, rule), "{schema:?}: {key}: {value}");
                    seen.insert(key.clone());
                }
            }
            for key in extract["required"].as_array().expect("a list") {
                assert!(
                    record.contains_key(key.as_str().unwrap()),
                    "{schema:?}: no {key}"
                );
            }
            let order: Vec<&str> = record.keys().map(String::as_str).collect();
            for (key, want) in order.iter().zip(extract["order"].as_array().unwrap()) {
                assert_eq!(key, want, "{schema:?}");
            }
        }
        let core = ["message", "body"]
            .iter()
            .filter(|key| seen.contains(**key));
        assert_eq!(core.count(), 1, "{schema:?}: {seen:?}");
        assert!(seen.len() >= 6, "{schema:?}: {seen:?}");
    }
}

/// A store that reads dots as nesting refuses a record with `error` and `error.message`.
#[test]
fn no_name_of_a_schema_is_a_text_and_an_object_at_once() {
    for (schema, extract) in [PUBLISHED[0], PUBLISHED[3]] {
        let extract = json(extract);
        let published = extract["fields"].as_object().expect("an object");
        for record in records(schema) {
            let keys: Vec<&String> = record.as_object().expect("an object").keys().collect();
            for key in &keys {
                let inside = format!("{key}.");
                let mut all = keys.iter().copied().chain(published.keys());
                assert!(
                    !all.any(|other| other.starts_with(&inside)),
                    "{schema:?}: {key}"
                );
            }
        }
    }
}

#[test]
fn a_redacted_status_is_hidden_under_the_name_that_the_schema_gives_it() {
    for schema in [Schema::Ecs, GOOGLE, Schema::OpenTelemetry, Schema::Datadog] {
        let bench = Bench::new(builder(schema, Format::Json).redact(["status"]));
        bench.start().status(503);
        let line = bench.log.only().args;
        assert!(!line.contains("503"), "{schema:?}: {line}");
        assert!(line.contains(r#":"******""#), "{schema:?}: {line}");
    }
}
