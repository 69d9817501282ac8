//! What a configuration says, ready for use.
//!
//! Plain data: what can be worked out ahead (the text of names, what is reserved)
//! is worked out here, not per record.

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

/// Takes each record with its text, and with what is the same in each run.
#[cfg(feature = "testing")]
pub(crate) type Tap = Arc<dyn Fn(&FinishedUnit<'_>, &str, String) + Send + Sync>;

/// A hook around the hand-over.
pub(crate) type Hook = Arc<dyn Fn(&FinishedUnit<'_>, &mut dyn FnMut()) + Send + Sync>;

/// The value of a key-value pair that keeps its type; `T` says where text is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PairValue<T> {
    Bool(bool),
    Number(Amount),
    Text(T),
}

impl<T> PairValue<T> {
    /// The same value, its text replaced.
    pub(crate) fn with_text<'a, U>(&'a self, text: impl FnOnce(&'a T) -> U) -> PairValue<U> {
        match self {
            PairValue::Bool(value) => PairValue::Bool(*value),
            PairValue::Number(number) => PairValue::Number(*number),
            PairValue::Text(place) => PairValue::Text(text(place)),
        }
    }
}

/// The bounds of one trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) fields: usize,
    pub(crate) fragments: usize,
    /// Bytes.
    pub(crate) record: usize,
    /// Bytes.
    pub(crate) value: usize,
}

/// What a configuration says, ready for use.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) output: Output,
    pub(crate) header: bool,
    pub(crate) names: Names,
    pub(crate) forms: Forms,
    pub(crate) fixed: Vec<(String, OwnedValue)>,
    reserved: Filter,
    /// Keys that would be a text and an object at once.
    objects: Vec<String>,
    /// The fixed fields as text, made by the encoder when first needed.
    pub(crate) fixed_text: OnceLock<Vec<u8>>,
    /// The same, as they go out typed.
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
    /// The logger that records of this configuration go to.
    #[inline]
    pub(crate) fn logger(&self) -> &'static dyn log::Log {
        match self.logger {
            Some(logger) => logger,
            None => log::logger(),
        }
    }

    /// What outgoing headers say of a transaction: whether its records are kept.
    /// `caller` is what the caller said, if there is one.
    pub(crate) fn passes_on(&self, trace_id: TraceId, caller: Option<bool>) -> bool {
        match &self.sampling {
            Some(sampling) => sampling.flag(trace_id, caller == Some(true)),
            None => caller.unwrap_or(true),
        }
    }

    /// Whether the library may ever write this name itself. The hash of the key
    /// says no for most keys, without a comparison.
    pub(crate) fn is_reserved(&self, key: &str, hash: u32) -> bool {
        self.reserved.may_hold(hash)
            && (self.is_own_name(key) || self.objects.iter().any(|object| object == key))
    }

    /// Fills the filter of reserved names; the last step of building.
    pub(crate) fn fill_reserved(&mut self) {
        let fixed = self.fixed.iter().map(|(key, _)| key.as_str());
        let mut reserved = Filter::default();
        let more = self.forms.more_names();
        self.objects = self.objects_of_schema();
        let objects = self.objects.iter().map(String::as_str);
        for name in self.names.iter().chain(more).chain(fixed).chain(objects) {
            reserved.add(bytes::hash(name.as_bytes()));
        }
        self.reserved = reserved;
    }

    /// What readers take for objects in the names of this configuration: of
    /// `http.request.id`, `http` and `http.request`.
    fn objects_of_schema(&self) -> Vec<String> {
        let Some(more) = self.forms.nested_names() else {
            return Vec::new();
        };
        let fixed = self.fixed.iter().map(|(key, _)| key.as_str());
        let mut objects = Vec::new();
        for name in self.names.iter().chain(more).chain(fixed) {
            let dots = name.match_indices('.');
            let outer = dots.filter_map(|(at, _)| name.get(..at));
            objects.extend(outer.map(String::from));
        }
        objects.sort();
        objects.dedup();
        objects
    }

    /// A name that would be a text and an object at once, and the setting it is of.
    pub(crate) fn text_and_object(&self) -> Option<(&'static str, &str)> {
        let names = self.names.iter().map(|name| ("name", name));
        let fixed = self.fixed.iter().map(|(key, _)| ("field", key.as_str()));
        let is_object = |name: &str| self.objects.iter().any(|object| object == name);
        names.chain(fixed).find(|(_, name)| is_object(name))
    }

    /// Whether the configuration writes this name in every kind of record.
    fn is_own_name(&self, key: &str) -> bool {
        self.names.is_reserved(key)
            || self.forms.more_names().any(|name| name == key)
            || self.fixed.iter().any(|(fixed, _)| fixed == key)
    }

    /// Has the names of ordinary records make way for those of all records.
    pub(crate) fn settle_names(&mut self) {
        let mut forms = std::mem::take(&mut self.forms);
        forms.make_way(|name| self.is_own_name(name));
        self.forms = forms;
    }

    /// Whether the library may ever write one of the three names of a timer itself.
    pub(crate) fn is_timer_reserved(&self, key: &str) -> bool {
        let taken = self
            .names
            .iter()
            .chain(self.fixed.iter().map(|(key, _)| key.as_str()));
        let mut bases =
            taken.flat_map(|name| TIMER_SUFFIXES.map(|suffix| name.strip_suffix(suffix)));
        bases.any(|base| base == Some(key))
    }

    /// `redact(["status"])` holds for the status that `Trace::status` sets, whatever
    /// the schema calls it.
    pub(super) fn redact_renamed_status(&mut self) {
        if self.is_redacted("status") {
            self.redact.push(self.forms.status().into());
        }
    }

    pub(crate) fn is_redacted(&self, key: &str) -> bool {
        self.redact.iter().any(|redacted| redacted == key)
    }

    /// What stands before the value of a plain key, if it is short.
    pub(crate) fn key_prefix(&self, key: &str) -> ([u8; PREFIX], u8) {
        names::key_prefix(key, self.format)
    }

    /// Whether a character of a key is written as it is.
    pub(crate) fn keeps(&self, char: char) -> bool {
        match (u8::try_from(char), self.format) {
            (Ok(byte), Format::Logfmt) if byte.is_ascii() => is_logfmt_key(byte),
            (Ok(byte), Format::Json | Format::Pretty) if byte.is_ascii() => is_json_key(byte),
            (_, Format::Logfmt) => self.unicode_keys && char.is_alphanumeric(),
            (_, Format::Json | Format::Pretty) => char.is_alphanumeric(),
        }
    }

    /// Whether a key is written as it is, as a glance at its bytes tells.
    pub(crate) fn is_plain_key(&self, key: &str) -> bool {
        let plain = match self.format {
            Format::Logfmt => is_logfmt_key,
            Format::Json | Format::Pretty => is_json_key,
        };
        !key.is_empty() && key.bytes().all(plain)
    }
}

/// The characters of a logfmt key that every reader takes.
fn is_logfmt_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// The characters of a JSON key that need no escape.
fn is_json_key(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// 256 bits that tell of most hashes that they are not in a set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter([u64; 4]);

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
            .finish_non_exhaustive()
    }
}
