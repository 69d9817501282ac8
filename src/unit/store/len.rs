//! The number of fields, and whether others reach the unit, in one number.
//!
//! A unit that others reach looks for what they wrote before it writes a field. Its number
//! is out of bounds on the shortest way of a write, so that all other units do not pay
//! for the question.

use std::sync::atomic::{AtomicUsize, Ordering};

const REACHED: usize = 1 << (usize::BITS - 1);

/// Atomic, because a trace may be shared when others begin to reach it.
#[derive(Debug, Default)]
pub(super) struct Len(AtomicUsize);

impl Clone for Len {
    fn clone(&self) -> Len {
        Len(self.0.load(Ordering::Relaxed).into())
    }
}

impl Len {
    #[inline]
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed) & !REACHED
    }

    /// Returns the number, or one that is out of bounds if others reach the unit.
    #[inline(always)]
    pub(super) fn unless_reached(&mut self) -> usize {
        *self.0.get_mut()
    }

    #[inline(always)]
    pub(super) fn grow(&mut self) {
        *self.0.get_mut() += 1;
    }

    pub(super) fn set(&mut self, len: usize) {
        let raw = self.0.get_mut();
        *raw = len | (*raw & REACHED);
    }

    pub(super) fn note_reached(&self) {
        self.0.fetch_or(REACHED, Ordering::Relaxed);
    }
}
