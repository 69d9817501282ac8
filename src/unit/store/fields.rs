//! The fields of one unit: unique keys in the order first set.
//!
//! A recycled entry remembers the keys of the unit before. As long as a unit sets
//! the same keys in the same order, each is recognised by its address alone;
//! because the earlier keys were distinct, these are too, and no hash or search is
//! needed.
//!
//! | way | finds | cost |
//! |---|---|---|
//! | `expected` | the next remembered key | 2 ns |
//! | `again` | a literal key that was written not long ago | 10 ns |
//! | `recall` | a remembered key that comes earlier or later than last time | a walk along 32 keys |
//! | `find` | any key, in a hash index that is built when first needed | 60 to 90 ns |
//! | `look_up` | any key in a shared entry, for rules and hooks | a walk along all fields |
//!
//! Thanks to the index, a wide or irregular unit never takes quadratic time.
//! Measured by `cargo bench --bench capture`, and `--bench wide`.

use smallvec::SmallVec;

use crate::config::names::{PREFIX, TIMER_SUFFIXES};
use crate::config::settings::Settings;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::field::{Field, FieldKey, GivenKey, Role, flag};
use crate::unit::store::index::Index;
use crate::unit::store::len::Len;
use crate::unit::store::stored::{Stored, Tag};

/// How many remembered keys are looked through for one that is not the next.
const AHEAD: usize = 32;

/// How many keys that are written repeatedly are found without a hash.
const RECENT: usize = 16;

/// How far back keys are moved when a unit leaves them out: near enough to be found
/// when they come back.
const BEHIND: usize = 24;

#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// The first `len` belong to this unit, the rest is remembered.
    ///
    /// INVARIANT: a remembered key that is `Static` and not `SECOND` is the key
    /// of no other slot, so one that is recalled is new to its unit.
    slots: SmallVec<[Field; 128]>,
    len: Len,
    index: Index,
    /// Where literal keys were found last, by their address: a guess.
    recent: [u16; RECENT],
    /// The flags that any field of this unit has.
    marks: u8,
    /// Whether a removed field takes up a place, so that `compact` makes room.
    pub(crate) absent: bool,
    /// How many writes to new keys found no room.
    pub(crate) dropped: u64,
}

impl Fields {
    /// Starts the next unit; the keys of the last one stay as a guess.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = Len::default();
        self.marks = 0;
        self.absent = false;
        self.dropped = 0;
        self.index.clear();
    }

    /// Gives back the memory that one wide unit took.
    #[inline]
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.slots.capacity() > keep / size_of::<Field>() {
            *self = Fields::default();
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Returns whether any name has to be worked out before encoding.
    #[inline]
    pub(crate) fn has_special(&self) -> bool {
        let timer_and_like = flag::TIMER | flag::LIKE_TIMER;
        self.marks & flag::SPECIAL != 0 || self.marks & timer_and_like == timer_and_like
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Field] {
        self.slots.get(..self.len()).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Field> {
        self.slots.get_mut(..self.len.get())?.get_mut(at)
    }

    #[inline]
    pub(crate) fn value(&self, at: usize) -> Stored {
        self.as_slice().get(at).map_or(Stored::ABSENT, Field::value)
    }

    #[inline]
    pub(crate) fn is_redacted(&self, at: usize) -> bool {
        let field = self.as_slice().get(at);
        field.is_some_and(|field| field.has(flag::REDACTED))
    }

    #[inline]
    pub(crate) fn store(&mut self, at: usize, value: Stored, role: Role) {
        if let Some(field) = self.get_mut(at) {
            field.store(value, role);
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Field> {
        self.slots.iter_mut().take(self.len.get())
    }

    /// Notes that others reach the unit: what they wrote is merged before the next write,
    /// so no write may take the shortest way.
    pub(crate) fn note_reached(&self) {
        self.len.note_reached();
    }

    /// Takes the next slot, if the unit before had this very key in it and nobody else
    /// reaches this one.
    ///
    /// CORRECTNESS: equal address and length of two `&'static str` mean equal
    /// text, and by the invariant of `slots` the key is new here.
    #[inline(always)]
    pub(crate) fn expected(&mut self, key: &'static str) -> Option<&mut Field> {
        let slot = self.slots.get_mut(self.len.unless_reached())?;
        if slot.flags != 0 || !slot.is_literal(key) {
            return None;
        }
        self.len.grow();
        Some(slot)
    }

    /// Takes a slot in which the unit before had this very key, though it is not
    /// the next: a field was left out or came back, or its key is a special one.
    ///
    /// Units with optional fields and timers keep most of the speed of `expected`
    /// this way: 360 instead of 650 ns for W1 with a field that every other unit
    /// leaves out (`benches/unit.rs`).
    pub(crate) fn recall(&mut self, key: &'static str) -> Option<usize> {
        let at = self.len();
        let rest = self.slots.get_mut(at..)?;
        let mut ahead = rest.iter().take(AHEAD);
        let skipped = ahead.position(|slot| slot.is_literal(key))?;
        if rest.get(skipped)?.has(flag::SECOND) {
            return None;
        }
        let near = rest.len().min(BEHIND.max(skipped + 1));
        if skipped * 2 <= near {
            // This unit left out the skipped keys.
            rest.get_mut(..near)?.rotate_left(skipped);
        } else {
            // This key came back after units that left it out.
            rest.get_mut(..=skipped)?.rotate_right(1);
        }
        let slot = rest.first_mut()?;
        slot.store(Stored::ABSENT, Role::Plain);
        self.marks |= slot.flags;
        self.len.grow();
        Some(at)
    }

    /// Finds the field of a literal key that was found not long ago, such as that
    /// of a counter in a loop: 10 instead of 23 ns (`set u64` in `benches/context.rs`).
    #[inline]
    pub(crate) fn again(&self, key: &'static str, role: Role) -> Option<usize> {
        let at = usize::from(*self.recent.get(recent_place(key))?);
        let field = self.as_slice().get(at)?;
        // The same text may lie at two addresses.
        let same = match field.key {
            FieldKey::Static(known) => std::ptr::eq(known, key) || known == key,
            FieldKey::Text(_) => false,
        };
        let serves = role == Role::Plain || field.role == role;
        (same && serves && field.tag != Tag::Absent && !field.has(flag::SECOND)).then_some(at)
    }

    /// Finds the field of a key that `role` may write to.
    pub(crate) fn find(&mut self, key: GivenKey<'_>, role: Role, arena: &Arena) -> Option<usize> {
        self.index.catch_up(&self.slots, self.len.get());
        let is_live = |field: &Field| field.tag != Tag::Absent;
        let serves =
            |field: &Field| role == Role::Plain || field.role == role || field.has(flag::REDACTED);
        let (index, slots) = (&self.index, &self.slots);
        let mut at = index.search(slots, key, arena, |field| is_live(field) && serves(field));
        // The place of a removed field serves any role, but only if no field of
        // the key has a value: of two fields, the first one has the key as its name.
        if at.is_none() && self.absent && index.search(slots, key, arena, is_live).is_none() {
            at = index.search(slots, key, arena, |_| true);
        }
        if let (Some(key), Some(at)) = (key.fixed, at)
            && let Some(place) = self.recent.get_mut(recent_place(key))
        {
            // Places are 16 bits wide (`ConfigBuilder::build`).
            *place = at as u16;
        }
        at
    }

    /// Finds the field of a key in a shared entry, whose index may be missing.
    pub(crate) fn look_up(
        &self,
        key: GivenKey<'_>,
        arena: &Arena,
        is_meant: impl Fn(Tag) -> bool,
    ) -> Option<&Field> {
        let mut fields = self.as_slice().iter();
        fields.find(|field| is_meant(field.tag) && key.is_of(field, arena))
    }

    /// Returns how many fields at a place or after it have a value.
    #[inline]
    pub(crate) fn live_from(&self, at: usize) -> u64 {
        let rest = self.as_slice().get(at..).unwrap_or_default();
        rest.iter().filter(|field| field.tag != Tag::Absent).count() as u64
    }

    /// Appends a field of a new key, or of a known key in another role; returns
    /// `None` when the limit is reached.
    pub(crate) fn append(
        &mut self,
        key: GivenKey<'_>,
        role: Role,
        settings: &Settings,
        arena: &mut Arena,
    ) -> Option<usize> {
        let at = self.len();
        if at >= settings.limits.fields {
            return None;
        }
        let flags = self.classify(key, role, settings, arena);
        let (prefix, prefix_len) = match flags & flag::SPECIAL {
            0 => settings.key_prefix(key.text),
            _ => ([0; PREFIX], 0),
        };
        let field = Field {
            key: match key.fixed {
                Some(fixed) => FieldKey::Static(fixed),
                None => FieldKey::Text(arena.push(key.text.as_bytes()).cut(key.cut)),
            },
            bits: 0,
            hash: key.hash,
            tag: Tag::Absent,
            role,
            flags,
            prefix,
            prefix_len,
        };
        // Comes first, because it may run out of memory: a key whose slot is
        // missing from the index would be given a second slot.
        self.index.widen(at + 1);
        self.insert(at, field, settings.limits.fields);
        self.len.set(at + 1);
        self.index.catch_up(&self.slots, self.len.get());
        Some(at)
    }

    /// Puts a field before the remembered ones, none of which may have its key.
    ///
    /// Any that does is taken out: the remembered keys in front of the first one
    /// move back by one place into the gap, and so make room for the field
    /// without moving the rest. Only those that are near enough to be recalled
    /// are kept, which bounds the work per key.
    fn insert(&mut self, at: usize, field: Field, limit: usize) {
        self.slots.truncate(at + AHEAD);
        let mut free = false;
        let mut next = at;
        // Other keys may have the same hash: then a key is forgotten needlessly.
        while let Some(rest) = self.slots.get_mut(next..)
            && let Some(same) = rest.iter().position(|slot| slot.hash == field.hash)
        {
            next += same;
            if free {
                self.slots.remove(next);
            } else if let Some(skipped) = self.slots.get_mut(at..=next) {
                skipped.rotate_right(1);
                free = true;
                next += 1;
            }
        }
        match self.slots.get_mut(at) {
            Some(slot) if free => *slot = field,
            _ => self.slots.insert(at, field),
        }
        self.slots.truncate(limit);
    }

    fn classify(
        &mut self,
        key: GivenKey<'_>,
        role: Role,
        settings: &Settings,
        arena: &Arena,
    ) -> u8 {
        let mut flags = 0;
        if role != Role::Plain
            && let Some(first) = self.index.search(&self.slots, key, arena, |_| true)
        {
            flags |= flag::SPECIAL | flag::SECOND;
            if let Some(first) = self.get_mut(first) {
                first.flags |= flag::SECOND;
            }
        }
        // Keys that differ only beyond the limit would have the same name.
        let is_own = !key.cut
            && settings.is_plain_key(key.text)
            && !settings.is_reserved(key.text, key.hash);
        if !is_own {
            flags |= flag::SPECIAL;
        }
        if key.is_redacted(settings) {
            flags |= flag::REDACTED;
        }
        let ends_like = |suffix: &str| key.text.ends_with(suffix);
        if TIMER_SUFFIXES.into_iter().any(ends_like) {
            flags |= flag::LIKE_TIMER;
        }
        self.marks |= flags;
        flags
    }

    /// Turns a field into that of a timer, which writes three names; `reserved`
    /// means that one of them is taken.
    pub(crate) fn become_timer(&mut self, at: usize, laps: Span, reserved: bool) {
        if let Some(field) = self.get_mut(at) {
            field.store(Stored::new(Tag::Timer, laps.to_bits()), Role::Timer);
            if reserved {
                field.flags |= flag::SPECIAL;
            }
            self.marks |= field.flags | flag::TIMER;
        }
    }

    /// Removes a field's value; the place is kept in case the field comes back.
    pub(crate) fn remove(&mut self, at: usize) {
        self.store(at, Stored::ABSENT, Role::Plain);
        self.absent = true;
    }

    /// Returns how many removed fields come before a place, which is how far `compact`
    /// moves it.
    pub(crate) fn absent_before(&self, at: usize) -> usize {
        let before = self.as_slice().iter().take(at);
        before.filter(|field| field.tag == Tag::Absent).count()
    }

    /// Makes room by forgetting removed fields.
    #[cold]
    pub(crate) fn compact(&mut self, arena: &mut Arena) {
        self.slots.truncate(self.len.get());
        for field in self.slots.iter().filter(|field| field.tag == Tag::Absent) {
            if let FieldKey::Text(key) = field.key {
                arena.note_dead(Some(key));
            }
        }
        self.slots.retain(|field| field.tag != Tag::Absent);
        self.len.set(self.slots.len());
        self.absent = false;
        self.index.clear();
        self.index.catch_up(&self.slots, self.len.get());
    }
}

/// Literals lie next to each other, a few bytes apart.
#[inline]
fn recent_place(key: &'static str) -> usize {
    let address = key.as_ptr().addr();
    (address ^ address >> 4) % RECENT
}
