//! Records that are cut, read back by a third-party logfmt reader.

use traceline::Config;

use crate::util::record;

/// The smallest record limit that can be set.
const LEAST: usize = 512;

#[test]
fn a_cut_logfmt_value_cannot_end_in_a_bare_escape_or_a_lookalike() {
    for text in [r"\", "\"", "1", "\u{1b}", "é"] {
        let line = record(Config::builder().max_record(LEAST), |trace| {
            trace.set("k", text.repeat(1_000)).set("after", "x");
        });
        assert!(
            line.len() <= LEAST && line.ends_with(" after=x truncated=1"),
            "{line}"
        );
        let pairs = tpt_logfmt_parse::parse_to_pairs(&line).expect("logfmt");
        let (_, value) = pairs.iter().find(|(key, _)| key == "k").expect("k");
        assert!(text.repeat(1_000).starts_with(value), "{line}");
        assert!(line.contains(" k=\""), "{line}");
    }
}
