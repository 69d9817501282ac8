//! The builder of a configuration. It only collects settings; `build` checks all of
//! them together, so that their order does not matter.

use std::io::IsTerminal;
use std::sync::Arc;

use log::Log;

use crate::base::clock::{Clock, TimeSource};
use crate::config::check::ConfigError;
use crate::config::choices::{Color, Format, Integers, LineTag, NonFinite, Output};
use crate::config::finished::FinishedUnit;
use crate::config::names::{Name, Names};
use crate::config::process::{self, Config};
use crate::config::sampling::Sampling;
use crate::config::schema::{Forms, Schema};
use crate::config::settings::Settings;
use crate::ids::source::{IdMaker, IdSource};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// Collects settings, which [`build`](ConfigBuilder::build) checks.
///
/// | setting | default |
/// |---|---|
/// | [`format`](Self::format) | logfmt |
/// | [`output`](Self::output) | a line of text |
/// | [`header`](Self::header) | written |
/// | [`schema`](Self::schema), [`name`](Self::name) | the default names |
/// | [`field`](Self::field), [`redact`](Self::redact) | none |
/// | [`fraction_digits`](Self::fraction_digits) | 6 |
/// | [`line_tag`](Self::line_tag) | the line |
/// | [`max_fields`](Self::max_fields), [`max_fragments`](Self::max_fragments) | 256 each |
/// | [`max_record`](Self::max_record) | 16 KiB |
/// | [`max_value`](Self::max_value) | 8 KiB, or `max_record` if that is less |
/// | [`non_finite`](Self::non_finite) | `null` |
/// | [`integers`](Self::integers) | strings beyond 64 bits |
/// | [`unicode_keys`](Self::unicode_keys) | no |
/// | [`color`](Self::color) | if standard error is a terminal, unless `NO_COLOR` is set |
/// | [`target`](Self::target) | `traceline` |
/// | [`logger`](Self::logger) | the global one of `log` |
/// | [`clock`](Self::clock) | the system's |
/// | [`ids`](Self::ids) | random |
/// | [`sampling`](Self::sampling) | every unit is kept |
/// | [`on_emit`](Self::on_emit) | no hook |
/// | [`warn_if_missed`](Self::warn_if_missed) | no |
///
/// # Examples
///
/// ```
/// use traceline::{Config, Format};
///
/// let mut builder = Config::builder().field("service", "shop");
/// if std::env::var_os("LOG_JSON").is_some() {
///     builder = builder.format(Format::Json);
/// }
/// builder.install()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build` or `install` is called"]
pub struct ConfigBuilder {
    settings: Settings,
    color: Color,
    max_value: Option<usize>,
}

/// Defines the setters that store one value.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($value:ident: $type:ty): $($place:ident).+ = $stored:expr;)*) => {
        impl ConfigBuilder {$(
            $(#[$doc])*
            pub fn $name(mut self, $value: $type) -> Self {
                self.$($place).+ = $stored;
                self
            }
        )*}
    };
}

setters! {
    /// Sets the format of records.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, Format};
    ///
    /// let config = Config::builder().format(Format::Json).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().starts_with(r#"{"ts":""#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    format(format: Format): settings.format = format;

    /// Sets whether a record begins with `ts` and `level`. Turn it off for a logger
    /// that prints both itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().header(false).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().starts_with("msg=job duration_ms="));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    header(header: bool): settings.header = header;

    /// Sets how many fields a trace keeps; `dropped_fields` counts the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().max_fields(2).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("a", 1).set("b", 2).set("c", 3);
    /// assert!(trace.render().ends_with(" a=1 b=2 dropped_fields=1"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    max_fields(fields: usize): settings.limits.fields = fields;

    /// Sets how many fragments a trace keeps: half of them the first ones, half the
    /// last ones. `dropped_fragments` counts those in between.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().max_fragments(2).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.add("one").add("two").add("three").add("four");
    /// assert!(trace.render().ends_with("ms] four\" dropped_fragments=2"));
    /// # assert!(trace.render().contains("ms] one; "));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    max_fragments(fragments: usize): settings.limits.fragments = fragments;

    /// Sets the largest record in **bytes**.
    ///
    /// If a record would be longer, all its texts are first cut to the same number of
    /// bytes: as many as fit, but at least 16, and at least 64 for the name, the id
    /// of the request and the errors. If that is not enough, fragments are dropped
    /// from the middle, and then fields from the end. The record counts everything
    /// that was cut or dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().max_record(1_024).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("query", "x".repeat(2_000)).set("rows", 3);
    /// assert!(trace.render().len() <= 1_024);
    /// assert!(trace.render().ends_with(" rows=3 truncated=1"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    max_record(bytes: usize): settings.limits.record = bytes;

    /// Sets how many **bytes** of one value a trace keeps. Longer values are cut, and
    /// `truncated` counts the fields, fragments and errors that were cut. Keys are
    /// cut too, to 1 KiB at most.
    ///
    /// A list is cut between two items. A number takes 9 bytes of the limit (17 if it
    /// has 128 bits, 5 as an `f32`), a text its length plus 5, a time 13, a bool 2, a
    /// null 1, and a nested list 2 more than its items.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().max_value(16).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("query", "select * from orders");
    /// assert!(trace.render().ends_with(" query=\"select * from or\" truncated=1"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    max_value(bytes: usize): max_value = Some(bytes);

    /// Sets how the source line of a fragment is written.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, config::LineTag};
    ///
    /// let config = Config::builder().line_tag(LineTag::FileLine).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.add("picking"); // fragments="[job.rs:5, 0.012ms] picking"
    /// # let text = trace.render();
    /// # assert!(text.contains(".rs:") && !text.contains('/'), "{text}");
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    line_tag(tag: LineTag): settings.line_tag = tag;

    /// Sets how many digits the fraction of a timestamp has: 3, 6 or 9.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().fraction_digits(3).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert_eq!(trace.render().find("Z "), Some("ts=2026-11-21T12:22:48.992".len()));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    fraction_digits(digits: u8): settings.fraction_digits = digits;

    /// Sets whether logfmt keys keep letters and digits beyond ASCII, which not every
    /// reader accepts: lnav reads only the part of the key after the last of them.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().unicode_keys(true).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("größe", 3); // `gr__e` without this setting
    /// assert!(trace.render().ends_with(" größe=3"));
    /// # let mut trace = traceline::start!("job");
    /// # assert!(trace.set("größe", 3).render().ends_with(" gr__e=3"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    unicode_keys(keep: bool): settings.unicode_keys = keep;

    /// Sets how JSON writes NaN and the infinities.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, Format, config::NonFinite};
    ///
    /// let config = Config::builder().format(Format::Json).non_finite(NonFinite::Text).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("ratio", f64::NAN);
    /// assert!(trace.render().ends_with(r#","ratio":"NaN"}"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    non_finite(non_finite: NonFinite): settings.non_finite = non_finite;

    /// Sets which integers JSON writes as strings. Change it for readers that round
    /// large integers, such as Vector, jq and pandas.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, Format, config::Integers};
    ///
    /// let config = Config::builder().format(Format::Json).integers(Integers::Bits53).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("rows", 3).set("id", 1_u64 << 60);
    /// assert!(trace.render().ends_with(r#","rows":3,"id":"1152921504606846976"}"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    integers(integers: Integers): settings.integers = integers;

    /// Sets when [`Format::Pretty`] uses colour.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, Format, config::Color};
    ///
    /// let config = Config::builder().format(Format::Pretty).color(Color::Always).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().starts_with("\x1b[1mjob\x1b[0m ")); // bold
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    color(color: Color): color = color;

    /// Sets the target of traces that are started without a macro: only a macro knows
    /// the module it is in.
    ///
    /// # Examples
    ///
    /// ```
    /// env_logger::Builder::new().parse_filters("myapp=info").init();
    /// traceline::Config::builder().target("myapp").install()?;
    /// assert!(traceline::Trace::new("job").is_enabled());
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    target(target: impl Into<String>): settings.target = target.into();

    /// Sends records to this logger instead of the global one of `log`. Whether a
    /// record is written depends only on the `enabled` of that logger, not on
    /// `log::max_level()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use env_logger::Logger;
    ///
    /// let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
    /// let logger: &'static Logger = Box::leak(Box::new(logger));
    /// let config = traceline::Config::builder().logger(logger).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.is_enabled()); // although `log` has no logger
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    logger(logger: &'static dyn Log): settings.logger = Some(logger);

    /// Takes the time from this clock.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use std::time::{Instant, SystemTime, UNIX_EPOCH};
    ///
    /// use traceline::{Config, config::Clock};
    ///
    /// struct Stopped(Instant);
    ///
    /// impl Clock for Stopped {
    ///     fn now(&self) -> Instant { self.0 }
    ///     fn wall(&self) -> SystemTime { UNIX_EPOCH }
    /// }
    ///
    /// let clock: &'static Stopped = Box::leak(Box::new(Stopped(Instant::now())));
    /// let config = Config::builder().clock(clock).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert_eq!(trace.render(), "ts=1970-01-01T00:00:00.000000Z level=info msg=job duration_ms=0.0");
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    clock(clock: &'static dyn Clock): settings.clock = TimeSource::Custom(clock);

    /// Takes the ids of transactions and units from this source, instead of making
    /// random ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, ids::{IdSource, SpanId, TraceId}};
    ///
    /// struct Fixed;
    ///
    /// impl IdSource for Fixed {
    ///     fn trace_id(&self) -> Option<TraceId> { TraceId::from_bytes([0x7a; 16]) }
    ///     fn span_id(&self) -> Option<SpanId> { SpanId::from_bytes([0x9b; 8]) }
    /// }
    ///
    /// let config = Config::builder().ids(&Fixed).build()?;
    /// let mut trace = traceline::builder!("order").config(&config).start();
    /// let parent = trace.traceparent().map(|parent| parent.to_string());
    /// assert_eq!(
    ///     parent.as_deref(),
    ///     Some("00-7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a-9b9b9b9b9b9b9b9b-01")
    /// );
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    ids(ids: &'static dyn IdSource): settings.ids = IdMaker(Some(ids));

    /// Sets whether a record is handed over as a line of text or as typed key-values.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, config::Output};
    ///
    /// let config = Config::builder().output(Output::KeyValues).build()?;
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    output(output: Output): settings.output = output;

    /// Sets which finished units get a record.
    ///
    /// With sampling, every record has ids, because a hash of the trace id decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, config::Sampling};
    ///
    /// let config = Config::builder().sampling(Sampling::one_in(100)).build()?;
    /// assert!(Config::builder().sampling(Sampling::one_in(0)).build().is_err());
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    sampling(sampling: Sampling): settings.sampling = Some(sampling);

    /// Sets whether the first call of [`current`](crate::current) that finds no unit is reported
    /// as a warning: a record of its own, once per process, with the place of the call and the
    /// [target](Self::target) of this configuration. Only the [installed](Config::install)
    /// configuration counts.
    ///
    /// As with [`current::missed`](crate::current::missed), calls are noticed only in builds with
    /// debug assertions or the feature `testing`. In other builds this setting does nothing.
    ///
    /// The warning never comes from inside a logger or a hook that the library has called,
    /// during a panic or while a thread ends; a later call that finds no unit then warns. If
    /// your logger itself writes to the current unit, wrap it with
    /// [`bridge`](fn@crate::bridge), so that the library also knows of ordinary log calls that
    /// are inside it.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, current};
    ///
    /// Config::builder().target("myapp").warn_if_missed(true).install()?;
    /// current::set("rows", 3);
    /// // WARN myapp: 1 call of `traceline::current` found no unit: src/main.rs:4; make a unit …
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    warn_if_missed(warn: bool): settings.warn_if_missed = warn;
}

impl ConfigBuilder {
    /// Renames one of the names that the library writes. The default name is then free
    /// for your own fields.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, config::Name};
    ///
    /// let config = Config::builder().name(Name::Msg, "unit").build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("msg", "hello"); // ts=… level=info unit=job duration_ms=0.012 msg=hello
    /// assert!(trace.render().contains(" unit=job "));
    /// # assert!(trace.render().ends_with(" msg=hello"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn name(mut self, name: Name, text: impl Into<String>) -> Self {
        self.settings.names.set(name, text.into());
        self
    }

    /// Follows a published schema in its names, its words for levels and outcomes,
    /// its unit of duration and its form of ids. This discards earlier calls of
    /// [`name`](Self::name).
    ///
    /// Only JSON can hold the names of [`Schema::Ecs`] and [`Schema::GoogleCloud`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, Format, config::Schema};
    ///
    /// let config = Config::builder().format(Format::Json).schema(Schema::Ecs).build()?;
    /// let mut trace = traceline::builder!("checkout").config(&config).start();
    /// trace.error("card declined");
    /// // {"@timestamp":"…","log.level":"error","message":"checkout","ecs.version":"8.11.0",
    /// //  "event.outcome":"failure","event.duration":104700000,"error.message":"card declined"}
    /// assert!(trace.render().contains(r#","event.outcome":"failure","event.duration":"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn schema(mut self, schema: Schema<'_>) -> Self {
        self.settings.forms = Forms::from_schema(schema);
        self.settings.names = Names::default();
        for (name, text) in self.settings.forms.names() {
            self.settings.names.set(name, text);
        }
        self
    }

    /// Adds a fixed field, such as `service`, to every record. It comes right after
    /// the message; a field of a trace with the same key gets the suffix `_2`.
    ///
    /// `None` adds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().field("service", "shop").build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().contains(" msg=job service=shop "));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn field(mut self, key: impl Into<String>, value: impl ToValue) -> Self {
        if let Some(value) = OwnedValue::from_value(value.to_value()) {
            self.settings.fixed.push((key.into(), value));
        }
        self
    }

    /// Adds keys whose values must not appear in records; six stars are written
    /// instead.
    ///
    /// A key must match exactly the one that the program sets, before any renaming.
    /// Structured values, fragments and errors are not searched for these keys.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().redact(["password", "card"]).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("user", "paul").set("password", "hunter2");
    /// assert!(trace.render().ends_with(" user=paul password=\"******\""));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn redact<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let keys = keys.into_iter().map(Into::into);
        self.settings.redact.extend(keys);
        self
    }

    /// Sets a hook around the hand-over of each record. The hook gets the unit and
    /// a function that hands the record over. It can attach context that the logger
    /// picks up, such as that of OpenTelemetry or a scope of Sentry.
    ///
    /// Each record is handed over exactly once: if the hook panics or returns without
    /// calling the function, the library calls it; a second call does nothing. The
    /// hook also runs for checkpoints, but not for units that end inside the hook.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::Config;
    ///
    /// # fn attach(_: &str) {}
    /// let config = Config::builder()
    ///     .on_emit(|unit, emit| {
    ///         let _guard = unit.traceparent().map(|ids| attach(&ids.trace_id().to_string()));
    ///         emit();
    ///     })
    ///     .build()?;
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn on_emit(
        mut self,
        hook: impl Fn(&FinishedUnit<'_>, &mut dyn FnMut()) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_emit = Some(Arc::new(hook));
        self
    }

    /// Checks the settings and returns the configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// let config = traceline::Config::builder().max_record(32 * 1024).build();
    /// assert!(config.is_ok());
    /// let error = traceline::Config::builder().max_record(100).build().unwrap_err();
    /// assert_eq!(error.setting(), "max_record");
    /// ```
    ///
    /// # Errors
    ///
    /// If a setting is invalid, or contradicts another one. The error names the
    /// setting and what was expected.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        let limits = &mut self.settings.limits;
        limits.value = self.max_value.unwrap_or(limits.value.min(limits.record));
        self.add_field_of_schema();
        self.settings.check()?;
        let mut settings = self.settings;
        settings.names = settings.names.for_format(settings.format);
        settings.forms = settings.forms.for_format(settings.format);
        settings.redact_renamed_status();
        settings.free_names();
        settings.fill_reserved();
        if let Some((setting, key)) = settings.text_and_object() {
            let expected = "a key that is not an object of the schema";
            return Err(ConfigError::new(setting, expected, format_args!("{key:?}")));
        }
        settings.color = settings.format == Format::Pretty && is_colored(self.color);
        if settings.logger.is_some() {
            process::note_logger();
        }
        Ok(Config {
            settings: Arc::new(settings),
        })
    }

    /// Builds the configuration and [installs](Config::install) it.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// traceline::Config::builder().field("service", "shop").install()?; // once, early in `main`
    /// let trace = traceline::start!("checkout");
    /// assert!(trace.render().contains(" msg=checkout service=shop "));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build) and [`Config::install`].
    pub fn install(self) -> Result<(), ConfigError> {
        self.build()?.install()
    }

    /// Adds the field that a schema requires in every record, unless the user did.
    fn add_field_of_schema(&mut self) {
        let fixed = &mut self.settings.fixed;
        if let Some((key, value)) = self.settings.forms.preset.fixed
            && !fixed.iter().any(|(known, _)| known == key)
        {
            fixed.insert(0, (key.into(), OwnedValue::Text(value.into())));
        }
    }
}

fn is_colored(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            !refused && std::io::stderr().is_terminal()
        }
    }
}

impl Config {
    /// Returns a builder with the default settings.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().header(false).field("service", "shop").build()?;
    /// let trace = traceline::builder!("checkout").config(&config).start();
    /// assert!(trace.render().starts_with("msg=checkout service=shop "));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }
}
