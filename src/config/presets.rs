//! The published schemas as data: a table of names, and what each asks for besides.

use crate::config::names::Name;

/// How a schema writes ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    Hex,
    /// Ids of units as decimal numbers of 64 bits, the trace id as 32 hex digits.
    Datadog,
    /// The trace id as a resource name, the flags as whether it is sampled.
    Google,
}

/// The names of the schemas; `""` keeps the default.
#[rustfmt::skip]
pub(super) const NAMES: [(Name, [&str; 4]); 14] = [
    // Columns:          ECS                Google Cloud                            OpenTelemetry        Datadog
    (Name::Ts,         ["@timestamp",      "time",                                 "timestamp",         "timestamp"]),
    (Name::Level,      ["log.level",       "severity",                             "severity_text",     "status"]),
    (Name::Msg,        ["message",         "message",                              "body",              "message"]),
    (Name::TraceId,    ["trace.id",        "logging.googleapis.com/trace",         "",                  "dd.trace_id"]),
    (Name::SpanId,     ["span.id",         "logging.googleapis.com/spanId",        "",                  "dd.span_id"]),
    (Name::ParentId,   ["parent.id",       "",                                     "parent_span_id",    "dd.parent_id"]),
    (Name::TraceFlags, ["",                "logging.googleapis.com/trace_sampled", "",                  ""]),
    (Name::RequestId,  ["http.request.id", "",                                     "",                  "http.request_id"]),
    (Name::Outcome,    ["event.outcome",   "",                                     "",                  "evt.outcome"]),
    (Name::DurationMs, ["event.duration",  "",                                     "",                  "duration"]),
    (Name::Error,      ["error.message",   "",                                     "exception.message", "error.message"]),
    (Name::ErrorChain, ["",                "",                                     "",                  "error.stack"]),
    (Name::Panic,      ["panic.message",   "",                                     "panic.message",     "panic.message"]),
    (Name::Seq,        ["event.sequence",  "",                                     "",                  ""]),
];

/// The key of an HTTP status, and the names of `LogRecordNames`: the default,
/// then the same columns.
#[rustfmt::skip]
pub(super) const MORE_NAMES: [(&str, [&str; 4]); 5] = [
    ("status", ["http.response.status_code", "", "http.response.status_code", "http.status_code"]),
    ("target", ["log.logger",           "", "otel.scope.name",  "logger.name"]),
    ("file",   ["log.origin.file.name", "", "code.file.path",   ""]),
    ("line",   ["log.origin.file.line", "", "code.line.number", ""]),
    ("",       ["", "logging.googleapis.com/sourceLocation", "", ""]),
];

/// Returns the text of a column, or the default.
pub(super) fn pick(
    default: &'static str,
    texts: [&'static str; 4],
    column: Option<usize>,
) -> &'static str {
    let text = column.and_then(|column| texts.get(column).copied());
    text.filter(|text| !text.is_empty()).unwrap_or(default)
}

/// The requirements of a schema besides its names.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The column of [`NAMES`].
    pub(super) column: Option<usize>,
    /// Words from error to trace.
    pub(super) levels: [&'static str; 5],
    /// A name for the level as a number, and the numbers.
    pub(super) level_number: (&'static str, [&'static str; 5]),
    /// Words of ok, error, panic and cancelled.
    pub(super) outcomes: [&'static str; 4],
    /// A name for the reason of outcomes that share a word, and the reasons.
    pub(super) reason: (&'static str, [&'static str; 4]),
    /// Whether durations of units are in nanoseconds instead of milliseconds.
    pub(crate) in_nanos: bool,
    pub(crate) ids: IdForm,
    /// A field that every record must have.
    pub(super) fixed: Option<(&'static str, &'static str)>,
    /// Whether its readers take `a.b` as `b` in `a`.
    pub(super) nests: bool,
}

pub(super) static PLAIN: Preset = DEFAULT;

const DEFAULT: Preset = Preset {
    column: None,
    levels: ["error", "warn", "info", "debug", "trace"],
    level_number: ("", [""; 5]),
    outcomes: ["ok", "error", "panic", "cancelled"],
    reason: ("", [""; 4]),
    in_nanos: false,
    ids: IdForm::Hex,
    fixed: None,
    nests: false,
};

pub(super) static ECS: Preset = Preset {
    column: Some(0),
    // The schema allows only these words; the reason has the details.
    outcomes: ["success", "failure", "failure", "unknown"],
    reason: ("event.reason", ["", "", "panic", "cancelled"]),
    in_nanos: true,
    fixed: Some(("ecs.version", "8.11.0")),
    nests: true,
    ..DEFAULT
};

pub(super) static GOOGLE_CLOUD: Preset = Preset {
    column: Some(1),
    levels: ["ERROR", "WARNING", "INFO", "DEBUG", "DEBUG"],
    ids: IdForm::Google,
    ..DEFAULT
};

pub(super) static OPEN_TELEMETRY: Preset = Preset {
    column: Some(2),
    levels: ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"],
    level_number: ("severity_number", ["17", "13", "9", "5", "1"]),
    ..DEFAULT
};

pub(super) static DATADOG: Preset = Preset {
    column: Some(3),
    outcomes: ["success", "failure", "panic", "cancelled"],
    in_nanos: true,
    ids: IdForm::Datadog,
    nests: true,
    ..DEFAULT
};
