//! An allocator that counts the bytes held by all threads together.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

struct Held;

#[global_allocator]
static HELD: Held = Held;

static LIVE: AtomicIsize = AtomicIsize::new(0);

/// The bytes that are allocated now.
pub fn live() -> isize {
    LIVE.load(Ordering::Relaxed)
}

fn note(bytes: isize) {
    LIVE.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: forwards every call to `System`; the counter is an atomic.
unsafe impl GlobalAlloc for Held {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size as isize - layout.size() as isize);
        unsafe { System.realloc(place, layout, size) }
    }
}
