//! The ids of a unit, which tie it to its transaction across services.

use std::sync::Arc;

use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::trace_ids::{Forwarded, Outgoing, SharedIds, UnitIds};

impl Entry {
    /// Returns the headers for calls of this unit, or of the disabled one it stands for.
    pub(crate) fn outgoing(&mut self) -> Outgoing<'_> {
        let parent = self.make_ids().parent();
        self.share_ids(false);
        Outgoing {
            parent: Some(parent),
            state: self.state(),
            request_id: self.request_id.map(|id| self.arena.get(id)),
        }
    }

    /// Returns the ids of this unit, which are made when first needed.
    pub(crate) fn make_ids(&mut self) -> UnitIds {
        if self.ids.is_none() {
            self.share_ids(true);
        }
        match self.ids {
            Some(ids) => ids,
            None => *self.ids.insert(UnitIds::fresh(&self.settings, self.start)),
        }
    }

    /// Takes over the ids that others made on behalf of this unit, or has them made.
    pub(crate) fn share_ids(&mut self, make: bool) {
        if self.may_share_ids() {
            let known = self.home.as_ref().or(self.hub.get()).cloned();
            match (known, self.outer.clone()) {
                (Some(hub), _) => hub.with_ids(make, |shared| self.take_ids(shared, false)),
                // Without a hub of its own, for which there may be no memory at the end.
                (None, Some(outer)) if self.ids.is_none() => {
                    outer.with_ids(make, |shared| self.take_ids(shared, true))
                }
                _ => {}
            }
        }
    }

    /// Returns whether others may know ids of this unit that it has not got.
    pub(crate) fn may_share_ids(&self) -> bool {
        !self.is_alone() && (self.ids.is_none() || self.request_id.is_none())
    }

    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.outer.is_none() && self.home.is_none() && self.hub.get().is_none()
    }

    fn take_ids(&mut self, shared: &SharedIds, from_outer: bool) {
        if self.ids.is_none()
            && let Some(mut ids) = shared.ids
        {
            if from_outer {
                ids = ids.inside(&self.settings, self.start);
            }
            let state = self.arena.push(&shared.state);
            self.ids = Some(UnitIds { state, ..ids });
        }
        if self.request_id.is_none() && !shared.request_id.is_empty() {
            self.request_id = Some(self.arena.push(&shared.request_id));
        }
        self.tidy();
    }

    /// Forgets the ids that a unit got from where it began.
    pub(crate) fn forget_ids(&mut self) {
        self.forget_state();
        self.ids = None;
        self.request_id = None;
        if let Some(hub) = self.hub.get() {
            hub.forget_ids();
        }
    }

    /// Makes this a unit inside another one, whose ids it shares.
    pub(crate) fn set_outer(&mut self, outer: &Arc<UnitHub>) {
        self.outer = Some(Arc::clone(outer));
        if let Some(hub) = self.hub.get() {
            hub.set_outer(outer);
        }
    }

    /// Continues the transaction of a disabled unit around this one.
    pub(crate) fn continue_forwarded(&mut self, forwarded: &mut Forwarded) {
        self.continue_from(forwarded.make_parent());
        self.set_state(forwarded.state.as_str().as_bytes());
        if let Some(id) = &forwarded.request_id {
            self.set_request_id(id.as_bytes());
        }
    }

    /// Returns a copy of the ids for the hub.
    pub(super) fn shared_ids(&self) -> SharedIds {
        SharedIds {
            ids: self.ids,
            state: self.state().to_vec(),
            request_id: self.request_id().unwrap_or_default().into(),
        }
    }

    /// Makes a change of the ids known to those who share them.
    fn publish(&self) {
        if let Some(home) = &self.home {
            home.offer_ids(self.shared_ids());
        } else if let Some(hub) = self.hub.get() {
            hub.set_ids(self.shared_ids());
        }
    }

    /// Returns the salt by which the ids of this unit differ from those of a forked
    /// process.
    pub(crate) fn salt(&self) -> Salt {
        Salt::new(self.start)
    }

    /// Makes this unit part of the caller's transaction.
    pub(crate) fn continue_from(&mut self, parent: TraceParent) {
        self.forget_state();
        let trace_id = parent.trace_id();
        self.ids = Some(UnitIds::new(
            &self.settings,
            self.start,
            trace_id,
            Some(parent),
        ));
        self.publish();
    }

    /// Decides sampling as if the transaction started here.
    pub(crate) fn decide(&mut self) {
        if let Some(ids) = &mut self.ids {
            ids.sampled = self.settings.passes_on(ids.trace_id, None);
        }
        self.publish();
    }

    /// Keeps the `tracestate` that is passed on with the ids.
    pub(crate) fn set_state(&mut self, state: &[u8]) {
        self.forget_state();
        let ids = self.make_ids();
        let state = self.arena.push(state);
        self.ids = Some(UnitIds { state, ..ids });
        self.publish();
        self.tidy();
    }

    fn forget_state(&mut self) {
        if let Some(ids) = &mut self.ids {
            self.arena.note_dead(Some(std::mem::take(&mut ids.state)));
        }
    }

    pub(crate) fn state(&self) -> &[u8] {
        self.ids.map_or(b"", |ids| self.arena.get(ids.state))
    }

    /// Takes over the ids of another entry of the unit, as far as this one lacks
    /// them.
    pub(super) fn adopt_ids(&mut self, from: &Entry) {
        if self.ids.is_none() {
            self.ids = from.ids.map(|ids| UnitIds {
                state: self.arena.push(from.state()),
                ..ids
            });
        }
        if let (None, Some(id)) = (self.request_id, from.request_id) {
            self.set_request_id(from.arena.get(id));
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.map(|id| self.arena.text(id))
    }

    pub(crate) fn set_request_id(&mut self, id: &[u8]) {
        self.arena.note_dead(self.request_id);
        self.request_id = Some(self.arena.push(id));
        self.publish();
        self.tidy();
    }
}
