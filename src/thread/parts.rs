//! Parts: what other threads and tasks collect for a unit, on an entry of their own.

use std::sync::Arc;

use crate::thread::{spares, stack};
use crate::unit::Entry;
use crate::unit::UnitHub;

/// Takes an entry for a part of a unit, whose times count from the unit's start.
pub(crate) fn take(hub: &Arc<UnitHub>) -> Box<Entry> {
    let mut part = take_for_handle(hub);
    part.severity.step_back();
    part
}

/// Takes an entry for a part that a handle of the unit itself writes to.
pub(crate) fn take_for_handle(hub: &Arc<UnitHub>) -> Box<Entry> {
    hub.count_part();
    let mut part = blank(hub);
    part.home = Some(Arc::clone(hub));
    part
}

/// Takes an entry that looks like a new part of a unit, but is none.
pub(crate) fn blank(hub: &UnitHub) -> Box<Entry> {
    spares::take(&hub.settings, hub.origin.clone(), hub.start)
}

/// Merges a part into its unit: directly if the unit is at hand on this thread, so that a
/// later write wins; otherwise the unit picks it up.
pub(crate) fn come_home(mut part: Box<Entry>) {
    part.catch_up();
    // While it is a part, so that it keeps apart when its laps ran.
    part.close_laps(part.now());
    let Some(hub) = part.home.take() else {
        return spares::give_back(part);
    };
    merge(&hub, part);
}

/// Merges a part into its unit, which is at hand; its laps go on there.
pub(crate) fn rejoin(mut part: Box<Entry>) {
    if let Some(hub) = part.home.take() {
        part.catch_up();
        merge(&hub, part);
    }
}

fn merge(hub: &UnitHub, part: Box<Entry>) {
    let mut part = Some(part);
    let token = hub.token();
    let merged = token.and_then(|token| {
        stack::with_unit(token, |unit| {
            unit.catch_up();
            Some(unit.merge(part.take()?, true))
        })
    });
    let free = match (merged, part) {
        (Some(free), _) => {
            hub.uncount_part();
            free
        }
        (None, Some(part)) => {
            let has_content = part.has_content();
            hub.take_in(part, has_content, |merged, part| merged.merge(part, true))
        }
        (None, None) => None,
    };
    if let Some(free) = free {
        spares::give_back(free);
    }
}
