//! Ordinary log calls: a logger that knows the current trace, and one format for all
//! records.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod format_record;

pub use format_record::FormattedRecord;

use std::borrow::Cow;
use std::fmt::Write;

use log::kv::{Source, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError, kv};

use crate::base::{catch, thread_end};
use crate::emit::hand_over;
use crate::thread::stack;
use crate::unit::Entry;
use crate::unit::store::trace_ids::UnitIds;
use crate::value::eager;
use crate::value::kind::PANICKED;

/// Wraps a logger, so that ordinary log calls become part of the current trace.
///
/// If no trace is current, records go to the logger unchanged, and so do the records
/// of units. While a trace is current, an ordinary record does one of two things:
///
/// * It becomes a fragment of the trace, with its file, line, level and key-values,
///   instead of a line of its own. [`absorb`](Bridge::absorb) sets which records do.
/// * It goes on to the logger with the name and the ids of the unit as key-values
///   (`unit`, `trace_id`, `span_id`, `request_id`), for loggers that print
///   key-values. [`correlate`](Bridge::correlate) turns that off. A warning or an error
///   that the logger prints raises the level of the unit, so that
///   [sampling](crate::config::Sampling) keeps the unit, and
///   [`only_on_failure`](Bridge::only_on_failure) what led to it.
///
/// If a unit is discarded or [sampled out](crate::config::Sampling), the records that
/// it absorbed are lost with it.
///
/// # Examples
///
/// Three additions give an existing program one line per unit: this wrapper, a
/// `start!` and a `scope`.
///
/// ```
/// use log::Level;
///
/// let logger = env_logger::Builder::new().parse_filters("info").build();
/// let max_level = logger.filter();
/// traceline::bridge(logger).absorb(Level::Info).install(max_level)?;
///
/// let mut trace = traceline::start!("job");
/// trace.scope(|| log::info!("found {} rows", 3)); // a fragment of the trace
/// # Ok::<(), log::SetLoggerError>(())
/// ```
pub fn bridge<L: Log>(logger: L) -> Bridge<L> {
    Bridge {
        logger,
        absorbed: None,
        past_filter: false,
        raises: true,
        held: false,
        correlates: true,
    }
}

/// A logger that knows the current trace; made by [`bridge`].
///
/// # Examples
///
/// ```
/// # let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
/// let bridge: traceline::bridge::Bridge<env_logger::Logger> = traceline::bridge(logger);
/// bridge.absorb(log::Level::Info).install(log::LevelFilter::Info)?;
/// # Ok::<(), log::SetLoggerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bridge<L> {
    logger: L,
    absorbed: Option<Level>,
    past_filter: bool,
    raises: bool,
    held: bool,
    correlates: bool,
}

impl<L: Log> Bridge<L> {
    /// Makes records of this level, and less severe ones, fragments of the trace.
    ///
    /// With [`Level::Info`], warnings and errors stay lines of their own; with
    /// [`Level::Error`], the trace absorbs everything. By default it absorbs nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
    /// traceline::bridge(logger).absorb(log::Level::Info).install(log::LevelFilter::Info)?;
    /// let mut trace = traceline::start!("job");
    /// trace.scope(|| {
    ///     log::info!("found 3 rows"); // a fragment
    ///     log::warn!("disk nearly full"); // a line of its own
    /// });
    /// assert!(trace.render().ends_with("ms] found 3 rows\""));
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    pub fn absorb(mut self, most_severe: Level) -> Self {
        self.absorbed = Some(most_severe);
        self
    }

    /// Sets whether the trace also absorbs records that the logger's own filter would
    /// drop. The default is `false`, so `RUST_LOG` decides what is absorbed.
    ///
    /// `log` itself drops records above its maximum level, so pass a level to
    /// [`install`](Self::install) that lets them through.
    ///
    /// # Examples
    ///
    /// ```
    /// use log::{Level, LevelFilter};
    ///
    /// let logger = env_logger::Builder::new().filter_level(LevelFilter::Info).build();
    /// let bridge = traceline::bridge(logger).absorb(Level::Info).absorb_filtered(true);
    /// bridge.install(LevelFilter::Debug)?;
    ///
    /// let mut trace = traceline::start!("job");
    /// trace.scope(|| log::debug!("cache miss")); // env_logger would drop it
    /// assert!(trace.render().ends_with("ms, debug] cache miss\""));
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    pub fn absorb_filtered(mut self, past_filter: bool) -> Self {
        self.past_filter = past_filter;
        self
    }

    /// Sets whether a record raises the level of the unit to its own, if the trace absorbs
    /// it or if it goes on to the logger as a warning or an error. The default is `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
    /// let bridge = traceline::bridge(logger).absorb(log::Level::Error).raise_level(false);
    /// bridge.install(log::LevelFilter::Info)?;
    /// let mut trace = traceline::start!("job");
    /// trace.scope(|| log::warn!("retrying")); // level=info … fragments="[5, 0.007ms, warn] retrying"
    /// assert_eq!(trace.level(), Some(log::Level::Info));
    /// # assert!(trace.render().ends_with("ms, warn] retrying\""));
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    pub fn raise_level(mut self, raises: bool) -> Self {
        self.raises = raises;
        self
    }

    /// Sets whether absorbed records are kept only if the unit ends at level warn or
    /// error, like the tape of a flight recorder. The default is `false`.
    ///
    /// A warning or an error that stays a line of its own raises the level too, unless
    /// [`raise_level`](Self::raise_level) is off.
    ///
    /// # Examples
    ///
    /// ```
    /// # let logger = env_logger::Builder::new().filter_level(log::LevelFilter::Info).build();
    /// let bridge = traceline::bridge(logger).absorb(log::Level::Info).only_on_failure(true);
    /// bridge.install(log::LevelFilter::Info)?;
    /// let mut trace = traceline::start!("job");
    /// trace.scope(|| log::info!("cache miss"));
    /// assert!(!trace.render().contains("cache miss"));
    /// trace.error("no answer");
    /// assert!(trace.render().contains("cache miss"));
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    pub fn only_on_failure(mut self, held: bool) -> Self {
        self.held = held;
        self
    }

    /// Sets whether records that go on to the logger carry the name and the ids of
    /// the unit as key-values. The default is `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Lines;
    /// # impl log::Log for Lines {
    /// #     fn enabled(&self, _: &log::Metadata<'_>) -> bool { true }
    /// #     fn log(&self, record: &log::Record<'_>) {
    /// #         assert_eq!(record.key_values().count(), 0);
    /// #     }
    /// #     fn flush(&self) {}
    /// # }
    /// # let logger = Lines;
    /// traceline::bridge(logger).correlate(false).install(log::LevelFilter::Info)?;
    /// let mut trace = traceline::start!("job");
    /// trace.scope(|| log::info!("found 3 rows")); // a line without `unit=job`
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    pub fn correlate(mut self, correlates: bool) -> Self {
        self.correlates = correlates;
        self
    }

    /// Installs this as the logger of the process and sets the maximum level of `log`.
    ///
    /// # Examples
    ///
    /// ```
    /// let logger = env_logger::Builder::new().parse_filters("warn,jobs=info").build();
    /// let max_level = logger.filter();
    /// traceline::bridge(logger).install(max_level)?;
    /// assert_eq!(log::max_level(), log::LevelFilter::Info);
    /// # Ok::<(), log::SetLoggerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a logger is already installed.
    pub fn install(self, max_level: LevelFilter) -> Result<(), SetLoggerError>
    where
        L: 'static,
    {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(max_level);
        Ok(())
    }

    fn absorbs(&self, metadata: &Metadata<'_>) -> bool {
        self.absorbed
            .is_some_and(|most_severe| metadata.level() >= most_severe)
            && (self.past_filter || self.logger.enabled(metadata))
    }

    /// Makes a record a fragment. Returns `false` if the trace is no longer there.
    #[cold]
    fn make_fragment(&self, record: &Record<'_>) -> bool {
        let Some(limit) = stack::with(|entry| entry.limits.value) else {
            return false;
        };
        // Formatted before the entry is taken, because the arguments may log too.
        let text = eager::format(limit, |out| {
            out.write_fmt(*record.args())?;
            match catch::call(|| record.key_values().visit(&mut KeyValues(out))) {
                Some(_) => Ok(()),
                None => out.write_str(PANICKED),
            }
        });
        let add = |entry: &mut Entry| {
            entry.add_logged(record, text.as_str(), self.raises, self.held);
        };
        stack::with(add).is_some()
    }

    /// Returns whether the logger's filter lets a record through: one that it drops would
    /// leave nothing to explain the level of the unit. Log calls do not ask the logger, so
    /// a panic there is kept from them.
    fn prints(&self, record: &Record<'_>) -> bool {
        catch::call(|| self.logger.enabled(record.metadata())).unwrap_or(true)
    }

    /// Passes a record on to the logger, with the name and the ids of the unit.
    #[cold]
    fn pass_on(&self, record: &Record<'_>) {
        if self.raises && record.level() <= Level::Warn && self.prints(record) {
            stack::with(|entry| entry.severity.raise(record.level()));
        }
        let source = stack::with(|entry| {
            entry.share_ids(false);
            Correlated {
                record: record.key_values(),
                unit: entry.unit_name().clone(),
                ids: entry.ids,
                request_id: entry.request_id().map(str::to_owned),
            }
        });
        let Some(source) = source.filter(|_| self.correlates) else {
            return hand_over::log_record(|| self.logger.log(record));
        };
        let record = record.to_builder().key_values(&source).build();
        hand_over::log_record(|| self.logger.log(&record));
    }
}

impl<L: Log> Log for Bridge<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
            || self.past_filter
                && !hand_over::is_asking()
                && stack::is_active()
                && self.absorbs(metadata)
    }

    #[inline]
    fn log(&self, record: &Record<'_>) {
        if !stack::is_active() || hand_over::is_own_record(record) {
            self.logger.log(record);
        } else if !(self.absorbs(record.metadata()) && self.make_fragment(record)) {
            self.pass_on(record);
        }
        thread_end::watch();
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// Appends key-values to a text.
struct KeyValues<'a>(&'a mut dyn Write);

impl<'kvs> VisitSource<'kvs> for KeyValues<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        // If one value fails, the others are still written.
        let _ = write!(self.0, " {key}={value}");
        Ok(())
    }
}

/// The key-values of a record, followed by the name and the ids of its unit.
struct Correlated<'a> {
    record: &'a dyn Source,
    unit: Cow<'static, str>,
    ids: Option<UnitIds>,
    request_id: Option<String>,
}

impl Source for Correlated<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        self.record.visit(visitor)?;
        let mut pair = |key: &'static str, value: kv::Value<'kvs>| {
            visitor.visit_pair(kv::Key::from(key), value)
        };
        pair("unit", kv::Value::from(&*self.unit))?;
        if let Some(ids) = &self.ids {
            pair("trace_id", kv::Value::from_display(&ids.trace_id))?;
            pair("span_id", kv::Value::from_display(&ids.span_id))?;
        }
        if let Some(id) = &self.request_id {
            pair("request_id", kv::Value::from(&**id))?;
        }
        Ok(())
    }

    fn count(&self) -> usize {
        let ids = 2 * usize::from(self.ids.is_some());
        self.record.count() + 1 + ids + usize::from(self.request_id.is_some())
    }
}
