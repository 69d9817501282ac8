use std::error::Error;

use flexi_logger::{Logger, json_format};
use traceline::{Config, config::Output};

fn main() -> Result<(), Box<dyn Error>> {
    let _logger = Logger::try_with_env_or_str("info")?.format(json_format).start()?;
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
