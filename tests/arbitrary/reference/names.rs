//! The library's own names, by schema, and the names of users' fields.

use std::collections::BTreeSet;

use log::Level;

use super::program::{Schema, Settings};

/// The default names.
pub const OWN: [&str; 22] = [
    "ts",
    "level",
    "msg",
    "trace_id",
    "span_id",
    "parent_id",
    "trace_flags",
    "request_id",
    "outcome",
    "duration_ms",
    "error",
    "error.chain",
    "panic",
    "panic.location",
    "fragments",
    "dropped_fields",
    "dropped_fragments",
    "lost_parts",
    "truncated",
    "sample_rate",
    "partial",
    "seq",
];

/// The table of `traceline::config::Schema`; a name that is missing keeps its default.
fn of_schema(schema: Schema) -> &'static [(&'static str, &'static str)] {
    match schema {
        Schema::None => &[],
        Schema::Ecs => &[
            ("ts", "@timestamp"),
            ("level", "log.level"),
            ("msg", "message"),
            ("trace_id", "trace.id"),
            ("span_id", "span.id"),
            ("parent_id", "parent.id"),
            ("request_id", "http.request.id"),
            ("outcome", "event.outcome"),
            ("duration_ms", "event.duration"),
            ("error", "error.message"),
            ("panic", "panic.message"),
            ("seq", "event.sequence"),
        ],
        Schema::GoogleCloud => &[
            ("ts", "time"),
            ("level", "severity"),
            ("msg", "message"),
            ("trace_id", "logging.googleapis.com/trace"),
            ("span_id", "logging.googleapis.com/spanId"),
            ("trace_flags", "logging.googleapis.com/trace_sampled"),
        ],
        Schema::OpenTelemetry => &[
            ("ts", "timestamp"),
            ("level", "severity_text"),
            ("msg", "body"),
            ("parent_id", "parent_span_id"),
            ("error", "exception.message"),
            ("panic", "panic.message"),
        ],
        Schema::Datadog => &[
            ("ts", "timestamp"),
            ("level", "status"),
            ("msg", "message"),
            ("trace_id", "dd.trace_id"),
            ("span_id", "dd.span_id"),
            ("parent_id", "dd.parent_id"),
            ("request_id", "http.request_id"),
            ("outcome", "evt.outcome"),
            ("duration_ms", "duration"),
            ("error", "error.message"),
            ("error.chain", "error.stack"),
            ("panic", "panic.message"),
        ],
    }
}

/// The name that these settings give to one of the library's names.
pub fn own(settings: &Settings, name: &'static str) -> &'static str {
    let renamed = settings.renamed.iter().chain(of_schema(settings.schema));
    let found = renamed.into_iter().find(|(default, _)| *default == name);
    found.map_or(name, |(_, text)| text)
}

/// The key of an HTTP status.
pub fn status(schema: Schema) -> &'static str {
    match schema {
        Schema::None | Schema::GoogleCloud => "status",
        Schema::Ecs | Schema::OpenTelemetry => "http.response.status_code",
        Schema::Datadog => "http.status_code",
    }
}

/// The word of a level.
pub fn level(schema: Schema, level: Level) -> &'static str {
    let (plain, google, otel) = match level {
        Level::Error => ("error", "ERROR", "ERROR"),
        Level::Warn => ("warn", "WARNING", "WARN"),
        Level::Info => ("info", "INFO", "INFO"),
        Level::Debug => ("debug", "DEBUG", "DEBUG"),
        Level::Trace => ("trace", "DEBUG", "TRACE"),
    };
    match schema {
        Schema::GoogleCloud => google,
        Schema::OpenTelemetry => otel,
        _ => plain,
    }
}

/// Names that no user field may have in a record.
pub fn reserved(settings: &Settings) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = OWN.map(|name| own(settings, name).to_owned()).into();
    match settings.schema {
        Schema::OpenTelemetry => _ = names.insert("severity_number".to_owned()),
        Schema::Ecs => {
            names.insert("event.reason".to_owned());
            names.insert("ecs.version".to_owned());
        }
        _ => {}
    }
    names.extend(settings.fixed.iter().map(|(key, _)| (*key).to_owned()));
    if matches!(settings.schema, Schema::Ecs | Schema::Datadog) {
        let objects: Vec<String> = names.iter().flat_map(|name| objects(name)).collect();
        names.extend(objects);
        names.extend(objects_of_more(settings.schema));
    }
    names
}

/// The prefixes of a dotted name: of `http.request.id`, `http` and `http.request`.
fn objects(name: &str) -> Vec<String> {
    let dots = name.match_indices('.');
    dots.map(|(at, _)| name[..at].to_owned()).collect()
}

/// Objects whose names only some records have: the status, and those of ordinary records.
fn objects_of_more(schema: Schema) -> Vec<String> {
    let names: &[&str] = match schema {
        Schema::Ecs => &["log.logger", "log.origin.file.name", status(schema)],
        _ => &["logger.name", status(schema)],
    };
    names.iter().flat_map(|name| objects(name)).collect()
}

/// The names of users' fields in a record, assigned in the order of the fields.
pub struct Names<'s> {
    settings: &'s Settings,
    taken: BTreeSet<String>,
}

impl<'s> Names<'s> {
    pub fn new(settings: &'s Settings) -> Names<'s> {
        Names {
            settings,
            taken: reserved(settings),
        }
    }

    /// The name of a field with this key: the key itself, or the first free `_2`, `_3` ….
    pub fn give(&mut self, key: &str) -> String {
        let clean = clean(key, self.settings);
        let numbered = (2..).map(|number| format!("{clean}_{number}"));
        let name = std::iter::once(clean.clone())
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .expect("numbers without end");
        self.taken.insert(name.clone());
        name
    }
}

/// The rules for keys, including the empty key in JSON.
fn clean(key: &str, settings: &Settings) -> String {
    if key.is_empty() {
        return "_".to_owned();
    }
    if settings.json {
        return key.to_owned();
    }
    let keep = |char: char| match settings.unicode_keys {
        true => char.is_alphanumeric(),
        false => char.is_ascii_alphanumeric(),
    };
    key.chars()
        .map(|char| match char {
            '_' | '.' | '-' => char,
            char if keep(char) => char,
            _ => '_',
        })
        .collect()
}
