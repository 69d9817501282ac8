//! Spare entries, one short list a thread, so that a unit allocates nothing.
//!
//! The list has a destructor (it owns memory) but never emits anything. Once it
//! is gone, a thread that ends, entries are allocated and freed like any other
//! box.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use crate::config::Settings;
use crate::entry::{Entry, Origin};

/// Units of one thread that run at the same time, and kinds of unit that take
/// turns on it, seldom are more.
const MOST: usize = 8;

struct Spares {
    first: Cell<Option<Box<Entry>>>,
    count: Cell<usize>,
}

thread_local! {
    static SPARES: Spares = const { Spares { first: Cell::new(None), count: Cell::new(0) } };
}

/// Takes a spare entry, or makes one, for a new unit.
#[inline]
pub(crate) fn take(settings: &Arc<Settings>, origin: Origin, start: Instant) -> Box<Entry> {
    let mut entry = spare_or_new(settings, origin, start);
    entry.place_name();
    entry
}

#[inline]
fn spare_or_new(settings: &Arc<Settings>, origin: Origin, start: Instant) -> Box<Entry> {
    let spare = SPARES
        .try_with(|spares| spares.take(&origin.name))
        .ok()
        .flatten();
    match spare {
        Some(mut entry) => {
            entry.restart(settings, origin, start);
            entry
        }
        None => fresh(settings, origin, start),
    }
}

#[cold]
fn fresh(settings: &Arc<Settings>, origin: Origin, start: Instant) -> Box<Entry> {
    Box::new(Entry::new(Arc::clone(settings), origin, start))
}

/// Keeps an entry for the next unit of this thread.
#[inline]
pub(crate) fn give_back(mut entry: Box<Entry>) {
    entry.shrink();
    let mut entry = Some(entry);
    // Where the list is gone or full, the entry is dropped here.
    let _ = SPARES.try_with(|spares| spares.put(&mut entry));
}

/// Whether this thread has begun to end: its list of spares is gone.
#[inline]
pub(crate) fn thread_is_ending() -> bool {
    SPARES.try_with(|_| ()).is_err()
}

impl Spares {
    /// The spare that last served a unit of this name, or else any.
    ///
    /// An entry remembers the keys of its last unit (`entry/fields.rs`), so two
    /// kinds of unit that take turns on a thread are better off with one each.
    #[inline]
    fn take(&self, name: &Cow<'static, str>) -> Option<Box<Entry>> {
        let mut first = self.first.take()?;
        if first.next.is_none() || served(&first, name) {
            self.first.set(first.next.take());
        } else {
            first = self.take_later(first, name);
        }
        self.count.set(self.count.get().saturating_sub(1));
        Some(first)
    }

    /// Looks through the rest of the list.
    fn take_later(&self, mut first: Box<Entry>, name: &Cow<'static, str>) -> Box<Entry> {
        let mut link = &mut first.next;
        while link.as_ref().is_some_and(|entry| !served(entry, name)) {
            match link {
                Some(entry) => link = &mut entry.next,
                None => break,
            }
        }
        match link.take() {
            Some(mut found) => {
                *link = found.next.take();
                self.first.set(Some(first));
                found
            }
            None => {
                self.first.set(first.next.take());
                first
            }
        }
    }

    #[inline]
    fn put(&self, entry: &mut Option<Box<Entry>>) {
        if self.count.get() < MOST
            && let Some(mut entry) = entry.take()
        {
            entry.next = self.first.take();
            self.first.set(Some(entry));
            self.count.set(self.count.get() + 1);
        }
    }
}

/// Whether an entry's last unit had this very name.
#[inline]
fn served(entry: &Entry, name: &Cow<'static, str>) -> bool {
    match (&entry.origin.name, name) {
        (Cow::Borrowed(last), Cow::Borrowed(name)) => std::ptr::eq(*last, *name),
        (last, name) => last == name,
    }
}
