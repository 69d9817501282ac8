use std::ops::{Deref, DerefMut};

use crate::thread::spares;
use crate::trace::Trace;

/// What one thread gathers of a unit; made by [`Trace::part`], merged by
/// [`Trace::join`].
///
/// A part is a [`Trace`] of its own, so every function that takes
/// `&mut Trace` serves it, and no lock is taken. Its times count from the start
/// of the unit. It emits nothing: a part that is dropped without being joined
/// is counted in the record of the unit as `lost_parts`, with its own parts as one. What
/// [`render`](Trace::render) returns of it is for a look only: the name is `part`,
/// and there is no `ts`.
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
/// for part in parts {
///     trace.join(part);
/// } // files=4 words=4000
/// ```
#[derive(Debug)]
#[must_use = "give it to `Trace::join`; otherwise it counts as lost"]
pub struct Part(Trace);

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
    /// Returns a part of this unit for another thread; disabled if the trace is.
    ///
    /// Takes `&self`, so that many threads may make their own. Parts may have
    /// parts. A part has the ids that its unit has by then: ask the unit for
    /// [`traceparent`](Trace::traceparent) first where parts make calls to other
    /// services, or each makes ids of its own.
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
        let mut part = Trace::from_entry(self.look(spares::take_part));
        // A disabled one passes on what its unit was given.
        part.put_forwarded(self.passed().cloned().map(Box::new));
        Part(part)
    }

    /// Merges a part: counters and timers add up, maxima compare, other fields
    /// are set as by [`set`](Trace::set), fragments stand by their times. An
    /// error in the part makes the outcome an error, and what raised its level
    /// raises that of the unit.
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
        // Of a `Trace` that took the part's place, the record is written: it is
        // dropped as it is.
        if part.entry_mut().is_some_and(|entry| entry.parts.is_part())
            && let Some(entry) = self.entry_mut()
            && let Some(part) = part.0.take_entry()
        {
            spares::give_back(entry.merge(part));
        }
        self
    }
}
