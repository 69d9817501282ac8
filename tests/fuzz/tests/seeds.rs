//! Every input that is kept, through the same functions and without a fuzzer.

use std::fs;
use std::path::Path;

#[test]
fn what_holds_for_any_input_holds_for_every_seed() {
    for (name, check) in logtrace_fuzz::TARGETS {
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
        println!("{name}: {seeds} seeds");
    }
}

#[test]
fn every_target_is_in_the_list_and_every_folder_of_seeds_has_one() {
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
    let mut listed: Vec<String> = logtrace_fuzz::TARGETS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    listed.sort();
    assert_eq!(names("fuzz_targets"), listed);
    assert_eq!(names("seeds"), listed);
}
