//! The hand-over: the only place that builds a `log::Record`.
//!
//! The gate is asked before anything is rendered (`log`'s macros do not ask
//! `enabled`, so who calls `log()` directly must). The record is rendered
//! first and handed over as one finished string, so that no code of the user's
//! runs inside a logger. A logger may panic; what it was given is then lost,
//! the trace and the thread are not.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod end_all;
pub(crate) mod hand_over;
#[cfg(feature = "testing")]
pub(crate) mod tap;
pub(crate) mod finished;

use std::time::Instant;

use log::Level;

use crate::base::catch;
use crate::base::clock::Stamp;
use crate::config::choices::Output;
use crate::config::finished::FinishedUnit;
use crate::config::sampling::Verdict;
use crate::emit::finished::Ended;
use crate::emit::hand_over::{hand_over, would_log};
use crate::encode;
use crate::encode::job::Moment;
use crate::encode::key_values;
use crate::encode::kv_source::Pairs;
use crate::thread::spares;
use crate::unit::Entry;
use crate::unit::store::scratch;
use crate::unit::store::scratch::Scratch;
use crate::value::outcome::Outcome;

/// Ends a unit: its one record, and its entry back to the spares.
#[inline(never)]
pub(crate) fn finish(mut entry: Box<Entry>) {
    write_final(&mut entry);
    spares::give_back(entry);
}

/// Writes the record of a unit that is over.
#[inline]
pub(crate) fn write_final(entry: &mut Entry) {
    if std::thread::panicking() && !entry.was_panicking {
        entry.severity.set_outcome(Outcome::Panic);
    }
    // A part has no record. Of a thread that ends, a logger that uses
    // thread-locals may abort the process now.
    if entry.parts.is_part() || spares::thread_is_ending() {
        return;
    }
    entry.drop_held();
    // Nothing in there is known to panic; if something did, a second panic in a
    // destructor would abort the process.
    let _ = catch::call(|| write(entry, None));
}

/// Writes a record of a unit that goes on.
pub(crate) fn checkpoint(entry: &mut Entry) {
    if entry.parts.is_part() {
        return;
    }
    entry.seq = entry.seq.saturating_add(1);
    if entry.fragments.has_held() && entry.severity.level() > Level::Warn {
        if entry.settings.sampling.is_some() {
            // Serialized here, or the copy would have ids of its own.
            entry.make_ids();
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
    let ids = entry.make_ids();
    let Some(sampling) = &entry.settings.sampling else {
        return Verdict::Keep;
    };
    let unit = Ended { entry, moment };
    let verdict = sampling.decide(&FinishedUnit::new(&unit), ids.trace_id, ids.caller_sampled);
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
    let name = key_values::gather(entry, moment, scratch);
    let pairs = Pairs {
        settings: &entry.settings,
        pairs: &scratch.pairs,
        arena: entry.arena.buffer(),
        line: &scratch.line,
    };
    let name = scratch::text_at(entry.arena.buffer(), name);
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
        log_record: None,
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
    let last = entry.as_final(now);
    let entry = last.as_deref().unwrap_or(entry);
    let len = encode::encode(entry, &moment(entry, now, None), &mut scratch);
    String::from_utf8_lossy(scratch.line.get(..len).unwrap_or_default()).into_owned()
}
