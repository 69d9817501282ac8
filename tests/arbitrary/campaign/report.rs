//! The faults that were injected, their results, and which promises held.

use std::fmt::{self, Write as _};
use std::path::Path;

/// What users rely on, whatever breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    OneRecord,
    Outcome,
    NothingLost,
    NoAbort,
    WholeLines,
    CleanAfter,
    OthersUntouched,
}

const PROMISES: [(Promise, &str); 7] = [
    (Promise::OneRecord, "exactly one record of each unit"),
    (Promise::Outcome, "the outcome is told"),
    (Promise::NothingLost, "nothing captured before is lost"),
    (Promise::NoAbort, "no abort and no panic of the library"),
    (Promise::WholeLines, "every line is whole and parses"),
    (Promise::CleanAfter, "the thread is as new afterwards"),
    (Promise::OthersUntouched, "other units are untouched"),
];

/// How many checks of a promise held, and how many did not.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    held: usize,
    broken: usize,
}

/// One kind of fault.
#[derive(Debug)]
pub struct Row {
    fault: String,
    points: usize,
    expected: usize,
    found: usize,
    gone: usize,
    counts: [Count; PROMISES.len()],
    broken: Vec<String>,
}

impl Row {
    pub fn new(fault: &str) -> Row {
        Row {
            fault: fault.into(),
            points: 0,
            expected: 0,
            found: 0,
            gone: 0,
            counts: Default::default(),
            broken: Vec::new(),
        }
    }

    /// Counts one more place where the fault was injected.
    pub fn point(&mut self) {
        self.points += 1;
    }

    pub fn records(&mut self, expected: usize, found: usize) {
        self.expected += expected;
        self.found += found;
    }

    /// Counts records that are missing, as documented.
    pub fn gone(&mut self, records: usize) {
        self.gone += records;
    }

    pub fn check(&mut self, promise: Promise, held: bool, about: impl FnOnce() -> String) {
        let Some(count) = self.counts.get_mut(promise as usize) else {
            return;
        };
        if held {
            count.held += 1;
        } else {
            count.broken += 1;
            let about = format!("{}: {promise:?}: {}", self.fault, about());
            self.broken.push(about);
        }
    }
}

#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Notes something that the table does not show, such as a part that cannot run here.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Prints the table, and writes it to a file.
    pub fn publish(&self) {
        let text = self.to_string();
        println!("{text}");
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("campaign.txt");
        std::fs::write(file, text).expect("the directory for tests can be written to");
    }

    #[track_caller]
    pub fn assert_kept(&self) {
        let broken = self.rows.iter().flat_map(|row| &row.broken);
        let broken: Vec<_> = broken.collect();
        let first = broken.iter().take(20).fold(String::new(), |mut text, one| {
            _ = writeln!(text, "{one}");
            text
        });
        assert!(
            broken.is_empty(),
            "{} promises are broken; the first:\n{first}",
            broken.len()
        );
        let idle = |row: &&Row| row.points == 0 || row.counts.iter().all(|count| count.held == 0);
        assert!(self.rows.iter().find(idle).is_none(), "a fault hit nothing");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.rows.iter().map(|row| row.fault.chars().count());
        let wide = wide.max().unwrap_or(0);
        write!(
            f,
            "{:wide$}  points  records     found   may be gone",
            "fault"
        )?;
        for number in 1..=PROMISES.len() {
            write!(f, " {:>9}", format!("({number})"))?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(
                f,
                "{:wide$} {:>7} {:>8} {:>9} {:>13}",
                row.fault, row.points, row.expected, row.found, row.gone
            )?;
            for count in row.counts {
                write!(f, " {:>9}", cell(count))?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\nHow many checks held, and how many did not (`!`), of each promise:"
        )?;
        for (number, (_, text)) in PROMISES.iter().enumerate() {
            writeln!(f, "({}) {text}", number + 1)?;
        }
        for note in &self.notes {
            writeln!(f, "* {note}")?;
        }
        Ok(())
    }
}

fn cell(count: Count) -> String {
    match (count.held, count.broken) {
        (0, 0) => "-".into(),
        (held, 0) => held.to_string(),
        (held, broken) => format!("{held} !{broken}"),
    }
}
