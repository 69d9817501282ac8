//! Runs code that is not ours, and survives its panics.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code`; `None` if it panicked.
///
/// CORRECTNESS of `AssertUnwindSafe`: every caller puts back or overwrites what
/// the code may have left half done.
#[inline]
pub(crate) fn run<R>(code: impl FnOnce() -> R) -> Option<R> {
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
