//! The types that can be reported as an error.
//!
//! `Box<dyn Error>` and `anyhow::Error` do not implement `Error`, so a plain bound
//! would exclude them. Each way to be a failure has a marker type instead: the
//! compiler finds the one that fits, and no error crate is named here.

use std::error::Error;
use std::fmt;
use std::fmt::Write;
use std::ops::DerefMut;

use crate::value::eager;
use crate::value::eager::Formatted;

/// How many sources of an error are kept.
const MAX_SOURCES: usize = 8;

/// A type that [`check`](crate::Trace::check), [`error`](crate::Trace::error) and
/// [`run!`](crate::run!) accept as an error: any [`std::error::Error`],
/// `Box<dyn Error>` with or without `Send + Sync`, `anyhow::Error`, `String` and `&str`.
///
/// `M` distinguishes these cases; the compiler infers it.
///
/// This trait is sealed: it cannot be implemented outside this crate.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.error(&std::fmt::Error);
/// trace.error(&Box::<dyn std::error::Error>::from("no such table"));
/// trace.error("disk full"); // replaces the earlier ones
/// assert!(trace.render().ends_with(" error=\"disk full\""));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as an error",
    label = "not an error",
    note = "implement `std::error::Error` for it, or make it text: `.map_err(|e| format!(\"{{e:?}}\"))`",
    note = "errors, `Box<dyn Error>`, `anyhow::Error`, `String` and `&str` can be recorded as they are"
)]
pub trait Failure<M>: sealed::HasCause<M> {}

/// Markers of the ways to be a [`Failure`].
#[doc(hidden)]
pub mod marker {
    #[derive(Debug)]
    pub enum IsError {}
    #[derive(Debug)]
    pub enum IsDynError {}
    #[derive(Debug)]
    pub enum HoldsError {}
    #[derive(Debug)]
    pub enum HoldsSyncError {}
    #[derive(Debug)]
    pub enum IsText {}
}

mod sealed {
    pub trait HasCause<M> {
        #[doc(hidden)]
        fn cause(&self) -> super::Cause<'_>;
    }

    pub trait HasFailure<M> {
        #[doc(hidden)]
        fn failure(&self) -> Option<super::Cause<'_>>;
    }
}

/// A failure as the library reads it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    Error(&'a (dyn Error + 'a)),
    Text(&'a str),
}

use marker::*;

/// A `Result` whose error is a [`Failure`], as [`check`](crate::Trace::check) and
/// [`run!`](crate::run!) take it.
///
/// `M` is the same as that of the error. This trait is sealed: it cannot be
/// implemented outside this crate.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::start!("connect");
/// let port = trace.check("http".parse::<u16>()); // outcome=error … error="invalid digit found in string"
/// assert!(port.is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "expected a `Result`, found `{Self}`",
    label = "not a `Result`",
    note = "work ends with `Ok(…)` or `Err(…)`; an `Option` becomes a `Result` with `.ok_or(\"…\")`; `run!` takes a future as `async || load().await`",
    note = "for work that cannot fail, keep a trace from `start!` alive while it runs, or call `in_trace` on its future"
)]
pub trait IsResult<M>: sealed::HasFailure<M> {}

impl<T, E: Failure<M>, M> IsResult<M> for Result<T, E> {}

impl<T, E: Failure<M>, M> sealed::HasFailure<M> for Result<T, E> {
    #[inline]
    fn failure(&self) -> Option<Cause<'_>> {
        self.as_ref().err().map(|error| error.cause())
    }
}

macro_rules! failure {
    ($([$($generics:tt)*] $marker:ty, $type:ty: |$this:ident| $cause:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Failure<$marker> for $type {}
        impl<$($generics)*> sealed::HasCause<$marker> for $type {
            fn cause(&self) -> Cause<'_> {
                let $this = self;
                $cause
            }
        }
    )*};
}

failure! {
    [E: Error] IsError, E: |error| Cause::Error(error);
    ['e] IsDynError, dyn Error + 'e: |error| Cause::Error(error);
    ['e] IsDynError, dyn Error + Send + 'e: |error| Cause::Error(error);
    ['e] IsDynError, dyn Error + Send + Sync + 'e: |error| Cause::Error(error);
    // `DerefMut` excludes `Arc<dyn Error>` and `&dyn Error`, which implement `Error`.
    [E: DerefMut<Target = dyn Error>] HoldsError, E: |error| Cause::Error(&**error);
    [E: DerefMut<Target = dyn Error + Send + Sync>] HoldsSyncError, E: |error| Cause::Error(&**error);
    [] IsText, String: |text| Cause::Text(text);
    [] IsText, str: |text| Cause::Text(text);
    [] IsText, &str: |text| Cause::Text(text);
}

/// Writes the sources of an error and returns whether there are more.
pub(crate) fn write_sources(out: &mut dyn Write, error: &dyn Error) -> Result<bool, fmt::Error> {
    // Not an iterator of successors, which would call `source`, user code, of the first
    // error that is left out.
    let mut next = error.source();
    let mut separator = "";
    for _ in 0..MAX_SOURCES {
        let Some(source) = next else {
            return Ok(false);
        };
        write!(out, "{separator}{source}")?;
        separator = ": ";
        next = source.source();
    }
    Ok(next.is_some())
}

/// The texts of an error, written before a trace is borrowed or locked.
#[derive(Debug, Default)]
pub(crate) struct ErrorTexts {
    pub(crate) error: Formatted,
    pub(crate) sources: Formatted,
    pub(crate) has_more: bool,
}

/// Formats an error, which runs user code.
pub(crate) fn describe(cause: Cause<'_>, limit: usize) -> ErrorTexts {
    let mut texts = ErrorTexts::default();
    match cause {
        Cause::Text(text) => texts.error = eager::format(limit, |out| out.write_str(text)),
        Cause::Error(error) => {
            texts.error = eager::format(limit, |out| write!(out, "{error}"));
            texts.sources = eager::format(limit, |out| {
                texts.has_more = write_sources(out, error)?;
                Ok(())
            });
        }
    }
    texts
}
