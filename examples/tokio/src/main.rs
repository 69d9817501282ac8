//! Three concurrent tasks on tokio, each a unit of its own.
//!
//! `run_in_trace` makes the trace current whenever its future runs, on whichever
//! thread that is, and takes the outcome from the result. A future that is
//! dropped before it is ready, here by the timeout, leaves a record too:
//! `outcome=cancelled`, with whatever its destructors added.
//!
//! ```text
//! cargo run -p example-tokio
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.402741Z level=error msg=broken outcome=error duration_ms=2.596 after_ms=0 attempts=2 error="the answer is empty" fragments="[41, 1.393ms] attempt 1 answered; [41, 2.561ms] attempt 2 answered; [53, 2.567ms] connection closed"
//! ts=2026-11-21T16:33:40.404367Z level=info msg=quick outcome=ok duration_ms=4.286 after_ms=1 attempts=2 fragments="[41, 1.479ms] attempt 1 answered; [41, 4.277ms] attempt 2 answered; [53, 4.28ms] connection closed"
//! ts=2026-11-21T16:33:40.430682Z level=warn msg=slow outcome=cancelled duration_ms=30.493 after_ms=1000 attempts=1 fragments="[53, 30.461ms] connection closed"
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
        current::incr("attempts");
        sleep(Duration::from_millis(after_ms)).await;
        current::add!("attempt {attempt} answered");
    }
    if after_ms == 0 {
        return Err("the answer is empty".into());
    }
    Ok(after_ms)
}

struct Connection;

impl Drop for Connection {
    fn drop(&mut self) {
        current::add("connection closed");
    }
}
