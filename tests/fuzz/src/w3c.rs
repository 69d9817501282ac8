//! A slow reader of W3C Trace Context level 2 (<https://www.w3.org/TR/trace-context-2/>).

/// The contents of a `traceparent`, with the ids as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) sampled: bool,
    pub(crate) random: bool,
}

impl Parent {
    /// The header with the same contents in today's version.
    pub(crate) fn header(&self) -> String {
        let flags = u8::from(self.sampled) + 2 * u8::from(self.random);
        format!("00-{}-{}-0{flags}", self.trace, self.span)
    }
}

/// The given number of lower-case hex digits (section 3.2.2.1: `HEXDIGLC`).
pub(crate) fn is_hex(text: &[u8], len: usize) -> bool {
    text.len() == len && text.iter().all(|byte| b"0123456789abcdef".contains(byte))
}

/// An id: hex digits, and not all zero (sections 3.2.2.3 and 3.2.2.4).
pub(crate) fn id(text: &[u8], len: usize) -> Option<String> {
    let is_id = is_hex(text, len) && text.iter().any(|byte| *byte != b'0');
    is_id.then(|| String::from_utf8_lossy(text).into_owned())
}

/// Without the blanks around it (RFC 9110, section 5.5: `OWS`).
pub(crate) fn trimmed(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let Some(first) = text.iter().position(|byte| !is_blank(byte)) else {
        return b"";
    };
    let last = text.iter().rposition(|byte| !is_blank(byte));
    &text[first..=last.expect("there is a first one")]
}

/// Section 3.2, and 4.3 for unknown later versions.
pub(crate) fn parent(header: &[u8]) -> Option<Parent> {
    let fields: Vec<&[u8]> = trimmed(header).split(|byte| *byte == b'-').collect();
    let [version, trace, span, flags, more @ ..] = fields.as_slice() else {
        return None;
    };
    let is_version = is_hex(version, 2) && *version != b"ff";
    let may_be_longer = *version != b"00";
    if !is_version || !is_hex(flags, 2) || (!more.is_empty() && !may_be_longer) {
        return None;
    }
    let last = flags[1];
    let last = b"0123456789abcdef"
        .iter()
        .position(|digit| *digit == last)?;
    Some(Parent {
        trace: id(trace, 32)?,
        span: id(span, 16)?,
        sampled: last & 1 == 1,
        random: last & 2 == 2,
    })
}

/// The header as a service passes it on that does not change it (section 4.3). The crate keeps
/// 37 printable characters behind the flags; with more, it writes today's version.
pub(crate) fn untouched(header: &[u8]) -> Option<String> {
    let parent = parent(header)?;
    let text = trimmed(header);
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\t';
    Some(match text.len() <= 92 && text.iter().all(is_printable) {
        true => String::from_utf8_lossy(text).into_owned(),
        false => parent.header(),
    })
}

/// The lists of all headers, joined as they came; nothing if a header cannot hold them.
pub(crate) fn untouched_state(headers: &[&[u8]]) -> Option<String> {
    let headers = headers.iter().map(|header| trimmed(header));
    let all = headers
        .filter(|header| !header.is_empty())
        .collect::<Vec<_>>();
    let all = all.join(&b',');
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\t';
    let fits = !all.is_empty() && all.iter().all(is_printable);
    fits.then(|| String::from_utf8_lossy(&all).into_owned())
}

/// Section 3.3.1.3: the value to pass on, from all headers of the name.
pub(crate) fn state(headers: &[&[u8]]) -> Option<String> {
    let all = headers
        .iter()
        .flat_map(|header| header.split(|byte| *byte == b','));
    let members = all.map(trimmed).filter(|member| !member.is_empty());
    let mut members = members.map(member).collect::<Option<Vec<String>>>()?;
    if members.len() > 32 {
        return None;
    }
    if members.join(",").len() > 512 {
        members.retain(|member| member.len() <= 128);
    }
    while members.join(",").len() > 512 {
        members.pop();
    }
    Some(members.join(","))
}

/// `key=value` (sections 3.3.1.3.1 and 3.3.1.3.2), without blanks around it.
fn member(text: &[u8]) -> Option<String> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&text[..at], &text[at + 1..]);
    let starts = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_key = |byte: &u8| starts(*byte) || b"_-*/@".contains(byte);
    let is_value = |byte: &u8| (0x20..=0x7e).contains(byte) && !b",=".contains(byte);
    let key_holds = (1..=256).contains(&key.len()) && starts(key[0]) && key.iter().all(is_key);
    let value_holds = (1..=256).contains(&value.len()) && value.iter().all(is_value);
    (key_holds && value_holds).then(|| String::from_utf8_lossy(text).into_owned())
}
