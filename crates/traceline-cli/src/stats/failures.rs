//! What failed, grouped by name and error.

use std::collections::HashMap;

use crate::index::{Index, NO_TIME};

/// The failures of one name in one service with the same error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The name, as a number for [`Index::text`].
    pub name: u32,
    /// The service, likewise.
    pub service: u32,
    /// The type or the text of the error, likewise; 0 if there is none.
    pub error: u32,
    /// How many units failed: the sum of their `sample_rate`s.
    pub units: u64,
    /// When the first of them ended; [`NO_TIME`] if no line has a time.
    pub first: i64,
    /// When the last one ended, likewise.
    pub last: i64,
    /// The last of them, as its number in [`Index::units`].
    pub example: usize,
}

/// Groups the selected units that failed, the most frequent failure first, then the latest.
pub fn failures(index: &Index) -> Vec<Failure> {
    let mut groups: HashMap<(u32, u32, u32), Failure> = HashMap::new();
    for at in index.selected() {
        let unit = &index.units[at];
        if !unit.outcome.is_failure() {
            continue;
        }
        let key = (unit.name, unit.service, unit.error);
        let group = groups.entry(key).or_insert(Failure {
            name: unit.name,
            service: unit.service,
            error: unit.error,
            units: 0,
            first: unit.end,
            last: unit.end,
            example: at,
        });
        group.units += u64::from(unit.rate);
        if unit.end != NO_TIME && (group.first == NO_TIME || unit.end < group.first) {
            group.first = unit.end;
        }
        if unit.end >= group.last {
            (group.last, group.example) = (unit.end, at);
        }
    }
    let mut groups: Vec<Failure> = groups.into_values().collect();
    groups.sort_unstable_by(|a, b| {
        let order = (b.units, b.last).cmp(&(a.units, a.last));
        order.then(a.example.cmp(&b.example))
    });
    groups
}
