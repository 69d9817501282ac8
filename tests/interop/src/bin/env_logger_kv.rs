//! No recipe: why key-values are not for env_logger, which prints them unquoted behind the message.

use traceline::{
    Config,
    config::{ConfigError, Output},
};

fn main() -> Result<(), ConfigError> {
    env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
