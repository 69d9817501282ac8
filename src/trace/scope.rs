//! Making a trace the current one of its thread.
//!
//! An enabled trace lends its entry to the thread's stack. A disabled trace has no
//! entry to lend; it puts a cover on the stack instead, so that calls meant for it
//! do not reach the unit around it.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::base::unwinding;
use crate::thread::layers::Slot;
use crate::thread::{parts, stack};
use crate::trace::Trace;
use crate::unit::store::origin::Token;

impl Trace {
    /// Runs `work` with this trace as the current one of the thread, so that code
    /// called from `work` reaches it through [`current`](crate::current).
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::current;
    ///
    /// fn load() -> usize {
    ///     current::incr("db.queries");
    ///     current::add!("{} rows", 3);
    ///     3
    /// }
    ///
    /// let mut trace = traceline::start!("report");
    /// let rows = trace.scope(load);
    /// trace.set("rows", rows);
    /// ```
    #[inline]
    pub fn scope<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        unwinding::watch(work)
    }

    /// Makes this trace the current one of the thread until the guard is dropped.
    ///
    /// Units nest: the one entered last is current. Guards may be dropped in any
    /// order. A disabled trace hides the units around it, so that its data does
    /// not end up in another unit's record.
    ///
    /// Do not hold the guard across an `.await`; the compiler rejects that if the
    /// future has to be `Send`. For futures there is `in_trace` (feature
    /// `future`). If a guard is leaked with `mem::forget`, the trace stays
    /// current until its handle is used or dropped on this thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut trace = traceline::start!("report");
    /// let entered = trace.enter();
    /// traceline::current::set("shard", 3);
    /// drop(entered);
    /// trace.set("done", true);
    /// ```
    #[inline]
    pub fn enter(&mut self) -> Entered<'_> {
        self.lend();
        Entered {
            trace: self,
            not_send: PhantomData,
        }
    }
}

/// Not `Send`. If a future that holds a guard has to be `Send`, the compiler's
/// message contains this name, which shows the way out.
pub(crate) trait AcrossAwaitUseInTrace: Unpin + UnwindSafe + RefUnwindSafe {}

/// A guard that keeps a trace current; made by [`Trace::enter`].
///
/// Not to be confused with `testing::Entered`, which keeps a capture current. Each is
/// what `enter` of its type returns, and both can be used in one test.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("report");
/// {
///     let _entered = trace.enter();
///     traceline::current::set("shard", 3);
/// } // no longer current
/// traceline::current::set("shard", 4);
/// assert!(trace.render().ends_with(" shard=3"));
/// ```
#[must_use = "the trace is current only until the guard is dropped"]
#[derive(Debug)]
pub struct Entered<'a> {
    trace: &'a mut Trace,
    /// The stack belongs to the thread.
    not_send: PhantomData<dyn AcrossAwaitUseInTrace>,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.trace.take_back();
    }
}

/// Ends the layer of a part, or of a cover.
pub(super) fn leave(layer: Token) {
    if let Some(Slot::Unit(part)) = stack::leave(layer) {
        parts::come_home(part);
    }
}
