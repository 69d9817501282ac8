//! A unit never holds more than its limits, whatever is done to it and however
//! often, and its record states exactly what was lost.
//!
//! `MANY` is ten million in a release build (`cargo test --release --test
//! bounds`) and less in a debug build, which is forty times slower.

use std::fmt::Write;

use log::Level;
use serde_json::Value as Json;
use traceline::{
    Config, Format, Trace,
    config::{ConfigBuilder, Name},
    ids::{TraceParent, TraceState},
    key,
};

use crate::counting::count;
use crate::util;
use crate::util::Bench;

const MANY: usize = if cfg!(debug_assertions) {
    100_000
} else {
    10_000_000
};

const KIB: isize = 1024;
const MIB: isize = 1024 * KIB;

/// The default limits.
const FIELDS: usize = 256;
const FRAGMENTS: usize = 256;
const RECORD: usize = 16 * 1024;
const VALUE: usize = 8 * 1024;

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

/// The record of a unit that never held more than `most` bytes.
#[track_caller]
fn record_within(most: isize, builder: ConfigBuilder, work: impl FnOnce(&mut Trace)) -> String {
    let bench = Bench::new(builder);
    let ((), used) = count(|| {
        let mut trace = bench.start();
        work(&mut trace);
        drop(trace);
    });
    assert!(used.peak < most, "{used:?} is not below {most}");
    let line = bench.log.only().args;
    assert!(line.len() <= RECORD, "{} bytes", line.len());
    line
}

#[track_caller]
fn check_within(most: isize, work: impl FnOnce(&mut Trace), want: &str) {
    util::same_line(&record_within(most, bare(), work), want);
}

#[track_caller]
fn parse(line: &str) -> serde_json::Map<String, Json> {
    match serde_json::from_str(line) {
        Ok(Json::Object(record)) => record,
        other => panic!("{other:?} from {line}"),
    }
}

/// A generator that produces the same sequence in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

mod repeated {
    use super::*;

    #[test]
    fn fragments_keep_the_first_and_the_last_half() {
        let json = bare().format(Format::Json);
        let line = record_within(128 * KIB, json, |trace| {
            for n in 0..MANY {
                traceline::add!(trace, "n={n}");
            }
        });
        let record = parse(&line);
        let texts: Vec<&str> = record["fragments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fragment| fragment["msg"].as_str().unwrap())
            .collect();
        let half = FRAGMENTS / 2;
        let kept: Vec<String> = (0..half)
            .chain(MANY - half..MANY)
            .map(|n| format!("n={n}"))
            .collect();
        assert_eq!(texts, kept);
        assert_eq!(record["dropped_fragments"], MANY - FRAGMENTS);
        assert_eq!(record.get("truncated"), None);
    }

    /// Returns the length of the nth text.
    type Length = dyn FnMut(usize) -> usize;

    #[test]
    fn a_text_of_changing_length_takes_the_room_of_few() {
        let text = "x".repeat(VALUE);
        let mut random = Random(1);
        let mut lengths: [(&str, Box<Length>); 4] = [
            ("growing", Box::new(|n| n % (VALUE + 1))),
            ("shrinking", Box::new(|n| VALUE - n % (VALUE + 1))),
            ("random", Box::new(move |_| random.below(VALUE))),
            ("two", Box::new(|n| [1, VALUE][n % 2])),
        ];
        for (name, length) in &mut lengths {
            let mut last = 0;
            let bench = Bench::new(bare());
            let ((), used) = count(|| {
                let mut trace = bench.start();
                trace
                    .set("before", "canary 1")
                    .set("k", "")
                    .set("n", "canary 2");
                // A tenth, because each round copies several KiB.
                for n in 0..MANY / 10 {
                    last = length(n);
                    trace.set("k", &text[..last]);
                }
                trace.set("after", "canary 3");
            });
            assert!(used.peak < 256 * KIB, "{name}: {used:?}");
            let value = match last {
                0 => "\"\"",
                last => &text[..last],
            };
            util::same_line(
                &bench.log.only().args,
                &format!(
                    "msg=unit duration_ms=0.0 before=\"canary 1\" k={value} n=\"canary 2\" \
                     after=\"canary 3\""
                ),
            );
        }
    }

    #[test]
    fn ids_that_are_set_again_and_again_take_the_room_of_one() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent: TraceParent = format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap();
        let state = TraceState::parse([format!("rojo={}", "x".repeat(200)).as_str()]).unwrap();
        let bench = Bench::new(bare().ids(&util::FixedIds(7, 9)));
        let ((), used) = count(|| {
            let mut trace = bench.start();
            for n in 0..MANY / 10 {
                trace.set_request_id(&"r".repeat(1 + n % 100));
                trace.set_tracestate(&state);
                if n % 2 == 0 {
                    trace.continue_from(parent).set_tracestate(&state);
                }
            }
            assert_eq!(trace.tracestate().as_ref(), Some(&state));
            trace.set_request_id("r-1");
        });
        assert!(used.peak < 64 * KIB, "{used:?}");
        assert_eq!(
            bench.log.only().args,
            format!(
                r#"msg=unit trace_id={TRACE} span_id="0909090909090909" parent_id=00f067aa0ba902b7 trace_flags="01" request_id=r-1 duration_ms=0.0"#
            )
        );
    }

    #[test]
    fn numbers_accumulate_in_place() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        trace
            .set("shift the others", 0)
            .incr("hits")
            .sum("wide", 0u128);
        trace.max("most", 0.5).sum("float", 0.25);
        let ((), used) = count(|| {
            for n in 0..MANY {
                trace.incr("hits").sum("wide", u128::from(u64::MAX));
                trace.max("most", n).sum("float", 0.25);
            }
        });
        assert_eq!(used.calls, 0);
        trace.unset("shift the others");
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            format!(
                "msg=unit duration_ms=0.0 hits={} wide={} most={} float={:?}",
                MANY + 1,
                u128::from(u64::MAX) * MANY as u128,
                MANY - 1,
                0.25 * (MANY + 1) as f64,
            )
        );
    }

    #[test]
    fn every_kind_of_value_can_replace_every_other() {
        check_within(
            64 * KIB,
            |trace| {
                trace.set("canary", "untouched");
                for n in 0..MANY / 10 {
                    trace.set("k", n as u128).set("k", [n, n + 1]).set("k", 'x');
                    trace.set("k", std::time::SystemTime::UNIX_EPOCH);
                    trace.set("k", traceline::mask("0123456789", 3));
                    trace.set("k", None::<u8>).set("k", traceline::null());
                    trace.set("k", format_args!("{n}")).set("k", "last");
                }
            },
            "msg=unit duration_ms=0.0 canary=untouched k=last",
        );
    }

    #[test]
    fn errors_replace_each_other() {
        check_within(
            64 * KIB,
            |trace| {
                for n in 0..MANY / 10 {
                    let source = std::io::Error::other(format!("source {n} with some text"));
                    trace.error(&std::io::Error::other(source));
                }
                trace.error("last");
            },
            "msg=unit outcome=error duration_ms=0.0 error=last",
        );
    }

    #[test]
    fn laps_that_nobody_stops_are_counted_as_lost() {
        let starts = MANY / 10;
        check_within(
            128 * KIB,
            |trace| {
                for _ in 0..starts {
                    let _running = trace.start_timer("db");
                }
            },
            &format!(
                "msg=unit duration_ms=0.0 db.count=256 db.ms=0.0 db.max_ms=0.0 \
                 dropped_fields={}",
                starts - 256
            ),
        );
    }

    #[test]
    fn laps_that_are_stopped_leave_nothing_behind() {
        check_within(
            64 * KIB,
            |trace| {
                for _ in 0..MANY / 10 {
                    trace.time("db", |_| ());
                }
            },
            &format!(
                "msg=unit duration_ms=0.0 db.count={} db.ms=0.0 db.max_ms=0.0",
                MANY / 10
            ),
        );
    }

    #[test]
    fn checkpoints_leave_nothing_behind() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        trace.set("k", "text").checkpoint();
        bench.log.take_lines();
        let ((), used) = count(|| {
            for _ in 0..1_000 {
                trace.checkpoint();
                bench.log.take_lines();
            }
        });
        assert_eq!(used.kept, 0);
    }
}

mod keys {
    use super::*;

    #[test]
    fn past_the_limit_each_write_to_a_new_key_is_counted() {
        let json = bare().format(Format::Json);
        let line = record_within(128 * KIB, json, |trace| {
            let mut name = String::new();
            for n in 0..MANY {
                name.clear();
                write!(name, "k{n}").unwrap();
                trace.set(key(&name), n);
            }
        });
        let record = parse(&line);
        for n in 0..FIELDS {
            assert_eq!(record[&format!("k{n}")], n);
        }
        assert_eq!(record["dropped_fields"], MANY - FIELDS);
        assert_eq!(record.len(), FIELDS + 3);
    }

    #[test]
    fn at_the_limit_known_keys_are_written_still() {
        check_within(
            64 * KIB,
            |trace| {
                trace.set("a", 1).incr("b").set("c", 1).set("c", 2);
                trace.set("a", "new").incr("b").incr("c").unset("never");
                trace.set("d", None::<u8>).set("a", "newest");
            },
            "msg=unit duration_ms=0.0 a=newest b=2 c=2 c_2=1",
        );
        let two = bare().max_fields(2);
        let line = record_within(64 * KIB, two, |trace| {
            trace.set("a", 1).incr("b").set("c", 1).set("c", 2);
            trace.set("a", "new").incr("b").max("c", 1).unset("never");
            trace.set("d", None::<u8>).time("e", |_| ());
            trace.incr("a").set("a", "newest");
        });
        assert_eq!(
            line,
            "msg=unit duration_ms=0.0 a=newest b=2 dropped_fields=5"
        );
    }

    #[test]
    fn ever_new_keys_that_are_removed_again_lose_nothing() {
        check_within(
            128 * KIB,
            |trace| {
                trace.set("canary", "untouched");
                let mut name = String::new();
                for n in 0..MANY / 10 {
                    name.clear();
                    write!(name, "key number {n}").unwrap();
                    trace.set(key(&name), "text").unset(key(&name));
                }
                trace.set("last", 1);
            },
            "msg=unit duration_ms=0.0 canary=untouched last=1",
        );
    }

    #[test]
    fn ever_new_keys_that_are_none_take_no_room() {
        check_within(
            128 * KIB,
            |trace| {
                let mut name = String::new();
                for n in 0..MANY {
                    name.clear();
                    write!(name, "key number {n}").unwrap();
                    trace.set(key(&name), None::<u8>);
                }
                trace.set("last", 1);
            },
            "msg=unit duration_ms=0.0 last=1",
        );
    }

    #[test]
    fn a_counter_that_comes_and_goes_stays_one_field() {
        check_within(
            128 * KIB,
            |trace| {
                trace.set("canary", "untouched");
                for _ in 0..MANY / 10 {
                    trace.incr("n").unset("n").max("n", 3).unset("n");
                }
                trace.incr("n");
            },
            "msg=unit duration_ms=0.0 canary=untouched n=1",
        );
    }

    #[test]
    fn making_room_does_not_forget_which_keys_there_are() {
        for format in [Format::Logfmt, Format::Json] {
            let bench = Bench::new(bare().format(format).max_fields(2));
            let mut trace = bench.start();
            trace.set("a", 1).set("b", 2).unset("b").incr("a");
            drop(trace);
            let want = match format {
                Format::Json => "{\"msg\":\"unit\",\"duration_ms\":0.0,\"a\":1,\"a_2\":1}",
                _ => "msg=unit duration_ms=0.0 a=1 a_2=1",
            };
            assert_eq!(bench.log.only().args, want);
            // The next unit on this thread starts from this one's keys.
            bench.start().set("a", 1).set("a", 2);
            let want = match format {
                Format::Json => "{\"msg\":\"unit\",\"duration_ms\":0.0,\"a\":2}",
                _ => "msg=unit duration_ms=0.0 a=2",
            };
            assert_eq!(bench.log.only().args, want);
        }
    }

    #[test]
    fn making_room_keeps_the_laps_that_run() {
        let bench = Bench::new(bare().max_fields(3));
        let mut trace = bench.start();
        trace.set("a", 1).set("b", 2);
        let lap = trace.start_timer("db");
        trace.unset("a").set("c", 3);
        bench.clock.advance(std::time::Duration::from_millis(1));
        trace.stop(lap).unset("b").set("d", 4);
        drop(trace);
        assert_eq!(
            bench.log.only().args,
            "msg=unit duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0 c=3 d=4"
        );
    }

    /// Keys of 16 characters that a multiply-and-rotate hash (`unit/store/fields.rs`)
    /// cannot tell apart: the second half undoes what the first did.
    fn colliding(count: usize) -> Vec<String> {
        const K: u64 = 0x517c_c1b7_2722_0a95;
        let mut keys = Vec::new();
        let mut random = Random(7);
        while keys.len() < count {
            let first = random.next() & 0x7f7f_7f7f_7f7f_7f7f;
            let state = (16u64.rotate_left(5) ^ first).wrapping_mul(K);
            let second = state.rotate_left(5) ^ 0x0123_4567_89ab_cdef;
            let bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
            // Most second halves are not ASCII; one in 256 is.
            if bytes.is_ascii() {
                keys.push(String::from_utf8(bytes).unwrap());
            }
        }
        keys
    }

    #[test]
    fn keys_that_collide_in_the_hash_are_different_keys() {
        let keys = colliding(FIELDS);
        let json = bare().format(Format::Json);
        let line = record_within(256 * KIB, json, |trace| {
            for round in 0..2 {
                for (n, name) in keys.iter().enumerate() {
                    trace.set(key(name), n + round);
                }
            }
            for name in &keys[..8] {
                trace.unset(key(name));
            }
            assert_eq!(trace.get(key(&keys[7])), None);
            assert_eq!(trace.get(key(&keys[9])).unwrap().as_u64(), Some(10));
        });
        let record = parse(&line);
        for (n, name) in keys.iter().enumerate() {
            let want = (n >= 8).then(|| Json::from(n + 1));
            assert_eq!(record.get(name), want.as_ref(), "{name:?}");
        }
    }
}

mod large {
    use super::*;

    fn megabyte() -> String {
        "x".repeat(1_000_000)
    }

    /// A quarter of what one copy of the text takes.
    const FEW: isize = 256 * KIB;

    #[test]
    fn a_large_value_is_cut() {
        let text = megabyte();
        let kept = "x".repeat(VALUE);
        let want = format!("msg=unit duration_ms=0.0 k={kept} n=1 truncated=1");
        check_within(FEW, |trace| _ = trace.set("k", &text).set("n", 1), &want);
        let display = |trace: &mut Trace| {
            trace.set("k", traceline::display(&text)).set("n", 1);
        };
        check_within(FEW, display, &want);
        let lossy = |trace: &mut Trace| {
            trace
                .set("k", traceline::text_lossy(text.as_bytes()))
                .set("n", 1);
        };
        check_within(FEW, lossy, &want);
    }

    #[test]
    fn a_large_list_is_cut_between_two_elements() {
        let list: Vec<u64> = (0..1_000_000).collect();
        let json = bare().format(Format::Json);
        let line = record_within(FEW, json, |trace| _ = trace.set("k", &list));
        let record = parse(&line);
        let kept = record["k"].as_array().unwrap();
        assert!(kept.len() > 500, "{}", kept.len());
        for (n, item) in kept.iter().enumerate() {
            assert_eq!(item, n);
        }
        assert_eq!(record["truncated"], 1);
    }

    #[test]
    fn a_large_key_is_cut() {
        let text = megabyte();
        let kept = "x".repeat(1024);
        check_within(
            FEW,
            |trace| _ = trace.set(key(&text), 1).set(key(&text), 2),
            &format!("msg=unit duration_ms=0.0 {kept}=2 truncated=1"),
        );
        // Keys that differ only beyond the cut stay separate.
        let other = format!("{text}y");
        check_within(
            FEW,
            |trace| _ = trace.set(key(&text), 1).set(key(&other), 2),
            &format!("msg=unit duration_ms=0.0 {kept}=1 {kept}_2=2 truncated=2"),
        );
    }

    #[test]
    fn a_large_fragment_is_cut() {
        let text = megabyte();
        let line = line!() + 3;
        check_within(
            FEW,
            |trace| _ = trace.add(&text),
            &format!(
                "msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] {}\" truncated=1",
                "x".repeat(VALUE)
            ),
        );
    }

    #[test]
    fn a_large_error_is_cut() {
        let text = megabyte();
        check_within(
            FEW,
            |trace| _ = trace.error(&text),
            &format!(
                "msg=unit outcome=error duration_ms=0.0 error={} truncated=1",
                "x".repeat(VALUE)
            ),
        );
    }

    #[test]
    fn a_large_name_leaves_room_for_the_rest() {
        for format in [Format::Logfmt, Format::Json] {
            let bench = Bench::new(bare().format(format));
            let name = megabyte();
            let mut trace = Trace::builder(name).config(&bench.config).start();
            trace.set("k", "value").add("fragment");
            drop(trace);
            let line = bench.log.only().args;
            // The name is a text like any other, so the limit on values applies.
            assert!(line.len() < VALUE + 128, "{}", line.len());
            assert!(line.contains(&"x".repeat(VALUE)), "{line}");
            match format {
                Format::Json => {
                    let record = parse(&line);
                    assert_eq!(record["k"], "value");
                    assert_eq!(record["fragments"][0]["msg"], "fragment");
                    assert_eq!(record["truncated"], 1);
                }
                _ => assert!(line.ends_with("] fragment\" truncated=1"), "{line}"),
            }
        }
    }

    #[test]
    fn a_full_record_is_valid_json_and_counts_what_was_cut() {
        // Plain text, text that grows sixfold, and wide characters.
        for sample in ["x", "\u{1}", "\"", "\u{1F600}"] {
            let text = sample.repeat(VALUE / sample.len());
            let json = bare().format(Format::Json);
            let line = record_within(8 * MIB, json, |trace| {
                for n in 0..FIELDS {
                    trace.set(format!("k{n:03}"), &text);
                }
            });
            assert!(line.len() > RECORD * 9 / 10, "{}", line.len());
            let record = parse(&line);
            // Values are not cut below 16 bytes while there are fields left to drop.
            let dropped = record
                .get("dropped_fields")
                .map_or(0, |n| n.as_u64().unwrap() as usize);
            assert_eq!(dropped > 0, sample == "\u{1}", "{dropped}");
            for n in 0..FIELDS - dropped {
                let value = record[&format!("k{n:03}")].as_str().unwrap();
                assert!(text.starts_with(value) && value.len() >= 16, "{value:?}");
            }
            assert_eq!(record["truncated"], FIELDS - dropped);
        }
    }

    #[test]
    fn everything_at_its_limit_again_and_again_stays_within_32_mib() {
        let text = "x".repeat(VALUE - 4);
        let json = bare().format(Format::Json);
        let line = record_within(32 * MIB, json, |trace| {
            for round in 0..5 {
                for n in 0..FIELDS {
                    let name = format!("{n:04}{text}");
                    trace.set(key(&name), &text[round..]);
                }
                for _ in 0..FRAGMENTS {
                    trace.warn(&text);
                }
                trace.error(&text);
            }
        });
        // Each key keeps 1 KiB, so all fragments and most fields have to go.
        let record = parse(&line);
        assert_eq!(record["dropped_fields"], FIELDS - 15);
        let shown = record
            .get("fragments")
            .map_or(0, |list| list.as_array().unwrap().len());
        assert_eq!(record["dropped_fragments"], 5 * FRAGMENTS - shown);
    }

    #[test]
    fn a_thread_keeps_little_after_a_large_unit() {
        let bench = Bench::new(bare());
        let text = "x".repeat(VALUE);
        // What the thread already held before the first unit is not counted as kept.
        let ((), used) = count(|| {
            let mut trace = Trace::builder(megabyte()).config(&bench.config).start();
            for n in 0..FIELDS {
                trace.set(format!("k{n}"), &text);
            }
            for _ in 0..FRAGMENTS {
                trace.add(&text);
            }
            drop(trace);
            bench.log.take_lines();
        });
        assert!(used.peak > 4 * MIB, "{used:?}");
        assert!(used.kept < 256 * KIB, "{used:?}");
    }

    #[test]
    fn a_thread_keeps_little_after_many_large_units_at_once() {
        let bench = Bench::new(bare());
        let text = "x".repeat(VALUE);
        let ((), used) = count(|| {
            let mut traces: Vec<Trace> = (0..100).map(|_| bench.start()).collect();
            for trace in &mut traces {
                for _ in 0..16 {
                    trace.add(&text);
                }
            }
            drop(traces);
            bench.log.take_lines();
        });
        assert!(used.kept < MIB, "{used:?}");
    }
}

mod nested {
    use super::*;

    use traceline::value::OwnedValue;

    fn nested(depth: usize) -> OwnedValue {
        (0..depth).fold(OwnedValue::U64(7), |value, _| OwnedValue::List(vec![value]))
    }

    /// A thread's stack is 2 MiB; each level may take several KiB of it.
    #[test]
    fn a_list_nested_without_end_is_cut_and_takes_no_stack() {
        let deep = nested(5_000);
        for format in [Format::Logfmt, Format::Json] {
            let line = record_within(64 * KIB, bare().format(format), |trace| {
                trace
                    .set("deep", &deep)
                    .set("flat", nested(31))
                    .set("last", 1);
            });
            if format == Format::Json {
                let record = parse(&line);
                assert_eq!(record["truncated"], 1);
                assert_eq!(record["last"], 1);
                let mut value = &record["flat"];
                for _ in 0..31 {
                    value = &value[0];
                }
                assert_eq!(*value, 7);
            }
        }
        let bench = Bench::new(bare());
        let built = Trace::builder("unit")
            .config(&bench.config)
            .field("deep", &deep);
        built.start().emit();
        assert!(bench.log.only().args.contains("deep=\"[[["));
        // Dropping such a deeply nested value needs a larger stack of its own.
        drop(deep);
    }
}

mod limits {
    use super::*;

    /// At the default limits, full of short fields and fragments, a record still shows
    /// what it is about.
    #[test]
    fn a_full_unit_of_short_texts_keeps_its_name_and_its_error() {
        for format in [Format::Logfmt, Format::Json] {
            let bench = Bench::new(bare().format(format));
            let name = "checkout.of.the.whole.cart";
            let mut trace = Trace::builder(name).config(&bench.config).start();
            for n in 0..FIELDS {
                trace.set(
                    format!("customer_field_{n}"),
                    "a value of some length, as they are",
                );
            }
            for n in 0..FRAGMENTS {
                trace.add(format!("the {n}th fragment says a few words, as they do"));
            }
            trace.error("gateway unreachable: no answer within 3 ms");
            drop(trace);
            let line = bench.log.only().args;
            assert!(line.len() <= RECORD, "{}", line.len());
            assert!(line.contains(name), "{line}");
            assert!(
                line.contains("gateway unreachable: no answer within 3 ms"),
                "{line}"
            );
            assert!(line.contains("a value of some "), "{line}");
        }
    }

    /// Texts of fields and fragments that joining replaces are freed while the unit runs.
    #[test]
    fn what_parts_bring_over_and_over_takes_no_more_room() {
        let text = "x".repeat(200);
        let line = record_within(512 * KIB, bare().max_fragments(4), |trace| {
            for _ in 0..10_000 {
                let mut part = trace.part();
                part.set("k", &text).add(&text);
                trace.join(part);
            }
        });
        assert!(line.ends_with("dropped_fragments=9996"), "{line}");
    }

    #[test]
    fn what_absorbed_records_bring_over_and_over_takes_no_more_room() {
        use log::{Level, Log, Record};

        let bridge = traceline::bridge(util::Capture::leak()).absorb(Level::Info);
        let path = format!("/home/somebody/{}/src/lib.rs", "deep/".repeat(20));
        let line = record_within(512 * KIB, bare().max_fragments(4), |trace| {
            trace.scope(|| {
                for n in 0..100_000 {
                    bridge.log(
                        &Record::builder()
                            .level(Level::Info)
                            .target("lib")
                            .file(Some(&path))
                            .line(Some(7))
                            .args(format_args!("{n}"))
                            .build(),
                    );
                }
            });
        });
        assert!(line.ends_with("99999\" dropped_fragments=99996"), "{line}");
    }

    #[test]
    fn what_one_unit_with_raised_limits_took_is_given_back() {
        let builder = bare()
            .max_fields(60_000)
            .max_fragments(200_000)
            .max_value(64);
        let bench = Bench::new(builder);
        let ((), used) = count(|| {
            let mut trace = bench.start();
            for n in 0..50_000 {
                trace.set(format!("k{n}"), n).add("x");
            }
            trace.discard();
        });
        assert!(used.peak > 4 * MIB, "{used:?}");
        assert!(used.kept < 256 * KIB, "{used:?}");
    }

    #[test]
    fn no_fields_at_all() {
        let line = record_within(64 * KIB, bare().max_fields(0), |trace| {
            trace.set("a", 1).set("b", "text").incr("c").max("d", 1);
            trace.set("none", None::<u8>).unset("a");
            assert_eq!(trace.time("db", |_| 7), 7);
            assert_eq!(trace.get("a"), None);
            trace.ok();
        });
        assert_eq!(line, "msg=unit outcome=ok duration_ms=0.0 dropped_fields=5");
    }

    #[test]
    fn no_fragments_at_all() {
        let line = record_within(64 * KIB, bare().max_fragments(0), |trace| {
            trace.add("x").warn("y");
            assert_eq!(trace.level(), Some(Level::Warn));
        });
        assert_eq!(line, "msg=unit duration_ms=0.0 dropped_fragments=2");
    }

    #[test]
    fn one_fragment_is_the_first() {
        let at = line!() + 2;
        let line = record_within(64 * KIB, bare().max_fragments(1), |trace| {
            trace.add("x").fail("y").add("z");
        });
        assert_eq!(
            line,
            format!(
                "msg=unit outcome=error duration_ms=0.0 fragments=\"[{at}, 0.0ms] x\" \
                 dropped_fragments=2"
            )
        );
    }

    #[test]
    fn the_smallest_record_still_says_what_it_lost() {
        let smallest = bare().max_record(512).format(Format::Json);
        let line = record_within(64 * KIB, smallest, |trace| {
            for n in 0..FIELDS {
                trace.set(format!("key{n}"), n).add("fragment");
            }
            trace.error("x".repeat(1_000).as_str());
        });
        assert!(line.len() <= 512, "{line}");
        let record = parse(&line);
        let shown = record.keys().filter(|key| key.starts_with("key")).count();
        assert_eq!(record["dropped_fields"], FIELDS - shown);
        assert_eq!(record["outcome"], "error");
    }

    #[test]
    fn removed_fields_are_not_counted_as_dropped() {
        let bench = Bench::new(bare().max_record(512).format(Format::Json));
        let mut trace = bench.start();
        for n in 0..40 {
            trace.set(format!("a rather long key {n}"), n);
        }
        for n in 20..40 {
            trace.unset(format!("a rather long key {n}"));
        }
        drop(trace);
        let record = parse(&bench.log.only().args);
        let shown = record
            .keys()
            .filter(|key| key.starts_with("a rather"))
            .count();
        assert_eq!(record["dropped_fields"], 20 - shown);
    }

    #[test]
    fn the_stars_of_a_mask_that_a_builder_was_given_are_not_cut() {
        let bench = Bench::new(bare().max_value(16));
        let secret = traceline::mask("0123456789abcdef0123456789abcdef", 15);
        let builder = Trace::builder("unit").config(&bench.config);
        builder.field("k", secret).start().emit();
        let want = "msg=unit duration_ms=0.0 k=\"0123456789******\" truncated=1";
        assert_eq!(bench.log.only().args, want);
    }

    #[test]
    fn a_record_that_cannot_hold_its_own_names_is_refused() {
        let long = "d".repeat(1_000);
        let builder = bare().max_record(600).name(Name::DurationMs, long);
        let log = util::Capture::leak();
        if let Ok(config) = builder.logger(log).build() {
            Trace::builder("unit").config(&config).start().emit();
            assert_ne!(log.take_lines(), [""], "a record of nothing");
        }
    }
}
