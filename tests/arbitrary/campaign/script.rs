//! A unit that uses every feature, step by step.
//!
//! Each call is noted once it has returned; a test compares the records with
//! these notes.

use std::mem;
use std::panic::resume_unwind;
use std::thread;

use serde_json::json;
use traceline::{Trace, current, display};

use crate::run::Run;

/// Runs every step.
pub fn script(run: &Run) {
    let mut unit = run.start("outer");
    by_handle(run, &mut unit);
    timers(run, &mut unit);
    run.checkpoint("outer", &mut unit);
    part(run, &mut unit);
    elsewhere(run, &mut unit);
    run.scope("outer", &mut unit, || {
        by_current(run);
        inner(run);
        absorbed(run);
    });
    child(run, &mut unit);
    shared(run);
    discarded(run);
    ended_early(run);
    failed(run);
    unit.ok();
    run.end("outer", unit, Some("ok"));
    run.step();
}

fn by_handle(run: &Run, unit: &mut Trace) {
    run.step();
    unit.set("number", 7).set("text", "a \"text\"\n");
    run.field("outer", "number", 7);
    run.field("outer", "text", "a \"text\"\n");
    run.step();
    let shown = run.shown("shown");
    unit.set("shown", display(&shown));
    run.value("outer", "shown", &shown);
    run.step();
    let again = run.shown("a longer one than before");
    unit.set("shown", display(&again));
    run.value("outer", "shown", &again);
    run.step();
    let listed = run.shown("listed");
    unit.set("list", [display(&listed), traceline::debug(&7)]);
    run.field("outer", "list", json!([listed.text(), "7"]));
    run.step();
    unit.add("a literal");
    run.fragment("outer", "a literal");
    run.step();
    let told = run.shown("told");
    traceline::add!(unit, "{told}");
    run.fragment("outer", &told.text());
    run.step();
    unit.incr("count").sum("count", 2).max("most", 9);
    run.field("outer", "count", 3);
    run.field("outer", "most", 9);
    run.step();
    unit.warn("a warning");
    run.fragment("outer", "a warning");
}

fn timers(run: &Run, unit: &mut Trace) {
    run.step();
    // Never stopped: this lap ends with the unit.
    let _open = unit.start_timer("open");
    run.field("outer", "open.count", 1);
    unit.time("timed", |unit| {
        // Ends with a panic, too.
        run.field("outer", "timed.count", 1);
        run.step();
        unit.add("timed");
        run.fragment("outer", "timed");
    });
    run.step();
}

/// A part on another thread; if it panics there, so does the unit.
fn part(run: &Run, unit: &mut Trace) {
    run.step();
    let mut part = unit.part();
    let result = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            run.step();
            part.set("part", true).incr("count");
            run.field("outer", "part", true);
            run.field("outer", "count", 4);
            part.scope(|| {
                run.step();
                let shown = run.shown("of the part");
                current::add!("{shown}");
                run.fragment("outer", &shown.text());
                run.step();
            });
        });
        thread.join()
    });
    unit.join(part);
    if let Err(payload) = result {
        resume_unwind(payload);
    }
    run.step();
    mem::forget(unit.part());
    run.field("outer", "lost_parts", 1);
}

/// A scope of the unit on another thread, and a lap that ends there.
fn elsewhere(run: &Run, unit: &mut Trace) {
    run.step();
    let home = unit.unit();
    let lap = unit.lap("travels");
    run.field("outer", "travels.count", 1);
    let result = thread::scope(|scope| {
        let work = || {
            let _lap = lap;
            run.step();
            current::set("elsewhere", true);
            run.field("outer", "elsewhere", true);
            run.step();
            let shown = run.shown("elsewhere");
            current::add!("{shown}");
            run.fragment("outer", &shown.text());
            run.step();
        };
        scope.spawn(|| home.scope(work)).join()
    });
    if let Err(payload) = result {
        resume_unwind(payload);
    }
    run.step();
}

fn by_current(run: &Run) {
    run.step();
    let shown = run.shown("by current");
    current::set("current", display(&shown));
    run.value("outer", "current", &shown);
    run.step();
    let told = run.shown("told by current");
    current::add!("{told}");
    run.fragment("outer", &told.text());
    run.step();
    current::time("laps", || {
        run.field("outer", "laps.count", 1);
        run.step();
        current::incr("in_a_lap");
        run.field("outer", "in_a_lap", 1);
    });
    current::with(|unit| {
        // Meanwhile, even `current::emit` does not find it.
        let thread = run.lends("outer", None);
        run.step();
        let shown = run.shown("by with");
        unit.set("with", display(&shown));
        run.value("outer", "with", &shown);
        run.step();
        run.lends("outer", thread);
    });
}

/// A nested unit that fails.
fn inner(run: &Run) {
    let mut unit = run.start("inner");
    run.step();
    unit.set("shard", 3);
    run.field("inner", "shard", 3);
    run.scope("inner", &mut unit, || {
        run.step();
        current::add("in the inner one");
        run.fragment("inner", "in the inner one");
        let error = run.shown("an error");
        current::error(&error);
        run.value("inner", "error", &error);
        run.step();
    });
    run.end("inner", unit, Some("error"));
}

/// Ordinary records that go through the bridge.
fn absorbed(run: &Run) {
    run.step();
    let shown = run.shown("an ordinary record");
    log::info!(logger: run.log, "{shown}");
    run.fragment("outer", &shown.text());
    run.step();
    // More severe than the levels that are absorbed.
    log::error!(logger: run.log, "an ordinary error");
    run.step();
}

/// The next unit of a transaction.
fn child(run: &Run, unit: &mut Trace) {
    run.step();
    let mut child = unit.child("child");
    run.started("child");
    run.step();
    child.set("of", "outer").status(404);
    run.field("child", "of", "outer");
    run.field("child", "status", 404);
    run.end("child", child, None);
}

/// A unit with several handles, one of them on another thread.
fn shared(run: &Run) {
    let unit = run.start("shared").into_shared();
    let handle = unit.clone();
    let result = thread::scope(|scope| {
        let thread = scope.spawn(move || {
            run.step();
            let shown = run.shown("from elsewhere");
            handle.set("elsewhere", display(&shown));
            run.value("shared", "elsewhere", &shown);
            handle.time("shared", || {
                run.field("shared", "shared.count", 1);
                run.step();
            });
        });
        thread.join()
    });
    if let Err(payload) = result {
        resume_unwind(payload);
    }
    unit.with(|unit| {
        run.step();
        unit.add("with a lock");
        run.fragment("shared", "with a lock");
        run.step();
    });
    unit.with(|unit| {
        unit.ok();
    });
    drop(unit);
    run.ended("shared", Some("ok"));
}

fn discarded(run: &Run) {
    let mut unit = run.start("discarded");
    run.step();
    unit.set("a", 1);
    run.field("discarded", "a", 1);
    unit.discard();
    run.discarded("discarded");
}

/// All units of the thread are ended from inside the innermost.
fn ended_early(run: &Run) {
    let mut unit = run.start("early");
    run.scope("early", &mut unit, || {
        current::set("a", 1);
        run.field("early", "a", 1);
        run.step();
        current::emit();
        run.ended("early", None);
        // The fragment goes nowhere: the record is already written.
        current::set("too_late", true);
        run.step();
    });
    run.step();
}

/// A function that uses `?`.
fn failed(run: &Run) {
    let mut unit = run.start("failed");
    let error = run.shown("no such table");
    let _ = unit.check(Err::<(), _>(&error));
    run.value("failed", "error", &error);
    run.end("failed", unit, Some("error"));
}
