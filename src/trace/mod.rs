//! The collector of one unit of work.
//!
//! A `Trace` is a tag and a pointer (to the boxed entry, if there is one), so a
//! call on a disabled trace is one inlined branch, and a trace is cheap to move.
//! While the trace is current, its entry is lent to the stack of `thread/stack.rs`.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod shared;
mod run;
mod ids;
pub(crate) mod unit_ref;
pub(crate) mod join;
pub(crate) mod scope;
pub(crate) mod builder;
pub(crate) mod begin;
mod lend;
mod outcome;
mod add;
pub(crate) mod time;
mod set;
mod covered;

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::emit;
use crate::thread::stack;
use crate::trace::covered::Covered;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::origin::Token;

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
/// thread-local variable, nor begin one in the destructor of such a variable: the order
/// in which a thread destroys its variables decides whether the record is written.
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
// Taken out by `drop`, which knows the usual states: the code for all of them would be
// called at the end of each unit, 1.6 % of the instructions of W1.
pub struct Trace(ManuallyDrop<State>);

/// A single tag, so that the compiler can see that a disabled trace stays
/// disabled; such a unit costs little more than its start.
enum State {
    /// With the ids that it received and passes on, if there are any.
    Disabled(Option<Box<Forwarded>>),
    /// Disabled, and current: its cover lies on the stack of current units.
    Covering(Token),
    /// The same for a handle of `run!`.
    CoveringHandle(Token),
    /// A handle of `run!` whose unit is disabled.
    Covered(Covered),
    Here(Box<Entry>),
    /// The entry is lent to the stack of current units.
    Lent(Token),
    /// A handle of `run!`, which owns the unit; its entry is on the stack of the thread
    /// that runs it.
    Handle(Arc<UnitHub>),
    /// A handle of `run!` that was used where its entry is not, with a part of the
    /// unit. It becomes a `Handle` again where the entry is.
    Away(Box<Entry>),
    /// The same, and its part is lent to the stack of current units.
    LentAway(Token),
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
        !matches!(
            *self.0,
            State::Disabled(_) | State::Covering(_) | State::CoveringHandle(_) | State::Covered(_)
        )
    }

    /// Uses the ids that a disabled trace passes on.
    fn with_forwarded<R>(
        &mut self,
        work: impl FnOnce(&mut Option<Box<Forwarded>>) -> R,
    ) -> Option<R> {
        match &mut *self.0 {
            State::Disabled(forwarded) => Some(work(forwarded)),
            State::Covering(token) | State::CoveringHandle(token) => {
                stack::with_cover(Some(*token), work)
            }
            State::Covered(own) => own.with(work),
            _ => None,
        }
    }

    /// Looks at the ids that a disabled trace passes on, if it received any.
    fn forwarded<R>(&self, look: impl FnOnce(&Forwarded) -> R) -> Option<R> {
        match &*self.0 {
            State::Disabled(forwarded) => forwarded.as_deref().map(look),
            State::Covering(token) | State::CoveringHandle(token) => {
                stack::with_cover(Some(*token), |kept| kept.as_deref().map(look))?
            }
            State::Covered(own) => own.look(look),
            _ => None,
        }
    }

    #[inline(always)]
    fn with(&mut self, call: impl FnOnce(&mut Entry)) -> &mut Self {
        self.with_entry(call);
        self
    }

    /// Uses the entry, wherever it is. `call` must not run code of the user if the
    /// entry may be on the stack: that code would find no current unit.
    #[inline(always)]
    pub(crate) fn with_entry<R>(&mut self, call: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        match &mut *self.0 {
            State::Here(entry) => Some(call(entry)),
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => None,
            _ => self.with_lent(call),
        }
    }

    #[inline(always)]
    fn new_in(state: State) -> Trace {
        Trace(ManuallyDrop::new(state))
    }

    /// Makes the trace of an entry, or a disabled one if there is no entry.
    #[inline(always)]
    pub(crate) fn from_entry(entry: Option<Box<Entry>>) -> Trace {
        Trace::new_in(match entry {
            Some(entry) => State::Here(entry),
            None => State::Disabled(None),
        })
    }

    /// Makes a disabled trace that passes ids on.
    pub(crate) fn passing_on(forwarded: Option<Forwarded>) -> Trace {
        Trace::new_in(State::Disabled(forwarded.map(Box::new)))
    }

    /// Looks at the entry, even while it is lent. A handle that is not where its
    /// entry is sees only what it wrote itself.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Entry) -> R) -> Option<R> {
        let look = |entry: &Entry| match entry.has_news() {
            false => look(entry),
            true => look(&entry.caught_up()),
        };
        match &*self.0 {
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => None,
            State::Here(entry) | State::Away(entry) => Some(look(entry)),
            State::Lent(token) | State::LentAway(token) => {
                stack::with_unit(*token, |entry| look(entry))
            }
            State::Handle(hub) => Trace::look_from_handle(hub, look),
        }
    }

    /// Takes the entry out of a trace that owns one.
    #[inline(always)]
    pub(crate) fn take_entry(&mut self) -> Option<Box<Entry>> {
        if let State::Disabled(_) = *self.0 {
            return None;
        }
        self.take_back();
        match std::mem::take(&mut *self.0) {
            State::Here(entry) | State::Away(entry) => Some(entry),
            other => {
                *self.0 = other;
                None
            }
        }
    }

    /// Returns the limit of values; `None` if the trace is disabled.
    pub(crate) fn value_limit(&self) -> Option<usize> {
        match &*self.0 {
            State::Handle(hub) => Some(hub.settings.limits.value),
            _ => self.look(|entry| entry.limits.value),
        }
    }

    /// Returns the hub of the unit; `None` if the trace is disabled.
    pub(crate) fn hub(&self) -> Option<Arc<UnitHub>> {
        match &*self.0 {
            State::Handle(hub) => Some(Arc::clone(hub)),
            State::Here(entry) => {
                entry.fields.note_reached();
                Some(Arc::clone(entry.home_or_hub()))
            }
            State::Away(entry) => Some(Arc::clone(entry.home_or_hub())),
            State::Lent(token) | State::LentAway(token) => {
                stack::with_unit(*token, |entry| Arc::clone(entry.home_or_hub()))
            }
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => None,
        }
    }

    /// Ends the unit and emits its record now. A part joins its unit instead, and a handle of
    /// `run!` that is elsewhere leaves the record to the end of the unit.
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
    pub fn emit(mut self) {
        self.take_back();
        if let State::Handle(_) = *self.0 {
            self.with_entry(|entry| emit::end_now(entry, true));
        }
    }

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
        match &*self.0 {
            State::Handle(hub) => hub.discard(),
            State::Away(part) => part.home_or_hub().discard(),
            _ => _ = self.take_entry().map(emit::discard),
        }
    }

    /// Emits a record of what has been collected so far and continues the unit;
    /// meant for long-running work.
    ///
    /// The record has two more fields: `partial=true`, and `seq`, which numbers
    /// the checkpoints of the unit from 1.
    ///
    /// Only the unit writes records: in a part, in the scope of a `UnitRef` and on a handle of
    /// `run!` elsewhere, this does nothing.
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
        let render = |entry: &Entry| match entry.lacks_known_ids() {
            true => emit::render(&entry.caught_up()),
            false => emit::render(entry),
        };
        self.look(render).unwrap_or_default()
    }
}

impl Drop for Trace {
    #[inline]
    fn drop(&mut self) {
        // These have nothing to end or to drop.
        if let State::Disabled(None) | State::Covered(Covered::Marked(_)) = *self.0 {
            return;
        }
        match std::mem::take(&mut *self.0) {
            State::Here(entry) => emit::finish(entry),
            other => self.finish_other(other),
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            State::Here(entry) => f
                .debug_struct("Trace")
                .field("name", &entry.origin.name)
                .field("level", &entry.severity.level())
                .field("outcome", &entry.severity.outcome())
                .field("fields", &entry.fields.len())
                .field("fragments", &entry.fragments.len())
                .finish_non_exhaustive(),
            State::Lent(_) | State::LentAway(_) | State::Handle(_) | State::Away(_) => {
                f.write_str("Trace(current)")
            }
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => f.write_str("Trace(disabled)"),
        }
    }
}
