//! The settings of a configuration, ready for use.
//!
//! Plain data. Everything that can be worked out in advance, such as the text of
//! names and the set of reserved ones, is worked out here and not per record.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::base::bytes;
use crate::base::clock::TimeSource;
use crate::config::choices::{Format, Integers, LineTag, NonFinite, Output};
use crate::config::finished::FinishedUnit;
use crate::config::names;
use crate::config::names::{Names, PREFIX, TIMER_SUFFIXES};
use crate::config::sampling::{Counts, Sampling};
use crate::config::schema::Forms;
use crate::ids::id::TraceId;
use crate::ids::source::IdMaker;
use crate::value::number::Amount;
use crate::value::owned::OwnedValue;

/// Receives each record, its text, and the text in normal form.
#[cfg(feature = "testing")]
pub(crate) type Tap = Arc<dyn Fn(&FinishedUnit<'_>, &str, String) + Send + Sync>;

/// A hook around the hand-over of a record.
pub(crate) type Hook = Arc<dyn Fn(&FinishedUnit<'_>, &mut dyn FnMut()) + Send + Sync>;

/// The value of a key-value pair that keeps its type; `T` is a text, or the place
/// of one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PairValue<T> {
    Bool(bool),
    Number(Amount),
    Text(T),
}

impl<T> PairValue<T> {
    /// Returns the same value with its text replaced.
    pub(crate) fn with_text<'a, U>(&'a self, text: impl FnOnce(&'a T) -> U) -> PairValue<U> {
        match self {
            PairValue::Bool(value) => PairValue::Bool(*value),
            PairValue::Number(number) => PairValue::Number(*number),
            PairValue::Text(place) => PairValue::Text(text(place)),
        }
    }
}

/// The limits of one trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) fields: usize,
    pub(crate) fragments: usize,
    /// Bytes.
    pub(crate) record: usize,
    /// Bytes.
    pub(crate) value: usize,
}

/// The settings of a configuration, ready for use.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) output: Output,
    pub(crate) header: bool,
    pub(crate) names: Names,
    pub(crate) forms: Forms,
    pub(crate) fixed: Vec<(String, OwnedValue)>,
    reserved: Filter,
    /// Keys of objects that the names of a schema make.
    objects: Vec<String>,
    /// The fixed fields as text, which the encoder makes when first needed.
    pub(crate) fixed_text: OnceLock<Vec<u8>>,
    /// The fixed fields as typed key-values, which are also made when first needed.
    pub(crate) fixed_pairs: OnceLock<Vec<(String, PairValue<String>)>>,
    pub(crate) limits: Limits,
    pub(crate) redact: Vec<String>,
    pub(crate) line_tag: LineTag,
    pub(crate) fraction_digits: u8,
    pub(crate) unicode_keys: bool,
    pub(crate) non_finite: NonFinite,
    pub(crate) integers: Integers,
    pub(crate) color: bool,
    pub(crate) target: String,
    pub(crate) clock: TimeSource,
    pub(crate) ids: IdMaker,
    pub(crate) sampling: Option<Sampling>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) on_emit: Option<Hook>,
    pub(crate) warn_if_missed: bool,
    #[cfg(feature = "testing")]
    pub(crate) tap: Option<Tap>,
    pub(crate) logger: Option<&'static dyn log::Log>,
}

impl Default for Settings {
    fn default() -> Settings {
        let mut settings = Settings {
            format: Format::default(),
            output: Output::default(),
            header: true,
            names: Names::default(),
            forms: Forms::default(),
            fixed: Vec::new(),
            fixed_text: OnceLock::new(),
            fixed_pairs: OnceLock::new(),
            limits: Limits {
                fields: 256,
                fragments: 256,
                record: 16 * 1024,
                value: 8 * 1024,
            },
            redact: Vec::new(),
            line_tag: LineTag::default(),
            fraction_digits: 6,
            unicode_keys: false,
            non_finite: NonFinite::default(),
            integers: Integers::default(),
            color: false,
            target: "traceline".into(),
            clock: TimeSource::System,
            ids: IdMaker::default(),
            sampling: None,
            counts: Arc::default(),
            on_emit: None,
            warn_if_missed: false,
            #[cfg(feature = "testing")]
            tap: None,
            logger: None,
            reserved: Filter::default(),
            objects: Vec::new(),
        };
        settings.fill_reserved();
        settings
    }
}

impl Settings {
    /// Returns the logger that gets the records of this configuration.
    #[inline]
    pub(crate) fn logger(&self) -> &'static dyn log::Log {
        match self.logger {
            Some(logger) => logger,
            None => log::logger(),
        }
    }

    /// Returns the sampled flag of outgoing headers. `caller` is the decision of the
    /// caller, if there is one.
    pub(crate) fn passes_on(&self, trace_id: TraceId, caller: Option<bool>) -> bool {
        match &self.sampling {
            Some(sampling) => sampling.flag(trace_id, caller == Some(true)),
            None => caller.unwrap_or(true),
        }
    }

    /// Returns whether the library may ever write this name itself. The hash rules out
    /// most keys without a comparison.
    pub(crate) fn is_reserved(&self, key: &str, hash: u32) -> bool {
        self.reserved.may_hold(hash) && (self.is_own_name(key) || self.is_object(key))
    }

    /// Fills the filter of reserved names; the last step of building.
    pub(super) fn fill_reserved(&mut self) {
        self.objects = self.objects_of_schema();
        let objects = self.objects.iter().map(String::as_str);
        let mut reserved = Filter::default();
        for name in self.own_names().chain(objects) {
            reserved.add(bytes::hash(name.as_bytes()));
        }
        self.reserved = reserved;
    }

    /// Returns the objects that readers make of dotted names: `http` and `http.request`
    /// of `http.request.id`.
    fn objects_of_schema(&self) -> Vec<String> {
        let Some(more) = self.forms.nested_names() else {
            return Vec::new();
        };
        let outer = self.own_names().chain(more).flat_map(|name| {
            let dots = name.match_indices('.');
            dots.filter_map(move |(at, _)| name.get(..at))
        });
        let objects: BTreeSet<&str> = outer.collect();
        objects.into_iter().map(String::from).collect()
    }

    /// Returns a name that would be a text and an object at once, and its setting.
    pub(super) fn text_and_object(&self) -> Option<(&'static str, &str)> {
        let names = self.names.iter().map(|name| ("name", name));
        let fixed = self.fixed_keys().map(|key| ("field", key));
        names.chain(fixed).find(|(_, name)| self.is_object(name))
    }

    fn is_object(&self, key: &str) -> bool {
        self.objects.iter().any(|object| object == key)
    }

    pub(super) fn fixed_keys(&self) -> impl Iterator<Item = &str> {
        self.fixed.iter().map(|(key, _)| key.as_str())
    }

    /// Returns the names that the configuration writes in every kind of record.
    fn own_names(&self) -> impl Iterator<Item = &str> {
        let more = self.forms.more_names();
        self.names.iter().chain(more).chain(self.fixed_keys())
    }

    fn is_own_name(&self, key: &str) -> bool {
        self.own_names().any(|name| name == key)
    }

    /// Renames those names of log records that other names have taken.
    pub(super) fn free_names(&mut self) {
        let mut forms = std::mem::take(&mut self.forms);
        forms.log_record.make_way(|name| self.is_own_name(name));
        self.forms = forms;
    }

    /// Returns whether the library may ever write one of the names of a timer.
    pub(crate) fn is_timer_reserved(&self, key: &str) -> bool {
        let is_of_timer = |name: &str| {
            let base = name.strip_prefix(key);
            base.is_some_and(|suffix| TIMER_SUFFIXES.contains(&suffix))
        };
        self.own_names().any(is_of_timer)
    }

    /// Makes `redact(["status"])` hide the status that `Trace::status` sets, whatever
    /// the schema calls it.
    pub(super) fn redact_renamed_status(&mut self) {
        if self.is_redacted("status") {
            self.redact.push(self.forms.status.into());
        }
    }

    pub(crate) fn is_redacted(&self, key: &str) -> bool {
        self.redact.iter().any(|redacted| redacted == key)
    }

    /// Returns the text before the value of a plain key, if it is short.
    pub(crate) fn key_prefix(&self, key: &str) -> ([u8; PREFIX], u8) {
        names::key_prefix(key, self.format)
    }

    /// Returns whether a character of a key is written as it is.
    pub(crate) fn keeps(&self, char: char) -> bool {
        match u8::try_from(char) {
            Ok(byte) if byte.is_ascii() => self.plain()(byte),
            _ if self.format == Format::Logfmt && !self.unicode_keys => false,
            _ => char.is_alphanumeric(),
        }
    }

    /// Returns whether a key is written as it is, as far as its bytes alone can
    /// show.
    pub(crate) fn is_plain_key(&self, key: &str) -> bool {
        !key.is_empty() && key.bytes().all(self.plain())
    }

    /// Returns which ASCII characters of a key are written as they are: in logfmt
    /// those that every reader accepts, in JSON those that need no escape.
    fn plain(&self) -> fn(u8) -> bool {
        match self.format {
            Format::Logfmt => {
                |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-')
            }
            Format::Json | Format::Pretty => {
                |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
            }
        }
    }
}

/// A set of hashes in 256 bits: it rules out most hashes that are not in the set.
#[derive(Clone, Copy, Debug, Default)]
struct Filter([u64; 4]);

impl Filter {
    fn place(hash: u32) -> (usize, u64) {
        (hash as usize >> 6 & 3, 1 << (hash & 63))
    }

    fn add(&mut self, hash: u32) {
        let (word, bit) = Filter::place(hash);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_hold(self, hash: u32) -> bool {
        let (word, bit) = Filter::place(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("format", &self.format)
            .field("header", &self.header)
            .field("fixed", &self.fixed)
            .field("limits", &self.limits)
            .field("redact", &self.redact)
            .field("line_tag", &self.line_tag)
            .field("target", &self.target)
            .field("output", &self.output)
            .field("sampling", &self.sampling)
            .field("warn_if_missed", &self.warn_if_missed)
            .finish_non_exhaustive()
    }
}
