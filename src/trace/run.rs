//! A closure as a unit: what `run!` expands to.

use crate::base::unwinding;
use crate::trace::Trace;
use crate::value::failure::IsResult;

impl Trace {
    /// Runs `work` and takes the outcome from its result.
    #[doc(hidden)]
    pub fn __run<R: IsResult<M>, M>(mut self, work: impl FnOnce(&mut Trace) -> R) -> R {
        let result = unwinding::watch(|| work(&mut self));
        self.take_outcome(&result);
        result
    }

    /// Does the same for a closure without an argument: the trace is current in it.
    #[doc(hidden)]
    pub fn __run_scoped<R: IsResult<M>, M>(self, work: impl FnOnce() -> R) -> R {
        self.__run(|trace| trace.scope(work))
    }

    /// Does the same for any other expression.
    #[doc(hidden)]
    pub fn __run_work<R: IsResult<M>, M>(self, work: impl UnitWork<R>) -> R {
        self.__run(|trace| work.run(trace))
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
        $crate::__run_current!($name, $async { $($work)* })
    };
    ($name:expr, $async:tt || $($work:tt)+) => {
        $crate::__run_current!($name, $async { $crate::__body!($($work)+) })
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

// Two definitions instead of a `cfg` inside one, which would test for a feature of
// the crate that uses the macro.

/// An async block whose trace is current during each poll.
#[cfg(feature = "future")]
#[doc(hidden)]
#[macro_export]
macro_rules! __run_current {
    ($name:expr, ($($async:tt)+) $work:tt) => {
        $crate::__run_async($crate::start!($name), $($async)+ $work)
    };
}

/// Explains which feature is missing.
#[cfg(not(feature = "future"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __run_current {
    ($($work:tt)+) => {
        ::core::compile_error!(
            "`run!` with `async || …` or `async { … }` needs the feature `future` of `traceline`; \
             `async |trace| …` works without it"
        )
    };
}
