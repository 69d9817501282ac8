use std::pin::Pin;

async fn query() -> u64 {
    7
}

async fn with_a_handle(trace: &mut traceline::Trace) -> u64 {
    trace.time("db", |_| query()).await
}

async fn of_the_current_unit() -> u64 {
    traceline::current::time("db", || async { 7 }).await
}

async fn of_a_shared_trace(shared: traceline::SharedTrace) -> u64 {
    shared.time("db", query).await
}

fn boxed() -> Pin<Box<dyn Future<Output = u64>>> {
    traceline::current::time("db", || Box::pin(query()) as _)
}

fn generic<F: Future>(make: impl FnOnce() -> F) -> F {
    traceline::current::time("db", make)
}

fn main() {}
