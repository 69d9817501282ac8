//! A source that is read on as it grows.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use super::open::Identity;
use super::split::Splitter;
use super::stream::Stream;
use super::{Kind, Line, Source};

/// A source that is read on as it grows.
pub(crate) struct Tail {
    input: Input,
    splitter: Splitter,
}

enum Input {
    File(Grown),
    /// What cannot grow, or only as a stream.
    Stream(Stream),
    Ended,
}

/// A file that may grow, be cut, or be replaced by another one of its name.
struct Grown {
    path: PathBuf,
    file: File,
    identity: Option<Identity>,
    at: u64,
}

impl std::fmt::Debug for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail").finish_non_exhaustive()
    }
}

impl Source {
    /// Begins to read the source, which keeps nothing of a stream.
    ///
    /// # Errors
    ///
    /// If a file cannot be opened.
    pub(crate) fn tail(&mut self) -> io::Result<Tail> {
        let input = match &mut self.kind {
            Kind::File(path) => Input::File(Grown::open(path.clone())?),
            Kind::Packed(path, _) => Input::Stream(Stream::new(Box::new(File::open(path)?))),
            Kind::Kept(kept) => kept
                .stream
                .take()
                .map_or(Input::Ended, |stream| Input::Stream(Stream::new(stream))),
        };
        let splitter = Splitter::default();
        Ok(Tail { input, splitter })
    }
}

impl Tail {
    /// Hands out the lines that have come since; returns whether there was anything new.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub(crate) fn poll(&mut self, mut each: &mut dyn FnMut(u64, Line<'_>)) -> io::Result<bool> {
        let len = match &mut self.input {
            Input::Ended => return Ok(false),
            Input::File(grown) => match grown.file.read(self.splitter.room())? {
                0 if grown.begin_anew()? => {
                    self.splitter.end(&mut each);
                    self.splitter = Splitter::default();
                    return Ok(true);
                }
                len => {
                    grown.at += len as u64;
                    len
                }
            },
            Input::Stream(stream) => match stream.poll(self.splitter.room())? {
                Some(0) => {
                    self.input = Input::Ended;
                    self.splitter.end(&mut each);
                    return Ok(true);
                }
                len => len.unwrap_or(0),
            },
        };
        if len > 0 {
            self.splitter.take(len, &mut each);
        }
        Ok(len > 0)
    }

    /// Reads no more, after an error.
    pub(crate) fn give_up(&mut self) {
        self.input = Input::Ended;
    }

    /// Whether nothing will come any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.input, Input::Ended)
    }

    /// Hands out what is left when nobody waits any more.
    pub(crate) fn end(&mut self, mut each: &mut dyn FnMut(u64, Line<'_>)) {
        if !self.has_ended() {
            self.splitter.end(&mut each);
        }
    }
}

impl Grown {
    fn open(path: PathBuf) -> io::Result<Grown> {
        let file = File::open(&path)?;
        let identity = Identity::of(&file.metadata()?, &path);
        Ok(Grown {
            path,
            file,
            identity,
            at: 0,
        })
    }

    /// At the end of the file: whether it was cut, or another one has its name now.
    fn begin_anew(&mut self) -> io::Result<bool> {
        let len = self.file.metadata()?.len();
        if len < self.at {
            self.file.rewind()?;
            self.at = 0;
            return Ok(true);
        }
        // Between the two steps of a rotation, no file has the name.
        let Ok(metadata) = fs::metadata(&self.path) else {
            return Ok(false);
        };
        if Identity::of(&metadata, &self.path) == self.identity || len > self.at {
            return Ok(false);
        }
        match Grown::open(self.path.clone()) {
            Ok(new) => *self = new,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn polled(tail: &mut Tail) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |at, line: Line<'_>| {
            found.push(match line {
                Line::Whole(line) => format!("{at} {}", String::from_utf8_lossy(line)),
                line => format!("{at} {line:?}"),
            })
        };
        while tail.poll(&mut each).unwrap() {}
        found
    }

    #[test]
    fn a_file_is_read_on_when_it_grows_is_cut_or_is_replaced() {
        let path = std::env::temp_dir().join(format!("traceline-{}-tail", std::process::id()));
        fs::write(&path, "one\ntw").unwrap();
        let mut tail = Source::open(&path).unwrap().tail().unwrap();
        assert_eq!(polled(&mut tail), ["0 one"]);
        let append = |text: &str| {
            let mut file = File::options().append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("o\nthree\n");
        assert_eq!(polled(&mut tail), ["4 two", "8 three"]);
        assert_eq!(polled(&mut tail), [""; 0]);
        // As with `copytruncate`.
        fs::write(&path, "four\n").unwrap();
        assert_eq!(polled(&mut tail), ["0 four"]);
        // As with `create`: what is still written to the old file is read first.
        let old = path.with_extension("1");
        append("fi");
        fs::rename(&path, &old).unwrap();
        let mut file = File::options().append(true).open(&old).unwrap();
        file.write_all(b"ve\n").unwrap();
        assert_eq!(polled(&mut tail), ["5 five"]);
        fs::write(&path, "six\n").unwrap();
        assert_eq!(polled(&mut tail), ["0 six"]);
        fs::remove_file(&path).unwrap();
        assert_eq!(polled(&mut tail), [""; 0]);
        fs::remove_file(&old).unwrap();
    }

    #[test]
    fn a_stream_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut tail = Source::stream("in", Box::new(reader)).tail().unwrap();
        writer.write_all(b"one\ntw").unwrap();
        let mut found = Vec::new();
        while found.is_empty() {
            found = polled(&mut tail);
        }
        assert_eq!(found, ["0 one"]);
        assert!(!tail.has_ended());
        drop(writer);
        let mut rest = Vec::new();
        while !tail.has_ended() {
            rest.extend(polled(&mut tail));
        }
        assert_eq!(rest, ["4 Cut([116, 119])"]);
    }
}
