use std::error::Error;

use traceline::Config;
use tracing_log::LogTracer;

fn main() -> Result<(), Box<dyn Error>> {
    LogTracer::builder().with_max_level(log::LevelFilter::Info).init()?;
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr).finish();
    tracing::subscriber::set_global_default(subscriber)?;
    Config::builder().header(false).install()?; // the event already has time and level

    shop::run();
    Ok(())
}
