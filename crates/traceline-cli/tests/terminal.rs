//! The complete output of the program.

use std::ffi::OsString;
use std::io::Cursor;

use traceline_cli::app::{self, Said};
use traceline_cli::args::Args;
use traceline_cli::source::Source;

const ORDER: &str = r#"
{"ts":"2026-11-21T08:46:00.100000Z","level":"info","msg":"order","service":"ordering","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","outcome":"ok","duration_ms":100.0,"sku":"widget","purchasing.count":1,"purchasing.ms":75.0,"purchasing.max_ms":75.0,"status":201}
[2026-11-21T08:46:00Z INFO  purchasing] ts=2026-11-21T08:46:00.095000Z level=info msg=purchase service=purchasing trace_id=0af7651916cd43dd8448eb211c80319c span_id=00f067aa0ba902b7 parent_id=b7ad6b7169203331 outcome=ok duration_ms=75.0 cents=249000 status=201 fragments="[28, 70.0ms] reserved, 4000 left"
{"ts":"2026-11-21T08:46:00.040000Z","level":"error","msg":"reserve","service":"inventory","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"5bcdcba0ae05dbc5","parent_id":"00f067aa0ba902b7","outcome":"error","duration_ms":25.0,"status":409,"error":"out of stock","fragments":[{"at_ms":5.0,"line":23,"level":"warn","msg":"3 in stock\n"}]}
listening on 127.0.0.1:8080
ts=2026-11-21T08:46:00.1Z level=info msg="cut
"#;

fn run(columns: usize, text: &str, options: &[&str]) -> Said {
    let args = Args::parse(options.iter().map(OsString::from)).unwrap();
    let source = Source::stream("in", Box::new(Cursor::new(text.to_owned())));
    app::run(&args, vec![source], columns, args.color.unwrap_or(false))
}

#[track_caller]
fn prints(said: &Said, expected: &str) {
    assert_eq!(
        said.out,
        expected.trim_start_matches('\n'),
        "\n{}",
        said.out
    );
    assert_eq!(said.status, 0);
}

const REJECTED: &str = r#"
1 line that cannot be read
  in:6  a quote that does not end: ts=2026-11-21T08:46:00.1Z level=info msg="cut
1 line of other kinds
  in:5  listening on 127.0.0.1:8080
"#;

#[test]
fn a_summary_counts_by_name_and_lists_the_slowest() {
    let said = run(90, ORDER, &[]);
    prints(
        &said,
        "
3 units, 2026-11-21T08:46:00.000000Z to 2026-11-21T08:46:00.100000Z

name      service     units  failed         p50         p90         p99     longest       total
order     ordering        1       0  100.000 ms  100.000 ms  100.000 ms  100.000 ms  100.000 ms
purchase  purchasing      1       0   75.000 ms   75.000 ms   75.000 ms   75.000 ms   75.000 ms
reserve   inventory       1       1   25.000 ms   25.000 ms   25.000 ms   25.000 ms   25.000 ms

unit  began                        name      service           took  outcome  trace_id
   1  2026-11-21T08:46:00.000000Z  order     ordering    100.000 ms  ok       0af7651916cd43dd8448eb211c80319c
   2  2026-11-21T08:46:00.020000Z  purchase  purchasing   75.000 ms  ok       0af7651916cd43dd8448eb211c80319c
   3  2026-11-21T08:46:00.015000Z  reserve   inventory    25.000 ms  error    0af7651916cd43dd8448eb211c80319c
",
    );
    assert_eq!(said.err, REJECTED.trim_start());
}

#[test]
fn a_transaction_is_a_waterfall_across_services() {
    let said = run(90, ORDER, &["--trace", "0af7651916cd43dd8448eb211c80319c"]);
    prints(
        &said,
        r"
transaction 0af7651916cd43dd8448eb211c80319c
3 units of 3 services, 100.000 ms from 2026-11-21T08:46:00.000000Z

                           0                100.000 ms
order          ordering    ━━━━━━━━━━━━━━━━━━━━━━━━━━━  100.000 ms  ok 201
└─ purchase    purchasing       ━━━━━━━━━━━━━━━━━━━┿     75.000 ms  ok 201
   └─ reserve  inventory       ━┿━━━━                    25.000 ms  error 409 out of stock

fragments
  +20.000 ms  reserve   23  3 in stock\n
  +90.000 ms  purchase  28  reserved, 4000 left

timers: how much of the unit's time, wherever in it
  order  purchasing  ████████████████▌  75.000 ms  75 %  1 lap  longest 75.000 ms

notes
  reserve: begins 5.000 ms before its caller: their clocks differ
",
    );
}

#[test]
fn a_unit_is_a_waterfall_of_its_fragments() {
    let expected = r"
reserve  inventory  error  25.000 ms  error
2026-11-21T08:46:00.015000Z to 2026-11-21T08:46:00.040000Z
trace_id 0af7651916cd43dd8448eb211c80319c  span_id 5bcdcba0ae05dbc5  parent_id 00f067aa0ba902b7
in, byte 598

           0                          25.000 ms
           ━━━━━━━┿━━━━━━━━━━━━━━━━━━━━━━━━━━━━
+5.000 ms         ┃                              23  3 in stock\n

fields
  status  409
  error   out of stock
";
    for unit in ["3", "5bcdcba0ae05dbc5"] {
        prints(&run(90, ORDER, &["--unit", unit]), expected);
    }
}

#[test]
fn the_slowest_unit_needs_no_number() {
    let expected = "
order  ordering  ok  100.000 ms  info
2026-11-21T08:46:00.000000Z to 2026-11-21T08:46:00.100000Z
trace_id 0af7651916cd43dd8448eb211c80319c  span_id b7ad6b7169203331
in, byte 1

        0                         100.000 ms
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

timers: how much of the unit's time, wherever in it
  purchasing  ████████████████▌  75.000 ms  75 %  1 lap  longest 75.000 ms

fields
  sku     widget
  status  201
";
    prints(&run(90, ORDER, &["--slowest"]), expected);
}

#[test]
fn a_filter_counts_what_it_leaves() {
    let expected = "
1 unit of 3, 2026-11-21T08:46:00.015000Z to 2026-11-21T08:46:00.040000Z

name     service    units  failed        p50        p90        p99    longest      total
reserve  inventory      1       1  25.000 ms  25.000 ms  25.000 ms  25.000 ms  25.000 ms

unit  began                        name     service         took  outcome  trace_id
   3  2026-11-21T08:46:00.015000Z  reserve  inventory  25.000 ms  error    0af7651916cd43dd8448eb211c80319c
";
    for options in [
        &["--where", "status>=400"][..],
        &["--outcome", "error,panic"],
        &["--where", "msg=reserve"],
    ] {
        prints(&run(90, ORDER, options), expected);
    }
    prints(&run(90, ORDER, &["--slower", "1s"]), "0 units of 3\n");
}

#[test]
fn a_transaction_is_whole_whatever_the_filter_leaves() {
    let trace = ["--trace", "0af7651916cd43dd8448eb211c80319c"];
    let filtered = [&trace[..], &["--outcome", "panic"]].concat();
    assert_eq!(run(90, ORDER, &filtered), run(90, ORDER, &trace));
}

#[test]
fn a_record_that_stands_for_many_is_counted_that_often() {
    let text = "ts=2026-11-21T08:46:00Z msg=a duration_ms=1.0 sample_rate=100\n\
                ts=2026-11-21T08:46:00Z msg=a outcome=panic duration_ms=50.0\n\
                ts=2026-11-21T08:46:00Z msg=a duration_ms=9.0 sample_rate=0\n\
                ts=2026-11-21T08:46:00Z msg=b duration_ms=1.0 partial=true seq=1\n";
    let expected = "
3 units, 1 partial record, 2026-11-21T08:45:59.950000Z to 2026-11-21T08:46:00.000000Z

name  service  units  records  failed       p50       p90       p99    longest       total
a                101        3       1  1.000 ms  1.000 ms  1.000 ms  50.000 ms  150.000 ms
";
    prints(
        &run(90, text, &["--top", "1"]),
        &(expected.to_owned()
            + "
unit  began                        name  service       took  outcome  trace_id
   2  2026-11-21T08:45:59.950000Z  a              50.000 ms  panic
"),
    );
    prints(
        &run(90, text, &["--top", "0"]),
        "
3 units, 1 partial record, 2026-11-21T08:45:59.950000Z to 2026-11-21T08:46:00.000000Z

name  service  units  records  failed  p50  p90  p99  longest  total
and 1 more name
",
    );
}

#[test]
fn colours_are_there_when_asked_for() {
    let said = run(
        90,
        "msg=a outcome=error duration_ms=4.0 fragments=\"[7, 2.0ms, warn] b\"",
        &["--unit", "1", "--color", "always"],
    );
    prints(
        &said,
        "\x1b[1ma\x1b[0m  \x1b[31merror\x1b[0m  4.000 ms\n\
         \x1b[2min, byte 0\x1b[0m\n\
         \n           \x1b[2m0                           4.000 ms\x1b[0m\n\
         \u{20}          \x1b[36m━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[33m┿\x1b[0m\x1b[36m━━━━━━━━━━━━━━━━━\x1b[0m\n\
         \x1b[2m+2.000 ms\x1b[0m                    \x1b[33m┃\x1b[0m                   \x1b[2m7\x1b[0m  \x1b[33mb\x1b[0m\n",
    );
}

#[test]
fn nothing_from_a_line_acts_on_the_terminal() {
    let hostile = r"\u001b[2J\u202e\u0007";
    let line = format!(
        r#"{{"msg":"{hostile}","service":"{hostile}","trace_id":"{hostile}","duration_ms":1.0,"{hostile}":"{hostile}","x.count":"{hostile}","x.ms":1,"x.max_ms":1,"error":"{hostile}","fragments":[{{"at_ms":0.5,"line":"{hostile}","level":"{hostile}","msg":"{hostile}"}}]}}"#
    );
    let lines = format!("{line}\nfree text \x1b[2J\x07\u{202e}\nmsg=\"\x1b[2J");
    let trace = "\x1b[2J\u{202e}\x07";
    for options in [
        &[][..],
        &["--unit", "1"],
        &["--trace", trace],
        &["--unit", trace],
    ] {
        let said = run(90, &lines, options);
        let odd = |char: char| char.is_control() && char != '\n' || char == '\u{202e}';
        assert!(
            !said.out.contains(odd) && !said.err.contains(odd),
            "{said:?}"
        );
    }
}

#[test]
fn what_is_not_there_is_said() {
    let fault = |options| {
        let said = run(90, "msg=a duration_ms=1.0", options);
        (said.status, said.err)
    };
    assert_eq!(
        fault(&["--unit", "2"]),
        (1, "traceline: no unit 2\n".into())
    );
    assert_eq!(
        fault(&["--unit", "0"]),
        (1, "traceline: no unit 0\n".into())
    );
    assert_eq!(
        fault(&["--trace", "17"]),
        (1, "traceline: no transaction 17\n".into())
    );
    assert_eq!(
        fault(&["--slowest", "--slower", "1s"]),
        (1, "traceline: no such unit\n".into())
    );
}
