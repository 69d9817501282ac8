//! Guards of every kind, in any order: each call reaches the unit whose guard was made last
//! among those that are left, and nothing is left behind.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::thread;

use traceline::{Config, Trace, UnitRef, current, run};

use crate::counting;
use crate::util::Bench;

fn bare() -> Bench {
    Bench::new(Config::builder().header(false))
}

fn unit(bench: &Bench, name: &'static str) -> Trace {
    let builder = Trace::builder(name).config(&bench.config);
    // A target that is no literal would be allocated for each unit.
    builder.target("guards").start()
}

/// Runs `work` on a thread of its own, while this one waits.
fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

/// Guards of traces and of `UnitRef`s, and `current::with`, against a list of what should be
/// current.
mod at_random {
    use super::*;

    const UNITS: [&str; 5] = ["u0", "u1", "u2", "u3", "u4"];
    const ROUNDS: u64 = if cfg!(debug_assertions) { 300 } else { 3_000 };

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

    enum Guard<'a> {
        Trace(#[allow(dead_code)] current::Entered<'a>),
        Unit(#[allow(dead_code)] current::EnteredUnit),
    }

    #[derive(Clone, Copy)]
    struct Layer {
        id: usize,
        /// `None` if it is of a disabled trace.
        unit: Option<usize>,
        is_in_use: bool,
        /// It is gone once it is not in use any more.
        is_leaving: bool,
    }

    struct Round<'a> {
        random: Random,
        next_id: usize,
        layers: Vec<Layer>,
        guards: Vec<(usize, Guard<'a>)>,
        /// Traces that no guard borrows.
        free: Vec<(Option<usize>, &'a mut Trace)>,
        references: &'a [(Option<usize>, UnitRef)],
        want: BTreeMap<usize, u64>,
    }

    impl Round<'_> {
        /// Notes a write to what should be current.
        fn note(&mut self, unit: Option<usize>) {
            if let Some(unit) = unit {
                *self.want.entry(unit).or_default() += 1;
            }
        }

        fn push(&mut self, unit: Option<usize>) -> usize {
            self.next_id += 1;
            self.layers.push(Layer {
                id: self.next_id,
                unit,
                is_in_use: false,
                is_leaving: false,
            });
            self.next_id
        }

        fn write(&mut self) {
            let top = self.layers.last().copied();
            let unit = top.filter(|top| !top.is_in_use).and_then(|top| top.unit);
            current::incr("n");
            self.note(unit);
            assert_eq!(current::is_active(), unit.is_some());
        }

        /// A unit that is in use can be entered all the same.
        fn write_by_reference(&mut self) {
            let top = self.layers.last().filter(|top| !top.is_leaving);
            let unit = top.and_then(|top| top.unit);
            let reference = current::unit();
            assert_eq!(reference.is_enabled(), unit.is_some());
            reference.scope(|| current::incr("n"));
            self.note(unit);
        }

        fn enter_trace(&mut self) {
            if !self.free.is_empty() {
                let at = self.random.below(self.free.len());
                let (unit, trace) = self.free.swap_remove(at);
                let id = self.push(unit);
                self.guards.push((id, Guard::Trace(trace.enter())));
            }
        }

        fn enter_unit(&mut self) {
            let at = self.random.below(self.references.len());
            let (unit, reference) = &self.references[at];
            let id = self.push(*unit);
            self.guards.push((id, Guard::Unit(reference.enter())));
        }

        fn leave(&mut self) {
            if self.guards.is_empty() {
                return;
            }
            let at = self.random.below(self.guards.len());
            let (id, guard) = self.guards.swap_remove(at);
            let layer = self.layers.iter().position(|layer| layer.id == id).unwrap();
            match guard {
                // It stays current until its trace is dropped, at the end.
                Guard::Trace(guard) if self.random.below(8) == 0 => mem::forget(guard),
                Guard::Trace(guard) if self.layers[layer].is_in_use => drop(guard),
                guard => {
                    drop(guard);
                    match self.layers[layer].is_in_use {
                        true => self.layers[layer].is_leaving = true,
                        false => _ = self.layers.remove(layer),
                    }
                }
            }
        }

        fn with(&mut self, depth: usize) {
            let top = self.layers.last().copied();
            let unit = top.filter(|top| !top.is_in_use).and_then(|top| top.unit);
            let was_there = current::with(|trace| {
                trace.incr("n");
                self.note(unit);
                self.layers.last_mut().unwrap().is_in_use = true;
                for _ in 0..self.random.below(5) {
                    self.step(depth + 1);
                }
                trace.incr("n");
                self.note(unit);
            });
            assert_eq!(was_there.is_some(), unit.is_some());
            if was_there.is_some() {
                let id = top.map(|top| top.id);
                let place = self.layers.iter().position(|layer| Some(layer.id) == id);
                let layer = &mut self.layers[place.unwrap()];
                layer.is_in_use = false;
                if layer.is_leaving {
                    self.layers.remove(place.unwrap());
                }
            }
        }

        fn step(&mut self, depth: usize) {
            match self.random.below(9) {
                0 | 1 => self.enter_trace(),
                2 | 3 => self.enter_unit(),
                4..=6 => self.leave(),
                7 if depth < 4 => self.with(depth),
                _ => self.write_by_reference(),
            }
            self.write();
        }
    }

    fn run(seed: u64) {
        let bench = bare();
        let mut traces: Vec<(Option<usize>, Trace)> = (UNITS.iter().enumerate())
            .map(|(at, name)| (Some(at), unit(&bench, name)))
            .collect();
        let mut references: Vec<_> = (traces.iter())
            .map(|(at, trace)| (*at, trace.unit()))
            .collect();
        references.push((None, Trace::default().unit()));
        traces.extend((0..3).map(|_| (None, Trace::default())));
        let mut round = Round {
            random: Random(seed),
            next_id: 0,
            layers: Vec::new(),
            guards: Vec::new(),
            free: traces.iter_mut().map(|(at, trace)| (*at, trace)).collect(),
            references: &references,
            want: BTreeMap::new(),
        };
        for _ in 0..round.random.below(60) {
            round.step(0);
        }
        while !round.guards.is_empty() {
            round.leave();
            round.write();
        }
        let want = mem::take(&mut round.want);
        drop(round);
        drop(traces);
        assert!(!current::is_active(), "{seed}");
        let wanted = UNITS
            .iter()
            .enumerate()
            .map(|(at, name)| match want.get(&at) {
                Some(n) => format!("msg={name} duration_ms=0.0 n={n}"),
                None => format!("msg={name} duration_ms=0.0"),
            });
        let wanted: Vec<_> = wanted.collect();
        assert_eq!(bench.log.take_lines(), wanted, "{seed}");
    }

    #[test]
    fn each_call_reaches_what_the_model_says() {
        for seed in 0..ROUNDS {
            println!("{seed}");
            elsewhere(|| run(seed));
        }
        // And on a thread that has seen others before.
        for seed in 0..ROUNDS {
            run(seed);
        }
    }
}

mod forgotten {
    use super::*;

    #[test]
    fn the_guard_of_a_disabled_trace_hides_the_unit_until_the_trace_is_dropped() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            let mut inner = Trace::default();
            mem::forget(inner.enter());
            current::set("hidden", 1);
            drop(inner);
            current::set("after", 1);
            current::fail("payment failed");
        });
        drop(outer);
        let line = &bench.log.take_lines()[0];
        assert!(
            line.starts_with("msg=outer outcome=error duration_ms=0.0 after=1 fragments="),
            "{line}"
        );
    }

    #[test]
    fn it_does_so_until_the_trace_is_used() {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        let mut inner = Trace::default();
        outer.scope(|| {
            mem::forget(inner.enter());
            current::set("hidden", 1);
            // Entering it again takes it back first.
            inner.scope(|| current::set("hidden", 1));
            current::set("shown", 1);
        });
        drop(outer);
        assert_eq!(
            bench.log.take_lines(),
            ["msg=outer duration_ms=0.0 shown=1"]
        );
    }

    #[test]
    fn guards_that_are_forgotten_over_and_over_leak_nothing() {
        let bench = bare();
        let round = |is_enabled: bool| {
            let mut outer = unit(&bench, "outer");
            let entered = outer.enter();
            let mut inner = match is_enabled {
                true => unit(&bench, "inner"),
                false => Trace::default(),
            };
            mem::forget(inner.enter());
            current::set("text", "a text of the unit that is current");
            inner.discard();
            current::set("text", "a text of the unit that is current");
            drop(entered);
            outer.discard();
        };
        for is_enabled in [true, false] {
            round(is_enabled);
            let ((), used) = counting::count(|| (0..10_000).for_each(|_| round(is_enabled)));
            assert_eq!((used.calls, used.kept), (0, 0));
        }
    }

    #[test]
    fn handles_of_run_leak_nothing_either() {
        let bench = bare();
        let round = || {
            let mut outer = unit(&bench, "outer");
            outer.scope(|| {
                let _: Result<(), String> = run!("disabled", |trace| {
                    mem::forget(trace.enter());
                    mem::forget(mem::take(trace));
                    Ok(())
                });
                current::set("a", 1);
            });
            assert_eq!(outer.get("a").map(|a| a.to_string()).as_deref(), Some("1"));
            outer.discard();
        };
        round();
        let ((), used) = counting::count(|| (0..1_000).for_each(|_| round()));
        assert_eq!(used.kept, 0);
    }
}

/// Ten thousand at once, which would take minutes if each looked at all others.
mod many {
    use super::*;

    const MANY: usize = 10_000;

    fn entered(traces: &mut [Trace]) -> VecDeque<current::Entered<'_>> {
        traces.iter_mut().map(Trace::enter).collect()
    }

    #[test]
    fn guards_may_be_dropped_first_in_first_out() {
        let bench = bare();
        for is_enabled in [true, false] {
            let mut traces: Vec<Trace> = (0..MANY)
                .map(|_| match is_enabled {
                    true => unit(&bench, "unit"),
                    false => Trace::default(),
                })
                .collect();
            let mut guards = entered(&mut traces);
            while guards.pop_front().is_some() {
                current::incr("n");
            }
            drop(guards);
            assert!(!current::is_active());
            traces.into_iter().for_each(Trace::discard);
        }
    }

    #[test]
    fn the_last_guard_is_current_until_it_is_dropped() {
        let bench = bare();
        let mut traces: Vec<Trace> = (0..MANY).map(|_| unit(&bench, "unit")).collect();
        let mut guards = entered(&mut traces);
        let last = guards.pop_back();
        guards.into_iter().for_each(|guard| {
            drop(guard);
            current::incr("n");
        });
        drop(last);
        assert!(!current::is_active());
        let count = traces[MANY - 1].get("n").map(|n| n.to_string());
        assert_eq!(count.as_deref(), Some("9999"));
        traces.into_iter().for_each(Trace::discard);
    }

    #[test]
    fn every_other_one_may_go_first() {
        let bench = bare();
        let mut traces: Vec<Trace> = (0..MANY).map(|_| unit(&bench, "unit")).collect();
        let guards = entered(&mut traces);
        let (even, odd): (Vec<_>, Vec<_>) =
            (guards.into_iter().enumerate()).partition(|(at, _)| at.is_multiple_of(2));
        drop(even);
        current::incr("n");
        drop(odd);
        assert!(!current::is_active());
        let count = traces[MANY - 1].get("n").map(|n| n.to_string());
        assert_eq!(count.as_deref(), Some("1"));
        traces.into_iter().for_each(Trace::discard);
    }

    #[test]
    fn parts_of_one_unit_may_be_entered_that_often() {
        let bench = bare();
        let trace = unit(&bench, "unit");
        let reference = trace.unit();
        let mut guards: VecDeque<_> = (0..MANY)
            .map(|_| {
                let entered = reference.enter();
                current::incr("n");
                entered
            })
            .collect();
        while guards.pop_front().is_some() {}
        assert!(!current::is_active());
        drop(trace);
        assert_eq!(bench.log.take_lines(), ["msg=unit duration_ms=0.0 n=10000"]);
    }

    #[test]
    fn units_that_begin_inside_each_other_share_their_ids_at_that_depth() {
        let bench = bare();
        let mut traces: Vec<Trace> = Vec::new();
        let mut guards = Vec::new();
        for _ in 0..MANY {
            traces.push(unit(&bench, "unit"));
            // Held by the unit that begins next.
            let mut reference = traces.pop().unwrap();
            let entered = reference.unit().enter();
            guards.push(entered);
            traces.push(mem::take(&mut reference));
        }
        let innermost = traces[MANY - 1].trace_id();
        assert!(innermost.is_some());
        drop(guards);
        assert_eq!(traces[0].trace_id(), innermost);
        traces.into_iter().for_each(Trace::discard);
    }
}

/// `run!` without a logger: the unit is disabled, in whatever form it is written.
mod disabled_runs {
    use super::*;

    type Done = Result<(), String>;

    /// Writes by the handle and by `current`, which nobody may see.
    fn write(trace: &mut Trace) -> Done {
        assert!(!trace.is_enabled());
        assert!(!current::is_active());
        trace
            .set("hidden", 1)
            .incr("hidden")
            .add("hidden")
            .fail("hidden");
        trace.scope(by_current)?;
        let entered = trace.enter();
        by_current()?;
        drop(entered);
        trace.time("hidden", |trace| _ = trace.set("hidden", 1));
        let lap = trace.lap("hidden");
        drop(lap);
        trace.part().set("hidden", 1);
        let part = trace.part();
        trace.join(part);
        trace.unit().scope(by_current)?;
        elsewhere(|| {
            trace.set("hidden", 1);
            trace.scope(by_current)
        })?;
        assert_eq!(trace.render(), "");
        assert_eq!(trace.get("hidden"), None);
        assert_eq!((trace.level(), trace.outcome()), (None, None));
        assert!(trace.elapsed().is_zero());
        trace.checkpoint();
        by_current()
    }

    fn by_current() -> Done {
        assert!(!current::is_active());
        current::set("hidden", 1);
        current::add("hidden");
        current::raise(log::Level::Error);
        current::unit().scope(|| current::set("hidden", 1));
        current::discard();
        current::checkpoint();
        drop(current::lap("hidden"));
        assert_eq!(current::with(|_| ()), None);
        Ok(())
    }

    #[track_caller]
    fn check(work: impl FnOnce() -> Done) {
        let bench = bare();
        let mut outer = unit(&bench, "outer");
        outer.scope(|| {
            current::incr("shown");
            assert_eq!(work(), Ok(()));
            current::incr("shown");
        });
        drop(outer);
        assert_eq!(
            bench.log.take_lines(),
            ["msg=outer duration_ms=0.0 shown=2"]
        );
    }

    #[test]
    fn no_form_reaches_the_unit_around() {
        use pollster::block_on;
        check(|| run!("off", |trace| write(trace)));
        check(|| run!("off", move |trace| write(trace)));
        check(|| run!("off", |trace| -> Done { write(trace) }));
        check(|| run!("off", write));
        check(|| run!("off", || by_current()));
        check(|| run!("off", move || by_current()));
        check(|| block_on(run!("off", async |trace| write(trace))));
        check(|| block_on(run!("off", async move |trace| -> Done { write(trace) })));
        check(|| block_on(run!("off", async || by_current())));
        check(|| block_on(run!("off", async move || by_current())));
        check(|| block_on(run!("off", async { by_current() })));
        check(|| block_on(run!("off", async move { by_current() })));
    }

    #[test]
    fn a_scope_of_its_handle_hides_an_enabled_unit_inside_and_elsewhere() {
        let bench = bare();
        let hidden = |handle: &mut Trace| {
            handle.scope(|| by_current())?;
            let entered = handle.enter();
            by_current()?;
            drop(entered);
            mem::forget(handle.enter());
            by_current()?;
            // Used again, so that it is taken back.
            handle.set("hidden", 1).scope(|| by_current())
        };
        let _: Done = run!("off", |outer| {
            let mut inner = unit(&bench, "inner");
            inner.scope(|| {
                hidden(outer)?;
                current::set("shown", 1);
                Ok::<_, String>(())
            })?;
            drop(inner);
            let mut elsewhere = unit(&bench, "elsewhere");
            super::elsewhere(|| {
                elsewhere.scope(|| {
                    hidden(outer)?;
                    current::set("shown", 1);
                    Ok::<_, String>(())
                })
            })
        });
        let lines = bench.log.take_lines();
        assert_eq!(
            lines,
            [
                "msg=inner duration_ms=0.0 shown=1",
                "msg=elsewhere duration_ms=0.0 shown=1"
            ]
        );
    }

    #[test]
    fn ids_of_the_outer_handle_are_current_in_a_scope_of_it() {
        let other = PARENT.replace("4bf9", "5bf9");
        let _: Done = run!("off", |outer| {
            outer.continue_from(PARENT.parse().unwrap());
            let _: Done = run!("inner", |inner| {
                inner.continue_from(other.parse().unwrap());
                assert_eq!(outer.scope(ids).0.as_deref(), Some(PARENT));
                assert_eq!(ids().0.as_ref(), Some(&other));
                Ok(())
            });
            assert_eq!(outer.scope(ids).0.as_deref(), Some(PARENT));
            assert_eq!(elsewhere(|| outer.scope(ids)).0.as_deref(), Some(PARENT));
            outer.continue_from(other.parse().unwrap());
            assert_eq!(ids().0.as_ref(), Some(&other));
            Ok(())
        });
    }

    #[test]
    fn a_handle_may_be_taken_dropped_ended_and_shared() {
        check(|| {
            run!("off", |trace| {
                drop(mem::take(trace));
                by_current()
            })
        });
        check(|| {
            run!("off", |trace| {
                mem::take(trace).emit();
                by_current()
            })
        });
        check(|| {
            run!("off", |trace| {
                mem::take(trace).discard();
                by_current()
            })
        });
        check(|| {
            run!("off", |trace| {
                let shared = mem::take(trace).into_shared();
                shared.set("hidden", 1);
                shared.scope(by_current)
            })
        });
        check(|| {
            run!("off", |trace| {
                let mut taken = mem::take(trace);
                elsewhere(move || _ = taken.set("hidden", 1));
                by_current()
            })
        });
    }

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn ids() -> (Option<String>, Option<String>) {
        let parent = current::traceparent().map(|parent| parent.to_string());
        (parent, current::request_id())
    }

    fn ids_of(trace: &mut Trace) -> (Option<String>, Option<String>) {
        let parent = trace.traceparent().map(|parent| parent.to_string());
        (parent, trace.request_id())
    }

    #[test]
    fn ids_given_by_the_handle_are_passed_on() {
        let want = (Some(PARENT.to_owned()), Some("r-1".to_owned()));
        let _: Done = run!("off", |trace| {
            trace
                .continue_from(PARENT.parse().unwrap())
                .set_request_id("r-1");
            assert_eq!(ids(), want);
            assert_eq!(ids_of(trace), want);
            assert_eq!(ids_of(&mut trace.child("child")), want);
            assert_eq!(ids_of(&mut trace.part()), want);
            assert_eq!(trace.unit().scope(ids), want);
            assert_eq!(current::with(|_| ()), None);
            Ok(())
        });
        let _: Done = pollster::block_on(run!("off", async |trace| {
            trace
                .continue_from(PARENT.parse().unwrap())
                .set_request_id("r-1");
            std::future::ready(()).await;
            assert_eq!(ids(), want);
            assert_eq!(ids_of(trace), want);
            Ok(())
        }));
        assert_eq!(ids(), (None, None));
    }

    #[test]
    fn an_inner_unit_without_ids_shows_those_of_the_outer_one() {
        let want = (Some(PARENT.to_owned()), Some("r-1".to_owned()));
        let _: Done = run!("off", |outer| {
            outer
                .continue_from(PARENT.parse().unwrap())
                .set_request_id("r-1");
            let _: Done = run!("inner", |inner| {
                assert_eq!(ids(), want);
                assert_eq!(ids_of(outer), want);
                assert_eq!(ids_of(inner), want);
                Ok(())
            });
            Ok(())
        });
    }

    #[test]
    fn ids_of_an_inner_unit_are_not_those_of_the_outer_one() {
        let other = PARENT.replace("4bf9", "5bf9");
        let _: Done = run!("off", |outer| {
            outer.continue_from(PARENT.parse().unwrap());
            let _: Done = run!("inner", |inner| {
                inner.continue_from(other.parse().unwrap());
                assert_eq!(ids().0.as_ref(), Some(&other));
                assert_eq!(ids_of(inner).0.as_ref(), Some(&other));
                Ok(())
            });
            assert_eq!(ids().0.as_deref(), Some(PARENT));
            assert_eq!(ids_of(outer).0.as_deref(), Some(PARENT));
            Ok(())
        });
    }

    #[test]
    fn ids_go_along_to_another_thread() {
        let want = (Some(PARENT.to_owned()), Some("r-1".to_owned()));
        let _: Done = run!("off", |trace| {
            trace
                .continue_from(PARENT.parse().unwrap())
                .set_request_id("r-1");
            let unit = current::unit();
            assert_eq!(elsewhere(|| unit.scope(ids)), want);
            assert_eq!(elsewhere(|| ids_of(trace)), want);
            let mut taken = mem::take(trace);
            assert_eq!(elsewhere(move || ids_of(&mut taken)), want);
            Ok(())
        });
    }
}
