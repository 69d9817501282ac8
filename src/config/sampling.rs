//! Which finished units get a record.
//!
//! Decided at the end, when it is known how the unit went: what went wrong or
//! was slow is kept, and of the rest one in N. Which one a hash of the trace id
//! says, so that every service keeps the same transactions without asking another.

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

/// Rules for which units get a record; set by
/// [`ConfigBuilder::sampling`](crate::config::ConfigBuilder::sampling).
///
/// A unit is kept, always, if its outcome is `error`, `panic` or `cancelled`, if
/// its level is warn or error, if it was [slow](Sampling::slower_than), and if a
/// [closure](Sampling::keep_if) says so. Of all others one in N is kept, and its
/// record says `sample_rate=N`: count each record `sample_rate` times, or once
/// without it, and the sums are right.
///
/// Which one in N a hash of the trace id says. The services of a transaction
/// thus keep or drop it together, with no word between them, and one with a
/// smaller N keeps all that one with a larger N keeps. `traceparent()` tells
/// the next service in the sampled flag what the hash said here.
///
/// A unit that is dropped was gathered but is never encoded.
///
/// # The hash
///
/// For a service in another language: take the last 8 bytes of the trace id as
/// a big-endian number `h`, apply the finaliser of SplitMix64
/// (`h ^= h >> 30; h *= 0xbf58476d1ce4e5b9; h ^= h >> 27; h *= 0x94d049bb133111eb;
/// h ^= h >> 31`, all modulo 2⁶⁴; [Steele, Lea and Flood
/// 2014](https://doi.org/10.1145/2714064.2660195), with Stafford's constants),
/// and keep if `h <= (2⁶⁴ − 1) / N`, rounded down. The end of the id is what
/// W3C Trace Context level 2 asks to be random.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use traceline::{config::Sampling, Config};
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
#[must_use = "give it to `ConfigBuilder::sampling`"]
pub struct Sampling {
    pub(crate) one_in: u32,
    /// The largest hash that is kept.
    most: u64,
    slower_than: Option<Duration>,
    warnings: bool,
    callers: bool,
    rule: Option<Rule>,
}

/// What becomes of a finished unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Drop,
    Keep,
    /// Kept for as many units as it was one of; for none beside those.
    KeepFor(u32),
}

impl Sampling {
    /// Keeps one in `n` of the units that no other rule keeps: all with 1.
    ///
    /// 0 is refused when the configuration is built.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{config::Sampling, Config};
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

    /// Keeps all units that took longer than this, in whole microseconds.
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

    /// Sets whether every unit of level warn is kept, as is the default.
    ///
    /// Without, a flood of answers 404 is sampled as those of 200 are. Errors,
    /// panics and cancelled units are kept all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Sampling, Config};
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

    /// Keeps all units whose caller said in `traceparent` that it is sampled.
    ///
    /// Off by default: whoever may call the service from outside could then
    /// have every unit kept. Where nothing but its caller kept a unit, the record
    /// says `sample_rate=0`: those that the hash kept stand for it already. The
    /// sampled flag goes on to the next service then, whatever the hash says.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Sampling, ids::TraceParent, Config};
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

    /// Keeps all units of which the closure says so. It is called at the end of
    /// a unit that nothing else keeps for certain, and at its checkpoints; one
    /// that panics keeps the unit. Units that end inside it are not asked about.
    ///
    /// Called again, it adds a closure; a unit is kept if any says so.
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

    /// Whether the outgoing header says that the transaction is sampled.
    pub(crate) fn flag(&self, trace_id: TraceId, caller_sampled: bool) -> bool {
        self.hash_keeps(trace_id) || self.callers && caller_sampled
    }

    /// Decides on a unit that is over.
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
        let bad = match unit.outcome() {
            Some(Outcome::Error | Outcome::Panic | Outcome::Cancelled) => true,
            Some(Outcome::Ok) | None => false,
        };
        let least = if self.warnings {
            Level::Warn
        } else {
            Level::Error
        };
        bad || unit.level() <= least
            || self.slower_than.is_some_and(|most| unit.duration() > most)
            || self.rule.as_ref().is_some_and(|rule| asked(rule, unit))
    }

    fn hash_keeps(&self, trace_id: TraceId) -> bool {
        hash(trace_id) <= self.most
    }
}

thread_local! {
    static IN_RULE: Cell<bool> = const { Cell::new(false) };
}

/// What a closure says of a unit. Of one that ends inside it, it is not asked:
/// the closure may call code that is a unit of work, and would never end.
fn asked(rule: &Rule, unit: &FinishedUnit<'_>) -> bool {
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

/// Without the closure.
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

/// How many units a configuration's sampling kept and dropped; see
/// [`Config::sampled`](crate::Config::sampled).
///
/// # Examples
///
/// ```
/// let traceline::config::Sampled { kept, dropped, .. } = traceline::Config::default().sampled();
/// assert_eq!((kept, dropped), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sampled {
    /// Units that got their record.
    pub kept: u64,
    /// Units that got none.
    pub dropped: u64,
}

/// Threads that count at the same time seldom are more.
const SHARDS: usize = 16;

/// The counts of one configuration, spread so that threads seldom write to the
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
    /// Its address tells threads apart.
    static HERE: Cell<u8> = const { Cell::new(0) };
}

impl Counts {
    pub(crate) fn add(&self, verdict: Verdict) {
        // Thread-local blocks of threads lie at least a page apart.
        let here = HERE.with(|here| std::ptr::from_ref(here).addr() >> 12);
        let Some(shard) = self.0.get(here % SHARDS) else {
            return;
        };
        let count = match verdict {
            Verdict::Drop => &shard.dropped,
            Verdict::Keep | Verdict::KeepFor(_) => &shard.kept,
        };
        count.fetch_add(1, Ordering::Relaxed);
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
