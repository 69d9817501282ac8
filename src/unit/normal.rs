//! A record without what changes from run to run.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use crate::config::settings::Settings;
use crate::ids::id::{SpanId, TraceId};
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::Place;
use crate::unit::store::items::Items;
use crate::unit::store::stored::Tag;
use crate::value::owned::OwnedValue;

impl Entry {
    /// Replaces times, durations, ids and source lines with those of no run.
    pub(crate) fn normalize(&mut self) {
        self.normalize_fixed();
        self.normalize_fields();
        self.normalize_fragments();
        self.normalize_ids();
        if let Some([message, place]) = self.panic {
            let text = place_without_numbers(self.arena.text(place));
            self.panic = Some([message, self.arena.push(text.as_bytes())]);
        }
    }

    /// Replaces those of the configuration.
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

    fn normalize_fields(&mut self) {
        let arena = &mut self.arena;
        for field in self.fields.iter_mut() {
            let value = field.value();
            let span = Span::from_bits(value.bits);
            let times = match value.tag {
                Tag::Micros => {
                    field.bits = 0;
                    continue;
                }
                Tag::Stamp => vec![span],
                // The count stays.
                Tag::Timer => vec![Span::new(span.start() + 8, 16)],
                Tag::List => times(Items::new(arena, value)),
                _ => continue,
            };
            for place in times {
                arena.overwrite(place, &vec![0; place.len()]);
            }
        }
    }

    fn normalize_fragments(&mut self) {
        for fragment in self.fragments.iter_mut() {
            let file = match fragment.place {
                Place::Log { file, .. } => file,
                Place::Code(location) => self.arena.push(location.file().as_bytes()),
            };
            fragment.place = Place::Log { file, line: 0 };
            fragment.at_nanos = 0;
        }
    }

    fn normalize_ids(&mut self) {
        let span = |n: u64| SpanId::from_bytes(n.to_be_bytes());
        if let Some(ids) = &mut self.ids {
            ids.trace_id = TraceId::from_bytes(1_u128.to_be_bytes()).unwrap_or(ids.trace_id);
            ids.span_id = span(1).unwrap_or(ids.span_id);
            ids.parent_id = ids.parent_id.and(span(2));
        }
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_made_here = |id: &str| id.len() == 32 && id.bytes().all(is_hex);
        if self.request_id().is_some_and(is_made_here) {
            self.request_id = Some(self.arena.push(&[b'0'; 32]));
        }
    }
}

/// Returns the places of the durations and times of a list.
fn times(mut items: Items<'_>) -> Vec<Span> {
    let mut places = Vec::new();
    while let Some(item) = items.next() {
        match item.tag {
            Tag::Micros => places.push(items.place_of_last(8)),
            Tag::Stamp => places.push(items.place_of_last(12)),
            _ => {}
        }
    }
    places
}

/// Returns a value whose durations and times are those of no run.
fn without_times(value: &OwnedValue) -> OwnedValue {
    match value {
        OwnedValue::Duration(_) => OwnedValue::Duration(Duration::ZERO),
        OwnedValue::Time(_) => OwnedValue::Time(UNIX_EPOCH),
        OwnedValue::List(items) => OwnedValue::List(items.iter().map(without_times).collect()),
        other => other.clone(),
    }
}

/// Returns `src/shop.rs:17:5` as `src/shop.rs:0:0`.
fn place_without_numbers(place: &str) -> String {
    let file = place.trim_end_matches(|char: char| char.is_ascii_digit() || char == ':');
    format!("{file}:0:0")
}
