//! Whether a fault leaves traces on its thread: the same units must give the same
//! lines as on a thread that never ran one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use traceline::{Config, Format, Trace, bridge, current};

use crate::report::{Promise, Row};
use crate::util::{Capture, FixedIds, ManualClock};

/// Ids that are requested in one unit after the other.
static IDS: FixedIds = FixedIds(0xab, 0xcd);

/// The output of this thread, which had a fault, and that of a new one.
pub struct Probed {
    here: String,
    fresh: &'static str,
}

/// Call this on the thread after the fault.
pub fn probe() -> Probed {
    static FRESH: OnceLock<String> = OnceLock::new();
    let fresh = FRESH.get_or_init(|| thread::spawn(lines).join().expect("no fault here"));
    Probed {
        here: lines(),
        fresh,
    }
}

impl Probed {
    pub fn check(&self, row: &mut Row) {
        let Probed { here, fresh } = self;
        row.check(Promise::CleanAfter, here == fresh, || {
            format!("\n{here}\nnot\n{fresh}")
        });
    }
}

/// Units that touch everything a thread keeps: the current unit, the spares, the
/// calls to a logger, the hook.
fn lines() -> String {
    let log = Capture::leak();
    let hooks: &'static AtomicUsize = Box::leak(Box::default());
    let bridge: &'static _ = Box::leak(Box::new(
        bridge(log).absorb(log::Level::Info).absorb_filtered(true),
    ));
    let config = Config::builder()
        .format(Format::Json)
        .logger(bridge)
        .clock(ManualClock::leak())
        .ids(&IDS)
        .on_emit(move |_, emit| {
            hooks.fetch_add(1, Ordering::Relaxed);
            emit();
        })
        .build()
        .expect("settings make sense");
    let was_active = current::is_active();
    let mut outer = Trace::builder("outer").config(&config).start();
    let id = outer.trace_id();
    outer.set("a", 1).set("was_active", was_active).incr("n");
    outer.set("id", traceline::debug(&id));
    outer.scope(|| {
        current::set("b", "text");
        log::info!(logger: bridge, "absorbed {}", 1);
        let mut inner = Trace::builder("inner").config(&config).start();
        inner.scope(|| current::add("in the inner one"));
        inner.emit();
        current::with(|trace| _ = trace.time("db", |trace| trace.add("timed").is_enabled()));
    });
    let is_active = current::is_active();
    outer.set("is_active", is_active).ok();
    outer.emit();
    let hooks = format!("{} hooks", hooks.load(Ordering::Relaxed));
    log.take_lines().join("\n") + "\n" + &hooks
}
