//! Brokers, databases, consumers and loads that a test can start, kill and restart.
//!
//! Every process is killed when its handle is dropped, and by the kernel when the test's thread ends (`--pdeathsig`).

mod broker;
mod database;
mod load;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub use broker::Broker;
pub use database::Database;
pub use load::Load;

/// Nothing that a test waits for takes longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `done` returns a value.
#[track_caller]
pub fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A separate folder, readable by other users; `run` removes it.
pub fn folder(name: &str) -> PathBuf {
    static FOLDERS: AtomicU64 = AtomicU64::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let name = format!("traceline-pipeline-{}-{number}-{name}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The tools that `run` has installed: a Python with DuckDB and rotel, and kinesalite.
pub fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("PIPELINE_TOOLS").expect("tests/pipeline/run sets it");
    PathBuf::from(tools).join(name)
}

/// A program that dies with the thread that started it.
pub fn mortal(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A child that is killed when dropped.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill(); // -9
        let _ = self.0.wait();
    }
}

/// A consumer as a process of its own.
pub fn consumer(broker: &Broker, database: &Database, arguments: &[&str]) -> Killed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consumer"));
    command.args(["--nats", &broker.url(), "--postgres", &database.address()]);
    command.args(arguments).stdin(Stdio::piped());
    Killed(command.spawn().unwrap())
}
