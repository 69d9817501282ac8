//! How severe a unit's record is.

use log::Level;

use crate::value::outcome::Outcome;

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

    /// What it was raised to, be it more severe than what was given or not.
    pub(crate) fn raised(&self) -> Level {
        self.raised
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
