//! Lines without source line numbers, for tests that are about something
//! else: `[12, 0.5ms, warn] text` becomes `[0.5ms, warn] text`.

/// Removes the place from every tag of a logfmt line.
pub fn untagged(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, tag)) = rest.split_once('[') {
        out.push_str(before);
        out.push('[');
        let end = tag.find(']').unwrap_or(tag.len());
        let place = tag[..end].split_once(", ").map(|(place, _)| place);
        rest = match place {
            Some(place) if tag[..end].contains("ms") => &tag[place.len() + 2..],
            _ => tag,
        };
    }
    out + rest
}
