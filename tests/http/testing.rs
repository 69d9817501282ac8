//! Records of asynchronous tests, on tokio.

use traceline::current;
use traceline::testing::{self, Capture, Record};

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(Record::name).collect()
}

async fn work(name: &'static str) {
    let trace = traceline::start!(name);
    tokio::task::yield_now().await;
    trace.emit();
}

#[tokio::test]
async fn a_future_has_the_records_of_its_polls() {
    let records = testing::capture_async(async {
        work("a").await;
        tokio::join!(work("b"), work("b"));
        // Polled by the runtime, outside the capture.
        tokio::spawn(work("spawned")).await.unwrap();
    });
    let (records, ()) = tokio::join!(records, work("beside"));
    assert_eq!(names(&records), ["a", "b", "b"]);
}

#[tokio::test]
async fn a_guard_has_those_of_all_tasks_of_a_runtime_with_one_thread() {
    let capture = Capture::new();
    let entered = capture.enter();
    tokio::spawn(work("spawned")).await.unwrap();
    drop(entered);
    tokio::spawn(work("later")).await.unwrap();
    assert_eq!(names(&capture.take()), ["spawned"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrapped_task_is_captured_on_any_thread() {
    let capture = Capture::new();
    let tasks: Vec<_> = (0..8)
        .map(|_| tokio::spawn(capture.in_capture(work("task"))))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(names(&capture.take()), ["task"; 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_in_a_trace_belongs_to_the_test_on_any_thread() {
    use traceline::future::InTraceExt;

    let capture = Capture::new();
    let future =
        capture.run(|| async { current::incr("polls") }.in_trace(traceline::start!("unit")));
    tokio::spawn(future).await.unwrap();
    assert_eq!(capture.take()[0].u64("polls"), Some(1));
}
