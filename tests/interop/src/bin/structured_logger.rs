use structured_logger::Builder;
use structured_logger::json::new_writer;
use traceline::Config;
use traceline::config::{ConfigError, Output};

fn main() -> Result<(), ConfigError> {
    Builder::with_level("info").with_target_writer("*", new_writer(std::io::stdout())).init();
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
