use env_logger::Env;
use traceline::{config::ConfigError, Config};

fn main() -> Result<(), ConfigError> {
    env_logger::init_from_env(Env::default().default_filter_or("info"));
    Config::builder().header(false).install()?; // the prefix has time and level

    shop::run();
    Ok(())
}
