//! Where lines come from, and how to read one of them again.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// Longer lines are skipped. The library writes at most 16 KiB unless configured otherwise.
pub const LONGEST_LINE: usize = 16 << 20;

/// The maximum number of sources.
pub const MOST: usize = u16::MAX as usize;

/// A file or a stream of lines.
#[derive(Debug)]
pub struct Source {
    /// Its name where a line of it is shown.
    pub name: String,
    /// Its size in bytes, if that is known before it is read.
    pub size: Option<u64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A file, where lines can be read again. Opened only when read: there may be too many at once.
    File(PathBuf),
    /// A pipe or a terminal, which cannot be read twice and is kept in memory.
    Kept(Box<Kept>),
}

struct Kept {
    stream: Box<dyn Read>,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A line, or the beginning of one that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// The beginning of a line that is longer than [`LONGEST_LINE`].
    TooLong(&'a [u8]),
}

impl Source {
    /// Opens a file. Anything but a regular file is read as a stream.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Source> {
        // A FIFO stays open, since it can be opened only once; for a file this is only a check.
        let file = File::open(path)?;
        let name = path.display().to_string();
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if metadata.is_file() {
            let size = Some(metadata.len());
            let kind = Kind::File(path.into());
            return Ok(Source { name, size, kind });
        }
        Ok(Source::stream(name, Box::new(file)))
    }

    /// Makes a source of a stream, which is kept in memory.
    pub fn stream(name: impl Into<String>, stream: Box<dyn Read>) -> Source {
        let bytes = Vec::new();
        Source {
            name: name.into(),
            size: None,
            kind: Kind::Kept(Box::new(Kept { stream, bytes })),
        }
    }

    /// Opens files, and standard input for `-`.
    ///
    /// # Errors
    ///
    /// If there are more than [`MOST`] files, or one cannot be opened; the error names that one.
    pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Source>, String> {
        if paths.len() > MOST {
            return Err(format!("more than {MOST} files"));
        }
        let open = |path: &PathBuf| match path.to_str() {
            Some("-") => Ok(Source::stream("stdin", Box::new(io::stdin()))),
            _ => Source::open(path).map_err(|error| format!("{}: {error}", path.display())),
        };
        paths.iter().map(open).collect()
    }

    /// Calls `each` with every line and its offset, and `read` with the number of bytes so far.
    ///
    /// # Errors
    ///
    /// If reading fails; `each` has had the lines before that.
    pub fn lines(
        &mut self,
        mut each: impl FnMut(u64, Line<'_>),
        mut read: impl FnMut(u64),
    ) -> io::Result<()> {
        match &mut self.kind {
            Kind::File(path) => {
                let mut file = File::open(path)?;
                split(|room| file.read(room), &mut each, &mut read)
            }
            Kind::Kept(kept) => split(|room| kept.read(room), &mut each, &mut read),
        }
    }

    /// Reads a line again.
    ///
    /// # Errors
    ///
    /// If it is no longer there, because the file was truncated or removed.
    pub fn again(&self, at: u64, len: u32) -> io::Result<Vec<u8>> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let len = len as usize;
        match &self.kind {
            Kind::File(path) => {
                let mut file = File::open(path)?;
                let mut bytes = vec![0; len];
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            Kind::Kept(kept) => {
                let at = usize::try_from(at).map_err(|_| gone())?;
                let bytes = kept.bytes.get(at..at.saturating_add(len));
                Ok(bytes.ok_or_else(gone)?.to_vec())
            }
        }
    }
}

impl Kept {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = self.stream.read(room)?;
        self.bytes
            .extend_from_slice(room.get(..len).unwrap_or_default());
        Ok(len)
    }
}

fn split(
    mut more: impl FnMut(&mut [u8]) -> io::Result<usize>,
    each: &mut impl FnMut(u64, Line<'_>),
    read: &mut impl FnMut(u64),
) -> io::Result<()> {
    let mut lines = Lines::default();
    let mut total = 0;
    loop {
        match more(lines.room()) {
            Ok(0) => {
                lines.end(each);
                return Ok(());
            }
            Ok(len) => {
                lines.take(len, each);
                total += len as u64;
                read(total);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Splits the input into lines.
#[derive(Debug, Default)]
struct Lines {
    buffer: Vec<u8>,
    /// The used part of the buffer: the beginning of a line that has not ended yet.
    used: usize,
    /// The offset of the buffer in the source.
    at: u64,
    /// Whether the rest of a line is being skipped.
    skip: bool,
}

impl Lines {
    /// The free part of the buffer, at least one chunk.
    fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.used + CHUNK {
            self.buffer.resize(self.used + CHUNK, 0);
        }
        &mut self.buffer[self.used..]
    }

    fn take(&mut self, len: usize, each: &mut impl FnMut(u64, Line<'_>)) {
        let filled = self.used + len;
        let mut start = 0;
        // The beginning of the line has been searched already.
        for end in memchr::memchr_iter(b'\n', &self.buffer[self.used..filled]) {
            let end = self.used + end;
            if !std::mem::take(&mut self.skip) {
                hand_out(self.at + start as u64, &self.buffer[start..end], each);
            }
            start = end + 1;
        }
        if self.skip {
            start = filled;
        } else if filled - start > LONGEST_LINE {
            each(
                self.at + start as u64,
                Line::TooLong(&self.buffer[start..filled]),
            );
            self.skip = true;
            start = filled;
        }
        self.buffer.copy_within(start..filled, 0);
        self.used = filled - start;
        self.at += start as u64;
    }

    fn end(&mut self, each: &mut impl FnMut(u64, Line<'_>)) {
        if self.used > 0 {
            hand_out(self.at, &self.buffer[..self.used], each);
        }
    }
}

/// Strips the CR of Windows and the byte order mark that some editors write.
#[inline(always)]
fn hand_out(at: u64, line: &[u8], each: &mut impl FnMut(u64, Line<'_>)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(line) if at == 0 => each(3, Line::Whole(line)),
        _ => each(at, Line::Whole(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that yields a few bytes at a time.
    struct Drops(Vec<u8>, usize);

    impl Read for Drops {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(self.0.len()).min(room.len());
            room[..len].copy_from_slice(&self.0[..len]);
            self.0.drain(..len);
            Ok(len)
        }
    }

    fn lines(text: &[u8], step: usize) -> Vec<(u64, String, bool)> {
        let mut source = Source::stream("test", Box::new(Drops(text.to_vec(), step)));
        let mut found = Vec::new();
        let each = |at, line: Line<'_>| {
            let (line, whole) = match line {
                Line::Whole(line) => (line, true),
                Line::TooLong(line) => (&line[..3], false),
            };
            found.push((at, String::from_utf8_lossy(line).into_owned(), whole));
        };
        source.lines(each, |_| ()).unwrap();
        for (at, line, whole) in &found {
            if *whole {
                assert_eq!(
                    source.again(*at, line.len() as u32).unwrap(),
                    line.as_bytes()
                );
            }
        }
        found
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let text = b"\xef\xbb\xbfone\ntwo\r\n\n\xef\xbb\xbfthree\nfour";
        for step in 1..30 {
            let line = |at, text: &str| (at, text.to_owned(), true);
            let all = [
                line(3, "one"),
                line(7, "two"),
                line(12, ""),
                line(13, "\u{feff}three"),
                line(22, "four"),
            ];
            assert_eq!(lines(text, step), all, "{step}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST_LINE + 3 * CHUNK];
        text.extend(b"\nnext\n");
        let at = text.len() as u64 - 5;
        let found = lines(&text, CHUNK);
        assert_eq!(
            found,
            [(0, "xxx".to_owned(), false), (at, "next".to_owned(), true)]
        );
    }

    #[test]
    fn a_line_that_is_gone_is_an_error() {
        let source = Source::stream("test", Box::new(io::empty()));
        assert!(source.again(0, 1).is_err());
        assert!(source.again(u64::MAX, 1).is_err());
    }
}
