//! Turns a borrowed value into a stored one. The user's `Display` and `Debug` run
//! here.

use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::{items, stored, text};
use crate::value::json_text;
use crate::value::kind::{Kind, Structured};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// Stores a value, text of at most `limit` bytes; reuses the place of the `old`
/// value in the arena if possible.
pub(crate) fn store(kind: Kind<'_>, old: Option<Span>, arena: &mut Arena, limit: usize) -> Stored {
    if let Some(fixed) = stored::fixed(kind) {
        return Stored::from_fixed(fixed, old, arena);
    }
    if let Kind::Str(text) = kind {
        let (text, cut) = text::clip(text, limit);
        arena.note_cut(cut);
        return Stored::text(arena.replace(old, text.as_bytes()).cut(cut));
    }
    arena.note_dead(old);
    match kind {
        Kind::List(list) => {
            let mut writer = arena.writer(limit);
            let is_whole = text::guarded(&mut writer, |out| {
                list.each(&mut |value| items::push(out, value, 1));
            });
            let tag = if is_whole { Tag::List } else { Tag::Text };
            Stored::new(tag, writer.finish().to_bits())
        }
        Kind::Structured(value) => structured(value, arena, limit),
        Kind::Json(text) => json(text.as_str(), text.is_cut(), arena, limit),
        kind => Stored::text(text::written(arena, limit, |out| text::write(kind, out))),
    }
}

/// Stores the JSON text of a structure, or the scalar that it turned out to be.
fn structured(value: &dyn Structured, arena: &mut Arena, limit: usize) -> Stored {
    let (made, cut) = value.made(limit);
    if let OwnedValue::Json(text) = made {
        return json(text.as_str(), cut, arena, limit);
    }
    arena.note_cut(cut);
    let stored = store(made.to_value().0, None, arena, limit);
    match stored.tag {
        Tag::Text if cut => Stored::text(Span::from_bits(stored.bits).cut(true)),
        _ => stored,
    }
}

/// Stores JSON text; a text that is too long is cut so that it remains JSON.
fn json(text: &str, cut: bool, arena: &mut Arena, limit: usize) -> Stored {
    let span = if text.len() <= limit {
        arena.note_cut(cut);
        arena.push(text.as_bytes()).cut(cut)
    } else {
        let (end, closers) = json_text::cut(text.as_bytes(), limit);
        let mut writer = arena.writer(limit);
        writer.push(text.get(..end).unwrap_or_default());
        writer.push(std::str::from_utf8(&closers).unwrap_or_default());
        writer.mark_cut();
        writer.finish()
    };
    Stored::new(Tag::Json, span.to_bits())
}
