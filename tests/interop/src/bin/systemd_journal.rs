use std::error::Error;

use systemd_journal_logger::JournalLog;
use traceline::{Config, config::Output};

fn main() -> Result<(), Box<dyn Error>> {
    JournalLog::new()?.install()?;
    log::set_max_level(log::LevelFilter::Info);
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
