//! The rooms of `src`: who may name whom.
//!
//! 1. Down only: a room names only rooms below it.
//! 2. Doors: an item is named by the file that defines it, never by a room's re-export of it; only `lib.rs`, which is
//!    the page of the crate, and users go through the doors.
//! 3. An order inside: `mod.rs` lists the files of its room from the top down, and a file names only files below it.
//!
//! The paths are read from the source: `use` trees and paths in code, `crate::`, `self::` and `super::` alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From what users call down to plain data; rooms of one level do not name each other.
const LEVELS: [&[&str]; 12] = [
    &[""],
    &["tower"],
    &["context"],
    &["trace", "bridge"],
    &["emit"],
    &["encode", "thread"],
    &["unit", "testing"],
    &["unit/store"],
    &["config"],
    &["value/serde"],
    &["ids", "value"],
    &["base"],
];

/// Text per file, by its path below `src`.
type Files = BTreeMap<String, String>;

fn files() -> Files {
    fn read(dir: &Path, below: &str, files: &mut Files) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let inner = format!("{below}{name}");
            if path.is_dir() {
                read(&path, &format!("{inner}/"), files);
            } else if inner.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("source is readable");
                files.insert(inner, code(&text));
            }
        }
    }
    let mut files = Files::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        "",
        &mut files,
    );
    files
}

/// The code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = tested
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The folder of a file: `unit/store/` of `unit/store/arena.rs`.
fn room(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(room, _)| room)
}

fn level(room: &str) -> Option<usize> {
    let room = if room == "_guide" { "" } else { room };
    LEVELS.iter().position(|rooms| rooms.contains(&room))
}

/// A path in code, resolved from the root of the crate.
fn absolute(file: &str, path: &[String]) -> Option<Vec<String>> {
    let own = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let mut module: Vec<String> = own.split('/').map(String::from).collect();
    if file == "lib.rs" {
        module.clear();
    }
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => {
            module.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                module.pop();
                rest = &rest[1..];
            }
        }
        _ => return None,
    }
    module.extend(rest.iter().cloned());
    Some(module)
}

/// All paths of a `use` tree or of code that start at `crate`, `self` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, start) in ["crate::", "self::", "super::"]
        .iter()
        .flat_map(|start| code.match_indices(start))
    {
        // `$crate::` is written where a macro is used, not where it stands.
        let before = code[..at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || "_$:".contains(c));
        if !inside {
            let head = start.trim_end_matches("::").to_owned();
            tree(&code[at + start.len()..], vec![head], &mut found);
        }
    }
    found
}

/// Reads `a::{b, c::d}` and returns what follows it.
fn tree<'a>(text: &'a str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let mut text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        text = list;
        loop {
            text = tree(text, path.clone(), found).trim_start();
            match text.strip_prefix(',') {
                Some(rest) => text = rest,
                None => break,
            }
        }
        return text.strip_prefix('}').unwrap_or(text);
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return text;
    }
    path.push(word.to_owned());
    match rest.strip_prefix("::") {
        Some(inner) if inner.starts_with(|c: char| c.is_alphabetic() || "_{".contains(c)) => {
            tree(inner, path, found)
        }
        _ => {
            found.push(path);
            let rest = rest.trim_start();
            match rest.strip_prefix("as ") {
                Some(renamed) => renamed
                    .trim_start()
                    .trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
                None => rest,
            }
        }
    }
}

/// Whether the text defines an item of this name itself.
fn defines(text: &str, name: &str) -> bool {
    let keywords = [
        "fn", "struct", "enum", "trait", "type", "const", "static", "mod",
    ];
    keywords.iter().any(|keyword| {
        let needle = format!("{keyword} {name}");
        text.match_indices(&needle).any(|(at, _)| {
            let after = text[at + needle.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    })
}

/// The file that a path leads to, and the item in it if the path names one.
fn target<'a>(files: &Files, path: &'a [String]) -> Option<(String, Option<&'a str>)> {
    let mut file = "lib.rs".to_owned();
    let mut at = 0;
    let mut module = String::new();
    while let Some(part) = path.get(at) {
        let inner = format!("{module}{part}");
        if files.contains_key(&format!("{inner}.rs")) {
            file = format!("{inner}.rs");
        } else if files.contains_key(&format!("{inner}/mod.rs")) {
            file = format!("{inner}/mod.rs");
        } else {
            break;
        }
        module = inner + "/";
        at += 1;
    }
    let item = path.get(at).map(String::as_str);
    // Paths to the root are to its macros, which have to be defined there.
    (file != "lib.rs").then_some((file, item))
}

/// The files of a room in the order of the `mod` lines of its `mod.rs`.
fn listed(files: &Files, room: &str) -> Vec<String> {
    let door = if room.is_empty() {
        "lib.rs".to_owned()
    } else {
        format!("{room}/mod.rs")
    };
    let text = files.get(&door).map(String::as_str).unwrap_or_default();
    let names = text.lines().filter_map(|line| {
        let line = line.trim().strip_suffix(';')?;
        let (before, name) = line.split_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
    });
    names.collect()
}

/// What breaks a rule, in words.
fn faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    let mut inside: BTreeSet<(String, String)> = BTreeSet::new();
    for (file, text) in files {
        let Some(own_level) = level(room(file)) else {
            faults.push(format!("{file} is in no room of tests/layers.rs"));
            continue;
        };
        if matches!(file.as_str(), "lib.rs" | "macros.rs") {
            continue;
        }
        for path in paths(text) {
            let Some(full) = absolute(file, &path) else {
                continue;
            };
            let Some((other, item)) = target(files, &full) else {
                continue;
            };
            // `super::` in a module inside of a file is the file.
            let own = item.is_some_and(|item| path.len() == 2 && defines(text, item));
            if other == *file || own && path.starts_with(&["super".to_owned()]) {
                continue;
            }
            let shown = path.join("::");
            let below = level(room(&other)).unwrap_or_default();
            if room(&other) == room(file) {
                inside.insert((file.clone(), other.clone()));
            } else if below <= own_level {
                faults.push(format!("up: {file} names {shown} of {other}"));
            }
            if let Some(item) = item
                && other.ends_with("/mod.rs")
                && !defines(&files[&other], item)
            {
                faults.push(format!("door: {file} names {shown} by the door {other}"));
            }
        }
    }
    faults.extend(disorder(files, &inside));
    faults
}

/// Arrows inside a room that do not follow the order of its `mod.rs`. The door itself may
/// stand anywhere between, but names no file above one that names it.
fn disorder(files: &Files, inside: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut faults = Vec::new();
    let place = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        let order = listed(files, room(file));
        order
            .iter()
            .position(|listed| *listed == name.trim_end_matches(".rs"))
    };
    let is_door = |file: &str| file.ends_with("/mod.rs");
    for (from, to) in inside {
        match (is_door(from), is_door(to)) {
            (false, false) if place(from).is_none() || place(from) >= place(to) => {
                faults.push(format!("order: {from} names {to}, which stands above it"));
            }
            (true, false) => {
                // Who names the door stands above all that the door names.
                let users = inside.iter().filter(|(_, door)| door == from);
                for (user, _) in users.filter(|(user, _)| place(user) >= place(to)) {
                    faults.push(format!("order: {from} names {to}, and {user} names {from}"));
                }
            }
            _ => {}
        }
    }
    faults
}

#[test]
fn rooms_name_only_rooms_below_them_by_the_real_file_and_in_order() {
    assert_eq!(faults(&files()), [""; 0]);
}

#[test]
fn every_room_and_every_file_is_listed() {
    let files = files();
    let rooms: BTreeSet<&str> = files.keys().map(|file| room(file)).collect();
    let known: BTreeSet<&str> = LEVELS.concat().into_iter().chain(["_guide"]).collect();
    assert_eq!(rooms, known);
    for file in files.keys().filter(|file| !file.ends_with("mod.rs")) {
        let name = file.rsplit('/').next().unwrap_or(file);
        let name = name.trim_end_matches(".rs").to_owned();
        let is_listed = name == "lib" || listed(&files, room(file)).contains(&name);
        assert!(is_listed, "{file} is not listed in its mod.rs");
    }
}

/// A planted arrow of each kind is found, and says where it is.
#[test]
fn planted_arrows_are_found() {
    for (file, line, fault) in [
        (
            "value/key.rs",
            "use crate::trace::Trace;",
            "up: value/key.rs names crate::trace::Trace of trace/mod.rs",
        ),
        (
            "value/serde/dedup.rs",
            "use super::super::super::unit::{store::arena::{Arena, Span}};",
            "up: value/serde/dedup.rs names super::super::super::unit::store::arena::Arena of unit/store/arena.rs",
        ),
        (
            "ids/hex.rs",
            "fn key() -> crate::value::key::Key<'static> { todo!() }",
            "up: ids/hex.rs names crate::value::key::Key of value/key.rs",
        ),
        (
            "emit/finished.rs",
            "use crate::config::{choices::Format, Sampling};",
            "door: emit/finished.rs names crate::config::Sampling by the door config/mod.rs",
        ),
        (
            "config/builder.rs",
            "use super::{ConfigError as Error};",
            "door: config/builder.rs names super::ConfigError by the door config/mod.rs",
        ),
        (
            "unit/store/arena.rs",
            "use super::fields::Fields;",
            "order: unit/store/arena.rs names unit/store/fields.rs, which stands above it",
        ),
        (
            "trace/mod.rs",
            "use self::time::Timer;",
            "order: trace/mod.rs names trace/time.rs, and trace/time.rs names trace/mod.rs",
        ),
        (
            "stray/new.rs",
            "",
            "stray/new.rs is in no room of tests/layers.rs",
        ),
    ] {
        let mut files = files();
        let text = files.entry(file.to_owned()).or_default();
        *text = format!("{line}\n{text}");
        let found = faults(&files);
        assert!(
            found.iter().any(|found| found == fault),
            "{line}: {found:?}"
        );
    }
}

#[test]
fn no_file_is_longer_than_400_lines_but_for_its_docs() {
    for (file, code) in files() {
        let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 400, "{file} has {lines} lines of code");
    }
}

/// User code (`Display`, `Debug`, closures, `source()`) runs while a value is
/// captured and an error recorded. What encodes and emits never sees a value
/// that could run any.
#[test]
fn code_that_runs_users_code_is_named_by_capture_and_failure_alone() {
    for (file, code) in files() {
        if !["encode", "emit", "thread"].contains(&room(&file)) {
            continue;
        }
        for word in [
            "Kind::",
            "Cause",
            "Failure",
            "dyn Display",
            "dyn fmt::Display",
            "dyn Error",
            "fmt::Arguments",
        ] {
            assert!(!code.contains(word), "{file} names {word}");
        }
    }
}

#[test]
fn only_emit_and_the_settings_know_a_logger() {
    for (file, code) in files() {
        let room = room(&file);
        assert!(
            room == "emit" || !code.contains("Record::builder"),
            "{file} builds a record"
        );
        // A bridge is a logger, which others may flush and a program installs; `init` is there
        // to install one.
        if room == "bridge" || file == "init.rs" {
            continue;
        }
        assert!(!code.contains(".flush("), "{file} flushes");
        for word in ["set_logger", "set_boxed_logger"] {
            assert!(!code.contains(word), "{file} installs a logger");
        }
    }
}
