use env_logger::Env;
use traceline::{Config, config::ConfigError};

fn main() -> Result<(), ConfigError> {
    env_logger::init_from_env(Env::default().default_filter_or("info"));
    Config::builder().header(false).install()?; // the prefix already has time and level

    shop::run();
    Ok(())
}
