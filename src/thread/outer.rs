//! What a unit on this thread is inside of, and the ids that it shares with that.

use crate::thread::layers::Slot;
use crate::thread::stack;
use crate::unit::Entry;
use crate::unit::store::trace_ids::Outgoing;

/// Lets a unit that begins share the ids of the one that it begins in.
#[inline]
pub(crate) fn share_ids(entry: &mut Entry) {
    with(|outer| match outer {
        Slot::Unit(outer) if !outer.ended => entry.set_outer(outer.home_or_hub()),
        Slot::InUse(Some(hub)) => entry.set_outer(hub),
        Slot::Cover(Some(forwarded)) => entry.continue_forwarded(forwarded),
        _ => {}
    });
}

/// Looks at the headers for calls from here, which are made if necessary.
pub(crate) fn with_outgoing<R>(look: impl FnOnce(&Outgoing<'_>) -> R) -> Option<R> {
    with(|outer| match outer {
        Slot::Unit(entry) if !entry.ended => Some(look(&entry.outgoing())),
        Slot::InUse(Some(hub)) => Some(hub.with_ids(true, |ids| look(&ids.outgoing()))),
        Slot::Cover(Some(forwarded)) => Some(look(&forwarded.make_outgoing())),
        _ => None,
    })?
}

/// Uses the uppermost layer that is a unit, or a disabled one with ids. If there are only
/// disabled ones without ids, they share those of the outermost.
#[inline]
fn with<R>(work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    if stack::is_empty() {
        return None;
    }
    find(work)
}

#[cold]
#[inline(never)]
fn find<R>(work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    let has_ids = |slot: &Slot| {
        !matches!(
            slot,
            Slot::Gone | Slot::Leaving | Slot::Cover(None) | Slot::InUse(None)
        )
    };
    let outer = stack::first(has_ids);
    let outer = outer.or_else(|| stack::last(|slot| matches!(slot, Slot::Cover(_))));
    stack::with_layer(outer?, |slot| {
        if let Slot::Cover(forwarded) = slot {
            forwarded.get_or_insert_default();
        }
        work(slot)
    })
}
