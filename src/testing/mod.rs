//! The records of the code under test, without a global logger and in parallel with
//! other tests.
//!
//! While a [`Capture`] is entered on a thread, units that start there end up in its
//! list instead of a logger, whatever their level and target. Otherwise they keep the
//! configuration of the code under test: names, limits, redaction, sampling and
//! hooks. A captured unit may continue anywhere, as parts and shared handles on other
//! threads or as a future, and its children are captured too.
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
//! [`Record::normalized`] is the text of the record with fixed values for everything
//! that changes from run to run: times, durations, ids and source lines. With `insta`:
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
//! Nothing connects a unit to the test if it is *started* on another thread, or by a
//! task that the runtime polls elsewhere. To capture it, call [`Capture::enter`] on
//! that thread, or wrap the task with [`Capture::in_capture`].

// From the top down: a file names only files below it (tests/layers.rs).
mod record;
mod clock;

pub use clock::MockClock;
pub use record::{Fragment, Record};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use crate::base::clock::{Clock, TimeSource};
use crate::base::missed::Missed;
use crate::config::choices::Output;
use crate::config::process::{self, Config};
use crate::config::settings::Settings;

/// Runs `work` and returns the records of the units that started in it, in the order
/// in which they ended. The result of `work` is dropped.
///
/// A unit that is still running when `work` returns is not included; see [`Capture`], which
/// also has the [calls that found no unit](Capture::missed).
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

/// Runs a future and returns the records of the units that started while it was
/// polled.
///
/// # Examples
///
/// On any executor, also in a `#[tokio::test]`:
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

/// A handle to a list of captured records, to be cloned for other threads.
///
/// # Examples
///
/// A unit that starts on another thread:
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
    missed: Arc<Mutex<Missed>>,
    clock: Option<&'static dyn Clock>,
    /// Configurations of the code under test, each with its copy that captures.
    known: Arc<Mutex<Vec<(Config, Config)>>>,
}

thread_local! {
    /// The captures that are entered, each with the number of its guard, because
    /// guards may be dropped in any order.
    static ENTERED: RefCell<Vec<(u64, Capture)>> = const { RefCell::new(Vec::new()) };
    static GUARDS: Cell<u64> = const { Cell::new(0) };
}

/// Looks at the captures that are entered on this thread; returns `None` if the
/// thread is ending and they are gone.
fn entered<R>(look: impl FnOnce(&mut Vec<(u64, Capture)>) -> R) -> Option<R> {
    let looked = ENTERED.try_with(|entered| Some(look(&mut *entered.try_borrow_mut().ok()?)));
    looked.ok().flatten()
}

/// Returns whether units that start on this thread are captured.
pub(crate) fn is_active() -> bool {
    entered(|all| !all.is_empty()).unwrap_or_default()
}

/// Returns the configuration of a unit that starts on this thread, if it is
/// captured.
pub(crate) fn config_for(given: Option<&Config>) -> Option<Config> {
    let capture = entered(|all| all.last().map(|(_, capture)| capture.clone()))??;
    Some(capture.config_of(given.unwrap_or_else(|| process::process())))
}

/// Adds a call that found no unit to the capture on this thread; returns whether there is one.
pub(crate) fn add_missed(place: &'static Location<'static>) -> bool {
    let missed = entered(|all| all.last().map(|(_, capture)| Arc::clone(&capture.missed)));
    let missed = missed.flatten();
    if let Some(missed) = &missed {
        missed.lock().add(place);
    }
    missed.is_some()
}

/// A logger that accepts everything and drops it, since the record has been captured
/// by then.
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

    /// Sets the clock of the captured units. The default is that of their configuration.
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
        // The known configurations have the previous clock.
        self.known = Arc::default();
        self
    }

    /// Runs `work`, captures the units that start in it on this thread, and returns
    /// the result of `work`.
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
    ///
    /// If several captures are entered, the last one gets the units. Guards may be
    /// dropped in any order.
    ///
    /// # Examples
    ///
    /// A whole `#[tokio::test]` with the tasks that it spawns, since its runtime uses
    /// only this thread:
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
        process::note_logger();
        let _ = entered(|all| all.push((guard, self.clone())));
        Entered {
            guard,
            _not_send: PhantomData,
        }
    }

    /// Wraps a future, so that the units that start while it is polled are captured, on
    /// any thread.
    ///
    /// # Examples
    ///
    /// A task on a runtime with several threads:
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

    /// Returns the records so far, in the order in which their units ended.
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

    /// Returns the records so far and empties the list.
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

    /// Returns the calls of [`current`](crate::current) that found no unit while this capture
    /// was entered on their thread. If several captures are entered, the last one gets them.
    ///
    /// Calls on threads without a capture are counted only by
    /// [`current::missed`](crate::current::missed), for the whole process.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{current, testing::Capture};
    ///
    /// fn import(rows: usize) {
    ///     current::set("rows", rows);
    /// }
    ///
    /// let capture = Capture::new();
    /// capture.run(|| traceline::start!("import").scope(|| import(3)));
    /// assert_eq!(capture.missed().calls, 0, "{}", capture.missed());
    ///
    /// capture.run(|| import(3)); // nobody made a unit current
    /// assert_eq!(capture.missed().calls, 1);
    /// ```
    pub fn missed(&self) -> Missed {
        *self.missed.lock()
    }

    /// Returns the configuration of the code under test, changed so that records go
    /// to this list.
    fn config_of(&self, given: &Config) -> Config {
        // Captured already: a child of a captured unit, perhaps one of another
        // capture.
        if given.settings.tap.is_some() {
            return given.clone();
        }
        let is_given = |known: &Config| Arc::ptr_eq(&known.settings, &given.settings);
        let mut known = self.known.lock();
        if let Some((_, capturing)) = known.iter().find(|(known, _)| is_given(known)) {
            return capturing.clone();
        }
        let settings = Arc::new(self.capturing(&given.settings));
        let capturing = Config { settings };
        known.push((given.clone(), capturing.clone()));
        capturing
    }

    fn capturing(&self, given: &Settings) -> Settings {
        let records = Arc::clone(&self.records);
        let mut settings = given.clone();
        settings.tap = Some(Arc::new(move |unit, text, normalized| {
            let record = Record::new(unit, text, normalized);
            records.lock().push(record);
        }));
        settings.logger = Some(&Nowhere);
        settings.output = Output::Line;
        settings.clock = self.clock.map_or(given.clock, TimeSource::Custom);
        settings
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("records", &*self.records.lock())
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// A guard of [`Capture::enter`]; while it exists, units that start on this thread are
/// captured.
///
/// Not to be confused with [`current::Entered`](crate::current::Entered), which keeps a
/// trace current.
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
/// The guard cannot leave its thread:
///
/// ```compile_fail
/// fn goes<T: Send>(_: T) {}
/// goes(traceline::testing::Capture::new().enter());
/// ```
///
/// The capture itself can:
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
        // Dropped out here, because dropping the hooks of its configurations may run
        // user code.
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
