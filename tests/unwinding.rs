//! Which panic ends a unit: panics in destructors, during other panics, and on another
//! thread than the one where the unit began.
//!
//! Each case runs twice in a child process, without the panic hook and with it: this test
//! program again, asked to run one ignored test. The hook is allowed to know more.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use log::{Log, Metadata, Record};
use traceline::{
    Config, Trace,
    config::{ConfigBuilder, Sampling},
    current,
};

use crate::util;

const CHILD: &str = "TRACELINE_UNWINDING_CHILD";

/// The records of the case of this name, without the message and the place of a panic.
#[track_caller]
fn records(name: &str, hook: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", &format!("unwinding::child::{name}")])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, hook)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let records = text.lines().filter_map(|line| line.strip_prefix("> msg="));
    let records = records.map(|line| line.replace(" duration_ms=0.0", ""));
    let records = records.map(|line| without_ids(&line));
    let short = |line: String| line.split(" panic=").next().map(String::from);
    records.filter_map(short).collect()
}

/// Sampling needs ids.
fn without_ids(line: &str) -> String {
    let words = line.split(' ').filter(|word| {
        !["trace_id=", "span_id=", "trace_flags="]
            .iter()
            .any(|id| word.starts_with(id))
    });
    words.collect::<Vec<_>>().join(" ")
}

struct Prints;

impl Log for Prints {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        // The harness leaves the cursor after the name of the test.
        println!("\n> {}", record.args());
    }
    fn flush(&self) {}
}

fn config() -> ConfigBuilder {
    let config = Config::builder().header(false).logger(&Prints);
    config.clock(util::ManualClock::leak())
}

/// Begins a unit that sampling keeps only if it went wrong.
fn sampled() -> Trace {
    let config = config()
        .sampling(Sampling::one_in(u32::MAX))
        .build()
        .unwrap();
    Trace::builder("sampled").config(&config).start()
}

/// Begins a unit.
fn start(name: &'static str) -> Trace {
    traceline::start!(name)
}

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

fn boom() {
    panic_any("boom");
}

/// Runs a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs work in a destructor that a panic calls.
fn during_a_panic(mut work: impl FnMut()) {
    unwind(|| {
        let _on_drop = OnDrop(|| {
            assert!(thread::panicking());
            work();
        });
        panic_any("first");
    });
}

/// Runs work on another thread.
fn elsewhere(work: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(work).join().unwrap());
}

/// Begins a unit in a destructor that a panic calls, and gives it back.
fn begun_during_a_panic() -> Trace {
    let mut unit = Trace::default();
    during_a_panic(|| unit = start("unit"));
    unit
}

/// Panics when displayed.
struct Breaks;

impl fmt::Display for Breaks {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a display");
    }
}

/// A name, what is done, and the records without the panic hook and with it.
macro_rules! cases {
    ($($(#[$meta:meta])* $name:ident: $work:expr => $without:expr, $with:expr;)*) => {
        $(
            $(#[$meta])*
            #[test]
            fn $name() {
                assert_eq!(records(stringify!($name), "without"), $without, "without the hook");
                assert_eq!(records(stringify!($name), "with"), $with, "with the hook");
            }
        )*
        mod child {
            use super::*;
            $(
                $(#[$meta])*
                #[test]
                #[ignore = "run in a child process"]
                fn $name() {
                    let Some(hook) = std::env::var_os(CHILD) else {
                        return;
                    };
                    std::panic::set_hook(Box::new(|_| ()));
                    if hook == "with" {
                        traceline::panic_hook();
                    }
                    config().install().unwrap();
                    let work: fn() = $work;
                    work();
                }
            )*
        }
    };
}

const NONE: [&str; 1] = ["unit"];
const OK: [&str; 1] = ["unit outcome=ok"];
const PANIC: [&str; 1] = ["unit outcome=panic"];
#[cfg(feature = "future")]
const CANCELLED: [&str; 1] = ["unit outcome=cancelled"];

cases! {
    // ----- in a destructor that runs during a panic

    a_unit_that_ends_well: || during_a_panic(|| {
        start("unit").ok();
    }) => OK, OK;

    a_unit_that_ends_without_a_word: || during_a_panic(|| drop(start("unit"))) => NONE, NONE;

    a_unit_that_panics: || during_a_panic(|| unwind(|| {
        // Without the hook, nothing tells it from one that ends well.
        let _unit = start("unit");
        boom();
    })) => NONE, PANIC;

    a_unit_that_panics_after_ok: || during_a_panic(|| unwind(|| {
        let mut unit = start("unit");
        unit.ok();
        boom();
    })) => OK, PANIC;

    a_unit_whose_scope_panics: || during_a_panic(|| unwind(|| {
        start("unit").ok().scope(boom);
    })) => PANIC, PANIC;

    a_unit_whose_scope_unwinds_without_a_call_of_the_hook: || during_a_panic(|| unwind(|| {
        start("unit").ok().scope(|| resume_unwind(Box::new("boom")));
    })) => PANIC, PANIC;

    a_closure_that_does_not_return: || during_a_panic(|| unwind(|| {
        let _ = traceline::run!("unit", || -> Result<(), String> {
            current::ok();
            boom();
            Ok(())
        });
    })) => PANIC, PANIC;

    a_closure_with_a_handle_that_does_not_return: || during_a_panic(|| unwind(|| {
        let _ = traceline::run!("unit", |trace| -> Result<(), String> {
            trace.ok();
            boom();
            Ok(())
        });
    })) => PANIC, PANIC;

    a_closure_that_catches_a_panic_and_returns: || during_a_panic(|| {
        let _ = traceline::run!("unit", |trace| -> Result<(), String> {
            trace.ok();
            unwind(boom);
            Ok(())
        });
    }) => OK, OK;

    a_scope_that_catches_a_panic_and_returns: || during_a_panic(|| {
        start("unit").scope(|| unwind(boom));
    }) => NONE, NONE;

    a_unit_around_another_that_panics: || during_a_panic(|| {
        start("outer").scope(|| unwind(|| start("unit").scope(boom)));
    }) => ["unit outcome=panic", "outer"], ["unit outcome=panic", "outer"];

    a_unit_that_catches_a_panic_and_says_ok: || during_a_panic(|| {
        let mut unit = start("unit");
        unwind(boom);
        unit.ok();
    }) => OK, OK;

    a_unit_that_catches_a_panic_and_says_nothing: || during_a_panic(|| {
        // With the hook, nothing tells it from one that panicked itself.
        let _unit = start("unit");
        unwind(boom);
    }) => NONE, PANIC;

    a_value_that_panics: || during_a_panic(|| {
        start("unit").set("k", traceline::display(&Breaks));
    }) => ["unit k=\"<panicked>\""], ["unit k=\"<panicked>\""];

    a_unit_that_begins_after_another_panic_was_caught: || during_a_panic(|| {
        unwind(|| start("inner").scope(boom));
        drop(start("unit"));
    }) => ["inner outcome=panic", "unit"], ["inner outcome=panic", "unit"];

    a_unit_that_began_before_is_ended_by_the_first_panic: || unwind(|| {
        let mut unit = start("unit");
        let _on_drop = OnDrop(|| {
            unit.ok();
            unwind(boom);
        });
        panic_any("first");
    }) => PANIC, PANIC;

    three_panics_deep: || during_a_panic(|| unwind(|| {
        start("second").scope(|| {
            let _on_drop = OnDrop(|| {
                unwind(|| start("third").scope(boom));
                start("unit").ok();
            });
            panic_any("second");
        });
    })) => [
        "third outcome=panic",
        "unit outcome=ok",
        "second outcome=panic",
    ], [
        "third outcome=panic",
        "unit outcome=ok",
        "second outcome=panic",
    ];

    // ----- futures in such a destructor

    #[cfg(feature = "future")]
    a_future_that_panics: || during_a_panic(|| unwind(|| {
        use traceline::future::InTraceExt;
        pollster::block_on(async { boom() }.in_trace(start("unit")));
    })) => PANIC, PANIC;

    #[cfg(feature = "future")]
    a_future_whose_panic_is_caught_and_that_is_dropped_later: || during_a_panic(|| {
        use traceline::future::InTraceExt;
        let mut future = Box::pin(async { boom() }.in_trace(start("unit")));
        unwind(|| pollster::block_on(&mut future));
    }) => PANIC, PANIC;

    #[cfg(feature = "future")]
    a_future_that_is_dropped: || during_a_panic(|| {
        use traceline::future::InTraceExt;
        drop(async { boom() }.in_trace(start("unit")));
    }) => CANCELLED, CANCELLED;

    #[cfg(feature = "future")]
    a_future_that_is_ready: || during_a_panic(|| {
        use traceline::future::InTraceExt;
        let work = async { unwind(boom); Ok::<(), String>(()) };
        pollster::block_on(work.run_in_trace(start("unit"))).unwrap();
    }) => OK, OK;

    // ----- one thread, one panic after another

    a_panic_that_was_caught_before: || {
        unwind(boom);
        start("unit").ok();
        unwind(|| { let _unit = start("unit"); resume_unwind(Box::new("boom")); });
    } => ["unit outcome=ok", "unit outcome=panic"], ["unit outcome=ok", "unit outcome=panic"];

    a_unit_that_was_begun_during_a_panic_and_panics_later: || {
        let mut unit = begun_during_a_panic();
        unit.scope(|| ());
        unwind(move || { let _unit = unit; boom(); });
    } => PANIC, PANIC;

    a_unit_that_was_begun_during_a_panic_and_ends_later: || {
        begun_during_a_panic().ok();
    } => OK, OK;

    // ----- two threads

    moved_and_dropped_by_a_panic: || {
        let unit = start("unit");
        elsewhere(move || unwind(move || { let _unit = unit; boom(); }));
    } => PANIC, PANIC;

    moved_after_ok_and_dropped_by_a_panic: || {
        let mut unit = start("unit");
        unit.ok();
        elsewhere(move || unwind(move || { let _unit = unit; boom(); }));
    } => PANIC, PANIC;

    begun_during_a_panic_moved_and_dropped_by_a_panic: || during_a_panic(|| {
        let unit = start("unit");
        elsewhere(move || unwind(move || { let _unit = unit; boom(); }));
    }) => PANIC, PANIC;

    begun_during_a_panic_moved_and_dropped_in_peace: || during_a_panic(|| {
        let unit = start("unit");
        elsewhere(move || drop(unit));
    }) => NONE, NONE;

    begun_during_a_panic_there_and_dropped_in_a_destructor_here: || {
        // Both threads unwind at the time, and neither panic ends the unit.
        during_a_panic(|| {
            drop(start("here"));
            let (send, receive) = mpsc::channel();
            elsewhere(move || during_a_panic(|| send.send(start("unit")).unwrap()));
            drop(receive.recv().unwrap());
        });
    } => ["here", "unit"], ["here", "unit"];

    moved_into_the_destructor_of_an_earlier_panic: || during_a_panic(|| {
        // Without the hook, nobody knows that the panic came before the unit.
        let (send, receive) = mpsc::channel();
        elsewhere(move || send.send(start("unit")).unwrap());
        drop(receive.recv().unwrap());
    }) => PANIC, NONE;

    moved_into_the_destructor_of_an_earlier_panic_and_ended_by_another: || during_a_panic(|| {
        let (send, receive) = mpsc::channel();
        elsewhere(move || send.send(start("unit")).unwrap());
        unwind(|| { let _unit = receive.recv().unwrap(); boom(); });
    }) => PANIC, PANIC;

    moved_to_a_thread_that_had_panicked_before: || {
        let (send, receive) = mpsc::channel::<Trace>();
        thread::scope(|scope| {
            let other = scope.spawn(move || {
                unwind(boom);
                drop(start("other"));
                let unit = receive.recv().unwrap();
                unwind(move || { let _unit = unit; resume_unwind(Box::new("boom")); });
            });
            send.send(start("unit")).unwrap();
            other.join().unwrap();
        });
    } => ["other", "unit outcome=panic"], ["other", "unit outcome=panic"];

    shared_and_last_dropped_by_a_panic_elsewhere: || {
        let shared = start("unit").into_shared();
        let last = shared.clone();
        drop(shared);
        elsewhere(move || unwind(move || { let _last = last; boom(); }));
    } => PANIC, PANIC;

    // ----- who sees it

    sampling_keeps_a_unit_of_a_destructor_that_panics: || during_a_panic(|| {
        sampled().ok();
        unwind(|| sampled().ok().scope(boom));
    }) => ["sampled outcome=panic"], ["sampled outcome=panic"];
}
