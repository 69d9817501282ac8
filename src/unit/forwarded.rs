//! The ids that a disabled trace passes on.

use std::sync::Arc;

use log::Level;

use crate::config::process;
use crate::config::settings::Settings;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::TraceState;
use crate::unit::UnitHub;
use crate::unit::store::origin::Origin;
use crate::unit::store::trace_ids::{Outgoing, UnitIds};

/// The ids that a disabled trace passes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarded {
    /// The header of the caller, or one that was made because none came.
    pub(crate) parent: Option<TraceParent>,
    pub(crate) state: TraceState,
    pub(crate) request_id: Option<String>,
    /// What units inside this one see of it, once there was one while no ids had come.
    hub: Option<Arc<UnitHub>>,
}

/// A disabled trace has no settings of its own.
fn settings() -> &'static Arc<Settings> {
    &process::process().settings
}

impl Forwarded {
    /// Returns what a disabled unit inside one with these ids passes on.
    pub(crate) fn new(outgoing: &Outgoing<'_>) -> Forwarded {
        let request_id = outgoing.request_id;
        Forwarded {
            parent: outgoing.parent,
            state: TraceState::from_list(outgoing.state),
            request_id: request_id.map(|id| String::from_utf8_lossy(id).into_owned()),
            hub: None,
        }
    }

    /// Returns the hub for units inside this one; the first of them lends it its settings.
    pub(crate) fn hub(&mut self, settings: &Arc<Settings>) -> Arc<UnitHub> {
        let hub = self.hub.get_or_insert_with(|| {
            let origin = Origin::internal("disabled", Level::Info);
            Arc::new(UnitHub::new(settings, settings.clock.now(), &origin))
        });
        let hub = Arc::clone(hub);
        self.publish();
        hub
    }

    /// Makes a change of the ids known to the units inside this one.
    pub(crate) fn publish(&self) {
        let Some(hub) = &self.hub else { return };
        let ids = self.parent.map(|parent| {
            let (trace_id, span_id) = (parent.trace_id(), parent.span_id());
            UnitIds::named(&hub.settings, span_id, trace_id, Some(parent))
        });
        let outgoing = self.outgoing();
        hub.set_ids(ids, outgoing.state, outgoing.request_id.unwrap_or_default());
    }

    /// Makes the header that is passed on, unless there is one.
    pub(crate) fn make_parent(&mut self) {
        if self.parent.is_some() {
            return;
        }
        let hub = self.hub.as_ref();
        let made = hub.and_then(|hub| hub.with_ids(true, |ids| ids.outgoing().parent));
        self.parent = made.or_else(|| {
            let settings = settings();
            Some(UnitIds::fresh(settings, settings.clock.now()).parent())
        });
    }

    /// Returns all headers that are passed on; a missing `traceparent` is made.
    pub(crate) fn make_outgoing(&mut self) -> Outgoing<'_> {
        self.make_parent();
        self.outgoing()
    }

    /// Decides sampling as if the transaction started here.
    pub(crate) fn decide(&mut self) {
        self.parent = self.parent.map(|parent| {
            let sampled = settings().passes_on(parent.trace_id(), None);
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
