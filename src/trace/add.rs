//! Fragments: texts with a time and the source line of the call.

use std::panic::Location;

use log::Level;

use crate::trace::{State, Trace};
use crate::value::eager;
use crate::value::message::{Message, Text};

// If a call has one argument too many, the compiler prints the signature exactly as
// it stands here, so a comment in it can suggest what to write instead.
impl Trace {
    /// Adds a fragment: a text with the time and the source line of this call.
    ///
    /// [`add!`](crate::add!) formats its text in place.
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
        self.fragment(message, None, location)
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
        self.__add_at(Level::Warn, message)
    }

    /// Adds a fragment, raises the level to error and sets the outcome to error.
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
        self.__add_at(Level::Error, message)
    }

    /// Adds a fragment with a level; `add!` with a level expands to this.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __add_at(&mut self, level: Level, message: impl Message) -> &mut Self {
        let location = Location::caller();
        self.fragment(message, Some(level), location)
    }

    #[inline(always)]
    fn fragment(
        &mut self,
        message: impl Message,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) -> &mut Self {
        match &mut *self.0 {
            State::Here(entry) => entry.add(message.text(), level, location),
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => {}
            _ => self.add_lent(message, level, location),
        }
        self
    }

    /// Adds to an entry that may be current: the text is formatted first.
    #[inline(never)]
    fn add_lent(
        &mut self,
        message: impl Message,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) {
        let limit = self.value_limit();
        let add = |text: Text<'_>| _ = self.with(|entry| entry.add(text, level, location));
        eager::message(message.text(), || limit, add);
    }
}
