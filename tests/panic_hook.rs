//! What the panic hook records about a panic, and what it leaves alone.
//!
//! A hook applies to the whole process, so every case runs in a child: this test
//! program again, asked to run one ignored test. The cases built with
//! `panic = "abort"` need their own program, `child/abort.rs`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use log::{Log, Metadata, Record};
use traceline::{Config, Trace, current};

use crate::{hooks, util};

const CHILD: &str = "TRACELINE_PANIC_CHILD";

/// The lines that the ignored test of this name prints in a new process.
#[track_caller]
fn lines(name: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args([
            "--exact",
            &format!("panic_hook::child::{name}"),
            "--ignored",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    printed(&output)
}

/// The lines that start with `> `, without it.
fn printed(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let ours = |line: &str| line.strip_prefix("> ").map(String::from);
    text.lines().filter_map(ours).collect()
}

fn print(text: fmt::Arguments<'_>) {
    // The harness leaves the cursor after the name of the test.
    println!("\n> {text}");
}

/// Prints every record, and breaks when it meets the trigger of a case.
struct Prints;

impl Log for Prints {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        assert!(!text.contains("msg=break"), "the logger is broken");
        print(format_args!("{}", record.args()));
    }
    fn flush(&self) {}
}

fn config() -> Config {
    Config::builder()
        .header(false)
        .clock(util::ManualClock::leak())
        .logger(&Prints)
        .build()
        .unwrap()
}

fn start(name: &'static str) -> Trace {
    Trace::builder(name).config(&config()).start()
}

/// Runs work that panics.
fn unwind(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

/// One case: what a child does with the hook installed, and the lines it prints.
macro_rules! cases {
    ($($name:ident: $work:expr => [$($line:expr),* $(,)?];)*) => {
        $(
            #[test]
            fn $name() {
                let want: Vec<String> = vec![$($line.into()),*];
                assert_eq!(lines(stringify!($name)), want);
            }
        )*
        mod child {
            use super::*;
            $(
                #[test]
                #[ignore = "run in a child process"]
                fn $name() {
                    if std::env::var_os(CHILD).is_some() {
                        let work: fn() = $work;
                        work();
                    }
                }
            )*
        }
    };
}

/// Installs the hook of a program that already had one.
fn hook() {
    std::panic::set_hook(Box::new(|_| print(format_args!("hook"))));
    traceline::panic_hook();
}

/// The location of a panic on this line.
fn here(line: u32, column: u32) -> String {
    format!("panic.location=tests/panic_hook.rs:{line}:{column}")
}

/// Each of these panics in a different way.
fn no_disk() {
    panic!("no disk");
}
const NO_DISK: u32 = line!() - 2;

fn formatted() {
    panic!("no {}", "disk");
}
const FORMATTED: u32 = line!() - 2;

fn number() {
    panic_any(7);
}
const NUMBER: u32 = line!() - 2;

fn string() {
    panic_any(String::from("a \"string\"\n"));
}
const STRING: u32 = line!() - 2;

fn expect() {
    "x".parse::<u8>().expect("reading");
}
const EXPECT: u32 = line!() - 2;

fn unwrap() {
    "".chars().next().unwrap();
}
const UNWRAP: u32 = line!() - 2;

fn megabyte() {
    panic_any("y\0".repeat(1 << 20));
}
const MEGABYTE: u32 = line!() - 2;

/// `panic` and `panic.location` of [`no_disk`].
fn of_no_disk() -> String {
    format!("panic=\"no disk\" {}", here(NO_DISK, 5))
}

/// Panics when displayed.
struct Breaks;

impl fmt::Display for Breaks {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a display");
    }
}

cases! {
    // ----- what is kept

    message_and_place_are_in_the_record: || {
        hook();
        for panics in [no_disk, formatted, number, string] {
            unwind(|| start("unit").scope(panics));
        }
    } => [
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_no_disk()),
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 panic=\"no disk\" {}", here(FORMATTED, 5)),
        "hook",
        format!(
            "msg=unit outcome=panic duration_ms=0.0 panic=\"a payload that is not text\" {}",
            here(NUMBER, 5)
        ),
        "hook",
        format!(
            "msg=unit outcome=panic duration_ms=0.0 panic=\"a \\\"string\\\"\\n\" {}",
            here(STRING, 5)
        ),
    ];

    a_panic_of_the_language_has_the_place_in_the_code_of_the_user: || {
        hook();
        unwind(|| start("unit").scope(expect));
        unwind(|| start("unit").scope(unwrap));
    } => [
        "hook",
        format!(
            "msg=unit outcome=panic duration_ms=0.0 \
             panic=\"reading: ParseIntError {{ kind: InvalidDigit }}\" {}",
            here(EXPECT, 23)
        ),
        "hook",
        format!(
            "msg=unit outcome=panic duration_ms=0.0 \
             panic=\"called `Option::unwrap()` on a `None` value\" {}",
            here(UNWRAP, 23)
        ),
    ];

    a_long_message_is_cut_like_any_value: || {
        hook();
        let json = Config::builder().format(traceline::Format::Json).header(false).max_value(40);
        let json = json.clock(util::ManualClock::leak()).logger(&Prints).build().unwrap();
        unwind(|| Trace::builder("unit").config(&json).start().scope(megabyte));
    } => [
        "hook",
        format!(
            "{{\"msg\":\"unit\",\"outcome\":\"panic\",\"duration_ms\":0.0,\"panic\":\"{}\",\
             \"panic.location\":\"tests/panic_hook.rs:{MEGABYTE}:5\",\"truncated\":1}}",
            "y\\u0000".repeat(20)
        ),
    ];

    run_without_a_handle_keeps_it: || {
        hook();
        let config = Config::builder().header(false).logger(&Prints);
        config.clock(util::ManualClock::leak()).install().unwrap();
        unwind(|| {
            let _ = traceline::run!("unit", || -> Result<(), String> {
                current::set("a", 1);
                no_disk();
                Ok(())
            });
        });
    } => [
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 a=1 {}", of_no_disk()),
    ];

    // ----- the earlier hook

    the_hook_that_was_there_is_called_once_and_after: || {
        std::panic::set_hook(Box::new(|info| {
            // The record already has the panic: the earlier hook runs after the library's.
            let known = current::with(|trace| trace.render());
            print(format_args!("hook: {}", known.unwrap_or_default()));
            assert!(info.payload().is::<&str>());
        }));
        traceline::panic_hook();
        traceline::panic_hook();
        unwind(|| start("unit").scope(no_disk));
        unwind(no_disk);
    } => [
        format!("hook: msg=unit duration_ms=0.0 {}", of_no_disk()),
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_no_disk()),
        "hook: ",
    ];

    a_second_call_does_not_undo_what_came_between: || {
        traceline::panic_hook();
        let ours = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            print(format_args!("later"));
            ours(info);
        }));
        traceline::panic_hook();
        unwind(|| start("unit").scope(no_disk));
    } => [
        "later",
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_no_disk()),
    ];

    without_the_hook_only_the_outcome_is_known: || {
        std::panic::set_hook(Box::new(|_| print(format_args!("hook"))));
        unwind(|| start("unit").scope(no_disk));
    } => ["hook", "msg=unit outcome=panic duration_ms=0.0"];

    installing_while_the_thread_panics_does_nothing: || {
        struct Installs;
        impl Drop for Installs {
            fn drop(&mut self) {
                traceline::panic_hook();
            }
        }
        std::panic::set_hook(Box::new(|_| print(format_args!("hook"))));
        unwind(|| {
            let _installs = Installs;
            no_disk();
        });
        unwind(|| start("unit").scope(no_disk));
        traceline::panic_hook();
        unwind(|| start("unit").scope(no_disk));
    } => [
        "hook",
        "hook",
        "msg=unit outcome=panic duration_ms=0.0",
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_no_disk()),
    ];

    // ----- what the library catches

    a_display_that_panics_leaves_its_mark_alone: || {
        hook();
        let mut unit = start("unit");
        unit.set("explicit", traceline::display(&Breaks));
        unit.scope(|| {
            current::set("current", traceline::display(&Breaks));
            current::with(|trace| { trace.set("with", traceline::display(&Breaks)); });
        });
        unit.ok();
    } => [
        "hook",
        "hook",
        "hook",
        "msg=unit outcome=ok duration_ms=0.0 explicit=\"<panicked>\" \
         current=\"<panicked>\" with=\"<panicked>\"",
    ];

    a_logger_that_panics_is_not_the_unit_s_doing: || {
        hook();
        start("unit").scope(|| {
            drop(start("break"));
            current::ok();
        });
    } => ["hook", "msg=unit outcome=ok duration_ms=0.0"];

    a_display_that_panics_after_one_that_was_caught_leaves_nothing_behind: || {
        hook();
        start("first").set("a", traceline::display(&Breaks));
        unwind(|| start("second").scope(no_disk));
    } => [
        "hook",
        "msg=first duration_ms=0.0 a=\"<panicked>\"",
        "hook",
        format!("msg=second outcome=panic duration_ms=0.0 {}", of_no_disk()),
    ];

    // ----- where the trace is

    a_panic_inside_with_is_kept: || {
        hook();
        unwind(|| start("unit").scope(|| {
            current::with(|trace| {
                trace.set("a", 1);
                no_disk();
            });
        }));
    } => [
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 a=1 {}", of_no_disk()),
    ];

    a_panic_inside_with_that_is_caught_around_it_is_kept: || {
        hook();
        start("unit").scope(|| {
            unwind(|| { current::with(|_| no_disk()); });
            current::ok();
        });
    } => [
        "hook",
        format!("msg=unit outcome=ok duration_ms=0.0 {}", of_no_disk()),
    ];

    a_panic_that_is_caught_is_kept_and_the_outcome_is_as_said: || {
        hook();
        start("unit").scope(|| {
            unwind(no_disk);
            current::ok();
        });
        start("unit").scope(|| unwind(no_disk));
    } => [
        "hook",
        format!("msg=unit outcome=ok duration_ms=0.0 {}", of_no_disk()),
        "hook",
        format!("msg=unit duration_ms=0.0 {}", of_no_disk()),
    ];

    the_panic_that_ends_a_unit_is_kept_though_others_were_caught: || {
        hook();
        unwind(|| start("unit").scope(|| {
            unwind(|| panic_any("caught"));
            no_disk();
        }));
    } => [
        "hook",
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 {}", of_no_disk()),
    ];

    of_nested_units_the_inner_one_has_it: || {
        hook();
        unwind(|| start("outer").scope(|| start("inner").scope(no_disk)));
        start("outer").scope(|| {
            unwind(|| start("inner").scope(no_disk));
            current::set("after", true);
        });
    } => [
        "hook",
        format!("msg=inner outcome=panic duration_ms=0.0 {}", of_no_disk()),
        "msg=outer outcome=panic duration_ms=0.0",
        "hook",
        format!("msg=inner outcome=panic duration_ms=0.0 {}", of_no_disk()),
        "msg=outer duration_ms=0.0 after=true",
    ];

    a_trace_that_is_not_current_has_the_outcome_alone: || {
        hook();
        unwind(|| {
            let mut explicit = start("unit");
            explicit.set("a", 1);
            no_disk();
        });
    } => ["hook", "msg=unit outcome=panic duration_ms=0.0 a=1"];

    without_any_trace_nothing_is_kept_for_the_next_one: || {
        hook();
        unwind(no_disk);
        start("unit").scope(|| { current::with(|trace| { trace.ok(); }); });
    } => ["hook", "msg=unit outcome=ok duration_ms=0.0"];

    a_panic_that_is_resumed_is_not_taken_for_an_earlier_one: || {
        hook();
        unwind(no_disk);
        unwind(|| start("unit").scope(|| {
            current::with(|_| resume_unwind(Box::new("handed on")));
        }));
    } => ["hook", "msg=unit outcome=panic duration_ms=0.0"];

    a_unit_of_a_destructor_that_runs_meanwhile_knows_nothing_of_it: || {
        struct Cleans;
        impl Drop for Cleans {
            fn drop(&mut self) {
                start("cleanup").scope(|| {
                    current::with(|trace| { trace.set("files", 3).ok(); });
                });
            }
        }
        hook();
        unwind(|| {
            let _cleans = Cleans;
            no_disk();
        });
    } => ["hook", "msg=cleanup outcome=ok duration_ms=0.0 files=3"];

    a_destructor_that_uses_the_unit_meanwhile_changes_nothing: || {
        struct Cleans;
        impl Drop for Cleans {
            fn drop(&mut self) {
                current::with(|trace| { trace.set("files", 3); });
            }
        }
        hook();
        unwind(|| start("unit").scope(|| {
            let _cleans = Cleans;
            no_disk();
        }));
    } => [
        "hook",
        format!("msg=unit outcome=panic duration_ms=0.0 files=3 {}", of_no_disk()),
    ];

    a_disabled_unit_hides_the_one_around_it: || {
        hook();
        start("unit").scope(|| {
            unwind(|| Trace::default().scope(no_disk));
            current::ok();
        });
    } => ["hook", "msg=unit outcome=ok duration_ms=0.0"];

    // ----- threads

    the_panic_of_a_part_s_thread_is_in_the_unit: || {
        hook();
        let mut unit = start("unit");
        let mut part = unit.part();
        thread::scope(|scope| {
            let thread = scope.spawn(|| part.scope(no_disk));
            assert!(thread.join().is_err());
        });
        unit.join(part).fail("a worker panicked");
        unit.unset("none");
        let text = unit.render();
        unit.discard();
        print(format_args!("{}", text.split_once(" fragments=").unwrap().0));
    } => [
        "hook",
        format!("msg=unit outcome=error duration_ms=0.0 {}", of_no_disk()),
    ];

    a_part_that_its_panicking_thread_drops_brings_the_panic_along: || {
        hook();
        let unit = start("unit");
        let mut part = unit.part();
        assert!(thread::spawn(move || part.scope(no_disk)).join().is_err());
        unit.emit();
    } => ["hook", &format!("msg=unit duration_ms=0.0 {}", of_no_disk())];

    each_thread_tells_its_own_unit: || {
        std::panic::set_hook(Box::new(|_| ()));
        traceline::panic_hook();
        let log = util::Capture::leak();
        let config = log.config(Config::builder().header(false).clock(util::ManualClock::leak()));
        let barrier = std::sync::Barrier::new(3);
        thread::scope(|scope| {
            let threads = ["a", "b", "c"].map(|name| {
                let (config, barrier) = (&config, &barrier);
                scope.spawn(move || {
                    let mut unit = Trace::builder(name).config(config).start();
                    unit.scope(|| {
                        barrier.wait();
                        panic_any(name);
                    });
                })
            });
            for thread in threads {
                assert!(thread.join().is_err());
            }
        });
        let mut lines = log.take_lines();
        lines.sort();
        for line in lines {
            print(format_args!("{}", line.split_once(" panic.location").unwrap().0));
        }
    } => [
        "msg=a outcome=panic duration_ms=0.0 panic=a",
        "msg=b outcome=panic duration_ms=0.0 panic=b",
        "msg=c outcome=panic duration_ms=0.0 panic=c",
    ];
}

/// Built with `panic = "abort"`.
mod abort {
    use super::*;

    /// Builds a crate whose only source is `child/abort.rs`, with the dependencies of
    /// this crate; building with the tests' own would take minutes.
    fn build() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abort");
        std::fs::create_dir_all(&home).unwrap();
        let manifest = format!(
            "[package]\nname = \"abort\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [[bin]]\nname = \"abort\"\npath = {:?}\n\
             [dependencies]\ntraceline = {{ path = {root:?} }}\n\
             log = {{ version = \"0.4\", features = [\"std\"] }}\n\
             [profile.dev]\npanic = \"abort\"\n[workspace]\n",
            root.join("tests/child/abort.rs"),
        );
        std::fs::write(home.join("Cargo.toml"), manifest).unwrap();
        let lock = root.join("Cargo.lock");
        if lock.exists() && !home.join("Cargo.lock").exists() {
            std::fs::copy(lock, home.join("Cargo.lock")).unwrap();
        }
        let output = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--quiet", "--manifest-path"])
            .arg(home.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(home.join("target"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:#?}");
        home.join("target/debug/abort")
    }

    fn run(arguments: &[&str]) -> Output {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        let program = PROGRAM.get_or_init(build);
        Command::new(program).args(arguments).output().unwrap()
    }

    /// Compares what the program prints for a case; it always aborts.
    #[track_caller]
    fn check(case: &str, want: &[&str]) {
        let output = run(&[case]);
        let text = String::from_utf8(output.stdout).unwrap();
        // Durations are real here.
        let lines: Vec<_> = text.lines().map(without_times).collect();
        assert_eq!(lines, want, "{case}");
        assert_eq!(
            output.status.code(),
            None,
            "killed by the signal of `abort`"
        );
    }

    /// A record without its duration, and without the part of the path before `tests/child/`.
    fn without_times(line: &str) -> String {
        let words = line.split(' ').map(|word| match word.find("tests/child/") {
            Some(at) => format!("panic.location={}", word.get(at..).unwrap()),
            None => word.to_owned(),
        });
        let words = words.filter(|word| !word.starts_with("duration_ms="));
        let words = words.map(|word| match word.strip_suffix("ms]") {
            Some(_) => "TIME]".into(),
            None => word,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The `panic.location` of the first line of `abort.rs` that contains this text.
    fn at(text: &str) -> String {
        let source = include_str!("child/abort.rs");
        let mut lines = source.lines().enumerate();
        let found = lines.find_map(|(i, line)| Some((i + 1, line.find(text)? + 1)));
        let (line, column) = found.unwrap();
        format!("panic.location=tests/child/abort.rs:{line}:{column}")
    }

    #[test]
    fn each_order_of_hooks_gives_the_record_that_the_guide_says() {
        for [names, _, want] in hooks::table() {
            let output = run(&["hooks", &names]);
            let text = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<String> = text.lines().map(String::from).collect();
            assert_eq!(hooks::result(&lines), want, "{names}");
        }
    }

    #[test]
    fn a_function_that_cannot_unwind_is_no_special_case() {
        let at = at("panic!(\"in c\")");
        check(
            "in_c",
            &[
                "the hook that was there",
                &format!("ERROR: msg=outer outcome=panic rows=3 panic=\"in c\" {at}"),
            ],
        );
    }

    #[test]
    fn the_record_comes_out_before_the_process_aborts() {
        let at = at("panic!(\"no {}\", \"disk\")");
        let source = include_str!("child/abort.rs");
        let add = source.lines().position(|line| line.contains("working"));
        let add = add.unwrap() + 1;
        check(
            "one",
            &[
                "the hook that was there",
                &format!(
                    "ERROR: msg=outer outcome=panic rows=3 panic=\"no disk\" {at} \
                     fragments=\"[{add}, TIME] working\""
                ),
            ],
        );
    }

    #[test]
    fn the_records_of_nested_units_come_out_the_inner_one_first() {
        let at = at("panic!(\"no disk\")");
        check(
            "nested",
            &[
                "the hook that was there",
                &format!("ERROR: msg=inner outcome=panic shard=7 panic=\"no disk\" {at}"),
                "ERROR: msg=outer outcome=panic rows=3",
            ],
        );
    }

    #[test]
    fn without_a_current_unit_there_is_nothing_to_print() {
        check("none", &["the hook that was there"]);
    }

    #[test]
    fn the_units_around_one_that_is_in_use_come_out_too() {
        // A unit that `current::with` has lent to a closure is out of reach.
        check(
            "with",
            &[
                "the hook that was there",
                "ERROR: msg=outer outcome=panic rows=3",
            ],
        );
    }

    #[test]
    fn a_display_cannot_be_caught_and_is_what_the_record_tells() {
        let at = at("panic!(\"in a display\")");
        check(
            "display",
            &[
                "the hook that was there",
                &format!("ERROR: msg=outer outcome=panic rows=3 panic=\"in a display\" {at}"),
            ],
        );
    }

    #[test]
    fn a_logger_that_panics_is_not_called_again() {
        check(
            "logger",
            &[
                "INFO: msg=\"break the logger\" a=1",
                "the hook that was there",
            ],
        );
    }

    #[test]
    fn what_was_emitted_already_is_not_emitted_again() {
        check(
            "emitted",
            &["INFO: msg=outer rows=3", "the hook that was there"],
        );
    }

    #[test]
    fn a_thread_tells_its_own_units() {
        let source = include_str!("child/abort.rs");
        let line = source.lines().position(|line| line.contains("\"worker\""));
        let line = line.unwrap() + 1;
        let column = source
            .lines()
            .nth(line - 1)
            .unwrap()
            .find("panic!")
            .unwrap()
            + 1;
        check(
            "thread",
            &[
                "the hook that was there",
                &format!(
                    "ERROR: msg=worker outcome=panic panic=\"no disk\" \
                     panic.location=tests/child/abort.rs:{line}:{column}"
                ),
            ],
        );
    }
}
