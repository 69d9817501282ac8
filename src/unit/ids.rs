//! The ids of a unit, which tie it to its transaction across services.

use std::sync::Arc;

use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::hub::known;
use crate::unit::store::trace_ids::{Outgoing, SharedIds, UnitIds};

impl Entry {
    /// Returns the headers for calls of this unit, or of the disabled one it stands for.
    pub(crate) fn outgoing(&mut self) -> Outgoing<'_> {
        self.share_ids(true);
        self.make_ids();
        self.known_ids()
    }

    /// Returns these headers as far as the entry knows them.
    pub(crate) fn known_ids(&self) -> Outgoing<'_> {
        Outgoing {
            parent: self.ids.map(|ids| ids.parent()),
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
        if self.ids.is_none() && make && !self.is_alone() || self.lacks_known_ids() {
            let hub = Arc::clone(self.home_or_hub());
            hub.with_ids(make, |shared| self.take_ids(shared));
        }
    }

    /// Returns whether ids may be known to others that this entry has not seen.
    pub(crate) fn lacks_known_ids(&self) -> bool {
        let shared = (self.home.as_ref()).or_else(|| self.hub.get().or(self.outer.as_ref()));
        let known = shared.map_or(0, |hub| hub.known());
        (self.ids.is_none() && known & known::IDS != 0)
            || (self.request_id.is_none() && known & known::REQUEST_ID != 0)
    }

    /// Returns whether nobody else can have asked for the ids of this unit.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.outer.is_none() && self.home.is_none() && self.hub.get().is_none()
    }

    fn take_ids(&mut self, shared: &SharedIds) {
        if self.ids.is_none()
            && let Some(ids) = shared.ids
        {
            let state = self.arena.push(&shared.state);
            self.ids = Some(UnitIds { state, ..ids });
        }
        if self.request_id.is_none() && !shared.request_id.is_empty() {
            self.request_id = Some(self.arena.push(&shared.request_id));
        }
        self.tidy();
    }

    /// Makes this a unit inside another one, whose ids it shares.
    pub(crate) fn set_outer(&mut self, outer: &Arc<UnitHub>) {
        outer.count_inside();
        self.outer = Some(Arc::clone(outer));
        if let Some(hub) = self.hub.get() {
            hub.set_outer(outer);
        }
    }

    /// Ends the sharing: the ids stay as they are.
    pub(crate) fn leave_outer(&mut self) {
        if let Some(outer) = self.outer.take() {
            outer.uncount_inside();
        }
        if let Some(hub) = self.hub.get() {
            hub.leave_outer();
        }
    }

    /// Shares the ids of a disabled unit around this one. Those that came to it are judged by
    /// the settings of this one, because it has none.
    pub(crate) fn share_forwarded(&mut self, forwarded: &mut Forwarded) {
        let Some(parent) = forwarded.parent else {
            return self.set_outer(&forwarded.hub(&self.settings));
        };
        self.continue_from(parent);
        let shared = forwarded.outgoing();
        self.set_state(shared.state);
        if let Some(id) = shared.request_id {
            self.set_request_id(id);
        }
    }

    /// Makes a change of the ids known to those who share them.
    fn publish(&self) {
        if let Some(home) = &self.home {
            home.offer_ids(self.ids, self.state(), self.request_id_bytes());
        } else if let Some(hub) = self.hub.get() {
            self.publish_to(hub);
        }
    }

    pub(super) fn publish_to(&self, hub: &UnitHub) {
        hub.set_ids(self.ids, self.state(), self.request_id_bytes());
    }

    /// Empty if there is none.
    fn request_id_bytes(&self) -> &[u8] {
        self.request_id.map_or(b"", |id| self.arena.get(id))
    }

    /// Returns the salt by which the ids of this unit differ from those of a forked
    /// process.
    pub(crate) fn salt(&self) -> Salt {
        Salt::new(self.start)
    }

    /// Makes this unit part of the caller's transaction.
    pub(crate) fn continue_from(&mut self, parent: TraceParent) {
        // Units inside this one may have named it already.
        let known = self.ids.or_else(|| self.hub.get()?.ids());
        self.leave_outer();
        self.forget_state();
        let trace_id = parent.trace_id();
        let ids = match known {
            Some(known) => UnitIds::named(&self.settings, known.span_id, trace_id, Some(parent)),
            None => UnitIds::new(&self.settings, self.start, trace_id, Some(parent)),
        };
        self.ids = Some(ids);
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
