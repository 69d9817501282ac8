//! The buffer that a record is written into.
//!
//! A fixed slice and a position, not a growing `Vec`: the position stays in a
//! register, and where a `Vec` would ask at every push whether to grow, one
//! check also serves the record's limit. A record that does not fit is encoded
//! again into more room, or with less in it (`fit.rs`).

use crate::base::bytes;

/// The record does not fit into the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

pub(crate) type Written = Result<(), Full>;

/// A line that is being written.
///
/// CORRECTNESS of its speed: code that is kept out of line gets a `Line` of its
/// own, by [`apart`](Line::apart). One function that takes the address of a
/// `Line`, and its position lives in memory for the whole of the caller.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// What is not written yet. One comparison with its length checks a write.
    rest: &'a mut [u8],
    size: usize,
}

impl<'a> Line<'a> {
    pub(crate) fn new(buf: &'a mut [u8]) -> Line<'a> {
        Line {
            size: buf.len(),
            rest: buf,
        }
    }

    /// Bytes written.
    pub(crate) fn len(&self) -> usize {
        self.size - self.rest.len()
    }

    /// Leaves `len` bytes behind, which must have been written.
    #[inline(always)]
    pub(crate) fn advance(&mut self, len: usize) -> Written {
        let rest = std::mem::take(&mut self.rest);
        self.rest = rest.get_mut(len..).ok_or(Full)?;
        Ok(())
    }

    /// Writes a few bytes.
    #[inline(always)]
    pub(crate) fn put(&mut self, text: &[u8]) -> Written {
        let rest = std::mem::take(&mut self.rest);
        let (to, rest) = rest.split_at_mut_checked(text.len()).ok_or(Full)?;
        bytes::copy(to, text);
        self.rest = rest;
        Ok(())
    }

    /// Writes bytes whose number is known at compile time.
    #[inline(always)]
    pub(crate) fn put_array<const N: usize>(&mut self, text: &[u8; N]) -> Written {
        let rest = std::mem::take(&mut self.rest);
        let (to, rest) = rest.split_first_chunk_mut::<N>().ok_or(Full)?;
        *to = *text;
        self.rest = rest;
        Ok(())
    }

    /// Writes `N` bytes of which only the first `len` count.
    #[inline(always)]
    pub(crate) fn put_padded<const N: usize>(&mut self, text: &[u8; N], len: usize) -> Written {
        *self.rest.first_chunk_mut::<N>().ok_or(Full)? = *text;
        self.advance(len.min(N))
    }

    #[inline(always)]
    pub(crate) fn put_byte(&mut self, byte: u8) -> Written {
        self.put_array(&[byte])
    }

    /// A `Line` for what is not written yet; `advance` says how much of it was.
    #[inline(always)]
    pub(crate) fn own(&mut self) -> Line<'_> {
        Line {
            size: self.rest.len(),
            rest: self.rest,
        }
    }

    /// Goes on with a `Line` whose address is nobody's but `write`'s.
    #[inline(always)]
    pub(crate) fn apart(&mut self, write: impl FnOnce(&mut Line<'_>) -> Written) -> Written {
        let mut own = self.own();
        write(&mut own)?;
        let written = own.len();
        self.advance(written)
    }
}
