//! Starting a trace.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use log::Level;

use crate::base::clock::Stamp;
use crate::config::process;
use crate::config::process::Config;
use crate::emit::hand_over;
#[cfg(feature = "testing")]
use crate::testing;
use crate::thread::spares;
use crate::trace::Trace;
use crate::unit::Entry;
use crate::unit::store::origin::Origin;
use crate::value::key::ToKey;
use crate::value::kind::{Kind, Value};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// Gathers how a trace begins; made by [`builder!`](crate::builder!).
///
/// | setting | default |
/// |---|---|
/// | [`level`](Self::level) | info |
/// | [`target`](Self::target) | the caller's module; of [`Trace::builder`], that of the configuration |
/// | [`config`](Self::config) | the one that is [installed](Config::install) |
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
    name: Cow<'static, str>,
    module: Option<&'static str>,
    target: Option<Cow<'static, str>>,
    level: Level,
    config: Option<&'c Config>,
    /// `None` takes an earlier value back.
    fields: Vec<(String, Given)>,
}

impl<'c> TraceBuilder<'c> {
    #[inline]
    pub(crate) fn new(name: Cow<'static, str>, module: Option<&'static str>) -> TraceBuilder<'c> {
        TraceBuilder {
            name,
            module,
            target: None,
            level: Level::Info,
            config: None,
            fields: Vec::new(),
        }
    }

    /// Sets the level of the record, and of fragments that say nothing else.
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
        self.level = level;
        self
    }

    /// Sets the target that logger filters look at.
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
        self.target = Some(target.into());
        self
    }

    /// Sets the configuration of this trace alone.
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
        self.config = Some(config);
        self
    }

    /// Sets a field that the trace starts with.
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

    /// Sets several fields that the trace starts with.
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

    /// Starts the trace; the time of the unit begins here.
    ///
    /// If the logger would not take even an error of this target, the trace is
    /// disabled, and stays so.
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

    /// Starts for code elsewhere.
    #[inline]
    pub(crate) fn start_at(self, location: &'static Location<'static>) -> Trace {
        if self.config.is_none() && is_off() {
            return Trace::default();
        }
        Trace::from_entry(self.begin(location))
    }

    /// Starts a unit beside another, with its target and configuration.
    pub(crate) fn for_child(
        name: Cow<'static, str>,
        parent: &Entry,
        location: &'static Location<'static>,
    ) -> Trace {
        let config = Config {
            settings: Arc::clone(&parent.settings),
        };
        let builder = TraceBuilder {
            name,
            module: parent.origin.module,
            target: Some(parent.origin.target.clone()),
            level: Level::Info,
            config: Some(&config),
            fields: Vec::new(),
        };
        Trace::from_entry(builder.begin(location))
    }

    #[inline(never)]
    fn begin(self, location: &'static Location<'static>) -> Option<Box<Entry>> {
        #[cfg(feature = "testing")]
        let captured = testing::config_for(self.config);
        #[cfg(not(feature = "testing"))]
        let captured: Option<Config> = None;
        let given = captured.as_ref().or(self.config);
        let config = given.unwrap_or_else(|| process::process());
        let settings = &config.settings;
        let target = self.target.or(self.module.map(Cow::Borrowed));
        let target = target.unwrap_or_else(|| Cow::Owned(settings.target.clone()));
        if !hand_over::would_log(settings, Level::Error, &target) {
            return None;
        }
        let origin = Origin {
            name: self.name,
            target,
            module: self.module,
            location,
            level: self.level,
        };
        let mut entry = spares::take(settings, origin, settings.clock.now());
        entry.was_panicking = std::thread::panicking();
        if settings.header {
            entry.wall = Some(Stamp::new(settings.clock.wall()));
        }
        for (key, value) in &self.fields {
            entry.set_any(crate::value::key::KeyRef::Text(key), value.kind());
        }
        Some(entry)
    }
}

/// What the macros take as the name of a unit.
///
/// Not `Into<Cow<'static, str>>`, for the sake of what the compiler says: of a
/// `&str` that does not live long enough its note shows the name of this trait.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the name of a unit is a literal or a `String`, not `{Self}`",
    label = "expected a literal or a `String`, such as `.to_string()` makes",
    note = "keep the number of names small; what varies belongs in a field: `start!(\"checkout\", user_id = 7)`"
)]
pub trait LiteralOrString {
    fn into_name(self) -> Cow<'static, str>;
}

#[diagnostic::do_not_recommend]
impl LiteralOrString for &'static str {
    #[inline(always)]
    fn into_name(self) -> Cow<'static, str> {
        Cow::Borrowed(self)
    }
}

#[diagnostic::do_not_recommend]
impl LiteralOrString for String {
    #[inline(always)]
    fn into_name(self) -> Cow<'static, str> {
        Cow::Owned(self)
    }
}

#[diagnostic::do_not_recommend]
impl LiteralOrString for Cow<'static, str> {
    #[inline(always)]
    fn into_name(self) -> Cow<'static, str> {
        self
    }
}

/// What `builder!` expands to.
///
/// This and `__start` are no methods: only of a function the compiler shows
/// where its bound on the name stands.
#[doc(hidden)]
#[inline]
pub fn __builder<'c, N: LiteralOrString>(name: N, module: &'static str) -> TraceBuilder<'c> {
    TraceBuilder::new(name.into_name(), Some(module))
}

/// A value until the unit starts.
enum Given {
    Value(Option<OwnedValue>),
    /// Not made a text before the limit is known: the stars are never cut.
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

/// Without the values, which the configuration may redact.
impl fmt::Debug for TraceBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.fields.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("TraceBuilder")
            .field("name", &self.name)
            .field("target", &self.target)
            .field("level", &self.level)
            .field("fields", &keys)
            .finish_non_exhaustive()
    }
}

/// Whether a test wants the units of this thread.
#[inline]
fn is_captured() -> bool {
    #[cfg(feature = "testing")]
    return testing::is_active();
    #[cfg(not(feature = "testing"))]
    false
}

/// Whether no logger could take any record of the process.
#[inline]
pub(crate) fn is_off() -> bool {
    (Level::Error > log::STATIC_MAX_LEVEL || Level::Error > log::max_level())
        && !process::process_has_logger()
        && !is_captured()
}

impl Trace {
    /// Starts a trace without a macro, which cannot know the module it is in:
    /// the target is that of the configuration, `traceline` by default.
    ///
    /// A filter such as `RUST_LOG=myapp=info` drops such a record. Prefer
    /// [`start!`](crate::start!), whose target is the caller's module.
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

    /// Returns a builder; the target is as with [`Trace::new`], unless it is set.
    /// Prefer [`builder!`](crate::builder!).
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

/// What `start!` expands to.
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn __start<N: LiteralOrString>(name: N, module: &'static str) -> Trace {
    // The whole cost of a unit while logging is off: not even a builder.
    if is_off() {
        return Trace::default();
    }
    TraceBuilder::new(name.into_name(), Some(module)).start()
}
