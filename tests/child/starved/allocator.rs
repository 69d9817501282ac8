//! An allocator that fails once on a thread, at a chosen allocation.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Starving;

#[global_allocator]
static STARVING: Starving = Starving;

thread_local! {
    /// The number of allocations left on this thread before one fails.
    pub static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    pub static FIRED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this allocation is the one that fails.
fn fails() -> bool {
    let left = LEFT.get();
    LEFT.set(left.and_then(|left| left.checked_sub(1)));
    FIRED.set(FIRED.get() || left == Some(0));
    left == Some(0)
}

// SAFETY: hands every call on to `System`, or says that there is no memory.
unsafe impl GlobalAlloc for Starving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match fails() {
            true => std::ptr::null_mut(),
            false => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match fails() {
            true => std::ptr::null_mut(),
            false => unsafe { System.realloc(place, layout, size) },
        }
    }
}

/// Runs work outside the library with unlimited memory.
pub fn fed<R>(work: impl FnOnce() -> R) -> R {
    /// Restores the limit when the work ends, even by a panic.
    struct Hungry(Option<usize>);
    impl Drop for Hungry {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _hungry = Hungry(LEFT.take());
    work()
}
