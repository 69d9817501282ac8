//! The headers of a request that carry ids: `traceparent`, `tracestate`, B3 and
//! `x-request-id`.

use smallvec::SmallVec;

use crate::ids::traceparent::TraceParent;

/// No standard defines `X-Request-ID`; longer ids, and ids with other characters,
/// are replaced.
const MAX_REQUEST_ID: usize = 128;

pub(crate) fn is_request_id(id: &[u8]) -> bool {
    let allowed = |byte: &u8| IN_REQUEST_ID.get(usize::from(*byte)) == Some(&true);
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(allowed)
}

/// Letters, digits and `._:@/+=-`. A table, because checking an id of 36
/// characters takes a quarter of the instructions that comparisons would take.
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

/// The names of the headers that [`TraceHeaders`] reads.
#[cfg(feature = "tower")]
pub(crate) const ID_HEADERS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-request-id",
];

/// The header of one name. A repeated header counts as malformed.
#[derive(Debug, Default)]
pub(crate) enum Header<V> {
    #[default]
    None,
    One(V),
    Many,
}

impl<V: AsRef<[u8]>> Header<V> {
    fn put(&mut self, value: V) {
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

/// The headers of a request that carry ids. The values are kept as they were given,
/// without a copy.
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
    /// Keeps the value of a header, if it is one that carries ids.
    #[inline]
    pub(crate) fn take(&mut self, name: &str, value: V) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        // The length alone rules out most of the other headers.
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
        header.put(value);
    }

    /// Returns the ids of the caller. A `traceparent`, even a malformed one, comes
    /// before B3, and the single header `b3` before the others of B3.
    pub(crate) fn parent(&self) -> Option<TraceParent> {
        if !self.traceparent.is_none() {
            return TraceParent::parse_bytes(self.traceparent.bytes()?).ok();
        }
        if !self.b3.is_none() {
            return TraceParent::parse_b3(self.b3.text()?).ok();
        }
        let (trace, span) = (self.b3_trace.text()?, self.b3_span.text()?);
        TraceParent::from_b3(trace, span, self.b3_decision()).ok()
    }

    /// Returns the sampling decision of B3; the debug flag beats `x-b3-sampled`.
    fn b3_decision(&self) -> Option<&str> {
        match self.b3_flags.text() {
            Some("1") => Some("d"),
            _ => self.b3_sampled.text(),
        }
    }

    /// Returns whether the caller decided on sampling; B3 with ids alone leaves it open.
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
