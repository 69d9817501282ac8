//! Text that is formatted before a trace is taken.
//!
//! A value that prints itself runs code of the user's. Where the trace is
//! current or shared, that code may reach for it: so it runs first, into a
//! buffer on the stack, and what it adds comes before its own text.

use std::fmt;
use std::fmt::Write;

use smallvec::SmallVec;

use crate::base::{bytes, catch};
use crate::value::kind::{Kind, PANICKED, Structured, Value};
use crate::value::message::Text;
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// What was made before a trace is taken, and whether that is all of it: a value
/// that is no longer than a limit may be cut all the same, as it was nested too deep.
pub(crate) struct Serialized(OwnedValue, bool);

impl Serialized {
    pub(crate) fn new(value: &dyn Structured, limit: usize) -> Serialized {
        let (made, cut) = value.made(limit);
        Serialized(made, cut)
    }
}

impl Structured for Serialized {
    /// The limit is the one it was made for.
    fn made(&self, _limit: usize) -> (OwnedValue, bool) {
        (self.0.clone(), self.1)
    }
}

/// A text of up to 512 bytes needs no allocation.
type Room = SmallVec<[u8; 512]>;

/// Cut a little past the limit, so that the trace sees that it is too long.
const PAST: usize = 4;

struct Buffer {
    room: Room,
    limit: usize,
}

impl Write for Buffer {
    /// Past the limit the rest is dropped, and the writer still says `Ok`.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.limit - self.room.len().min(self.limit);
        let keep = bytes::char_floor(text.as_bytes(), left);
        self.room
            .extend_from_slice(text.as_bytes().get(..keep).unwrap_or_default());
        if keep < text.len() {
            self.limit = self.room.len();
        }
        Ok(())
    }
}

/// Text that was formatted.
#[derive(Default)]
pub(crate) struct Formatted(Room);

impl Formatted {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Formats; what panics leaves its mark, as in a trace (`entry/capture.rs`).
#[inline(never)]
pub(crate) fn format(limit: usize, write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> Formatted {
    let mut buffer = Buffer {
        room: Room::new(),
        limit: limit.saturating_add(PAST),
    };
    if catch::call(|| write(&mut buffer)).is_none() {
        buffer.room.clear();
        buffer.room.extend_from_slice(PANICKED.as_bytes());
    }
    Formatted(buffer.room)
}

/// Hands on a value that runs no code of the user's any more. Without a limit
/// nobody is there to take it, and the code does not run at all.
#[inline(always)]
pub(crate) fn value(
    value: Value<'_>,
    limit: impl FnOnce() -> Option<usize>,
    hand_on: impl FnOnce(Kind<'_>),
) {
    // One place that hands on: with two, the value goes through memory, which
    // doubled the time of a call through `current`.
    let (formatted_text, made, list);
    let kind = match value.0 {
        Kind::Args(_) | Kind::Display(_) | Kind::Debug(_) => {
            let Some(limit) = limit() else { return };
            formatted_text = formatted(value.0, limit);
            Kind::Str(formatted_text.as_str())
        }
        Kind::Structured(value) => {
            let Some(limit) = limit() else { return };
            made = Serialized::new(value, limit);
            Kind::Structured(&made)
        }
        // Elements may print themselves, or be made while the list is walked.
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

/// Hands on a message that runs no code of the user's any more.
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
