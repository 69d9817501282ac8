//! Ends all units that are current on this thread, for a process that is about to
//! exit or abort, where no destructor will run.
//!
//! In a file of its own because `current` and the panic hook both need it, and
//! the stack of current units itself emits nothing.

use crate::emit;
use crate::thread::stack;
use crate::unit::Entry;

/// Prepares each unit, then writes its record.
pub(crate) fn emit_after(prepare: impl Fn(&mut Entry)) {
    let mut units = stack::take_all();
    let mut next = units.as_deref_mut();
    while let Some(entry) = next {
        if !entry.ended {
            prepare(entry);
            emit::write_final(entry);
            entry.ended = true;
        }
        next = entry.next.as_deref_mut();
    }
    if let Some(units) = units {
        stack::put_back(units);
    }
}
