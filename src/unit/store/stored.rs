//! A value as it lies in an `Entry`: a tag and 64 bits.
//!
//! A value that does not fit into 64 bits lies in the arena, and the bits are
//! its place there. With 16 bytes per value, a field takes 48 bytes together
//! with its key and prefix. The items of a list read back as the same type.

use crate::base::clock::Stamp;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::laps::LapTotals;
use crate::value::kind::Kind;
use crate::value::number::Amount;

/// The meaning of the bits of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// No value: the key was set to `None`, or removed. As an item: the end of
    /// a nested list.
    Absent,
    Null,
    Bool,
    U64,
    I64,
    F64,
    F32,
    Micros,
    /// From this tag on, values lie in the arena. A text is UTF-8.
    Text,
    U128,
    I128,
    Stamp,
    /// A list, see `items.rs`. As an item: the start of a nested list.
    List,
    /// JSON text of a structure.
    Json,
    /// The laps of a timer, see [`LapTotals`].
    Timer,
}

impl Tag {
    /// Returns whether the bits are a place in the arena.
    #[inline(always)]
    pub(crate) fn is_span(self) -> bool {
        self as u8 >= Tag::Text as u8
    }
}

/// Returns the tag and the bits of a value of fixed size, `None` for any other.
#[inline(always)]
pub(crate) fn fixed(kind: Kind<'_>) -> Option<(Tag, u128)> {
    Some(match kind {
        Kind::Absent => (Tag::Absent, 0),
        Kind::Null => (Tag::Null, 0),
        Kind::Bool(value) => (Tag::Bool, value.into()),
        Kind::U64(n) => (Tag::U64, n.into()),
        Kind::I64(n) => (Tag::I64, (n as u64).into()),
        Kind::F64(x) => (Tag::F64, x.to_bits().into()),
        Kind::F32(x) => (Tag::F32, x.to_bits().into()),
        Kind::Micros(n) => (Tag::Micros, n.into()),
        Kind::U128(n) => (Tag::U128, n),
        Kind::I128(n) => (Tag::I128, n as u128),
        // 12 bytes, the nanoseconds first.
        Kind::Stamp(at) => (Tag::Stamp, (at.secs as u128) << 32 | u128::from(at.nanos)),
        Kind::Str(_)
        | Kind::Char(_)
        | Kind::Lossy(_)
        | Kind::Mask(..)
        | Kind::Args(_)
        | Kind::Display(_)
        | Kind::Debug(_)
        | Kind::List(_)
        | Kind::Structured(_)
        | Kind::Json(_) => return None,
    })
}

/// A stored value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) tag: Tag,
    pub(crate) bits: u64,
}

impl Stored {
    pub(crate) const ABSENT: Stored = Stored::new(Tag::Absent, 0);

    #[inline]
    pub(crate) const fn new(tag: Tag, bits: u64) -> Stored {
        Stored { tag, bits }
    }

    #[inline]
    pub(crate) fn text(span: Span) -> Stored {
        Stored::new(Tag::Text, span.to_bits())
    }

    /// Stores a value of fixed size; reuses the place of an `old` one in the
    /// arena if possible.
    pub(super) fn from_fixed(
        (tag, bits): (Tag, u128),
        old: Option<Span>,
        arena: &mut Arena,
    ) -> Stored {
        if tag.is_span() {
            let span = arena.replace(old, &bits.to_le_bytes());
            return Stored::new(tag, span.to_bits());
        }
        arena.note_dead(old);
        Stored::new(tag, bits as u64)
    }

    pub(crate) fn from_amount(amount: Amount, old: Option<Span>, arena: &mut Arena) -> Stored {
        let value = match amount {
            Amount::U64(n) => (Tag::U64, n.into()),
            Amount::I64(n) => (Tag::I64, (n as u64).into()),
            Amount::F64(x) => (Tag::F64, x.to_bits().into()),
            Amount::F32(x) => (Tag::F32, x.to_bits().into()),
            Amount::U128(n) => (Tag::U128, n),
            Amount::I128(n) => (Tag::I128, n as u128),
        };
        Stored::from_fixed(value, old, arena)
    }

    #[inline]
    pub(crate) fn span(self) -> Option<Span> {
        self.tag.is_span().then(|| Span::from_bits(self.bits))
    }

    /// Returns the number that an accumulating field holds.
    pub(crate) fn to_amount(self, arena: &Arena) -> Option<Amount> {
        Some(match self.tag {
            Tag::U64 => Amount::U64(self.bits),
            Tag::I64 => Amount::I64(self.bits as i64),
            Tag::F64 => Amount::F64(f64::from_bits(self.bits)),
            Tag::F32 => Amount::F32(f32::from_bits(self.bits as u32)),
            Tag::U128 => Amount::U128(self.to_u128(arena)),
            Tag::I128 => Amount::I128(self.to_u128(arena) as i128),
            _ => return None,
        })
    }

    /// Returns the 128 bits of a value that lies in the arena.
    pub(crate) fn to_u128(self, arena: &Arena) -> u128 {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(arena.get(Span::from_bits(self.bits))) {
            *to = *from;
        }
        u128::from_le_bytes(bytes)
    }

    pub(crate) fn to_stamp(self, arena: &Arena) -> Stamp {
        let bits = self.to_u128(arena);
        Stamp {
            secs: (bits >> 32) as i64,
            nanos: bits as u32,
        }
    }

    pub(crate) fn to_laps(self, arena: &Arena) -> LapTotals {
        LapTotals::from_bytes(arena.get(Span::from_bits(self.bits)))
    }
}
