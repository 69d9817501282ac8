//! Ends all units that are current on this thread, for a process that is about to
//! exit or abort, where no destructor will run.
//!
//! In a file of its own because `current` and the panic hook both need it, and
//! the stack of current units itself emits nothing.

use crate::emit;
use crate::thread::stack::Slot;
use crate::thread::{parts, stack};
use crate::unit::Entry;

/// Prepares each unit, then writes its record.
pub(crate) fn emit_after(prepare: impl Fn(&mut Entry)) {
    for token in stack::tokens() {
        let Some(mut entry) = stack::take_out(token) else {
            continue;
        };
        if entry.is_part() {
            // Its unit, if that is further down, has it in its record.
            stack::abandon(token);
            parts::come_home(entry);
            continue;
        }
        if !entry.ended {
            prepare(&mut entry);
            emit::end_now(&mut entry);
        }
        stack::put_back(token, Slot::Unit(entry));
    }
}
