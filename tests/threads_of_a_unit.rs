//! One unit on several threads: parts that are joined, and a handle to clone.
//! Nothing is lost silently or counted twice.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use log::Level;
use traceline::{
    Config, Format, Part, SharedTrace, Trace, config::ConfigBuilder, current, display,
};

use crate::tags::untagged;
use crate::util;
use crate::util::Bench;

const THREADS: usize = 8;

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    Trace::builder(name).config(&bench.config).start()
}

fn lines(bench: &Bench) -> Vec<String> {
    let lines = bench.log.take_lines();
    lines.iter().map(|line| untagged(line)).collect()
}

/// The level and the line, without `msg=unit`, of a unit that does `work`.
#[track_caller]
fn run(builder: ConfigBuilder, work: impl FnOnce(&mut Trace, &Bench)) -> (Level, String) {
    let bench = Bench::new(builder);
    let mut trace = bench.start();
    work(&mut trace, &bench);
    drop(trace);
    let record = bench.log.only();
    let line = untagged(&record.args);
    (record.level, line.replacen("msg=unit", "", 1))
}

#[track_caller]
fn check(work: impl FnOnce(&mut Trace, &Bench), want: &str) {
    check_with(bare(), work, want);
}

#[track_caller]
fn check_with(builder: ConfigBuilder, work: impl FnOnce(&mut Trace, &Bench), want: &str) {
    util::same_line(&run(builder, work).1, want);
}

/// Joins a part of the unit; the part does `work` on its own thread.
fn part_that(trace: &mut Trace, work: impl FnOnce(&mut Part) + Send) {
    let mut part = trace.part();
    thread::scope(|scope| {
        scope.spawn(|| work(&mut part)).join().unwrap();
    });
    trace.join(part);
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Displays as whatever the closure writes.
struct Prints<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Prints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn printing<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(write: F) -> Prints<F> {
    Prints(write)
}

mod fan_out {
    use super::*;

    #[test]
    fn scoped_threads_gather_parts_of_one_unit() {
        check(
            |trace, _| {
                trace.set("files", 4);
                let mut parts: Vec<Part> = (0..4).map(|_| trace.part()).collect();
                thread::scope(|scope| {
                    for (n, part) in parts.iter_mut().enumerate() {
                        scope.spawn(move || {
                            part.set("last", n).sum("words", n).max("most", n);
                            traceline::add!(part, "part {n}");
                        });
                    }
                });
                for part in parts {
                    trace.join(part);
                }
                trace.ok();
            },
            " outcome=ok duration_ms=0.0 files=4 last=3 words=6 most=3 \
             fragments=\"[0.0ms] part 0; [0.0ms] part 1; [0.0ms] part 2; [0.0ms] part 3\"",
        );
    }

    #[test]
    fn a_part_may_be_moved_into_a_thread_and_come_back() {
        check(
            |trace, _| {
                let mut part = trace.part();
                let handle = thread::spawn(move || {
                    part.set("a", 1);
                    part
                });
                trace.set("b", 2);
                trace.join(handle.join().unwrap()).set("c", 3);
            },
            " duration_ms=0.0 b=2 a=1 c=3",
        );
    }

    #[test]
    fn a_function_that_takes_a_trace_takes_a_part() {
        fn helper(trace: &mut Trace, n: u32) -> Result<u32, String> {
            trace.set("n", n).incr("calls");
            trace.check(n.checked_sub(5).ok_or("too small".to_owned()))
        }
        check(
            |trace, _| {
                helper(trace, 7).unwrap();
                part_that(trace, |part| {
                    helper(part, 3).unwrap_err();
                });
            },
            " outcome=error duration_ms=0.0 n=3 calls=2 error=\"too small\"",
        );
    }

    #[test]
    fn a_part_is_current_in_its_scope() {
        check(
            |trace, bench| {
                part_that(trace, |part| {
                    part.scope(|| {
                        current::incr("n");
                        current::time("t", || bench.clock.advance(ms(2)));
                        current::add!("{} deep", "ten calls");
                    });
                    assert!(!current::is_active());
                });
                trace.scope(|| current::incr("n"));
            },
            " duration_ms=2.0 n=2 t.count=1 t.ms=2.0 t.max_ms=2.0 \
             fragments=\"[2.0ms] ten calls deep\"",
        );
    }

    #[test]
    fn the_current_unit_has_parts_too() {
        check(
            |trace, _| {
                trace.scope(|| {
                    let mut part = current::with(|trace| trace.part()).unwrap();
                    thread::scope(|scope| {
                        scope.spawn(|| part.scope(|| current::set("a", 1)));
                    });
                    current::with(|trace| _ = trace.join(part));
                    current::set("b", 2);
                });
            },
            " duration_ms=0.0 a=1 b=2",
        );
    }

    #[test]
    fn many_threads_may_make_parts_at_once() {
        const PARTS: usize = if cfg!(debug_assertions) { 200 } else { 2_000 };
        let out = THREADS * PARTS / 4;
        let joined = THREADS * PARTS - out;
        let mut late = Vec::new();
        check(
            |trace, _| {
                let unit: &Trace = trace;
                let parts: Vec<(usize, Part)> = thread::scope(|scope| {
                    let threads: Vec<_> = (0..THREADS)
                        .map(|_| {
                            scope.spawn(|| {
                                let mut kept = Vec::new();
                                for n in 0..PARTS {
                                    let mut part = unit.part();
                                    part.incr("parts").sum("n", n % 4);
                                    // The others join here and now.
                                    if n % 4 < 2 {
                                        kept.push((n % 4, part));
                                    }
                                }
                                kept
                            })
                        })
                        .collect();
                    let parts = threads
                        .into_iter()
                        .flat_map(|thread| thread.join().unwrap());
                    parts.collect()
                });
                for (kind, part) in parts {
                    match kind {
                        0 => late.push(part),
                        _ => _ = trace.join(part),
                    }
                }
            },
            &format!(
                " duration_ms=0.0 parts={joined} n={} lost_parts={out}",
                THREADS * PARTS / 4 * (1 + 2 + 3)
            ),
        );
    }

    #[test]
    fn entries_of_parts_that_are_used_again_remember_nothing() {
        let bench = Bench::new(bare());
        for n in 0..50 {
            let mut trace = bench.start();
            for m in 0..3 {
                let mut part = trace.part();
                match (n + m) % 3 {
                    0 => part.set("a", m).set("b", n).warn("careful"),
                    1 => part.set("b", n).incr("c").error("broken"),
                    _ => part.incr("c").set("a", m),
                };
                let mut part_of_part = part.part();
                part_of_part.incr("d");
                part.join(part_of_part);
                trace.join(part);
            }
            drop(trace);
            let order = match n % 3 {
                0 => format!("a=2 b={n} d=3 c=2"),
                1 => format!("b={n} c=2 d=3 a=2"),
                _ => format!("c=2 a=1 d=3 b={n}"),
            };
            assert_eq!(
                lines(&bench),
                [format!(
                    "msg=unit outcome=error duration_ms=0.0 {order} error=broken \
                     fragments=\"[0.0ms, warn] careful\""
                )]
            );
        }
    }
}

mod merging {
    use super::*;

    #[test]
    fn counters_add_up_whatever_their_type() {
        check(
            |trace, _| {
                trace.incr("n").sum("x", 0.5).sum("big", u64::MAX);
                for _ in 0..2 {
                    part_that(trace, |part| {
                        part.sum("n", 10u8).sum("n", -3).sum("x", 1);
                        part.sum("big", 1).sum("wide", u128::MAX / 4);
                    });
                }
            },
            &format!(
                " duration_ms=0.0 n=15 x=2.5 big={} wide={}",
                u64::MAX,
                u128::MAX / 4 * 2
            ),
        );
    }

    #[test]
    fn maxima_compare() {
        check(
            |trace, _| {
                trace.max("a", 5).max("b", 5).max("c", -5);
                part_that(trace, |part| {
                    _ = part.max("a", 3).max("b", 7.5).max("c", -9)
                });
                part_that(trace, |part| _ = part.max("a", 4).max("b", 6).max("d", 1));
            },
            " duration_ms=0.0 a=5 b=7.5 c=-5 d=1",
        );
    }

    #[test]
    fn timers_add_up_and_keep_the_longest_lap() {
        check(
            |trace, bench| {
                trace.time("t", |_| bench.clock.advance(ms(2)));
                part_that(trace, |part| {
                    part.time("t", |_| bench.clock.advance(ms(5)));
                    part.time("t", |_| bench.clock.advance(ms(1)));
                });
                part_that(trace, |part| part.time("u", |_| bench.clock.advance(ms(3))));
            },
            " duration_ms=11.0 t.count=3 t.ms=8.0 t.max_ms=5.0 u.count=1 u.ms=3.0 u.max_ms=3.0",
        );
    }

    #[test]
    fn a_lap_that_runs_in_a_part_ends_when_it_is_joined() {
        check(
            |trace, bench| {
                let mut part = trace.part();
                let timer = part.start_timer("t");
                bench.clock.advance(ms(2));
                trace.join(part);
                bench.clock.advance(ms(3));
                trace.stop(timer);
            },
            " duration_ms=5.0 t.count=1 t.ms=2.0 t.max_ms=2.0",
        );
    }

    #[test]
    fn a_lap_of_the_unit_goes_on_while_parts_are_joined() {
        check(
            |trace, bench| {
                trace.time("t", |trace| {
                    part_that(trace, |part| {
                        part.time("t", |_| bench.clock.advance(ms(2)));
                    });
                    bench.clock.advance(ms(1));
                });
            },
            " duration_ms=3.0 t.count=2 t.ms=5.0 t.max_ms=3.0 t.wall_ms=3.0",
        );
    }

    #[test]
    fn times_of_a_part_count_from_the_start_of_the_unit() {
        check(
            |trace, bench| {
                bench.clock.advance(ms(2));
                part_that(trace, |part| {
                    assert_eq!(part.elapsed(), ms(2));
                    bench.clock.advance(ms(1));
                    part.add("in the part");
                });
            },
            " duration_ms=3.0 fragments=\"[3.0ms] in the part\"",
        );
    }

    #[test]
    fn fragments_stand_by_their_times_the_unit_s_own_first() {
        check(
            |trace, bench| {
                let (mut a, mut b) = (trace.part(), trace.part());
                trace.add("unit 0");
                for n in 0..2 {
                    b.add(format!("b {n}"));
                    a.add(format!("a {n}"));
                    bench.clock.advance(ms(1));
                }
                trace.warn("unit 2");
                trace.join(a).join(b);
            },
            " duration_ms=2.0 fragments=\"[0.0ms] unit 0; [0.0ms] a 0; [0.0ms] b 0; \
             [1.0ms] a 1; [1.0ms] b 1; [2.0ms, warn] unit 2\"",
        );
    }

    #[test]
    fn of_too_many_fragments_the_first_and_the_last_are_kept() {
        check_with(
            bare().max_fragments(4),
            |trace, bench| {
                let mut part = trace.part();
                for n in 0..3 {
                    traceline::add!(trace, "u{n}");
                    bench.clock.advance(ms(1));
                    traceline::add!(part, "p{n}");
                    bench.clock.advance(ms(1));
                }
                trace.join(part);
            },
            " duration_ms=6.0 fragments=\"[0.0ms] u0; [1.0ms] p0; [4.0ms] u2; [5.0ms] p2\" \
             dropped_fragments=2",
        );
    }

    /// A unit and parts with any number of fragments each, some of which are dropped
    /// in the parts, at the joins and after them.
    #[test]
    fn what_is_dropped_anywhere_is_counted_and_later_fragments_find_their_place() {
        for limit in 0..6 {
            for in_part in 0..8 {
                for after in 0..4 {
                    let bench = Bench::new(bare().format(Format::Json).max_fragments(limit));
                    let mut trace = bench.start();
                    let mut all = 0;
                    let mut add = |trace: &mut Trace| {
                        traceline::add!(trace, "{all}");
                        all += 1;
                        bench.clock.advance(ms(1));
                    };
                    add(&mut trace);
                    for _ in 0..2 {
                        let mut part = trace.part();
                        (0..in_part).for_each(|_| add(&mut part));
                        add(&mut trace);
                        trace.join(part);
                        (0..after).for_each(|_| add(&mut trace));
                    }
                    drop(trace);
                    let record: serde_json::Value =
                        serde_json::from_str(&bench.log.only().args).unwrap();
                    let fragments = record.get("fragments").and_then(|f| f.as_array());
                    let kept: Vec<u64> = fragments
                        .into_iter()
                        .flatten()
                        .map(|f| f["msg"].as_str().unwrap().parse().unwrap())
                        .collect();
                    let dropped = record.get("dropped_fragments").and_then(|n| n.as_u64());
                    let dropped = dropped.unwrap_or(0);
                    let case = format!("limit {limit}, {in_part} in a part, {after} after");
                    assert_eq!(kept.len() as u64 + dropped, all, "{case}: {record}");
                    assert_eq!(kept.len(), limit.min(all as usize), "{case}");
                    assert!(kept.is_sorted(), "{case}: {kept:?}");
                    // The very first and the very last fragment are never dropped.
                    if limit >= 2 {
                        assert_eq!(kept.first(), Some(&0), "{case}: {kept:?}");
                        assert_eq!(kept.last(), Some(&(all - 1)), "{case}: {kept:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn fields_of_a_part_are_set_when_it_is_joined() {
        check(
            |trace, _| {
                trace.set("a", "unit").set("b", "unit");
                let mut first = trace.part();
                let mut second = trace.part();
                first.set("b", "first").set("c", "first");
                second.set("c", "second").set("d", true);
                trace.set("a", "again");
                trace.join(second).join(first).set("d", false);
            },
            " duration_ms=0.0 a=again b=first c=first d=false",
        );
    }

    #[test]
    fn every_value_and_key_prints_as_if_the_unit_had_set_it() {
        fn everything(trace: &mut Trace) {
            let long = "long ä ".repeat(10);
            trace
                .set("text", "two words")
                .set("empty", "")
                .set("long", &long)
                .set("true", true)
                .set("u8", u8::MAX)
                .set("i64", i64::MIN)
                .set("u128", u128::MAX)
                .set("i128", i128::MIN)
                .set("f64", 0.1)
                .set("f32", 0.1f32)
                .set("nan", f64::NAN)
                .set("null", traceline::null())
                .set("none", None::<u8>)
                .set("took_ms", Duration::from_micros(1_234))
                .set("when", std::time::UNIX_EPOCH + Duration::from_secs(1))
                .set("list", [1, 2, 3])
                .set("lists", vec![vec!["a"], vec![]])
                .set("mask", traceline::mask("2c59aaaa", 4))
                .set("display", display(&1.5))
                .set("char", 'ä')
                .set("ip", std::net::Ipv4Addr::LOCALHOST)
                .set("odd key", 1)
                .set("odd=key", 2)
                .set("error", "mine")
                .set("level", "mine")
                .set("", "no key")
                .set(String::from("owned"), "x")
                .set(traceline::key("borrowed"), "y")
                .set(long.clone(), "a key that is cut")
                .set("secret", "hidden")
                .set("gone", 1)
                .unset("gone")
                .sum("sum", 0.5)
                .max("max", 3)
                .incr("both")
                .max("both", 7)
                .set("plain first", 1)
                .incr("plain first")
                .incr("secret counter")
                .max("secret", 1);
            trace.time("db", |_| ());
            trace.set("db.ms", "mine");
        }
        for format in [Format::Logfmt, Format::Json] {
            let config = || {
                let redacted = ["secret", "secret counter"];
                bare().format(format).max_value(32).redact(redacted)
            };
            let by_unit = run(config(), |trace, _| everything(trace));
            let by_part = run(config(), |trace, _| {
                part_that(trace, |part| everything(part))
            });
            util::same_line(&by_part.1, &by_unit.1);
        }
    }

    #[test]
    fn redacted_fields_stay_hidden_whatever_wrote_them() {
        let redacted = ["text", "sum", "max", "timer", "both"];
        check_with(
            bare().redact(redacted),
            |trace, bench| {
                trace.incr("both");
                part_that(trace, |part| {
                    part.set("text", "open").incr("sum").max("max", 3);
                    part.time("timer", |_| bench.clock.advance(ms(1)));
                    part.incr("both");
                });
                trace.incr("sum").max("max", 4).set("text", "still");
            },
            " duration_ms=1.0 both=\"******\" text=\"******\" sum=\"******\" max=\"******\" \
             timer=\"******\"",
        );
    }

    #[test]
    fn a_field_removed_in_a_part_is_as_if_it_had_not_been_set_there() {
        check(
            |trace, _| {
                trace.set("a", 1).incr("n");
                part_that(trace, |part| {
                    part.set("a", 2).unset("a");
                    part.set("b", 2).set("b", None::<u8>);
                    part.incr("n").unset("n");
                    part.set("c", 3);
                });
            },
            " duration_ms=0.0 a=1 n=1 c=3",
        );
    }

    #[test]
    fn kinds_that_differ_meet_as_they_would_in_one_trace() {
        // A plain write replaces a counter. A counter beside a plain value, or a maximum
        // beside a counter, is a separate field.
        check(
            |trace, _| {
                trace.incr("a").set("b", "plain").incr("c").max("d", 2);
                part_that(trace, |part| {
                    part.set("a", "plain").incr("b").max("c", 9).set("d", 1);
                });
            },
            " duration_ms=0.0 a=plain b=plain c=1 d=1 b_2=1 c_2=9",
        );
    }

    #[test]
    fn fields_past_the_limit_are_counted_once() {
        check_with(
            bare().max_fields(3),
            |trace, _| {
                trace.set("a", 1).set("b", 2);
                // There is no room for `e` in the part, nor for `d` in the unit.
                part_that(trace, |part| {
                    part.set("b", 3).set("c", 4).set("d", 5).set("e", 6);
                });
            },
            " duration_ms=0.0 a=1 b=3 c=4 dropped_fields=2",
        );
    }

    #[test]
    fn a_text_that_was_cut_in_a_part_is_counted_as_truncated() {
        let (_, line) = run(bare().max_value(16), |trace, _| {
            part_that(trace, |part| {
                part.set("k", "0123456789abcdefghi");
            });
        });
        util::same_line(
            &line,
            &run(bare().max_value(16), |trace, _| {
                trace.set("k", "0123456789abcdefghi");
            })
            .1,
        );
        assert!(line.ends_with(" truncated=1"), "{line}");
    }

    #[test]
    fn a_key_too_long_to_be_kept_whole_is_the_same_key_in_a_part() {
        let key = "k".repeat(20);
        let config = || bare().max_value(16);
        let want = run(config(), |trace, _| {
            trace.set(&key, 1).set(&key, 2);
        });
        let got = run(config(), |trace, _| {
            trace.set(&key, 1);
            part_that(trace, |part| _ = part.set(&key, 2));
        });
        assert_eq!(got, want);
    }

    #[test]
    fn a_hundred_parts_of_long_texts_stay_within_bounds() {
        let (_, line) = run(bare(), |trace, _| {
            for n in 0..100 {
                part_that(trace, |part| {
                    part.set("text", "x".repeat(8_000)).set("n", n);
                    for _ in 0..10 {
                        part.add("y".repeat(1_000));
                    }
                });
            }
        });
        assert!(line.len() <= 16 * 1024, "{}", line.len());
        assert!(line.contains(" n=99 "), "{line}");
    }
}

mod endings {
    use super::*;

    /// What a part does, and the level and the line of the unit that joins it.
    type Case = (fn(&mut Part), Level, &'static str);

    #[track_caller]
    fn check_cases(before: fn(&mut Trace), cases: &[Case]) {
        for (work, level, want) in cases {
            let got = run(bare(), |trace, _| {
                before(trace);
                part_that(trace, work);
            });
            assert_eq!(got, (*level, (*want).to_owned()));
        }
    }

    #[test]
    fn the_worst_of_a_part_is_the_unit_s() {
        check_cases(
            |_| (),
            &[
                (|_| (), Level::Info, " duration_ms=0.0"),
                (|part| _ = part.ok(), Level::Info, " duration_ms=0.0"),
                (
                    |part| _ = part.raise(Level::Warn),
                    Level::Warn,
                    " duration_ms=0.0",
                ),
                (
                    |part| _ = part.raise(Level::Debug),
                    Level::Info,
                    " duration_ms=0.0",
                ),
                (
                    |part| _ = part.warn("w"),
                    Level::Warn,
                    " duration_ms=0.0 fragments=\"[0.0ms, warn] w\"",
                ),
                (
                    |part| _ = part.fail("f"),
                    Level::Error,
                    " outcome=error duration_ms=0.0 fragments=\"[0.0ms, error] f\"",
                ),
                (
                    |part| _ = part.error("broken"),
                    Level::Error,
                    " outcome=error duration_ms=0.0 error=broken",
                ),
                (
                    |part| _ = part.status(404),
                    Level::Warn,
                    " duration_ms=0.0 status=404",
                ),
                (
                    |part| _ = part.status(500),
                    Level::Error,
                    " outcome=error duration_ms=0.0 status=500",
                ),
                (
                    |part| _ = part.error("broken").ok(),
                    Level::Info,
                    " duration_ms=0.0 error=broken",
                ),
            ],
        );
    }

    #[test]
    fn an_error_in_a_part_beats_an_ok_said_before_the_join() {
        check_cases(
            |trace| _ = trace.ok(),
            &[
                (|_| (), Level::Info, " outcome=ok duration_ms=0.0"),
                (
                    |part| _ = part.error("broken"),
                    Level::Error,
                    " outcome=error duration_ms=0.0 error=broken",
                ),
            ],
        );
    }

    #[test]
    fn an_ok_after_the_join_is_the_last_word() {
        let got = run(bare(), |trace, _| {
            part_that(trace, |part| _ = part.error("broken"));
            trace.ok();
        });
        let want = " outcome=ok duration_ms=0.0 error=broken";
        assert_eq!(got, (Level::Info, want.to_owned()));
    }

    #[test]
    fn the_error_that_the_unit_has_already_stays() {
        check(
            |trace, _| {
                part_that(trace, |part| _ = part.error("first"));
                part_that(trace, |part| _ = part.error("second"));
            },
            " outcome=error duration_ms=0.0 error=first",
        );
    }

    #[test]
    fn an_error_comes_with_its_sources() {
        let nested = || {
            let source = std::io::Error::other("disk full");
            anyhow::Error::new(source).context("cannot save")
        };
        check(
            |trace, _| {
                part_that(trace, |part| {
                    assert!(part.check(Err::<(), _>(nested())).is_err());
                });
                assert!(trace.error("of the unit").outcome().is_some());
                part_that(trace, |part| _ = part.error(&nested()));
            },
            " outcome=error duration_ms=0.0 error=\"of the unit\"",
        );
        check(
            |trace, _| part_that(trace, |part| _ = part.error(&nested())),
            " outcome=error duration_ms=0.0 error=\"cannot save\" error.chain=\"disk full\"",
        );
    }

    #[test]
    fn a_unit_of_another_level_has_parts_of_that_level() {
        let bench = Bench::new(bare());
        for (level, want) in [
            (Level::Debug, Level::Debug),
            (Level::Warn, Level::Warn),
            (Level::Error, Level::Error),
        ] {
            let builder = Trace::builder("unit").config(&bench.config).level(level);
            let mut trace = builder.start();
            part_that(&mut trace, |part| _ = part.add("x").raise(Level::Trace));
            drop(trace);
            assert_eq!(bench.log.only().level, want);
        }
    }
}

mod dropped {
    use super::*;

    #[test]
    fn a_part_that_is_dropped_joins_its_unit() {
        check(
            |trace, _| {
                drop(trace.part());
                let mut part = trace.part();
                part.set("a", 1).error("kept too");
                drop(part);
                part_that(trace, |part| _ = part.set("b", 2));
            },
            " outcome=error duration_ms=0.0 a=1 b=2 error=\"kept too\"",
        );
    }

    /// The unit, which may be on another thread, picks up what was dropped.
    #[test]
    fn a_later_write_of_a_unit_that_is_current_wins_over_a_part_that_was_dropped() {
        check(
            |trace, _| {
                let mut part = trace.part();
                part.set("a", 1).set("b", 1);
                trace.scope(|| {
                    thread::scope(|scope| scope.spawn(move || drop(part)).join().unwrap());
                    current::set("a", 2);
                    let mut part = current::part();
                    part.set("b", 2);
                    drop(part);
                    current::set("b", 3);
                });
            },
            " duration_ms=0.0 a=2 b=3",
        );
    }

    #[test]
    fn a_later_write_of_the_unit_wins_over_a_part_that_was_dropped() {
        check(
            |trace, _| {
                let mut part = trace.part();
                part.set("a", 1).set("b", 1).set("c", 1).incr("n");
                thread::scope(|scope| scope.spawn(move || drop(part)).join().unwrap());
                trace.set("a", 2);
                let mut part = trace.part();
                part.set("b", 2).incr("n");
                drop(part);
                trace.set("b", 3).unset("c").incr("n");
            },
            " duration_ms=0.0 a=2 b=3 n=3",
        );
    }

    #[test]
    fn a_part_that_was_dropped_comes_before_one_that_is_joined_later() {
        check(
            |trace, _| {
                let mut part = trace.part();
                part.set("a", 1).set("b", 1);
                drop(part);
                part_that(trace, |part| _ = part.set("a", 2));
            },
            " duration_ms=0.0 a=2 b=1",
        );
    }

    #[test]
    fn a_part_that_a_panicking_thread_took_along_joins_its_unit() {
        check(
            |trace, _| {
                let mut part = trace.part();
                let thread = thread::spawn(move || {
                    part.set("a", 1);
                    panic!("boom");
                });
                assert!(thread.join().is_err());
            },
            " duration_ms=0.0 a=1",
        );
    }

    #[test]
    fn a_part_that_a_panicking_thread_only_borrowed_can_be_joined() {
        check(
            |trace, _| {
                let mut part = trace.part();
                thread::scope(|scope| {
                    let thread = scope.spawn(|| {
                        part.set("a", 1).add("before");
                        panic!("boom");
                    });
                    assert!(thread.join().is_err());
                });
                trace.join(part);
            },
            " duration_ms=0.0 a=1 fragments=\"[0.0ms] before\"",
        );
    }

    #[test]
    fn a_part_that_is_forgotten_or_outlives_its_unit_is_counted() {
        let bench = Bench::new(bare());
        let trace = bench.start();
        mem::forget(trace.part());
        let mut late = trace.part();
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 lost_parts=2"]);
        late.set("late", 1).fail("late");
        late.checkpoint();
        let before = current::late_parts();
        drop(late);
        assert!(current::late_parts() > before);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn a_part_emits_nothing_even_while_its_thread_unwinds() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        let mut part = trace.part();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut part = mem::replace(&mut part, Trace::default().part());
            part.set("a", 1);
            panic!("boom");
        }));
        assert!(unwound.is_err());
        assert_eq!(lines(&bench), [""; 0]);
        trace.join(part);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    #[test]
    fn a_unit_that_is_discarded_takes_its_parts_along() {
        let bench = Bench::new(bare());
        let trace = bench.start();
        let part = trace.part();
        trace.discard();
        drop(part);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn a_part_that_still_runs_is_not_lost_to_a_checkpoint() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        let mut part = trace.part();
        part.set("a", 1);
        trace.checkpoint().join(part).checkpoint();
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 partial=true seq=1",
                "msg=unit duration_ms=0.0 a=1 partial=true seq=2",
                "msg=unit duration_ms=0.0 a=1"
            ]
        );
    }
}

mod parts_of_parts {
    use super::*;

    #[test]
    fn they_are_joined_to_their_part_and_reach_the_unit() {
        check(
            |trace, bench| {
                part_that(trace, |part| {
                    part.incr("n");
                    bench.clock.advance(ms(1));
                    part_that(part, |part| {
                        part.incr("n");
                        bench.clock.advance(ms(1));
                        part_that(part, |part| {
                            part.incr("n").add("deep");
                        });
                    });
                });
            },
            " duration_ms=2.0 n=3 fragments=\"[2.0ms] deep\"",
        );
    }

    #[test]
    fn one_that_is_still_out_is_counted_in_the_unit() {
        let mut out = Vec::new();
        check(
            |trace, _| {
                part_that(trace, |part| {
                    out.push(part.part());
                    part_that(part, |part| out.push(part.part()));
                    drop(part.part());
                });
            },
            " duration_ms=0.0 lost_parts=2",
        );
    }

    #[test]
    fn one_that_is_dropped_reaches_the_unit_even_after_its_part() {
        check(
            |trace, _| {
                let part = trace.part();
                let mut inner = part.part();
                inner.incr("n");
                drop(part);
                drop(inner);
            },
            " duration_ms=0.0 n=1",
        );
    }

    #[test]
    fn one_that_is_joined_to_the_unit_itself_is_not_lost() {
        for first in [true, false] {
            check(
                |trace, _| {
                    let mut part = trace.part();
                    let mut inner = part.part();
                    part.incr("n");
                    inner.incr("n");
                    if first {
                        trace.join(inner).join(part);
                    } else {
                        trace.join(part).join(inner);
                    }
                },
                " duration_ms=0.0 n=2",
            );
        }
    }
}

mod odd_uses {
    use super::*;

    #[test]
    fn parts_of_a_disabled_trace_are_disabled() {
        let bench = Bench::new(bare());
        let mut disabled = Trace::default();
        let mut part = disabled.part();
        assert!(!part.is_enabled());
        part.set("a", 1).add("x");
        disabled.join(part);
        let mut trace = bench.start();
        trace.join(disabled.part());
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0"]);
    }

    #[test]
    fn a_part_that_a_disabled_trace_joins_is_in_its_own_unit() {
        check(
            |trace, _| {
                let mut part = trace.part();
                part.set("a", 1);
                Trace::default().join(part);
            },
            " duration_ms=0.0 a=1",
        );
    }

    #[test]
    fn a_part_joined_to_another_unit_is_in_that_and_lost_to_its_own() {
        let bench = Bench::new(bare());
        let (a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let mut part = a.part();
        part.set("n", 1);
        b.join(part);
        drop(a);
        drop(b);
        assert_eq!(
            lines(&bench),
            [
                "msg=a duration_ms=0.0 lost_parts=1",
                "msg=b duration_ms=0.0 n=1"
            ]
        );
    }

    #[test]
    fn it_does_not_make_up_for_a_part_of_the_other_unit_that_is_still_out() {
        let bench = Bench::new(bare());
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let _out = b.part();
        let part = a.part();
        b.join(part);
        a.set("own", 1);
        drop(a);
        drop(b);
        assert_eq!(
            lines(&bench),
            [
                "msg=a duration_ms=0.0 own=1 lost_parts=1",
                "msg=b duration_ms=0.0 lost_parts=1"
            ]
        );
    }

    #[test]
    fn what_is_taken_out_of_a_part_emits_nothing_and_joins_unless_it_is_discarded() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        let mut part = trace.part();
        let mut taken = mem::take(&mut *part);
        taken.set("a", 1).checkpoint();
        assert_eq!(taken.render(), "msg=part duration_ms=0.0 a=1");
        taken.emit();
        part.set("disabled", 1);
        trace.join(part);
        assert_eq!(lines(&bench), [""; 0]);
        let mut part = trace.part();
        part.set("discarded", 1);
        mem::take(&mut *part).discard();
        trace.join(part);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    #[test]
    fn what_is_taken_out_and_put_back_is_joined() {
        check(
            |trace, _| {
                let mut part = trace.part();
                let mut taken = mem::take(&mut *part);
                taken.set("a", 1);
                *part = taken;
                trace.join(part);
            },
            " duration_ms=0.0 a=1",
        );
    }

    #[test]
    fn parts_that_are_swapped_are_joined_all_the_same() {
        check(
            |trace, _| {
                let (mut a, mut b) = (trace.part(), trace.part());
                a.set("a", 1);
                b.set("b", 2);
                mem::swap(&mut *a, &mut *b);
                trace.join(a).join(b);
            },
            " duration_ms=0.0 b=2 a=1",
        );
    }

    #[test]
    fn a_trace_in_the_place_of_a_part_emits_its_own_record_when_it_is_joined() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        let mut other = unit(&bench, "other");
        let mut part = trace.part();
        part.set("part", 1);
        other.set("other", 1);
        mem::swap(&mut *part, &mut other);
        trace.join(part);
        assert_eq!(lines(&bench), ["msg=other duration_ms=0.0 other=1"]);
        other.emit();
        assert_eq!(lines(&bench), [""; 0]);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 part=1"]);
    }

    #[test]
    fn a_part_may_be_shared_and_joins_with_its_last_handle() {
        let bench = Bench::new(bare());
        let trace = bench.start();
        let mut part = trace.part();
        let shared = mem::take(&mut *part).into_shared();
        shared.set("a", 1);
        let clone = shared.clone();
        drop((shared, part));
        assert_eq!(trace.get("a"), None);
        drop(clone);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    #[test]
    fn a_checkpoint_of_a_part_writes_nothing() {
        check(
            |trace, bench| {
                part_that(trace, |part| _ = part.set("a", 1).checkpoint());
                assert_eq!(bench.log.records().len(), 0);
            },
            " duration_ms=0.0 a=1",
        );
    }

    #[test]
    fn emit_merges_a_part_that_is_current_and_writes_no_record_of_it() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        let mut part = trace.part();
        part.scope(|| {
            current::set("a", 1);
            current::emit();
            assert!(!current::is_active());
        });
        assert_eq!(lines(&bench), [""; 0]);
        part.set("after", 1);
        trace.join(part);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }
}

mod shared_handles {
    use super::*;

    #[track_caller]
    fn check_shared(work: impl FnOnce(SharedTrace, &Bench), want: &str) {
        check(
            |trace, bench| work(mem::take(trace).into_shared(), bench),
            want,
        );
    }

    #[test]
    fn counters_of_many_threads_are_exact() {
        const ROUNDS: usize = if cfg!(debug_assertions) {
            1_000
        } else {
            10_000
        };
        let total = THREADS * ROUNDS;
        check_shared(
            |shared, _| {
                let start = Barrier::new(THREADS);
                thread::scope(|scope| {
                    for thread in 0..THREADS {
                        let (shared, start) = (shared.clone(), &start);
                        scope.spawn(move || {
                            start.wait();
                            for n in 0..ROUNDS {
                                shared.incr("n").with(|trace| {
                                    trace.max("max", thread * ROUNDS + n).sum("two", 2u8);
                                });
                            }
                        });
                    }
                });
                shared.with(|trace| {
                    trace.ok();
                });
            },
            &format!(
                " outcome=ok duration_ms=0.0 n={total} max={} two={}",
                total - 1,
                2 * total
            ),
        );
    }

    #[test]
    fn the_last_handle_emits_once_wherever_it_goes() {
        let bench = Bench::new(bare());
        for _ in 0..100 {
            let shared = bench.start().into_shared();
            thread::scope(|scope| {
                for _ in 0..4 {
                    let shared = shared.clone();
                    scope.spawn(move || _ = shared.incr("n"));
                }
                drop(shared);
            });
            assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 n=4"]);
        }
    }

    #[test]
    fn as_long_as_there_is_a_handle_nothing_is_emitted() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let clone = shared.clone();
        drop(shared);
        assert_eq!(lines(&bench), [""; 0]);
        clone.set("a", 1);
        drop(clone);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    type Calls = (&'static str, fn(&mut Trace), fn(&SharedTrace));

    const TABLE: [Calls; 8] = [
        ("set", |t| _ = t.set("k", "x y"), |s| _ = s.set("k", "x y")),
        (
            "args",
            |t| _ = t.set("k", format_args!("{}", 1)),
            |s| _ = s.set("k", format_args!("{}", 1)),
        ),
        (
            "debug",
            |t| _ = t.set("k", traceline::debug(&"x")),
            |s| _ = s.set("k", traceline::debug(&"x")),
        ),
        (
            "incr",
            |t| _ = t.incr("k").incr("k"),
            |s| _ = s.incr("k").incr("k"),
        ),
        ("add", |t| _ = t.add("a"), |s| _ = s.add("a")),
        (
            "add args",
            |t| _ = t.add(format_args!("{}", 1)),
            |s| _ = s.add(format_args!("{}", 1)),
        ),
        (
            "check",
            |t| assert!(t.check("x".parse::<u8>()).is_err()),
            |s| assert!(s.check("x".parse::<u8>()).is_err()),
        ),
        (
            "check ok",
            |t| assert_eq!(t.check("7".parse::<u8>()), Ok(7)),
            |s| assert_eq!(s.check("7".parse::<u8>()), Ok(7)),
        ),
    ];

    #[test]
    fn each_call_does_what_the_method_of_its_name_does() {
        for (name, by_trace, by_shared) in TABLE {
            let want = run(bare(), |trace, _| by_trace(trace));
            let got = run(bare(), |trace, _| {
                by_shared(&mem::take(trace).into_shared())
            });
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn each_call_does_nothing_on_a_disabled_trace() {
        let shared = Trace::default().into_shared();
        for (_, _, call) in TABLE {
            call(&shared);
        }
        let never = printing(|_| panic!("formatted"));
        shared
            .set("k", display(&never))
            .add(format_args!("{never}"));
        assert!(!shared.is_enabled());
        assert_eq!(shared.time("t", || 7), 7);
        assert_eq!(shared.with(|trace| trace.get("k")), Some(None));
        assert_eq!(shared.with(|trace| trace.elapsed()), Some(Duration::ZERO));
        assert_eq!(shared.with(|trace| trace.is_enabled()), Some(false));
    }

    #[test]
    fn what_was_set_can_be_read_back() {
        check_shared(
            |shared, bench| {
                shared.set("rows", 3);
                bench.clock.advance(ms(2));
                assert_eq!(
                    shared.with(|trace| trace.get("rows")),
                    Some(Some(traceline::value::OwnedValue::I64(3)))
                );
                assert_eq!(shared.with(|trace| trace.get("none")), Some(None));
                assert_eq!(shared.with(|trace| trace.elapsed()), Some(ms(2)));
                assert!(shared.is_enabled());
            },
            " duration_ms=2.0 rows=3",
        );
    }

    #[test]
    fn fragments_have_the_line_of_the_call() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        shared.add("a");
        let line = line!() - 1;
        drop(shared);
        assert_eq!(
            bench.log.only().args,
            format!("msg=unit duration_ms=0.0 fragments=\"[{line}, 0.0ms] a\"")
        );
    }

    #[test]
    fn inside_with_the_same_thread_finds_it_taken() {
        check_shared(
            |shared, _| {
                let seven = shared.with(|trace| {
                    trace.set("a", 1);
                    assert_eq!(shared.with(|_| ()), None);
                    shared.set("lost", 1).add("lost").incr("lost");
                    assert_eq!(shared.time("lost", || 7), 7);
                    assert_eq!(shared.with(|trace| trace.get("a")), None);
                    let clone = shared.clone();
                    assert_eq!(clone.with(|_| ()), None);
                    drop(clone);
                    7
                });
                assert_eq!(seven, Some(7));
                shared.set("b", 2);
            },
            " duration_ms=0.0 a=1 b=2",
        );
    }

    #[test]
    fn another_thread_waits_until_with_is_over() {
        check_shared(
            |shared, _| {
                let started = Barrier::new(2);
                thread::scope(|scope| {
                    let (shared, started) = (&shared, &started);
                    shared.with(|trace| {
                        scope.spawn(move || {
                            started.wait();
                            shared.set("second", true);
                        });
                        started.wait();
                        trace.set("first", true);
                    });
                });
            },
            " duration_ms=0.0 first=true second=true",
        );
    }

    #[test]
    fn a_display_may_write_to_the_trace_it_is_printed_into() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let prints = printing(|f| {
            shared.add("from inside").incr("printed");
            f.write_str("text")
        });
        shared.set("k", display(&prints));
        shared.add(format_args!("with {prints}"));
        assert!(shared.check(Err::<(), _>(prints.to_string())).is_err());
        drop(shared);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit outcome=error duration_ms=0.0 printed=3 k=text error=text \
                 fragments=\"[0.0ms] from inside; [0.0ms] from inside; [0.0ms] with text; \
                 [0.0ms] from inside\""
            ]
        );
    }

    #[test]
    fn a_display_in_a_list_may_write_to_the_trace_it_is_printed_into() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let prints = printing(|f| {
            shared.incr("printed");
            f.write_str("text")
        });
        shared.set("k", [display(&prints)]);
        drop(shared);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 printed=1 k=\"[\\\"text\\\"]\""]
        );
    }

    #[test]
    fn a_display_may_wait_for_another_thread_that_writes() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let prints = printing(|f| {
            thread::scope(|scope| {
                scope.spawn(|| _ = shared.incr("printed"));
            });
            f.write_str("text")
        });
        shared.set("k", display(&prints));
        shared.add(format_args!("{prints}"));
        drop(shared);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 printed=2 k=text fragments=\"[0.0ms] text\""]
        );
    }

    #[test]
    fn a_panic_inside_with_leaves_the_trace_usable() {
        check_shared(
            |shared, _| {
                let unwound = catch_unwind(AssertUnwindSafe(|| {
                    shared.with(|trace| {
                        trace.set("a", 1);
                        panic!("boom");
                    })
                }));
                assert!(unwound.is_err());
                thread::scope(|scope| {
                    scope.spawn(|| _ = shared.set("b", 2));
                });
                assert_eq!(shared.with(|trace| trace.is_enabled()), Some(true));
            },
            " duration_ms=0.0 a=1 b=2",
        );
    }

    #[test]
    fn a_display_that_panics_leaves_its_mark() {
        check_shared(
            |shared, _| {
                let prints = printing(|f| {
                    f.write_str("half")?;
                    panic!("boom");
                });
                shared.set("k", display(&prints)).set("after", 1);
            },
            " duration_ms=0.0 k=\"<panicked>\" after=1",
        );
    }

    #[test]
    fn the_last_handle_of_a_thread_that_unwinds_says_panic() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let thread = thread::spawn(move || {
            let shared = shared;
            shared.set("a", 1);
            panic!("boom");
        });
        assert!(thread.join().is_err());
        assert_eq!(
            lines(&bench),
            ["msg=unit outcome=panic duration_ms=0.0 a=1"]
        );
    }

    #[test]
    fn laps_run_without_the_lock_and_end_where_their_work_unwinds() {
        check_shared(
            |shared, bench| {
                let five = shared.time("t", || {
                    shared.set("inside", true);
                    thread::scope(|scope| {
                        scope.spawn(|| shared.time("t", || bench.clock.advance(ms(2))));
                    });
                    5
                });
                assert_eq!(five, 5);
                let unwound = catch_unwind(AssertUnwindSafe(|| {
                    shared.time("t", || {
                        bench.clock.advance(ms(1));
                        panic!("boom");
                    })
                }));
                assert!(unwound.is_err());
                bench.clock.advance(ms(4));
            },
            " duration_ms=7.0 t.count=3 t.ms=5.0 t.max_ms=2.0 t.wall_ms=3.0 inside=true",
        );
    }

    #[test]
    fn an_error_comes_with_its_sources() {
        check_shared(
            |shared, _| {
                let error = anyhow::anyhow!("disk full").context("cannot save");
                assert!(shared.check(Err::<(), _>(error)).is_err());
            },
            " outcome=error duration_ms=0.0 error=\"cannot save\" error.chain=\"disk full\"",
        );
    }

    #[test]
    fn what_is_taken_out_is_the_taker_s_and_emits_once() {
        let bench = Bench::new(bare());
        let shared = bench.start().into_shared();
        let mut taken = shared.with(mem::take).unwrap();
        shared.set("late", 1).add("late");
        taken.set("a", 1);
        drop(taken);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
        drop(shared);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn it_can_be_made_current_and_have_parts() {
        check_shared(
            |shared, _| {
                shared.with(|trace| {
                    trace.scope(|| {
                        current::set("a", 1);
                        shared.set("lost", 1);
                        assert_eq!(current::with(|_| shared.with(|_| ())), Some(None));
                    });
                });
                let mut part = shared.with(|trace| trace.part()).unwrap();
                part.set("b", 2);
                shared.with(|trace| _ = trace.join(part));
                let forgotten = shared.with(|trace| mem::forget(trace.enter()));
                assert_eq!(forgotten, Some(()));
                current::set("c", 3);
                shared.set("d", 4);
                assert!(!current::is_active());
            },
            " duration_ms=0.0 a=1 b=2 c=3 d=4",
        );
    }
}

/// Parts, shared handles and current units at random, against a plain model.
mod stress {
    use super::*;

    const ROUNDS: usize = if cfg!(debug_assertions) { 400 } else { 4_000 };
    const KEYS: [&str; 5] = ["k0", "k1", "k2", "k3", "k4"];

    /// A small generator (SplitMix64), so that a failure can be reproduced.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % end as u64) as usize
        }
    }

    /// The expected contents of a unit that many threads write to.
    #[derive(Default)]
    struct Sums {
        sums: BTreeMap<&'static str, u64>,
        maxima: BTreeMap<&'static str, u64>,
        laps: u64,
        fragments: u64,
        lost: u64,
    }

    impl Sums {
        fn add(&mut self, other: Sums) {
            for (key, n) in other.sums {
                *self.sums.entry(key).or_default() += n;
            }
            for (key, n) in other.maxima {
                let most = self.maxima.entry(key).or_default();
                *most = n.max(*most);
            }
            self.laps += other.laps;
            self.fragments += other.fragments;
            self.lost += other.lost;
        }

        #[track_caller]
        fn check(&self, line: &str) {
            let record: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(line).unwrap();
            let number = |key: &str| record.get(key).and_then(|n| n.as_u64()).unwrap_or(0);
            for key in KEYS {
                let sum = self.sums.get(key).copied().unwrap_or(0);
                assert_eq!(number(key), sum, "{key} {line}");
                let most = self.maxima.get(key).copied().unwrap_or(0);
                assert_eq!(number(&format!("max_{key}")), most, "{key} {line}");
            }
            assert_eq!(number("t.count"), self.laps);
            assert_eq!(number("lost_parts"), self.lost);
            let fragments = record.get("fragments").and_then(|f| f.as_array());
            let kept = fragments.map_or(0, Vec::len) as u64;
            assert_eq!(kept + number("dropped_fragments"), self.fragments);
        }
    }

    const MAX_KEYS: [&str; 5] = ["max_k0", "max_k1", "max_k2", "max_k3", "max_k4"];

    struct Worker<'a> {
        bench: &'a Bench,
        unit: &'a Trace,
        random: Random,
        part: Part,
        of_part: Sums,
        /// What has joined the unit, or will not.
        of_unit: Sums,
        /// Parts that are still out when their units end.
        out: Vec<Part>,
        shared: SharedTrace,
        of_shared: Sums,
        /// The expected lines of this thread's own units.
        want: Vec<String>,
    }

    impl Sums {
        fn note(&mut self, key: usize, n: u64) {
            let mut one = Sums::default();
            one.sums.insert(KEYS[key], n);
            one.maxima.insert(KEYS[key], n);
            self.add(one);
        }

        /// One write of each kind.
        fn note_all(&mut self, key: usize, n: u64) {
            self.note(key, n);
            self.laps += 1;
            self.fragments += 1;
        }
    }

    impl Worker<'_> {
        fn round(&mut self, depth: usize) {
            let (key, n) = (self.random.below(5), self.random.below(1_000) as u64);
            match self.random.below(10) {
                0 => self.write_part(key, n),
                1 => self.write_current_part(key, n),
                2 | 3 => self.write_shared(key, n),
                4 => self.part_of_part(key, n),
                5 => self.change_part(),
                6 | 7 if depth < 5 => self.unit_of_its_own(depth, n),
                8 => self.two_units(n),
                _ => self.write_shared_part(key, n),
            }
        }

        fn write_part(&mut self, key: usize, n: u64) {
            self.part.sum(KEYS[key], n).max(MAX_KEYS[key], n);
            self.part.time("t", |part| _ = part.add(format!("{n}")));
            self.of_part.note_all(key, n);
        }

        fn write_current_part(&mut self, key: usize, n: u64) {
            self.part.scope(|| {
                current::sum(KEYS[key], n);
                current::with(|part| _ = part.max(MAX_KEYS[key], n));
                current::time("t", || current::add!("{n}"));
            });
            self.of_part.note_all(key, n);
        }

        fn part_of_part(&mut self, key: usize, n: u64) {
            let mut part = self.part.part();
            part.sum(KEYS[key], n).max(MAX_KEYS[key], n);
            match n % 5 {
                0 => {
                    self.of_unit.lost += 1;
                    self.out.push(part);
                }
                1 => {
                    drop(part);
                    self.of_unit.note(key, n);
                }
                _ => {
                    self.part.join(part);
                    self.of_part.note(key, n);
                }
            }
        }

        /// Occasionally goes on with another part: the one at hand joins, or it is never
        /// seen again.
        fn change_part(&mut self) {
            let of_part = match self.random.below(40) {
                0 => {
                    self.out
                        .push(mem::replace(&mut self.part, self.unit.part()));
                    self.of_part = Sums::default();
                    self.of_unit.lost += 1;
                    return;
                }
                1 => mem::take(&mut self.of_part),
                _ => return,
            };
            self.part = self.unit.part();
            self.of_unit.add(of_part);
        }

        fn write_shared(&mut self, key: usize, n: u64) {
            let shared = &self.shared;
            shared.with(|trace| {
                trace.sum(KEYS[key], n).max(MAX_KEYS[key], n);
            });
            shared.time("t", || _ = shared.add(format_args!("{n}")));
            self.of_shared.note_all(key, n);
        }

        fn write_shared_part(&mut self, key: usize, n: u64) {
            let mut part = self.shared.with(|trace| trace.part()).unwrap();
            part.sum(KEYS[key], n).max(MAX_KEYS[key], n);
            part.time("t", |part| _ = part.add("from a part"));
            match n % 7 {
                0 => {
                    self.of_shared.lost += 1;
                    return self.out.push(part);
                }
                1 => drop(part),
                _ => _ = self.shared.with(|trace| _ = trace.join(part)),
            }
            self.of_shared.note_all(key, n);
        }

        /// A unit of this thread that is current, with other units inside.
        fn unit_of_its_own(&mut self, depth: usize, n: u64) {
            let mut trace = unit(self.bench, "own");
            let rounds = self.random.below(4);
            trace.scope(|| {
                current::set("n", n);
                for round in 0..rounds {
                    current::incr("rounds");
                    self.round(depth + 1);
                    current::set("round", round);
                }
            });
            match n % 4 {
                0 => mem::forget(trace.enter()),
                1 => _ = trace.ok(),
                _ => {}
            }
            drop(trace);
            let outcome = if n % 4 == 1 {
                "\"outcome\":\"ok\","
            } else {
                ""
            };
            let rounds = match rounds {
                0 => String::new(),
                n => format!(",\"rounds\":{n},\"round\":{}", n - 1),
            };
            self.want.push(format!(
                "{{\"msg\":\"own\",{outcome}\"duration_ms\":0.0,\"n\":{n}{rounds}}}"
            ));
        }

        /// Two units whose guards are dropped in the order they were created.
        fn two_units(&mut self, n: u64) {
            let (mut a, mut b) = (unit(self.bench, "a"), unit(self.bench, "b"));
            let entered_a = a.enter();
            current::set("a", n);
            let entered_b = b.enter();
            current::set("b", n);
            drop(entered_a);
            current::incr("still_b");
            drop(entered_b);
            drop((a, b));
            self.want.extend([
                format!("{{\"msg\":\"a\",\"duration_ms\":0.0,\"a\":{n}}}"),
                format!("{{\"msg\":\"b\",\"duration_ms\":0.0,\"b\":{n},\"still_b\":1}}"),
            ]);
        }
    }

    fn run_with(seed: u64) {
        let bench = Bench::new(bare().format(Format::Json));
        let mut trace = unit(&bench, "parts");
        let shared = unit(&bench, "shared").into_shared();
        let (mut of_parts, mut of_shared) = (Sums::default(), Sums::default());
        let mut want: Vec<String> = Vec::new();
        let unit: &Trace = &trace;
        let start = &Barrier::new(THREADS);
        let mut out = Vec::new();
        let parts: Vec<Part> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS as u64)
                .map(|thread| {
                    let mut worker = Worker {
                        bench: &bench,
                        unit,
                        random: Random(seed * THREADS as u64 + thread),
                        part: unit.part(),
                        of_part: Sums::default(),
                        of_unit: Sums::default(),
                        out: Vec::new(),
                        shared: shared.clone(),
                        of_shared: Sums::default(),
                        want: Vec::new(),
                    };
                    scope.spawn(move || {
                        start.wait();
                        for _ in 0..ROUNDS {
                            worker.round(0);
                            assert!(!current::is_active());
                        }
                        worker
                    })
                })
                .collect();
            let workers = threads.into_iter().map(|thread| thread.join().unwrap());
            let parts = workers.map(|worker| {
                out.extend(worker.out);
                of_parts.add(worker.of_unit);
                of_parts.add(worker.of_part);
                of_shared.add(worker.of_shared);
                want.extend(worker.want);
                worker.part
            });
            parts.collect()
        });
        for part in parts {
            trace.join(part);
        }
        drop(trace);
        drop(shared);
        let (before, late) = (current::late_parts(), out.len() as u64);
        for mut part in out {
            part.set("late", true);
        }
        assert!(current::late_parts() >= before + late);
        let mut lines = bench.log.take_lines();
        of_shared.check(&lines.pop().unwrap());
        of_parts.check(&lines.pop().unwrap());
        lines.sort_unstable();
        want.sort_unstable();
        assert_eq!(lines.len(), want.len());
        for (line, want) in lines.iter().zip(&want) {
            assert_eq!(line, want);
        }
    }

    #[test]
    fn what_eight_threads_do_at_random_is_what_the_model_says() {
        for seed in 1..=4 {
            run_with(seed);
        }
    }
}

mod one_after_the_other {
    use super::*;

    /// Leftovers of a part show in no later unit, on a thread that ran others.
    #[test]
    fn a_redacted_field_of_a_part_is_one_field_in_the_next_unit_too() {
        let bench = Bench::new(bare().redact(["pw"]).max_fields(2));
        for _ in 0..3 {
            let mut unit = unit(&bench, "unit");
            unit.set("a", 1);
            let mut part = unit.part();
            part.set("pw", "hunter2");
            unit.join(part);
            unit.set("pw", "hunter3");
            drop(unit);
            let mut unit = super::unit(&bench, "unit");
            unit.set("a", 1).set("pw", "hunter4").set("pw", "hunter5");
        }
        for line in lines(&bench) {
            assert_eq!(line, "msg=unit duration_ms=0.0 a=1 pw=\"******\"");
        }
    }

    #[test]
    fn the_configuration_of_the_unit_redacts_what_a_part_of_another_brings() {
        let (open, closed) = (Bench::new(bare()), Bench::new(bare().redact(["password"])));
        let mut other = unit(&open, "other");
        let mut part = other.part();
        part.set("password", "hunter2");
        let mut closed_unit = unit(&closed, "unit");
        closed_unit.join(part);
        drop(closed_unit);
        assert_eq!(
            lines(&closed),
            ["msg=unit duration_ms=0.0 password=\"******\""]
        );
        // An open unit that follows a redacting part does not redact either.
        let part = unit(&closed, "unit").part();
        other.join(part);
        other.discard();
        let mut next = unit(&open, "other");
        next.set("password", "shown");
        drop(next);
        assert_eq!(lines(&open), ["msg=other duration_ms=0.0 password=shown"]);
    }

    #[test]
    fn a_part_of_an_earlier_unit_in_the_same_entry_does_not_stand_for_one_that_is_out() {
        let bench = Bench::new(bare());
        let first = unit(&bench, "unit");
        let late = first.part();
        drop(first);
        let mut second = unit(&bench, "unit");
        let _out = second.part();
        second.join(late);
        drop(second);
        let want = "msg=unit duration_ms=0.0 lost_parts=1";
        assert_eq!(lines(&bench), [want, want]);
    }

    /// On a thread of its own, so that the entry of the part is the next one to be used.
    #[test]
    fn the_entry_of_a_part_serves_units_whichever_way_the_part_ended() {
        let ways: [fn(&mut Trace, Part); 5] = [
            |unit, part| _ = unit.join(part),
            |_, part| drop(part),
            |_, mut part| mem::take(&mut *part).discard(),
            |_, mut part| mem::take(&mut *part).emit(),
            |_, part| _ = Trace::default().join(part),
        ];
        for end in ways {
            let bench = Bench::new(bare());
            let work = || {
                let mut first = unit(&bench, "part");
                let mut part = first.part();
                part.set("a", 1);
                end(&mut first, part);
                let second = unit(&bench, "part");
                let third = unit(&bench, "part");
                drop((third, second));
                first.discard();
                unit(&bench, "part").emit();
            };
            thread::scope(|scope| scope.spawn(work).join().unwrap());
            assert_eq!(lines(&bench), ["msg=part duration_ms=0.0"; 3]);
        }
    }

    #[test]
    fn a_trace_in_the_place_of_a_part_that_joins_a_disabled_unit_has_its_record() {
        let bench = Bench::new(bare());
        let mut unit = unit(&bench, "unit");
        let mut part = unit.part();
        let mut whole = super::unit(&bench, "whole");
        mem::swap(&mut *part, &mut whole);
        Trace::default().join(part);
        assert_eq!(lines(&bench), ["msg=whole duration_ms=0.0"]);
        unit.set("a", 1);
        drop(unit);
        // `whole` is the part by now, and is still out.
        drop(whole);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1 lost_parts=1"]);
    }

    /// The text of fields and fragments replaced by joins is freed while the unit runs.
    #[test]
    fn joining_over_and_over_takes_no_more_room() {
        let bench = Bench::new(bare().max_fragments(4));
        let mut unit = unit(&bench, "unit");
        let text = "x".repeat(200);
        for _ in 0..10_000 {
            let mut part = unit.part();
            part.set("k", &text).add(&text);
            unit.join(part);
        }
        // Measured through the line's length, which depends on what the unit has to keep.
        let line = unit.render();
        assert!(line.contains("dropped_fragments=9996"), "{line}");
        unit.discard();
    }
}

/// A key whose text is made by user code that uses the unit itself.
#[test]
fn keys_make_their_text_before_the_trace_is_taken() {
    use traceline::value::{Key, ToKey};

    struct Counting<'a>(Option<&'a SharedTrace>);
    impl ToKey for Counting<'_> {
        fn to_key(&self) -> Key<'_> {
            match self.0 {
                Some(shared) => _ = shared.incr("keys"),
                None => current::incr("keys"),
            }
            traceline::key("k")
        }
    }
    let bench = Bench::new(bare());
    let shared = unit(&bench, "unit").into_shared();
    shared
        .set(Counting(Some(&shared)), 1)
        .incr(Counting(Some(&shared)));
    drop(shared);
    let mut unit = unit(&bench, "unit");
    unit.scope(|| {
        current::set(Counting(None), 1);
        current::incr(Counting(None));
    });
    drop(unit);
    let want = "msg=unit duration_ms=0.0 keys=2 k=1 k_2=1";
    assert_eq!(lines(&bench), [want, want]);
}
