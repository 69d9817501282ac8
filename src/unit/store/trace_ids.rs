//! The ids that a unit has and passes on.

use std::time::Instant;

use crate::config::settings::Settings;
use crate::ids::id::{SpanId, TraceId};
use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::store::arena::Span;

/// The ids of one unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitIds {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    /// The flag in the header of an outgoing call.
    pub(crate) sampled: bool,
    /// The flag in the header of the caller.
    pub(crate) caller_sampled: bool,
    pub(crate) random: bool,
    /// The `tracestate`, as text in the arena.
    pub(crate) state: Span,
}

impl UnitIds {
    /// Makes ids for a unit that began at `start`.
    pub(crate) fn new(
        settings: &Settings,
        start: Instant,
        trace_id: TraceId,
        caller: Option<TraceParent>,
    ) -> UnitIds {
        let span_id = settings.ids.span_id(Salt::new(start));
        UnitIds::named(settings, span_id, trace_id, caller)
    }

    /// Returns the ids of a unit that has a span id already.
    pub(crate) fn named(
        settings: &Settings,
        span_id: SpanId,
        trace_id: TraceId,
        caller: Option<TraceParent>,
    ) -> UnitIds {
        let caller_sampled = caller.map(|caller| caller.is_sampled());
        UnitIds {
            trace_id,
            span_id,
            parent_id: caller.map(|caller| caller.span_id()),
            sampled: settings.passes_on(trace_id, caller_sampled),
            caller_sampled: caller_sampled == Some(true),
            random: caller.map_or(settings.ids.are_random(), |caller| caller.is_random()),
            state: Span::default(),
        }
    }

    /// Makes the ids of a unit that continues no transaction.
    pub(crate) fn fresh(settings: &Settings, start: Instant) -> UnitIds {
        let trace_id = settings.ids.trace_id(Salt::new(start));
        UnitIds::new(settings, start, trace_id, None)
    }

    /// Returns the header for an outgoing call: this unit is the caller.
    pub(crate) fn parent(&self) -> TraceParent {
        TraceParent::new(self.trace_id, self.span_id, self.sampled, self.random)
    }
}

/// The ids of a unit as its parts and the units inside it see them: whoever asks first
/// makes them.
#[derive(Debug, Default)]
pub(crate) struct SharedIds {
    pub(crate) ids: Option<UnitIds>,
    /// The `tracestate`.
    pub(crate) state: Vec<u8>,
    /// Empty if there is none.
    pub(crate) request_id: Vec<u8>,
}

impl SharedIds {
    /// Forgets the ids and keeps the buffers.
    pub(crate) fn clear(&mut self) {
        self.ids = None;
        self.state.clear();
        self.request_id.clear();
    }

    /// Returns the headers for calls of the unit.
    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            parent: self.ids.map(|ids| ids.parent()),
            state: &self.state,
            request_id: Some(&*self.request_id).filter(|id| !id.is_empty()),
        }
    }

    /// Takes over what is new, in the buffers that are there.
    pub(crate) fn replace(&mut self, ids: Option<UnitIds>, state: &[u8], request_id: &[u8]) {
        if ids.is_some() {
            self.ids = ids;
            self.state.clear();
            self.state.extend_from_slice(state);
        }
        if !request_id.is_empty() {
            self.request_id.clear();
            self.request_id.extend_from_slice(request_id);
        }
    }

    /// Adds what is not known yet.
    pub(crate) fn complete(&mut self, ids: Option<UnitIds>, state: &[u8], request_id: &[u8]) {
        let ids = ids.filter(|_| self.ids.is_none());
        let is_new = self.request_id.is_empty();
        self.replace(ids, state, if is_new { request_id } else { b"" });
    }

    /// Takes over the transaction of the unit outside, as far as this one has none of its
    /// own; `span_id` is for this one.
    pub(crate) fn nest(&mut self, outer: &SharedIds, span_id: Option<SpanId>) {
        let nested = outer.ids.zip(span_id).map(|(ids, span_id)| UnitIds {
            span_id,
            parent_id: Some(ids.span_id),
            ..ids
        });
        self.complete(nested, &outer.state, &outer.request_id);
    }
}

/// The values of the headers of a call that a unit makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outgoing<'a> {
    pub(crate) parent: Option<TraceParent>,
    /// Empty if there is nothing to pass on.
    pub(crate) state: &'a [u8],
    pub(crate) request_id: Option<&'a [u8]>,
}
