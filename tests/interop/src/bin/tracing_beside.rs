use std::error::Error;
use std::io::{self, Write};

use env_logger::Env;
use log::{Level, LevelFilter};

fn main() -> Result<(), Box<dyn Error>> {
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(io::stdout).finish();
    tracing::subscriber::set_global_default(subscriber)?; // not `init`, which would take the place of the logger

    let logger = env_logger::Builder::from_env(Env::default().default_filter_or("info"))
        .format(|buffer, record| writeln!(buffer, "{}", traceline::format_record(record)))
        .build();
    traceline::bridge(logger).absorb(Level::Error).install(LevelFilter::Info)?;

    let _ = traceline::run!("reserve", |trace| -> Result<u32, String> {
        trace.set("shelf", 7);
        let _span = tracing::info_span!("stock").entered();
        tracing::warn!(left = 3, "running low");
        Ok(3)
    });
    Ok(())
}
