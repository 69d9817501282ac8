//! A unit that may be cancelled: one whose future is dropped before it is ready.

use crate::trace::Trace;
use crate::value::failure::IsResult;
use crate::value::outcome::Outcome;

/// A trace of asynchronous work.
#[doc(hidden)]
#[derive(Debug)]
pub struct CancelGuard {
    trace: Trace,
    over: bool,
}

impl CancelGuard {
    #[inline]
    pub fn new(trace: Trace) -> CancelGuard {
        CancelGuard { trace, over: false }
    }

    #[inline]
    pub fn trace(&mut self) -> &mut Trace {
        &mut self.trace
    }

    /// Runs a poll with the trace as the current one; if it panics, that is the
    /// outcome, though the executor may catch it and drop the future in peace.
    #[inline]
    pub fn poll<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let polling = Polling(&mut self.trace);
        let result = polling.0.scope(work);
        std::mem::forget(polling);
        result
    }

    /// Emits the record.
    #[inline]
    pub fn end(&mut self) {
        self.over = true;
        drop(std::mem::take(&mut self.trace));
    }

    /// Moves the trace on to who will end it.
    #[cfg(feature = "tower")]
    pub(crate) fn hand_over(&mut self) -> CancelGuard {
        CancelGuard::new(std::mem::take(&mut self.trace))
    }

    /// Whether its record is written.
    #[cfg(feature = "tower")]
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Emits the record with the outcome of a result.
    pub fn take_outcome<R: IsResult<M>, M>(mut self, result: R) -> R {
        self.trace.take_outcome(&result);
        self.end();
        result
    }
}

/// Dropped by a panic only.
struct Polling<'a>(&'a mut Trace);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.set_outcome(Outcome::Panic);
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        if !self.over {
            self.trace.cancel();
        }
    }
}

/// What `run!` with an `async |trace|` closure expands to.
#[doc(hidden)]
#[macro_export]
macro_rules! __run_async {
    ($name:expr, ($($async:tt)+) $trace:ident, $work:expr) => {{
        let unit = $crate::__CancelGuard::new($crate::start!($name));
        $($async)+ {
            let mut unit = unit;
            let $trace = unit.trace();
            let result = async { $work }.await;
            unit.take_outcome(result)
        }
    }};
}
