use std::error::Error;

use flexi_logger::Logger;
use traceline::{Config, Format};

fn main() -> Result<(), Box<dyn Error>> {
    let _logger =
        Logger::try_with_env_or_str("info")?.format(|out, _, record| write!(out, "{}", record.args())).start()?;
    Config::builder().format(Format::Json).install()?;

    shop::run();
    Ok(())
}
