//! A logger that panics at its n-th call, or at that and all later ones: the
//! records of those calls are lost, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use traceline::{Config, config::Output};

use crate::panics::run_with;
use crate::probe;
use crate::recorder::{At, Call, Fault, Recorder};
use crate::report::{Promise, Report, Row};
use crate::run::{self, Run};
use crate::script::script;

/// The records of a run without a fault.
struct Sound {
    lines: Vec<String>,
    calls: Vec<Call>,
    /// The names of its units, in the order of their starts.
    units: Vec<String>,
}

pub fn campaign(report: &mut Report) {
    for (output, places) in [
        (Output::Line, &[At::Log, At::Text, At::Enabled][..]),
        (Output::KeyValues, &[At::Pairs]),
    ] {
        let log = Recorder::leak(None);
        let run = run_with(log, Config::builder().output(output), run::Fault::None);
        script(&run);
        let sound = Sound {
            lines: log.lines(),
            calls: log.calls(),
            units: run.books().into_iter().map(|book| book.name).collect(),
        };
        if output == Output::Line {
            report.add(every_hook(&sound, false));
            report.add(every_hook(&sound, true));
        }
        for at in places {
            for later in [false, true] {
                for unwinding in [false, true] {
                    report.add(every_call(&sound, output, *at, later, unwinding));
                }
            }
        }
    }
}

/// Injects a fault at each call of a kind, one run per call.
fn every_call(sound: &Sound, output: Output, at: At, later: bool, unwinding: bool) -> Row {
    let place = match at {
        At::Enabled => "in `enabled`",
        At::Log => "in `log`",
        At::Text => "reading a text",
        At::Pairs => "visiting pairs",
    };
    let which = if later { "and all later" } else { "alone" };
    let how = if unwinding { ", unwinding" } else { "" };
    let mut row = Row::new(&format!("logger panics {place}, n-th {which}{how}"));
    for nth in 0..sound.calls_of(at) {
        row.point();
        let log = Recorder::leak(Some(Fault {
            at,
            nth,
            later,
            unwinding: false,
        }));
        let run = run_with(log, Config::builder().output(output), run::Fault::None);
        let thread = || {
            let result = match unwinding {
                false => catch_unwind(AssertUnwindSafe(|| script(&run))),
                true => in_a_destructor(&run),
            };
            (result.is_ok(), probe::probe())
        };
        let result = thread::scope(|scope| scope.spawn(thread).join());
        let survived = result.as_ref().is_ok_and(|(survived, _)| *survived);
        row.check(Promise::NoAbort, survived, || format!("call {nth}"));
        if let Ok((_, probed)) = result {
            probed.check(&mut row);
        }
        compare(&mut row, sound, &log.lines(), at, nth, later);
    }
    row
}

/// A hook that panics before or after the hand-over: nothing is lost.
fn every_hook(sound: &Sound, after: bool) -> Row {
    let when = if after { "after" } else { "before" };
    let mut row = Row::new(&format!("hook panics {when} it emits, n-th alone"));
    for nth in 0..sound.lines.len() {
        row.point();
        let log = Recorder::leak(None);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let builder = Config::builder().on_emit(move |_, emit| {
            let turn = counted.fetch_add(1, Ordering::Relaxed);
            assert!(after || turn != nth, "the hook is broken");
            emit();
            assert!(turn != nth, "the hook is broken");
        });
        let run = run_with(log, builder, run::Fault::None);
        let thread = || catch_unwind(AssertUnwindSafe(|| script(&run))).map(|()| probe::probe());
        let result = thread::scope(|scope| scope.spawn(thread).join());
        let probed = result.ok().and_then(Result::ok);
        row.check(Promise::NoAbort, probed.is_some(), || format!("call {nth}"));
        if let Some(probed) = probed {
            probed.check(&mut row);
        }
        let (lines, calls) = (log.lines(), calls.load(Ordering::Relaxed));
        row.records(sound.lines.len(), lines.len());
        row.check(Promise::OneRecord, lines == sound.lines, || {
            format!("call {nth}: {lines:#?}")
        });
        // Later records have the hook again.
        row.check(Promise::OthersUntouched, calls == lines.len(), || {
            format!("call {nth}: {calls} calls")
        });
    }
    row
}

/// Runs the script while its thread unwinds.
fn in_a_destructor(run: &Run) -> thread::Result<()> {
    struct Runs<'a>(&'a Run, &'a mut thread::Result<()>);
    impl Drop for Runs<'_> {
        fn drop(&mut self) {
            // A panic that escaped from here would abort the process.
            *self.1 = catch_unwind(AssertUnwindSafe(|| script(self.0)));
        }
    }
    let mut result = Ok(());
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _runs = Runs(run, &mut result);
        panic!("on its way");
    }));
    assert!(unwound.is_err(), "the one that was on its way");
    result
}

impl Sound {
    fn calls_of(&self, at: At) -> usize {
        let kind = if at == At::Enabled {
            Call::Enabled
        } else {
            Call::Log
        };
        self.calls.iter().filter(|call| **call == kind).count()
    }

    /// The lines expected when call number `nth` of a kind breaks.
    fn without(&self, at: At, nth: usize, later: bool) -> Vec<String> {
        let (line, unit) = match at {
            At::Enabled => self.gate(nth),
            _ => (nth, None),
        };
        if later {
            return self.lines.iter().take(line).cloned().collect();
        }
        let mut lines = self.lines.clone();
        match unit {
            // The unit never began, nor did the units that would have used its configuration.
            Some(unit) => lines.retain(|line| {
                let name = name(line).unwrap_or_default();
                name != unit && !(unit == "outer" && name == "child")
            }),
            None => drop(lines.remove(line)),
        }
        lines
    }

    /// What a call of `enabled` is about: the record after so many lines, or the start
    /// of a unit, which is not followed by a record at once.
    fn gate(&self, nth: usize) -> (usize, Option<&str>) {
        let mut asked = 0;
        let mut lines = 0;
        let mut units = self.units.iter();
        let mut calls = self.calls.iter().peekable();
        while let Some(call) = calls.next() {
            match call {
                Call::Log => lines += 1,
                Call::Enabled => {
                    let is_start = calls.peek() != Some(&&Call::Log);
                    let unit = units.by_ref().take(usize::from(is_start)).next();
                    if asked == nth {
                        return (lines, unit.map(String::as_str));
                    }
                    asked += 1;
                }
            }
        }
        (lines, None)
    }
}

fn name(line: &str) -> Option<String> {
    let record: Value = serde_json::from_str(line).ok()?;
    Some(record.get("msg")?.as_str()?.to_owned())
}

fn compare(row: &mut Row, sound: &Sound, found: &[String], at: At, nth: usize, later: bool) {
    let wanted = sound.without(at, nth, later);
    row.records(sound.lines.len(), found.len());
    row.gone(sound.lines.len() - wanted.len());
    row.check(Promise::OneRecord, found.len() == wanted.len(), || {
        format!("call {nth}: {} for {}", found.len(), wanted.len())
    });
    let found: Vec<Value> = found.iter().map(|line| without_ids(line)).collect();
    for line in &wanted {
        let is_there = found.contains(&without_ids(line));
        row.check(Promise::OthersUntouched, is_there, || {
            format!("call {nth}: {line}\nnot in {found:#?}")
        });
    }
}

/// A unit inside one that is disabled by the fault gets ids from that one.
fn without_ids(line: &str) -> Value {
    let mut record = serde_json::from_str(line).unwrap_or(Value::Null);
    if let Value::Object(members) = &mut record {
        for name in ["trace_id", "span_id", "parent_id", "trace_flags"] {
            members.remove(name);
        }
    }
    record
}
