//! Units of one transaction in several services: ids in, ids out.

use std::borrow::Cow;
use std::panic::Location;

use crate::ids::headers::TraceHeaders;
use crate::ids::id::TraceId;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate;
use crate::ids::tracestate::{List, TraceState};
use crate::trace::Trace;
use crate::trace::builder::TraceBuilder;
#[cfg(feature = "tower")]
use crate::unit::Entry;
#[cfg(feature = "tower")]
use crate::unit::store::trace_ids::Forwarded;
#[cfg(feature = "tower")]
use crate::unit::store::trace_ids::Outgoing;

/// `X-Request-ID` has no standard; longer ones, and other characters, are replaced.
const MAX_REQUEST_ID: usize = 128;

fn is_request_id(id: &[u8]) -> bool {
    let allowed = |byte: &u8| IN_REQUEST_ID.get(usize::from(*byte)) == Some(&true);
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(allowed)
}

/// Letters, digits and `._:@/+=-`. A table: an id of 36 characters takes a
/// quarter of the instructions of as many comparisons.
const IN_REQUEST_ID: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut n = 0;
    while n < 128 {
        let byte = n as u8;
        allowed[n] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b':' | b'@' | b'/' | b'+' | b'=' | b'-');
        n += 1;
    }
    allowed
};

impl Trace {
    /// Makes this unit part of the caller's transaction: the record has its
    /// `trace_id`, an own `span_id`, and the caller's as `parent_id`.
    ///
    /// A disabled trace gathers nothing, but passes the ids on.
    ///
    /// # Examples
    ///
    /// ```
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let mut trace = traceline::start!("order");
    /// if let Ok(parent) = traceline::ids::TraceParent::parse(header) {
    ///     trace.continue_from(parent);
    /// }
    /// ```
    pub fn continue_from(&mut self, parent: TraceParent) -> &mut Self {
        if let Some(entry) = self.entry_mut() {
            entry.continue_from(parent);
        } else if let Some(forwarded) = self.forwarded() {
            forwarded.parent = Some(parent);
            forwarded.state = TraceState::default();
        }
        self
    }

    /// Takes ids from the headers of a request: `traceparent` and `tracestate`,
    /// else `b3` or `X-B3-…`, and `X-Request-ID`. Names in any case; any map of
    /// headers will do, and others are skipped.
    ///
    /// A B3 caller may leave it open whether the transaction is sampled; then
    /// what goes out is said as for a new one.
    ///
    /// What is absent, comes twice or is none is made afresh, and never an
    /// error: a request must not fail for a bad header.
    ///
    /// # Examples
    ///
    /// ```
    /// // Of the crate `http`: headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    /// let headers = [
    ///     ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ///     ("X-Request-ID", "order-4711"),
    /// ];
    /// let mut trace = traceline::start!("order");
    /// trace.continue_from_headers(headers);
    /// ```
    pub fn continue_from_headers<N: AsRef<str>, V: AsRef<[u8]>>(
        &mut self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Self {
        let mut found = TraceHeaders::default();
        for (name, value) in headers {
            found.take(name.as_ref(), value);
        }
        match found.parent() {
            Some(parent) => {
                self.continue_from(parent);
                match found.is_decided() {
                    true => self.take_state(&found),
                    false => self.decide(),
                }
            }
            None => self.with_own_ids(),
        }
        self.put_request_id(found.request_id.bytes().unwrap_or_default())
    }

    /// A `tracestate` says nothing without the `traceparent` it belongs to.
    fn take_state<V: AsRef<[u8]>>(&mut self, found: &TraceHeaders<V>) {
        if found.states.is_empty() || found.traceparent.is_none() {
            return;
        }
        let mut list = List::new();
        if tracestate::list(found.states.iter().map(AsRef::as_ref), &mut list).is_err() {
            return;
        }
        if let Some(entry) = self.entry_mut() {
            entry.set_state(&list);
        } else if let Some(forwarded) = self.forwarded() {
            forwarded.state = TraceState::from_list(&list);
        }
    }

    /// The caller left it to this unit whether the transaction is sampled.
    #[cold]
    fn decide(&mut self) {
        if let Some(entry) = self.entry_mut() {
            entry.decide();
        }
    }

    fn with_own_ids(&mut self) {
        if let Some(entry) = self.entry_mut() {
            entry.make_ids();
        }
    }

    /// Sets what other tracing systems say along the way, to be passed on by
    /// [`tracestate`](Trace::tracestate).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::ids::TraceState;
    ///
    /// let mut trace = traceline::start!("order");
    /// trace.set_tracestate(&TraceState::parse(["rojo=1", "congo=2"])?);
    /// assert_eq!(trace.tracestate().unwrap().as_str(), "rojo=1,congo=2");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn set_tracestate(&mut self, state: &TraceState) -> &mut Self {
        if let Some(entry) = self.entry_mut() {
            entry.set_state(state.as_str().as_bytes());
        } else if let Some(forwarded) = self.forwarded() {
            forwarded.state = state.clone();
        }
        self
    }

    /// Sets the id of the request; one that is empty, longer than 128 bytes or
    /// has other characters than letters, digits and `._:@/+=-` is replaced by a
    /// fresh one.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut trace = traceline::start!("order");
    /// trace.set_request_id("order-4711"); // request_id=order-4711
    /// ```
    pub fn set_request_id(&mut self, id: &str) -> &mut Self {
        self.put_request_id(id.as_bytes())
    }

    fn put_request_id(&mut self, id: &[u8]) -> &mut Self {
        let mut room = [0; TraceId::LEN];
        let id = match is_request_id(id) {
            true => id,
            false => self.fresh_id().encode(&mut room).as_bytes(),
        };
        if let Some(entry) = self.entry_mut() {
            entry.set_request_id(id);
        } else if let Some(forwarded) = self.forwarded() {
            forwarded.request_id = Some(String::from_utf8_lossy(id).into_owned());
        }
        self
    }

    /// Of the configuration's source, so that a test may know it.
    fn fresh_id(&mut self) -> TraceId {
        match self.entry_mut() {
            Some(entry) => entry.settings.ids.trace_id(entry.salt()),
            None => TraceId::random(),
        }
    }

    /// Returns the id of the request, for the header `X-Request-ID` of the
    /// answer and of outgoing calls.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("order");
    /// assert_eq!(trace.request_id(), None);
    /// trace.set_request_id("order-4711");
    /// assert_eq!(trace.request_id().as_deref(), Some("order-4711"));
    /// ```
    pub fn request_id(&self) -> Option<String> {
        let kept = self.look(|entry| entry.request_id().map(str::to_owned));
        kept.flatten().or_else(|| self.passed()?.request_id.clone())
    }

    /// Returns what outgoing calls have in the header `traceparent`: this unit
    /// as the caller. The ids are made when first asked for.
    ///
    /// A disabled trace passes on what it was given; `None` if that was nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn call(_: &str, _: &str) {}
    /// let mut trace = traceline::start!("order");
    /// if let Some(parent) = trace.traceparent() {
    ///     call("traceparent", parent.encode(&mut [0; 55]));
    /// }
    /// ```
    pub fn traceparent(&mut self) -> Option<TraceParent> {
        match self.entry_mut() {
            Some(entry) => Some(entry.make_ids().parent()),
            None => self.passed()?.parent,
        }
    }

    /// Returns what outgoing calls have in the header `tracestate`, beside
    /// `traceparent`; `None` if that is nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("order");
    /// assert_eq!(trace.tracestate(), None);
    /// trace.continue_from_headers([
    ///     ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ///     ("tracestate", "rojo=00f067aa0ba902b7"),
    /// ]);
    /// assert_eq!(trace.tracestate().unwrap().to_string(), "rojo=00f067aa0ba902b7");
    /// ```
    pub fn tracestate(&self) -> Option<TraceState> {
        let state = match self.passed() {
            Some(forwarded) => forwarded.state.clone(),
            None => self.look(|entry| TraceState::from_list(entry.state()))?,
        };
        Some(state).filter(|state| !state.is_empty())
    }

    /// All three, for whoever writes them somewhere else at once; of a trace
    /// that is not lent.
    #[cfg(feature = "tower")]
    pub(crate) fn outgoing(&mut self) -> Outgoing<'_> {
        if !self.is_enabled() {
            return self.passed().map(Forwarded::outgoing).unwrap_or_default();
        }
        self.entry_mut().map(Entry::outgoing).unwrap_or_default()
    }

    /// Returns the id of the transaction; made when first asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut order = traceline::start!("order");
    /// let mut payment = order.child("payment");
    /// assert!(order.trace_id().is_some());
    /// assert_eq!(payment.trace_id(), order.trace_id());
    /// ```
    pub fn trace_id(&mut self) -> Option<TraceId> {
        self.traceparent().map(|parent| parent.trace_id())
    }

    /// Starts a unit that this one calls: of the same transaction, with this
    /// unit as its parent, and with the same target and configuration. It has a
    /// record of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut order = traceline::start!("order");
    /// let mut payment = order.child("payment");
    /// payment.set("cents", 4_999).ok();
    /// drop(payment); // trace_id and parent_id are those of `order`
    /// ```
    #[track_caller]
    pub fn child(&mut self, name: impl Into<Cow<'static, str>>) -> Trace {
        let parent = self.traceparent();
        let state = self.tracestate();
        let request_id = self.request_id();
        let mut child = match self.entry() {
            Some(entry) => TraceBuilder::for_child(name.into(), entry, Location::caller()),
            None => Trace::default(),
        };
        if let Some(parent) = parent {
            child.continue_from(parent);
        }
        if let Some(state) = state {
            child.set_tracestate(&state);
        }
        if let Some(id) = request_id {
            child.set_request_id(&id);
        }
        child
    }
}
