//! Fails every allocation that a unit makes, one after the other.
//!
//! Only an allocator can fail an allocation, and only a toolchain that supports
//! `set_alloc_error_hook` can turn that into a panic instead of ending the process.
//! `child/starved.rs` is therefore a separate program, built both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::ledger;
use crate::report::{Promise, Report, Row};

pub fn campaign(report: &mut Report) {
    let program = match build(true) {
        Ok(program) => {
            for (case, hook, fault) in [
                ("grows", false, "no memory, n-th allocation of units"),
                ("retries", false, "no memory for a field, set again"),
                ("ends", false, "no memory at the end of units"),
                ("emits", false, "no memory in `current::emit`"),
                ("unwinds", false, "no memory while unwinding"),
                ("unwinds", true, "no memory while unwinding, panic hook"),
                ("unwinds_early", false, "no memory for a panic"),
                ("unwinds_early", true, "no memory for a panic, panic hook"),
                ("unwinds_in_use", true, "the same in `current::with`"),
            ] {
                let mut row = Row::new(fault);
                starve(&mut row, &program, case, hook);
                report.add(row);
            }
            program
        }
        Err(_) => {
            report.note(
                "memory: no panic comes of a failed allocation on this toolchain \
                 (`set_alloc_error_hook` is not stable): left out",
            );
            build(false).expect("the program builds as any does")
        }
    };
    report.add(abort(&program));
}

/// A crate whose only source is `child/starved.rs`.
fn build(hook: bool) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("starved");
    fs::create_dir_all(&home).expect("the directory for tests can be written to");
    let manifest = format!(
        "[package]\nname = \"starved\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [[bin]]\nname = \"starved\"\npath = {:?}\n\
         [features]\nhook = []\n\
         [dependencies]\ntraceline = {{ path = {root:?}, features = [\"future\"] }}\n\
         log = {{ version = \"0.4\", features = [\"std\"] }}\n[workspace]\n",
        root.join("tests/child/starved.rs"),
    );
    fs::write(home.join("Cargo.toml"), manifest).expect("a file of ours");
    let lock = root.join("Cargo.lock");
    // On every run: the versions that an earlier run found may be gone by now.
    if lock.exists() {
        fs::copy(lock, home.join("Cargo.lock")).expect("a file of ours");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet", "--manifest-path"]);
    cargo.arg(home.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(home.join("target"));
    cargo.env_remove("CARGO_BUILD_TARGET");
    if hook {
        // Set for this one crate only, so that no dependency takes the toolchain for
        // another one.
        cargo.args(["--features", "hook"]);
        cargo.env("RUSTC_BOOTSTRAP", "starved");
    }
    let output = cargo.output().expect("cargo runs");
    match output.status.success() {
        true => Ok(home.join("target/debug/starved")),
        false => Err(format!("{output:#?}")),
    }
}

/// What the program printed for one failed allocation.
#[derive(Debug, Default)]
struct Printed {
    lines: Vec<String>,
    started: Vec<String>,
    ended: BTreeSet<String>,
    /// Units that had begun to end before or when the allocation failed.
    ending: BTreeSet<String>,
    checkpoints: usize,
    /// Units, each with its fields and fragments.
    told: Vec<(String, String, String)>,
    /// Whether it panicked, and whether the thread is as good as new.
    after: Option<(bool, bool)>,
}

/// The output, by the number of the failed allocation.
fn printed(text: &str) -> BTreeMap<usize, Printed> {
    let mut all = BTreeMap::new();
    let mut run = 0;
    for line in text.lines() {
        let (what, rest) = line.split_once('\t').unwrap_or((line, ""));
        if what == "run" {
            run = rest.parse().expect("a number");
        }
        let printed: &mut Printed = all.entry(run).or_default();
        match what {
            "record" => printed.lines.push(rest.into()),
            "started" => printed.started.push(rest.into()),
            "ended" => _ = printed.ended.insert(rest.into()),
            "ends hungry" => _ = printed.ending.insert(rest.into()),
            "checkpoint" => printed.checkpoints += 1,
            "told" => {
                let mut words = rest.splitn(3, '\t').map(String::from);
                let mut word = || words.next().unwrap_or_default();
                printed.told.push((word(), word(), word()));
            }
            "after" => printed.after = Some((rest.starts_with("panicked"), rest.ends_with("true"))),
            _ => {}
        }
    }
    all
}

/// Runs a case until no allocation is left to fail, restarting after each abort.
fn starve(row: &mut Row, program: &Path, case: &str, hook: bool) {
    let mut first = 0;
    loop {
        let mut child = Command::new(program);
        child.args([case, &first.to_string()]);
        if hook {
            child.env("PANIC_HOOK", "1");
        }
        let output = child.output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let runs = printed(&text);
        for (nth, printed) in &runs {
            row.point();
            judge(row, case, *nth, printed);
        }
        if output.status.success() {
            return;
        }
        assert!(!runs.is_empty(), "it does not start: {output:#?}");
        first = runs.last_key_value().map_or(first, |(nth, _)| *nth) + 1;
    }
}

fn judge(row: &mut Row, case: &str, nth: usize, printed: &Printed) {
    let about = || format!("{case} {nth}");
    row.check(Promise::NoAbort, printed.after.is_some(), about);
    let Some((panicked, clean)) = printed.after else {
        return;
    };
    row.check(Promise::CleanAfter, clean, about);
    // Calls that allocate may panic; the end of a unit may not.
    let in_end = printed.ending.difference(&printed.ended).next();
    let silent = in_end.is_none() && case != "ends" && case != "emits";
    row.check(Promise::NoAbort, !panicked || silent, || {
        format!("{case} {nth}: a panic at the end of {in_end:?}")
    });
    let records = ledger::parse(&printed.lines, row);
    let mut missing = 0;
    let mut marks = 0;
    for unit in &printed.started {
        let (last, _) = ledger::of_unit(&records, unit);
        let may_miss = case.starts_with("unwinds") || printed.ending.contains(unit);
        missing += usize::from(last.is_empty());
        row.check(
            Promise::OneRecord,
            last.len() == 1 || last.is_empty() && may_miss && missing == 1,
            || format!("{case} {nth}: {} of {unit}", last.len()),
        );
        if let [last] = *last {
            outcome(row, &about(), unit, last, printed, panicked);
            marks += told(row, &about(), unit, last, &printed.told);
        }
    }
    // One failure spoils at most one text.
    row.check(Promise::NothingLost, marks <= 1, about);
    row.records(printed.started.len() + printed.checkpoints, records.len());
    row.gone(missing);
}

fn outcome(
    row: &mut Row,
    about: &str,
    unit: &str,
    last: &Value,
    printed: &Printed,
    panicked: bool,
) {
    let is_panic = last["outcome"] == "panic";
    let open = panicked && !printed.ended.contains(unit) && !printed.ending.contains(unit);
    row.check(Promise::Outcome, is_panic == open, || {
        format!("{about}: {} of {unit}", last["outcome"])
    });
}

/// Checks that a record has everything that its unit captured; returns how many
/// texts are marked as failed.
fn told(
    row: &mut Row,
    about: &str,
    unit: &str,
    last: &Value,
    told: &[(String, String, String)],
) -> usize {
    let mut marks = 0;
    let list = last["fragments"].as_array().into_iter().flatten();
    let mut texts = list.filter_map(|fragment| fragment["msg"].as_str());
    for (_, key, text) in told.iter().filter(|(of, ..)| of == unit) {
        let found = match key.is_empty() {
            true => texts.find(|found| found == text || *found == "<panicked>"),
            false => last[key].as_str(),
        };
        marks += usize::from(found == Some("<panicked>"));
        let held = found.is_some_and(|found| found == text || found == "<panicked>");
        row.check(Promise::NothingLost, held, || {
            format!("{about}: {unit} {key}={text}: {found:?}")
        });
    }
    marks
}

/// Without the hook the process is over; its file has the units that had ended.
fn abort(program: &Path) -> Row {
    let mut row = Row::new("no memory, the process aborts");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("starved.log");
    for nth in 0.. {
        let mut child = Command::new(program);
        let output = child.arg("grows").arg(nth.to_string()).arg(&file).output();
        let output = output.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("\nnothing failed") {
            break;
        }
        row.point();
        let printed = printed(&said).remove(&0).unwrap_or_default();
        let text = fs::read_to_string(&file).unwrap_or_default();
        let whole = text.is_empty() || text.ends_with('\n');
        row.check(Promise::WholeLines, whole, || text.clone());
        let lines: Vec<String> = text.lines().map(Into::into).collect();
        ended(&mut row, nth, &printed, &lines);
    }
    let _ = fs::remove_file(&file);
    row
}

/// Checks that units that had ended have their records, though the process is gone.
fn ended(row: &mut Row, nth: usize, printed: &Printed, lines: &[String]) {
    let records = ledger::parse(lines, row);
    for unit in &printed.started {
        let (last, _) = ledger::of_unit(&records, unit);
        let wanted = usize::from(printed.ended.contains(unit));
        row.gone(usize::from(last.is_empty()));
        row.check(Promise::OneRecord, last.len() == wanted, || {
            format!("{nth}: {} of {unit}", last.len())
        });
    }
    row.records(printed.ended.len() + printed.checkpoints, records.len());
}
