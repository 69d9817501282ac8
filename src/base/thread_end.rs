//! Whether this thread destroys its thread-local variables.
//!
//! A logger that uses a variable which is gone may abort the process, so a unit must not
//! begin any more. The standard library does not tell; a variable with a destructor does.
//! Destructors run in the reverse order of first uses: one that runs before ours, because
//! its variable was first used later, looks like any other code. So ours are used first
//! after a logger has been called, since the logger's variables then live longer, and a
//! further one whenever the number of calls has doubled, to be later than most others.

use std::cell::Cell;
use std::thread::LocalKey;

thread_local! {
    static HAS_BEGUN: Cell<bool> = const { Cell::new(false) };
    /// How many calls of a logger there will be before another witness is used.
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static USED: Cell<usize> = const { Cell::new(0) };
}

struct Witness;

impl Drop for Witness {
    fn drop(&mut self) {
        note();
    }
}

/// Notes that a variable with a destructor is gone.
pub(crate) fn note() {
    HAS_BEGUN.set(true);
}

macro_rules! witnesses {
    ($($name:ident)*) => {
        thread_local! { $(static $name: Witness = const { Witness };)* }
        const WITNESSES: &[&LocalKey<Witness>] = &[$(&$name),*];
    };
}

witnesses! { A B C D E F G H I J K L M N O P Q R S T }

/// Notes that a logger has been called.
#[inline]
pub(crate) fn watch() {
    match LEFT.get().checked_sub(1) {
        Some(left) => LEFT.set(left),
        None => use_another(),
    }
}

#[cold]
#[inline(never)]
fn use_another() {
    let used = USED.get();
    USED.set(used + 1);
    LEFT.set(match WITNESSES.get(used) {
        // That makes the calls 1, 2, 4, 8, …
        Some(witness) => {
            let _ = witness.try_with(|_| ());
            (1 << used) - 1
        }
        None => u64::MAX,
    });
}

/// Returns whether the end has begun, as far as is known.
#[inline]
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.get()
}
