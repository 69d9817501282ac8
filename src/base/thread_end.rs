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
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Witness;

impl Drop for Witness {
    fn drop(&mut self) {
        HAS_BEGUN.set(true);
    }
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
    let calls = CALLS.get().wrapping_add(1);
    CALLS.set(calls);
    if calls.is_power_of_two() {
        use_witness(calls.trailing_zeros() as usize);
    }
}

#[cold]
fn use_witness(number: usize) {
    if let Some(witness) = WITNESSES.get(number) {
        let _ = witness.try_with(|_| ());
    }
}

/// Returns whether the end has begun, as far as is known.
#[inline]
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.get()
}
