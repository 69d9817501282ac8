//! What is wrong with an id, or with a header of ids.

use std::error::Error;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    TraceParent,
    Version,
    TraceId,
    SpanId,
    Flags,
    TraceState,
    B3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Length(usize),
    Digit(usize),
    Separator(usize),
    Zero,
    Forbidden,
}

/// An id, or a header of ids, that is none; says which part, and why.
///
/// # Examples
///
/// ```
/// let header = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
/// let error = traceline::ids::TraceParent::parse(header).unwrap_err();
/// assert_eq!(error.to_string(), "trace id: no lower-case hex digit at 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    field: Field,
    fault: Fault,
}

impl IdError {
    pub(crate) fn new(field: Field, fault: Fault) -> IdError {
        IdError { field, fault }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field {
            Field::TraceParent => "traceparent: ",
            Field::Version => "version: ",
            Field::TraceId => "trace id: ",
            Field::SpanId => "span id: ",
            Field::Flags => "flags: ",
            Field::TraceState => "tracestate: ",
            Field::B3 => "b3: ",
        })?;
        match self.fault {
            Fault::Length(len) => write!(f, "wrong length, {len}"),
            Fault::Digit(at) => write!(f, "no lower-case hex digit at {at}"),
            Fault::Separator(at) => write!(f, "no hyphen at {at}"),
            Fault::Zero => f.write_str("all zero"),
            Fault::Forbidden => f.write_str("not allowed"),
        }
    }
}

impl Error for IdError {}
