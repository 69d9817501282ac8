//! Programs run with a logger, a clock and a source of ids, one set per thread.
//! Not one set per program, because a logger is `&'static` and a fuzzer runs
//! millions of programs.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::LevelFilter;
use traceline::{
    Config,
    config::Clock,
    ids::{IdSource, SpanId, TraceId},
};

use super::program::Wall;

use crate::util::{Capture, WALL};

#[derive(Debug)]
pub struct Rig {
    base: Instant,
    nanos: AtomicU64,
    wall: Mutex<SystemTime>,
    traces: AtomicU8,
    spans: AtomicU8,
    /// What the hooks saw.
    hooked: Mutex<Vec<String>>,
    /// One logger per filter, from off to trace.
    logs: [&'static Capture; 6],
}

thread_local! {
    static RIG: Cell<Option<&'static Rig>> = const { Cell::new(None) };
}

/// The ids that disabled traces make: each time the same.
#[derive(Debug)]
pub struct Made;

pub static MADE: Made = Made;

impl IdSource for Made {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([0xee; 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0xdd; 8])
    }
}

/// Disabled traces have no configuration but that of the process.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let installed = Config::builder().ids(&MADE).install();
        installed.expect("no other test installs one");
    });
}

impl Rig {
    /// The rig of this thread, reset to its initial state.
    pub fn of_thread(wall: Wall) -> &'static Rig {
        install();
        let rig = RIG.get().unwrap_or_else(|| Box::leak(Box::new(Rig::new())));
        RIG.set(Some(rig));
        rig.nanos.store(0, Ordering::Relaxed);
        rig.traces.store(0, Ordering::Relaxed);
        rig.spans.store(0, Ordering::Relaxed);
        *rig.wall.lock().unwrap_or_else(PoisonError::into_inner) = time_of(wall);
        rig.take_hooked();
        for log in rig.logs {
            log.take_lines();
        }
        rig
    }

    fn new() -> Rig {
        Rig {
            base: Instant::now(),
            nanos: AtomicU64::new(0),
            wall: Mutex::new(UNIX_EPOCH),
            traces: AtomicU8::new(0),
            spans: AtomicU8::new(0),
            hooked: Mutex::default(),
            logs: [
                LevelFilter::Off,
                LevelFilter::Error,
                LevelFilter::Warn,
                LevelFilter::Info,
                LevelFilter::Debug,
                LevelFilter::Trace,
            ]
            .map(Capture::up_to),
        }
    }

    /// A logger that accepts levels up to `most`.
    pub fn log(&self, most: LevelFilter) -> &'static Capture {
        self.logs[most as usize]
    }

    pub fn see(&self, told: String) {
        let mut hooked = self.hooked.lock().unwrap_or_else(PoisonError::into_inner);
        hooked.push(told);
    }

    pub fn take_hooked(&self) -> Vec<String> {
        std::mem::take(&mut *self.hooked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// The time at the start of a unit.
pub fn time_of(wall: Wall) -> SystemTime {
    match wall {
        Wall::Now => UNIX_EPOCH + WALL,
        Wall::Before1970 => UNIX_EPOCH - Duration::from_millis(500),
        Wall::LastOfRfc3339 => UNIX_EPOCH + Duration::from_secs(253_402_300_799),
        Wall::Beyond => UNIX_EPOCH + Duration::new(253_402_300_900, 5),
    }
}

/// The n-th id of a transaction; some of the ids consist of digits only.
pub fn trace_id(n: u8) -> [u8; 16] {
    let mut bytes = [0x11_u8.wrapping_mul(n % 15 + 1); 16];
    bytes[15] = n.wrapping_mul(37);
    bytes
}

/// The n-th id of a unit. It is never only of digits, so that all look alike.
pub fn span_id(n: u8) -> [u8; 8] {
    [0xaf, 0xaf, n, n, n, n, n, n]
}

/// Numbers the ids of units in the order in which they are seen: when one is made is
/// nobody's business.
pub fn renumbered<'t>(texts: impl Iterator<Item = &'t mut String>) {
    let mut known: Vec<String> = Vec::new();
    for text in texts {
        let mut from = 0;
        while let Some(at) = text[from..].find("afaf").map(|at| from + at) {
            from = at + 4;
            let Some(digits) = text.get(from..from + 12) else {
                continue;
            };
            let two = &digits[..digits.chars().next().map_or(0, char::len_utf8) * 2];
            if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits == two.repeat(6) {
                let digits = digits.to_owned();
                let number = known.iter().position(|known| *known == digits);
                let number = number.unwrap_or_else(|| {
                    known.push(digits);
                    known.len() - 1
                });
                text.replace_range(from..from + 12, &format!("{number:02x}").repeat(6));
            }
        }
    }
}

impl Clock for Rig {
    fn now(&self) -> Instant {
        self.base + Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        *self.wall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdSource for Rig {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes(trace_id(self.traces.fetch_add(1, Ordering::Relaxed)))
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes(span_id(self.spans.fetch_add(1, Ordering::Relaxed)))
    }
}
