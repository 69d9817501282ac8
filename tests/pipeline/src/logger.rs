//! An ordinary `log` backend that publishes to NATS JetStream.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use traceline::{Config, Format, Trace, ids::TraceId};

use crate::publisher::{self, Route, SUBJECT};
use crate::queue::{Queue, Stats};

thread_local! {
    /// Set while publishing: the client may log, and its records must not be published in turn.
    static PUBLISHES: Cell<bool> = const { Cell::new(false) };
}

/// The limits of a [`NatsLogger`], and where it sends.
#[derive(Clone, Debug)]
pub struct Options {
    /// `nats://127.0.0.1:4222`.
    pub url: String,
    /// The name of the service, of its subject and of the reports about drops.
    pub service: String,
    pub level: LevelFilter,
    /// The most records that wait: 10,000.
    pub max_records: usize,
    /// The most bytes that wait: 16 MiB.
    pub max_bytes: usize,
    /// Longer records are dropped and counted: 1,000,000 bytes, a little below the limit of NATS.
    pub max_line: usize,
    /// How long `flush` waits: 5 s.
    pub flush: Duration,
    /// How long the broker remembers ids if the logger creates the stream: 2 minutes.
    pub duplicate_window: Duration,
}

impl Options {
    pub fn new(url: &str, service: &str) -> Options {
        Options {
            url: url.into(),
            service: service.into(),
            level: LevelFilter::Info,
            max_records: 10_000,
            max_bytes: 16 << 20,
            max_line: 1_000_000,
            flush: Duration::from_secs(5),
            duplicate_window: Duration::from_secs(120),
        }
    }
}

/// A logger that publishes only the message of each record.
///
/// A call never waits for the broker: records go into a bounded queue, and a thread publishes them. While the broker is
/// down the queue fills up; then records are dropped and counted, and a record of unit `dropped` reports the number later.
#[derive(Debug)]
pub struct NatsLogger {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    level: LevelFilter,
    max_line: usize,
    flush: Duration,
}

impl NatsLogger {
    /// Starts the thread; the broker need not be running yet.
    pub fn start(options: Options) -> io::Result<NatsLogger> {
        let queue = Arc::new(Queue::new(options.max_records, options.max_bytes));
        let route = Route {
            subject: format!("{SUBJECT}.{}", options.service),
            url: options.url,
            instance: TraceId::random().to_string(),
            duplicate_window: options.duplicate_window,
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build()?;
        let (theirs, service) = (Arc::clone(&queue), options.service);
        let thread = thread::Builder::new()
            .name("publisher".into())
            .spawn(move || {
                PUBLISHES.set(true);
                runtime.block_on(publisher::publish(theirs, route, |count| {
                    report(&service, count)
                }));
            })?;
        Ok(NatsLogger {
            queue,
            thread: Mutex::new(Some(thread)),
            level: options.level,
            max_line: options.max_line,
            flush: options.flush,
        })
    }

    pub fn stats(&self) -> Stats {
        self.queue.stats()
    }

    /// Rejects new records and waits until those it has are stored, for at most `most`; records that the result counts
    /// as still waiting are then lost.
    pub fn close(&self, most: Duration) -> Stats {
        self.queue.close(most);
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
        self.queue.stats()
    }
}

impl Log for NatsLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level && !PUBLISHES.get()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            match record.args().as_str() {
                Some(text) => self.queue.push(text, self.max_line),
                None => self.queue.push(&record.args().to_string(), self.max_line),
            }
        }
    }

    fn flush(&self) {
        self.queue.wait_until_empty(self.flush);
    }
}

impl Drop for NatsLogger {
    fn drop(&mut self) {
        self.queue.close(Duration::ZERO);
    }
}

/// The record that reports dropped records.
fn report(service: &str, dropped: u64) -> String {
    let config = Config::builder()
        .format(Format::Json)
        .field("service", service)
        .logger(&Willing);
    let Ok(config) = config.build() else {
        return String::new();
    };
    let mut trace = Trace::builder("dropped").config(&config).start();
    trace.set("dropped", dropped).raise(log::Level::Warn);
    let line = trace.render();
    trace.discard();
    line
}

/// A logger that would accept any record, so that the trace of a report is enabled.
struct Willing;

impl Log for Willing {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, _: &Record<'_>) {}
    fn flush(&self) {}
}
