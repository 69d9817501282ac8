//! Loggers that are written to do harm: `src/bin/hostile.rs`.

use crate::expect::{self, Want};
use crate::read::{self, Line, Seen};
use crate::run::{self, Folder, text};
use crate::{lines, program};

/// The units that a logger got in a scenario, in order, and the logger's own.
#[track_caller]
fn given(kind: &str, scenario: &str, code: i32) -> (Vec<Seen>, usize) {
    let out = run::run(program!("hostile"), scenario, &Folder::new(), &[("HOSTILE", kind)]);
    assert_eq!(out.status.code(), Some(code), "{kind}, {scenario}: {}", text(&out.stderr));
    let units = lines(text(&out.stdout)).into_iter().filter_map(|line| match read::logfmt(&line) {
        Line::Unit(seen) => Some(seen),
        Line::Ordinary(_) => None,
    });
    let (own, units): (Vec<Seen>, Vec<Seen>) = units.partition(|unit| unit.name == "of the logger");
    (units, own.len())
}

type Scenario = (&'static str, fn() -> Vec<Want>);

const SCENARIOS: [Scenario; 7] = [
    ("", expect::checkouts),
    ("odd", expect::odd),
    ("panic", expect::panics),
    ("unwinding", expect::unwinding),
    ("display", expect::displays),
    ("levels", expect::levels),
    ("threads", expect::threads),
];

/// Each unit is handed over exactly once and whole; nothing aborts or hangs.
#[track_caller]
fn each_unit_once(kind: &str) {
    each_unit_once_but(kind, "");
}

#[track_caller]
fn each_unit_once_but(kind: &str, exempt: &str) {
    for (scenario, wants) in SCENARIOS.into_iter().filter(|(scenario, _)| exempt.is_empty() || *scenario != exempt) {
        let (mut units, _) = given(kind, scenario, 0);
        let mut wants: Vec<Seen> = wants().iter().map(|want| want.seen(read::texts)).collect();
        if scenario == "threads" {
            units.sort_by_key(|unit| format!("{unit:?}"));
            wants.sort_by_key(|want| format!("{want:?}"));
        }
        assert_eq!(units, wants, "{kind}, {scenario}");
    }
    no_harm(kind);
}

/// Each unit is handed over at most once; nothing aborts or hangs.
#[track_caller]
fn at_most_once(kind: &str) {
    for (scenario, wants) in SCENARIOS {
        let (units, _) = given(kind, scenario, 0);
        let mut wants: Vec<Seen> = wants().iter().map(|want| want.seen(read::texts)).collect();
        for unit in units {
            let at = wants.iter().position(|want| *want == unit);
            wants.remove(at.unwrap_or_else(|| panic!("{kind}, {scenario}: {unit:?}")));
        }
    }
    no_harm(kind);
}

/// Scenarios in which a thread or the process ends.
#[track_caller]
fn no_harm(kind: &str) {
    for scenario in ["limit", "locals", "locals_at_exit"] {
        given(kind, scenario, 0);
    }
}

#[test]
fn one_that_does_nothing() {
    each_unit_once("tame");
    given("tame", "exit", 3);
}

#[test]
fn one_that_panics() {
    // In these, a `Display` makes an ordinary log call, whose panic is its own.
    each_unit_once_but("panics", "display");
    each_unit_once_but("panics_at_the_third", "display");
}

#[test]
fn one_that_runs_units_and_logs_by_itself() {
    each_unit_once("reenters");
    each_unit_once("spawns");
    let (units, own) = given("reenters", "levels", 0);
    assert_eq!((units.len(), own), (4, 4));
}

#[test]
fn one_that_writes_to_the_current_unit() {
    each_unit_once("writes_to_the_current_unit");
}

#[test]
fn one_that_takes_its_time() {
    each_unit_once("blocks");
}

#[test]
fn one_that_formats_twice() {
    each_unit_once("formats_twice");
}

#[test]
fn one_that_holds_a_lock_that_cannot_be_taken_again() {
    each_unit_once("locks");
    each_unit_once_but("poisons", "display");
}

#[test]
fn one_that_keeps_what_it_was_given() {
    let (units, _) = given("keeps", "levels", 0);
    assert_eq!(units[..4], units[4..]);
}

#[test]
fn one_that_flushes_or_cannot_be_flushed() {
    for (scenario, wants) in [SCENARIOS[0], SCENARIOS[5]] {
        assert_eq!(given("flushes", scenario, 0).0.len(), wants().len());
    }
}

#[test]
fn one_that_says_this_and_that_when_asked() {
    at_most_once("lies");
    at_most_once("panics_when_asked");
}

#[test]
fn one_that_runs_a_unit_when_asked() {
    each_unit_once("runs_a_unit_when_asked");
}

#[test]
fn one_that_turns_logging_off() {
    at_most_once("turns_all_off");
    let (units, _) = given("turns_all_off", "levels", 0);
    assert_eq!(units.len(), 1);
}

#[test]
fn one_that_exits() {
    // Not from a destructor that runs during an exit: std aborts on an exit within an exit.
    for scenario in ["", "panic", "unwinding", "threads"] {
        assert!(!given("exits", scenario, 7).0.is_empty(), "{scenario}");
    }
}

#[test]
fn one_that_stops_reading_key_values() {
    for scenario in ["", "types", "panic", "threads"] {
        let out = run::run(program!("hostile"), scenario, &Folder::new(), &[("HOSTILE", "stops_reading")]);
        assert_eq!((out.status.code(), text(&out.stderr)), (Some(0), ""));
    }
}
