//! Building a configuration.

use std::io::IsTerminal;
use std::sync::Arc;

use log::Log;

use crate::base::clock::{Clock, TimeSource};
use crate::config::check::ConfigError;
use crate::config::choices::{Color, Format, Integers, LineTag, NonFinite, Output};
use crate::config::finished::FinishedUnit;
use crate::config::names::{Name, Names};
use crate::config::process::Config;
use crate::config::sampling::Sampling;
use crate::config::schema::{Forms, Schema};
use crate::config::settings::Settings;
use crate::ids::source::{IdMaker, IdSource};
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

/// Gathers settings; [`build`](ConfigBuilder::build) checks them.
///
/// | setting | default |
/// |---|---|
/// | [`format`](Self::format) | logfmt |
/// | [`header`](Self::header) | written |
/// | [`fraction_digits`](Self::fraction_digits) | 6 |
/// | [`line_tag`](Self::line_tag) | the line |
/// | [`max_fields`](Self::max_fields), [`max_fragments`](Self::max_fragments) | 256 each |
/// | [`max_record`](Self::max_record) | 16 KiB |
/// | [`max_value`](Self::max_value) | 8 KiB, or the record's limit if that is less |
/// | [`non_finite`](Self::non_finite) | `null` |
/// | [`integers`](Self::integers) | strings outside 64 bits |
/// | [`unicode_keys`](Self::unicode_keys) | no |
/// | [`color`](Self::color) | on a terminal, without `NO_COLOR` |
/// | [`target`](Self::target) | `traceline` |
/// | [`logger`](Self::logger) | the global one of `log` |
/// | [`clock`](Self::clock) | the system's |
/// | [`ids`](Self::ids) | random |
/// | [`names`](Self::names) | none: the default names |
/// | [`output`](Self::output) | a line of text |
/// | [`sampling`](Self::sampling) | all units are kept |
/// | [`on_emit`](Self::on_emit) | no hook |
///
/// # Examples
///
/// ```
/// use traceline::{config::ConfigBuilder, Config, Format};
///
/// let mut builder: ConfigBuilder = Config::builder().field("service", "shop");
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

impl ConfigBuilder {
    /// Sets the text of records.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().format(traceline::Format::Json).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().starts_with(r#"{"ts":""#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn format(mut self, format: Format) -> Self {
        self.settings.format = format;
        self
    }

    /// Sets whether a record begins with `ts` and `level`. Leave them out for a
    /// logger that prints both itself.
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
    pub fn header(mut self, header: bool) -> Self {
        self.settings.header = header;
        self
    }

    /// Sets what one of the library's own names is called. The default name is
    /// then free for users' fields.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().name(traceline::config::Name::Msg, "unit").build()?;
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

    /// Adds a field that every record has, such as `service`. It stands right
    /// after the message; a user's field of the same key gets `_2`.
    ///
    /// A value that is `None` adds nothing.
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

    /// Sets how many fields a trace holds; more are counted in `dropped_fields`.
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
    pub fn max_fields(mut self, fields: usize) -> Self {
        self.settings.limits.fields = fields;
        self
    }

    /// Sets how many fragments a trace holds, the first and the last halves;
    /// more are counted in `dropped_fragments`.
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
    pub fn max_fragments(mut self, fragments: usize) -> Self {
        self.settings.limits.fragments = fragments;
        self
    }

    /// Sets the largest record in bytes. The longest values of a longer one are
    /// cut, then fragments and fields left out, each counted in the record.
    ///
    /// All texts are cut to the same number of bytes, as many as fit: to 16 at
    /// least, and the name, the id of the request and the errors to 64. Where that
    /// is not enough, fragments go, of which the first and the last are kept, and
    /// where it is without any, the last fields.
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
    pub fn max_record(mut self, bytes: usize) -> Self {
        self.settings.limits.record = bytes;
        self
    }

    /// Sets how many bytes of one value a trace keeps; more are cut and counted
    /// in `truncated`, once a field. The same holds for keys, of which 1 KiB is
    /// kept at most.
    ///
    /// A list is cut between two items. Of the limit, a number takes 9 bytes (17
    /// of 128 bits, 5 as an `f32`), a text its length and 5, a time 13, a bool 2,
    /// a null 1, and a list inside of it 2 more than its items.
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
    pub fn max_value(mut self, bytes: usize) -> Self {
        self.max_value = Some(bytes);
        self
    }

    /// Adds keys whose values never leave: the record has six stars in their place.
    ///
    /// Keys are compared as the user gives them, letter for letter. Those inside of
    /// a structured value are not looked at, nor are fragments and errors.
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
        self.settings
            .redact
            .extend(keys.into_iter().map(Into::into));
        self
    }

    /// Sets how the source line of a fragment is written.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().line_tag(traceline::config::LineTag::FileLine).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.add("picking"); // fragments="[job.rs:3, 0.012ms] picking"
    /// # let text = trace.render();
    /// # assert!(text.contains(".rs:") && !text.contains('/'), "{text}");
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn line_tag(mut self, tag: LineTag) -> Self {
        self.settings.line_tag = tag;
        self
    }

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
    pub fn fraction_digits(mut self, digits: u8) -> Self {
        self.settings.fraction_digits = digits;
        self
    }

    /// Sets whether logfmt keys keep letters and digits beyond ASCII. Not every
    /// reader takes them; lnav reads only what follows the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().unicode_keys(true).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("größe", 3); // without this setting, `gr__e`
    /// assert!(trace.render().ends_with(" größe=3"));
    /// # let mut trace = traceline::start!("job");
    /// # assert!(trace.set("größe", 3).render().ends_with(" gr__e=3"));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn unicode_keys(mut self, keep: bool) -> Self {
        self.settings.unicode_keys = keep;
        self
    }

    /// Sets what JSON gets for NaN and the infinities.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::NonFinite, Config, Format};
    ///
    /// let config = Config::builder().format(Format::Json).non_finite(NonFinite::Text).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("ratio", f64::NAN);
    /// assert!(trace.render().ends_with(r#","ratio":"NaN"}"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn non_finite(mut self, non_finite: NonFinite) -> Self {
        self.settings.non_finite = non_finite;
        self
    }

    /// Sets which integers JSON gets as strings.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Integers, Config, Format};
    ///
    /// let config = Config::builder().format(Format::Json).integers(Integers::Bits53).build()?;
    /// let mut trace = traceline::builder!("job").config(&config).start();
    /// trace.set("rows", 3).set("id", 1_u64 << 60);
    /// assert!(trace.render().ends_with(r#","rows":3,"id":"1152921504606846976"}"#));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn integers(mut self, integers: Integers) -> Self {
        self.settings.integers = integers;
        self
    }

    /// Sets when [`Format::Pretty`] uses colour.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Color, Config, Format};
    ///
    /// let config = Config::builder().format(Format::Pretty).color(Color::Always).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.render().starts_with("\x1b[1mjob\x1b[0m ")); // bold
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// Sets the target of traces that are started without a macro, which cannot
    /// know the module they are in.
    ///
    /// # Examples
    ///
    /// ```
    /// env_logger::Builder::new().parse_filters("myapp=info").init();
    /// traceline::Config::builder().target("myapp").install()?;
    /// assert!(traceline::Trace::new("job").is_enabled());
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.settings.target = target.into();
        self
    }

    /// Sends records to this logger instead of the global one of `log`. Its
    /// `enabled` decides; `log::max_level()` is not asked.
    ///
    /// # Examples
    ///
    /// ```
    /// let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
    /// let logger: &'static env_logger::Logger = Box::leak(Box::new(logger));
    /// let config = traceline::Config::builder().logger(logger).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert!(trace.is_enabled()); // though `log` has no logger
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn logger(mut self, logger: &'static dyn Log) -> Self {
        self.settings.logger = Some(logger);
        self
    }

    /// Takes the time from this clock.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use std::time::{Instant, SystemTime, UNIX_EPOCH};
    ///
    /// struct Stopped(Instant);
    ///
    /// impl traceline::config::Clock for Stopped {
    ///     fn now(&self) -> Instant { self.0 }
    ///     fn wall(&self) -> SystemTime { UNIX_EPOCH }
    /// }
    ///
    /// let clock: &'static Stopped = Box::leak(Box::new(Stopped(Instant::now())));
    /// let config = traceline::Config::builder().clock(clock).build()?;
    /// let trace = traceline::builder!("job").config(&config).start();
    /// assert_eq!(trace.render(), "ts=1970-01-01T00:00:00.000000Z level=info msg=job duration_ms=0.0");
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: &'static dyn Clock) -> Self {
        self.settings.clock = TimeSource::Custom(clock);
        self
    }

    /// Takes the ids of transactions and units from this source, instead of
    /// random ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{ids::{SpanId, TraceId}, Config};
    ///
    /// struct Fixed;
    ///
    /// impl traceline::ids::IdSource for Fixed {
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
    pub fn ids(mut self, ids: &'static dyn IdSource) -> Self {
        self.settings.ids = IdMaker(Some(ids));
        self
    }

    /// Takes names, words, units and forms of ids from a published schema; what
    /// was set by [`name`](Self::name) before is gone.
    ///
    /// The names of [`Schema::Ecs`] and [`Schema::GoogleCloud`] can be written in
    /// JSON alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Schema, Config, Format};
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

    /// Sets whether a record is handed over as a line of text or as typed
    /// key-values.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{config::Output, Config};
    ///
    /// let config = Config::builder().output(Output::KeyValues).build()?;
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn output(mut self, output: Output) -> Self {
        self.settings.output = output;
        self
    }

    /// Sets which finished units get a record.
    ///
    /// Every unit then has ids: the hash of the trace id decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{config::Sampling, Config};
    ///
    /// let config = Config::builder().sampling(Sampling::one_in(100)).build()?;
    /// assert!(Config::builder().sampling(Sampling::one_in(0)).build().is_err());
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.settings.sampling = Some(sampling);
        self
    }

    /// Sets a hook around the hand-over of each record: it is given the unit and
    /// a function that hands it over, and may attach what the logger looks for,
    /// the context of OpenTelemetry or a scope of Sentry.
    ///
    /// A record is handed over once: a hook that does not call the function, or
    /// panics before, has it called afterwards, and a second call does nothing.
    /// The hook runs for checkpoints too, and not for units that end inside it.
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
    /// If a setting makes no sense; the error names it.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        let limits = &mut self.settings.limits;
        limits.value = self.max_value.unwrap_or(limits.value.min(limits.record));
        self.fix_fields_of_schema();
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
        settings.color = settings.format == Format::Pretty
            && match self.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => {
                    let asked_not =
                        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                    !asked_not && std::io::stderr().is_terminal()
                }
            };
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
    /// Those of [`build`](Self::build) and of [`Config::install`].
    pub fn install(self) -> Result<(), ConfigError> {
        self.build()?.install()
    }

    /// Adds what a schema wants in every record, unless the user did.
    fn fix_fields_of_schema(&mut self) {
        let fixed = &mut self.settings.fixed;
        if let Some((key, value)) = self.settings.forms.fixed()
            && !fixed.iter().any(|(known, _)| known == key)
        {
            fixed.insert(0, (key.into(), OwnedValue::Text(value.into())));
        }
    }
}

impl Config {
    /// Returns a builder with the defaults.
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
