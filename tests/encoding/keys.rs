//! Keys are unique in a record, whatever users set.

use std::time::Duration;

use traceline::{Trace, key, null};

use super::{expect, json, logfmt};
use crate::util::{Bench, json_line, logfmt_line, record, same_line};

/// The names that the library may write in a record, by the design.
const RESERVED: [&str; 22] = [
    "ts",
    "level",
    "msg",
    "trace_id",
    "span_id",
    "parent_id",
    "trace_flags",
    "request_id",
    "outcome",
    "duration_ms",
    "error",
    "error.chain",
    "panic",
    "panic.location",
    "fragments",
    "dropped_fields",
    "dropped_fragments",
    "lost_parts",
    "truncated",
    "sample_rate",
    "partial",
    "seq",
];

#[test]
fn a_reserved_name_as_user_key_is_key_2_in_every_record() {
    for name in RESERVED {
        let work = |trace: &mut Trace| {
            trace.set(name, "forged");
        };
        expect(
            work,
            &format!("{name}_2=forged"),
            &format!(r#""{name}_2":"forged""#),
        );
        // Also if the header, which holds three of them, is not written.
        let line = record(logfmt().header(false), work);
        same_line(&line, &format!("msg=unit duration_ms=0.0 {name}_2=forged"));
    }
}

#[test]
fn a_reserved_name_is_reserved_for_counters_too() {
    for name in RESERVED {
        expect(
            |trace| {
                trace.incr(name).incr(name);
            },
            &format!("{name}_2=2"),
            &format!(r#""{name}_2":2"#),
        );
    }
}

#[test]
fn a_user_error_and_the_librarys_error_stand_side_by_side() {
    let line = record(logfmt(), |trace| {
        trace.set("error", "mine").error("theirs");
    });
    let want = "level=error msg=unit outcome=error duration_ms=0.0 error_2=mine error=theirs";
    same_line(&line, &format!("ts={} {want}", crate::util::TS));
}

#[test]
fn other_spellings_of_a_reserved_name_are_free() {
    expect(
        |trace| {
            trace.set("LEVEL", 1).set("level.x", 2).set("x.level", 3);
        },
        "LEVEL=1 level.x=2 x.level=3",
        r#""LEVEL":1,"level.x":2,"x.level":3"#,
    );
}

#[test]
fn a_key_that_is_reserved_only_after_cleaning_is_renamed() {
    expect(
        |trace| {
            trace.set("trace id", 1).set("duration ms", 2);
        },
        "trace_id_2=1 duration_ms_2=2",
        r#""trace id":1,"duration ms":2"#,
    );
}

#[test]
fn keys_equal_after_cleaning_get_the_first_free_number() {
    expect(
        |trace| {
            trace
                .set("a b", 1)
                .set("a=b", 2)
                .set("a_b", 3)
                .set("a\"b", 4);
        },
        "a_b=1 a_b_2=2 a_b_3=3 a_b_4=4",
        r#""a b":1,"a=b":2,"a_b":3,"a\"b":4"#,
    );
}

#[test]
fn a_number_that_a_user_took_is_skipped() {
    expect(
        |trace| {
            trace.set("error_2", 1).set("error", 2).set("error_3", 3);
        },
        "error_2=1 error_3=2 error_3_2=3",
        r#""error_2":1,"error_3":2,"error_3_2":3"#,
    );
    expect(
        |trace| {
            trace.set("error", 1).set("error_2", 2);
        },
        "error_2=1 error_2_2=2",
        r#""error_2":1,"error_2_2":2"#,
    );
}

#[test]
fn the_empty_key_is_an_underscore_and_clashes_like_one() {
    expect(
        |trace| {
            trace.set("", 1).set("_", 2).set("é", 3);
        },
        "_=1 __2=2 __3=3",
        r#""_":1,"__2":2,"é":3"#,
    );
}

#[test]
fn equal_keys_of_different_places_are_one_field() {
    let text = String::from("key");
    expect(
        |trace| {
            trace.set("key", 1).set(&text, 2).set(key(&text[..3]), 3);
            trace.set(text.clone(), 4);
        },
        "key=4",
        r#""key":4"#,
    );
}

#[test]
fn many_keys_equal_after_cleaning_are_numbered_through() {
    let keys: Vec<String> = ('α'..='ω').map(String::from).collect();
    let line = record(logfmt(), |trace| {
        for key in &keys {
            trace.set(key, 1);
        }
    });
    let numbered = (2..=keys.len()).map(|number| format!(" __{number}=1"));
    same_line(
        &line,
        &logfmt_line(&format!("_=1{}", numbered.collect::<String>())),
    );
}

// ----- keys of two kinds

#[test]
fn a_counter_on_the_key_of_a_plain_field_is_key_2() {
    expect(
        |trace| {
            trace.set("x", "plain").incr("x").incr("x").max("x", 7);
        },
        "x=plain x_2=2 x_3=7",
        r#""x":"plain","x_2":2,"x_3":7"#,
    );
}

#[test]
fn set_on_the_key_of_a_counter_replaces_it_and_makes_it_plain() {
    expect(
        |trace| {
            trace.incr("x").set("x", "plain").incr("x");
        },
        "x=plain x_2=1",
        r#""x":"plain","x_2":1"#,
    );
}

/// The key was free in between, so the counter is called `x`, not `x_2`.
#[test]
fn a_counter_on_a_removed_key_has_the_key_to_itself() {
    expect(
        |trace| {
            trace.set("x", 1).unset("x").incr("x");
        },
        "x=1",
        r#""x":1"#,
    );
}

/// A counter cannot take the place that the first value left: it would be called `x`, the name of
/// the field set since, and a third value would not find the second one.
#[test]
fn a_counter_beside_a_field_that_was_removed_and_set_again_is_key_2() {
    expect(
        |trace| {
            trace.set("x", 1).incr("x").set("x", None::<u8>);
            trace.set("x", "old").max("x", 7);
            trace.set("x", "new").set("x", "newest");
        },
        "x=newest x_2=7",
        r#""x":"newest","x_2":7"#,
    );
}

#[test]
fn set_replaces_a_counter_that_began_on_a_removed_key() {
    expect(
        |trace| {
            trace.set("x", 1).unset("x").incr("x").set("x", 5);
        },
        "x=5",
        r#""x":5"#,
    );
}

#[test]
fn unset_removes_a_counter_that_began_on_a_removed_key() {
    expect(
        |trace| {
            trace.set("x", None::<u8>).incr("x").unset("x");
        },
        "",
        "",
    );
}

#[test]
fn numbers_accumulate() {
    expect(
        |trace| {
            trace.incr("n").sum("n", 4u8).sum("n", 10usize);
            trace.sum("f", 1).sum("f", 0.5).max("m", 3).max("m", -7);
            trace.sum("neg", 1u8).sum("neg", -3i64);
            trace.sum("full", u64::MAX).incr("full");
        },
        "n=15 f=1.5 m=3 neg=-2 full=18446744073709551615",
        r#""n":15,"f":1.5,"m":3,"neg":-2,"full":18446744073709551615"#,
    );
}

// ----- timers

#[track_caller]
fn expect_timed(work: impl Fn(&mut Trace, &Bench), logfmt_rest: &str, json_rest: &str) {
    for (builder, want) in [
        (logfmt(), logfmt_line(logfmt_rest)),
        (json(), json_line(json_rest)),
    ] {
        let bench = Bench::new(builder);
        let mut trace = bench.start();
        work(&mut trace, &bench);
        trace.emit();
        let line = bench.log.only().args;
        // The laps' time also counts towards the duration of the unit.
        let want = want.replace("duration_ms=0.0", "duration_ms=2.0");
        same_line(
            &line,
            &want
                .replace(r#""duration_ms":0.0"#, r#""duration_ms":2.0"#)
                .replace("00.123456Z", "00.125456Z"),
        );
    }
}

fn lap(trace: &mut Trace, bench: &Bench) {
    trace.time("db", |_| bench.clock.advance(Duration::from_millis(2)));
}

#[test]
fn a_timer_writes_count_sum_and_longest() {
    expect_timed(
        |trace, bench| {
            trace.time("db", |trace| {
                trace.set("rows", 3);
                bench.clock.advance(Duration::from_micros(1_400));
            });
            let timer = trace.start_timer("db");
            bench.clock.advance(Duration::from_micros(600));
            trace.stop(timer);
        },
        "db.count=2 db.ms=2.0 db.max_ms=1.4 rows=3",
        r#""db.count":2,"db.ms":2.0,"db.max_ms":1.4,"rows":3"#,
    );
}

#[test]
fn a_timers_name_gives_way_to_a_user_key_that_was_there_before() {
    expect_timed(
        |trace, bench| {
            trace.set("db.ms", 1).set("db.count", 9);
            lap(trace, bench);
        },
        "db.ms=1 db.count=9 db.count_2=1 db.ms_2=2.0 db.max_ms=2.0",
        r#""db.ms":1,"db.count":9,"db.count_2":1,"db.ms_2":2.0,"db.max_ms":2.0"#,
    );
}

#[test]
fn a_user_key_gives_way_to_a_timers_name_that_was_there_before() {
    expect_timed(
        |trace, bench| {
            lap(trace, bench);
            trace.set("db.ms", 1).incr("db.max_ms");
        },
        "db.count=1 db.ms=2.0 db.max_ms=2.0 db.ms_2=1 db.max_ms_2=1",
        r#""db.count":1,"db.ms":2.0,"db.max_ms":2.0,"db.ms_2":1,"db.max_ms_2":1"#,
    );
}

#[test]
fn a_timer_and_a_field_of_one_key_do_not_meet() {
    expect_timed(
        |trace, bench| {
            trace.set("db", "sqlite");
            lap(trace, bench);
        },
        "db=sqlite db.count=1 db.ms=2.0 db.max_ms=2.0",
        r#""db":"sqlite","db.count":1,"db.ms":2.0,"db.max_ms":2.0"#,
    );
}

#[test]
fn two_timers_equal_after_cleaning_are_numbered_name_by_name() {
    expect_timed(
        |trace, bench| {
            trace.time("a b", |_| bench.clock.advance(Duration::from_millis(2)));
            trace.time("a=b", |_| ());
        },
        concat!(
            "a_b.count=1 a_b.ms=2.0 a_b.max_ms=2.0 ",
            "a_b.count_2=1 a_b.ms_2=0.0 a_b.max_ms_2=0.0"
        ),
        concat!(
            r#""a b.count":1,"a b.ms":2.0,"a b.max_ms":2.0,"#,
            r#""a=b.count":1,"a=b.ms":0.0,"a=b.max_ms":0.0"#
        ),
    );
}

#[test]
fn a_timers_name_gives_way_to_a_fixed_field() {
    let bench = Bench::new(logfmt().field("db.ms", "fixed"));
    let mut trace = bench.start();
    trace.time("db", |_| ());
    trace.emit();
    let want = concat!(
        "level=info msg=unit db.ms=fixed duration_ms=0.0 ",
        "db.count=1 db.ms_2=0.0 db.max_ms=0.0"
    );
    same_line(
        &bench.log.only().args,
        &format!("ts={} {want}", crate::util::TS),
    );
}

#[test]
fn a_running_lap_is_not_in_a_partial_record_and_is_closed_in_the_last() {
    let bench = Bench::new(logfmt());
    let mut trace = bench.start();
    let _running = trace.start_timer("db");
    trace.checkpoint();
    trace.emit();
    let want = [
        logfmt_line("partial=true seq=1"),
        logfmt_line("db.count=1 db.ms=0.0 db.max_ms=0.0"),
    ];
    assert_eq!(bench.log.take_lines(), want);
}

// ----- redaction and reading back

#[test]
fn a_redacted_key_has_six_stars_whatever_it_is_given() {
    let line = record(logfmt().redact(["pin", "card no"]), |trace| {
        trace.set("pin", 1234).set("card no", "4111").set("Pin", 1);
        trace.set("pin", [1, 2]).set("pin", null());
        trace.set("error", "pin");
    });
    let want = r#"pin="******" card_no="******" Pin=1 error_2=pin"#;
    same_line(&line, &logfmt_line(want));
}

#[test]
fn none_removes_a_redacted_field_too() {
    let line = record(logfmt().redact(["pin"]), |trace| {
        trace.set("pin", 1234).set("pin", None::<u8>);
    });
    same_line(&line, &logfmt_line(""));
}

#[test]
fn a_redacted_key_is_redacted_by_every_call_and_stays_one_field() {
    for name in ["pin", "error"] {
        let line = record(logfmt().redact([name]), |trace| {
            trace.incr(name).incr(name).sum(name, 2);
        });
        let written = if name == "error" { "error_2" } else { name };
        same_line(&line, &logfmt_line(&format!("{written}=\"******\"")));
    }
}

#[test]
fn a_redacted_timer_has_stars_for_each_of_its_names() {
    let line = record(logfmt().redact(["pin"]), |trace| {
        trace.time("pin", |_| ());
        trace.time("pin", |_| ());
    });
    let want = r#"pin.count="******" pin.ms="******" pin.max_ms="******""#;
    same_line(&line, &logfmt_line(want));
}

#[test]
fn what_is_in_the_record_can_be_read_back() {
    let bench = Bench::new(logfmt());
    let mut trace = bench.start();
    trace.set("x", 1).unset("x").incr("x");
    assert!(trace.render().ends_with(" x=1"), "{}", trace.render());
    assert_eq!(trace.get("x").and_then(|value| value.as_u64()), Some(1));
    trace.discard();
}

/// "Redaction looks at the key as given", even if only part of the key is kept.
#[test]
fn a_redacted_key_that_is_cut_is_redacted() {
    let builder = logfmt().max_value(16).redact(["authorization_token"]);
    let line = record(builder, |trace| {
        trace.set("authorization_token", "hunter2");
        trace.set(key("authorization_tokens"), "shown");
    });
    let want = r#"authorization_to="******" authorization_to_2=shown truncated=2"#;
    same_line(&line, &logfmt_line(want));
}

#[test]
fn a_timer_on_a_redacted_key_gives_way_to_a_field_of_one_of_its_names() {
    for builder in [logfmt(), json()] {
        let line = record(builder.redact(["db"]), |trace| {
            trace.set("db", 1).set("db.count", 5).time("db", |_| ());
        });
        assert_eq!(line.matches("db.count_2").count(), 1, "{line}");
        assert_eq!(line.matches("db.count").count(), 2, "{line}");
    }
}

#[test]
fn unset_removes_the_fields_of_a_key_in_every_role() {
    expect(
        |trace| {
            trace
                .set("a", "x")
                .incr("a")
                .max("a", 2)
                .unset("a")
                .set("b", 1);
            assert_eq!(trace.get("a"), None);
        },
        "b=1",
        r#""b":1"#,
    );
}
