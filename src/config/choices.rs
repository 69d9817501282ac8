//! What can be chosen of a record's look, and of the way it goes out.

/// The text of a record.
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
/// let config = traceline::Config::builder().line_tag(traceline::config::LineTag::PathLine).build()?;
/// let mut trace = traceline::builder!("import").config(&config).start();
/// trace.add("reading"); // fragments="[src/import.rs:3, 0.012ms] reading"
/// assert!(trace.render().contains(concat!(" fragments=\"[", file!(), ":")));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineTag {
    /// The line, and the file's name where it is not the file the trace started in.
    #[default]
    Line,
    /// The file's name and the line, always.
    FileLine,
    /// The path as the compiler knows it and the line, always.
    PathLine,
}

/// What JSON, which has no such numbers, gets for NaN and the infinities.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{config::NonFinite, Config, Format};
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
    /// The strings `"NaN"`, `"Infinity"`, `"-Infinity"`; a numeric field of
    /// Elasticsearch refuses them.
    Text,
}

/// Which integers JSON gets as strings of digits.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{config::Integers, Config, Format};
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
    /// None.
    Number,
}

/// When [`Format::Pretty`] uses colour.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::{config::Color, Config, Format};
///
/// let config = Config::builder().format(Format::Pretty).color(Color::Never).build()?;
/// let trace = traceline::builder!("job").config(&config).start();
/// assert!(!trace.render().contains('\x1b'));
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Color {
    /// If standard error is a terminal and the environment variable `NO_COLOR`
    /// is not set (<https://no-color.org>), looked at when the configuration is built.
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
/// use traceline::{config::Output, Config};
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
    /// The message is the name of the unit, and each field goes typed as a
    /// key-value of [`log::kv`].
    ///
    /// Time and level are left out, which the logger has, and so are nulls,
    /// which many print as the text `None`. Lists and fragments are their JSON
    /// text. Keys are cleaned as [`Format`] asks; other texts, the message among
    /// them, are not escaped, which is up to the logger. Limits are kept as if the
    /// record were a line of JSON. [`Trace::render`](crate::Trace::render) still
    /// returns the text of the line.
    KeyValues,
}
