//! Where in a line the record begins, behind the prefix of a logger.

use crate::fields;
use crate::names::{Names, Role};

/// How long the prefix of a logger may be.
pub(super) const LONGEST_PREFIX: usize = 512;

/// The start of a record in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    /// Its offset.
    pub(super) at: usize,
    /// Whether it begins as records do, so that a fault in it is worth telling.
    pub(super) sure: bool,
}

/// Finds the possible start of a record: an object, or the first pair from which on there are
/// only pairs.
#[inline(always)]
pub(super) fn find(line: &[u8], names: &Names) -> Option<Body> {
    match line.first() {
        Some(b'{') => Some(Body { at: 0, sure: true }),
        // A time and a line, as Loki answers.
        Some(b'[') if line.starts_with(b"[\"") && line.ends_with(b"]") => None,
        _ if is_first_pair(line, names) => Some(Body { at: 0, sure: true }),
        _ => behind_prefix(line, names),
    }
}

fn behind_prefix(line: &[u8], names: &Names) -> Option<Body> {
    let near = line.get(..LONGEST_PREFIX).unwrap_or(line);
    // Most lines of other kinds are told by this alone.
    memchr::memchr2(b'=', b'{', near)?;
    let (mut before, mut pair) = (b' ', None);
    // Looked at only once, however many pairs there are.
    let mut all_pairs = None;
    for (at, byte) in near.iter().enumerate() {
        let rest = line.get(at..).unwrap_or_default();
        if *byte == b'{' && rest.starts_with(b"{\"") {
            let sure = pair.is_none();
            return Some(Body { at, sure });
        }
        if before == b' ' && !matches!(byte, b' ' | b'[') {
            if is_first_pair(rest, names)
                && (pair.is_none() || !*all_pairs.get_or_insert_with(|| is_all_pairs(line, pair)))
            {
                return Some(Body { at, sure: true });
            }
            if pair.is_none() && is_pair(rest) {
                pair = Some(at);
            }
        }
        before = *byte;
    }
    pair.map(|at| Body { at, sure: false })
}

fn is_all_pairs(line: &[u8], from: Option<usize>) -> bool {
    let rest = from.and_then(|at| line.get(at..)).unwrap_or_default();
    fields::logfmt(rest, |_| ()).is_ok()
}

/// Whether a text begins with a pair with which records begin: a time, a level or a message.
#[inline(always)]
fn is_first_pair(text: &[u8], names: &Names) -> bool {
    // Longer keys at the start are found as pairs like any other.
    let end = text.iter().take(24).position(|byte| *byte == b'=');
    let role = |end| names.role(text.get(..end).unwrap_or_default());
    end.is_some_and(|end| matches!(role(end), Role::Time | Role::Level | Role::Message))
}

/// Whether a text begins with a key and an equals sign.
fn is_pair(text: &[u8]) -> bool {
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-/@".contains(byte);
    let len = text.iter().take_while(is_key).count();
    let starts_well = text.first().is_some_and(|byte| !byte.is_ascii_digit());
    len > 0 && starts_well && text.get(len) == Some(&b'=')
}
