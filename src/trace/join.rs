//! Parts: what several threads collect for one unit, without a lock.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::emit;
use crate::thread::{parts, spares};
use crate::trace::Trace;
use crate::unit::Entry;
use crate::unit::forwarded::Forwarded;

/// Collects what one thread contributes to a unit, and joins the unit when it is
/// dropped; made by [`Trace::part`].
///
/// A part dereferences to a [`Trace`], so you can pass it to any function that
/// takes a `&mut Trace`, and it takes no lock. Its times count from the start of
/// the unit. It emits no record of its own: whichever thread drops it, even in a
/// panic, its data is in the record of the unit.
///
/// [`Trace::join`] merges a part at once. A part that is dropped is merged before the next
/// call on its unit, and at the end of the unit at the latest, so the later write of a
/// field wins.
///
/// Parts that are still out when the unit ends, and those that were forgotten, are
/// counted in the record as `lost_parts`. What they bring back later is lost, and counted
/// by [`current::late_parts`](crate::current::late_parts).
///
/// [`render`](Trace::render) returns a preview of a part, under the name `part` and
/// without `ts`.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::start!("index");
/// let mut parts: Vec<_> = (0..4).map(|_| trace.part()).collect();
/// std::thread::scope(|scope| {
///     for (part, file) in parts.iter_mut().zip(["a", "b", "c", "d"]) {
///         scope.spawn(move || {
///             traceline::add!(part, "indexing {file}");
///             part.incr("files").sum("words", 1_000);
///         });
///     }
/// });
/// drop(parts); // files=4 words=4000
/// ```
#[derive(Debug)]
#[must_use = "a part that is dropped at once has collected nothing"]
pub struct Part(Trace);

impl Part {
    pub(super) fn new(trace: Trace) -> Part {
        Part(trace)
    }

    /// Returns the trace, which joins its unit when it is dropped.
    #[cfg(feature = "future")]
    pub(crate) fn into_trace(self) -> Trace {
        self.0
    }
}

impl Deref for Part {
    type Target = Trace;

    #[inline]
    fn deref(&self) -> &Trace {
        &self.0
    }
}

impl DerefMut for Part {
    #[inline]
    fn deref_mut(&mut self) -> &mut Trace {
        &mut self.0
    }
}

impl Trace {
    /// Returns a part of this unit for another thread. A part of a disabled trace is
    /// disabled too.
    ///
    /// This takes `&self`, so that each thread can make its own. A part can have
    /// parts. It has the ids of the unit: whichever of them needs ids first makes them.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("index");
    /// let mut part = trace.part();
    /// let worker = std::thread::spawn(move || {
    ///     part.add("hashing").incr("files");
    ///     part
    /// });
    /// trace.join(worker.join().unwrap()); // files=1 fragments="[4, 0.081ms] hashing"
    /// # assert!(trace.render().contains(" files=1 fragments="));
    /// ```
    pub fn part(&self) -> Part {
        match self.hub() {
            Some(hub) => Part::new(Trace::from_entry(Some(parts::take(&hub)))),
            None => Part::new(Trace::passing_on(self.forwarded(Forwarded::clone))),
        }
    }

    /// Merges a part into this unit at once.
    ///
    /// A part that is dropped joins its unit, too. If the part belongs to another unit, it
    /// is in the record of this one, and that other unit counts it in `lost_parts`.
    ///
    /// Counters, sums and timers add up, and the larger of two maxima is kept.
    /// Other fields are set as with [`set`](Trace::set). Fragments are sorted by
    /// time. An error in the part makes the outcome of the unit an error, and
    /// whatever raised the level of the part raises that of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("index");
    /// trace.sum("files", 3).max("largest", 200);
    /// let mut part = trace.part();
    /// part.sum("files", 4).max("largest", 150);
    /// trace.join(part);
    /// assert!(trace.render().ends_with(" files=7 largest=200"));
    /// ```
    pub fn join(&mut self, mut part: Part) -> &mut Self {
        // A part joins its unit anyway. If `part` holds a `Trace` that was swapped in
        // through `DerefMut`, that is a unit of its own, which writes its record.
        if let Some(entry) = part.0.take_entry() {
            match entry.is_part() {
                true => self.join_entry(entry),
                false => emit::finish(entry),
            }
        }
        self
    }

    /// Merges a part here, even one of another unit; gives it to its own unit if this trace
    /// collects nothing.
    fn join_entry(&mut self, part: Box<Entry>) {
        let mut part = Some(part);
        let merged = self.with_entry(|entry| {
            // What was dropped before comes first.
            entry.catch_up();
            let mut part = part.take()?;
            part.catch_up();
            part.close_laps(part.now());
            let home = part.home.take();
            let is_own = home
                .as_ref()
                .is_some_and(|home| Arc::ptr_eq(home, entry.home_or_hub()));
            if let Some(home) = home.filter(|_| is_own) {
                home.uncount_part();
            }
            Some(entry.merge(part, is_own))
        });
        if let Some(free) = merged.flatten() {
            spares::give_back(free);
        }
        if let Some(part) = part {
            parts::come_home(part);
        }
    }
}
