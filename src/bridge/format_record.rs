//! Ordinary log records in the format of units, so that a stream has a single format.

use std::fmt;
use std::sync::Arc;

use log::Record;

use crate::base::clock::Stamp;
use crate::config::choices::LineTag;
use crate::config::process::{self, Config};
use crate::config::settings::Settings;
use crate::emit::hand_over;
use crate::encode;
use crate::encode::job::Moment;
use crate::thread::{spares, stack};
use crate::unit::Entry;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::origin::Origin;

/// Returns an ordinary log record in the format of units, for the format closure of
/// a logger. The whole stream then has one format and one escaping.
///
/// The text has `ts`, `level` and `msg`, the fixed fields of the configuration,
/// `target`, `file` and `line`, the name and the ids of the current unit (`unit`,
/// `trace_id` …), and the record's key-values with their types. Names, limits and
/// redaction are those of the process-wide configuration.
///
/// The record of a unit is such a text already and passes through unchanged. If units
/// are emitted as key-values ([`Output`](crate::config::Output)), the text has `ts`,
/// `level`, `msg` and the key-values.
///
/// [`Display`](fmt::Display) writes the text in one piece and without a line end.
/// Formatting allocates nothing, unless keys have to be renamed.
///
/// # Examples
///
/// With `env_logger`:
///
/// ```
/// use std::io::Write;
///
/// env_logger::Builder::new()
///     .filter_level(log::LevelFilter::Info)
///     .format(|buffer, record| writeln!(buffer, "{}", traceline::format_record(record)))
///     .init();
///
/// log::info!("listening on port {}", 8080);
/// // ts=2026-11-21T08:46:00.123456Z level=info msg="listening on port 8080" target=shop file=main.rs line=9
/// let mut trace = traceline::start!("checkout");
/// trace.scope(|| log::warn!("stock is low")); // … msg="stock is low" target=shop file=main.rs line=12 unit=checkout
/// // and the unit itself: ts=… level=info msg=checkout duration_ms=0.104
/// ```
///
/// With `fern`:
///
/// ```
/// fern::Dispatch::new()
///     .level(log::LevelFilter::Info)
///     .format(|out, _, record| out.finish(format_args!("{}", traceline::format_record(record))))
///     .chain(std::io::stderr())
///     .apply()?;
/// # Ok::<(), log::SetLoggerError>(())
/// ```
#[inline]
pub fn format_record<'a>(record: &'a Record<'_>) -> FormattedRecord<'a> {
    process::process().format_record(record)
}

impl Config {
    /// Returns an ordinary log record in the format of this configuration; see
    /// [`format_record`](crate::format_record()).
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, Format};
    ///
    /// let config = Config::builder().format(Format::Json).header(false).build()?;
    /// let record = log::Record::builder()
    ///     .args(format_args!("found {} rows", 3))
    ///     .target("import")
    ///     .key_values(&[("table", "orders")])
    ///     .build();
    /// assert_eq!(
    ///     config.format_record(&record).to_string(),
    ///     r#"{"msg":"found 3 rows","target":"import","table":"orders"}"#
    /// );
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn format_record<'a>(&'a self, record: &'a Record<'_>) -> FormattedRecord<'a> {
        let settings = &self.settings;
        let own = match hand_over::is_own_record(record) {
            false => Own::No,
            true if record.key_values().count() == 0 => Own::Text,
            true => Own::Pairs,
        };
        FormattedRecord {
            stamp: (settings.header && own != Own::Text).then(|| Stamp::new(settings.clock.wall())),
            settings,
            record,
            own,
        }
    }
}

/// An ordinary log record in the format of units; made by
/// [`format_record`](crate::format_record()).
///
/// # Examples
///
/// ```
/// let record = log::Record::builder().args(format_args!("ready")).build();
/// let text: traceline::bridge::FormattedRecord<'_> = traceline::format_record(&record);
/// assert!(text.to_string().contains(" level=info msg=ready "));
/// ```
pub struct FormattedRecord<'a> {
    settings: &'a Arc<Settings>,
    record: &'a Record<'a>,
    /// The time of the call of `format_record`, if the text has one.
    stamp: Option<Stamp>,
    own: Own,
}

/// Whether a record is that of a unit, and in which form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    No,
    /// Yes, as its text.
    Text,
    /// Yes, as its name and key-values; see [`Output`](crate::config::Output).
    Pairs,
}

impl fmt::Display for FormattedRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.own == Own::Text {
            return f.write_fmt(*self.record.args());
        }
        let (log_record, mut entry) = self.gathered();
        let moment = Moment {
            stamp: self.stamp,
            log_record: Some(&log_record),
            ..Moment::new(self.record.level())
        };
        let mut scratch = std::mem::take(&mut entry.scratch);
        let written = f.write_str(encode::encode(&entry, &moment, &mut scratch));
        entry.scratch = scratch;
        spares::give_back(entry);
        written
    }
}

impl FormattedRecord<'_> {
    /// Gathers the record in an entry of its own, so that it is encoded as a unit
    /// would be.
    fn gathered(&self) -> (LogRecord, Box<Entry>) {
        let origin = Origin::internal("log record", self.record.level());
        let mut entry = spares::take(self.settings, origin, self.settings.clock.now());
        let (of_unit, unit) = match self.own {
            Own::No => (false, stack::with(|unit| entry.take_unit(unit))),
            Own::Text | Own::Pairs => (true, None),
        };
        let whole_path = self.settings.line_tag == LineTag::PathLine;
        let log_record = LogRecord {
            of_unit,
            ..entry.gather(self.record, unit, whole_path)
        };
        (log_record, entry)
    }
}

impl fmt::Debug for FormattedRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormattedRecord")
            .field("target", &self.record.target())
            .field("level", &self.record.level())
            .finish_non_exhaustive()
    }
}
