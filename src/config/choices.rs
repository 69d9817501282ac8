//! The choices for how a record looks and how it is handed over.

/// The format of the text of a record.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, Format};
///
/// for (format, end) in [
///     (Format::Logfmt, " rows=3"),
///     (Format::Json, ",\"rows\":3}"),
///     (Format::Pretty, "\n  rows             3"),
/// ] {
///     let config = Config::builder().format(format).build()?;
///     let trace = traceline::builder!("import").config(&config).field("rows", 3).start();
///     assert!(trace.render().ends_with(end));
/// }
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `key=value` pairs on one line, for people and for log stores. The default.
    #[default]
    Logfmt,
    /// One JSON object on one line (RFC 8259).
    Json,
    /// Several lines for a person at a terminal.
    Pretty,
}

/// How the source line of a fragment is written.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, config::LineTag};
///
/// let config = Config::builder().line_tag(LineTag::PathLine).build()?;
/// let mut trace = traceline::builder!("import").config(&config).start();
/// trace.add("reading"); // fragments="[src/import.rs:5, 0.012ms] reading"
/// assert!(trace.render().contains(concat!(" fragments=\"[", file!(), ":")));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineTag {
    /// The line, with the name of the file if the trace started in another one.
    #[default]
    Line,
    /// The name of the file and the line, always.
    FileLine,
    /// The path of the file, as the compiler knows it, and the line, always.
    PathLine,
}

/// How JSON writes NaN and the infinities, for which it has no numbers.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, Format, config::NonFinite};
///
/// for (non_finite, end) in [(NonFinite::Null, ":null}"), (NonFinite::Text, ":\"Infinity\"}")] {
///     let config = Config::builder().format(Format::Json).non_finite(non_finite).build()?;
///     let trace = traceline::builder!("job").config(&config).field("ratio", 1.0 / 0.0).start();
///     assert!(trace.render().ends_with(end));
/// }
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NonFinite {
    /// `null`.
    #[default]
    Null,
    /// The strings `"NaN"`, `"Infinity"` and `"-Infinity"`, which a numeric field of
    /// Elasticsearch refuses.
    Text,
}

/// Which integers JSON writes as strings of digits, because some readers would
/// round them.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, Format, config::Integers};
///
/// for (integers, end) in [
///     (Integers::Bits64, ":9007199254740993}"),
///     (Integers::Bits53, ":\"9007199254740993\"}"),
/// ] {
///     let config = Config::builder().format(Format::Json).integers(integers).build()?;
///     let trace = traceline::builder!("job").config(&config).field("id", (1_u64 << 53) + 1).start();
///     assert!(trace.render().ends_with(end));
/// }
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Integers {
    /// Those outside −2⁶³ … 2⁶⁴−1, which simdjson refuses and others round.
    #[default]
    Bits64,
    /// Those beyond ±2⁵³, which JavaScript and older `jq` round.
    Bits53,
    /// No integers: all of them are numbers.
    Number,
}

/// When [`Format::Pretty`] uses colour.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{Config, Format, config::Color};
///
/// let config = Config::builder().format(Format::Pretty).color(Color::Never).build()?;
/// let trace = traceline::builder!("job").config(&config).start();
/// assert!(!trace.render().contains('\x1b'));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Color {
    /// If, when the configuration is built, standard error is a terminal and the
    /// environment variable `NO_COLOR` (<https://no-color.org>) is empty or not
    /// set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a record is handed to the logger.
///
/// # Examples
///
/// ```
/// use traceline::{Config, config::Output};
///
/// // For OpenTelemetry, journald and structured loggers, which take typed fields.
/// let config = Config::builder().output(Output::KeyValues).build()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Output {
    /// The message is the text of the record. The default.
    #[default]
    Line,
    /// The message is the name of the unit, and each field is a typed key-value of
    /// [`log::kv`].
    ///
    /// Time and level are left out because the logger has them, and nulls because many
    /// loggers print them as `None`. Lists and fragments are passed as JSON text. Keys
    /// are cleaned as the [`Format`] requires; other texts, including the message, are
    /// not escaped: that is up to the logger. Limits apply as if the record were a
    /// line of JSON. [`Trace::render`](crate::Trace::render) still returns the line.
    KeyValues,
}
