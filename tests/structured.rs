//! Feature `serde`: any `Serialize` as a structured value.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use log::kv;
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use traceline::{
    Config, Format, Trace,
    config::{ConfigBuilder, Output},
    json,
    value::OwnedValue,
};

use crate::util;
use crate::util::{Bench, json_line, logfmt_line, record, same_line};

#[derive(Serialize)]
struct Item<'a> {
    sku: &'a str,
    count: u32,
    price: Option<f64>,
}

const LAMP: Item<'static> = Item {
    sku: "lamp \"L\"",
    count: 2,
    price: Some(24.5),
};

fn builder(format: Format) -> ConfigBuilder {
    Config::builder().format(format)
}

/// Both formats of a unit that does `work`.
#[track_caller]
fn both(work: impl Fn(&mut Trace), in_json: &str, in_logfmt: &str) {
    same_line(&record(builder(Format::Json), &work), &json_line(in_json));
    same_line(
        &record(builder(Format::Logfmt), &work),
        &logfmt_line(in_logfmt),
    );
}

#[test]
fn a_structure_is_nested_in_json_and_its_text_in_logfmt() {
    both(
        |trace| _ = trace.set("item", json(&LAMP)).set("n", 1),
        r#""item":{"sku":"lamp \"L\"","count":2,"price":24.5},"n":1"#,
        r#"item="{\"sku\":\"lamp \\\"L\\\"\",\"count\":2,\"price\":24.5}" n=1"#,
    );
    let pretty = record(
        builder(Format::Pretty).color(traceline::config::Color::Never),
        |trace| _ = trace.set("item", json(&[1, 2])),
    );
    assert!(
        pretty.ends_with("\n  item             \"[1,2]\""),
        "{pretty}"
    );
}

#[test]
fn what_is_a_scalar_in_json_is_written_as_one() {
    both(
        |trace| {
            trace
                .set("s", json(&"a b"))
                .set("n", json(&7))
                .set("i", json(&-7));
            trace
                .set("x", json(&0.5))
                .set("b", json(&true))
                .set("none", json(&None::<u8>));
            trace
                .set("nan", json(&f64::NAN))
                .set("big", json(&u128::MAX))
                .set("t", json(&"7"));
        },
        r#""s":"a b","n":7,"i":-7,"x":0.5,"b":true,"none":null,"nan":null,"big":"340282366920938463463374607431768211455","t":"7""#,
        r#"s="a b" n=7 i=-7 x=0.5 b=true none=null nan=null big="340282366920938463463374607431768211455" t="7""#,
    );
}

#[test]
fn numbers_keep_to_the_rules_of_json_records() {
    let all = (
        u64::MAX,
        i64::MIN,
        u128::MAX,
        i128::MIN,
        7_i128,
        1.0,
        f64::NAN,
        0.1_f32,
    );
    both(
        |trace| _ = trace.set("all", json(&all)),
        r#""all":[18446744073709551615,-9223372036854775808,"340282366920938463463374607431768211455","-170141183460469231731687303715884105728",7,1.0,null,0.1]"#,
        r#"all="[18446744073709551615,-9223372036854775808,\"340282366920938463463374607431768211455\",\"-170141183460469231731687303715884105728\",7,1.0,null,0.1]""#,
    );
}

#[test]
fn what_acts_on_a_terminal_is_escaped_in_keys_and_values() {
    let odd = "\u{8}\u{c}\u{1b}\n\u{7f}\u{85}\u{2028}\u{202e}\u{2066}\u{feff}é😀/\\\"";
    let map = BTreeMap::from([(odd, odd)]);
    let text = r#"\u0008\u000c\u001b\n\u007f\u0085\u2028\u202e\u2066\ufeffé😀/\\\""#;
    let line = record(builder(Format::Json), |trace| {
        _ = trace.set("map", json(&map))
    });
    same_line(
        &line,
        &json_line(&format!(r#""map":{{"{text}":"{text}"}}"#)),
    );
}

#[test]
fn an_empty_key_has_a_name() {
    let map = BTreeMap::from([("", ""), ("a", "")]);
    let line = record(builder(Format::Json), |trace| {
        _ = trace.set("map", json(&map))
    });
    same_line(&line, &json_line(r#""map":{"_":"","a":""}"#));
}

/// A map that yields its pairs unchanged.
struct Pairs(&'static [(&'static str, u8)]);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_value_counts() {
    let twice = Pairs(&[("a", 1), ("b", 2), ("a", 3)]);
    let line = record(builder(Format::Json), |trace| {
        trace.set("map", json(&twice)).set("deep", json(&[&twice]));
        // The same key in two separate objects is not a duplicate.
        trace
            .set("two", json(&[LAMP.sku, "sku"]))
            .set("list", json(&[Pairs(&[("a", 1)]), Pairs(&[("a", 1)])]));
    });
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["map"], serde_json::json!({"a": 3, "b": 2}));
    assert_eq!(read["deep"], serde_json::json!([{"a": 3, "b": 2}]));
    assert_eq!(line.matches(r#""a":"#).count(), 4, "{line}");
}

/// Writes part of a list, then breaks.
struct Breaks {
    panics: bool,
}

impl Serialize for Breaks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&1)?;
        if self.panics {
            std::panic::resume_unwind(Box::new(()));
        }
        Err(S::Error::custom("no \"access\""))
    }
}

#[test]
fn a_serialize_that_breaks_leaves_its_mark() {
    both(
        |trace| {
            trace
                .set("p", json(&Breaks { panics: true }))
                .set("e", json(&Breaks { panics: false }));
            trace.set("list", [json(&Breaks { panics: true }), json(&[1])]);
            // A key that is not text.
            trace.set("keys", json(&BTreeMap::from([((1, 2), 3)])));
        },
        r#""p":"<panicked>","e":"<not serialized: no \"access\">","list":["<panicked>",[1]],"keys":"<not serialized: key must be a string>""#,
        r#"p="<panicked>" e="<not serialized: no \"access\">" list="[\"<panicked>\",[1]]" keys="<not serialized: key must be a string>""#,
    );
}

#[test]
fn a_structure_is_cut_between_members_and_counted() {
    let builder = |format| builder(format).max_value(30);
    let work = |trace: &mut Trace| {
        trace.set("long", json(&["abcdefgh"; 9]));
        trace.set("nested", json(&BTreeMap::from([("a", vec![Some(1); 100])])));
        trace.set("text", json(&"abcdefghij".repeat(9)));
        trace.set("fits", json(&[1]));
    };
    same_line(
        &record(builder(Format::Json), work),
        &json_line(
            r#""long":["abcdefgh","abcdefgh"],"nested":{"a":[1,1,1,1,1,1,1,1,1,1,1]},"text":"abcdefghijabcdefghijabcdefghij","fits":[1],"truncated":3"#,
        ),
    );
    same_line(
        &record(builder(Format::Logfmt), work),
        &logfmt_line(
            r#"long="[\"abcdefgh\",\"abcdefgh\"]" nested="{\"a\":[1,1,1,1,1,1,1,1,1,1,1]}" text=abcdefghijabcdefghijabcdefghij fits="[1]" truncated=3"#,
        ),
    );
}

#[test]
fn a_scalar_at_the_limit_is_whole_or_a_text_that_is_cut() {
    let line = |value: &dyn Fn(&mut Trace)| record(builder(Format::Json).max_value(16), value);
    same_line(
        &line(&|trace| {
            _ = trace
                .set("n", json(&u64::MAX))
                .set("x", json(&-1.234_567_890_123_456e-300))
        }),
        &json_line(r#""n":18446744073709551615,"x":-1.234567890123456e-300"#),
    );
    same_line(
        &line(&|trace| _ = trace.set("é", json(&"é".repeat(90)))),
        &json_line(r#""é":"éééééééé","truncated":1"#),
    );
}

/// A list nested this many levels deep.
struct Deep(usize);

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        if self.0 > 1 {
            list.serialize_element(&Deep(self.0 - 1))?;
        }
        list.end()
    }
}

#[test]
fn a_structure_is_nested_32_deep_at_most() {
    let line = |deep| {
        record(builder(Format::Json), |trace| {
            _ = trace.set("deep", json(&Deep(deep)))
        })
    };
    let want = format!(r#""deep":{}{}"#, "[".repeat(32), "]".repeat(32));
    same_line(&line(32), &json_line(&want));
    same_line(
        &line(10_000),
        &json_line(&format!(r#"{want},"truncated":1"#)),
    );
}

/// An endless list that counts the requested elements.
#[derive(Default)]
struct Endless(Mutex<usize>);

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        loop {
            *self.0.lock().unwrap() += 1;
            // Ends the list eventually, so that a failing test ends too.
            if *self.0.lock().unwrap() > 2_000_000 {
                return list.end();
            }
            list.serialize_element(&1)?;
        }
    }
}

#[test]
fn a_structure_is_cut_and_counted_where_the_trace_is_current_or_shared_too() {
    let endless = Endless::default();
    let line = record(builder(Format::Json).max_value(16), |trace| {
        trace.scope(|| traceline::current::set("deep", json(&Deep(40))));
        trace.scope(|| traceline::current::set("long", json(&endless)));
        trace.scope(|| traceline::current::set("text", json(&"0123456789abcdef")));
    });
    same_line(
        &line,
        &json_line(
            r#""deep":[[[[[[[[]]]]]]]],"long":[1,1,1,1,1,1,1],"text":"0123456789abcdef","truncated":2"#,
        ),
    );
    assert!(*endless.0.lock().unwrap() < 100);

    let bench = Bench::new(builder(Format::Json));
    let shared = bench.start().into_shared();
    shared.set("deep", json(&Deep(40)));
    drop(shared);
    let want = format!(
        r#""deep":{}{},"truncated":1"#,
        "[".repeat(32),
        "]".repeat(32)
    );
    same_line(&bench.log.only().args, &json_line(&want));
}

#[test]
fn a_structure_that_was_made_before_the_unit_or_in_a_list_tells_that_it_was_cut() {
    let deep = format!("{}{}", "[".repeat(32), "]".repeat(32));
    let config = builder(Format::Json).field("all", json(&Deep(40)));
    let bench = Bench::new(config.header(false));
    let mut trace = Trace::builder("unit")
        .config(&bench.config)
        .field("own", json(&Deep(40)))
        .start();
    trace.scope(|| traceline::current::set("list", [json(&Deep(40))]));
    trace.set("plain", [json(&Deep(40))]);
    let again = trace.get("own");
    assert_eq!(again.as_ref().map(ToString::to_string), Some(deep.clone()));
    trace.set("again", again);
    trace.emit();
    same_line(
        &bench.log.only().args,
        &format!(
            r#"{{"msg":"unit","all":{deep},"duration_ms":0.0,"own":{deep},"list":[{deep}],"plain":[{deep}],"again":{deep},"truncated":3}}"#
        ),
    );
}

#[test]
fn structures_are_values_as_others_are() {
    let bench = Bench::new(
        builder(Format::Json)
            .header(false)
            .field("build", json(&BTreeMap::from([("rev", "2c59")])))
            .redact(["secret"]),
    );
    let mut trace = bench.start();
    trace.set("item", json(&LAMP)).set("secret", json(&LAMP));
    trace
        .set("list", [json(&[1]), json(&2)])
        .set("some", Some(json(&[3])));
    let again = trace.get("item");
    let Some(OwnedValue::Json(text)) = &again else {
        panic!("{again:?}");
    };
    assert_eq!(
        text.as_str(),
        r#"{"sku":"lamp \"L\"","count":2,"price":24.5}"#
    );
    trace.set("again", again);
    // On the current trace too, values are serialized before the trace is taken.
    trace.scope(|| traceline::current::set("current", json(&[4])));
    trace.set("item", json(&[5]));
    trace.emit();
    same_line(
        &bench.log.only().args,
        r#"{"msg":"unit","build":{"rev":"2c59"},"duration_ms":0.0,"item":[5],"secret":"******","list":[[1],2],"some":[3],"again":{"sku":"lamp \"L\"","count":2,"price":24.5},"current":[4]}"#,
    );
}

#[test]
fn a_key_that_is_a_number_or_a_truth_value_is_its_text() {
    let odd = |key: u128| BTreeMap::from([(key, 1)]);
    both(
        |trace| {
            trace
                .set("n", json(&BTreeMap::from([(-7, 1), (7, 2)])))
                .set("b", json(&BTreeMap::from([(true, 1)])))
                .set("c", json(&BTreeMap::from([('x', 1)])))
                .set("big", json(&odd(u128::MAX)))
                .set("small", json(&odd(7)));
        },
        r#""n":{"-7":1,"7":2},"b":{"true":1},"c":{"x":1},"big":{"340282366920938463463374607431768211455":1},"small":{"7":1}"#,
        r#"n="{\"-7\":1,\"7\":2}" b="{\"true\":1}" c="{\"x\":1}" big="{\"340282366920938463463374607431768211455\":1}" small="{\"7\":1}""#,
    );
}

#[test]
fn raw_json_of_serde_json_is_written_by_the_same_rules() {
    let raw = |text: &str| RawValue::from_string(text.into()).expect("valid JSON");
    let odd = raw("{\n \"a\": [1,\t\"\u{2028}\"], \"\": {}}");
    let twice = raw(r#"{"a":1,"a":2}"#);
    let line = record(builder(Format::Json), |trace| {
        trace.set("odd", json(&odd)).set("in", json(&[&twice]));
        trace
            .set("n", json(&raw(" 7 ")))
            .set("s", json(&raw(r#""a b""#)));
    });
    util::assert_one_safe_line(&line);
    same_line(
        &line,
        &json_line(r#""odd":{"a":[1,"\u2028"],"_":{}},"in":[{"a":2}],"n":7,"s":"a b""#),
    );
    // Also deeper than serde_json itself can read.
    for deep in [100, 100_000] {
        let deep = raw(&("[".repeat(deep) + &"]".repeat(deep)));
        let line = record(builder(Format::Json), |trace| {
            _ = trace.set("deep", json(&deep))
        });
        let want = format!(
            r#""deep":{}{},"truncated":1"#,
            "[".repeat(32),
            "]".repeat(32)
        );
        same_line(&line, &json_line(&want));
    }
}

#[test]
fn numbers_in_raw_json_keep_to_the_rules_of_json_records() {
    let raw = |text: &str| RawValue::from_string(text.into()).expect("valid JSON");
    let list = raw("[18446744073709551616,-9223372036854775808,1e999,1E5,-0,0.10]");
    let one = raw("340282366920938463463374607431768211455");
    both(
        |trace| _ = trace.set("list", json(&list)).set("one", json(&one)),
        r#""list":["18446744073709551616",-9223372036854775808,"1e999",100000.0,-0.0,0.1],"one":"340282366920938463463374607431768211455""#,
        r#"list="[\"18446744073709551616\",-9223372036854775808,\"1e999\",100000.0,-0.0,0.1]" one="340282366920938463463374607431768211455""#,
    );
}

#[test]
fn a_float_has_the_same_digits_inside_of_a_structure() {
    both(
        |trace| _ = trace.set("x", 1e21).set("in", json(&[1e21, 1e-7])),
        r#""x":1e21,"in":[1e21,1e-7]"#,
        r#"x=1e21 in="[1e21,1e-7]""#,
    );
}

/// Continues after an error, or yields keys without values.
struct Careless(u8);

impl Serialize for Careless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let _ = match self.0 {
            0 => map.serialize_entry("a", &Breaks { panics: false }),
            1 => map.serialize_entry("a", &Deep(99)),
            2 => map.serialize_key("a").and_then(|()| map.serialize_key("b")),
            _ => map.serialize_value(&1),
        };
        map.serialize_entry("z", &1)?;
        map.end()
    }
}

#[test]
fn a_serialize_that_writes_no_json_leaves_its_mark() {
    for careless in [0, 1, 2, 3].map(Careless) {
        let line = record(builder(Format::Json), |trace| {
            trace
                .set("map", json(&careless))
                .set("list", json(&[&careless]))
                .set("n", 1);
        });
        let read: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(read["n"], 1, "{line}");
    }
}

/// Uses, during serialization, the trace that it is set on.
struct Busy<'a>(Option<&'a traceline::SharedTrace>);

impl Serialize for Busy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        traceline::current::incr("serialized");
        if let Some(shared) = self.0 {
            shared.incr("serialized").set("again", json(&[1]));
        }
        serializer.collect_seq([1, 2])
    }
}

#[test]
fn a_serialize_may_use_the_trace_that_it_is_set_on() {
    let line = record(builder(Format::Json), |trace| {
        trace.scope(|| traceline::current::set("busy", json(&Busy(None))));
    });
    same_line(&line, &json_line(r#""serialized":1,"busy":[1,2]"#));
    let bench = Bench::new(builder(Format::Json).header(false));
    let shared = bench.start().into_shared();
    shared.set("busy", json(&Busy(Some(&shared))));
    shared.set("list", [json(&Busy(Some(&shared)))]);
    drop(shared);
    same_line(
        &bench.log.only().args,
        r#"{"msg":"unit","duration_ms":0.0,"serialized":2,"again":[1],"busy":[1,2],"list":[[1,2]]}"#,
    );
}

/// A logger that keeps key-values as text.
#[derive(Default)]
struct Typed(Mutex<BTreeMap<String, String>>);

impl log::Log for Typed {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut keep = Keep(self.0.lock().unwrap());
        record.key_values().visit(&mut keep).unwrap();
    }

    fn flush(&self) {}
}

struct Keep<'a>(MutexGuard<'a, BTreeMap<String, String>>);

impl<'kvs> kv::VisitSource<'kvs> for Keep<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.insert(key.to_string(), value.to_string());
        Ok(())
    }
}

#[test]
fn what_goes_out_as_key_values_is_the_text_of_a_structure() {
    let logger: &'static Typed = Box::leak(Box::default());
    let config = builder(Format::Json)
        .output(Output::KeyValues)
        .max_record(700);
    let config = config.logger(logger).build().unwrap();
    let mut trace = traceline::builder!("unit").config(&config).start();
    trace.set("item", json(&LAMP));
    trace.set("long", json(&vec!["abcdefgh"; 200]));
    trace.emit();
    let pairs = logger.0.lock().unwrap();
    let of = |key: &str| pairs.get(key).expect("a pair");
    assert_eq!(of("item"), r#"{"sku":"lamp \"L\"","count":2,"price":24.5}"#);
    let cut: Value = serde_json::from_str(of("long")).expect("JSON");
    assert!(
        cut.as_array()
            .is_some_and(|items| items.len() > 10 && items.len() < 200)
    );
    assert_eq!(of("truncated"), "1");
}

/// The keys inside a structure are not the record's.
#[test]
fn redaction_looks_at_the_keys_of_the_record_alone() {
    let builder = builder(Format::Json).redact(["sku", "card"]);
    let line = record(builder, |trace| {
        _ = trace.set("item", json(&LAMP)).set("card", json(&LAMP))
    });
    same_line(
        &line,
        &json_line(r#""item":{"sku":"lamp \"L\"","count":2,"price":24.5},"card":"******""#),
    );
}
