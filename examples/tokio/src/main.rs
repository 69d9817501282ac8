//! Three concurrent tasks on tokio, each a unit of its own.
//!
//! `run_in_trace` makes the trace current whenever its future runs, on whichever
//! thread that is, and takes the outcome from the result. `timed` measures a future,
//! and `in_current_unit` lets a task that the unit spawns contribute to it. A future
//! that is dropped before it is ready, here by the timeout, leaves a record too:
//! `outcome=cancelled`, with whatever its destructors added.
//!
//! ```text
//! cargo run -p example-tokio
//! ```
//!
//! ```text
//! ts=2026-11-30T19:31:46.566092Z level=error msg=broken outcome=error duration_ms=6.191 after_ms=0 answer.count=2 answer.ms=2.304 answer.max_ms=1.159 error="the answer is empty" fragments="[41, 4.979ms] attempt 1 answered; [41, 6.163ms] attempt 2 answered; [58, 6.168ms] connection closed"
//! ts=2026-11-30T19:31:46.568380Z level=info msg=quick outcome=ok duration_ms=8.57 after_ms=1 answer.count=2 answer.ms=4.537 answer.max_ms=2.41 stored=1 fragments="[41, 6.275ms] attempt 1 answered; [41, 8.435ms] attempt 2 answered; [58, 8.555ms] connection closed"
//! ts=2026-11-30T19:31:46.590784Z level=warn msg=slow outcome=cancelled duration_ms=30.851 after_ms=1000 answer.count=1 answer.ms=27.085 answer.max_ms=27.085 fragments="[58, 30.819ms] connection closed"
//! ```

use std::time::Duration;

use tokio::time::{sleep, timeout};
use traceline::{current, future::InTraceExt};

#[tokio::main(worker_threads = 2)]
async fn main() {
    traceline::init();

    let quick = tokio::spawn(fetch(1).run_in_trace(traceline::start!("quick")));
    let broken = tokio::spawn(fetch(0).run_in_trace(traceline::start!("broken")));
    let slow = fetch(1_000).in_trace(traceline::start!("slow"));
    let slow = tokio::spawn(timeout(Duration::from_millis(30), slow));
    let _ = tokio::join!(quick, broken, slow);
}

/// Calls a service that answers after this many milliseconds.
async fn fetch(after_ms: u64) -> Result<u64, String> {
    current::set("after_ms", after_ms);
    let _connection = Connection;
    for attempt in 1..=2 {
        sleep(Duration::from_millis(after_ms)).timed("answer").await;
        current::add!("attempt {attempt} answered");
    }
    if after_ms == 0 {
        return Err("the answer is empty".into());
    }
    let _ = tokio::spawn(store().in_current_unit()).await;
    Ok(after_ms)
}

async fn store() {
    current::incr("stored");
}

struct Connection;

impl Drop for Connection {
    fn drop(&mut self) {
        current::add("connection closed");
    }
}
