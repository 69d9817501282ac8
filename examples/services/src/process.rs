//! A service as a child process that is never left behind.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

const PATIENCE: Duration = Duration::from_secs(10);

/// A running service and the lines that it writes. Dropping it kills the process; if the drop never
/// happens, the process still sees the end of its standard input, a pipe, and ends itself.
pub struct Process {
    child: Child,
    url: String,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program that writes JSON lines, and waits for the record with its address.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = read_lines(child.stdout.take());
        // From here on, `drop` ends the child.
        let mut process = Process {
            child,
            url: String::new(),
            lines,
        };
        let (line, record) = process.record("listen")?;
        let address = record["address"].as_str();
        let address =
            address.ok_or_else(|| io::Error::other(format!("does not listen: {line}")))?;
        process.url = format!("http://{address}");
        Ok(process)
    }

    /// The URL of its address, `http://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next record of the unit `name`, as written and as JSON.
    pub fn record(&self, name: &str) -> io::Result<(String, Json)> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.map_err(|_| io::Error::other(format!("no record of {name:?}")))?;
            let record: Json = serde_json::from_str(&line)?;
            if record["msg"] == name {
                return Ok((line, record));
            }
        }
    }

    /// Closes its standard input and waits for it to end, so that it can still write what it has.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        let until = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait()? {
                Some(status) => return Ok(status),
                None if Instant::now() > until => return Err(io::ErrorKind::TimedOut.into()),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on a separate thread: a full pipe would stop the child.
fn read_lines(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = from
            .into_iter()
            .flat_map(|from| BufReader::new(from).lines());
        for line in lines.map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
