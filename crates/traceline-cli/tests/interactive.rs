//! The interface, driven in a pseudo-terminal.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const LINES: &str = r#"ts=2026-11-21T08:46:00.100Z level=info msg=order service=shop trace_id=17 span_id=1 outcome=ok duration_ms=100.0 sku=chair
ts=2026-11-21T08:46:00.050Z level=error msg=pay service=bank trace_id=17 span_id=2 parent_id=1 outcome=error duration_ms=25.0 status=502 error="no answer"
ts=2026-11-21T08:46:01.000Z level=info msg=sweep service=shop outcome=ok duration_ms=7.5
"#;

/// Nothing takes that long, so that a test that fails ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program in a terminal, and what is seen there.
struct Session {
    child: Child,
    terminal: File,
    parts: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Session {
    fn start(name: &str, variables: &[(&str, &str)]) -> Session {
        let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&file, LINES).unwrap();
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let path = OsStr::from_bytes(name.to_bytes());
        let other = File::options().read(true).write(true).open(path).unwrap();
        let terminal = File::from(terminal);
        resize(&terminal, 80, 24);
        // A session of its own, so that the terminal of whoever runs the tests plays no part.
        let child = Command::new("setsid")
            .arg(env!("CARGO_BIN_EXE_traceline"))
            .arg(&file)
            .arg("-i")
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .envs(variables.iter().copied())
            .stdin(other.try_clone().unwrap())
            .stdout(other.try_clone().unwrap())
            .stderr(other)
            .spawn()
            .unwrap();
        let (sender, parts) = channel();
        let mut reader = terminal.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut room = [0; 4_096];
            // An error is the end: nobody has the other side any more.
            while let Ok(len) = reader.read(&mut room) {
                if len == 0 || sender.send(room[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        Session {
            child,
            terminal,
            parts,
            parser: vt100::Parser::new(size(24), size(80), 0),
            bytes: Vec::new(),
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as it should be, and returns its text.
    #[track_caller]
    fn until(&mut self, is_right: impl Fn(&str) -> bool) -> String {
        loop {
            let text = self.parser.screen().contents();
            if is_right(&text) {
                return text;
            }
            match self.parts.recv_timeout(PATIENCE) {
                Ok(part) => {
                    self.parser.process(&part);
                    self.bytes.extend(part);
                }
                Err(_) => panic!("this is what is seen:\n{text}"),
            }
        }
    }

    /// Waits for the end, which leaves the terminal as it was.
    #[track_caller]
    fn ends(mut self) -> Vec<u8> {
        // What it writes last is read until nobody has the other side any more.
        loop {
            match self.parts.recv_timeout(PATIENCE) {
                Ok(part) => {
                    self.parser.process(&part);
                    self.bytes.extend(part);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end:\n{}", self.parser.screen().contents())
                }
            }
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        self.bytes
    }
}

fn size(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

fn resize(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

#[test]
fn it_is_driven_by_keys() {
    let mut session = Session::start("keys.log", &[]);
    let text = session.until(|text| text.contains("q quit"));
    assert!(
        text.starts_with("3 units, 1 failed, failures first"),
        "{text}"
    );
    assert!(
        text.contains("▶ 08:46:00.050   25.0 ms  ✗ error 502   pay  bank  no answer"),
        "{text}"
    );
    session.press("/service=shop");
    session.until(|text| text.starts_with("2 units, 0 failed") && text.contains("/service=shop"));
    session.press("\x1b");
    session.until(|text| text.starts_with("3 units"));
    // The unit that was chosen among the two is still chosen.
    session.press("t");
    // The foot is drawn last.
    let text = session.until(|text| text.contains("transaction 17") && text.contains("q back"));
    assert!(
        text.contains("└─ pay  bank             ━━━━━━━━━━━✗"),
        "{text}"
    );
    session.press("u");
    session.until(|text| text.contains("sku  chair") && !text.contains("transaction 17"));
    session.press("q");
    session.until(|text| text.contains("q quit"));
    session.press("q");
    let bytes = session.ends();
    assert!(
        bytes.windows(7).any(|part| part == b"\x1b[38;5;"),
        "colours"
    );
}

#[test]
fn it_fits_a_terminal_that_changes() {
    let mut session = Session::start("resize.log", &[("NO_COLOR", "1")]);
    session.until(|text| text.contains("q quit"));
    // An answered key shows that the program listens.
    session.press("j");
    session.until(|text| text.contains("▶ 08:46:00.100"));
    session.press("k");
    session.until(|text| text.contains("▶ 08:46:00.050"));
    resize(&session.terminal, 44, 10);
    session.parser.screen_mut().set_size(size(10), size(44));
    let id = session.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-WINCH", &id])
            .status()
            .unwrap()
            .success()
    );
    // The chosen unit below the list has no room any more.
    let text = session.until(|text| text.contains("Enter unit") && !text.contains("trace_id"));
    assert!(
        text.contains("▶ 08:46:00.050   25.0 ms  ✗ error 502"),
        "{text}"
    );
    session.press("\x03");
    let bytes = session.ends();
    assert!(!bytes.windows(5).any(|part| part == b"[38;5"), "no colours");
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_traceline"))
        .args(["-i", "/dev/stdin"])
        .stdin(
            File::open(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/foreign/cri.log"
            ))
            .unwrap(),
        )
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (err.as_str(), output.status.code()),
        ("traceline: -i needs a terminal\n", Some(1))
    );
}
