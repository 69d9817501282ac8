use std::fmt;
use std::fmt::Write;

use crate::base::{bytes, catch};
use crate::unit::store::arena::{Arena, Span, Writer};
use crate::value::kind;
use crate::value::kind::{Kind, PANICKED, STARS};

/// Stores a formatted message.
#[inline]
pub(crate) fn message(args: fmt::Arguments<'_>, arena: &mut Arena, limit: usize) -> Span {
    if let Some(text) = args.as_str() {
        return arena.push_text(text, limit);
    }
    let mut writer = arena.writer(limit);
    formatted(&mut writer, |out| out.write_fmt(args));
    writer.finish()
}

/// Stores what `format` writes: user code, so it may panic.
pub(crate) fn described(
    arena: &mut Arena,
    limit: usize,
    format: impl FnOnce(&mut Writer<'_>) -> fmt::Result,
) -> Span {
    let mut writer = arena.writer(limit);
    formatted(&mut writer, format);
    writer.finish()
}

/// Runs user code that writes; a panic takes back what it wrote. An error that
/// a `Display` returns keeps it: half a text says more than none.
fn formatted(out: &mut Writer<'_>, format: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
    if catch::call(|| format(out)).is_none() {
        out.roll_back();
        out.push(PANICKED);
    }
}

pub(crate) fn write(kind: Kind<'_>, out: &mut Writer<'_>) {
    match kind {
        Kind::Char(char) => out.push(char.encode_utf8(&mut [0; 4])),
        Kind::Lossy(bytes) => out.push_lossy(bytes),
        Kind::Mask(text, shown) => {
            // The stars tell that something is hidden: they always have room.
            let room = out.room().saturating_sub(STARS.len());
            let (shown, cut) = clip(kind::unmasked(text, shown), room);
            out.push(shown);
            out.push(STARS);
            if cut {
                out.mark_cut();
            }
        }
        Kind::Args(args) => formatted(out, |out| out.write_fmt(args)),
        Kind::Display(value) => formatted(out, |out| write!(out, "{value}")),
        Kind::Debug(value) => formatted(out, |out| write!(out, "{value:?}")),
        Kind::Str(text) => out.push(text),
        Kind::Absent
        | Kind::Null
        | Kind::Bool(_)
        | Kind::U64(_)
        | Kind::I64(_)
        | Kind::U128(_)
        | Kind::I128(_)
        | Kind::F64(_)
        | Kind::F32(_)
        | Kind::Micros(_)
        | Kind::Stamp(_)
        | Kind::List(_)
        | Kind::Structured(_)
        | Kind::Json(_) => {}
    }
}

/// The text of a value inside a list, at most `limit` bytes. Never inlined: its
/// arena would be on the stack of each level of a nested list.
#[inline(never)]
pub(crate) fn to_string(kind: Kind<'_>, limit: usize) -> String {
    let mut arena = Arena::new();
    let mut writer = arena.writer(limit);
    write(kind, &mut writer);
    let text = writer.finish();
    arena.text(text).to_owned()
}

/// A longer text than the limit, cut at a character boundary; whether it was.
pub(crate) fn clip(text: &str, limit: usize) -> (&str, bool) {
    let end = bytes::char_floor(text.as_bytes(), limit);
    (text.get(..end).unwrap_or_default(), end < text.len())
}
