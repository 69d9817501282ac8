//! Units that are cancelled if their future is dropped before it is ready.

use crate::trace::Trace;
use crate::value::failure::IsResult;
use crate::value::outcome::Outcome;

/// Guards the trace of asynchronous work: if the guard is dropped before
/// [`end`](Self::end), the outcome is `cancelled`.
#[doc(hidden)]
#[derive(Debug)]
pub struct CancelGuard(Trace);

impl CancelGuard {
    #[inline]
    pub fn new(trace: Trace) -> CancelGuard {
        CancelGuard(trace)
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

    /// Emits the record with the outcome of a result.
    pub fn take_outcome<R: IsResult<M>, M>(mut self, result: R) -> R {
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

/// Makes an async block with a handle a unit; `run!` with an `async |trace|`
/// closure expands to this.
#[doc(hidden)]
#[macro_export]
macro_rules! __run_async {
    ($name:expr, ($($async:tt)+) ($($trace:tt)+), $work:expr) => {{
        let unit = $crate::__CancelGuard::new($crate::start!($name));
        $($async)+ {
            let mut unit = unit;
            let $($trace)+ = unit.trace();
            let result = async { $work }.await;
            unit.take_outcome(result)
        }
    }};
}
