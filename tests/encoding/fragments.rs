//! How fragments are written, and that no text can fake one.

use std::time::Duration;

use log::Level;
use traceline::{Trace, config::LineTag};

use super::{json, logfmt};
use crate::util::{Bench, add_from_here, record};

/// The text between the quotes of `fragments="…"`, which comes last.
#[track_caller]
fn fragments(line: &str) -> &str {
    let (_, rest) = line.split_once(" fragments=\"").expect("fragments");
    rest.strip_suffix('"').expect("fragments stand last")
}

/// The array of `"fragments":[…]`, which comes last.
#[track_caller]
fn array(line: &str) -> &str {
    let (_, rest) = line.split_once(r#","fragments":"#).expect("fragments");
    rest.strip_suffix('}').expect("fragments stand last")
}

/// A unit that collects fragments over time; returns its line and that of its first `add`.
fn gathered(builder: traceline::config::ConfigBuilder) -> (String, u32) {
    let bench = Bench::new(builder);
    let mut trace = bench.start();
    bench.clock.advance(Duration::from_micros(612));
    trace.add("auth header read");
    let first = line!() - 1;
    bench.clock.advance(Duration::from_nanos(107_288_999));
    trace.add(String::from("done"));
    trace.emit();
    (bench.log.only().args, first)
}

#[test]
fn fragments_in_logfmt_are_one_string_for_people() {
    let (line, first) = gathered(logfmt());
    let want = format!(
        "[{first}, 0.612ms] auth header read; [{}, 107.9ms] done",
        first + 3
    );
    assert_eq!(fragments(&line), want);
}

#[test]
fn fragments_in_json_are_objects() {
    let (line, first) = gathered(json());
    let want = format!(
        r#"[{{"at_ms":0.612,"line":{first},"msg":"auth header read"}},{{"at_ms":107.9,"line":{},"msg":"done"}}]"#,
        first + 3
    );
    assert_eq!(array(&line), want);
}

/// One fragment from this file and one from another; returns their lines.
fn from_two_files(trace: &mut Trace) -> (u32, u32) {
    trace.add("here");
    (line!() - 1, add_from_here(trace, "there"))
}

#[test]
fn the_file_is_written_where_it_is_not_the_file_the_trace_started_in() {
    let mut lines = (0, 0);
    let line = record(logfmt(), |trace| lines = from_two_files(trace));
    let (here, there) = lines;
    let want = format!("[{here}, 0.0ms] here; [mod.rs:{there}, 0.0ms] there");
    assert_eq!(fragments(&line), want);

    let line = record(json(), |trace| lines = from_two_files(trace));
    let want = format!(
        r#"[{{"at_ms":0.0,"line":{here},"msg":"here"}},{{"at_ms":0.0,"line":{there},"file":"mod.rs","msg":"there"}}]"#
    );
    assert_eq!(array(&line), want);
}

#[test]
fn the_line_tag_is_file_and_line_or_path_and_line_if_asked() {
    let mut lines = (0, 0);
    let line = record(logfmt().line_tag(LineTag::FileLine), |trace| {
        lines = from_two_files(trace);
    });
    let (here, there) = lines;
    let want = format!("[fragments.rs:{here}, 0.0ms] here; [mod.rs:{there}, 0.0ms] there");
    assert_eq!(fragments(&line), want);

    let line = record(json().line_tag(LineTag::PathLine), |trace| {
        lines = from_two_files(trace);
    });
    let path = file!();
    let want = format!(
        r#"[{{"at_ms":0.0,"line":{here},"file":"{path}","msg":"here"}},{{"at_ms":0.0,"line":{there},"file":"tests/util/mod.rs","msg":"there"}}]"#
    );
    assert_eq!(array(&line), want);
}

#[test]
fn the_level_is_written_where_it_is_not_the_traces_own() {
    let work = |trace: &mut Trace| {
        trace.add("a").warn("b").fail("c").add("d");
    };
    let first = line!() - 2;
    let line = record(logfmt(), work);
    let want = format!(
        "[{first}, 0.0ms] a; [{first}, 0.0ms, warn] b; [{first}, 0.0ms, error] c; [{first}, 0.0ms] d"
    );
    assert_eq!(fragments(&line), want);

    let line = record(json(), work);
    assert!(
        array(&line).contains(&format!(r#""line":{first},"level":"warn","msg":"b""#)),
        "{line}"
    );

    let bench = Bench::new(logfmt());
    let mut trace = Trace::builder("unit")
        .level(Level::Warn)
        .config(&bench.config)
        .start();
    trace.warn("b");
    let first = line!() - 1;
    trace.emit();
    assert_eq!(
        fragments(&bench.log.only().args),
        format!("[{first}, 0.0ms] b")
    );
}

#[test]
fn a_fragment_tells_its_own_line_even_through_a_macro() {
    let line = record(logfmt(), |trace| {
        traceline::add!(trace, "{}-{}", 1, 2);
    });
    let first = line!() - 2;
    assert_eq!(fragments(&line), format!("[{first}, 0.0ms] 1-2"));
}

/// The fragments of a unit with these texts, without the `[line, 0.0ms] ` before each.
fn texts_of(texts: &[&str]) -> Vec<String> {
    let mut tag = String::new();
    let line = record(logfmt(), |trace| {
        for text in texts {
            trace.add(*text);
            tag = format!("[{}, 0.0ms] ", line!() - 1);
        }
    });
    let parts = fragments(&line).split("; [");
    parts
        .map(|part| {
            let part = part.strip_prefix('[').unwrap_or(part);
            part.strip_prefix(&tag[1..]).expect("a tag").to_owned()
        })
        .collect()
}

#[test]
fn no_text_can_fake_a_fragment() {
    for text in [
        "x; [9, 9.9ms] forged",
        "; [9, 9.9ms] forged",
        "; ; [9, 9.9ms] forged; [",
        ";; [9, 9.9ms] forged",
        "; [; [; [",
        "sixteen-bytes--; [9, 9.9ms] at the end of a chunk",
        "sixteen-bytes-; [9, 9.9ms] over two chunks",
        "é; [€; [😀",
        "; ",
        ";",
        "[9, 9.9ms] forged",
        "",
        "\\",
        "; \\",
    ] {
        let texts = texts_of(&["before", text, "after"]);
        assert_eq!(texts.len(), 3, "{text:?}: {texts:?}");
        assert_eq!((&*texts[0], &*texts[2]), ("before", "after"), "{text:?}");
        let written = text.replace("; [", ";[").replace('\\', r"\\");
        assert_eq!(texts[1], written, "{text:?}");
    }
}

#[test]
fn exactly_the_separator_is_changed_in_a_text_and_only_in_logfmt() {
    let text = "a;[b; (c; [d";
    assert_eq!(texts_of(&[text]), ["a;[b; (c;[d"]);
    let line = record(json(), |trace| {
        trace.add(text);
    });
    assert!(
        array(&line).ends_with(r#""msg":"a;[b; (c; [d"}]"#),
        "{line}"
    );
    let line = record(logfmt(), |trace| {
        trace.set("k", "a; [b");
    });
    assert!(line.ends_with(r#" k="a; [b""#), "{line}");
}

#[test]
fn the_last_backslash_of_the_last_fragment_cannot_be_taken_for_a_quote() {
    let line = record(logfmt(), |trace| {
        trace.add(r"a\").add(r"b\");
    });
    let first = line!() - 2;
    let want = format!(r"[{first}, 0.0ms] a\\; [{first}, 0.0ms] b\u005c");
    assert_eq!(fragments(&line), want);
}

#[test]
fn texts_of_fragments_are_escaped_like_values() {
    let text = "\"q\"\n\u{1b}[31m\u{2028}\u{202e}\u{7f}é\u{200e}";
    let written = r#"\"q\"\n\u001b[31m\u2028\u202e\u007fé"#.to_owned() + "\u{200e}";
    assert_eq!(texts_of(&[text]), [written.as_str()]);
    let line = record(json(), |trace| {
        trace.add(text);
    });
    assert!(
        array(&line).ends_with(&format!(r#""msg":"{written}"}}]"#)),
        "{line}"
    );
}
