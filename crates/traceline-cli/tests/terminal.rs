//! The complete output of the program.

mod common;

use common::{looks, prints, run};

/// Three units of one transaction, a line of another kind and one that is cut.
const ORDER: &str = r#"
{"ts":"2026-11-21T08:46:00.100000Z","level":"info","msg":"order","service":"ordering","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","outcome":"ok","duration_ms":100.0,"sku":"widget","purchasing.count":1,"purchasing.ms":75.0,"purchasing.max_ms":75.0,"status":201}
[2026-11-21T08:46:00Z INFO  purchasing] ts=2026-11-21T08:46:00.095000Z level=info msg=purchase service=purchasing trace_id=0af7651916cd43dd8448eb211c80319c span_id=00f067aa0ba902b7 parent_id=b7ad6b7169203331 outcome=ok duration_ms=75.0 cents=249000 status=201 fragments="[28, 70.0ms] reserved, 4000 left"
{"ts":"2026-11-21T08:46:00.040000Z","level":"error","msg":"reserve","service":"inventory","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"5bcdcba0ae05dbc5","parent_id":"00f067aa0ba902b7","outcome":"error","duration_ms":25.0,"status":409,"error":"out of stock","fragments":[{"at_ms":5.0,"line":23,"level":"warn","msg":"3 in stock\n"}]}
listening on 127.0.0.1:8080
ts=2026-11-21T08:46:00.1Z level=info msg="cut
"#;

const REJECTED: &str = r#"
1 line that cannot be read
  in:6  a quote that does not end: ts=2026-11-21T08:46:00.1Z level=info msg="cut
1 line of other kinds
  in:5  listening on 127.0.0.1:8080
"#;

#[test]
fn a_summary_says_what_failed_then_counts_by_name_then_the_slowest() {
    let said = looks(ORDER, &[]);
    prints(
        &said,
        r#"
3 units, 1 failed
2026-11-21T08:46:00.000000Z to 2026-11-21T08:46:00.100000Z

units  █                                                         █    █  1
failed █                                                                 1

failed  name     service    error         first         last          unit
     1  reserve  inventory  out of stock  08:46:00.040  08:46:00.040     3

name      service    units  failed  p50 ms  p90 ms  p99 ms  longest ms  total ms
order     ordering       1       0     100     100     100         100       100
purchase  purchasi…      1       0    75.0    75.0    75.0        75.0      75.0
reserve   inventory      1       1    25.0    25.0    25.0        25.0      25.0

took ms  name      service     outcome  began         unit
    100  order     ordering    ok       08:46:00.000     1
   75.0  purchase  purchasing  ok       08:46:00.020     2
   25.0  reserve   inventory   error    08:46:00.015     3
"#,
    );
    assert_eq!(said.err, REJECTED.trim_start());
}

#[test]
fn a_transaction_is_a_waterfall_across_services() {
    let said = looks(ORDER, &["--trace", "0af7651916cd43dd8448eb211c80319c"]);
    prints(
        &said,
        r#"
transaction 0af7651916cd43dd8448eb211c80319c
3 units of 3 services, 100 ms from 2026-11-21T08:46:00.000000Z

reserve  error 409 out of stock

                           0               50.0 ms    100 ms
order          ordering    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms  ok 201
└─ purchase    purchasing        ━━━━━━━━━━━━━━━━━━━━━━━┿━    75.0 ms  ok 201
   └─ reserve  inventory       ━━┿━━━━━✗                      25.0 ms  error 409

fragments
  +20.0 ms  reserve   23  3 in stock\n
  +90.0 ms  purchase  28  reserved, 4000 left

timers: how much of the unit's time, wherever in it
  order  purchasing  ███████████████  75.0 ms  75 %  1 lap  longest 75.0 ms

notes
  reserve: begins 5.00 ms before its caller: their clocks differ
"#,
    );
}

#[test]
fn a_unit_is_a_waterfall_of_its_fragments() {
    let expected = r#"
reserve  inventory  error 409  25.0 ms  error
out of stock
2026-11-21T08:46:00.015000Z to 2026-11-21T08:46:00.040000Z
trace_id 0af7651916cd43dd8448eb211c80319c
span_id 5bcdcba0ae05dbc5
parent_id 00f067aa0ba902b7
in, byte 598

fields
  status  409
  error   out of stock

          0                        25.0 ms
          ━━━━━━┿━━━━━━━━━━━━━━━━━━━━━━━━✗
+5.00 ms        ┃                           23  3 in stock\n
"#;
    for unit in ["3", "5bcdcba0ae05dbc5"] {
        prints(&looks(ORDER, &["--unit", unit]), expected);
    }
}

#[test]
fn the_slowest_unit_needs_no_number() {
    let expected = r#"
order  ordering  ok 201  100 ms  info
2026-11-21T08:46:00.000000Z to 2026-11-21T08:46:00.100000Z
trace_id 0af7651916cd43dd8448eb211c80319c
span_id b7ad6b7169203331
in, byte 1

fields
  sku     widget
  status  201

        0               50.0 ms   100 ms
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

timers: how much of the unit's time, wherever in it
  purchasing  ███████████████  75.0 ms  75 %  1 lap  longest 75.0 ms
"#;
    prints(&looks(ORDER, &["--slowest"]), expected);
}

#[test]
fn a_filter_counts_what_it_leaves() {
    let expected = r#"
1 unit of 3, 1 failed
2026-11-21T08:46:00.015000Z to 2026-11-21T08:46:00.040000Z

failed  name     service    error         first         last          unit
     1  reserve  inventory  out of stock  08:46:00.040  08:46:00.040     3

name     service    units  failed  p50 ms  p90 ms  p99 ms  longest ms  total ms
reserve  inventory      1       1    25.0    25.0    25.0        25.0      25.0

took ms  name     service    outcome  began         unit
   25.0  reserve  inventory  error    08:46:00.015     3
"#;
    for options in [
        &["--where", "status>=400"][..],
        &["--outcome", "error,panic"],
        &["--where", "msg=reserve"],
        &[
            "--search",
            "stock",
            "--where",
            "not stock-taking",
            "--slower",
            "20ms",
            "--until",
            "2026-11-21T08:46:00.05Z",
        ],
    ] {
        prints(&looks(ORDER, options), expected);
    }
    let none = run(80, ORDER, &["--slower", "1s"]);
    assert_eq!((none.out.as_str(), none.status), ("0 units of 3\n", 1));
}

#[test]
fn a_transaction_is_whole_whatever_the_filter_leaves() {
    let trace = ["--trace", "0af7651916cd43dd8448eb211c80319c"];
    let filtered = [&trace[..], &["--outcome", "error"]].concat();
    assert_eq!(run(90, ORDER, &filtered), run(90, ORDER, &trace));
}

#[test]
fn a_record_that_stands_for_many_is_counted_that_often() {
    let text = "ts=2026-11-21T08:46:00Z msg=a duration_ms=1.0 sample_rate=100\n\
                ts=2026-11-21T08:46:00Z msg=a outcome=panic duration_ms=50.0\n\
                ts=2026-11-21T08:46:00Z msg=a duration_ms=9.0 sample_rate=0\n\
                ts=2026-11-21T08:46:00Z msg=b duration_ms=1.0 partial=true seq=1\n";
    prints(
        &looks(text, &[]),
        r#"
3 units, 1 failed, 1 partial record
2026-11-21T08:45:59.950000Z to 2026-11-21T08:46:00.000000Z

failed  name  error  first         last          unit
     1  a     panic  08:46:00.000  08:46:00.000     2

name  units  records  failed  p50 ms  p90 ms  p99 ms  longest ms  total ms
a       101        3       1    1.00    1.00    1.00        50.0       150

took ms  name  outcome  began         unit
   50.0  a     panic    08:45:59.950     2
   9.00  a              08:45:59.991     3
   1.00  a              08:45:59.999     1
"#,
    );
    prints(
        &looks(text, &["--top", "0"]),
        r#"
3 units, 1 failed, 1 partial record
2026-11-21T08:45:59.950000Z to 2026-11-21T08:46:00.000000Z


and 1 more name
"#,
    );
}

#[test]
fn the_errors_of_one_name_are_grouped() {
    let line = |n: u32, rest: &str| {
        format!(
            "ts=2026-11-21T08:46:{n:02}Z level=error msg=pay duration_ms=1.0 outcome=error {rest}\n"
        )
    };
    let text = [
        line(1, "error=\"card declined\""),
        line(2, "error=\"no answer in 3 ms\" error.type=Timeout"),
        line(3, "error=\"no answer in 4 ms\" error.type=Timeout"),
        line(4, "status=503"),
        line(5, ""),
    ];
    prints(
        &looks(&text.concat(), &["--top", "3"]),
        r#"
5 units, 5 failed
2026-11-21T08:46:00.999000Z to 2026-11-21T08:46:05.000000Z

units  █              █               █               █               █  1
failed █              █               █               █               █  1

failed  name  error       first         last          unit
     2  pay   Timeout     08:46:02.000  08:46:03.000     3
     1  pay   error       08:46:05.000  08:46:05.000     5
     1  pay   status 503  08:46:04.000  08:46:04.000     4
and 1 more kind of failure

name  units  failed  p50 ms  p90 ms  p99 ms  longest ms  total ms
pay       5       5    1.00    1.00    1.00        1.00      5.00

took ms  name  outcome  began         unit
   1.00  pay   error    08:46:00.999     1
   1.00  pay   error    08:46:01.999     2
   1.00  pay   error    08:46:02.999     3
"#,
    );
}

#[test]
fn colours_are_there_when_asked_for_and_never_alone() {
    let line = "msg=a outcome=error duration_ms=4.0 fragments=\"[7, 2.0ms, warn] b\"\n";
    let said = run(80, line, &["--unit", "1", "--color", "always"]);
    assert!(
        said.out
            .contains("\x1b[31m━━━━━━━━━━━━━━━━\x1b[0m\x1b[33m┿\x1b[0m"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("\x1b[31m━━━━━━━━━━━━━━✗\x1b[0m\n"),
        "{}",
        said.out
    );
    let mut plain = said.out;
    for code in ["0", "1", "2", "31", "32", "33", "36"] {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(plain, run(80, line, &["--unit", "1"]).out);
}

#[test]
fn nothing_from_a_line_acts_on_the_terminal() {
    let hostile = r"\u001b[2J\u202e\u0007";
    let line = format!(
        r#"{{"msg":"{hostile}","service":"{hostile}","trace_id":"{hostile}","duration_ms":1.0,"{hostile}":"{hostile}","x.count":"{hostile}","x.ms":1,"x.max_ms":1,"error":"{hostile}","fragments":[{{"at_ms":0.5,"line":"{hostile}","level":"{hostile}","msg":"{hostile}"}}]}}"#
    );
    let lines = format!("{line}\nfree text \x1b[2J\x07\u{202e}\nmsg=\"\x1b[2J\n");
    let trace = "\x1b[2J\u{202e}\x07";
    for options in [
        &[][..],
        &["--unit", "1"],
        &["--trace", trace],
        &["--unit", trace],
    ] {
        let said = looks(&lines, options);
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
        let said = run(90, "msg=a duration_ms=1.0\n", options);
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

#[test]
fn a_name_that_is_too_long_leaves_room_for_the_outcome() {
    let line = format!(
        "ts=2026-11-21T08:46:00Z level=error msg={} outcome=error duration_ms=25.0 error=\"日本語 タイムアウト\"\n",
        "long".repeat(30)
    );
    prints(
        &run(60, &line, &["--unit", "1"]),
        "
longlonglonglonglonglonglonglonglong…  error  25.0 ms  error
日本語 タイムアウト
2026-11-21T08:45:59.975000Z to 2026-11-21T08:46:00.000000Z
in, byte 0

fields
  error  日本語 タイムアウト

        0                25.0 ms
        ━━━━━━━━━━━━━━━━━━━━━━━✗
",
    );
    let narrow = run(40, &line, &["--unit", "1"]);
    let times = "2026-11-21T08:45:59.975000Z to \n2026-11-21T08:46:00.000000Z\n";
    assert!(
        narrow.out.contains(&times.replace(" \n", "\n")),
        "{}",
        narrow.out
    );
}
