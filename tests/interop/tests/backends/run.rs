//! Runs a recipe in its own process and folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A folder that is removed after the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("traceline-interop-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Far longer than any scenario takes: a longer run counts as hanging.
const HANGS: Duration = Duration::from_secs(60);

/// Runs a program with a scenario as its argument and these additions to its environment.
pub fn run(program: &str, scenario: &str, folder: &Folder, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args((!scenario.is_empty()).then_some(scenario));
    for name in ["RUST_LOG", "LOG", "LOG_LEVEL", "TRACE", "DEBUG", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command.env("TZ", "UTC").envs(environment.iter().copied()).current_dir(folder.path()).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it was built");
    let id = child.id();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(HANGS) {
        Ok(output) => output.expect("its output can be read"),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            panic!("{program} {scenario} hangs");
        }
    }
}

#[track_caller]
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// All files whose names begin like this, older ones first: `shop.2.log`, `shop.1.log`, `shop.log`.
pub fn files(folder: &Path, older_first: fn(&str) -> u32) -> String {
    let entries = fs::read_dir(folder).expect("a folder of log files");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort_by_key(|name| older_first(name));
    names.iter().map(|name| fs::read_to_string(folder.join(name)).expect("a log file")).collect()
}
