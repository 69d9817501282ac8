//! Parts of units with another configuration: what is merged obeys the unit that joins.

use std::mem;
use std::time::Duration;

use log::Level;
use traceline::{
    Config, Format, Part, Trace,
    config::{ConfigBuilder, Name, Schema},
    current,
};

use crate::tags::untagged;
use crate::util;
use crate::util::{Capture, ManualClock};

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

/// The level and the line, without `msg=unit duration_ms=`, of a unit with the first configuration that
/// does `before`, joins a part that does `work` with the second, and does `after`.
#[track_caller]
fn joined(
    [unit, other]: [ConfigBuilder; 2],
    before: impl FnOnce(&mut Trace),
    work: impl FnOnce(&mut Part, &ManualClock),
    after: impl FnOnce(&mut Trace),
) -> (Level, String) {
    let (log, clock) = (Capture::leak(), ManualClock::leak());
    let start = |builder: ConfigBuilder, name| {
        let config = log.config(builder.clock(clock));
        Trace::builder(name).config(&config).start()
    };
    let mut trace = start(unit, "unit");
    let elsewhere = start(other, "elsewhere");
    let mut part = elsewhere.part();
    elsewhere.discard();
    before(&mut trace);
    work(&mut part, clock);
    trace.join(part);
    after(&mut trace);
    drop(trace);
    let record = log.only();
    let line = untagged(&record.args);
    (record.level, line.replacen("msg=unit duration_ms=", "", 1))
}

/// What the unit alone writes of `work`.
#[track_caller]
fn alone(unit: ConfigBuilder, work: impl FnOnce(&mut Trace)) -> (Level, String) {
    joined([unit, bare()], work, |_, _| (), |_| ())
}

#[track_caller]
fn check(configs: [ConfigBuilder; 2], work: impl FnOnce(&mut Part), want: &str) {
    let (_, line) = joined(configs, |_| (), |part, _| work(part), |_| ());
    util::same_line(&line, want);
}

/// The same calls give the same record, by the unit or by a part of another configuration.
#[track_caller]
fn check_same(config: impl Fn() -> ConfigBuilder, other: ConfigBuilder, work: impl Fn(&mut Trace)) {
    let want = alone(config(), |trace| work(trace));
    let got = joined([config(), other], |_| (), |part, _| work(part), |_| ());
    util::same_line(&got.1, &want.1);
    assert_eq!(got.0, want.0);
}

mod limits {
    use super::*;

    #[test]
    fn texts_longer_than_the_unit_allows_are_cut_again_and_counted() {
        check(
            [bare().max_value(16), bare()],
            |part| {
                part.set("fits", "0123456789abcdef")
                    .set("long", "0123456789abcdefg")
                    .set("wide", "0123456789abcdeé")
                    .set("again", "x".repeat(20_000));
            },
            "0.0 fits=0123456789abcdef long=0123456789abcdef wide=0123456789abcde \
             again=xxxxxxxxxxxxxxxx truncated=3",
        );
    }

    #[test]
    fn a_text_cut_in_the_part_still_counts_where_it_fits() {
        check(
            [bare(), bare().max_value(16)],
            |part| {
                part.set("a", "0123456789abcdefg").set("b", "short");
            },
            "0.0 a=0123456789abcdef b=short truncated=1",
        );
    }

    #[test]
    fn lists_are_cut_between_items() {
        check(
            [bare().format(Format::Json).max_value(32), bare()],
            |part| {
                part.set("texts", ["0123456789", "abcdefghij", "xyz", "more"])
                    .set("numbers", [1, 2, 3, 4, 5])
                    .set(
                        "nested",
                        vec![vec!["0123456789"], vec!["abcdefghij"], vec![]],
                    );
            },
            r#"{"msg":"unit","duration_ms":0.0,"texts":["0123456789","abcdefghij"],"numbers":[1,2,3],"nested":[["0123456789"],[]],"truncated":3}"#,
        );
    }

    #[cfg(feature = "serde")]
    #[test]
    fn structures_are_cut_between_members() {
        let value = serde_json::json!({"a": "0123456789", "b": [1, 2, 3], "c": {"d": "x"}});
        check(
            [bare().format(Format::Json).max_value(24), bare()],
            |part| {
                part.set("s", traceline::json(&value));
                part.set("t", traceline::json(&"a text as long as this"));
                part.set("u", traceline::json(&"a text that is longer than that"));
            },
            r#"{"msg":"unit","duration_ms":0.0,"s":{"a":"0123456789"},"t":"a text as long as this","u":"a text that is longer th","truncated":2}"#,
        );
    }

    #[test]
    fn keys_are_cut_and_stay_the_keys_they_are() {
        let key = "a key of the other config";
        check(
            [bare().max_value(16), bare()],
            |part| {
                part.set(key, 1).incr(format!("{key}!"));
            },
            "0.0 a_key_of_the_oth=1 a_key_of_the_oth_2=1 truncated=2",
        );
        for [unit, part] in [[16, 20], [20, 16], [16, 8_000], [8_000, 16]] {
            let (_, line) = joined(
                [bare().max_value(unit), bare().max_value(part)],
                |trace| _ = trace.incr(key),
                |part, _| _ = part.incr(key),
                |trace| _ = trace.incr(key),
            );
            let kept = &key.replace(' ', "_")[..unit.min(key.len())];
            let cut = if unit < key.len() { " truncated=1" } else { "" };
            util::same_line(&line, &format!("0.0 {kept}=3{cut}"));
        }
        // Brought before the unit writes it: as much of it as the part kept.
        let (_, line) = joined(
            [bare(), bare().max_value(16)],
            |_| (),
            |part, _| _ = part.incr(key),
            |trace| _ = trace.incr(key).incr("a key of the ot"),
        );
        util::same_line(
            &line,
            "0.0 a_key_of_the_oth=2 a_key_of_the_ot=1 truncated=1",
        );
    }

    #[test]
    fn errors_and_their_sources_are_cut() {
        let error = anyhow::anyhow!("the sources of it all").context("the error of the part");
        let (level, line) = joined(
            [bare().max_value(16), bare()],
            |_| (),
            |part, _| _ = part.error(&error),
            |_| (),
        );
        assert_eq!(level, Level::Error);
        util::same_line(
            &line,
            "msg=unit outcome=error duration_ms=0.0 error=\"the error of the\" error.chain=\"the sources of i\" truncated=2",
        );
    }

    #[test]
    fn fragments_are_cut_and_too_many_are_counted() {
        let (_, line) = joined(
            [bare().max_value(16).max_fragments(4), bare()],
            |trace| _ = trace.add("the first of all"),
            |part, clock| {
                for n in 0..100 {
                    clock.advance(Duration::from_millis(1));
                    part.add(format!("{n} of a hundred fragments"));
                }
            },
            |trace| _ = trace.add("the last"),
        );
        util::same_line(
            &line,
            "100.0 fragments=\"[0.0ms] the first of all; [1.0ms] 0 of a hundred f; \
             [100.0ms] 99 of a hundred ; [100.0ms] the last\" dropped_fragments=98 truncated=2",
        );
    }

    #[test]
    fn fields_past_the_limit_are_counted() {
        check(
            [bare().max_fields(2), bare()],
            |part| {
                part.set("a", 1).set("b", 2).set("c", 3).incr("d");
                part.set("a", 4).set("gone", 1).unset("gone");
            },
            "0.0 a=4 b=2 dropped_fields=2",
        );
    }

    #[test]
    fn a_record_with_large_parts_has_the_size_of_the_unit_s() {
        let large = bare().max_record(1 << 20).max_value(1 << 20);
        let (_, line) = joined(
            [bare(), large],
            |_| (),
            |part, _| {
                part.set("text", "x".repeat(1 << 20));
                (0..100).for_each(|_| _ = part.add("y".repeat(10_000)));
            },
            |_| (),
        );
        assert!(line.len() <= 16 * 1024, "{}", line.len());
        assert!(line.ends_with(" truncated=101"), "{line}");
    }
}

mod names {
    use super::*;

    fn everything(trace: &mut Trace) {
        trace
            .set("ts", 1)
            .set("took", 2)
            .set("duration_ms", 3)
            .set("service", "mine")
            .set("odd key", 4)
            .set("odd=key", 5)
            .set("ärger", 6)
            .set("", 7)
            .incr("n")
            .set("n", "plain")
            .max("n", 8)
            .set("shop.ms", 9)
            .set("http", 10)
            .status(404);
        trace.time("shop", |_| ());
        trace.time("duration", |_| ());
    }

    #[test]
    fn keys_are_reserved_cleaned_and_numbered_as_if_the_unit_had_set_them() {
        let configs: [fn() -> ConfigBuilder; 7] = [
            bare,
            || bare().format(Format::Json),
            || bare().unicode_keys(true),
            || bare().name(Name::DurationMs, "took"),
            || bare().field("service", "shop").field("shop.count", 1),
            || bare().schema(Schema::Ecs).format(Format::Json),
            || bare().schema(Schema::Datadog).format(Format::Json),
        ];
        for config in configs {
            let want = whole(config(), None);
            for other in configs {
                assert_eq!(whole(config(), Some(other())), want);
            }
        }
    }

    /// The whole line of a unit that does everything, or whose part does.
    fn whole(unit: ConfigBuilder, other: Option<ConfigBuilder>) -> String {
        let log = Capture::leak();
        let clock = ManualClock::leak();
        let start = |builder: ConfigBuilder| {
            let config = log.config(builder.clock(clock));
            Trace::builder("unit").config(&config).start()
        };
        let mut trace = start(unit);
        match other.map(start) {
            None => everything(&mut trace),
            Some(elsewhere) => {
                let mut part = elsewhere.part();
                everything(&mut part);
                trace.join(part);
                elsewhere.discard();
            }
        }
        drop(trace);
        log.only().args
    }

    #[test]
    fn a_status_has_the_name_that_the_unit_gives_it() {
        check(
            [bare().schema(Schema::Datadog), bare()],
            |part| _ = part.status(404),
            "message=unit duration=0 http.status_code=404",
        );
        check(
            [bare(), bare().schema(Schema::OpenTelemetry)],
            |part| _ = part.status(404).set("status", "gone"),
            "0.0 status=gone",
        );
    }
}

mod redaction {
    use super::*;

    #[test]
    fn the_unit_s_redacted_keys_are_hidden_whatever_wrote_them() {
        let keys = ["text", "n", "most", "timer", "list", "status"];
        let (_, line) = joined(
            [bare().redact(keys), bare()],
            |_| (),
            |part, clock| {
                part.set("text", "open")
                    .incr("n")
                    .max("most", 3)
                    .set("list", ["open"]);
                part.time("timer", |_| clock.advance(Duration::from_millis(1)));
                part.status(200).set("kept", 1);
            },
            |trace| _ = trace.incr("n").set("text", "open"),
        );
        util::same_line(
            &line,
            "1.0 text=\"******\" n=\"******\" most=\"******\" list=\"******\" \
             timer.count=\"******\" timer.ms=\"******\" timer.max_ms=\"******\" \
             status=\"******\" kept=1",
        );
    }

    #[test]
    fn what_the_part_hid_stays_hidden() {
        let (_, line) = joined(
            [bare(), bare().redact(["text", "status"])],
            |trace| _ = trace.set("text", "open"),
            |part, _| _ = part.set("text", "secret").status(200),
            |trace| _ = trace.set("text", "open again"),
        );
        util::same_line(&line, "0.0 text=\"******\" status=\"******\"");
    }

    #[test]
    fn a_status_is_hidden_under_any_name() {
        check(
            [bare().schema(Schema::Datadog).redact(["status"]), bare()],
            |part| _ = part.status(200),
            "message=unit duration=0 http.status_code=\"******\"",
        );
    }

    #[test]
    fn a_redacted_key_that_the_part_cut_is_hidden() {
        check(
            [
                bare().redact(["card number of the customer"]),
                bare().max_value(16),
            ],
            |part| {
                part.set("card number of the customer", 4000)
                    .set("card number of the cashier", 4001);
            },
            "0.0 card_number_of_t=\"******\" card_number_of_t_2=4001 truncated=2",
        );
    }
}

mod levels {
    use super::*;

    fn severity(given: Level, work: impl FnOnce(&mut Part)) -> (Level, String) {
        let log = Capture::leak();
        let config = log.config(bare().clock(ManualClock::leak()));
        let start = |level| Trace::builder("unit").config(&config).level(level).start();
        let (mut trace, elsewhere) = (start(Level::Info), start(given));
        let mut part = elsewhere.part();
        elsewhere.discard();
        work(&mut part);
        trace.add("own").join(part);
        drop(trace);
        let record = log.only();
        (record.level, untagged(&record.args))
    }

    #[test]
    fn the_level_that_another_unit_was_given_is_that_of_its_fragments_only() {
        for (given, shown) in [
            (Level::Debug, ", debug"),
            (Level::Info, ""),
            (Level::Warn, ", warn"),
        ] {
            let (level, line) = severity(given, |part| _ = part.add("brought"));
            assert_eq!(level, Level::Info, "{given}");
            let want = format!(
                "msg=unit duration_ms=0.0 fragments=\"[0.0ms] own; [0.0ms{shown}] brought\""
            );
            util::same_line(&line, &want);
        }
    }

    #[test]
    fn what_raised_the_part_raises_the_unit() {
        type Work = fn(&mut Part);
        let cases: [(Work, Level); 7] = [
            (|part| _ = part.warn("w"), Level::Warn),
            (|part| _ = part.fail("f"), Level::Error),
            (|part| _ = part.raise(Level::Warn), Level::Warn),
            (|part| _ = part.status(404), Level::Warn),
            (|part| _ = part.status(500), Level::Error),
            (|part| _ = part.set_level(Level::Error), Level::Info),
            (
                |part| _ = part.raise(Level::Error).set_level(Level::Debug),
                Level::Info,
            ),
        ];
        for (n, (work, want)) in cases.into_iter().enumerate() {
            assert_eq!(severity(Level::Info, work).0, want, "case {n}");
        }
    }
}

mod times {
    use super::*;

    /// The unit starts 5 ms before the other one, or after it.
    fn line(is_before: bool, is_same_clock: bool) -> String {
        let (log, clock) = (Capture::leak(), ManualClock::leak());
        let config = log.config(bare().clock(clock));
        let own = match is_same_clock {
            true => config.clone(),
            false => log.config(bare().clock(ManualClock::leak())),
        };
        let start = |config| {
            let trace = Trace::builder("unit").config(config).start();
            clock.advance(Duration::from_millis(5));
            trace
        };
        let (mut trace, elsewhere) = if is_before {
            (start(&own), start(&config))
        } else {
            let elsewhere = start(&config);
            (start(&own), elsewhere)
        };
        let mut part = elsewhere.part();
        elsewhere.discard();
        part.add("brought");
        trace.join(part);
        drop(trace);
        untagged(&log.only().args)
    }

    #[test]
    fn fragments_of_another_unit_count_from_the_start_of_the_one_that_joins() {
        for (is_before, is_same, duration, at) in [
            (true, true, "10.0", "10.0"),
            (false, true, "5.0", "5.0"),
            // The times of two clocks cannot be compared.
            (true, false, "0.0", "5.0"),
            (false, false, "0.0", "10.0"),
        ] {
            let want = format!("msg=unit duration_ms={duration} fragments=\"[{at}ms] brought\"");
            util::same_line(&line(is_before, is_same), &want);
        }
    }
}

mod whole {
    use super::*;

    fn everything(trace: &mut Trace) {
        let long = "long ä ".repeat(10);
        trace
            .set("text", "two words")
            .set("long", &long)
            .set("u128", u128::MAX)
            .set("i128", i128::MIN)
            .set("f32", 0.1f32)
            .set("nan", f64::NAN)
            .set("null", traceline::null())
            .set("took_ms", Duration::from_micros(1_234))
            .set("when", std::time::UNIX_EPOCH + Duration::from_secs(1))
            .set("list", [1, 2, 3, 4, 5, 6, 7, 8])
            .set("lists", vec![vec!["a"], vec!["b", &long], vec![]])
            .set("mask", traceline::mask("2c59aaaa", 4))
            .set("odd key", 1)
            .set("error", "mine")
            .set(long.clone(), "a key that is cut")
            .set("secret", "hidden")
            .sum("sum", 0.5)
            .max("max", 3)
            .incr("both")
            .max("both", 7)
            .incr("secret counter");
        trace.time("db", |_| ());
        trace.set("db.ms", "mine").warn(&long).error(&long);
    }

    /// The part had no limits, and redacted nothing, that would show.
    #[test]
    fn every_value_prints_as_if_the_unit_had_set_it() {
        for format in [Format::Logfmt, Format::Json] {
            for limit in [16, 17, 32, 33, 34, 64, 8_000] {
                let config = || {
                    let redacted = ["secret", "secret counter"];
                    bare().format(format).max_value(limit).redact(redacted)
                };
                check_same(config, bare().schema(Schema::Datadog), everything);
            }
        }
    }

    #[test]
    fn a_part_of_a_part_and_a_current_one_obey_too() {
        check(
            [bare().max_value(16).redact(["secret"]), bare()],
            |part| {
                let mut inner = part.part();
                inner.set("secret", 1).set("a", "0123456789abcdefg");
                part.join(inner);
                part.scope(|| current::set("b", "0123456789abcdefg"));
            },
            "0.0 secret=\"******\" a=0123456789abcdef b=0123456789abcdef truncated=2",
        );
    }

    /// A trace that was put in the place of a part has a record of its own, under its own rules.
    #[test]
    fn a_trace_in_the_place_of_a_part_obeys_its_own_configuration() {
        let (log, clock) = (Capture::leak(), ManualClock::leak());
        let strict = log.config(bare().clock(clock).redact(["secret"]));
        let open = log.config(bare().clock(clock));
        let mut unit = Trace::builder("unit").config(&strict).start();
        let mut other = Trace::builder("other").config(&open).start();
        other.set("secret", "shown");
        let mut part = unit.part();
        part.set("secret", "hidden");
        mem::swap(&mut *part, &mut other);
        unit.join(part);
        other.discard();
        drop(unit);
        assert_eq!(
            log.take_lines(),
            [
                "msg=other duration_ms=0.0 secret=shown",
                "msg=unit duration_ms=0.0"
            ]
        );
    }
}
