//! A closure as a unit: the methods that `run!` expands to.

use crate::trace::Trace;
use crate::value::failure::IsResult;

impl Trace {
    /// Runs `work` and takes the outcome from its result.
    #[doc(hidden)]
    pub fn __run<R: IsResult<M>, M>(mut self, work: impl FnOnce(&mut Trace) -> R) -> R {
        let result = work(&mut self);
        self.take_outcome(&result);
        result
    }

    /// Does the same for a closure without an argument: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<R: IsResult<M>, M>(self, work: impl FnOnce() -> R) -> R {
        self.__run(|trace| trace.scope(work))
    }
}
