//! Counts of units and records.

use hdrhistogram::Histogram;

use super::configs;

/// Ids in any order: their number, and a sum that distinguishes sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    pub count: u64,
    pub sum: u64,
}

impl Ids {
    pub fn add(&mut self, id: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(mixed(id));
    }

    pub fn merge(&mut self, other: Ids) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// Mixes the id, because a lost and a doubled record could cancel out in a sum of plain ids.
fn mixed(id: u64) -> u64 {
    let id = (id ^ (id >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (id ^ (id >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}

/// For one kind of configuration: those that sample, or all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Records {
    pub last: Ids,
    pub partial: Ids,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub plain: Records,
    pub sampled: Records,
    pub lines: u64,
}

impl Tally {
    pub fn of(&mut self, id: u64) -> &mut Records {
        match id as usize % configs::COUNT == configs::SAMPLING {
            true => &mut self.sampled,
            false => &mut self.plain,
        }
    }

    pub fn merge(&mut self, other: Tally) {
        for (mine, its) in [
            (&mut self.plain, other.plain),
            (&mut self.sampled, other.sampled),
        ] {
            mine.last.merge(its.last);
            mine.partial.merge(its.partial);
        }
        self.lines += other.lines;
    }
}

/// For nanoseconds up to a minute, with three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds make sense")
}
