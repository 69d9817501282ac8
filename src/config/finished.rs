//! A unit that is over, to look at.

use std::fmt;
use std::time::Duration;

use log::Level;

use crate::ids::traceparent::TraceParent;
use crate::value::outcome::Outcome;
use crate::value::owned::OwnedValue;

/// A finished unit of work, as rules of [`Sampling`](crate::config::Sampling) and hooks
/// of [`on_emit`](crate::config::ConfigBuilder::on_emit) see it.
///
/// Keys and values are those that the program gave: nothing is renamed yet,
/// and what [`redact`](crate::config::ConfigBuilder::redact) hides is hidden here too.
///
/// # Examples
///
/// ```
/// use traceline::{config::{FinishedUnit, Sampling}, Config};
///
/// fn is_of_a_partner(unit: &FinishedUnit<'_>) -> bool {
///     unit.text("plan") == Some("partner")
/// }
///
/// let config = Config::builder().sampling(Sampling::one_in(100).keep_if(is_of_a_partner)).build()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
pub struct FinishedUnit<'a>(&'a dyn Finished);

/// What a view shows; implemented where the data is known.
pub(crate) trait Finished {
    fn name(&self) -> &str;
    fn target(&self) -> &str;
    fn level(&self) -> Level;
    fn outcome(&self) -> Option<Outcome>;
    fn duration(&self) -> Duration;
    fn is_partial(&self) -> bool;
    fn traceparent(&self) -> Option<TraceParent>;
    fn parent(&self) -> Option<crate::ids::id::SpanId>;
    fn request_id(&self) -> Option<&str>;
    fn error(&self) -> Option<&str>;
    fn get(&self, key: &str) -> Option<OwnedValue>;
    fn text(&self, key: &str) -> Option<&str>;
    fn each_field(&self, see: &mut dyn FnMut(&str, OwnedValue));
    fn each_fragment<'f>(&'f self, see: &mut dyn FnMut(Fragment<'f>));
}

/// A fragment of a finished unit.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use std::sync::{Arc, Mutex};
///
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let keep = Arc::clone(&seen);
/// let config = traceline::Config::builder().on_emit(move |unit, emit| {
///     let fragments = unit.fragments();
///     keep.lock().unwrap().extend(fragments.iter().map(|fragment| fragment.text.to_owned()));
///     emit();
/// }).build()?;
/// traceline::builder!("import").config(&config).start().add("reading");
/// assert_eq!(*seen.lock().unwrap(), ["reading"]);
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fragment<'a> {
    /// How long after the start of the unit it was added.
    pub at: Duration,
    /// The path of the source file, as the compiler knows it.
    pub file: &'a str,
    /// The line in that file.
    pub line: u32,
    /// The level, where the fragment has one of its own.
    pub level: Option<Level>,
    /// The text.
    pub text: &'a str,
}

impl<'a> FinishedUnit<'a> {
    pub(crate) fn new(data: &'a dyn Finished) -> FinishedUnit<'a> {
        FinishedUnit(data)
    }

    /// Returns the name of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.name() == "auth");
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn name(&self) -> &'a str {
        self.0.name()
    }

    /// Returns the target of its record.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.target().starts_with("jobs"));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("nightly").config(&config).target("jobs::nightly").start().ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn target(&self) -> &'a str {
        self.0.target()
    }

    /// Returns the level of its record.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.level() == traceline::Level::Info);
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn level(&self) -> Level {
        self.0.level()
    }

    /// Returns how it ended, if that was said.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.outcome().is_none());
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().emit();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.outcome()
    }

    /// Returns how long it took, in whole microseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// use std::time::Duration;
    ///
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.duration() >= Duration::from_millis(2));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # let trace = traceline::builder!("auth").config(&config).start();
    /// # std::thread::sleep(Duration::from_millis(3));
    /// # trace.emit();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn duration(&self) -> Duration {
        self.0.duration()
    }

    /// Returns whether it still runs: this is a [checkpoint](crate::Trace::checkpoint).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| !unit.is_partial());
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn is_partial(&self) -> bool {
        self.0.is_partial()
    }

    /// Returns its ids and flags, if it has ids: this unit as a caller.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.traceparent().is_some_and(|ids| ids.is_random()));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.0.traceparent()
    }

    /// Returns the id of the unit that called this one, if that is known.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.parent_id().is_some());
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # let mut order = traceline::builder!("order").config(&config).start();
    /// # order.child("stock").ok();
    /// # order.ok();
    /// # drop(order);
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn parent_id(&self) -> Option<crate::ids::id::SpanId> {
        self.0.parent()
    }

    /// Returns the id of the request, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.request_id() == Some("order-4711"));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().set_request_id("order-4711").ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn request_id(&self) -> Option<&'a str> {
        self.0.request_id()
    }

    /// Returns the text of its error, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.error() == Some("declined"));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().error("declined").set_level(traceline::Level::Info).ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn error(&self) -> Option<&'a str> {
        self.0.error()
    }

    /// Returns the value of a field; of a timer `key`, also of `key.count`,
    /// `key.ms` and `key.max_ms`. Allocates for a text or a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::config::Sampling;
    ///
    /// let rule = Sampling::one_in(100).keep_if(|unit| {
    ///     unit.get("cart.cents").and_then(|cents| cents.as_u64()) > Some(100_000)
    /// });
    /// ```
    pub fn get(&self, key: &str) -> Option<OwnedValue> {
        self.0.get(key)
    }

    /// Returns the value of a field that is a text, without an allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.text("plan") == Some("partner"));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().set("plan", "partner").ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.0.text(key)
    }

    /// Returns all fields in the order they were first set, a timer as its three
    /// numbers once a lap is over. Fixed fields of the configuration are not among them.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.fields().iter().any(|(key, _)| key.starts_with("retry.")));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().set("retry.count", 2).ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn fields(&self) -> Vec<(String, OwnedValue)> {
        let mut fields = Vec::new();
        self.0
            .each_field(&mut |key, value| fields.push((key.to_owned(), value)));
        fields
    }

    /// Returns the fragments, in the order of their times.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # use traceline::{config::Sampling, Config};
    /// let rule = Sampling::one_in(1_000_000_000).keep_if(|unit| unit.fragments().iter().any(|fragment| fragment.text == "retried"));
    /// # let config = Config::builder().sampling(rule).build()?;
    /// # traceline::builder!("auth").config(&config).start().add("retried").ok();
    /// # assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn fragments(&self) -> Vec<Fragment<'a>> {
        let mut fragments = Vec::new();
        self.0
            .each_fragment(&mut |fragment| fragments.push(fragment));
        fragments
    }
}

impl fmt::Debug for FinishedUnit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedUnit")
            .field("name", &self.name())
            .field("level", &self.level())
            .field("outcome", &self.outcome())
            .field("duration", &self.duration())
            .field("fields", &self.fields())
            .finish_non_exhaustive()
    }
}
