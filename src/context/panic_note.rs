//! The last two panics of this thread, for those whom the panic hook cannot tell at once.
//!
//! The hook runs before the stack unwinds, so it cannot reach a trace that
//! `current::with` has; that one picks the panic up when `with` ends. And when a panic
//! turns out to be one that ends the process, the hook is called again, with a text of
//! the standard library instead of the reason.

use std::cell::Cell;

use crate::base::{bytes, catch, unwinding};
use crate::trace::Trace;

/// The longest message that is kept, in bytes.
pub(super) const MAX_MESSAGE: usize = 8 * 1024;

thread_local! {
    /// The last panic, and the one before it if that may still be under way. Gone when
    /// the thread ends, so panics after that leave no note.
    static NOTES: Cell<[Option<Note>; 2]> = const { Cell::new([None, None]) };
}

pub(super) struct Note {
    pub(super) message: String,
    pub(super) place: String,
    /// Whether it is in the record of a unit, or needs to be in none.
    is_recorded: bool,
}

impl Note {
    /// `None` if there is no memory for it: a panic hook must not fail.
    fn new(message: &str, place: &str, is_recorded: bool) -> Option<Note> {
        let end = bytes::char_floor(message.as_bytes(), MAX_MESSAGE);
        let copy = |text: &str| {
            let mut copy = String::new();
            copy.try_reserve_exact(text.len()).ok()?;
            copy.push_str(text);
            Some(copy)
        };
        let message = message.get(..end).unwrap_or_default();
        Some(Note {
            message: copy(message)?,
            place: copy(place)?,
            is_recorded,
        })
    }
}

/// Leaves a note of a panic; `is_first` if no earlier one can still be under way.
pub(super) fn leave(message: &str, place: &str, is_first: bool, is_recorded: bool) {
    let note = Note::new(message, place, is_recorded);
    with(|notes| {
        let last = notes.first_mut().and_then(Option::take);
        *notes = [note, last.filter(|_| !is_first)];
    });
}

/// Uses the notes of the last panic and of the one before it.
pub(super) fn with<R>(work: impl FnOnce(&mut [Option<Note>; 2]) -> R) -> Option<R> {
    let with = |cell: &Cell<_>| {
        let mut notes = cell.take();
        let result = work(&mut notes);
        cell.set(notes);
        result
    };
    NOTES.try_with(with).ok()
}

/// One call of `current::with`.
pub(super) struct Use {
    unwinding: u64,
}

impl Use {
    pub(super) fn begin() -> Use {
        let unwinding = if catch::counts() {
            unwinding::current()
        } else {
            0
        };
        Use { unwinding }
    }

    /// Gives the trace the panic that began during the call, if there was one.
    pub(super) fn end(&self, trace: &mut Trace) {
        if !catch::counts() || unwinding::last_noticed() == self.unwinding {
            return;
        }
        with(|notes| {
            if let [Some(note), _] = notes
                && !note.is_recorded
            {
                trace.with_entry(|entry| {
                    entry.set_panic(&note.message, &note.place);
                    note.is_recorded = true;
                });
            }
        });
    }
}
