//! One encoding of one entry, and the rules in which logfmt, JSON and pretty differ.

use crate::base::clock::Stamp;
use crate::config::choices::Format;
use crate::config::settings::Settings;
use crate::encode::line::{Line, Written};
use crate::encode::names::FieldNames;
use crate::encode::number;
use crate::unit::Entry;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Stored;
use crate::value::outcome::Outcome;

/// The part of a record that depends on the moment it is written at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    /// The wall clock, if the record prints it.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) level: log::Level,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) duration_nanos: u64,
    /// The number of a partial record.
    pub(crate) partial: Option<u32>,
    /// Set if this is the record of an ordinary log call, and not of a unit.
    pub(crate) log_record: Option<&'a LogRecord>,
    /// How many units this record stands for, if sampling kept one of so many.
    pub(crate) sample_rate: Option<u32>,
}

impl Moment<'_> {
    #[inline]
    pub(crate) fn new(level: log::Level) -> Self {
        Moment {
            stamp: None,
            level,
            outcome: None,
            duration_nanos: 0,
            partial: None,
            log_record: None,
            sample_rate: None,
        }
    }
}

/// The few rules in which the formats differ. The defaults are those of formats
/// that write a value as bare text.
pub(super) trait Syntax {
    /// Opens a record.
    #[inline(always)]
    fn open(_line: &mut Line<'_>) -> Written {
        Ok(())
    }

    /// Closes a record.
    #[inline(always)]
    fn close(_line: &mut Line<'_>) -> Written {
        Ok(())
    }

    /// Writes a key that needs no cleaning or escaping, and a suffix, with the separator
    /// before them and the mark after them.
    fn key(line: &mut Line<'_>, settings: &Settings, key: &[u8], suffix: &[u8]) -> Written;

    /// Writes a key that was worked out by `names` and may need escaping.
    fn odd_key(line: &mut Line<'_>, settings: &Settings, key: &str) -> Written {
        Self::key(line, settings, key.as_bytes(), b"")
    }

    /// Writes `source[start..end]` as a string.
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written;

    /// Writes text that cannot be a lookalike and has nothing to escape: a level, a timestamp.
    #[inline(always)]
    fn word(line: &mut Line<'_>, text: &[u8]) -> Written {
        line.put(text)
    }

    /// Writes the first `len` bytes, hex digits, as a string.
    #[inline(always)]
    fn hex(line: &mut Line<'_>, digits: &[u8], len: usize) -> Written {
        Self::text(line, digits, 0, len)
    }

    /// Writes a NaN or an infinity.
    #[cold]
    fn non_finite(line: &mut Line<'_>, _settings: &Settings, x: f64) -> Written {
        line.put(number::non_finite(x).as_bytes())
    }

    /// Writes decimal digits of a number that fits into so many bits.
    fn digits(line: &mut Line<'_>, _settings: &Settings, digits: &str, _fits: Fits) -> Written {
        line.put(digits.as_bytes())
    }

    /// Writes a list or a structure; `room` is a buffer to work in.
    fn nested(line: &mut Line<'_>, job: &Job<'_>, stored: Stored, room: &mut Vec<u8>) -> Written;

    /// Writes the fragments, with their name.
    fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written;
}

/// The smallest of three widths that holds an integer; readers differ in which of
/// them they can read exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fits {
    Bits53,
    Bits64,
    Bits128,
}

/// How much of an entry gets into its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Bytes of each text.
    pub(super) text: usize,
    pub(super) fragments: usize,
    pub(super) fields: usize,
}

impl Fit {
    pub(super) const ALL: Fit = Fit {
        text: usize::MAX,
        fragments: usize::MAX,
        fields: usize::MAX,
    };
}

/// One encoding of one entry.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) entry: &'a Entry,
    pub(super) moment: &'a Moment<'a>,
    /// The format; a record that goes out as key-values is measured as JSON.
    pub(super) format: Format,
    pub(super) fit: Fit,
    /// The names of all fields, if any had to be worked out.
    pub(super) names: Option<&'a FieldNames>,
    /// The fixed fields, encoded once for all records.
    pub(super) fixed: &'a [u8],
}

impl<'a> Job<'a> {
    /// Makes a job that writes all of an entry.
    pub(super) fn new(
        entry: &'a Entry,
        moment: &'a Moment<'a>,
        names: Option<&'a FieldNames>,
        fixed: &'a [u8],
    ) -> Job<'a> {
        Job {
            entry,
            moment,
            format: entry.settings.format,
            fit: Fit::ALL,
            names,
            fixed,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.entry.settings
    }
}
