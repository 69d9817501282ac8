//! A record as typed key-values: where each key and value lies.
//!
//! Plain data without a reference, so that the list is recycled with the entry.

use crate::config::names::Name;
use crate::config::settings::PairValue;

/// The text of a piece; all of them were written as text.
pub(crate) fn text_at(buffer: &[u8], piece: Piece) -> &str {
    let bytes = buffer.get(piece.start..piece.end).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Buffers that encoding fills; recycled with the entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// The record. As long as it ever was; how much is text, encoding tells.
    pub(crate) line: Vec<u8>,
    /// The JSON text of one list, before logfmt quotes it.
    pub(crate) list: Vec<u8>,
    /// The record, where it goes out as key-values.
    pub(crate) pairs: Vec<Pair>,
}

/// Part of a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PairText {
    /// In the arena.
    Arena(Piece),
    /// In the scratch line.
    Line(Piece),
    Static(&'static str),
    /// A name of the library's.
    Name(Name),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) key: PairText,
    pub(crate) value: PairValue<PairText>,
}
