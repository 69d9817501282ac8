//! The hand-over: the only place that builds a `log::Record`.
//!
//! The logger's `enabled` is called before anything is encoded, so a record that the
//! logger rejects costs no encoding. The record is encoded first and handed over as
//! one finished string, so that no user code runs inside a logger. If a logger
//! panics, its record is lost, but not the trace or the thread.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod end_all;
pub(crate) mod hand_over;
#[cfg(feature = "testing")]
mod tap;
mod finished;

use std::time::Instant;

use log::Level;

use crate::base::catch;
use crate::base::clock::Stamp;
use crate::base::thread_end;
use crate::config::choices::Output;
use crate::config::sampling::Verdict;
use crate::emit::finished::finished;
use crate::emit::hand_over::{hand_over, would_log};
use crate::encode;
use crate::encode::job::Moment;
use crate::encode::key_values;
use crate::thread::{parts, spares};
use crate::unit::Entry;
use crate::unit::store::scratch::Scratch;

/// Ends a unit: emits its one record, and gives its entry back to the spares.
#[inline(never)]
pub(crate) fn finish(mut entry: Box<Entry>) {
    if entry.is_part() {
        return parts::come_home(entry);
    }
    write_final(&mut entry, true);
    spares::give_back(entry);
}

/// Ends a unit without a record.
pub(crate) fn discard(mut entry: Box<Entry>) {
    match entry.home.take() {
        Some(home) => home.uncount_part(),
        None => {
            if let Some(hub) = entry.hub.get() {
                hub.discard();
            }
            entry.close_hub(false);
        }
    }
    spares::give_back(entry);
}

/// Writes the record of a unit whose trace still exists, and ends it. `others_go_on` unless
/// the process ends.
pub(crate) fn end_now(entry: &mut Entry, others_go_on: bool) {
    if entry.is_part() {
        return;
    }
    write_final(entry, others_go_on);
    entry.ended = true;
}

/// Writes the record of a unit that is over.
#[inline]
fn write_final(entry: &mut Entry, others_go_on: bool) {
    // Before its parts add anything: it is this unit's own end that counts.
    entry.severity.end();
    let is_discarded = entry.close_hub(others_go_on);
    // On a thread that ends, a logger that uses thread-locals may abort the process.
    if is_discarded || thread_end::has_begun() {
        return;
    }
    entry.drop_held();
    // Nothing in there is known to panic, but this may run in a destructor during
    // a panic, where a second one would abort the process.
    let _ = catch::call(|| write(entry, None));
}

/// Writes a partial record of a unit that goes on.
pub(crate) fn checkpoint(entry: &mut Entry) {
    if entry.is_part() {
        return;
    }
    entry.catch_up();
    entry.share_ids(false);
    entry.seq = entry.seq.saturating_add(1);
    if entry.fragments.has_held() && entry.severity.level() > Level::Warn {
        if entry.settings.sampling.is_some() {
            // Made here, or the copy would have ids of its own.
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
        Output::Line => {
            let text = encode::encode(entry, &moment, &mut scratch);
            hand_over(entry, &moment, text, None);
        }
        Output::KeyValues => write_pairs(entry, &moment, &mut scratch),
    }
    entry.scratch = scratch;
}

/// Decides whether sampling keeps the record of a unit, and counts the decision.
fn sample(entry: &mut Entry, moment: &Moment) -> Verdict {
    let ids = entry.make_ids();
    let Some(sampling) = &entry.settings.sampling else {
        return Verdict::Keep;
    };
    let unit = finished(entry, moment);
    let verdict = sampling.decide(&unit, ids.trace_id, ids.caller_sampled);
    if moment.partial.is_none() {
        entry.settings.counts.add(verdict);
    }
    verdict
}

#[inline(never)]
fn write_pairs(entry: &Entry, moment: &Moment, scratch: &mut Scratch) {
    let (name, pairs) = key_values::gather(entry, moment, scratch);
    hand_over(entry, moment, name, Some(&pairs));
}

#[inline]
fn moment(entry: &Entry, now: Instant, partial: Option<u32>) -> Moment<'static> {
    let nanos = entry.nanos_at(now);
    Moment {
        stamp: entry.wall.map(|start| later(start, nanos)),
        outcome: entry.severity.outcome(),
        duration_nanos: nanos,
        partial,
        ..Moment::new(entry.severity.level())
    }
}

/// Returns the wall clock now: the one reading at the start, moved by the monotonic clock.
fn later(start: Stamp, nanos: u64) -> Stamp {
    let total = u64::from(start.nanos).saturating_add(nanos);
    Stamp {
        secs: start.secs.saturating_add((total / 1_000_000_000) as i64),
        nanos: (total % 1_000_000_000) as u32,
    }
}

/// Returns the text of the record as it would be now.
pub(crate) fn render(entry: &Entry) -> String {
    let now = entry.now();
    let last = entry.as_final(now);
    let entry = last.as_deref().unwrap_or(entry);
    encode::to_string(entry, &moment(entry, now, None))
}
