use std::env;
use std::error::Error;

use log::LevelFilter;
use syslog::Facility;
use traceline::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let socket = env::var("SYSLOG_SOCKET").unwrap_or("/dev/log".into());
    syslog::init_unix_custom(Facility::LOG_USER, LevelFilter::Info, socket)?;
    Config::builder().header(false).install()?; // syslog already has time and severity

    shop::run();
    Ok(())
}
