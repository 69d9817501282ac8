//! Parts: the data that other threads collect for a unit, merged when they join.
//!
//! A part is an entry of its own, and can have parts in turn. It knows the entry
//! that made it, its maker, and the unit that both belong to, so an entry that
//! joins a part can count it in the right place:
//!
//! * A part that is joined by its maker is back.
//! * A part that is joined by another entry of the same unit is still missing from
//!   its maker, but the unit has not lost it.
//! * A part that is joined by another unit stays lost to its own.

use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use crate::unit::Entry;
use crate::unit::store::arena::Arena;
use crate::unit::store::field::{Field, FieldKey, Role, flag};
use crate::unit::store::fragments::RawFragment;
use crate::unit::store::parts::{Identity, PartOf, Parts};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;
use crate::value::kind::Kind;

impl Entry {
    /// Merges the data of a part: counters and laps add up, maxima compare,
    /// other fields are set, fragments are put in by their times.
    pub(crate) fn merge(&mut self, mut part: Box<Entry>) -> Box<Entry> {
        let now = part.now();
        part.close_laps(now);
        self.count_joined(&part.parts);
        for field in part.fields.as_slice() {
            self.merge_field(field, &part.arena);
        }
        self.fields.dropped += part.fields.dropped;
        self.merge_fragments(&part);
        self.merge_ending(&part);
        if part.unit() == self.unit() {
            self.adopt_ids(&part);
        }
        self.arena.note_cut(part.arena.has_cut());
        self.tidy();
        part
    }

    /// Makes an entry a part of this one.
    pub(crate) fn make_part(&self, part: &mut Entry) {
        // Joining takes the trace by `&mut`, so it happens after the call that made
        // the part: this number need not order any other memory.
        self.parts.made.fetch_add(1, Ordering::Relaxed);
        part.parts.of = Some(PartOf {
            maker: self.identity(),
            unit: self.unit(),
        });
        part.adopt_ids(self);
    }

    fn identity(&self) -> Identity {
        (std::ptr::from_ref(self).addr(), self.generation)
    }

    fn unit(&self) -> Identity {
        self.parts.of.map_or(self.identity(), |of| of.unit)
    }

    fn count_joined(&mut self, part: &Parts) {
        let (me, unit) = (self.identity(), self.unit());
        let mine = &mut self.parts;
        match part.of {
            Some(of) if of.maker == me => mine.joined = mine.joined.saturating_add(1),
            Some(of) if of.unit == unit => mine.missing -= 1,
            // Its own unit loses it, not this one.
            _ => {}
        }
        mine.missing += i64::from(part.out()) + part.missing;
    }

    fn merge_field(&mut self, field: &Field, arena: &Arena) {
        let value = field.value();
        let key = match field.key {
            FieldKey::Static(key) => KeyRef::Static(key),
            FieldKey::Text(key) if key.is_cut() => KeyRef::Kept(arena.text(key), field.hash),
            FieldKey::Text(key) => KeyRef::Text(arena.text(key)),
        };
        match (field.role, value.to_amount(arena)) {
            _ if value.tag == Tag::Absent => {}
            _ if field.has(flag::REDACTED) => self.merge_redacted(key),
            (Role::Sum | Role::Max, Some(amount)) => self.accumulate(key, field.role, amount),
            (Role::Timer, _) => {
                if let Some(at) = self.timer(key) {
                    self.add_laps(at, value.to_laps(arena));
                }
            }
            _ => self.merge_value(key, value, arena),
        }
    }

    fn merge_redacted(&mut self, key: KeyRef<'_>) {
        let Some(at) = self.place(key, Role::Plain) else {
            return;
        };
        // The part judged the whole key, which may be cut by now. And no later unit may
        // recall the field: this unit's own configuration may not redact the key.
        if let Some(field) = self.fields.get_mut(at) {
            field.flags |= flag::REDACTED | flag::SECOND;
        }
        self.put(at, Kind::Null);
    }

    fn merge_value(&mut self, key: KeyRef<'_>, value: Stored, arena: &Arena) {
        let Some(at) = self.open_place(key, Role::Plain) else {
            return;
        };
        self.arena.note_dead(self.fields.value(at).span());
        let bits = match value.span() {
            Some(span) => self.arena.adopt(arena, span).to_bits(),
            None => value.bits,
        };
        (self.fields).store(at, Stored::new(value.tag, bits), Role::Plain);
    }

    fn merge_fragments(&mut self, part: &Entry) {
        let runs = part.fragments.runs(usize::MAX).into_iter().flatten();
        let copies: SmallVec<[RawFragment; 64]> = runs
            .map(|fragment| fragment.moved(|span| self.arena.adopt(&part.arena, span)))
            .collect();
        for gone in self.fragments.merge(&copies, self.limits.fragments) {
            self.note_gone(gone);
        }
        self.fragments.dropped += part.fragments.lost();
    }

    /// Merges level, outcome, error and panic. An error or a panic of the unit
    /// itself stays.
    fn merge_ending(&mut self, part: &Entry) {
        self.severity.merge(&part.severity);
        let arena = &mut self.arena;
        let mut adopt = |span| arena.adopt(&part.arena, span);
        if self.error.is_none() {
            self.error = part.error.map(&mut adopt);
            self.chain = part.chain.map(&mut adopt);
        }
        if self.panic.is_none() {
            self.panic = part.panic.map(|texts| texts.map(adopt));
        }
    }
}
