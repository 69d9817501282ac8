use std::error::Error;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_appender_log::OpenTelemetryLogBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use traceline::Config;
use traceline::config::{FinishedUnit, Output};

fn main() -> Result<(), Box<dyn Error>> {
    let provider = SdkLoggerProvider::builder()
        .with_batch_exporter(shop::exporter()) // yours, from opentelemetry-otlp
        .build();
    log::set_boxed_logger(Box::new(OpenTelemetryLogBridge::new(&provider)))?;
    log::set_max_level(log::LevelFilter::Info);
    Config::builder().output(Output::KeyValues).on_emit(in_its_context).install()?;

    shop::run();
    provider.shutdown()?; // otherwise, records still in the batch are lost
    Ok(())
}

/// Hands a record over within the context of its unit, which is where the SDK finds the ids.
fn in_its_context(unit: &FinishedUnit<'_>, emit: &mut dyn FnMut()) {
    let Some(ids) = unit.traceparent() else { return emit() };
    let span = SpanContext::new(
        TraceId::from_bytes(ids.trace_id().to_bytes()),
        SpanId::from_bytes(ids.span_id().to_bytes()),
        TraceFlags::NOT_SAMPLED.with_sampled(ids.is_sampled()),
        false,
        TraceState::NONE,
    );
    let _guard = Context::current().with_remote_span_context(span).attach();
    emit();
}
