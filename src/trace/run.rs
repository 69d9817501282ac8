use crate::trace::Trace;
use crate::value::failure::Failure;

impl Trace {
    /// Runs `work` and takes the outcome from its result; what `run!` expands to.
    #[doc(hidden)]
    pub fn __run<T, E: Failure<M>, M>(
        mut self,
        work: impl FnOnce(&mut Trace) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = work(&mut self);
        self.take_outcome(&result);
        result
    }

    /// The same for a closure that takes no handle: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<T, E: Failure<M>, M>(
        mut self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.scope(work);
        self.take_outcome(&result);
        result
    }
}
