//! The list of fragments that a user would keep by hand with a crate that has no such concept.

use serde::Serialize;
use std::{borrow::Cow, fmt, time::Instant};

#[derive(Debug, Clone, Serialize)]
pub struct Fragment {
    pub at_us: u64,
    pub line: u32,
    pub msg: Cow<'static, str>,
}

#[derive(Debug)]
pub struct Fragments {
    start: Instant,
    pub list: Vec<Fragment>,
}

impl Fragments {
    /// Starts the clock of the unit.
    #[inline]
    pub fn start() -> Self {
        Self { start: Instant::now(), list: Vec::new() }
    }

    #[inline]
    pub fn add(&mut self, line: u32, msg: impl Into<Cow<'static, str>>) {
        let at_us = self.start.elapsed().as_micros() as u64;
        self.list.push(Fragment { at_us, line, msg: msg.into() });
    }

    /// Whole microseconds as milliseconds, as in traceline: no row prints more digits than others.
    #[inline]
    pub fn elapsed_ms(&self) -> f64 {
        self.start.elapsed().as_micros() as f64 / 1000.0
    }
}

/// One fragment as text, for peers whose arrays hold only strings.
impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}us] {}", self.line, self.at_us, self.msg)
    }
}

/// All fragments as one text, for logfmt.
impl fmt::Display for Fragments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fragment) in self.list.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "; " })?;
            fragment.fmt(f)?;
        }
        Ok(())
    }
}
