//! The headers of a request that say which transaction it belongs to.

use smallvec::SmallVec;

use crate::ids::error::IdError;
use crate::ids::traceparent::TraceParent;

/// The header of one name: none, one, or more, which is as bad as none.
#[derive(Debug, Default)]
pub(crate) enum Header<V> {
    #[default]
    None,
    One(V),
    Many,
}

impl<V: AsRef<[u8]>> Header<V> {
    fn take(&mut self, value: V) {
        *self = match self {
            Header::None => Header::One(value),
            _ => Header::Many,
        };
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Header::One(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Header::None)
    }
}

/// The headers of a request that say where it belongs: the values as they were
/// given, so that none is copied.
#[derive(Debug)]
pub(crate) struct TraceHeaders<V> {
    pub(crate) traceparent: Header<V>,
    pub(crate) states: SmallVec<[V; 1]>,
    b3: Header<V>,
    b3_trace: Header<V>,
    b3_span: Header<V>,
    b3_sampled: Header<V>,
    b3_flags: Header<V>,
    pub(crate) request_id: Header<V>,
}

impl<V> Default for TraceHeaders<V> {
    fn default() -> TraceHeaders<V> {
        TraceHeaders {
            traceparent: Header::None,
            states: SmallVec::new(),
            b3: Header::None,
            b3_trace: Header::None,
            b3_span: Header::None,
            b3_sampled: Header::None,
            b3_flags: Header::None,
            request_id: Header::None,
        }
    }
}

impl<V: AsRef<[u8]>> TraceHeaders<V> {
    #[inline]
    pub(crate) fn take(&mut self, name: &str, value: V) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        // Most headers are none of these, which their length tells.
        let header = match name.len() {
            11 if is("traceparent") => &mut self.traceparent,
            12 if is("x-request-id") => &mut self.request_id,
            2 if is("b3") => &mut self.b3,
            12 if is("x-b3-traceid") => &mut self.b3_trace,
            11 if is("x-b3-spanid") => &mut self.b3_span,
            12 if is("x-b3-sampled") => &mut self.b3_sampled,
            10 if is("x-b3-flags") => &mut self.b3_flags,
            10 if is("tracestate") => return self.states.push(value),
            _ => return,
        };
        header.take(value);
    }

    /// A `traceparent`, even a bad one, is the word of the caller; B3 is asked
    /// only without one.
    pub(crate) fn parent(&self) -> Option<TraceParent> {
        if !self.traceparent.is_none() {
            return parsed(self.traceparent.bytes().map(TraceParent::parse_bytes));
        }
        if !self.b3.is_none() {
            return parsed(self.b3.text().map(TraceParent::parse_b3));
        }
        let (trace, span) = (self.b3_trace.text()?, self.b3_span.text()?);
        TraceParent::from_b3(trace, span, self.b3_decision()).ok()
    }

    /// Who debugs has decided, whatever else is said.
    fn b3_decision(&self) -> Option<&str> {
        match self.b3_flags.text() {
            Some("1") => Some("d"),
            _ => self.b3_sampled.text(),
        }
    }

    /// Whether the caller said if the transaction is sampled: B3 leaves it open
    /// where it has ids alone.
    pub(crate) fn is_decided(&self) -> bool {
        if !self.traceparent.is_none() {
            return true;
        }
        match self.b3.text() {
            Some(b3) => b3.split('-').nth(2).is_some(),
            None => self.b3_decision().is_some(),
        }
    }
}

fn parsed(result: Option<Result<TraceParent, IdError>>) -> Option<TraceParent> {
    result?.ok()
}
