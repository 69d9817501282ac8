//! A program that `panic_hook.rs` builds with `panic = "abort"`, where no
//! destructor runs: its argument names the case.

#[path = "hooks.rs"]
mod hooks;

use std::fmt;

use log::{Log, Metadata, Record};
use traceline::{current, Config};

/// Prints records, and panics when one contains `break the logger`.
struct Prints;

impl Log for Prints {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        println!("{}: {}", record.level(), record.args());
        if record.args().to_string().contains("break the logger") {
            panic!("the logger is broken");
        }
    }
    fn flush(&self) {}
}

struct Breaks;

impl fmt::Display for Breaks {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a display");
    }
}

extern "C" fn in_c() {
    panic!("in c");
}

/// Reports that destructors run, which should not happen.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        println!("a destructor ran");
    }
}

fn main() {
    log::set_boxed_logger(Box::new(Prints)).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    Config::builder().header(false).install().unwrap();
    let case = std::env::args().nth(1).unwrap();
    if case == "hooks" {
        hooks::install(&std::env::args().nth(2).unwrap());
        return traceline::start!("unit").scope(|| panic!("boom"));
    }
    std::panic::set_hook(Box::new(|_| println!("the hook that was there")));
    traceline::panic_hook();

    let _guard = Guard;
    let mut outer = traceline::start!("outer");
    outer.set("rows", 3);
    match &*case {
        "one" => outer.scope(|| {
            current::add("working");
            panic!("no {}", "disk");
        }),
        "nested" => outer.scope(|| {
            let mut inner = traceline::start!("inner");
            inner.set("shard", 7);
            inner.scope(|| panic!("no disk"));
        }),
        "none" => panic!("no disk"),
        "with" => outer.scope(|| {
            let mut inner = traceline::start!("inner");
            inner.scope(|| {
                current::with(|trace| {
                    trace.set("before", true);
                    panic!("no disk");
                });
            });
        }),
        "display" => outer.scope(|| {
            current::set("value", traceline::display(&Breaks));
        }),
        "logger" => outer.scope(|| {
            let mut inner = traceline::start!("break the logger");
            inner.set("a", 1);
            drop(inner);
        }),
        "emitted" => outer.scope(|| {
            current::emit();
            panic!("no disk");
        }),
        "in_c" => outer.scope(|| in_c()),
        "thread" => {
            let thread = std::thread::spawn(|| {
                traceline::start!("worker").scope(|| panic!("no disk"));
            });
            let _ = thread.join();
        }
        _ => unreachable!("{case}"),
    }
}
