//! No recipe: loggers that misbehave, one kind a run, named by `HOSTILE`.
//!
//! Each prints what it is given before it does so.

use std::cell::Cell;
use std::env;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use traceline::{Config, config::Output, current, start};

/// What a logger does, and what `enabled` does.
type Deed = fn(&Record<'_>);

struct Hostile {
    log: Deed,
    enabled: fn() -> bool,
    flush: fn(),
}

impl Log for Hostile {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        (self.enabled)()
    }

    fn log(&self, record: &Record<'_>) {
        println!("{}", record.args());
        (self.log)(record);
    }

    fn flush(&self) {
        (self.flush)();
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

fn is_every_third() -> bool {
    CALLS.fetch_add(1, Ordering::Relaxed) % 3 == 2
}

/// A payload that panics again when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("in a payload");
        }
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Does what would come back here for ever, but once.
fn once_deep(work: impl FnOnce()) {
    if !INSIDE.replace(true) {
        work();
        INSIDE.set(false);
    }
}

static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Held while a record is printed, as many loggers do: what is printed must not log.
static LOCK: Mutex<()> = Mutex::new(());

fn deed(kind: &str) -> Deed {
    match kind {
        "panics" => |_| std::panic::panic_any(Payload),
        "panics_at_the_third" => |_| assert!(!is_every_third(), "the disk is full"),
        "reenters" => |_| {
            once_deep(|| {
                start!("of the logger").scope(|| current::add("still here"));
                log::info!("an ordinary record of the logger");
            });
        },
        "writes_to_the_current_unit" => |_| {
            current::set("forged", true);
            current::fail("forged");
            current::emit();
        },
        "blocks" => |_| thread::sleep(Duration::from_millis(2)),
        "keeps" => |record| KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(record.args().to_string()),
        "turns_all_off" => |_| log::set_max_level(LevelFilter::Off),
        "flushes" => |_| log::logger().flush(),
        "formats_twice" => |record| assert_eq!(record.args().to_string(), format!("{:?}", record.args())),
        "locks" => |record| {
            let _held = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(!record.args().to_string().is_empty());
        },
        "poisons" => |record| {
            let Ok(_held) = LOCK.lock() else { return };
            assert!(record.args().to_string().contains("msg=work"), "poisoned");
        },
        "spawns" => |_| once_deep(|| _ = thread::spawn(|| once_deep(|| start!("of the logger").ok_and_end())).join()),
        "exits" => |_| std::process::exit(7),
        "stops_reading" => |record| {
            let mut stops = Stops(0);
            assert!(record.key_values().visit(&mut stops).is_err() || record.key_values().count() < 2);
            assert_eq!(stops.0, record.key_values().count().min(2));
        },
        _ => |_| (),
    }
}

/// Returns an error at the second pair.
struct Stops(usize);

impl<'kvs> VisitSource<'kvs> for Stops {
    fn visit_pair(&mut self, _: Key<'kvs>, _: Value<'kvs>) -> Result<(), kv::Error> {
        self.0 += 1;
        if self.0 == 2 { Err(kv::Error::msg("enough")) } else { Ok(()) }
    }
}

trait End {
    fn ok_and_end(self);
}

impl End for traceline::Trace {
    fn ok_and_end(mut self) {
        self.ok();
    }
}

fn enabled(kind: &str) -> fn() -> bool {
    match kind {
        "lies" => || !is_every_third(),
        "panics_when_asked" => || if is_every_third() { panic!("asked too much") } else { true },
        "runs_a_unit_when_asked" => || {
            once_deep(|| start!("of the logger").ok_and_end());
            true
        },
        _ => || true,
    }
}

fn main() {
    let kind = env::var("HOSTILE").expect("HOSTILE names what the logger does");
    let flush = || panic!("the library never flushes");
    let logger =
        Hostile { log: deed(&kind), enabled: enabled(&kind), flush: if kind == "flushes" { flush } else { || () } };
    log::set_boxed_logger(Box::new(logger)).expect("it is the only one");
    log::set_max_level(LevelFilter::Info);
    let output = if kind == "stops_reading" { Output::KeyValues } else { Output::Line };
    Config::builder().output(output).install().expect("it is the only one");
    std::panic::set_hook(Box::new(|_| ()));

    shop::run();
    for kept in KEPT.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("{kept}");
    }
}
