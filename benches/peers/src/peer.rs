//! A row of the tables: one crate (or the floor), and how it does each unit of work.

use units::sink::{self, Mode};
use units::{Auth, Wide};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Logfmt,
}

/// The same units of work, done the way the docs of one crate recommend. A unit must leave its text
/// in the thread's kept buffer (`units::sink`). Associated functions, so that a table can hold plain function pointers.
pub trait Peer {
    const NAME: &'static str;
    const FORMAT: Format;
    /// The key of the unit's duration in the output.
    const DURATION: &'static str = "duration_ms";
    /// Why the crate has no W4 or W5, if so.
    const OFF: Option<&'static str> = None;
    const WARN: Option<&'static str> = None;

    fn w1(input: &Auth);
    fn w2(input: &Auth);
    fn w3(input: &Wide);

    /// Runs `work` with the crate set up for `mode`; the time around `work` is not measured.
    fn scope(mode: Mode, work: &mut dyn FnMut()) {
        sink::set_mode(mode);
        work();
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub format: Format,
    pub duration: &'static str,
    pub off: Option<&'static str>,
    pub warn: Option<&'static str>,
    pub w1: fn(&Auth),
    pub w2: fn(&Auth),
    pub w3: fn(&Wide),
    pub scope: fn(Mode, &mut dyn FnMut()),
}

impl Row {
    pub const fn of<P: Peer>() -> Self {
        Self {
            name: P::NAME,
            format: P::FORMAT,
            duration: P::DURATION,
            off: P::OFF,
            warn: P::WARN,
            w1: P::w1,
            w2: P::w2,
            w3: P::w3,
            scope: P::scope,
        }
    }
}
