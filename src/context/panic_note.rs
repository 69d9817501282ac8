//! A panic that begins while `current::with` has the trace.
//!
//! The panic hook runs before the stack unwinds, so it cannot reach that trace. So
//! the hook leaves a note here, which is picked up when `with` ends.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use crate::base::{bytes, catch};
use crate::trace::Trace;

/// The longest message that is kept, in bytes.
pub(super) const MAX_MESSAGE: usize = 8 * 1024;

thread_local! {
    /// How many calls of `current::with` this thread is in.
    static IN_USE: Cell<u32> = const { Cell::new(0) };
    /// The last panic during such a call. It has no destructor, since the hook may
    /// run after the destructors of the thread.
    static MISSED: ManuallyDrop<Cell<Option<Note>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// Message and place.
struct Note(String, String);

impl Note {
    /// `None` if there is no memory for it: a panic hook must not fail.
    fn new(message: &str, place: &str) -> Option<Note> {
        let end = bytes::char_floor(message.as_bytes(), MAX_MESSAGE);
        let copy = |text: &str| {
            let mut copy = String::new();
            copy.try_reserve_exact(text.len()).ok()?;
            copy.push_str(text);
            Some(copy)
        };
        let message = message.get(..end).unwrap_or_default();
        Some(Note(copy(message)?, copy(place)?))
    }
}

/// Leaves a note if a trace is in use; an earlier note is forgotten in any case.
pub(super) fn leave(message: &str, place: &str) {
    let is_in_use = IN_USE.get() > 0;
    let note = is_in_use.then(|| Note::new(message, place)).flatten();
    MISSED.with(|cell| cell.set(note));
}

/// Forgets an earlier panic.
pub(super) fn forget() {
    MISSED.with(|cell| cell.take());
}

/// One call of `current::with`.
pub(super) struct Use {
    was_panicking: bool,
}

impl Use {
    pub(super) fn begin() -> Use {
        IN_USE.set(IN_USE.get().saturating_add(1));
        let was_panicking = std::thread::panicking();
        if !was_panicking && catch::counts() {
            forget();
        }
        Use { was_panicking }
    }

    /// Gives the trace the panic that began during the call, if there was one.
    pub(super) fn end(&self, trace: &mut Trace) {
        IN_USE.set(IN_USE.get().saturating_sub(1));
        if !self.was_panicking
            && std::thread::panicking()
            && let Some(note) = MISSED.with(|cell| cell.take())
        {
            trace.with_entry(|entry| entry.set_panic(&note.0, &note.1));
        }
    }
}
