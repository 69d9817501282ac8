//! The buffer that a record is written into.
//!
//! A fixed slice and a position instead of a growing `Vec`: the position stays in a
//! register, and the check that a `Vec` makes at every push also enforces the limit
//! of the record. A record that does not fit is encoded again into more room, or
//! with less in it (`fit.rs`).

use crate::base::bytes;

/// The record does not fit into the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full;

pub(super) type Written = Result<(), Full>;

/// A line that is being written.
///
/// For speed, code that is kept out of line gets a `Line` of its own from
/// [`apart`](Line::apart). If one function takes the address of a `Line`, its
/// position lives in memory for the whole of the caller.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The part not written yet. One comparison with its length checks a write.
    rest: &'a mut [u8],
    size: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(buf: &'a mut [u8]) -> Line<'a> {
        Line {
            size: buf.len(),
            rest: buf,
        }
    }

    /// Returns the number of bytes written.
    pub(super) fn len(&self) -> usize {
        self.size - self.rest.len()
    }

    /// Moves past `len` bytes, which must have been written.
    #[inline(always)]
    pub(super) fn advance(&mut self, len: usize) -> Written {
        let rest = std::mem::take(&mut self.rest);
        self.rest = rest.get_mut(len..).ok_or(Full)?;
        Ok(())
    }

    /// Writes a few bytes.
    #[inline(always)]
    pub(super) fn put(&mut self, text: &[u8]) -> Written {
        let rest = std::mem::take(&mut self.rest);
        let (to, rest) = rest.split_at_mut_checked(text.len()).ok_or(Full)?;
        bytes::copy(to, text);
        self.rest = rest;
        Ok(())
    }

    /// Writes bytes whose number is known at compile time.
    #[inline(always)]
    pub(super) fn put_array<const N: usize>(&mut self, text: &[u8; N]) -> Written {
        let rest = std::mem::take(&mut self.rest);
        let (to, rest) = rest.split_first_chunk_mut::<N>().ok_or(Full)?;
        *to = *text;
        self.rest = rest;
        Ok(())
    }

    /// Writes `N` bytes of which only the first `len` count.
    #[inline(always)]
    pub(super) fn put_padded<const N: usize>(&mut self, text: &[u8; N], len: usize) -> Written {
        *self.rest.first_chunk_mut::<N>().ok_or(Full)? = *text;
        self.advance(len.min(N))
    }

    #[inline(always)]
    pub(super) fn put_byte(&mut self, byte: u8) -> Written {
        self.put_array(&[byte])
    }

    /// Returns a `Line` for the part not written yet; `advance` then moves past it.
    #[inline(always)]
    pub(super) fn own(&mut self) -> Line<'_> {
        Line {
            size: self.rest.len(),
            rest: self.rest,
        }
    }

    /// Goes on with a `Line` whose address only `write` sees.
    #[inline(always)]
    pub(super) fn apart(&mut self, write: impl FnOnce(&mut Line<'_>) -> Written) -> Written {
        let mut own = self.own();
        write(&mut own)?;
        let written = own.len();
        self.advance(written)
    }
}
