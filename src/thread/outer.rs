//! What a unit on this thread is inside of, and the ids that it shares with that.

use std::sync::Arc;

use crate::thread::layers::Slot;
use crate::thread::stack;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::trace_ids::Outgoing;

/// Lets a unit that begins share the ids of the one that it begins in.
#[inline]
pub(crate) fn share_ids(entry: &mut Entry) {
    with(|around| match around {
        Slot::Unit(unit) => entry.set_outer(unit.home_or_hub()),
        Slot::InUse(Some(hub)) => entry.set_outer(hub),
        Slot::Cover(Some(forwarded)) => entry.share_forwarded(forwarded),
        _ => {}
    });
}

/// Returns the hub of the unit around, if that collects anything.
pub(crate) fn hub() -> Option<Arc<UnitHub>> {
    with(|around| match around {
        Slot::Unit(unit) => Some(Arc::clone(unit.home_or_hub())),
        Slot::InUse(hub) => hub.clone(),
        _ => None,
    })?
}

/// Looks at the headers for calls from here, which are made if necessary.
pub(crate) fn with_outgoing<R>(look: impl FnOnce(&Outgoing<'_>) -> R) -> Option<R> {
    with(|around| match around {
        Slot::Unit(unit) => Some(look(&unit.outgoing())),
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
    let around = stack::first(|slot| match slot {
        Slot::Unit(unit) => !unit.ended,
        Slot::InUse(hub) => hub.is_some(),
        Slot::Cover(forwarded) => forwarded.is_some(),
        Slot::Gone | Slot::Leaving => false,
    });
    let around = around.or_else(|| stack::last(|slot| matches!(slot, Slot::Cover(_))));
    stack::with_layer(around?, |slot| {
        if let Slot::Cover(forwarded) = slot {
            forwarded.get_or_insert_default();
        }
        work(slot)
    })
}
