//! No recipe: the tests of those beside it, which the guide's chapter "How programs end" shows.
//!
//! Ends of a program that leave no time, or little: signals, and the end of a runtime.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use traceline::future::InTraceExt;
use traceline::{Config, Trace};

use crate::util::{Capture, ManualClock};

/// What a program left: its exit code, or the signal that ended it, and its records without their
/// times, counters and places, in the order of the alphabet.
#[track_caller]
fn signalled(program: &str, begun: usize, signal: &str) -> (String, Vec<String>) {
    let mut child = Command::new(program)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("RUST_LOG")
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.take(begun).filter(Result::is_ok).count(), begun);
    let kill = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut records: Vec<String> = text.lines().map(without_numbers).collect();
    records.sort();
    (child.wait().unwrap().to_string(), records)
}

fn without_numbers(line: &str) -> String {
    let numbers = ["ts=", "duration_ms=", "files=", "rows="];
    let words = line
        .split(' ')
        .filter(|word| !numbers.iter().any(|key| word.starts_with(key)));
    let line = words.collect::<Vec<_>>().join(" ");
    // The place and the time of a fragment.
    match line.split_once("fragments=\"[") {
        Some((fields, fragment)) => {
            format!("{fields}fragments={}", fragment.split("] ").last().unwrap())
        }
        None => line,
    }
}

const SIGNAL_HOOK: &str = env!("CARGO_BIN_EXE_ends_signal_hook");
const EMIT: &str = env!("CARGO_BIN_EXE_ends_emit");
const TOKIO_SIGNAL: &str = env!("CARGO_BIN_EXE_ends_tokio_signal");

#[test]
fn threads_that_see_a_flag_leave_the_record_of_each_unit() {
    for signal in ["TERM", "INT", "HUP"] {
        let (status, records) = signalled(SIGNAL_HOOK, 2, signal);
        assert_eq!(status, "exit status: 0");
        let index =
            |shard| format!("level=warn msg=index shard={shard} fragments=stopped by a signal\"");
        assert_eq!(records, [index("north"), index("south")]);
    }
}

#[test]
fn emit_and_exit_leaves_the_records_of_the_units_around() {
    let (status, records) = signalled(EMIT, 1, "TERM");
    assert_eq!(status, "exit status: 143");
    assert_eq!(
        records,
        [
            "level=error msg=import outcome=error fragments=stopped by a signal\"",
            "level=info msg=nightly",
        ]
    );
}

#[test]
fn tasks_that_are_shut_down_leave_the_record_of_each_unit() {
    for signal in ["TERM", "INT"] {
        let (status, records) = signalled(TOKIO_SIGNAL, 2, signal);
        assert_eq!(status, "exit status: 0");
        let index = |shard| format!("level=warn msg=index outcome=cancelled shard={shard}");
        assert_eq!(records, [index("north"), index("south")]);
    }
}

#[test]
fn a_signal_that_nobody_handles_leaves_no_record_of_units_that_run() {
    for (program, begun, signal, number) in [
        (SIGNAL_HOOK, 2, "KILL", 9),
        (EMIT, 1, "INT", 2),
        (EMIT, 1, "HUP", 1),
        (TOKIO_SIGNAL, 2, "HUP", 1),
    ] {
        let (status, records) = signalled(program, begun, signal);
        assert!(
            status.starts_with(&format!("signal: {number} ")),
            "{status}"
        );
        assert_eq!(records, [""; 0], "{program} {signal}");
    }
}

// ----- the end of a runtime

fn start(log: &'static Capture, name: &'static str) -> Trace {
    let config = Config::builder().header(false).clock(ManualClock::leak());
    Trace::builder(name).config(&log.config(config)).start()
}

/// A runtime with a task that waits for ever, and with one that blocks until it is told to go on.
fn runtime(log: &'static Capture) -> (Runtime, std::sync::mpsc::Sender<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel();
    let has_polled = begun.clone();
    let task = async move {
        has_polled.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    runtime.spawn(task.in_trace(start(log, "task")));
    let mut blocking = start(log, "blocking");
    runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = wait.recv();
        blocking.ok();
    });
    for _ in 0..2 {
        has_begun.recv().unwrap();
    }
    (runtime, go_on)
}

const TASK: &str = "msg=task outcome=cancelled duration_ms=0.0";
const BLOCKING: &str = "msg=blocking outcome=ok duration_ms=0.0";

#[test]
fn a_runtime_that_is_dropped_cancels_tasks_and_waits_for_those_that_block() {
    let log = Capture::leak();
    let (runtime, go_on) = runtime(log);
    go_on.send(()).unwrap();
    drop(runtime);
    let mut lines = log.take_lines();
    lines.sort();
    assert_eq!(lines, [BLOCKING, TASK]);
}

#[test]
fn a_runtime_that_is_shut_down_in_time_does_the_same() {
    let log = Capture::leak();
    let (runtime, go_on) = runtime(log);
    go_on.send(()).unwrap();
    runtime.shutdown_timeout(Duration::from_secs(600));
    let mut lines = log.take_lines();
    lines.sort();
    assert_eq!(lines, [BLOCKING, TASK]);
}

/// Starts this program again for one ignored test, and returns the lines of its records.
fn child(name: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("ends::{name}"), "--ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env("TRACELINE_ENDS_CHILD", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("> ").map(String::from))
        .collect()
}

/// Prints at once, since nothing is left of a record that is only kept.
struct Prints;

impl log::Log for Prints {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let _ = writeln!(std::io::stdout(), "\n> {}", record.args());
    }
    fn flush(&self) {}
}

#[test]
fn what_still_blocks_is_lost_if_the_program_ends_after_shutdown_background() {
    assert_eq!(
        child("child_shutdown_background"),
        ["msg=main duration_ms=0.0"]
    );
}

#[test]
#[ignore = "run in a child process"]
fn child_shutdown_background() {
    if std::env::var_os("TRACELINE_ENDS_CHILD").is_none() {
        return;
    }
    let config = Config::builder().header(false).clock(ManualClock::leak());
    let config = config.logger(&Prints).build().unwrap();
    let main = Trace::builder("main").config(&config).start();
    let runtime = Runtime::new().unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let blocking = Trace::builder("blocking").config(&config).start();
    runtime.spawn_blocking(move || {
        let _blocking = blocking;
        begun.send(()).unwrap();
        thread::park();
    });
    has_begun.recv().unwrap();
    runtime.shutdown_background();
    drop(main);
    std::process::exit(0);
}
