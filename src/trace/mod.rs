//! The collector of one unit of work.
//!
//! A `Trace` is a tag and a pointer (to the boxed entry, if there is one), so a
//! call on a disabled trace is one inlined branch, and a trace is cheap to move.
//! While the trace is current, its entry is lent to the stack of `thread/stack.rs`.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod shared;
pub(crate) mod join;
mod run;
pub(crate) mod scope;
mod ids;
pub(crate) mod builder;
mod outcome;
mod add;
pub(crate) mod time;
mod set;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::emit;
use crate::thread::{spares, stack};
use crate::unit::Entry;
use crate::unit::store::origin::Token;
use crate::unit::store::trace_ids::Forwarded;

/// The collector of one unit of work, which becomes one record.
///
/// [`start!`](crate::start!) begins one. It collects typed fields and fragments,
/// and emits its record when it is dropped: at the end of a function, on `?`, or
/// during a panic. The [crate page](crate) gives an overview.
///
/// If the logger would reject even an error with the trace's target, the trace
/// is *disabled*: every call on it is a single branch, and nothing is stored.
///
/// `std::process::exit`, `abort` and `mem::forget` run no destructors, so a trace
/// that is alive at that point leaves no record; see
/// [How programs end](crate::_guide::how_programs_end). Do not keep a trace in a
/// thread-local variable, nor begin one in its destructor: the order in which a
/// thread destroys its variables decides whether the record is written.
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

/// A single tag, so that the compiler can see that a disabled trace stays
/// disabled; such a unit costs little more than its start.
enum State {
    /// With the ids that it received and passes on, if there are any.
    Disabled(Option<Box<Forwarded>>),
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

// A panic in the middle of a call leaves the entry complete: user code runs under
// `catch::call`, and anything it wrote is rolled back.
impl UnwindSafe for Trace {}

impl RefUnwindSafe for Trace {}

impl Trace {
    /// Returns whether this trace collects anything.
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

    /// The ids that a disabled trace passes on, if it received any.
    fn forwarded(&self) -> Option<&Forwarded> {
        match &self.0 {
            State::Disabled(forwarded) => forwarded.as_deref(),
            _ => None,
        }
    }

    /// The place where a disabled trace keeps the ids that it passes on.
    fn forwarded_mut(&mut self) -> Option<&mut Option<Box<Forwarded>>> {
        match &mut self.0 {
            State::Disabled(forwarded) => Some(forwarded),
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

    /// Makes the trace of an entry, or a disabled one if there is no entry.
    #[inline(always)]
    pub(crate) fn from_entry(entry: Option<Box<Entry>>) -> Trace {
        Trace(entry.map_or(State::Disabled(None), State::Here))
    }

    /// Looks at the entry, even while it is lent.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Entry) -> R) -> Option<R> {
        match &self.0 {
            State::Disabled(_) => None,
            State::Here(entry) => Some(look(entry)),
            State::Lent(token) => stack::look(*token, look),
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

    /// Makes the entry current; returns `false` if there is no entry.
    #[inline]
    fn lend(&mut self) -> bool {
        let Some(entry) = self.take_entry() else {
            return false;
        };
        self.0 = State::Lent(stack::push(entry));
        true
    }

    /// Takes back a lent entry: when a guard ends, or at the next use of the trace
    /// if its guard was leaked.
    #[inline(always)]
    fn take_back(&mut self) {
        if let State::Lent(token) = self.0 {
            self.take_back_from(token);
        }
    }

    #[inline(never)]
    fn take_back_from(&mut self, token: Token) {
        // The entry is in use further up this thread's stack, or on another thread:
        // the next call tries again.
        let Some(mut entry) = stack::pop(token) else {
            return;
        };
        entry.token = None;
        entry.hidden_by = 0;
        if entry.ended {
            self.0 = State::Disabled(None);
            spares::give_back(entry);
        } else {
            self.0 = State::Here(entry);
        }
    }

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
    ///         return trace.discard(); // nothing to report
    ///     };
    ///     trace.set("job", job);
    /// }
    /// # poll(&mut vec![7]);
    /// # poll(&mut vec![]);
    /// ```
    pub fn discard(mut self) {
        if let Some(entry) = self.take_entry() {
            spares::give_back(entry);
        }
    }

    /// Emits a record of what has been collected so far and continues the unit;
    /// meant for long-running work.
    ///
    /// The record has two more fields: `partial=true`, and `seq`, which numbers
    /// the checkpoints of the unit from 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for batch in 1..=2_000 {
    ///     trace.sum("rows", 500);
    ///     if batch % 1_000 == 0 {
    ///         trace.checkpoint(); // … rows=500000 partial=true seq=1
    ///     }
    /// }
    /// ```
    pub fn checkpoint(&mut self) -> &mut Self {
        self.with(emit::checkpoint)
    }

    /// Returns the text that the record would have now, without emitting it;
    /// empty if the trace is disabled.
    ///
    /// Rendering makes no decisions: [sampling](crate::config::Sampling) does not
    /// run, so the text lacks `sample_rate`, and lacks ids that only sampling
    /// would have created.
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
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn render(&self) -> String {
        self.look(emit::render).unwrap_or_default()
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
        match &self.0 {
            State::Here(entry) => f
                .debug_struct("Trace")
                .field("name", &entry.origin.name)
                .field("level", &entry.severity.level())
                .field("outcome", &entry.severity.outcome())
                .field("fields", &entry.fields.len())
                .field("fragments", &entry.fragments.len())
                .finish_non_exhaustive(),
            State::Lent(_) => f.write_str("Trace(current)"),
            State::Disabled(_) => f.write_str("Trace(disabled)"),
        }
    }
}
