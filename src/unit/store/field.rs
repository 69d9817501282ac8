use crate::base::bytes;
use crate::config::names::PREFIX;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::text;
use crate::value::key::KeyRef;

/// What a field does when it is written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Replaced by `set`.
    Plain,
    /// Added to by `incr`, `count` and `sum`.
    Sum,
    /// Raised by `max`.
    Max,
    /// LapTotals of a timer.
    Timer,
}

/// Bytes of a key that are kept: in the record, a key cannot be cut any more.
const MAX_KEY: usize = 1024;

/// Any of these keeps a field off the path that recognises it by its address.
pub(crate) mod flag {
    /// The key cannot be written as it is: odd characters, or reserved.
    pub(crate) const SPECIAL: u8 = 1;
    /// The value never leaves.
    pub(crate) const REDACTED: u8 = 2;
    /// The key ends like one of the names of a timer.
    pub(crate) const LIKE_TIMER: u8 = 4;
    /// Another field has the same key in another role. Of two slots of one key,
    /// none may be recalled as new.
    pub(crate) const SECOND: u8 = 8;
}

/// A key as it is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenKey<'a> {
    /// All of it.
    pub(crate) full: &'a str,
    /// As much of it as is kept.
    pub(crate) text: &'a str,
    /// The key, if it is a literal and kept whole.
    pub(crate) fixed: Option<&'static str>,
    /// Of all of it, so that keys which are kept alike stay apart.
    pub(crate) hash: u32,
    pub(crate) cut: bool,
}

impl<'a> GivenKey<'a> {
    pub(crate) fn new(key: KeyRef<'a>, limit: usize) -> GivenKey<'a> {
        let full = key.as_str();
        if let KeyRef::Kept(text, hash) = key {
            return GivenKey {
                full,
                text,
                fixed: None,
                hash,
                cut: true,
            };
        }
        let (text, cut) = text::clip(full, limit.min(MAX_KEY));
        GivenKey {
            full,
            text,
            fixed: match key {
                KeyRef::Static(key) if !cut => Some(key),
                _ => None,
            },
            hash: bytes::hash(full.as_bytes()),
            cut,
        }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum FieldKey {
    Static(&'static str),
    Text(Span),
}

/// One field, 48 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) key: FieldKey,
    /// What stands before the value in a record, if that is short: `,"key":`.
    pub(crate) prefix: [u8; PREFIX],
    pub(crate) bits: u64,
    pub(crate) hash: u32,
    pub(crate) tag: Tag,
    pub(crate) role: Role,
    pub(crate) flags: u8,
    /// Zero where the key has to be written piece by piece.
    pub(crate) prefix_len: u8,
}

const _: () = assert!(size_of::<Field>() == 48);

impl Field {
    #[inline]
    pub(crate) fn value(&self) -> Stored {
        Stored {
            tag: self.tag,
            bits: self.bits,
        }
    }

    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }

    #[inline]
    pub(crate) fn store(&mut self, value: Stored, role: Role) {
        self.bits = value.bits;
        self.tag = value.tag;
        self.role = role;
    }

    /// Separator, key and mark in 16 bytes, and how many of them count.
    #[inline]
    pub(crate) fn prefix(&self) -> Option<(&[u8; PREFIX], usize)> {
        (self.prefix_len != 0).then_some((&self.prefix, self.prefix_len.into()))
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Moves what lies in the arena to another.
    pub(crate) fn move_spans(&mut self, mut keep: impl FnMut(Span) -> Span) {
        if let FieldKey::Text(key) = self.key {
            self.key = FieldKey::Text(keep(key));
        }
        if let Some(span) = self.value().span() {
            self.bits = keep(span).to_bits();
        }
    }

    /// The key as the user gave it.
    #[inline]
    pub(crate) fn given<'a>(&self, arena: &'a Arena) -> &'a [u8] {
        match self.key {
            FieldKey::Static(key) => key.as_bytes(),
            FieldKey::Text(span) => arena.get(span),
        }
    }
}
