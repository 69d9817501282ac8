//! The faults that an error may name in an invalid id.

use crate::w3c;

/// Every fault that an invalid id has.
pub(crate) fn of_id(text: &[u8], what: &str, len: usize) -> Vec<String> {
    let mut all = digits(text, what);
    if text.len() != len {
        all.push(format!(
            "{what}: expected {len} characters, got {}",
            text.len()
        ));
    }
    if text.iter().all(|byte| *byte == b'0') {
        all.push(format!("{what}: expected a non-zero id, got only zeros"));
    }
    all
}

/// The faults of its digits alone.
pub(crate) fn digits(text: &[u8], what: &str) -> Vec<String> {
    let others = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !w3c::is_hex(&[**byte], 1));
    others
        .map(|(at, got)| {
            let got = got.escape_ascii();
            format!("{what}: expected a lower-case hex digit at {at}, got '{got}'")
        })
        .collect()
}
