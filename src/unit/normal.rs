//! Normal form: a record without anything that changes from run to run.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use crate::config::settings::Settings;
use crate::ids::id::{SpanId, TraceId};
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::Site;
use crate::unit::store::items::Items;
use crate::unit::store::stored::Tag;
use crate::value::owned::OwnedValue;

impl Entry {
    /// Replaces times, durations, ids and source lines with fixed ones.
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

    /// Replaces the durations and times in the fixed fields of the configuration.
    fn normalize_fixed(&mut self) {
        let mut settings = Settings::clone(&self.settings);
        for (_, value) in &mut settings.fixed {
            reset_times(value);
        }
        if settings.fixed != self.settings.fixed {
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
                Tag::Timer => vec![Span::new(span.start() + 8, span.len() - 8)],
                Tag::List => Items::new(arena, value)
                    .filter(|(item, _)| matches!(item.tag, Tag::Micros | Tag::Stamp))
                    .map(|(_, place)| place)
                    .collect(),
                _ => continue,
            };
            for place in times {
                arena.overwrite(place, &vec![0; place.len()]);
            }
        }
    }

    fn normalize_fragments(&mut self) {
        for fragment in self.fragments.iter_mut() {
            let file = match fragment.site {
                Site::Log { file, .. } => file,
                Site::Code(location) => self.arena.push(location.file().as_bytes()),
            };
            fragment.site = Site::Log { file, line: 0 };
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

/// Resets the durations and times in a value.
fn reset_times(value: &mut OwnedValue) {
    match value {
        OwnedValue::Duration(duration) => *duration = Duration::ZERO,
        OwnedValue::Time(time) => *time = UNIX_EPOCH,
        OwnedValue::List(items) => items.iter_mut().for_each(reset_times),
        _ => {}
    }
}

/// Returns `src/shop.rs:17:5` as `src/shop.rs:0:0`.
fn place_without_numbers(place: &str) -> String {
    let file = place.trim_end_matches(|char: char| char.is_ascii_digit() || char == ':');
    format!("{file}:0:0")
}
