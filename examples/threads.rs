//! One unit on four threads: each fills a part without a lock, and the parts are
//! joined into a single record.
//!
//! Counters are added up, maxima compared, fragments ordered by time. The second
//! unit is shared through handles instead, for threads that come and go: its
//! record is written when the last handle is dropped.
//!
//! ```text
//! cargo run --example threads
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.390615Z level=info msg=index outcome=ok duration_ms=7.251 read.count=4 read.ms=20.333 read.max_ms=5.105 files=4 words=4394 most=1100 fragments="[56, 6.059ms] c.txt: 1099 words; [56, 6.118ms] d.txt: 1100 words; [56, 6.291ms] b.txt: 1098 words; [56, 7.13ms] a.txt: 1097 words"
//! ts=2026-11-21T16:33:40.395254Z level=info msg=upload duration_ms=4.078 chunks=3 bytes=6144
//! ```

use std::thread;
use std::time::Duration;

use traceline::{SharedTrace, Trace};

fn main() {
    traceline::init();

    index(&["a.txt", "b.txt", "c.txt", "d.txt"]);

    let shared = traceline::start!("upload").into_shared();
    let workers: Vec<_> = (1..=3).map(|n| spawn(n, shared.clone())).collect();
    drop(shared);
    for worker in workers {
        worker.join().unwrap();
    } // the last worker to end wrote the record
}

/// Starts one part per file, then joins them.
fn index(files: &[&str]) {
    let mut trace = traceline::start!("index");
    let mut parts: Vec<_> = files.iter().map(|_| trace.part()).collect();
    thread::scope(|scope| {
        for (part, file) in parts.iter_mut().zip(files) {
            scope.spawn(move || count_words(part, file));
        }
    });
    for part in parts {
        trace.join(part);
    }
    trace.ok();
}

/// Takes a `&mut Trace`; a part works as well.
fn count_words(trace: &mut Trace, file: &str) {
    let words = trace.time("read", |_| {
        thread::sleep(Duration::from_millis(5)); // a disk
        1_000 + u64::from(file.as_bytes()[0])
    });
    traceline::add!(trace, "{file}: {words} words");
    trace.incr("files").sum("words", words).max("most", words);
}

fn spawn(n: u64, trace: SharedTrace) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(n)); // a network
        trace.with(|trace| {
            trace.incr("chunks").sum("bytes", n * 1_024);
        });
    })
}
