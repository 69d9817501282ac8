//! Sampling: which finished units get a record.
//!
//! The decision is made at the end of a unit, when it is known how it went: units
//! that failed or were slow are kept, and so is one in N of the others. A hash of the
//! trace id picks those, so all services keep the same transactions without
//! coordination.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use log::Level;

use crate::base::catch;
use crate::config::finished::FinishedUnit;
use crate::ids::id::TraceId;
use crate::ids::random;
use crate::value::outcome::Outcome;

type Rule = Arc<dyn Fn(&FinishedUnit<'_>) -> bool + Send + Sync>;

/// Rules that decide which units get a record, set with
/// [`ConfigBuilder::sampling`](crate::config::ConfigBuilder::sampling).
///
/// A unit is always kept if its outcome is `error`, `panic` or `cancelled`, if its
/// level is warn or error, if it was [slow](Sampling::slower_than), or if a
/// [closure](Sampling::keep_if) returns `true`. One in N of all other units is kept,
/// and its record has `sample_rate=N`. To get correct sums, count each record
/// `sample_rate` times, or once if it has none.
///
/// A hash of the trace id picks the one in N. So all services of a transaction keep
/// or drop it together, without coordination, and a service with a smaller N keeps
/// everything that one with a larger N keeps. The sampled flag of `traceparent()`
/// passes the result of the hash on to the next service.
///
/// The data of a dropped unit has been collected, but it is never encoded.
///
/// # The hash
///
/// For a service in another language: take the last 8 bytes of the trace id as
/// a big-endian number `h`, apply the finaliser of SplitMix64
/// (`h ^= h >> 30; h *= 0xbf58476d1ce4e5b9; h ^= h >> 27; h *= 0x94d049bb133111eb;
/// h ^= h >> 31`, all modulo 2⁶⁴; [Steele, Lea and Flood
/// 2014](https://doi.org/10.1145/2714064.2660195), with Stafford's constants),
/// and keep the unit if `h <= (2⁶⁴ − 1) / N`, rounded down. The hash uses the end of
/// the id because W3C Trace Context level 2 asks for that part to be random.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use traceline::{Config, config::Sampling};
///
/// let config = Config::builder()
///     .sampling(
///         Sampling::one_in(100)
///             .slower_than(Duration::from_millis(500))
///             .keep_if(|unit| unit.text("plan") == Some("partner")),
///     )
///     .build()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "pass it to `ConfigBuilder::sampling`"]
pub struct Sampling {
    pub(crate) one_in: u32,
    /// The largest hash that is kept.
    most: u64,
    slower_than: Option<Duration>,
    warnings: bool,
    callers: bool,
    rule: Option<Rule>,
}

/// Whether a finished unit gets a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Drop,
    Keep,
    /// The record stands for this many units; 0 if others stand for it.
    KeepFor(u32),
}

impl Sampling {
    /// Keeps one in `n` of the units that no other rule keeps; with 1, all of them.
    ///
    /// Building the configuration fails if `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, config::Sampling};
    ///
    /// assert!(Config::builder().sampling(Sampling::one_in(100)).build().is_ok());
    /// assert!(Config::builder().sampling(Sampling::one_in(0)).build().is_err());
    /// ```
    pub fn one_in(n: u32) -> Sampling {
        Sampling {
            one_in: n,
            most: u64::MAX / u64::from(n.max(1)),
            slower_than: None,
            warnings: true,
            callers: false,
            rule: None,
        }
    }

    /// Keeps every unit that took longer than `duration`; its time is compared in
    /// whole microseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use traceline::config::Sampling;
    ///
    /// let sampling = Sampling::one_in(100).slower_than(Duration::from_millis(500));
    /// ```
    pub fn slower_than(mut self, duration: Duration) -> Sampling {
        self.slower_than = Some(duration);
        self
    }

    /// Sets whether every unit of level warn is kept, which is the default.
    ///
    /// With `false`, a flood of 404 responses is sampled just as the 200 responses
    /// are. Errors, panics and cancelled units are still kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, config::Sampling};
    ///
    /// let sampling = Sampling::one_in(1_000_000_000).warnings(false);
    /// let config = Config::builder().sampling(sampling).build()?;
    /// traceline::builder!("request").config(&config).start().status(404);
    /// traceline::builder!("request").config(&config).start().status(503);
    /// assert_eq!((config.sampled().kept, config.sampled().dropped), (1, 1));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn warnings(mut self, keep: bool) -> Sampling {
        self.warnings = keep;
        self
    }

    /// Sets whether a unit is always kept if its caller set the sampled flag of
    /// `traceparent`.
    ///
    /// It is off by default, because anyone who can call the service could then have
    /// every unit kept. If a unit is kept only because of its caller, its record has
    /// `sample_rate=0`, because the units that the hash keeps stand for it already.
    /// The sampled flag is then passed on to the next service, regardless of the
    /// hash.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, config::Sampling, ids::TraceParent};
    ///
    /// let sampling = Sampling::one_in(1_000_000_000).sampled_callers(true);
    /// let config = Config::builder().sampling(sampling).build()?;
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let mut trace = traceline::builder!("order").config(&config).start();
    /// trace.continue_from(TraceParent::parse(header).unwrap());
    /// drop(trace); // … duration_ms=0.012 sample_rate=0
    /// assert_eq!(config.sampled().kept, 1);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn sampled_callers(mut self, keep: bool) -> Sampling {
        self.callers = keep;
        self
    }

    /// Keeps every unit for which the closure returns `true`.
    ///
    /// The closure is called at the end of each unit, and at its checkpoints, unless
    /// the unit is always kept anyway. It is not called for units that end inside the
    /// closure. If it panics, the unit is kept.
    ///
    /// Further calls add closures; a unit is kept if any of them returns `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::config::Sampling;
    ///
    /// let sampling = Sampling::one_in(100)
    ///     .keep_if(|unit| unit.text("plan") == Some("partner"))
    ///     .keep_if(|unit| unit.request_id().is_some_and(|id| id.starts_with("debug-")));
    /// ```
    pub fn keep_if(
        mut self,
        rule: impl Fn(&FinishedUnit<'_>) -> bool + Send + Sync + 'static,
    ) -> Sampling {
        self.rule = Some(match self.rule {
            Some(first) => Arc::new(move |unit| first(unit) || rule(unit)),
            None => Arc::new(rule),
        });
        self
    }

    /// Returns the sampled flag of the outgoing header.
    pub(crate) fn flag(&self, trace_id: TraceId, caller_sampled: bool) -> bool {
        self.hash_keeps(trace_id) || self.callers && caller_sampled
    }

    /// Decides on a finished unit.
    pub(crate) fn decide(
        &self,
        unit: &FinishedUnit<'_>,
        trace_id: TraceId,
        caller_sampled: bool,
    ) -> Verdict {
        if self.always_keeps(unit) {
            Verdict::Keep
        } else if self.hash_keeps(trace_id) {
            Verdict::KeepFor(self.one_in)
        } else if self.callers && caller_sampled {
            Verdict::KeepFor(0)
        } else {
            Verdict::Drop
        }
    }

    fn always_keeps(&self, unit: &FinishedUnit<'_>) -> bool {
        let went_wrong = unit.outcome().and_then(Outcome::level).is_some();
        went_wrong
            || unit.level() == Level::Error
            || unit.level() == Level::Warn && self.warnings
            || self.slower_than.is_some_and(|most| unit.duration() > most)
            || self.rule.as_ref().is_some_and(|rule| matches(rule, unit))
    }

    fn hash_keeps(&self, trace_id: TraceId) -> bool {
        hash(trace_id) <= self.most
    }
}

thread_local! {
    static IN_RULE: Cell<bool> = const { Cell::new(false) };
}

/// Calls a closure, unless the unit ended inside one: a closure may call code that
/// is a unit of work itself, and would recurse forever.
fn matches(rule: &Rule, unit: &FinishedUnit<'_>) -> bool {
    if IN_RULE.replace(true) {
        return false;
    }
    let keeps = catch::call(|| rule(unit)).unwrap_or(true);
    IN_RULE.set(false);
    keeps
}

fn hash(trace_id: TraceId) -> u64 {
    let last = trace_id.to_bytes().last_chunk().copied();
    random::mix(u64::from_be_bytes(last.unwrap_or_default()))
}

/// Leaves out the closure.
impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling")
            .field("one_in", &self.one_in)
            .field("slower_than", &self.slower_than)
            .field("warnings", &self.warnings)
            .field("sampled_callers", &self.callers)
            .finish_non_exhaustive()
    }
}

/// The numbers of units that sampling kept and dropped; see
/// [`Config::sampled`](crate::Config::sampled).
///
/// # Examples
///
/// ```
/// let sampled = traceline::Config::default().sampled();
/// assert_eq!((sampled.kept, sampled.dropped), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sampled {
    /// How many units got a record.
    pub kept: u64,
    /// How many units got no record.
    pub dropped: u64,
}

/// How many shards there are: more threads rarely count at the same time.
const SHARDS: usize = 16;

/// The counts of one configuration, in shards so that threads rarely write to the
/// same cache line.
#[derive(Debug, Default)]
pub(crate) struct Counts([Shard; SHARDS]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    kept: AtomicU64,
    dropped: AtomicU64,
}

thread_local! {
    /// Its address distinguishes threads.
    static HERE: Cell<u8> = const { Cell::new(0) };
}

impl Counts {
    pub(crate) fn add(&self, verdict: Verdict) {
        // The thread-local memory of two threads lies at least a page apart.
        let here = HERE.with(|here| std::ptr::from_ref(here).addr() >> 12);
        let count = self.0.get(here % SHARDS).map(|shard| match verdict {
            Verdict::Drop => &shard.dropped,
            Verdict::Keep | Verdict::KeepFor(_) => &shard.kept,
        });
        count.map(|count| count.fetch_add(1, Ordering::Relaxed));
    }

    pub(crate) fn sum(&self) -> Sampled {
        let mut sum = Sampled::default();
        for shard in &self.0 {
            sum.kept += shard.kept.load(Ordering::Relaxed);
            sum.dropped += shard.dropped.load(Ordering::Relaxed);
        }
        sum
    }
}
