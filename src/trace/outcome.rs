//! How the unit ended, and how severe its record is.

use std::panic::Location;

use log::Level;

use crate::trace::{State, Trace};
use crate::unit::add;
use crate::value::failure::{self, Cause, Failure, IsResult};
use crate::value::outcome::Outcome;

impl Trace {
    /// Records the error if the result is an `Err`, and returns the result, ready
    /// for `?`.
    ///
    /// The record gets the error's text as `error` and its sources as
    /// `error.chain`; outcome and level become error. A later error replaces an
    /// earlier one. If your code goes on in spite of the error, call
    /// [`recovered`](Trace::recovered).
    ///
    /// A call that itself takes the trace needs its own statement:
    /// `let rows = load(&mut trace); trace.check(rows)?`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn run(trace: &mut traceline::Trace) -> std::io::Result<()> {
    /// let text = trace.check(std::fs::read_to_string("/etc/hostname"))?;
    /// # let _ = text;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn check<R: IsResult<M>, M>(&mut self, result: R) -> R {
        if let Some(cause) = result.failure() {
            self.record(cause);
        }
        result
    }

    /// Records an error; see [`check`](Trace::check).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("auth");
    /// trace.error("unknown token");
    /// assert!(trace.render().ends_with(" error=\"unknown token\""));
    /// assert_eq!(trace.level(), Some(log::Level::Error));
    /// ```
    pub fn error<E: Failure<M> + ?Sized, M>(&mut self, error: &E) -> &mut Self {
        self.record(error.cause())
    }

    fn record(&mut self, cause: Cause<'_>) -> &mut Self {
        match &mut *self.0 {
            State::Here(entry) => {
                entry.catch_up();
                add::record(entry, cause);
            }
            _ => {
                if let Some(limit) = self.value_limit() {
                    let texts = failure::describe(cause, limit);
                    self.with(|entry| add::record_texts(entry, &texts));
                }
            }
        }
        self
    }

    /// Takes back the errors recorded so far, because the unit has recovered from them.
    ///
    /// An outcome of `error` is unset again, and so is the level that it gave the unit. The
    /// text of the last error is no longer the record's `error`: it becomes a fragment. What
    /// raised the level otherwise still counts, [`fail`](Trace::fail) and
    /// [`warn`](Trace::warn) included.
    ///
    /// On a [part](crate::Part), this takes back the errors of that part alone. If nothing
    /// has failed, it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// fn port(trace: &mut traceline::Trace, text: &str) -> u16 {
    ///     trace.check(text.parse()).unwrap_or_else(|_| {
    ///         trace.recovered(); // fragments="[3, 0.003ms] recovered from: invalid digit found in string"
    ///         8080
    ///     })
    /// }
    ///
    /// let mut trace = traceline::start!("connect");
    /// assert_eq!(port(&mut trace, "http"), 8080);
    /// assert_eq!((trace.level(), trace.outcome()), (Some(log::Level::Info), None));
    /// # assert!(trace.render().ends_with("ms] recovered from: invalid digit found in string\""));
    /// ```
    #[track_caller]
    pub fn recovered(&mut self) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| {
            entry.catch_up();
            entry.recover(location);
        })
    }

    /// Sets the outcome to `ok`. An `error` recorded earlier stays in the record; see also
    /// [`recovered`](Trace::recovered).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.set("rows", 3).ok();
    /// assert!(trace.render().contains(" msg=import outcome=ok "));
    /// ```
    #[inline]
    pub fn ok(&mut self) -> &mut Self {
        self.with(|entry| {
            entry.catch_up();
            entry.severity.set_outcome(Outcome::Ok);
        })
    }

    /// Sets the field `status` to an HTTP status, and the level to match.
    ///
    /// A status of 400 or more raises the level to warn. A status of 500 or more
    /// raises it to error and sets the outcome to error. A lower status changes
    /// neither. A [`Schema`](crate::config::Schema) may use another key.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("request");
    /// trace.status(404); // level=warn … status=404
    /// assert_eq!((trace.level(), trace.outcome()), (Some(log::Level::Warn), None));
    /// trace.status(503); // level=error … outcome=error … status=503
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
    /// # assert!(trace.render().ends_with(" status=503"));
    /// ```
    #[inline]
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.with(|entry| entry.set_status(status))
    }

    /// Raises the level of the record; a less severe level changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use log::Level;
    ///
    /// let mut trace = traceline::start!("import");
    /// trace.raise(Level::Warn).raise(Level::Debug);
    /// assert_eq!(trace.level(), Some(Level::Warn));
    /// ```
    #[inline]
    pub fn raise(&mut self, level: Level) -> &mut Self {
        self.with(|entry| entry.severity.raise(level))
    }

    /// Overwrites the level, whatever raised it before. Later calls can raise it again.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use log::Level;
    ///
    /// let mut trace = traceline::start!("health");
    /// trace.warn("cache is cold").set_level(Level::Debug);
    /// assert_eq!(trace.level(), Some(Level::Debug));
    /// trace.raise(Level::Info);
    /// assert_eq!(trace.level(), Some(Level::Info));
    /// ```
    #[inline]
    pub fn set_level(&mut self, level: Level) -> &mut Self {
        self.with(|entry| {
            entry.catch_up();
            entry.severity.set_level(level);
        })
    }

    /// Returns the level that the record would have now; `None` if disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// assert_eq!(trace.level(), Some(log::Level::Info));
    /// trace.error("disk full");
    /// assert_eq!(trace.level(), Some(log::Level::Error));
    /// ```
    pub fn level(&self) -> Option<Level> {
        self.look(|entry| entry.severity.level())
    }

    /// Returns the outcome, if one has been set.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// assert_eq!(trace.outcome(), None);
    /// trace.ok();
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Ok));
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.look(|entry| entry.severity.outcome())?
    }

    /// Sets any outcome, including those that have no public method of their own.
    pub(crate) fn set_outcome(&mut self, outcome: Outcome) {
        self.with(|entry| entry.severity.set_outcome(outcome));
    }

    /// Sets the outcome to `cancelled`, unless it is `panic`. A handle of `run!` leaves
    /// the unit to those who run it.
    pub(crate) fn cancel(&mut self) {
        if let State::Handle(_) = *self.0 {
            return;
        }
        self.with(|entry| {
            if entry.severity.outcome() != Some(Outcome::Panic) {
                entry.severity.set_outcome(Outcome::Cancelled);
            }
        });
    }

    /// Sets the outcome to `ok`, unless the code itself has set one.
    pub(crate) fn ok_unless_said(&mut self) {
        if self.outcome().is_none() {
            self.ok();
        }
    }

    /// Takes the outcome from a result.
    pub(crate) fn take_outcome<M>(&mut self, result: &impl IsResult<M>) {
        match result.failure() {
            None => self.ok_unless_said(),
            Some(cause) => _ = self.record(cause),
        }
    }
}
