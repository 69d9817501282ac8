//! The error of an id or a header that cannot be parsed.
//!
//! It is `Copy` and holds no text, so that a header from outside costs no
//! allocation; its `Display` has a table of what each [`HeaderPart`] expects.

use std::error::Error;
use std::fmt;

/// The part of a header that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderPart {
    TraceParent,
    Version,
    TraceId,
    SpanId,
    Flags,
    TraceState,
    B3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Length(usize),
    /// The position in the part of a byte that is not a hex digit, and the byte.
    Digit(usize, u8),
    /// The position in the part of a byte that is not a hyphen, and the byte.
    Hyphen(usize, u8),
    Zero,
    Form,
}

/// The error of an id, or of a header of ids, that cannot be parsed.
///
/// Its text names the part that is wrong, what was expected there and, in most
/// cases, what was found; positions count from 0 within that part.
///
/// # Examples
///
/// ```
/// use traceline::ids::TraceParent;
///
/// let header = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
/// let error = TraceParent::parse(header).unwrap_err();
/// assert_eq!(error.to_string(), "trace id: expected a lower-case hex digit at 1, got 'B'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    part: HeaderPart,
    fault: Fault,
}

impl IdError {
    pub(super) fn new(part: HeaderPart, fault: Fault) -> IdError {
        IdError { part, fault }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, length, form) = match self.part {
            HeaderPart::TraceParent => ("traceparent", "55 characters", ""),
            HeaderPart::Version => ("version", "2 characters", "00 to fe, got ff"),
            HeaderPart::TraceId => ("trace id", "32 characters", ""),
            HeaderPart::SpanId => ("span id", "16 characters", ""),
            HeaderPart::Flags => ("flags", "2 characters", "0, 1 or d"),
            HeaderPart::TraceState => ("tracestate", "at most 32 members", "members key=value"),
            HeaderPart::B3 => ("b3", "2 to 4 parts", ""),
        };
        write!(f, "{part}: expected ")?;
        match self.fault {
            Fault::Length(got) => write!(f, "{length}, got {got}"),
            Fault::Digit(at, got) => wrong_byte(f, "lower-case hex digit", at, got),
            Fault::Hyphen(at, got) => wrong_byte(f, "hyphen", at, got),
            Fault::Zero => f.write_str("a non-zero id, got only zeros"),
            Fault::Form => f.write_str(form),
        }
    }
}

fn wrong_byte(f: &mut fmt::Formatter<'_>, wanted: &str, at: usize, got: u8) -> fmt::Result {
    write!(f, "a {wanted} at {at}, got '{}'", got.escape_ascii())
}

impl Error for IdError {}
