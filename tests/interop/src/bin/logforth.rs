use std::error::Error;

use logforth::append::Stdout;
use logforth::bridge::log::LogBridge;
use logforth::layout::JsonLayout;
use logforth::record::{Level, LevelFilter};
use traceline::{Config, config::Output};

fn main() -> Result<(), Box<dyn Error>> {
    let logger = logforth::core::builder()
        .dispatch(|dispatch| {
            dispatch
                .filter(LevelFilter::MoreSevereEqual(Level::Info))
                .append(Stdout::default().with_layout(JsonLayout::default()))
        })
        .build();
    log::set_boxed_logger(Box::new(LogBridge::new(logger)))?;
    log::set_max_level(log::LevelFilter::Info);
    Config::builder().output(Output::KeyValues).install()?;

    shop::run();
    Ok(())
}
