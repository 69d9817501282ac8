//! The line tag of a fragment is the line of the user's call, whatever lies
//! between that call and the trace.

#[path = "child/elsewhere.rs"]
mod elsewhere;

use traceline::{Config, Format, Trace, config::LineTag};

use crate::util;
use crate::util::Bench;

/// Compares the `fragments` of a unit in logfmt with the text that `work` returns.
#[track_caller]
fn check(tag: LineTag, work: impl FnOnce(&mut Trace) -> String) {
    let bench = Bench::new(Config::builder().header(false).line_tag(tag));
    let mut trace = bench.start();
    let want = work(&mut trace);
    drop(trace);
    let got = bench.log.only().args;
    let (_, fragments) = got.split_once(" fragments=").expect("fragments");
    util::same_line(fragments, &format!("\"{want}\""));
}

#[test]
fn add_warn_and_fail_have_the_line_of_their_call() {
    check(LineTag::Line, |trace| {
        trace.add("a");
        trace.warn("b");
        trace.fail("c");
        let line = line!();
        format!(
            "[{}, 0.0ms] a; [{}, 0.0ms, warn] b; [{}, 0.0ms, error] c",
            line - 3,
            line - 2,
            line - 1
        )
    });
}

#[test]
fn the_macro_has_the_line_it_begins_on() {
    check(LineTag::Line, |trace| {
        let line = line!();
        traceline::add!(trace, "n={}", 1);
        #[rustfmt::skip]
        traceline::add!(
            trace,
            "literal",
        );
        format!("[{}, 0.0ms] n=1; [{}, 0.0ms] literal", line + 1, line + 3)
    });
}

#[test]
fn each_call_of_a_chain_has_the_line_of_its_name() {
    check(LineTag::Line, |trace| {
        let line = line!();
        #[rustfmt::skip]
        trace
            .add("a")
            .set("between", 1)
            .add("b");
        format!("[{}, 0.0ms] a; [{}, 0.0ms] b", line + 3, line + 5)
    });
}

#[test]
fn a_helper_in_this_file_has_its_own_line() {
    fn helper(trace: &mut Trace) -> u32 {
        trace.add("helped");
        line!() - 1
    }
    check(LineTag::Line, |trace| {
        let line = helper(trace);
        format!("[{line}, 0.0ms] helped")
    });
}

#[test]
fn a_helper_in_another_file_has_its_file_before_its_line() {
    check(LineTag::Line, |trace| {
        let line = elsewhere::add(trace);
        format!("[elsewhere.rs:{line}, 0.0ms] elsewhere")
    });
}

#[test]
fn a_helper_that_tracks_its_caller_passes_the_caller_s_line_on() {
    check(LineTag::Line, |trace| {
        elsewhere::add_for_caller(trace);
        format!("[{}, 0.0ms] on behalf", line!() - 1)
    });
}

#[test]
fn the_line_in_a_closure_is_that_in_the_closure() {
    check(LineTag::Line, |trace| {
        let line = trace.time("db", |trace| {
            trace.add("inside");
            line!() - 1
        });
        format!("[{line}, 0.0ms] inside")
    });
}

#[test]
fn the_file_is_written_always_where_that_is_asked_for() {
    check(LineTag::FileLine, |trace| {
        trace.add("here");
        let (here, there) = (line!() - 1, elsewhere::add(trace));
        format!("[line_tags.rs:{here}, 0.0ms] here; [elsewhere.rs:{there}, 0.0ms] elsewhere")
    });
    check(LineTag::PathLine, |trace| {
        trace.add("here");
        let (here, there) = (line!() - 1, elsewhere::add(trace));
        format!(
            "[tests/line_tags.rs:{here}, 0.0ms] here; \
             [tests/child/elsewhere.rs:{there}, 0.0ms] elsewhere"
        )
    });
}

#[test]
fn json_has_line_and_file_as_members() {
    let bench = Bench::new(Config::builder().header(false).format(Format::Json));
    let mut trace = bench.start();
    trace.warn("here");
    let here = line!() - 1;
    let there = elsewhere::add(&mut trace);
    drop(trace);
    util::same_line(
        &bench.log.only().args,
        &format!(
            "{{\"msg\":\"unit\",\"duration_ms\":0.0,\"fragments\":[\
             {{\"at_ms\":0.0,\"line\":{here},\"level\":\"warn\",\"msg\":\"here\"}},\
             {{\"at_ms\":0.0,\"line\":{there},\"file\":\"elsewhere.rs\",\"msg\":\"elsewhere\"}}]}}"
        ),
    );
}

#[test]
fn fragments_of_a_trace_that_started_in_another_file_have_theirs() {
    let bench = Bench::new(Config::builder().header(false));
    let mut trace = elsewhere::start(&bench.config);
    trace.add("here");
    let here = line!() - 1;
    let there = elsewhere::add(&mut trace);
    drop(trace);
    assert_eq!(
        bench.log.only().args,
        format!(
            "msg=unit duration_ms=0.0 \
             fragments=\"[line_tags.rs:{here}, 0.0ms] here; [{there}, 0.0ms] elsewhere\""
        )
    );
}
