//! Ids from the caller, and ids for the services that a unit calls.
//!
//! A disabled trace passes on what it received, byte for byte, so that a service with
//! logging turned off does not break a transaction in two. If it received nothing, it
//! makes ids when somebody asks, so that the calls of one unit stay together.

use std::borrow::Cow;
use std::panic::Location;

use crate::ids::headers::{TraceHeaders, is_request_id};
use crate::ids::id::TraceId;
use crate::ids::traceparent::TraceParent;
use crate::ids::tracestate::{self, StateText, TraceState};
use crate::thread::outer;
use crate::trace::Trace;
use crate::unit::Entry;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::trace_ids::Outgoing;

impl Trace {
    /// Makes this unit part of the caller's transaction.
    ///
    /// The record has the caller's `trace_id`, a `span_id` of its own, and the
    /// caller's `span_id` as `parent_id`. A disabled trace collects nothing, but
    /// passes the ids on.
    ///
    /// This holds even inside another unit, whose ids are then no longer shared. Units inside
    /// this one follow, unless they have used their ids already: call it first.
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
        self.put_ids(
            |entry| entry.continue_from(parent),
            |forwarded| {
                forwarded.parent = Some(parent);
                forwarded.state = TraceState::default();
            },
        )
    }

    /// Stores ids in the entry, or beside a disabled trace.
    fn put_ids(
        &mut self,
        in_entry: impl FnOnce(&mut Entry),
        in_forwarded: impl FnOnce(&mut Forwarded),
    ) -> &mut Self {
        if self.with_entry(in_entry).is_none() {
            self.with_forwarded(|kept| {
                let forwarded = kept.get_or_insert_default();
                in_forwarded(forwarded);
                forwarded.publish();
            });
        }
        self
    }

    /// Takes over the ids of the unit around, or makes some.
    fn share_ids(&mut self) -> &mut Self {
        if self.lacks_forwarded() {
            let around = outer::with_outgoing(Forwarded::new);
            self.with_forwarded(|own| *own = around.map(Box::new));
        }
        self.put_ids(
            |entry| _ = entry.outgoing(),
            |forwarded| forwarded.make_parent(),
        )
    }

    /// Returns whether this is a disabled trace without ids of its own.
    fn lacks_forwarded(&mut self) -> bool {
        self.with_forwarded(|own| own.is_none()) == Some(true)
    }

    /// Returns whether a header names the unit around, one further out, or the caller of any
    /// of these.
    fn names_around(&self, parent: TraceParent) -> bool {
        let around = match self.is_enabled() {
            true => self.look(|entry| entry.outer.clone()).flatten(),
            false => outer::hub(),
        };
        around.is_some_and(|around| around.is_named_by(parent))
    }

    /// Takes ids from the headers of a request: `traceparent` and `tracestate`,
    /// or else `b3` or `X-B3-…`, and `X-Request-ID`.
    ///
    /// Header names may be in any case, and other headers are skipped, so you can
    /// pass any map of headers.
    ///
    /// A missing, repeated or malformed header never fails the request: fresh ids
    /// are made instead, even by a disabled trace. A B3 caller may leave the sampling
    /// decision open; it is then made as if the transaction started here.
    ///
    /// Inside another unit, missing or malformed headers leave the ids that are shared with
    /// that unit. So does a caller that is the unit around, or the caller of that unit: then
    /// the headers are copies, and the unit around is who really called. Any other
    /// valid caller replaces the shared ids.
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
            Some(parent) if !self.names_around(parent) => {
                self.continue_from(parent);
                match found.is_decided() {
                    true => self.take_state(&found),
                    false => self.put_ids(Entry::decide, Forwarded::decide),
                }
            }
            _ => self.share_ids(),
        };
        match found.request_id.bytes().filter(|id| is_request_id(id)) {
            None if self.request_id().is_some() => self,
            id => self.put_request_id(id.unwrap_or_default()),
        }
    }

    /// A `tracestate` means nothing without the `traceparent` it belongs to.
    fn take_state<V: AsRef<[u8]>>(&mut self, found: &TraceHeaders<V>) -> &mut Self {
        match found.states.is_empty() || found.traceparent.is_none() {
            true => self,
            false => self.put_states(|| found.states.iter().map(AsRef::as_ref)),
        }
    }

    fn put_states<'a, I: Iterator<Item = &'a [u8]>>(
        &mut self,
        headers: impl Fn() -> I,
    ) -> &mut Self {
        self.put_ids(
            |entry| {
                let mut list = StateText::new();
                // A malformed list is left out as a whole.
                let _ = tracestate::list(headers(), &mut list);
                entry.set_state(&list);
            },
            |forwarded| forwarded.state = TraceState::untouched(headers()),
        )
    }

    /// Sets the state of other tracing systems, which
    /// [`tracestate`](Trace::tracestate) passes on.
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
        self.put_states(|| std::iter::once(state.as_str().as_bytes()))
    }

    /// Sets the id of the request.
    ///
    /// A fresh id replaces one that is empty, is longer than 128 bytes, or has
    /// characters other than letters, digits and `._:@/+=-`.
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
        let text = || String::from_utf8_lossy(id).into_owned();
        self.put_ids(
            |entry| entry.set_request_id(id),
            |forwarded| forwarded.request_id = Some(text()),
        )
    }

    /// Returns an id made by the configuration's source of ids, so that a test can
    /// predict it.
    fn fresh_id(&mut self) -> TraceId {
        let id = self.with_entry(|entry| entry.settings.ids.trace_id(entry.salt()));
        id.unwrap_or_else(TraceId::random)
    }

    /// Returns the id of the request, for the header `X-Request-ID` of the
    /// response and of outgoing calls.
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
        self.shared(|outgoing| {
            let id = outgoing.request_id?;
            Some(String::from_utf8_lossy(id).into_owned())
        })?
    }

    /// Returns the value of the header `traceparent` for outgoing calls, which
    /// names this unit as the caller. The ids are made on first use.
    ///
    /// A disabled trace returns the value that it received, as it was, or else ids that
    /// are made and remembered. `None` is returned only while the trace is in use
    /// elsewhere.
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
        self.with_outgoing(|outgoing| outgoing.parent)?
    }

    /// Returns the value of the header `tracestate` for outgoing calls, to be sent
    /// along with `traceparent`; `None` if it is empty. A disabled trace returns what it
    /// received, as it was.
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
        let state = self.shared(|outgoing| TraceState::from_list(outgoing.state));
        state.filter(|state| !state.is_empty())
    }

    /// Looks at the ids as far as they are known.
    fn shared<R>(&self, look: impl FnOnce(&Outgoing<'_>) -> R) -> Option<R> {
        let mut look = Some(look);
        let mut once = |outgoing: &Outgoing<'_>| Some(look.take()?(outgoing));
        if !self.is_enabled() {
            let own = self.forwarded(|own| once(&own.outgoing()));
            return own.or_else(|| outer::with_outgoing(once)).flatten();
        }
        match self.look(Entry::lacks_known_ids) {
            Some(false) => self.look(|entry| once(&entry.known_ids()))?,
            _ => self.hub()?.with_ids(false, |ids| once(&ids.outgoing())),
        }
    }

    /// Looks at all three headers at once, without a copy. A disabled trace without ids
    /// takes over those of the unit that it is in, or makes some; it keeps them, because the
    /// next call may be made somewhere else.
    pub(crate) fn with_outgoing<R>(&mut self, look: impl FnOnce(&Outgoing<'_>) -> R) -> Option<R> {
        if self.lacks_forwarded() {
            self.share_ids();
        }
        self.with_own_outgoing(look)
    }

    /// Does the same, but a disabled trace without ids has none.
    pub(crate) fn with_own_outgoing<R>(
        &mut self,
        look: impl FnOnce(&Outgoing<'_>) -> R,
    ) -> Option<R> {
        match self.is_enabled() {
            true => self.with_entry(|entry| look(&entry.outgoing())),
            false => self.with_forwarded(|own| Some(look(&own.as_mut()?.make_outgoing())))?,
        }
    }

    /// Returns the id of the transaction, which is made on first use.
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

    /// Starts a unit that belongs to the same transaction and has this unit as its
    /// parent. It has the same target and configuration, and a record of its own.
    ///
    /// A unit that starts while this one is [current](crate::current) shares its ids, too.
    /// `child` serves where this one is not current, and it always makes ids.
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
        if !self.is_enabled() {
            // Made here, or each child would have ids of its own.
            self.traceparent();
        }
        self.unit().child(name.into(), Location::caller())
    }
}
