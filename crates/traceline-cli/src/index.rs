//! A few numbers per unit, 80 bytes, and the position of its line.

mod ids;
mod texts;

use std::hash::RandomState;
use std::io;

use crate::fields::Bad;
use crate::filter::Filter;
use crate::names::Names;
use crate::record::{self, Level, Outcome, Record, Reject};
use crate::source::{LONGEST_LINE, Line, MOST, Source};
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
    /// Where its line begins, after any prefix.
    pub at: u64,
    /// When it ended, in microseconds since 1970; [`NO_TIME`] if the line has no time.
    pub end: i64,
    /// How long it took, in microseconds.
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
    /// How many units it stands for, itself included.
    pub rate: u32,
    /// The source of the line.
    pub source: u16,
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

const _: () = assert!(size_of::<Unit>() == 80);

/// The end of a unit whose line has no time.
pub const NO_TIME: i64 = i64::MIN;

impl Unit {
    /// When it began; [`NO_TIME`] if the line has no time.
    pub fn start(&self) -> i64 {
        match self.end {
            NO_TIME => NO_TIME,
            end => end - self.duration as i64,
        }
    }

    /// Whether it belongs to a transaction.
    pub fn has_trace(&self) -> bool {
        self.trace != [0; 2]
    }

    /// Whether this is still its line: the file may have been cut or rewritten since it was read.
    pub fn is_of(&self, line: &[u8], names: &Names) -> bool {
        record::parse(line, names).is_ok_and(|record| {
            record.body.len() == self.len as usize
                && record.duration == self.duration
                && record.outcome == self.outcome
                && record.end.is_none_or(|end| end == self.end)
        })
    }

    /// Whether it counts as a unit; partial records and duplicates do not.
    pub fn counts(&self) -> bool {
        !self.partial && !self.duplicate
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

/// All units of the input, in the order of the input.
#[derive(Debug, Default)]
pub struct Index {
    /// The units.
    pub units: Vec<Unit>,
    /// Lines that begin like records but are broken.
    pub bad: Rejected,
    /// Other kinds of lines.
    pub other: Rejected,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many records were repeated.
    pub duplicates: u64,
    texts: Texts,
    ids: RandomState,
}

impl Index {
    /// Reads all sources. `progress` receives the number of bytes read so far.
    ///
    /// # Errors
    ///
    /// If reading fails; the error names the source.
    pub fn read(
        sources: &mut [Source],
        names: &Names,
        filter: &Filter,
        mut progress: impl FnMut(u64),
    ) -> io::Result<Index> {
        let mut index = Index::default();
        let sizes = sources.iter().filter_map(|source| source.size);
        // Records are rarely shorter. Reserved memory that is never touched costs nothing.
        index.units.reserve((sizes.sum::<u64>() / 256) as usize);
        for at in 0..sources.len().min(MOST) {
            let before = index.bytes;
            let source = &mut sources[at];
            let name = source.name.clone();
            let mut scan = Scan {
                index: &mut index,
                names,
                filter,
                name: &name,
                source: at as u16,
                line: 0,
            };
            let mut total = 0;
            let result = source.lines(
                |at, line| scan.line(at, line),
                |read| {
                    total = read;
                    progress(before + read);
                },
            );
            result.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
            index.bytes = before + total;
        }
        index.mark_duplicates();
        Ok(index)
    }

    /// Returns the text of a name or a service.
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

    /// Returns the id of a unit in the form that units keep.
    pub fn span_id(&self, text: &str) -> u64 {
        span_id(&self.ids, Some(Text::plain(text.as_bytes())))
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

struct Scan<'a> {
    index: &'a mut Index,
    names: &'a Names,
    filter: &'a Filter,
    name: &'a str,
    source: u16,
    line: u64,
}

impl Scan<'_> {
    #[inline(always)]
    fn line(&mut self, at: u64, line: Line<'_>) {
        self.line += 1;
        match line {
            Line::Whole(b"") => {}
            Line::Whole(line) => match self.parse(line) {
                Ok((record, selected)) => self.take(at, line, &record, selected),
                Err(reject) => self.reject(line, reject),
            },
            Line::TooLong(line) => self.reject(line, Reject::Bad("a line longer than 16 MiB")),
        }
    }

    #[inline(always)]
    fn parse<'l>(&self, line: &'l [u8]) -> Result<(Record<'l>, bool), Reject> {
        let conditions = &self.filter.conditions;
        if conditions.is_empty() {
            let record = record::parse(line, self.names)?;
            return Ok((record, self.filter.takes(&record)));
        }
        // One bit per condition; the options allow at most 64.
        let (mut met, mut seen) = (0_u64, 0_u64);
        let record = record::parse_with(line, self.names, |field| {
            for (at, condition) in conditions.iter().enumerate() {
                if let Some(is_met) = condition.met(field) {
                    met |= u64::from(is_met) << at;
                    seen |= 1 << at;
                }
            }
        })?;
        let holds = |(at, condition): (usize, &crate::filter::Condition)| match seen >> at & 1 {
            0 => condition.without(),
            _ => met >> at & 1 == 1,
        };
        Ok((
            record,
            self.filter.takes(&record) && conditions.iter().enumerate().all(holds),
        ))
    }

    #[inline(always)]
    fn take(&mut self, at: u64, line: &[u8], record: &Record<'_>, selected: bool) {
        let index = &mut *self.index;
        let [trace, span, parent] = record.ids;
        index.units.push(Unit {
            at: at + (line.len() - record.body.len()) as u64,
            end: record.end.unwrap_or(NO_TIME),
            duration: record.duration,
            trace: trace_id(&index.ids, trace),
            span: span_id(&index.ids, span),
            parent: span_id(&index.ids, parent),
            len: record.body.len() as u32,
            name: index.texts.number(record.name),
            service: index.texts.number(record.service),
            rate: record.rate,
            source: self.source,
            level: record.level,
            outcome: record.outcome,
            partial: record.partial,
            selected,
            duplicate: false,
        });
    }

    #[cold]
    fn reject(&mut self, line: &[u8], reject: Reject) {
        let (rejected, why) = match reject {
            Reject::Bad(why) => (&mut self.index.bad, why),
            Reject::Other => (&mut self.index.other, ""),
        };
        rejected.count += 1;
        if rejected.samples.len() < SAMPLES {
            let text = line.get(..SAMPLE_BYTES).unwrap_or(line);
            rejected.samples.push(Sample {
                place: format!("{}:{}", self.name, self.line),
                text: String::from_utf8_lossy(text).into_owned(),
                why,
            });
        }
    }
}

const _: () = assert!(LONGEST_LINE < u32::MAX as usize);

#[cfg(test)]
mod tests;
