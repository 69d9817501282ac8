//! The ladder: a file names only files further down the flow.
//!
//! `use crate::…` (and every other `crate::` path outside of docs and macros) is
//! read from the source, so that an upward glance has to be argued for here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From what users call down to plain data. A name stands for `name.rs` or the
/// folder `name/`; files of one rung may name each other.
///
/// `trace` and `builder` share a rung: a builder makes a trace, and `Trace` has
/// the function that makes a builder. `value` and `owned` share one: each is made
/// from the other.
const LADDER: [&[&str]; 31] = [
    &["lib", "_guide"],
    &["macros"],
    &["tower"],
    &["bridge", "future", "init", "ordinary"],
    &["unit"],
    &["current", "panics"],
    &["scope", "shared", "transaction"],
    &["trace", "builder"],
    &["testing"],
    &["emit"],
    &["ended"],
    &["encode"],
    &["pool"],
    &["slot"],
    &["failure"],
    &["entry"],
    &["settle"],
    &["message"],
    &["config"],
    &["uuids", "structured"],
    &["sampling"],
    &["finished"],
    &["number"],
    &["key"],
    &["value", "owned", "nested"],
    &["clock"],
    &["headers"],
    &["ids"],
    &["outcome"],
    &["guard"],
    &["bytes"],
];

/// The modules of `src`, each with its files and their code.
fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let mut modules: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_code = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
    };
    for path in files(&src).into_iter().filter(is_code) {
        let inner = path.strip_prefix(&src).expect("below src");
        let first = inner.iter().next().expect("a name").to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).expect("source is readable");
        modules
            .entry(module)
            .or_default()
            .push((inner.into(), code(&text)));
    }
    modules
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("src is readable");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = tested
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules that code names as `crate::module`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // `$crate::` is written where a macro is used, not where it stands.
    for (at, found_at) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + found_at.len()..];
        let word = |text: &str| -> String {
            let is_part = |char: &char| char.is_alphanumeric() || *char == '_';
            text.trim_start().chars().take_while(is_part).collect()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                found.extend(list.split(',').map(word));
            }
            None => {
                found.insert(word(rest));
            }
        }
    }
    found
}

fn rung(module: &str) -> usize {
    // The macros of a module have to be defined at the root.
    let module = module
        .strip_prefix("__")
        .and_then(|name| name.split('_').next())
        .unwrap_or(module);
    let at = LADDER.iter().position(|rung| rung.contains(&module));
    at.unwrap_or_else(|| panic!("`{module}` is not on the ladder of tests/layers.rs"))
}

#[test]
fn every_module_is_on_the_ladder_and_every_rung_is_a_module() {
    let modules: BTreeSet<String> = modules().into_keys().collect();
    let rungs: BTreeSet<String> = LADDER.concat().into_iter().map(String::from).collect();
    assert_eq!(modules, rungs);
}

#[test]
fn files_name_only_modules_further_down() {
    let modules = modules();
    for (module, files) in modules
        .iter()
        .filter(|(module, _)| *module != "lib" && *module != "macros")
    {
        for (path, code) in files {
            for other in named(code) {
                assert!(
                    rung(module) <= rung(&other),
                    "{}: `{module}` names `{other}`, which is above it",
                    path.display()
                );
            }
        }
    }
}

/// User code (`Display`, `Debug`, closures, `source()`) runs while a value is
/// captured and an error recorded. What encodes and emits never sees a value
/// that could run any.
#[test]
fn code_that_runs_users_code_is_named_by_capture_and_failure_alone() {
    let modules = modules();
    for module in ["encode", "emit", "pool"] {
        for (path, code) in &modules[module] {
            for word in [
                "Kind::",
                "Cause",
                "Failure",
                "dyn Display",
                "dyn fmt::Display",
                "dyn Error",
                "fmt::Arguments",
            ] {
                assert!(!code.contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn only_emit_and_the_settings_know_a_logger() {
    for (module, files) in modules() {
        for (path, code) in files {
            if module != "emit" {
                assert!(
                    !code.contains("Record::builder"),
                    "{} builds a record",
                    path.display()
                );
            }
            // A bridge is a logger, which others may flush and a program installs;
            // `init` is there to install one.
            if matches!(&*module, "bridge" | "init") {
                continue;
            }
            assert!(!code.contains(".flush("), "{} flushes", path.display());
            for word in ["set_logger", "set_boxed_logger"] {
                assert!(!code.contains(word), "{} installs a logger", path.display());
            }
        }
    }
}

#[test]
fn the_reader_of_this_test_finds_what_it_looks_for() {
    let text = "use crate::value::{Kind};\nuse crate::{key, owned::X};\n// crate::trace\ncrate::emit::now()";
    let names = named(&code(text));
    assert_eq!(
        names,
        ["emit", "key", "owned", "value"].map(String::from).into()
    );
}
