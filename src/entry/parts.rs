//! Parts of a unit that other threads gather, and their merging.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Arena, Entry, FieldKey, Kind, Level, Outcome, Role, Span, Stored, Tag};
use crate::entry::flag;
use crate::key::KeyRef;

/// How many parts were made of a unit, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Counted through a shared reference: many threads may make parts at once.
    made: AtomicU32,
    joined: u32,
    /// Parts of parts that were lost already when their part was joined.
    lost: u64,
    /// Whether this entry is a part itself, which never emits.
    pub(crate) is_part: bool,
}

impl Clone for Parts {
    fn clone(&self) -> Parts {
        Parts {
            made: AtomicU32::new(self.made.load(Ordering::Relaxed)),
            ..*self
        }
    }
}

impl Parts {
    /// Counts a part that is made.
    pub(crate) fn make(&self) {
        // Joining takes the trace by `&mut`, after whatever made the part: no
        // other memory is ordered by this number.
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// How many parts were never joined.
    pub(crate) fn lost(&self) -> u64 {
        let made = self.made.load(Ordering::Relaxed);
        self.lost
            .saturating_add(made.saturating_sub(self.joined).into())
    }
}

impl Entry {
    /// Merges what a part gathered: counters add up, maxima compare, laps add up,
    /// other fields are set, fragments are put in by their times.
    pub(crate) fn merge(&mut self, mut part: Box<Entry>) -> Box<Entry> {
        let now = part.now();
        part.close_laps(now);
        self.parts.joined = self.parts.joined.saturating_add(1);
        self.parts.lost = self.parts.lost.saturating_add(part.parts.lost());
        for at in 0..part.fields.len() {
            self.merge_field(&part, at);
        }
        self.fields.dropped = self.fields.dropped.saturating_add(part.fields.dropped);
        self.merge_fragments(&part);
        self.merge_ending(&part);
        self.arena.note_cut(part.arena.has_cut());
        self.tidy();
        part
    }

    fn merge_field(&mut self, part: &Entry, at: usize) {
        let Some(field) = part.fields.get(at) else {
            return;
        };
        let (value, role) = (field.value(), field.role);
        let key = match field.key {
            FieldKey::Static(key) => KeyRef::Static(key),
            FieldKey::Text(key) => KeyRef::Text(part.arena.text(key)),
        };
        if value.tag == Tag::Absent {
            return;
        }
        if field.has(flag::REDACTED) {
            return self.set_any(key, Kind::Null);
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
        let mut copies: smallvec::SmallVec<[super::Fragment; 64]> = smallvec::SmallVec::new();
        for fragment in part.fragments.runs(usize::MAX).into_iter().flatten() {
            let mut copy = *fragment;
            copy.move_spans(|span| self.keep(&part.arena, span));
            copies.push(copy);
        }
        self.fragments.merge(&copies, self.limits.fragments);
        let dropped = part.fragments.lost();
        self.fragments.note_dropped(dropped);
        self.has_held |= part.has_held;
    }

    /// Level, outcome, error and panic. What the unit said itself stays.
    fn merge_ending(&mut self, part: &Entry) {
        let level: Level = part.severity.level();
        if level < part.severity.given() {
            self.severity.raise(level);
        }
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
