//! What the program knows about where it runs.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the program knows about where it runs.
#[derive(Debug)]
pub struct World {
    /// The width of the screen.
    pub columns: usize,
    /// Whether to use colours.
    pub color: bool,
    /// Whether standard error is a terminal on which a line can be overwritten.
    pub live: bool,
    /// Whether to read no further.
    pub stop: &'static AtomicBool,
}

/// Set by Ctrl-C while the program reads.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C only ends the reading.
static READING: AtomicBool = AtomicBool::new(false);

impl World {
    /// Looks at the environment. `color` is what the user asked for.
    pub fn here(color: Option<bool>) -> World {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal();
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        // See <https://no-color.org> and <https://bixense.com/clicolors>.
        let forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let unwanted = is_dumb || variable("CLICOLOR").is_some_and(|value| value == "0");
        let usual = match variable("NO_COLOR") {
            Some(_) => false,
            None => forced || (terminal && !unwanted),
        };
        World {
            columns: columns(),
            color: color.unwrap_or(usual),
            live: std::io::stderr().is_terminal() && !is_dumb,
            stop: &STOP,
        }
    }

    /// Makes Ctrl-C end the reading, and the program only if it comes again.
    pub fn catch_interrupts() {
        let handler = || {
            let reading = READING.load(Ordering::SeqCst);
            if !reading || STOP.swap(true, Ordering::SeqCst) {
                crate::tui::restore();
                std::process::exit(130);
            }
        };
        // Without a handler, Ctrl-C ends the program, as everywhere.
        let _ = ctrlc::set_handler(handler);
    }

    /// Tells whether the program reads now.
    pub fn reading(&self, is: bool) {
        READING.store(is, Ordering::SeqCst);
    }

    /// Whether Ctrl-C came.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// The value of `COLUMNS`, else the width of the terminal, else 100.
fn columns() -> usize {
    let said = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    said.or_else(terminal).unwrap_or(100)
}

/// Returns the time, in microseconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
