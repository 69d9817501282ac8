//! Lines written by the library are read back with the values that were put in.

#[path = "../../../tests/util/mod.rs"]
mod util;

use std::time::Duration;

use proptest::prelude::*;
use traceline::{
    Config, Format,
    config::{LineTag, Name},
    ids::TraceParent,
};
use traceline_cli::detail::{Detail, Fragment};
use traceline_cli::fields::Value;
use traceline_cli::record::{Level, Outcome};
use traceline_cli::{Names, Reject, fields, parse};
use util::{Bench, FixedIds};

const FORMATS: [Format; 2] = [Format::Logfmt, Format::Json];

/// Texts that need escapes, quotes or neither.
fn text() -> impl Strategy<Value = String> {
    let odd =
        "[\"\\\\=;\\[\\] {},:\\n\\t\\u{0}\\u{1b}\\u{7f}\\u{85}\\u{2028}\\u{202e}é日😀a0.-]{0,40}";
    prop_oneof![
        odd,
        any::<String>(),
        "[a-z]{0,20}",
        "[0-9.]{0,8}",
        "\\PC{0,90}",
        Just("; [7, 1.0ms] forged".into())
    ]
}

fn said(detail: &Detail, key: &str) -> String {
    detail
        .field(key.as_bytes())
        .unwrap_or("<absent>")
        .to_owned()
}

#[test]
fn a_record_of_every_part_comes_back() {
    for format in FORMATS {
        let builder = Config::builder()
            .format(format)
            .field("service", "shop")
            .line_tag(LineTag::FileLine);
        let bench = Bench::new(builder.ids(&FixedIds(9, 9)));
        let mut trace = bench.start();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        trace.continue_from(parent.parse::<TraceParent>().unwrap());
        trace.set("user", 7).set("list", [1, 2]);
        bench.clock.advance(Duration::from_micros(1_500));
        trace.add("first");
        let line = line!() - 1;
        trace.time("db", |_| bench.clock.advance(Duration::from_micros(250)));
        trace.warn("second");
        trace.error("lost");
        trace.checkpoint();
        trace.emit();
        let lines = bench.log.take_lines();
        let records: Vec<_> = lines
            .iter()
            .map(|line| parse(line.as_bytes(), &Names::default()).unwrap())
            .collect();
        assert_eq!([records[0].partial, records[1].partial], [true, false]);
        let record = &records[1];
        assert_eq!(
            (&*record.name(), &*record.service.decode()),
            ("unit", "shop")
        );
        assert_eq!(
            (record.end, record.duration),
            (Some(1_795_250_760_125_206), Some(1_750))
        );
        assert_eq!(
            (record.level, record.outcome),
            (Level::Error, Outcome::Error)
        );
        let ids = record.ids.map(|id| id.unwrap().decode().into_owned());
        assert_eq!(
            ids,
            [
                "0af7651916cd43dd8448eb211c80319c",
                "0909090909090909",
                "b7ad6b7169203331"
            ]
        );
        let detail = Detail::parse(lines[1].as_bytes(), &Names::default());
        assert_eq!(said(&detail, "list"), "[1,2]");
        assert_eq!(said(&detail, "error"), "lost");
        let timer = &detail.timers[0];
        assert_eq!(
            (&*timer.key, &*timer.count, timer.total, timer.longest),
            ("db", "1", 250, 250)
        );
        let fragment = |at, line, level: &str, text: &str| {
            let tag = format!("records.rs:{line}");
            Fragment {
                at,
                tag,
                level: level.into(),
                text: text.into(),
            }
        };
        let all = [
            fragment(1_500, line, "", "first"),
            fragment(1_750, line + 3, "warn", "second"),
        ];
        assert_eq!(detail.fragments, all);
    }
}

#[test]
fn names_that_the_library_was_told_are_told_to_the_reader() {
    for format in FORMATS {
        let builder = Config::builder().format(format);
        let renamed = [
            (Name::Ts, "when"),
            (Name::Msg, "what"),
            (Name::DurationMs, "needed_ms"),
            (Name::Fragments, "steps"),
        ];
        let builder = renamed
            .into_iter()
            .fold(builder, |builder, (name, text)| builder.name(name, text));
        let line = util::record(builder, |trace| _ = trace.add("step"));
        assert_eq!(
            parse(line.as_bytes(), &Names::default()).unwrap_err(),
            Reject::Other
        );
        let names = Names::parse("ts=when,msg=what,duration_ms=needed_ms,fragments=steps").unwrap();
        assert_eq!(parse(line.as_bytes(), &names).unwrap().name(), "unit");
        assert_eq!(Detail::parse(line.as_bytes(), &names).fragments.len(), 1);
    }
}

proptest! {
    #[test]
    fn hostile_values_come_back_and_add_nothing(
        values in prop::collection::vec(text(), 0..6),
        texts in prop::collection::vec(text(), 0..4),
        key in text(),
    ) {
        for format in FORMATS {
            let line = util::record(Config::builder().format(format), |trace| {
                for (at, value) in values.iter().enumerate() {
                    trace.set(format!("k{at}"), value);
                }
                texts.iter().for_each(|text| _ = trace.add(text));
                trace.set(key.clone(), 7);
            });
            let record = parse(line.as_bytes(), &Names::default());
            prop_assert_eq!(record.unwrap().name(), "unit");
            let detail = Detail::parse(line.as_bytes(), &Names::default());
            // ts level msg duration_ms, the values, the odd key
            prop_assert_eq!(detail.fields.len(), 4 + values.len() + 1, "{}", line);
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(&said(&detail, &format!("k{at}")), value);
            }
            let found: Vec<&str> = detail.fragments.iter().map(|fragment| &*fragment.text).collect();
            match format {
                Format::Json => prop_assert_eq!(found, texts.iter().map(|text| &**text).collect::<Vec<_>>()),
                // The library replaces the separator inside a text; that cannot be undone.
                _ => {
                    let altered = |text: &&str| text.replace("; [", ";[");
                    let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                    prop_assert_eq!(
                        found.iter().map(altered).collect::<Vec<_>>(),
                        texts.iter().map(altered).collect::<Vec<_>>()
                    );
                }
            }
        }
    }

    #[test]
    fn no_bytes_are_too_odd(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        odd in "(ts=|msg=|\\{\"msg\":|\"|\\\\|=| |\\[|\\]|\\{|\\}|duration_ms=1|,|:|\\\\u12|\\[2026-11-21T08:46:00Z )*",
    ) {
        for line in [&bytes[..], odd.as_bytes()] {
            let names = Names::default();
            if let Ok(record) = parse(line, &names) {
                record.name();
            }
            Detail::parse(line, &names);
        }
    }

    /// A line cut or changed anywhere is a record within that line, is refused, or is another kind.
    #[test]
    fn lines_that_were_cut_or_changed_are_survived(at in 0..400_usize, byte in any::<u8>(), json in any::<bool>()) {
        let format = FORMATS[usize::from(json)];
        let whole = util::record(Config::builder().format(format), |trace| {
            trace.set("text", "a \"b\" \\ c").set("n", 7).set("list", ["x", "y"]);
            trace.add("one").add("two \u{1b}");
            trace.error("lost");
        });
        let mut changed = whole.clone().into_bytes();
        let at = at % changed.len();
        changed[at] = byte;
        for line in [&whole.as_bytes()[..at], &changed] {
            if let Ok(record) = parse(line, &Names::default()) {
                prop_assert!(!record.name().is_empty());
                Detail::parse(line, &Names::default());
            }
        }
    }

    /// An object that an independent reader accepts has the same keys and values here.
    #[test]
    fn json_is_what_serde_json_takes_for_it(
        pairs in prop::collection::btree_map(text(), (text(), any::<f64>(), any::<bool>()), 0..5),
        blanks in any::<bool>(),
    ) {
        let json: serde_json::Map<_, _> = pairs.iter()
            .map(|(key, (text, number, list))| {
                let value = if *list { serde_json::json!([text, { "n": number }]) } else { serde_json::json!(text) };
                (key.clone(), value)
            })
            .collect();
        let line = if blanks { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
        let line = line.unwrap().replace('\n', " ");
        let mut found = Vec::new();
        let read = fields::json(line.as_bytes(), |field| {
            let value = match field.value {
                Value::Text(text) => serde_json::json!(text.decode()),
                value => serde_json::from_slice(value.text().raw).expect("JSON"),
            };
            found.push((field.key.decode().into_owned(), value));
        });
        prop_assert_eq!(read, Ok(()));
        let back = serde_json::from_str::<serde_json::Map<_, _>>(&line).unwrap();
        prop_assert_eq!(found, back.into_iter().collect::<Vec<_>>());
    }
}
