//! Calls on several threads: a unit writes what `tests/arbitrary/reference/threads` predicts.

/// Any bytes form a program.
pub fn check(data: &[u8]) {
    crate::reference::threads::check(data);
}
