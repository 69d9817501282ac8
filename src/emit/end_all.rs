//! Ends all units that are current on this thread, for a process that is about to
//! exit or abort, where no destructor will run.
//!
//! In a file of its own because `current` and the panic hook both need it, and
//! the stack of current units itself emits nothing.

use crate::emit;
use crate::thread::layers::Slot;
use crate::thread::{parts, stack};
use crate::unit::Entry;

/// Prepares each unit, then writes its record.
pub(crate) fn emit_after(prepare: impl Fn(&mut Entry)) {
    for token in stack::tokens() {
        let part = stack::with_layer(token, |slot| match slot {
            Slot::Unit(entry) if entry.is_part() => Some(std::mem::replace(slot, Slot::Gone)),
            Slot::Unit(entry) if !entry.ended => {
                prepare(entry);
                emit::end_now(entry, false);
                None
            }
            _ => None,
        });
        if let Some(Slot::Unit(part)) = part.flatten() {
            // Its unit, if that is further down, has it in its record.
            stack::abandon(token);
            parts::come_home(part);
        }
    }
}
