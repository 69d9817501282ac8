//! How much memory the process used over time.

use std::fs;
use std::time::Duration;

use super::heap;

/// Bytes, measured while no unit runs.
#[derive(Clone, Copy)]
struct Moment {
    after: Duration,
    units: u64,
    heap: isize,
    /// Empty if the system does not report it.
    resident: Option<usize>,
}

pub struct Curve {
    moments: Vec<Moment>,
}

impl Curve {
    pub fn new(rounds: u32) -> Curve {
        // Allocated up front, so that the measurements do not measure themselves.
        Curve {
            moments: Vec::with_capacity(rounds as usize),
        }
    }

    pub fn note(&mut self, after: Duration, units: u64) {
        self.moments.push(Moment {
            after,
            units,
            heap: heap::live(),
            resident: resident(),
        });
    }

    pub fn print(&self) {
        let most = self.moments.iter().map(|moment| moment.heap).max();
        println!("seconds      units  heap KiB  resident KiB");
        for moment in &self.moments {
            let resident = moment.resident.map_or("?".into(), kib);
            let bar = 40 * moment.heap / most.unwrap_or(1).max(1);
            println!(
                "{:7.1} {:10}  {:>8}  {resident:>12}  {}",
                moment.after.as_secs_f64(),
                moment.units,
                kib(moment.heap.unsigned_abs()),
                "#".repeat(bar.unsigned_abs()),
            );
        }
    }

    /// After the first third, which fills spare entries and buffers up to their
    /// limits, the last third must not hold more than the middle one.
    pub fn check(&self) {
        let third = self.moments.len() / 3;
        let middle = &self.moments[third..2 * third];
        let last = &self.moments[2 * third..];
        let heap = |moments: &[Moment]| moments.iter().map(|moment| moment.heap).max();
        let grown = heap(last).unwrap_or(0) - heap(middle).unwrap_or(0);
        assert!(grown <= SLACK, "the heap grew by {grown} bytes");

        let resident = |moments: &[Moment]| {
            let each = moments.iter().filter_map(|moment| moment.resident);
            each.max().unwrap_or(0) as isize
        };
        let grown = resident(last) - resident(middle);
        assert!(grown <= 4 * SLACK, "the process grew by {grown} bytes");
    }
}

/// The difference that chance makes between rounds, depending on which threads'
/// spare entries have met large units lately.
const SLACK: isize = 1024 * 1024;

fn kib(bytes: usize) -> String {
    (bytes / 1024).to_string()
}

/// The resident set, on Linux.
fn resident() -> Option<usize> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
