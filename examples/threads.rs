//! One unit on four threads: each fills a part without a lock, which joins the unit
//! when it is dropped.
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
//! ts=2026-11-30T19:30:59.435880Z level=info msg=index outcome=ok duration_ms=12.97 read.count=4 read.ms=31.83 read.max_ms=7.997 read.wall_ms=8.323 files=4 words=4394 most=1100 fragments="[53, 12.59ms] a.txt: 1097 words; [53, 12.614ms] b.txt: 1098 words; [53, 12.808ms] c.txt: 1099 words; [53, 12.882ms] d.txt: 1100 words"
//! ts=2026-11-30T19:30:59.439322Z level=info msg=upload duration_ms=3.277 chunks=3 bytes=6144
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

/// Gives each file a thread, and each thread a part.
fn index(files: &[&str]) {
    let mut trace = traceline::start!("index");
    thread::scope(|scope| {
        for file in files {
            let mut part = trace.part();
            scope.spawn(move || count_words(&mut part, file));
        }
    });
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
