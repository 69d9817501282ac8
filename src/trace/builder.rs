//! How a trace starts: the settings of a unit, and whether it is enabled at all.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use log::Level;

use crate::config::process::Config;
use crate::trace::Trace;
use crate::trace::begin::{Around, Unit, is_off};
use crate::unit::UnitHub;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::trace_ids::SharedIds;
use crate::value::key::{KeyRef, ToKey};
use crate::value::kind::{Kind, Value};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// Collects the settings of a trace before it starts; made by
/// [`builder!`](crate::builder!).
///
/// | setting | default |
/// |---|---|
/// | [`level`](Self::level) | info |
/// | [`target`](Self::target) | the caller's module; with [`Trace::builder`], the configuration's target |
/// | [`config`](Self::config) | the [installed](Config::install) configuration |
/// | [`root`](Self::root) | the unit is inside the current one |
///
/// # Examples
///
/// ```
/// let mut trace = traceline::builder!("nightly")
///     .level(log::Level::Debug)
///     .target("jobs")
///     .field("shard", 3)
///     .start();
/// ```
#[must_use = "a builder does nothing until `start` is called"]
pub struct TraceBuilder<'c> {
    unit: Unit<'c>,
    fields: Vec<(String, Given)>,
}

impl<'c> TraceBuilder<'c> {
    #[inline]
    pub(crate) fn new(name: Cow<'static, str>, module: Option<&'static str>) -> TraceBuilder<'c> {
        TraceBuilder {
            unit: Unit::new(name, module),
            fields: Vec::new(),
        }
    }

    /// Sets the level of the record, and of fragments without a level of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::builder!("health").level(log::Level::Debug).start();
    /// assert_eq!(trace.level(), Some(log::Level::Debug));
    /// ```
    #[inline]
    pub fn level(mut self, level: Level) -> Self {
        self.unit.level = level;
        self
    }

    /// Sets the target, by which loggers filter.
    ///
    /// # Examples
    ///
    /// ```
    /// env_logger::Builder::new().parse_filters("jobs=info").init();
    /// assert!(traceline::builder!("nightly").target("jobs").start().is_enabled());
    /// assert!(!traceline::builder!("nightly").target("web").start().is_enabled());
    /// ```
    #[inline]
    pub fn target(mut self, target: impl Into<Cow<'static, str>>) -> Self {
        self.unit.target = Some(target.into());
        self
    }

    /// Sets the configuration of this trace only.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let json = traceline::Config::builder().format(traceline::Format::Json).build()?;
    /// let mut trace = traceline::builder!("nightly").config(&json).start();
    /// trace.set("shard", 3);
    /// assert!(trace.render().ends_with(r#","shard":3}"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    #[inline]
    pub fn config(mut self, config: &'c Config) -> Self {
        self.unit.config = Some(config);
        self
    }

    /// Starts a transaction of its own, even if another unit is current.
    ///
    /// Without it, a unit that starts while another is current belongs to the transaction of
    /// that one; [`current`](crate::current) describes what they share. Units that start
    /// inside a root unit share the ids of the root unit. `start!` has the setting
    /// `root: true`.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut poll = traceline::start!("poll");
    /// poll.scope(|| {
    ///     let mut order = traceline::builder!("order").root().start();
    ///     assert_ne!(order.trace_id(), traceline::current::trace_id());
    /// });
    /// ```
    #[inline]
    pub fn root(mut self) -> Self {
        self.unit.around = Around::Nothing;
        self
    }

    /// Adds a field that the trace starts with.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::builder!("nightly").field("shard", 3).field("retry", false).start();
    /// assert!(trace.render().ends_with(" shard=3 retry=false"));
    /// ```
    pub fn field(mut self, key: impl ToKey, value: impl ToValue) -> Self {
        let key = key.to_key().0.as_str().to_owned();
        self.fields.push((key, Given::new(value.to_value())));
        self
    }

    /// Adds several fields that the trace starts with.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let ids = [("cart_id", 7), ("user_id", 42)];
    /// let trace = traceline::builder!("checkout").fields(ids).start();
    /// assert!(trace.render().ends_with(" cart_id=7 user_id=42"));
    /// ```
    pub fn fields<K: ToKey, V: ToValue>(self, fields: impl IntoIterator<Item = (K, V)>) -> Self {
        fields
            .into_iter()
            .fold(self, |builder, (key, value)| builder.field(key, value))
    }

    /// Starts the trace, and with it the unit's clock.
    ///
    /// If the logger would reject even an error with this target, the trace is
    /// disabled and stays disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let builder = traceline::builder!("nightly").field("shard", 3);
    /// let trace = builder.start(); // duration_ms counts from here
    /// assert!(trace.is_enabled());
    /// ```
    #[inline]
    #[track_caller]
    pub fn start(self) -> Trace {
        self.start_at(Location::caller())
    }

    /// Starts a unit that belongs to code at the given place.
    #[inline]
    pub(crate) fn start_at(self, location: &'static Location<'static>) -> Trace {
        let is_root = matches!(self.unit.around, Around::Nothing);
        let begun = match self.unit.config.is_none() && is_off() {
            true => None,
            false => self.unit.begin(location),
        };
        let Some(mut entry) = begun else {
            // With ids of its own, which are made when first needed.
            return Trace::passing_on(is_root.then(Forwarded::default));
        };
        for (key, value) in &self.fields {
            entry.set_any(KeyRef::Text(key), value.kind());
        }
        Trace::from_entry(Some(entry))
    }

    /// Starts a unit with the target and the configuration of another.
    pub(crate) fn for_child(
        name: Cow<'static, str>,
        parent: &Arc<UnitHub>,
        location: &'static Location<'static>,
    ) -> Trace {
        let config = Config {
            settings: Arc::clone(&parent.settings),
        };
        let unit = Unit {
            target: Some(parent.origin.target.clone()),
            config: Some(&config),
            around: Around::Unit(parent),
            ..Unit::new(name, parent.origin.module)
        };
        match unit.begin(location) {
            Some(mut entry) => {
                entry.make_ids();
                Trace::from_entry(Some(entry))
            }
            None => {
                let pass_on = |ids: &SharedIds| Forwarded::new(&ids.outgoing());
                Trace::passing_on(Some(parent.with_ids(true, pass_on)))
            }
        }
    }
}

/// A name of a unit, as the macros take it.
///
/// The macros do not ask for `Into<Cow<'static, str>>`, because the compiler
/// prints the name of the bound when a `&str` does not live long enough.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the name of a unit is a literal or a `String`, not `{Self}`",
    label = "expected a literal or a `String`, such as `.to_string()` makes",
    note = "keep the number of names small; what varies belongs in a field: `start!(\"checkout\", user_id = 7)`"
)]
pub trait LiteralOrString: Into<Cow<'static, str>> {}

#[diagnostic::do_not_recommend]
impl LiteralOrString for &'static str {}

#[diagnostic::do_not_recommend]
impl LiteralOrString for String {}

#[diagnostic::do_not_recommend]
impl LiteralOrString for Cow<'static, str> {}

/// Makes a builder; `builder!` expands to this.
///
/// This and `__start` are functions rather than methods, because the compiler
/// then points at the bound on the name.
#[doc(hidden)]
#[inline]
pub fn __builder<'c, N: LiteralOrString>(name: N, module: &'static str) -> TraceBuilder<'c> {
    TraceBuilder::new(name.into(), Some(module))
}

/// The value of a field until the unit starts.
enum Given {
    /// `None` removes a field that was given earlier.
    Value(Option<OwnedValue>),
    /// Kept as it is until the limit is known, because the stars are never cut.
    Mask(String, usize),
}

impl Given {
    fn new(value: Value<'_>) -> Given {
        match value.0 {
            Kind::Mask(text, shown) => Given::Mask(text.to_owned(), shown),
            _ => Given::Value(OwnedValue::from_value(value)),
        }
    }

    fn kind(&self) -> Kind<'_> {
        match self {
            Given::Value(value) => value.to_value().0,
            Given::Mask(text, shown) => Kind::Mask(text, *shown),
        }
    }
}

/// Leaves the values out, since the configuration may redact them.
impl fmt::Debug for TraceBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.fields.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("TraceBuilder")
            .field("name", &self.unit.name)
            .field("target", &self.unit.target)
            .field("level", &self.unit.level)
            .field("fields", &keys)
            .finish_non_exhaustive()
    }
}

impl Trace {
    /// Starts a trace. Prefer [`start!`](crate::start!), which uses the caller's
    /// module as the target.
    ///
    /// A function cannot know the module it is called from, so the target is the
    /// configuration's, which is `traceline` by default. A filter such as
    /// `RUST_LOG=myapp=info` drops its record.
    ///
    /// # Examples
    ///
    /// ```
    /// env_logger::Builder::new().parse_filters("myapp=info").init();
    /// assert!(traceline::start!("nightly", target: "myapp::jobs").is_enabled());
    /// assert!(!traceline::Trace::new("nightly").is_enabled()); // its target is `traceline`
    /// ```
    #[inline]
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Trace {
        TraceBuilder::new(name.into(), None).start()
    }

    /// Returns a builder. Prefer [`builder!`](crate::builder!), which uses the
    /// caller's module as the target.
    ///
    /// The target is the configuration's, as with [`Trace::new`], unless you set it.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::Trace::builder("nightly").target("jobs").field("shard", 3).start();
    /// assert!(trace.render().ends_with(" shard=3"));
    /// ```
    #[inline]
    pub fn builder<'c>(name: impl Into<Cow<'static, str>>) -> TraceBuilder<'c> {
        TraceBuilder::new(name.into(), None)
    }
}

/// Starts a trace; `start!` expands to this.
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn __start<N: LiteralOrString>(name: N, module: &'static str) -> Trace {
    // With logging off, this is the whole cost of a unit: not even a builder.
    if is_off() {
        return Trace::default();
    }
    let unit = Unit::new(name.into(), Some(module));
    Trace::from_entry(unit.begin(Location::caller()))
}
