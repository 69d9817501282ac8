//! Tells apart the unwindings of a thread: a unit panicked if it ends during one that
//! began after the unit did.
//!
//! `std::thread::panicking` is a single bit. In a destructor that runs during a panic, it
//! is set whether or not the destructor's own code panics as well, and in a unit that
//! came from another thread it says nothing about which began first. So unwindings are
//! numbered, in one order for all threads, as they are noticed: by the panic hook, by a
//! closure that does not return, and by a unit that begins during one.

use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The number of the latest unwinding of any thread. Written only during panics, so that
/// threads which read it for each unit do not wait for one another.
static LATEST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The number of the latest unwinding of this thread; 0 if none has been noticed since
    /// the thread was last seen not to unwind.
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}

/// Gives a new number to the unwinding that this thread is in.
#[cold]
pub(crate) fn notice() {
    CURRENT.set(LATEST.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
}

/// Returns the number of the unwinding that this thread is in, and 0 if it is in none.
#[inline]
pub(crate) fn current() -> u64 {
    if !thread::panicking() {
        CURRENT.set(0);
        return 0;
    }
    if CURRENT.get() == 0 {
        notice();
    }
    CURRENT.get()
}

/// Does the same without looking at the thread.
#[inline]
pub(crate) fn last_noticed() -> u64 {
    CURRENT.get()
}

/// Runs `work`, and notices a panic that leaves it.
#[inline]
pub(crate) fn watch<R>(work: impl FnOnce() -> R) -> R {
    let leaves = Leaves(current());
    let result = work();
    // Every panic since then has been caught.
    CURRENT.set(leaves.0);
    mem::forget(leaves);
    result
}

/// Dropped only by a panic.
struct Leaves(u64);

impl Drop for Leaves {
    fn drop(&mut self) {
        // Unless the panic hook has noticed it already.
        if CURRENT.get() == self.0 {
            notice();
        }
    }
}

/// A point in the order of unwindings: where a unit began, as a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanicMark(u64);

/// The bit of a [`PanicMark`] that was taken during an unwinding.
const IN_UNWINDING: u64 = 1 << 63;

impl PanicMark {
    #[inline]
    pub(crate) fn now() -> PanicMark {
        let in_unwinding = if current() == 0 { 0 } else { IN_UNWINDING };
        PanicMark(LATEST.load(Ordering::Relaxed) | in_unwinding)
    }

    /// Returns whether its thread was unwinding.
    #[inline]
    pub(crate) fn was_in_unwinding(self) -> bool {
        self.0 & IN_UNWINDING != 0
    }

    /// Returns whether this thread is in an unwinding that began later. So is one whose
    /// beginning nobody noticed: on the thread of the mark that is certain, since the mark
    /// would have noticed it, and on another thread it is likely.
    #[inline]
    pub(crate) fn has_panicked_since(self) -> bool {
        if !thread::panicking() {
            CURRENT.set(0);
            return false;
        }
        let current = CURRENT.get();
        current == 0 || current > self.0 & !IN_UNWINDING
    }
}
