//! Counts heap allocations. `GlobalAlloc` needs `unsafe`; the only other file with any is `floor.rs`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

struct Counting;

#[global_allocator]
static GLOBAL: Counting = Counting;

/// Off during timing, so that rows that allocate pay for one load, not for two additions.
static ON: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[inline]
fn note(size: usize) {
    if ON.load(Relaxed) {
        COUNT.fetch_add(1, Relaxed);
        BYTES.fetch_add(size as u64, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches only atomics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(new_size);
        unsafe { System.realloc(at, layout, new_size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Allocations {
    pub count: f64,
    pub bytes: f64,
}

/// Runs `work` `times` times. Returns allocations (a `realloc` is one) and requested bytes per run.
/// Counts the whole process: no other thread may be working.
pub fn count(times: u32, work: &mut dyn FnMut()) -> Allocations {
    COUNT.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    ON.store(true, Relaxed);
    for _ in 0..times {
        work();
    }
    ON.store(false, Relaxed);
    Allocations {
        count: COUNT.load(Relaxed) as f64 / f64::from(times),
        bytes: BYTES.load(Relaxed) as f64 / f64::from(times),
    }
}
