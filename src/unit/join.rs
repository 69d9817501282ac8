//! Merging what other threads and tasks collected for a unit.

use smallvec::SmallVec;

use crate::unit::Entry;
use crate::unit::store::arena::Arena;
use crate::unit::store::field::{Field, FieldKey, Role, flag};
use crate::unit::store::fragments::RawFragment;
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;
use crate::value::kind::Kind;

fn key_of<'a>(field: &Field, arena: &'a Arena) -> KeyRef<'a> {
    match field.key {
        FieldKey::Static(key) => KeyRef::Static(key),
        FieldKey::Text(key) if key.is_cut() => KeyRef::Kept(arena.text(key), field.hash),
        FieldKey::Text(key) => KeyRef::Text(arena.text(key)),
    }
}

impl Entry {
    /// Merges the data of a part: counters and laps add up, maxima compare,
    /// other fields are set, fragments are put in by their times.
    ///
    /// Laps that run in the part go on here.
    pub(crate) fn merge(&mut self, mut part: Box<Entry>) -> Box<Entry> {
        for field in part.fields.as_slice() {
            self.merge_field(field, &part.arena);
        }
        self.fields.dropped += part.fields.dropped;
        self.adopt_laps(&mut part);
        self.merge_fragments(&part);
        self.merge_ending(&part);
        self.arena.note_cut(part.arena.has_cut());
        self.tidy();
        part
    }

    fn merge_field(&mut self, field: &Field, arena: &Arena) {
        let value = field.value();
        let key = key_of(field, arena);
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

    fn adopt_laps(&mut self, part: &mut Entry) {
        for lap in std::mem::take(&mut part.laps) {
            let field = part.fields.as_slice().get(lap.field);
            if let Some(at) = field.and_then(|field| self.timer(key_of(field, &part.arena))) {
                self.adopt_lap(at, lap.lap_id);
            }
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
        self.fragments.dropped += part.fragments.lost();
        if part.fragments.len() == 0 {
            return;
        }
        let runs = part.fragments.runs(usize::MAX).into_iter().flatten();
        let copies: SmallVec<[RawFragment; 64]> = runs
            .map(|fragment| fragment.moved(|span| self.arena.adopt(&part.arena, span)))
            .collect();
        for gone in self.fragments.merge(&copies, self.limits.fragments) {
            self.note_gone(gone);
        }
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
