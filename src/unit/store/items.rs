//! The items of a list value, as bytes in the arena.
//!
//! An item is the byte of its tag, then its value. A nested list is a start and
//! an end around its items, so that encoding it needs neither recursion nor an
//! allocation. A list that outgrows the value limit is cut between two items;
//! one that is nested too deeply is cut where it gets too deep.

use crate::unit::store::arena::{Arena, Span, Writer};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::{stored, text};
use crate::value::json_text::MAX_NESTED;
use crate::value::kind::{Kind, Value};
use crate::value::to_value::ToValue;

/// The tag for each byte, and how many bytes follow it: the value, or the
/// length of a text, after which the text itself follows.
const ITEMS: [(Tag, usize); 14] = [
    (Tag::Absent, 0),
    (Tag::Null, 0),
    (Tag::Bool, 1),
    (Tag::U64, 8),
    (Tag::I64, 8),
    (Tag::F64, 8),
    (Tag::F32, 4),
    (Tag::Micros, 8),
    (Tag::Text, 4),
    (Tag::U128, 16),
    (Tag::I128, 16),
    (Tag::Stamp, 12),
    (Tag::List, 0),
    (Tag::Json, 4),
];

// The byte of a tag is its number.
const _: () = {
    let mut byte = 0;
    while byte < ITEMS.len() {
        assert!(ITEMS[byte].0 as usize == byte);
        byte += 1;
    }
};

/// Stores one value of a list that is itself `depth` lists deep; returns `false`
/// when a limit is reached.
pub(super) fn push(out: &mut Writer<'_>, value: Value<'_>, depth: usize) -> bool {
    let (pushed, cut) = match value.0 {
        // An array has no gaps: `None` keeps its place.
        Kind::Absent => (push_fixed(out, Tag::Null, 0), false),
        Kind::Str(text) => (push_text(out, Tag::Text, text), false),
        Kind::Json(text) => (push_text(out, Tag::Json, text.as_str()), text.is_cut()),
        Kind::Structured(value) => {
            let (made, cut) = value.made(out.room());
            (push(out, made.to_value(), depth), cut)
        }
        Kind::List(_) if depth >= MAX_NESTED => (false, true),
        Kind::List(list) => {
            let mut open = push_fixed(out, Tag::List, 0);
            if open {
                list.each(&mut |value| {
                    open = push(out, value, depth + 1);
                    open
                });
            }
            (open && push_fixed(out, Tag::Absent, 0), false)
        }
        kind => match stored::fixed(kind) {
            Some((tag, bits)) => (push_fixed(out, tag, bits), false),
            None => {
                let text = text::to_string(kind, out.room());
                (push_text(out, Tag::Text, &text), false)
            }
        },
    };
    if cut {
        out.mark_cut();
    }
    pushed && !cut
}

fn push_fixed(out: &mut Writer<'_>, tag: Tag, bits: u128) -> bool {
    let width = ITEMS.get(tag as usize).map_or(0, |(_, width)| *width);
    let mut item = [tag as u8; 17];
    if let Some(value) = item.last_chunk_mut() {
        *value = bits.to_le_bytes();
    }
    out.push_bytes(item.get(..=width).unwrap_or_default())
}

fn push_text(out: &mut Writer<'_>, tag: Tag, text: &str) -> bool {
    if text.len().saturating_add(5) > out.room() || u32::try_from(text.len()).is_err() {
        out.mark_cut();
        return false;
    }
    push_fixed(out, tag, text.len() as u128) && out.push_bytes(text.as_bytes())
}

/// Reads the items of a list back, each with the place of its value.
#[derive(Clone, Debug)]
pub(crate) struct Items<'a> {
    arena: &'a Arena,
    at: usize,
    end: usize,
}

impl<'a> Items<'a> {
    pub(crate) fn new(arena: &'a Arena, list: Stored) -> Items<'a> {
        let span = Span::from_bits(list.bits);
        let (at, end) = (span.start(), span.end());
        Items { arena, at, end }
    }

    /// Returns the size of the items that are left, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// Returns the longest run of whole items that fits into `max` bytes.
    #[cold]
    pub(crate) fn up_to(self, max: usize) -> Items<'a> {
        let (mut rest, mut end) = (self.clone(), self.at);
        while rest.next().is_some() && rest.at - self.at <= max {
            end = rest.at;
        }
        Items { end, ..self }
    }
}

impl Iterator for Items<'_> {
    type Item = (Stored, Span);

    fn next(&mut self) -> Option<(Stored, Span)> {
        let bytes = self.arena.get(Span::new(self.at, self.size()));
        let (tag, rest) = bytes.split_first()?;
        let (tag, width) = *ITEMS.get(usize::from(*tag))?;
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(rest.get(..width)?) {
            *to = *from;
        }
        let bits = u64::from_le_bytes(word);
        let start = self.at + 1;
        let span = match tag {
            Tag::Text | Tag::Json => Span::new(start + width, bits as usize),
            _ => Span::new(start, width),
        };
        self.at = span.end();
        let bits = if tag.is_span() { span.to_bits() } else { bits };
        Some((Stored::new(tag, bits), span))
    }
}
