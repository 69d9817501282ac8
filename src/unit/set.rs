//! Fields: set, counted, removed.
//!
//! Nearly every call has a literal key, in the order of the unit before: this path
//! is inlined where the kind of the value is known. Rarer paths are kept out of the
//! caller.

use log::Level;

use crate::unit::Entry;
use crate::unit::store::field::{GivenKey, Role};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::{capture, stored};
use crate::value::key::KeyRef;
use crate::value::kind::{Kind, STARS};
use crate::value::number::Amount;
use crate::value::outcome::Outcome;

impl Entry {
    /// Sets an HTTP status, and the level or outcome that follows from it.
    #[inline]
    pub(crate) fn set_status(&mut self, status: u16) {
        let key = KeyRef::Static(self.settings.forms.status);
        self.set(key, Kind::U64(status.into()));
        match status {
            0..400 => {}
            400..500 => self.severity.raise(Level::Warn),
            500.. => self.severity.set_outcome(Outcome::Error),
        }
    }

    /// Sets a field. Inlined, so that the match on the kind is resolved where it is called.
    #[inline(always)]
    pub(crate) fn set(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        let KeyRef::Static(name) = key else {
            return self.set_any(key, kind);
        };
        match (kind, stored::fixed(kind)) {
            (Kind::Str(text), _) => self.set_text(name, text),
            (Kind::Absent, _) | (_, None) => self.set_any(key, kind),
            (_, Some((tag, _))) if tag.is_span() => self.set_any(key, kind),
            (_, Some((tag, bits))) => self.set_bits(name, tag, bits as u64),
        }
    }

    #[inline(never)]
    fn set_bits(&mut self, key: &'static str, tag: Tag, bits: u64) {
        let value = Stored::new(tag, bits);
        match self.fields.expected(key) {
            Some(field) => field.store(value, Role::Plain),
            None => self.set_unexpected(key, value),
        }
    }

    #[inline(never)]
    fn set_text(&mut self, key: &'static str, text: &str) {
        match self.fields.expected(key) {
            Some(field) => {
                let span = self.arena.push_text(text, self.limits.value);
                field.store(Stored::text(span), Role::Plain);
            }
            None => self.set_any(KeyRef::Static(key), Kind::Str(text)),
        }
    }

    /// Sets a field to a value that needs no arena, for a key that was not the
    /// expected one.
    #[cold]
    #[inline(never)]
    fn set_unexpected(&mut self, key: &'static str, value: Stored) {
        self.catch_up();
        let Some(at) = self.open_place(KeyRef::Static(key), Role::Plain) else {
            return;
        };
        self.arena.note_dead(self.fields.value(at).span());
        self.fields.store(at, value, Role::Plain);
    }

    /// Sets a field to any value, for any key.
    #[inline(never)]
    pub(crate) fn set_any(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            field.store(Stored::ABSENT, Role::Plain);
            return self.put(self.fields.len() - 1, kind);
        }
        self.catch_up();
        let dropped = self.fields.dropped;
        match self.place(key, Role::Plain) {
            Some(at) => self.put(at, kind),
            // Nothing is lost if nothing was to be written.
            None if matches!(kind, Kind::Absent) => self.fields.dropped = dropped,
            None => {}
        }
    }

    /// Stores a value in a field that exists, or stars if its key is redacted.
    pub(super) fn put(&mut self, at: usize, kind: Kind<'_>) {
        let kind = match kind {
            Kind::Absent => return self.remove(at),
            _ if self.fields.is_redacted(at) => Kind::Str(STARS),
            kind => kind,
        };
        let old = self.fields.value(at).span();
        let value = capture::store(kind, old, &mut self.arena, self.limits.value);
        self.fields.store(at, value, Role::Plain);
        self.tidy();
    }

    pub(crate) fn unset(&mut self, key: KeyRef<'_>) {
        self.catch_up();
        if self.is_part() && self.severity.speaks() {
            // The unit may have the field.
            return self.set_any(key, Kind::Absent);
        }
        let key = GivenKey::new(key, self.limits.value);
        // A key may have a field of each role.
        while let Some(at) = self.fields.find(key, Role::Plain, &self.arena)
            && self.fields.value(at).tag != Tag::Absent
        {
            self.remove(at);
        }
    }

    /// Removes a field's value, and the laps that run for it.
    fn remove(&mut self, at: usize) {
        self.arena.note_dead(self.fields.value(at).span());
        self.laps.retain(|lap| lap.field != at);
        self.fields.remove(at);
        self.tidy();
    }

    /// Adds to a sum or raises a maximum.
    pub(crate) fn accumulate(&mut self, key: KeyRef<'_>, role: Role, amount: Amount) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            let value = Stored::from_amount(amount, None, &mut self.arena);
            return field.store(value, role);
        }
        self.catch_up();
        let Some(at) = self.open_place(key, role) else {
            return;
        };
        let old = self.fields.value(at);
        let total = match (old.to_amount(&self.arena), role) {
            (Some(sum), Role::Sum) => sum.add(amount),
            (Some(max), Role::Max) => max.max(amount),
            _ => amount,
        };
        let total = Stored::from_amount(total, old.span(), &mut self.arena);
        self.fields.store(at, total, role);
        self.tidy();
    }

    /// Finds or makes the field of a key; returns `None` for a redacted key, whose
    /// field gets its stars here.
    pub(super) fn open_place(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
        let at = self.place(key, role)?;
        if self.fields.is_redacted(at) {
            self.put(at, Kind::Null);
            return None;
        }
        Some(at)
    }

    /// Finds or makes the field of a key for a role; counts a loss if there is no room.
    pub(super) fn place(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
        if let KeyRef::Static(key) = key {
            let at = self.fields.again(key, role);
            if let Some(at) = at.or_else(|| self.fields.recall(key)) {
                return Some(at);
            }
        }
        self.search(key, role)
    }

    /// The part of `place` that needs a hash.
    #[inline(never)]
    fn search(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
        let key = GivenKey::new(key, self.limits.value);
        if let Some(at) = self.fields.find(key, role, &self.arena) {
            return Some(at);
        }
        if self.fields.len() >= self.limits.fields && self.fields.absent {
            self.forget_removed();
        }
        self.arena.note_cut(key.cut);
        let fields = &mut self.fields;
        let at = fields.append(key, role, &self.settings, &mut self.arena);
        fields.dropped += u64::from(at.is_none());
        at
    }

    /// Makes room by forgetting removed fields, and the laps of removed timers.
    #[cold]
    fn forget_removed(&mut self) {
        let fields = &mut self.fields;
        self.laps
            .retain(|lap| fields.value(lap.field).tag == Tag::Timer);
        for lap in &mut self.laps {
            lap.field -= fields.absent_before(lap.field);
        }
        fields.compact(&mut self.arena);
        self.tidy();
    }
}
