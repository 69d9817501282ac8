use super::*;

fn read(line: &str) -> Detail {
    Detail::parse(line.as_bytes(), &Names::default())
}

fn fragment(at: u64, tag: &str, level: &str, text: &str) -> Fragment {
    let (tag, level, text) = (tag.into(), level.into(), text.into());
    Fragment {
        at,
        tag,
        level,
        text,
    }
}

#[test]
fn both_formats_give_the_same_fragments() {
    let all = [
        fragment(93, "205", "", "1 x chair; [sic"),
        fragment(3_201, "comms.rs:106", "warn", "a \"b\"\n"),
    ];
    let logfmt = r#"msg=a fragments="[205, 0.093ms] 1 x chair;[sic; [comms.rs:106, 3.201ms, warn] a \"b\"\n""#;
    let json = r#"{"msg":"a","fragments":[{"at_ms":0.093,"line":205,"msg":"1 x chair; [sic"},{"at_ms":3.201,"line":106,"file":"comms.rs","level":"warn","msg":"a \"b\"\n"}]}"#;
    assert_eq!(read(json).fragments, all);
    // The library replaces the separator inside a text; that cannot be undone.
    let mut all = all;
    all[0].text = "1 x chair;[sic".into();
    assert_eq!(read(logfmt).fragments, all);
}

#[test]
fn fragments_that_are_something_else_are_a_field() {
    for value in [
        "7",
        "\"text\"",
        "\"[7] text\"",
        "\"[7, xms] text\"",
        "\"[7, 1.0ms\"",
    ] {
        let detail = read(&format!("msg=a fragments={value}"));
        assert_eq!(
            (detail.fragments.len(), detail.fields.len()),
            (0, 2),
            "{value}"
        );
    }
    for value in ["7", "[7]", "[{}]", "{}"] {
        let detail = read(&format!("{{\"msg\":\"a\",\"fragments\":{value}}}"));
        assert_eq!(
            (detail.fragments.len(), detail.fields.len()),
            (0, 2),
            "{value}"
        );
    }
}

#[test]
fn three_neighbours_are_a_timer() {
    let detail = read(
        "msg=a db.count=2 db.ms=104.7 db.max_ms=100.0 db.rows=7 io.count=1 io.ms=0.5 n.count=1",
    );
    let timer = Timer {
        key: "db".into(),
        count: "2".into(),
        total: 104_700,
        longest: 100_000,
        wall: 104_700,
    };
    assert_eq!(detail.timers, [timer]);
    let keys: Vec<&str> = detail.fields.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["msg", "db.rows", "io.count", "io.ms", "n.count"]);
    let overlapping = read("db.count=2 db.ms=8.0 db.max_ms=5.0 db.wall_ms=6.0 io.wall_ms=1.0");
    assert_eq!(overlapping.timers[0].wall, 6_000);
    assert_eq!(overlapping.fields, [("io.wall_ms".into(), "1.0".into())]);
    let redacted = read("db.count=****** db.ms=****** db.max_ms=******");
    assert_eq!((redacted.timers.len(), redacted.fields.len()), (0, 3));
}

#[test]
fn of_a_line_that_changed_the_beginning_is_shown() {
    assert_eq!(read("a=1 b=\"cut").fields, [("a".into(), "1".into())]);
}
