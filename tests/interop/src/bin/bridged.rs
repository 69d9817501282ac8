//! No recipe: the bridge in front of each backend, named by `BACKEND`. Most need no more than `install` instead of their
//! own way to become the global logger.

use std::env;
use std::error::Error;
use std::io::Write;

use log::{Level, LevelFilter, Log, SetLoggerError};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use traceline::{Config, bridge, config::Output};

fn main() -> Result<(), Box<dyn Error>> {
    let backend = env::var("BACKEND")?;
    if ["opentelemetry", "structured_logger", "logforth"].contains(&&*backend) {
        Config::builder().output(Output::KeyValues).install()?;
    }
    match &*backend {
        "env_logger" => run(env_logger::Builder::new()
            .filter_level(LevelFilter::Info)
            .format(|out, record| writeln!(out, "{}", record.args()))
            .build()),
        "fern" => run(fern::Dispatch::new().level(LevelFilter::Info).chain(std::io::stderr()).into_log().1),
        "flexi_logger" => {
            let logger =
                flexi_logger::Logger::try_with_str("info")?.format(|out, _, record| write!(out, "{}", record.args()));
            let (logger, _handle) = logger.build()?;
            run(logger)
        }
        "simplelog" => {
            let off = LevelFilter::Off;
            let mut config = simplelog::ConfigBuilder::new();
            config.set_max_level(off).set_time_level(off).set_target_level(off).set_thread_level(off);
            let config = config.set_location_level(off).build();
            run(*simplelog::WriteLogger::new(LevelFilter::Info, config, std::io::stderr()))
        }
        "tracing" => {
            let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr).finish();
            tracing::subscriber::set_global_default(subscriber)?;
            Config::builder().header(false).install()?;
            run(tracing_log::LogTracer::new())
        }
        "opentelemetry" => {
            let provider = SdkLoggerProvider::builder().with_batch_exporter(shop::exporter()).build();
            run(opentelemetry_appender_log::OpenTelemetryLogBridge::new(&provider))?;
            Ok(provider.shutdown()?)
        }
        "structured_logger" => {
            let out = structured_logger::json::new_writer(std::io::stdout());
            run(structured_logger::Builder::with_level("info").with_target_writer("*", out).build())
        }
        "logforth" => {
            let out = logforth::append::Stdout::default().with_layout(logforth::layout::JsonLayout::default());
            let info = logforth::record::LevelFilter::MoreSevereEqual(logforth::record::Level::Info);
            let logger = logforth::core::builder().dispatch(|dispatch| dispatch.filter(info).append(out)).build();
            run(logforth::bridge::log::LogBridge::new(logger))
        }
        other => panic!("no backend `{other}`"),
    }
    .map_err(Into::into)
}

fn run(logger: impl Log + 'static) -> Result<(), SetLoggerError> {
    bridge(logger).absorb(Level::Info).install(LevelFilter::Info)?;
    shop::run();
    Ok(())
}
