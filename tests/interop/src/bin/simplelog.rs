use log::{LevelFilter, SetLoggerError};
use simplelog::{ConfigBuilder, WriteLogger};

fn main() -> Result<(), SetLoggerError> {
    let config = ConfigBuilder::new()
        .set_max_level(LevelFilter::Off) // no level before the record
        .set_time_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_thread_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .build();
    WriteLogger::init(LevelFilter::Info, config, std::io::stderr())?;

    shop::run();
    Ok(())
}
