//! Text that user code writes into the arena.

use std::fmt;
use std::fmt::Write;

use crate::base::{bytes, catch};
use crate::unit::store::arena::{Arena, Span, Writer};
use crate::value::kind;
use crate::value::kind::{Kind, PANICKED, STARS};

/// Stores a formatted message.
#[inline]
pub(crate) fn message(args: fmt::Arguments<'_>, arena: &mut Arena, limit: usize) -> Span {
    match args.as_str() {
        Some(text) => arena.push_text(text, limit),
        None => formatted(arena, limit, |out| out.write_fmt(args)),
    }
}

/// Stores the text that `format` writes: user code, so it may panic.
pub(crate) fn formatted(
    arena: &mut Arena,
    limit: usize,
    format: impl FnOnce(&mut Writer<'_>) -> fmt::Result,
) -> Span {
    written(arena, limit, |out| {
        guarded(out, format);
    })
}

pub(super) fn written(
    arena: &mut Arena,
    limit: usize,
    write: impl FnOnce(&mut Writer<'_>),
) -> Span {
    let mut writer = arena.writer(limit);
    write(&mut writer);
    writer.finish()
}

/// Runs user code that writes; returns whether it ended without a panic. A panic
/// takes back the text. An error that a `Display` returns does not: half a text is
/// better than none.
pub(super) fn guarded<R>(out: &mut Writer<'_>, format: impl FnOnce(&mut Writer<'_>) -> R) -> bool {
    let ended = catch::call(|| format(out)).is_some();
    if !ended {
        out.roll_back();
        out.push(PANICKED);
    }
    ended
}

fn format(out: &mut Writer<'_>, args: fmt::Arguments<'_>) {
    guarded(out, |out| out.write_fmt(args));
}

/// Writes a value that is recorded as text.
pub(super) fn write(kind: Kind<'_>, out: &mut Writer<'_>) {
    match kind {
        Kind::Str(text) => out.push(text),
        Kind::Char(char) => out.push(char.encode_utf8(&mut [0; 4])),
        Kind::Lossy(bytes) => out.push_lossy(bytes),
        Kind::Mask(text, shown) => {
            // There is always room for the stars, which show that something is
            // hidden.
            let room = out.room().saturating_sub(STARS.len());
            let (shown, cut) = clip(kind::unmasked(text, shown), room);
            out.push(shown);
            out.push(STARS);
            if cut {
                out.mark_cut();
            }
        }
        Kind::Args(args) => format(out, args),
        Kind::Display(value) => format(out, format_args!("{value}")),
        Kind::Debug(value) => format(out, format_args!("{value:?}")),
        // Not stored as text; see `capture::store`.
        _ => {}
    }
}

/// Returns the text of a value inside a list, at most `limit` bytes. Never inlined,
/// or its arena would be on the stack for each level of a nested list.
#[inline(never)]
pub(super) fn to_string(kind: Kind<'_>, limit: usize) -> String {
    let mut arena = Arena::new();
    let text = written(&mut arena, limit, |out| write(kind, out));
    arena.text(text).to_owned()
}

/// Returns as much of a text as fits into `limit` bytes, cut at a character
/// boundary, and whether it was cut.
pub(super) fn clip(text: &str, limit: usize) -> (&str, bool) {
    let end = bytes::char_floor(text.as_bytes(), limit);
    (text.get(..end).unwrap_or_default(), end < text.len())
}
