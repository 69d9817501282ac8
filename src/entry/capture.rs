//! From a borrowed value to a stored one. The user's `Display` and `Debug` run here.

use std::fmt::{self, Write};

use crate::bytes;
use crate::guard;
use crate::nested::{self, Structured};
use crate::owned::OwnedValue;
use crate::value::{self, Kind, PANICKED, STARS, ToValue};

use super::arena::{Arena, Span, Writer};
use super::items;
use super::stored::{Stored, Tag};

/// Stores a value, text of at most `limit` bytes.
pub(crate) fn store(kind: Kind<'_>, arena: &mut Arena, limit: usize) -> Stored {
    match kind {
        Kind::Absent => Stored::ABSENT,
        Kind::Null => Stored::new(Tag::Null, 0),
        Kind::Bool(value) => Stored::new(Tag::Bool, value.into()),
        Kind::U64(n) => Stored::new(Tag::U64, n),
        Kind::I64(n) => Stored::new(Tag::I64, n as u64),
        Kind::F64(x) => Stored::new(Tag::F64, x.to_bits()),
        Kind::F32(x) => Stored::new(Tag::F32, x.to_bits().into()),
        Kind::Micros(n) => Stored::new(Tag::Micros, n),
        Kind::U128(n) => Stored::new(Tag::U128, arena.push(&n.to_le_bytes()).to_bits()),
        Kind::I128(n) => Stored::new(Tag::I128, arena.push(&n.to_le_bytes()).to_bits()),
        Kind::Stamp(stamp) => Stored::new(Tag::Stamp, arena.push(&stamp.to_bytes()).to_bits()),
        Kind::Str(text) => Stored::text(arena.push_text(text, limit)),
        Kind::List(_) => list(kind, arena, limit),
        Kind::Structured(value) => structured(value, arena, limit),
        Kind::Json(text) => json(text.as_str(), text.is_cut(), arena, limit),
        Kind::Char(_)
        | Kind::Lossy(_)
        | Kind::Mask(..)
        | Kind::Args(_)
        | Kind::Display(_)
        | Kind::Debug(_) => {
            let mut writer = arena.writer(limit);
            write(kind, &mut writer);
            Stored::text(writer.finish())
        }
    }
}

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
    if guard::run(|| format(out)).is_none() {
        out.roll_back();
        out.push(PANICKED);
    }
}

fn list(kind: Kind<'_>, arena: &mut Arena, limit: usize) -> Stored {
    let Kind::List(list) = kind else {
        return Stored::ABSENT;
    };
    let mut writer = arena.writer(limit);
    let pushed = guard::run(|| list.each(&mut |value| items::push(&mut writer, value, 1)));
    if pushed.is_none() {
        writer.roll_back();
        writer.push(PANICKED);
        return Stored::text(writer.finish());
    }
    Stored::new(Tag::List, writer.finish().to_bits())
}

/// Stores what a structure is made of, or the scalar that it turned out to be.
fn structured(value: &dyn Structured, arena: &mut Arena, limit: usize) -> Stored {
    let (made, cut) = value.made(limit);
    if let OwnedValue::Json(text) = made {
        return json(text.as_str(), cut, arena, limit);
    }
    arena.note_cut(cut);
    let stored = store(made.to_value().0, arena, limit);
    match stored.tag {
        Tag::Text if cut => Stored::text(Span::from_bits(stored.bits).cut(true)),
        _ => stored,
    }
}

/// Stores JSON text, of which not all may fit.
fn json(text: &str, cut: bool, arena: &mut Arena, limit: usize) -> Stored {
    if text.len() <= limit {
        arena.note_cut(cut);
        let span = arena.push(text.as_bytes()).cut(cut);
        return Stored::new(Tag::Json, span.to_bits());
    }
    let (end, closers) = nested::cut(text.as_bytes(), limit);
    let mut writer = arena.writer(limit);
    writer.push(text.get(..end).unwrap_or_default());
    writer.push(std::str::from_utf8(&closers).unwrap_or_default());
    writer.mark_cut();
    Stored::new(Tag::Json, writer.finish().to_bits())
}

fn write(kind: Kind<'_>, out: &mut Writer<'_>) {
    match kind {
        Kind::Char(char) => out.push(char.encode_utf8(&mut [0; 4])),
        Kind::Lossy(bytes) => out.push_lossy(bytes),
        Kind::Mask(text, shown) => {
            // The stars tell that something is hidden: they always have room.
            let room = out.room().saturating_sub(STARS.len());
            let (shown, cut) = clip(value::unmasked(text, shown), room);
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
    let stored = store(kind, &mut arena, limit);
    stored
        .span()
        .map(|span| arena.text(span).to_owned())
        .unwrap_or_default()
}

/// A longer text than the limit, cut at a character boundary; whether it was.
pub(crate) fn clip(text: &str, limit: usize) -> (&str, bool) {
    let end = bytes::char_floor(text.as_bytes(), limit);
    (text.get(..end).unwrap_or_default(), end < text.len())
}
