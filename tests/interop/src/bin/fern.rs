use std::error::Error;
use std::io;

use log::LevelFilter;

fn main() -> Result<(), Box<dyn Error>> {
    let console = fern::Dispatch::new()
        .format(|out, message, _| out.finish(format_args!("{}", brief(&message.to_string()))))
        .chain(io::stderr());
    let file = fern::Dispatch::new()
        .format(|out, message, _| out.finish(format_args!("{message}")))
        .chain(fern::log_file("shop.log")?);
    fern::Dispatch::new().level(LevelFilter::Info).chain(console).chain(file).apply()?;

    shop::run();
    Ok(())
}

/// Time, level, name, outcome and duration: everything before the fields.
fn brief(line: &str) -> &str {
    let Some((head, _)) = line.split_once(" duration_ms=") else { return line };
    let rest = &line[head.len() + 1..];
    let duration = rest.split(' ').next().unwrap_or(rest);
    &line[..head.len() + 1 + duration.len()]
}
