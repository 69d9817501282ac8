//! The level of a unit's record, and the outcome, which can raise it.

use log::Level;

use crate::base::unwinding::PanicMark;
use crate::value::outcome::Outcome;

/// The level of a unit: the most severe of the one it was given, those it was
/// raised to along the way, and that of its outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Severity {
    given: Level,
    raised: Level,
    outcome: Option<Outcome>,
    /// `false` after `set_level`, until another outcome is set.
    outcome_counts: bool,
    /// Panics before this point have not ended the unit.
    well: PanicMark,
    /// Whether this is the word of the unit: not for a part, unless a handle of the unit
    /// itself writes to it.
    speaks: bool,
    is_level_set: bool,
}

impl Severity {
    pub(crate) fn new(given: Level) -> Severity {
        Severity {
            given,
            raised: Level::Trace,
            outcome: None,
            outcome_counts: true,
            well: PanicMark::now(),
            speaks: true,
            is_level_set: false,
        }
    }

    /// Returns whether this is the word of the unit.
    pub(crate) fn speaks(&self) -> bool {
        self.speaks
    }

    /// Makes this the word of somebody who works for the unit.
    pub(crate) fn step_back(&mut self) {
        self.speaks = false;
    }

    /// Returns the level that the trace was given, which is that of its fragments.
    #[inline]
    pub(crate) fn given(&self) -> Level {
        self.given
    }

    #[inline]
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Returns the level of the record. In `log`, `Error < Warn`: the most severe
    /// is the minimum.
    #[inline]
    pub(crate) fn level(&self) -> Level {
        let level = self.given.min(self.raised);
        match self.outcome.and_then(Outcome::level) {
            Some(by_outcome) if self.outcome_counts => level.min(by_outcome),
            _ => level,
        }
    }

    pub(crate) fn raise(&mut self, level: Level) {
        self.raised = self.raised.min(level);
    }

    /// Overwrites the level, both the given one and any that was reached since.
    pub(crate) fn set_level(&mut self, level: Level) {
        *self = Severity {
            given: level,
            raised: Level::Trace,
            outcome_counts: false,
            is_level_set: true,
            ..*self
        };
    }

    pub(crate) fn set_outcome(&mut self, outcome: Outcome) {
        // In a destructor that runs during a panic, only this shows that another panic was
        // caught before and did not end the unit.
        if outcome == Outcome::Ok && self.well.was_in_unwinding() {
            self.well = PanicMark::now();
        }
        // No later outcome replaces a panic.
        if self.outcome != Some(Outcome::Panic) {
            self.outcome = Some(outcome);
        }
        self.outcome_counts = true;
    }

    /// Takes back the outcome `error`, and with it the level that it gave the unit.
    pub(crate) fn recover(&mut self) {
        self.outcome = self.outcome.filter(|outcome| *outcome != Outcome::Error);
    }

    /// Makes the outcome `panic` if a panic ends the unit: this thread is in an unwinding
    /// that began after the unit did.
    #[inline]
    pub(crate) fn end(&mut self) {
        if self.well.has_panicked_since() {
            self.set_outcome(Outcome::Panic);
        }
    }

    /// Returns whether [`merge`](Self::merge) takes anything from here.
    pub(crate) fn is_merged(&self) -> bool {
        let is_said = self.speaks && (self.outcome.is_some() || self.is_level_set);
        is_said || self.raised != Level::Trace || self.outcome == Some(Outcome::Error)
    }

    /// Takes over the level and the failure of a part, but not the level of its
    /// outcome, which a later `ok` of the unit takes back.
    pub(crate) fn merge(&mut self, part: &Severity) {
        if part.speaks && part.is_level_set {
            self.set_level(part.given);
        }
        self.raise(part.raised);
        match part.outcome {
            // A unit that was cancelled stays so.
            Some(Outcome::Error) if self.outcome != Some(Outcome::Cancelled) => {
                self.set_outcome(Outcome::Error);
            }
            Some(Outcome::Ok) if part.speaks => self.set_outcome(Outcome::Ok),
            _ => {}
        }
        if part.speaks && !self.speaks {
            // Parts are merged into one: what the others said does not count.
            self.speaks = true;
            self.outcome = self
                .outcome
                .filter(|_| part.outcome.is_some() || self.outcome == Some(Outcome::Error));
        }
    }
}
