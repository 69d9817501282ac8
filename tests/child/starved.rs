//! A program that `campaign.rs` builds and starves: in each run, a later one of the
//! library's allocations fails.
//!
//! The language decides what happens then; usually the process ends. With the
//! feature `hook`, on a toolchain that supports it, the failure is a panic.
//!
//! Arguments: the case, the number of the first allocation that fails, and a file
//! for the records. `campaign/memory.rs` reads its output.

#![cfg_attr(feature = "hook", feature(alloc_error_hook))]

#[path = "starved/allocator.rs"]
mod allocator;
#[path = "starved/units.rs"]
mod units;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use traceline::{current, future::InTraceExt, Trace};

use allocator::{FIRED, LEFT, fed};
use units::{Run, absorbed, fields, fragments, say, unit};

// ----- cases

/// One allocation of the unit fails.
fn grows(run: &Run, nth: usize) {
    LEFT.set(Some(nth));
    unit(run);
}

/// After each caught failure, sets the field again.
fn retries(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    LEFT.set(Some(nth));
    for key in &run.texts.keys {
        let first = catch_unwind(AssertUnwindSafe(|| _ = unit.set(*key, "text")));
        if first.is_err() {
            unit.set(*key, "text");
        }
        run.told("outer", key, "text");
    }
    run.ends("outer");
    drop(unit);
    say("ended", "outer");
}

/// Panics in the innermost of several units in which everything has grown; one of
/// the allocations after the panic fails.
fn unwinds(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    fields(run, &mut unit);
    fragments(run, &mut unit);
    unit.scope(|| {
        absorbed(run);
        let disabled = Trace::builder("disabled").target("off");
        let disabled = disabled.config(&run.config).start();
        let mut inner = run.start("inner");
        inner.scope(|| {
            absorbed(run);
            let _future = async {}.in_trace(disabled);
            let text = fed(|| "z".repeat(5_000));
            current::with(|_| {
                let _starves = Starves(nth);
                panic!("{text}");
            });
        });
    });
}

/// The same without a panic: units end one after another.
fn ends(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    fields(run, &mut unit);
    fragments(run, &mut unit);
    unit.scope(|| {
        absorbed(run);
        let mut inner = run.start("inner");
        inner.scope(|| absorbed(run));
        LEFT.set(Some(nth));
        run.ends("inner");
        drop(inner);
        say("ended", "inner");
    });
    run.ends("outer");
    drop(unit);
    say("ended", "outer");
}

/// All units of the thread are ended from inside.
fn emits(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    fields(run, &mut unit);
    unit.scope(|| {
        absorbed(run);
        let mut inner = run.start("inner");
        inner.scope(|| {
            absorbed(run);
            LEFT.set(Some(nth));
            run.ends("inner");
            run.ends("outer");
            current::emit();
        });
    });
}

/// The allocations of a panic itself, including those of the library's hook.
fn unwinds_early(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    unit.scope(|| {
        LEFT.set(Some(nth));
        panic!("at once");
    });
}

/// The same while the unit is in use: the hook keeps the message for later.
fn unwinds_in_use(run: &Run, nth: usize) {
    let mut unit = run.start("outer");
    unit.scope(|| {
        current::with(|_| {
            let text = fed(|| "z".repeat(5_000));
            LEFT.set(Some(nth));
            std::panic::panic_any(text);
        });
    });
}

/// Starves the thread in the first destructor of a panic.
struct Starves(usize);

impl Drop for Starves {
    fn drop(&mut self) {
        LEFT.set(Some(self.0));
    }
}

fn case(name: &str) -> fn(&Run, usize) {
    match name {
        "grows" => grows,
        "retries" => retries,
        "unwinds" => unwinds,
        "ends" => ends,
        "emits" => emits,
        "unwinds_early" => unwinds_early,
        "unwinds_in_use" => unwinds_in_use,
        _ => panic!("no such case: {name}"),
    }
}

/// The lines of a thread for units like those that failed on it. Each unit runs
/// twice, which would reveal a key that is remembered twice.
fn probe(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..2 {
        let mut unit = Trace::builder("outer")
            .target("unit")
            .config(&run.config)
            .start();
        for key in &run.texts.keys {
            unit.set(*key, "first");
            unit.set(*key, "last");
        }
        unit.set("active", current::is_active());
        unit.scope(|| current::set("current", 1));
        let line = unit.render();
        let (_, rest) = line.split_once("duration_ms").expect("a record");
        let (_, rest) = rest.split_once(',').expect("fields");
        lines.push(rest.into());
        unit.discard();
    }
    lines
}

/// Runs a case repeatedly, each time with a later failure, until none occurs.
fn survive(name: &str, first: usize) {
    let case = case(name);
    let fresh = std::thread::scope(|scope| scope.spawn(|| probe(&Run::new(None))).join());
    let fresh = fresh.expect("no fault here");
    for nth in first.. {
        say("run", nth);
        let thread = || {
            // A new thread, so that nothing is left over.
            let run = Run::new(None);
            FIRED.set(false);
            let result = catch_unwind(AssertUnwindSafe(|| case(&run, nth)));
            LEFT.set(None);
            run.tell();
            let clean = probe(&run) == fresh;
            say(
                "after",
                format_args!(
                    "{}\t{clean}",
                    if result.is_err() {
                        "panicked"
                    } else {
                        "returned"
                    }
                ),
            );
            FIRED.get()
        };
        let fired = std::thread::scope(|scope| scope.spawn(thread).join());
        if !fired.expect("caught") {
            return;
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("a case");
    let first = args
        .next()
        .and_then(|first| first.parse().ok())
        .expect("a number");
    if let Some(file) = args.next() {
        // Without the hook, the process ends at the failure.
        let file = File::create(file).expect("a new file");
        let run = Run::new(Some(file));
        case(&name)(&run, first);
        LEFT.set(None);
        say(
            if FIRED.get() {
                "survived"
            } else {
                "nothing failed"
            },
            "",
        );
        return;
    }
    #[cfg(feature = "hook")]
    std::alloc::set_alloc_error_hook(|_| panic!("no memory"));
    std::panic::set_hook(Box::new(|_| ()));
    if std::env::var_os("PANIC_HOOK").is_some() {
        traceline::panic_hook();
    }
    survive(&name, first);
}
