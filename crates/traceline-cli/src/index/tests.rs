use super::*;

fn read(text: &str, filter: &Filter) -> Index {
    let text = io::Cursor::new(text.to_owned());
    let mut sources = [Source::stream("in", Box::new(text))];
    Index::read(&mut sources, &Names::default(), filter, |_| ()).unwrap()
}

#[test]
fn lines_that_are_no_records_are_counted_and_the_first_are_kept() {
    let index = read(
        "hello\n\nmsg=a duration_ms=1.0\nts=1 msg=\"cut\nhi\nhi\nhi\n",
        &Filter::default(),
    );
    assert_eq!(index.units.len(), 1);
    assert_eq!((index.bad.count, index.other.count), (1, 4));
    assert_eq!(index.other.samples.len(), SAMPLES);
    let (place, text) = ("in:4".into(), "ts=1 msg=\"cut".into());
    let why = "a quote that does not end";
    assert_eq!(index.bad.samples, [Sample { place, text, why }]);
}

#[test]
fn ids_of_any_form_are_equal_where_their_texts_are() {
    let index = Index::default();
    assert_eq!(
        index.trace_id("0af7651916cd43dd8448eb211c80319c"),
        [0x0af7651916cd43dd, 0x8448eb211c80319c]
    );
    assert_eq!(index.trace_id("17"), [0, 0x17]);
    assert_eq!(index.span_id("B7AD6B7169203331"), 0xb7ad6b7169203331);
    for odd in [
        "order-17",
        "0af7651916cd43dd8448eb211c80319c0",
        "é",
        "projects/p/traces/1",
    ] {
        assert_eq!(index.trace_id(odd), index.trace_id(odd));
        assert_ne!(index.trace_id(odd), index.trace_id(&format!("{odd}x")));
        assert_ne!(index.span_id(odd), 0);
    }
}

#[test]
fn a_record_that_was_delivered_twice_counts_once() {
    let line = "ts=2026-11-21T08:46:00Z msg=a trace_id=17 span_id=1 duration_ms=1.0\n";
    let later = line.replace("46:00Z", "46:01Z");
    let index = read(&format!("{line}{later}{line}{line}"), &Filter::default());
    let twice: Vec<_> = index.units.iter().map(|unit| unit.duplicate).collect();
    assert_eq!(twice, [false, false, true, true]);
    assert_eq!(index.duplicates, 2);
    let without_ids = "ts=2026-11-21T08:46:00Z msg=a duration_ms=1.0\n";
    assert_eq!(
        read(&without_ids.repeat(3), &Filter::default()).duplicates,
        0
    );
}

#[test]
fn the_filter_marks_units_and_drops_none() {
    let text = "msg=a outcome=ok duration_ms=1.0 status=200\n\
                msg=a outcome=error duration_ms=200.0 status=500\n\
                msg=a outcome=error duration_ms=200.0\n";
    let selected = |filter: &Filter| read(text, filter).selected().collect::<Vec<_>>();
    let filter = |conditions: &[&str]| Filter {
        slower: Some(100_000),
        outcomes: vec![Outcome::Error],
        conditions: conditions
            .iter()
            .map(|text| crate::filter::Condition::parse(text).unwrap())
            .collect(),
    };
    assert_eq!(selected(&Filter::default()), [0, 1, 2]);
    assert_eq!(selected(&filter(&[])), [1, 2]);
    assert_eq!(selected(&filter(&["status>=500", "msg=a"])), [1]);
    assert_eq!(selected(&filter(&["status!=500"])), [2]);
    assert_eq!(read(text, &filter(&[])).units.len(), 3);
}
