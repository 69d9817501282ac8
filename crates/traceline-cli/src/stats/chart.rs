//! Units and failures over time.

use crate::index::{Index, NO_TIME};

/// How many units ended, and how many failed, in each of some spans of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// When the first span begins, in microseconds since 1970.
    pub start: i64,
    /// When the last one ends.
    pub end: i64,
    /// Units per span, failed ones included.
    pub units: Vec<u64>,
    /// Failed units per span.
    pub failed: Vec<u64>,
}

impl Chart {
    /// Counts the selected units in `spans` spans; `None` if fewer than two of them have a time.
    pub fn of(index: &Index, spans: usize) -> Option<Chart> {
        let times = || {
            let units = index.selected().map(|at| &index.units[at]);
            units.filter(|unit| unit.end != NO_TIME)
        };
        let start = times().map(|unit| unit.end).min()?;
        let end = times().map(|unit| unit.end).max()?;
        if start == end || spans == 0 {
            return None;
        }
        let mut chart = Chart {
            start,
            end,
            units: vec![0; spans],
            failed: vec![0; spans],
        };
        let whole = u128::from(end.abs_diff(start)) + 1;
        for unit in times() {
            let part = u128::from(unit.end.abs_diff(start)) * spans as u128 / whole;
            let at = part as usize;
            chart.units[at] += u64::from(unit.rate);
            chart.failed[at] += u64::from(unit.rate) * u64::from(unit.outcome.is_failure());
        }
        Some(chart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::test_index;

    #[test]
    fn units_and_failures_are_counted_by_the_time_of_their_end() {
        let line = |ms: u32, rest: &str| {
            format!("ts=2026-11-21T08:46:00.{ms:03}Z msg=a duration_ms=1.0 {rest}\n")
        };
        let lines = [
            line(0, ""),
            line(249, "outcome=error"),
            line(250, "sample_rate=10 outcome=panic"),
            line(999, ""),
        ];
        let index = test_index(&lines.concat());
        let chart = Chart::of(&index, 4).unwrap();
        assert_eq!(
            (chart.units, chart.failed),
            (vec![2, 10, 0, 1], vec![1, 10, 0, 0])
        );
        assert_eq!(chart.end - chart.start, 999_000);
        assert_eq!(Chart::of(&test_index(&line(0, "")), 4), None);
    }
}
