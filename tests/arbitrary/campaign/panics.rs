//! Threads that die by a panic at every step of a unit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread;

use traceline::{Config, Format, bridge, config::ConfigBuilder, current};

use crate::ledger::{self, Fate};
use crate::probe::{self, Probed};
use crate::recorder::{self, At, Recorder};
use crate::report::{Promise, Report, Row};
use crate::run::{Fault, Run, panics};
use crate::script::script;
use crate::util::{Bench, FixedIds, ManualClock};

pub fn run(log: &'static Recorder, fault: Fault) -> Run {
    run_with(log, Config::builder(), fault)
}

/// A run that logs to `log` behind a bridge that absorbs.
pub fn run_with(log: &'static Recorder, builder: ConfigBuilder, fault: Fault) -> Run {
    static IDS: FixedIds = FixedIds(0xab, 0xcd);
    let bridge = bridge(log).absorb(log::Level::Info).absorb_filtered(true);
    let bridge: &'static _ = Box::leak(Box::new(bridge));
    let config = builder.format(Format::Json).logger(bridge);
    let config = config.clock(ManualClock::leak()).ids(&IDS);
    Run::new(config.build().expect("settings make sense"), bridge, fault)
}

pub fn campaign(report: &mut Report) {
    let whole = run(Recorder::leak(None), Fault::None);
    script(&whole);
    let (steps, displays) = (whole.steps(), whole.displays());

    let mut row = Row::new("panic at a step");
    for step in 0..steps {
        injure(&mut row, |log| run(log, Fault::Step(step, panics)));
    }
    report.add(row);

    let mut row = Row::new("panic in a Display");
    for number in 0..displays {
        injure(&mut row, |log| run(log, Fault::Display(number)));
    }
    report.add(row);

    let mut row = Row::new("panic at a step, destructors use units");
    for step in 0..steps {
        let at = Fault::Step(step, panics);
        injure(&mut row, |log| run(log, at).with_destructors());
    }
    report.add(row);

    for (fault, later) in [
        ("panic at a step, the logger panics then", false),
        ("panic at a step, the logger panics from then on", true),
    ] {
        let mut row = Row::new(fault);
        for step in 0..steps {
            double(&mut row, step, later);
        }
        report.add(row);
    }
}

/// Runs the script with a fault, and checks that its records, its thread and the unit
/// of another thread are as they should be.
fn injure(row: &mut Row, run: impl FnOnce(&'static Recorder) -> Run) {
    row.point();
    let log = Recorder::leak(None);
    let run = run(log);
    let wanted = matches!(run.fault(), Fault::Step(..));
    let panicked = on_a_thread(row, &run);
    row.check(Promise::NoAbort, panicked == wanted, || {
        format!("panicked: {panicked}")
    });
    ledger::check(
        &run.books(),
        &log.lines(),
        |_| Fate::Record(Some("panic")),
        row,
    );
}

/// The same, but the logger breaks while the thread unwinds: the records it was given
/// then are lost, and all others are as if it had not.
fn double(row: &mut Row, step: usize, later: bool) {
    row.point();
    let sound = Recorder::leak(None);
    on_a_thread(row, &run(sound, Fault::Step(step, panics)));
    let log = Recorder::leak(Some(recorder::Fault {
        at: At::Log,
        nth: 0,
        later,
        unwinding: true,
    }));
    on_a_thread(row, &run(log, Fault::Step(step, panics)));

    let mut wanted = sound.kept();
    let all = wanted.len();
    let mut lost = 0;
    wanted.retain(|line| {
        let loses = line.unwinding && (later || lost == 0);
        lost += usize::from(loses);
        !loses
    });
    let wanted: Vec<_> = wanted.into_iter().map(|line| line.text).collect();
    let found = log.lines();
    row.records(all, found.len());
    row.gone(lost);
    row.check(Promise::OneRecord, found == wanted, || {
        format!("step {step}: {found:#?} not {wanted:#?}")
    });
}

/// Runs the script on its own thread while this one has a unit; returns whether it
/// panicked.
fn on_a_thread(row: &mut Row, run: &Run) -> bool {
    let mut result: Option<(bool, Probed)> = None;
    let line = beside(|| {
        let thread = || {
            let panicked = catch_unwind(AssertUnwindSafe(|| script(run))).is_err();
            (panicked, probe::probe())
        };
        result = thread::scope(|scope| scope.spawn(thread).join()).ok();
    });
    static UNTOUCHED: OnceLock<String> = OnceLock::new();
    let wanted = UNTOUCHED.get_or_init(|| beside(|| ()));
    row.check(Promise::OthersUntouched, line == *wanted, || line.clone());
    row.check(Promise::NoAbort, result.is_some(), || {
        "a panic after the one that was caught".into()
    });
    let Some((panicked, probed)) = result else {
        return true;
    };
    probed.check(row);
    panicked
}

/// Returns the line of a unit that is current on this thread while `work` runs.
fn beside(work: impl FnOnce()) -> String {
    let bench = Bench::new(Config::builder());
    let mut unit = bench.start();
    unit.scope(|| {
        current::add("before");
        work();
        current::add("after");
    });
    unit.ok();
    unit.emit();
    bench.log.only().args
}
