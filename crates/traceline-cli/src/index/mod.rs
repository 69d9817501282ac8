//! A few numbers per unit, 88 bytes, and the position of its line.

mod hint;
mod ids;
mod scan;
mod texts;

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::atomic::AtomicBool;

pub use hint::Keys;
pub(crate) use scan::Scan;

use crate::fields::Bad;
use crate::filter::Filter;
use crate::names::Names;
use crate::record::{Level, Outcome, Record, Writer};
use crate::source::{LONGEST_LINE, MOST, Source, Span};
use crate::text::Text;
use ids::{span_id, trace_id};
use texts::Texts;

/// How many lines of each kind that are not records are kept as samples.
pub const SAMPLES: usize = 3;

/// How much of such a line is kept.
const SAMPLE_BYTES: usize = 160;

/// The data about a unit that needs no second look at its line.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// Where its line begins.
    pub at: u64,
    /// When it ended, in microseconds since 1970; [`NO_TIME`] if that is not known.
    pub end: i64,
    /// How long it took, in microseconds; [`NO_DURATION`] if that is not known.
    pub duration: u64,
    /// The id of its transaction, 0 if it has none. An id that is not hexadecimal is hashed.
    pub trace: [u64; 2],
    /// Its own id, likewise.
    pub span: u64,
    /// The id of the unit that called it, likewise.
    pub parent: u64,
    /// The length of the line.
    pub len: u32,
    /// Its name, as a number for [`Index::text`].
    pub name: u32,
    /// Its service, likewise.
    pub service: u32,
    /// The type or the text of the error that it failed with, likewise; 0 if it has none.
    pub error: u32,
    /// How many units it stands for, itself included.
    pub rate: u32,
    /// The source of the line.
    pub source: u16,
    /// The HTTP status, or 0.
    pub status: u16,
    /// Its level.
    pub level: Level,
    /// Its outcome.
    pub outcome: Outcome,
    /// Whether the unit went on after this record.
    pub partial: bool,
    /// Whether it meets the filter.
    pub selected: bool,
    /// Whether it repeats an earlier record, as one that is delivered twice does.
    pub duplicate: bool,
}

const _: () = assert!(size_of::<Unit>() == 88);

/// The end of a unit whose line has no time.
pub const NO_TIME: i64 = i64::MIN;

/// The duration of a unit whose line has none that can be read.
pub const NO_DURATION: u64 = u64::MAX;

impl Unit {
    /// When it began; [`NO_TIME`] if the line has no time.
    pub fn start(&self) -> i64 {
        match self.end {
            NO_TIME => NO_TIME,
            end => end - self.took() as i64,
        }
    }

    /// How long it took, if that is known.
    pub fn known_duration(&self) -> Option<u64> {
        Some(self.duration).filter(|duration| *duration != NO_DURATION)
    }

    /// How long it took; nothing if that is not known.
    pub fn took(&self) -> u64 {
        self.known_duration().unwrap_or(0)
    }

    /// Whether it belongs to a transaction.
    pub fn has_trace(&self) -> bool {
        self.trace != [0; 2]
    }

    /// Whether this is still its record: the file may have been cut or rewritten since it was read.
    pub(crate) fn is_of(&self, record: &Record<'_>) -> bool {
        record.duration.unwrap_or(NO_DURATION) == self.duration
            && record.outcome == self.outcome
            && record.end.unwrap_or(NO_TIME) == self.end
    }

    /// Where its line is.
    pub fn span(&self) -> Span {
        let (at, len) = (self.at, self.len);
        Span { at, len }
    }

    /// Whether it counts as a unit; partial records and duplicates do not.
    pub fn counts(&self) -> bool {
        !self.partial && !self.duplicate
    }

    /// Whether it counts and failed.
    pub fn failed(&self) -> bool {
        self.counts() && self.outcome.is_failure()
    }
}

/// A line that is not a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The name of the source and the number of the line, from 1.
    pub place: String,
    /// The beginning of the line.
    pub text: String,
    /// Why it could not be read; empty for other kinds of lines.
    pub why: Bad,
}

/// The number of lines of one kind, and the first of them.
#[derive(Clone, Debug, Default)]
pub struct Rejected {
    /// How many there were.
    pub count: u64,
    /// The first [`SAMPLES`].
    pub samples: Vec<Sample>,
}

/// How many units are incomplete, or rest on an assumption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Units whose time cannot be read.
    pub times: u64,
    /// Units whose duration cannot be read.
    pub durations: u64,
    /// Units whose time has no offset and is read as UTC.
    pub zones: u64,
    /// Units whose duration has no unit but a known writer.
    pub writers: BTreeMap<Writer, u64>,
}

/// All units of the input, in the order of the input.
#[derive(Debug, Default)]
pub struct Index {
    /// The units.
    pub units: Vec<Unit>,
    /// Lines that begin like records but are broken.
    pub bad: Rejected,
    /// Other kinds of lines.
    pub other: Rejected,
    /// The keys of those.
    pub keys: Keys,
    /// What about the units is uncertain.
    pub doubts: Doubts,
    /// Why sources could not be read, or not to their end.
    pub failed: Vec<String>,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many records were repeated.
    pub duplicates: u64,
    texts: Texts,
    ids: RandomState,
}

impl Index {
    /// Reads all sources, until `stop` is set. `progress` receives the number of bytes so far.
    ///
    /// What cannot be read is told in [`failed`](Index::failed).
    pub fn read(
        sources: &mut [Source],
        names: &Names,
        filter: &Filter,
        stop: &AtomicBool,
        mut progress: impl FnMut(u64),
    ) -> Index {
        let mut index = Index::default();
        let sizes = sources.iter().filter_map(|source| source.size);
        // Records are rarely shorter. Reserved memory that is never touched costs nothing.
        index.units.reserve((sizes.sum::<u64>() / 256) as usize);
        for (at, source) in sources.iter_mut().enumerate().take(MOST) {
            let before = index.bytes;
            let name = source.name.clone();
            let mut scan = Scan {
                index: &mut index,
                names,
                filter,
                name: &name,
                source: at as u16,
                line: 0,
                pieces: Default::default(),
            };
            let mut total = 0;
            let result = source.lines(
                stop,
                |at, line| scan.line(at, line),
                |read| {
                    total = read;
                    progress(before + read);
                },
            );
            scan.end();
            if let Err(error) = result {
                index.failed.push(format!("{name}: {error}"));
            }
            index.bytes = before + total;
        }
        index.finish(filter);
        index
    }

    /// Does what needs all units.
    pub(crate) fn finish(&mut self, filter: &Filter) {
        let ends = self.units.iter().map(|unit| unit.end);
        if let Some(last) = filter.last
            && let Some(end) = ends.filter(|end| *end != NO_TIME).max()
        {
            let since = end.saturating_sub_unsigned(last);
            for unit in &mut self.units {
                unit.selected &= unit.end >= since;
            }
        }
        self.mark_duplicates();
    }

    #[cold]
    fn count_faults(&mut self, record: &Record<'_>) {
        let faults = record.faults;
        self.doubts.times += u64::from(faults.time);
        self.doubts.durations += u64::from(faults.duration);
        self.doubts.zones += u64::from(faults.zone);
        if let Some(writer) = faults.writer {
            *self.doubts.writers.entry(writer).or_default() += 1;
        }
    }

    /// Returns the text of a name, a service or an error.
    pub fn text(&self, number: u32) -> &str {
        self.texts.all.get(number as usize).map_or("", |text| text)
    }

    /// Returns the numbers of the units that meet the filter and count.
    pub fn selected(&self) -> impl Iterator<Item = usize> {
        let units = self.units.iter().enumerate();
        units
            .filter(|(_, unit)| unit.selected && unit.counts())
            .map(|(at, _)| at)
    }

    /// Returns the id of a transaction in the form that units keep.
    pub fn trace_id(&self, text: &str) -> [u64; 2] {
        trace_id(&self.ids, Some(Text::plain(text.as_bytes())))
    }

    /// Returns the id of a unit in the forms that units keep: hexadecimal, and decimal.
    pub fn span_ids(&self, text: &str) -> [u64; 2] {
        let text = Some(Text::plain(text.as_bytes()));
        [false, true].map(|decimal| span_id(&self.ids, text, decimal))
    }

    /// An unsure broker delivers a record again. Units without ids cannot be compared and stay.
    fn mark_duplicates(&mut self) {
        let ids = self
            .units
            .iter()
            .enumerate()
            .filter(|(_, unit)| unit.span != 0);
        let mut order: Vec<(u64, u32)> = ids
            .map(|(at, unit)| (unit.span ^ unit.trace[1], at as u32))
            .collect();
        order.sort_unstable();
        for same in order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|same| same.len() > 1)
        {
            let mut kept: Vec<(Key, u32)> = same
                .iter()
                .map(|(_, at)| (key(&self.units[*at as usize]), *at))
                .collect();
            kept.sort_unstable();
            for pair in kept.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                self.units[pair[1].1 as usize].duplicate = true;
                self.duplicates += 1;
            }
        }
    }
}

type Key = ([u64; 2], u64, u64, i64, u64, u32, u32, bool);

/// A key that two records of one unit share only if they are the same record.
fn key(unit: &Unit) -> Key {
    let Unit {
        trace,
        span,
        parent,
        end,
        duration,
        name,
        service,
        partial,
        ..
    } = *unit;
    (trace, span, parent, end, duration, name, service, partial)
}

const _: () = assert!(LONGEST_LINE < u32::MAX as usize);

#[cfg(test)]
mod tests;

/// Reads a text.
#[cfg(test)]
pub(crate) fn test_index(text: &str) -> Index {
    let text = std::io::Cursor::new(text.to_owned());
    let mut sources = [Source::stream("in", Box::new(text))];
    let stop = AtomicBool::new(false);
    Index::read(
        &mut sources,
        &Names::default(),
        &Filter::default(),
        &stop,
        |_| (),
    )
}
