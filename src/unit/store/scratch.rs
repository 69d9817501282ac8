//! The buffers of encoding, and a record as typed key-values.
//!
//! Keys and values are plain data without a reference: places in the buffers, so
//! that the list is recycled with the entry.

use crate::config::names::Name;
use crate::config::settings::PairValue;

/// Returns the text of a piece, which was written as text.
pub(crate) fn text_at(buffer: &[u8], piece: Piece) -> &str {
    let bytes = buffer.get(piece.start..piece.end).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The buffers that encoding fills; recycled with the entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// The record. The buffer keeps its length from record to record; encoding
    /// returns how much of it is text.
    pub(crate) line: Vec<u8>,
    /// The JSON text of one list, before logfmt quotes it.
    pub(crate) list: Vec<u8>,
    /// The record, if it goes out as key-values.
    pub(crate) pairs: Vec<Pair>,
}

/// A range of a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The place of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PairText {
    /// In the arena.
    Arena(Piece),
    /// In the scratch line.
    Line(Piece),
    Static(&'static str),
    /// A name of the library.
    Name(Name),
}

/// A value that `log` can pass on typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) key: PairText,
    pub(crate) value: PairValue<PairText>,
}
