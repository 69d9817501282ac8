//! Laps that end elsewhere: by a guard, by a timer, or with a future.

use std::mem;
use std::thread;
use std::time::Duration;

use traceline::{Config, Trace, config::ConfigBuilder, current, current::Lap};

use crate::util::Bench;

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    Trace::builder(name).config(&bench.config).start()
}

/// Checks the record of a unit that does `work`.
#[track_caller]
fn check(work: impl FnOnce(&mut Trace, &Bench), rest: &str) {
    let bench = Bench::new(bare());
    let mut trace = unit(&bench, "unit");
    work(&mut trace, &bench);
    drop(trace);
    assert_eq!(bench.log.take_lines(), [format!("msg=unit {rest}")]);
}

/// Runs `work` on a thread of its own, while this one waits.
fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

mod guards {
    use super::*;

    #[test]
    fn a_lap_ends_with_its_guard() {
        check(
            |trace, bench| {
                let lap = trace.lap("read");
                bench.clock.advance(ms(2));
                trace.set("free", true);
                drop(lap);
                bench.clock.advance(ms(4));
                trace.scope(|| {
                    let _lap = current::lap("read");
                    bench.clock.advance(ms(8));
                });
                bench.clock.advance(ms(16));
            },
            "duration_ms=30.0 read.count=2 read.ms=10.0 read.max_ms=8.0 free=true",
        );
    }

    #[test]
    fn a_guard_may_be_dropped_on_another_thread() {
        check(
            |trace, bench| {
                let lap = trace.lap("read");
                elsewhere(|| {
                    bench.clock.advance(ms(2));
                    drop(lap);
                    bench.clock.advance(ms(4));
                });
                bench.clock.advance(ms(8));
                let lap = trace.scope(|| current::lap("read"));
                elsewhere(move || drop(lap));
            },
            "duration_ms=14.0 read.count=2 read.ms=2.0 read.max_ms=2.0",
        );
    }

    #[test]
    fn a_lap_of_a_scope_may_end_on_another_thread_while_the_scope_runs() {
        check(
            |trace, bench| {
                let unit = trace.unit();
                unit.scope(|| {
                    let lap = current::lap("read");
                    bench.clock.advance(ms(2));
                    elsewhere(move || drop(lap));
                    bench.clock.advance(ms(4));
                });
                bench.clock.advance(ms(8));
            },
            "duration_ms=14.0 read.count=1 read.ms=2.0 read.max_ms=2.0",
        );
    }

    #[test]
    fn it_may_even_if_the_unit_looks_meanwhile() {
        check(
            |trace, bench| {
                let part = trace.part();
                let mut part = elsewhere(move || {
                    let mut part = part;
                    let lap = part.lap("read");
                    bench.clock.advance(ms(2));
                    elsewhere(move || drop(lap));
                    part
                });
                // Picks up the news, which are not about a lap of its own.
                trace.scope(|| current::set("a", 1));
                assert_eq!(trace.render(), "msg=unit duration_ms=2.0 a=1");
                bench.clock.advance(ms(4));
                part.set("b", 1);
                trace.join(part);
            },
            "duration_ms=6.0 a=1 read.count=1 read.ms=2.0 read.max_ms=2.0 b=1",
        );
    }

    #[test]
    fn a_lap_that_outlives_its_scope_ends_with_it() {
        check(
            |trace, bench| {
                let lap = trace.unit().scope(|| {
                    let lap = current::lap("read");
                    bench.clock.advance(ms(2));
                    lap
                });
                bench.clock.advance(ms(4));
                drop(lap);
            },
            "duration_ms=6.0 read.count=1 read.ms=2.0 read.max_ms=2.0",
        );
    }

    #[test]
    fn a_lap_that_outlives_its_unit_ends_with_it_and_disturbs_no_other() {
        let bench = Bench::new(bare());
        let mut first = unit(&bench, "first");
        let (lap, other) = (first.lap("read"), first.lap("read"));
        bench.clock.advance(ms(2));
        drop(first);
        let mut second = unit(&bench, "second");
        let own = second.lap("read");
        drop(lap);
        elsewhere(move || drop(other));
        bench.clock.advance(ms(4));
        drop(own);
        drop(second);
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=first duration_ms=2.0 read.count=2 read.ms=4.0 read.max_ms=2.0 \
                 read.wall_ms=2.0",
                "msg=second duration_ms=4.0 read.count=1 read.ms=4.0 read.max_ms=4.0"
            ]
        );
    }

    #[test]
    fn a_guard_that_is_forgotten_ends_with_the_unit() {
        check(
            |trace, bench| {
                mem::forget(trace.lap("read"));
                bench.clock.advance(ms(2));
            },
            "duration_ms=2.0 read.count=1 read.ms=2.0 read.max_ms=2.0",
        );
    }

    #[test]
    fn a_lap_belongs_to_the_unit_in_which_it_began() {
        let bench = Bench::new(bare());
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        outer.scope(|| {
            let lap = current::lap("read");
            inner.scope(|| {
                bench.clock.advance(ms(2));
                let own = current::lap("read");
                drop(lap);
                bench.clock.advance(ms(4));
                drop(own);
            });
        });
        drop((inner, outer));
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=inner duration_ms=6.0 read.count=1 read.ms=4.0 read.max_ms=4.0",
                "msg=outer duration_ms=6.0 read.count=1 read.ms=2.0 read.max_ms=2.0"
            ]
        );
    }

    #[test]
    fn laps_of_one_key_may_overlap() {
        check(
            |trace, bench| {
                let first = trace.lap("read");
                bench.clock.advance(ms(2));
                let second = trace.lap("read");
                bench.clock.advance(ms(4));
                drop(first);
                bench.clock.advance(ms(8));
                drop(second);
            },
            "duration_ms=14.0 read.count=2 read.ms=18.0 read.max_ms=12.0 read.wall_ms=14.0",
        );
    }

    #[test]
    fn without_a_unit_there_is_none() {
        check(
            |trace, _| {
                let nobodys = current::lap("read");
                trace.scope(|| {
                    drop(nobodys);
                    let disabled = Trace::default().lap("read");
                    Trace::default().scope(|| drop(current::lap("read")));
                    drop(disabled);
                });
            },
            "duration_ms=0.0",
        );
    }

    #[test]
    fn at_most_256_are_open_and_those_that_ended_elsewhere_make_room() {
        check(
            |trace, bench| {
                let laps: Vec<Lap> = (0..256).map(|_| trace.lap("read")).collect();
                drop(trace.lap("read"));
                bench.clock.advance(ms(1));
                elsewhere(move || drop(laps));
                bench.clock.advance(ms(1));
                let laps: Vec<Lap> = (0..256).map(|_| trace.lap("read")).collect();
                drop(trace.lap("read"));
                bench.clock.advance(ms(1));
                drop(laps);
            },
            "duration_ms=3.0 read.count=512 read.ms=512.0 read.max_ms=1.0 read.wall_ms=2.0 \
             dropped_fields=2",
        );
    }

    #[test]
    fn those_of_a_part_that_ended_elsewhere_make_room_too() {
        check(
            |trace, bench| {
                trace.unit().scope(|| {
                    for _ in 0..3 {
                        let laps: Vec<Lap> = (0..256).map(|_| current::lap("read")).collect();
                        bench.clock.advance(ms(1));
                        elsewhere(move || drop(laps));
                    }
                });
            },
            "duration_ms=3.0 read.count=768 read.ms=768.0 read.max_ms=1.0 read.wall_ms=3.0",
        );
    }
}

mod timers {
    use super::*;

    #[test]
    fn a_timer_of_the_current_unit_is_stopped_wherever() {
        check(
            |trace, bench| {
                let (a, b, c) = trace.scope(|| {
                    let timers = || current::start_timer("read");
                    (timers(), timers(), timers())
                });
                bench.clock.advance(ms(1));
                trace.scope(|| Trace::default().scope(|| current::stop(a)));
                bench.clock.advance(ms(1));
                // No unit is current.
                current::stop(b);
                bench.clock.advance(ms(1));
                elsewhere(|| current::stop(c));
                bench.clock.advance(ms(1));
            },
            "duration_ms=4.0 read.count=3 read.ms=6.0 read.max_ms=3.0 read.wall_ms=3.0",
        );
    }

    #[test]
    fn a_timer_of_the_trace_is_stopped_where_parts_of_it_are_current() {
        let bench = Bench::new(bare());
        let (mut trace, other) = (unit(&bench, "unit"), unit(&bench, "other"));
        let timer = trace.start_timer("read");
        bench.clock.advance(ms(1));
        elsewhere(|| {
            trace
                .unit()
                .scope(|| other.unit().scope(|| current::stop(timer)));
        });
        bench.clock.advance(ms(1));
        drop((trace, other));
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=unit duration_ms=2.0 read.count=1 read.ms=1.0 read.max_ms=1.0",
                "msg=other duration_ms=2.0"
            ]
        );
    }

    #[test]
    fn one_of_another_trace_is_ignored() {
        let bench = Bench::new(bare());
        let (mut trace, mut other) = (unit(&bench, "unit"), unit(&bench, "other"));
        let timer = trace.start_timer("read");
        bench.clock.advance(ms(1));
        other.stop(timer);
        other.part().stop(Trace::default().start_timer("read"));
        bench.clock.advance(ms(1));
        drop((trace, other));
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=unit duration_ms=2.0 read.count=1 read.ms=2.0 read.max_ms=2.0",
                "msg=other duration_ms=2.0"
            ]
        );
    }

    #[test]
    fn one_stopped_by_a_part_is_that_of_the_unit() {
        check(
            |trace, bench| {
                let timer = trace.start_timer("read");
                let mut part = trace.part();
                bench.clock.advance(ms(1));
                elsewhere(|| _ = part.stop(timer));
                bench.clock.advance(ms(1));
            },
            "duration_ms=2.0 read.count=1 read.ms=1.0 read.max_ms=1.0 lost_parts=0"
                .trim_end_matches(" lost_parts=0"),
        );
    }

    #[test]
    fn many_stops_of_laps_that_are_over_take_no_room() {
        check(
            |trace, _| {
                let _out = trace.part();
                let unit = trace.unit();
                for _ in 0..10_000 {
                    let lap = unit.scope(|| current::lap("read"));
                    drop(lap);
                }
                drop(_out);
            },
            "duration_ms=0.0 read.count=10000 read.ms=0.0 read.max_ms=0.0",
        );
    }
}

#[cfg(feature = "future")]
mod futures {
    use std::future::{Future, pending, poll_fn, ready};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;
    use traceline::future::InTraceExt;

    /// Ready at the third poll; each takes a millisecond.
    async fn query(bench: &Bench) -> u32 {
        let mut polls = 0;
        poll_fn(move |_| {
            bench.clock.advance(ms(1));
            polls += 1;
            match polls {
                3 => Poll::Ready(7),
                _ => Poll::Pending,
            }
        })
        .await
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_lap_of_a_future_includes_the_time_between_its_polls() {
        check(
            |trace, bench| {
                let mut future = pin!(query(bench).timed("db"));
                bench.clock.advance(ms(100));
                trace.scope(|| {
                    assert!(poll(future.as_mut()).is_pending());
                    bench.clock.advance(ms(10));
                    assert!(poll(future.as_mut()).is_pending());
                    assert_eq!(poll(future.as_mut()), Poll::Ready(7));
                    bench.clock.advance(ms(100));
                });
            },
            "duration_ms=213.0 db.count=1 db.ms=13.0 db.max_ms=13.0",
        );
    }

    #[test]
    fn it_ends_when_the_future_is_dropped() {
        check(
            |trace, bench| {
                let mut future = Box::pin(pending::<()>().timed("db"));
                let mut sent = Box::pin(pending::<()>().timed(String::from("db")));
                trace.scope(|| {
                    assert!(poll(future.as_mut()).is_pending());
                    assert!(poll(sent.as_mut()).is_pending());
                });
                bench.clock.advance(ms(2));
                drop(future);
                bench.clock.advance(ms(2));
                elsewhere(move || drop(sent));
                bench.clock.advance(ms(2));
            },
            "duration_ms=6.0 db.count=2 db.ms=6.0 db.max_ms=4.0 db.wall_ms=4.0",
        );
    }

    #[test]
    fn one_that_is_never_polled_has_none() {
        check(
            |trace, _| trace.scope(|| drop(pending::<()>().timed("db"))),
            "duration_ms=0.0",
        );
    }

    #[test]
    fn the_unit_is_the_one_of_the_first_poll() {
        let bench = Bench::new(bare());
        let (mut first, mut second) = (unit(&bench, "first"), unit(&bench, "second"));
        let mut future = pin!(query(&bench).timed("db"));
        assert!(first.scope(|| poll(future.as_mut())).is_pending());
        assert!(second.scope(|| poll(future.as_mut())).is_pending());
        assert!(elsewhere(|| poll(future.as_mut())).is_ready());
        drop((first, second));
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=first duration_ms=3.0 db.count=1 db.ms=3.0 db.max_ms=3.0",
                "msg=second duration_ms=3.0"
            ]
        );
    }

    #[test]
    fn a_future_that_outlives_its_unit_is_timed_to_the_end_of_that() {
        let bench = Bench::new(bare());
        let mut first = unit(&bench, "first");
        let mut future = Box::pin(query(&bench).timed("db"));
        assert!(first.scope(|| poll(future.as_mut())).is_pending());
        drop(first);
        let mut second = unit(&bench, "second");
        assert!(second.scope(|| poll(future.as_mut())).is_pending());
        drop(future);
        drop(second);
        assert_eq!(
            bench.log.take_lines(),
            [
                "msg=first duration_ms=1.0 db.count=1 db.ms=1.0 db.max_ms=1.0",
                "msg=second duration_ms=1.0"
            ]
        );
    }

    #[test]
    fn futures_of_one_key_overlap_and_nest() {
        check(
            |trace, bench| {
                let mut futures: Vec<_> = (0..3)
                    .map(|_| Box::pin(query(bench).timed("inner").timed("outer")))
                    .collect();
                trace.scope(|| {
                    for _ in 0..3 {
                        futures.retain_mut(|future| poll(future.as_mut()).is_pending());
                    }
                });
                assert!(futures.is_empty());
            },
            "duration_ms=9.0 outer.count=3 outer.ms=21.0 outer.max_ms=7.0 outer.wall_ms=9.0 \
             inner.count=3 inner.ms=21.0 inner.max_ms=7.0 inner.wall_ms=9.0",
        );
    }

    #[test]
    fn one_that_panics_is_over() {
        check(
            |trace, bench| {
                let mut future = Box::pin(
                    async {
                        bench.clock.advance(ms(2));
                        std::panic::resume_unwind(Box::new("boom"))
                    }
                    .timed("db"),
                );
                let caught = trace.scope(|| {
                    catch_unwind(AssertUnwindSafe(|| {
                        let _: Poll<()> = poll(future.as_mut());
                    }))
                });
                assert!(caught.is_err());
                drop(future);
                bench.clock.advance(ms(4));
            },
            "duration_ms=6.0 db.count=1 db.ms=2.0 db.max_ms=2.0",
        );
    }

    #[test]
    fn without_a_unit_the_future_runs_all_the_same() {
        assert_eq!(pollster::block_on(ready(7).timed("db")), 7);
        let bench = Bench::new(bare());
        let mut nobodys = pin!(query(&bench).timed("db"));
        assert!(poll(nobodys.as_mut()).is_pending());
        let mut late = unit(&bench, "unit");
        late.scope(|| while poll(nobodys.as_mut()).is_pending() {});
        drop(late);
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=2.0"]);
    }

    #[test]
    fn a_future_in_the_unit_of_another_task_is_a_part_of_it() {
        check(
            |trace, bench| {
                let unit = trace.unit();
                let task = async {
                    current::incr("polls");
                    query(bench).timed("db").await;
                    current::incr("polls");
                }
                .in_unit(&unit);
                let mut task = Box::pin(task);
                assert!(poll(task.as_mut()).is_pending());
                assert!(!current::is_active());
                elsewhere(|| {
                    assert!(poll(task.as_mut()).is_pending());
                    assert!(poll(task.as_mut()).is_ready());
                });
                // Merged when it is ready, and not only when it is dropped.
                assert_eq!(
                    trace.get("polls").map(|n| n.to_string()).as_deref(),
                    Some("2")
                );
                drop(task);
            },
            "duration_ms=3.0 polls=2 db.count=1 db.ms=3.0 db.max_ms=3.0",
        );
    }

    #[test]
    fn a_task_that_is_dropped_brings_back_what_it_has() {
        check(
            |trace, bench| {
                let mut task = trace.scope(|| {
                    Box::pin(
                        async {
                            current::incr("polls");
                            query(bench).timed("db").await
                        }
                        .in_current_unit(),
                    )
                });
                assert!(poll(task.as_mut()).is_pending());
                elsewhere(move || drop(task));
                // One that never ran is not a lost part.
                let unit = trace.unit();
                mem::forget(pending::<()>().in_unit(&unit));
                bench.clock.advance(ms(4));
            },
            "duration_ms=5.0 polls=1 db.count=1 db.ms=1.0 db.max_ms=1.0",
        );
    }

    #[test]
    fn a_task_that_outlives_its_unit_is_counted() {
        let bench = Bench::new(bare());
        let trace = unit(&bench, "unit");
        let mut task = Box::pin(
            async {
                current::incr("polls");
                query(&bench).await
            }
            .in_unit(&trace.unit()),
        );
        assert!(poll(task.as_mut()).is_pending());
        drop(trace);
        assert_eq!(
            bench.log.take_lines(),
            ["msg=unit duration_ms=1.0 lost_parts=1"]
        );
        let before = current::late_parts();
        drop(task);
        assert!(current::late_parts() > before);
    }

    /// What was taken out of a part is one all the same.
    #[test]
    fn a_future_in_what_was_taken_out_of_a_part_is_in_the_record() {
        check(
            |trace, bench| {
                let mut part = trace.part();
                let inner = mem::take(&mut *part);
                let mut task = pin!(
                    async {
                        current::incr("queries");
                        query(bench).await
                    }
                    .in_trace(inner)
                );
                while poll(task.as_mut()).is_pending() {}
                trace.join(part);
                trace.ok();
            },
            "outcome=ok duration_ms=3.0 queries=1",
        );
    }
}
