//! Runs every seed through the functions of the targets, without a fuzzer.

use std::fs;
use std::path::Path;

use traceline_fuzz::TARGETS;

/// The rules that hold for any input.
fn holds(name: &str) {
    let (_, check) = TARGETS
        .iter()
        .find(|(own, _)| *own == name)
        .expect("a target");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name);
    let mut seeds = 0;
    for file in fs::read_dir(folder).expect("seeds of each target") {
        let path = file.expect("a readable folder").path();
        let data = fs::read(&path).expect("a readable file");
        let result = std::panic::catch_unwind(|| check(&data));
        assert!(result.is_ok(), "{}", path.display());
        seeds += 1;
    }
    assert!(seeds > 0, "{name} has no seeds");
}

macro_rules! targets {
    ($($name:literal $test:ident,)*) => {
        const TESTED: &[&str] = &[$($name),*];

        $(#[test]
        fn $test() {
            holds($name);
        })*
    };
}

targets! {
    "containers" every_seed_of_containers_holds,
    "headers" every_seed_of_headers_holds,
    "program" every_seed_of_program_holds,
    "query" every_seed_of_query_holds,
    "structured" every_seed_of_structured_holds,
    "threads" every_seed_of_threads_holds,
    "times" every_seed_of_times_holds,
    "traceparent" every_seed_of_traceparent_holds,
    "tracestate" every_seed_of_tracestate_holds,
    "viewer" every_seed_of_viewer_holds,
}

#[test]
fn every_target_has_seeds_a_dictionary_and_a_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| {
        let files = fs::read_dir(here.join(folder)).expect("a folder");
        let stem = |file: std::io::Result<fs::DirEntry>| {
            let path = file.expect("a readable folder").path();
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = files.map(stem).collect();
        names.sort();
        names
    };
    let listed: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(TESTED, listed);
    for folder in ["fuzz_targets", "seeds", "dict"] {
        assert_eq!(names(folder), listed, "{folder}");
    }
}
