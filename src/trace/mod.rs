//! The collector of one unit of work.
//!
//! A `Trace` is a tag and a pointer: to the boxed entry, or to nothing if the
//! logger would not take even an error of this target. So a disabled call is a branch
//! that is inlined where it stands, and a trace is cheap to move. While the
//! trace is current, the entry is lent to the stack of `slot.rs`.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod shared;
pub(crate) mod join;
pub(crate) mod run;
pub(crate) mod scope;
pub(crate) mod ids;
pub(crate) mod builder;
pub(crate) mod outcome;
pub(crate) mod add;
pub(crate) mod time;
pub(crate) mod set;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::emit;
use crate::thread::{spares, stack};
use crate::unit::Entry;
use crate::unit::store::origin::Token;
use crate::unit::store::trace_ids::Forwarded;

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

// A panic in the middle of a call leaves the entry complete: user code runs
// guarded (`guard.rs`), and what it wrote is rolled back.
impl UnwindSafe for Trace {}

impl RefUnwindSafe for Trace {}

impl Trace {
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
    pub(crate) fn forwarded(&mut self) -> Option<&mut Forwarded> {
        match &mut self.0 {
            State::Disabled(forwarded) => Some(forwarded.get_or_insert_default()),
            _ => None,
        }
    }

    /// Takes out what a disabled trace passes on, for as long as it is current.
    pub(crate) fn take_forwarded(&mut self) -> Option<Box<Forwarded>> {
        match &mut self.0 {
            State::Disabled(forwarded) => forwarded.take(),
            _ => None,
        }
    }

    /// Ends [`take_forwarded`](Trace::take_forwarded).
    pub(crate) fn put_forwarded(&mut self, passed: Option<Box<Forwarded>>) {
        if let State::Disabled(forwarded @ None) = &mut self.0 {
            *forwarded = passed;
        }
    }

    /// What a disabled trace passes on, if it was told anything.
    pub(crate) fn passed(&self) -> Option<&Forwarded> {
        match &self.0 {
            State::Disabled(forwarded) => forwarded.as_deref(),
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
    pub(crate) fn from_entry(entry: Option<Box<Entry>>) -> Trace {
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

    /// Makes the entry current; `false` if there is none.
    #[inline]
    pub(crate) fn lend(&mut self) -> bool {
        let Some(entry) = self.take_entry() else {
            return false;
        };
        self.0 = State::Lent(stack::push(entry));
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
    ///         return trace.discard(); // nothing to tell
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

    /// Emits a record of what there is so far, with `partial=true` and a number
    /// `seq`; the unit goes on. For long-running work.
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

    /// Returns the text of the record as it would be now, without emitting it;
    /// empty if disabled.
    ///
    /// Nothing is decided or made for it: [sampling](crate::config::Sampling) is not
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
