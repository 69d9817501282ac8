//! The end of the main thread: what units leave when `main` returns, or when the process exits from
//! there. The program runs itself again for each case.

use std::env;
use std::process::{self, Command, ExitCode};

use log::{LevelFilter, Log, Metadata, Record};
use traceline::{Config, current};

/// What the main thread does, its exit code, and the lines that come.
type Case = (&'static str, fn() -> ExitCode, u8, &'static [&'static str]);

const CASES: [Case; 6] = [
    (
        "a thread-local that was used before the first unit",
        || {
            LATE.with(|_| ());
            traceline::start!("work").ok();
            ExitCode::SUCCESS
        },
        0,
        &["msg=work outcome=ok", "late: false"],
    ),
    (
        "a thread-local that was used after the last unit",
        || {
            traceline::start!("work").ok();
            LATE.with(|_| ());
            ExitCode::SUCCESS
        },
        0,
        &["msg=work outcome=ok", "msg=late", "late: true"],
    ),
    (
        "a thread without a unit",
        || {
            LATE.with(|_| ());
            ExitCode::SUCCESS
        },
        0,
        &["msg=late", "late: true"],
    ),
    (
        "an exit code that `main` returns",
        || {
            let mut unit = traceline::start!("work");
            unit.scope(|| current::fail("no disk"));
            ExitCode::from(3)
        },
        3,
        &["msg=work outcome=error"],
    ),
    (
        "an exit without `emit`",
        || {
            LATE.with(|_| ());
            traceline::start!("early").ok();
            traceline::start!("work").scope(|| process::exit(3))
        },
        3,
        &["msg=early outcome=ok", "late: false"],
    ),
    (
        "an exit after `emit`",
        || {
            LATE.with(|_| ());
            traceline::start!("work").scope(|| {
                current::emit();
                process::exit(3)
            })
        },
        3,
        &["msg=work", "late: false"],
    ),
];

/// Has a unit in its destructor.
struct Late;

impl Drop for Late {
    fn drop(&mut self) {
        let unit = traceline::start!("late");
        let is_enabled = unit.is_enabled();
        drop(unit);
        println!("late: {is_enabled}");
    }
}

thread_local! {
    static LATE: Late = const { Late };
}

/// Prints records, without the time and what comes after it.
struct Prints;

impl Log for Prints {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        println!("{}", text.split(" duration_ms=").next().unwrap());
    }
    fn flush(&self) {}
}

fn main() -> ExitCode {
    let program = env::args().next().expect("a path");
    if let Ok(case) = env::var("TRACELINE_MAIN_CASE") {
        log::set_logger(&Prints).expect("the first logger");
        log::set_max_level(LevelFilter::Info);
        Config::builder()
            .header(false)
            .install()
            .expect("settings make sense");
        let (_, work, ..) = CASES
            .iter()
            .find(|(name, ..)| *name == case)
            .expect("a case");
        return work();
    }
    for (case, _, code, lines) in CASES {
        let output = Command::new(&program)
            .env("TRACELINE_MAIN_CASE", case)
            .output();
        let output = output.expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.lines().collect::<Vec<_>>(), lines, "{case}");
        assert_eq!(output.status.code(), Some(code.into()), "{case}");
    }
    ExitCode::SUCCESS
}
