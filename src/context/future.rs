//! Futures as units of work, as parts of one, and as laps, on any executor.

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::cancel::CancelGuard;
use crate::context::current;
use crate::context::missed::Call;
use crate::trace::Trace;
use crate::trace::time::Lap;
use crate::trace::unit_ref::UnitRef;
use crate::value::failure::IsResult;

/// Adds methods that make a future a unit of work, a part of one, or a lap in one.
///
/// | method | the future is |
/// |---|---|
/// | [`in_trace`](Self::in_trace), [`run_in_trace`](Self::run_in_trace) | a unit of its own |
/// | [`in_current_unit`](Self::in_current_unit), [`in_unit`](Self::in_unit) | a part of a unit, such as a task that it spawns |
/// | [`timed`](Self::timed) | a lap of the current unit |
///
/// # Examples
///
/// ```
/// use traceline::{current, future::InTraceExt};
///
/// async fn load(id: u64) -> Result<u64, std::io::Error> {
///     current::set("id", id);
///     Ok(id * 2)
/// }
///
/// async fn handle(id: u64) -> Result<u64, std::io::Error> {
///     load(id).run_in_trace(traceline::start!("request")).await
/// }
/// # let mut future = std::pin::pin!(handle(7));
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(future.as_mut().poll(&mut context).is_ready());
/// ```
pub trait InTraceExt: Future + Sized {
    /// Makes the trace current during each poll, and emits its record when the
    /// future is ready.
    ///
    /// If the future is dropped earlier, the outcome is `cancelled`; the trace is
    /// current while the future's own values are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{current, future::InTraceExt};
    ///
    /// async fn load(id: u64) -> u64 {
    ///     current::set("id", id);
    ///     id * 2
    /// }
    ///
    /// let trace = traceline::start!("load");
    /// pollster::block_on(load(7).in_trace(trace)); // ts=… msg=load duration_ms=0.012 id=7
    /// ```
    fn in_trace(self, trace: Trace /* move a Part into the future */) -> InTrace<Self> {
        InTrace::new(CancelGuard::new(trace), self)
    }

    /// Does the same, and takes the outcome from the future's `Result`, as
    /// [`run!`](crate::run!) does.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::future::InTraceExt;
    ///
    /// async fn port(text: &str) -> Result<u16, std::num::ParseIntError> {
    ///     text.parse()
    /// }
    ///
    /// let future = port("http").run_in_trace(traceline::start!("connect"));
    /// assert!(pollster::block_on(future).is_err()); // outcome=error … error="invalid digit found in string"
    /// ```
    fn run_in_trace<M>(self, trace: Trace) -> RunInTrace<Self, M>
    where
        Self::Output: IsResult<M>,
    {
        RunInTrace {
            inner: self.in_trace(trace),
            take_outcome: |result, trace| trace.take_outcome(result),
            marker: PhantomData,
        }
    }

    /// Makes a part of the unit current during each poll, and merges the part when the future
    /// is ready or dropped.
    ///
    /// Nothing is locked while the future runs. If the unit ends earlier, its record counts
    /// the part in `lost_parts`.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{current, future::InTraceExt};
    ///
    /// let mut trace = traceline::start!("upload");
    /// let hash = async { current::incr("chunks") }.in_unit(&trace.unit());
    /// pollster::block_on(hash); // or `tokio::spawn(hash)`
    /// assert!(trace.render().ends_with(" chunks=1"));
    /// ```
    fn in_unit(self, unit: &UnitRef) -> InUnit<Self> {
        InUnit {
            inner: InTrace::new(CancelGuard::default(), self),
            unit: Some(unit.clone()),
        }
    }

    /// Does the same with the unit that is current where this is called, so that a task
    /// contributes to the unit that spawns it.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn spawn(future: impl Future<Output = ()>) { pollster::block_on(future) }
    /// use traceline::{current, future::InTraceExt};
    ///
    /// async fn upload() {
    ///     spawn(async { current::incr("chunks") }.in_current_unit());
    /// }
    /// # pollster::block_on(upload().in_trace(traceline::start!("upload")));
    /// ```
    #[track_caller]
    fn in_current_unit(self) -> InUnit<Self> {
        self.in_unit(&current::unit())
    }

    /// Makes the future a lap of a timer, from its first poll until it is ready or dropped.
    ///
    /// The lap belongs to the unit that is current at the first poll, wherever the future
    /// is polled or dropped after that. In a task, that is the unit inside which the future
    /// is timed: `work.timed("hash").in_current_unit()`, not the other way round.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn query() -> u64 { 7 }
    /// use traceline::future::InTraceExt;
    ///
    /// async fn load() -> u64 {
    ///     query().timed("db").await // db.count=1 db.ms=0.002 db.max_ms=0.002
    /// }
    /// # assert_eq!(pollster::block_on(load().in_trace(traceline::start!("load"))), 7);
    /// ```
    #[track_caller]
    fn timed(self, key: impl Into<Cow<'static, str>>) -> Timed<Self> {
        Timed {
            future: self,
            lap: LapState::Before(key.into(), Call::here()),
        }
    }
}

impl<F: Future> InTraceExt for F {}

pin_project! {
    /// A future that is a unit of work; made by [`InTraceExt::in_trace`].
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::future::{InTrace, InTraceExt};
    ///
    /// let future: InTrace<_> = async { 7 }.in_trace(traceline::start!("load"));
    /// drop(future); // ts=… level=warn msg=load outcome=cancelled duration_ms=0.004
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InTrace<F> {
        #[pin]
        future: Option<F>,
        unit: CancelGuard,
    }

    impl<F> PinnedDrop for InTrace<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let future = &mut this.future;
            // Anything that the destructors of its locals log belongs to the unit.
            if future.is_some() {
                this.unit.trace().scope(|| future.set(None));
            }
        }
    }
}

impl<F> InTrace<F> {
    fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }
}

impl<F: Future> InTrace<F> {
    fn new(unit: CancelGuard, future: F) -> InTrace<F> {
        InTrace {
            future: Some(future),
            unit,
        }
    }

    pub(crate) fn unit(self: Pin<&mut Self>) -> &mut CancelGuard {
        self.project().unit
    }

    /// Polls with the trace as the current one. The unit does not end with the
    /// future.
    #[inline]
    fn poll_inside(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut future = this.future;
        this.unit.poll(|| {
            let Some(running) = future.as_mut().as_pin_mut() else {
                // Polled again after it was ready: `Future` does not specify what
                // happens then.
                return Poll::Pending;
            };
            let poll = running.poll(context);
            if poll.is_ready() {
                future.set(None);
            }
            poll
        })
    }

    /// Polls. Once the future is ready, passes its output to `take_outcome` and ends
    /// the unit.
    #[inline]
    fn poll_with(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        take_outcome: impl FnOnce(&F::Output, &mut Trace),
    ) -> Poll<F::Output> {
        let poll = self.as_mut().poll_inside(context);
        let this = self.project();
        if let Poll::Ready(output) = &poll {
            take_outcome(output, this.unit.trace());
            this.unit.end();
        }
        poll
    }
}

impl<F: Future> Future for InTrace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.poll_with(context, |_, _| ())
    }
}

pin_project! {
    /// A future that is a unit of work, and whose result decides the outcome; made
    /// by [`InTraceExt::run_in_trace`].
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::future::{InTraceExt, RunInTrace};
    ///
    /// let future: RunInTrace<_, _> = async { Ok::<_, String>(7) }.run_in_trace(traceline::start!("load"));
    /// assert_eq!(pollster::block_on(future), Ok(7)); // outcome=ok
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct RunInTrace<F, M> where F: Future {
        #[pin]
        inner: InTrace<F>,
        // A function pointer, so that the `impl` of `Future` needs no bound on the
        // output: if the work returns no `Result`, the compiler reports that once,
        // and not at every use.
        take_outcome: fn(&F::Output, &mut Trace),
        marker: PhantomData<fn() -> M>,
    }
}

impl<F: Future, M> Future for RunInTrace<F, M> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.inner.poll_with(context, *this.take_outcome)
    }
}

pin_project! {
    /// A future that is a part of a unit; made by [`InTraceExt::in_unit`] and
    /// [`InTraceExt::in_current_unit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::future::{InTraceExt, InUnit};
    ///
    /// let trace = traceline::start!("upload");
    /// let future: InUnit<_> = async { 7 }.in_unit(&trace.unit());
    /// assert_eq!(pollster::block_on(future), 7);
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InUnit<F> {
        #[pin]
        inner: InTrace<F>,
        // Until the first poll: a task that never runs is not a lost part.
        unit: Option<UnitRef>,
    }

    impl<F> PinnedDrop for InUnit<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // What the destructors of its values log belongs to the unit even if the
            // future was never polled.
            if let Some(unit) = this.unit.take() {
                unit.scope(|| this.inner.drop_future());
            }
        }
    }
}

impl<F: Future> Future for InUnit<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(unit) = this.unit.take() {
            *this.inner.as_mut().unit() = CancelGuard::new(unit.part().into_trace());
        }
        let poll = this.inner.as_mut().poll_inside(context);
        if poll.is_ready() {
            this.inner.unit().end();
        }
        poll
    }
}

pin_project! {
    /// A future that is a lap of a timer; made by [`InTraceExt::timed`].
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::future::{InTraceExt, Timed};
    ///
    /// let future: Timed<_> = async { 7 }.timed("db");
    /// assert_eq!(pollster::block_on(future), 7);
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timed<F> {
        // Dropped first: its destructors belong to the lap.
        #[pin]
        future: F,
        lap: LapState,
    }
}

/// A lap before, during and after its time.
#[derive(Debug)]
enum LapState {
    Before(Cow<'static, str>, Call),
    Running { _lap: Lap },
    Over,
}

impl<F: Future> Future for Timed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let LapState::Before(key, call) = this.lap {
            let _lap = match key {
                Cow::Borrowed(key) => current::lap_of(*key, *call),
                Cow::Owned(key) => current::lap_of(std::mem::take(key), *call),
            };
            *this.lap = LapState::Running { _lap };
        }
        let poll = this.future.poll(context);
        if poll.is_ready() {
            *this.lap = LapState::Over;
        }
        poll
    }
}
