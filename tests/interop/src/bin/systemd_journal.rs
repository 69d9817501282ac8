use std::error::Error;

use logtrace::{Config, Output};
use systemd_journal_logger::JournalLog;

fn main() -> Result<(), Box<dyn Error>> {
    JournalLog::new()?.install()?;
    log::set_max_level(log::LevelFilter::Info);
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
