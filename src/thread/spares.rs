//! Spare entries, one short list per thread, so that a unit allocates nothing.
//!
//! An entry remembers the keys of its last unit and recognises them fastest when a
//! unit of the same name follows, so a unit is given the spare that last served its
//! name. Once a thread is ending and its list is gone, entries are allocated and
//! freed like any other box.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;

use crate::base::thread_end;
use crate::config::settings::Settings;
use crate::unit::Entry;
use crate::unit::store::origin::Origin;

/// The length of the longest list. More units than that seldom run on one thread at
/// the same time.
const MAX_SPARES: usize = 16;

/// The number of kinds of unit, told apart by name, that get an entry of their own.
const MIN_KINDS: usize = 8;

struct Spares {
    first: Cell<Option<Box<Entry>>>,
    count: Cell<usize>,
    /// Picks the spare that changes its kind when there are too many kinds.
    turn: Cell<usize>,
}

impl Drop for Spares {
    fn drop(&mut self) {
        thread_end::note();
    }
}

thread_local! {
    static SPARES: Spares = const { Spares { first: Cell::new(None), count: Cell::new(0), turn: Cell::new(0) } };
}

/// Takes a spare entry, or makes one, for a new unit.
#[inline]
pub(crate) fn take(settings: &Arc<Settings>, origin: Origin, start: Instant) -> Box<Entry> {
    let spare = SPARES.try_with(|spares| spares.take(&origin.name));
    let mut entry = match spare.ok().flatten() {
        Some(mut entry) => {
            entry.restart(settings, origin, start);
            entry
        }
        None => fresh(settings, origin, start),
    };
    entry.place_name();
    entry
}

#[cold]
fn fresh(settings: &Arc<Settings>, origin: Origin, start: Instant) -> Box<Entry> {
    Box::new(Entry::new(Arc::clone(settings), origin, start))
}

/// Keeps an entry for the next unit of this thread.
#[inline]
pub(crate) fn give_back(mut entry: Box<Entry>) {
    entry.shrink();
    // If the list is gone or full, the entry is dropped.
    let _ = SPARES.try_with(|spares| spares.put(entry));
}

impl Spares {
    /// Takes the spare that last served a unit of this name, or one that will from now on.
    ///
    /// Two kinds of unit that take turns on a thread get one each: if they share one,
    /// each unit of twelve fields takes 2.8 times as long (`unit/store/fields.rs`).
    #[inline]
    fn take(&self, name: &str) -> Option<Box<Entry>> {
        let first = self.first.take()?;
        if !served(&first, name) {
            return self.take_other(first, name);
        }
        Some(self.unlink(first))
    }

    /// Takes the first spare off the list.
    #[inline]
    fn unlink(&self, mut first: Box<Entry>) -> Box<Entry> {
        self.first.set(first.next.take());
        self.count.set(self.count.get().saturating_sub(1));
        first
    }

    /// Looks through the rest of the list. If no spare served this name, none is
    /// taken while there are few, so that a new entry joins the list. Once there are
    /// many, they change their kind in turn: always taking the oldest would miss
    /// every time when more kinds than spares take turns.
    #[inline(never)]
    fn take_other(&self, first: Box<Entry>, name: &str) -> Option<Box<Entry>> {
        let mut spares = SmallVec::<[Box<Entry>; MAX_SPARES]>::new();
        let mut next = Some(first);
        while let Some(mut entry) = next {
            next = entry.next.take();
            spares.push(entry);
        }
        let served = spares.iter().position(|entry| served(entry, name));
        let at = served.or_else(|| {
            let turn = self.turn.get();
            self.turn.set(turn.wrapping_add(1));
            (spares.len() >= MIN_KINDS).then_some(turn % spares.len().max(1))
        });
        let taken = at.map(|at| spares.remove(at));
        self.count.set(spares.len());
        while let Some(mut entry) = spares.pop() {
            entry.next = self.first.take();
            self.first.set(Some(entry));
        }
        taken
    }

    #[inline]
    fn put(&self, mut entry: Box<Entry>) {
        if self.count.get() < MAX_SPARES {
            entry.next = self.first.take();
            self.first.set(Some(entry));
            self.count.set(self.count.get() + 1);
        }
    }
}

/// Returns whether an entry's last unit had this name; a literal is recognised by its
/// address.
#[inline]
fn served(entry: &Entry, name: &str) -> bool {
    let last: &str = &entry.origin.name;
    std::ptr::eq(last, name) || last == name
}
