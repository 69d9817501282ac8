//! `run!` in every form: the unit is current, and the handle reaches the same unit wherever
//! it is taken.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use log::Level;
use traceline::testing::{Capture, MockClock};
use traceline::{Outcome, Trace, current, run};

use crate::tags::untagged;

type Done = Result<(), String>;

/// The records of some work, without `ts` and line numbers.
fn lines(work: impl FnOnce(&'static MockClock)) -> Vec<String> {
    let clock = MockClock::leak();
    let capture = Capture::new().clock(clock);
    capture.run(|| work(clock));
    let records = capture.take();
    let lines = records.iter().map(|record| {
        let (_, line) = record.text().split_once(' ').unwrap();
        untagged(line)
    });
    lines.collect()
}

/// Checks the record of a unit called `unit` that ends with `Ok`.
#[track_caller]
fn check(work: impl FnOnce(&mut Trace, &MockClock), rest: &str) {
    let lines = lines(|clock| {
        let _: Done = run!("unit", |trace| {
            work(trace, clock);
            Ok(())
        });
    });
    assert_eq!(
        lines,
        [format!("level=info msg=unit outcome=ok duration_ms={rest}")]
    );
}

/// Runs `work` on a thread of its own, while this one waits.
fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn helper() {
    current::incr("calls");
}

/// Ready at the second poll.
async fn later() {
    let mut is_first = true;
    poll_fn(|context| match mem::take(&mut is_first) {
        true => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
    .await
}

mod forms {
    use super::*;

    /// By the handle, by `current`, and by both to the same field.
    fn both(trace: &mut Trace) -> Done {
        trace.set("handle", 1);
        helper();
        trace.incr("calls");
        Ok(())
    }

    async fn both_later(trace: &mut Trace) -> Done {
        trace.set("handle", 1);
        helper();
        later().await;
        trace.incr("calls");
        Ok(())
    }

    fn by_current() -> Done {
        current::set("handle", 1);
        helper();
        helper();
        Ok(())
    }

    async fn by_current_later() -> Done {
        current::set("handle", 1);
        helper();
        later().await;
        helper();
        Ok(())
    }

    #[track_caller]
    fn same(work: impl FnOnce() -> Done) {
        assert_eq!(
            lines(|_| work().unwrap()),
            ["level=info msg=unit outcome=ok duration_ms=0.0 handle=1 calls=2"]
        );
    }

    #[test]
    fn a_closure_with_a_handle_is_current_too() {
        same(|| run!("unit", |trace| both(trace)));
        same(|| run!("unit", |trace| -> Done { both(trace) }));
        same(|| run!("unit", |trace: &mut Trace| both(trace)));
        let owned = String::from("moved");
        same(|| {
            run!("unit", move |trace| {
                drop(owned);
                both(trace)
            })
        });
        let owned = String::from("moved");
        same(|| {
            run!("unit", move |trace| -> Done {
                drop(owned);
                both(trace)
            })
        });
    }

    #[test]
    fn a_function_and_a_closure_by_name_are_current_too() {
        same(|| run!("unit", both));
        let work = |trace: &mut Trace| both(trace);
        same(|| run!("unit", work));
    }

    #[test]
    fn a_closure_without_a_handle_is_current() {
        same(|| run!("unit", || by_current()));
        same(|| run!("unit", || -> Done { by_current() }));
        same(|| run!("unit", move || by_current()));
        same(|| run!("unit", |_| by_current()));
    }

    #[test]
    fn an_async_closure_with_a_handle_is_current_too() {
        use pollster::block_on;
        same(|| block_on(run!("unit", async |trace| both_later(trace).await)));
        same(|| block_on(run!("unit", async move |trace| both_later(trace).await)));
        same(|| {
            block_on(run!("unit", async |trace| -> Done {
                both_later(trace).await
            }))
        });
        same(|| {
            block_on(run!("unit", async move |trace: &mut Trace| -> Done {
                both_later(trace).await
            }))
        });
    }

    #[test]
    fn an_async_block_or_closure_without_a_handle_is_current() {
        use pollster::block_on;
        same(|| block_on(run!("unit", async { by_current_later().await })));
        same(|| block_on(run!("unit", async move { by_current_later().await })));
        same(|| block_on(run!("unit", async || by_current_later().await)));
        same(|| {
            block_on(run!("unit", async move || -> Done {
                by_current_later().await
            }))
        });
    }

    #[test]
    fn nothing_is_current_between_two_polls_and_after_the_end() {
        let lines = lines(|_| {
            let mut unit = pin!(run!("unit", async |trace| both_later(trace).await));
            let mut context = Context::from_waker(Waker::noop());
            assert!(unit.as_mut().poll(&mut context).is_pending());
            assert!(!current::is_active());
            // The second poll on another thread.
            let polled = elsewhere(|| {
                let mut context = Context::from_waker(Waker::noop());
                let polled = unit.as_mut().poll(&mut context);
                assert!(!current::is_active());
                polled
            });
            assert_eq!(polled, Poll::Ready(Ok(())));
        });
        assert_eq!(
            lines,
            ["level=info msg=unit outcome=ok duration_ms=0.0 handle=1 calls=2"]
        );
    }

    #[test]
    fn an_error_is_that_of_the_unit() {
        let lines = lines(|_| {
            let result: Done = run!("unit", |trace| {
                trace.set("handle", 1);
                current::check(Err("deadlock".to_owned()))
            });
            assert_eq!(result, Err("deadlock".to_owned()));
        });
        assert_eq!(
            lines,
            ["level=error msg=unit outcome=error duration_ms=0.0 handle=1 error=deadlock"]
        );
    }
}

mod nested {
    use super::*;

    /// What a helper collects, and an error from which its caller recovers.
    fn query() -> Result<u32, String> {
        current::incr("queries");
        current::check(Err("deadlock".to_owned()))
    }

    #[test]
    fn a_helper_reaches_the_inner_unit_in_whatever_form_that_runs() {
        let want = [
            "level=error msg=job outcome=error duration_ms=0.0 job=1 queries=1 error=deadlock",
            "level=info msg=request outcome=ok duration_ms=0.0",
        ];
        let with_a_handle = lines(|_| {
            let _: Result<u32, String> = run!("request", || run!("job", |trace| {
                trace.set("job", 1);
                Ok::<_, String>(query().unwrap_or(0))
            }));
        });
        let without = lines(|_| {
            let _: Result<u32, String> = run!("request", || run!("job", || {
                current::set("job", 1);
                Ok::<_, String>(query().unwrap_or(0))
            }));
        });
        let without_ids = |line: String| match line.split_once(" trace_id=") {
            Some((start, rest)) => {
                let (_, rest) = rest.split_once(" outcome").unwrap();
                format!("{start} outcome{rest}")
            }
            None => line,
        };
        for lines in [with_a_handle, without] {
            let lines: Vec<_> = lines.into_iter().map(without_ids).collect();
            assert_eq!(lines, want);
        }
    }

    #[test]
    fn the_outer_handle_reaches_the_outer_unit_from_inside_the_inner_one() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                let _: Done = run!("inner", |inner| {
                    outer.set("by_handle", 1).add("from inside");
                    inner.set("by_handle", 2);
                    current::set("by_current", 2);
                    assert_eq!(
                        outer.get("by_handle").map(|n| n.to_string()).as_deref(),
                        Some("1")
                    );
                    outer.scope(|| current::set("by_scope", 1));
                    current::incr("still_inner");
                    Ok(())
                });
                current::set("by_current", 1);
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=inner outcome=ok duration_ms=0.0 by_handle=2 by_current=2 \
                 still_inner=1",
                "level=info msg=outer outcome=ok duration_ms=0.0 by_handle=1 by_scope=1 \
                 by_current=1 fragments=\"[0.0ms] from inside\"",
            ]
        );
    }

    #[test]
    fn the_outer_unit_has_the_last_word_after_a_scope_of_its_handle_inside() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                let _: Done = run!("inner", |_| {
                    outer.scope(|| current::set("a", 1));
                    let entered = outer.enter();
                    current::set("b", 1);
                    drop(entered);
                    Ok(())
                });
                current::set("a", 2);
                current::set("b", 2);
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=inner outcome=ok duration_ms=0.0",
                "level=info msg=outer outcome=ok duration_ms=0.0 a=2 b=2",
            ]
        );
    }

    #[test]
    fn an_outer_handle_is_taken_along_by_an_inner_future() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                pollster::block_on(run!("inner", async |inner| -> Done {
                    outer.incr("polls");
                    later().await;
                    outer.incr("polls");
                    inner.set("n", 1);
                    helper();
                    Ok(())
                }))
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=inner outcome=ok duration_ms=0.0 n=1 calls=1",
                "level=info msg=outer outcome=ok duration_ms=0.0 polls=2",
            ]
        );
    }

    #[test]
    fn two_handles_that_are_swapped_write_to_each_other_s_unit() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                let _: Done = run!("inner", |inner| {
                    mem::swap(outer, inner);
                    outer.set("by_outer", 1);
                    inner.set("by_inner", 1);
                    helper();
                    Err("inner fails".into())
                });
                // The inner unit is over.
                outer.set("late", 1);
                current::set("by_current", 1);
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=error msg=inner outcome=error duration_ms=0.0 by_outer=1 calls=1 \
                 error=\"inner fails\"",
                "level=info msg=outer outcome=ok duration_ms=0.0 by_inner=1 by_current=1",
            ]
        );
    }
}

mod elsewhere {
    use super::*;

    #[test]
    fn a_scoped_thread_writes_by_the_handle_of_its_unit() {
        check(
            |trace, _| {
                elsewhere(|| {
                    trace.set("n", 7).add("from a thread");
                    traceline::add!(trace, level: Info, "by {}", "macro");
                    // Only the handle came along.
                    assert!(!current::is_active());
                    helper();
                });
            },
            "0.0 n=7 fragments=\"[0.0ms] from a thread; [0.0ms] by macro\"",
        );
    }

    #[test]
    fn the_last_write_wins_there_and_back() {
        check(
            |trace, _| {
                trace.set("a", 0).set("b", 0).set("c", 0);
                elsewhere(|| _ = trace.set("a", 1).set("b", 1));
                trace.set("a", 2);
                elsewhere(|| _ = trace.set("c", 3));
            },
            "0.0 a=2 b=1 c=3",
        );
    }

    #[test]
    fn the_last_write_wins_by_current_too() {
        check(
            |trace, _| {
                elsewhere(|| _ = trace.set("a", 1));
                trace.set("back", true);
                current::set("a", 2);
            },
            "0.0 a=2 back=true",
        );
    }

    #[test]
    fn counters_and_maxima_add_up() {
        check(
            |trace, _| {
                trace.incr("n").max("most", 3);
                for n in 0..10 {
                    elsewhere(|| _ = trace.incr("n").max("most", n));
                }
                trace.incr("n");
                helper();
            },
            "0.0 n=12 most=9 calls=1",
        );
    }

    #[test]
    fn an_error_there_is_one_of_the_unit() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                elsewhere(|| _ = trace.check(Err::<(), _>("no disk".to_owned())));
                assert_eq!(trace.outcome(), Some(Outcome::Error));
                Ok(())
            });
        });
        assert_eq!(
            lines,
            ["level=error msg=unit outcome=error duration_ms=0.0 error=\"no disk\""]
        );
    }

    #[test]
    fn what_an_async_block_writes_on_another_thread_is_in_its_record() {
        let lines = lines(|_| {
            pollster::block_on(run!("ready", async |trace| -> Done {
                later().await;
                elsewhere(|| _ = trace.set("n", 7));
                Ok(())
            }))
            .unwrap();
            let mut context = Context::from_waker(Waker::noop());
            let mut dropped = Box::pin(run!("dropped", async |trace| -> Done {
                elsewhere(|| _ = trace.set("n", 7));
                std::future::pending().await
            }));
            assert!(dropped.as_mut().poll(&mut context).is_pending());
            drop(dropped);
        });
        assert_eq!(
            lines,
            [
                "level=info msg=ready outcome=ok duration_ms=0.0 n=7",
                "level=warn msg=dropped outcome=cancelled duration_ms=0.0 n=7",
            ]
        );
    }

    #[test]
    fn each_reader_sees_what_can_be_seen_there() {
        check(
            |trace, clock| {
                trace.set("n", 1).raise(Level::Info);
                clock.advance(ms(3));
                let here = trace.render();
                assert!(here.ends_with(" msg=unit duration_ms=3.0 n=1"), "{here}");
                assert_eq!(trace.level(), Some(Level::Info));
                assert_eq!(trace.outcome(), None);
                assert_eq!(trace.elapsed(), ms(3));
                elsewhere(|| {
                    // Times count from the start of the unit.
                    assert_eq!(trace.elapsed(), ms(3));
                    trace.set("m", 2);
                    assert_eq!(trace.get("m").map(|n| n.to_string()).as_deref(), Some("2"));
                    // The unit is where it was.
                    assert_eq!(trace.get("n"), None);
                    assert_eq!(trace.render(), "level=info msg=part duration_ms=3.0 m=2");
                    assert!(trace.is_enabled());
                });
                // Only `&self`: what came back is there all the same.
                let seen = current::with(|unit| unit.get("m").map(|n| n.to_string()));
                assert_eq!(seen.flatten().as_deref(), Some("2"));
                trace.ok();
                assert_eq!(trace.outcome(), Some(Outcome::Ok));
                assert_eq!(trace.get("m").map(|n| n.to_string()).as_deref(), Some("2"));
                let back = trace.render();
                assert!(
                    back.ends_with(" msg=unit outcome=ok duration_ms=3.0 n=1 m=2"),
                    "{back}"
                );
            },
            "3.0 n=1 m=2",
        );
    }

    #[test]
    fn a_handle_is_read_elsewhere_before_it_is_written_to() {
        check(
            |trace, clock| {
                trace.set("n", 1);
                clock.advance(ms(3));
                elsewhere(|| {
                    assert!(trace.is_enabled());
                    assert_eq!(trace.elapsed(), ms(3));
                    assert_eq!(trace.level(), Some(Level::Info));
                    assert_eq!(trace.get("n"), None);
                });
            },
            "3.0 n=1",
        );
    }

    #[test]
    fn ids_are_those_of_the_unit_whoever_asks_first() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                let there = elsewhere(|| trace.trace_id());
                assert!(there.is_some());
                assert_eq!(trace.trace_id(), there);
                assert_eq!(current::trace_id(), there);
                Ok(())
            });
        });
        assert!(lines[0].contains(" trace_id="), "{lines:?}");
    }

    #[test]
    fn scope_and_enter_make_the_unit_current_there() {
        check(
            |trace, _| {
                elsewhere(|| {
                    trace.scope(helper);
                    let entered = trace.enter();
                    helper();
                    drop(entered);
                    assert!(!current::is_active());
                    trace.incr("calls");
                    trace.scope(helper);
                });
                trace.scope(helper);
            },
            "0.0 calls=5",
        );
    }

    #[test]
    fn a_child_and_a_part_are_made_there() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                let id = trace.trace_id();
                elsewhere(|| {
                    let mut child = trace.child("child");
                    assert_eq!(child.trace_id(), id);
                    child.discard();
                    let mut part = trace.part();
                    part.incr("parts");
                    drop(part);
                    trace.part().incr("parts");
                    let part = trace.part();
                    trace.incr("parts").join(part);
                });
                current::part().incr("parts");
                Ok(())
            });
        });
        assert!(lines[0].ends_with(" duration_ms=0.0 parts=4"), "{lines:?}");
    }

    #[test]
    fn a_checkpoint_is_written_by_the_unit_alone() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                elsewhere(|| _ = trace.set("n", 1).checkpoint());
                trace.checkpoint();
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=unit duration_ms=0.0 n=1 partial=true seq=1",
                "level=info msg=unit outcome=ok duration_ms=0.0 n=1",
            ]
        );
    }

    #[test]
    fn a_lap_may_include_a_change_of_thread() {
        check(
            |trace, clock| {
                trace.time("db", |trace| {
                    elsewhere(|| {
                        clock.advance(ms(2));
                        trace.time("inner", |_| clock.advance(ms(1)));
                    });
                    clock.advance(ms(4));
                });
                clock.advance(ms(8));
            },
            "15.0 db.count=1 db.ms=7.0 db.max_ms=7.0 inner.count=1 inner.ms=1.0 inner.max_ms=1.0",
        );
    }

    /// The handle comes back in between, and its laps go on.
    #[test]
    fn a_timer_may_be_started_there_and_stopped_here() {
        check(
            |trace, clock| {
                let (first, second, guard) = elsewhere(|| {
                    let first = trace.start_timer("back");
                    clock.advance(ms(1));
                    (first, trace.start_timer("back"), trace.lap("guard"))
                });
                clock.advance(ms(2));
                trace.set("here", 1);
                clock.advance(ms(4));
                trace.stop(first);
                clock.advance(ms(8));
                current::stop(second);
                clock.advance(ms(16));
                drop(guard);
                clock.advance(ms(32));
            },
            "63.0 back.count=2 back.ms=21.0 back.max_ms=14.0 back.wall_ms=15.0 \
             guard.count=1 guard.ms=30.0 guard.max_ms=30.0 here=1",
        );
    }

    #[test]
    fn a_shared_handle_times_work_while_others_use_it() {
        check(
            |trace, clock| {
                let shared = mem::take(trace).into_shared();
                elsewhere(|| {
                    shared.time("db", || {
                        clock.advance(ms(1));
                        // Not this thread's: where the unit is.
                        clock.advance(ms(1));
                    })
                });
                shared.time("db", || {
                    elsewhere(|| _ = shared.incr("n"));
                    clock.advance(ms(4));
                });
            },
            "6.0 db.count=2 db.ms=6.0 db.max_ms=4.0 n=1",
        );
    }

    #[test]
    fn a_timer_may_be_stopped_on_the_other_thread() {
        check(
            |trace, clock| {
                let timer = trace.start_timer("out");
                let back = elsewhere(|| {
                    clock.advance(ms(1));
                    trace.stop(timer);
                    trace.start_timer("back")
                });
                clock.advance(ms(2));
                trace.stop(back);
                clock.advance(ms(4));
            },
            "7.0 out.count=1 out.ms=1.0 out.max_ms=1.0 back.count=1 back.ms=2.0 back.max_ms=2.0",
        );
    }
}

mod taken {
    use super::*;

    #[test]
    fn a_handle_that_is_taken_and_sent_to_a_thread_writes_to_its_unit() {
        check(
            |trace, _| {
                let mut taken = mem::take(trace);
                thread::spawn(move || _ = taken.set("moved", 1))
                    .join()
                    .unwrap();
                // What is left behind is a disabled trace.
                trace.set("nothing", 1);
                helper();
            },
            "0.0 moved=1 calls=1",
        );
    }

    #[test]
    fn one_that_is_still_out_when_the_unit_ends_has_given_what_it_had() {
        let mut out = None;
        check(
            |trace, _| {
                let mut taken = mem::take(trace);
                out = Some(elsewhere(|| {
                    taken.set("out", 1);
                    taken
                }));
            },
            "0.0 out=1",
        );
        let before = current::late_parts();
        drop(out.unwrap().set("late", 1));
        assert!(current::late_parts() > before);
    }

    #[test]
    fn one_that_is_dropped_does_not_end_the_unit() {
        check(
            |trace, _| {
                trace.set("a", 1);
                drop(mem::take(trace));
                helper();
            },
            "0.0 a=1 calls=1",
        );
    }

    #[test]
    fn one_that_is_only_held_costs_nothing_after_the_end() {
        let mut held = Trace::default();
        check(|trace, _| held = mem::take(trace), "0.0");
        assert!(held.is_enabled());
        held.set("late", 1).add("late");
        held.emit();
    }

    #[test]
    fn emit_ends_the_unit_at_once_and_only_once() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                trace.set("a", 1);
                mem::take(trace).emit();
                helper();
                traceline::start!("next").emit();
                Err("too late".into())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=unit duration_ms=0.0 a=1",
                "level=info msg=next duration_ms=0.0"
            ]
        );
    }

    #[test]
    fn emit_elsewhere_writes_no_record_of_a_part() {
        for has_written in [true, false] {
            let lines = lines(|_| {
                let _: Done = run!("unit", |trace| {
                    elsewhere(|| {
                        if has_written {
                            trace.set("a", 1);
                        }
                        mem::take(trace).emit();
                    });
                    helper();
                    Ok(())
                });
            });
            let a = if has_written { " a=1" } else { "" };
            assert_eq!(
                lines,
                [format!(
                    "level=info msg=unit outcome=ok duration_ms=0.0{a} calls=1"
                )]
            );
        }
    }

    #[test]
    fn discard_leaves_no_record_wherever_it_is_called() {
        let lines = lines(|_| {
            let _: Done = run!("here", |trace| {
                mem::take(trace).discard();
                helper();
                Err("not seen".into())
            });
            let _: Done = run!("there", |trace| {
                elsewhere(|| mem::take(trace).discard());
                Ok(())
            });
            let _: Done = run!("there, after a write", |trace| {
                elsewhere(|| {
                    trace.set("a", 1);
                    mem::take(trace).discard();
                });
                Ok(())
            });
            let _: Done = run!("by current", |trace| {
                trace.set("a", 1);
                current::discard();
                Ok(())
            });
            pollster::block_on(run!("async", async |trace| -> Done {
                later().await;
                mem::take(trace).discard();
                Ok(())
            }))
            .unwrap();
        });
        assert_eq!(lines, [""; 0]);
    }

    #[test]
    fn into_shared_gives_handles_that_reach_the_unit() {
        check(
            |trace, _| {
                let shared = mem::take(trace).into_shared();
                let clone = shared.clone();
                elsewhere(|| {
                    clone.incr("n").set("a", 1);
                    clone.scope(helper);
                });
                shared.incr("n").set("a", 2);
                current::incr("n");
            },
            "0.0 n=3 a=2 calls=1",
        );
    }

    #[test]
    fn a_shared_handle_does_not_keep_the_unit_from_ending() {
        let mut kept = None;
        check(
            |trace, _| {
                let shared = mem::take(trace).into_shared();
                shared.incr("n");
                kept = Some(shared);
            },
            "0.0 n=1",
        );
        kept.unwrap().incr("late");
    }

    #[test]
    fn another_trace_in_its_place_is_a_unit_of_its_own() {
        let lines = lines(|_| {
            let _: Done = run!("unit", |trace| {
                *trace = traceline::start!("other");
                trace.set("other", 1);
                helper();
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=other duration_ms=0.0 other=1",
                "level=info msg=unit outcome=ok duration_ms=0.0 calls=1"
            ]
        );
    }
}

mod here {
    use super::*;

    #[test]
    fn scope_and_enter_of_the_handle_change_nothing_where_its_unit_is_current() {
        check(
            |trace, _| {
                trace.scope(helper);
                let entered = trace.enter();
                helper();
                drop(entered);
                helper();
            },
            "0.0 calls=3",
        );
    }

    #[test]
    fn a_forgotten_guard_of_the_handle_does_no_harm() {
        check(
            |trace, _| {
                mem::forget(trace.enter());
                helper();
                trace.set("a", 1);
                let _: Done = run!("inner", |inner| {
                    inner.set("b", 1);
                    current::discard();
                    Ok(())
                });
                helper();
            },
            "0.0 calls=2 a=1",
        );
        assert!(!current::is_active());
    }

    #[test]
    fn current_with_gets_the_whole_unit() {
        check(
            |trace, _| {
                trace.set("a", 1);
                current::with(|unit| {
                    unit.set("b", 2);
                    // The unit is in use: what the handle writes meanwhile is merged.
                    trace.set("c", 3);
                    helper();
                });
                trace.set("b", 4);
            },
            "0.0 a=1 b=4 c=3",
        );
    }

    #[test]
    fn a_value_may_use_the_unit_while_it_is_displayed() {
        struct Logs;
        impl std::fmt::Display for Logs {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                helper();
                f.write_str("shown")
            }
        }
        check(
            |trace, _| {
                trace.set("a", traceline::display(&Logs));
                traceline::add!(trace, "{}", Logs);
            },
            "0.0 calls=2 a=shown fragments=\"[0.0ms] shown\"",
        );
    }

    #[test]
    fn render_level_and_outcome_see_what_current_wrote() {
        check(
            |trace, _| {
                current::set("a", 1);
                current::ok();
                assert!(
                    trace
                        .render()
                        .ends_with(" msg=unit outcome=ok duration_ms=0.0 a=1")
                );
                assert_eq!(trace.outcome(), Some(Outcome::Ok));
                assert_eq!(current::outcome(), Some(Outcome::Ok));
                assert_eq!(current::level(), trace.level());
                assert_eq!(current::get("a"), trace.get("a"));
            },
            "0.0 a=1",
        );
    }
}

mod panics {
    use super::*;

    fn caught(work: impl FnOnce()) {
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    }

    fn boom() -> Done {
        std::panic::resume_unwind(Box::new("boom"))
    }

    #[test]
    fn a_closure_that_panics_ends_its_unit_with_what_the_handle_wrote_anywhere() {
        let lines = lines(|_| {
            caught(|| {
                let _ = run!("unit", |trace| {
                    trace.set("here", 1);
                    elsewhere(|| _ = trace.set("there", 1));
                    boom()
                });
            });
            assert!(!current::is_active());
            caught(|| {
                let _ = pollster::block_on(run!("future", async |trace| {
                    trace.set("here", 1);
                    elsewhere(|| _ = trace.set("there", 1));
                    boom()
                }));
            });
            assert!(!current::is_active());
        });
        assert_eq!(
            lines,
            [
                "level=error msg=unit outcome=panic duration_ms=0.0 here=1 there=1",
                "level=error msg=future outcome=panic duration_ms=0.0 here=1 there=1",
            ]
        );
    }

    #[test]
    fn a_thread_that_panics_with_the_handle_leaves_what_it_wrote() {
        check(
            |trace, _| {
                thread::scope(|scope| {
                    let thread = scope.spawn(|| {
                        trace.set("a", 1);
                        boom()
                    });
                    assert!(thread.join().is_err());
                });
                trace.set("b", 1);
                let mut taken = mem::take(trace);
                let thread = thread::spawn(move || {
                    taken.set("c", 1);
                    boom()
                });
                assert!(thread.join().is_err());
            },
            "0.0 a=1 b=1 c=1",
        );
    }

    #[test]
    fn an_inner_unit_that_panics_leaves_the_outer_one_current() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                caught(|| {
                    let _ = run!("inner", |inner| {
                        outer.incr("n");
                        inner.incr("n");
                        boom()
                    });
                });
                outer.incr("n");
                helper();
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=error msg=inner outcome=panic duration_ms=0.0 n=1",
                "level=info msg=outer outcome=ok duration_ms=0.0 n=2 calls=1",
            ]
        );
    }

    #[test]
    fn a_destructor_writes_by_the_handle_while_the_thread_unwinds() {
        struct OnDrop<'a>(&'a mut Trace);
        impl Drop for OnDrop<'_> {
            fn drop(&mut self) {
                self.0.set("dropped", 1);
                helper();
            }
        }
        let lines = lines(|_| {
            caught(|| {
                let _ = run!("unit", |trace| {
                    let _guard = OnDrop(trace);
                    boom()
                });
            });
        });
        assert_eq!(
            lines,
            ["level=error msg=unit outcome=panic duration_ms=0.0 dropped=1 calls=1"]
        );
    }
}

mod last_write {
    use super::*;

    #[test]
    fn that_of_the_unit_wins_after_one_through_the_handle_elsewhere() {
        check(
            |trace, _| {
                elsewhere(|| _ = trace.set("k", 1));
                current::set("k", 2);
            },
            "0.0 k=2",
        );
    }

    #[test]
    fn that_of_the_unit_wins_after_one_inside_another_unit() {
        let lines = lines(|_| {
            let _: Done = run!("outer", |outer| {
                let _: Done = run!("inner", |_| {
                    outer.scope(|| current::set("x", 1));
                    Ok(())
                });
                current::set("x", 2);
                Ok(())
            });
        });
        assert_eq!(
            lines,
            [
                "level=info msg=inner outcome=ok duration_ms=0.0",
                "level=info msg=outer outcome=ok duration_ms=0.0 x=2"
            ]
        );
    }

    #[test]
    fn what_a_handle_says_elsewhere_is_the_word_of_the_unit() {
        check(
            |trace, _| {
                trace.fail("first").set("kept", 1).set("gone", 2);
                elsewhere(|| _ = trace.ok().set_level(Level::Info).unset("gone"));
                assert_eq!(current::outcome(), Some(Outcome::Ok));
                assert_eq!(current::get("gone"), None);
            },
            "0.0 kept=1 fragments=\"[0.0ms, error] first\"",
        );
    }

    #[test]
    fn a_lap_goes_on_in_the_part_of_a_handle_elsewhere() {
        check(
            |trace, clock| {
                elsewhere(|| {
                    trace.time("db", |trace| {
                        clock.advance(ms(3));
                        trace.set("rows", 2);
                    });
                });
            },
            "3.0 db.count=1 db.ms=3.0 db.max_ms=3.0 rows=2",
        );
    }
}
