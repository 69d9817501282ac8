//! Lines that a container runtime has split: Docker after 16 KiB, CRI likewise.

use std::borrow::Cow;

use super::Around;
use crate::fields::{self, Value};
use crate::source::LONGEST_LINE;
use crate::time;

/// A part of a line, or all of it.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) around: Around,
    /// Whether it came from the standard error of the container; the two streams may alternate.
    pub(crate) is_error: bool,
    /// Whether the line goes on.
    pub(crate) goes_on: bool,
}

/// Whether a line looks as if it went on: a quick look, which spares most lines a slow one.
#[inline(always)]
pub(crate) fn may_go_on(line: &[u8]) -> bool {
    match line.first() {
        Some(b'{') if line.starts_with(b"{\"log\":\"") => {
            memchr::memmem::find(line, b"\\n\",\"stream\":").is_none()
        }
        Some(b'0'..=b'9') => {
            let near = line.get(..48).unwrap_or(line);
            memchr::memmem::find(near, b" P ").is_some()
        }
        _ => false,
    }
}

/// Reads a piece; `None` if the line is none.
pub(crate) fn piece(line: &[u8]) -> Option<Piece<'_>> {
    match line.first() {
        Some(b'{') if line.starts_with(b"{\"log\":\"") => docker(line),
        Some(b'0'..=b'9') => cri(line),
        _ => None,
    }
}

/// `{"log":"text\n","stream":"stderr","time":"…"}`, where a text without its end goes on.
fn docker(line: &[u8]) -> Option<Piece<'_>> {
    let (mut log, mut stream, mut around) = (None, None, Around::default());
    fields::json(line, |field| match (field.key.raw, field.value) {
        (b"log", Value::Text(text)) => log = Some(text),
        (b"stream", Value::Text(text)) => stream = Some(text.raw),
        (b"time", Value::Text(text)) => around.time = time::parse(text.raw, None),
        _ => {}
    })
    .ok()?;
    let text = log?;
    let is_error = stream? == b"stderr";
    // The end of a line is always escaped.
    let goes_on = !text.raw.ends_with(b"\\n");
    let text = match text.decode() {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    Some(Piece {
        text,
        around,
        is_error,
        goes_on,
    })
}

/// `2026-11-21T08:46:00.687788123Z stderr F text`, where `P` instead of `F` says that it goes on.
fn cri(line: &[u8]) -> Option<Piece<'_>> {
    let end = memchr::memchr(b' ', line.get(..40).unwrap_or(line))?;
    let (stamp, rest) = line.split_at(end);
    let rest = rest.get(1..)?;
    let is_error = rest.starts_with(b"stderr ");
    if !is_error && !rest.starts_with(b"stdout ") {
        return None;
    }
    let goes_on = match rest.get(7..9)? {
        b"P " => true,
        b"F " => false,
        _ => return None,
    };
    let around = Around {
        time: Some(time::parse(stamp, None)?),
        ..Around::default()
    };
    Some(Piece {
        text: Cow::Borrowed(rest.get(9..)?),
        around,
        is_error,
        goes_on,
    })
}

/// A line whose pieces are being gathered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    /// Where the first piece begins.
    pub(crate) at: u64,
    pub(crate) text: Vec<u8>,
    /// Whether there is too much of it.
    pub(crate) too_long: bool,
}

impl Joined {
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.too_long |= self.text.len() + text.len() > LONGEST_LINE;
        if !self.too_long {
            self.text.extend_from_slice(text);
        }
    }
}

/// Joins the pieces of a line, between which there may be those of the other stream.
pub(crate) fn joined(lines: &[u8]) -> Option<(Vec<u8>, Around)> {
    memchr::memchr(b'\n', lines)?;
    let mut found: Option<(Joined, Around, bool)> = None;
    for line in lines.split(|byte| *byte == b'\n') {
        let piece = piece(line.strip_suffix(b"\r").unwrap_or(line))?;
        let (joined, _, is_error) =
            found.get_or_insert((Joined::default(), piece.around, piece.is_error));
        if *is_error == piece.is_error {
            joined.push(&piece.text);
        }
    }
    found.map(|(joined, around, _)| (joined.text.trim_ascii_end().to_vec(), around))
}
