use super::*;

fn read(text: &str, filter: &Filter) -> Index {
    let text = std::io::Cursor::new(text.to_owned());
    let mut sources = [Source::stream("in", Box::new(text))];
    let stop = AtomicBool::new(false);
    Index::read(&mut sources, &Names::default(), filter, &stop, |_| ())
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
    assert_eq!(index.span_ids("B7AD6B7169203331")[0], 0xb7ad6b7169203331);
    let same = index.trace_id("0af7651916cd43dd8448eb211c80319c");
    for form in [
        "0AF7651916CD43DD8448EB211C80319C",
        "projects/shop/traces/0af7651916cd43dd8448eb211c80319c",
        "0af76519-16cd-43dd-8448-eb211c80319c",
    ] {
        assert_eq!(index.trace_id(form), same, "{form}");
    }
    assert_eq!(index.span_ids("12")[1], 12);
    for odd in [
        "order-17",
        "0af7651916cd43dd8448eb211c80319c0",
        "é",
        "projects/p/traces/1",
        "0af76519-16cd-43dd-8448-eb211c80319",
    ] {
        assert_eq!(index.trace_id(odd), index.trace_id(odd));
        assert_ne!(index.trace_id(odd), index.trace_id(&format!("{odd}x")));
        assert_ne!(index.span_ids(odd)[0], 0);
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
        query: crate::query::Query::parse(&conditions.join(" and ")).unwrap(),
        ..Filter::default()
    };
    assert_eq!(selected(&Filter::default()), [0, 1, 2]);
    assert_eq!(selected(&filter(&[])), [1, 2]);
    assert_eq!(selected(&filter(&["status>=500", "msg=a"])), [1]);
    assert_eq!(selected(&filter(&["status!=500"])), [2]);
    assert_eq!(read(text, &filter(&[])).units.len(), 3);
}

#[test]
fn units_are_selected_by_their_time() {
    let line = |second: u32| format!("ts=2026-11-21T08:46:{second:02}Z msg=a duration_ms=1.0\n");
    let text = [
        line(0),
        line(10),
        line(20),
        "msg=timeless duration_ms=1.0\n".into(),
    ]
    .concat();
    let at = |second: i64| Some(1_795_250_760_000_000 + second * 1_000_000);
    let selected = |filter: Filter| read(&text, &filter).selected().collect::<Vec<_>>();
    let all = Filter::default;
    assert_eq!(
        selected(Filter {
            since: at(10),
            ..all()
        }),
        [1, 2]
    );
    assert_eq!(
        selected(Filter {
            until: at(10),
            ..all()
        }),
        [0, 1]
    );
    assert_eq!(
        selected(Filter {
            last: Some(10_000_000),
            ..all()
        }),
        [1, 2]
    );
    assert_eq!(selected(all()), [0, 1, 2, 3]);
}

#[test]
fn a_last_line_without_its_end_is_not_counted() {
    let index = read(
        "msg=a duration_ms=15\nmsg=b duration_ms=15",
        &Filter::default(),
    );
    assert_eq!((index.units.len(), index.bad.count), (1, 1));
    assert_eq!(
        index.bad.samples[0].why,
        "the last line has no end and is not counted"
    );
}

#[test]
fn lines_within_lines_are_read() {
    let docker = r#"{"log":"ts=2026-11-21T08:46:00Z msg=a duration_ms=1\n","stream":"stderr","time":"2026-11-21T09:00:00Z"}"#;
    let in_docker = serde_json::json!({ "MESSAGE": docker, "__REALTIME_TIMESTAMP": "1" });
    let loki = serde_json::json!({ "status": "success", "data": { "result": [
        { "stream": {}, "values": [["1795250760000000000", "msg=a duration_ms=1"], ["2", "hello"]] },
    ] } });
    let text = format!("{docker}\n{in_docker}\n{loki}\n{{\"log\":\"hello\"}}\n");
    let index = read(&text, &Filter::default());
    assert_eq!((index.bad.count, index.other.count), (0, 2));
    let ends: Vec<i64> = index.units.iter().map(|unit| unit.end).collect();
    assert_eq!(ends, [1_795_250_760_000_000; 3]);
}

#[test]
fn the_errors_of_failures_are_kept() {
    let index = read(
        "msg=a duration_ms=1 outcome=error error=lost error.type=Io\n\
         msg=a duration_ms=1 outcome=error error=lost\n\
         msg=a duration_ms=1 status=503\n\
         msg=a duration_ms=1 outcome=panic\n\
         msg=a duration_ms=1 outcome=ok error=retried\n",
        &Filter::default(),
    );
    let errors: Vec<&str> = index
        .units
        .iter()
        .map(|unit| index.text(unit.error))
        .collect();
    assert_eq!(errors, ["Io", "lost", "status 503", "", ""]);
}

#[test]
fn a_line_that_a_container_runtime_has_split_is_joined() {
    let docker = |stream: &str, text: &str| {
        let log =
            serde_json::json!({ "log": text, "stream": stream, "time": "2026-11-21T08:46:00Z" });
        log.to_string() + "\n"
    };
    let docker = [
        docker("stderr", "msg=a duration_ms=15"),
        docker("stdout", "msg=b duration_ms=7\n"),
        docker("stderr", "30.2 outcome=ok\n"),
        docker("stdout", "msg=c duration_ms=1"),
    ];
    let cri = "2026-11-21T08:46:00Z stderr P {\"msg\":\"a\",\"dura\n\
               2026-11-21T08:46:00Z stdout F msg=b duration_ms=7\n\
               2026-11-21T08:46:00Z stderr F tion_ms\":1530.2}\n\
               2026-11-21T08:46:00Z stdout P msg=c duration_ms=1\n";
    for text in [docker.concat(), cri.to_owned()] {
        let stream = std::io::Cursor::new(text.clone());
        let mut sources = [Source::stream("in", Box::new(stream))];
        let (names, stop) = (Names::default(), AtomicBool::new(false));
        let index = Index::read(&mut sources, &names, &Filter::default(), &stop, |_| ());
        let mut units: Vec<(&str, u64)> = index
            .units
            .iter()
            .map(|unit| (index.text(unit.name), unit.duration))
            .collect();
        units.sort();
        assert_eq!(units, [("a", 1_530_200), ("b", 7_000)], "{text}");
        assert_eq!((index.bad.count, index.other.count), (1, 0), "{text}");
        let details = crate::detail::read_all(&index, &[0, 1], &sources, &names);
        assert!(details.iter().all(|detail| detail.found), "{text}");
    }
}
