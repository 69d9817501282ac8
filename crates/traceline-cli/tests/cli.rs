//! The program itself: files, pipes and exit codes.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::AtomicBool;

use traceline_cli::Names;
use traceline_cli::detail::read_all;
use traceline_cli::filter::Filter;
use traceline_cli::index::Index;
use traceline_cli::source::Source;

const LINE: &str = "ts=2026-11-21T08:46:00Z level=info msg=auth outcome=ok duration_ms=1.5\n";

fn traceline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traceline"));
    command.env("COLUMNS", "80").stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
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
        out.starts_with("3 units\n2026-11-21T08:45:59.998500Z to 2026-11-21T08:46:00.000000Z\n"),
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
        unit("1").contains(&format!("{}, byte 0\n", file.display())),
        "{}",
        unit("1")
    );
    assert!(unit("2").starts_with("piped  ok  1.50 ms"), "{}", unit("2"));
    assert!(unit("2").contains("stdin, byte 0\n"), "{}", unit("2"));
}

#[test]
fn a_file_that_changes_meanwhile_is_noticed() {
    let file = folder("changes").join("a.log");
    let names = Names::default();
    let again = |change: &dyn Fn()| {
        fs::write(&file, LINE).unwrap();
        let mut sources = [Source::open(&file).unwrap()];
        let stop = AtomicBool::new(false);
        let index = Index::read(&mut sources, &names, &Filter::default(), &stop, |_| ());
        change();
        let detail = &read_all(&index, &[0], &sources, &names)[0];
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
    let (status, err) = fault(&["--loud"]);
    assert!(
        err.starts_with("error: unexpected argument '--loud' found\n"),
        "{err}"
    );
    assert_eq!(status, 2);
    let (status, err) = fault(&["--html", "/nowhere/out.html"]);
    assert_eq!(
        (status, &*err),
        (
            1,
            "no units: there are no lines\ntraceline: /nowhere/out.html: No such file or directory (os error 2)\n"
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
    assert_eq!((status, &*out), (1, "0 units\n"));
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
    // See <https://bixense.com/clicolors> and <https://no-color.org>.
    assert!(!plain(traceline().env("CLICOLOR_FORCE", "1")));
    assert!(plain(traceline().env("CLICOLOR_FORCE", "0")));
    assert!(plain(
        traceline().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")
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

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let file = folder("full").join("a.log");
    fs::write(&file, LINE).unwrap();
    for options in [&[][..], &["--json"], &["--html", "-"], &["--help"]] {
        let output = traceline()
            .arg(&file)
            .args(options)
            .stdout(full())
            .output()
            .unwrap();
        let (status, _, err) = texts(&output);
        assert!(
            err.contains("standard output: No space left on device"),
            "{options:?} {err}"
        );
        assert_eq!(status, 1, "{options:?}");
    }
}

#[test]
fn a_page_can_go_to_standard_output() {
    let (status, out, _) = texts(&piped(traceline().args(["--html", "-"]), LINE.as_bytes()));
    assert!(out.starts_with("<!doctype html>") && out.ends_with("</html>\n"));
    assert_eq!(status, 0);
}

#[test]
fn a_file_that_is_read_is_not_overwritten() {
    let file = folder("kept").join("a.log");
    fs::write(&file, LINE).unwrap();
    let (status, _, err) = texts(
        &traceline()
            .arg(&file)
            .arg("--html")
            .arg(&file)
            .output()
            .unwrap(),
    );
    let text = "is a file that was read; --force overwrites it";
    assert_eq!(
        (status, err),
        (1, format!("traceline: {}: {text}\n", file.display()))
    );
    let append = fs::File::options().append(true).open(&file).unwrap();
    let (status, _, err) = texts(&traceline().arg(&file).stdout(append).output().unwrap());
    let text = "standard output goes into this file";
    assert_eq!(
        (status, err),
        (1, format!("traceline: {}: {text}\n", file.display()))
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), LINE);
}

/// A run whose input stays open.
#[cfg(unix)]
fn waiting(args: &[&str]) -> (std::process::Child, std::process::ChildStdin) {
    let mut child = traceline()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    (child, input)
}

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
}

#[cfg(unix)]
#[test]
fn what_was_read_so_far_is_shown_on_ctrl_c() {
    // The report of the progress tells when the first part has been read.
    let lines = LINE.repeat(55_000_000 / LINE.len());
    let (mut child, mut input) = waiting(&[]);
    let mut err = child.stderr.take().unwrap();
    let writer = std::thread::spawn(move || {
        input.write_all(lines.as_bytes()).unwrap();
        input
            .write_all(b"ts=2026-11-21T08:46:00Z msg=cut duration_ms=15")
            .unwrap();
        input
    });
    let mut first = [0; 5];
    std::io::Read::read_exact(&mut err, &mut first).unwrap();
    assert_eq!(&first, b"read ");
    let input = writer.join().unwrap();
    interrupt(&child);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut err, &mut rest).unwrap();
    let (status, out, _) = texts(&child.wait_with_output().unwrap());
    assert!(out.contains(" units\n"), "{out}");
    assert!(
        rest.contains("stopped by Ctrl-C: this is what was read so far\n"),
        "{rest}"
    );
    assert_eq!(status, 0);
    drop(input);
}

#[cfg(unix)]
#[test]
fn units_are_shown_as_they_come_and_summed_up_on_ctrl_c() {
    use std::io::{BufRead, BufReader};
    let file = folder("follow").join("a.log");
    fs::write(&file, LINE).unwrap();
    let path = file.to_str().unwrap();
    let (mut child, input) = waiting(&["--follow", path, "--where", "not msg=other"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(next(), "08:46:00.000   1.50 ms    ok          auth\n");
    let failed = LINE.replace("outcome=ok", "outcome=error status=502 error=\"no answer\"");
    let text = [LINE.replace("auth", "other"), failed].concat();
    let mut append = fs::File::options().append(true).open(&file).unwrap();
    append.write_all(text.as_bytes()).unwrap();
    assert_eq!(
        next(),
        "08:46:00.000   1.50 ms  ✗ error 502   auth  no answer\n"
    );
    fs::remove_file(&file).unwrap();
    fs::write(&file, LINE.replace("auth", "rotated")).unwrap();
    assert_eq!(next(), "08:46:00.000   1.50 ms    ok          rotated\n");
    interrupt(&child);
    assert_eq!([next(), next()].concat(), "\n3 units of 4, 1 failed\n");
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(input);
}
