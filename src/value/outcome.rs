//! How a unit ended.

use std::fmt;

use log::Level;

/// How a unit of work ended.
///
/// `panic` beats `cancelled`, which beats the last word said by
/// [`ok`](crate::Trace::ok), [`error`](crate::Trace::error) and their like.
/// Where nothing was said, nothing is written.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::Outcome;
///
/// let mut trace = traceline::start!("import");
/// trace.error("row 7 is cut").ok(); // the last word counts
/// assert_eq!(trace.outcome(), Some(Outcome::Ok));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what it was to do.
    Ok,
    /// It failed.
    Error,
    /// It was dropped by a panic that began after it started.
    Panic,
    /// It is a future that was dropped before it was ready.
    Cancelled,
}

impl Outcome {
    /// Returns the word in the record: `ok`, `error`, `panic` or `cancelled`.
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

    /// How severe the outcome makes the record.
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
