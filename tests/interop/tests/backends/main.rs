//! Each backend of the guide, in situations in which backends go wrong.
//!
//! For each: exactly one record per unit, in one line (or datagram), equal when read back, typed where the backend can;
//! nothing is lost at a normal exit; nothing aborts, hangs or panics.

mod bridged;
mod expect;
mod guide;
mod hostile;
mod journal;
mod journald;
mod own;
mod read;
mod run;

use std::os::unix::net::UnixDatagram;

use serde_json::Value;

use expect::Want;
use read::{Line, Seen};
use run::{Folder, files, text};

/// How to run and read a backend.
struct Backend {
    program: &'static str,
    environment: &'static [(&'static str, &'static str)],
    output: fn(&Backend, &str) -> Ran,
    read: fn(&str) -> Line,
    cast: fn(&Value) -> Value,
    exit: AtExit,
    /// Whether fields may have the names that it uses itself.
    any_name: bool,
    /// Whether it is available on this machine.
    is_here: fn() -> bool,
}

/// What a program must do before `process::exit`.
#[derive(PartialEq, PartialOrd)]
enum AtExit {
    Nothing,
    Flush,
    /// The recipe's own shutdown, which does more than a flush.
    Shutdown,
}

/// The results of a run.
struct Ran {
    code: Option<i32>,
    lines: Vec<String>,
    /// Any other output.
    noise: String,
}

/// A last line without its end gets a mark that no reader accepts.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split_terminator('\n').map(Into::into).collect();
    if let Some(last) = lines.last_mut().filter(|_| !text.ends_with('\n')) {
        last.push_str("\u{0}no end");
    }
    lines
}

fn stderr(backend: &Backend, scenario: &str) -> Ran {
    let out = run::run(backend.program, scenario, &Folder::new(), backend.environment);
    Ran { code: out.status.code(), lines: lines(text(&out.stderr)), noise: text(&out.stdout).into() }
}

fn stdout(backend: &Backend, scenario: &str) -> Ran {
    let out = run::run(backend.program, scenario, &Folder::new(), backend.environment);
    Ran { code: out.status.code(), lines: lines(text(&out.stdout)), noise: text(&out.stderr).into() }
}

/// The file of fern; the console has the heads of the same lines.
fn fern_file(backend: &Backend, scenario: &str) -> Ran {
    let folder = Folder::new();
    let out = run::run(backend.program, scenario, &folder, &[]);
    let file = std::fs::read_to_string(folder.path().join("shop.log")).expect("the file");
    let (brief, detailed) = (lines(text(&out.stderr)), lines(&file));
    if !["threads", "exit_amid"].contains(&scenario) {
        assert_eq!(brief.len(), detailed.len());
        for (brief, detailed) in brief.iter().zip(&detailed) {
            assert!(detailed.starts_with(brief) && !brief.contains(" fragments="), "{brief}");
        }
    }
    Ran { code: out.status.code(), lines: detailed, noise: text(&out.stdout).into() }
}

/// `shop.log` is the newest, `shop.1.log` the one before.
fn log4rs_age(name: &str) -> u32 {
    let number = name.trim_start_matches("shop.").trim_end_matches(".log").parse().unwrap_or(0);
    u32::MAX - number
}

/// The rolling file of log4rs; the console has the same. Files roll early here.
fn log4rs_file(backend: &Backend, scenario: &str) -> Ran {
    let folder = Folder::new();
    let yaml = include_str!("../../log4rs.yaml").replace("limit: 10 mb", "limit: 32 kb");
    std::fs::write(folder.path().join("log4rs.yaml"), yaml).expect("the file");
    let out = run::run(backend.program, scenario, &folder, &[]);
    let detailed = lines(&files(&folder.path().join("log"), log4rs_age));
    let mut console = lines(text(&out.stderr));
    let mut sorted = detailed.clone();
    if scenario != "exit_amid" {
        console.sort();
        sorted.sort();
        assert_eq!(console, sorted);
    }
    Ran { code: out.status.code(), lines: detailed, noise: text(&out.stdout).into() }
}

/// `shop_r00000.log` is the oldest, `shop_rCURRENT.log` the newest.
fn flexi_age(name: &str) -> u32 {
    name.trim_start_matches("shop_r").trim_end_matches(".log").parse().unwrap_or(u32::MAX)
}

fn flexi_files(backend: &Backend, scenario: &str) -> Ran {
    let folder = Folder::new();
    let out = run::run(backend.program, scenario, &folder, &[]);
    let noise = format!("{}{}", text(&out.stdout), text(&out.stderr));
    Ran { code: out.status.code(), lines: lines(&files(&folder.path().join("log"), flexi_age)), noise }
}

fn syslog_socket(backend: &Backend, scenario: &str) -> Ran {
    let folder = Folder::new();
    let path = folder.path().join("log");
    let socket = UnixDatagram::bind(&path).expect("a socket of the test's");
    let environment = [("SYSLOG_SOCKET", path.to_str().expect("UTF-8"))];
    let (out, lines) = journal::datagrams(&socket, || run::run(backend.program, scenario, &folder, &environment));
    let lines = lines.into_iter().map(|bytes| text(&bytes).to_owned()).collect();
    let noise = format!("{}{}", text(&out.stdout), text(&out.stderr));
    Ran { code: out.status.code(), lines, noise }
}

/// The units that a scenario leaves, and the ordinary records.
fn outcome(backend: &Backend, scenario: &str, code: i32) -> (Vec<Seen>, Vec<String>) {
    let ran = (backend.output)(backend, scenario);
    assert_eq!((ran.code, ran.noise.as_str()), (Some(code), ""), "{scenario}: {:#?}", ran.lines);
    let (mut units, mut ordinary) = (Vec::new(), Vec::new());
    for line in &ran.lines {
        match (backend.read)(line) {
            Line::Unit(seen) => units.push(seen),
            Line::Ordinary(text) => ordinary.push(text),
        }
    }
    (units, ordinary)
}

#[track_caller]
fn assert_seen(backend: &Backend, seen: &[Seen], wants: &[Want]) {
    let wants: Vec<Seen> = wants.iter().map(|want| want.seen(backend.cast)).collect();
    assert_eq!(seen, wants);
}

#[track_caller]
fn check(backend: &Backend, scenario: &str, wants: &[Want]) {
    let (units, ordinary) = outcome(backend, scenario, 0);
    assert_seen(backend, &units, wants);
    assert!(ordinary.is_empty(), "{ordinary:?}");
}

#[track_caller]
fn check_displays(backend: &Backend) {
    let (units, ordinary) = outcome(backend, "display", 0);
    assert_seen(backend, &units, &expect::displays());
    assert!(matches!(&*ordinary, [text] if text.ends_with("from a display")), "{ordinary:?}");
}

#[track_caller]
fn check_threads(backend: &Backend) {
    let (mut units, _) = outcome(backend, "threads", 0);
    let number = |seen: &Seen, key: &str| -> Option<u64> {
        let value = &seen.fields[key];
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    units.sort_by_key(|seen| (number(seen, "thread"), number(seen, "n")));
    assert_seen(backend, &units, &expect::threads());
}

#[track_caller]
fn check_limit(backend: &Backend) {
    let (units, _) = outcome(backend, "limit", 0);
    let [unit] = &*units else { panic!("{units:?}") };
    let length = |key: &str| {
        let text = unit.fields[key].as_str().expect("a text");
        assert!(text.bytes().all(|byte| byte == b'x'), "{text}");
        text.len()
    };
    let whole: usize = ["a", "b", "c", "d"].map(length).iter().sum();
    assert!((15 * 1024..16 * 1024).contains(&whole), "{whole}");
    assert_eq!(unit.fields["after"], (backend.cast)(&1.into()));
    assert_eq!(unit.fields["truncated"], (backend.cast)(&4.into()));
}

/// A unit in a destructor of a thread-local is not supported, as a backend may be gone by then, but it does no harm.
#[track_caller]
fn check_locals(backend: &Backend) {
    assert_eq!(outside_of_destructors(backend, "locals"), ["before", "after"]);
    let before_exit: &[&str] = if backend.exit <= AtExit::Flush { &["before"] } else { &[] };
    assert_eq!(outside_of_destructors(backend, "locals_at_exit"), before_exit);
}

#[track_caller]
fn outside_of_destructors(backend: &Backend, scenario: &str) -> Vec<String> {
    let (units, _) = outcome(backend, scenario, 0);
    let (inside, outside): (Vec<String>, Vec<String>) =
        units.into_iter().map(|unit| unit.name).partition(|name| ["kept", "in a destructor"].contains(&name.as_str()));
    assert!(inside.len() <= 6, "{inside:?}");
    outside
}

#[track_caller]
fn check_exit(backend: &Backend) {
    for (scenario, done) in [("exit", AtExit::Nothing), ("exit_flushed", AtExit::Flush)] {
        let (units, _) = outcome(backend, scenario, 3);
        match backend.exit {
            // Written by then if its timer was quick enough.
            AtExit::Flush if done == AtExit::Nothing => assert!(units.len() <= 1),
            AtExit::Shutdown => assert_seen(backend, &units, &[]),
            _ => assert_seen(backend, &units, &expect::exit()),
        }
    }
}

/// Records written at that moment may be cut short, but the process ends, and with the expected output.
#[track_caller]
fn check_exit_amid(backend: &Backend) {
    let ran = (backend.output)(backend, "exit_amid");
    assert_eq!((ran.code, ran.noise.as_str()), (Some(3), ""));
    for line in ran.lines.iter().rev().skip(1) {
        let Line::Unit(seen) = (backend.read)(line) else { panic!("{line}") };
        assert_eq!(seen.name, "work", "{line}");
    }
}

#[track_caller]
fn check_names(backend: &Backend) {
    if backend.any_name {
        check(backend, "names", &expect::names());
    }
}

macro_rules! backends {
    ($($module:ident: $backend:expr;)*) => {
        $(mod $module {
            use super::*;

            #[allow(dead_code, reason = "some have tests of their own, in `own.rs`")]
            pub const BACKEND: Backend = $backend;

            scenarios! {
                the_recipe_gives_one_record_a_unit_that_reads_back_equal: check(&BACKEND, "", &expect::checkouts());
                types_are_kept_where_the_backend_can: check(&BACKEND, "types", &expect::types());
                odd_characters_neither_end_a_line_nor_forge_a_field: check(&BACKEND, "odd", &expect::odd());
                fields_may_be_called_anything_or_the_guide_says_so: check_names(&BACKEND);
                ids_are_there: check(&BACKEND, "ids", &expect::ids());
                levels_are_those_of_the_backend: check(&BACKEND, "levels", &expect::levels());
                a_unit_that_panics_leaves_a_record_and_a_backend_that_works: check(&BACKEND, "panic", &expect::panics());
                units_that_end_while_the_thread_unwinds_abort_nothing: check(&BACKEND, "unwinding", &expect::unwinding());
                a_display_that_logs_or_panics_does_not_run_inside_the_backend: check_displays(&BACKEND);
                records_of_eight_threads_neither_mix_nor_get_lost: check_threads(&BACKEND);
                a_record_at_the_limit_goes_through_whole: check_limit(&BACKEND);
                units_in_destructors_of_thread_locals_abort_nothing: check_locals(&BACKEND);
                an_exit_amid_units_of_other_threads_hangs_nothing: check_exit_amid(&BACKEND);
                what_is_emitted_before_process_exit_is_there_if_the_backend_keeps_nothing_back: check_exit(&BACKEND);
            }
        })*
    };
}

macro_rules! scenarios {
    ($($rule:ident: $check:expr;)*) => {
        $(#[test]
        fn $rule() {
            if (BACKEND.is_here)() {
                $check;
            }
        })*
    };
}

/// A program that cargo built for these tests.
macro_rules! program {
    ($name:literal) => {
        env!(concat!("CARGO_BIN_EXE_", $name))
    };
}
pub(crate) use program;

/// Prints the record alone, to standard error.
const PLAIN: Backend = Backend {
    program: "",
    environment: &[],
    output: stderr,
    read: read::logfmt,
    cast: read::texts,
    exit: AtExit::Nothing,
    any_name: true,
    is_here: || true,
};

/// The same, as JSON.
const JSON: Backend = Backend { read: read::json, cast: read::all, ..PLAIN };

/// Prints an object with typed fields, to standard output.
const STRUCTURED: Backend = Backend { output: stdout, read: read::structured_logger, cast: read::typed, ..PLAIN };

backends! {
    env_logger: Backend { program: program!("env_logger"), ..PLAIN };
    env_logger_prefix: Backend { program: program!("env_logger_prefix"), read: read::prefixed, ..PLAIN };
    fern: Backend { program: program!("fern"), output: fern_file, ..PLAIN };
    log4rs: Backend { program: program!("log4rs"), output: log4rs_file, ..PLAIN };
    flexi_logger: Backend { program: program!("flexi_logger"), ..JSON };
    flexi_logger_files: Backend { program: program!("flexi_logger_files"), output: flexi_files, exit: AtExit::Flush, ..PLAIN };
    flexi_logger_json: Backend {
        program: program!("flexi_logger_json"), output: stderr, read: read::flexi_json, ..STRUCTURED
    };
    simplelog: Backend { program: program!("simplelog"), ..PLAIN };
    tracing_text: Backend { program: program!("tracing_text"), ..JSON };
    tracing_json: Backend { program: program!("tracing_json"), read: read::tracing_json, ..PLAIN };
    opentelemetry: Backend {
        program: program!("opentelemetry"), read: read::opentelemetry, cast: read::in_63_bits, exit: AtExit::Shutdown,
        ..STRUCTURED
    };
    structured_logger: Backend { program: program!("structured_logger"), any_name: false, ..STRUCTURED };
    logforth: Backend { program: program!("logforth"), read: read::logforth, ..STRUCTURED };
    syslog: Backend { program: program!("syslog"), output: syslog_socket, read: read::syslog, ..PLAIN };
    systemd_journal: Backend {
        program: program!("systemd_journal"), output: journal::output, read: read::journal, cast: read::displayed,
        is_here: journal::can_be_had, any_name: false, ..PLAIN
    };
}
