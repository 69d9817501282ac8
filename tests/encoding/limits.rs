//! One line within its limit, whatever is put in.

use serde_json::Value;
use traceline::{Trace, config::ConfigBuilder, display, text_lossy};

use super::{json, logfmt};
use crate::util::{Bench, add_from_here, logfmt_line, record, same_line};

/// The smallest record limit that `build` accepts without fixed fields.
const LEAST: usize = 512;

/// A JSON record within `limit`, parsed.
#[track_caller]
fn within(limit: usize, builder: ConfigBuilder, work: impl FnOnce(&mut Trace)) -> Value {
    let line = record(builder.max_record(limit), work);
    assert!(line.len() <= limit, "{} bytes: {line}", line.len());
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_record_that_fills_its_limit_is_whole() {
    for builder in [logfmt, json] {
        // The longest text that fits, computed from the length of an empty record.
        let empty = record(builder(), |trace| {
            trace.set("k", "é ");
        });
        let text = format!("é {}", "x".repeat(LEAST - empty.len()));
        let line = record(builder().max_record(LEAST), |trace| {
            trace.set("k", &text);
        });
        assert_eq!(line.len(), LEAST);
        assert!(
            line.contains(&text) && !line.contains("truncated"),
            "{line}"
        );

        let line = record(builder().max_record(LEAST), |trace| {
            trace.set("k", format!("{text}x"));
        });
        assert!(line.len() <= LEAST && line.contains("truncated"), "{line}");
    }
}

#[test]
fn the_longest_values_are_cut_and_counted_and_short_ones_stay_whole() {
    let record = within(LEAST, json(), |trace| {
        trace
            .set("long", "a".repeat(1_000))
            .set("short", "b".repeat(40));
        trace
            .set("longer", "c".repeat(2_000))
            .set("number", u64::MAX);
    });
    let (long, longer) = (&record["long"], &record["longer"]);
    let (long, longer) = (long.as_str().unwrap(), longer.as_str().unwrap());
    assert_eq!(long.len(), longer.len());
    assert!(long.len() > 100 && long.bytes().all(|byte| byte == b'a'));
    assert!(longer.bytes().all(|byte| byte == b'c'));
    assert_eq!(record["short"], "b".repeat(40));
    assert_eq!(record["number"], u64::MAX);
    assert_eq!(record["truncated"], 2);
}

#[test]
fn a_cut_value_takes_all_the_room_there_is() {
    for builder in [logfmt, json] {
        let line = record(builder().max_record(LEAST), |trace| {
            trace.set("k", "a".repeat(1_000));
        });
        assert_eq!(line.len(), LEAST, "{line}");
    }
}

#[test]
fn values_are_cut_at_a_character_boundary_and_never_inside_an_escape() {
    for text in ["é", "€", "😀", "\u{1b}", "\"", "\\", "\u{2028}", "a\n"] {
        let whole = text.repeat(1_000);
        let record = within(LEAST, json(), |trace| {
            trace.set("k", &whole);
        });
        let kept = record["k"].as_str().unwrap();
        assert!(whole.starts_with(kept), "{text:?}: {kept:?}");
        assert!(kept.len() > 30, "{text:?}: {kept:?}");
        assert_eq!(record["truncated"], 1, "{text:?}");
    }
}

#[test]
fn fragments_errors_and_the_message_are_cut_like_values() {
    let long = "x".repeat(2_000);
    let record = within(LEAST, json(), |trace| {
        add_from_here(trace, &long);
        trace.error(&*long);
    });
    let kept = record["error"].as_str().unwrap();
    assert_eq!(record["fragments"][0]["msg"], kept);
    assert!(kept.len() > 100 && long.starts_with(kept));
    assert_eq!(record["truncated"], 2);

    let bench = Bench::new(logfmt().max_record(LEAST));
    Trace::builder(long.clone())
        .config(&bench.config)
        .start()
        .emit();
    let line = bench.log.only().args;
    assert!(
        line.len() == LEAST && line.ends_with(" duration_ms=0.0 truncated=1"),
        "{line}"
    );
}

/// Half an id is useless in a search, so it is cut as late as the name, and counted.
#[test]
fn the_id_of_the_request_is_cut_last_and_counted() {
    for (length, shown, truncated) in [(64, 64, 60), (128, 64, 61)] {
        let record = within(LEAST + 2_000, json(), |trace| {
            trace.set_request_id(&"r".repeat(length));
            for number in 0..60 {
                trace.set(format!("k{number}"), "x".repeat(60));
            }
        });
        let id = record["request_id"].as_str().unwrap();
        assert_eq!((id.len(), &record["truncated"]), (shown, &truncated.into()));
    }
}

#[test]
fn a_list_is_cut_between_two_items_and_counted() {
    let record = within(LEAST, json(), |trace| {
        trace.set("k", vec!["an item"; 200]);
    });
    let items = record["k"].as_array().unwrap();
    assert!(items.len() > 10 && items.iter().all(|item| item == "an item"));
    assert_eq!(record["truncated"], 1);
}

#[test]
fn a_nested_list_that_is_cut_is_closed() {
    let record = within(LEAST, json(), |trace| {
        trace.set("k", vec![vec![vec!["an item"; 3]; 3]; 50]);
    });
    assert!(record["k"][0][0].as_array().unwrap().len() == 3);
    assert_eq!(record["truncated"], 1);
}

#[test]
fn many_huge_keys_are_left_out_and_counted() {
    for keep in [json, logfmt] {
        let keys: Vec<String> = (0..100)
            .map(|i| format!("key{i:03}{}", "k".repeat(100)))
            .collect();
        let line = record(keep().max_record(LEAST), |trace| {
            for key in &keys {
                trace.set(key, 1);
            }
        });
        assert!(line.len() <= LEAST, "{line}");
        let kept = keys.iter().filter(|key| line.contains(*key)).count();
        assert!(kept >= 1, "{line}");
        let dropped = format!("{}", 100 - kept);
        assert!(
            line.contains(&format!(" dropped_fields={dropped}"))
                || line.contains(&format!(r#","dropped_fields":{dropped}"#)),
            "{line}"
        );
    }
}

#[test]
fn many_fragments_are_left_out_and_counted() {
    let record = within(LEAST, json(), |trace| {
        for _ in 0..100 {
            add_from_here(trace, "a fragment");
        }
    });
    let kept = record["fragments"].as_array().unwrap().len() as u64;
    assert!(kept >= 1);
    assert_eq!(record["dropped_fragments"].as_u64(), Some(100 - kept));
}

/// "No fragments: no `fragments` field" also holds if the limit removed them all.
#[test]
fn fragments_that_all_had_to_go_leave_no_empty_field() {
    for (builder, key) in [(logfmt(), 420), (json(), 400)] {
        let line = record(builder.max_record(LEAST), |trace| {
            trace.set("k".repeat(key), 1);
            add_from_here(trace, "a fragment");
        });
        assert!(line.contains("dropped_fragments"), "{line}");
        assert!(
            !line.contains("\"fragments\"") && !line.contains(" fragments="),
            "{line}"
        );
    }
}

#[test]
fn a_value_over_its_limit_is_cut_at_a_character_boundary_and_counted() {
    let long = "é".repeat(20);
    let cut = "é".repeat(8);
    let line = record(logfmt().max_value(17), |trace| {
        trace
            .set("a", &long)
            .set("b", display(&long))
            .set("c", text_lossy(long.as_bytes()));
        trace
            .set("d", format_args!("{long}"))
            .set("e", "x".repeat(17));
        trace
            .set(String::from("e"), "y".repeat(18))
            .set("f", "z".repeat(17));
    });
    let want = format!(
        "a=\"{cut}\" b=\"{cut}\" c=\"{cut}\" d=\"{cut}\" e={} f={} truncated=5",
        "y".repeat(17),
        "z".repeat(17)
    );
    same_line(&line, &logfmt_line(&want));
}

#[test]
fn a_value_that_was_cut_and_replaced_is_not_counted() {
    let line = record(logfmt().max_value(16), |trace| {
        trace.set("a", "x".repeat(17)).set("a", "short");
    });
    same_line(&line, &logfmt_line("a=short"));
}

#[test]
fn a_key_over_the_limit_is_cut_and_stays_the_same_key() {
    let key = "k".repeat(20);
    let line = record(logfmt().max_value(16), |trace| {
        trace.set(&key, 1).set(&key, 2);
    });
    same_line(
        &line,
        &logfmt_line(&format!("{}=2 truncated=1", "k".repeat(16))),
    );
}

/// `truncated` counts only what is in the record: neither a field that was removed
/// nor a timer whose first lap still runs.
#[test]
fn a_cut_key_of_a_field_that_is_not_in_the_record_is_not_counted() {
    let key = "k".repeat(20);
    let bench = Bench::new(logfmt().max_value(16));
    let mut trace = bench.start();
    trace
        .set(&key, 1)
        .unset(&key)
        .set("l".repeat(20), None::<u8>);
    let lap = trace.start_timer("m".repeat(20));
    trace.checkpoint();
    trace.stop(lap);
    trace.emit();
    let m = "m".repeat(16);
    let want = [
        logfmt_line("partial=true seq=1"),
        logfmt_line(&format!(
            "{m}.count=1 {m}.ms=0.0 {m}.max_ms=0.0 truncated=1"
        )),
    ];
    assert_eq!(bench.log.take_lines(), want);
}

#[test]
fn fields_past_their_limit_are_counted_and_known_ones_still_written() {
    let line = record(logfmt().max_fields(2), |trace| {
        trace.set("a", 1).set("b", 2).set("c", 3).incr("d");
        trace.set("a", 4).set("c", None::<u8>);
    });
    same_line(&line, &logfmt_line("a=4 b=2 dropped_fields=2"));
}

#[test]
fn a_removed_field_makes_room() {
    let line = record(logfmt().max_fields(2), |trace| {
        trace.set("a", 1).set("b", 2).unset("a").set("c", 3);
    });
    same_line(&line, &logfmt_line("b=2 c=3"));
}

#[test]
fn fragments_past_their_limit_are_counted_and_the_first_and_last_kept() {
    let line = record(json().max_fragments(3), |trace| {
        for text in ["a", "b", "c", "d", "e"] {
            add_from_here(trace, text);
        }
    });
    let record: Value = serde_json::from_str(&line).unwrap();
    let texts = record["fragments"].as_array().unwrap().iter();
    let texts: Vec<&Value> = texts.map(|fragment| &fragment["msg"]).collect();
    assert_eq!(texts, ["a", "b", "e"]);
    assert_eq!(record["dropped_fragments"], 2);
}

#[test]
fn no_character_that_ends_a_line_or_acts_on_a_terminal_leaves_raw() {
    let all: String = (0..0x1_0000).filter_map(char::from_u32).collect();
    for builder in [logfmt, json] {
        let builder = builder()
            .max_record(1 << 21)
            .max_value(1 << 19)
            .max_fields(1_000)
            .max_fragments(4);
        let line = record(builder, |trace| {
            trace.set("k", &all).set("list", [&all]);
            for part in all.chars().collect::<Vec<char>>().chunks(200) {
                trace.set(part.iter().collect::<String>(), 1);
            }
            trace.add(&all).error(&*all);
        });
        let raw = |char: &char| {
            char.is_control()
                || matches!(char, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        };
        let found: Vec<char> = line.chars().filter(raw).collect();
        assert_eq!(found, []);
        assert!(!line.contains("truncated"));
    }
}
