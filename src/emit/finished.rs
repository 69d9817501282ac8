//! What a finished unit shows of itself.

use std::time::Duration;

use log::Level;

use crate::config::finished::{Finished, Fragment};
use crate::config::names::TIMER_SUFFIXES;
use crate::encode::job::Moment;
use crate::ids::id::SpanId;
use crate::ids::traceparent::TraceParent;
use crate::unit::Entry;
use crate::unit::store::stored::Tag;
use crate::value::outcome::Outcome;
use crate::value::owned::OwnedValue;

/// An entry at the moment its record is about to be written.
pub(crate) struct Ended<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) moment: &'a Moment<'a>,
}

impl Finished for Ended<'_> {
    fn name(&self) -> &str {
        &self.entry.origin.name
    }

    fn target(&self) -> &str {
        &self.entry.origin.target
    }

    fn level(&self) -> Level {
        self.moment.level
    }

    fn outcome(&self) -> Option<Outcome> {
        self.moment.outcome
    }

    fn duration(&self) -> Duration {
        Duration::from_micros(self.moment.duration_nanos / 1_000)
    }

    fn is_partial(&self) -> bool {
        self.moment.partial.is_some()
    }

    fn traceparent(&self) -> Option<TraceParent> {
        self.entry.ids.map(|ids| ids.parent())
    }

    fn parent(&self) -> Option<SpanId> {
        self.entry.ids?.parent_id
    }

    fn request_id(&self) -> Option<&str> {
        self.entry.request_id()
    }

    fn error(&self) -> Option<&str> {
        self.entry.error.map(|error| self.entry.arena.text(error))
    }

    fn get(&self, key: &str) -> Option<OwnedValue> {
        self.entry.get(key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.entry.text(key)
    }

    fn each_field(&self, see: &mut dyn FnMut(&str, OwnedValue)) {
        let entry = self.entry;
        for field in entry.fields.as_slice() {
            let key = String::from_utf8_lossy(field.given(&entry.arena));
            if field.value().tag != Tag::Timer {
                if let Some(value) = entry.owned(field.value()) {
                    see(&key, value);
                }
                continue;
            }
            // As in the record: nothing before the first lap is over.
            if field.value().to_laps(&entry.arena).count == 0 {
                continue;
            }
            for suffix in TIMER_SUFFIXES {
                if let Some(value) = entry.timer_value(field, suffix) {
                    see(&format!("{key}{suffix}"), value);
                }
            }
        }
    }

    fn each_fragment<'f>(&'f self, see: &mut dyn FnMut(Fragment<'f>)) {
        let entry = self.entry;
        for fragment in entry.fragments.runs(usize::MAX).into_iter().flatten() {
            see(Fragment {
                at: Duration::from_nanos(fragment.at_nanos),
                file: fragment.place.file(&entry.arena),
                line: fragment.place.line(),
                level: fragment.level,
                text: entry.arena.text(fragment.text),
            });
        }
    }
}
