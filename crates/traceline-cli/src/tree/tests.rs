use super::*;

/// Takes lines of `name span parent start_ms duration_ms [rest]`, draws them as `name depth notes`.
fn tree(lines: &[&str]) -> Vec<String> {
    let mut text = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, span, parent, start, took] = words[..5] else {
            panic!("{line}");
        };
        let end: f64 = start.parse::<f64>().unwrap() + took.parse::<f64>().unwrap();
        let parent = match parent {
            "-" => String::new(),
            parent => format!(" parent_id={parent}"),
        };
        let rest = words[5..].join(" ");
        let micros = (end * 1_000.0) as i64;
        let ts = crate::time::text(1_795_250_760_000_000 + micros);
        text += &format!(
            "ts={ts} msg={name} trace_id=17 span_id={span}{parent} duration_ms={took} {rest}\n"
        );
    }
    let index = crate::index::test_index(&text);
    assert_eq!((index.bad.count, index.other.count), (0, 0));
    let members: Vec<usize> = (0..index.units.len()).collect();
    let rows = Tree::of(&index, &members).rows;
    let row = |row: Row| {
        format!(
            "{} {} {:?}",
            index.text(index.units[row.unit].name),
            row.depth,
            row.notes
        )
    };
    rows.into_iter().map(row).collect()
}

#[test]
fn callers_stand_above_what_they_called_in_the_order_of_its_beginning() {
    let rows = tree(&[
        "late 3 1 7 1",
        "deep 4 2 3 1",
        "early 2 1 2 3",
        "top 1 - 0 10",
    ]);
    assert_eq!(rows, ["top 0 []", "early 1 []", "deep 2 []", "late 1 []"]);
}

#[test]
fn a_unit_whose_caller_is_missing_is_a_top() {
    assert_eq!(
        tree(&["b 2 9 1 1", "a 1 - 0 9"]),
        ["a 0 []", "b 0 [NoParent]"]
    );
}

#[test]
fn circles_end_and_lose_nothing() {
    assert_eq!(tree(&["a 1 1 0 1"]), ["a 0 [Circle]"]);
    let rows = tree(&["a 1 3 0 9", "b 2 1 1 5", "c 3 2 2 1", "d 4 2 3 1"]);
    assert_eq!(rows, ["a 0 [Circle]", "b 1 []", "c 2 []", "d 2 []"]);
}

#[test]
fn a_clock_that_is_behind_is_noted() {
    assert_eq!(
        tree(&["a 1 - 10 9", "b 2 1 8.5 1"]),
        ["a 0 []", "b 1 [Early(1500)]"]
    );
}

#[test]
fn ids_that_are_there_twice_are_noted_and_both_units_shown() {
    let rows = tree(&["a 1 - 0 9", "b 2 1 1 1", "b 2 1 2 1", "c 3 2 2 1"]);
    assert_eq!(
        rows,
        ["a 0 []", "b 1 [SameSpan]", "c 2 []", "b 1 [SameSpan]"]
    );
}

#[test]
fn of_partial_records_the_last_one_counts() {
    let partial = |took| format!("a 1 - 0 {took} partial=true seq=1");
    assert_eq!(
        tree(&[&partial(1), &partial(2), "a 1 - 0 3"]),
        ["a 0 [Checkpoints(2)]"]
    );
    assert_eq!(tree(&[&partial(2), &partial(1)]), ["a 0 [Unfinished]"]);
}

#[test]
fn duplicates_are_not_drawn() {
    assert_eq!(tree(&["a 1 - 0 3", "a 1 - 0 3"]), ["a 0 []"]);
}

#[test]
fn a_chain_may_be_as_long_as_the_input() {
    let lines: Vec<String> = (1..20_000)
        .map(|n| format!("a {n:x} {:x} {n} 1", n - 1))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = tree(&lines);
    assert_eq!(rows.len(), 19_999);
    assert_eq!(rows.last().unwrap(), "a 19998 []");
}
