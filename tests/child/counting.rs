//! An allocator that counts what each thread does, which takes `unsafe` code.
//!
//! The counters are per thread, so tests may run side by side.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The memory that some work requested from the allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Allocations and reallocations.
    pub calls: usize,
    /// The peak number of bytes, beyond those held before.
    pub peak: isize,
    /// Bytes still held, beyond those held before.
    pub kept: isize,
}

/// Counts what `work` does on this thread.
pub fn count<R>(work: impl FnOnce() -> R) -> (R, Used) {
    let (calls, live) = (CALLS.get(), LIVE.get());
    PEAK.set(live);
    let result = work();
    let used = Used {
        calls: CALLS.get() - calls,
        peak: PEAK.get() - live,
        kept: LIVE.get() - live,
    };
    (result, used)
}

fn note(calls: usize, bytes: isize) {
    CALLS.set(CALLS.get() + calls);
    LIVE.set(LIVE.get() + bytes);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

// SAFETY: passes every call on to `System`; the counters are plain cells without
// destructors, so they can be reached whenever memory is requested.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(0, -(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as isize - layout.size() as isize);
        unsafe { System.realloc(place, layout, size) }
    }
}
