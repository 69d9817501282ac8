//! Parts of a unit that other threads gather, and their merging.

use std::sync::atomic::Ordering;

use crate::unit::Entry;
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::field::{FieldKey, Role, flag};
use crate::unit::store::parts::{Identity, PartOf, Parts};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;
use crate::value::kind::Kind;
use crate::value::outcome::Outcome;

impl Entry {
    /// Merges what a part gathered: counters add up, maxima compare, laps add up,
    /// other fields are set, fragments are put in by their times.
    pub(crate) fn merge(&mut self, mut part: Box<Entry>) -> Box<Entry> {
        let now = part.now();
        part.close_laps(now);
        self.count_joined(&part.parts);
        for at in 0..part.fields.len() {
            self.merge_field(&part, at);
        }
        self.fields.dropped = self.fields.dropped.saturating_add(part.fields.dropped);
        self.merge_fragments(&part);
        self.merge_ending(&part);
        if part.unit() == self.unit() {
            self.adopt_ids(&part);
        }
        self.arena.note_cut(part.arena.has_cut());
        self.tidy();
        part
    }

    /// Counts a part that is made.
    pub(crate) fn make_part(&self, part: &mut Entry) {
        // Joining takes the trace by `&mut`, after whatever made the part: no
        // other memory is ordered by this number.
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
            Some(of) if of.unit == unit => mine.adopted = mine.adopted.saturating_add(1),
            // Lost to its own unit, and no loss of this one.
            _ => {}
        }
        mine.missing = mine
            .missing
            .saturating_add(part.out())
            .saturating_add(part.missing);
        mine.adopted = mine.adopted.saturating_add(part.adopted);
    }

    fn merge_field(&mut self, part: &Entry, at: usize) {
        let Some(field) = part.fields.get(at) else {
            return;
        };
        let (value, role) = (field.value(), field.role);
        let key = match field.key {
            FieldKey::Static(key) => KeyRef::Static(key),
            FieldKey::Text(key) if key.is_cut() => KeyRef::Kept(part.arena.text(key), field.hash()),
            FieldKey::Text(key) => KeyRef::Text(part.arena.text(key)),
        };
        if value.tag == Tag::Absent {
            return;
        }
        if field.has(flag::REDACTED) {
            if let Some(at) = self.place(key, Role::Plain) {
                // ErrorTexts from all of the key, of which not all may be left. Not to
                // be recalled: this unit's own configuration may know nothing of it.
                if let Some(field) = self.fields.get_mut(at) {
                    field.flags |= flag::REDACTED | flag::SECOND;
                }
                self.put(at, Kind::Null);
            }
            return;
        }
        match (role, value.to_amount(&part.arena)) {
            (Role::Sum | Role::Max, Some(amount)) => self.accumulate(key, role, amount),
            (Role::Timer, _) => self.merge_laps(key, value, &part.arena),
            _ => self.merge_value(key, value, &part.arena),
        }
    }

    fn merge_laps(&mut self, key: KeyRef<'_>, value: Stored, arena: &Arena) {
        let Some(at) = self.timer(key) else { return };
        let Some(mine) = self.fields.get(at).map(|field| field.value()) else {
            return;
        };
        let laps = mine.to_laps(&self.arena).and(value.to_laps(arena));
        if let Some(span) = mine.span() {
            self.arena.overwrite(span, &laps.to_bytes());
        }
    }

    fn merge_value(&mut self, key: KeyRef<'_>, value: Stored, arena: &Arena) {
        let Some(at) = self.place(key, Role::Plain) else {
            return;
        };
        let Some(field) = self.fields.get(at) else {
            return;
        };
        if field.has(flag::REDACTED) {
            return self.put(at, Kind::Null);
        }
        let old = field.value().span();
        self.arena.note_dead(old);
        let value = match value.span() {
            Some(span) => {
                let span = self.keep(arena, span);
                Stored::new(value.tag, span.to_bits())
            }
            None => value,
        };
        if let Some(field) = self.fields.get_mut(at) {
            field.store(value, Role::Plain);
        }
    }

    fn merge_fragments(&mut self, part: &Entry) {
        let mut copies: smallvec::SmallVec<[crate::unit::store::fragments::Fragment; 64]> =
            smallvec::SmallVec::new();
        for fragment in part.fragments.runs(usize::MAX).into_iter().flatten() {
            let mut copy = *fragment;
            copy.move_spans(|span| self.keep(&part.arena, span));
            copies.push(copy);
        }
        for gone in self.fragments.merge(&copies, self.limits.fragments) {
            self.note_gone(gone);
        }
        let dropped = part.fragments.lost();
        self.fragments.note_dropped(dropped);
        self.has_held |= part.has_held;
    }

    /// Level, outcome, error and panic. What the unit said itself stays.
    fn merge_ending(&mut self, part: &Entry) {
        // Not the level of its outcome, which a later `ok` of the unit takes back.
        self.severity.raise(part.severity.raised());
        if part.severity.outcome() == Some(Outcome::Error) {
            self.severity.set_outcome(Outcome::Error);
        }
        if self.error.is_none()
            && let Some(error) = part.error
        {
            self.error = Some(self.keep(&part.arena, error));
            self.chain = part.chain.map(|chain| self.keep(&part.arena, chain));
        }
        if let (None, Some((message, place))) = (self.panic, part.panic) {
            self.panic = Some((
                self.keep(&part.arena, message),
                self.keep(&part.arena, place),
            ));
        }
    }

    /// Copies a text of another arena.
    fn keep(&mut self, arena: &Arena, span: Span) -> Span {
        self.arena.push(arena.get(span)).cut(span.is_cut())
    }
}
