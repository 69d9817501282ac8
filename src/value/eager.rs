//! Values that are formatted before a trace is borrowed or locked.
//!
//! A value that prints itself runs user code, which may use the trace as well if
//! that is current or shared. So this code runs first, into a buffer on the stack,
//! and what it adds comes before its own text.

use std::fmt;
use std::fmt::Write;

use smallvec::SmallVec;

use crate::base::{bytes, catch};
use crate::value::kind::{Kind, PANICKED, Structured, Value};
use crate::value::message::Text;
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// A structured value that was serialized early, and whether it was cut: a value
/// within the limit is cut too if it is nested too deep.
struct Serialized(OwnedValue, bool);

impl Structured for Serialized {
    /// Ignores the limit, because the value was made for the same one.
    fn made(&self, _limit: usize) -> (OwnedValue, bool) {
        (self.0.clone(), self.1)
    }
}

/// How far past the limit a text goes, so that the trace sees that it is too long.
const PAST: usize = 4;

/// A formatted text. Up to 512 bytes need no allocation.
#[derive(Debug, Default)]
pub(crate) struct Formatted {
    text: SmallVec<[u8; 512]>,
    limit: usize,
}

impl Formatted {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

impl Write for Formatted {
    /// Drops everything past the limit and still returns `Ok`: a `Display` that
    /// meets an error may panic.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.limit - self.text.len().min(self.limit);
        let keep = bytes::char_floor(text.as_bytes(), left);
        let kept = text.as_bytes().get(..keep).unwrap_or_default();
        self.text.extend_from_slice(kept);
        if keep < text.len() {
            self.limit = self.text.len();
        }
        Ok(())
    }
}

/// Formats a text. If the code panics, the text is the mark for that, as in a
/// trace.
#[inline(never)]
pub(crate) fn format(limit: usize, write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> Formatted {
    let mut out = Formatted {
        limit: limit.saturating_add(PAST),
        ..Formatted::default()
    };
    if catch::call(|| write(&mut out)).is_none() {
        out.text.clear();
        out.text.extend_from_slice(PANICKED.as_bytes());
    }
    out
}

/// Passes a value to `hand_on` in a form that no longer runs user code. If `limit`
/// returns `None`, no trace takes the value, and its code does not run at all.
#[inline(always)]
pub(crate) fn value(
    value: Value<'_>,
    limit: impl FnOnce() -> Option<usize>,
    hand_on: impl FnOnce(Kind<'_>),
) {
    // `hand_on` is called in one place: with two, the value goes through memory,
    // which doubled the time of a call through `current`.
    let (formatted_text, made, list);
    let kind = match value.0 {
        Kind::Args(_) | Kind::Display(_) | Kind::Debug(_) => {
            let Some(limit) = limit() else { return };
            formatted_text = formatted(value.0, limit);
            Kind::Str(formatted_text.as_str())
        }
        Kind::Structured(value) => {
            let Some(limit) = limit() else { return };
            let (value, cut) = value.made(limit);
            made = Serialized(value, cut);
            Kind::Structured(&made)
        }
        // Items may print themselves, or be made while the list is walked.
        Kind::List(_) => {
            list = limit().and_then(|limit| OwnedValue::from_value_up_to(value, limit));
            let Some(list) = &list else { return };
            list.to_value().0
        }
        kind => kind,
    };
    hand_on(kind);
}

#[inline(never)]
fn formatted(kind: Kind<'_>, limit: usize) -> Formatted {
    format(limit, |out| match kind {
        Kind::Args(args) => out.write_fmt(args),
        Kind::Display(value) => write!(out, "{value}"),
        Kind::Debug(value) => write!(out, "{value:?}"),
        _ => Ok(()),
    })
}

/// Passes a message to `hand_on` in a form that no longer runs user code.
#[inline(always)]
pub(crate) fn message(
    text: Text<'_>,
    limit: impl FnOnce() -> Option<usize>,
    hand_on: impl FnOnce(Text<'_>),
) {
    let Text::Args(args) = text else {
        return hand_on(text);
    };
    if let Some(text) = args.as_str() {
        return hand_on(Text::Plain(text));
    }
    if let Some(limit) = limit() {
        let formatted_text = format(limit, |out| out.write_fmt(args));
        hand_on(Text::Plain(formatted_text.as_str()));
    }
}
