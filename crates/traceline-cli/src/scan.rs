//! Searches for delimiters, eight bytes at a time.
//!
//! Most keys and values are shorter than 16 bytes, where a call of `memchr2` costs more than it
//! saves. The longer ones are left to it.

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// How far to look eight bytes at a time.
const NEAR: usize = 32;

/// The first quote or backslash.
#[inline(always)]
pub(crate) fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < from + NEAR {
        let Some(found) = word(bytes, at, |word| zeros(word, b'"') | zeros(word, b'\\')) else {
            return tail(bytes, at, |byte| byte == b'"' || byte == b'\\');
        };
        if found < 8 {
            return Some(at + found);
        }
        at += 8;
    }
    Some(at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?)
}

/// The first blank, or the end.
#[inline(always)]
pub(crate) fn blank_or_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = word(bytes, at, |word| zeros(word, b' ')) {
        if found < 8 {
            return at + found;
        }
        at += 8;
    }
    tail(bytes, at, |byte| byte == b' ').unwrap_or(bytes.len())
}

/// The first equals sign or blank.
#[inline(always)]
pub(crate) fn equals_or_blank(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = word(bytes, at, |word| zeros(word, b'=') | zeros(word, b' ')) {
        if found < 8 {
            return Some(at + found);
        }
        at += 8;
    }
    tail(bytes, at, |byte| byte == b'=' || byte == b' ')
}

/// The offset of the first marked byte of the eight at `at`, or 8; `None` if fewer are left.
#[inline(always)]
fn word(bytes: &[u8], at: usize, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let word = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(marks(u64::from_le_bytes(word)).trailing_zeros() as usize / 8)
}

/// Marks each byte equal to `byte` with its high bit; only the lowest mark is always right.
#[inline(always)]
fn zeros(word: u64, byte: u8) -> u64 {
    let word = word ^ (ONES * u64::from(byte));
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[inline(always)]
fn tail(bytes: &[u8], from: usize, is_end: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(from + rest.iter().position(|byte| is_end(*byte))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_bytes_is_found_wherever_it_stands() {
        for len in 0..80 {
            for at in 0..len {
                for (byte, other) in [(b'"', b'\\'), (b'\\', b'"')] {
                    let mut bytes = vec![b'!'; len];
                    bytes[at] = byte;
                    bytes[len - 1] = other;
                    let first = at.min(len - 1);
                    assert_eq!(quote_or_backslash(&bytes, 0), Some(first));
                    assert_eq!(
                        quote_or_backslash(&bytes, at + 1),
                        (at + 1 < len).then_some(len - 1)
                    );
                }
                let mut bytes = vec![0xff; len];
                bytes[at] = b' ';
                assert_eq!(blank_or_end(&bytes, 0), at);
                assert_eq!(blank_or_end(&bytes, at + 1), len);
                assert_eq!(equals_or_blank(&bytes, 0), Some(at));
                bytes[at] = b'=';
                assert_eq!(equals_or_blank(&bytes, 0), Some(at));
                assert_eq!(blank_or_end(&bytes, 0), len);
            }
        }
        assert_eq!(quote_or_backslash(b"", 0), None);
        assert_eq!(quote_or_backslash(b"abc", 9), None);
    }
}
