//! A unit at the moment its record is about to be written, as the user's rules
//! and hooks see it.

use std::time::Duration;

use crate::config::finished::{Contents, FinishedUnit, Fragment};
use crate::config::names::TIMER_SUFFIXES;
use crate::encode::job::Moment;
use crate::unit::Entry;
use crate::unit::store::stored::Tag;
use crate::value::owned::OwnedValue;

/// Returns the view of a unit.
pub(super) fn finished<'a>(entry: &'a Entry, moment: &Moment<'_>) -> FinishedUnit<'a> {
    let ids = entry.ids;
    FinishedUnit {
        name: &entry.origin.name,
        target: &entry.origin.target,
        level: moment.level,
        outcome: moment.outcome,
        duration: Duration::from_micros(moment.duration_nanos / 1_000),
        is_partial: moment.partial.is_some(),
        traceparent: ids.map(|ids| ids.parent()),
        parent_id: ids.and_then(|ids| ids.parent_id),
        request_id: entry.request_id(),
        error: entry.error.map(|error| entry.arena.text(error)),
        contents: entry,
    }
}

impl Contents for Entry {
    fn get(&self, key: &str) -> Option<OwnedValue> {
        Entry::get(self, key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        Entry::text(self, key)
    }

    fn fields(&self) -> Vec<(String, OwnedValue)> {
        let mut fields = Vec::new();
        for field in self.fields.as_slice() {
            let key = String::from_utf8_lossy(field.given(&self.arena));
            let value = field.value();
            if value.tag != Tag::Timer {
                let value = self.owned(value);
                fields.extend(value.map(|value| (key.into_owned(), value)));
            } else if value.to_laps(&self.arena).count > 0 {
                // As in the record: nothing before the first lap is over.
                let part =
                    |suffix| Some((format!("{key}{suffix}"), self.timer_value(field, suffix)?));
                fields.extend(TIMER_SUFFIXES.into_iter().filter_map(part));
            }
        }
        fields
    }

    fn fragments(&self) -> Vec<Fragment<'_>> {
        let fragments = self.fragments.runs(usize::MAX).into_iter().flatten();
        let shown = fragments.map(|fragment| Fragment {
            at: Duration::from_nanos(fragment.at_nanos),
            file: fragment.site.file(&self.arena),
            line: fragment.site.line(),
            level: fragment.level,
            text: self.arena.text(fragment.text),
        });
        shown.collect()
    }
}
