//! A closure as a unit: what `run!` expands to.

use crate::base::unwinding;
use crate::trace::{State, Trace};
use crate::value::failure::IsResult;

impl Trace {
    /// Runs `work` with the trace as the current one and with a handle to it, and takes
    /// the outcome from its result.
    #[doc(hidden)]
    pub fn __run<R: IsResult<M>, M>(self, work: impl FnOnce(&mut Trace) -> R) -> R {
        if !self.is_enabled() {
            let _cover = self.into_cover();
            return work(&mut Trace(State::Covered(None)));
        }
        let mut running = Running::new(self);
        let handle = &mut running.handle;
        let result = unwinding::watch(|| work(handle));
        running.end(&result);
        result
    }

    /// Does the same for a closure without an argument.
    #[doc(hidden)]
    pub fn __run_scoped<R: IsResult<M>, M>(mut self, work: impl FnOnce() -> R) -> R {
        if !self.is_enabled() {
            let _cover = self.into_cover();
            return work();
        }
        let result = self.scope(work);
        self.take_outcome(&result);
        result
    }

    /// Does the same for any other expression.
    #[doc(hidden)]
    pub fn __run_work<R: IsResult<M>, M>(self, work: impl UnitWork<R>) -> R {
        self.__run(|trace| work.run(trace))
    }
}

/// A unit that runs a closure, which has a handle to it.
struct Running {
    // Dropped before the unit, so that what it wrote elsewhere is merged.
    handle: Trace,
    unit: Trace,
}

impl Running {
    #[inline]
    fn new(mut unit: Trace) -> Running {
        let handle = unit.handle();
        unit.lend();
        Running { handle, unit }
    }

    #[inline]
    fn end<M>(mut self, result: &impl IsResult<M>) {
        drop(std::mem::take(&mut self.handle));
        self.unit.take_outcome(result);
    }
}

/// Work that is not written as a closure inside `run!`. A trait of its own, whose
/// message names the usual mistake: a future.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`run!` cannot run `{Self}`",
    label = "expected `|trace| …`, `|| …`, `async || …`, `async {{ … }}` or a function that takes a `&mut Trace`",
    note = "if it is a future, write `async || load().await`"
)]
pub trait UnitWork<R> {
    /// Runs the work.
    fn run(self, trace: &mut Trace) -> R;
}

#[diagnostic::do_not_recommend]
impl<R, F: FnOnce(&mut Trace) -> R> UnitWork<R> for F {
    fn run(self, trace: &mut Trace) -> R {
        self(trace)
    }
}

/// The part of `run!` after `async` or `async move`. It becomes an async block,
/// because `Send` cannot be proved for the future of an async closure.
#[doc(hidden)]
#[macro_export]
macro_rules! __run_future {
    ($name:expr, $async:tt { $($work:tt)* } $(,)?) => {
        $crate::__run_async!($name, $async (_), async { $($work)* }.await)
    };
    ($name:expr, $async:tt || $($work:tt)+) => {
        $crate::__run_async!($name, $async (_), $crate::__body!($($work)+))
    };
    ($name:expr, $async:tt |$trace:tt $(: $type:ty)?| $($work:tt)+) => {
        $crate::__run_async!($name, $async ($trace $(: $type)?), $crate::__body!($($work)+))
    };
    ($name:expr, $($work:tt)+) => {
        ::core::compile_error!(
            "after `async` or `async move`, `run!` takes `|trace| …`, `|_| …`, `|| …` or `{ … }`"
        )
    };
}

/// The body of a closure that became an async block, with the type of its result
/// if the closure names one.
#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    (-> $result:ty { $($work:tt)* } $(,)?) => {{
        let result: $result = async { $($work)* }.await;
        result
    }};
    ($work:expr $(,)?) => {
        $work
    };
}
