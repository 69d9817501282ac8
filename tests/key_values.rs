//! Records emitted as typed key-values, and the hook around the hand-over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use log::kv::Key;
use log::{Level, Log, Metadata, Record};
use serde_json::{Value as Json, json};
use traceline::{
    Config, Format, Trace,
    config::{ConfigBuilder, Name, Output, Sampling},
    ids::{SpanId, TraceId, TraceParent},
    null, text_lossy,
    value::OwnedValue,
};

use crate::typed::{Typed, Visitor};
use crate::util;
use crate::util::{FixedIds, ManualClock};

/// A record as a structured logger sees it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    message: String,
    level: String,
    pairs: Vec<(String, Json)>,
}

impl Seen {
    fn get(&self, key: &str) -> Option<&Json> {
        let mut pairs = self.pairs.iter();
        pairs.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The pairs after `duration_ms`.
    fn rest(&self) -> Json {
        let at = self.pairs.iter().position(|(key, _)| key == "duration_ms");
        Json::Array(
            self.pairs[at.expect("it is always there") + 1..]
                .iter()
                .map(|(key, value)| json!([key, value]))
                .collect(),
        )
    }
}

/// A logger that keeps typed values, and looks up each key as other loggers do.
#[derive(Debug, Default)]
struct Keeper(Mutex<Vec<Seen>>);

impl Keeper {
    fn leak() -> &'static Keeper {
        Box::leak(Box::default())
    }

    #[track_caller]
    fn only(&self) -> Seen {
        let mut seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.remove(0)
    }
}

/// A value in the notation of the expectations here.
fn shown(value: &Typed) -> Json {
    match value {
        Typed::Bool(value) => json!(value),
        Typed::Text(text) => json!(text),
        Typed::Float(x) if x.is_finite() => json!({"f64": x}),
        Typed::Float(x) => json!({"f64": x.to_string()}),
        Typed::Integer(digits) => match (digits.parse::<u64>(), digits.parse::<i64>()) {
            (Ok(n), _) => json!(n),
            (_, Ok(n)) => json!(n),
            _ if digits.starts_with('-') => json!(format!("i128 {digits}")),
            _ => json!(format!("u128 {digits}")),
        },
    }
}

impl Log for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut visitor = Visitor::default();
        let source = record.key_values();
        source.visit(&mut visitor).expect("only a visitor's error");
        assert_eq!(source.count(), visitor.0.len());
        for (key, value) in &visitor.0 {
            let got = source.get(Key::from_str(key)).expect("it was visited");
            assert_eq!(shown(&Typed::of(&got)), shown(value));
        }
        assert!(source.get(Key::from_str("no such key")).is_none());
        let seen = Seen {
            message: record
                .args()
                .as_str()
                .map_or_else(|| record.args().to_string(), Into::into),
            level: record.level().to_string(),
            pairs: visitor
                .0
                .iter()
                .map(|(key, value)| (key.clone(), shown(value)))
                .collect(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(seen);
    }

    fn flush(&self) {}
}

fn config(builder: ConfigBuilder, log: &'static Keeper) -> Config {
    let clock: &'static ManualClock = ManualClock::leak();
    let builder = builder.output(Output::KeyValues).clock(clock).logger(log);
    builder.build().expect("settings make sense")
}

#[track_caller]
fn seen(builder: ConfigBuilder, work: impl FnOnce(&mut Trace)) -> Seen {
    let log = Keeper::leak();
    let config = config(builder, log);
    let mut trace = Trace::builder("unit").config(&config).start();
    work(&mut trace);
    drop(trace);
    log.only()
}

#[track_caller]
fn expect(work: impl FnOnce(&mut Trace), rest: Json) {
    assert_eq!(seen(Config::builder(), work).rest(), rest);
}

#[test]
fn the_message_is_the_name_and_time_and_level_are_the_loggers() {
    let seen = seen(Config::builder(), |trace| _ = trace.warn("slow"));
    assert_eq!((&*seen.message, &*seen.level), ("unit", "WARN"));
    assert_eq!(seen.get("ts"), None);
    assert_eq!(seen.get("level"), None);
    assert_eq!(seen.get("msg"), None);
    assert_eq!(seen.pairs[0], ("duration_ms".into(), json!({"f64": 0.0})));
}

#[test]
fn every_field_keeps_its_type() {
    expect(
        |trace| {
            trace
                .set("user_id", 7_u64)
                .set("delta", -7_i32)
                .set("big", u64::MAX)
                .set("huge", u128::MAX)
                .set("low", i128::MIN)
                .set("ratio", 0.25)
                .set("single", 0.1_f32)
                .set("nan", f64::NAN)
                .set("cached", true)
                .set("plan", "pro")
                .set("took", Duration::from_micros(1_500))
                .set("at", UNIX_EPOCH)
                .set("char", 'x')
                .set("bytes", text_lossy(b"a\xffb"))
                .set("args", format_args!("{}-{}", 1, 2));
        },
        json!([
            ["user_id", 7],
            ["delta", -7],
            ["big", u64::MAX],
            ["huge", format!("u128 {}", u128::MAX)],
            ["low", format!("i128 {}", i128::MIN)],
            ["ratio", {"f64": 0.25}],
            ["single", {"f64": 0.1}],
            ["nan", {"f64": "NaN"}],
            ["cached", true],
            ["plan", "pro"],
            ["took", {"f64": 1.5}],
            ["at", "1970-01-01T00:00:00.000000Z"],
            ["char", "x"],
            ["bytes", "a\u{fffd}b"],
            ["args", "1-2"],
        ]),
    );
}

#[test]
fn nulls_are_left_out_and_lists_are_json_text() {
    expect(
        |trace| {
            trace
                .set("null", null())
                .set("none", None::<u8>)
                .set("list", ["a\"b", "c\n"])
                .set("nested", [[1, 2], [3, 4]])
                .set("last", 1);
        },
        json!([
            ["list", r#"["a\"b","c\n"]"#],
            ["nested", "[[1,2],[3,4]]"],
            ["last", 1]
        ]),
    );
}

#[test]
fn texts_go_out_as_they_are() {
    let odd = "line\nend \u{1b}[31m \u{2028} \"quoted\" tail\\";
    expect(|trace| _ = trace.set("odd", odd), json!([["odd", odd]]));
}

#[test]
fn timers_counters_and_errors_are_there() {
    expect(
        |trace| {
            trace.time("db", |_| ());
            trace.sum("items", 3).max("peak", 2.5);
            trace.error(&std::io::Error::other("no rows"));
        },
        json!([
            ["db.count", 1],
            ["db.ms", {"f64": 0.0}],
            ["db.max_ms", {"f64": 0.0}],
            ["items", 3],
            ["peak", {"f64": 2.5}],
            ["error", "no rows"],
        ]),
    );
}

#[test]
fn fragments_are_the_json_text_of_their_array() {
    let line = line!() + 1;
    expect(|trace| _ = trace.add("read \"all\"").warn("slow"), {
        let text = format!(
            r#"[{{"at_ms":0.0,"line":{line},"msg":"read \"all\""}},{{"at_ms":0.0,"line":{line},"level":"warn","msg":"slow"}}]"#
        );
        json!([["fragments", text]])
    });
}

#[test]
fn fixed_fields_ids_and_outcome_stand_first() {
    let builder = Config::builder()
        .field("service", "shop")
        .field("version", 3)
        .field("zones", ["a", "b"])
        .ids(&FixedIds(7, 9));
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let seen = seen(builder, |trace| {
        trace.continue_from(TraceParent::parse(header).unwrap());
        trace.set_request_id("order-4711").set("a", 1).ok();
    });
    let want = json!([
        ["service", "shop"],
        ["version", 3],
        ["zones", r#"["a","b"]"#],
        ["trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"],
        ["span_id", "0909090909090909"],
        ["parent_id", "00f067aa0ba902b7"],
        ["trace_flags", "01"],
        ["request_id", "order-4711"],
        ["outcome", "ok"],
        ["duration_ms", {"f64": 0.0}],
        ["a", 1],
    ]);
    assert_eq!(json!(seen.pairs), want);
}

#[test]
fn keys_are_cleaned_and_unique_as_the_format_asks() {
    let work = |trace: &mut Trace| {
        trace.set("user id", 1).set("user_id", 2).set("error", "x");
        trace.set(String::from("own"), 3).time("db", |_| ());
    };
    let logfmt = seen(Config::builder(), work).rest();
    assert_eq!(
        logfmt,
        json!([
            ["user_id", 1],
            ["user_id_2", 2],
            ["error_2", "x"],
            ["own", 3],
            ["db.count", 1],
            ["db.ms", {"f64": 0.0}],
            ["db.max_ms", {"f64": 0.0}],
        ])
    );
    let json = seen(Config::builder().format(Format::Json), work).rest();
    assert_eq!(json[0], json!(["user id", 1]));
    assert_eq!(json[2], json!(["error_2", "x"]));
    let renamed = Config::builder().name(Name::DurationMs, "took_ms");
    assert_eq!(seen(renamed, |_| ()).pairs[0].0, "took_ms");
}

#[test]
fn redacted_values_do_not_leave() {
    let builder = Config::builder().redact(["card", "db"]);
    let seen = seen(builder, |trace| {
        trace.set("card", "4111").time("db", |_| ());
    });
    assert_eq!(
        seen.rest(),
        json!([
            ["card", "******"],
            ["db.count", "******"],
            ["db.ms", "******"],
            ["db.max_ms", "******"]
        ])
    );
}

#[test]
fn a_hook_does_not_see_redacted_values() {
    let builder = Config::builder()
        .redact(["card", "db"])
        .on_emit(|unit, emit| {
            let stars = OwnedValue::Text("******".into());
            assert!(unit.fields().iter().all(|(_, value)| *value == stars));
            assert_eq!(unit.fields().len(), 4);
            assert_eq!(unit.text("card"), Some("******"));
            assert_eq!(unit.get("db.ms"), Some(stars.clone()));
            assert_eq!(unit.get("db"), Some(stars));
            emit();
            HOOKED.fetch_add(1, Ordering::Relaxed);
        });
    static HOOKED: AtomicU32 = AtomicU32::new(0);
    seen(builder, |trace| {
        trace.set("card", "4111").time("db", |_| ());
    });
    // The library catches an assertion that fails in a hook, hence the count at its end.
    assert_eq!(HOOKED.load(Ordering::Relaxed), 1);
}

#[test]
fn the_limits_are_those_of_a_line() {
    let builder = Config::builder().max_record(1_024).max_value(1_024);
    let seen = seen(builder, |trace| {
        for key in ["a", "b", "c", "d"] {
            trace.set(key, "x".repeat(1_000));
        }
        for n in 0..300 {
            trace.set(format!("n{n}"), n);
        }
    });
    let texts = seen
        .pairs
        .iter()
        .map(|(key, value)| key.len() + value.to_string().len());
    assert!(texts.sum::<usize>() <= 1_024);
    assert_eq!(seen.get("truncated"), Some(&json!(4)));
    let live = seen.pairs.iter().filter(|(key, _)| key.starts_with('n'));
    let dropped = seen.get("dropped_fields").and_then(Json::as_u64).unwrap();
    assert_eq!(live.count() as u64 + dropped, 300);
}

/// The total bytes of all keys and values.
fn size(seen: &Seen) -> usize {
    let texts = seen.pairs.iter().map(|(key, value)| {
        let text = value.as_str().map(str::len);
        key.len() + text.unwrap_or_else(|| value.to_string().len())
    });
    texts.sum()
}

#[test]
fn fragments_that_are_longer_than_in_a_line_stay_within_the_limit() {
    for format in [Format::Logfmt, Format::Json, Format::Pretty] {
        let seen = seen(Config::builder().format(format), |trace| {
            for n in 0..256 {
                traceline::add!(trace, "{n:040}");
            }
        });
        assert!(size(&seen) <= 16 * 1024, "{format:?}: {}", size(&seen));
        assert!(seen.get("dropped_fragments").is_some() || seen.get("truncated").is_some());
    }
}

#[test]
fn names_of_timers_count_as_in_a_line_of_json() {
    let keys: [&'static str; 18] =
        std::array::from_fn(|n| &*format!("{n}{}", "\u{1}".repeat(100)).leak());
    let work = |trace: &mut Trace| keys.iter().for_each(|key| trace.time(*key, |_| ()));
    let builder = || Config::builder().format(Format::Json);
    let seen = seen(builder(), work);
    let line: Json = serde_json::from_str(&util::record(builder(), work)).unwrap();
    assert!(line.get("dropped_fields").is_some());
    assert_eq!(seen.get("dropped_fields"), line.get("dropped_fields"));
}

#[test]
fn a_record_of_many_texts_grows_its_room() {
    let seen = seen(Config::builder().max_record(1 << 20), |trace| {
        for n in 0..200 {
            trace.set(format!("timer {n}"), ["\n"; 100]);
        }
    });
    assert_eq!(seen.pairs.len(), 201);
    assert!(seen.get("timer_199").is_some());
    assert_eq!(seen.get("truncated"), None);
}

#[test]
fn checkpoints_and_sample_rates_are_there_too() {
    let log = Keeper::leak();
    let config = config(
        Config::builder().sampling(Sampling::one_in(2).warnings(false)),
        log,
    );
    let mut kept = 0;
    while kept < 20 {
        Trace::builder("unit").config(&config).start().ok();
        let seen = std::mem::take(&mut *log.0.lock().unwrap());
        for seen in seen {
            kept += 1;
            assert_eq!(seen.rest(), json!([["sample_rate", 2]]));
        }
    }
    let mut trace = Trace::builder("unit").config(&config).start();
    while log.0.lock().unwrap().is_empty() {
        trace.continue_from(TraceParent::new(
            TraceId::random(),
            SpanId::random(),
            true,
            true,
        ));
        trace.checkpoint();
    }
    let rest = log.only().rest();
    assert_eq!(rest[0], json!(["sample_rate", 2]));
    assert_eq!(rest[1], json!(["partial", true]));
    assert_eq!(rest[2][0], json!("seq"));
}

#[test]
fn render_still_returns_the_text_of_the_line() {
    let config = config(Config::builder().header(false), Keeper::leak());
    let mut trace = Trace::builder("unit").config(&config).start();
    trace.set("a", 1);
    assert_eq!(trace.render(), "msg=unit duration_ms=0.0 a=1");
}

// ----- the hook

static ORDER: Mutex<Vec<&str>> = Mutex::new(Vec::new());

struct Told;

impl Log for Told {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {
        ORDER.lock().unwrap().push("logger");
    }

    fn flush(&self) {}
}

#[test]
fn the_hook_stands_around_the_hand_over() {
    let builder = Config::builder().logger(&Told).on_emit(|_, emit| {
        ORDER.lock().unwrap().push("before");
        emit();
        emit();
        ORDER.lock().unwrap().push("after");
    });
    Trace::builder("unit")
        .config(&builder.build().unwrap())
        .start()
        .ok();
    assert_eq!(*ORDER.lock().unwrap(), ["before", "logger", "after"]);
}

fn hooked(
    hook: impl Fn(&traceline::config::FinishedUnit<'_>, &mut dyn FnMut()) + Send + Sync + 'static,
) -> (Config, &'static Keeper) {
    let log = Keeper::leak();
    (config(Config::builder().on_emit(hook), log), log)
}

#[test]
fn a_hook_that_forgets_or_panics_loses_no_record() {
    for hook in [
        (|_, _| ()) as fn(&traceline::config::FinishedUnit<'_>, &mut dyn FnMut()),
        |_, _| std::panic::resume_unwind(Box::new("before")),
        |_, emit| {
            emit();
            std::panic::resume_unwind(Box::new("after"))
        },
    ] {
        let (config, log) = hooked(hook);
        Trace::builder("unit").config(&config).start().ok();
        assert_eq!(log.only().message, "unit");
        // So is the next one, also through the hook.
        Trace::builder("next").config(&config).start().ok();
        assert_eq!(log.only().message, "next");
    }
}

#[test]
fn units_that_end_inside_a_hook_go_past_it() {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    static HOOKED: AtomicU32 = AtomicU32::new(0);
    let (config, log) = hooked(|unit, emit| {
        HOOKED.fetch_add(1, Ordering::Relaxed);
        assert_eq!(unit.name(), "outer");
        Trace::builder("inner")
            .config(CONFIG.get().unwrap())
            .start()
            .ok();
        emit();
    });
    CONFIG.set(config.clone()).unwrap();
    for n in 1..=2 {
        Trace::builder("outer").config(&config).start().ok();
        let seen = std::mem::take(&mut *log.0.lock().unwrap());
        let names: Vec<_> = seen.iter().map(|seen| seen.message.as_str()).collect();
        assert_eq!(names, ["inner", "outer"]);
        assert_eq!(HOOKED.load(Ordering::Relaxed), n);
    }
}

#[test]
fn the_hook_runs_for_checkpoints_and_sees_the_fields_of_the_record() {
    static SEEN: Mutex<Vec<(bool, Vec<String>)>> = Mutex::new(Vec::new());
    let (config, log) = hooked(|unit, emit| {
        let keys = unit.fields().into_iter().map(|(key, _)| key);
        SEEN.lock()
            .unwrap()
            .push((unit.is_partial(), keys.collect()));
        emit();
    });
    let mut trace = Trace::builder("unit").config(&config).start();
    let lap = trace.set("rows", 3).start_timer("db");
    trace.checkpoint();
    trace.stop(lap);
    drop(trace);
    let seen = std::mem::take(&mut *log.0.lock().unwrap());
    let of_record = |seen: &Seen| {
        let keys = seen.pairs.iter().map(|(key, _)| key.clone());
        let own = ["duration_ms", "partial", "seq"];
        keys.filter(|key| !own.contains(&&**key)).collect()
    };
    let want: Vec<Vec<String>> = seen.iter().map(of_record).collect();
    let (partial, keys): (Vec<_>, Vec<_>) = SEEN.lock().unwrap().drain(..).unzip();
    assert_eq!((partial, keys), (vec![true, false], want));
}

#[test]
fn the_hook_sees_the_unit_as_the_program_gave_it() {
    static HOOKED: AtomicU32 = AtomicU32::new(0);
    let (config, log) = hooked(|unit, emit| {
        assert_eq!(unit.name(), "unit");
        assert_eq!(
            (unit.level(), unit.outcome()),
            (Level::Error, Some(traceline::Outcome::Error))
        );
        assert_eq!(unit.error(), Some("no rows"));
        assert_eq!(unit.request_id(), Some("order-4711"));
        let ids = unit.traceparent().expect("it was continued");
        assert_eq!(
            ids.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(
            unit.parent_id().map(|id| id.to_string()).as_deref(),
            Some("00f067aa0ba902b7")
        );
        let fields = unit.fields();
        let keys: Vec<_> = fields.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["error", "db.count", "db.ms", "db.max_ms", "list"]);
        assert_eq!(unit.text("error"), Some("mine"));
        assert_eq!(unit.text("list"), None);
        let fragments = unit.fragments();
        assert_eq!((fragments[0].text, fragments[0].level), ("read", None));
        assert_eq!(
            (fragments[1].text, fragments[1].level),
            ("slow", Some(Level::Warn))
        );
        assert!(fragments[0].file.ends_with("key_values.rs"));
        HOOKED.fetch_add(1, Ordering::Relaxed);
        emit();
    });
    let mut trace = Trace::builder("unit").config(&config).start();
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    trace
        .continue_from(TraceParent::parse(header).unwrap())
        .set_request_id("order-4711");
    trace.set("error", "mine").time("db", |_| ());
    trace
        .set("list", [1, 2])
        .add("read")
        .warn("slow")
        .error("no rows");
    drop(trace);
    assert_eq!(log.only().level, "ERROR");
    assert_eq!(HOOKED.load(Ordering::Relaxed), 1);
}
