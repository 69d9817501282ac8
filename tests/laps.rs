//! Laps of one timer that overlap: `key.wall_ms` is the time in which at least one ran, where
//! that is not the sum.

use std::time::Duration;

use traceline::{
    Config, Format, Part, Timer, Trace,
    config::{Color, ConfigBuilder, Output},
    value::OwnedValue,
};

use crate::typed::{Structured, Typed};
use crate::util;
use crate::util::{Bench, Capture, ManualClock};

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Two laps of `db`, from 0 to 3 ms and from 1 to 6 ms, and one of `io`.
fn overlapping(trace: &mut Trace, clock: &ManualClock) {
    let first = trace.start_timer("db");
    clock.advance(ms(1));
    let second = trace.start_timer("db");
    clock.advance(ms(2));
    trace.stop(first);
    trace.time("io", |_| clock.advance(ms(3)));
    trace.stop(second);
}

fn line(builder: ConfigBuilder, work: impl FnOnce(&mut Trace, &Bench)) -> String {
    let bench = Bench::new(builder);
    let mut trace = bench.start();
    work(&mut trace, &bench);
    trace.emit();
    bench.log.only().args
}

#[track_caller]
fn check(work: impl FnOnce(&mut Trace, &Bench), want: &str) {
    let got = line(bare(), work);
    util::same_line(&got, &format!("msg=unit duration_ms={want}"));
}

mod forms {
    use super::*;

    #[test]
    fn a_timer_writes_count_sum_and_longest_and_wall_ms_where_laps_overlapped() {
        check(
            |trace, bench| overlapping(trace, bench.clock),
            "6.0 db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms=6.0 \
             io.count=1 io.ms=3.0 io.max_ms=3.0",
        );
        util::same_line(
            &line(bare().format(Format::Json), |trace, bench| {
                overlapping(trace, bench.clock);
            }),
            concat!(
                r#"{"msg":"unit","duration_ms":6.0,"db.count":2,"db.ms":8.0,"db.max_ms":5.0,"#,
                r#""db.wall_ms":6.0,"io.count":1,"io.ms":3.0,"io.max_ms":3.0}"#
            ),
        );
        util::same_line(
            &line(
                bare().format(Format::Pretty).color(Color::Never),
                |trace, bench| overlapping(trace, bench.clock),
            ),
            "unit  6.0ms
  db.count         2
  db.ms            8.0
  db.max_ms        5.0
  db.wall_ms       6.0
  io.count         1
  io.ms            3.0
  io.max_ms        3.0",
        );
    }

    #[test]
    fn it_is_a_number_among_key_values() {
        let (log, clock): (&Structured, _) = (Box::leak(Box::default()), ManualClock::leak());
        let builder = bare().output(Output::KeyValues).clock(clock).logger(log);
        let mut trace = Trace::builder("unit")
            .config(&builder.build().unwrap())
            .start();
        overlapping(&mut trace, clock);
        trace.unset("io");
        trace.emit();
        let pairs = &log.take()[0];
        let float = |key: &str, value| (key.to_owned(), Typed::Float(value));
        assert_eq!(
            pairs[1..],
            [
                ("db.count".to_owned(), Typed::Integer("2".to_owned())),
                float("db.ms", 8.0),
                float("db.max_ms", 5.0),
                float("db.wall_ms", 6.0),
            ]
        );
    }

    #[test]
    fn every_reader_of_a_unit_finds_it() {
        let bench = Bench::new(bare());
        let mut trace = bench.start();
        overlapping(&mut trace, bench.clock);
        let duration = |millis| Some(OwnedValue::Duration(ms(millis)));
        assert_eq!(trace.get("db"), duration(8));
        assert_eq!(trace.get("db.ms"), duration(8));
        assert_eq!(trace.get("db.wall_ms"), duration(6));
        assert_eq!(trace.get("io.wall_ms"), None);
        trace.discard();

        static SEEN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
        line(
            bare().on_emit(|unit, hand_over| {
                let fields = unit.fields().into_iter();
                SEEN.lock()
                    .unwrap()
                    .extend(fields.map(|(key, value)| format!("{key}={value}")));
                assert_eq!(unit.get("db.wall_ms"), Some(OwnedValue::Duration(ms(6))));
                hand_over();
            }),
            |trace, bench| overlapping(trace, bench.clock),
        );
        let want = ["db.count=2", "db.ms=8ms", "db.max_ms=5ms", "db.wall_ms=6ms"];
        assert_eq!(SEEN.lock().unwrap()[..4], want);
    }

    #[test]
    fn a_redacted_timer_does_not_tell_whether_its_laps_overlapped() {
        let text = line(bare().redact(["db"]), |trace, bench| {
            overlapping(trace, bench.clock);
            assert_eq!(trace.get("db.wall_ms"), None);
            trace.unset("io");
        });
        let want = r#"6.0 db.count="******" db.ms="******" db.max_ms="******""#;
        util::same_line(&text, &format!("msg=unit duration_ms={want}"));
    }

    /// The name is the timer's whether its laps overlap or not.
    #[test]
    fn a_user_key_of_that_name_gives_way_or_is_given_way_to() {
        check(
            |trace, bench| {
                trace.time("db", |_| bench.clock.advance(ms(1)));
                trace.set("db.wall_ms", 7);
            },
            "1.0 db.count=1 db.ms=1.0 db.max_ms=1.0 db.wall_ms_2=7",
        );
        check(
            |trace, bench| {
                trace.set("db.wall_ms", 7);
                overlapping(trace, bench.clock);
                trace.unset("io");
            },
            "6.0 db.wall_ms=7 db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms_2=6.0",
        );
        let fixed = line(bare().field("db.wall_ms", "fixed"), |trace, bench| {
            overlapping(trace, bench.clock);
            trace.unset("io");
        });
        let want = "6.0 db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms_2=6.0";
        util::same_line(
            &fixed,
            &format!("msg=unit db.wall_ms=fixed duration_ms={want}"),
        );
    }
}

mod one_unit {
    use super::*;

    #[test]
    fn a_lap_whose_guard_is_gone_does_not_overlap_with_the_next_one() {
        check(
            |trace, bench| {
                let both = (trace.lap("db"), trace.lap("db"));
                bench.clock.advance(ms(100));
                drop(both);
                bench.clock.advance(ms(50));
                let _lap = trace.lap("db");
                bench.clock.advance(ms(10));
            },
            "160.0 db.count=3 db.ms=210.0 db.max_ms=100.0 db.wall_ms=110.0",
        );
    }

    #[test]
    fn laps_one_after_the_other_have_no_wall_ms() {
        check(
            |trace, bench| {
                for micros in [999, 1, 1_500, 0, 333] {
                    trace.time("db", |_| bench.clock.advance(Duration::from_micros(micros)));
                    // Less than a microsecond of each lap, and between laps.
                    let lap = trace.start_timer("db");
                    bench.clock.advance(Duration::from_nanos(1_999));
                    trace.stop(lap);
                    bench.clock.advance(Duration::from_nanos(1_999));
                }
            },
            "2.852 db.count=10 db.ms=2.838 db.max_ms=1.5",
        );
    }

    #[test]
    fn groups_of_laps_count_without_the_time_between_them() {
        check(
            |trace, bench| {
                for _ in 0..3 {
                    overlapping(trace, bench.clock);
                    bench.clock.advance(ms(10));
                }
                trace.unset("io");
            },
            "48.0 db.count=6 db.ms=24.0 db.max_ms=5.0 db.wall_ms=18.0",
        );
    }

    #[test]
    fn laps_that_the_end_of_the_unit_closes_count() {
        check(
            |trace, bench| {
                let _running = trace.start_timer("db");
                bench.clock.advance(ms(2));
                let _running = trace.start_timer("db");
                bench.clock.advance(ms(3));
            },
            "5.0 db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms=5.0",
        );
    }

    /// A preview ends the laps that run; they run on in the unit.
    #[test]
    fn a_preview_changes_nothing() {
        check(
            |trace, bench| {
                let first = trace.start_timer("db");
                let second = trace.start_timer("db");
                bench.clock.advance(ms(2));
                assert!(trace.render().ends_with(" db.wall_ms=2.0"));
                trace.stop(first);
                bench.clock.advance(ms(1));
                trace.stop(second);
            },
            "3.0 db.count=2 db.ms=5.0 db.max_ms=3.0 db.wall_ms=3.0",
        );
    }

    #[test]
    fn a_removed_timer_begins_afresh() {
        check(
            |trace, bench| {
                overlapping(trace, bench.clock);
                let open = trace.start_timer("db");
                trace.unset("db").unset("io");
                bench.clock.advance(ms(4));
                trace.time("db", |_| bench.clock.advance(ms(1)));
                trace.stop(open);
            },
            "11.0 db.count=1 db.ms=1.0 db.max_ms=1.0",
        );
    }

    #[test]
    fn removed_fields_that_make_room_leave_running_laps_alone() {
        let got = line(bare().max_fields(3), |trace, bench| {
            trace.set("a", 1).set("b", 2);
            let first = trace.start_timer("db");
            trace.unset("a").unset("b");
            bench.clock.advance(ms(1));
            trace.set("c", 3).set("d", 4);
            let second = trace.start_timer("db");
            bench.clock.advance(ms(1));
            trace.stop(first).stop(second);
        });
        let want = "2.0 db.count=2 db.ms=3.0 db.max_ms=2.0 db.wall_ms=2.0 c=3 d=4";
        util::same_line(&got, &format!("msg=unit duration_ms={want}"));
    }
}

mod parts {
    use super::*;

    #[test]
    fn laps_of_parts_that_ran_at_the_same_time_count_once() {
        check(
            |trace, bench| {
                let mut parts: Vec<Part> = (0..4).map(|_| trace.part()).collect();
                let laps: Vec<Timer> = parts
                    .iter_mut()
                    .map(|part| part.start_timer("db"))
                    .collect();
                bench.clock.advance(ms(5));
                for (mut part, lap) in parts.into_iter().zip(laps) {
                    part.stop(lap);
                    trace.join(part);
                }
            },
            "5.0 db.count=4 db.ms=20.0 db.max_ms=5.0 db.wall_ms=5.0",
        );
    }

    #[test]
    fn laps_of_parts_that_ran_one_after_the_other_have_no_wall_ms() {
        check(
            |trace, bench| {
                trace.time("db", |_| bench.clock.advance(ms(1)));
                for _ in 0..100 {
                    let mut part = trace.part();
                    part.time("db", |_| bench.clock.advance(ms(1)));
                    bench.clock.advance(ms(1));
                    trace.join(part);
                    trace.time("db", |_| bench.clock.advance(ms(1)));
                }
            },
            "301.0 db.count=201 db.ms=201.0 db.max_ms=1.0",
        );
    }

    #[test]
    fn a_lap_of_the_unit_round_those_of_its_parts_is_the_wall() {
        check(
            |trace, bench| {
                trace.time("all", |trace| {
                    for _ in 0..3 {
                        let mut part = trace.part();
                        part.time("all", |_| bench.clock.advance(ms(2)));
                        trace.join(part);
                        bench.clock.advance(ms(1));
                    }
                });
            },
            "9.0 all.count=4 all.ms=15.0 all.max_ms=9.0 all.wall_ms=9.0",
        );
    }

    #[test]
    fn more_periods_than_are_kept_apart_leave_it_out_rather_than_lie() {
        let laps = |count| {
            move |trace: &mut Trace, bench: &Bench| {
                let (mut one, mut other) = (trace.part(), trace.part());
                for _ in 0..count {
                    let laps = [one.start_timer("db"), other.start_timer("db")];
                    bench.clock.advance(ms(1));
                    let [first, second] = laps;
                    one.stop(first);
                    other.stop(second);
                    bench.clock.advance(ms(1));
                }
                trace.join(one).join(other);
            }
        };
        check(
            laps(32),
            "64.0 db.count=64 db.ms=64.0 db.max_ms=1.0 db.wall_ms=32.0",
        );
        check(laps(33), "66.0 db.count=66 db.ms=66.0 db.max_ms=1.0");
        check(
            laps(1_000),
            "2000.0 db.count=2000 db.ms=2000.0 db.max_ms=1.0",
        );
    }

    /// The old periods are together as one, but those of the parts are later.
    #[test]
    fn many_laps_before_and_between_parts_do_not_leave_it_out() {
        check(
            |trace, bench| {
                for _ in 0..100 {
                    for _ in 0..10 {
                        trace.time("db", |_| bench.clock.advance(ms(1)));
                        bench.clock.advance(ms(1));
                    }
                    let (mut one, mut other) = (trace.part(), trace.part());
                    let laps = (one.start_timer("db"), other.start_timer("db"));
                    bench.clock.advance(ms(1));
                    one.stop(laps.0);
                    other.stop(laps.1);
                    trace.join(one).join(other);
                }
            },
            "2100.0 db.count=1200 db.ms=1200.0 db.max_ms=1.0 db.wall_ms=1100.0",
        );
    }

    #[test]
    fn a_part_of_another_unit_counts_from_the_start_of_this_one() {
        let (log, clock) = (Capture::leak(), ManualClock::leak());
        let config = log.config(bare().clock(clock));
        let start = || Trace::builder("unit").config(&config).start();
        for is_first in [true, false] {
            let early = start();
            clock.advance(ms(7));
            let late = start();
            let (mut unit, other) = if is_first {
                (early, late)
            } else {
                (late, early)
            };
            let mut part = other.part();
            let laps = (unit.start_timer("db"), part.start_timer("db"));
            clock.advance(ms(2));
            part.stop(laps.1);
            unit.join(part).stop(laps.0);
            other.discard();
            let line = unit.render();
            unit.discard();
            assert!(
                line.ends_with(" db.count=2 db.ms=4.0 db.max_ms=2.0 db.wall_ms=2.0"),
                "{line}"
            );
        }
    }

    #[test]
    fn the_times_of_two_clocks_leave_it_out() {
        let (one, other) = (Bench::new(bare()), Bench::new(bare()));
        let (mut unit, elsewhere) = (one.start(), other.start());
        let mut part = elsewhere.part();
        elsewhere.discard();
        overlapping(&mut part, other.clock);
        unit.join(part).unset("io");
        let got = unit.render();
        unit.discard();
        util::same_line(
            &got,
            "msg=unit duration_ms=0.0 db.count=2 db.ms=8.0 db.max_ms=5.0",
        );
    }

    /// Any laps of a unit and three parts, within and across them, against a set of all the
    /// milliseconds in which any ran.
    #[test]
    fn wall_ms_is_the_union_of_all_laps() {
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..500 {
            let bench = Bench::new(bare());
            let mut unit = bench.start();
            let mut parts: Vec<Option<Part>> = (0..3).map(|_| Some(unit.part())).collect();
            let mut running: Vec<(usize, Timer, u64)> = Vec::new();
            let (mut sum, mut wall, mut now) = (0, 0, 0);
            for _ in 0..random(30) {
                let on = random(4) as usize;
                match random(8) {
                    0..4 => {
                        let timer = match parts.get_mut(on) {
                            Some(Some(part)) => part.start_timer("t"),
                            Some(None) => continue,
                            None => unit.start_timer("t"),
                        };
                        running.push((on, timer, now));
                    }
                    4..7 if !running.is_empty() => {
                        let at = random(running.len() as u64) as usize;
                        let (on, timer, since) = running.remove(at);
                        sum += now - since;
                        match parts.get_mut(on) {
                            Some(part) => _ = part.as_mut().unwrap().stop(timer),
                            None => _ = unit.stop(timer),
                        }
                    }
                    // Its laps end with it.
                    7 if on < 3 => {
                        if let Some(part) = parts[on].take() {
                            unit.join(part);
                            let ends = |lap: &(usize, Timer, u64)| lap.0 == on;
                            sum += running
                                .iter()
                                .filter(|lap| ends(lap))
                                .map(|lap| now - lap.2)
                                .sum::<u64>();
                            running.retain(|lap| !ends(lap));
                        }
                    }
                    _ => {}
                }
                let step = random(3);
                bench.clock.advance(ms(step));
                now += step;
                wall += if running.is_empty() { 0 } else { step };
            }
            for part in parts.into_iter().flatten() {
                unit.join(part);
            }
            sum += running.iter().map(|lap| now - lap.2).sum::<u64>();
            drop(unit);
            let line = bench.log.only().args;
            let get = |name: &str| -> Option<f64> {
                let pair = line.split(' ').find_map(|pair| pair.strip_prefix(name));
                pair.map(|value| value.parse().unwrap())
            };
            assert_eq!(
                get("t.ms=").unwrap_or(0.0),
                sum as f64,
                "round {round}: {line}"
            );
            let want = (wall < sum).then_some(wall as f64);
            assert_eq!(get("t.wall_ms="), want, "round {round}: {line}");
        }
    }
}
