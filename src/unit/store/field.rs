//! One field: its key, its value, and how it is found and written again.

use crate::base::bytes;
use crate::config::names::PREFIX;
use crate::config::settings::Settings;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::text;
use crate::value::key::KeyRef;

/// How a field takes another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Replaced by `set`.
    Plain,
    /// Added to by `incr` and `sum`.
    Sum,
    /// Raised by `max`.
    Max,
    /// Added to by the laps of a timer.
    Timer,
}

/// How many bytes of a key are kept: a record that is too long can shorten
/// values, but not keys.
const MAX_KEY: usize = 1024;

/// Any of these keeps a field off the path that recognises keys by address.
pub(crate) mod flag {
    /// The key cannot be written as it is: it has odd characters, or is reserved.
    pub(crate) const SPECIAL: u8 = 1;
    /// The value must not leave the process.
    pub(crate) const REDACTED: u8 = 2;
    /// The key ends like one of the names of a timer.
    pub(crate) const LIKE_TIMER: u8 = 4;
    /// Another field has the same key in another role. Neither of the two may be
    /// recalled as new.
    pub(crate) const SECOND: u8 = 8;
    /// Some field is a timer. Set only in the `marks` of all fields.
    pub(crate) const TIMER: u8 = 16;
}

/// A key to be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenKey<'a> {
    /// The whole key.
    pub(super) full: &'a str,
    /// The part of it that is kept.
    pub(super) text: &'a str,
    /// The key, if it is a literal and kept whole.
    pub(crate) fixed: Option<&'static str>,
    /// The hash of the whole key, so that long keys with the same beginning stay
    /// apart.
    pub(super) hash: u32,
    pub(crate) cut: bool,
}

impl<'a> GivenKey<'a> {
    pub(crate) fn new(key: KeyRef<'a>, limit: usize) -> GivenKey<'a> {
        let full = key.as_str();
        let (text, cut) = text::clip(full, limit.min(MAX_KEY));
        let mut given = GivenKey {
            full,
            text,
            fixed: None,
            hash: bytes::hash(full.as_bytes()),
            cut,
        };
        match key {
            KeyRef::Static(key) if !cut => given.fixed = Some(key),
            KeyRef::Static(_) | KeyRef::Text(_) => {}
            // This key was cut before, in another entry.
            KeyRef::Kept(_, hash) => (given.hash, given.cut) = (hash, true),
        }
        given
    }

    /// Returns whether this is the key of a field. Of a long key, another entry may have kept
    /// more, or less.
    #[inline]
    pub(super) fn is_of(&self, field: &Field, arena: &Arena) -> bool {
        let (given, kept) = (self.text.as_bytes(), field.given(arena));
        field.hash == self.hash
            && (given == kept
                || self.cut && kept.starts_with(given)
                || field.has_cut_key() && given.starts_with(kept))
    }

    /// Returns whether the value must be hidden. Of a key that was cut in another entry, only
    /// the beginning is known, and the hash of the whole.
    pub(super) fn is_redacted(&self, settings: &Settings) -> bool {
        let is_whole_of_this =
            |key: &String| key.starts_with(self.full) && bytes::hash(key.as_bytes()) == self.hash;
        settings.is_redacted(self.full) || self.cut && settings.redact.iter().any(is_whole_of_this)
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
    /// The text before the value in a record, such as `,"key":`, if it is short.
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
        Stored::new(self.tag, self.bits)
    }

    #[inline]
    pub(crate) fn store(&mut self, value: Stored, role: Role) {
        self.bits = value.bits;
        self.tag = value.tag;
        self.role = role;
    }

    /// Returns separator, key and mark in 16 bytes, and how many of them count.
    #[inline]
    pub(crate) fn prefix(&self) -> Option<(&[u8; PREFIX], usize)> {
        (self.prefix_len != 0).then_some((&self.prefix, self.prefix_len.into()))
    }

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Returns whether this literal, at this address, is the key.
    #[inline(always)]
    pub(super) fn is_literal(&self, key: &'static str) -> bool {
        matches!(self.key, FieldKey::Static(known) if std::ptr::eq(known, key))
    }

    /// Returns whether the key was too long to be kept whole.
    pub(crate) fn has_cut_key(&self) -> bool {
        matches!(self.key, FieldKey::Text(key) if key.is_cut())
    }

    /// Moves key and value to another arena.
    pub(crate) fn move_spans(&mut self, mut keep: impl FnMut(Span) -> Span) {
        if let FieldKey::Text(key) = self.key {
            self.key = FieldKey::Text(keep(key));
        }
        if let Some(span) = self.value().span() {
            self.bits = keep(span).to_bits();
        }
    }

    /// Returns the key as the user gave it.
    #[inline]
    pub(crate) fn given<'a>(&self, arena: &'a Arena) -> &'a [u8] {
        match self.key {
            FieldKey::Static(key) => key.as_bytes(),
            FieldKey::Text(span) => arena.get(span),
        }
    }
}
