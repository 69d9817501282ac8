//! Records in the form OpenTelemetry uses: typed fields, and ids where a collector looks for them.
//!
//! The logger is the `log` appender of OpenTelemetry. It takes the ids from the context of the thread, which the hook
//! around the hand-over attaches; `Output::KeyValues` gives it the fields.

use async_trait::async_trait;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, Protocol, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use traceline::{
    config::{ConfigBuilder, Output},
    ids::TraceParent,
};

/// Sends batches to a collector, `http://127.0.0.1:4318`; `shutdown` sends the last one.
pub fn otlp_provider(url: &str, service: &str) -> Result<SdkLoggerProvider, ExporterBuildError> {
    let exporter = LogExporter::builder()
        .with_http()
        .with_http_client(Client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{url}/v1/logs"))
        .build()?;
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .build();
    let provider = SdkLoggerProvider::builder().with_resource(resource);
    Ok(provider.with_batch_exporter(exporter).build())
}

/// Hands over typed fields, and ids as the context of OpenTelemetry.
pub fn with_native_ids(config: ConfigBuilder) -> ConfigBuilder {
    config.output(Output::KeyValues).on_emit(|unit, emit| {
        let context = unit.traceparent().map(span_context);
        let _attached =
            context.map(|ids| Context::current().with_remote_span_context(ids).attach());
        emit();
    })
}

fn span_context(ids: TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(ids.trace_id().to_bytes()),
        SpanId::from_bytes(ids.span_id().to_bytes()),
        TraceFlags::default().with_sampled(ids.is_sampled()),
        false,
        TraceState::NONE,
    )
}

/// The exporter has a thread of its own, which may wait.
#[derive(Debug)]
struct Client;

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut sent = minreq::post(head.uri.to_string())
            .with_timeout(5)
            .with_body(body);
        for (name, value) in &head.headers {
            sent = sent.with_header(name.as_str(), value.to_str()?);
        }
        let answer = sent.send()?;
        let status = answer.status_code;
        Ok(Response::builder()
            .status(status)
            .body(answer.into_bytes().into())?)
    }
}
