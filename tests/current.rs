//! The current unit: how a unit becomes current and how that ends, and code that
//! reaches for it from awkward places: a `Display`, a logger, a destructor, the
//! end of a thread.
//!
//! Cases that would abort the process if they went wrong run in a child: this test
//! program again, asked to run one ignored test.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use log::{Level, Log, Metadata, Record};
use traceline::{Config, Trace, current, display};

use crate::tags::untagged;
use crate::util;
use crate::util::{Bench, Capture, ManualClock};

fn bare() -> Bench {
    Bench::new(Config::builder().header(false))
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    Trace::builder(name).config(&bench.config).start()
}

/// Returns the lines so far, without line numbers.
fn lines(bench: &Bench) -> Vec<String> {
    let lines = bench.log.take_lines();
    lines.iter().map(|line| untagged(line)).collect()
}

/// Compares the line of a unit in whose scope `work` runs.
#[track_caller]
fn check(work: impl FnOnce(), want: &str) {
    let bench = bare();
    let mut trace = bench.start();
    trace.scope(work);
    drop(trace);
    util::same_line(
        &untagged(&bench.log.only().args),
        &format!("msg=unit{want}"),
    );
    assert!(!current::is_active());
}

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// Displays as whatever the closure writes.
struct Prints<F>(F);

fn printing<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(write: F) -> Prints<F> {
    Prints(write)
}

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Prints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

impl<F> fmt::Debug for Prints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prints")
    }
}

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> std::error::Error for Prints<F> {}

mod lending {
    use super::*;

    #[test]
    fn a_trace_is_current_inside_its_scope_and_nowhere_else() {
        let bench = bare();
        let mut trace = bench.start();
        current::set("before", 1);
        let seven = trace.scope(|| {
            current::set("inside", 1);
            7
        });
        current::set("behind", 1);
        trace.set("seven", seven);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1 seven=7"]);
    }

    #[test]
    fn a_guard_keeps_a_trace_current_until_it_is_dropped() {
        let bench = bare();
        let mut trace = bench.start();
        assert!(!current::is_active());
        let entered = trace.enter();
        assert!(current::is_active());
        current::set("inside", 1);
        drop(entered);
        assert!(!current::is_active());
        current::set("behind", 1);
        trace.set("after", 1);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1 after=1"]);
    }

    #[test]
    fn a_trace_can_be_lent_again_and_again() {
        let bench = bare();
        let mut trace = bench.start();
        for _ in 0..1_000 {
            trace.scope(|| current::incr("rounds"));
            let _entered = trace.enter();
            current::incr("rounds");
        }
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 rounds=2000"]);
    }

    #[test]
    fn code_deep_down_and_in_another_module_finds_the_trace() {
        mod deep {
            pub fn down(n: u32) {
                match n {
                    0 => traceline::current::add!("at the bottom"),
                    _ => down(n - 1),
                }
                traceline::current::incr("depth");
            }
        }
        check(
            || deep::down(9),
            " duration_ms=0.0 depth=10 fragments=\"[0.0ms] at the bottom\"",
        );
    }

    #[test]
    fn the_unit_entered_last_is_the_current_one() {
        let bench = bare();
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        outer.scope(|| {
            current::set("a", 1);
            inner.scope(|| current::set("b", 2));
            current::set("c", 3);
        });
        drop((inner, outer));
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 b=2",
                "msg=outer duration_ms=0.0 a=1 c=3"
            ]
        );
    }

    #[test]
    fn a_unit_may_begin_and_end_inside_another() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            for n in 0..3 {
                current::incr("rounds");
                unit(&bench, "inner").scope(|| current::set("n", n));
            }
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 n=0",
                "msg=inner duration_ms=0.0 n=1",
                "msg=inner duration_ms=0.0 n=2",
                "msg=outer duration_ms=0.0 rounds=3"
            ]
        );
    }

    #[test]
    fn a_thousand_units_may_be_current_at_once() {
        fn nest(bench: &Bench, depth: u32) {
            if depth > 0 {
                let mut trace = bench.start();
                trace.scope(|| {
                    current::set("depth", depth);
                    nest(bench, depth - 1);
                    current::set("again", depth);
                });
            }
        }
        let bench = bare();
        nest(&bench, 1_000);
        let want: Vec<String> = (1..=1_000)
            .map(|n| format!("msg=unit duration_ms=0.0 depth={n} again={n}"))
            .collect();
        assert_eq!(lines(&bench), want);
    }

    #[test]
    fn a_scope_that_panics_gives_the_trace_back() {
        let bench = bare();
        let mut trace = bench.start();
        unwind(|| {
            trace.scope(|| {
                current::set("inside", 1);
                panic!("boom");
            });
        });
        assert!(!current::is_active());
        trace.set("after", 1).ok();
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit outcome=ok duration_ms=0.0 inside=1 after=1"]
        );
    }

    #[test]
    fn a_unit_that_unwinds_out_of_its_scope_ends_with_outcome_panic() {
        let bench = bare();
        unwind(|| {
            let mut trace = bench.start();
            trace.scope(|| {
                current::set("inside", 1);
                panic!("boom");
            });
        });
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            record.args,
            "msg=unit outcome=panic duration_ms=0.0 inside=1"
        );
    }

    #[test]
    fn what_is_current_on_one_thread_is_not_on_another() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    assert!(!current::is_active());
                    current::set("elsewhere", 1);
                });
            });
            current::set("here", 1);
        });
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 here=1"]);
    }
}

mod guards_in_any_order {
    use super::*;

    #[test]
    fn the_outer_guard_may_go_first() {
        let bench = bare();
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let entered_a = a.enter();
        let entered_b = b.enter();
        drop(entered_a);
        current::set("in_b", 1);
        a.set("by_handle", 1);
        drop(entered_b);
        current::set("nowhere", 1);
        a.set("done", 1);
        drop(a);
        drop(b);
        assert_eq!(
            lines(&bench),
            [
                "msg=a duration_ms=0.0 by_handle=1 done=1",
                "msg=b duration_ms=0.0 in_b=1"
            ]
        );
    }

    #[test]
    fn a_trace_whose_guard_went_first_may_end_before_the_inner_one() {
        let bench = bare();
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let entered_a = a.enter();
        let entered_b = b.enter();
        drop(entered_a);
        drop(a);
        assert_eq!(lines(&bench), ["msg=a duration_ms=0.0"]);
        current::set("in_b", 1);
        drop(entered_b);
        drop(b);
        assert_eq!(lines(&bench), ["msg=b duration_ms=0.0 in_b=1"]);
    }

    #[test]
    fn a_trace_whose_guard_went_first_may_be_entered_again_on_top() {
        let bench = bare();
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let entered_a = a.enter();
        let entered_b = b.enter();
        drop(entered_a);
        let again = a.enter();
        current::set("in_a", 1);
        drop(entered_b);
        current::set("still_in_a", 1);
        drop(again);
        drop((a, b));
        assert_eq!(
            lines(&bench),
            [
                "msg=a duration_ms=0.0 in_a=1 still_in_a=1",
                "msg=b duration_ms=0.0"
            ]
        );
    }

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    /// Every order of the first `count` numbers.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        let Some(last) = count.checked_sub(1) else {
            return vec![vec![]];
        };
        let shorter = orders(last);
        let insert = |order: &Vec<usize>, at| {
            let mut order = order.clone();
            order.insert(at, last);
            order
        };
        shorter
            .iter()
            .flat_map(|order| (0..count).map(|at| insert(order, at)))
            .collect()
    }

    /// Enters one unit per flag in `enabled`, drops the guards in the given order, and
    /// writes after each step. The topmost remaining unit receives the write; if that
    /// unit is disabled, nobody does.
    fn run(enabled: &[bool], order: &[usize]) {
        let bench = bare();
        let mut traces: Vec<Trace> = enabled
            .iter()
            .zip(NAMES)
            .map(|(enabled, name)| match enabled {
                true => unit(&bench, name),
                false => Trace::default(),
            })
            .collect();
        let mut want = enabled.iter().zip(NAMES).map(|_| String::new()).collect();
        let write = |left: &[bool], step: usize, want: &mut Vec<String>| {
            current::set(format!("s{step}"), true);
            let top = left.iter().rposition(|left| *left);
            let top = top.filter(|top| enabled[*top]);
            assert_eq!(current::is_active(), top.is_some());
            if let Some(top) = top {
                write!(want[top], " s{step}=true").unwrap();
            }
        };
        let mut left = vec![false; enabled.len()];
        let mut guards: Vec<_> = Vec::new();
        for (step, trace) in traces.iter_mut().enumerate() {
            guards.push(Some(trace.enter()));
            left[step] = true;
            write(&left, step, &mut want);
        }
        for (step, at) in order.iter().enumerate() {
            drop(guards[*at].take());
            left[*at] = false;
            write(&left, enabled.len() + step, &mut want);
        }
        drop(guards);
        for trace in &mut traces {
            trace.set("after", true);
        }
        drop(traces);
        let want: Vec<String> = want
            .into_iter()
            .zip(NAMES)
            .zip(enabled)
            .filter(|(_, enabled)| **enabled)
            .map(|((want, name), _)| format!("msg={name} duration_ms=0.0{want} after=true"))
            .collect();
        assert_eq!(lines(&bench), want);
    }

    #[test]
    fn up_to_four_guards_attribute_rightly_in_every_order() {
        for count in 1..=4 {
            for order in orders(count) {
                run(&vec![true; count], &order);
            }
        }
    }

    #[test]
    fn they_do_where_some_of_the_traces_are_disabled() {
        let mut wrong = Vec::new();
        for count in 1..=4 {
            for mask in 0..1 << count {
                let enabled: Vec<bool> = (0..count).map(|at| mask >> at & 1 != 0).collect();
                for order in orders(count) {
                    // On its own thread, so that leftovers do not reach the next case.
                    let result =
                        thread::scope(|scope| scope.spawn(|| run(&enabled, &order)).join().is_ok());
                    if !result {
                        wrong.push((enabled.clone(), order));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} orders: {:?} …", wrong.len(), wrong[0]);
    }
}

mod disabled_traces {
    use super::*;

    #[test]
    fn a_disabled_trace_hides_the_ones_around_it() {
        check(
            || {
                current::set("a", 1);
                Trace::default().scope(|| {
                    assert!(!current::is_active());
                    current::set("b", 1);
                    current::add("hidden");
                    assert_eq!(current::with(|_| ()), None);
                });
                current::set("c", 1);
            },
            " duration_ms=0.0 a=1 c=1",
        );
    }

    #[test]
    fn a_unit_inside_a_disabled_one_is_current_all_the_same() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            Trace::default().scope(|| {
                unit(&bench, "inner").scope(|| current::set("a", 1));
                current::set("b", 1);
            });
            current::set("c", 1);
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 a=1",
                "msg=outer duration_ms=0.0 c=1"
            ]
        );
    }

    #[test]
    fn a_guard_dropped_while_a_disabled_trace_hides_its_unit_gives_the_trace_back() {
        let bench = bare();
        let (mut a, mut disabled) = (unit(&bench, "a"), Trace::default());
        let entered = a.enter();
        let hides = disabled.enter();
        drop(entered);
        a.set("used", 1);
        drop(hides);
        assert!(!current::is_active());
        drop(a);
        assert_eq!(lines(&bench), ["msg=a duration_ms=0.0 used=1"]);
    }

    #[test]
    fn a_unit_that_ends_while_a_disabled_trace_hides_it_emits_its_record() {
        let bench = bare();
        let (mut a, mut disabled) = (unit(&bench, "a"), Trace::default());
        let entered = a.enter();
        let hides = disabled.enter();
        drop(entered);
        drop(a);
        assert_eq!(lines(&bench), ["msg=a duration_ms=0.0"]);
        drop(hides);
        assert!(!current::is_active());
    }

    #[test]
    fn the_guard_of_a_disabled_trace_may_go_first_or_be_forgotten_by_a_panic() {
        let bench = bare();
        let (mut a, mut disabled) = (unit(&bench, "a"), Trace::default());
        a.scope(|| {
            let hides = disabled.enter();
            let mut b = unit(&bench, "b");
            let entered = b.enter();
            drop(hides);
            current::set("in_b", 1);
            drop(entered);
            current::set("in_a", 1);
            unwind(|| Trace::default().scope(|| panic!("boom")));
            current::set("still_in_a", 1);
        });
        drop(a);
        assert_eq!(
            lines(&bench),
            [
                "msg=b duration_ms=0.0 in_b=1",
                "msg=a duration_ms=0.0 in_a=1 still_in_a=1"
            ]
        );
    }
}

mod forgotten_guards {
    use super::*;

    /// A unit whose guard was forgotten, with `inside` set.
    fn forgotten(bench: &Bench) -> Trace {
        let mut trace = bench.start();
        mem::forget(trace.enter());
        current::set("inside", 1);
        trace
    }

    #[test]
    fn the_trace_stays_current_until_its_handle_is_used() {
        let bench = bare();
        let mut trace = forgotten(&bench);
        assert!(trace.is_enabled());
        assert!(current::is_active());
        assert_eq!(format!("{trace:?}"), "Trace(current)");
        trace.set("used", 1);
        assert!(!current::is_active());
        current::set("nowhere", 1);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1 used=1"]);
    }

    #[test]
    fn dropping_or_emitting_the_handle_emits_once() {
        let bench = bare();
        for end in [drop::<Trace>, Trace::emit] {
            end(forgotten(&bench));
            assert!(!current::is_active());
            assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1"]);
        }
    }

    #[test]
    fn discarding_the_handle_emits_nothing() {
        let bench = bare();
        forgotten(&bench).discard();
        assert!(!current::is_active());
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn the_handle_may_be_moved_first() {
        let bench = bare();
        let mut moved = Box::new(forgotten(&bench));
        current::set("moved", 1);
        let mut taken = mem::take(&mut *moved);
        taken.set("taken", 1);
        moved.set("disabled", 1);
        drop(moved);
        assert_eq!(lines(&bench), [""; 0]);
        drop(taken);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 inside=1 moved=1 taken=1"]
        );
    }

    #[test]
    fn the_trace_can_be_entered_again() {
        let bench = bare();
        let mut trace = forgotten(&bench);
        trace.scope(|| current::set("scope", 1));
        assert!(!current::is_active());
        mem::forget(trace.enter());
        mem::forget(trace.enter());
        current::set("again", 1);
        drop(trace.enter());
        assert!(!current::is_active());
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 inside=1 scope=1 again=1"]
        );
    }

    #[test]
    fn units_around_and_inside_are_not_disturbed() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            let trace = forgotten(&bench);
            unit(&bench, "inner").scope(|| current::set("n", 1));
            current::set("inside", 2);
            drop(trace);
            current::set("outside", 1);
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 n=1",
                "msg=unit duration_ms=0.0 inside=2",
                "msg=outer duration_ms=0.0 outside=1"
            ]
        );
    }

    #[test]
    fn the_guard_around_a_forgotten_one_takes_its_own_trace_back() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        let mut trace = bench.start();
        let entered = outer.enter();
        mem::forget(trace.enter());
        drop(entered);
        outer.set("done", 1);
        current::set("inside", 1);
        drop(outer);
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=outer duration_ms=0.0 done=1",
                "msg=unit duration_ms=0.0 inside=1"
            ]
        );
    }

    #[test]
    fn another_thread_cannot_reach_the_unit_but_loses_nothing_of_it() {
        let bench = bare();
        let trace = forgotten(&bench);
        let mut trace = thread::spawn(move || {
            let mut trace = trace;
            trace.set("elsewhere", 1);
            assert!(!current::is_active());
            trace
        })
        .join()
        .unwrap();
        trace.set("back", 1);
        drop(trace);
        assert!(!current::is_active());
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1 back=1"]);
    }

    #[test]
    fn it_can_be_looked_at_without_being_taken_back() {
        let bench = bare();
        let mut trace = forgotten(&bench);
        current::fail("broken");
        bench.clock.advance(Duration::from_millis(2));
        assert_eq!(
            trace.get("inside"),
            Some(traceline::value::OwnedValue::I64(1))
        );
        assert_eq!(trace.elapsed(), Duration::from_millis(2));
        assert_eq!(trace.level(), Some(Level::Error));
        assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
        let text = "msg=unit outcome=error duration_ms=2.0 inside=1 \
                    fragments=\"[0.0ms, error] broken\"";
        assert_eq!(untagged(&trace.render()), text);
        assert!(current::is_active());
        trace.set("a", 1);
        drop(trace);
        assert!(!current::is_active());
        bench.log.take_lines();
    }

    #[test]
    fn a_part_of_such_a_trace_is_a_part_of_its_unit() {
        let bench = bare();
        let mut trace = forgotten(&bench);
        let mut part = trace.part();
        part.set("part", 1);
        trace.join(part);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1 part=1"]);
    }

    #[test]
    fn a_shared_handle_of_such_a_trace_keeps_whole_texts() {
        let bench = bare();
        let shared = forgotten(&bench).into_shared();
        shared.set("text", display(&"long enough"));
        shared.add(format_args!("{} enough", "long"));
        drop(shared);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 inside=1 text=\"long enough\" \
                 fragments=\"[0.0ms] long enough\""]
        );
    }

    #[test]
    fn ending_it_inside_with_is_as_forgetting_the_trace_but_no_more() {
        let bench = bare();
        let trace = forgotten(&bench);
        current::with(|_| drop(trace));
        let records = lines(&bench);
        assert!(records.len() <= 1, "{records:?}");
        let mut next = unit(&bench, "next");
        next.scope(|| current::set("a", 1));
        drop(next);
        assert_eq!(lines(&bench), ["msg=next duration_ms=0.0 a=1"]);
    }

    #[test]
    fn entering_it_inside_with_loses_no_record() {
        let bench = bare();
        let mut trace = forgotten(&bench);
        current::with(|_| trace.scope(|| ()));
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 inside=1"]);
        assert!(!current::is_active());
    }
}

mod functions {
    use super::*;

    type Calls = (&'static str, fn(&mut Trace), fn());

    /// The same calls with a handle and without one.
    const TABLE: [Calls; 23] = [
        ("set", |t| _ = t.set("k", 1), || current::set("k", 1)),
        (
            "set text",
            |t| _ = t.set("k", "two words"),
            || current::set("k", "two words"),
        ),
        (
            "set args",
            |t| _ = t.set("k", format_args!("{}-{}", 1, 2)),
            || current::set("k", format_args!("{}-{}", 1, 2)),
        ),
        (
            "set display",
            |t| _ = t.set("k", display(&1.5)),
            || current::set("k", display(&1.5)),
        ),
        (
            "set debug",
            |t| _ = t.set("k", traceline::debug(&"quoted")),
            || current::set("k", traceline::debug(&"quoted")),
        ),
        (
            "set none",
            |t| _ = t.set("k", 1).set("k", None::<u8>),
            || {
                current::set("k", 1);
                current::set("k", None::<u8>);
            },
        ),
        (
            "set key",
            |t| {
                _ = t
                    .set(String::from("k k"), [1, 2])
                    .set(traceline::key("error"), 1)
            },
            || {
                current::set(String::from("k k"), [1, 2]);
                current::set(traceline::key("error"), 1);
            },
        ),
        (
            "unset",
            |t| _ = t.set("k", 1).set("l", 2).unset("k"),
            || {
                current::set("k", 1);
                current::set("l", 2);
                current::unset("k");
            },
        ),
        (
            "incr",
            |t| _ = t.incr("k").incr("k"),
            || {
                current::incr("k");
                current::incr("k");
            },
        ),
        (
            "count",
            |t| _ = t.sum("k", 3u8).sum("k", 4usize),
            || {
                current::sum("k", 3u8);
                current::sum("k", 4usize);
            },
        ),
        (
            "sum",
            |t| _ = t.sum("k", 0.5).sum("k", 2),
            || {
                current::sum("k", 0.5);
                current::sum("k", 2);
            },
        ),
        (
            "max",
            |t| _ = t.max("k", 3).max("k", 7).max("k", 5),
            || {
                current::max("k", 3);
                current::max("k", 7);
                current::max("k", 5);
            },
        ),
        (
            "add",
            |t| _ = t.add("a").add(String::from("b")),
            || {
                current::add("a");
                current::add(String::from("b"));
            },
        ),
        (
            "add args",
            |t| _ = t.add(format_args!("{}", 1)).add(format_args!("plain")),
            || {
                current::add(format_args!("{}", 1));
                current::add(format_args!("plain"));
            },
        ),
        ("warn", |t| _ = t.warn("w"), || current::warn("w")),
        ("fail", |t| _ = t.fail("f"), || current::fail("f")),
        (
            "check",
            |t| assert!(t.check("x".parse::<u8>()).is_err()),
            || assert!(current::check("x".parse::<u8>()).is_err()),
        ),
        (
            "check ok",
            |t| assert_eq!(t.check("7".parse::<u8>()), Ok(7)),
            || assert_eq!(current::check("7".parse::<u8>()), Ok(7)),
        ),
        (
            "error",
            |t| _ = t.error("broken"),
            || current::error("broken"),
        ),
        ("ok", |t| _ = t.ok(), current::ok),
        (
            "recovered",
            |t| _ = t.error("broken").recovered(),
            || {
                current::error("broken");
                current::recovered();
            },
        ),
        ("status", |t| _ = t.status(404), || current::status(404)),
        (
            "raise",
            |t| _ = t.raise(Level::Warn).raise(Level::Debug),
            || {
                current::raise(Level::Warn);
                current::raise(Level::Debug);
            },
        ),
    ];

    #[test]
    fn each_does_what_the_method_of_its_name_does() {
        let bench = bare();
        for (name, by_handle, by_current) in TABLE {
            let mut trace = bench.start();
            by_handle(&mut trace);
            drop(trace);
            let want = bench.log.only();
            let mut trace = bench.start();
            trace.scope(by_current);
            drop(trace);
            let got = bench.log.only();
            assert_eq!(untagged(&got.args), untagged(&want.args), "{name}");
            assert_eq!(got.level, want.level, "{name}");
        }
    }

    #[test]
    fn each_does_nothing_where_no_trace_is_current() {
        for (_, _, by_current) in TABLE {
            by_current();
        }
        assert!(!current::is_active());
        assert_eq!(current::with(|_| ()), None);
        assert_eq!(current::time("k", || 7), 7);
        current::emit();
    }

    #[test]
    fn the_sources_of_an_error_are_kept() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("no port")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        check(
            || assert!(current::check("x".parse::<u16>().map_err(Outer)).is_err()),
            " outcome=error duration_ms=0.0 error=\"no port\" \
             error.chain=\"invalid digit found in string\"",
        );
    }

    #[test]
    fn every_kind_of_error_can_be_checked() {
        check(
            || {
                let anyhow: anyhow::Result<()> = Err(anyhow::anyhow!("anyhow"));
                assert!(current::check(anyhow).is_err());
                let boxed: Result<(), Box<dyn std::error::Error + Send + Sync>> =
                    Err("boxed".into());
                assert!(current::check(boxed).is_err());
                assert!(current::check(Err::<(), _>("str")).is_err());
                assert!(current::check(Err::<(), _>(String::from("string"))).is_err());
            },
            " outcome=error duration_ms=0.0 error=string",
        );
    }

    #[test]
    fn nothing_is_formatted_or_evaluated_where_no_trace_is_current() {
        fn never<T>() -> T {
            panic!("evaluated")
        }
        let prints = printing(|_| never());
        let work = || {
            current::set("k", display(&prints));
            current::set("k", format_args!("{prints}"));
            current::add(format_args!("{prints}"));
            current::warn(format_args!("{prints}"));
            current::fail(format_args!("{prints}"));
            current::error(&printing(|_| never()));
            current::add!("{}", never::<u8>());
            current::add!("{prints}");
            current::set!(k = never::<u8>(), l:? = never::<u8>(), m:% = prints);
            assert_eq!(current::with(|_| never::<u8>()), None);
        };
        work();
        Trace::default().scope(work);
    }

    #[test]
    fn the_macros_take_what_their_namesakes_take() {
        let (cached, name) = (true, "widget");
        check(
            || {
                let path = std::path::Path::new("a b");
                current::set!(user_id = 7, cached, "db.rows" = 3, type = 4);
                current::set!(debug:? = Some(1), path:% = path.display(), name:?,);
                current::add!("picked {name} at shelf {}", 7);
                current::add!("literal");
            },
            " duration_ms=0.0 user_id=7 cached=true db.rows=3 type=4 debug=\"Some(1)\" \
             path=\"a b\" name=\"\\\"widget\\\"\" \
             fragments=\"[0.0ms] picked widget at shelf 7; [0.0ms] literal\"",
        );
    }

    #[test]
    fn fragments_have_the_line_of_the_call() {
        let bench = bare();
        let mut trace = bench.start();
        let line = trace.scope(|| {
            let line = line!();
            current::add("a");
            current::warn("b");
            current::fail("c");
            current::add!("d {}", 1);
            line
        });
        drop(trace);
        let want = format!(
            "fragments=\"[{}, 0.0ms] a; [{}, 0.0ms, warn] b; [{}, 0.0ms, error] c; \
             [{}, 0.0ms] d 1\"",
            line + 1,
            line + 2,
            line + 3,
            line + 4
        );
        assert_eq!(
            bench.log.only().args,
            format!("msg=unit outcome=error duration_ms=0.0 {want}")
        );
    }

    #[test]
    fn long_texts_are_cut_and_counted_as_those_of_the_handle_are() {
        let long = "äx".repeat(100);
        let run = |work: &dyn Fn(&mut Trace)| {
            let bench = Bench::new(Config::builder().header(false).max_value(16));
            let mut trace = bench.start();
            work(&mut trace);
            drop(trace);
            untagged(&bench.log.only().args)
        };
        let by_handle = run(&|trace| {
            trace.set("k", display(&long)).add(format_args!("{long}"));
            trace.error(&*long);
        });
        let by_current = run(&|trace| {
            trace.scope(|| {
                current::set("k", display(&long));
                current::add(format_args!("{long}"));
                current::error(&*long);
            });
        });
        let by_shared = run(&|trace| {
            let shared = mem::take(trace).into_shared();
            shared.set("k", display(&long)).add(format_args!("{long}"));
            shared.with(|trace| {
                trace.error(&*long);
            });
        });
        util::same_line(&by_current, &by_handle);
        util::same_line(&by_shared, &by_handle);
        assert!(by_handle.ends_with(" truncated=3"), "{by_handle}");
    }
}

mod with {
    use super::*;

    #[test]
    fn the_closure_gets_the_trace_and_its_result_comes_back() {
        check(
            || {
                let rows = current::with(|trace| {
                    trace.set("a", 1).incr("n").warn("careful");
                    7
                });
                assert_eq!(rows, Some(7));
                current::incr("n");
            },
            " duration_ms=0.0 a=1 n=2 fragments=\"[0.0ms, warn] careful\"",
        );
    }

    #[test]
    fn inside_it_no_trace_is_current() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            let mut trace = bench.start();
            trace.scope(|| {
                current::with(|trace| {
                    assert!(!current::is_active());
                    assert_eq!(current::with(|_| ()), None);
                    current::set("lost", 1);
                    current::add!("lost {}", 1);
                    assert_eq!(current::time("lost", || 7), 7);
                    trace.set("kept", 1);
                });
                current::set("after", 1);
            });
            drop(trace);
            current::set("outside", 1);
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 kept=1 after=1",
                "msg=outer duration_ms=0.0 outside=1"
            ]
        );
    }

    #[test]
    fn another_trace_may_be_entered_inside() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            current::with(|trace| {
                let mut inner = unit(&bench, "inner");
                inner.scope(|| {
                    current::set("a", 1);
                    current::with(|inner| _ = inner.set("b", 2));
                });
                trace.set("c", 3);
            });
            current::set("d", 4);
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 a=1 b=2",
                "msg=outer duration_ms=0.0 c=3 d=4"
            ]
        );
    }

    #[test]
    fn a_trace_entered_inside_may_stay_current_behind_it() {
        let bench = bare();
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        outer.scope(|| {
            let entered = current::with(|_| inner.enter());
            current::set("in_inner", 1);
            drop(entered);
            current::set("in_outer", 1);
        });
        drop((outer, inner));
        assert_eq!(
            lines(&bench),
            [
                "msg=outer duration_ms=0.0 in_outer=1",
                "msg=inner duration_ms=0.0 in_inner=1"
            ]
        );
    }

    #[test]
    fn its_own_guard_may_be_dropped_inside() {
        let bench = bare();
        let mut trace = bench.start();
        let entered = trace.enter();
        current::with(|trace| {
            trace.set("a", 1);
            drop(entered);
            trace.set("b", 2);
        });
        trace.set("c", 3);
        assert!(!current::is_active());
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1 b=2 c=3"]);
    }

    #[test]
    fn the_guard_of_the_unit_around_may_be_dropped_inside() {
        let bench = bare();
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        let entered = outer.enter();
        inner.scope(|| {
            current::with(|trace| {
                trace.set("a", 1);
                drop(entered);
                trace.set("b", 2);
            });
            current::set("c", 3);
        });
        drop(inner);
        outer.set("d", 4);
        assert!(!current::is_active());
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 a=1 b=2 c=3",
                "msg=outer duration_ms=0.0 d=4"
            ]
        );
    }

    #[test]
    fn another_unit_in_the_same_memory_is_another_unit() {
        let bench = bare();
        for _ in 0..2 {
            let mut first = unit(&bench, "first");
            mem::forget(first.enter());
            current::with(|trace| {
                drop(mem::take(trace));
                *trace = unit(&bench, "first");
                trace.set("second", true);
            });
            assert!(!current::is_active());
            first.set("lost", 1);
            drop(first);
            assert_eq!(
                lines(&bench),
                [
                    "msg=first duration_ms=0.0",
                    "msg=first duration_ms=0.0 second=true"
                ]
            );
        }
    }

    #[test]
    fn the_trace_may_be_entered_again_inside() {
        check(
            || {
                current::with(|trace| {
                    trace.set("a", 1);
                    trace.scope(|| {
                        current::set("b", 2);
                        current::with(|trace| trace.scope(|| current::set("c", 3)));
                    });
                    trace.set("d", 4);
                    mem::forget(trace.enter());
                    current::set("e", 5);
                });
                current::set("f", 6);
            },
            " duration_ms=0.0 a=1 b=2 c=3 d=4 e=5 f=6",
        );
    }

    #[test]
    fn a_panic_inside_gives_the_trace_back() {
        check(
            || {
                unwind(|| {
                    current::with(|trace| {
                        trace.set("a", 1);
                        panic!("boom");
                    });
                });
                current::set("b", 2);
                current::ok();
            },
            " outcome=ok duration_ms=0.0 a=1 b=2",
        );
    }

    #[test]
    fn a_trace_that_is_taken_out_is_the_taker_s() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            let mut taken = current::with(mem::take).unwrap();
            assert!(!current::is_active());
            current::set("nowhere", 1);
            taken.set("taken", 1);
            taken.scope(|| current::set("entered", 1));
            drop(taken);
            assert_eq!(
                lines(&bench),
                ["msg=unit duration_ms=0.0 taken=1 entered=1"]
            );
        });
        trace.set("late", 1);
        trace.scope(|| current::set("late", 1));
        drop(trace);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn a_unit_around_is_current_again_once_the_inner_one_was_taken_out() {
        let bench = bare();
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        outer.scope(|| {
            inner.scope(|| {
                current::with(|trace| mem::take(trace).emit());
                current::set("outside", 1);
            });
            current::set("after", 1);
        });
        drop((inner, outer));
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0",
                "msg=outer duration_ms=0.0 outside=1 after=1"
            ]
        );
    }

    #[test]
    fn a_trace_that_is_taken_out_and_put_back_stays_current() {
        check(
            || {
                current::with(|trace| {
                    let mut taken = mem::take(trace);
                    taken.set("a", 1);
                    *trace = taken;
                });
                current::set("b", 2);
            },
            " duration_ms=0.0 a=1 b=2",
        );
    }

    #[test]
    fn one_that_is_replaced_ends_with_the_closure_and_each_unit_emits_once() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            let taken = current::with(|trace| {
                let other = unit(&bench, "other");
                let taken = mem::replace(trace, other);
                trace.set("in_other", 1);
                taken
            });
            assert_eq!(lines(&bench), ["msg=other duration_ms=0.0 in_other=1"]);
            assert!(!current::is_active());
            taken.unwrap().set("taken", 1);
        });
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 taken=1"]);
    }

    #[test]
    fn one_that_is_swapped_goes_on_in_the_other_handle() {
        let bench = bare();
        let (mut trace, mut other) = (bench.start(), unit(&bench, "other"));
        trace.scope(|| {
            current::with(|trace| mem::swap(trace, &mut other));
            other.set("swapped", 1);
        });
        assert_eq!(lines(&bench), ["msg=other duration_ms=0.0"]);
        drop(trace);
        assert_eq!(lines(&bench), [""; 0]);
        drop(other);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 swapped=1"]);
    }

    #[test]
    fn one_that_is_ended_and_followed_by_another_emits_once_each() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::with(|trace| {
                // The second unit uses the first one's recycled entry.
                drop(mem::take(trace));
                *trace = unit(&bench, "second");
                trace.set("n", 2);
            });
            current::with(|trace| *trace = unit(&bench, "third"));
        });
        drop(trace);
        assert!(!current::is_active());
        let mut lines = lines(&bench);
        lines.sort();
        assert_eq!(lines.len(), 2 + usize::from(lines.len() == 3), "{lines:?}");
        assert!(lines.contains(&"msg=unit duration_ms=0.0".into()));
        assert!(lines.contains(&"msg=second duration_ms=0.0 n=2".into()));
    }

    #[test]
    fn discarding_inside_leaves_no_record_and_no_current_trace() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::with(|trace| mem::take(trace).discard());
            assert!(!current::is_active());
        });
        drop(trace);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn a_checkpoint_and_a_look_work_inside() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::set("rows", 3);
            let seen = current::with(|trace| {
                trace.checkpoint();
                (trace.get("rows"), trace.render(), trace.level())
            });
            let (rows, text, level) = seen.unwrap();
            assert_eq!(rows, Some(traceline::value::OwnedValue::I64(3)));
            assert_eq!(text, "msg=unit duration_ms=0.0 rows=3");
            assert_eq!(level, Some(Level::Info));
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 rows=3 partial=true seq=1",
                "msg=unit duration_ms=0.0 rows=3"
            ]
        );
    }

    #[test]
    fn a_trace_may_become_a_shared_one_inside() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            let shared = current::with(|trace| mem::take(trace).into_shared()).unwrap();
            shared.set("a", 1);
            current::set("nowhere", 1);
        });
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }
}

mod display_that_logs {
    use super::*;

    fn adds() -> Prints<impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result> {
        printing(|f| {
            current::add("from inside");
            current::incr("printed");
            f.write_str("text")
        })
    }

    const INSIDE: &str = "[0.0ms] from inside";

    #[test]
    fn what_a_display_adds_comes_before_the_fragment_it_is_in() {
        check(
            || current::add!("with {}", adds()),
            &format!(" duration_ms=0.0 printed=1 fragments=\"{INSIDE}; [0.0ms] with text\""),
        );
        check(
            || current::warn(format_args!("with {}", adds())),
            &format!(" duration_ms=0.0 printed=1 fragments=\"{INSIDE}; [0.0ms, warn] with text\""),
        );
        check(
            || current::fail(format_args!("with {}", adds())),
            &format!(
                " outcome=error duration_ms=0.0 printed=1 \
                 fragments=\"{INSIDE}; [0.0ms, error] with text\""
            ),
        );
    }

    #[test]
    fn what_a_display_sets_comes_before_the_field_it_is_in() {
        let want = format!(" duration_ms=0.0 printed=1 k=text fragments=\"{INSIDE}\"");
        check(|| current::set("k", display(&adds())), &want);
        check(|| current::set("k", format_args!("{}", adds())), &want);
        check(|| current::set!(k:% = adds()), &want);
        check(|| current::set("k", Some(display(&adds()))), &want);
    }

    #[test]
    fn a_debug_may_log_too() {
        struct Loud;
        impl fmt::Debug for Loud {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                current::set("seen", 1);
                f.write_str("Loud")
            }
        }
        check(
            || current::set!(k:? = Loud),
            " duration_ms=0.0 seen=1 k=Loud",
        );
    }

    #[test]
    fn the_outer_write_of_a_key_is_the_last_one() {
        let prints = printing(|f| {
            current::set("k", "inner");
            f.write_str("outer")
        });
        check(
            || current::set("k", display(&prints)),
            " duration_ms=0.0 k=outer",
        );
    }

    #[test]
    fn an_error_may_log_while_it_is_checked() {
        check(
            || {
                current::add("first");
                assert!(current::check(Err::<(), _>(adds())).is_err());
            },
            &format!(
                " outcome=error duration_ms=0.0 printed=1 error=text \
                 fragments=\"[0.0ms] first; {INSIDE}\""
            ),
        );
    }

    #[test]
    fn a_display_in_a_list_may_log() {
        check(
            || current::set("k", [display(&adds()), display(&adds())]),
            &format!(
                " duration_ms=0.0 printed=2 k=\"[\\\"text\\\",\\\"text\\\"]\" \
                 fragments=\"{INSIDE}; {INSIDE}\""
            ),
        );
    }

    #[test]
    fn a_display_may_log_with_a_display_that_logs() {
        let outer = printing(|f| {
            current::add!("middle {}", adds());
            f.write_str("outer")
        });
        check(
            || current::add!("{outer}"),
            &format!(
                " duration_ms=0.0 printed=1 \
                 fragments=\"{INSIDE}; [0.0ms] middle text; [0.0ms] outer\""
            ),
        );
    }

    #[test]
    fn a_display_may_use_with_and_run_a_unit() {
        let bench = bare();
        let mut trace = bench.start();
        let prints = printing(|f| {
            current::with(|trace| _ = trace.set("a", 1)).expect("a trace is current");
            unit(&bench, "inner").scope(|| current::set("b", 2));
            f.write_str("text")
        });
        trace.scope(|| current::set("k", display(&prints)));
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=0.0 b=2",
                "msg=unit duration_ms=0.0 a=1 k=text"
            ]
        );
    }

    #[test]
    fn what_a_display_logged_stays_when_it_panics() {
        let prints = printing(|f| {
            current::add("before the panic");
            f.write_str("half")?;
            panic!("boom");
        });
        check(
            || {
                current::set("k", display(&prints));
                current::set("after", 1);
            },
            " duration_ms=0.0 k=\"<panicked>\" after=1 fragments=\"[0.0ms] before the panic\"",
        );
    }

    #[test]
    fn what_a_display_prints_after_it_ended_the_unit_goes_nowhere() {
        let prints = printing(|f| {
            current::emit();
            f.write_str("late")
        });
        check(
            || {
                current::set("a", 1);
                current::set("k", display(&prints));
                current::add!("{prints}");
            },
            " duration_ms=0.0 a=1",
        );
    }

    #[test]
    fn by_the_handle_inside_with_a_display_finds_no_trace() {
        check(
            || {
                current::with(|trace| {
                    trace.set("k", display(&adds()));
                    traceline::add!(trace, "{}", adds());
                });
                current::set("after", 1);
            },
            " duration_ms=0.0 k=text after=1 fragments=\"[0.0ms] text\"",
        );
    }

    #[test]
    fn by_the_handle_of_another_unit_it_finds_the_current_one() {
        let bench = bare();
        let (mut outer, mut other) = (unit(&bench, "outer"), unit(&bench, "other"));
        outer.scope(|| {
            other.set("k", display(&adds()));
            traceline::add!(other, "{}", adds());
        });
        drop((outer, other));
        assert_eq!(
            lines(&bench),
            [
                &*format!("msg=outer duration_ms=0.0 printed=2 fragments=\"{INSIDE}; {INSIDE}\""),
                "msg=other duration_ms=0.0 k=text fragments=\"[0.0ms] text\""
            ]
        );
    }
}

mod loggers_that_log {
    use super::*;

    /// A logger that runs some work before it keeps a record.
    #[derive(Debug)]
    struct Busy {
        kept: &'static Capture,
        work: fn(&Busy),
        config: OnceLock<Config>,
    }

    impl Busy {
        fn leak(work: fn(&Busy)) -> &'static Busy {
            let busy: &Busy = Box::leak(Box::new(Busy {
                kept: Capture::leak(),
                work,
                config: OnceLock::new(),
            }));
            let config = Config::builder().header(false).logger(busy);
            let config = config.clock(ManualClock::leak()).build().unwrap();
            busy.config.set(config).unwrap();
            busy
        }

        fn unit(&self, name: &'static str) -> Trace {
            let config = self.config.get().unwrap();
            Trace::builder(name).config(config).start()
        }

        fn lines(&self) -> Vec<String> {
            let lines = self.kept.take_lines();
            lines.iter().map(|line| untagged(line)).collect()
        }
    }

    impl Log for Busy {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            (self.work)(self);
            self.kept.log(record);
        }
        fn flush(&self) {}
    }

    fn add(_: &Busy) {
        current::add("from the logger");
        current::incr("records");
    }

    #[test]
    fn what_a_logger_adds_belongs_to_the_unit_around() {
        let busy = Busy::leak(add);
        let mut outer = busy.unit("outer");
        outer.scope(|| {
            let mut inner = busy.unit("inner");
            inner.scope(|| current::set("a", 1));
            drop(inner);
            current::set("b", 2);
        });
        drop(outer);
        assert_eq!(
            busy.lines(),
            [
                "msg=inner duration_ms=0.0 a=1",
                "msg=outer duration_ms=0.0 records=1 b=2 fragments=\"[0.0ms] from the logger\""
            ]
        );
    }

    #[test]
    fn a_checkpoint_of_the_current_unit_is_logged_while_nobody_can_reach_it() {
        let busy = Busy::leak(add);
        let mut trace = busy.unit("unit");
        trace.scope(|| {
            current::with(|trace| _ = trace.checkpoint());
            current::set("a", 1);
        });
        trace.checkpoint();
        drop(trace);
        assert_eq!(
            busy.lines(),
            [
                "msg=unit duration_ms=0.0 partial=true seq=1",
                "msg=unit duration_ms=0.0 a=1 partial=true seq=2",
                "msg=unit duration_ms=0.0 a=1"
            ]
        );
    }

    #[test]
    fn while_emit_writes_the_records_no_unit_is_current() {
        let busy = Busy::leak(add);
        let (mut outer, mut inner) = (busy.unit("outer"), busy.unit("inner"));
        outer.scope(|| inner.scope(current::emit));
        drop((inner, outer));
        assert_eq!(
            busy.lines(),
            ["msg=inner duration_ms=0.0", "msg=outer duration_ms=0.0"]
        );
    }

    #[test]
    fn a_logger_may_run_units_of_its_own_that_are_current() {
        thread_local! {
            static BUSY: RefCell<bool> = const { RefCell::new(false) };
        }
        let busy = Busy::leak(|busy| {
            if !BUSY.replace(true) {
                let mut own = busy.unit("own");
                own.scope(|| current::add("inside"));
                drop(own);
                BUSY.set(false);
            }
        });
        let mut outer = busy.unit("outer");
        outer.scope(|| {
            drop(busy.unit("first"));
            current::set("n", 1);
        });
        drop(outer);
        let own = "msg=own duration_ms=0.0 fragments=\"[0.0ms] inside\"";
        assert_eq!(
            busy.lines(),
            [
                own,
                "msg=first duration_ms=0.0",
                own,
                "msg=outer duration_ms=0.0 n=1"
            ]
        );
    }

    #[test]
    fn a_logger_may_emit_the_units_around_the_one_it_writes() {
        thread_local! {
            static BUSY: RefCell<bool> = const { RefCell::new(false) };
        }
        let busy = Busy::leak(|_| {
            if !BUSY.replace(true) {
                current::emit();
                BUSY.set(false);
            }
        });
        let mut outer = busy.unit("outer");
        outer.scope(|| {
            current::set("a", 1);
            drop(busy.unit("inner"));
            current::set("late", 1);
        });
        drop(outer);
        assert_eq!(
            busy.lines(),
            ["msg=outer duration_ms=0.0 a=1", "msg=inner duration_ms=0.0"]
        );
    }

    #[test]
    fn a_logger_that_panics_leaves_the_units_around_as_they_were() {
        let busy = Busy::leak(|_| {
            current::add("before the panic");
            if current::is_active() {
                panic!("the logger is broken");
            }
        });
        let mut outer = busy.unit("outer");
        outer.scope(|| {
            busy.unit("inner").scope(|| current::set("a", 1));
            current::set("b", 2);
        });
        drop(outer);
        assert_eq!(
            busy.lines(),
            ["msg=outer duration_ms=0.0 b=2 fragments=\"[0.0ms] before the panic\""]
        );
    }

    /// Logs through the bridge that stands in front of it, once.
    #[derive(Debug)]
    struct Relogs(&'static Capture);

    static RELOGS: OnceLock<traceline::bridge::Bridge<Relogs>> = OnceLock::new();

    impl Log for Relogs {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            if record.target() != "logger" {
                let (level, args) = (Level::Info, format_args!("took {}", record.args()));
                let again = Record::builder()
                    .target("logger")
                    .level(level)
                    .args(args)
                    .build();
                RELOGS.get().unwrap().log(&again);
            }
            self.0.log(record);
        }
        fn flush(&self) {}
    }

    #[test]
    fn an_ordinary_log_call_of_a_logger_is_absorbed_by_the_unit_around() {
        let kept = Capture::leak();
        let logger = RELOGS.get_or_init(|| traceline::bridge(Relogs(kept)).absorb(Level::Info));
        let config = Config::builder().header(false).logger(logger);
        let config = config.clock(ManualClock::leak()).build().unwrap();
        let start = |name| Trace::builder(name).config(&config).start();
        let mut outer = start("outer");
        outer.scope(|| start("inner").scope(|| current::set("a", 1)));
        drop(outer);
        let lines: Vec<_> = kept
            .take_lines()
            .iter()
            .map(|line| untagged(line))
            .collect();
        assert_eq!(
            lines,
            [
                "msg=inner duration_ms=0.0 a=1",
                // No unit encloses the outer one, so logging at that point yields a line.
                "took msg=outer duration_ms=0.0 fragments=\"[0.0ms] took msg=inner \
                 duration_ms=0.0 a=1\"",
                "msg=outer duration_ms=0.0 fragments=\"[0.0ms] took msg=inner duration_ms=0.0 a=1\"",
            ]
        );
    }
}

mod destructors {
    use super::*;

    /// Writes to the current trace when it is dropped.
    struct Writes(&'static str);

    impl Drop for Writes {
        fn drop(&mut self) {
            current::add!("dropped {}", self.0);
            current::incr("dropped");
            current::with(|trace| _ = trace.set("unwinding", thread::panicking()));
        }
    }

    #[test]
    fn a_local_writes_to_its_unit_while_the_thread_unwinds() {
        let bench = bare();
        unwind(|| {
            let mut trace = bench.start();
            trace.scope(|| {
                let _local = Writes("local");
                panic!("boom");
            });
        });
        assert_eq!(
            lines(&bench),
            [
                "msg=unit outcome=panic duration_ms=0.0 dropped=1 unwinding=true \
                 fragments=\"[0.0ms] dropped local\""
            ]
        );
    }

    #[test]
    fn each_level_of_units_gets_what_its_own_locals_write() {
        let bench = bare();
        unwind(|| {
            let mut outer = unit(&bench, "outer");
            outer.scope(|| {
                let _local = Writes("outer");
                let mut inner = unit(&bench, "inner");
                inner.scope(|| {
                    let _local = Writes("inner");
                    panic!("boom");
                });
            });
        });
        assert_eq!(
            lines(&bench),
            ["inner", "outer"].map(|name| format!(
                "msg={name} outcome=panic duration_ms=0.0 dropped=1 unwinding=true \
                 fragments=\"[0.0ms] dropped {name}\""
            ))
        );
    }

    #[test]
    fn a_destructor_may_run_a_unit_of_its_own() {
        struct Cleans(Bench);
        impl Drop for Cleans {
            fn drop(&mut self) {
                let mut trace = unit(&self.0, "cleanup");
                trace.scope(|| {
                    current::set("files", 2);
                    current::ok();
                });
                drop(trace);
                current::set("cleaned", true);
            }
        }
        let bench = bare();
        let log = bench.log;
        unwind(|| {
            let mut trace = bench.start();
            trace.scope(|| {
                let _cleans = Cleans(bench);
                panic!("boom");
            });
        });
        assert_eq!(
            log.take_lines(),
            [
                "msg=cleanup outcome=ok duration_ms=0.0 files=2",
                "msg=unit outcome=panic duration_ms=0.0 cleaned=true"
            ]
        );
    }

    #[test]
    fn a_destructor_inside_with_finds_no_trace() {
        check(
            || {
                unwind(|| {
                    current::with(|_| {
                        let _local = Writes("inside");
                        panic!("boom");
                    });
                });
                drop(Writes("after"));
            },
            " duration_ms=0.0 dropped=1 unwinding=false fragments=\"[0.0ms] dropped after\"",
        );
    }

    #[test]
    fn a_value_that_a_guard_outlives_writes_to_it_in_the_order_of_drops() {
        let bench = bare();
        let mut trace = bench.start();
        {
            let _late = Writes("nowhere");
            let _entered = trace.enter();
            let _early = Writes("inside");
        }
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=0.0 dropped=1 unwinding=false \
                 fragments=\"[0.0ms] dropped inside\""]
        );
    }
}

mod emit {
    use super::*;

    #[test]
    fn all_units_of_the_thread_end_the_inner_ones_first() {
        let bench = bare();
        let names = ["outer", "middle", "inner"];
        let [mut a, mut b, mut c] = names.map(|name| unit(&bench, name));
        a.scope(|| {
            b.scope(|| {
                c.scope(|| {
                    current::set("a", 1);
                    assert_eq!(bench.log.records().len(), 0);
                    current::emit();
                    assert_eq!(
                        lines(&bench),
                        [
                            "msg=inner duration_ms=0.0 a=1",
                            "msg=middle duration_ms=0.0",
                            "msg=outer duration_ms=0.0"
                        ]
                    );
                });
            });
        });
        drop((a, b, c));
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn what_is_written_afterwards_goes_nowhere() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::emit();
            assert!(!current::is_active());
            current::set("late", 1);
            current::add!("{}", 1);
            current::fail("late");
            assert_eq!(current::with(|_| ()), None);
            assert_eq!(current::time("late", || 7), 7);
            current::emit();
        });
        assert!(!trace.is_enabled());
        trace.set("late", 1).checkpoint();
        assert_eq!(trace.render(), "");
        trace.scope(|| current::set("late", 1));
        trace.emit();
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0"]);
    }

    #[test]
    fn a_unit_begun_afterwards_is_current_as_ever() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            current::emit();
            let mut second = unit(&bench, "second");
            second.scope(|| current::set("a", 1));
            drop(second);
            current::set("late", 1);
            unit(&bench, "third").scope(|| {
                current::set("b", 2);
                current::emit();
            });
        });
        drop(outer);
        assert_eq!(
            lines(&bench),
            [
                "msg=outer duration_ms=0.0",
                "msg=second duration_ms=0.0 a=1",
                "msg=third duration_ms=0.0 b=2"
            ]
        );
    }

    #[test]
    fn a_trace_whose_guard_was_dropped_out_of_order_has_ended_too() {
        let bench = bare();
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        let (entered_a, entered_b) = (a.enter(), b.enter());
        current::emit();
        drop(entered_a);
        a.set("late", 1);
        drop(entered_b);
        drop((a, b));
        assert_eq!(
            lines(&bench),
            ["msg=b duration_ms=0.0", "msg=a duration_ms=0.0"]
        );
    }

    #[test]
    fn units_that_are_not_current_go_on() {
        let bench = bare();
        let (mut a, mut b) = (unit(&bench, "a"), unit(&bench, "b"));
        a.scope(|| current::set("n", 1));
        b.scope(current::emit);
        a.set("m", 2);
        drop((b, a));
        assert_eq!(
            lines(&bench),
            ["msg=b duration_ms=0.0", "msg=a duration_ms=0.0 n=1 m=2"]
        );
    }

    #[test]
    fn units_of_other_threads_go_on() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            thread::scope(|scope| {
                scope.spawn(|| unit(&bench, "elsewhere").scope(current::emit));
            });
            current::set("a", 1);
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=elsewhere duration_ms=0.0",
                "msg=unit duration_ms=0.0 a=1"
            ]
        );
    }

    #[test]
    fn a_unit_that_a_disabled_trace_hides_ends_too() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::set("a", 1);
            Trace::default().scope(current::emit);
            assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
        });
        drop(trace);
        assert_eq!(lines(&bench), [""; 0]);
    }

    #[test]
    fn running_laps_are_closed() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::time("db", || {
                bench.clock.advance(Duration::from_millis(2));
                current::emit();
                bench.clock.advance(Duration::from_millis(3));
            });
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=2.0 db.count=1 db.ms=2.0 db.max_ms=2.0"]
        );
    }

    #[test]
    fn while_the_thread_unwinds_the_outcome_is_panic() {
        struct Emits;
        impl Drop for Emits {
            fn drop(&mut self) {
                current::emit();
            }
        }
        let bench = bare();
        unwind(|| {
            let mut trace = bench.start();
            trace.scope(|| {
                let _emits = Emits;
                panic!("boom");
            });
        });
        assert_eq!(lines(&bench), ["msg=unit outcome=panic duration_ms=0.0"]);
    }

    #[test]
    fn the_entry_of_an_ended_unit_serves_the_next_one() {
        let bench = bare();
        for n in 0..20 {
            let mut trace = bench.start();
            trace.scope(|| {
                current::set("n", n);
                current::emit();
            });
            drop(trace);
            let mut trace = bench.start();
            trace.scope(|| current::set("m", n));
            drop(trace);
        }
        let want: Vec<String> = (0..20)
            .flat_map(|n| ["n", "m"].map(|key| format!("msg=unit duration_ms=0.0 {key}={n}")))
            .collect();
        assert_eq!(lines(&bench), want);
    }
}

mod time {
    use super::*;

    #[test]
    fn the_trace_stays_current_inside() {
        let bench = bare();
        let mut trace = bench.start();
        let five = trace.scope(|| {
            current::time("db", || {
                current::set("rows", 3);
                bench.clock.advance(Duration::from_millis(2));
                current::time("inner", || bench.clock.advance(Duration::from_millis(1)));
                5
            })
        });
        trace.set("five", five);
        drop(trace);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=3.0 db.count=1 db.ms=3.0 db.max_ms=3.0 rows=3 \
                 inner.count=1 inner.ms=1.0 inner.max_ms=1.0 five=5"
            ]
        );
    }

    #[test]
    fn laps_of_one_timer_may_nest_and_add_up() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::time("t", || {
                bench.clock.advance(Duration::from_millis(2));
                current::time("t", || bench.clock.advance(Duration::from_millis(3)));
            });
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=5.0 t.count=2 t.ms=8.0 t.max_ms=5.0 t.wall_ms=5.0"]
        );
    }

    #[test]
    fn a_lap_ends_where_its_work_unwinds() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            unwind(|| {
                current::time("db", || {
                    bench.clock.advance(Duration::from_millis(2));
                    panic!("boom");
                });
            });
            bench.clock.advance(Duration::from_millis(3));
        });
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=5.0 db.count=1 db.ms=2.0 db.max_ms=2.0"]
        );
    }

    #[test]
    fn a_lap_belongs_to_the_unit_it_began_in_whatever_is_entered_meanwhile() {
        let bench = bare();
        let (mut outer, mut inner) = (unit(&bench, "outer"), unit(&bench, "inner"));
        outer.scope(|| {
            let entered = current::time("t", || {
                bench.clock.advance(Duration::from_millis(2));
                inner.enter()
            });
            bench.clock.advance(Duration::from_millis(3));
            drop(entered);
        });
        drop((inner, outer));
        assert_eq!(
            lines(&bench),
            [
                "msg=inner duration_ms=5.0",
                "msg=outer duration_ms=5.0 t.count=1 t.ms=2.0 t.max_ms=2.0"
            ]
        );
    }

    #[test]
    fn a_lap_whose_guard_is_dropped_inside_ends_with_the_unit() {
        let bench = bare();
        let mut trace = bench.start();
        let entered = trace.enter();
        current::time("t", || {
            bench.clock.advance(Duration::from_millis(2));
            drop(entered);
        });
        bench.clock.advance(Duration::from_millis(3));
        drop(trace);
        assert_eq!(
            lines(&bench),
            ["msg=unit duration_ms=5.0 t.count=1 t.ms=5.0 t.max_ms=5.0"]
        );
    }

    #[test]
    fn a_lap_begun_where_no_trace_was_current_is_nobody_s() {
        let bench = bare();
        let mut trace = bench.start();
        let entered = current::time("t", || trace.enter());
        current::set("a", 1);
        drop(entered);
        drop(trace);
        assert_eq!(lines(&bench), ["msg=unit duration_ms=0.0 a=1"]);
    }

    #[test]
    fn a_lap_of_an_ended_unit_is_not_that_of_the_next_one() {
        let bench = bare();
        let mut trace = bench.start();
        trace.scope(|| {
            current::time("t", || {
                current::with(|trace| drop(mem::take(trace)));
                // Uses the entry that the first unit gave back, while its lap is still open.
                let mut next = unit(&bench, "next");
                next.scope(|| current::time("t", || ()));
                mem::forget(next.enter());
                mem::forget(next);
            });
        });
        let rest = current::with(mem::take).expect("the forgotten one");
        drop(rest);
        assert_eq!(
            lines(&bench),
            [
                "msg=unit duration_ms=0.0 t.count=1 t.ms=0.0 t.max_ms=0.0",
                "msg=next duration_ms=0.0 t.count=1 t.ms=0.0 t.max_ms=0.0"
            ]
        );
    }
}

mod run_macro {
    use super::*;

    // The units of `run!` go to the logger of the process, which this test
    // program does not have; `http/flows/context.rs` checks their records.

    #[test]
    fn a_closure_without_a_parameter_runs_and_gives_its_result_back() {
        fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
            traceline::run!("parse", || {
                let n = text.parse::<u8>()?;
                current::set("n", n);
                Ok(n)
            })
        }
        assert_eq!(parse("7"), Ok(7));
        assert!(parse("x").is_err());
        let owned = String::from("8");
        let moved = traceline::run!("parse", move || -> Result<u8, std::num::ParseIntError> {
            owned.parse()
        });
        assert_eq!(moved, Ok(8));
        let short = traceline::run!("short", || Ok::<_, String>(3));
        assert_eq!(short, Ok(3));
    }
}

mod process {
    use super::*;
    use std::io::Write as _;

    const CHILD: &str = "TRACELINE_CURRENT_CHILD";

    /// The exit code of the ignored test of this name in a new process, and its
    /// lines that begin with `record:` or `note:`.
    #[track_caller]
    fn outcome(name: &str) -> (Option<i32>, Vec<String>) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("current::process::{name}"), "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |line: &&str| line.starts_with("record:") || line.starts_with("note:");
        let lines = text.lines().filter(ours).map(untagged).collect();
        (output.status.code(), lines)
    }

    fn is_child() -> bool {
        std::env::var_os(CHILD).is_some()
    }

    fn note(text: fmt::Arguments<'_>) {
        // The harness leaves the cursor after the name of the test.
        println!("\nnote: {text}");
    }

    /// A typical logger: it assumes that its thread-local buffer still exists.
    #[derive(Debug)]
    struct Buffered;

    thread_local! {
        static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
    }

    impl Log for Buffered {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            BUFFER.with_borrow_mut(|buffer| {
                buffer.clear();
                writeln!(buffer, "\nrecord: {}", record.args()).unwrap();
                std::io::stdout().write_all(buffer.as_bytes()).unwrap();
            });
        }
        fn flush(&self) {}
    }

    fn start(name: &'static str) -> Trace {
        let config = Config::builder().header(false).logger(&Buffered);
        let config = config.clock(ManualClock::leak()).build().unwrap();
        Trace::builder(name).config(&config).start()
    }

    // ----- before the process ends

    #[test]
    fn emit_before_process_exit_writes_all_records() {
        assert_eq!(
            outcome("child_emit_and_exit"),
            (
                Some(2),
                vec![
                    "record: msg=inner outcome=error duration_ms=0.0 \
                     fragments=\"[0.0ms, error] no such file\""
                        .into(),
                    "record: msg=outer duration_ms=0.0 a=1".into()
                ]
            )
        );
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_emit_and_exit() {
        if is_child() {
            let (mut outer, mut inner) = (start("outer"), start("inner"));
            outer.scope(|| {
                current::set("a", 1);
                inner.scope(|| {
                    current::fail("no such file");
                    current::emit();
                    std::process::exit(2)
                })
            })
        }
    }

    #[test]
    fn without_emit_no_record_comes() {
        assert_eq!(outcome("child_exit"), (Some(3), vec![]));
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_exit() {
        if is_child() {
            start("unit").scope(|| std::process::exit(3))
        }
    }

    // ----- while a thread ends

    /// What a thread touches first; destructors run in reverse order.
    #[derive(Clone, Copy, Debug)]
    enum Touch {
        Late,
        Unit,
        Logger,
    }

    const ORDERS: [[Touch; 3]; 6] = {
        use Touch::{Late, Logger, Unit};
        [
            [Late, Unit, Logger],
            [Late, Logger, Unit],
            [Unit, Late, Logger],
            [Unit, Logger, Late],
            [Logger, Late, Unit],
            [Logger, Unit, Late],
        ]
    };

    /// Makes every kind of call when its thread ends.
    struct Late;

    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }

    impl Drop for Late {
        fn drop(&mut self) {
            let everything = || {
                current::set("k", 1);
                current::set("k", format_args!("{}", 1));
                current::set!(k = "text", d:? = Some(1));
                current::unset("k");
                current::incr("n");
                current::max("m", 1);
                current::add("a");
                current::add!("{}", "b");
                current::warn("c");
                current::fail("d");
                assert_eq!(current::time("t", || 7), 7);
                assert!(current::check("x".parse::<u8>()).is_err());
                current::ok();
                current::status(500);
                current::raise(Level::Warn);
                current::with(|trace| _ = trace.set("w", 1).checkpoint());
            };
            let was = current::is_active();
            everything();
            let mut own = start("own");
            own.scope(everything);
            if own.is_enabled() {
                mem::forget(own.enter());
            }
            everything();
            let mut part = own.part();
            part.scope(everything);
            own.join(part);
            own.into_shared().set("s", 1);
            assert_eq!(current::is_active(), was);
            let mut emitted = start("emitted");
            emitted.scope(|| {
                everything();
                current::emit();
            });
            // The unit that was left current has ended by now.
            assert!(!current::is_active());
        }
    }

    /// Touches everything in the given order, and leaves a unit current if `leave` is set.
    fn end(order: [Touch; 3], leave: bool) {
        for touch in order {
            match touch {
                Touch::Late => LATE.set(Some(Late)),
                Touch::Unit => start("unit").discard(),
                Touch::Logger => BUFFER.with_borrow_mut(String::clear),
            }
        }
        if leave {
            let mut trace = start("left");
            mem::forget(trace.enter());
            mem::forget(trace);
        }
    }

    #[test]
    fn a_destructor_at_the_end_of_a_thread_may_call_everything() {
        let (code, lines) = outcome("child_thread_ends");
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(lines.last().map(String::as_str), Some("note: survived"));
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_thread_ends() {
        if is_child() {
            for leave in [false, true] {
                for order in ORDERS {
                    thread::spawn(move || end(order, leave)).join().unwrap();
                    note(format_args!("ended {order:?} {leave}"));
                }
            }
            note(format_args!("survived"));
        }
    }

    /// Keeps the guard and the trace of a unit until its thread ends.
    struct Kept {
        /// Dropped first.
        guard: Option<traceline::current::Entered<'static>>,
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            current::set("late", 1);
            drop(self.guard.take());
            assert!(!current::is_active());
        }
    }

    thread_local! {
        static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    }

    #[test]
    fn a_guard_in_a_thread_local_does_not_abort_when_its_thread_ends() {
        let (code, lines) = outcome("child_guard_thread_ends");
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(lines, ["note: survived"]);
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child_guard_thread_ends() {
        if is_child() {
            for early in [false, true] {
                thread::spawn(move || {
                    if early {
                        KEPT.set(None);
                    }
                    let trace = Box::leak(Box::new(start("unit")));
                    let guard = Some(trace.enter());
                    KEPT.set(Some(Kept { guard }));
                })
                .join()
                .unwrap();
            }
            note(format_args!("survived"));
        }
    }
}
