//! Looks through all layers of the stack, from the top down.

use crate::thread::stack::{Slot, below, with_layer, with_slot};
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::origin::Token;
use crate::unit::store::trace_ids::Forwarded;

/// Uses the ids that a disabled trace passes on, if its cover is on this stack.
pub(crate) fn with_cover<R>(
    token: Token,
    work: impl FnOnce(&mut Option<Box<Forwarded>>) -> R,
) -> Option<R> {
    with_layer(token, |slot| match slot {
        Slot::Cover(forwarded) => Some(work(forwarded)),
        _ => None,
    })?
}

/// Looks at the ids of the uppermost cover that has any.
pub(crate) fn with_forwarded<R>(look: impl FnOnce(&Forwarded) -> R) -> Option<R> {
    let has_ids = |slot: &Slot| matches!(slot, Slot::Cover(Some(_)));
    with_first(has_ids, |slot| match slot {
        Slot::Cover(forwarded) => forwarded.as_deref().map(look),
        _ => None,
    })?
}

/// Uses the uppermost cover with these ids.
pub(crate) fn with_cover_of(
    ids: &Option<Box<Forwarded>>,
    work: impl FnOnce(&mut Option<Box<Forwarded>>),
) {
    let fits = |slot: &Slot| matches!(slot, Slot::Cover(forwarded) if forwarded == ids);
    with_first(fits, |slot| {
        if let Slot::Cover(forwarded) = slot {
            work(forwarded);
        }
    });
}

/// Uses the first layer from the top that `fits`.
pub(crate) fn with_first<R>(
    fits: impl Fn(&Slot) -> bool,
    work: impl FnOnce(&mut Slot) -> R,
) -> Option<R> {
    if with_slot(|slot| fits(slot)) {
        return Some(with_slot(work));
    }
    below(|layers| {
        let layer = layers.iter_mut().rfind(|layer| fits(&layer.slot));
        Some(work(&mut layer?.slot))
    })
}

/// Uses the first unit from the top that `fits`.
pub(crate) fn with_any<R>(
    fits: impl Fn(&Entry) -> bool,
    work: impl FnOnce(&mut Entry) -> R,
) -> Option<R> {
    let fits_slot = |slot: &Slot| matches!(slot, Slot::Unit(entry) if fits(entry));
    let use_slot = |slot: &mut Slot| match slot {
        Slot::Unit(entry) => Some(work(entry)),
        _ => None,
    };
    with_first(fits_slot, use_slot)?
}

/// Calls `tell` with the units of all parts that are on this stack.
#[cold]
pub(crate) fn each_home(tell: impl Fn(&UnitHub)) {
    let tell = |slot: &Slot| {
        if let Slot::Unit(entry) = slot {
            entry.home.as_deref().into_iter().for_each(&tell);
        }
    };
    with_slot(|slot| tell(slot));
    below(|layers| layers.iter().for_each(|layer| tell(&layer.slot)));
}
