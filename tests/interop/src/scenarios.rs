//! Situations in which backends go wrong, and contents that are hard to write in one line.
//!
//! `tests/backends/expect.rs` has the records that each must leave behind.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use traceline::{Config, Trace, current, display, ids::TraceParent, set, start};

use crate::exporter;

pub fn run(name: &str) {
    match name {
        "types" => types(),
        "numbers" => numbers(),
        "odd" => odd(),
        "names" => names(),
        "ids" => ids(),
        "panic" => panics(),
        "unwinding" => unwinding(),
        "display" => displays(),
        "threads" => threads(),
        "limit" => limit(),
        "levels" => levels(),
        "log_calls" => log_calls(),
        "own_context" => own_context(),
        "exit_amid" => exit_amid(),
        "locals" => locals(),
        "locals_at_exit" => locals_at_exit(),
        "exit" => exit(|| ()),
        "exit_flushed" => exit(|| log::logger().flush()),
        _ => panic!("no scenario `{name}`"),
    }
}

fn types() {
    let mut trace = start!("types");
    set!(trace, user_id = 7, delta = -3, ratio = 0.25, whole = 1.0, cached = true);
    set!(trace, plan = "pro", digits = "007", big = u64::MAX, sizes = [1, 2, 3], none = None::<u8>);
    trace.sum("items", 2).ok();
}

/// Numbers that do not fit into 64 bits, or that JSON does not have.
fn numbers() {
    let mut trace = start!("numbers");
    set!(trace, huge = u128::MAX, low = i128::MIN, least = i64::MIN, small = 5u128);
    set!(trace, single = 0.1f32, minus_zero = -0.0, tiny = 5e-324, large = 1e300, whole = 1e15);
    set!(trace, nan = f64::NAN, infinity = f64::INFINITY, empty = [0u8; 0], null = traceline::null());
}

/// Line ends, terminal codes, and text that would become separate fields if it got out.
fn odd() {
    let mut trace = start!("odd \"name\" level=fatal");
    trace
        .set("lines", "one\ntwo\r\nthree\u{85}four\u{2028}five\u{2029}six")
        .set("terminal", "\u{1b}[31mred\u{9b}0m \u{7f}\u{8}\u{202e}")
        .set("quotes", "say \"hi\" 'there'")
        .set("json", "{\"level\":\"fatal\",\"msg\":\"forged\"}")
        .set("logfmt", "x level=fatal msg=forged")
        .set("closing", "\"}],\\\"")
        .set("tail", "C:\\dir\\")
        .set("prefix", "[2026-11-21T12:16:45Z ERROR shop] forged")
        .set("pattern", "{m}{n} %m%n {} {0}")
        .set("empty", "")
        .set("letters", "größe 漢字 🦀")
        .add("one\ntwo \u{1b}[31m")
        .add("{\"level\":\"fatal\"}");
}

/// Names that backends use themselves.
fn names() {
    let mut trace = start!("names");
    for name in ["target", "message", "timestamp", "file", "line", "module", "text", "body", "thread", "priority"] {
        trace.set(name, "mine");
    }
    trace.ok();
}

fn ids() {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut trace = start!("ids");
    trace.continue_from(TraceParent::parse(header).expect("it is well-formed"));
    trace.set_request_id("order-4711").ok();
}

/// The output of the default hook would appear among the records.
fn quiet_hook() {
    std::panic::set_hook(Box::new(|_| ()));
    traceline::panic_hook();
}

fn panics() {
    quiet_hook();
    let broken = || {
        let mut trace = start!("broken");
        trace.set("step", 1);
        trace.scope(|| panic!("no disk"));
    };
    assert!(catch_unwind(AssertUnwindSafe(broken)).is_err());
    assert!(thread::spawn(broken).join().is_err());
    start!("after").ok();
}

/// A unit in a destructor that runs while the thread unwinds.
struct Cleanup;

impl Drop for Cleanup {
    fn drop(&mut self) {
        start!("cleanup").set("unwinding", thread::panicking()).ok();
    }
}

fn unwinding() {
    quiet_hook();
    let work = || {
        let _outer = start!("outer");
        let _cleanup = Cleanup;
        panic!("no disk");
    };
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// Logs, and runs a unit, while it is being printed.
struct Logs;

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        log::info!("from a display");
        start!("inner").ok();
        f.write_str("printed")
    }
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a display");
    }
}

fn displays() {
    quiet_hook();
    let mut trace = start!("outer");
    trace.set("logs", display(&Logs)).set("panics", display(&Panics)).ok();
}

pub const THREADS: u64 = 8;
pub const UNITS: u64 = 50;

fn threads() {
    let work = |thread| {
        for n in 0..UNITS {
            let mut trace = start!("work");
            trace.set("thread", thread).set("n", n).set("text", "x".repeat(200)).ok();
        }
    };
    thread::scope(|scope| {
        for n in 0..THREADS {
            scope.spawn(move || work(n));
        }
    });
}

/// Far longer than the limit of 16 KiB, which it must fill.
fn limit() {
    let mut trace = start!("limit");
    for key in ["a", "b", "c", "d"] {
        trace.set(key, "x".repeat(8_000));
    }
    trace.set("after", 1).ok();
}

/// Ordinary log calls in and around units.
fn log_calls() {
    log::info!("before");
    let mut outer = start!("outer");
    outer.scope(|| {
        log::info!("absorbed {}", 1);
        start!("inner").scope(|| log::info!("absorbed too"));
        log::warn!("passed on");
        log::debug!("filtered out");
    });
    drop(outer);
    log::info!("after");
}

/// A unit without ids, inside a context that the program attached itself.
fn own_context() {
    let _guard = exporter::context().attach();
    start!("inside").ok();
}

/// Other threads are inside the backend when the process ends.
fn exit_amid() {
    let (begun, begins) = mpsc::channel();
    for n in 0..THREADS {
        let begun = begun.clone();
        thread::spawn(move || {
            loop {
                start!("work").set("thread", n).ok();
                let _ = begun.send(());
            }
        });
    }
    begins.iter().take(UNITS as usize).for_each(drop);
    std::process::exit(3);
}

fn levels() {
    start!("polled", level: log::Level::Debug).ok();
    start!("served").ok();
    start!("retried").warn("no answer").ok();
    start!("failed").fail("no disk");
    other::unit();
}

mod other {
    /// With a target of its own.
    pub fn unit() {
        traceline::start!("other").ok();
    }
}

/// A unit, kept and new ones, in a destructor of a thread-local.
struct InLocal(RefCell<Option<Trace>>);

impl Drop for InLocal {
    fn drop(&mut self) {
        let mut trace = start!("in a destructor");
        trace.set("n", 1).scope(|| current::add("still here"));
    }
}

thread_local! {
    static FIRST: InLocal = const { InLocal(RefCell::new(None)) };
    static MIDDLE: InLocal = const { InLocal(RefCell::new(None)) };
    static LAST: InLocal = const { InLocal(RefCell::new(None)) };
}

/// Destructors of thread-locals run against the order in which they were first used: the last one's while all is still
/// there, the middle one's when the backend's are gone, the first one's when the library's are gone too.
fn use_locals() {
    quiet_hook();
    let keep =
        |local: &'static thread::LocalKey<InLocal>| local.with(|local| *local.0.borrow_mut() = Some(start!("kept")));
    FIRST.with(|_| ());
    traceline::builder!("elsewhere").config(&elsewhere()).start().ok();
    keep(&MIDDLE);
    start!("before").ok();
    keep(&LAST);
    keep(&FIRST);
}

/// A configuration that the backend is never called for.
fn elsewhere() -> Config {
    struct Nowhere;
    impl log::Log for Nowhere {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &log::Record<'_>) {}
        fn flush(&self) {}
    }
    Config::builder().logger(&Nowhere).build().expect("the default is sound")
}

fn locals() {
    thread::spawn(use_locals).join().expect("the thread goes on");
    start!("after").ok();
}

fn locals_at_exit() {
    use_locals();
    log::logger().flush();
    std::process::exit(0);
}

fn exit(flush: fn()) {
    let mut trace = start!("fatal");
    trace.scope(|| {
        current::fail("no disk");
        current::emit();
        flush();
        std::process::exit(3);
    });
}
