use crate::emit;
use crate::thread::stack;
use crate::unit::Entry;

/// Does something to each unit before its record is written.
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
