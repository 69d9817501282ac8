use crate::trace::Trace;
use crate::value::failure::IsResult;

impl Trace {
    /// Runs `work` and takes the outcome from its result; what `run!` expands to.
    #[doc(hidden)]
    pub fn __run<R: IsResult<M>, M>(mut self, work: impl FnOnce(&mut Trace) -> R) -> R {
        let result = work(&mut self);
        self.take_outcome(&result);
        result
    }

    /// The same for a closure that takes no handle: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<R: IsResult<M>, M>(mut self, work: impl FnOnce() -> R) -> R {
        let result = self.scope(work);
        self.take_outcome(&result);
        result
    }
}
