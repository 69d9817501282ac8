//! The header `traceparent`, and B3, which is turned into one.

use std::fmt;
use std::num::NonZeroU128;
use std::ops::Range;
use std::str::FromStr;

use smallvec::SmallVec;

use crate::ids::error::{Fault, HeaderPart, IdError};
use crate::ids::hex::{decode, encode};
use crate::ids::id::{SpanId, TraceId};
use crate::ids::tracestate::{is_printable, trimmed};

/// The header `traceparent`: the ids of the caller and its sampling decision.
///
/// [`Display`](fmt::Display) writes it as it was received, unknown flags and all.
/// [`encode`](TraceParent::encode) writes it without an allocation.
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
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    version: u8,
    flags: u8,
    rest: Rest,
}

/// What follows the flags in a later version. It is kept inline, because a
/// `TraceParent` is `Copy`; with 37 bytes, one takes 64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Rest {
    len: u8,
    bytes: [u8; MAX_REST],
}

const MAX_REST: usize = 37;

/// The flags that are known; a unit sends no others.
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// Where the fields stand in the header.
const VERSION: Range<usize> = 0..2;
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
            version: 0,
            flags: if sampled { SAMPLED } else { 0 } | if random { RANDOM } else { 0 },
            rest: Rest::NONE,
        }
    }

    /// Parses a header. Spaces and tabs around it are ignored, as HTTP requires.
    ///
    /// A header of a later version is kept as it is, so that it can be passed on. If it
    /// is longer than 92 characters, it becomes one of version 00.
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
    /// digits, and what follows the flags of a later version is at most copied.
    pub(crate) fn parse_bytes(header: &[u8]) -> Result<TraceParent, IdError> {
        // A header of the right length has nothing around it.
        let text = match header.len() {
            TraceParent::LEN => header,
            _ => trimmed(header),
        };
        let length = IdError::new(HeaderPart::TraceParent, Fault::Length(text.len()));
        let head = text.first_chunk::<{ TraceParent::LEN }>().ok_or(length)?;
        for at in [2, 35, 52] {
            hyphen(text, at)?;
        }
        let part = |range: Range<usize>| head.get(range).unwrap_or_default();
        let [version] = decode::<1>(part(VERSION), HeaderPart::Version)?;
        match version {
            0xFF => return Err(IdError::new(HeaderPart::Version, Fault::Form)),
            0 if text.len() > TraceParent::LEN => return Err(length),
            _ => hyphen(text, TraceParent::LEN)?,
        }
        let [flags] = decode::<1>(part(FLAGS), HeaderPart::Flags)?;
        let parent = TraceParent {
            trace_id: TraceId::parse(part(TRACE_ID), HeaderPart::TraceId)?,
            span_id: SpanId::parse(part(SPAN_ID), HeaderPart::SpanId)?,
            version,
            flags,
            rest: Rest::NONE,
        };
        Ok(
            match Rest::new(text.get(TraceParent::LEN..).unwrap_or_default()) {
                Some(rest) => TraceParent { rest, ..parent },
                None => parent.in_version_00(),
            },
        )
    }

    /// Returns the header as a service writes it that knows no later version.
    fn in_version_00(&self) -> TraceParent {
        TraceParent::new(
            self.trace_id,
            self.span_id,
            self.is_sampled(),
            self.is_random(),
        )
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
        let span_id = SpanId::parse(span.as_bytes(), HeaderPart::SpanId)?;
        Ok(TraceParent::new(trace_id, span_id, sampled, false))
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
    /// A header of a later version that is longer than `room` is written in version 00.
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
        *room = match self.rest.len {
            0 => self.head(),
            _ => self.in_version_00().head(),
        };
        std::str::from_utf8(room).unwrap_or_default()
    }

    /// Returns the header as it was received.
    pub(crate) fn to_text(self) -> SmallVec<[u8; TraceParent::LEN + MAX_REST]> {
        let mut text = SmallVec::from_slice(&self.head());
        text.extend_from_slice(self.rest.as_bytes());
        text
    }

    /// Returns the header up to its flags.
    fn head(&self) -> [u8; TraceParent::LEN] {
        let mut room = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let mut put = |bytes: &[u8], range: Range<usize>| {
            encode(bytes, room.get_mut(range).unwrap_or_default());
        };
        put(&[self.version], VERSION);
        put(&self.trace_id.to_bytes(), TRACE_ID);
        put(&self.span_id.to_bytes(), SPAN_ID);
        put(&[self.flags], FLAGS);
        room
    }
}

impl Rest {
    const NONE: Rest = Rest {
        len: 0,
        bytes: [0; MAX_REST],
    };

    /// Keeps text that fits and that a header may hold.
    fn new(text: &[u8]) -> Option<Rest> {
        let mut rest = Rest::NONE;
        rest.bytes.get_mut(..text.len())?.copy_from_slice(text);
        rest.len = u8::try_from(text.len()).ok()?;
        is_printable(text).then_some(rest)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
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
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceParent({self})")
    }
}

impl FromStr for TraceParent {
    type Err = IdError;

    fn from_str(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse(header)
    }
}
