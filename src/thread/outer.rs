//! What a unit that begins on this thread is inside of.

use crate::thread::stack::Slot;
use crate::thread::{stack, walk};
use crate::unit::Entry;
use crate::unit::store::trace_ids::Outgoing;

/// Lets a unit share the ids of the one that it begins in.
#[inline]
pub(crate) fn share_ids(entry: &mut Entry) {
    with(|outer| match outer {
        Slot::Unit(outer) if !outer.ended => entry.set_outer(outer.home_or_hub()),
        Slot::InUse(Some(hub)) => entry.set_outer(hub),
        Slot::Cover(Some(forwarded)) => entry.continue_forwarded(forwarded),
        _ => {}
    });
}

/// Calls `look` with the headers for calls that the current unit makes.
pub(crate) fn outgoing<R>(look: impl FnOnce(&Outgoing<'_>) -> Option<R>) -> Option<R> {
    with(|slot| match slot {
        Slot::Unit(entry) if !entry.ended => look(&entry.outgoing()),
        Slot::Cover(forwarded) => look(&forwarded.as_deref()?.outgoing()),
        Slot::InUse(hub) => hub.as_deref()?.with_ids(true, |ids| look(&ids.outgoing())),
        _ => None,
    })?
}

/// Looks at what a unit that begins here is inside of: the uppermost layer that is
/// a unit, or a disabled trace that passes ids on.
#[inline]
pub(crate) fn with<R>(look: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    if stack::is_empty() {
        return None;
    }
    find_outer(look)
}

#[cold]
#[inline(never)]
fn find_outer<R>(look: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    let counts = |slot: &Slot| {
        !matches!(
            slot,
            Slot::Gone | Slot::Leaving | Slot::Cover(None) | Slot::InUse(None)
        )
    };
    walk::with_first(counts, look)
}
