//! One unit of work, as it exists when the headers of a request arrive.

use serde_json::{Map, Value};
use traceline::{Config, Format, Trace};

use crate::util::{Bench, FixedIds, assert_one_safe_line};

/// The ids of a unit without a caller.
pub(crate) const OWN_TRACE: &str = "07070707070707070707070707070707";
pub(crate) const OWN_SPAN: &str = "0909090909090909";

/// A unit whose ids are known. Its configuration is made once per thread: a logger is never freed, and tests that run in
/// parallel would see each other's records.
pub(crate) fn start() -> Trace {
    bench().start()
}

/// Ends it and returns its record.
pub(crate) fn end(trace: Trace) -> Map<String, Value> {
    trace.emit();
    let line = bench().log.only().args;
    assert_one_safe_line(&line);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn bench() -> &'static Bench {
    thread_local! {
        static BENCH: &'static Bench = {
            let builder = Config::builder().format(Format::Json);
            Box::leak(Box::new(Bench::new(builder.ids(&FixedIds(7, 9)))))
        };
    }
    BENCH.with(|bench| *bench)
}

/// The lines of an input; a vertical tab stands for a line end inside a line.
pub(crate) fn lines(data: &[u8]) -> Vec<Vec<u8>> {
    let lines = data.split(|byte| *byte == b'\n');
    let tabs_to_ends = |byte: &u8| if *byte == 0x0b { b'\n' } else { *byte };
    lines
        .map(|line| line.iter().map(tabs_to_ends).collect())
        .collect()
}
