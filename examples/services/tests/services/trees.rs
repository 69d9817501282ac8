//! The tree, drawn from records with arbitrary contents.

use serde_json::{Value as Json, json};

use crate::tree::draw;

fn unit(name: &str, trace: &str, span: &str, parent: &str) -> Json {
    json!({
        "ts": format!("2026-11-21T08:46:00.{name}Z"), "msg": name, "service": "s", "duration_ms": 1.5,
        "trace_id": trace, "span_id": span, "parent_id": parent, "outcome": "ok", "status": 201,
    })
}

/// Draws the tree without the text after the names.
fn names(records: &[Json]) -> Vec<String> {
    let tree = draw(records);
    let lines = tree
        .lines()
        .map(|line| line.split("  s ").next().unwrap().trim_end());
    lines.map(String::from).collect()
}

#[test]
fn callers_stand_above_whom_they_called_whatever_the_order_of_the_records() {
    let records = [
        unit("5", "t", "e", "c"),
        unit("4", "t", "d", "b"),
        unit("2", "t", "b", "a"),
        unit("3", "t", "c", "a"),
        unit("1", "t", "a", "of somebody else"),
        unit("9", "u", "a", ""),
    ];
    assert_eq!(
        names(&records),
        [
            "trace_id t",
            "1",
            "├─ 2",
            "│  └─ 4",
            "└─ 3",
            "   └─ 5",
            "trace_id u",
            "9"
        ]
    );
}

#[test]
fn durations_outcome_and_error_stand_behind_the_name() {
    let mut records = [unit("1", "t", "a", ""), unit("2", "t", "b", "a")];
    records[1]["error"] = json!("sold out");
    records[1]["outcome"] = json!("error");
    records[1]["status"] = json!(409);
    assert_eq!(
        draw(&records),
        "trace_id t\n\
         1                    s               1.500 ms  ok 201\n\
         └─ 2                 s               1.500 ms  error 409  sold out\n"
    );
}

#[test]
fn ids_that_come_twice_or_lead_in_a_circle_draw_each_record_once() {
    let records = [
        unit("1", "t", "a", ""),
        unit("2", "t", "a", "a"),
        unit("3", "t", "x", "y"),
        unit("4", "t", "y", "x"),
        unit("5", "t", "z", "z"),
    ];
    let mut names = names(&records);
    names.retain(|name| !name.starts_with("trace_id"));
    names.sort();
    let mut want = ["1", "└─ 2", "3", "└─ 4", "5"].map(String::from);
    want.sort();
    assert_eq!(names, want);
}

#[test]
fn records_without_ids_stand_alone() {
    let records = [
        json!({}),
        json!(null),
        json!([1]),
        json!({ "msg": 7, "span_id": {} }),
    ];
    assert_eq!(draw(&records).matches("trace_id").count(), 4);
}
