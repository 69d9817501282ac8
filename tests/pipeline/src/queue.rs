//! The records that wait to be published: limited in number and bytes, and counted.
//!
//! A line leaves the queue once the broker has confirmed that it is stored, so lines on their way count.
//! A full queue drops new lines; the old ones may be needed to understand how it began.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// A line, and the number that it keeps over all attempts to publish it.
#[derive(Clone, Debug)]
pub struct Line {
    pub number: u64,
    /// Shared, so that a batch is not copied while callers wait for the lock.
    pub text: Arc<str>,
}

/// How many records ended where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records that the broker confirmed as stored, reports of drops included.
    pub stored: u64,
    /// Records that found the queue full, or were too long for the broker.
    pub dropped: u64,
    /// Records that wait or whose storage is not confirmed yet.
    pub waiting: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    numbered: u64,
    stored: u64,
    dropped: u64,
    /// How many of `dropped` have been reported.
    reported: u64,
    /// The line that is a report and not stored yet: one at a time.
    report: Option<u64>,
    closed: Option<Instant>,
}

#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    /// Wakes callers of `flush`.
    emptied: Condvar,
    /// Wakes the publisher.
    filled: Notify,
    max_records: usize,
    max_bytes: usize,
}

impl Queue {
    pub fn new(max_records: usize, max_bytes: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            emptied: Condvar::new(),
            filled: Notify::new(),
            max_records,
            max_bytes,
        }
    }

    /// Takes a line if there is room, and counts it if not; never waits.
    pub fn push(&self, text: &str, max_line: usize) {
        let text: Arc<str> = text.into();
        let mut state = self.state.lock();
        let fits = state.lines.len() < self.max_records
            && state.bytes + text.len() <= self.max_bytes
            && text.len() <= max_line
            && state.closed.is_none();
        if fits {
            state.push(text);
        } else {
            state.dropped += 1;
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Adds a report of the records dropped since the last one; it may exceed the limits.
    pub fn report(&self, report: impl FnOnce(u64) -> String) {
        let mut state = self.state.lock();
        let news = state.dropped - state.reported;
        if news > 0 && state.report.is_none() {
            state.reported = state.dropped;
            state.report = Some(state.push(report(news).into()));
        }
    }

    /// The oldest lines, which remain in the queue.
    pub fn oldest(&self, most: usize) -> Vec<Line> {
        let state = self.state.lock();
        state.lines.iter().take(most).cloned().collect()
    }

    /// Forgets lines that are stored.
    pub fn stored(&self, numbers: &[u64]) {
        let mut state = self.state.lock();
        for number in numbers {
            if state.remove(*number) {
                state.stored += 1;
                state.report = state.report.filter(|report| report != number);
            }
        }
        self.emptied.notify_all();
    }

    /// Drops lines that the broker will never take.
    pub fn refused(&self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        for line in lines {
            if state.remove(line.number) {
                state.dropped += 1;
            }
        }
        self.emptied.notify_all();
    }

    pub fn stats(&self) -> Stats {
        let state = self.state.lock();
        Stats {
            stored: state.stored,
            dropped: state.dropped,
            waiting: state.lines.len(),
        }
    }

    /// Waits until there is something to publish; false if closed, and either empty or out of time.
    pub async fn has_work(&self) -> bool {
        loop {
            let filled = self.filled.notified();
            {
                let state = self.state.lock();
                let in_time = state.closed.is_none_or(|until| Instant::now() < until);
                let work = !state.lines.is_empty() || state.dropped > state.reported;
                if !in_time || (state.closed.is_some() && !work) {
                    return false;
                }
                if work {
                    return true;
                }
            }
            filled.await;
        }
    }

    /// Waits until the queue is empty; false if that took longer than `most`.
    pub fn wait_until_empty(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut state = self.state.lock();
        while !state.lines.is_empty() {
            if self.emptied.wait_until(&mut state, until).timed_out() {
                return state.lines.is_empty();
            }
        }
        true
    }

    /// Rejects new lines; those already there may be published for as long as `most`.
    pub fn close(&self, most: Duration) {
        self.state
            .lock()
            .closed
            .get_or_insert(Instant::now() + most);
        self.filled.notify_one();
    }
}

impl State {
    /// Whether it was there.
    fn remove(&mut self, number: u64) -> bool {
        let Ok(at) = self.lines.binary_search_by_key(&number, |line| line.number) else {
            return false;
        };
        let line = self.lines.remove(at);
        self.bytes -= line.map_or(0, |line| line.text.len());
        true
    }

    fn push(&mut self, text: Arc<str>) -> u64 {
        self.numbered += 1;
        self.bytes += text.len();
        self.lines.push_back(Line {
            number: self.numbered,
            text,
        });
        self.numbered
    }
}
