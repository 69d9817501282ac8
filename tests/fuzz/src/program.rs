//! Calls in any order: a unit writes the same as the second implementation in `tests/arbitrary`.

/// Any bytes form a program.
pub fn check(data: &[u8]) {
    crate::reference::check(data);
}
