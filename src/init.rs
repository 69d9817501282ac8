//! The shortest way to a first record: `env_logger`, with every line in the
//! format of units.
//!
//! Both functions return nothing, so that `traceline::init();` is a whole first
//! line of `main`. A program that has to act on a failure sets up its logger
//! itself: with [`format_record`] that takes five lines.

use std::io::{self, Write};
use std::sync::OnceLock;

use env_logger::{Builder, Target, WriteStyle};
use log::{Level, LevelFilter, SetLoggerError};

use crate::base::catch;
use crate::bridge::format_record::format_record;

/// Installs [`env_logger`](https://docs.rs/env_logger) with lines in the format
/// of units, on standard error.
///
/// The level is info, unless the environment variable `RUST_LOG` gives another
/// (`RUST_LOG=debug`, `RUST_LOG=warn,my_crate=debug`); `env_logger` warns about
/// what it cannot read there. An empty `RUST_LOG` counts as none. Every line is
/// that of [`format_record`]: units and ordinary `log` calls look the same, as
/// the [`Config`](crate::Config) of the process has it. So install a
/// configuration first, if there is one.
///
/// Call it once, at the beginning of `main`: a trace that starts earlier is
/// disabled. Another call of `init` changes nothing, so tests may each call it.
/// If a different logger is installed already, that one stays, and a warning
/// says so: in its log or, if it takes no warnings, on standard error.
///
/// This never panics.
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
    // Not a flag set after the fact: of two tests that begin at the same time,
    // one would take the other's logger for a stranger.
    static DONE: OnceLock<()> = OnceLock::new();
    let mut installed = Ok(());
    DONE.get_or_init(|| installed = install(Target::Stderr));
    if installed.is_err() {
        warn_that_another_stays("init");
    }
}

/// Does what [`init`] does, with the lines written to `writer`.
///
/// Each record is one call of `write_all`, then one of `flush`, under a lock of
/// `env_logger`. So with `std::io::stdout()` (not `stdout().lock()`) no line is
/// torn apart by a `println!` elsewhere, and with a
/// [`BufWriter`](std::io::BufWriter) nothing is lost at the end of the process,
/// nor anything gained. Errors of the writer are ignored, and so are its panics.
/// It must not log, since that would wait for the same lock.
///
/// Unlike `init`, every call after the first warns that it had no effect: its
/// writer gets no line.
///
/// # Examples
///
/// ```
/// traceline::init_to(std::io::stdout());
/// traceline::start!("checkout").emit();
/// ```
///
/// A file:
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
            // What it cannot read it prints, which panics where standard error
            // is a pipe that nobody reads.
            catch::call(|| _ = builder.parse_filters(&filters));
        }
        _ => {
            builder.filter_level(LevelFilter::Info);
        }
    }
    builder
        .target(target)
        // Colours are the business of `Config`: what it wrote goes out as it is.
        .write_style(WriteStyle::Always)
        .format(|line, record| writeln!(line, "{}", format_record(record)))
        .try_init()
}

/// Warns where somebody looks. Nothing else would tell why lines are missing.
#[cold]
fn warn_that_another_stays(call: &str) {
    let text = "a logger is installed already, and stays: lines go where it sends them";
    // A logger of the user's may panic.
    catch::call(
        || match log::log_enabled!(target: "traceline", Level::Warn) {
            true => log::warn!(target: "traceline", "traceline::{call}: {text}"),
            // Not `eprintln!`, which panics if it cannot print.
            false => _ = writeln!(io::stderr(), "traceline::{call}: {text}"),
        },
    );
}

/// A writer whose panics are errors. `env_logger` holds a lock while it writes,
/// and would itself panic at every record after a panic under that.
struct Caught<W>(W);

fn caught<R>(call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    catch::call(call).unwrap_or_else(|| Err(io::Error::other("the writer panicked")))
}

impl<W: Write> Write for Caught<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        caught(|| self.0.write(bytes))
    }

    /// Not in pieces, so that standard output is locked for the whole line.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        caught(|| self.0.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        caught(|| self.0.flush())
    }
}
