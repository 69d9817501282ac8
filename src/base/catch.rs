//! Runs user code and survives its panics.
//!
//! The panic hook must not report a panic that is caught here, so a thread counts
//! how deep in [`call`] it is. It does so only once there is a hook, because
//! counting costs time.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether depths are counted.
static COUNTS: AtomicBool = AtomicBool::new(false);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Starts counting how deep in [`call`] each thread is.
pub(crate) fn count_depth() {
    COUNTS.store(true, Ordering::Relaxed);
}

/// Returns whether our panic hook is installed.
pub(crate) fn counts() -> bool {
    COUNTS.load(Ordering::Relaxed)
}

/// Returns how many nested calls of [`call`] this thread is in.
pub(crate) fn depth() -> u32 {
    DEPTH.get()
}

/// Runs `code` and returns its value, or `None` if it panicked.
///
/// CORRECTNESS of `AssertUnwindSafe`: every caller restores or overwrites anything
/// that the code may have left half done.
#[inline]
pub(crate) fn call<R>(code: impl FnOnce() -> R) -> Option<R> {
    let _deeper = COUNTS.load(Ordering::Relaxed).then(Deeper::new);
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The payload is a user's value too, and its destructor may panic as well.
            if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
                mem::forget(again);
            }
            None
        }
    }
}

/// Counts one call of [`call`] while it lives.
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
