//! A record without what changes from run to run.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use crate::base::clock::Stamp;
use crate::config::settings::Settings;
use crate::ids::id::{SpanId, TraceId};
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::capture;
use crate::unit::store::fragments::Place;
use crate::unit::store::stored::{LapTotals, Stored, Tag};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

impl Entry {
    /// Times, durations, ids and source lines become those of no run.
    pub(crate) fn normalize(&mut self) {
        self.normalize_fixed();
        self.normalize_lists();
        self.normalize_fields();
        self.normalize_fragments();
        self.normalize_ids();
        if let Some((message, place)) = self.panic {
            let text = place_without_numbers(self.arena.text(place));
            let place = self.arena.push(text.as_bytes());
            self.panic = Some((message, place));
        }
    }

    /// Those of the configuration.
    fn normalize_fixed(&mut self) {
        let fixed = self.settings.fixed.iter();
        let fixed: Vec<_> = fixed
            .map(|(key, value)| (key.clone(), without_times(value)))
            .collect();
        if fixed != self.settings.fixed {
            let mut settings = Settings::clone(&self.settings);
            settings.fixed = fixed;
            settings.fixed_text = OnceLock::new();
            self.settings = Arc::new(settings);
        }
    }

    fn normalize_lists(&mut self) {
        let is_list = |at: &usize| {
            let field = self.fields.as_slice().get(*at);
            field.is_some_and(|field| field.value().tag == Tag::List)
        };
        let lists: Vec<usize> = (0..self.fields.len()).filter(is_list).collect();
        for at in lists {
            let stored = self.fields.as_slice().get(at).map(|field| field.value());
            let Some((stored, list)) =
                stored.and_then(|stored| Some((stored, self.owned(stored)?)))
            else {
                continue;
            };
            let still = without_times(&list);
            if still != list
                && let Some(field) = self.fields.get_mut(at)
            {
                let is_cut = Span::from_bits(stored.bits).is_cut();
                let new = capture::store(still.to_value().0, &mut self.arena, usize::MAX);
                let span = Span::from_bits(new.bits).cut(is_cut);
                field.store(Stored::new(Tag::List, span.to_bits()), field.role);
            }
        }
    }

    fn normalize_fields(&mut self) {
        let arena = &mut self.arena;
        for field in self.fields.iter_mut() {
            let stored = field.value();
            let value = match stored.tag {
                Tag::Micros => Stored::new(Tag::Micros, 0),
                Tag::Stamp => {
                    let epoch = Stamp { secs: 0, nanos: 0 };
                    Stored::new(Tag::Stamp, arena.push(&epoch.to_bytes()).to_bits())
                }
                Tag::Timer => {
                    let laps = LapTotals {
                        count: stored.to_laps(arena).count,
                        ..LapTotals::default()
                    };
                    Stored::new(Tag::Timer, arena.push(&laps.to_bytes()).to_bits())
                }
                _ => continue,
            };
            field.store(value, field.role);
        }
    }

    fn normalize_fragments(&mut self) {
        let arena = &mut self.arena;
        let mut known: Option<(*const str, Span)> = None;
        for fragment in self.fragments.iter_mut() {
            let file = match (fragment.place, known) {
                (Place::Log { file, .. }, _) => file,
                (Place::Code(location), Some((text, span)))
                    if std::ptr::eq(text, location.file()) =>
                {
                    span
                }
                (Place::Code(location), _) => {
                    let span = arena.push(location.file().as_bytes());
                    known = Some((location.file(), span));
                    span
                }
            };
            fragment.place = Place::Log { file, line: 0 };
            fragment.at_nanos = 0;
        }
    }

    fn normalize_ids(&mut self) {
        let span = |n: u8| SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, n]);
        if let Some(ids) = &mut self.transaction {
            let mut trace = [0; 16];
            trace[15] = 1;
            ids.trace_id = TraceId::from_bytes(trace).unwrap_or(ids.trace_id);
            ids.span_id = span(1).unwrap_or(ids.span_id);
            ids.parent_id = ids.parent_id.and(span(2));
        }
        let is_made_here = |id: &str| {
            let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            id.len() == 32 && id.bytes().all(hex)
        };
        if self.request_id().is_some_and(is_made_here) {
            self.request_id = Some(self.arena.push(&[b'0'; 32]));
        }
    }
}

/// Durations and times in a value as those of no run.
fn without_times(value: &OwnedValue) -> OwnedValue {
    match value {
        OwnedValue::Duration(_) => OwnedValue::Duration(Duration::ZERO),
        OwnedValue::Time(_) => OwnedValue::Time(UNIX_EPOCH),
        OwnedValue::List(items) => OwnedValue::List(items.iter().map(without_times).collect()),
        other => other.clone(),
    }
}

/// `src/shop.rs:17:5` as `src/shop.rs:0:0`.
fn place_without_numbers(place: &str) -> String {
    let file = place.trim_end_matches(|char: char| char.is_ascii_digit() || char == ':');
    format!("{file}:0:0")
}
