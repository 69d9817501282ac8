//! Arbitrary programs give the same lines on the library and on a reference that
//! was written from the encoding rules and the design alone (`reference/`).
//!
//! `MODEL_SEED`, `MODEL_PROGRAMS` and `MODEL_THREADS` set which programs run, and how many.

use std::collections::BTreeMap;

use crate::random::Random;
use crate::reference::program::{
    End, Integers, Key, Num, Op, Plan, Program, Schema, Settings, Tag, Val, Wall,
};
use crate::reference::shrink::{inner, shrunk};
use crate::reference::{self, compare, decode, threads};

/// Often a few bytes, sometimes thousands.
fn bytes(mut random: Random) -> Vec<u8> {
    let most = random.pick(&[16, 200, 1_000, 4_000]);
    let length = random.below(most);
    (0..length).map(|_| random.next() as u8).collect()
}

/// Two for the settings, and three for each of up to 300 calls.
fn bytes_of_threads(mut random: Random) -> Vec<u8> {
    let most = random.pick(&[10, 30, 100, 300]);
    let length = 2 + 3 * random.below(most);
    (0..length).map(|_| random.next() as u8).collect()
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn arbitrary_programs_give_the_lines_of_the_reference() {
    let programs = if cfg!(debug_assertions) {
        5_000
    } else {
        200_000
    };
    let seed = setting("MODEL_SEED", 1);
    for number in 0..setting("MODEL_PROGRAMS", programs) {
        let random = Random(seed.wrapping_mul(0x1_0000_0000).wrapping_add(number));
        let program = decode(&bytes(random));
        if let Err(first) = compare(&program) {
            let program = shrunk(program);
            // It may depend on the history of the thread.
            let why = compare(&program).err().unwrap_or(first);
            panic!("program {number} of seed {seed}: {why}\n{program:?}");
        }
    }
}

#[test]
fn threads_that_share_units_give_the_lines_that_are_predicted() {
    let programs = if cfg!(debug_assertions) { 300 } else { 10_000 };
    let seed = setting("MODEL_SEED", 1);
    for number in 0..setting("MODEL_THREADS", programs) {
        let random = Random(seed.wrapping_mul(0x2_0000_0000).wrapping_add(number));
        let program = threads::decode(&bytes_of_threads(random));
        if let Err(first) = threads::compare(&program) {
            let program = threads::shrunk(program);
            let why = threads::compare(&program).err().unwrap_or(first);
            panic!("program {number} of seed {seed}:\n{why}\n{program:?}");
        }
    }
}

/// The inputs that a fuzzer tries first.
#[test]
fn bytes_of_any_length_are_a_program() {
    for byte in [0, 1, 0x7f, 0xff] {
        for length in 0..200 {
            reference::check(&vec![byte; length]);
        }
    }
}

// ----- what the programs cover

/// How often each kind of call occurs, nested calls included.
fn tally(ops: &[Op], kinds: &mut BTreeMap<String, usize>) {
    for op in ops {
        let text = format!("{op:?}");
        let end = text.find(|char: char| !char.is_alphanumeric());
        *kinds
            .entry(text[..end.unwrap_or(text.len())].to_owned())
            .or_default() += 1;
        if let Op::Set(_, value) = op {
            let text = format!("{value:?}");
            let end = text.find(|char: char| !char.is_alphanumeric());
            let kind = format!("Set {}", &text[..end.unwrap_or(text.len())]);
            *kinds.entry(kind).or_default() += 1;
        }
        if let Op::Crossed(_, later) = op {
            tally(later, kinds);
        }
        if let Some(ops) = inner(op) {
            tally(ops, kinds);
        }
    }
}

fn programs(count: u64) -> impl Iterator<Item = Program> {
    (0..count).map(|number| decode(&bytes(Random(number))))
}

#[test]
fn programs_reach_every_call_and_every_kind_of_value() {
    let mut kinds = BTreeMap::new();
    for program in programs(1_000) {
        for plan in &program.units {
            tally(&plan.ops, &mut kinds);
        }
    }
    const CALLS: [&str; 42] = [
        "Set",
        "Unset",
        "Incr",
        "Count",
        "Sum",
        "Max",
        "Time",
        "StartTimer",
        "Stop",
        "Add",
        "Warn",
        "Fail",
        "AddElsewhere",
        "Error",
        "Check",
        "Ok",
        "Status",
        "Raise",
        "SetLevel",
        "Advance",
        "Get",
        "Look",
        "Render",
        "Checkpoint",
        "TakeAndPut",
        "ContinueFrom",
        "RequestId",
        "SetState",
        "AskIds",
        "Child",
        "Scope",
        "Enter",
        "Unit",
        "Part",
        "Log",
        "Headers",
        "With",
        "Crossed",
        "EmitAll",
        "TakeAndDrop",
        "Catch",
        "Panic",
    ];
    const VALUES: [&str; 22] = [
        "None", "Null", "Bool", "Num", "Char", "Text", "Cow", "Arc", "Path", "Args", "Display",
        "Debug", "Panics", "Mask", "Lossy", "Duration", "Time", "Ip", "List", "Texts", "Floats",
        "Options",
    ];
    let values = VALUES.map(|value| format!("Set {value}"));
    let calls = CALLS
        .map(str::to_owned)
        .into_iter()
        .chain(["Shared".to_owned()]);
    for kind in calls.chain(values) {
        let count = kinds.get(&kind).copied().unwrap_or_default();
        assert!(count >= 20, "{kind}: {count} of {kinds:?}");
    }
}

#[test]
fn programs_reach_every_setting_and_every_end() {
    type Is = fn(&Settings) -> bool;
    let settings: [(&str, Is); 24] = [
        ("json", |s| s.json),
        ("logfmt", |s| !s.json),
        ("no header", |s| !s.header),
        ("digits", |s| s.digits != 6),
        ("non-finite as text", |s| s.non_finite_as_text),
        ("integers", |s| s.integers != Integers::Bits64),
        ("tag", |s| s.tag != Tag::Line),
        ("unicode keys", |s| s.unicode_keys && !s.json),
        ("schema", |s| s.schema != Schema::None),
        ("names", |s| !s.renamed.is_empty()),
        ("fixed fields", |s| !s.fixed.is_empty()),
        ("redaction", |s| !s.redact.is_empty()),
        ("fields", |s| s.max_fields.is_some()),
        ("fragments", |s| s.max_fragments.is_some()),
        ("record", |s| s.max_record.is_some()),
        ("value", |s| s.max_value.is_some()),
        ("filter", |s| s.logger != log::LevelFilter::Trace),
        ("wall clock", |s| s.wall != Wall::Now),
        ("sampling", |s| s.sampling.is_some()),
        ("absorb", |s| s.bridge.absorb.is_some()),
        ("absorb filtered", |s| s.bridge.absorb_filtered),
        ("only on failure", |s| s.bridge.only_on_failure),
        ("without unit", |s| s.bridge.without_unit),
        ("hook", |s| s.hook),
    ];
    let programs: Vec<Program> = programs(1_000).collect();
    for (name, is) in settings {
        let count = programs
            .iter()
            .filter(|program| is(&program.settings))
            .count();
        assert!(count >= 50, "{name}: {count}");
    }
    for end in [End::Emit, End::Drop, End::Discard, End::Panic] {
        let plans = programs.iter().flat_map(|program| &program.units);
        let count = plans.filter(|plan| plan.end == end).count();
        assert!(count >= 50, "{end:?}: {count}");
    }
}

/// The effects of limits and sampling show in the records of many programs.
#[test]
fn programs_reach_what_a_record_says_of_its_losses() {
    let mut lines = Vec::new();
    for program in programs(2_000) {
        let done = reference::world::run(&program);
        lines.extend(done.records.into_iter().map(|record| record.line));
    }
    for name in [
        "dropped_fields",
        "dropped_fragments",
        "lost_parts",
        "truncated",
        "sample_rate",
        "partial",
        "seq",
        "error.chain",
        "trace_id",
        "parent_id",
        "request_id",
        "fragments",
    ] {
        let has = |line: &&String| {
            line.contains(&format!(" {name}=")) || line.contains(&format!(",\"{name}\":"))
        };
        let count = lines.iter().filter(has).count();
        assert!(count >= 20, "{name}: {count} of {}", lines.len());
    }
    let is_wall = |line: &&String| line.contains(".wall_ms=") || line.contains(".wall_ms\":");
    let count = lines.iter().filter(is_wall).count();
    assert!(count >= 20, "wall_ms: {count} of {}", lines.len());
}

/// Programs with invalid settings would prove nothing.
#[test]
fn nearly_all_programs_run() {
    let refused = programs(1_000).filter(|program| reference::run::run(program).is_none());
    let refused = refused.count();
    // The fixed fields do not fit into the smallest records.
    assert!(refused < 50, "{refused} of 1000 are refused");
}

// ----- the reference itself

/// The text of a field in the record of a unit, in both formats.
#[track_caller]
fn check_example(fields: &[(&'static str, Val)], logfmt: &str, json: &str) {
    for (is_json, want) in [(false, logfmt), (true, json)] {
        let settings = Settings {
            json: is_json,
            header: false,
            ..Settings::default()
        };
        let set = |(key, value): &(&'static str, Val)| Op::Set(Key::Static(key), value.clone());
        let plan = Plan {
            name: "unit".to_owned(),
            level: None,
            target: None,
            fields: Vec::new(),
            ops: fields.iter().map(set).collect(),
            end: End::Emit,
        };
        let program = Program {
            settings,
            units: vec![plan],
        };
        let lines = reference::world::run(&program).records;
        let want = match (is_json, want) {
            (true, "") => r#"{"msg":"unit","duration_ms":0.0}"#.to_owned(),
            (true, want) => format!(r#"{{"msg":"unit","duration_ms":0.0,{want}}}"#),
            (false, "") => "msg=unit duration_ms=0.0".to_owned(),
            (false, want) => format!("msg=unit duration_ms=0.0 {want}"),
        };
        assert_eq!(lines[0].line, want);
    }
}

/// The table of examples in the encoding rules.
#[test]
fn the_reference_writes_the_examples_as_they_are_given() {
    let text = |text: &str| Val::Text(text.to_owned());
    let cases: [(Val, &str, &str); 16] = [
        (text("abc"), "k=abc", r#""k":"abc""#),
        (text(""), r#"k="""#, r#""k":"""#),
        (text("a b"), r#"k="a b""#, r#""k":"a b""#),
        (text("007"), r#"k="007""#, r#""k":"007""#),
        (Val::Num(Num::I32(7)), "k=7", r#""k":7"#),
        (text("null"), r#"k="null""#, r#""k":"null""#),
        (Val::Null, "k=null", r#""k":null"#),
        (Val::None, "", ""),
        (
            text("x\nlevel=fatal"),
            r#"k="x\nlevel=fatal""#,
            r#""k":"x\nlevel=fatal""#,
        ),
        (
            text("say \"hi\""),
            r#"k="say \"hi\"""#,
            r#""k":"say \"hi\"""#,
        ),
        (
            text(r"C:\dir\"),
            r#"k="C:\\dir\u005c""#,
            r#""k":"C:\\dir\\""#,
        ),
        (text("'q'"), r#"k="'q'""#, r#""k":"'q'""#),
        (text("\x1b[31m"), r#"k="\u001b[31m""#, r#""k":"\u001b[31m""#),
        (text("é\u{2028}"), r#"k="é\u2028""#, r#""k":"é\u2028""#),
        (Val::Num(Num::F64(1.0)), "k=1.0", r#""k":1.0"#),
        (Val::Num(Num::F64(f64::NAN)), "k=NaN", r#""k":null"#),
    ];
    for (value, logfmt, json) in cases {
        check_example(&[("k", value)], logfmt, json);
    }
    check_example(
        &[("k", Val::Num(Num::U128(u128::MAX)))],
        "k=340282366920938463463374607431768211455",
        r#""k":"340282366920938463463374607431768211455""#,
    );
    check_example(
        &[("k", Val::Texts(vec!["a".to_owned(), "q\"".to_owned()]))],
        r#"k="[\"a\",\"q\\\"\"]""#,
        r#""k":["a","q\""]"#,
    );
}

#[test]
fn the_reference_names_keys_as_the_examples_do() {
    let one = Val::Num(Num::U8(1));
    let two = Val::Num(Num::U8(2));
    check_example(
        &[("a b", one.clone()), ("a=b", two)],
        "a_b=1 a_b_2=2",
        r#""a b":1,"a=b":2"#,
    );
    check_example(
        &[("g.x", one), ("g.y", Val::Text("a b".to_owned()))],
        r#"g.x=1 g.y="a b""#,
        r#""g.x":1,"g.y":"a b""#,
    );
    check_example(
        &[("level", Val::Text("forged".to_owned()))],
        "level_2=forged",
        r#""level_2":"forged""#,
    );
}

/// Floats are written as the crate `ryu` prints them.
#[test]
fn the_reference_writes_floats_as_they_are_given() {
    for (value, want) in [
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e21, "1e21"),
        (5e-324, "5e-324"),
        (1.0e16, "1e16"),
        (123_456.0, "123456.0"),
        (0.00001, "0.00001"),
        (0.000001, "1e-6"),
        // Halfway between two texts: the even one.
        (685_805_205_550.0 + 0.406_25, "685805205550.4062"),
    ] {
        let field = [("k", Val::Num(Num::F64(value)))];
        check_example(&field, &format!("k={want}"), &format!(r#""k":{want}"#));
    }
}
