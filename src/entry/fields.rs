//! The fields of one unit: unique keys in the order first set.
//!
//! A key is found again in two ways. A recycled entry remembers the keys of the
//! unit before: as long as a unit sets the same keys in the same order, each is
//! recognised by its address alone, and as the earlier keys were distinct these
//! are too, with no hash and no search. Any other key goes through a hash index
//! that is built when first needed, so a wide or irregular unit is never
//! quadratic. Measured on W1 (`benches/unit.rs`): see the table in `README.md`.

use smallvec::SmallVec;

use crate::config::{PREFIX, Settings, TIMER_SUFFIXES};
use crate::key::KeyRef;

use super::arena::{Arena, Span};
use super::stored::{Stored, Tag};

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
    /// Laps of a timer.
    Timer,
}

/// Any of these keeps a field off the path that recognises it by its address.
pub(crate) mod flag {
    /// The key cannot be written as it is: odd characters, reserved, or a second field of its key.
    pub(crate) const SPECIAL: u8 = 1;
    /// The value never leaves.
    pub(crate) const REDACTED: u8 = 2;
    /// The key ends like one of the names of a timer.
    pub(crate) const LIKE_TIMER: u8 = 4;
    /// The slot belongs to an earlier unit of another shape.
    pub(crate) const STALE: u8 = 8;
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
    prefix: [u8; PREFIX],
    bits: u64,
    hash: u32,
    tag: Tag,
    pub(crate) role: Role,
    pub(crate) flags: u8,
    /// Zero where the key has to be written piece by piece.
    prefix_len: u8,
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

#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The first `len` belong to this unit, the rest to earlier ones.
    slots: SmallVec<[Field; 128]>,
    len: usize,
    /// Open addressing: the place of a field plus one, 0 where empty.
    index: SmallVec<[u16; 256]>,
    /// How many fields, from the first, the index knows.
    indexed: usize,
    /// Whether any key needs its name worked out before encoding.
    pub(crate) special: bool,
    timers: bool,
    like_timers: bool,
    /// Whether a removed field holds a place.
    absent: bool,
    /// Writes to new keys that found no room.
    pub(crate) dropped: u64,
}

impl Fields {
    pub(crate) fn new() -> Fields {
        Fields {
            slots: SmallVec::new(),
            len: 0,
            index: SmallVec::new(),
            indexed: 0,
            special: false,
            timers: false,
            like_timers: false,
            absent: false,
            dropped: 0,
        }
    }

    /// Starts the next unit; the keys of the last one stay as a guess.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.special = false;
        self.timers = false;
        self.like_timers = false;
        self.absent = false;
        self.dropped = 0;
        if self.indexed > 0 {
            self.forget_index();
        }
    }

    #[cold]
    fn forget_index(&mut self) {
        self.index.fill(0);
        self.indexed = 0;
    }

    /// Forgets the keys too: another configuration judges them differently.
    pub(crate) fn reset(&mut self) {
        *self = Fields::new();
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Field] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<&Field> {
        self.as_slice().get(at)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Field> {
        self.slots.get_mut(..self.len)?.get_mut(at)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Field> {
        self.slots.iter_mut().take(self.len)
    }

    /// The next slot, taken, if the unit before had this very key in it.
    ///
    /// CORRECTNESS: equal address and length of two `&'static str` mean equal
    /// text, and no flag means that the slots before it hold this unit's keys in
    /// the order of the unit before, so the key is new here.
    #[inline(always)]
    pub(crate) fn expected(&mut self, key: &'static str) -> Option<&mut Field> {
        let slot = self.slots.get_mut(self.len)?;
        match slot.key {
            FieldKey::Static(known) if slot.flags == 0 && std::ptr::eq(known, key) => {
                self.len += 1;
                Some(slot)
            }
            _ => None,
        }
    }

    /// Finds the field of a key that `role` may write to.
    pub(crate) fn find(
        &mut self,
        key: &str,
        hash: u32,
        role: Role,
        arena: &Arena,
    ) -> Option<usize> {
        self.catch_up();
        let live = self.search(key, hash, arena, |field| {
            let serves = role == Role::Plain || field.role == role || field.has(flag::REDACTED);
            field.tag != Tag::Absent && serves
        });
        live.or_else(|| {
            // The place of a removed field serves any role but a timer's, which
            // `classify` has to see.
            if !self.absent || role == Role::Timer {
                return None;
            }
            self.search(key, hash, arena, |field| field.tag == Tag::Absent)
        })
    }

    /// Finds the field of a key without building the index, for a look from outside.
    pub(crate) fn look_up(&self, key: &str, arena: &Arena) -> Option<&Field> {
        self.as_slice()
            .iter()
            .find(|field| field.tag != Tag::Absent && field.given(arena) == key.as_bytes())
    }

    /// How many fields that have a value stand at a place or after it.
    #[inline]
    pub(crate) fn live_from(&self, at: usize) -> u64 {
        let rest = self.as_slice().get(at..).unwrap_or_default();
        rest.iter().filter(|field| field.tag != Tag::Absent).count() as u64
    }

    /// Appends a field of a new key, or of a known key in another role.
    ///
    /// `None` when the limit is reached.
    pub(crate) fn append(
        &mut self,
        key: KeyRef<'_>,
        hash: u32,
        role: Role,
        cut: bool,
        settings: &Settings,
        arena: &mut Arena,
    ) -> Option<usize> {
        let at = self.len;
        if at >= settings.limits.fields {
            return None;
        }
        let text = key.as_str();
        let flags = self.classify(text, hash, role, settings, arena);
        let (prefix, prefix_len) = match flags & flag::SPECIAL {
            0 => settings.key_prefix(text),
            _ => ([0; PREFIX], 0),
        };
        let key = match key {
            KeyRef::Static(key) => FieldKey::Static(key),
            KeyRef::Text(key) => FieldKey::Text(arena.push(key.as_bytes()).cut(cut)),
        };
        let field = Field {
            key,
            bits: 0,
            hash,
            tag: Tag::Absent,
            role,
            flags,
            prefix,
            prefix_len,
        };
        match self.slots.get_mut(at) {
            Some(slot) => *slot = field,
            None => self.slots.push(field),
        }
        // The guess ends here: what follows was distinct from other keys.
        if let Some(next) = self.slots.get_mut(at + 1) {
            next.flags |= flag::STALE;
        }
        self.len = at + 1;
        self.catch_up();
        Some(at)
    }

    fn classify(
        &mut self,
        key: &str,
        hash: u32,
        role: Role,
        settings: &Settings,
        arena: &Arena,
    ) -> u8 {
        let mut flags = 0;
        let second = role != Role::Plain && self.search(key, hash, arena, |_| true).is_some();
        let reserved = settings.is_reserved(key, hash)
            || role == Role::Timer && settings.is_timer_reserved(key);
        if second || reserved || !settings.is_plain_key(key) {
            flags |= flag::SPECIAL;
            self.special = true;
        }
        if settings.is_redacted(key) {
            flags |= flag::REDACTED;
        }
        if key.ends_with(['s', 't']) && TIMER_SUFFIXES.iter().any(|suffix| key.ends_with(suffix)) {
            flags |= flag::LIKE_TIMER;
            self.like_timers = true;
        }
        self.timers |= role == Role::Timer;
        self.special |= self.timers && self.like_timers;
        flags
    }

    /// Removes a field's value; the place is kept in case it comes back.
    pub(crate) fn remove(&mut self, at: usize) {
        if let Some(field) = self.get_mut(at) {
            field.store(Stored::ABSENT, Role::Plain);
        }
        self.absent = true;
    }

    /// Whether `compact` would make room.
    #[inline]
    pub(crate) fn has_absent(&self) -> bool {
        self.absent
    }

    /// How many removed fields stand before a place: what `compact` moves it by.
    pub(crate) fn absent_before(&self, at: usize) -> usize {
        let before = self.as_slice().iter().take(at);
        before.filter(|field| field.tag == Tag::Absent).count()
    }

    /// Makes room by forgetting removed fields.
    #[cold]
    pub(crate) fn compact(&mut self) {
        self.slots.truncate(self.len);
        self.slots.retain(|field| field.tag != Tag::Absent);
        self.len = self.slots.len();
        self.absent = false;
        self.forget_index();
        self.catch_up();
    }

    /// Puts the fields that were recognised by address into the index.
    fn catch_up(&mut self) {
        let wanted = (self.len + 1).saturating_mul(2).next_power_of_two().max(64);
        if self.index.len() < wanted {
            self.index.clear();
            self.index.resize(wanted, 0);
            self.indexed = 0;
        }
        let mask = self.index.len() - 1;
        for at in self.indexed..self.len {
            let Some(field) = self.slots.get(at) else {
                break;
            };
            let mut place = field.hash as usize & mask;
            while let Some(entry) = self.index.get_mut(place) {
                if *entry == 0 {
                    // `ConfigBuilder::build` keeps the limit below 65,535.
                    *entry = at as u16 + 1;
                    break;
                }
                place = (place + 1) & mask;
            }
        }
        self.indexed = self.len;
    }

    /// Searches what is indexed: the earliest field of this key that `fits`.
    fn search(
        &self,
        key: &str,
        hash: u32,
        arena: &Arena,
        fits: impl Fn(&Field) -> bool,
    ) -> Option<usize> {
        let mask = self.index.len().checked_sub(1)?;
        let mut place = hash as usize & mask;
        loop {
            let at = usize::from(*self.index.get(place)?).checked_sub(1)?;
            let field = self.slots.get(at)?;
            if field.hash == hash && field.given(arena) == key.as_bytes() && fits(field) {
                return Some(at);
            }
            place = (place + 1) & mask;
        }
    }
}
