//! What the program says about input that it cannot read, or only in part.

mod common;

use common::{looks, run};

#[test]
fn without_units_the_status_is_one_and_a_hint_says_what_is_missing() {
    let said = |text: &str| {
        let said = looks(text, &[]);
        assert_eq!((said.out.as_str(), said.status), ("0 units\n", 1));
        said.err
    };
    assert_eq!(said(""), "no units: there are no lines\n");
    assert_eq!(
        said("hello\n"),
        "1 line of other kinds\n  in:1  hello\nno units: no line has fields, as logfmt (key=value) or JSON\n"
    );
    assert_eq!(
        said("{\"level\":\"info\",\"msg\":\"a\",\"needed\":3}\n"),
        "1 line of other kinds
  in:1  {\"level\":\"info\",\"msg\":\"a\",\"needed\":3}
no units: no duration in lines with these fields
  level msg needed
a field of another name or unit is given with --names duration_ms=KEY:s
"
    );
    assert_eq!(
        said("{\"text\":\"a\",\"duration\":\"3ms\"}\n"),
        "1 line of other kinds
  in:1  {\"text\":\"a\",\"duration\":\"3ms\"}
no units: no name in lines with these fields
  text duration
a field of another name or unit is given with --names msg=KEY
"
    );
}

#[test]
fn what_cannot_be_read_leaves_the_unit_in_and_is_told() {
    let text = "ts=soon msg=a duration_ms=1\n\
                ts=2026-11-21T08:46:00Z msg=a duration=17\n\
                {\"ts\":\"2026-11-21 08:46:00\",\"msg\":\"a\",\"took\":\"1ms\"}\n\
                {\"time\":\"2026-11-21T08:46:00Z\",\"level\":\"INFO\",\"msg\":\"a\",\"duration\":1500000}\n\
                ts=2026-11-21T08:46:00Z msg=a duration_ms=1";
    let said = looks(text, &[]);
    assert!(said.out.starts_with("4 units\n"), "{}", said.out);
    assert_eq!(
        run(200, text, &[]).err,
        "1 unit with a time that cannot be read: shown without
1 unit with a duration that cannot be read, or without a unit: shown without
1 unit with a time without an offset: read as UTC
1 unit with a duration without a unit, read as written by slog: ns
1 line that cannot be read
  in:5  the last line has no end and is not counted: ts=2026-11-21T08:46:00Z msg=a duration_ms=1
"
    );
}
