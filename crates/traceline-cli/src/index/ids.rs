//! Ids as numbers.

use std::hash::{BuildHasher, RandomState};

use crate::text::Text;

#[inline(always)]
pub(super) fn trace_id(ids: &RandomState, text: Option<Text<'_>>) -> [u64; 2] {
    let Some(text) = text else {
        return [0; 2];
    };
    let halves = text.raw.split_at_checked(text.raw.len().saturating_sub(16));
    match halves.map(|(high, low)| [hex(high), hex(low)]) {
        Some([Some(high), Some(low)]) => [high, low],
        _ => other_trace_id(ids, text),
    }
}

/// `projects/shop/traces/4bf9…` of Google is the id behind it, a UUID the one without hyphens.
/// Everything else is a text.
#[cold]
fn other_trace_id(ids: &RandomState, text: Text<'_>) -> [u64; 2] {
    let raw = text.raw;
    let last = raw.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if raw.starts_with(b"projects/") && last.len() == 32 {
        return trace_id(ids, Some(Text::plain(last)));
    }
    if raw.len() == 36 {
        let digits: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'-').collect();
        if digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit) {
            return trace_id(ids, Some(Text::plain(&digits)));
        }
    }
    [hashed(ids, text, 0), hashed(ids, text, 1)]
}

#[inline(always)]
pub(super) fn span_id(ids: &RandomState, text: Option<Text<'_>>, decimal: bool) -> u64 {
    let Some(text) = text else {
        return 0;
    };
    let number = match decimal {
        true => decimal_number(text.raw),
        false => hex(text.raw),
    };
    number.unwrap_or_else(|| hashed(ids, text, 2))
}

fn decimal_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Randomly keyed, so that nobody can craft two ids that collide.
#[cold]
fn hashed(ids: &RandomState, text: Text<'_>, number: u8) -> u64 {
    ids.hash_one((number, &*text.decode())) | 1
}

/// Up to sixteen hex digits.
#[inline(always)]
fn hex(text: &[u8]) -> Option<u64> {
    if text.len() > 16 {
        return None;
    }
    let mut value = 0;
    let mut bad = 0;
    for byte in text {
        let digit = DIGITS[usize::from(*byte)];
        bad |= digit;
        value = value << 4 | u64::from(digit & 15);
    }
    (bad < 16).then_some(value)
}

/// The value of each hex digit, 255 for all other bytes.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
