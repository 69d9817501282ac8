//! The guide's recipes for logging backends are the programs that `tests/interop` runs, and those
//! for ends of programs are the ones that `tests/http` runs.
//!
//! The pages are part of the package and those programs are not, so they hold copies of them, each
//! after a comment that names the file.

use std::fs;
use std::path::Path;

/// The pages, each with the folder of its programs.
const PAGES: [(&str, &str); 2] = [
    (
        include_str!("../src/_guide/backends.md"),
        "tests/interop/src/bin",
    ),
    (
        include_str!("../src/_guide/how_programs_end.md"),
        "tests/http/ends",
    ),
];

/// The files that the pages show, each with the text shown there.
fn shown() -> Vec<(&'static str, String)> {
    let blocks = PAGES
        .iter()
        .flat_map(|(page, _)| page.split("<!-- file: ").skip(1));
    blocks
        .map(|block| {
            let (path, block) = block.split_once(" -->\n```").expect("a block follows");
            let (_, block) = block.split_once('\n').expect("its first line ends");
            let (text, _) = block.split_once("```").expect("it ends");
            (path, text.to_owned())
        })
        .collect()
}

/// `None` in the package, which does not contain the programs.
fn programs() -> Option<Vec<String>> {
    let mut programs = Vec::new();
    for (_, folder) in PAGES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for entry in fs::read_dir(root.join(folder)).ok()? {
            let name = entry.expect("an entry").file_name();
            programs.push(format!("{folder}/{}", name.into_string().expect("UTF-8")));
        }
    }
    Some(programs)
}

#[track_caller]
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_recipe_is_a_program_that_the_interop_tests_run() {
    if programs().is_none() {
        return;
    }
    for (path, text) in shown() {
        assert_eq!(text, read(path), "the guide's copy of {path}");
    }
}

#[test]
fn each_program_that_is_a_recipe_is_shown() {
    for program in programs().unwrap_or_default() {
        let is_recipe = !read(&program).starts_with("//! No recipe");
        let is_shown = shown().iter().any(|(path, _)| *path == program);
        assert_eq!(is_shown, is_recipe, "{program}");
    }
}

/// The name and the version in one line of a manifest.
fn dependency(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(" = ")?;
    let rest = rest.strip_prefix("{ version = ").unwrap_or(rest);
    let version = rest.strip_prefix('"')?.split('"').next()?;
    let is_version = version.starts_with(|char: char| char.is_ascii_digit());
    is_version.then_some((name, version))
}

#[test]
fn the_versions_shown_are_those_that_are_run() {
    if programs().is_none() {
        return;
    }
    let manifest = read("tests/interop/Cargo.toml");
    let run: Vec<_> = manifest.lines().filter_map(dependency).collect();
    let (backends, _) = PAGES[0];
    let blocks = backends.split("```toml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    let named: Vec<_> = blocks
        .flat_map(str::lines)
        .filter_map(dependency)
        .filter(|(name, _)| *name != "traceline")
        .collect();
    assert!(named.len() > 12, "{named:?}");
    for (name, version) in named {
        let is_run = |(other, exact): &(&str, &str)| *other == name && exact.starts_with(version);
        assert!(run.iter().any(is_run), "{name} {version}");
    }
}
