use std::cell::Cell;
use std::mem::ManuallyDrop;

use crate::base::{bytes, catch};
use crate::trace::Trace;

/// Of a message that is kept for a trace in use.
pub(crate) const MAX_MISSED: usize = 8 * 1024;

thread_local! {
    /// How many calls of `current::with` this thread is in.
    pub(crate) static IN_USE: Cell<u32> = const { Cell::new(0) };
}

/// Says that a trace is in use, or no longer.
pub(crate) fn count_in_use(by: i32) {
    IN_USE.set(IN_USE.get().saturating_add_signed(by));
}

/// Message and place.
pub(crate) struct Note(String, String);

impl Note {
    /// `None` where there is no memory for it: a panic hook must not fail.
    pub(crate) fn new(message: &str, place: &str) -> Option<Note> {
        let end = bytes::char_floor(message.as_bytes(), MAX_MISSED);
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

thread_local! {
    /// The last panic while `current::with` had the trace. No destructor, as the hook may run after them.
    pub(crate) static MISSED: ManuallyDrop<Cell<Option<Note>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// Forgets a panic that is over.
pub(crate) fn forget_missed() {
    if catch::counts() {
        MISSED.with(|cell| cell.take());
    }
}

/// Gives a trace that was in use the panic that began meanwhile.
pub(crate) fn note_missed(trace: &mut Trace) {
    if std::thread::panicking()
        && let Some(note) = MISSED.with(|cell| cell.take())
        && let Some(entry) = trace.entry_mut()
    {
        entry.set_panic(&note.0, &note.1);
    }
}
