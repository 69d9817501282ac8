//! The path of a request.

use crate::text::Text;

/// The path of a URL: not its host, and not what the request asked for.
pub(super) fn without_query(url: Text<'_>) -> Text<'_> {
    let mut raw = url.raw;
    if let Some(at) = memchr::memmem::find(raw, b"://") {
        let host = raw.get(at + 3..).unwrap_or_default();
        let path = memchr::memchr(b'/', host).and_then(|at| host.get(at..));
        raw = path.unwrap_or(b"/");
    }
    let end = memchr::memchr2(b'?', b'#', raw).filter(|at| *at > 0);
    let raw = raw.get(..end.unwrap_or(raw.len())).unwrap_or(raw);
    Text { raw, ..url }
}
