//! Futures that are dropped or panic at each of their awaits.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;

use traceline::{current, future::InTraceExt};

use crate::ledger::{self, Book, Fate};
use crate::panics::run;
use crate::probe;
use crate::recorder::Recorder;
use crate::report::{Promise, Report, Row};
use crate::run::{Fault, Run, panics};

/// What happens to the future at an await.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Dropped,
    /// Dropped by a panic of whoever polls it.
    DroppedUnwinding,
    Panics,
    /// The executor catches it.
    PanicsInside,
}

pub fn campaign(report: &mut Report) {
    let whole = run(Recorder::leak(None), Fault::None);
    let awaits = polls(&whole, usize::MAX);
    let steps = whole.steps();
    for (end, fault, points) in [
        (End::Dropped, "future dropped at an await", awaits),
        (
            End::DroppedUnwinding,
            "future dropped by a panic at an await",
            awaits,
        ),
        (End::Panics, "panic at a step of a future", steps),
        (
            End::PanicsInside,
            "panic at a step of a future, caught",
            steps,
        ),
    ] {
        let mut row = Row::new(fault);
        for point in 0..points {
            end_at(&mut row, end, point);
        }
        report.add(row);
    }
}

fn end_at(row: &mut Row, end: End, point: usize) {
    row.point();
    let log = Recorder::leak(None);
    let fault = match end {
        End::Panics | End::PanicsInside => Fault::Step(point, panics),
        End::Dropped | End::DroppedUnwinding => Fault::None,
    };
    let run = run(log, fault);
    let ended = || match end {
        End::Dropped => _ = polls(&run, point),
        End::DroppedUnwinding => unwinds(&run, point),
        End::Panics => _ = polls(&run, usize::MAX),
        End::PanicsInside => caught(&run),
    };
    let thread = || {
        let panicked = catch_unwind(AssertUnwindSafe(ended)).is_err();
        (panicked, probe::probe())
    };
    let result = thread::scope(|scope| scope.spawn(thread).join());
    let wanted = end != End::Dropped;
    let held = result
        .as_ref()
        .is_ok_and(|(panicked, _)| *panicked == wanted);
    row.check(Promise::NoAbort, held, || format!("at {point}"));
    if let Ok((_, probed)) = result {
        probed.check(row);
    }
    let of_open = |book: &Book| match end {
        // It has no access to the future that holds it.
        End::Dropped if book.name == "held" || book.name == "shared" => Fate::Record(None),
        End::Dropped => Fate::Record(Some("cancelled")),
        End::DroppedUnwinding | End::Panics | End::PanicsInside => Fate::Record(Some("panic")),
    };
    ledger::check(&run.books(), &log.lines(), of_open, row);
}

/// Polls until the future waits at the await with this number, then drops it; returns
/// the number of awaits that were reached.
fn polls(run: &Run, last: usize) -> usize {
    let task = run.start("task");
    let mut task = pin!(script(run).in_trace(task));
    let mut awaits = 0;
    while awaits <= last && poll_once(task.as_mut()).is_pending() {
        awaits += 1;
    }
    if awaits <= last {
        run.ended("task", None);
    }
    awaits
}

fn unwinds(run: &Run, last: usize) {
    let task = run.start("task");
    let mut task = pin!(script(run).in_trace(task));
    for _ in 0..=last {
        assert!(poll_once(task.as_mut()).is_pending());
    }
    panic!("at the await");
}

/// As an executor treats a future that panicked: it is dropped after the unwinding.
fn caught(run: &Run) {
    let task = run.start("task");
    let mut task = Box::pin(script(run).in_trace(task));
    let poll = || while poll_once(task.as_mut()).is_pending() {};
    let result = catch_unwind(AssertUnwindSafe(poll));
    drop(task);
    if let Err(payload) = result {
        resume_unwind(payload);
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits once; if it is meant to panic, it does so when polled again.
async fn wait(run: &Run) {
    let mut waited = false;
    poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
    run.step();
}

/// Reports its own drop to the current unit.
struct Tells<'a>(&'a Run, &'a str);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        current::add!("the end of {}", self.1);
        self.0.fragment(self.1, &format!("the end of {}", self.1));
    }
}

async fn script(run: &Run) {
    let _tells = Tells(run, "task");
    wait(run).await;
    let shown = run.shown("by current");
    current::set("current", traceline::display(&shown));
    run.field("task", "current", shown.text());
    wait(run).await;
    held(run).await;
    inner(run).in_trace(run.start("inner")).await;
    run.ended("inner", None);
    wait(run).await;
    let fails = run.start("fails");
    let result: Result<(), &str> = fails_later(run).run_in_trace(fails).await;
    assert!(result.is_err());
    run.field("fails", "error", "no such table");
    run.ended("fails", Some("error"));
    part(run).await;
    shared(run).await;
    wait(run).await;
}

/// A unit with its handle in the future.
async fn held(run: &Run) {
    let mut unit = run.start("held");
    let _lap = unit.start_timer("open");
    run.field("held", "open.count", 1);
    wait(run).await;
    unit.add("after an await");
    run.fragment("held", "after an await");
    wait(run).await;
    unit.ok();
    unit.emit();
    run.ended("held", Some("ok"));
}

/// A unit whose future runs inside the future of another unit.
async fn inner(run: &Run) {
    let _tells = Tells(run, "inner");
    current::set("shard", 3);
    run.field("inner", "shard", 3);
    wait(run).await;
    current::with(|unit| _ = unit.checkpoint().incr("rows"));
    run.told("inner");
    run.field("inner", "rows", 1);
    wait(run).await;
}

async fn fails_later(run: &Run) -> Result<(), &'static str> {
    wait(run).await;
    current::incr("tries");
    run.field("fails", "tries", 1);
    wait(run).await;
    Err("no such table")
}

/// A part that is collected separately and joined after an await.
async fn part(run: &Run) {
    let Some(mut part) = current::with(|unit| unit.part()) else {
        return;
    };
    part.set("part", true);
    wait(run).await;
    current::with(|unit| _ = unit.join(part));
    run.field("task", "part", true);
    wait(run).await;
}

async fn shared(run: &Run) {
    let unit = run.start("shared").into_shared();
    unit.set("a", 1);
    run.field("shared", "a", 1);
    let handle = unit.clone();
    wait(run).await;
    drop(unit);
    wait(run).await;
    handle.with(|trace| {
        trace.ok();
    });
    drop(handle);
    run.ended("shared", Some("ok"));
}
