//! Results of timed closures, which must not be futures.
//!
//! A closure that returns a future has only made it: what is meant to be timed has not run
//! yet. A bound cannot exclude a trait, but two implementations that both fit leave the
//! compiler without a choice. `on_unimplemented` has no say in that error. What it shows is
//! the name of the type parameter that cannot be inferred, so that name is the message.

use std::future::Future;

/// A result of a closure that [`Trace::time`](crate::Trace::time) measures: any type that is
/// not a future.
///
/// There is nothing to implement. Time a future with `future.timed("db").await`. To time only
/// how long it takes to make one, return it inside of something else, such as `(future,)`.
///
/// The compiler sees the type that the closure returns, not what is in it: a `Result`,
/// `Option` or tuple with a future in it compiles, and so does the call in a function that is
/// generic over the result. Only the making of these futures is then timed.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// let rows = trace.time("db", |_| 7); // `u32` is not a future
/// ```
///
/// ```compile_fail
/// # let mut trace = traceline::Trace::default();
/// let rows = trace.time("db", |_| async { 7 });
/// ```
pub trait NotAFuture<M> {}

/// The marker that fits every type.
#[doc(hidden)]
#[derive(Debug)]
pub enum AnyType {}

/// The marker that fits futures, too.
#[doc(hidden)]
#[derive(Debug)]
pub enum IsAFuture {}

impl<T> NotAFuture<AnyType> for T {}

impl<F: Future> NotAFuture<IsAFuture> for F {}
