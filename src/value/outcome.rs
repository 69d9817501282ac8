//! How a unit of work ended: in words, and as a level.

use std::fmt;

use log::Level;

/// How a unit of work ended.
///
/// `panic` beats `cancelled`, and both beat the last call of
/// [`ok`](crate::Trace::ok), [`error`](crate::Trace::error) and the like. Without
/// any of these the record has no outcome.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::Outcome;
///
/// let mut trace = traceline::start!("import");
/// trace.error("row 7 is cut").ok(); // the last call counts
/// assert_eq!(trace.outcome(), Some(Outcome::Ok));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
    /// It was dropped by a panic that began after its start.
    Panic,
    /// It was a future that was dropped before it was ready.
    Cancelled,
}

impl Outcome {
    /// Returns the word that stands in the record: `ok`, `error`, `panic` or `cancelled`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(traceline::Outcome::Cancelled.as_str(), "cancelled");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Panic => "panic",
            Outcome::Cancelled => "cancelled",
        }
    }

    /// Returns the level to which the outcome raises the record.
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            Outcome::Ok => None,
            Outcome::Error | Outcome::Panic => Some(Level::Error),
            Outcome::Cancelled => Some(Level::Warn),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
