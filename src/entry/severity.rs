//! How a unit ended and how severe that makes its record.

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
/// use logtrace::Outcome;
///
/// let mut trace = logtrace::start!("import");
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
    /// assert_eq!(logtrace::Outcome::Cancelled.as_str(), "cancelled");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Panic => "panic",
            Outcome::Cancelled => "cancelled",
        }
    }

    fn level(self) -> Option<Level> {
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

/// The level of a unit: the most severe of what it was given, what happened
/// along the way, and how it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Severity {
    given: Level,
    raised: Level,
    outcome: Option<Outcome>,
    /// `false` after `set_level`, until an outcome is said again.
    outcome_counts: bool,
}

impl Severity {
    pub(crate) fn new(given: Level) -> Severity {
        Severity {
            given,
            raised: Level::Trace,
            outcome: None,
            outcome_counts: true,
        }
    }

    /// The level that the trace was given, which is that of its fragments.
    #[inline]
    pub(crate) fn given(&self) -> Level {
        self.given
    }

    #[inline]
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// In `log`, `Error < Warn`: the most severe is the minimum.
    #[inline]
    pub(crate) fn level(&self) -> Level {
        let said = self.outcome.filter(|_| self.outcome_counts);
        let level = self.given.min(self.raised);
        said.and_then(Outcome::level)
            .map_or(level, |by_outcome| level.min(by_outcome))
    }

    pub(crate) fn raise(&mut self, level: Level) {
        self.raised = self.raised.min(level);
    }

    /// Overwrites all that was given, raised or said so far.
    pub(crate) fn set_level(&mut self, level: Level) {
        *self = Severity {
            given: level,
            raised: Level::Trace,
            outcome_counts: false,
            ..*self
        };
    }

    pub(crate) fn set_outcome(&mut self, outcome: Outcome) {
        // What is said after a panic does not take it back.
        if self.outcome != Some(Outcome::Panic) {
            self.outcome = Some(outcome);
        }
        self.outcome_counts = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_most_severe_of_given_raised_and_outcome() {
        let mut severity = Severity::new(Level::Info);
        assert_eq!(severity.level(), Level::Info);
        severity.raise(Level::Warn);
        severity.raise(Level::Debug);
        assert_eq!(severity.level(), Level::Warn);
        severity.set_outcome(Outcome::Error);
        assert_eq!(severity.level(), Level::Error);
        severity.set_outcome(Outcome::Ok);
        assert_eq!(severity.level(), Level::Warn);
    }

    #[test]
    fn set_level_overwrites_and_later_raises_count_again() {
        let mut severity = Severity::new(Level::Info);
        severity.set_outcome(Outcome::Error);
        severity.set_level(Level::Debug);
        assert_eq!(
            (severity.level(), severity.outcome()),
            (Level::Debug, Some(Outcome::Error))
        );
        severity.raise(Level::Info);
        assert_eq!(severity.level(), Level::Info);
        severity.set_outcome(Outcome::Panic);
        assert_eq!(severity.level(), Level::Error);
    }
}
