//! `init` and `init_to`, the shortest way to a first record: they install
//! `env_logger`, with every line in the format of units.
//!
//! Both functions return nothing, so that `traceline::init();` can be the first line
//! of `main` as it is. A program that has to react to a failure sets up its logger
//! itself, which takes five lines with [`format_record`].

use std::io::{self, Write};
use std::sync::OnceLock;

use env_logger::{Builder, Target, WriteStyle};
use log::{Level, LevelFilter, SetLoggerError};

use crate::base::catch;
use crate::bridge::format_record::format_record;

/// Installs [`env_logger`](https://docs.rs/env_logger), which then prints every record
/// in the format of units to standard error.
///
/// The level is info, unless the environment variable `RUST_LOG` sets another, as in
/// `RUST_LOG=debug` or `RUST_LOG=warn,my_crate=debug`. `env_logger` prints a warning
/// if it cannot read the variable; an empty one is ignored. [`format_record`] formats
/// each line, so ordinary `log` calls look like units. If you install a
/// [`Config`](crate::Config), do that first.
///
/// Call `init` once, at the beginning of `main`: a trace that starts earlier is
/// disabled. Further calls do nothing, so each test may call it. If another logger is
/// already installed, it stays, and `init` warns about that through this logger or, if
/// the logger does not accept warnings, on standard error.
///
/// `init` never panics.
///
/// # Examples
///
/// ```
/// traceline::init();
///
/// let mut trace = traceline::start!("checkout");
/// trace.set("items", 3).ok();
/// drop(trace); // ts=2026-11-21T08:46:00.123456Z level=info msg=checkout outcome=ok duration_ms=0.012 items=3
/// log::info!("ready"); // ts=2026-11-21T08:46:00.123512Z level=info msg=ready target=shop file=main.rs line=6
/// ```
pub fn init() {
    // A flag that is set afterwards would not do: if two tests begin at the same
    // time, one of them would take the other's logger for a stranger.
    static DONE: OnceLock<()> = OnceLock::new();
    let mut installed = Ok(());
    DONE.get_or_init(|| installed = install(Target::Stderr));
    if installed.is_err() {
        warn_that_another_stays("init");
    }
}

/// Does the same as [`init`], but writes to `writer`.
///
/// Each record takes one call of `write_all` and one of `flush`, while `env_logger`
/// holds a lock. With `std::io::stdout()` (not `stdout().lock()`), a `println!`
/// elsewhere cannot split a line. A [`BufWriter`](std::io::BufWriter) loses nothing at
/// the end of the process, but does not speed anything up either. Errors and panics of
/// the writer are ignored. The writer must not log, since it would wait for the same
/// lock forever.
///
/// Unlike with `init`, every further call prints a warning, because its writer gets no
/// output.
///
/// # Examples
///
/// ```
/// traceline::init_to(std::io::stdout());
/// traceline::start!("checkout").emit();
/// ```
///
/// To a file:
///
/// ```no_run
/// let file = std::fs::File::options().append(true).create(true).open("shop.log")?;
/// traceline::init_to(file);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn init_to(writer: impl Write + Send + 'static) {
    if install(Target::Pipe(Box::new(Caught(writer)))).is_err() {
        warn_that_another_stays("init_to");
    }
}

fn install(target: Target) -> Result<(), SetLoggerError> {
    let mut builder = Builder::new();
    match std::env::var("RUST_LOG") {
        Ok(filters) if !filters.trim().is_empty() => {
            // It prints a warning about filters that it cannot read, and panics if
            // standard error is a pipe that nobody reads.
            catch::call(|| _ = builder.parse_filters(&filters));
        }
        _ => {
            builder.filter_level(LevelFilter::Info);
        }
    }
    builder
        .target(target)
        // `Config` decides about colours, so the text goes out as it is.
        .write_style(WriteStyle::Always)
        .format(|line, record| writeln!(line, "{}", format_record(record)))
        .try_init()
}

/// Warns where somebody will see it, because nothing else would explain the missing
/// lines.
#[cold]
fn warn_that_another_stays(call: &str) {
    let text =
        "another logger is already installed and stays in place: lines go where it sends them";
    // The user's logger may panic.
    catch::call(|| {
        if log::log_enabled!(target: "traceline", Level::Warn) {
            log::warn!(target: "traceline", "traceline::{call}: {text}");
        } else {
            // Not `eprintln!`, which panics if it cannot print.
            let _ = writeln!(io::stderr(), "traceline::{call}: {text}");
        }
    });
}

/// A writer whose panics become errors. `env_logger` holds a lock while it writes, and
/// after a panic there it would itself panic at every record.
struct Caught<W>(W);

fn caught<R>(call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    catch::call(call).unwrap_or_else(|| Err(io::Error::other("the writer panicked")))
}

impl<W: Write> Write for Caught<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        caught(|| self.0.write(bytes))
    }

    /// Writes in one piece, so that standard output stays locked for the whole
    /// line.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        caught(|| self.0.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        caught(|| self.0.flush())
    }
}
