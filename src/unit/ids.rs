//! The transaction that a unit is part of, across services.

use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::trace_ids::{Outgoing, UnitIds};

impl Entry {
    /// What calls are told of this unit, or of the disabled one it stands for.
    pub(crate) fn outgoing(&mut self) -> Outgoing<'_> {
        if self.ended {
            return match &self.forwarded {
                Some(forwarded) => forwarded.outgoing(),
                None => Outgoing::default(),
            };
        }
        let parent = self.transaction().parent();
        Outgoing {
            parent: Some(parent),
            state: self.state(),
            request_id: self.request_id.map(|id| self.arena.get(id)),
        }
    }

    /// The ids of this unit, made when first asked for.
    pub(crate) fn transaction(&mut self) -> UnitIds {
        if let Some(transaction) = self.transaction {
            return transaction;
        }
        let (ids, salt) = (self.settings.ids, self.salt());
        let trace_id = ids.trace_id(salt);
        let transaction = UnitIds {
            trace_id,
            span_id: ids.span_id(salt),
            parent_id: None,
            sampled: self.settings.passes_on(trace_id, None),
            caller_sampled: false,
            random: ids.are_random(),
            state: Span::default(),
        };
        *self.transaction.insert(transaction)
    }

    /// What makes the ids of this unit others than those of a forked process.
    pub(crate) fn salt(&self) -> Salt {
        Salt::new(self.start)
    }

    /// Makes this unit part of the caller's transaction.
    pub(crate) fn continue_from(&mut self, parent: TraceParent) {
        self.forget_state();
        self.transaction = Some(UnitIds {
            trace_id: parent.trace_id(),
            span_id: self.settings.ids.span_id(self.salt()),
            parent_id: Some(parent.span_id()),
            sampled: self
                .settings
                .passes_on(parent.trace_id(), Some(parent.is_sampled())),
            caller_sampled: parent.is_sampled(),
            random: parent.is_random(),
            state: Span::default(),
        });
    }

    /// Says of the transaction what one that starts here would be said of.
    pub(crate) fn decide(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.sampled = self.settings.passes_on(transaction.trace_id, None);
        }
    }

    /// Keeps what is to be passed on with the ids.
    pub(crate) fn set_state(&mut self, state: &[u8]) {
        self.transaction();
        self.forget_state();
        let text = self.arena.push(state);
        if let Some(transaction) = &mut self.transaction {
            transaction.state = text;
        }
        self.tidy();
    }

    fn forget_state(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            self.arena
                .note_dead(Some(std::mem::take(&mut transaction.state)));
        }
    }

    pub(crate) fn state(&self) -> &[u8] {
        let transaction = self.transaction.as_ref();
        transaction.map_or(b"", |transaction| self.arena.get(transaction.state))
    }

    /// Takes the ids of another entry of the unit, as far as this has none yet.
    pub(super) fn adopt_ids(&mut self, of: &Entry) {
        if self.transaction.is_none() {
            self.transaction = of.transaction.map(|ids| UnitIds {
                state: self.arena.push(of.state()),
                ..ids
            });
        }
        if let (None, Some(id)) = (self.request_id, of.request_id) {
            self.set_request_id(of.arena.get(id));
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
