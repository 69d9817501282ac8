//! Making a trace the current one of its thread.
//!
//! An enabled trace lends its entry to the thread's stack. A disabled trace has no
//! entry to lend; it puts a cover on the stack instead, so that calls meant for it
//! do not reach the unit around it.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::base::{catch, unwinding};
use crate::thread::{spares, stack};
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
        let cover = if self.lend() { None } else { cover(self) };
        Entered {
            trace: self,
            cover,
            not_send: PhantomData,
        }
    }
}

/// Not `Send`. If a future that holds a guard has to be `Send`, the compiler's
/// message contains this name, which shows the way out.
trait AcrossAwaitUseInTrace: Unpin + UnwindSafe + RefUnwindSafe {}

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
    /// Hides the units around a disabled one.
    cover: Option<Token>,
    /// The stack belongs to the thread.
    not_send: PhantomData<dyn AcrossAwaitUseInTrace>,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.trace.take_back();
        if let Some(cover) = self.cover {
            uncover(cover, self.trace);
        }
    }
}

/// Hides the units around a disabled one, and puts the ids that it passes on
/// where [`current`](crate::current) finds them.
///
/// Panics are caught, because this also happens while a future is dropped, perhaps
/// during a panic: if there is no memory for a cover, the units stay visible.
#[cold]
fn cover(trace: &mut Trace) -> Option<Token> {
    catch::call(|| match trace.forwarded_mut().and_then(Option::take) {
        None => stack::cover(spares::take_cover),
        Some(forwarded) => Some(stack::push(spares::take_cover_of(forwarded))),
    })?
}

#[cold]
fn uncover(cover: Token, trace: &mut Trace) {
    if let Some(mut cover) = stack::pop(cover) {
        let forwarded = cover.forwarded.take();
        if let Some(kept) = trace.forwarded_mut() {
            *kept = forwarded;
        }
        spares::give_back(cover);
    }
}
