//! The ids of a unit, which tie it to its transaction across services.

use crate::ids::id::TraceId;
use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::trace_ids::{Outgoing, UnitIds};

impl Entry {
    /// Returns the headers for calls of this unit, or of the disabled one it stands for.
    pub(crate) fn outgoing(&mut self) -> Outgoing<'_> {
        if self.ended {
            let forwarded = self.forwarded.as_mut();
            return forwarded.map_or(Outgoing::default(), |forwarded| {
                forwarded.make_parent();
                forwarded.outgoing()
            });
        }
        let parent = self.make_ids().parent();
        Outgoing {
            parent: Some(parent),
            state: self.state(),
            request_id: self.request_id.map(|id| self.arena.get(id)),
        }
    }

    /// Returns the ids of this unit, which are made when first needed.
    pub(crate) fn make_ids(&mut self) -> UnitIds {
        if let Some(ids) = self.ids {
            return ids;
        }
        let trace_id = self.settings.ids.trace_id(self.salt());
        let ids = self.new_ids(trace_id, None);
        *self.ids.insert(ids)
    }

    fn new_ids(&self, trace_id: TraceId, caller: Option<TraceParent>) -> UnitIds {
        let settings = &self.settings;
        let caller_sampled = caller.map(|caller| caller.is_sampled());
        UnitIds {
            trace_id,
            span_id: settings.ids.span_id(self.salt()),
            parent_id: caller.map(|caller| caller.span_id()),
            sampled: settings.passes_on(trace_id, caller_sampled),
            caller_sampled: caller_sampled == Some(true),
            random: caller.map_or(settings.ids.are_random(), |caller| caller.is_random()),
            state: Span::default(),
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
        self.ids = Some(self.new_ids(parent.trace_id(), Some(parent)));
    }

    /// Decides sampling as if the transaction started here.
    pub(crate) fn decide(&mut self) {
        if let Some(ids) = &mut self.ids {
            ids.sampled = self.settings.passes_on(ids.trace_id, None);
        }
    }

    /// Keeps the `tracestate` that is passed on with the ids.
    pub(crate) fn set_state(&mut self, state: &[u8]) {
        self.forget_state();
        let ids = self.make_ids();
        let state = self.arena.push(state);
        self.ids = Some(UnitIds { state, ..ids });
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
        self.tidy();
    }
}
