//! The headers `traceparent` and `b3`: what the caller of a unit says.

use std::fmt;
use std::num::NonZeroU128;
use std::str::FromStr;

use crate::ids::error::{Fault, Field, IdError};
use crate::ids::hex::{decode, encode};
use crate::ids::id::{SpanId, TraceId};
use crate::ids::tracestate::{trimmed_end, without_blanks};

/// What the caller of a unit says of its transaction: the header `traceparent`.
///
/// Written with [`Display`](fmt::Display), or without an allocation by
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

const SAMPLED: u8 = 1;

const RANDOM: u8 = 2;

impl TraceParent {
    /// The length of the header: `00-`, 32 and 16 hex digits, two of flags.
    pub const LEN: usize = 55;

    /// Makes one for an outgoing call. `random` says that the trace id's last
    /// seven bytes were made at random, as those of [`TraceId::random`] are.
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

    /// Parses a header. Blanks and tabs around it are ignored, as HTTP has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceParent;
    ///
    /// let parent = TraceParent::parse(" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// let error = TraceParent::parse("00-4bf92f35-00f067aa0ba902b7-01").unwrap_err();
    /// assert_eq!(error.to_string(), "traceparent: wrong length, 31");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not what level 2 of W3C Trace Context describes: version 00 in 55
    /// characters, a higher one in at least that many, lower-case hex digits, no
    /// id all zero, not version `ff`. The error names the field.
    pub fn parse(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse_bytes(header.as_bytes())
    }

    /// The same of bytes: what is no text has no hex digits either, and what stands
    /// behind the flags of a later version is not read.
    pub(crate) fn parse_bytes(header: &[u8]) -> Result<TraceParent, IdError> {
        // One of the right length has nothing around it.
        let text = match header.len() {
            TraceParent::LEN => header,
            _ => trimmed_end(without_blanks(header)),
        };
        let fault = |field, fault| Err(IdError::new(field, fault));
        let Some((head, rest)) = text.split_first_chunk::<{ TraceParent::LEN }>() else {
            return fault(Field::TraceParent, Fault::Length(text.len()));
        };
        for at in [2, 35, 52] {
            if head.get(at) != Some(&b'-') {
                return fault(Field::TraceParent, Fault::Separator(at));
            }
        }
        let part = |range: std::ops::Range<usize>| head.get(range).unwrap_or_default();
        match decode::<1>(part(0..2), Field::Version)? {
            [0xFF] => return fault(Field::Version, Fault::Forbidden),
            [0] if !rest.is_empty() => {
                return fault(Field::TraceParent, Fault::Length(text.len()));
            }
            _ if rest.first().is_some_and(|byte| *byte != b'-') => {
                return fault(Field::TraceParent, Fault::Separator(TraceParent::LEN));
            }
            _ => {}
        }
        let [flags] = decode::<1>(part(53..55), Field::Flags)?;
        Ok(TraceParent {
            trace_id: TraceId::parse(part(3..35), Field::TraceId)?,
            span_id: SpanId::parse(part(36..52), Field::SpanId)?,
            // What other bits mean is not known, so they are not passed on.
            flags: flags & (SAMPLED | RANDOM),
        })
    }

    /// Parses the header `b3` of Zipkin: `trace-span`, then perhaps `-sampled`
    /// (`1`, `0` or `d`), then perhaps `-parent`. A 64-bit trace id is padded on
    /// the left.
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
    /// If it has no ids (the header `0` alone says only that nothing is to be
    /// sampled) or is none; the error names the field.
    pub fn parse_b3(header: &str) -> Result<TraceParent, IdError> {
        let mut parts = header.trim_matches([' ', '\t']).split('-');
        let mut next = || parts.next();
        let (Some(trace), Some(span)) = (next(), next()) else {
            return Err(IdError::new(Field::B3, Fault::Length(header.len())));
        };
        let sampled = next();
        let parent = next();
        if next().is_some() {
            return Err(IdError::new(Field::B3, Fault::Length(header.len())));
        }
        if let Some(parent) = parent {
            SpanId::parse(parent.as_bytes(), Field::SpanId)?;
        }
        TraceParent::from_b3(trace, span, sampled)
    }

    /// Makes one of the values of `X-B3-TraceId`, `X-B3-SpanId` and, if there is
    /// one, `X-B3-Sampled`; `X-B3-Flags: 1` is the decision `d`. `true` and `false`,
    /// which tracers wrote before B3 was specified, are understood.
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
    /// If a value is none; the error names the field.
    pub fn from_b3(trace: &str, span: &str, sampled: Option<&str>) -> Result<TraceParent, IdError> {
        let trace_id = match trace.len() {
            16 => {
                let low = SpanId::parse(trace.as_bytes(), Field::TraceId)?;
                TraceId(NonZeroU128::from(low.0))
            }
            _ => TraceId::parse(trace.as_bytes(), Field::TraceId)?,
        };
        let sampled = match sampled {
            // A decision that is left to us is not made yet.
            None | Some("0" | "false") => false,
            Some("1" | "d" | "true") => true,
            Some(_) => return Err(IdError::new(Field::Flags, Fault::Forbidden)),
        };
        Ok(TraceParent {
            trace_id,
            span_id: SpanId::parse(span.as_bytes(), Field::SpanId)?,
            flags: if sampled { SAMPLED } else { 0 },
        })
    }

    /// Returns the id of the transaction.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = traceline::ids::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Returns the id of the unit that calls.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = traceline::ids::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The flags as a byte.
    pub(crate) fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether the caller keeps its record.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = traceline::ids::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert!(parent.is_sampled());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns whether the last seven bytes of the trace id were made at random.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = traceline::ids::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")?;
    /// assert!(parent.is_random() && !parent.is_sampled());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn is_random(&self) -> bool {
        self.flags & RANDOM != 0
    }

    /// Writes the header into `room` and returns it as text.
    ///
    /// # Examples
    ///
    /// ```
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let parent = traceline::ids::TraceParent::parse(header)?;
    /// assert_eq!(parent.encode(&mut [0; traceline::ids::TraceParent::LEN]), header);
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn encode<'a>(&self, room: &'a mut [u8; TraceParent::LEN]) -> &'a str {
        *room = self.to_bytes();
        std::str::from_utf8(room).unwrap_or_default()
    }

    /// The header.
    pub(crate) fn to_bytes(self) -> [u8; TraceParent::LEN] {
        let mut room = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (trace, rest) = room.split_at_mut(36);
        encode(
            &self.trace_id.to_bytes(),
            trace.get_mut(3..35).unwrap_or_default(),
        );
        let (span, flags) = rest.split_at_mut(17);
        encode(
            &self.span_id.to_bytes(),
            span.get_mut(..16).unwrap_or_default(),
        );
        encode(&[self.flags], flags);
        room
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
