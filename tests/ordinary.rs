//! Ordinary records in the format of units: `format_record`.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::io;
use std::sync::{Arc, Mutex};

use log::kv::{Error, Key, Source, Value as KvValue, VisitSource};
use log::{Level, Log, Record};
use serde_json::Value;
use traceline::{
    Config, Format, Trace,
    config::{Color, ConfigBuilder, LineTag, Name, Output, Schema},
    ids::TraceParent,
};

use crate::util::{Bench, FixedIds, ManualClock, TS, same_line};

/// The text of a record of `src/shop.rs:17` in the module `shop`.
#[track_caller]
fn text(builder: ConfigBuilder, args: fmt::Arguments<'_>, pairs: &dyn Source) -> String {
    let config = builder
        .clock(ManualClock::leak())
        .build()
        .expect("settings");
    let record = Record::builder()
        .level(Level::Warn)
        .target("shop::stock")
        .file(Some("src/shop.rs"))
        .line(Some(17))
        .args(args)
        .key_values(&pairs)
        .build();
    config.format_record(&record).to_string()
}

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NONE: [(&str, &str); 0] = [];

fn head() -> String {
    format!("ts={TS} level=warn")
}

const PLACE: &str = "target=shop::stock file=shop.rs line=17";

#[test]
fn a_record_has_time_level_message_and_place() {
    let logfmt = text(Config::builder(), format_args!("{} left", 3), &NONE);
    same_line(&logfmt, &format!(r#"{} msg="3 left" {PLACE}"#, head()));
    let json = text(
        Config::builder().format(Format::Json),
        format_args!("{} left", 3),
        &NONE,
    );
    same_line(
        &json,
        &format!(
            r#"{{"ts":"{TS}","level":"warn","msg":"3 left","target":"shop::stock","file":"shop.rs","line":17}}"#
        ),
    );
    let pretty = Config::builder().format(Format::Pretty).color(Color::Never);
    let pretty = text(pretty, format_args!("{} left", 3), &[("shelf", 7)]);
    let want = format!("3 left  warn  {TS}  shop::stock  shop.rs:17\n  shelf            7");
    assert_eq!(pretty, want);
}

#[test]
fn settings_of_the_configuration_hold() {
    let builder = Config::builder()
        .header(false)
        .field("service", "shop")
        .line_tag(LineTag::PathLine)
        .redact(["card"]);
    let got = text(builder, format_args!("paid"), &[("card", "4000 0000")]);
    same_line(
        &got,
        r#"msg=paid service=shop target=shop::stock file=src/shop.rs line=17 card="******""#,
    );
}

#[test]
fn key_values_keep_their_types() {
    let pairs: [(&str, KvValue<'_>); 9] = [
        ("u", KvValue::from(7_u64)),
        ("i", KvValue::from(-7_i64)),
        ("big", KvValue::from(u128::MAX)),
        ("f", KvValue::from(0.5)),
        ("b", KvValue::from(true)),
        ("s", KvValue::from("007")),
        ("c", KvValue::from('x')),
        ("n", KvValue::null()),
        ("d", KvValue::from_debug(&["a"])),
    ];
    let json = text(
        Config::builder().format(Format::Json).header(false),
        format_args!("m"),
        &pairs.as_slice(),
    );
    same_line(
        &json,
        r#"{"msg":"m","target":"shop::stock","file":"shop.rs","line":17,"u":7,"i":-7,"big":"340282366920938463463374607431768211455","f":0.5,"b":true,"s":"007","c":"x","n":null,"d":"[\"a\"]"}"#,
    );
    let logfmt = text(
        Config::builder().header(false),
        format_args!("m"),
        &pairs.as_slice(),
    );
    same_line(
        &logfmt,
        &format!(
            r#"msg=m {PLACE} u=7 i=-7 big=340282366920938463463374607431768211455 f=0.5 b=true s="007" c=x n=null d="[\"a\"]""#
        ),
    );
}

#[test]
fn keys_are_clean_and_unique_and_never_the_librarys() {
    let pairs = [
        ("a b", 1),
        ("a=b", 2),
        ("a b", 3),
        ("level", 4),
        ("error", 5),
        ("target", 6),
        ("line", 7),
        ("unit", 8),
        ("", 9),
    ];
    let got = text(
        Config::builder().header(false),
        format_args!("m"),
        &pairs.as_slice(),
    );
    same_line(
        &got,
        &format!(
            "msg=m {PLACE} a_b=3 a_b_2=2 level_2=4 error_2=5 target_2=6 line_2=7 unit_2=8 _=9"
        ),
    );
}

#[test]
fn a_record_without_a_place_says_none() {
    let config = Config::builder().header(false).build().expect("settings");
    let record = Record::builder().args(format_args!("m")).build();
    assert_eq!(
        config.format_record(&record).to_string(),
        r#"msg=m target="""#
    );
}

#[test]
fn schemas_have_names_for_the_place() {
    let line = |schema| {
        text(
            Config::builder().format(Format::Json).schema(schema),
            format_args!("m"),
            &[("shelf", 7)],
        )
    };
    same_line(
        &line(Schema::Ecs),
        &format!(
            r#"{{"@timestamp":"{TS}","log.level":"warn","message":"m","ecs.version":"8.11.0","log.logger":"shop::stock","log.origin.file.name":"shop.rs","log.origin.file.line":17,"shelf":7}}"#
        ),
    );
    let google = Schema::GoogleCloud { project: "p" };
    same_line(
        &line(google),
        &format!(
            r#"{{"time":"{TS}","severity":"WARNING","message":"m","target":"shop::stock","logging.googleapis.com/sourceLocation":{{"file":"shop.rs","line":"17"}},"shelf":7}}"#
        ),
    );
    same_line(
        &line(Schema::OpenTelemetry),
        &format!(
            r#"{{"timestamp":"{TS}","severity_text":"WARN","severity_number":13,"body":"m","otel.scope.name":"shop::stock","code.file.path":"shop.rs","code.line.number":17,"shelf":7}}"#
        ),
    );
    same_line(
        &line(Schema::Datadog),
        &format!(
            r#"{{"timestamp":"{TS}","status":"warn","message":"m","logger.name":"shop::stock","file":"shop.rs","line":17,"shelf":7}}"#
        ),
    );
}

/// No key appears twice, whatever names the configuration gives its own keys.
#[test]
fn names_of_the_place_make_way_for_those_of_the_configuration() {
    for format in [Format::Logfmt, Format::Json] {
        let builder = Config::builder()
            .format(format)
            .header(false)
            .name(Name::Msg, "unit")
            .field("target", "eu")
            .field("line", "blue");
        let got = text(builder, format_args!("m"), &[("file", 1), ("line_2", 2)]);
        let want = match format {
            Format::Logfmt => {
                "unit=m target=eu line=blue target_2=shop::stock file=shop.rs line_2=17 file_2=1 line_2_2=2"
            }
            _ => {
                r#"{"unit":"m","target":"eu","line":"blue","target_2":"shop::stock","file":"shop.rs","line_2":17,"file_2":1,"line_2_2":2}"#
            }
        };
        same_line(&got, want);
    }
    let google = Schema::GoogleCloud { project: "p" };
    let place = "logging.googleapis.com/sourceLocation";
    let builder = Config::builder()
        .format(Format::Json)
        .schema(google)
        .header(false)
        .field(place, "mine");
    same_line(
        &text(builder, format_args!("m"), &NONE),
        &format!(
            r#"{{"message":"m","{place}":"mine","target":"shop::stock","{place}_2":{{"file":"shop.rs","line":"17"}}}}"#
        ),
    );
}

/// A unit emitted as key-values, in a process whose records have a schema.
#[test]
fn the_head_of_a_schema_is_not_written_twice() {
    thread_local! {
        static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
    }
    struct Formats;
    impl Log for Formats {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let config = Config::builder()
                .schema(Schema::OpenTelemetry)
                .clock(ManualClock::leak());
            let config = config.build().expect("settings");
            TEXT.set(config.format_record(record).to_string());
        }
        fn flush(&self) {}
    }
    let config = plain().clock(ManualClock::leak()).logger(&Formats);
    let config = config.output(Output::KeyValues).build().expect("settings");
    let mut trace = traceline::builder!("job").config(&config).start();
    trace.set("severity_number", 1).set("body", 2);
    trace.emit();
    same_line(
        &TEXT.take(),
        &format!(
            "timestamp={TS} severity_text=INFO severity_number=9 body=job duration_ms=0.0 severity_number_2=1 body_2=2"
        ),
    );
}

// ----- hostile records

#[test]
fn the_smallest_record_has_room_for_any_place_and_ids() {
    let long = "\u{1}".repeat(9_000);
    let id = "r".repeat(128);
    let google = Schema::GoogleCloud {
        project: "an-id-of-thirty-characters-long",
    };
    let schemas = [Schema::Ecs, google, Schema::OpenTelemetry, Schema::Datadog];
    for schema in schemas.map(Some).into_iter().chain([None]) {
        let builder = || {
            let builder = Config::builder().format(Format::Json).fraction_digits(9);
            match schema {
                Some(schema) => builder.schema(schema),
                None => builder,
            }
        };
        let least = (512..2_000).find(|least| builder().max_record(*least).build().is_ok());
        let least = least.expect("some limit is accepted");
        let bench = Bench::new(builder().max_record(least).max_fields(1));
        let mut trace = Trace::builder(long.clone()).config(&bench.config).start();
        trace.continue_from(TraceParent::parse(HEADER).expect("a header"));
        trace.set_request_id(&id);
        let pairs = [(long.as_str(), KvValue::from(1)), ("b", KvValue::from(2))];
        let record = Record::builder()
            .level(Level::Error)
            .target(&long)
            .file(Some(&long))
            .line(Some(u32::MAX))
            .key_values(&pairs)
            .args(format_args!("many"))
            .build();
        let line = trace.scope(|| {
            let args = format_args!("{long}");
            let record = record.to_builder().args(args).build();
            bench.config.format_record(&record).to_string()
        });
        assert!(line.len() <= least, "{schema:?}: {least}: {line}");
        let read: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(read["dropped_fields"], 2, "{schema:?}: {line}");
        trace.discard();
    }
}

#[test]
fn a_record_is_formatted_while_the_thread_unwinds_and_when_it_ends() {
    struct Formats(Arc<Mutex<Vec<String>>>);
    impl Drop for Formats {
        fn drop(&mut self) {
            let config = Config::builder().header(false).build().expect("settings");
            let args = format_args!("late {}", Panics);
            let record = Record::builder().args(args).build();
            let text = config.format_record(&record).to_string();
            self.0.lock().unwrap().push(text);
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Formats>> = const { RefCell::new(None) };
    }
    let texts = Arc::new(Mutex::new(Vec::new()));
    let late = Formats(Arc::clone(&texts));
    let unwinding = Formats(Arc::clone(&texts));
    let ended = std::thread::spawn(move || {
        LATE.set(Some(late));
        let _formats = unwinding;
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(ended.join().is_err());
    assert_eq!(*texts.lock().unwrap(), [r#"msg="<panicked>" target="""#; 2]);
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        std::panic::resume_unwind(Box::new(()))
    }
}

/// Displays as the given number of ten-letter pieces.
struct Long(usize);

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.0).try_for_each(|_| f.write_str("abcdefghij"))
    }
}

#[test]
fn a_value_that_panics_leaves_its_mark_and_takes_nothing_with_it() {
    let pairs = [
        ("a", KvValue::from_display(&Panics)),
        ("b", KvValue::from(1)),
    ];
    let got = text(
        Config::builder().header(false),
        format_args!("m {}", Panics),
        &pairs.as_slice(),
    );
    same_line(
        &got,
        &format!(r#"msg="<panicked>" {PLACE} a="<panicked>" b=1"#),
    );
}

/// A source that yields one pair and then fails, or panics.
struct Breaks {
    panics: bool,
}

impl Source for Breaks {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        visitor.visit_pair(Key::from("a"), KvValue::from(1))?;
        if self.panics {
            std::panic::resume_unwind(Box::new(()));
        }
        Err(Error::msg("broken"))
    }
}

#[test]
fn a_source_that_breaks_keeps_what_it_gave() {
    for panics in [false, true] {
        let source = Breaks { panics };
        let got = text(Config::builder().header(false), format_args!("m"), &source);
        same_line(&got, &format!("msg=m {PLACE} a=1"));
    }
}

#[test]
fn a_record_stays_within_the_limits_and_counts_what_it_lost() {
    let builder = Config::builder()
        .header(false)
        .max_fields(2)
        .max_value(20)
        .max_record(600);
    let pairs = [
        ("a", KvValue::from_display(&Long(1_000))),
        ("b", KvValue::from(1)),
        ("c", KvValue::from(2)),
    ];
    let got = text(builder, format_args!("{}", Long(1_000)), &pairs.as_slice());
    same_line(
        &got,
        &format!(
            "msg=abcdefghijabcdefghij {PLACE} a=abcdefghijabcdefghij b=1 dropped_fields=1 truncated=2"
        ),
    );
    let builder = Config::builder().header(false).max_record(700);
    let keys: Vec<String> = (0..100).map(|n| format!("key{n}")).collect();
    let pairs: Vec<(&str, KvValue<'_>)> = keys
        .iter()
        .map(|key| (key.as_str(), KvValue::from_display(&Long(1))))
        .collect();
    let got = text(builder, format_args!("{}", Long(500)), &pairs.as_slice());
    assert!(
        got.len() <= 700 && got.contains(" dropped_fields="),
        "{got}"
    );
}

/// A message that formats another record while it is printed.
struct Nested;

impl fmt::Display for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = Record::builder().args(format_args!("inner")).build();
        let config = Config::builder().header(false).build().expect("settings");
        write!(f, "[{}]", config.format_record(&record))
    }
}

#[test]
fn a_message_may_format_a_record_while_it_is_printed() {
    let got = text(
        Config::builder().header(false),
        format_args!("{Nested}"),
        &NONE,
    );
    same_line(&got, &format!(r#"msg="[msg=inner target=\"\"]" {PLACE}"#));
}

/// Counts the pieces that it is given.
#[derive(Default)]
struct Pieces(usize);

impl fmt::Write for Pieces {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn a_record_is_written_in_one_piece_each_time() {
    let (one, two) = (1, 2);
    let args = format_args!("{one}{two}");
    let record = Record::builder().args(args).build();
    let formatted = traceline::format_record(&record);
    let mut pieces = Pieces::default();
    write!(pieces, "{formatted}").expect("it takes all");
    assert_eq!(pieces.0, 1);
    assert_eq!(formatted.to_string(), formatted.to_string());
}

#[test]
fn a_writer_that_fails_fails_the_text() {
    struct Refuses;
    impl fmt::Write for Refuses {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let record = Record::builder().args(format_args!("m")).build();
    assert!(write!(Refuses, "{}", traceline::format_record(&record)).is_err());
}

// ----- inside a unit, and the record of a unit

/// The lines that a logger printed.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap();
        text.lines().map(String::from).collect()
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn plain() -> ConfigBuilder {
    Config::builder().header(false).ids(&FixedIds(0x7a, 0x9b))
}

/// The two loggers, each with a format closure as a user would write it.
fn loggers(sink: &Sink) -> [Box<dyn Log>; 2] {
    let config = plain().build().expect("settings");
    let in_env = config.clone();
    let env = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .target(env_logger::Target::Pipe(Box::new(sink.clone())))
        .format(move |buffer, record| {
            io::Write::write_fmt(buffer, format_args!("{}\n", in_env.format_record(record)))
        })
        .build();
    let (_, fern) = fern::Dispatch::new()
        .level(log::LevelFilter::Info)
        .format(move |out, _, record| out.finish(format_args!("{}", config.format_record(record))))
        .chain(Box::new(sink.clone()) as Box<dyn io::Write + Send>)
        .into_log();
    [Box::new(env), fern]
}

/// Logs the way `log::warn!` does.
fn warn(logger: &dyn Log, pairs: &[(&str, KvValue<'_>)]) {
    logger.log(
        &Record::builder()
            .level(Level::Warn)
            .target("shop::stock")
            .file(Some("src/shop.rs"))
            .line(Some(17))
            .args(format_args!("low on {}", "lamps"))
            .key_values(&pairs)
            .build(),
    );
}

#[test]
fn one_stream_of_a_logger_has_one_format() {
    let sink = Sink::default();
    for logger in loggers(&sink) {
        let logger: &'static dyn Log = Box::leak(logger);
        let config = plain().clock(ManualClock::leak()).logger(logger);
        let config = config.build().expect("settings");
        warn(logger, &[]);
        let mut trace = traceline::builder!("check out").config(&config).start();
        trace.scope(|| warn(logger, &[("left", KvValue::from(3))]));
        trace.traceparent();
        trace.set_request_id("r-1").set("item", "a \"lamp\"");
        trace.scope(|| warn(logger, &[]));
        trace.emit();
        let ids = "trace_id=7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a span_id=9b9b9b9b9b9b9b9b trace_flags=\"01\" request_id=r-1";
        assert_eq!(
            sink.lines(),
            [
                format!(r#"msg="low on lamps" {PLACE}"#),
                format!(r#"msg="low on lamps" {PLACE} unit="check out" left=3"#),
                format!(r#"msg="low on lamps" {PLACE} unit="check out" {ids}"#),
                format!(r#"msg="check out" {ids} duration_ms=0.0 item="a \"lamp\"""#),
            ]
        );
    }
}

#[test]
fn what_a_bridge_adds_is_not_written_twice() {
    let sink = Sink::default();
    for logger in loggers(&sink) {
        let bridge: &'static dyn Log = Box::leak(Box::new(traceline::bridge(logger)));
        let config = plain().clock(ManualClock::leak()).logger(bridge);
        let config = config.build().expect("settings");
        let mut trace = traceline::builder!("checkout").config(&config).start();
        trace.traceparent();
        let theirs = [("trace_id", KvValue::from("theirs"))];
        trace.scope(|| {
            warn(bridge, &[]);
            warn(bridge, &theirs);
        });
        trace.discard();
        let line = format!(
            r#"msg="low on lamps" {PLACE} unit=checkout trace_id=7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a span_id=9b9b9b9b9b9b9b9b trace_flags="01""#
        );
        assert_eq!(
            sink.lines(),
            [line.clone(), format!("{line} trace_id_2=theirs")]
        );
    }
}

#[test]
fn a_unit_that_goes_out_as_key_values_has_the_names_of_its_fields() {
    let sink = Sink::default();
    for logger in loggers(&sink) {
        let logger: &'static dyn Log = Box::leak(logger);
        let config = plain()
            .clock(ManualClock::leak())
            .logger(logger)
            .field("service", "shop")
            .output(Output::KeyValues);
        let config = config.build().expect("settings");
        let mut outer = traceline::builder!("outer").config(&config).start();
        outer.scope(|| {
            let mut trace = traceline::builder!("check out").config(&config).start();
            trace.set("item", "a lamp").set("target", 7).ok();
        });
        outer.discard();
        assert_eq!(
            sink.lines(),
            [r#"msg="check out" service=shop outcome=ok duration_ms=0.0 item="a lamp" target=7"#]
        );
    }
}

/// Records from a logger that is busy with the record of a unit.
#[test]
fn only_the_record_of_the_unit_itself_passes_as_it_is() {
    thread_local! {
        static TEXTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }
    struct Talks;
    impl Log for Talks {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let config = Config::builder().header(false).build().expect("settings");
            let other = Record::builder().args(format_args!("rotated")).build();
            for record in [record, &other] {
                let text = config.format_record(record).to_string();
                TEXTS.with_borrow_mut(|texts| texts.push(text));
            }
        }
        fn flush(&self) {}
    }
    let config = plain().clock(ManualClock::leak()).logger(&Talks);
    let config = config.build().expect("settings");
    traceline::builder!("job").config(&config).start().emit();
    let texts = TEXTS.with_borrow_mut(std::mem::take);
    assert_eq!(
        texts,
        ["msg=job duration_ms=0.0", r#"msg=rotated target="""#]
    );
}
