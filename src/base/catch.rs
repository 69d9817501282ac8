//! Runs code that is not ours, and survives its panics.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the panic hook wants to know which panics are caught here.
static COUNTS: AtomicBool = AtomicBool::new(false);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Counts how deep in [`call`] a thread is, from now on.
pub(crate) fn count_depth() {
    COUNTS.store(true, Ordering::Relaxed);
}

/// Whether there is a panic hook of ours.
pub(crate) fn counts() -> bool {
    COUNTS.load(Ordering::Relaxed)
}

/// How many calls of [`call`] this thread is in.
pub(crate) fn depth() -> u32 {
    DEPTH.get()
}

/// Runs `code`; `None` if it panicked.
///
/// CORRECTNESS of `AssertUnwindSafe`: every caller puts back or overwrites what
/// the code may have left half done.
#[inline]
pub(crate) fn call<R>(code: impl FnOnce() -> R) -> Option<R> {
    let _deeper = COUNTS.load(Ordering::Relaxed).then(Deeper::new);
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The payload is a user's value too: its destructor may panic again.
            if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
                mem::forget(again);
            }
            None
        }
    }
}

/// One call of [`call`].
struct Deeper;

impl Deeper {
    fn new() -> Deeper {
        DEPTH.set(DEPTH.get() + 1);
        Deeper
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
