//! Where every row's records go: one kept buffer per thread, read and cleared after each unit.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{
    cell::RefCell,
    fmt::Write as _,
    hint::black_box,
    io,
    sync::atomic::{AtomicU8, Ordering},
};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The situation to measure: records are written, logging is off, or only warnings pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    On,
    Off,
    Warn,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::On as u8);

/// The mode of the running slice, for peers whose own switch must be set by hand.
#[inline]
pub fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        0 => Mode::On,
        1 => Mode::Off,
        _ => Mode::Warn,
    }
}

/// Sets the mode, `log` included: the global level and what the logger's `enabled` returns.
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
    log::set_max_level(match mode {
        Mode::On => LevelFilter::Trace,
        Mode::Off => LevelFilter::Off,
        Mode::Warn => LevelFilter::Warn,
    });
}

/// For peers that write to an `io::Write`.
#[derive(Debug, Clone, Copy)]
pub struct Writer;

impl io::Write for Writer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BUFFER.with_borrow_mut(|buffer| buffer.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For peers that take a sink while they write: one lookup of the thread's buffer per record.
pub fn with<R>(write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    BUFFER.with_borrow_mut(write)
}

/// The logger behind the `log` facade.
struct Logger;

static LOGGER: Logger = Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match mode() {
            Mode::On => true,
            Mode::Off => false,
            Mode::Warn => metadata.level() <= Level::Warn,
        }
    }

    fn log(&self, record: &Record<'_>) {
        BUFFER.with_borrow_mut(|buffer| {
            let _ = Append(buffer).write_fmt(*record.args());
        });
    }

    fn flush(&self) {}
}

/// `fmt::Write` into bytes, without the error bookkeeping of `io::Write::write_fmt`.
struct Append<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Append<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

pub fn install_logger() {
    log::set_logger(&LOGGER).expect("the benchmark installs the only logger");
    set_mode(Mode::On);
}

/// Reads the output of the unit and empties the buffer, keeping its capacity.
#[inline]
pub fn look() {
    BUFFER.with_borrow_mut(|buffer| {
        black_box(buffer.as_slice());
        buffer.clear();
    });
}

/// The output of the unit, for the output check.
pub fn take_text() -> String {
    let bytes = BUFFER.take();
    String::from_utf8(bytes).expect("a record is UTF-8")
}

/// Gives this thread's buffer its final size, so that it cannot grow while allocations are counted.
pub fn reserve() {
    BUFFER.with_borrow_mut(|buffer| buffer.reserve(1 << 20));
}
