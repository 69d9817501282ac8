use crate::base::clock::Stamp;
use crate::config::choices::Format;
use crate::config::settings::Settings;
use crate::encode::line::{Line, Written};
use crate::encode::names::FieldNames;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::items::Items;
use crate::unit::store::log_record::LogRecord;
use crate::value::json_text::Closers;
use crate::value::outcome::Outcome;

/// What a record says of the moment it is written at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    /// The wall clock, if the record prints it.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) level: log::Level,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) duration_nanos: u64,
    /// The number of a partial record.
    pub(crate) partial: Option<u32>,
    /// Of a record that is no unit's.
    pub(crate) log_record: Option<&'a LogRecord>,
    /// Of how many units this is the one that sampling kept.
    pub(crate) sample_rate: Option<u32>,
}

/// Where the text of a value stands, for the few rules that depend on it.
pub(crate) trait Syntax {
    /// Writes what opens a record.
    fn open(line: &mut Line<'_>) -> Written;
    /// Writes what closes a record.
    fn close(line: &mut Line<'_>) -> Written;
    /// Writes separator, key, suffix and mark of a key with nothing to clean or escape.
    fn key(line: &mut Line<'_>, key: &[u8], suffix: &[u8]) -> Written;
    /// Writes separator, key and mark of any other key, worked out by `names`.
    fn odd_key(line: &mut Line<'_>, key: &str) -> Written;
    /// Writes `source[start..end]` as a string.
    fn text(line: &mut Line<'_>, source: &[u8], start: usize, end: usize) -> Written;
    /// Writes text that is no lookalike and has nothing to escape: a level, a timestamp.
    fn word(line: &mut Line<'_>, text: &[u8]) -> Written;
    /// Writes a NaN or an infinity.
    fn non_finite(line: &mut Line<'_>, settings: &Settings, x: f64) -> Written;
    /// Writes the first `len` bytes, hex digits that are text.
    fn hex(line: &mut Line<'_>, digits: &[u8], len: usize) -> Written;
    /// Writes decimal digits; `fits` tells whether 64 and 53 bits hold the number.
    fn digits(line: &mut Line<'_>, settings: &Settings, digits: &str, fits: Fits) -> Written;
    /// Writes a list.
    fn list(line: &mut Line<'_>, job: &Job<'_>, items: Items<'_>, room: &mut Vec<u8>) -> Written;
    /// Writes JSON text of a structure: all of it, or as much as `cut` says.
    fn structured(
        line: &mut Line<'_>,
        source: &[u8],
        span: Span,
        cut: Option<(usize, Closers)>,
        room: &mut Vec<u8>,
    ) -> Written;
    /// Writes all fragments.
    fn fragments(line: &mut Line<'_>, job: &Job<'_>) -> Written;
}

/// How many bits hold an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fits {
    Bits53,
    Bits64,
    Bits128,
}

/// How much of an entry gets into its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Bytes of each text.
    pub(crate) text: usize,
    pub(crate) fragments: usize,
    pub(crate) fields: usize,
}

impl Fit {
    pub(crate) const ALL: Fit = Fit {
        text: usize::MAX,
        fragments: usize::MAX,
        fields: usize::MAX,
    };
}

/// One encoding of one entry.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) moment: &'a Moment<'a>,
    /// What is written; what goes out as key-values is measured as JSON.
    pub(crate) format: Format,
    pub(crate) fit: Fit,
    /// The names of all fields, if any had to be worked out.
    pub(crate) names: Option<&'a FieldNames>,
    pub(crate) fixed: &'a [u8],
}

impl Job<'_> {
    pub(crate) fn settings(&self) -> &Settings {
        &self.entry.settings
    }
}
