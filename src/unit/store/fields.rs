//! The fields of one unit: unique keys in the order first set.
//!
//! A key is found again in three ways. A recycled entry remembers the keys of
//! the unit before: as long as a unit sets the same keys in the same order, each
//! is recognised by its address alone, and as the earlier keys were distinct
//! these are too, with no hash and no search (`expected`: 2 ns a field). A key
//! that comes a little earlier or later than last time is looked for among the
//! next remembered ones (`recall`). Any other goes through a hash index that is
//! built when first needed (60 to 90 ns), so a wide or irregular unit is never
//! quadratic. Measured by `cargo bench --bench capture`, and `--bench wide`.

use smallvec::SmallVec;

use crate::config::names::{PREFIX, TIMER_SUFFIXES};
use crate::config::settings::Settings;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::field::{Field, FieldKey, GivenKey, Role, flag};
use crate::unit::store::stored::{Stored, Tag};

/// How many remembered keys are looked through for one that is not the next.
const AHEAD: usize = 32;

/// How many keys that are written again and again are found without a hash.
const RECENT: usize = 16;

/// How far behind keys are put that a unit leaves out: near enough to be found
/// when they come back.
const BEHIND: usize = 24;

#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The first `len` belong to this unit, the rest is remembered.
    ///
    /// INVARIANT: a remembered key that is `Static` and not `SECOND` is the key
    /// of no other slot, so one that is recalled is new to its unit.
    slots: SmallVec<[Field; 128]>,
    len: usize,
    /// Open addressing: the place of a field plus one, 0 where empty.
    index: SmallVec<[u16; 256]>,
    /// How many fields, from the first, the index knows.
    indexed: usize,
    /// Where literal keys were found last, by their address: a guess.
    recent: [u16; RECENT],
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
            recent: [0; RECENT],
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

    /// Gives back what one wide unit took.
    #[inline]
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.slots.capacity() > keep / size_of::<Field>() {
            *self = Fields::new();
        }
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
    /// text, and by the invariant of `slots` the key is new here.
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

    /// A slot that the unit before had this very key in, taken, though it is not
    /// the next: a field was left out or came back, or its key is a special one.
    ///
    /// Units with optional fields and timers keep most of the speed of `expected`
    /// this way: 360 instead of 650 ns for W1 with a field that every other unit
    /// leaves out (`benches/unit.rs`).
    pub(crate) fn recall(&mut self, key: &'static str) -> Option<usize> {
        let at = self.len;
        let rest = self.slots.get_mut(at..)?;
        let skipped = rest.iter().take(AHEAD).position(
            |slot| matches!(slot.key, FieldKey::Static(known) if std::ptr::eq(known, key)),
        )?;
        if rest.get(skipped)?.has(flag::SECOND) {
            return None;
        }
        let near = rest.len().min(BEHIND.max(skipped + 1));
        if skipped * 2 <= near {
            // The skipped ones were left out.
            rest.get_mut(..near)?.rotate_left(skipped);
        } else {
            // This one came back.
            rest.get_mut(..=skipped)?.rotate_right(1);
        }
        let slot = rest.first_mut()?;
        slot.store(Stored::ABSENT, Role::Plain);
        self.special |= slot.has(flag::SPECIAL);
        self.like_timers |= slot.has(flag::LIKE_TIMER);
        self.special |= self.timers && self.like_timers;
        self.len += 1;
        Some(at)
    }

    /// The field of a literal key that was found a while ago, as those of
    /// counters in a loop are: 10 instead of 23 ns (`benches/context.rs`, `set u64`).
    #[inline]
    pub(crate) fn again(&self, key: &'static str, role: Role) -> Option<usize> {
        let at = usize::from(*self.recent.get(recent_place(key))?);
        let field = self.as_slice().get(at)?;
        // The same text may lie at two addresses.
        let same = matches!(field.key, FieldKey::Static(known) if std::ptr::eq(known, key) || known == key);
        let serves = role == Role::Plain || field.role == role;
        (same && serves && field.tag != Tag::Absent && !field.has(flag::SECOND)).then_some(at)
    }

    /// Remembers where a literal key was found.
    pub(crate) fn note_recent(&mut self, key: &'static str, at: usize) {
        if let Some(place) = self.recent.get_mut(recent_place(key)) {
            // Places are 16 bits wide (`ConfigBuilder::build`).
            *place = at as u16;
        }
    }

    /// Finds the field of a key that `role` may write to.
    pub(crate) fn find(&mut self, key: GivenKey<'_>, role: Role, arena: &Arena) -> Option<usize> {
        self.catch_up();
        let live = self.search(key.text, key.hash, arena, |field| {
            let serves = role == Role::Plain || field.role == role || field.has(flag::REDACTED);
            field.tag != Tag::Absent && serves
        });
        live.or_else(|| {
            // The place of a removed field serves any role, but not before a field
            // of the key that has a value: what is set has the key's own name.
            let is_live = |field: &Field| field.tag != Tag::Absent;
            if !self.absent || self.search(key.text, key.hash, arena, is_live).is_some() {
                return None;
            }
            self.search(key.text, key.hash, arena, |field| field.tag == Tag::Absent)
        })
    }

    /// Finds the field of a key without building the index, for a look from outside.
    pub(crate) fn look_up(
        &self,
        key: GivenKey<'_>,
        arena: &Arena,
        is_meant: impl Fn(Tag) -> bool,
    ) -> Option<&Field> {
        self.as_slice().iter().find(|field| {
            is_meant(field.tag) && field.hash == key.hash && field.given(arena) == key.bytes()
        })
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
        key: GivenKey<'_>,
        role: Role,
        settings: &Settings,
        arena: &mut Arena,
    ) -> Option<usize> {
        let at = self.len;
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
                None => FieldKey::Text(arena.push(key.bytes()).cut(key.cut)),
            },
            bits: 0,
            hash: key.hash,
            tag: Tag::Absent,
            role,
            flags,
            prefix,
            prefix_len,
        };
        // First, as it may find no memory: a key that is in a slot and not in the
        // index would be given another one.
        self.widen_index(at + 1);
        self.insert(at, field, settings.limits.fields);
        self.len = at + 1;
        self.catch_up();
        Some(at)
    }

    /// Puts a field before the remembered ones, of which none may have its key.
    fn insert(&mut self, at: usize, field: Field, limit: usize) {
        self.slots.truncate(at + AHEAD);
        let mut free = false;
        let mut next = at;
        // Equal hashes may be of other keys: then a key is forgotten in vain.
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
            && let Some(first) = self.search(key.text, key.hash, arena, |_| true)
        {
            flags |= flag::SPECIAL | flag::SECOND;
            if let Some(first) = self.get_mut(first) {
                first.flags |= flag::SECOND;
            }
        }
        if settings.is_reserved(key.text, key.hash) || !settings.is_plain_key(key.text) {
            flags |= flag::SPECIAL;
        }
        // Keys that differ behind the limit alone are written alike.
        if key.cut {
            flags |= flag::SPECIAL;
        }
        if settings.is_redacted(key.full) {
            flags |= flag::REDACTED;
        }
        if key.text.ends_with(['s', 't'])
            && TIMER_SUFFIXES
                .iter()
                .any(|suffix| key.text.ends_with(suffix))
        {
            flags |= flag::LIKE_TIMER;
            self.like_timers = true;
        }
        self.special |= flags & flag::SPECIAL != 0 || self.timers && self.like_timers;
        flags
    }

    /// Makes a field that of a timer, which writes three names.
    pub(crate) fn become_timer(
        &mut self,
        at: usize,
        laps: Span,
        settings: &Settings,
        arena: &Arena,
    ) {
        let reserved = self
            .get(at)
            .and_then(|field| std::str::from_utf8(field.given(arena)).ok())
            .is_some_and(|key| settings.is_timer_reserved(key));
        if let Some(field) = self.get_mut(at) {
            field.store(Stored::new(Tag::Timer, laps.to_bits()), Role::Timer);
            if reserved {
                field.flags |= flag::SPECIAL;
            }
        }
        self.timers = true;
        self.special |= reserved || self.like_timers;
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
    pub(crate) fn compact(&mut self, arena: &mut Arena) {
        self.slots.truncate(self.len);
        for field in self.slots.iter().filter(|field| field.tag == Tag::Absent) {
            if let FieldKey::Text(key) = field.key {
                arena.note_dead(Some(key));
            }
        }
        self.slots.retain(|field| field.tag != Tag::Absent);
        self.len = self.slots.len();
        self.absent = false;
        self.forget_index();
        self.catch_up();
    }

    /// Makes room in the index for so many fields.
    fn widen_index(&mut self, len: usize) {
        let wanted = (len + 1).saturating_mul(2).next_power_of_two().max(64);
        if self.index.len() < wanted {
            self.index.clear();
            self.index.resize(wanted, 0);
            self.indexed = 0;
        }
    }

    /// Puts the fields that were recognised by address into the index.
    fn catch_up(&mut self) {
        self.widen_index(self.len);
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

/// Literals lie next to each other, a few bytes apart.
#[inline]
fn recent_place(key: &'static str) -> usize {
    let address = key.as_ptr().addr();
    (address ^ address >> 4) % RECENT
}
