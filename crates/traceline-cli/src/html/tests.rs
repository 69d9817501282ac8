use super::*;
use crate::filter::Filter;
use serde_json::Value;

fn made(text: &str, most: usize) -> (Page, Value) {
    let options = ["--max-units", &most.to_string()].map(std::ffi::OsString::from);
    let args = Args::parse(options, 0).unwrap();
    let text = std::io::Cursor::new(text.to_owned());
    let mut sources = [Source::stream("in", Box::new(text))];
    let stop = std::sync::atomic::AtomicBool::new(false);
    let index = Index::read(&mut sources, &args.names, &Filter::default(), &stop, |_| ());
    let page = page(&args, &index, &sources);
    let start = "<script type=\"application/json\" id=\"data\">";
    let (_, data) = page.text.split_once(start).unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data = serde_json::from_str(data).unwrap();
    (page, data)
}

#[test]
fn a_page_has_all_that_the_lines_say() {
    let (page, data) = made(
        "ts=2026-11-21T08:46:00.5Z level=warn msg=pay service=shop trace_id=17 span_id=2 parent_id=1 outcome=error duration_ms=2.0 card=\"4000******\" db.count=1 db.ms=1.5 db.max_ms=1.5 error=declined fragments=\"[7, 0.5ms, warn] again\"\n\
         ts=2026-11-21T08:46:01Z msg=order service=shop trace_id=17 span_id=1 duration_ms=1000.0\n",
        10,
    );
    assert_eq!((page.shown, page.units), (2, 2));
    let expected = serde_json::json!({
        "n": 1, "name": "pay", "service": "shop", "level": "warn", "outcome": "error",
        "status": "", "error": ["", "declined"],
        "began": "2026-11-21T08:46:00.498000Z", "ended": 1_795_250_760_500_000_i64, "took": 2_000, "asked": 1, "tree": 0,
        "ids": [["trace_id", "17"], ["span_id", "2"], ["parent_id", "1"]], "place": "in, byte 0",
        "fragments": [[500, "7", "warn", "again"]], "timers": [["db", "1", 1_500, 1_500, 1_500]],
        "fields": [["card", "4000******"], ["error", "declined"]],
    });
    assert_eq!(data["units"][0], expected);
    let tree = serde_json::json!([{ "took": 1_000_000, "left": 0, "rows": [[1, 0, 0, []], [0, 1, 498_000, []]] }]);
    assert_eq!(data["trees"], tree);
}

#[test]
fn a_page_with_too_little_room_has_the_slowest_and_their_transactions() {
    let line = |name: &str, trace: u32, span: u32, took: u32| {
        format!(
            "ts=2026-11-21T08:46:00Z msg={name} trace_id={trace} span_id={span} duration_ms={took}.0\n"
        )
    };
    let text = [
        line("a", 1, 1, 90),
        line("b", 2, 2, 80),
        line("c", 1, 3, 1),
        line("d", 3, 4, 70),
        line("e", 3, 5, 2),
    ];
    let (page, data) = made(&text.concat(), 4);
    let units = data["units"].as_array().unwrap().iter();
    let names: Vec<&str> = units.map(|unit| unit["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "c", "b", "d"]);
    assert_eq!((page.shown, page.units), (4, 5));
    assert_eq!(data["summary"]["slowestLeftOut"], "2.00 ms");
    assert_eq!(data["trees"][2]["left"], 1);
}

#[test]
fn a_page_has_all_failures_before_it_has_slow_units() {
    let line = |n: u32, rest: &str| {
        format!("ts=2026-11-21T08:46:{n:02}Z msg=u{n} duration_ms={n}.0 trace_id={n} {rest}\n")
    };
    let lines = (1..=9).map(|n| line(n, if n < 4 { "outcome=error" } else { "" }));
    let text = lines.collect::<String>();
    let names = |most| -> Vec<String> {
        let (_, data) = made(&text, most);
        let units = data["units"].as_array().unwrap().iter();
        units
            .map(|unit| unit["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(5), ["u3", "u2", "u1", "u9", "u8"]);
    assert_eq!(names(2), ["u3", "u2"]);
    let (_, data) = made(&text, 2);
    let summary = &data["summary"];
    assert_eq!(
        (&summary["failed"], &summary["failedShown"]),
        (&3.into(), &2.into())
    );
}

#[test]
fn no_data_ends_the_script_or_fills_a_mark() {
    let hostile = "</script><script>alert(1)</script><!--/*script*/ /*data*/ ]]>";
    let quoted = serde_json::to_string(hostile).unwrap();
    let (page, data) = made(
        &format!("{{\"msg\":{quoted},\"duration_ms\":1.0,{quoted}:{quoted}}}\n"),
        10,
    );
    assert_eq!(data["units"][0]["name"], hostile);
    assert_eq!(
        data["units"][0]["fields"][0],
        serde_json::json!([hostile, hostile])
    );
    assert_eq!(page.text.matches("</script>").count(), 2);
    assert_eq!(page.text.matches("alert(1)").count(), 4); // name, key, value, and the name of the group
    assert!(page.text.ends_with("</script>\n</body>\n</html>\n"));
}

#[test]
fn a_page_of_nothing_is_a_page() {
    let (page, data) = made("", 10);
    assert_eq!((page.shown, page.units), (0, 0));
    assert_eq!(data["units"], serde_json::json!([]));
    assert_eq!(
        made("msg=a duration_ms=1.0\n", 0).1["units"],
        serde_json::json!([])
    );
}

#[test]
fn nothing_of_the_page_is_outside_of_it() {
    let own = [TEMPLATE, STYLE, &SCRIPT.concat()].concat();
    for outside in [
        "http:",
        "https:",
        "url(",
        "import",
        "fetch(",
        "innerHTML",
        "eval(",
    ] {
        assert!(!own.contains(outside), "{outside}");
    }
}
