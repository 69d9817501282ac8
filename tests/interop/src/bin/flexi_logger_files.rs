use flexi_logger::{Cleanup, Criterion, FileSpec, FlexiLoggerError, Logger, Naming, WriteMode};

fn main() -> Result<(), FlexiLoggerError> {
    let logger = Logger::try_with_env_or_str("info")?
        .log_to_file(FileSpec::default().directory("log").basename("shop"))
        .rotate(Criterion::Size(64 * 1024), Naming::Numbers, Cleanup::KeepLogFiles(5))
        .write_mode(WriteMode::BufferAndFlush)
        .format(|out, _, record| write!(out, "{}", record.args()))
        .start()?;

    shop::run();
    logger.shutdown(); // otherwise, records still in the buffer are lost
    Ok(())
}
