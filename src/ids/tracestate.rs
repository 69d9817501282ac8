//! The header `tracestate`: a list that is checked and passed on.

use std::fmt;

use smallvec::SmallVec;

use crate::ids::error::{Fault, Field, IdError};

/// What other tracing systems say along the way: the header `tracestate`, which
/// is passed on as it came.
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

/// Members of a list, and bytes of it, that are passed on.
const MAX_MEMBERS: usize = 32;

const MAX_STATE: usize = 512;

/// Longer members are the first to go.
const LONG_MEMBER: usize = 128;

impl TraceState {
    /// Parses the values of all headers of this name, in their order.
    ///
    /// A list of more than 512 bytes loses its members of more than 128, then
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
    /// If a member is not `key=value` in the characters of level 2, or if there
    /// are more than 32: the whole list is not to be used then.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Result<TraceState, IdError> {
        let mut text = List::new();
        list(headers.into_iter().map(str::as_bytes), &mut text)?;
        Ok(TraceState::from_list(&text))
    }

    /// One of a list that was parsed.
    pub(crate) fn from_list(list: &[u8]) -> TraceState {
        TraceState(String::from_utf8_lossy(list).into_owned())
    }

    /// Returns the list, for the header of an outgoing call; empty if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = traceline::ids::TraceState::parse(["rojo=1"])?;
    /// assert_eq!(state.as_str(), "rojo=1");
    /// # Ok::<(), traceline::ids::IdError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether there is nothing to pass on.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(traceline::ids::TraceState::default().is_empty());
    /// assert!(!traceline::ids::TraceState::parse(["rojo=1"])?.is_empty());
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

/// The text of a list, which needs no allocation.
pub(crate) type List = SmallVec<[u8; MAX_STATE]>;

/// Writes what is to be passed on of all headers of the name; see
/// [`TraceState::parse`]. Not returned, as 512 bytes take a while to move.
pub(crate) fn list<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
    list: &mut List,
) -> Result<(), IdError> {
    let mut members = Members::new();
    for header in headers {
        split(header, &mut members).ok_or(IdError::new(Field::TraceState, Fault::Forbidden))?;
    }
    if members.len() > MAX_MEMBERS {
        return Err(IdError::new(
            Field::TraceState,
            Fault::Length(members.len()),
        ));
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

/// Adds the members of one header; `None` if it has a bad one. Empty ones are
/// allowed, and dropped.
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

pub(super) fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

pub(super) fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// `key=value`, section 3.3.1 of level 2, and what stands behind it.
fn first_member(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_not = |class| move |byte: &u8| !is(*byte, class);
    let key = text.iter().position(is_not(IN_KEY))?;
    let [b'=', rest @ ..] = text.get(key..)? else {
        return None;
    };
    let value = rest.iter().position(is_not(IN_VALUE));
    let value = rest.get(..value.unwrap_or(rest.len()))?;
    // A value does not end in blanks: they are those around the member.
    let value = trimmed_end(value).len();
    let fits = |len| (1..=256).contains(&len);
    let starts = is(*text.first()?, STARTS_KEY);
    let member = text.split_at_checked(key + 1 + value)?;
    (starts && fits(key) && fits(value)).then_some(member)
}

const STARTS_KEY: u8 = 1;

const IN_KEY: u8 = 2;

const IN_VALUE: u8 = 4;

/// What a byte may be in a member.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut n = 0;
    while n < 128 {
        let byte = n as u8;
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            classes[n] |= STARTS_KEY | IN_KEY;
        }
        if matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@') {
            classes[n] |= IN_KEY;
        }
        if matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=') {
            classes[n] |= IN_VALUE;
        }
        n += 1;
    }
    classes
};

#[inline(always)]
fn is(byte: u8, class: u8) -> bool {
    CLASSES
        .get(usize::from(byte))
        .is_some_and(|of| of & class != 0)
}
