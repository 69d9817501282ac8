use super::*;
use crate::Names;

#[track_caller]
fn meets(query: &str, line: &str) -> bool {
    let query = Query::parse(query).unwrap();
    query.meets(line.as_bytes(), &Names::default())
}

const LINE: &str = r#"msg=pay outcome=error duration_ms=250.0 status=502 path=/orders/7 text="x \"y\"" plan=free error="Gateway timeout""#;

#[test]
fn fields_are_compared_with_values() {
    for query in [
        "status=502",
        "status==502",
        "status == 502",
        "status!=500",
        "status>=500",
        "status<503",
        "duration_ms>200",
        "took>200ms",
        "took<=0.25s",
        "duration>200ms",
        "name=pay",
        "path~^/orders/[0-9]+$",
        "path=~'^/orders'",
        "path!~carts",
        "missing!=1",
        "missing!~1",
        r#"text="x \"y\"""#,
        r#"error='Gateway timeout'"#,
        r"error~(upstream|Gateway)\s",
        "/timeout",
        "/Gateway",
        "timeout",
        "\"gateway timeout\"",
    ] {
        assert!(meets(query, LINE), "{query}");
    }
    for query in [
        "status=50",
        "status<500",
        "took>1s",
        "path~^/carts",
        "missing=1",
        "missing>1",
        "text>1",
        "/GATEWAY",
        "/declined",
    ] {
        assert!(!meets(query, LINE), "{query}");
    }
}

#[test]
fn conditions_are_joined() {
    for (query, expected) in [
        ("status=502 and plan=free", true),
        ("status=502 plan=free", true),
        ("status=502 && plan=pro", false),
        ("status=500 or plan=free", true),
        ("status=500 || plan=pro", false),
        ("plan=pro and status=502 or plan=free", true),
        ("plan=pro and (status=502 or plan=free)", false),
        ("not plan=pro", true),
        ("!plan=pro", true),
        ("NOT (plan=free OR plan=pro)", false),
        ("not not plan=free", true),
        ("plan=free and /timeout and not /declined", true),
        ("", true),
        ("  ", true),
    ] {
        assert_eq!(meets(query, LINE), expected, "{query}");
    }
}

#[test]
fn a_path_goes_into_objects() {
    let line = r#"{"msg":"a","duration_ms":1,"user":{"id":7,"plan":{"name":"pro"}},"a.b":{"c":1}}"#;
    for query in ["user.id=7", "user.plan.name==pro", "a.b.c=1", "user.id>6"] {
        assert!(meets(query, line), "{query}");
    }
    assert!(!meets("user.name=pro", line));
}

#[test]
fn the_library_s_names_stand_for_those_of_other_schemas() {
    let ecs = r#"{"@timestamp":"2026-11-21T08:46:00Z","log.level":"error","message":"pay","event.outcome":"failure","event.duration":250000000,"http.response.status_code":502,"error.message":"no answer"}"#;
    for query in [
        "outcome=error",
        "status>=500",
        "duration_ms>200",
        "took>200ms",
        "error~answer",
        "level=error",
        "msg=pay",
        "http.response.status_code=502",
    ] {
        assert!(meets(query, ecs), "{query}");
    }
}

#[test]
fn queries_that_make_no_sense_are_refused() {
    let error = |text: &str| Query::parse(text).unwrap_err();
    assert_eq!(error("=500"), "an operator without a field at `=500`");
    assert_eq!(error("a=1 and"), "no field and no word at ``");
    assert_eq!(error("(a=1"), "a bracket that does not end");
    assert_eq!(error("a=1)"), "a bracket too many at `)`");
    assert_eq!(error("a=\"x"), "a quote that does not end");
    assert_eq!(error("a~("), "`(` is not a regular expression");
    assert_eq!(error("a<b"), "`b` is no number, so nothing is less or more");
    assert_eq!(error(&"a=1 ".repeat(65)), "more than 64 comparisons");
    assert_eq!(error(&"(".repeat(100_000)), "brackets nested too deep");
}
