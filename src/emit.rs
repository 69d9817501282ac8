//! The hand-over: the only place that builds a `log::Record`.
//!
//! The gate is asked before anything is rendered (`log`'s macros do not ask
//! `enabled`, so who calls `log()` directly must). The record is rendered
//! first and handed over as one finished string, so that no code of the user's
//! runs inside a logger. A logger may panic; what it was given is then lost,
//! the trace and the thread are not.

use std::cell::Cell;
use std::time::Instant;

use log::{Level, Log, Metadata, Record};

use crate::clock::Stamp;
use crate::config::{Hook, Output, Settings};
use crate::encode::{self, Moment, Pairs};
use crate::ended::Ended;
use crate::entry::{Entry, Scratch};
use crate::finished::Entry as Unit;
use crate::guard;
use crate::outcome::Outcome;
use crate::pool;
use crate::sampling::Verdict;

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
    let enabled = guard::run(|| logger.enabled(&metadata)).unwrap_or(false);
    HAND_OVER.set(before);
    enabled
}

/// Ends a unit: its one record, and its entry back to the spares.
#[inline(never)]
pub(crate) fn finish(mut entry: Box<Entry>) {
    write_last(&mut entry);
    pool::give_back(entry);
}

/// Writes the record of a unit that is over.
#[inline]
pub(crate) fn write_last(entry: &mut Entry) {
    if std::thread::panicking() && !entry.was_panicking {
        entry.severity.set_outcome(Outcome::Panic);
    }
    // A part has no record. Of a thread that ends, a logger that uses
    // thread-locals may abort the process now.
    if entry.parts.is_part() || pool::thread_is_ending() {
        return;
    }
    entry.drop_held();
    // Nothing in there is known to panic; if something did, a second panic in a
    // destructor would abort the process.
    let _ = guard::run(|| write(entry, None));
}

/// Writes a record of a unit that goes on.
pub(crate) fn checkpoint(entry: &mut Entry) {
    if entry.parts.is_part() {
        return;
    }
    entry.seq = entry.seq.saturating_add(1);
    if entry.has_held && entry.severity.level() > Level::Warn {
        if entry.settings.sampling.is_some() {
            // Made here, or the copy would have ids of its own.
            entry.transaction();
        }
        let mut copy = entry.clone();
        copy.drop_held();
        return write(&mut copy, Some(entry.seq));
    }
    write(entry, Some(entry.seq));
}

/// Writes a record, if it is severe enough for the logger and sampling keeps it.
#[inline]
fn write(entry: &mut Entry, partial: Option<u32>) {
    let level = entry.severity.level();
    if !would_log(&entry.settings, level, &entry.origin.target) {
        return;
    }
    let now = entry.now();
    if partial.is_none() {
        entry.close_laps(now);
    }
    let mut moment = moment(entry, now, partial);
    if entry.settings.sampling.is_some() {
        match sample(entry, &moment) {
            Verdict::Drop => return,
            Verdict::Keep => {}
            Verdict::KeepFor(units) => moment.sample_rate = Some(units).filter(|units| *units != 1),
        }
    }
    let mut scratch = std::mem::take(&mut entry.scratch);
    match entry.settings.output {
        Output::Line => write_line(entry, &moment, &mut scratch),
        Output::KeyValues => write_pairs(entry, &moment, &mut scratch),
    }
    entry.scratch = scratch;
}

/// Decides whether a unit gets its record, and counts that.
fn sample(entry: &mut Entry, moment: &Moment) -> Verdict {
    let ids = entry.transaction();
    let Some(sampling) = &entry.settings.sampling else {
        return Verdict::Keep;
    };
    let unit = Ended { entry, moment };
    let verdict = sampling.decide(&Unit::new(&unit), ids.trace_id, ids.caller_sampled);
    if moment.partial.is_none() {
        entry.settings.counts.add(verdict);
    }
    verdict
}

#[inline]
fn write_line(entry: &Entry, moment: &Moment, scratch: &mut Scratch) {
    let len = encode::encode(entry, moment, scratch);
    let line = scratch.line.get(..len).unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(text) => hand_over(entry, moment, text, None),
        // No path leads here; if one did, a damaged record is better than none.
        Err(_) => hand_over(entry, moment, &String::from_utf8_lossy(line), None),
    }
}

#[inline(never)]
fn write_pairs(entry: &Entry, moment: &Moment, scratch: &mut Scratch) {
    let name = encode::gather(entry, moment, scratch);
    let pairs = Pairs {
        settings: &entry.settings,
        pairs: &scratch.pairs,
        arena: entry.arena.buffer(),
        line: &scratch.line,
    };
    let name = encode::piece(entry.arena.buffer(), name);
    hand_over(entry, moment, name, Some(&pairs));
}

#[inline]
fn moment(entry: &Entry, now: Instant, partial: Option<u32>) -> Moment<'static> {
    let nanos = entry.nanos_at(now);
    Moment {
        stamp: entry.wall.map(|start| later(start, nanos)),
        level: entry.severity.level(),
        outcome: entry.severity.outcome(),
        duration_nanos: nanos,
        partial,
        ordinary: None,
        sample_rate: None,
    }
}

/// The wall clock now: the one reading at the start, moved by the monotonic clock.
fn later(start: Stamp, nanos: u64) -> Stamp {
    let total = u64::from(start.nanos).saturating_add(nanos);
    Stamp {
        secs: start.secs.saturating_add((total / 1_000_000_000) as i64),
        nanos: (total % 1_000_000_000) as u32,
    }
}

/// The text of the record as it would be now.
pub(crate) fn render(entry: &Entry) -> String {
    let mut scratch = Scratch::default();
    let now = entry.now();
    let last = entry.as_last(now);
    let entry = last.as_deref().unwrap_or(entry);
    let len = encode::encode(entry, &moment(entry, now, None), &mut scratch);
    String::from_utf8_lossy(scratch.line.get(..len).unwrap_or_default()).into_owned()
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
    Ordinary,
}

/// What a record keeps of its unit where a logger builds another one from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    file: usize,
    line: Option<u32>,
    level: Level,
}

impl Own {
    fn of(record: &Record<'_>) -> Own {
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
        HandOver::Record(own) => own == Own::of(record),
        _ => false,
    }
}

/// Whether `enabled` is asked on behalf of a unit.
pub(crate) fn is_asking() -> bool {
    HAND_OVER.get() == HandOver::Asking
}

/// Whether this thread is inside a logger, as far as is known here.
pub(crate) fn is_handing_over() -> bool {
    matches!(HAND_OVER.get(), HandOver::Record(_) | HandOver::Ordinary)
}

/// Runs a logger on an ordinary record, for the panic hook to know.
pub(crate) fn ordinary(log: impl FnOnce()) {
    /// Ends with the call, by a panic too.
    struct Restore(HandOver);
    impl Drop for Restore {
        fn drop(&mut self) {
            HAND_OVER.set(self.0);
        }
    }
    let _restore = Restore(HAND_OVER.replace(HandOver::Ordinary));
    log();
}

thread_local! {
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Hands the record over, inside the hook if there is one.
#[inline]
fn hand_over(entry: &Entry, moment: &Moment, text: &str, pairs: Option<&Pairs<'_>>) {
    #[cfg(feature = "testing")]
    tap(entry, moment, text);
    match &entry.settings.on_emit {
        None => build(entry, moment.level, text, pairs),
        Some(hook) => hooked(entry, moment, hook, || {
            build(entry, moment.level, text, pairs);
        }),
    }
}

/// Keeps the record for a test.
#[cfg(feature = "testing")]
fn tap(entry: &Entry, moment: &Moment<'_>, text: &str) {
    if let Some(tap) = &entry.settings.tap {
        tap(
            &Unit::new(&Ended { entry, moment }),
            text,
            normalized(entry, moment),
        );
    }
}

/// The text of a record without what changes from run to run.
#[cfg(feature = "testing")]
fn normalized(entry: &Entry, moment: &Moment<'_>) -> String {
    let mut copy = entry.clone();
    copy.normalize();
    let moment = Moment {
        stamp: moment.stamp.map(|_| Stamp { secs: 0, nanos: 0 }),
        duration_nanos: 0,
        ..*moment
    };
    let mut scratch = Scratch::default();
    let len = encode::encode(&copy, &moment, &mut scratch);
    String::from_utf8_lossy(scratch.line.get(..len).unwrap_or_default()).into_owned()
}

/// Once, whatever the hook does. A unit that ends inside a hook goes past it:
/// one that emits a unit each time would never end.
#[cold]
fn hooked(entry: &Entry, moment: &Moment, hook: &Hook, emit: impl FnOnce()) {
    let mut emit = Some(emit);
    let mut once = || emit.take().into_iter().for_each(|emit| emit());
    if !IN_HOOK.replace(true) {
        let unit = Ended { entry, moment };
        let _ = guard::run(|| hook(&Unit::new(&unit), &mut once));
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
    let before = HAND_OVER.replace(HandOver::Record(Own::of(record)));
    let _ = guard::run(|| logger.log(record));
    HAND_OVER.set(before);
}
