//! Making a trace the current one.

use std::marker::PhantomData;

use crate::base::catch;
use crate::thread::{spares, stack};
use crate::trace::Trace;
use crate::unit::store::origin::Token;

impl Trace {
    /// Runs `work` with this trace as the current one of the thread: whatever
    /// it calls reaches the trace by [`current`](crate::current).
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
        work()
    }

    /// Makes this trace the current one of the thread until the guard is dropped.
    ///
    /// Units nest: the one entered last is current. Guards may be dropped in any
    /// order; each takes its own trace back. A disabled trace hides the ones
    /// around it, so that what belongs to it is not told of another unit.
    ///
    /// The guard must not be held across an `.await`, which the compiler sees to
    /// where the future has to be `Send`; see `InTrace` for
    /// futures. A guard that is forgotten (`mem::forget`) leaves the trace
    /// current until the trace is used or dropped on this thread.
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

/// Is not `Send`, and its name is what the compiler shows where a future with a
/// guard inside should be `Send`.
trait AcrossAwaitUseInTrace {}

/// Keeps a trace current; made by [`Trace::enter`].
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
    /// The unit around a disabled one.
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

/// Hides the units around a disabled one, and keeps the ids that it passes on
/// where [`current`](crate::current) finds them.
///
/// Guarded, as a future that is dropped does this too, maybe in a panic: without
/// memory for what hides them, they are not hidden.
#[cold]
fn cover(trace: &mut Trace) -> Option<Token> {
    catch::call(|| match trace.take_forwarded() {
        None => stack::cover(spares::take_cover),
        Some(forwarded) => Some(stack::push(spares::take_cover_of(forwarded))),
    })?
}

#[cold]
fn uncover(cover: Token, trace: &mut Trace) {
    if let Some(mut cover) = stack::pop(cover) {
        trace.put_forwarded(cover.forwarded.take());
        spares::give_back(cover);
    }
}
