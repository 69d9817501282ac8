//! The records of a test, without a global logger and beside other tests.
//!
//! While a [`Capture`] is entered on a thread, units that start there end in its
//! list instead of a logger, whatever level and target they have. Their
//! configuration is kept but for that: names, limits, redaction, sampling and
//! hooks are those of the code under test. What belongs to such a unit is in its
//! record wherever it runs: parts and shared handles on other threads, futures,
//! children.
//!
//! ```
//! use traceline::testing;
//!
//! fn checkout(items: u32) -> Result<u32, String> {
//!     traceline::run!("checkout", |trace| -> Result<u32, String> {
//!         trace.set("items", items);
//!         items.checked_sub(1).ok_or("nothing to pay".to_owned())
//!     })
//! }
//!
//! let records = testing::capture(|| checkout(0));
//! assert_eq!(records.len(), 1);
//! assert_eq!(records[0].name(), "checkout");
//! assert_eq!(records[0].u64("items"), Some(0));
//! assert_eq!(records[0].outcome(), Some(traceline::Outcome::Error));
//! assert_eq!(records[0].error(), Some("nothing to pay"));
//! ```
//!
//! # Snapshots
//!
//! [`Record::normalized`] is the text of the record without what changes from
//! run to run: times, durations, ids and source lines. With `insta`:
//!
//! ```
//! use traceline::testing;
//!
//! let records = testing::capture(|| {
//!     let mut trace = traceline::start!("import");
//!     trace.add("reading orders.csv").set("rows", 3);
//!     trace.time("db", |trace| trace.traceparent());
//!     trace.ok();
//! });
//! # #[cfg(traceline_docs)]
//! insta::assert_snapshot!(
//!     records[0].normalized(),
//!     @r#"ts=1970-01-01T00:00:00.000000Z level=info msg=import trace_id="00000000000000000000000000000001" span_id="0000000000000001" trace_flags="03" outcome=ok duration_ms=0.0 rows=3 db.count=1 db.ms=0.0 db.max_ms=0.0 fragments="[0, 0.0ms] reading orders.csv""#
//! );
//! ```
//!
//! # Time
//!
//! ```
//! use std::time::Duration;
//! use traceline::testing::{Capture, MockClock};
//!
//! let clock = MockClock::leak();
//! let capture = Capture::new().clock(clock);
//! capture.run(|| {
//!     let trace = traceline::start!("import");
//!     clock.advance(Duration::from_millis(250));
//!     drop(trace);
//! });
//! assert_eq!(
//!     capture.records()[0].text(),
//!     "ts=2026-01-01T00:00:00.250000Z level=info msg=import duration_ms=250.0"
//! );
//! ```
//!
//! # Threads and futures
//!
//! A unit that is *started* on another thread, or by a task that the runtime
//! polls elsewhere, is not captured by itself: nothing ties it to the test. Give
//! that thread a handle ([`Capture::enter`]) and that task a wrapper
//! ([`Capture::in_capture`]).

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod record;
pub(crate) mod clock;

pub use clock::MockClock;
pub use record::{Fragment, Record};

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use crate::base::clock::{Clock, TimeSource};
use crate::config::choices::Output;
use crate::config::process;
use crate::config::process::Config;
use crate::config::settings::Settings;

/// Runs `work` and returns the records of the units that started in it, in the
/// order they ended. What `work` returns is dropped.
///
/// A unit that is still running when `work` returns is not among them; see
/// [`Capture`].
///
/// # Examples
///
/// ```
/// use traceline::testing;
///
/// let records = testing::capture(|| {
///     for shard in 0..2 {
///         traceline::start!("scan").set("shard", shard);
///     }
/// });
/// let shards: Vec<_> = records.iter().map(|record| record.i64("shard")).collect();
/// assert_eq!(shards, [Some(0), Some(1)]);
/// ```
pub fn capture<R>(work: impl FnOnce() -> R) -> Vec<Record> {
    let capture = Capture::new();
    capture.run(work);
    capture.take()
}

/// Returns a future that runs another and gives the records of the units that
/// started while it was polled.
///
/// # Examples
///
/// On any executor, in `#[tokio::test]` too:
///
/// ```
/// # pollster::block_on(async {
/// use traceline::testing;
///
/// async fn load(id: u64) -> u64 {
///     traceline::start!("load").set("id", id);
///     2 * id
/// }
///
/// let records = testing::capture_async(async { load(7).await }).await;
/// assert_eq!(records[0].u64("id"), Some(7));
/// # });
/// ```
pub async fn capture_async<F: Future>(work: F) -> Vec<Record> {
    let capture = Capture::new();
    capture.in_capture(work).await;
    capture.take()
}

/// A list of records, and a handle on it to clone for other threads.
///
/// # Examples
///
/// A unit that a thread of its own starts:
///
/// ```
/// use std::thread;
/// use traceline::testing::Capture;
///
/// let capture = Capture::new();
/// let handle = capture.clone();
/// let worker = thread::spawn(move || {
///     let _entered = handle.enter();
///     traceline::start!("job").set("shard", 3);
/// });
/// worker.join().unwrap();
/// assert_eq!(capture.records()[0].i64("shard"), Some(3));
/// ```
#[derive(Clone, Default)]
pub struct Capture {
    records: Arc<Mutex<Vec<Record>>>,
    clock: Option<&'static dyn Clock>,
    /// Configurations of the code under test, and what was made of them.
    known: Arc<Mutex<Vec<(Config, Config)>>>,
}

thread_local! {
    /// Those that are entered, each with the number of its guard: guards may be
    /// dropped in any order.
    static ENTERED: RefCell<Vec<(u64, Capture)>> = const { RefCell::new(Vec::new()) };
    /// Whether there is one, for a look that costs next to nothing.
    static IS_ACTIVE: Cell<bool> = const { Cell::new(false) };
    static GUARDS: Cell<u64> = const { Cell::new(0) };
}

/// Looks at the captures that are entered here; `None` where the thread ends and
/// they are gone.
fn entered<R>(look: impl FnOnce(&mut Vec<(u64, Capture)>) -> R) -> Option<R> {
    let looked = ENTERED.try_with(|entered| {
        let mut entered = entered.try_borrow_mut().ok()?;
        let found = look(&mut entered);
        IS_ACTIVE.set(!entered.is_empty());
        Some(found)
    });
    looked.ok().flatten()
}

/// Whether units that start on this thread are captured.
#[inline]
pub(crate) fn is_active() -> bool {
    IS_ACTIVE.get()
}

/// The configuration of a unit that starts here, if it is captured.
#[inline]
pub(crate) fn config_for(given: Option<&Config>) -> Option<Config> {
    if !is_active() {
        return None;
    }
    let last = entered(|all| all.last().map(|(_, capture)| capture.clone()));
    let given = given.unwrap_or_else(|| process::process());
    last.flatten().map(|capture| capture.config_of(given))
}

/// Takes what is enabled, and drops it: the record is captured before.
struct Nowhere;

impl log::Log for Nowhere {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {}

    fn flush(&self) {}
}

impl Capture {
    /// Returns a capture without records.
    ///
    /// # Examples
    ///
    /// ```
    /// let capture = traceline::testing::Capture::new();
    /// assert!(capture.records().is_empty());
    /// ```
    pub fn new() -> Capture {
        Capture::default()
    }

    /// Sets the clock of the units that are captured; that of their configuration
    /// unless set.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::testing::{Capture, MockClock};
    ///
    /// let capture = Capture::new().clock(MockClock::leak()); // no time passes
    /// capture.run(|| traceline::start!("job").emit());
    /// assert!(capture.records()[0].text().ends_with(" duration_ms=0.0"));
    /// ```
    #[must_use = "it returns the capture that uses the clock"]
    pub fn clock(mut self, clock: &'static dyn Clock) -> Capture {
        self.clock = Some(clock);
        // Configurations that were made have the old one.
        self.known = Arc::default();
        self
    }

    /// Runs `work` and captures the units that start in it on this thread;
    /// returns what it returns.
    ///
    /// # Examples
    ///
    /// ```
    /// let capture = traceline::testing::Capture::new();
    /// let rows = capture.run(|| traceline::run!("import", |trace| -> Result<u32, String> {
    ///     trace.set("rows", 3);
    ///     Ok(3)
    /// }));
    /// assert_eq!(rows, Ok(3));
    /// assert_eq!(capture.records()[0].u64("rows"), Some(3));
    /// ```
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// Captures the units that start on this thread until the guard is dropped.
    /// The capture that was entered last has them; guards may be dropped in any
    /// order.
    ///
    /// # Examples
    ///
    /// A whole `#[tokio::test]`, whose runtime has this thread alone, with the
    /// tasks that it spawns:
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let capture = traceline::testing::Capture::new();
    /// let _entered = capture.enter();
    /// tokio::spawn(async { traceline::start!("task").emit() }).await.unwrap();
    /// assert_eq!(capture.records()[0].name(), "task");
    /// # });
    /// # }
    /// ```
    pub fn enter(&self) -> Entered {
        let guard = GUARDS.get();
        GUARDS.set(guard.wrapping_add(1));
        let _ = entered(|all| all.push((guard, self.clone())));
        Entered {
            guard,
            _not_send: PhantomData,
        }
    }

    /// Returns a future that captures the units that start while it is polled,
    /// on whichever thread.
    ///
    /// # Examples
    ///
    /// A task that a runtime of several threads polls:
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// # let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let capture = traceline::testing::Capture::new();
    /// let task = async { traceline::start!("task").emit() };
    /// tokio::spawn(capture.in_capture(task)).await.unwrap();
    /// assert_eq!(capture.records()[0].name(), "task");
    /// # });
    /// # }
    /// ```
    pub fn in_capture<F: Future>(&self, future: F) -> InCapture<F> {
        InCapture {
            capture: self.clone(),
            future,
        }
    }

    /// Returns the records so far, in the order their units ended.
    ///
    /// # Examples
    ///
    /// ```
    /// let capture = traceline::testing::Capture::new();
    /// let trace = capture.run(|| traceline::start!("job"));
    /// assert!(capture.records().is_empty());
    /// trace.emit(); // wherever it ends
    /// assert_eq!(capture.records().len(), 1);
    /// ```
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().clone()
    }

    /// Returns the records so far and forgets them.
    ///
    /// # Examples
    ///
    /// ```
    /// let capture = traceline::testing::Capture::new();
    /// capture.run(|| traceline::start!("job").emit());
    /// assert_eq!(capture.take().len(), 1);
    /// assert!(capture.take().is_empty());
    /// ```
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.records.lock())
    }

    /// A configuration as that of the code under test, with this list behind it.
    fn config_of(&self, given: &Config) -> Config {
        // A child of a captured unit, maybe of another capture.
        if given.settings.tap.is_some() {
            return given.clone();
        }
        let mut known = self.known.lock();
        let made = known
            .iter()
            .find(|(base, _)| Arc::ptr_eq(&base.settings, &given.settings));
        if let Some((_, made)) = made {
            return made.clone();
        }
        let made = self.made_of(given);
        known.push((given.clone(), made.clone()));
        made
    }

    fn made_of(&self, given: &Config) -> Config {
        let mut settings = Settings::clone(&given.settings);
        let records = Arc::clone(&self.records);
        settings.tap = Some(Arc::new(move |unit, text, normalized| {
            let record = Record::new(unit, text, normalized);
            records.lock().push(record);
        }));
        settings.logger = Some(&Nowhere);
        settings.output = Output::Line;
        if let Some(clock) = self.clock {
            settings.clock = TimeSource::Custom(clock);
        }
        Config {
            settings: Arc::new(settings),
        }
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture")
            .field("records", &*self.records.lock())
            .finish_non_exhaustive()
    }
}

/// A guard of [`Capture::enter`]: the units that start on this thread while it
/// lives are captured.
///
/// # Examples
///
/// ```
/// use traceline::testing::{Capture, Entered};
///
/// let capture = Capture::new();
/// let entered: Entered = capture.enter();
/// traceline::start!("job").emit();
/// drop(entered);
/// traceline::start!("another").emit(); // not captured
/// assert_eq!(capture.take().len(), 1);
/// ```
///
/// It belongs to its thread:
///
/// ```compile_fail
/// fn goes<T: Send>(_: T) {}
/// goes(traceline::testing::Capture::new().enter());
/// ```
///
/// where the capture itself goes to any:
///
/// ```
/// fn goes<T: Send>(_: T) {}
/// goes(traceline::testing::Capture::new());
/// ```
#[derive(Debug)]
#[must_use = "units are captured until the guard is dropped; bind it: `let _entered = …`"]
pub struct Entered {
    guard: u64,
    _not_send: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Dropped here, not in there: its configurations may have hooks.
        let _left = entered(|all| {
            let at = all.iter().rposition(|(guard, _)| *guard == self.guard);
            at.map(|at| all.remove(at))
        });
    }
}

pin_project_lite::pin_project! {
    /// A future whose units are captured; made by [`Capture::in_capture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::testing::{Capture, InCapture};
    ///
    /// let capture = Capture::new();
    /// let work: InCapture<_> = capture.in_capture(async { traceline::start!("job").emit() });
    /// pollster::block_on(work);
    /// assert_eq!(capture.take().len(), 1);
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct InCapture<F> {
        capture: Capture,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for InCapture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.capture.enter();
        this.future.poll(context)
    }
}
