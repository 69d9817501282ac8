//! A closure as a unit: what `run!` expands to.

use crate::trace::Trace;
use crate::value::failure::Failure;

impl Trace {
    /// Runs `work` and takes the outcome from its result.
    #[doc(hidden)]
    pub fn __run<T, E: Failure<M>, M>(
        mut self,
        work: impl FnOnce(&mut Trace) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = work(&mut self);
        self.take_outcome(&result);
        result
    }

    /// The same for a closure without an argument: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<T, E: Failure<M>, M>(
        self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.__run(|trace| trace.scope(work))
    }
}
