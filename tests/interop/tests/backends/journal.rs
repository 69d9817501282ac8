//! Stands in for the journal and reads its protocol.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Output;
use std::thread;

use serde_json::{Map, Value, json};

use crate::run::{self, Folder, text};
use crate::{Backend, Ran};

/// Collects what arrives while `work` runs.
pub fn datagrams(socket: &UnixDatagram, work: impl FnOnce() -> Output) -> (Output, Vec<Vec<u8>>) {
    thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(socket));
        let end = End(socket);
        let out = work();
        drop(end);
        (out, receiver.join().expect("it received"))
    })
}

/// Sends the end mark, even if `work` panics: otherwise the receiver would wait forever.
struct End<'a>(&'a UnixDatagram);

const END: &[u8] = b"the end";

impl Drop for End<'_> {
    fn drop(&mut self) {
        let address = self.0.local_addr().expect("it is bound");
        let path = address.as_pathname().expect("to a path");
        UnixDatagram::unbound().and_then(|socket| socket.send_to(END, path)).expect("the receiver is there");
    }
}

fn receive(socket: &UnixDatagram) -> Vec<Vec<u8>> {
    let mut room = vec![0; 1 << 18];
    let mut found = Vec::new();
    loop {
        let length = socket.recv(&mut room).expect("a datagram");
        match &room[..length] {
            END => return found,
            datagram => found.push(datagram.to_vec()),
        }
    }
}

/// Where the journal listens; programs cannot be given another place.
pub const PATH: &str = "/run/systemd/journal/socket";

/// Whether a test's journal can take that place: it is free, and the test has permission.
pub fn can_be_had() -> bool {
    let had = Journal::open().is_some();
    if !had {
        eprintln!("skipped: {PATH} is taken, or not for this user");
    }
    had
}

/// Runs it with a test's journal, one test at a time.
pub fn output(backend: &Backend, scenario: &str) -> Ran {
    let journal = Journal::open().expect("it could be had before");
    let folder = Folder::new();
    let (out, datagrams) = datagrams(&journal.socket, || run::run(backend.program, scenario, &folder, &[]));
    // The client first sends an empty datagram, to see whether it may.
    let datagrams = datagrams.iter().filter(|datagram| !datagram.is_empty());
    let lines = datagrams.map(|datagram| Value::Object(as_json(datagram)).to_string());
    let noise = format!("{}{}", text(&out.stdout), text(&out.stderr));
    Ran { code: out.status.code(), lines: lines.collect(), noise }
}

/// A socket in the journal's place, removed after the test.
pub struct Journal {
    socket: UnixDatagram,
    /// Locks out other tests, in other processes too.
    _lock: File,
}

impl Journal {
    pub fn open() -> Option<Journal> {
        fs::create_dir_all(Path::new(PATH).parent()?).ok()?;
        let lock = File::create(std::env::temp_dir().join("traceline-interop-journal.lock")).ok()?;
        lock.lock().ok()?;
        if UnixDatagram::unbound().and_then(|socket| socket.connect(PATH)).is_err() {
            // Left behind by a test that was killed.
            let _ = fs::remove_file(PATH);
        }
        Some(Journal { socket: UnixDatagram::bind(PATH).ok()?, _lock: lock })
    }

    /// Makes room for another socket, and keeps the lock.
    pub fn make_room(&self) {
        let _ = fs::remove_file(PATH);
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.make_room();
    }
}

/// `KEY=value\n`, or `KEY\n`, the length in 8 bytes, the value and `\n`.
fn as_json(datagram: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut rest = datagram;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| [b'=', b'\n'].contains(byte)).expect("a key ends");
        let (key, after) = rest.split_at(end);
        let (value, after) = match after[0] {
            b'=' => {
                let end = after.iter().position(|&byte| byte == b'\n').expect("a value ends");
                (&after[1..end], &after[end + 1..])
            }
            _ => {
                let (length, after) = after[1..].split_at(8);
                let length = u64::from_le_bytes(length.try_into().expect("8 bytes"));
                let (value, after) = after.split_at(usize::try_from(length).expect("it fits"));
                (value, after.strip_prefix(b"\n").expect("a value ends"))
            }
        };
        // A field may come twice; readers show the first.
        fields.entry(text(key)).or_insert_with(|| json!(text(value)));
        rest = after;
    }
    fields
}
