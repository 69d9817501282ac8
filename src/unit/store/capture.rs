//! From a borrowed value to a stored one. The user's `Display` and `Debug` run here.

use crate::base::catch;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::items;
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::text::write;
use crate::value::json_text;
use crate::value::kind::{Kind, PANICKED, Structured};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

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

fn list(kind: Kind<'_>, arena: &mut Arena, limit: usize) -> Stored {
    let Kind::List(list) = kind else {
        return Stored::ABSENT;
    };
    let mut writer = arena.writer(limit);
    let pushed = catch::call(|| list.each(&mut |value| items::push(&mut writer, value, 1)));
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
    let (end, closers) = json_text::cut(text.as_bytes(), limit);
    let mut writer = arena.writer(limit);
    writer.push(text.get(..end).unwrap_or_default());
    writer.push(std::str::from_utf8(&closers).unwrap_or_default());
    writer.mark_cut();
    Stored::new(Tag::Json, writer.finish().to_bits())
}
