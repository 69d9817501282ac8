//! Merging what other threads and tasks collected for a unit.
//!
//! The entry that joins decides, because its configuration writes the record. The part may
//! have had another one: it then had other limits, names and redacted keys.

use smallvec::SmallVec;

use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::{Field, FieldKey, Role, flag};
use crate::unit::store::fragments::{Fragments, RawFragment};
use crate::unit::store::laps::{OpenLap, Period};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::key::KeyRef;
use crate::value::kind::Kind;
use crate::value::to_value::ToValue;

impl Entry {
    /// Merges the data of a part: counters and laps add up, maxima compare,
    /// other fields are set, fragments are put in by their times.
    pub(crate) fn merge(&mut self, mut part: Box<Entry>, is_own: bool) -> Box<Entry> {
        part.catch_up();
        for field in part.fields.as_slice() {
            self.merge_field(field, &part);
        }
        self.fields.dropped += part.fields.dropped;
        self.adopt_laps(&mut part);
        self.merge_fragments(&part, is_own);
        self.merge_ending(&part);
        self.arena.note_cut(part.arena.has_cut());
        self.tidy();
        part
    }

    fn merge_field(&mut self, field: &Field, part: &Entry) {
        let (value, arena) = (field.value(), &part.arena);
        let key = self.key_of(field, part);
        match (field.role, value.to_amount(arena)) {
            _ if value.tag == Tag::Absent && part.severity.speaks() => {
                self.set_any(key, Kind::Absent);
            }
            _ if value.tag == Tag::Absent => {}
            _ if field.has(flag::REDACTED) => self.merge_redacted(key),
            (Role::Sum | Role::Max, Some(amount)) => self.accumulate(key, field.role, amount),
            (Role::Timer, _) => self.merge_laps(key, value, part),
            _ => self.merge_value(key, value, part),
        }
    }

    fn key_of<'p>(&self, field: &Field, part: &'p Entry) -> KeyRef<'p> {
        let arena = &part.arena;
        match field.key {
            // The key of a status is a name of the configuration, not the user's.
            FieldKey::Static(key) if std::ptr::eq(key, part.settings.forms.status) => {
                KeyRef::Static(self.settings.forms.status)
            }
            FieldKey::Static(key) => KeyRef::Static(key),
            FieldKey::Text(key) if key.is_cut() => KeyRef::Kept(arena.text(key), field.hash),
            FieldKey::Text(key) => KeyRef::Text(arena.text(key)),
        }
    }

    /// Goes on with the laps that run in a part.
    fn adopt_laps(&mut self, part: &mut Entry) {
        for lap in std::mem::take(&mut part.laps) {
            // Unless the field was set to something else meanwhile.
            let field = part.fields.as_slice().get(lap.field);
            let field = field.filter(|field| field.value().tag == Tag::Timer);
            if let Some(at) = field.and_then(|field| self.timer(self.key_of(field, part))) {
                self.adopt_lap(OpenLap { field: at, ..lap });
            }
        }
    }

    /// Adds the laps of a part, whose periods count from the start of this entry.
    fn merge_laps(&mut self, key: KeyRef<'_>, laps: Stored, part: &Entry) {
        let Some(at) = self.timer(key) else {
            return;
        };
        let mut totals = laps.to_laps(&part.arena);
        totals.wall_micros = totals.wall_micros.filter(|_| self.has_clock_of(part));
        self.add_laps(at, totals);
        for period in Period::all(part.arena.get(Span::from_bits(laps.bits))) {
            self.add_period(at, period.moved(|time| self.rebased(time, part)));
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

    fn merge_value(&mut self, key: KeyRef<'_>, value: Stored, part: &Entry) {
        let Some(at) = self.open_place(key, Role::Plain) else {
            return;
        };
        let limit = self.limits.value;
        if value.span().is_some_and(|span| span.len() > limit)
            && let Some(value) = part.owned(value)
        {
            // Cut as if it had been set here.
            return self.put(at, value.to_value().0);
        }
        self.arena.note_dead(self.fields.value(at).span());
        let bits = match value.span() {
            Some(span) => self.arena.adopt(&part.arena, span).to_bits(),
            None => value.bits,
        };
        (self.fields).store(at, Stored::new(value.tag, bits), Role::Plain);
    }

    fn merge_fragments(&mut self, part: &Entry, is_own: bool) {
        if part.fragments.len() == 0 {
            self.fragments.dropped += part.fragments.lost();
            return;
        }
        let limit = self.limits.fragments;
        let (mut fewer, mut all) = (Fragments::default(), &part.fragments);
        if all.len() > limit {
            let runs = all.runs(usize::MAX).into_iter().flatten();
            runs.for_each(|fragment| _ = fewer.push(*fragment, limit));
            all = &fewer;
        }
        let runs = all.runs(usize::MAX).into_iter().flatten();
        let copies: SmallVec<[RawFragment; 64]> = runs
            .map(|fragment| self.brought(*fragment, part, is_own))
            .collect();
        for gone in self.fragments.merge(&copies, limit) {
            self.note_gone(gone);
        }
        self.fragments.dropped += part.fragments.lost() + fewer.lost();
    }

    /// Returns a fragment of a part as this entry would have it.
    fn brought(&mut self, fragment: RawFragment, part: &Entry, is_own: bool) -> RawFragment {
        let limit = self.limits.value;
        let mut own = fragment.moved(|span| self.arena.adopt_text(&part.arena, span, limit));
        own.at_nanos = self.rebased(own.at_nanos, part);
        if !is_own {
            // Its own level is that of another unit.
            own.level = own.level.or(Some(part.origin.level));
        }
        own
    }

    /// Returns whether the times of both can be compared.
    fn has_clock_of(&self, other: &Entry) -> bool {
        self.settings.clock.is(other.settings.clock)
    }

    /// Returns a time since the start of another entry as one since the start of this one.
    fn rebased(&self, nanos: u64, other: &Entry) -> u64 {
        if !self.has_clock_of(other) {
            return nanos;
        }
        let later = self.nanos_at(other.start);
        let sooner = other.nanos_at(self.start);
        nanos.saturating_add(later).saturating_sub(sooner)
    }

    /// Merges level, outcome, error and panic. An error or a panic of the unit
    /// itself stays.
    fn merge_ending(&mut self, part: &Entry) {
        self.severity.merge(&part.severity);
        let (arena, limit) = (&mut self.arena, self.limits.value);
        let mut adopt = |span| arena.adopt_text(&part.arena, span, limit);
        if self.error.is_none() {
            self.error = part.error.map(&mut adopt);
            self.chain = part.chain.map(&mut adopt);
        }
        if self.panic.is_none() {
            self.panic = part.panic.map(|texts| texts.map(adopt));
        }
    }
}
