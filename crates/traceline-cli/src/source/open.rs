//! What kind of bytes a file has, and which file it is.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::Path;

use super::zstd::Frames;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Gzip,
    Zstd,
}

impl Codec {
    /// Returns a reader of what is inside.
    pub(super) fn reader(
        self,
        file: impl Read + Send + 'static,
    ) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Codec::Plain => Box::new(file),
            Codec::Gzip => Box::new(flate2::read::MultiGzDecoder::new(file)),
            Codec::Zstd => Box::new(Frames::new(file)),
        })
    }
}

/// How many bytes tell the kinds apart.
const HEAD: usize = 64;

/// First bytes of files that are not read, and what to do instead.
const OTHERS: [(&[u8], &str); 8] = [
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (
        b"\xfd7zXZ\0",
        "compressed with xz: use `xz -dc FILE | traceline`",
    ),
    (
        b"BZh",
        "compressed with bzip2: use `bzip2 -dc FILE | traceline`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "compressed with lz4: use `lz4 -dc FILE | traceline`",
    ),
    (
        b"PK\x03\x04",
        "a ZIP archive: use `unzip -p FILE | traceline`",
    ),
    (b"PAR1", "Parquet, not lines"),
    (
        b"LPKSHHRH",
        "a file of the journal: use `journalctl -o json --file FILE | traceline`",
    ),
];

const UTF_16: &str = "UTF-16, not UTF-8: use `iconv -f UTF-16 -t UTF-8 FILE | traceline`";

/// A reader whose first bytes are known.
#[derive(Debug)]
pub(super) struct Peeked<R> {
    head: Vec<u8>,
    rest: R,
}

impl<R: Read + Send + 'static> Peeked<R> {
    pub(super) fn new(mut rest: R) -> io::Result<Peeked<R>> {
        let mut head = vec![0; HEAD];
        let mut len = 0;
        // A pipe may yield one byte at a time, and no more than a line for a long time.
        while len < 8 && !head[..len].contains(&b'\n') {
            match rest.read(&mut head[len..]) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        head.truncate(len);
        Ok(Peeked { head, rest })
    }

    /// Returns how it is compressed.
    pub(super) fn codec(&self) -> io::Result<Codec> {
        let head = self.head.as_slice();
        if head.starts_with(b"\x1f\x8b") {
            return Ok(Codec::Gzip);
        }
        if head.starts_with(b"\x28\xb5\x2f\xfd") {
            return Ok(Codec::Zstd);
        }
        let known = OTHERS.iter().find(|(first, _)| head.starts_with(first));
        let wide = || {
            let nul = |from| head.iter().skip(from).step_by(2).all(|byte| *byte == 0);
            head.len() >= 8 && (nul(0) || nul(1))
        };
        match known {
            Some((_, what)) => Err(io::Error::other(*what)),
            None if wide() => Err(io::Error::other(UTF_16)),
            None => Ok(Codec::Plain),
        }
    }

    /// Returns a reader of what is inside.
    pub(super) fn unpacked(self) -> io::Result<Box<dyn Read + Send>> {
        let codec = self.codec()?;
        codec.reader(Cursor::new(self.head).chain(self.rest))
    }
}

/// Which file something is, whatever its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Id);

#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = std::path::PathBuf;

impl Identity {
    /// Returns the identity of an open file.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata, _: &Path) -> Option<Identity> {
        use std::os::unix::fs::MetadataExt;
        metadata
            .is_file()
            .then(|| Identity((metadata.dev(), metadata.ino())))
    }

    /// Returns the identity of a file.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata, path: &Path) -> Option<Identity> {
        let path = path.canonicalize().ok()?;
        metadata.is_file().then(|| Identity(path))
    }

    /// Returns the identity of the file that is standard input, if it is one.
    pub(super) fn of_stdin() -> Option<Identity> {
        Identity::of_standard(&io::stdin())
    }

    /// Returns the identity of the file that is standard output, if it is one.
    pub fn of_stdout() -> Option<Identity> {
        Identity::of_standard(&io::stdout())
    }

    #[cfg(unix)]
    fn of_standard(stream: &impl std::os::fd::AsFd) -> Option<Identity> {
        let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
        Identity::of(&file.metadata().ok()?, Path::new(""))
    }

    #[cfg(not(unix))]
    fn of_standard<S>(_: &S) -> Option<Identity> {
        None
    }
}
