//! Splits the input into lines, or a JSON document into objects.

use super::{LONGEST_LINE, Line};

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// How many blanks may stand before a document.
const BLANK: usize = 1 << 16;

/// How the input is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Lines,
    /// The items of an array, which begin below one bracket.
    Array,
    /// Objects over several lines each.
    Objects,
}

impl Shape {
    /// Decides by the first bytes; `None` if more of them are needed.
    fn of(head: &[u8]) -> Option<Shape> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let head = head.trim_ascii_start();
        let (first, rest) = head.split_first()?;
        Some(match first {
            // A prefix may begin with this bracket too.
            b'[' => match rest.trim_ascii_start().first()? {
                b'{' => Shape::Array,
                b'[' if rest.trim_ascii_start().get(1) == Some(&b'"') => Shape::Array,
                _ => Shape::Lines,
            },
            b'{' => match rest.trim_ascii_start().first() {
                None if rest.is_empty() => return None,
                _ if matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]) => Shape::Objects,
                _ => Shape::Lines,
            },
            _ => Shape::Lines,
        })
    }
}

/// Splits the input, which arrives in parts.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    /// The used part of the buffer: the beginning of a line that has not ended yet.
    used: usize,
    /// The offset of the buffer in the source.
    at: u64,
    /// Whether the rest of a line is being skipped.
    skip: bool,
    shape: Option<Shape>,
    json: Json,
}

/// The state between two parts of a document.
#[derive(Debug, Default)]
struct Json {
    /// How much of the buffer has been looked at.
    seen: usize,
    /// Where the object at hand begins.
    start: Option<usize>,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Splitter {
    /// The free part of the buffer, at least one chunk.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.used + CHUNK {
            self.buffer.resize(self.used + CHUNK, 0);
        }
        &mut self.buffer[self.used..]
    }

    pub(super) fn take(&mut self, len: usize, each: &mut impl FnMut(u64, Line<'_>)) {
        let filled = self.used + len;
        if self.shape.is_none() {
            let shape = Shape::of(&self.buffer[..filled]);
            // Nothing but blanks for so long begins no document.
            let blank = (filled > BLANK).then_some(Shape::Lines);
            self.shape = shape.or(blank);
        }
        match self.shape {
            None => self.used = filled,
            Some(Shape::Lines) => self.lines(filled, each),
            Some(Shape::Array) => self.objects(filled, 1, each),
            Some(Shape::Objects) => self.objects(filled, 0, each),
        }
    }

    fn lines(&mut self, filled: usize, each: &mut impl FnMut(u64, Line<'_>)) {
        let mut start = 0;
        // The beginning of the line has been searched already, unless its shape was unknown then.
        let from = if self.at == 0 { 0 } else { self.used };
        for end in memchr::memchr_iter(b'\n', &self.buffer[from..filled]) {
            let end = from + end;
            if !std::mem::take(&mut self.skip) {
                hand_out(self.at + start as u64, &self.buffer[start..end], each);
            }
            start = end + 1;
        }
        if self.skip {
            start = filled;
        } else if filled - start > LONGEST_LINE {
            self.too_long(start, filled, each);
            start = filled;
        }
        self.forget(start, filled);
    }

    fn too_long(&mut self, start: usize, filled: usize, each: &mut impl FnMut(u64, Line<'_>)) {
        let at = self.at + start as u64;
        each(at, Line::TooLong(&self.buffer[start..filled]));
        self.skip = true;
    }

    /// Drops what has been handed out.
    fn forget(&mut self, start: usize, filled: usize) {
        self.buffer.copy_within(start..filled, 0);
        self.used = filled - start;
        self.at += start as u64;
    }

    /// Hands out each object or array below `base` brackets.
    fn objects(&mut self, filled: usize, base: usize, each: &mut impl FnMut(u64, Line<'_>)) {
        for at in self.json.seen..filled {
            let json = &mut self.json;
            let byte = self.buffer[at];
            if json.in_text {
                json.in_text = json.escaped || byte != b'"';
                json.escaped = !json.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => json.in_text = true,
                b'{' | b'[' => {
                    if json.depth == base {
                        (json.start, self.skip) = (Some(at), false);
                    }
                    json.depth += 1;
                }
                b'}' | b']' => {
                    json.depth = json.depth.saturating_sub(1);
                    if json.depth == base
                        && let Some(start) = json.start.take()
                    {
                        each(
                            self.at + start as u64,
                            Line::Whole(&self.buffer[start..=at]),
                        );
                    }
                }
                _ => {}
            }
        }
        if let Some(start) = self.json.start
            && filled - start > LONGEST_LINE
        {
            self.too_long(start, filled, each);
            self.json.start = None;
        }
        let done = self.json.start.unwrap_or(filled);
        self.forget(done, filled);
        self.json.start = self.json.start.map(|start| start - done);
        self.json.seen = filled - done;
    }

    /// Hands out what is left at the end: the beginning of a line, or of a document.
    pub(super) fn end(&mut self, each: &mut impl FnMut(u64, Line<'_>)) {
        let rest = &self.buffer[..self.used];
        if !rest.trim_ascii().is_empty() && !self.skip {
            each(self.at, Line::Cut(rest));
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
