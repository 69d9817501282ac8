//! No recipe: why key-values are not for tracing-log, which drops them.

use std::error::Error;

use traceline::{Config, config::Output};
use tracing_log::LogTracer;

fn main() -> Result<(), Box<dyn Error>> {
    LogTracer::builder().with_max_level(log::LevelFilter::Info).init()?;
    tracing::subscriber::set_global_default(tracing_subscriber::fmt().json().finish())?;
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
