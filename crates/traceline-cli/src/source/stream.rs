//! A stream that is read on a thread of its own, so that Ctrl-C ends the wait for it.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::open::Peeked;

/// How often to look whether to stop.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Stream {
    parts: Receiver<io::Result<Vec<u8>>>,
    part: Vec<u8>,
    used: usize,
    thread: Option<JoinHandle<()>>,
}

impl Stream {
    /// Starts to read.
    pub(super) fn new(stream: Box<dyn Read + Send>) -> Stream {
        let (sender, parts) = sync_channel(4);
        let thread = std::thread::spawn(move || {
            let mut unpacked = match Peeked::new(stream).and_then(Peeked::unpacked) {
                Ok(unpacked) => unpacked,
                Err(error) => return drop(sender.send(Err(error))),
            };
            let mut room = vec![0; 1 << 20];
            loop {
                let part = match unpacked.read(&mut room) {
                    Ok(0) => return,
                    Ok(len) => Ok(room.get(..len).unwrap_or_default().to_vec()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let is_end = part.is_err();
                if sender.send(part).is_err() || is_end {
                    return;
                }
            }
        });
        Stream {
            parts,
            part: Vec::new(),
            used: 0,
            thread: Some(thread),
        }
    }

    /// Reads into `room`; nothing at the end, or as soon as `stop` is set.
    pub(super) fn read(&mut self, room: &mut [u8], stop: &AtomicBool) -> io::Result<usize> {
        loop {
            match self.poll(room)? {
                Some(len) => return Ok(len),
                None if stop.load(Ordering::Relaxed) => return Ok(0),
                None => {}
            }
        }
    }

    /// Reads into `room` what comes within a moment: `None` if nothing does, 0 at the end.
    pub(super) fn poll(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        if self.used == self.part.len() {
            match self.parts.recv_timeout(PATIENCE) {
                Ok(part) => (self.part, self.used) = (part?, 0),
                Err(RecvTimeoutError::Disconnected) => {
                    // The end, unless the thread came to an end that was not foreseen.
                    let panicked = self.thread.take().is_some_and(|own| own.join().is_err());
                    return match panicked {
                        true => Err(io::Error::other("reading broke off")),
                        false => Ok(Some(0)),
                    };
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
            }
        }
        let rest = self.part.get(self.used..).unwrap_or_default();
        let len = rest.len().min(room.len());
        let (to, from) = (room.get_mut(..len), rest.get(..len));
        if let (Some(to), Some(from)) = (to, from) {
            to.copy_from_slice(from);
        }
        self.used += len;
        Ok(Some(len))
    }
}
