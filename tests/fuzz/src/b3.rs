//! A slow reader of B3 (<https://github.com/openzipkin/b3-propagation>).

use crate::w3c::{self, Parent};

/// The ids of a caller, and its decision on sampling, if it made one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) parent: Parent,
    pub(crate) is_decided: bool,
}

/// `trace-span`, `trace-span-sampled` or `trace-span-sampled-parent`.
pub(crate) fn single(header: &[u8]) -> Option<Said> {
    let parts: Vec<&[u8]> = w3c::trimmed(header).split(|byte| *byte == b'-').collect();
    match parts.as_slice() {
        [trace, span] => several(trace, span, None),
        [trace, span, sampled] => several(trace, span, Some(sampled)),
        [trace, span, sampled, parent] => {
            w3c::id(parent, 16)?;
            several(trace, span, Some(sampled))
        }
        _ => None,
    }
}

/// `X-B3-TraceId`, `X-B3-SpanId` and the decision, which is `d` if the flags are 1.
///
/// `true` and `false` predate the specification, which lets readers accept them. The single header never
/// had them, but the same routine reads it, because they cannot mean anything else.
pub(crate) fn several(trace: &[u8], span: &[u8], decision: Option<&[u8]>) -> Option<Said> {
    let sampled = match decision {
        None | Some(b"0" | b"false") => false,
        Some(b"1" | b"d" | b"true") => true,
        Some(_) => return None,
    };
    // 64 bits are the lower half of 128.
    let trace = match trace.len() {
        16 => format!("{:0>32}", w3c::id(trace, 16)?),
        _ => w3c::id(trace, 32)?,
    };
    let parent = Parent {
        trace,
        span: w3c::id(span, 16)?,
        sampled,
        random: false,
    };
    Some(Said {
        parent,
        is_decided: decision.is_some(),
    })
}
