//! Short copies without a call, a hash of keys, and character boundaries.
//!
//! Keys and values are a few bytes long, and calling `memcpy` for them costs more
//! than the copy. Two overlapping moves of a fixed size cover every length up to
//! 32: the twelve keys and six strings of an auth record take a third of the
//! instructions that `copy_from_slice` takes (callgrind).

/// How many bytes must follow the written part of a buffer, so that a move of a
/// fixed size may write past the end of a short text.
pub(crate) const SLACK: usize = 16;

/// Copies `src` to `dst`, which must be of the same length.
#[inline(always)]
pub(crate) fn copy(dst: &mut [u8], src: &[u8]) {
    match src.len() {
        8..=16 => ends::<8>(dst, src),
        4..=7 => ends::<4>(dst, src),
        17..=32 => ends::<16>(dst, src),
        2..=3 => ends::<2>(dst, src),
        1 => ends::<1>(dst, src),
        len => {
            if let Some(dst) = dst.get_mut(..len) {
                dst.copy_from_slice(src);
            }
        }
    }
}

/// Copies the first and the last `N` bytes, which overlap.
#[inline(always)]
fn ends<const N: usize>(dst: &mut [u8], src: &[u8]) {
    if let (Some(to), Some(from)) = (dst.first_chunk_mut::<N>(), src.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (dst.last_chunk_mut::<N>(), src.last_chunk::<N>()) {
        *to = *from;
    }
}

/// Hashes a short text fast (multiply and rotate, as in FxHash). Keys made to
/// collide cost a longer search, over no more fields than the limit allows.
#[inline]
pub(crate) fn hash(text: &[u8]) -> u32 {
    const K: u64 = 0x517c_c1b7_2722_0a95;
    let mix = |state: u64, word: u64| (state.rotate_left(5) ^ word).wrapping_mul(K);
    let word = |bytes: Option<&[u8; 8]>| u64::from_le_bytes(bytes.copied().unwrap_or_default());
    let half =
        |bytes: Option<&[u8; 4]>| u32::from_le_bytes(bytes.copied().unwrap_or_default()).into();
    let mut state = text.len() as u64;
    match text {
        [] => {}
        [first, .., last] if text.len() < 4 => {
            let middle = text.get(1).copied().unwrap_or_default();
            let three = [*first, middle, *last, 0, 0, 0, 0, 0];
            state = mix(state, u64::from_le_bytes(three));
        }
        [one] => state = mix(state, (*one).into()),
        _ if text.len() < 8 => {
            state = mix(state, half(text.first_chunk()));
            state = mix(state, half(text.last_chunk()));
        }
        _ => {
            for bytes in text.chunks_exact(8) {
                state = mix(state, word(bytes.first_chunk()));
            }
            state = mix(state, word(text.last_chunk()));
        }
    }
    (state >> 32) as u32 ^ state as u32
}

/// Returns whether a character (other than the ASCII controls below DEL, which JSON
/// escapes anyway) ends a line for some reader or acts on a terminal;
/// `encode/escape.rs` finds the same ones among bytes.
#[cfg(feature = "serde")]
pub(crate) fn acts(char: char) -> bool {
    matches!(
        char,
        '\u{7F}'..='\u{9F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// Returns the largest length up to `max` that does not split a character of `text`.
pub(crate) fn char_floor(text: &[u8], max: usize) -> usize {
    if max >= text.len() {
        return text.len();
    }
    let mut end = max;
    while end > 0 && text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_length_is_copied_whole() {
        let src: Vec<u8> = (1..=100).collect();
        for len in 0..=100 {
            let mut dst = [0u8; 120];
            copy(&mut dst[3..3 + len], &src[..len]);
            assert_eq!(&dst[3..3 + len], &src[..len], "length {len}");
            assert!(dst[3 + len..].iter().all(|byte| *byte == 0), "length {len}");
        }
    }

    #[test]
    fn texts_are_cut_at_a_character_boundary() {
        let text = "aé€😀".as_bytes();
        let floors: Vec<usize> = (0..=11).map(|max| char_floor(text, max)).collect();
        assert_eq!(floors, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10]);
    }
}
