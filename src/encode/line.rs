//! The buffer that a record is written into.
//!
//! A fixed slice and a position, not a growing `Vec`: the position stays in a
//! register, and where a `Vec` would ask at every push whether to grow, one
//! check also serves the record's limit. A record that does not fit is encoded
//! again into more room, or with less in it (`mod.rs`).

use crate::bytes::{self, SLACK};

/// The record does not fit into the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

pub(crate) type Written = Result<(), Full>;

/// A line that is being written.
///
/// CORRECTNESS: out-of-line code gets the buffer and the position, never
/// `&mut Line`, or the position would have to live in memory.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(super) buf: &'a mut [u8],
    pub(super) pos: usize,
}

impl<'a> Line<'a> {
    pub(crate) fn new(buf: &'a mut [u8]) -> Line<'a> {
        Line { buf, pos: 0 }
    }

    /// Writes a few bytes.
    #[inline(always)]
    pub(crate) fn put(&mut self, text: &[u8]) -> Written {
        if bytes::copy(self.buf, self.pos, text) {
            self.pos += text.len();
            Ok(())
        } else {
            Err(Full)
        }
    }

    /// Writes bytes whose number is known at compile time.
    #[inline(always)]
    pub(crate) fn put_array<const N: usize>(&mut self, text: &[u8; N]) -> Written {
        let room = self
            .buf
            .get_mut(self.pos..)
            .and_then(|rest| rest.first_chunk_mut::<N>());
        *room.ok_or(Full)? = *text;
        self.pos += N;
        Ok(())
    }

    /// Writes 16 bytes of which only the first `len` count.
    #[inline(always)]
    pub(crate) fn put_padded(&mut self, text: &[u8; SLACK], len: usize) -> Written {
        let room = self
            .buf
            .get_mut(self.pos..)
            .and_then(|rest| rest.first_chunk_mut::<SLACK>());
        *room.ok_or(Full)? = *text;
        self.pos += len;
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn put_byte(&mut self, byte: u8) -> Written {
        *self.buf.get_mut(self.pos).ok_or(Full)? = byte;
        self.pos += 1;
        Ok(())
    }

    /// Hands the buffer and the position to code that is kept out of line; it
    /// returns the new position.
    #[inline(always)]
    pub(crate) fn apart(
        &mut self,
        write: impl FnOnce(&mut [u8], usize) -> Option<usize>,
    ) -> Written {
        self.pos = write(self.buf, self.pos).ok_or(Full)?;
        Ok(())
    }
}
