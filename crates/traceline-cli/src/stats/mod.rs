//! Counts and percentiles of the units of each name, failures, and both over time.

mod chart;
mod failures;

use std::collections::HashMap;

pub use chart::Chart;
pub use failures::{Failure, failures};

use crate::index::Index;

/// The units of one name in one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The name, as a number for [`Index::text`].
    pub name: u32,
    /// The service, likewise.
    pub service: u32,
    /// How many records there are.
    pub records: u64,
    /// How many units they stand for: the sum of their `sample_rate`s.
    pub units: u64,
    /// How many of those ended in an error or a panic.
    pub failed: u64,
    /// How many of those have a duration; without any, the numbers below mean nothing.
    pub timed: u64,
    /// The 50th, 90th and 99th percentile of the duration, in microseconds.
    pub percentiles: [u64; 3],
    /// The longest duration.
    pub longest: u64,
    /// The sum of the durations.
    pub total: u128,
}

/// The ranks of [`Group::percentiles`].
pub const PERCENTILES: [u64; 3] = [50, 90, 99];

/// A duration and how many units it stands for.
type Weighted = (u64, u32);

/// Counts the selected units by name and service, the largest total duration first.
pub fn groups(index: &Index) -> Vec<Group> {
    let mut groups: HashMap<(u32, u32), (Group, Vec<Weighted>)> = HashMap::new();
    for at in index.selected() {
        let unit = &index.units[at];
        let (name, service) = (unit.name, unit.service);
        let (group, durations) = groups.entry((name, service)).or_default();
        let rate = u64::from(unit.rate);
        group.records += 1;
        group.units += rate;
        group.failed += rate * u64::from(unit.outcome.is_failure());
        if let Some(duration) = unit.known_duration() {
            group.timed += rate;
            group.total += u128::from(duration) * u128::from(rate);
            durations.push((duration, unit.rate));
        }
    }
    let finished = groups
        .into_iter()
        .map(|((name, service), (group, mut durations))| {
            durations.sort_unstable();
            let longest = durations.last().map_or(0, |last| last.0);
            let percentiles = percentiles(&durations, group.timed);
            Group {
                name,
                service,
                percentiles,
                longest,
                ..group
            }
        });
    let mut groups: Vec<_> = finished.collect();
    let texts = |group: &Group| [index.text(group.service), index.text(group.name)];
    groups.sort_unstable_by(|a, b| b.total.cmp(&a.total).then_with(|| texts(a).cmp(&texts(b))));
    groups
}

/// Nearest rank, by weight: the shortest duration that this percentage of all units did not exceed.
fn percentiles(sorted: &[Weighted], weight: u64) -> [u64; 3] {
    let mut found = [0; 3];
    let mut sum = 0_u128;
    let mut next = 0;
    for (duration, rate) in sorted {
        sum += u128::from(*rate);
        while let Some(percent) = PERCENTILES.get(next)
            && sum * 100 >= u128::from(weight) * u128::from(*percent)
        {
            found[next] = *duration;
            next += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let sorted: Vec<_> = (1..=100).map(|n| (n, 1)).collect();
        assert_eq!(percentiles(&sorted, 100), [50, 90, 99]);
        assert_eq!(percentiles(&[(7, 1)], 1), [7, 7, 7]);
        assert_eq!(percentiles(&[(1, 1), (2, 1)], 2), [1, 2, 2]);
        assert_eq!(percentiles(&[], 0), [0, 0, 0]);
    }

    #[test]
    fn a_sampled_record_stands_for_many_and_one_of_weight_zero_for_none() {
        assert_eq!(percentiles(&[(1, 100), (50, 1), (90, 1)], 102), [1, 1, 50]);
        assert_eq!(percentiles(&[(1, 0), (2, 1), (3, 0)], 1), [2, 2, 2]);
    }
}
