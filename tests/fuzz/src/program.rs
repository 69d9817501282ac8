//! Calls in any order: what a unit writes is what the second implementation in `tests/reference` writes.

/// Any bytes form a program.
pub fn check(data: &[u8]) {
    crate::reference::check(data);
}
