//! All text of one unit of work, in one buffer.
//!
//! A text is appended and referred to by its place, so a unit of ordinary size
//! needs no allocation of its own. Replaced text stays where it is, counted as
//! dead, until more than half of a large buffer is dead and `Entry::tidy` copies
//! the rest.

use std::fmt;

use smallvec::SmallVec;

use crate::base::bytes;
use crate::base::bytes::SLACK;

/// The place of a text in the arena, and whether the text was cut on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

/// The top bit of a length: the text was longer than the value limit. It is free
/// because `ConfigBuilder::build` keeps an arena far below 2 GiB.
const CUT: u32 = 1 << 31;

/// Less dead text than this is never worth tidying up.
const TIDY_FLOOR: usize = 16 * 1024;

impl Span {
    #[inline]
    pub(crate) fn new(start: usize, len: usize) -> Span {
        Span {
            start: start as u32,
            len: len as u32,
        }
    }

    #[inline]
    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        (self.len & !CUT) as usize
    }

    #[inline]
    pub(crate) fn end(self) -> usize {
        self.start() + self.len()
    }

    #[inline]
    pub(crate) fn is_cut(self) -> bool {
        self.len & CUT != 0
    }

    pub(crate) fn cut(self, cut: bool) -> Span {
        let len = (self.len & !CUT) | (u32::from(cut) * CUT);
        Span { len, ..self }
    }

    #[inline]
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.start) << 32 | u64::from(self.len)
    }

    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Span {
        Span {
            start: (bits >> 32) as u32,
            len: bits as u32,
        }
    }
}

/// A buffer of texts, inside the `Entry` until it outgrows 2 KiB.
///
/// INVARIANT: `bytes` is longer than `used` by at least [`SLACK`], so that
/// readers may load 16 bytes from any position of a text.
#[derive(Clone, Debug)]
pub(crate) struct Arena {
    bytes: SmallVec<[u8; 2048]>,
    used: usize,
    /// How much of `used` is text that nothing refers to anymore.
    dead: usize,
    /// Whether any text was cut, so that most records need not search for one.
    has_cut: bool,
}

impl Arena {
    pub(crate) fn new() -> Arena {
        let mut bytes = SmallVec::new();
        bytes.resize(2048, 0);
        Arena {
            bytes,
            used: 0,
            dead: 0,
            has_cut: false,
        }
    }

    /// Returns whether dropped text takes more room than the rest of a large arena.
    #[inline]
    pub(crate) fn needs_tidying(&self) -> bool {
        self.dead > TIDY_FLOOR && self.dead > self.used / 2
    }

    /// Returns an empty arena with room for the text that is still in use, or
    /// `None` if there is no memory for it.
    pub(crate) fn with_room_of(old: &Arena) -> Option<Arena> {
        let mut arena = Arena::new();
        let live = old.used.saturating_sub(old.dead);
        arena.make_room(live).then_some(arena)
    }

    /// Makes room for text; returns `false` instead of failing without memory.
    pub(crate) fn make_room(&mut self, text: usize) -> bool {
        let least = self.used + text + SLACK;
        if let Some(more) = least.checked_sub(self.bytes.len()) {
            if self.bytes.try_reserve(more).is_err() {
                return false;
            }
            self.bytes.resize(self.bytes.capacity(), 0);
        }
        true
    }

    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Forgets the texts; keeps the buffer unless it grew past `keep` bytes.
    #[inline]
    pub(crate) fn clear(&mut self, keep: usize) {
        self.used = 0;
        self.dead = 0;
        self.has_cut = false;
        if self.bytes.len() > keep {
            *self = Arena::new();
        }
    }

    /// Counts a text that is dropped or replaced.
    #[inline]
    pub(crate) fn note_dead(&mut self, old: Option<Span>) {
        self.dead += old.map_or(0, Span::len);
    }

    #[inline]
    pub(crate) fn has_cut(&self) -> bool {
        self.has_cut
    }

    /// Notes whether a text was cut before it got here.
    pub(crate) fn note_cut(&mut self, cut: bool) {
        self.has_cut |= cut;
    }

    /// Returns the whole buffer, slack included, for readers in 16-byte steps.
    #[inline]
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start()..span.end()).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, span: Span) -> &mut [u8] {
        let bytes = self.bytes.get_mut(span.start()..span.end());
        bytes.unwrap_or_default()
    }

    /// Returns the text of a span that was written as text.
    pub(crate) fn text(&self, span: Span) -> &str {
        std::str::from_utf8(self.get(span)).unwrap_or_default()
    }

    /// Appends bytes.
    #[inline(always)]
    pub(crate) fn push(&mut self, src: &[u8]) -> Span {
        let start = self.used;
        let end = start + src.len();
        if self.bytes.len() < end + SLACK {
            self.grow(end + SLACK);
        }
        if let Some(dst) = self.bytes.get_mut(start..end) {
            bytes::copy(dst, src);
        }
        self.used = end;
        Span::new(start, src.len())
    }

    /// Appends a text of another arena.
    pub(crate) fn adopt(&mut self, from: &Arena, span: Span) -> Span {
        self.push(from.get(span)).cut(span.is_cut())
    }

    /// Appends a text of another arena, which may have had a higher limit.
    pub(crate) fn adopt_text(&mut self, from: &Arena, span: Span, limit: usize) -> Span {
        if span.len() <= limit {
            return self.adopt(from, span);
        }
        self.push_cut(from.text(span), limit)
    }

    /// Appends text, cut at a character boundary to `limit` bytes.
    #[inline(always)]
    pub(crate) fn push_text(&mut self, text: &str, limit: usize) -> Span {
        if text.len() <= limit {
            return self.push(text.as_bytes());
        }
        self.push_cut(text, limit)
    }

    #[cold]
    fn push_cut(&mut self, text: &str, limit: usize) -> Span {
        self.has_cut = true;
        let keep = bytes::char_floor(text.as_bytes(), limit);
        self.push(text.as_bytes().get(..keep).unwrap_or_default())
            .cut(true)
    }

    /// Overwrites an earlier text if the new one fits in its place, else appends.
    pub(crate) fn replace(&mut self, old: Option<Span>, src: &[u8]) -> Span {
        self.note_dead(old);
        match old {
            Some(old) if src.len() <= old.len() && old.end() <= self.used => {
                let span = Span::new(old.start(), src.len());
                self.overwrite(span, src);
                self.dead -= src.len();
                span
            }
            _ => self.push(src),
        }
    }

    /// Overwrites a span with as many bytes.
    pub(crate) fn overwrite(&mut self, span: Span, src: &[u8]) {
        if let Some(dst) = self.bytes.get_mut(span.start()..span.end()) {
            bytes::copy(dst, src);
        }
    }

    /// Starts a text that is written piece by piece.
    #[inline]
    pub(super) fn writer(&mut self, limit: usize) -> Writer<'_> {
        let start = self.used;
        Writer {
            start,
            end: start.saturating_add(limit),
            cut: false,
            arena: self,
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, least: usize) {
        let size = least.max(self.bytes.len() * 2).next_power_of_two();
        self.bytes.resize(size, 0);
    }
}

/// Writes one text straight into the arena, up to a limit.
///
/// Past the limit, the rest is dropped and the writer still returns `Ok`: a
/// `Display` that meets an error may panic or stop in the middle of a record.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    arena: &'a mut Arena,
    start: usize,
    /// Where the limit is reached.
    end: usize,
    cut: bool,
}

impl Writer<'_> {
    /// Returns how many bytes may still be written.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.end.saturating_sub(self.arena.used)
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        let room = self.room();
        if self.arena.push_text(text, room).is_cut() {
            self.mark_cut();
        }
    }

    /// Appends raw bytes of a structure, all or nothing.
    pub(super) fn push_bytes(&mut self, src: &[u8]) -> bool {
        if src.len() > self.room() {
            self.mark_cut();
            return false;
        }
        self.arena.push(src);
        true
    }

    /// Appends bytes as text, with U+FFFD for whatever is not UTF-8.
    pub(super) fn push_lossy(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            self.push(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.push("\u{FFFD}");
            }
        }
    }

    /// Takes back everything written since the start of this text, and lifts the
    /// limit.
    pub(super) fn roll_back(&mut self) {
        self.arena.used = self.start;
        self.end = usize::MAX;
        self.cut = false;
    }

    /// Ends the text here and marks it as cut.
    pub(crate) fn mark_cut(&mut self) {
        self.cut = true;
        self.end = self.arena.used;
    }

    pub(super) fn finish(self) -> Span {
        self.arena.note_cut(self.cut);
        Span::new(self.start, self.arena.used - self.start).cut(self.cut)
    }
}

impl fmt::Write for Writer<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn a_writer_drops_what_is_past_its_limit_and_still_says_ok() {
        for (limit, pieces, kept, is_cut) in [
            (5, ["abc", "déf", "g"], "abcd", true),
            (3, ["abc", "", ""], "abc", false),
        ] {
            let mut arena = Arena::new();
            let mut writer = arena.writer(limit);
            assert!(pieces.iter().all(|text| writer.write_str(text).is_ok()));
            let span = writer.finish();
            assert_eq!((arena.text(span), span.is_cut()), (kept, is_cut));
        }
    }

    #[test]
    fn a_growing_arena_keeps_its_texts_and_its_slack() {
        let mut arena = Arena::new();
        let texts = (0..1_000).map(|i| format!("text {i}"));
        let pushed = texts.map(|text| (arena.push(text.as_bytes()), text));
        for (span, text) in pushed.collect::<Vec<_>>() {
            assert_eq!(arena.text(span), text);
        }
        assert!(arena.buffer().len() >= arena.used() + SLACK);
    }
}
