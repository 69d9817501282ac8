//! The ids that a unit has and passes on.

use crate::config::process;
use crate::ids::id::{SpanId, TraceId};
use crate::ids::random::Salt;
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
    /// The header of the caller, or one that was made because none came.
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
    /// Returns the header that is passed on, which is made when first needed, with the
    /// settings of the process: a disabled trace has none of its own.
    pub(crate) fn make_parent(&mut self) -> TraceParent {
        *self.parent.get_or_insert_with(|| {
            let settings = &process::process().settings;
            let salt = Salt::new(settings.clock.now());
            let trace_id = settings.ids.trace_id(salt);
            let sampled = settings.passes_on(trace_id, None);
            let span_id = settings.ids.span_id(salt);
            TraceParent::new(trace_id, span_id, sampled, settings.ids.are_random())
        })
    }

    /// Decides sampling as if the transaction started here.
    pub(crate) fn decide(&mut self) {
        let settings = &process::process().settings;
        self.parent = self.parent.map(|parent| {
            let sampled = settings.passes_on(parent.trace_id(), None);
            TraceParent::new(
                parent.trace_id(),
                parent.span_id(),
                sampled,
                parent.is_random(),
            )
        });
    }

    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            parent: self.parent,
            state: self.state.as_str().as_bytes(),
            request_id: self.request_id.as_deref().map(str::as_bytes),
        }
    }
}
