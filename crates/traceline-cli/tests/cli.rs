//! The program itself: files, pipes and exit codes.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use traceline_cli::Names;
use traceline_cli::detail::Detail;
use traceline_cli::filter::Filter;
use traceline_cli::index::Index;
use traceline_cli::source::Source;

const LINE: &str = "ts=2026-11-21T08:46:00Z level=info msg=auth outcome=ok duration_ms=1.5\n";

fn traceline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traceline"));
    command.env("COLUMNS", "80").stdin(Stdio::null());
    command
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn texts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn piped(command: &mut Command, input: &[u8]) -> Output {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn files_and_standard_input_are_read_together() {
    let folder = folder("together");
    let files = ["a.log", "b.log"].map(|name| folder.join(name));
    files.iter().for_each(|file| fs::write(file, LINE).unwrap());
    let output = piped(
        traceline().args(&files).args(["-", "--where", "msg=auth"]),
        LINE.as_bytes(),
    );
    let (status, out, err) = texts(&output);
    assert!(
        out.starts_with("3 units, 2026-11-21T08:45:59.998500Z to 2026-11-21T08:46:00.000000Z\n"),
        "{out}"
    );
    assert_eq!((status, &*err), (0, ""));
}

#[test]
fn a_unit_of_each_source_is_read_again() {
    let folder = folder("again");
    let file = folder.join("a.log");
    fs::write(&file, format!("INFO {LINE}")).unwrap();
    let input = LINE.replace("auth", "piped");
    let unit = |number| {
        texts(&piped(
            traceline().arg(&file).args(["-", "--unit", number]),
            input.as_bytes(),
        ))
        .1
    };
    assert!(
        unit("1").contains(&format!("{}, byte 5\n", file.display())),
        "{}",
        unit("1")
    );
    assert!(
        unit("2").starts_with("piped  ok  1.500 ms"),
        "{}",
        unit("2")
    );
    assert!(unit("2").contains("stdin, byte 0\n"), "{}", unit("2"));
}

#[test]
fn a_file_that_changes_meanwhile_is_noticed() {
    let file = folder("changes").join("a.log");
    let names = Names::default();
    let again = |change: &dyn Fn()| {
        fs::write(&file, LINE).unwrap();
        let mut sources = [Source::open(&file).unwrap()];
        let index = Index::read(&mut sources, &names, &Filter::default(), |_| ()).unwrap();
        change();
        let detail = Detail::read(&index.units[0], &sources, &names);
        (
            detail.fields.len(),
            detail.place.replace(&file.display().to_string(), "a.log"),
        )
    };
    assert_eq!(again(&|| ()), (5, "a.log, byte 0".into()));
    let cut = again(&|| fs::write(&file, "").unwrap());
    assert_eq!(
        cut,
        (
            0,
            "a.log, byte 0: cannot be read again: failed to fill whole buffer".into()
        )
    );
    let other = again(&|| fs::write(&file, LINE.replace("1.5", "2.5")).unwrap());
    assert_eq!(
        other,
        (0, "a.log, byte 0: another line is there now".into())
    );
    let gone = again(&|| fs::remove_file(&file).unwrap());
    let text = "a.log, byte 0: cannot be read again: No such file or directory (os error 2)";
    assert_eq!(gone, (0, text.into()));
}

#[test]
fn a_page_is_written() {
    let page = folder("page").join("out.html");
    let output = piped(traceline().arg("--html").arg(&page), LINE.as_bytes());
    let (status, out, err) = texts(&output);
    assert_eq!(
        (status, out, &*err),
        (0, format!("{}: 1 of 1 units\n", page.display()), "")
    );
    assert!(
        fs::read_to_string(&page)
            .unwrap()
            .starts_with("<!doctype html>")
    );
}

#[test]
fn what_cannot_be_done_is_said_in_a_line() {
    let fault = |args: &[&str]| {
        let (status, out, err) = texts(&traceline().args(args).output().unwrap());
        assert_eq!(out, "");
        (status, err)
    };
    let missing = "traceline: /nowhere/at/all: No such file or directory (os error 2)\n";
    assert_eq!(fault(&["/nowhere/at/all"]), (1, missing.into()));
    assert_eq!(fault(&["/"]), (1, "traceline: /: is a directory\n".into()));
    assert_eq!(
        fault(&["--loud"]),
        (2, "traceline: invalid option '--loud'; see --help\n".into())
    );
    let (status, err) = fault(&["--html", "/nowhere/out.html"]);
    assert_eq!(
        (status, &*err),
        (
            1,
            "traceline: /nowhere/out.html: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn nobody_listening_is_no_fault() {
    let lines = LINE.repeat(20_000);
    let mut child = traceline()
        .args(["--top", "20000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    assert_eq!(
        texts(&child.wait_with_output().unwrap()),
        (0, String::new(), String::new())
    );
}

#[test]
fn binary_input_is_counted_and_no_more() {
    let bytes: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let (status, out, err) = texts(&piped(&mut traceline(), &bytes));
    assert_eq!((status, &*out), (0, "0 units\n"));
    assert!(err.ends_with('\n') && !err.contains('\x1b'), "{err}");
}

#[test]
fn colours_are_not_for_pipes() {
    let plain = |command: &mut Command| !texts(&piped(command, LINE.as_bytes())).1.contains('\x1b');
    assert!(plain(&mut traceline()));
    assert!(plain(traceline().args(["--color", "never"])));
    assert!(!plain(traceline().args(["--color", "always"])));
    assert!(!plain(
        traceline().args(["--color", "always"]).env("NO_COLOR", "1")
    ));
}

#[test]
fn a_large_input_says_how_far_it_is() {
    let file = folder("large").join("large.log");
    let mut lines = LINE.repeat(60_000_000 / LINE.len() + 1);
    lines.truncate(60_000_000);
    fs::write(&file, lines).unwrap();
    let err = |args: &[&str]| texts(&traceline().arg(&file).args(args).output().unwrap()).2;
    let said = err(&[]);
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("read 50 of 60 MB, 8"), "{said}");
    assert!(!err(&["--quiet"]).contains("read 50"), "{said}");
    fs::remove_file(&file).unwrap();
}
