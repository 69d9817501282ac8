//! The ids that a unit has and passes on.

use std::time::Instant;

use crate::config::process;
use crate::config::settings::Settings;
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
    /// Makes ids for a unit that began at `start`.
    pub(crate) fn new(
        settings: &Settings,
        start: Instant,
        trace_id: TraceId,
        caller: Option<TraceParent>,
    ) -> UnitIds {
        let caller_sampled = caller.map(|caller| caller.is_sampled());
        UnitIds {
            trace_id,
            span_id: settings.ids.span_id(Salt::new(start)),
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
    /// Returns the ids of a unit inside this one.
    pub(crate) fn inside(&self, settings: &Settings, start: Instant) -> UnitIds {
        UnitIds {
            span_id: settings.ids.span_id(Salt::new(start)),
            parent_id: Some(self.span_id),
            ..*self
        }
    }

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

    /// Takes over the transaction of the unit outside, unless this one has its own.
    pub(crate) fn nest(&mut self, outer: &SharedIds, settings: &Settings, start: Instant) {
        if self.ids.is_some() {
            return;
        }
        if let Some(ids) = outer.ids {
            self.ids = Some(ids.inside(settings, start));
            self.state.clone_from(&outer.state);
        }
        if self.request_id.is_empty() {
            self.request_id.clone_from(&outer.request_id);
        }
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
    /// Returns what a disabled unit inside an enabled one passes on.
    pub(crate) fn from_shared(shared: &SharedIds) -> Forwarded {
        let outgoing = shared.outgoing();
        let request_id = outgoing.request_id;
        Forwarded {
            parent: outgoing.parent,
            state: TraceState::from_list(outgoing.state),
            request_id: request_id.map(|id| String::from_utf8_lossy(id).into_owned()),
        }
    }

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

    /// Returns all headers that are passed on; a missing `traceparent` is made.
    pub(crate) fn make_outgoing(&mut self) -> Outgoing<'_> {
        self.make_parent();
        self.outgoing()
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
