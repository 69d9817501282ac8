//! Where lines come from, and how to read some of them again.

mod open;
mod split;
mod stream;
mod tail;
mod zstd;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub use open::Identity;
use open::{Codec, Peeked};
use split::Splitter;
use stream::Stream;
pub(crate) use tail::Tail;

/// Longer lines are skipped. The library writes at most 16 KiB unless configured otherwise.
pub const LONGEST_LINE: usize = 16 << 20;

/// The maximum number of sources.
pub const MOST: usize = u16::MAX as usize;

/// A file or a stream of lines.
#[derive(Debug)]
pub struct Source {
    /// Its name where a line of it is shown.
    pub name: String,
    /// How many bytes will be read, if that is known before.
    pub size: Option<u64>,
    /// Which file it is, if it is one.
    pub identity: Option<Identity>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A file, where lines can be read again. Opened only when read: there may be too many at once.
    File(PathBuf),
    /// A compressed file, which is decompressed again.
    Packed(PathBuf, Codec),
    /// A pipe or a terminal, which cannot be read twice and is kept in memory.
    Kept(Kept),
}

struct Kept {
    stream: Option<Box<dyn Read + Send>>,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A line, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// The beginning of a line that is longer than [`LONGEST_LINE`].
    TooLong(&'a [u8]),
    /// The beginning of the last line, whose end is not there.
    Cut(&'a [u8]),
}

/// Where a line is in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The offset of its first byte.
    pub at: u64,
    /// Its length.
    pub len: u32,
}

impl Source {
    /// Opens a file. Anything but a regular file is read as a stream.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is of a kind that is known and not read.
    pub fn open(path: &Path) -> io::Result<Source> {
        // A FIFO stays open, since it can be opened only once; for a file this is only a check.
        let file = File::open(path)?;
        let name = path.display().to_string();
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Ok(Source::stream(name, Box::new(file)));
        }
        let (size, kind) = match Peeked::new(file)?.codec()? {
            Codec::Plain => (Some(metadata.len()), Kind::File(path.into())),
            codec => (None, Kind::Packed(path.into(), codec)),
        };
        let identity = Identity::of(&metadata, path);
        Ok(Source {
            name,
            size,
            identity,
            kind,
        })
    }

    /// Makes a source of a stream, which is kept in memory.
    pub fn stream(name: impl Into<String>, stream: Box<dyn Read + Send>) -> Source {
        Source {
            name: name.into(),
            size: None,
            identity: None,
            kind: Kind::Kept(Kept {
                stream: Some(stream),
                bytes: Vec::new(),
            }),
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
            Some("-") => Ok(Source {
                identity: Identity::of_stdin(),
                ..Source::stream("stdin", Box::new(io::stdin()))
            }),
            _ => Source::open(path).map_err(|error| format!("{}: {error}", path.display())),
        };
        paths.iter().map(open).collect()
    }

    /// Calls `each` with every line and its offset, and `read` with the number of bytes so far,
    /// until `stop` is set.
    ///
    /// # Errors
    ///
    /// If reading fails; `each` has had the lines before that.
    pub fn lines(
        &mut self,
        stop: &AtomicBool,
        mut each: impl FnMut(u64, Line<'_>),
        mut read: impl FnMut(u64),
    ) -> io::Result<()> {
        match &mut self.kind {
            Kind::File(path) => {
                let mut file = File::open(path)?;
                split(stop, |room| file.read(room), &mut each, &mut read)
            }
            Kind::Packed(path, codec) => {
                let mut unpacked = codec.reader(File::open(path)?)?;
                split(stop, |room| unpacked.read(room), &mut each, &mut read)
            }
            Kind::Kept(kept) => {
                let Some(stream) = kept.stream.take() else {
                    return Ok(());
                };
                let mut stream = Stream::new(stream);
                let kept = &mut kept.bytes;
                let more = |room: &mut [u8]| {
                    let len = stream.read(room, stop)?;
                    kept.extend_from_slice(room.get(..len).unwrap_or_default());
                    Ok(len)
                };
                split(stop, more, &mut each, &mut read)
            }
        }
    }

    /// Whether some lines are read again without those before them.
    pub(crate) fn seeks(&self) -> bool {
        !matches!(self.kind, Kind::Packed(..))
    }

    /// Reads lines again.
    ///
    /// Each is an error if it is no longer there, because the file was truncated or removed.
    pub fn again(&self, spans: &[Span]) -> Vec<io::Result<Vec<u8>>> {
        match &self.kind {
            Kind::File(path) => match File::open(path) {
                Ok(mut file) => spans.iter().map(|span| again(&mut file, *span)).collect(),
                Err(error) => failed(spans, &error),
            },
            Kind::Packed(path, codec) => {
                match File::open(path).and_then(|file| codec.reader(file)) {
                    Ok(mut unpacked) => in_order(&mut unpacked, spans),
                    Err(error) => failed(spans, &error),
                }
            }
            Kind::Kept(kept) => {
                let one = |span: &Span| {
                    let at = usize::try_from(span.at).unwrap_or(usize::MAX);
                    let bytes = kept.bytes.get(at..at.saturating_add(span.len as usize));
                    Ok(bytes.ok_or_else(gone)?.to_vec())
                };
                spans.iter().map(one).collect()
            }
        }
    }
}

fn gone() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

fn failed(spans: &[Span], error: &io::Error) -> Vec<io::Result<Vec<u8>>> {
    let again = || io::Error::new(error.kind(), error.to_string());
    spans.iter().map(|_| Err(again())).collect()
}

fn again(file: &mut File, span: Span) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; span.len as usize];
    file.seek(SeekFrom::Start(span.at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads spans in one pass over a stream that cannot go back.
fn in_order(stream: &mut dyn Read, spans: &[Span]) -> Vec<io::Result<Vec<u8>>> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|at| spans[*at]);
    let mut found: Vec<io::Result<Vec<u8>>> = spans.iter().map(|_| Err(gone())).collect();
    let (mut at, mut last): (u64, Option<(Span, Vec<u8>)>) = (0, None);
    for place in order {
        let span = spans[place];
        // The same line may be asked for twice.
        if let Some((_, bytes)) = last.as_ref().filter(|(own, _)| *own == span) {
            found[place] = Ok(bytes.clone());
            continue;
        }
        found[place] = read_at(stream, &mut at, span);
        last = found[place]
            .as_ref()
            .ok()
            .map(|bytes| (span, bytes.clone()));
    }
    found
}

/// Reads a span of a stream that has been read up to `at`.
fn read_at(stream: &mut dyn Read, at: &mut u64, span: Span) -> io::Result<Vec<u8>> {
    let skip = span.at.checked_sub(*at).ok_or_else(gone)?;
    *at += io::copy(&mut Read::take(&mut *stream, skip), &mut io::sink())?;
    let mut bytes = Vec::new();
    Read::take(&mut *stream, span.len.into()).read_to_end(&mut bytes)?;
    *at += bytes.len() as u64;
    match bytes.len() == span.len as usize {
        true => Ok(bytes),
        false => Err(gone()),
    }
}

fn split(
    stop: &AtomicBool,
    mut more: impl FnMut(&mut [u8]) -> io::Result<usize>,
    each: &mut impl FnMut(u64, Line<'_>),
    read: &mut impl FnMut(u64),
) -> io::Result<()> {
    let mut splitter = Splitter::default();
    let mut total = 0;
    while !stop.load(Ordering::Relaxed) {
        match more(splitter.room()) {
            Ok(0) => break,
            Ok(len) => {
                splitter.take(len, each);
                total += len as u64;
                read(total);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    splitter.end(each);
    Ok(())
}

#[cfg(test)]
mod tests;
