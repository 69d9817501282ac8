use std::cell::Cell;

use log::{Level, Log, Metadata, Record};

use crate::base::catch;
use crate::config::finished::FinishedUnit;
use crate::config::settings::{Hook, Settings};
use crate::emit::finished::Ended;
#[cfg(feature = "testing")]
use crate::emit::tap;
use crate::encode::job::Moment;
use crate::encode::kv_source::Pairs;
use crate::unit::Entry;

/// Whether a record of this level and target would be logged.
#[inline]
pub(crate) fn would_log(settings: &Settings, level: Level, target: &str) -> bool {
    let by_facade =
        settings.logger.is_some() || (level <= log::STATIC_MAX_LEVEL && level <= log::max_level());
    by_facade && is_enabled(settings.logger(), level, target)
}

/// A logger may panic here too.
#[inline]
fn is_enabled(logger: &dyn Log, level: Level, target: &str) -> bool {
    let metadata = Metadata::builder().level(level).target(target).build();
    let before = HAND_OVER.replace(HandOver::Asking);
    let enabled = catch::call(|| logger.enabled(&metadata)).unwrap_or(false);
    HAND_OVER.set(before);
    enabled
}

/// What this thread asks of a logger for a unit, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandOver {
    None,
    /// Whether it would take a record.
    Asking,
    /// To take the record of a unit that started here.
    Record(Own),
    /// To take an ordinary record, from a bridge.
    LogRecord,
}

/// What a record keeps of its unit where a logger builds another one from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    file: usize,
    line: Option<u32>,
    level: Level,
}

impl Own {
    fn new(record: &Record<'_>) -> Own {
        Own {
            file: record.file().map_or(0, |file| file.as_ptr().addr()),
            line: record.line(),
            level: record.level(),
        }
    }
}

thread_local! {
    static HAND_OVER: Cell<HandOver> = const { Cell::new(HandOver::None) };
}

/// Whether a record is the one of a unit that ends.
#[inline]
pub(crate) fn is_own_record(record: &Record<'_>) -> bool {
    match HAND_OVER.get() {
        HandOver::Record(own) => own == Own::new(record),
        _ => false,
    }
}

/// Whether `enabled` is asked on behalf of a unit.
pub(crate) fn is_asking() -> bool {
    HAND_OVER.get() == HandOver::Asking
}

/// Whether this thread is inside a logger, as far as is known here.
pub(crate) fn is_handing_over() -> bool {
    matches!(HAND_OVER.get(), HandOver::Record(_) | HandOver::LogRecord)
}

/// Runs a logger on an ordinary record, for the panic hook to know.
pub(crate) fn log_record(log: impl FnOnce()) {
    /// Ends with the call, by a panic too.
    struct Restore(HandOver);
    impl Drop for Restore {
        fn drop(&mut self) {
            HAND_OVER.set(self.0);
        }
    }
    let _restore = Restore(HAND_OVER.replace(HandOver::LogRecord));
    log();
}

thread_local! {
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Hands the record over, inside the hook if there is one.
#[inline]
pub(crate) fn hand_over(entry: &Entry, moment: &Moment, text: &str, pairs: Option<&Pairs<'_>>) {
    #[cfg(feature = "testing")]
    tap::tap(entry, moment, text);
    match &entry.settings.on_emit {
        None => build(entry, moment.level, text, pairs),
        Some(hook) => hooked(entry, moment, hook, || {
            build(entry, moment.level, text, pairs);
        }),
    }
}

/// Once, whatever the hook does. A unit that ends inside a hook goes past it:
/// one that emits a unit each time would never end.
#[cold]
fn hooked(entry: &Entry, moment: &Moment, hook: &Hook, emit: impl FnOnce()) {
    let mut emit = Some(emit);
    let mut once = || emit.take().into_iter().for_each(|emit| emit());
    if !IN_HOOK.replace(true) {
        let unit = Ended { entry, moment };
        let _ = catch::call(|| hook(&FinishedUnit::new(&unit), &mut once));
        IN_HOOK.set(false);
    }
    once();
}

/// Builds the record.
#[inline]
fn build(entry: &Entry, level: Level, text: &str, pairs: Option<&Pairs<'_>>) {
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
    call(entry.settings.logger(), &record.args(args).build());
}

/// Calls the logger, which may come back here with units of its own.
#[inline]
fn call(logger: &dyn Log, record: &Record<'_>) {
    let before = HAND_OVER.replace(HandOver::Record(Own::new(record)));
    let _ = catch::call(|| logger.log(record));
    HAND_OVER.set(before);
}
