//! The rooms of `src` and which of them may name which.
//!
//! 1. Downwards only: a room names only rooms below it.
//! 2. Doors: an item is named by the file that defines it, never through its room's re-export or
//!    `lib.rs`, which is the page of the crate: only users go through the doors.
//! 3. Order inside: `mod.rs` lists a room's files top-down; a file names only those below it.
//!
//! The paths are read from the source: `use` trees, and paths in code that begin with `crate::`,
//! `self::`, `super::` or a module that the file lists or imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From what users call down to plain data; rooms on one level do not name each other.
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

/// File contents by path below `src`.
type Files = BTreeMap<String, String>;

/// The files unchanged.
fn sources() -> Files {
    fn read(dir: &Path, below: &str, files: &mut Files) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let inner = format!("{below}{name}");
            if path.is_dir() {
                read(&path, &format!("{inner}/"), files);
            } else if inner.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("source is readable");
                files.insert(inner, text);
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

/// The files with only their code.
fn files() -> Files {
    let sources = sources().into_iter();
    sources.map(|(file, text)| (file, code(&text))).collect()
}

/// The code without comments and test modules, line for line. The contents of quotes
/// become `_`.
fn code(text: &str) -> String {
    without_tests(&plain(text))
}

/// Removes the comments from a text and masks its literals.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let in_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (len, is_literal) = match c {
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            _ if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (quoted(rest, '"'), true),
            '\'' if is_char(rest) => (quoted(rest, '\''), true),
            'r' | 'b' | 'c' if !in_word && raw_string(rest).is_some() => {
                (raw_string(rest).unwrap_or_default(), true)
            }
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
        };
        let (gone, after) = rest.split_at(len);
        for c in gone.chars() {
            match c {
                '\n' => out.push('\n'),
                _ if is_literal => out.push('_'),
                _ => {}
            }
        }
        // A literal is not part of a word, and a comment separates two.
        out.push(' ');
        rest = after;
    }
    out
}

/// The length of a comment, including nested ones.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a literal, including its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        if !escaped && c == quote {
            return at + 1;
        }
        // The first character is the quote that opens it.
        escaped = at > 0 && !escaped && c == '\\';
    }
    text.len()
}

/// Whether a quote opens a character rather than a lifetime.
fn is_char(text: &str) -> bool {
    let mut after = text.chars().skip(1);
    after.next() == Some('\\') || after.next() == Some('\'')
}

/// The length of `r"…"`, `r#"…"#` and the like; none for `r#type`.
fn raw_string(text: &str) -> Option<usize> {
    let start = text.find('r').filter(|at| *at < 2)? + 1;
    let hashes = text[start..].chars().take_while(|c| *c == '#').count();
    let inside = text[start + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inside.find(&end).unwrap_or(inside.len());
    Some((start + hashes + 1 + len + end.len()).min(text.len()))
}

/// Removes each module that directly follows `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const TEST: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(TEST) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut len = TEST.len();
        if after[len..].trim_start().starts_with("mod ") {
            let mut depth = 0;
            for (at, c) in after.char_indices().skip(TEST.len()) {
                depth += i32::from(c == '{') - i32::from(c == '}');
                len = at + 1;
                if depth == 0 && "};".contains(c) {
                    break;
                }
            }
        }
        let (gone, left) = after.split_at(len);
        out.extend(gone.chars().filter(|c| *c == '\n'));
        rest = left;
    }
    out + rest
}

/// The folder of a file: `unit/store/` of `unit/store/arena.rs`.
fn room(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(room, _)| room)
}

fn level(room: &str) -> Option<usize> {
    let room = if room == "_guide" { "" } else { room };
    LEVELS.iter().position(|rooms| rooms.contains(&room))
}

/// Whether a file is the door of its room.
fn is_door(file: &str) -> bool {
    file == "lib.rs" || file.ends_with("/mod.rs")
}

/// A word or sign in code, and its line.
#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl Token<'_> {
    fn is_word(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The words and signs of code; `::` counts as one sign and `r#` is skipped.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (line, mut rest) in code.lines().enumerate() {
        while let Some(c) = rest.chars().next() {
            let is_inside = |c: char| c.is_alphanumeric() || c == '_';
            let len = match c {
                _ if rest.starts_with("::") => 2,
                _ if rest.starts_with("r#") => 2,
                _ if is_inside(c) => rest.find(|c| !is_inside(c)).unwrap_or(rest.len()),
                _ => c.len_utf8(),
            };
            let (text, after) = rest.split_at(len);
            if !c.is_whitespace() && text != "r#" {
                tokens.push(Token { text, line });
            }
            rest = after;
        }
    }
    tokens
}

/// A path as written, the modules of the file that enclose it, and its alias if it has one.
#[derive(Clone, Default)]
struct Named {
    path: Vec<String>,
    inside: Vec<String>,
    alias: String,
}

/// All paths in code, and the names of imported ones.
fn paths(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let is_word = |at: usize| tokens.get(at).is_some_and(Token::is_word);
    let mut found = Vec::new();
    let mut inside: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0, 0);
    while at < tokens.len() {
        let named = || Named {
            inside: inside.iter().map(|(name, _)| name.clone()).collect(),
            ..Named::default()
        };
        let first = at;
        at += 1;
        match text(first) {
            "mod" if text(at + 1) == "{" => inside.push((text(at).to_owned(), depth)),
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inside.retain(|(_, outside)| *outside < depth);
            }
            "use" if is_word(at) || text(at) == "{" => {
                at = tree(&tokens, at, &named(), &mut found);
            }
            // `$crate::` applies where a macro is used, not where it stands; a method is no path.
            _ if is_word(first) && text(at) == "::" => {
                let before = first.checked_sub(1).map_or("", text);
                let mut named = named();
                named.path.push(text(first).to_owned());
                while text(at) == "::" && is_word(at + 1) {
                    named.path.push(text(at + 1).to_owned());
                    at += 2;
                }
                if !["$", "::", "."].contains(&before) {
                    found.push(named);
                }
            }
            _ => {}
        }
    }
    found
}

/// Reads `a::{b, c::d as e}` and returns where it ends.
fn tree(tokens: &[Token<'_>], at: usize, before: &Named, found: &mut Vec<Named>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut named = before.clone();
    let mut at = at;
    if text(at) == "{" {
        at += 1;
        while !["}", ""].contains(&text(at)) {
            let end = tree(tokens, at, before, found);
            at = end.max(at + 1);
            at += usize::from(text(at) == ",");
        }
        return at + 1;
    }
    if !tokens.get(at).is_some_and(Token::is_word) && text(at) != "*" {
        return at;
    }
    if text(at) != "self" || named.path.is_empty() {
        named.path.push(text(at).to_owned());
    }
    at += 1;
    if text(at) == "::" {
        return tree(tokens, at + 1, &named, found);
    }
    named.alias = named.path.last().cloned().unwrap_or_default();
    if text(at) == "as" {
        named.alias = text(at + 1).to_owned();
        at += 2;
    }
    found.push(named);
    at
}

/// A path in code, resolved from the root of the crate; `known` are the modules that the file
/// lists or imports.
fn absolute(
    file: &str,
    named: &Named,
    known: &BTreeMap<String, Vec<String>>,
) -> Option<Vec<String>> {
    let own = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let own = own.split('/').filter(|part| *part != "lib");
    let mut module: Vec<String> = own.map(String::from).collect();
    module.extend(named.inside.iter().cloned());
    let mut rest = named.path.as_slice();
    match rest.first()?.as_str() {
        "crate" => {
            module.clear();
            rest = &rest[1..];
        }
        "self" | "super" => {
            while let [first, others @ ..] = rest
                && ["self", "super"].contains(&first.as_str())
            {
                if first == "super" {
                    module.pop();
                }
                rest = others;
            }
        }
        first => {
            module.clone_from(known.get(first)?);
            rest = &rest[1..];
        }
    }
    module.extend(rest.iter().cloned());
    Some(module)
}

/// The modules that a file can name with one word: those of its room if it is the door, and those
/// it imports.
fn known(files: &Files, file: &str, paths: &[Named]) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    if is_door(file) {
        for child in listed(files, room(file)) {
            let parts = room(file).split('/').filter(|part| !part.is_empty());
            let path = parts.chain([child.as_str()]).map(String::from).collect();
            known.insert(child, path);
        }
    }
    // An import may begin with the name that another one introduced.
    for _ in 0..3 {
        for named in paths.iter().filter(|named| !named.alias.is_empty()) {
            if let Some(full) = absolute(file, named, &known)
                && target(files, &full).1.is_none()
            {
                known.entry(named.alias.clone()).or_insert(full);
            }
        }
    }
    known
}

/// Whether the text itself defines an item of this name.
fn defines(text: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 9] = [
        "fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod",
    ];
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].trim_end_matches([' ', '\n']);
        before.len() < at
            && KEYWORDS.contains(&before.rsplit(|c| !is_inside(c)).next().unwrap_or_default())
            && !text[at + name.len()..].starts_with(is_inside)
    })
}

/// The file that a path leads to, and the item in it if the path names one.
fn target<'a>(files: &Files, path: &'a [String]) -> (String, Option<&'a str>) {
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
    (file, path.get(at).map(String::as_str))
}

/// The macros at the root of the crate, unless `lib.rs` has another item of the same name.
fn root_macros(files: &Files) -> BTreeSet<String> {
    let mut macros = BTreeSet::new();
    for text in files.values().filter(|text| text.contains("macro_export")) {
        let tokens = tokens(text);
        let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
        let exported = texts.iter().enumerate();
        for (at, _) in exported.filter(|(_, text)| **text == "macro_export") {
            let rules = texts[at..]
                .windows(3)
                .find(|three| three[0] == "macro_rules");
            macros.extend(rules.map(|three| three[2].to_owned()));
        }
    }
    for named in paths(&files["lib.rs"]) {
        macros.remove(&named.alias);
    }
    macros
}

/// The files of a room, in the order of the `mod` lines in its `mod.rs`.
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

/// Every breach of a rule, in words.
fn faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    let mut inside: BTreeSet<(String, String)> = BTreeSet::new();
    let macros = root_macros(files);
    for (file, text) in files {
        let Some(own_level) = level(room(file)) else {
            faults.push(format!("{file} is in no room of tests/layers.rs"));
            continue;
        };
        let paths = paths(text);
        let known = known(files, file, &paths);
        if text.contains("extern crate self") {
            faults.push(format!("door: {file} gives the crate a name"));
        }
        for named in &paths {
            let Some(full) = absolute(file, named, &known) else {
                continue;
            };
            let (other, item) = target(files, &full);
            if other == *file {
                continue;
            }
            let shown = named.path.join("::");
            if other == "lib.rs" {
                if let Some(item) = item
                    && !macros.contains(item)
                {
                    faults.push(format!("door: {file} names {shown} by the door lib.rs"));
                }
                continue;
            }
            let below = level(room(&other)).unwrap_or_default();
            if room(&other) == room(file) {
                inside.insert((file.clone(), other.clone()));
            } else if below <= own_level {
                faults.push(format!("up: {file} names {shown} of {other}"));
            }
            if let Some(item) = item
                && is_door(&other)
                && !defines(&files[&other], item)
            {
                faults.push(format!("door: {file} names {shown} by the door {other}"));
            }
        }
    }
    faults.extend(disorder(files, &inside));
    faults
}

/// Arrows inside a room that do not follow the order of its `mod.rs`. The door itself may be
/// at any place in it, but names no file above one that names the door.
fn disorder(files: &Files, inside: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut faults = Vec::new();
    let place = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        let order = listed(files, room(file));
        order
            .iter()
            .position(|listed| *listed == name.trim_end_matches(".rs"))
    };
    for (from, to) in inside {
        match (is_door(from), is_door(to)) {
            (false, false) if place(from).is_none() || place(from) >= place(to) => {
                faults.push(format!("order: {from} names {to}, which stands above it"));
            }
            (true, false) => {
                // A file that names the door must be above every file that the door names.
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

/// A planted arrow of each kind is found, and the message locates it.
#[test]
fn planted_arrows_are_found() {
    let sound = files();
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
            "fn key() -> crate::value::key::Key<'static> { loop {} }",
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
        // The crate root, by any of its names.
        (
            "thread/stack.rs",
            "use crate::Trace;",
            "door: thread/stack.rs names crate::Trace by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use crate::{base::catch, Config};",
            "door: thread/stack.rs names crate::Config by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use crate::future::InTrace;",
            "door: thread/stack.rs names crate::future::InTrace by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use crate::__start;",
            "door: thread/stack.rs names crate::__start by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use crate::*;",
            "door: thread/stack.rs names crate::* by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use crate as root; fn of(_: root::Trace) {}",
            "door: thread/stack.rs names root::Trace by the door lib.rs",
        ),
        (
            "thread/stack.rs",
            "use {crate as root}; use root::config as looks; fn of(_: looks::Sampling) {}",
            "door: thread/stack.rs names looks::Sampling by the door config/mod.rs",
        ),
        (
            "thread/stack.rs",
            "extern crate self as traceline;",
            "door: thread/stack.rs gives the crate a name",
        ),
        (
            "value/key.rs",
            "use crate ::trace:: Trace;",
            "up: value/key.rs names crate::trace::Trace of trace/mod.rs",
        ),
        // Text that only looks like a comment or like the end of the code.
        (
            "value/key.rs",
            "#[cfg(test)] use std::fmt; fn of(_: crate::trace::Trace) {}",
            "up: value/key.rs names crate::trace::Trace of trace/mod.rs",
        ),
        (
            "value/key.rs",
            "#[cfg(test)] mod tests { fn brace() -> char { '}' } } use crate::trace::Trace;",
            "up: value/key.rs names crate::trace::Trace of trace/mod.rs",
        ),
        (
            "value/key.rs",
            r##"const AT: [&str; 2] = ["https://\"a", r#"/* " //"#]; use crate::trace::Trace;"##,
            "up: value/key.rs names crate::trace::Trace of trace/mod.rs",
        ),
        (
            "value/key.rs",
            "mod inner { use super::super::super::trace::Trace; }",
            "up: value/key.rs names super::super::super::trace::Trace of trace/mod.rs",
        ),
        // Paths that begin with a module of the same room.
        (
            "trace/mod.rs",
            "use time::Timer;",
            "order: trace/mod.rs names trace/time.rs, and trace/time.rs names trace/mod.rs",
        ),
        (
            "trace/mod.rs",
            "fn of(_: time::Timer) {}",
            "order: trace/mod.rs names trace/time.rs, and trace/time.rs names trace/mod.rs",
        ),
        (
            "trace/mod.rs",
            "pub use {time::Timer};",
            "order: trace/mod.rs names trace/time.rs, and trace/time.rs names trace/mod.rs",
        ),
        (
            "value/mod.rs",
            "pub use serde::json;",
            "up: value/mod.rs names serde::json of value/serde/mod.rs",
        ),
        (
            "stray/new.rs",
            "",
            "stray/new.rs is in no room of tests/layers.rs",
        ),
    ] {
        let mut files = sound.clone();
        let text = files.entry(file.to_owned()).or_default();
        *text = format!("{}\n{text}", code(line));
        let found = faults(&files);
        assert!(
            found.iter().any(|found| found == fault),
            "{line}: {found:?}"
        );
    }
}

/// Root macros, test modules, text and a door's own files are all allowed.
#[test]
fn what_only_looks_like_an_arrow_is_none() {
    let sound = files();
    for (file, line) in [
        ("thread/stack.rs", "use crate::{self as root, add};"),
        (
            "value/key.rs",
            "#[cfg(test)] mod tests { use crate::Trace; }",
        ),
        (
            "value/key.rs",
            r#"const TEXT: &str = "crate::Trace"; /* crate::Trace */"#,
        ),
        (
            "value/key.rs",
            "fn of<'a>(it: &'a str) { $crate::start!(it.trace::<Trace>()) } // crate::Trace",
        ),
        (
            "value/key.rs",
            "mod inner { fn of(_: super::Key, _: self::Key) {} }",
        ),
        ("value/number.rs", "use serde::Serialize;"),
        ("config/mod.rs", "pub use builder::Steps;"),
    ] {
        let mut files = sound.clone();
        let text = files.entry(file.to_owned()).or_default();
        *text = format!("{}\n{text}", code(line));
        assert_eq!(faults(&files), [""; 0], "{line}");
    }
}

/// Longer files must be mostly docs: more lines of documentation, comments and space than of code.
#[test]
fn no_file_is_longer_than_400_lines_but_for_its_docs() {
    let lengths = sources().into_iter().map(|(file, text)| {
        let plain = plain(&text);
        let code = plain.lines().filter(|line| !line.trim().is_empty());
        (file, text.lines().count(), code.count())
    });
    let is_long = |(_, all, code): &(String, usize, usize)| *all > 400 && all - code <= *code;
    let long: Vec<_> = lengths.filter(is_long).collect();
    assert!(long.is_empty(), "(file, lines, lines of code): {long:?}");
}

/// The phrase in the docs of a type whose name another type shares.
const NOT_ANOTHER: &str = "Not to be confused with";

/// Each type that code defines, and its line. A type inside an `impl` or a `trait` belongs
/// to the trait.
fn types(code: &str) -> Vec<(&str, usize)> {
    const KEYWORDS: [&str; 5] = ["struct", "enum", "union", "trait", "type"];
    let tokens = tokens(code);
    let mut types = Vec::new();
    // For each open brace, whether it belongs to an `impl` or a `trait`.
    let mut open = Vec::new();
    let mut of_trait = None;
    for pair in tokens.windows(2) {
        match pair[0].text {
            "{" => open.push(of_trait.take().unwrap_or_default()),
            "}" => {
                open.pop();
                of_trait = None;
            }
            ";" => of_trait = None,
            "impl" | "trait" => _ = of_trait.get_or_insert(true),
            "fn" | "struct" | "enum" | "mod" => _ = of_trait.get_or_insert(false),
            _ => {}
        }
        let is_associated = pair[0].text == "type" && open.last() == Some(&true);
        if KEYWORDS.contains(&pair[0].text) && pair[1].is_word() && !is_associated {
            types.push((pair[1].text, pair[1].line));
        }
    }
    types
}

/// Names shared by two types, unless the docs of all but one of them mention it.
fn twins(sources: &Files) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for (file, text) in sources {
        let code = code(text);
        let lines: Vec<&str> = text.lines().collect();
        for (name, line) in types(&code) {
            // The docs reach up to the end of the preceding item.
            let above = lines[..line].iter().rev().map(|line| line.trim());
            let is_above = |line: &&str| {
                line.starts_with("//") || !line.is_empty() && !line.ends_with(['{', ';'])
            };
            let mut docs = above.take_while(is_above);
            let says = docs.any(|line| line.starts_with("///") && line.contains(NOT_ANOTHER));
            let place = (format!("{file}:{}", line + 1), says);
            places.entry(name.to_owned()).or_default().push(place);
        }
    }
    let mut twins = Vec::new();
    for (name, places) in places {
        if places.iter().filter(|(_, says)| !says).count() > 1 {
            let places: Vec<String> = places.into_iter().map(|(place, _)| place).collect();
            twins.push(format!("{name}: {}", places.join(", ")));
        }
    }
    twins
}

/// A user finds what every program needs at the root, and the rest in modules.
#[test]
fn the_root_has_at_most_25_names_besides_macros_and_modules() {
    let files = files();
    let uses = files["lib.rs"].split("pub use ").skip(1);
    let mut names: Vec<String> = Vec::new();
    for text in uses {
        let text = text.split(';').next().unwrap_or_default();
        let list = text.rsplit_once("::").map_or(text, |(_, list)| list);
        let list = list.trim_matches(['{', '}']).split(',').map(str::trim);
        names.extend(list.map(|name| name.rsplit(' ').next().unwrap_or_default().to_owned()));
    }
    let is_hidden = |name: &String| name.starts_with('_') || name == "self" || name.is_empty();
    let is_module = |name: &String| ["current", "future"].contains(&name.as_str());
    names.retain(|name| !is_hidden(name) && !is_module(name));
    assert!((20..=25).contains(&names.len()), "{names:?}");
}

#[test]
fn no_two_types_have_one_name_unless_their_docs_say_why() {
    assert_eq!(twins(&sources()), [""; 0]);
}

#[test]
fn planted_twins_are_found() {
    for (text, twins_of) in [
        ("struct Key;", "Key"),
        ("pub(super) enum Key<T> { One(T) }", "Key"),
        ("mod sealed {\n    pub trait Key {}\n}", "Key"),
        ("type Key = u8;", "Key"),
        ("fn of() { union Key { one: u8 } }", "Key"),
        (
            "pin_project! {\n    /// A key.\n    pub struct Key<T> { one: T }\n}",
            "Key",
        ),
        (
            "impl Iterator for One { fn next() { type Key = u8; } }",
            "Key",
        ),
        (
            "/// Not to be confused with others.\nstruct One;\n\nstruct Key;",
            "Key",
        ),
        ("impl Iterator for One { type Key = u8; }", ""),
        ("trait One: Copy { type Key; }", ""),
        ("fn of() -> impl Key { key }", ""),
        ("#[cfg(test)]\nmod tests {\n    struct Key;\n}", ""),
        (
            "/// Not to be confused with [`Key`].\n#[derive(Clone)]\nstruct Key;",
            "",
        ),
    ] {
        let mut sources = sources();
        sources.insert("thread/planted.rs".to_owned(), text.to_owned());
        let twins = twins(&sources);
        let found = twins.iter().filter_map(|twin| twin.split(':').next());
        assert_eq!(found.collect::<Vec<_>>().concat(), twins_of, "{text}");
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
        // A bridge is a logger, which others may flush and a program installs; installing one is
        // the purpose of `init`.
        if room == "bridge" || file == "init.rs" {
            continue;
        }
        assert!(!code.contains(".flush("), "{file} flushes");
        for word in ["set_logger", "set_boxed_logger"] {
            assert!(!code.contains(word), "{file} installs a logger");
        }
    }
}
