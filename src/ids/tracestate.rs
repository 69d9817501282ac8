//! The header `tracestate`: a list that is checked and passed on.
//!
//! The list of a request is parsed into memory on the stack, because most lists are
//! passed on unread.

use std::fmt;

use smallvec::SmallVec;

use crate::ids::error::{Fault, HeaderPart, IdError};

/// The header `tracestate`, in which other tracing systems keep their state.
///
/// A unit passes it on without empty members and blanks around members; a disabled
/// trace passes it on byte for byte.
///
/// # Examples
///
/// ```
/// use traceline::ids::TraceState;
///
/// // Several headers are one list.
/// let state = TraceState::parse(["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"])?;
/// assert_eq!(state.as_str(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceState(String);

/// How many members a list may have; a longer one is refused.
const MAX_MEMBERS: usize = 32;

/// How many bytes of a list are passed on; of a longer one, members are dropped.
const MAX_STATE: usize = 512;

/// Members longer than this are the first to be dropped.
const LONG_MEMBER: usize = 128;

impl TraceState {
    /// Parses the values of all `tracestate` headers of a request, in their order.
    ///
    /// A list of more than 512 bytes loses its members of more than 128 bytes, then
    /// the last ones, as the specification advises.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceState;
    ///
    /// let state = TraceState::parse(["rojo=1, congo=2", "es=3"])?;
    /// assert_eq!(state.as_str(), "rojo=1,congo=2,es=3");
    /// assert!(TraceState::parse(["no member"]).is_err());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a member is not `key=value` in the characters that level 2 allows, or if
    /// there are more than 32 members. The whole list must not be used then.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Result<TraceState, IdError> {
        let mut text = StateText::new();
        list(headers.into_iter().map(str::as_bytes), &mut text)?;
        Ok(TraceState::from_list(&text))
    }

    /// Joins the values of all headers as they came, for a service that only passes them
    /// on: the specification wants the list untouched then, malformed members and all.
    /// Bytes that no header may hold make it empty.
    pub(crate) fn untouched<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> TraceState {
        let mut text = Vec::new();
        let headers = headers.into_iter().map(trimmed);
        for header in headers.filter(|header| !header.is_empty()) {
            if !text.is_empty() {
                text.push(b',');
            }
            text.extend_from_slice(header);
        }
        let text = Some(text).filter(|text| is_printable(text));
        TraceState(String::from_utf8(text.unwrap_or_default()).unwrap_or_default())
    }

    /// Makes a state from a list that was parsed.
    pub(crate) fn from_list(list: &[u8]) -> TraceState {
        TraceState(String::from_utf8_lossy(list).into_owned())
    }

    /// Returns the list, for the header of an outgoing call.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceState;
    ///
    /// let state = TraceState::parse(["rojo=1"])?;
    /// assert_eq!(state.as_str(), "rojo=1");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the list is empty, so that there is nothing to pass on.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::ids::TraceState;
    ///
    /// assert!(TraceState::default().is_empty());
    /// assert!(!TraceState::parse(["rojo=1"])?.is_empty());
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a list, without an allocation.
pub(crate) type StateText = SmallVec<[u8; MAX_STATE]>;

/// Writes the list that is passed on, as [`TraceState::parse`] describes it. It is
/// not returned, because 512 bytes take a while to move.
pub(crate) fn list<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
    list: &mut StateText,
) -> Result<(), IdError> {
    let mut members = Members::new();
    for header in headers {
        split(header, &mut members).ok_or(IdError::new(HeaderPart::TraceState, Fault::Form))?;
    }
    if members.len() > MAX_MEMBERS {
        let fault = Fault::Length(members.len());
        return Err(IdError::new(HeaderPart::TraceState, fault));
    }
    let bytes = |members: &[&[u8]]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    if bytes(&members) > MAX_STATE + 1 {
        members.retain(|member| member.len() <= LONG_MEMBER);
    }
    while bytes(&members) > MAX_STATE + 1 {
        members.pop();
    }
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            list.push(b',');
        }
        list.extend_from_slice(member);
    }
    Ok(())
}

type Members<'a> = SmallVec<[&'a [u8]; MAX_MEMBERS]>;

/// Adds the members of one header; returns `None` if one is malformed. Empty
/// members are allowed and dropped.
fn split<'a>(header: &'a [u8], members: &mut Members<'a>) -> Option<()> {
    let mut rest = header;
    loop {
        rest = without_blanks(rest);
        if !matches!(rest, [] | [b',', ..]) {
            let member;
            (member, rest) = first_member(rest)?;
            members.push(member);
            rest = without_blanks(rest);
        }
        match rest {
            [] => return Some(()),
            [b',', behind @ ..] => rest = behind,
            _ => return None,
        }
    }
}

/// Returns whether these are ASCII characters that a header may hold.
pub(super) fn is_printable(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// Returns the text without the blanks around it, which are no part of a header.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    trimmed_end(without_blanks(text))
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Splits off the first member, `key=value` of section 3.3.1 of level 2, and returns
/// it with the rest.
fn first_member(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let key = text.iter().position(|byte| !in_key(*byte))?;
    let [b'=', rest @ ..] = text.get(key..)? else {
        return None;
    };
    let value = rest.iter().position(|byte| !in_value(*byte));
    let value = rest.get(..value.unwrap_or(rest.len()))?;
    // Spaces at the end surround the member and do not belong to the value.
    let value = trimmed_end(value).len();
    let fits = |len| (1..=256).contains(&len);
    let starts = starts_key(*text.first()?);
    let member = text.split_at_checked(key + 1 + value)?;
    (starts && fits(key) && fits(value)).then_some(member)
}

fn starts_key(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn in_key(byte: u8) -> bool {
    starts_key(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
}

fn in_value(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=')
}
