//! Hands one finished record to one logger, which is foreign code: it may panic,
//! log, end units of its own, or build another record from ours.
//!
//! While a logger runs, this thread notes why it was called, so that a bridge or the
//! panic hook that is called from inside knows whose record it sees.

use std::cell::Cell;
use std::panic::Location;

use log::{Level, Metadata, Record};

use crate::base::{catch, thread_end};
use crate::config::settings::{Hook, Settings};
use crate::emit::finished::finished;
#[cfg(feature = "testing")]
use crate::emit::tap;
use crate::encode::job::Moment;
use crate::encode::kv_source::Pairs;
use crate::unit::Entry;

/// Returns whether a record of this level and target would be logged.
#[inline]
pub(crate) fn would_log(settings: &Settings, level: Level, target: &str) -> bool {
    let by_facade =
        settings.logger.is_some() || (level <= log::STATIC_MAX_LEVEL && level <= log::max_level());
    let metadata = Metadata::builder().level(level).target(target).build();
    let ask = || settings.logger().enabled(&metadata);
    // A logger may panic here too.
    by_facade && catch::call(|| during(HandOver::Asking, ask)).unwrap_or(false)
}

/// Why this thread is inside a logger, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandOver {
    None,
    /// To learn whether it would take the record of a unit.
    Asking,
    /// To hand it the record of a unit that started here.
    Record(Fingerprint),
    /// To hand it the record of an ordinary log call, from a bridge.
    LogRecord,
}

/// The parts of a record that survive when a logger builds another record from it,
/// and by which that copy is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint {
    file: usize,
    line: Option<u32>,
    level: Level,
}

impl Fingerprint {
    fn new(record: &Record<'_>) -> Fingerprint {
        Fingerprint {
            file: record.file().map_or(0, |file| file.as_ptr().addr()),
            line: record.line(),
            level: record.level(),
        }
    }
}

thread_local! {
    static HAND_OVER: Cell<HandOver> = const { Cell::new(HandOver::None) };
}

/// Returns whether a record is the one that is being handed over for a unit.
#[inline]
pub(crate) fn is_own_record(record: &Record<'_>) -> bool {
    matches!(HAND_OVER.get(), HandOver::Record(own) if own == Fingerprint::new(record))
}

/// Returns whether a logger's `enabled` is being called on behalf of a unit.
pub(crate) fn is_asking() -> bool {
    HAND_OVER.get() == HandOver::Asking
}

/// Returns whether this thread is inside a logger, as far as is known here.
pub(crate) fn is_handing_over() -> bool {
    matches!(HAND_OVER.get(), HandOver::Record(_) | HandOver::LogRecord)
}

/// Runs a logger on the record of an ordinary log call, and lets the panic hook
/// know.
pub(crate) fn log_record(log: impl FnOnce()) {
    during(HandOver::LogRecord, log);
}

/// Calls a logger, and notes why until the call ends, even by a panic.
#[inline]
fn during<R>(state: HandOver, call: impl FnOnce() -> R) -> R {
    struct Restore(HandOver);
    impl Drop for Restore {
        #[inline]
        fn drop(&mut self) {
            HAND_OVER.set(self.0);
        }
    }
    let _restore = Restore(HAND_OVER.replace(state));
    call()
}

thread_local! {
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Hands the record over, inside the hook if there is one.
#[inline]
pub(super) fn hand_over(entry: &Entry, moment: &Moment, text: &str, pairs: Option<&Pairs<'_>>) {
    #[cfg(feature = "testing")]
    tap::tap(entry, moment, text);
    let emit = || log(entry, moment.level, text, pairs);
    match &entry.settings.on_emit {
        None => emit(),
        Some(hook) => hooked(entry, moment, hook, emit),
    }
}

/// Emits once, whatever the hook does. A unit that ends inside a hook bypasses it:
/// a hook that emits a unit of its own would never end otherwise.
#[cold]
fn hooked(entry: &Entry, moment: &Moment, hook: &Hook, emit: impl FnOnce()) {
    let mut emit = Some(emit);
    let mut once = || emit.take().into_iter().for_each(|emit| emit());
    if !IN_HOOK.replace(true) {
        let unit = finished(entry, moment);
        let _ = catch::call(|| hook(&unit, &mut once));
        IN_HOOK.set(false);
    }
    once();
}

/// Returns whether this thread can call a logger that nobody expects to be called: it is not
/// inside a logger, a hook or a panic, and does not end.
pub(crate) fn may_warn() -> bool {
    let is_inside = HAND_OVER.get() != HandOver::None || IN_HOOK.get();
    !is_inside && !std::thread::panicking() && !thread_end::has_begun()
}

/// Hands over a warning of the library itself, as a call of `log::warn!` would.
pub(crate) fn warn(settings: &Settings, place: Option<&'static Location<'static>>, text: &str) {
    let args = format_args!("{text}");
    let mut record = Record::builder();
    record
        .level(Level::Warn)
        .target(&settings.target)
        .file_static(place.map(Location::file))
        .line(place.map(Location::line));
    let record = record.args(args).build();
    let _ = catch::call(|| log_record(|| settings.logger().log(&record)));
    thread_end::watch();
}

/// Builds the record and calls the logger, which may come back here with units of
/// its own.
#[inline]
fn log(entry: &Entry, level: Level, text: &str, pairs: Option<&Pairs<'_>>) {
    let origin = &entry.origin;
    let args = format_args!("{text}");
    let mut record = Record::builder();
    record
        .level(level)
        .target(&origin.target)
        .module_path_static(origin.module)
        .file_static(Some(origin.location.file()))
        .line(Some(origin.location.line()));
    if let Some(pairs) = pairs {
        record.key_values(pairs);
    }
    let record = record.args(args).build();
    let call = || entry.settings.logger().log(&record);
    let _ = catch::call(|| during(HandOver::Record(Fingerprint::new(&record)), call));
    thread_end::watch();
}
