//! Schemas that log stores publish: names, words, units and forms of ids.
//!
//! What a schema wants written differently is worked out as text when the
//! configuration is built: a level and an outcome are one copy each, with the
//! default names as with any.

use std::borrow::Cow;

use log::Level;

use crate::base::bytes::SLACK;
use crate::config::choices::Format;
use crate::config::names::{Name, around};
use crate::value::outcome::Outcome;

/// A published schema of log records; see [`ConfigBuilder::names`](super::ConfigBuilder::names).
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
/// Names are flat and dotted, as the sources of these schemas allow. Elasticsearch
/// and Datadog read `trace.id` as `id` in `trace`, and Elasticsearch refuses a
/// record in which that is a text, too: with [`Ecs`](Schema::Ecs) and
/// [`Datadog`](Schema::Datadog) the keys of such objects (`error`, `event`, `http` …)
/// are reserved as the names are, and a user's `error` is `error_2`.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{config::Schema, Config, Format};
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
    /// The Elastic Common Schema, in JSON: every record has `ecs.version`.
    Ecs,
    /// The special fields of Google's Cloud Logging, in JSON.
    GoogleCloud {
        /// The id of the project that has the traces.
        project: &'a str,
    },
    /// The log data model of OpenTelemetry as JSON lines or logfmt, as the
    /// Collector's `filelog` receiver reads them.
    OpenTelemetry,
    /// The reserved and standard attributes of Datadog.
    Datadog,
}

/// How ids are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    Hex,
    /// Those of spans as decimal numbers of 64 bits; of the transaction 32 hex digits.
    Datadog,
    /// The transaction as a resource name, its flags as whether it is sampled.
    Google,
}

/// Names that ordinary records have and units do not.
#[derive(Clone, Debug)]
pub(crate) struct LogRecordNames {
    pub(crate) target: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: Cow<'static, str>,
    /// One object of file and line instead.
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

    /// Gives each name that is taken a number: `target_2`.
    fn make_way(&mut self, is_taken: impl Fn(&str) -> bool) {
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

const LOG_RECORD: LogRecordNames = LogRecordNames {
    target: Cow::Borrowed("target"),
    file: Cow::Borrowed("file"),
    line: Cow::Borrowed("line"),
    place: None,
    unit: Cow::Borrowed("unit"),
};

/// What a schema says.
#[derive(Debug)]
struct Preset {
    names: &'static [(Name, &'static str)],
    /// Words from error to trace.
    levels: [&'static str; 5],
    /// A name for the level as a number.
    level_number: Option<(&'static str, [u8; 5])>,
    /// Words of ok, error, panic and cancelled.
    outcomes: [&'static str; 4],
    /// A name for the outcomes that share a word with others.
    reason: Option<(&'static str, [Option<&'static str>; 4])>,
    in_nanos: bool,
    ids: IdForm,
    status: &'static str,
    log_record: LogRecordNames,
    /// A field that every record must have.
    fixed: Option<(&'static str, &'static str)>,
    /// Whether its readers take `a.b` as `b` in `a`.
    nests: bool,
}

const DEFAULT: Preset = Preset {
    names: &[],
    levels: ["error", "warn", "info", "debug", "trace"],
    level_number: None,
    outcomes: ["ok", "error", "panic", "cancelled"],
    reason: None,
    in_nanos: false,
    ids: IdForm::Hex,
    status: "status",
    log_record: LOG_RECORD,
    fixed: None,
    nests: false,
};

static PLAIN: Preset = DEFAULT;

static ECS: Preset = Preset {
    names: &[
        (Name::Ts, "@timestamp"),
        (Name::Level, "log.level"),
        (Name::Msg, "message"),
        (Name::TraceId, "trace.id"),
        (Name::SpanId, "span.id"),
        (Name::ParentId, "parent.id"),
        (Name::RequestId, "http.request.id"),
        (Name::Outcome, "event.outcome"),
        (Name::DurationMs, "event.duration"),
        (Name::Error, "error.message"),
        (Name::Panic, "panic.message"),
        (Name::Seq, "event.sequence"),
    ],
    // Only these words are allowed; what they leave out is the reason.
    outcomes: ["success", "failure", "failure", "unknown"],
    reason: Some((
        "event.reason",
        [None, None, Some("panic"), Some("cancelled")],
    )),
    in_nanos: true,
    status: "http.response.status_code",
    log_record: LogRecordNames {
        target: Cow::Borrowed("log.logger"),
        file: Cow::Borrowed("log.origin.file.name"),
        line: Cow::Borrowed("log.origin.file.line"),
        ..LOG_RECORD
    },
    fixed: Some(("ecs.version", "8.11.0")),
    nests: true,
    ..DEFAULT
};

static GOOGLE_CLOUD: Preset = Preset {
    names: &[
        (Name::Ts, "time"),
        (Name::Level, "severity"),
        (Name::Msg, "message"),
        (Name::TraceId, "logging.googleapis.com/trace"),
        (Name::SpanId, "logging.googleapis.com/spanId"),
        (Name::TraceFlags, "logging.googleapis.com/trace_sampled"),
    ],
    levels: ["ERROR", "WARNING", "INFO", "DEBUG", "DEBUG"],
    ids: IdForm::Google,
    log_record: LogRecordNames {
        place: Some(Cow::Borrowed("logging.googleapis.com/sourceLocation")),
        ..LOG_RECORD
    },
    ..DEFAULT
};

static OPEN_TELEMETRY: Preset = Preset {
    names: &[
        (Name::Ts, "timestamp"),
        (Name::Level, "severity_text"),
        (Name::Msg, "body"),
        (Name::ParentId, "parent_span_id"),
        (Name::Error, "exception.message"),
        (Name::Panic, "panic.message"),
    ],
    levels: ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"],
    level_number: Some(("severity_number", [17, 13, 9, 5, 1])),
    status: "http.response.status_code",
    log_record: LogRecordNames {
        target: Cow::Borrowed("otel.scope.name"),
        file: Cow::Borrowed("code.file.path"),
        line: Cow::Borrowed("code.line.number"),
        ..LOG_RECORD
    },
    ..DEFAULT
};

static DATADOG: Preset = Preset {
    names: &[
        (Name::Ts, "timestamp"),
        (Name::Level, "status"),
        (Name::Msg, "message"),
        (Name::TraceId, "dd.trace_id"),
        (Name::SpanId, "dd.span_id"),
        (Name::ParentId, "dd.parent_id"),
        (Name::RequestId, "http.request_id"),
        (Name::Outcome, "evt.outcome"),
        (Name::DurationMs, "duration"),
        (Name::Error, "error.message"),
        (Name::ErrorChain, "error.stack"),
        (Name::Panic, "panic.message"),
    ],
    outcomes: ["success", "failure", "panic", "cancelled"],
    in_nanos: true,
    ids: IdForm::Datadog,
    // `status` is the level there.
    status: "http.status_code",
    log_record: LogRecordNames {
        target: Cow::Borrowed("logger.name"),
        ..LOG_RECORD
    },
    nests: true,
    ..DEFAULT
};

type OutcomeTexts = (&'static str, Option<(&'static str, &'static str)>);

/// The forms of values that the library writes itself.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    preset: &'static Preset,
    log_record: LogRecordNames,
    /// What stands before the id of a transaction.
    trace_prefix: String,
    levels: [Word; 5],
    outcomes: [Word; 4],
}

/// A word as a record has it, and what stands beside it.
///
/// Sixteen bytes that are copied at once, of which `len` count: with a `Vec` a
/// unit took 65 instructions more (callgrind).
#[derive(Clone, Debug, Default)]
pub(crate) struct Word {
    pub(crate) text: [u8; SLACK],
    pub(crate) len: usize,
    pub(crate) more: Vec<u8>,
}

impl Word {
    /// A word that needs no escape and is no lookalike.
    fn new(word: &str, format: Format) -> Word {
        let quoted = quoted(word, format);
        let mut text = [0; SLACK];
        for (to, from) in text.iter_mut().zip(&quoted) {
            *to = *from;
        }
        Word {
            text,
            len: quoted.len().min(SLACK),
            more: Vec::new(),
        }
    }
}

impl Default for Forms {
    fn default() -> Forms {
        Forms::new(&PLAIN, String::new())
    }
}

impl Forms {
    pub(super) fn from_schema(schema: Schema<'_>) -> Forms {
        match schema {
            Schema::Ecs => Forms::new(&ECS, String::new()),
            Schema::GoogleCloud { project } => {
                Forms::new(&GOOGLE_CLOUD, format!("projects/{project}/traces/"))
            }
            Schema::OpenTelemetry => Forms::new(&OPEN_TELEMETRY, String::new()),
            Schema::Datadog => Forms::new(&DATADOG, String::new()),
        }
    }

    fn new(preset: &'static Preset, trace_prefix: String) -> Forms {
        let forms = Forms {
            preset,
            log_record: preset.log_record.clone(),
            trace_prefix,
            levels: Default::default(),
            outcomes: Default::default(),
        };
        forms.for_format(Format::default())
    }

    /// The texts as they are written in a format.
    pub(super) fn for_format(mut self, format: Format) -> Forms {
        let preset = self.preset;
        for (at, (text, level)) in self.levels.iter_mut().zip(preset.levels).enumerate() {
            *text = Word::new(level, format);
            if let Some((name, numbers)) = preset.level_number {
                let number = numbers.get(at).map(u8::to_string);
                text.more = field(name, number.unwrap_or_default().as_bytes(), format);
            }
        }
        for (at, (text, outcome)) in self.outcomes.iter_mut().zip(preset.outcomes).enumerate() {
            *text = Word::new(outcome, format);
            if let Some((name, reasons)) = preset.reason
                && let Some(Some(reason)) = reasons.get(at)
            {
                text.more = field(name, &quoted(reason, format), format);
            }
        }
        self
    }

    pub(super) fn names(&self) -> &'static [(Name, &'static str)] {
        self.preset.names
    }

    /// Names that stand beside those of [`Name`].
    pub(super) fn more_names(&self) -> impl Iterator<Item = &str> {
        self.level_number()
            .into_iter()
            .chain(self.preset.reason.map(|(name, _)| name))
    }

    /// The name of the level as a number, which stands beside the level.
    pub(crate) fn level_number(&self) -> Option<&'static str> {
        self.preset.level_number.map(|(name, _)| name)
    }

    /// Names that make objects for readers that take `a.b` as `b` in `a`, besides
    /// those that every record may have.
    pub(super) fn nested_names(&self) -> Option<impl Iterator<Item = &str>> {
        let status = std::iter::once(self.preset.status);
        self.preset.nests.then(|| {
            self.more_names()
                .chain(self.log_record.iter())
                .chain(status)
        })
    }

    /// No name of an ordinary record is one that the configuration gave away.
    pub(super) fn make_way(&mut self, is_taken: impl Fn(&str) -> bool) {
        self.log_record.make_way(is_taken);
    }

    pub(super) fn fixed(&self) -> Option<(&'static str, &'static str)> {
        self.preset.fixed
    }

    /// The resource name of a transaction, but for its id.
    #[inline]
    pub(crate) fn trace_prefix(&self) -> &str {
        &self.trace_prefix
    }

    /// How much longer than the default ones the texts may be, together.
    pub(super) fn extra_bytes(&self) -> usize {
        if std::ptr::eq(self.preset, &PLAIN) {
            return 0;
        }
        let more = |words: &[Word]| words.iter().map(|word| word.more.len()).max();
        let more = more(&self.levels).max(more(&self.outcomes));
        // Longer words, a number of nanoseconds, decimal ids instead of 16 digits.
        let others = 32;
        2 * more.unwrap_or_default() + self.trace_prefix.len() + others
    }

    /// The word of a level, and what stands beside it.
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

    /// The words of ok, error, panic and cancelled, and what stands beside them.
    #[inline]
    pub(crate) fn outcomes(&self) -> &[Word; 4] {
        &self.outcomes
    }

    /// The word of an outcome, and a name and a word for why.
    pub(crate) fn outcome_texts(&self, outcome: Outcome) -> OutcomeTexts {
        let at = match outcome {
            Outcome::Ok => 0,
            Outcome::Error => 1,
            Outcome::Panic => 2,
            Outcome::Cancelled => 3,
        };
        let word = self.preset.outcomes.get(at).copied().unwrap_or_default();
        let reason = self.preset.reason.and_then(|(name, reasons)| {
            let reason = reasons.get(at).copied().flatten();
            reason.map(|reason| (name, reason))
        });
        (word, reason)
    }

    /// Whether a unit's duration is in nanoseconds instead of milliseconds.
    #[inline]
    pub(crate) fn in_nanos(&self) -> bool {
        self.preset.in_nanos
    }

    #[inline]
    pub(crate) fn ids(&self) -> IdForm {
        self.preset.ids
    }

    #[inline]
    pub(crate) fn log_record(&self) -> &LogRecordNames {
        &self.log_record
    }

    /// The key of an HTTP status.
    #[inline]
    pub(crate) fn status(&self) -> &'static str {
        self.preset.status
    }
}

fn quoted(word: &str, format: Format) -> Vec<u8> {
    match format {
        Format::Json => format!("\"{word}\"").into_bytes(),
        Format::Logfmt | Format::Pretty => word.into(),
    }
}

fn field(name: &str, value: &[u8], format: Format) -> Vec<u8> {
    let (before, after) = around(format);
    [before, name.as_bytes(), after, value].concat()
}
