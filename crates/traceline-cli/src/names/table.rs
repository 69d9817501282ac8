//! The keys of fields that loggers use, as data.
//!
//! The library's own come from its table of schemas, see [`own`]; the others are below, by role.

use traceline::config::{SchemaTable, schema_tables};

use super::{Mark, Role};
use crate::duration::Unit;

/// A key, and what its value is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) role: Role,
    /// Among several fields of one role, the lowest rank counts.
    pub(super) rank: u8,
    /// The unit that the key itself says.
    pub(super) unit: Option<Unit>,
    /// What the key says about who wrote the line.
    pub(super) mark: Mark,
    /// Whether the value is the decimal form of a number that others write in hexadecimal.
    pub(super) decimal: bool,
}

impl Entry {
    pub(super) fn new(key: impl Into<String>, role: Role, rank: u8) -> Entry {
        Entry {
            key: key.into(),
            role,
            rank,
            unit: None,
            mark: Mark::NONE,
            decimal: false,
        }
    }
}

/// The rank of names that the user gave.
pub(super) const GIVEN: u8 = 0;

/// The rank of the library's names.
const OWN: u8 = 1;

/// The default names of the library that this program reads, and what they are.
pub(super) const DEFAULTS: [(&str, Role); 15] = [
    ("ts", Role::Time),
    ("level", Role::Level),
    ("msg", Role::Message),
    ("service", Role::Service),
    ("trace_id", Role::TraceId),
    ("span_id", Role::SpanId),
    ("parent_id", Role::ParentId),
    ("outcome", Role::Outcome),
    ("duration_ms", Role::Duration),
    ("status", Role::Status),
    ("error", Role::Error),
    ("panic", Role::Error),
    ("fragments", Role::Fragments),
    ("sample_rate", Role::SampleRate),
    ("partial", Role::Partial),
];

/// The names of every schema of the library.
pub(super) fn own() -> Vec<Entry> {
    let mut entries = vec![Entry::new("service", Role::Service, OWN)];
    for schema in schema_tables() {
        let find = |name: &str| DEFAULTS.iter().find(|(default, _)| *default == name);
        let names = schema.names.iter();
        let known = names.filter_map(|(name, text)| Some((find(name)?.1, *text)));
        for (role, key) in known {
            if !entries.iter().any(|entry| entry.key == key) {
                entries.push(own_entry(&schema, role, key));
            }
        }
        if !schema.reason.is_empty() {
            entries.push(Entry::new(schema.reason, Role::Reason, OWN));
        }
    }
    entries
}

fn own_entry(schema: &SchemaTable, role: Role, key: &str) -> Entry {
    let mut entry = Entry::new(key, role, OWN);
    if role == Role::Duration {
        entry.unit = Some(match schema.in_nanos {
            true => Unit::Nanos,
            false => Unit::Millis,
        });
        entry.mark = Mark::OWN;
    }
    if schema.decimal_ids {
        let is_id = matches!(role, Role::SpanId | Role::ParentId);
        entry.decimal = is_id;
        // Other writers use these names with other units and words: these two prove the schema.
        match key {
            "duration" => (entry.unit, entry.mark) = (None, Mark::NONE),
            _ if key.starts_with("dd.") || key.starts_with("evt.") => entry.mark = Mark::DATADOG,
            _ => {}
        }
    }
    entry
}

/// Keys of other loggers. The first of several fields with one role counts, unless a number says
/// otherwise.
#[rustfmt::skip]
const OTHERS: [(Role, u8, &str); 35] = [
    (Role::Time, 2, "ts time timestamp @timestamp Timestamp @t datetime date asctime eventTime t timeMillis time_iso8601 time_local"),
    (Role::Start, 2, "StartUTC start_time startTime started_at event.start"),
    (Role::Level, 1, "level_name levelname"),
    (Role::Level, 2, "lvl severity severityText @level @l loglevel log_level levelName Level"),
    (Role::LevelNumber, 2, "severity_number severityNumber PRIORITY"),
    (Role::Message, 2, "message msg body MESSAGE @message @m textPayload short_message RenderedMessage"),
    (Role::Message, 3, "event"),
    (Role::Operation, 2, "operation operation_name operationName transaction.name graphql.operation.name rpc.method grpc.method task_name job_class job_name"),
    (Role::Route, 2, "route http.route req.route request.route endpoint matched_path"),
    (Role::SpanName, 2, "span.name"),
    (Role::Method, 2, "method http_method http.method http.request.method req.method request.method request_method RequestMethod httpRequest.requestMethod span.method"),
    (Role::Path, 2, "path http_path http.path url.path req.path request.path request_path RequestPath http.url_details.path span.path"),
    (Role::Path, 3, "url uri req.url request.uri request.url request_uri httpRequest.requestUrl http.target http.url url.original http_url url_path span.uri requestPath"),
    (Role::Component, 3, "component controller"),
    (Role::Component, 4, "job handler logger logger_name channel"),
    (Role::Component, 5, "type"),
    (Role::Service, 2, "service.name service_name serviceName dd.service"),
    (Role::Service, 3, "app application app_name resource.labels.service_name resource.labels.container_name SYSLOG_IDENTIFIER"),
    (Role::TraceId, 2, "traceId traceID TraceId TraceID trace trace-id otelTraceID"),
    (Role::SpanId, 2, "spanId spanID SpanId SpanID span-id otelSpanID"),
    (Role::ParentId, 2, "parentSpanId parentSpanID parentId parent_span_id ParentSpanId"),
    (Role::Outcome, 2, "event.outcome record.status"),
    (Role::Status, 2, "status_code statusCode http_status http.status_code http.status http.response.status_code http.response.status response.status response.status_code response.statusCode res.statusCode res.status res.status_code status-code response_code StatusCode DownstreamStatus httpRequest.status resp_status"),
    (Role::Error, 2, "error.message exception.message err error.msg err.message exception errorMessage error_message errmsg error.reason fields.error"),
    (Role::ErrorType, 2, "error.type exception.type error.kind error.name err.type err.name errorType error_type error_class exception_class"),
    (Role::ErrorType, 3, "error.code err.code error_code errorCode"),
    (Role::Duration, 2, "duration"),
    (Role::Duration, 3, "elapsed latency took response_time request_time time_taken processing_time exec_time execution_time elapsed_time request_duration time-taken http.duration latency_human httpRequest.latency duration_human"),
    (Role::Busy, 2, "time.busy"),
    (Role::Idle, 2, "time.idle"),
    (Role::Transparent, 0, "fields jsonPayload _source context extra Properties"),
    (Role::Code, 0, "code"),
    (Role::Desc, 0, "desc"),
    (Role::At, 0, "at"),
    (Role::Name, 3, "name"),
];

/// Keys that say who wrote the line.
#[rustfmt::skip]
const MARKS: [(Mark, &str); 14] = [
    (Mark::TS, "ts"),
    (Mark::TIME, "time"),
    (Mark::MSG, "msg"),
    (Mark::MESSAGE, "message"),
    (Mark::TRAEFIK, "DownstreamStatus OriginDuration"),
    (Mark::CADDY, "bytes_read request.proto request.remote_ip"),
    (Mark::HEROKU, "dyno fwd"),
    (Mark::RAILS, "controller action"),
    (Mark::ZAP, "caller stacktrace"),
    (Mark::NUMBERED, "pid hostname v"),
    (Mark::SERILOG, "@mt MessageTemplate"),
    (Mark::GOOGLE, "insertId logName"),
    (Mark::NGINX, "body_bytes_sent remote_addr"),
    (Mark::LAMBDA, "billed_duration record.requestId"),
];

/// Keys whose unit is known because one well-known writer uses them.
const UNITS: [(&str, Unit, u8); 8] = [
    ("event.duration", Unit::Nanos, 1),
    ("responseTime", Unit::Millis, 3),
    ("response-time", Unit::Millis, 3),
    ("record.metrics.durationMs", Unit::Millis, 2),
    ("time_ms", Unit::Millis, 3),
    ("request_time_ms", Unit::Millis, 3),
    ("spanDurationNs", Unit::Nanos, 3),
    ("latencies.request", Unit::Millis, 3), // Kong
];

const SNAKE: &str = "duration elapsed latency took response_time request_time processing_time exec_time execution_time elapsed_time total_time request_duration response_duration time_taken";
const CAMEL: &str = "duration elapsed latency took responseTime requestTime processingTime executionTime totalTime elapsedTime requestDuration";

const SUFFIXES: [(Unit, &str, &str); 4] = [
    (
        Unit::Nanos,
        "ns nsec nanos nanoseconds",
        "Ns Nanos Nanoseconds",
    ),
    (
        Unit::Micros,
        "us µs usec micros microseconds",
        "Us Micros Microseconds",
    ),
    (
        Unit::Millis,
        "ms msec msecs millis milliseconds",
        "Ms MS Millis Milliseconds",
    ),
    (Unit::Seconds, "s sec secs seconds", "S Sec Secs Seconds"),
];

/// The keys of other loggers.
pub(super) fn others() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (role, rank, keys) in OTHERS {
        for key in keys.split(' ') {
            let mut entry = Entry::new(key, role, rank);
            if key == "timeMillis" {
                entry.unit = Some(Unit::Millis);
            }
            entries.push(entry);
        }
    }
    for (mark, keys) in MARKS {
        entries.extend(keys.split(' ').map(|key| Entry {
            mark,
            ..Entry::new(key, Role::None, u8::MAX)
        }));
    }
    entries.push(Entry::new("Duration", Role::Duration, 3));
    entries.push(Entry::new("Elapsed", Role::Duration, 3));
    let with_unit = |key: String, unit, rank| Entry {
        unit: Some(unit),
        ..Entry::new(key, Role::Duration, rank)
    };
    entries.extend(UNITS.map(|(key, unit, rank)| with_unit(key.into(), unit, rank)));
    for (unit, snake, camel) in SUFFIXES {
        for base in SNAKE.split(' ') {
            for suffix in snake.split(' ') {
                let keys = ["_", "-", "."].map(|mark| format!("{base}{mark}{suffix}"));
                entries.extend(keys.map(|key| with_unit(key, unit, 2)));
            }
        }
        for base in CAMEL.split(' ') {
            let keys = camel.split(' ').map(|suffix| format!("{base}{suffix}"));
            entries.extend(keys.map(|key| with_unit(key, unit, 2)));
        }
    }
    entries
}
