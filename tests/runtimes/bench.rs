//! Captured records, a clock to move, and runtimes to try everything on.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, yield_now};
use traceline::testing::{Capture, MockClock, Record};

use crate::tags::untagged;

/// What the units of one test write, and the clock that they read.
#[derive(Clone)]
pub struct Bench {
    pub capture: Capture,
    pub clock: &'static MockClock,
}

impl Bench {
    pub fn new() -> Bench {
        let clock = MockClock::leak();
        let capture = Capture::new().clock(clock);
        Bench { capture, clock }
    }

    /// Lets time pass.
    pub fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    /// A query that takes 20 ms, half of them before it waits.
    pub async fn query(&self) -> Result<u32, String> {
        self.pass(10);
        yield_now().await;
        self.pass(10);
        Ok(7)
    }

    /// A query that is never answered.
    pub async fn hang(&self, millis: u64) {
        self.pass(millis);
        pending::<()>().await;
    }

    /// The same, for one who waits until the time has passed.
    pub async fn start_and_hang(&self, millis: u64, started: oneshot::Sender<()>) {
        self.pass(millis);
        started.send(()).unwrap();
        pending::<()>().await;
    }

    /// Returns the records so far without the time and the line tags, and forgets them.
    pub fn take(&self) -> Vec<String> {
        self.capture.take().iter().map(bare).collect()
    }

    #[track_caller]
    pub fn check(&self, want: &[&str]) {
        assert_eq!(self.take(), want);
    }
}

fn bare(record: &Record) -> String {
    let (_time, rest) = record.text().split_once(" level=").expect("a header");
    untagged(rest)
}

/// Runs `work`, whose units are captured, and compares their records.
#[track_caller]
pub fn check<R>(work: impl FnOnce(&Bench) -> R, want: &[&str]) -> R {
    let bench = Bench::new();
    let result = bench.capture.run(|| work(&bench));
    bench.check(want);
    result
}

/// Runs `work` on two threads of tokio, on one, and among local tasks, and compares the records of each run.
#[track_caller]
pub fn check_on_each_runtime<F: Future<Output = ()>>(work: impl Fn(Bench) -> F, want: &[&str]) {
    for runtime in [two_threads(), one_thread()] {
        let bench = Bench::new();
        runtime.block_on(bench.capture.in_capture(work(bench.clone())));
        bench.check(want);
    }
    let bench = Bench::new();
    let local = LocalSet::new();
    local.block_on(&one_thread(), bench.capture.in_capture(work(bench.clone())));
    bench.check(want);
}

pub fn two_threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_time().build().unwrap()
}

pub fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Timeouts of this runtime are over as soon as nothing else is left to do.
pub fn hasty() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// Polls once, with a waker that does nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Adds to the current unit when it is dropped.
pub struct Writes(pub &'static str);

impl Drop for Writes {
    fn drop(&mut self) {
        traceline::current::add!("dropped {}", self.0);
    }
}

pub fn is_send<T: Send + 'static>(value: T) -> T {
    value
}
