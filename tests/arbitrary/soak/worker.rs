//! A thread that runs units and hands some of them on to its neighbour.

use std::sync::mpsc::{Receiver, RecvError, SendError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use traceline::Trace;

use super::random::Random;
use super::sink;
use super::tally::{Tally, histogram};
use super::unit;

/// Units on their way from a thread to the next.
const ON_THE_WAY: usize = 64;

/// The counts since the last time, of one thread or of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub units: u64,
    pub expected: Tally,
    pub found: Tally,
}

/// The nanoseconds that `emit` took, and that an empty call took at the same time.
pub struct Latency {
    pub emit: Histogram<u64>,
    pub control: Histogram<u64>,
}

/// A worker as seen from outside. If its thread panics, its channels close, so that
/// nobody waits for it.
pub struct Seat {
    go_on: Sender<()>,
    told: Receiver<Counts>,
}

impl Seat {
    pub fn go_on(&self) -> Result<(), SendError<()>> {
        self.go_on.send(())
    }

    pub fn told(&self) -> Result<Counts, RecvError> {
        self.told.recv()
    }
}

pub struct Worker {
    number: u64,
    may_go_on: Receiver<()>,
    tell: Sender<Counts>,
    next: SyncSender<Trace>,
    previous: Receiver<Trace>,
    pub random: Random,
    begun: u64,
    pub counts: Counts,
    latency: Latency,
}

impl Worker {
    /// A ring of threads, each of which hands units on to the next.
    pub fn ring(threads: usize) -> Vec<(Worker, Seat)> {
        let (mut senders, receivers): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| sync_channel(ON_THE_WAY)).unzip();
        senders.rotate_left(1);
        let ends = (0..).zip(senders.into_iter().zip(receivers));
        ends.map(|(number, (next, previous))| {
            let (go_on, may_go_on) = channel();
            let (tell, told) = channel();
            let worker = Worker {
                number,
                may_go_on,
                tell,
                next,
                previous,
                random: Random(number),
                begun: 0,
                counts: Counts::default(),
                latency: Latency {
                    emit: histogram(),
                    control: histogram(),
                },
            };
            (worker, Seat { go_on, told })
        })
        .collect()
    }

    /// Runs units in rounds; stops after each until it may go on.
    pub fn run(mut self, round: Duration) -> Latency {
        let mut end = Instant::now();
        loop {
            end += round;
            while Instant::now() < end {
                for _ in 0..32 {
                    unit::any(&mut self);
                    sink::read(&mut self.counts.found);
                }
                self.finish_others();
            }
            // Others may hand on units until all have stopped.
            let stopped = Counts::default();
            if self.stand(stopped).is_none() {
                return self.latency;
            }
            self.finish_others();
            let counts = std::mem::take(&mut self.counts);
            if self.stand(counts).is_none() {
                return self.latency;
            }
        }
    }

    /// Sends the counts; `None` if this was the end.
    fn stand(&self, counts: Counts) -> Option<()> {
        self.tell.send(counts).ok()?;
        self.may_go_on.recv().ok()
    }

    /// A number for a new unit, unique in the run.
    pub fn number(&mut self) -> u64 {
        self.begun += 1;
        self.counts.units += 1;
        self.begun << 2 | self.number
    }

    /// Ends a unit and notes how long that took.
    pub fn emit(&mut self, trace: Trace) {
        let start = Instant::now();
        std::hint::black_box(());
        self.latency.control.saturating_record(nanos(start));
        let start = Instant::now();
        trace.emit();
        self.latency.emit.saturating_record(nanos(start));
    }

    /// Gives a unit to the next thread, or ends it if that thread is busy enough.
    pub fn hand_on(&mut self, trace: Trace) {
        if let Err(error) = self.next.try_send(trace) {
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            let (Full(trace) | Disconnected(trace)) = error;
            self.emit(trace);
        }
    }

    fn finish_others(&mut self) {
        while let Ok(mut trace) = self.previous.try_recv() {
            trace.set("ended_by", self.number).add("taken over");
            self.emit(trace);
            sink::read(&mut self.counts.found);
        }
    }
}

fn nanos(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
