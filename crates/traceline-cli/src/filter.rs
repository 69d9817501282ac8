//! The filter that selects units.

use crate::query::Query;
use crate::record::{Outcome, Record};

/// The filter that selects units: a unit has to meet every part of it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Units that took at least this long, in microseconds.
    pub slower: Option<u64>,
    /// Units with one of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// Units whose records are not older, in microseconds since 1970.
    pub since: Option<i64>,
    /// Units whose records are not newer, likewise.
    pub until: Option<i64>,
    /// Units of this long before the last record, in microseconds.
    pub last: Option<u64>,
    /// A condition on their fields.
    pub query: Query,
}

impl Filter {
    /// Whether a record meets everything but the condition and `last`.
    pub(crate) fn takes(&self, record: &Record<'_>) -> bool {
        let slow = |slower| record.duration.is_some_and(|took| took >= slower);
        let after = |since| record.end.is_some_and(|end| end >= since);
        let before = |until| record.end.is_some_and(|end| end <= until);
        self.slower.is_none_or(slow)
            && self.since.is_none_or(after)
            && self.until.is_none_or(before)
            && (self.outcomes.is_empty() || self.outcomes.contains(&record.outcome))
    }
}
