//! The real journal, if it is installed and not running yet, and this user may start it.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::expect::{self, Want};
use crate::journal::{Journal, PATH};
use crate::read::{self, Line, Seen};
use crate::run::{self, Folder, text};
use crate::{program, systemd_journal};

const JOURNALD: &str = "/lib/systemd/systemd-journald";

/// A journal that runs as long as this value lives.
struct Journald {
    child: Child,
    /// Keeps the journals of other tests away.
    _place: Journal,
}

impl Journald {
    fn start() -> Option<Journald> {
        let place = Journal::open()?;
        place.make_room();
        let mut command = Command::new(JOURNALD);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut journald = Journald { child, _place: place };
        // An upper bound of half a minute; it takes some ms.
        for _ in 0..3_000 {
            if is_up() {
                return Some(journald);
            }
            if journald.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

/// `journalctl --sync` needs the last of its sockets.
fn is_up() -> bool {
    UnixDatagram::unbound().and_then(|socket| socket.connect(PATH)).is_ok()
        && Path::new(PATH).with_file_name("io.systemd.journal").exists()
}

impl Drop for Journald {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for socket in ["stdout", "dev-log", "io.systemd.journal"] {
            let _ = fs::remove_file(Path::new(PATH).with_file_name(socket));
        }
    }
}

/// The journal's entries from our program since that time, as `journal::as_json` would return them.
fn kept_since(since: Duration) -> Vec<Map<String, Value>> {
    let sync = Command::new("journalctl").arg("--sync").status().expect("it is beside journald");
    assert!(sync.success());
    let mut command = Command::new("journalctl");
    command.args(["--output=json", "--all", "--no-pager", "SYSLOG_IDENTIFIER=systemd_journal"]);
    let out = command.arg(format!("--since=@{}", since.as_secs())).output().expect("it is beside journald");
    let records = text(&out.stdout).lines().map(|line| serde_json::from_str(line).expect("an object"));
    let is_new = |record: &Map<String, Value>| {
        let time: Option<u128> = record["__REALTIME_TIMESTAMP"].as_str().and_then(|micros| micros.parse().ok());
        time >= Some(since.as_micros())
    };
    records.filter(is_new).map(own_fields).collect()
}

/// Drops what the journal adds; bytes that it will not print are a list of numbers.
fn own_fields(record: Map<String, Value>) -> Map<String, Value> {
    let as_text = |value: Value| match value.as_array() {
        Some(bytes) => {
            let bytes =
                bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()).expect("a byte"));
            json!(String::from_utf8(bytes.collect()).expect("UTF-8"))
        }
        None => value,
    };
    let own = record.into_iter().filter(|(key, _)| !key.starts_with('_'));
    own.map(|(key, value)| (key, as_text(value))).collect()
}

#[test]
fn the_real_journal_gives_back_what_it_was_given() {
    let Some(_journald) = Path::new(JOURNALD).exists().then(Journald::start).flatten() else {
        eprintln!("skipped: no journal of its own can be started here");
        return;
    };
    for (scenario, wants) in [("", expect::checkouts as fn() -> Vec<Want>), ("odd", expect::odd)] {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let out = run::run(program!("systemd_journal"), scenario, &Folder::new(), &[]);
        assert_eq!((out.status.code(), text(&out.stderr)), (Some(0), ""));
        let units: Vec<Seen> = kept_since(since)
            .into_iter()
            .map(|record| match read::journal(&Value::Object(record).to_string()) {
                Line::Unit(seen) => seen,
                Line::Ordinary(text) => panic!("{text}"),
            })
            .collect();
        let wants: Vec<Seen> = wants().iter().map(|want| want.seen(systemd_journal::BACKEND.cast)).collect();
        assert_eq!(units, wants);
    }
}
