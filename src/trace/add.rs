use std::panic::Location;

use log::Level;

use crate::trace::Trace;
use crate::value::message::Message;
use crate::value::outcome::Outcome;

// Of a call with one argument too many the compiler shows the signature, as it
// is written here: the comment in it says what to write instead.
impl Trace {
    /// Adds a fragment: a text with its time and the source line of this call.
    ///
    /// [`add!`](crate::add!) formats one.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("auth");
    /// trace.add("header read").add("token found");
    /// // fragments="[2, 0.003ms] header read; [2, 0.004ms] token found"
    /// assert!(trace.render().ends_with("ms] token found\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn add(&mut self, message: impl Message /* add! formats */) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), None, location))
    }

    /// Adds a fragment and raises the level to warn.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.warn("2 rows skipped"); // level=warn … fragments="[2, 0.003ms, warn] 2 rows skipped"
    /// assert_eq!(trace.level(), Some(log::Level::Warn));
    /// assert_eq!(trace.outcome(), None);
    /// # assert!(trace.render().ends_with("ms, warn] 2 rows skipped\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn warn(&mut self, message: impl Message /* add! formats */) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), Some(Level::Warn), location))
    }

    /// Adds a fragment, raises the level to error and makes the outcome an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("checkout");
    /// trace.fail("no stock"); // level=error … outcome=error … fragments="[2, 0.003ms, error] no stock"
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
    /// # assert!(trace.render().ends_with("ms, error] no stock\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn fail(&mut self, message: impl Message /* add! formats */) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| {
            entry.add(message.text(), Some(Level::Error), location);
            entry.severity.set_outcome(Outcome::Error);
        })
    }

    /// What `add!` with a level expands to.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __add_at(&mut self, level: Level, message: impl Message) -> &mut Self {
        // An error is more than a level: it has an outcome.
        if level == Level::Error {
            return self.fail(message);
        }
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), Some(level), location))
    }
}
