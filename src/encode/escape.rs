//! Escaping inside quotes, the same for logfmt and JSON (a quoted logfmt value
//! is a JSON string literal).
//!
//! Text is copied and checked 16 bytes at a time, in one pass. The check is a
//! lane-wise comparison that the compiler turns into SSE2 or NEON; the first
//! byte that needs care stops the copy there.

use crate::base::bytes::SLACK;
use crate::encode::line::{Full, Line, Written};

/// Where a text stands, as far as escaping is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside quotes.
    Quoted,
    /// Inside the one string that holds all fragments in logfmt, where `; [`
    /// separates them and so is written `;[` in a text.
    Fragment,
}

/// Returns 16 bytes of a text from `at` on. An arena always has them, even at its
/// end; other texts may not, and are then read byte by byte.
#[inline(always)]
fn load(source: &[u8], at: usize) -> Option<&[u8; SLACK]> {
    source.get(at..)?.first_chunk::<SLACK>()
}

/// Marks each byte for which `is` returns `true`: all of its eight bits are set.
///
/// `is` must be written with `|`, not `||`: with a single branch in it the compiler
/// gives up on vectors (19 instructions for 16 bytes become 280).
#[inline(always)]
fn lanes(chunk: &[u8; SLACK], is: impl Fn(u8) -> bool) -> u128 {
    let mut lanes = [0u8; SLACK];
    for (lane, byte) in lanes.iter_mut().zip(chunk) {
        *lane = if is(*byte) { 0xFF } else { 0 };
    }
    u128::from_le_bytes(lanes)
}

/// Returns the index of the first marked byte.
#[inline(always)]
fn first(lanes: u128) -> usize {
    lanes.trailing_zeros() as usize / 8
}

/// Returns whether a byte cannot be copied blindly: controls, quote, backslash,
/// DEL, and every byte of a character beyond ASCII.
#[inline(always)]
fn needs_care(byte: u8) -> bool {
    (byte.wrapping_sub(0x20) >= 0x5F) | (byte == b'"') | (byte == b'\\')
}

/// Writes `source[start..end]`, which is UTF-8, as the inside of a string literal.
#[inline(always)]
pub(super) fn text(
    line: &mut Line<'_>,
    place: Place,
    source: &[u8],
    start: usize,
    end: usize,
) -> Written {
    let mut at = start;
    loop {
        let left = end.saturating_sub(at);
        let Some(chunk) = load(source, at) else {
            return line.apart(|line| careful(line, place, source, at, end));
        };
        let care = lanes(chunk, |byte| {
            needs_care(byte) | ((byte == b';') & (place == Place::Fragment))
        });
        // Bytes after the text may be marked too.
        if care != 0 && first(care) < left {
            let clean = first(care);
            line.put_padded(chunk, clean)?;
            return line.apart(|line| careful(line, place, source, at + clean, end));
        }
        line.put_padded(chunk, left)?;
        if left <= SLACK {
            return Ok(());
        }
        at += SLACK;
    }
}

/// Writes the rest of a text in which something needs care.
#[inline(never)]
fn careful(line: &mut Line<'_>, place: Place, source: &[u8], start: usize, end: usize) -> Written {
    let mut rest = source.get(start..end).unwrap_or_default();
    loop {
        let run = clean_run(place, rest);
        line.put(rest.get(..run).unwrap_or_default())?;
        rest = rest.get(run..).unwrap_or_default();
        let skip = match rest {
            [] => return Ok(()),
            [b'"', ..] => put_as(line, br#"\""#, 1)?,
            [b'\\', ..] => put_as(line, br"\\", 1)?,
            [b'\n', ..] => put_as(line, br"\n", 1)?,
            [b'\r', ..] => put_as(line, br"\r", 1)?,
            [b'\t', ..] => put_as(line, br"\t", 1)?,
            [b';', b' ', b'[', ..] if place == Place::Fragment => put_as(line, b";[", 3)?,
            [byte @ (0..=0x1F | 0x7F), ..] => put_u(line, u32::from(*byte), 1)?,
            // U+0080–U+009F
            [0xC2, low @ 0x80..=0x9F, ..] => put_u(line, u32::from(*low), 2)?,
            // U+2028–U+202E
            [0xE2, 0x80, low @ 0xA8..=0xAE, ..] => put_u(line, 0x2000 | u32::from(low & 0x3F), 3)?,
            // U+2066–U+2069
            [0xE2, 0x81, low @ 0xA6..=0xA9, ..] => put_u(line, 0x2040 | u32::from(low & 0x3F), 3)?,
            [0xEF, 0xBB, 0xBF, ..] => put_u(line, 0xFEFF, 3)?,
            [byte, ..] => {
                line.put_byte(*byte)?;
                1
            }
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
}

/// Returns how many bytes from the start are copied as they are.
fn clean_run(place: Place, text: &[u8]) -> usize {
    let special = |byte: u8| {
        (byte < 0x20)
            | (byte == b'"')
            | (byte == b'\\')
            | (byte == 0x7F)
            | (byte == 0xC2)
            | (byte == 0xE2)
            | (byte == 0xEF)
            | ((place == Place::Fragment) & (byte == b';'))
    };
    // Escapes often stand next to each other.
    if text.first().is_some_and(|byte| special(*byte)) {
        return 0;
    }
    let (chunks, rest) = text.as_chunks::<SLACK>();
    for (n, chunk) in chunks.iter().enumerate() {
        let found = lanes(chunk, special);
        if found != 0 {
            return n * SLACK + first(found);
        }
    }
    let tail = rest.iter().position(|byte| special(*byte));
    text.len() - rest.len() + tail.unwrap_or(rest.len())
}

fn put_as(line: &mut Line<'_>, escape: &[u8; 2], instead_of: usize) -> Result<usize, Full> {
    line.put_array(escape)?;
    Ok(instead_of)
}

/// Writes `\u` and four lower-case hex digits.
fn put_u(line: &mut Line<'_>, char: u32, instead_of: usize) -> Result<usize, Full> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut escape = *b"\\u0000";
    for (digit, shift) in escape.iter_mut().skip(2).zip([12, 8, 4, 0]) {
        *digit = HEX[(char >> shift) as usize & 15];
    }
    line.put_array(&escape)?;
    Ok(instead_of)
}

/// Writes the last backslash of a logfmt value, which some readers would take for an
/// escape of the closing quote.
pub(super) fn last_backslash(line: &mut Line<'_>) -> Written {
    line.put_array(br"\u005c")
}

/// Returns whether a byte may be part of a logfmt value without quotes: `-./0-9:`,
/// `@A-Z`, `a-z` and `_%+~`.
#[inline(always)]
fn is_bare(byte: u8) -> bool {
    (byte.wrapping_sub(b'-') < 14)
        | (byte.wrapping_sub(b'@') < 27)
        | (byte.wrapping_sub(b'a') < 26)
        | (byte == b'_')
        | (byte == b'%')
        | (byte == b'+')
        | (byte == b'~')
}

/// Writes a text if it needs no quotes in logfmt, and returns whether it did.
#[inline(always)]
pub(super) fn bare(
    line: &mut Line<'_>,
    source: &[u8],
    start: usize,
    end: usize,
) -> Result<bool, Full> {
    let Some(head) = load(source, start) else {
        return bare_bytes(line, source.get(start..end).unwrap_or_default());
    };
    let mut own = line.own();
    let mut at = start;
    loop {
        let left = end.saturating_sub(at);
        let Some(chunk) = load(source, at) else {
            return Ok(false);
        };
        if !is_clear(lanes(chunk, |byte| !is_bare(byte)), left) {
            return Ok(false);
        }
        own.put_padded(chunk, left)?;
        if left <= SLACK {
            break;
        }
        at += SLACK;
    }
    let len = end.saturating_sub(start);
    if len == 0
        || may_look_alike(head, len) && looks_alike(source.get(start..end).unwrap_or_default())
    {
        return Ok(false);
    }
    line.advance(len)?;
    Ok(true)
}

/// The same for a short text that is not in an arena.
#[inline(never)]
fn bare_bytes(line: &mut Line<'_>, text: &[u8]) -> Result<bool, Full> {
    let is_bare = text.iter().all(|byte| is_bare(*byte)) && !text.is_empty() && !looks_alike(text);
    if is_bare {
        line.put(text)?;
    }
    Ok(is_bare)
}

/// Returns whether none of the first `len` bytes is marked.
#[inline(always)]
fn is_clear(lanes: u128, len: usize) -> bool {
    (lanes == 0) | (first(lanes) >= len)
}

/// Returns whether a text of bare characters could be a lookalike, a string that
/// would be read as a number, a truth value or nothing: a cheap check that spares
/// most texts the exact one.
///
/// It does not branch on the first character: whether an id begins with a digit or
/// a letter is chance, and each wrong guess of the processor costs more than both
/// checks.
#[inline(always)]
fn may_look_alike(chunk: &[u8; SLACK], len: usize) -> bool {
    let [head, ..] = *chunk;
    let begins_word = matches!(head | 0x20, b't' | b'f' | b'n' | b'i') & (len <= 8);
    begins_word | matches!(head, b'+' | b'-') | may_be_number(chunk, len)
}

/// Returns whether a text of bare characters could be a number.
///
/// A number has at most one letter, its `e`, and one dot, while words have more
/// letters, and addresses and versions more dots. Both are counted without a loop:
/// each character is a byte of one 128-bit number, and `x & (x - 1)`, which clears
/// the lowest set bit, is not zero if there were two. Adjacent dots pass as one run;
/// the exact check refuses them. Only the first 16 bytes are looked at.
#[inline(always)]
fn may_be_number(chunk: &[u8; SLACK], len: usize) -> bool {
    let text = u128::MAX.unbounded_shr(128_u32.saturating_sub(8 * len.min(SLACK) as u32));
    // Among bare characters, only letters, `@`, `_` and `~` have this bit.
    let letters = u128::from_le_bytes(*chunk) & text & u128::from_le_bytes([0x40; SLACK]);
    if letters & letters.wrapping_sub(1) != 0 {
        return false;
    }
    let dots = lanes(chunk, |byte| byte == b'.') & text;
    // Adding its lowest bit clears the first run of marked bytes.
    dots & dots.wrapping_add(dots & dots.wrapping_neg()) == 0
}

/// Returns whether a text is one of the words, in any case.
fn is_word(chunk: &[u8; SLACK], len: usize) -> bool {
    let word = u64::from_le_bytes(chunk.first_chunk().copied().unwrap_or_default());
    let unused = 64_u32.saturating_sub(8 * len.min(8) as u32);
    // In lower case, and padded with spaces.
    let word = word.unbounded_shl(unused).unbounded_shr(unused) | 0x2020_2020_2020_2020;
    let is = |text: &[u8; 8]| word == u64::from_le_bytes(*text);
    (len <= 8)
        & (is(b"true    ")
            | is(b"false   ")
            | is(b"null    ")
            | is(b"nil     ")
            | is(b"none    ")
            | is(b"nan     ")
            | is(b"inf     ")
            | is(b"infinity"))
}

/// Returns whether a string would be read as a number, a truth value or nothing
/// (null).
///
/// It would if it is `[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`, or one of
/// a few words in any case with an optional sign.
#[inline(never)]
fn looks_alike(text: &[u8]) -> bool {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    let mut chunk = [0; SLACK];
    for (to, from) in chunk.iter_mut().zip(unsigned) {
        *to = *from;
    }
    is_word(&chunk, unsigned.len()) || is_number(unsigned)
}

fn is_number(text: &[u8]) -> bool {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (0, rest),
    };
    let exponent_is_fine = match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            let (count, rest) = digits(rest);
            count > 0 && rest.is_empty()
        }
        _ => false,
    };
    whole + fraction > 0 && exponent_is_fine
}

fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}
