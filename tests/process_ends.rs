//! Ends of a process and of a thread: panics that do not unwind, hooks that never return, and
//! units in the destructors of thread-locals.
//!
//! Each case runs in a child process: this test program again, asked to run one ignored test. The
//! cases built with `panic = "abort"` are in `panic_hook.rs`.

use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{self, Command, Output};
use std::thread;

use log::{Log, Metadata, Record};
use traceline::{Config, Trace, current};

use crate::{hooks, util};

const CHILD: &str = "TRACELINE_ENDS_CHILD";

/// Runs the ignored test of this name in a new process, which finds `input` in its environment.
fn run(name: &str, input: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(["--exact", &format!("process_ends::{name}"), "--ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, input)
        .output()
        .unwrap()
}

/// Its exit code, if it was not killed by a signal, and the lines that it printed.
fn outcome(name: &str, input: &str) -> (Option<i32>, Vec<String>) {
    let output = run(name, input);
    let text = String::from_utf8_lossy(&output.stdout);
    let ours = |line: &str| line.strip_prefix("> ").map(String::from);
    (
        output.status.code(),
        text.lines().filter_map(ours).collect(),
    )
}

/// The input, in a child.
fn input() -> Option<String> {
    std::env::var(CHILD).ok()
}

fn print(text: fmt::Arguments<'_>) {
    // The harness leaves the cursor after the name of the test.
    let _ = writeln!(std::io::stdout(), "\n> {text}");
}

/// A typical logger: it assumes that its thread-local buffer still exists.
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
            *buffer = record.args().to_string();
            print(format_args!("{buffer}"));
        });
    }
    fn flush(&self) {}
}

fn start(name: &'static str) -> Trace {
    let config = Config::builder().header(false).logger(&Buffered);
    let config = config.clock(util::ManualClock::leak()).build().unwrap();
    Trace::builder(name).config(&config).start()
}

/// Runs a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// The text of a panic.
fn text(info: &panic::PanicHookInfo<'_>) -> String {
    let text = info.payload().downcast_ref::<&str>();
    text.map_or("?".into(), ToString::to_string)
}

/// Installs the hook of a program that already had one.
fn hook() {
    panic::set_hook(Box::new(|info| print(format_args!("hook: {}", text(info)))));
    traceline::panic_hook();
}

/// Each of these panics.
fn first() {
    panic!("first");
}
const FIRST: u32 = line!() - 2;

fn second() {
    panic!("second");
}
const SECOND: u32 = line!() - 2;

extern "C" fn first_in_c() {
    first();
}

fn of_first() -> String {
    format!("panic=first panic.location=tests/process_ends.rs:{FIRST}:5")
}

fn of_second() -> String {
    format!("panic=second panic.location=tests/process_ends.rs:{SECOND}:5")
}

const IN_C: &str = "hook: panic in a function that cannot unwind";
const IN_CLEANUP: &str = "hook: panic in a destructor during cleanup";

/// Panics when displayed.
struct Breaks;

impl fmt::Display for Breaks {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a display");
    }
}
const DISPLAY: u32 = line!() - 3;

/// One case: what a child does, its exit code (`None` if it aborts), and the lines it prints.
macro_rules! cases {
    ($($name:ident: $work:expr => $code:expr, [$($line:expr),* $(,)?];)*) => {
        $(
            #[test]
            fn $name() {
                let want: Vec<String> = vec![$($line.into()),*];
                assert_eq!(outcome(concat!("child::", stringify!($name)), ""), ($code, want));
            }
        )*
        mod child {
            use super::*;
            $(
                #[test]
                #[ignore = "run in a child process"]
                fn $name() {
                    if input().is_some() {
                        let work: fn() = $work;
                        work();
                    }
                }
            )*
        }
    };
}

cases! {
    // ----- panics that do not unwind

    a_panic_in_a_function_that_cannot_unwind: || {
        hook();
        start("outer").scope(|| start("unit").scope(|| first_in_c()));
    } => None, [
        "hook: first",
        IN_C,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
        "msg=outer outcome=panic duration_ms=0.0",
    ];

    a_panic_that_ended_a_unit_before_it_reached_such_a_function: || {
        extern "C" fn unit_in_c() {
            start("inner").scope(first);
        }
        hook();
        start("unit").scope(|| unit_in_c());
    } => None, [
        "hook: first",
        format!("msg=inner outcome=panic duration_ms=0.0 {}", of_first()),
        IN_C,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
    ];

    a_panic_in_a_destructor_during_a_panic: || {
        hook();
        start("unit").scope(|| {
            let _on_drop = OnDrop(second);
            first();
        });
    } => None, [
        "hook: first",
        "hook: second",
        IN_CLEANUP,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
    ];

    a_unit_of_that_destructor_has_its_own_panic: || {
        hook();
        start("unit").scope(|| {
            let _on_drop = OnDrop(|| start("cleanup").scope(second));
            first();
        });
    } => None, [
        "hook: first",
        "hook: second",
        format!("msg=cleanup outcome=panic duration_ms=0.0 {}", of_second()),
        IN_CLEANUP,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
    ];

    a_panic_in_a_destructor_after_others_were_caught: || {
        hook();
        start("unit").scope(|| {
            unwind(second);
            unwind(second);
            let _on_drop = OnDrop(second);
            first();
        });
    } => None, [
        "hook: second",
        "hook: second",
        "hook: first",
        "hook: second",
        IN_CLEANUP,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
    ];

    a_panic_in_a_destructor_while_one_unwinds_that_the_hook_never_saw: || {
        hook();
        start("unit").scope(|| {
            let _on_drop = OnDrop(second);
            resume_unwind(Box::new("handed on"));
        });
    } => None, [
        "hook: second",
        IN_CLEANUP,
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_second()),
    ];

    a_panic_with_the_text_of_one_that_cannot_unwind_is_like_any_other: || {
        hook();
        start("unit").scope(|| {
            unwind(|| panic!("panic in a function that cannot unwind"));
            current::set("after", true);
            unwind(first);
        });
    } => Some(0), [
        IN_C,
        "hook: first",
        format!("msg=unit duration_ms=0.0 after=true {}", of_first()),
    ];

    a_unit_that_is_not_current_is_lost_when_a_panic_does_not_unwind: || {
        hook();
        let mut unit = start("unit");
        unit.set("rows", 3);
        first_in_c();
    } => None, ["hook: first", IN_C];

    without_the_hook_no_record_comes: || {
        panic::set_hook(Box::new(|info| print(format_args!("hook: {}", text(info)))));
        start("unit").scope(|| first_in_c());
    } => None, ["hook: first", IN_C];

    // ----- hooks that never return

    the_final_hook_writes_before_a_hook_that_aborts: || {
        panic::set_hook(Box::new(|_| process::abort()));
        traceline::panic_hook_final();
        start("outer").scope(|| start("unit").scope(first));
    } => None, [
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
        "msg=outer outcome=panic duration_ms=0.0",
    ];

    the_final_hook_writes_what_it_can_on_any_thread: || {
        panic::set_hook(Box::new(|_| process::exit(7)));
        traceline::panic_hook_final();
        start("unit").scope(|| {
            let _ = thread::spawn(|| start("worker").scope(first)).join();
        });
    } => Some(7), [format!("msg=worker outcome=panic duration_ms=0.0 {}", of_first())];

    the_final_hook_takes_no_panic_for_one_that_is_caught: || {
        panic::set_hook(Box::new(|_| process::exit(7)));
        traceline::panic_hook_final();
        start("unit").scope(|| current::set("k", traceline::display(&Breaks)));
    } => Some(7), [format!(
        "msg=unit outcome=panic duration_ms=0.0 panic=\"in a display\" \
         panic.location=tests/process_ends.rs:{}:9",
        DISPLAY
    )];

    a_unit_that_survives_the_final_hook_has_left_its_record: || {
        panic::set_hook(Box::new(|info| print(format_args!("hook: {}", text(info)))));
        traceline::panic_hook_final();
        let mut unit = start("unit");
        unit.scope(|| unwind(first));
        unit.set("after", true).ok();
        drop(unit);
        start("next").ok();
    } => Some(0), [
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
        "hook: first",
        "msg=next outcome=ok duration_ms=0.0",
    ];

    the_final_hook_and_a_panic_that_does_not_unwind: || {
        panic::set_hook(Box::new(|info| print(format_args!("hook: {}", text(info)))));
        traceline::panic_hook_final();
        start("unit").scope(|| first_in_c());
    } => None, [
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
        "hook: first",
        IN_C,
    ];

    the_final_hook_is_installed_once: || {
        panic::set_hook(Box::new(|info| print(format_args!("hook: {}", text(info)))));
        traceline::panic_hook();
        traceline::panic_hook_final();
        traceline::panic_hook_final();
        traceline::panic_hook();
        unwind(|| start("unit").scope(first));
    } => Some(0), [
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_first()),
        "hook: first",
    ];

    // ----- destructors of thread-locals

    a_unit_begun_in_a_destructor_that_process_exit_runs: || {
        thread_local! {
            static LATE: OnDrop<fn()> = const { OnDrop(|| late_unit("late")) };
        }
        LATE.with(|_| ());
        start("work").ok();
        process::exit(3);
    } => Some(3), ["msg=work outcome=ok duration_ms=0.0", "late: disabled"];

    a_panic_in_the_destructor_of_a_thread_local: || {
        thread_local! {
            static PANICS: OnDrop<fn()> = const { OnDrop(|| start("unit").scope(first)) };
        }
        hook();
        start("before").ok();
        let _ = thread::spawn(|| {
            PANICS.with(|_| ());
            start("work").ok();
        })
        .join();
    } => None, [
        "msg=before outcome=ok duration_ms=0.0",
        "msg=work outcome=ok duration_ms=0.0",
        "hook: first",
    ];
}

/// The guide's table of hooks; its last column is checked in `panic_hook.rs`.
mod orders_of_hooks {
    use super::*;

    #[test]
    fn each_gives_the_record_that_the_guide_says() {
        let table = hooks::table();
        assert_eq!(table.len(), 12);
        for [names, want, _] in table {
            let (_, lines) = outcome("orders_of_hooks::child", &names);
            assert_eq!(hooks::result(&lines), want, "{names}");
        }
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child() {
        if let Some(names) = input() {
            hooks::install(&names);
            unwind(|| start("unit").scope(first));
        }
    }
}

/// Begins and ends a unit in the destructor of a thread-local, and tells whether it was enabled.
fn late_unit(place: &str) {
    let mut unit = start("late");
    let enabled = if unit.is_enabled() {
        "enabled"
    } else {
        "disabled"
    };
    assert_eq!(unit.render().is_empty(), enabled == "disabled");
    unit.ok();
    drop(unit);
    print(format_args!("{place}: {enabled}"));
}

/// Units in the destructor of a thread-local, which runs before those of the variables that its
/// thread used earlier, and after those of the variables that it used later.
mod thread_locals {
    use super::*;

    /// What a thread does.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Use {
        /// The thread-local whose destructor has a unit.
        Late,
        /// A unit that leaves a record.
        Unit,
        /// A unit that leaves none.
        Silent,
        /// An ordinary log call through the bridge.
        Call,
    }

    thread_local! {
        static LATE: OnDrop<fn()> = const { OnDrop(|| late_unit("late")) };
    }

    /// All orders of some uses.
    fn orders(of: &[Use]) -> Vec<Vec<Use>> {
        let mut all = vec![vec![]];
        for (i, first) in of.iter().enumerate() {
            let mut rest = of.to_vec();
            rest.remove(i);
            for mut order in orders(&rest) {
                order.insert(0, *first);
                all.push(order);
            }
        }
        all
    }

    /// All orders with `Late`, each once.
    fn orders_with_late() -> Vec<Vec<Use>> {
        let mut all = orders(&[Use::Late, Use::Unit, Use::Silent, Use::Call]);
        all.retain(|order| order.contains(&Use::Late));
        all
    }

    fn work(order: &[Use]) {
        let bridge = traceline::bridge(&Buffered);
        for done in order {
            match done {
                Use::Late => LATE.with(|_| ()),
                Use::Unit => drop(start("unit")),
                Use::Silent => start("unit").discard(),
                Use::Call => log::info!(logger: bridge, "call"),
            }
        }
    }

    /// A thread that works for long, and uses the thread-local after so many units.
    fn work_for_long(before: usize, after: usize) {
        (0..before).for_each(|_| drop(start("unit")));
        LATE.with(|_| ());
        (0..after).for_each(|_| drop(start("unit")));
    }

    #[test]
    fn a_unit_there_is_disabled_once_the_thread_has_left_as_many_records_as_before() {
        for (before, after, want) in [
            (0, 1, "disabled"),
            (1, 1, "disabled"),
            (5, 5, "disabled"),
            (100, 100, "disabled"),
            (1, 0, "enabled"),
            (2, 1, "enabled"),
            (0, 0, "enabled"),
        ] {
            let (code, lines) = outcome("thread_locals::long_child", &format!("{before} {after}"));
            assert_eq!(code, Some(0));
            let records = lines
                .iter()
                .filter(|line| line.starts_with("msg=late"))
                .count();
            assert_eq!(records, usize::from(want == "enabled"));
            assert_eq!(
                lines.last().unwrap(),
                &format!("late: {want}"),
                "{before} {after}"
            );
        }
    }

    #[test]
    #[ignore = "run in a child process"]
    fn long_child() {
        if let Some(input) = input() {
            let (before, after) = input.split_once(' ').unwrap();
            let (before, after) = (before.parse().unwrap(), after.parse().unwrap());
            thread::spawn(move || work_for_long(before, after))
                .join()
                .unwrap();
        }
    }

    #[test]
    #[ignore = "run in a child process"]
    fn child() {
        if input().is_some() {
            log::set_max_level(log::LevelFilter::Info);
            for order in orders_with_late() {
                print(format_args!("{order:?}"));
                thread::spawn(move || work(&order)).join().unwrap();
            }
        }
    }

    #[test]
    fn a_unit_there_is_disabled_or_leaves_a_record_in_every_order() {
        let (code, lines) = outcome("thread_locals::child", "");
        assert_eq!(code, Some(0), "{lines:#?}");
        let mut runs = lines.split(|line| line.starts_with('[')).skip(1);
        for order in orders_with_late() {
            let mut want: Vec<&str> = Vec::new();
            for done in &order {
                match done {
                    Use::Unit => want.push("msg=unit duration_ms=0.0"),
                    Use::Call => want.push("call"),
                    Use::Late | Use::Silent => {}
                }
            }
            // The library sees that the thread ends if its first unit began later than the first
            // use of the thread-local, or if a later call of the logger was its first, second, …
            let first = |of: &[Use]| order.iter().position(|done| of.contains(done));
            let last = |of: &[Use]| order.iter().rposition(|done| of.contains(done));
            let late = first(&[Use::Late]);
            if first(&[Use::Unit, Use::Silent]) > late || last(&[Use::Unit, Use::Call]) > late {
                want.push("late: disabled");
            } else {
                want.extend(["msg=late outcome=ok duration_ms=0.0", "late: enabled"]);
            }
            assert_eq!(runs.next().unwrap(), want, "{order:?}");
        }
        assert!(runs.next().is_none());
    }
}
