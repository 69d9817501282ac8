//! Units that are cancelled if their future is dropped before it is ready.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::trace::Trace;
use crate::value::failure::IsResult;
use crate::value::outcome::Outcome;

/// Guards the trace of asynchronous work: if the guard is dropped before
/// [`end`](Self::end), the outcome is `cancelled`.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct CancelGuard(Trace);

impl CancelGuard {
    #[inline]
    pub fn new(trace: Trace) -> CancelGuard {
        CancelGuard(trace)
    }

    /// Returns a handle for the block, which the guard is polled around.
    pub fn handle(&self) -> Trace {
        self.0.handle()
    }

    #[inline]
    pub fn trace(&mut self) -> &mut Trace {
        &mut self.0
    }

    /// Runs a poll with the trace as the current one. If the poll panics, the
    /// outcome is `panic`, even if the executor catches the panic and drops the
    /// future later.
    #[inline]
    pub fn poll<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let polling = Polling(&mut self.0);
        let result = polling.0.scope(work);
        std::mem::forget(polling);
        result
    }

    /// Emits the record. It leaves a disabled trace behind, which cannot be
    /// cancelled.
    #[inline]
    pub fn end(&mut self) {
        drop(std::mem::take(&mut self.0));
    }

    /// Emits the record with the outcome of a result; what [`RunFuture`] returns is
    /// passed on to this.
    pub fn finish<R: IsResult<M>, M>((unit, result): (CancelGuard, R)) -> R {
        unit.take_outcome(result)
    }

    /// Emits the record with the outcome of a result.
    fn take_outcome<R: IsResult<M>, M>(mut self, result: R) -> R {
        self.0.take_outcome(&result);
        self.end();
        result
    }
}

/// Dropped only by a panic; [`CancelGuard::poll`] forgets it otherwise.
struct Polling<'a>(&'a mut Trace);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.set_outcome(Outcome::Panic);
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Polls the block of `run!` with the unit as the current one.
///
/// The block is pinned in the frame around it and lent to this future, so that no unsafe
/// code and no allocation is needed.
#[doc(hidden)]
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RunFuture<'a, F> {
    unit: CancelGuard,
    block: Pin<&'a mut Option<F>>,
}

impl<'a, F> RunFuture<'a, F> {
    pub fn new(unit: CancelGuard, block: Pin<&'a mut Option<F>>) -> RunFuture<'a, F> {
        RunFuture { unit, block }
    }
}

impl<F: Future> Future for RunFuture<'_, F> {
    type Output = (CancelGuard, F::Output);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let block = &mut this.block;
        let poll = this.unit.poll(|| {
            // Polled again after it was ready: `Future` does not specify what happens then.
            let Some(running) = block.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let poll = running.poll(context);
            if poll.is_ready() {
                block.set(None);
            }
            poll
        });
        poll.map(|output| (std::mem::take(&mut this.unit), output))
    }
}

impl<F> Drop for RunFuture<'_, F> {
    fn drop(&mut self) {
        // Anything that the destructors of its locals log belongs to the unit.
        if self.block.is_some() {
            let block = &mut self.block;
            self.unit.trace().scope(|| block.set(None));
        }
    }
}

/// Makes an async block a unit; `run!` with an `async` closure or block expands to this.
#[doc(hidden)]
#[macro_export]
macro_rules! __run_async {
    ($name:expr, ($($async:tt)+) ($($trace:tt)+), $work:expr) => {{
        let unit = $crate::__CancelGuard::new($crate::start!($name));
        $($async)+ {
            let unit = unit;
            let handle = unit.handle();
            let block = ::core::pin::pin!(::core::option::Option::Some($($async)+ {
                // In here, so that what it wrote elsewhere is merged before the unit ends.
                let mut handle = handle;
                let $($trace)+ = &mut handle;
                let result = $work;
                result
            }));
            $crate::__CancelGuard::finish($crate::__RunFuture::new(unit, block).await)
        }
    }};
}
