use log::Level;

use crate::unit::Entry;
use crate::unit::store::field::{GivenKey, Role, flag};
use crate::unit::store::stored::{Stored, Tag};
use crate::unit::store::{capture, text};
use crate::value::key::KeyRef;
use crate::value::kind::{Kind, STARS};
use crate::value::number::Amount;
use crate::value::outcome::Outcome;

impl Entry {
    /// Keeps an HTTP status and what it means.
    #[inline]
    pub(crate) fn set_status(&mut self, status: u16) {
        let key = KeyRef::Static(self.settings.forms.status());
        self.set(key, Kind::U64(status.into()));
        match status {
            0..400 => {}
            400..500 => self.severity.raise(Level::Warn),
            500.. => self.severity.set_outcome(Outcome::Error),
        }
    }

    /// Sets a field. Inlined, so that the match on the kind is formatted_text where it is called.
    #[inline(always)]
    pub(crate) fn set(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        let KeyRef::Static(name) = key else {
            return self.set_any(key, kind);
        };
        match kind {
            Kind::Str(text) => self.set_text(name, text),
            Kind::U64(n) => self.set_bits(name, Tag::U64, n),
            Kind::I64(n) => self.set_bits(name, Tag::I64, n as u64),
            Kind::F64(x) => self.set_bits(name, Tag::F64, x.to_bits()),
            Kind::Bool(value) => self.set_bits(name, Tag::Bool, value.into()),
            Kind::Micros(n) => self.set_bits(name, Tag::Micros, n),
            _ => self.set_any(key, kind),
        }
    }

    #[inline(never)]
    fn set_bits(&mut self, key: &'static str, tag: Tag, bits: u64) {
        let value = Stored::new(tag, bits);
        match self.fields.expected(key) {
            Some(field) => field.store(value, Role::Plain),
            None => self.set_unexpected(KeyRef::Static(key), value),
        }
    }

    #[inline(never)]
    fn set_text(&mut self, key: &'static str, text: &str) {
        match self.fields.expected(key) {
            Some(field) => {
                let span = self.arena.push_text(text, self.limits.value);
                field.store(Stored::text(span), Role::Plain);
            }
            None => self.set_unexpected_text(key, text),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_unexpected_text(&mut self, key: &'static str, text: &str) {
        self.set_any(KeyRef::Static(key), Kind::Str(text));
    }

    /// A value that needs no arena, for a key that was not next.
    #[cold]
    #[inline(never)]
    fn set_unexpected(&mut self, key: KeyRef<'_>, value: Stored) {
        let Some(at) = self.place(key, Role::Plain) else {
            return;
        };
        match self.fields.get_mut(at) {
            Some(field) if !field.has(flag::REDACTED) => field.store(value, Role::Plain),
            _ => self.put(at, Kind::Null),
        }
    }

    /// Any value, any key.
    #[inline(never)]
    pub(crate) fn set_any(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            field.store(Stored::ABSENT, Role::Plain);
            return self.put(self.fields.len() - 1, kind);
        }
        let wanted = self.fields.dropped;
        match self.place(key, Role::Plain) {
            Some(at) => self.put(at, kind),
            // Nothing is lost by leaving out what is left out anyway.
            None if matches!(kind, Kind::Absent) => self.fields.dropped = wanted,
            None => {}
        }
    }

    /// Stores a value in a field that exists.
    pub(crate) fn put(&mut self, at: usize, kind: Kind<'_>) {
        let Some(field) = self.fields.get(at) else {
            return;
        };
        let kind = match kind {
            Kind::Absent => return self.remove(at),
            _ if field.has(flag::REDACTED) => Kind::Str(STARS),
            kind => kind,
        };
        let old = field.value().span();
        let value = match kind {
            Kind::Str(text) => {
                let (text, cut) = text::clip(text, self.limits.value);
                self.arena.note_cut(cut);
                Stored::text(self.arena.replace(old, text.as_bytes()).cut(cut))
            }
            kind => {
                self.arena.note_dead(old);
                capture::store(kind, &mut self.arena, self.limits.value)
            }
        };
        if let Some(field) = self.fields.get_mut(at) {
            field.store(value, Role::Plain);
        }
        self.tidy();
    }

    pub(crate) fn unset(&mut self, key: KeyRef<'_>) {
        let key = GivenKey::new(key, self.limits.value);
        // A key may have a field of each role.
        while let Some(at) = self.fields.find(key, Role::Plain, &self.arena)
            && let Some(field) = self.fields.get(at)
            && field.value().tag != Tag::Absent
        {
            self.remove(at);
        }
    }

    /// Removes a field's value, and the laps that run for it.
    fn remove(&mut self, at: usize) {
        let old = self.fields.get(at).and_then(|field| field.value().span());
        self.arena.note_dead(old);
        self.laps.retain(|lap| lap.field != at);
        self.fields.remove(at);
        self.tidy();
    }

    /// Adds to a sum or raises a maximum.
    pub(crate) fn accumulate(&mut self, key: KeyRef<'_>, role: Role, amount: Amount) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            let value = Stored::from_amount(amount, Stored::ABSENT, &mut self.arena);
            return field.store(value, role);
        }
        let Some(at) = self.place(key, role) else {
            return;
        };
        let Some(field) = self.fields.get_mut(at) else {
            return;
        };
        if field.has(flag::REDACTED) {
            return self.put(at, Kind::Null);
        }
        let old = field.value();
        let total = match (old.to_amount(&self.arena), role) {
            (Some(sum), Role::Sum) => sum.add(amount),
            (Some(most), Role::Max) => most.max(amount),
            _ => amount,
        };
        field.store(Stored::from_amount(total, old, &mut self.arena), role);
        self.tidy();
    }

    /// Finds or makes the field of a key for a role; counts a loss where there is no room.
    pub(crate) fn place(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
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
            if let Some(key) = key.fixed {
                self.fields.note_recent(key, at);
            }
            return Some(at);
        }
        if self.fields.len() >= self.limits.fields && self.fields.has_absent() {
            self.forget_removed();
        }
        self.arena.note_cut(key.cut);
        let at = self
            .fields
            .append(key, role, &self.settings, &mut self.arena);
        if at.is_none() {
            self.fields.dropped = self.fields.dropped.saturating_add(1);
        }
        at
    }

    /// Makes room by forgetting removed fields, and the laps of removed timers.
    #[cold]
    fn forget_removed(&mut self) {
        let fields = &self.fields;
        let is_timer = |at| {
            fields
                .get(at)
                .is_some_and(|field| field.value().tag == Tag::Timer)
        };
        self.laps.retain(|lap| is_timer(lap.field));
        for lap in &mut self.laps {
            lap.field -= fields.absent_before(lap.field);
        }
        self.fields.compact(&mut self.arena);
        self.tidy();
    }
}
