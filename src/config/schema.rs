//! The schemas that log stores publish: names, words, units and forms of ids.
//!
//! The words of levels and outcomes become text when the configuration is built, so
//! that a record copies each at once, whatever the schema.

use std::borrow::Cow;

use log::Level;

use crate::base::bytes::SLACK;
use crate::config::choices::Format;
use crate::config::names::{DEFAULTS, Name, marked};
use crate::config::presets::{self, IdForm, MORE_NAMES, NAMES, PLAIN, Preset, pick};
use crate::value::outcome::Outcome;

/// A published schema of log records; see [`ConfigBuilder::schema`](super::ConfigBuilder::schema).
///
/// | | [`Ecs`](Schema::Ecs) | [`GoogleCloud`](Schema::GoogleCloud) | [`OpenTelemetry`](Schema::OpenTelemetry) | [`Datadog`](Schema::Datadog) |
/// |---|---|---|---|---|
/// | `ts` | `@timestamp` | `time` | `timestamp` | `timestamp` |
/// | `level` | `log.level` | `severity`: `WARNING` … | `severity_text`: `WARN` …, `severity_number` | `status` |
/// | `msg` | `message` | `message` | `body` | `message` |
/// | `trace_id` | `trace.id` | `logging.googleapis.com/trace`: `projects/…/traces/…` | `trace_id` | `dd.trace_id` |
/// | `span_id` | `span.id` | `logging.googleapis.com/spanId` | `span_id` | `dd.span_id`, decimal |
/// | `parent_id` | `parent.id` | `parent_id` | `parent_span_id` | `dd.parent_id`, decimal |
/// | `trace_flags` | `trace_flags` | `logging.googleapis.com/trace_sampled`: a bool | `trace_flags` | `trace_flags` |
/// | `request_id` | `http.request.id` | `request_id` | `request_id` | `http.request_id` |
/// | `outcome` | `event.outcome`: `success`, `failure`, `unknown`; `event.reason` | `outcome` | `outcome` | `evt.outcome`: `success`, `failure` … |
/// | `duration_ms` | `event.duration`, whole **ns** | `duration_ms` | `duration_ms` | `duration`, whole **ns** |
/// | `error` | `error.message` | `error` | `exception.message` | `error.message` |
/// | `error.chain` | `error.chain` | `error.chain` | `error.chain` | `error.stack` |
/// | `panic` | `panic.message` | `panic` | `panic.message` | `panic.message` |
/// | `seq` | `event.sequence` | `seq` | `seq` | `seq` |
/// | key of [`Trace::status`](crate::Trace::status) | `http.response.status_code` | `status` | `http.response.status_code` | `http.status_code` |
///
/// Names are flat and dotted, as these schemas allow. Elasticsearch and Datadog read
/// `trace.id` as `id` inside `trace`, and Elasticsearch refuses a record in which
/// `trace` is a text as well. So with [`Ecs`](Schema::Ecs) and
/// [`Datadog`](Schema::Datadog) the keys of such objects (`error`, `event`, `http` …)
/// are reserved just as the names are, and a field `error` of a trace becomes
/// `error_2`.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, Format, config::Schema};
///
/// let google = Schema::GoogleCloud { project: "shop-prod" };
/// let config = Config::builder().format(Format::Json).schema(google).build()?;
/// let trace = traceline::builder!("checkout").config(&config).start();
/// assert!(trace.render().contains(r#","severity":"INFO","message":"checkout","#));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schema<'a> {
    /// The Elastic Common Schema, in JSON. Every record has `ecs.version`.
    Ecs,
    /// The special fields of Google's Cloud Logging, in JSON.
    GoogleCloud {
        /// The id of the project that holds the traces.
        project: &'a str,
    },
    /// The log data model of OpenTelemetry as JSON lines or logfmt, as the
    /// Collector's `filelog` receiver reads them.
    OpenTelemetry,
    /// The reserved and standard attributes of Datadog.
    Datadog,
}

/// Names that log records have and units do not.
#[derive(Clone, Debug)]
pub(crate) struct LogRecordNames {
    pub(crate) target: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: Cow<'static, str>,
    /// The name of one object that holds file and line instead.
    pub(crate) place: Option<Cow<'static, str>>,
    pub(crate) unit: Cow<'static, str>,
}

impl LogRecordNames {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let place = self.place.iter();
        let all = [&self.target, &self.file, &self.line, &self.unit];
        all.into_iter().chain(place).map(AsRef::as_ref)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }

    /// Adds a number to each name that the configuration gave to something else, as in
    /// `target_2`.
    pub(super) fn make_way(&mut self, is_taken: impl Fn(&str) -> bool) {
        let LogRecordNames {
            target,
            file,
            line,
            place,
            unit,
        } = self;
        for name in [target, file, line, unit].into_iter().chain(place) {
            let free = |number: &u32| !is_taken(&format!("{name}_{number}"));
            if is_taken(name) {
                let number = (2..).find(free).unwrap_or_default();
                *name = format!("{name}_{number}").into();
            }
        }
    }
}

/// A word, and the name and the word of its reason.
type OutcomeTexts = (&'static str, Option<(&'static str, &'static str)>);

/// The forms of values that the library writes itself.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    pub(crate) preset: &'static Preset,
    /// The key of an HTTP status.
    pub(crate) status: &'static str,
    pub(crate) log_record: LogRecordNames,
    /// The text before the trace id.
    pub(crate) trace_prefix: String,
    levels: [Word; 5],
    /// The words of ok, error, panic and cancelled, and the fields beside them.
    pub(crate) outcomes: [Word; 4],
}

/// A word as it stands in a record, and the field beside it.
///
/// All sixteen bytes are copied at once, of which `len` count: with a `Vec` a unit
/// took 65 instructions more (callgrind).
#[derive(Clone, Debug, Default)]
pub(crate) struct Word {
    pub(crate) text: [u8; SLACK],
    pub(crate) len: usize,
    pub(crate) more: Vec<u8>,
}

impl Word {
    /// Makes a word, which needs no escape, with the field `name` of `value` beside it.
    fn new(word: &str, name: &str, value: &str, format: Format) -> Word {
        let word = quoted(word, format);
        let mut text = [0; SLACK];
        for (to, from) in text.iter_mut().zip(&word) {
            *to = *from;
        }
        let more = match value {
            "" => Vec::new(),
            _ => [marked(name, format), quoted(value, format)].concat(),
        };
        let len = word.len().min(SLACK);
        Word { text, len, more }
    }
}

/// Makes words, with a field beside each.
fn words<const N: usize>(
    words: [&str; N],
    (name, values): (&str, [&str; N]),
    format: Format,
) -> [Word; N] {
    let mut values = values.into_iter();
    words.map(|word| Word::new(word, name, values.next().unwrap_or_default(), format))
}

/// Returns a word, which needs no escape, or a number as the format writes it.
fn quoted(word: &str, format: Format) -> Vec<u8> {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit());
    match format == Format::Json && !is_number {
        true => format!("\"{word}\"").into_bytes(),
        false => word.into(),
    }
}

impl Default for Forms {
    fn default() -> Forms {
        Forms::new(&PLAIN, String::new())
    }
}

impl Forms {
    pub(super) fn from_schema(schema: Schema<'_>) -> Forms {
        let (preset, trace_prefix) = match schema {
            Schema::Ecs => (&presets::ECS, String::new()),
            Schema::GoogleCloud { project } => (
                &presets::GOOGLE_CLOUD,
                format!("projects/{project}/traces/"),
            ),
            Schema::OpenTelemetry => (&presets::OPEN_TELEMETRY, String::new()),
            Schema::Datadog => (&presets::DATADOG, String::new()),
        };
        Forms::new(preset, trace_prefix)
    }

    fn new(preset: &'static Preset, trace_prefix: String) -> Forms {
        let [status, target, file, line, place] =
            MORE_NAMES.map(|(default, texts)| pick(default, texts, preset.column));
        let forms = Forms {
            preset,
            status,
            log_record: LogRecordNames {
                target: target.into(),
                file: file.into(),
                line: line.into(),
                place: (!place.is_empty()).then(|| place.into()),
                unit: "unit".into(),
            },
            trace_prefix,
            levels: Default::default(),
            outcomes: Default::default(),
        };
        forms.for_format(Format::default())
    }

    /// Returns the forms as a format writes them.
    pub(super) fn for_format(self, format: Format) -> Forms {
        let preset = self.preset;
        Forms {
            levels: words(preset.levels, preset.level_number, format),
            outcomes: words(preset.outcomes, preset.reason, format),
            ..self
        }
    }

    /// Returns the names that the schema changes.
    pub(super) fn names(&self) -> impl Iterator<Item = (Name, &'static str)> {
        let column = self.preset.column;
        let names = NAMES.into_iter();
        let names = names.map(move |(name, texts)| (name, pick("", texts, column)));
        names.filter(|(_, text)| !text.is_empty())
    }

    /// Returns the names that stand beside those of [`Name`].
    pub(super) fn more_names(&self) -> impl Iterator<Item = &str> {
        let names = [self.preset.level_number.0, self.preset.reason.0];
        names.into_iter().filter(|name| !name.is_empty())
    }

    /// Returns the name of the level as a number, which stands beside the level.
    pub(crate) fn level_number(&self) -> Option<&'static str> {
        Some(self.preset.level_number.0).filter(|name| !name.is_empty())
    }

    /// Returns the names that only some records have, if readers of the schema turn
    /// dotted names into objects.
    pub(super) fn nested_names(&self) -> Option<impl Iterator<Item = &str>> {
        let status = std::iter::once(self.status);
        let nests = self.preset.nests;
        nests.then(|| self.log_record.iter().chain(status))
    }

    /// Returns how many bytes longer than the default ones the texts may be in
    /// total.
    pub(super) fn extra_bytes(&self) -> usize {
        if std::ptr::eq(self.preset, &PLAIN) {
            return 0;
        }
        let more = |words: &[Word]| words.iter().map(|word| word.more.len()).max();
        let more = more(&self.levels).max(more(&self.outcomes));
        // Longer words, nanoseconds, and decimal ids instead of 16 hex digits.
        let others = 32;
        2 * more.unwrap_or_default() + self.trace_prefix.len() + others
    }

    /// Returns the word of a level, and the field beside it.
    #[inline]
    pub(crate) fn level(&self, level: Level) -> &Word {
        let [error, warn, info, debug, trace] = &self.levels;
        match level {
            Level::Error => error,
            Level::Warn => warn,
            Level::Info => info,
            Level::Debug => debug,
            Level::Trace => trace,
        }
    }

    /// Returns the word of an outcome, and the name and the word of its reason.
    pub(crate) fn outcome_texts(&self, outcome: Outcome) -> OutcomeTexts {
        let (name, reasons) = self.preset.reason;
        let word = |words: [&'static str; 4]| words.get(outcome as usize).copied();
        let reason = word(reasons).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| (name, reason));
        (word(self.preset.outcomes).unwrap_or_default(), reason)
    }
}

/// A schema as data, for programs that read records: `traceline-cli` reads each with
/// the table that writes it.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct SchemaTable {
    /// Each default name, and the schema's.
    pub names: Vec<(&'static str, &'static str)>,
    /// Each default word of an outcome, the schema's, and the reason beside it.
    pub outcomes: Vec<(&'static str, &'static str, &'static str)>,
    /// The name of the reason, or nothing.
    pub reason: &'static str,
    /// Whether durations of units are in nanoseconds instead of milliseconds.
    pub in_nanos: bool,
    /// Whether ids of units are decimal numbers.
    pub decimal_ids: bool,
}

/// Returns the default names and every [`Schema`] as data.
#[doc(hidden)]
pub fn schema_tables() -> [SchemaTable; 5] {
    let presets = [
        &PLAIN,
        &presets::ECS,
        &presets::GOOGLE_CLOUD,
        &presets::OPEN_TELEMETRY,
        &presets::DATADOG,
    ];
    presets.map(|preset| {
        let mut names: Vec<_> = DEFAULTS.into_iter().zip(DEFAULTS).collect();
        for (name, texts) in NAMES {
            if let Some((default, text)) = names.get_mut(name as usize) {
                *text = pick(default, texts, preset.column);
            }
        }
        let more = MORE_NAMES.into_iter().filter(|(name, _)| !name.is_empty());
        names.extend(more.map(|(name, texts)| (name, pick(name, texts, preset.column))));
        let words = PLAIN.outcomes.into_iter().zip(preset.outcomes);
        let words = words.zip(preset.reason.1);
        SchemaTable {
            names,
            outcomes: words
                .map(|((word, own), reason)| (word, own, reason))
                .collect(),
            reason: preset.reason.0,
            in_nanos: preset.in_nanos,
            decimal_ids: preset.ids == IdForm::Datadog,
        }
    })
}
