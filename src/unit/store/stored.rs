//! A value as it lies in an `Entry`: a tag and 64 bits.
//!
//! What does not fit into 64 bits lies in the arena, and the bits say where.
//! Sixteen bytes a value keep a field, its key and its prefix at 48 bytes.

use crate::base::clock::Stamp;
use crate::unit::store::arena::{Arena, Span};
use crate::value::number::Amount;

/// What the bits of a stored value mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// Nothing: the key was given with `None`, or removed.
    Absent,
    Null,
    Bool,
    U64,
    I64,
    F64,
    F32,
    Micros,
    /// The rest lie in the arena. Text; bytes of UTF-8.
    Text,
    U128,
    I128,
    Stamp,
    /// A list of items, see `items.rs`.
    List,
    /// JSON text of a structure, see `nested.rs`.
    Json,
    /// Count, total and longest lap, see [`LapTotals`].
    Timer,
}

impl Tag {
    /// Whether the bits are a place in the arena.
    #[inline]
    pub(crate) fn is_span(self) -> bool {
        self as u8 >= Tag::Text as u8
    }
}

/// A stored value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) tag: Tag,
    pub(crate) bits: u64,
}

impl Stored {
    pub(crate) const ABSENT: Stored = Stored {
        tag: Tag::Absent,
        bits: 0,
    };

    #[inline]
    pub(crate) fn new(tag: Tag, bits: u64) -> Stored {
        Stored { tag, bits }
    }

    #[inline]
    pub(crate) fn text(span: Span) -> Stored {
        Stored {
            tag: Tag::Text,
            bits: span.to_bits(),
        }
    }

    #[inline]
    pub(crate) fn span(self) -> Option<Span> {
        self.tag.is_span().then(|| Span::from_bits(self.bits))
    }

    /// Stores a number, over the place of `old` where that serves.
    pub(crate) fn from_amount(amount: Amount, old: Stored, arena: &mut Arena) -> Stored {
        let mut wide = |tag, bytes: [u8; 16]| Stored {
            tag,
            bits: arena.replace(old.span(), &bytes).to_bits(),
        };
        match amount {
            Amount::U64(n) => Stored::new(Tag::U64, n),
            Amount::I64(n) => Stored::new(Tag::I64, n as u64),
            Amount::F64(x) => Stored::new(Tag::F64, x.to_bits()),
            Amount::F32(x) => Stored::new(Tag::F32, x.to_bits().into()),
            Amount::U128(n) => wide(Tag::U128, n.to_le_bytes()),
            Amount::I128(n) => wide(Tag::I128, n.to_le_bytes()),
        }
    }

    /// The number that an accumulating field holds.
    pub(crate) fn to_amount(self, arena: &Arena) -> Option<Amount> {
        Some(match self.tag {
            Tag::U64 => Amount::U64(self.bits),
            Tag::I64 => Amount::I64(self.bits as i64),
            Tag::F64 => Amount::F64(f64::from_bits(self.bits)),
            Tag::F32 => Amount::F32(f32::from_bits(self.bits as u32)),
            Tag::U128 => Amount::U128(self.to_u128(arena)),
            Tag::I128 => Amount::I128(self.to_i128(arena)),
            Tag::Absent
            | Tag::Null
            | Tag::Bool
            | Tag::Micros
            | Tag::Text
            | Tag::Stamp
            | Tag::List
            | Tag::Json
            | Tag::Timer => return None,
        })
    }

    fn bytes<const N: usize>(self, arena: &Arena) -> [u8; N] {
        let bytes = arena.get(Span::from_bits(self.bits));
        bytes.first_chunk::<N>().copied().unwrap_or([0; N])
    }

    pub(crate) fn to_u128(self, arena: &Arena) -> u128 {
        u128::from_le_bytes(self.bytes(arena))
    }

    pub(crate) fn to_i128(self, arena: &Arena) -> i128 {
        i128::from_le_bytes(self.bytes(arena))
    }

    pub(crate) fn to_stamp(self, arena: &Arena) -> Stamp {
        Stamp::from_bytes(self.bytes(arena))
    }

    pub(crate) fn to_laps(self, arena: &Arena) -> LapTotals {
        let bytes: [u8; 24] = self.bytes(arena);
        LapTotals::from_bytes(bytes)
    }
}

impl Stamp {
    pub(crate) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (secs, nanos) = bytes.split_at_mut(8);
        secs.copy_from_slice(&self.secs.to_le_bytes());
        nanos.copy_from_slice(&self.nanos.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; 12]) -> Stamp {
        let secs = bytes.first_chunk().copied().unwrap_or_default();
        let nanos = bytes.last_chunk().copied().unwrap_or_default();
        Stamp {
            secs: i64::from_le_bytes(secs),
            nanos: u32::from_le_bytes(nanos),
        }
    }
}

/// The laps of one timer that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LapTotals {
    pub(crate) count: u64,
    pub(crate) total_micros: u64,
    pub(crate) max_micros: u64,
}

impl LapTotals {
    pub(crate) fn add(&mut self, micros: u64) {
        self.count = self.count.saturating_add(1);
        self.total_micros = self.total_micros.saturating_add(micros);
        self.max_micros = self.max_micros.max(micros);
    }

    /// The laps of both.
    pub(crate) fn and(self, other: LapTotals) -> LapTotals {
        LapTotals {
            count: self.count.saturating_add(other.count),
            total_micros: self.total_micros.saturating_add(other.total_micros),
            max_micros: self.max_micros.max(other.max_micros),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let words = [self.count, self.total_micros, self.max_micros];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; 24]) -> LapTotals {
        let mut words = bytes
            .chunks_exact(8)
            .map(|chunk| u64::from_le_bytes(chunk.first_chunk().copied().unwrap_or_default()));
        let mut next = || words.next().unwrap_or_default();
        LapTotals {
            count: next(),
            total_micros: next(),
            max_micros: next(),
        }
    }
}
