//! A finished unit as sampling rules and hooks see it: plain data, and a reference to
//! the parts that most of them never read.

use std::fmt;
use std::time::Duration;

use log::Level;

use crate::ids::id::SpanId;
use crate::ids::traceparent::TraceParent;
use crate::value::outcome::Outcome;
use crate::value::owned::OwnedValue;

/// A finished unit of work, as rules of [`Sampling`](crate::config::Sampling) and hooks
/// of [`on_emit`](crate::config::ConfigBuilder::on_emit) see it.
///
/// Keys and values are those that the program set: nothing has been renamed yet.
/// Values that [`redact`](crate::config::ConfigBuilder::redact) hides are hidden here
/// too.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::Config;
/// use traceline::config::{FinishedUnit, Sampling};
///
/// fn is_of_a_partner(unit: &FinishedUnit<'_>) -> bool {
///     unit.text("plan") == Some("partner")
/// }
///
/// let rule = Sampling::one_in(1_000_000_000).keep_if(is_of_a_partner);
/// let config = Config::builder().sampling(rule).build()?;
/// traceline::builder!("order").config(&config).start().set("plan", "partner").ok();
/// assert_eq!(config.sampled().kept, 1);
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
pub struct FinishedUnit<'a> {
    pub(crate) name: &'a str,
    pub(crate) target: &'a str,
    pub(crate) level: Level,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) duration: Duration,
    pub(crate) is_partial: bool,
    pub(crate) traceparent: Option<TraceParent>,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) contents: &'a dyn Contents,
}

/// Fields and fragments, read only on demand. A trait, because their owner lives above
/// this room.
pub(crate) trait Contents {
    fn get(&self, key: &str) -> Option<OwnedValue>;
    fn text(&self, key: &str) -> Option<&str>;
    fn fields(&self) -> Vec<(String, OwnedValue)>;
    fn fragments(&self) -> Vec<Fragment<'_>>;
}

/// A fragment of a finished unit, borrowed from it.
///
/// Not to be confused with `testing::Fragment`, the same fragment in a captured record,
/// which owns its texts.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use traceline::config::Fragment;
///
/// fn is_late(fragment: &Fragment<'_>) -> bool {
///     fragment.at > Duration::from_secs(2) && fragment.text.starts_with("retry")
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fragment<'a> {
    /// How long after the start of the unit the fragment was added.
    pub at: Duration,
    /// The path of the source file, as the compiler reports it.
    pub file: &'a str,
    /// The line in that file.
    pub line: u32,
    /// The level, if the fragment has one of its own.
    pub level: Option<Level>,
    /// The text.
    pub text: &'a str,
}

impl<'a> FinishedUnit<'a> {
    /// Returns the name of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_login = |unit: &FinishedUnit<'_>| unit.name() == "login";
    /// ```
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the target of its record.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_job = |unit: &FinishedUnit<'_>| unit.target().starts_with("jobs");
    /// ```
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// Returns the level of its record.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::Level;
    /// # use traceline::config::FinishedUnit;
    /// let is_severe = |unit: &FinishedUnit<'_>| unit.level() <= Level::Warn;
    /// ```
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns how the unit ended, if an outcome was set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::Outcome;
    /// # use traceline::config::FinishedUnit;
    /// let failed = |unit: &FinishedUnit<'_>| unit.outcome() == Some(Outcome::Error);
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Returns how long the unit took, in whole microseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use traceline::config::FinishedUnit;
    /// let is_slow = |unit: &FinishedUnit<'_>| unit.duration() >= Duration::from_millis(500);
    /// ```
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns whether the unit is still running, because this is a
    /// [checkpoint](crate::Trace::checkpoint).
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_last = |unit: &FinishedUnit<'_>| !unit.is_partial();
    /// ```
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Returns the ids and flags of this unit as the units it calls see them, if it has ids.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_sampled = |unit: &FinishedUnit<'_>| unit.traceparent().is_some_and(|ids| ids.is_sampled());
    /// ```
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.traceparent
    }

    /// Returns the id of the unit that called this one, if it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_root = |unit: &FinishedUnit<'_>| unit.parent_id().is_none();
    /// ```
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent_id
    }

    /// Returns the id of the request, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_ours = |unit: &FinishedUnit<'_>| unit.request_id() == Some("order-4711");
    /// ```
    pub fn request_id(&self) -> Option<&'a str> {
        self.request_id
    }

    /// Returns the text of the error, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let was_declined = |unit: &FinishedUnit<'_>| unit.error() == Some("declined");
    /// ```
    pub fn error(&self) -> Option<&'a str> {
        self.error
    }

    /// Returns the value of a field. The values of a timer `key` are found under
    /// `key.count`, `key.ms`, `key.max_ms` and, if laps overlapped, `key.wall_ms`. A text
    /// or a list is copied, which allocates.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_large = |unit: &FinishedUnit<'_>| unit.get("cart.cents").and_then(|cents| cents.as_u64()) > Some(100_000);
    /// ```
    pub fn get(&self, key: &str) -> Option<OwnedValue> {
        self.contents.get(key)
    }

    /// Returns the value of a field that is a text, without an allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let is_of_a_partner = |unit: &FinishedUnit<'_>| unit.text("plan") == Some("partner");
    /// ```
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.contents.text(key)
    }

    /// Returns all fields in the order they were first set, a timer as its three
    /// numbers once a lap is over. Fixed fields of the configuration are not included.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let retried = |unit: &FinishedUnit<'_>| unit.fields().iter().any(|(key, _)| key.starts_with("retry."));
    /// ```
    pub fn fields(&self) -> Vec<(String, OwnedValue)> {
        self.contents.fields()
    }

    /// Returns the fragments, in the order of their times.
    ///
    /// # Examples
    ///
    /// ```
    /// # use traceline::config::FinishedUnit;
    /// let retried = |unit: &FinishedUnit<'_>| unit.fragments().iter().any(|fragment| fragment.text == "retried");
    /// ```
    pub fn fragments(&self) -> Vec<Fragment<'a>> {
        self.contents.fragments()
    }
}

impl fmt::Debug for FinishedUnit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedUnit")
            .field("name", &self.name)
            .field("level", &self.level)
            .field("outcome", &self.outcome)
            .field("duration", &self.duration)
            .field("fields", &self.fields())
            .finish_non_exhaustive()
    }
}
