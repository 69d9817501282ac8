//! The header `traceparent`, and B3, which is turned into one.

use std::fmt;
use std::num::NonZeroU128;
use std::ops::Range;
use std::str::FromStr;

use crate::ids::error::{Fault, HeaderPart, IdError};
use crate::ids::hex::{decode, encode};
use crate::ids::id::{SpanId, TraceId};
use crate::ids::tracestate::{trimmed_end, without_blanks};

/// The header `traceparent`: the ids of the caller and its sampling decision.
///
/// It is written with [`Display`](fmt::Display), or without an allocation with
/// [`encode`](TraceParent::encode).
///
/// # Examples
///
/// ```
/// use traceline::ids::TraceParent;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = header.parse()?;
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), header);
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

/// The flags that are known; the others mean nothing yet and are not passed on.
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// Where the fields stand in the header.
const TRACE_ID: Range<usize> = 3..35;
const SPAN_ID: Range<usize> = 36..52;
const FLAGS: Range<usize> = 53..55;

impl TraceParent {
    /// The length of the header: version, two ids and flags, between hyphens.
    pub const LEN: usize = 55;

    /// Makes a header for an outgoing call. `random` states that the last seven
    /// bytes of the trace id are random, as those of [`TraceId::random`] are.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::{SpanId, TraceId, TraceParent};
    ///
    /// let parent = TraceParent::new(TraceId::random(), SpanId::random(), true, true);
    /// assert!(parent.to_string().starts_with("00-"));
    /// assert!(parent.to_string().ends_with("-03"));
    /// ```
    pub fn new(trace_id: TraceId, span_id: SpanId, sampled: bool, random: bool) -> TraceParent {
        TraceParent {
            trace_id,
            span_id,
            flags: if sampled { SAMPLED } else { 0 } | if random { RANDOM } else { 0 },
        }
    }

    /// Parses a header. Spaces and tabs around it are ignored, as HTTP requires.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse(" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// let error = TraceParent::parse("00-4bf92f35-00f067aa0ba902b7-01").unwrap_err();
    /// assert_eq!(error.to_string(), "traceparent: expected 55 characters, got 31");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the header does not follow level 2 of W3C Trace Context: version 00 has 55
    /// characters and a higher one at least as many, digits are lower-case hex, ids
    /// are not zero, and version `ff` is forbidden. The error names the field.
    pub fn parse(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse_bytes(header.as_bytes())
    }

    /// Parses bytes, which need not be checked for UTF-8: the fields must be hex
    /// digits, and nothing after the flags of a later version is read.
    pub(super) fn parse_bytes(header: &[u8]) -> Result<TraceParent, IdError> {
        // A header of the right length has nothing around it.
        let text = match header.len() {
            TraceParent::LEN => header,
            _ => trimmed_end(without_blanks(header)),
        };
        let length = IdError::new(HeaderPart::TraceParent, Fault::Length(text.len()));
        let head = text.first_chunk::<{ TraceParent::LEN }>().ok_or(length)?;
        for at in [2, 35, 52] {
            hyphen(text, at)?;
        }
        let part = |range: Range<usize>| head.get(range).unwrap_or_default();
        match decode::<1>(part(0..2), HeaderPart::Version)? {
            [0xFF] => return Err(IdError::new(HeaderPart::Version, Fault::Form)),
            [0] if text.len() > TraceParent::LEN => return Err(length),
            _ => hyphen(text, TraceParent::LEN)?,
        }
        let [flags] = decode::<1>(part(FLAGS), HeaderPart::Flags)?;
        Ok(TraceParent {
            trace_id: TraceId::parse(part(TRACE_ID), HeaderPart::TraceId)?,
            span_id: SpanId::parse(part(SPAN_ID), HeaderPart::SpanId)?,
            flags: flags & (SAMPLED | RANDOM),
        })
    }

    /// Parses the header `b3` of Zipkin: `trace-span`, optionally followed by
    /// `-sampled` (`1`, `0` or `d`) and `-parent`. A trace id of 64 bits is padded
    /// with zeros on the left.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse_b3("4bf92f3577b34da6-00f067aa0ba902b7-1")?;
    /// assert_eq!(parent.to_string(), "00-00000000000000004bf92f3577b34da6-00f067aa0ba902b7-01");
    /// assert!(TraceParent::parse_b3("0").is_err());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the header has no ids (`0` alone only turns sampling off), or if a part is
    /// malformed; the error names the field.
    pub fn parse_b3(header: &str) -> Result<TraceParent, IdError> {
        let parts = header.trim_matches([' ', '\t']).split('-');
        let count = parts.clone().count();
        let mut parts = parts.take(4);
        let mut next = || parts.next();
        let (Some(trace), Some(span), 2..=4) = (next(), next(), count) else {
            return Err(IdError::new(HeaderPart::B3, Fault::Length(count)));
        };
        let sampled = next();
        if let Some(parent) = next() {
            SpanId::parse(parent.as_bytes(), HeaderPart::SpanId)?;
        }
        TraceParent::from_b3(trace, span, sampled)
    }

    /// Makes a header from the values of `X-B3-TraceId`, `X-B3-SpanId` and, if it was
    /// sent, `X-B3-Sampled`; pass `d` for `X-B3-Flags: 1`. `true` and `false`, which
    /// tracers wrote before B3 was specified, are understood too.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::from_b3("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", Some("1"))?;
    /// assert_eq!(parent.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a value is malformed; the error names the field.
    pub fn from_b3(trace: &str, span: &str, sampled: Option<&str>) -> Result<TraceParent, IdError> {
        let trace_id = match trace.len() {
            16 => {
                let low = SpanId::parse(trace.as_bytes(), HeaderPart::TraceId)?;
                TraceId(NonZeroU128::from(low.0))
            }
            _ => TraceId::parse(trace.as_bytes(), HeaderPart::TraceId)?,
        };
        let sampled = match sampled {
            // Without a decision of the caller, nothing is sampled yet.
            None | Some("0" | "false") => false,
            Some("1" | "d" | "true") => true,
            Some(_) => return Err(IdError::new(HeaderPart::Flags, Fault::Form)),
        };
        Ok(TraceParent {
            trace_id,
            span_id: SpanId::parse(span.as_bytes(), HeaderPart::SpanId)?,
            flags: if sampled { SAMPLED } else { 0 },
        })
    }

    /// Returns the id of the transaction.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Returns the id of the calling unit.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Returns the flags as a byte.
    pub(crate) fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether the sampled flag is set, which means that the caller keeps
    /// its record.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert!(parent.is_sampled());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns whether the last seven bytes of the trace id are random.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")?;
    /// assert!(parent.is_random() && !parent.is_sampled());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn is_random(&self) -> bool {
        self.flags & RANDOM != 0
    }

    /// Writes the header into `room` and returns the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let parent = TraceParent::parse(header)?;
    /// assert_eq!(parent.encode(&mut [0; TraceParent::LEN]), header);
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn encode<'a>(&self, room: &'a mut [u8; TraceParent::LEN]) -> &'a str {
        *room = self.to_bytes();
        std::str::from_utf8(room).unwrap_or_default()
    }

    /// Returns the header as bytes.
    pub(crate) fn to_bytes(self) -> [u8; TraceParent::LEN] {
        let mut room = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let mut put = |bytes: &[u8], range: Range<usize>| {
            encode(bytes, room.get_mut(range).unwrap_or_default());
        };
        put(&self.trace_id.to_bytes(), TRACE_ID);
        put(&self.span_id.to_bytes(), SPAN_ID);
        put(&[self.flags], FLAGS);
        room
    }
}

/// Checks that a hyphen stands at `at`, unless the text ends before that.
fn hyphen(text: &[u8], at: usize) -> Result<(), IdError> {
    match text.get(at) {
        None | Some(b'-') => Ok(()),
        Some(got) => Err(IdError::new(
            HeaderPart::TraceParent,
            Fault::Hyphen(at, *got),
        )),
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; TraceParent::LEN]))
    }
}

impl FromStr for TraceParent {
    type Err = IdError;

    fn from_str(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse(header)
    }
}
