//! The ids that a unit has and passes on.

use crate::ids::id::{SpanId, TraceId};
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::TraceState;
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
    /// Returns the header for an outgoing call: this unit is the caller.
    pub(crate) fn parent(&self) -> TraceParent {
        TraceParent::new(self.trace_id, self.span_id, self.sampled, self.random)
    }
}

/// The ids that a disabled trace passes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarded {
    pub(crate) parent: Option<TraceParent>,
    pub(crate) state: TraceState,
    pub(crate) request_id: Option<String>,
}

/// The values of the headers of a call that a unit makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outgoing<'a> {
    pub(crate) parent: Option<TraceParent>,
    /// Empty if there is nothing to pass on.
    pub(crate) state: &'a [u8],
    pub(crate) request_id: Option<&'a [u8]>,
}

impl Forwarded {
    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            parent: self.parent,
            state: self.state.as_str().as_bytes(),
            request_id: self.request_id.as_deref().map(str::as_bytes),
        }
    }
}
