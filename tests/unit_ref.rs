//! `UnitRef`: a unit travels to other threads, and what they collect is in its record.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use traceline::{Config, Outcome, Trace, UnitRef, config::ConfigBuilder, current};

use crate::tags::untagged;
use crate::util::Bench;

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

/// Checks the record of a unit that does `work`.
#[track_caller]
fn check(work: impl FnOnce(&mut Trace, &Bench), rest: &str) {
    let bench = Bench::new(bare());
    let mut trace = unit(&bench, "unit");
    work(&mut trace, &bench);
    drop(trace);
    assert_eq!(lines(&bench), [format!("msg=unit {rest}")]);
    assert!(!current::is_active());
}

/// Runs `work` on a thread of its own, while this one waits.
fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn boom() {
    std::panic::resume_unwind(Box::new("boom"))
}

mod ended {
    use super::*;

    #[test]
    fn a_part_is_not_active_once_its_unit_has_ended() {
        let bench = Bench::new(bare());
        let outer = unit(&bench, "outer");
        let ended = unit(&bench, "ended");
        elsewhere(|| {
            let unit = ended.unit();
            mem::forget(unit.enter());
            assert!(current::is_active());
            drop(ended);
            assert!(!current::is_active());
            unit.scope(|| assert!(!current::is_active()));
            outer.unit().scope(|| {
                assert!(current::is_active());
                current::set("reached", 1);
            });
            assert!(!current::is_active());
        });
        drop(outer);
        let want = [
            "msg=ended duration_ms=0.0 lost_parts=1",
            "msg=outer duration_ms=0.0 reached=1",
        ];
        assert_eq!(lines(&bench), want);
    }
}

mod scope {
    use super::*;

    #[test]
    fn what_a_thread_collects_in_it_is_in_the_record() {
        check(
            |trace, bench| {
                let unit = trace.unit();
                bench.clock.advance(ms(2));
                thread::spawn(move || {
                    assert!(!current::is_active());
                    let seven = unit.scope(|| {
                        current::incr("n");
                        current::add("there");
                        7
                    });
                    assert_eq!(seven, 7);
                    assert!(!current::is_active());
                })
                .join()
                .unwrap();
                trace.incr("n");
            },
            "duration_ms=2.0 n=2 fragments=\"[2.0ms] there\"",
        );
    }

    #[test]
    fn clones_of_it_work_at_the_same_time() {
        check(
            |trace, _| {
                let unit = trace.unit();
                thread::scope(|scope| {
                    for n in 0..8_u32 {
                        let unit = unit.clone();
                        scope.spawn(move || {
                            for _ in 0..100 {
                                unit.scope(|| current::incr("n"));
                            }
                            unit.scope(|| current::max("most", n));
                        });
                    }
                });
            },
            "duration_ms=0.0 n=800 most=7",
        );
    }

    #[test]
    fn it_may_be_one_of_the_same_unit_inside_another() {
        check(
            |trace, _| {
                let unit = trace.unit();
                unit.scope(|| {
                    current::incr("n");
                    unit.scope(|| {
                        current::incr("n");
                        current::unit().scope(|| current::incr("n"));
                    });
                    current::incr("n");
                });
            },
            "duration_ms=0.0 n=4",
        );
    }

    #[test]
    fn it_may_be_one_of_the_unit_that_is_current() {
        check(
            |trace, _| {
                trace.scope(|| {
                    let unit = current::unit();
                    current::set("a", 1);
                    unit.scope(|| current::set("a", 2));
                    current::set("b", 1);
                    unit.scope(|| current::set("b", 2));
                    current::set("b", 3);
                });
            },
            "duration_ms=0.0 a=2 b=3",
        );
    }

    #[test]
    fn a_scope_of_one_unit_inside_another_unit_and_back() {
        let bench = Bench::new(bare());
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let of_a = a.unit();
        let of_b = b.unit();
        b.scope(|| {
            current::incr("b");
            of_a.scope(|| {
                current::incr("a");
                of_b.scope(|| current::incr("b"));
                current::incr("a");
            });
            current::incr("b");
        });
        a.scope(|| of_b.scope(|| of_a.scope(|| current::incr("a"))));
        drop((a, b));
        assert_eq!(
            lines(&bench),
            ["msg=a duration_ms=0.0 a=3", "msg=b duration_ms=0.0 b=3"]
        );
    }

    #[test]
    fn a_unit_that_begins_in_it_is_inside_the_unit() {
        let bench = Bench::new(Config::builder().header(false));
        let mut outer = unit(&bench, "outer");
        let reference = outer.unit();
        let inner_id = elsewhere(|| {
            reference.scope(|| {
                let mut inner = unit(&bench, "inner");
                let id = inner.trace_id();
                assert_eq!(current::trace_id(), id);
                inner.discard();
                id
            })
        });
        assert_eq!(outer.trace_id(), inner_id);
        outer.discard();
    }

    #[test]
    fn a_panic_inside_merges_what_was_collected() {
        check(
            |trace, _| {
                let unit = trace.unit();
                let thread = thread::spawn(move || {
                    unit.scope(|| {
                        current::set("a", 1);
                        boom();
                    })
                });
                assert!(thread.join().is_err());
                let unit = trace.unit();
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    unit.scope(|| {
                        current::set("b", 1);
                        boom();
                    })
                }));
                assert!(caught.is_err());
                assert!(!current::is_active());
            },
            "duration_ms=0.0 a=1 b=1",
        );
    }

    #[test]
    fn an_error_and_a_level_in_it_are_those_of_the_unit() {
        let bench = Bench::new(bare());
        let trace = unit(&bench, "unit");
        let reference = trace.unit();
        elsewhere(|| {
            reference.scope(|| {
                let _ = current::check(Err::<(), _>("no disk".to_owned()));
            });
        });
        assert_eq!(trace.outcome(), Some(Outcome::Error));
        drop(trace);
        let record = bench.log.only();
        assert_eq!(record.level, log::Level::Error);
        assert_eq!(
            record.args,
            "msg=unit outcome=error duration_ms=0.0 error=\"no disk\""
        );
    }
}

mod guards {
    use super::*;

    #[test]
    fn a_guard_merges_the_part_when_it_is_dropped() {
        check(
            |trace, _| {
                let unit = trace.unit();
                let entered = unit.enter();
                current::incr("n");
                assert_eq!(trace.get("n"), None);
                drop(entered);
                assert_eq!(trace.get("n").map(|n| n.to_string()).as_deref(), Some("1"));
            },
            "duration_ms=0.0 n=1",
        );
    }

    #[test]
    fn a_guard_may_outlive_the_reference() {
        check(
            |trace, _| {
                let entered = trace.unit().enter();
                current::incr("n");
                drop(entered);
            },
            "duration_ms=0.0 n=1",
        );
    }

    #[test]
    fn a_forgotten_guard_is_a_lost_part_and_later_units_are_not_disturbed() {
        let bench = Bench::new(bare());
        elsewhere(|| {
            let mut first = unit(&bench, "first");
            mem::forget(first.unit().enter());
            current::set("lost", 1);
            first.set("a", 1);
            drop(first);
            let mut second = unit(&bench, "second");
            second.scope(|| current::set("b", 1));
            drop(second);
        });
        assert_eq!(
            lines(&bench),
            [
                "msg=first duration_ms=0.0 a=1 lost_parts=1",
                "msg=second duration_ms=0.0 b=1"
            ]
        );
    }

    #[test]
    fn one_that_is_dropped_inside_with_is_merged_all_the_same() {
        check(
            |trace, _| {
                let entered = trace.unit().enter();
                current::incr("n");
                current::with(|part| {
                    drop(entered);
                    part.incr("n");
                });
                assert!(!current::is_active());
                current::incr("n");
            },
            "duration_ms=0.0 n=2",
        );
    }
}

mod the_end {
    use super::*;

    #[test]
    fn a_reference_that_is_held_counts_as_nothing_and_does_not_keep_the_unit() {
        let bench = Bench::new(bare());
        let trace = unit(&bench, "unit");
        let held = [trace.unit(), trace.unit().clone()];
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0"]);
        assert!(held.iter().all(UnitRef::is_enabled));
    }

    #[test]
    fn a_scope_that_still_runs_is_counted_and_comes_late() {
        let bench = Bench::new(bare());
        let mut trace = unit(&bench, "unit");
        let reference = trace.unit();
        let (entered, is_entered) = mpsc::channel();
        let (over, is_over) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            reference.scope(|| {
                current::incr("n");
                entered.send(()).unwrap();
                is_over.recv().unwrap();
                current::incr("n");
            })
        });
        is_entered.recv().unwrap();
        trace.set("a", 1);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1 lost_parts=1"]);
        let before = current::late_parts();
        over.send(()).unwrap();
        thread.join().unwrap();
        assert!(current::late_parts() > before);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn a_scope_after_it_runs_its_work_and_disturbs_nobody() {
        let bench = Bench::new(bare());
        let trace = unit(&bench, "unit");
        let reference = trace.unit();
        drop(trace);
        let next = unit(&bench, "next");
        assert_eq!(
            reference.scope(|| {
                current::incr("n");
                7
            }),
            7
        );
        reference.part().set("a", 1);
        drop(next);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0", "msg=next duration_ms=0.0"]
        );
    }

    #[test]
    fn a_child_of_an_ended_unit_has_its_trace_id() {
        let bench = Bench::new(Config::builder().header(false));
        let mut trace = unit(&bench, "unit");
        let id = trace.trace_id();
        let reference = trace.unit();
        trace.discard();
        let child = reference.scope(|| {
            let mut child = current::child("child");
            let id = child.trace_id();
            child.discard();
            id
        });
        assert_eq!(child, id);
    }

    #[test]
    fn a_discarded_unit_leaves_no_record_whoever_discards_it() {
        let bench = Bench::new(bare());
        let trace = unit(&bench, "unit");
        let reference = trace.unit();
        elsewhere(|| {
            reference.scope(|| {
                current::set("a", 1);
                current::discard();
            });
        });
        drop(trace);
        let trace = unit(&bench, "unit");
        trace.unit().scope(|| trace.unit().scope(current::discard));
        drop(trace);
        assert_eq!(lines(&bench), [""; 0]);
        // The next unit, in the same entry, is not.
        unit(&bench, "next").emit();
        assert_eq!(lines(&bench), ["msg=next duration_ms=0.0"]);
    }

    #[test]
    fn emit_in_a_scope_merges_the_part() {
        check(
            |trace, _| {
                let unit = trace.unit();
                elsewhere(|| {
                    unit.scope(|| {
                        current::set("a", 1);
                        current::emit();
                        current::set("nowhere", 1);
                    });
                });
            },
            "duration_ms=0.0 a=1",
        );
    }
}

mod readers {
    use super::*;

    #[test]
    fn render_and_checkpoint_see_what_came_back() {
        let bench = Bench::new(bare());
        let mut trace = unit(&bench, "unit");
        let reference = trace.unit();
        elsewhere(|| reference.scope(|| current::incr("n")));
        assert_eq!(trace.render(), "msg=unit duration_ms=0.0 n=1");
        assert_eq!(trace.render(), "msg=unit duration_ms=0.0 n=1");
        elsewhere(|| reference.scope(|| current::incr("n")));
        trace.checkpoint();
        elsewhere(|| reference.scope(|| current::incr("n")));
        trace.scope(|| {
            assert_eq!(
                current::get("n").map(|n| n.to_string()).as_deref(),
                Some("3")
            )
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 n=2 partial=true seq=1",
                "msg=unit duration_ms=0.0 n=3"
            ]
        );
    }

    #[test]
    fn a_scope_reads_what_it_wrote_itself() {
        check(
            |trace, bench| {
                trace.set("a", 1);
                let unit = trace.unit();
                bench.clock.advance(ms(5));
                unit.scope(|| {
                    assert_eq!(current::get("a"), None);
                    assert_eq!(current::elapsed(), ms(5));
                    current::set("b", 2);
                    assert_eq!(
                        current::get("b").map(|n| n.to_string()).as_deref(),
                        Some("2")
                    );
                    assert_eq!(current::level(), Some(log::Level::Info));
                    assert_eq!(current::outcome(), None);
                    current::checkpoint();
                });
                assert_eq!(bench.log.records().len(), 0);
            },
            "duration_ms=5.0 a=1 b=2",
        );
    }

    #[test]
    fn parts_of_parts_come_back_too() {
        check(
            |trace, _| {
                let unit = trace.unit();
                elsewhere(|| {
                    unit.scope(|| {
                        let mut part = current::part();
                        part.incr("n");
                        let mut inner = part.part();
                        inner.incr("n").unit().scope(|| current::incr("n"));
                        drop(part);
                        elsewhere(move || drop(inner));
                    });
                });
                unit.part().incr("n");
            },
            "duration_ms=0.0 n=4",
        );
    }

    #[test]
    fn limits_and_losses_are_those_of_the_unit() {
        let bench = Bench::new(bare().max_fields(2));
        let mut trace = unit(&bench, "unit");
        trace.set("a", 1);
        let reference = trace.unit();
        elsewhere(|| {
            reference.scope(|| {
                current::set("b", 1);
                current::set("c", 1);
                current::set("d", 1);
            })
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 a=1 b=1 dropped_fields=2"]
        );
    }
}

mod disabled {
    use super::*;

    #[test]
    fn nothing_in_it_reaches_the_unit_around() {
        check(
            |trace, _| {
                let disabled = Trace::default().unit();
                assert!(!disabled.is_enabled());
                trace.scope(|| {
                    disabled.scope(|| {
                        assert!(!current::is_active());
                        current::set("a", 1);
                        current::unit().scope(|| current::set("b", 1));
                        current::part().set("c", 1);
                        current::discard();
                    });
                    let entered = disabled.enter();
                    current::set("d", 1);
                    drop(entered);
                    disabled.part().set("e", 1);
                    current::set("f", 1);
                });
            },
            "duration_ms=0.0 f=1",
        );
    }

    #[test]
    fn no_unit_is_a_disabled_one() {
        assert!(!current::unit().is_enabled());
        assert!(!current::part().is_enabled());
        assert!(!current::child("child").is_enabled());
        let current = current::unit();
        check(
            |trace, _| trace.scope(|| current.scope(|| current::set("a", 1))),
            "duration_ms=0.0",
        );
    }

    #[test]
    fn its_ids_are_passed_on() {
        let mut disabled = Trace::default();
        disabled
            .continue_from(PARENT.parse().unwrap())
            .set_request_id("r-1");
        let seen = || {
            let parent = current::traceparent().map(|parent| parent.to_string());
            (parent, current::request_id())
        };
        let want = (Some(PARENT.to_owned()), Some("r-1".to_owned()));
        let unit = disabled.unit();
        assert_eq!(unit.scope(seen), want);
        assert_eq!(elsewhere(|| unit.clone().scope(seen)), want);
        assert_eq!(disabled.scope(current::unit).scope(seen), want);
        assert_eq!(unit.part().scope(seen), want);
        assert_eq!(unit.scope(|| current::child("child").scope(seen)), want);
    }

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
}

mod shared {
    use super::*;

    #[test]
    fn a_shared_trace_is_entered_without_its_lock() {
        check(
            |trace, _| {
                let shared = mem::take(trace).into_shared();
                let barrier = std::sync::Barrier::new(3);
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| {
                            shared.scope(|| {
                                // All three are inside at the same time.
                                barrier.wait();
                                current::incr("chunks");
                                shared.incr("by_handle");
                                barrier.wait();
                            })
                        });
                    }
                });
                let entered = shared.enter();
                current::incr("chunks");
                drop(entered);
                shared.unit().scope(|| current::incr("chunks"));
                assert!(
                    shared
                        .with(|trace| trace.render())
                        .unwrap()
                        .contains(" chunks=5")
                );
            },
            "duration_ms=0.0 by_handle=3 chunks=5",
        );
    }

    #[test]
    fn a_disabled_one_hides_the_unit_around() {
        check(
            |trace, _| {
                let shared = Trace::default().into_shared();
                trace.scope(|| {
                    shared.scope(|| current::set("a", 1));
                    drop(shared.enter());
                    current::set("b", 1);
                });
            },
            "duration_ms=0.0 b=1",
        );
    }

    #[test]
    fn the_unit_of_the_current_trace_goes_to_threads_from_deep_inside() {
        fn work() {
            current::incr("chunks");
        }
        fn callee() {
            let unit = current::unit();
            let handles: Vec<_> = (0..3)
                .map(|_| {
                    let unit = unit.clone();
                    thread::spawn(move || unit.scope(work))
                })
                .collect();
            handles
                .into_iter()
                .for_each(|handle| handle.join().unwrap());
            let part = current::part();
            let mut handle = thread::spawn(move || {
                let mut part = part;
                part.scope(work);
                part
            })
            .join()
            .unwrap();
            handle.incr("chunks");
        }
        check(|trace, _| trace.scope(callee), "duration_ms=0.0 chunks=5");
    }
}
