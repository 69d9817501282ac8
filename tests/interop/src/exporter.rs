//! Stands in for an exporter of `opentelemetry-otlp`: keeps what it gets, and prints it at shutdown.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::logs::AnyValue;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{InMemoryLogExporter, LogBatch, LogExporter, SdkLogRecord};
use serde_json::{Map, Value, json};

/// An exporter that prints what it got at the end.
#[derive(Debug, Default)]
pub struct Exporter(InMemoryLogExporter);

/// Returns an exporter.
pub fn exporter() -> Exporter {
    Exporter::default()
}

impl LogExporter for Exporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        for log in self.0.get_emitted_logs()? {
            println!("{}", as_json(&log.record));
        }
        self.0.shutdown_with_timeout(timeout)
    }
}

/// A context with the ids of some span, as another part of a program would create it.
pub fn context() -> Context {
    let ids = SpanContext::new(
        TraceId::from_bytes([1; 16]),
        SpanId::from_bytes([2; 8]),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    Context::new().with_remote_span_context(ids)
}

fn as_json(record: &SdkLogRecord) -> Value {
    let attributes: Map<String, Value> =
        record.attributes_iter().map(|(key, value)| (key.to_string(), value_as_json(value))).collect();
    json!({
        "severity": record.severity_text(),
        "severity_number": record.severity_number().map(|number| number as u8),
        "body": record.body().map(value_as_json),
        "target": record.target(),
        "trace_id": record.trace_context().map(|ids| ids.trace_id.to_string()),
        "span_id": record.trace_context().map(|ids| ids.span_id.to_string()),
        "trace_flags": record.trace_context().and_then(|ids| ids.trace_flags).map(|flags| flags.to_u8()),
        "attributes": attributes,
    })
}

fn value_as_json(value: &AnyValue) -> Value {
    match value {
        AnyValue::Int(n) => json!(n),
        AnyValue::Double(x) => json!(x),
        AnyValue::String(text) => json!(text.as_str()),
        AnyValue::Boolean(flag) => json!(flag),
        other => json!({ "unexpected": format!("{other:?}") }),
    }
}
