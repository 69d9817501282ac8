//! A record without what changes from run to run.

use super::{Entry, Laps, Place, Span, Stored, Tag};
use crate::clock::Stamp;
use crate::ids::{SpanId, TraceId};

impl Entry {
    /// Times, durations, ids and source lines become those of no run.
    pub(crate) fn normalize(&mut self) {
        self.normalize_fields();
        self.normalize_fragments();
        self.normalize_ids();
        if let Some((message, place)) = self.panic {
            let text = place_without_numbers(self.arena.text(place));
            let place = self.arena.push(text.as_bytes());
            self.panic = Some((message, place));
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
                    let laps = Laps {
                        count: stored.to_laps(arena).count,
                        ..Laps::default()
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

/// `src/shop.rs:17:5` as `src/shop.rs:0:0`.
fn place_without_numbers(place: &str) -> String {
    let file = place.trim_end_matches(|char: char| char.is_ascii_digit() || char == ':');
    format!("{file}:0:0")
}
