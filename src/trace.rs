//! The collector of one unit of work.
//!
//! A `Trace` is a tag and a pointer: to the boxed entry, or to nothing if the
//! logger would not take even an error of this target. So a disabled call is a branch
//! that is inlined where it stands, and a trace is cheap to move. While the
//! trace is current, the entry is lent to the stack of `slot.rs`.

use std::borrow::Cow;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use log::Level;

use crate::builder::{self, LiteralOrString, TraceBuilder};
use crate::emit;
use crate::entry::{Entry, Lapse, Passing, Role, Token};
use crate::failure::{self, Failure};
use crate::key::ToKey;
use crate::message::Message;
use crate::number::Number;
use crate::outcome::Outcome;
use crate::owned::OwnedValue;
use crate::pool;
use crate::slot;
use crate::value::ToValue;

/// The collector of one unit of work, which becomes one record.
///
/// Begun by [`start!`](crate::start!); gathers typed fields and line-tagged
/// fragments; emits its record when it is dropped, however that comes about:
/// at the end of a function, by `?`, by a panic. See the [crate page](crate)
/// for an overview.
///
/// A trace that the logger would not take is *disabled*: every call on it is
/// one branch, and nothing is kept.
///
/// `std::process::exit`, `abort` and `mem::forget` run no destructors, so no
/// record comes of a trace that is alive then; see
/// [`current::emit`](crate::current::emit). Do not keep a trace in a
/// thread-local variable: whether its record comes when the thread ends depends
/// on the order in which the thread's variables are destroyed.
///
/// # Examples
///
/// ```
/// fn authenticate(token: &str) -> Result<u64, String> {
///     let mut trace = traceline::start!("auth");
///     trace.set("token", traceline::mask(token, 4));
///     trace.add("token read");
///     let user_id = trace.check(token.len().checked_sub(8).ok_or("token too short"))?;
///     trace.set("user_id", user_id).ok();
///     Ok(user_id as u64)
/// }
/// ```
#[must_use = "a trace that is dropped at once emits an empty record; bind it: `let mut trace = …`"]
#[derive(Default)]
pub struct Trace(State);

/// One tag to look at: what is disabled once is seen to stay so by the compiler,
/// and a disabled unit costs little more than its start.
enum State {
    /// With ids from outside that are to be passed on, if there are any.
    Disabled(Option<Box<Passing>>),
    Here(Box<Entry>),
    /// The entry is lent to the stack of current units.
    Lent(Token),
}

impl Default for State {
    #[inline(always)]
    fn default() -> State {
        State::Disabled(None)
    }
}

const _: () = assert!(size_of::<Trace>() == 16);

// A panic in the middle of a call leaves the entry complete: user code runs
// guarded (`guard.rs`), and what it wrote is rolled back.
impl UnwindSafe for Trace {}
impl RefUnwindSafe for Trace {}

impl Trace {
    /// Starts a trace without a macro, which cannot know the module it is in:
    /// the target is that of the configuration, `traceline` by default.
    ///
    /// A filter such as `RUST_LOG=myapp=info` drops such a record. Prefer
    /// [`start!`](crate::start!), whose target is the caller's module.
    ///
    /// # Examples
    ///
    /// ```
    /// env_logger::Builder::new().parse_filters("myapp=info").init();
    /// assert!(traceline::start!("nightly", target: "myapp::jobs").is_enabled());
    /// assert!(!traceline::Trace::new("nightly").is_enabled()); // its target is `traceline`
    /// ```
    #[inline]
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Trace {
        TraceBuilder::new(name.into(), None).start()
    }

    /// Returns a builder; the target is as with [`Trace::new`], unless it is set.
    /// Prefer [`builder!`](crate::builder!).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::Trace::builder("nightly").target("jobs").field("shard", 3).start();
    /// assert!(trace.render().ends_with(" shard=3"));
    /// ```
    #[inline]
    pub fn builder<'c>(name: impl Into<Cow<'static, str>>) -> TraceBuilder<'c> {
        TraceBuilder::new(name.into(), None)
    }

    /// Returns whether this trace gathers anything.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!traceline::start!("job").is_enabled()); // there is no logger yet
    /// env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// assert!(traceline::start!("job").is_enabled());
    /// ```
    #[inline]
    pub fn is_enabled(&self) -> bool {
        !matches!(self.0, State::Disabled(_))
    }

    /// Where a disabled trace keeps ids from outside.
    pub(crate) fn passing(&mut self) -> Option<&mut Passing> {
        match &mut self.0 {
            State::Disabled(passing) => Some(passing.get_or_insert_default()),
            _ => None,
        }
    }

    /// Takes out what a disabled trace passes on, for as long as it is current.
    pub(crate) fn take_passing(&mut self) -> Option<Box<Passing>> {
        match &mut self.0 {
            State::Disabled(passing) => passing.take(),
            _ => None,
        }
    }

    /// Ends [`take_passing`](Trace::take_passing).
    pub(crate) fn put_passing(&mut self, passed: Option<Box<Passing>>) {
        if let State::Disabled(passing @ None) = &mut self.0 {
            *passing = passed;
        }
    }

    /// What a disabled trace passes on, if it was told anything.
    pub(crate) fn passed(&self) -> Option<&Passing> {
        match &self.0 {
            State::Disabled(passing) => passing.as_deref(),
            _ => None,
        }
    }

    #[inline(always)]
    fn with(&mut self, call: impl FnOnce(&mut Entry)) -> &mut Self {
        if let Some(entry) = self.entry_mut() {
            call(entry);
        }
        self
    }

    /// A trace of an entry; disabled without one.
    #[inline(always)]
    pub(crate) fn of(entry: Option<Box<Entry>>) -> Trace {
        Trace(entry.map_or(State::Disabled(None), State::Here))
    }

    #[inline(always)]
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match &self.0 {
            State::Here(entry) => Some(entry),
            _ => None,
        }
    }

    /// Looks at the entry, where it is lent, too.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Entry) -> R) -> Option<R> {
        match &self.0 {
            State::Disabled(_) => None,
            State::Here(entry) => Some(look(entry)),
            State::Lent(token) => slot::look(*token, look),
        }
    }

    #[inline(always)]
    pub(crate) fn entry_mut(&mut self) -> Option<&mut Entry> {
        if !self.is_enabled() {
            return None;
        }
        self.take_back();
        match &mut self.0 {
            State::Here(entry) => Some(entry),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn take_entry(&mut self) -> Option<Box<Entry>> {
        if !self.is_enabled() {
            return None;
        }
        self.take_back();
        match std::mem::take(&mut self.0) {
            State::Here(entry) => Some(entry),
            other => {
                self.0 = other;
                None
            }
        }
    }

    /// Makes the entry current; `false` if there is none.
    #[inline]
    pub(crate) fn lend(&mut self) -> bool {
        let Some(entry) = self.take_entry() else {
            return false;
        };
        self.0 = State::Lent(slot::push(entry));
        true
    }

    /// Takes back an entry that is lent: the end of a guard, or the next use of
    /// the trace after its guard was forgotten.
    #[inline(always)]
    pub(crate) fn take_back(&mut self) {
        if let State::Lent(token) = self.0 {
            self.take_back_from(token);
        }
    }

    #[inline(never)]
    fn take_back_from(&mut self, token: Token) {
        // In use further up this thread's stack, or on another thread: later, then.
        let Some(mut entry) = slot::pop(token) else {
            return;
        };
        entry.token = None;
        entry.masks = 0;
        if entry.ended {
            self.0 = State::Disabled(None);
            pool::give_back(entry);
        } else {
            self.0 = State::Here(entry);
        }
    }

    // ----- fields

    /// Sets a field. The last write of a key wins, in the place of the first.
    ///
    /// The key is a literal, a `String` or [`key(&text)`](crate::key()); the
    /// value anything that is [`ToValue`]. `None` removes the field.
    ///
    /// A key that the library may write itself, such as `error`, becomes
    /// `error_2` in the record. Keys and values of any content are safe: what
    /// the format cannot carry is replaced or escaped, never refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # let mut trace = traceline::Trace::default();
    /// # let shard = 3;
    /// trace.set("method", "POST").set("attempt", 2).set("ratio", 0.25);
    /// trace.set("coupon", None::<&str>); // left out
    /// trace.set(format!("shard{shard}.rows"), 100);
    /// ```
    #[inline]
    pub fn set(&mut self, key: impl ToKey, value: impl ToValue) -> &mut Self {
        self.with(|entry| entry.set(key.to_key().0, value.to_value().0))
    }

    /// Removes a field.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("checkout");
    /// trace.set("cart_id", 7).set("coupon", "WELCOME10");
    /// trace.unset("coupon");
    /// assert!(trace.render().ends_with(" cart_id=7"));
    /// ```
    #[inline]
    pub fn unset(&mut self, key: impl ToKey) -> &mut Self {
        self.with(|entry| entry.unset(key.to_key().0))
    }

    /// Returns a field's value as it was given, if it is set: that of the timer
    /// `db` is the sum of its laps.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.incr("rows").incr("rows");
    /// trace.time("db", |_| ());
    /// assert_eq!(trace.get("rows").and_then(|value| value.as_u64()), Some(2));
    /// assert_eq!(trace.get("db.count").and_then(|value| value.as_u64()), Some(1));
    /// assert_eq!(trace.get("user_id"), None);
    /// ```
    pub fn get(&self, key: impl ToKey) -> Option<OwnedValue> {
        self.look(|entry| entry.get(key.to_key().0.as_str()))?
    }

    // ----- numbers that accumulate

    /// Adds one to a counter.
    ///
    /// On a key that holds something else, which `set` or `max` wrote, the
    /// counter is a field of its own, called `key_2` in the record.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for line in ["a,1", "", "b,2"] {
    ///     trace.incr(if line.is_empty() { "skipped" } else { "rows" });
    /// }
    /// assert!(trace.render().ends_with(" rows=2 skipped=1"));
    /// ```
    #[inline]
    pub fn incr(&mut self, key: impl ToKey) -> &mut Self {
        self.sum(key, 1u64)
    }

    /// Adds to a counter; see [`sum`](Trace::sum), which does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for batch in [&["a", "b"][..], &["c"]] {
    ///     trace.count("rows", batch.len());
    /// }
    /// assert!(trace.render().ends_with(" rows=3"));
    /// ```
    #[inline]
    pub fn count(&mut self, key: impl ToKey, n: impl Number) -> &mut Self {
        self.sum(key, n)
    }

    /// Adds to a sum. Whole numbers saturate, a float makes the sum a float.
    ///
    /// # Examples
    ///
    /// ```
    /// # let mut trace = traceline::Trace::default();
    /// for row in ["a", "bc"] {
    ///     trace.incr("rows").sum("bytes", row.len());
    /// } // rows=2 bytes=3
    /// ```
    #[inline]
    pub fn sum(&mut self, key: impl ToKey, x: impl Number) -> &mut Self {
        self.with(|entry| entry.accumulate(key.to_key().0, Role::Sum, x.amount()))
    }

    /// Keeps the largest of the numbers given.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for line in ["a,1", "bcd,20", "e,3"] {
    ///     trace.max("longest", line.len());
    /// }
    /// assert!(trace.render().ends_with(" longest=6"));
    /// ```
    #[inline]
    pub fn max(&mut self, key: impl ToKey, x: impl Number) -> &mut Self {
        self.with(|entry| entry.accumulate(key.to_key().0, Role::Max, x.amount()))
    }

    // ----- time

    /// Runs `work` and adds the time it takes to a timer: `key.count`, `key.ms`
    /// and `key.max_ms` in the record, over all laps of this key.
    ///
    /// A lap that ends by a panic counts too.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn query() -> Result<u32, String> { Ok(7) }
    /// # let mut trace = traceline::Trace::default();
    /// let rows = trace.time("db", |trace| {
    ///     trace.add("querying");
    ///     query()
    /// }); // db.count=1 db.ms=104.7 db.max_ms=104.7
    /// ```
    #[inline]
    pub fn time<R>(&mut self, key: impl ToKey, work: impl FnOnce(&mut Trace) -> R) -> R {
        if !self.is_enabled() {
            return work(self);
        }
        let timer = self.start_timer(key);
        let lap = RunningLap {
            trace: self,
            timer: Some(timer),
        };
        work(lap.trace)
    }

    /// Starts a lap of a timer, to be ended by [`stop`](Trace::stop); for work
    /// that is no closure.
    ///
    /// A lap that is not stopped ends with the trace.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("upload");
    /// let hashing = trace.start_timer("hash");
    /// trace.set("chunks", 4); // the trace is free meanwhile
    /// trace.stop(hashing);
    /// assert!(trace.render().contains(" hash.count=1 hash.ms="));
    /// ```
    #[inline]
    pub fn start_timer(&mut self, key: impl ToKey) -> Timer {
        let entry = self.entry_mut();
        Timer {
            lapse: entry.and_then(|entry| entry.start_lap(key.to_key().0)),
        }
    }

    /// Ends a lap. One that was started on another trace is left alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("upload");
    /// for _chunk in 0..3 {
    ///     let timer = trace.start_timer("write");
    ///     trace.stop(timer);
    /// }
    /// assert!(trace.render().contains(" write.count=3 write.ms="));
    /// ```
    #[inline]
    pub fn stop(&mut self, timer: Timer) -> &mut Self {
        self.with(|entry| {
            if let Some(lapse) = timer.lapse {
                entry.stop_lap(lapse);
            }
        })
    }

    /// Returns the time since the start; zero if disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// # fn work() { std::thread::sleep(std::time::Duration::from_millis(2)); }
    /// let mut trace = traceline::start!("import");
    /// work();
    /// if trace.elapsed().as_millis() > 1 {
    ///     trace.warn("slow");
    /// }
    /// assert_eq!(trace.level(), Some(log::Level::Warn));
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.look(|entry| entry.now().saturating_duration_since(entry.start))
            .unwrap_or_default()
    }

    // ----- fragments

    /// Adds a fragment: a text with its time and the source line of this call.
    ///
    /// [`add!`](crate::add!) formats one.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("auth");
    /// trace.add("header read").add("token found");
    /// // fragments="[2, 0.003ms] header read; [2, 0.004ms] token found"
    /// assert!(trace.render().ends_with("ms] token found\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn add(&mut self, message: impl Message) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), None, location))
    }

    /// Adds a fragment and raises the level to warn.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.warn("2 rows skipped"); // level=warn … fragments="[2, 0.003ms, warn] 2 rows skipped"
    /// assert_eq!(trace.level(), Some(log::Level::Warn));
    /// assert_eq!(trace.outcome(), None);
    /// # assert!(trace.render().ends_with("ms, warn] 2 rows skipped\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn warn(&mut self, message: impl Message) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), Some(Level::Warn), location))
    }

    /// Adds a fragment, raises the level to error and makes the outcome an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("checkout");
    /// trace.fail("no stock"); // level=error … outcome=error … fragments="[2, 0.003ms, error] no stock"
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
    /// # assert!(trace.render().ends_with("ms, error] no stock\""));
    /// ```
    #[inline]
    #[track_caller]
    pub fn fail(&mut self, message: impl Message) -> &mut Self {
        let location = Location::caller();
        self.with(|entry| {
            entry.add(message.text(), Some(Level::Error), location);
            entry.severity.set_outcome(Outcome::Error);
        })
    }

    /// What `add!` with a level expands to.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __add_at(&mut self, level: Level, message: impl Message) -> &mut Self {
        // An error is more than a level: it has an outcome.
        if level == Level::Error {
            return self.fail(message);
        }
        let location = Location::caller();
        self.with(|entry| entry.add(message.text(), Some(level), location))
    }

    // ----- outcome and level

    /// Returns the result, having recorded its error: `error`, and its sources
    /// in `error.chain`; outcome and level become error. Made for `?`.
    ///
    /// A later error replaces an earlier one. A call that takes the trace itself
    /// needs a line of its own: `let rows = load(&mut trace); trace.check(rows)?`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn run(trace: &mut traceline::Trace) -> std::io::Result<()> {
    /// let text = trace.check(std::fs::read_to_string("/etc/hostname"))?;
    /// # let _ = text;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn check<T, E: Failure<M>, M>(&mut self, result: Result<T, E>) -> Result<T, E> {
        if let Err(error) = &result {
            self.error(error);
        }
        result
    }

    /// Records an error; see [`check`](Trace::check).
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("auth");
    /// trace.error("unknown token");
    /// assert!(trace.render().ends_with(" error=\"unknown token\""));
    /// assert_eq!(trace.level(), Some(log::Level::Error));
    /// ```
    pub fn error<E: Failure<M> + ?Sized, M>(&mut self, error: &E) -> &mut Self {
        self.with(|entry| failure::record(entry, error.cause()))
    }

    /// Makes the outcome `ok`. An `error` recorded before stays to be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.set("rows", 3).ok();
    /// assert!(trace.render().contains(" msg=import outcome=ok "));
    /// ```
    #[inline]
    pub fn ok(&mut self) -> &mut Self {
        self.with(|entry| entry.severity.set_outcome(Outcome::Ok))
    }

    /// Sets the field `status`, and raises the level by what an HTTP status means:
    /// from 400 to warn, from 500 to error, which is the outcome then. A status
    /// under 400 changes neither. A [`Schema`](crate::Schema) may have another key for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("request");
    /// trace.status(404); // level=warn … status=404
    /// assert_eq!((trace.level(), trace.outcome()), (Some(log::Level::Warn), None));
    /// trace.status(503); // level=error … outcome=error … status=503
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
    /// # assert!(trace.render().ends_with(" status=503"));
    /// ```
    #[inline]
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.with(|entry| entry.set_status(status))
    }

    /// Raises the level; a less severe one changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use log::Level;
    ///
    /// let mut trace = traceline::start!("import");
    /// trace.raise(Level::Warn).raise(Level::Debug);
    /// assert_eq!(trace.level(), Some(Level::Warn));
    /// ```
    #[inline]
    pub fn raise(&mut self, level: Level) -> &mut Self {
        self.with(|entry| entry.severity.raise(level))
    }

    /// Overwrites the level, whatever raised it before. Later raises count again.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use log::Level;
    ///
    /// let mut trace = traceline::start!("health");
    /// trace.warn("cache is cold").set_level(Level::Debug);
    /// assert_eq!(trace.level(), Some(Level::Debug));
    /// trace.raise(Level::Info);
    /// assert_eq!(trace.level(), Some(Level::Info));
    /// ```
    #[inline]
    pub fn set_level(&mut self, level: Level) -> &mut Self {
        self.with(|entry| entry.severity.set_level(level))
    }

    /// Returns the level that the record would have now; `None` if disabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// assert_eq!(trace.level(), Some(log::Level::Info));
    /// trace.error("disk full");
    /// assert_eq!(trace.level(), Some(log::Level::Error));
    /// ```
    pub fn level(&self) -> Option<Level> {
        self.look(|entry| entry.severity.level())
    }

    /// Returns the outcome, if one was said.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// assert_eq!(trace.outcome(), None);
    /// trace.ok();
    /// assert_eq!(trace.outcome(), Some(traceline::Outcome::Ok));
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.look(|entry| entry.severity.outcome())?
    }

    // ----- the end

    /// Ends the unit and emits its record now.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.set("rows", 3).ok();
    /// # assert!(trace.render().ends_with(" rows=3"));
    /// trace.emit(); // ts=… level=info msg=import outcome=ok duration_ms=0.042 rows=3
    /// ```
    #[inline]
    pub fn emit(self) {}

    /// Ends the unit without a record.
    ///
    /// # Examples
    ///
    /// ```
    /// fn poll(queue: &mut Vec<u64>) {
    ///     let mut trace = traceline::start!("poll");
    ///     let Some(job) = queue.pop() else {
    ///         return trace.discard(); // nothing to tell
    ///     };
    ///     trace.set("job", job);
    /// }
    /// # poll(&mut vec![7]);
    /// # poll(&mut vec![]);
    /// ```
    pub fn discard(mut self) {
        if let Some(entry) = self.take_entry() {
            pool::give_back(entry);
        }
    }

    /// Emits a record of what there is so far, with `partial=true` and a number
    /// `seq`; the unit goes on. For long-running work.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for batch in 1..=2_000 {
    ///     trace.count("rows", 500);
    ///     if batch % 1_000 == 0 {
    ///         trace.checkpoint(); // … rows=500000 partial=true seq=1
    ///     }
    /// }
    /// ```
    pub fn checkpoint(&mut self) -> &mut Self {
        self.with(emit::checkpoint)
    }

    /// Returns the text of the record as it would be now, without emitting it;
    /// empty if disabled.
    ///
    /// Nothing is decided or made for it: [sampling](crate::Sampling) is not
    /// asked, so `sample_rate` is not in it, nor are ids that the record will get
    /// for that alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let config = traceline::Config::builder().header(false).build()?;
    /// let mut trace = traceline::builder!("import").config(&config).start();
    /// trace.set("rows", 3).ok(); // msg=import outcome=ok duration_ms=0.042 rows=3
    /// assert!(trace.render().starts_with("msg=import outcome=ok duration_ms="));
    /// # assert!(trace.render().ends_with(" rows=3"));
    /// # Ok::<(), traceline::ConfigError>(())
    /// ```
    pub fn render(&self) -> String {
        self.look(emit::render).unwrap_or_default()
    }

    /// Runs `work` and takes the outcome from its result; what `run!` expands to.
    #[doc(hidden)]
    pub fn __run<T, E: Failure<M>, M>(
        mut self,
        work: impl FnOnce(&mut Trace) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = work(&mut self);
        self.conclude(&result);
        result
    }

    /// The same for a closure that takes no handle: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<T, E: Failure<M>, M>(
        mut self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.scope(work);
        self.conclude(&result);
        result
    }

    /// Makes the outcome one that no other method says alone.
    pub(crate) fn set_outcome(&mut self, outcome: Outcome) {
        self.with(|entry| entry.severity.set_outcome(outcome));
    }

    /// Makes the outcome `cancelled`, unless it is `panic`.
    pub(crate) fn cancel(&mut self) {
        self.with(|entry| {
            if entry.severity.outcome() != Some(Outcome::Panic) {
                entry.severity.set_outcome(Outcome::Cancelled);
            }
        });
    }

    /// Makes the outcome `ok`, unless the code itself said one: that is the last word.
    pub(crate) fn finished(&mut self) {
        if self.outcome().is_none() {
            self.ok();
        }
    }

    /// Takes the outcome from a result.
    pub(crate) fn conclude<T, E: Failure<M>, M>(&mut self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.finished(),
            Err(error) => {
                self.error(error);
            }
        }
    }
}

impl Drop for Trace {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.take_entry() {
            emit::finish(entry);
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry() {
            Some(entry) => f
                .debug_struct("Trace")
                .field("name", &entry.origin.name)
                .field("level", &entry.severity.level())
                .field("outcome", &entry.severity.outcome())
                .field("fields", &entry.fields.len())
                .field("fragments", &entry.fragments.len())
                .finish_non_exhaustive(),
            None if self.is_enabled() => f.write_str("Trace(current)"),
            None => f.write_str("Trace(disabled)"),
        }
    }
}

/// What `start!` expands to.
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn __start<N: LiteralOrString>(name: N, module: &'static str) -> Trace {
    // The whole cost of a unit while logging is off: not even a builder.
    if builder::is_off() {
        return Trace::default();
    }
    TraceBuilder::new(name.into_name(), Some(module)).start()
}

/// A running lap of a timer, to be given to [`Trace::stop`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("upload");
/// let timer: traceline::Timer = trace.start_timer("write");
/// trace.stop(timer);
/// assert!(trace.get("write").is_some());
/// ```
#[derive(Debug)]
#[must_use = "pass it to `Trace::stop`; otherwise the lap ends with the trace"]
pub struct Timer {
    lapse: Option<Lapse>,
}

/// Ends its lap when `time` returns or unwinds.
struct RunningLap<'a> {
    trace: &'a mut Trace,
    timer: Option<Timer>,
}

impl Drop for RunningLap<'_> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.trace.stop(timer);
        }
    }
}
