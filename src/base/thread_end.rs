//! Whether this thread destroys its thread-local variables.
//!
//! A logger that uses a variable which is gone may abort the process, so a unit must not
//! begin any more. The standard library does not tell; a variable with a destructor does.
//! Destructors run in the reverse order of first uses, so those of variables that were
//! first used later than ours come before it, while nothing shows yet. That is why ours is
//! used first after a logger has been called: what the logger needs lives longer.

use std::cell::Cell;

thread_local! {
    static HAS_BEGUN: Cell<bool> = const { Cell::new(false) };
    static WITNESS: Witness = const { Witness };
}

struct Witness;

impl Drop for Witness {
    fn drop(&mut self) {
        HAS_BEGUN.set(true);
    }
}

/// Makes the end of this thread known, from before the variables that exist now are gone.
#[inline]
pub(crate) fn watch() {
    let _ = WITNESS.try_with(|_| ());
}

/// Returns whether the end has begun, as far as is known.
#[inline]
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.get()
}
