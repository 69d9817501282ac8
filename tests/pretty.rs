//! Records for a person at a terminal, compared as whole texts.

use std::time::Duration;

use traceline::{
    Config, Format, Trace,
    config::{Color, ConfigBuilder},
};

use crate::util::{Bench, add_from_here, record, same_line};

fn pretty(color: Color) -> ConfigBuilder {
    Config::builder().format(Format::Pretty).color(color)
}

/// A unit with every part; returns its text and the lines of its fragments.
fn everything(color: Color) -> (String, [u32; 4]) {
    let bench = Bench::new(pretty(color).field("service", "shop"));
    let mut trace = bench.start();
    trace
        .set("user", "paul b")
        .set("rows", 3)
        .incr("a_key_of_more_than_16");
    trace.time("db", |_| bench.clock.advance(Duration::from_micros(1_500)));
    trace.add("read");
    let plain = line!() - 1;
    bench.clock.advance(Duration::from_secs(1));
    trace.warn("slow");
    trace.fail("gone");
    let elsewhere = add_from_here(&mut trace, "there");
    trace.error("no disk");
    trace.emit();
    (
        bench.log.only().args,
        [plain, plain + 3, plain + 4, elsewhere],
    )
}

#[test]
fn the_whole_text_without_color() {
    let (text, [plain, warn, fail, there]) = everything(Color::Never);
    let want = format!(
        "unit  error  1001.5ms  error  2026-11-21T08:46:01.124956Z
  service          shop
  user             paul b
  rows             3
  a_key_of_more_than_16 1
  db.count         1
  db.ms            1.5
  db.max_ms        1.5
  error            no disk
       +1.5ms  tests/pretty.rs:{plain}  read
    +1001.5ms  tests/pretty.rs:{warn}  slow
    +1001.5ms  tests/pretty.rs:{fail}  gone
    +1001.5ms  mod.rs:{there}  there"
    );
    same_line(&text, &want);
}

#[test]
fn the_whole_text_with_color() {
    let (text, [plain, warn, fail, there]) = everything(Color::Always);
    let want = format!(
        "\x1b[1munit\x1b[0m  \x1b[31merror\x1b[0m  1001.5ms  \x1b[31merror\x1b[0m  \x1b[2m2026-11-21T08:46:01.124956Z\x1b[0m
  \x1b[2mservice\x1b[0m          shop
  \x1b[2muser\x1b[0m             paul b
  \x1b[2mrows\x1b[0m             3
  \x1b[2ma_key_of_more_than_16\x1b[0m 1
  \x1b[2mdb.count\x1b[0m         1
  \x1b[2mdb.ms\x1b[0m            1.5
  \x1b[2mdb.max_ms\x1b[0m        1.5
  \x1b[2merror\x1b[0m            \x1b[31mno disk\x1b[0m
       +1.5ms  \x1b[2mtests/pretty.rs:{plain}\x1b[0m  read
    +1001.5ms  \x1b[2mtests/pretty.rs:{warn}\x1b[0m  \x1b[33mslow\x1b[0m
    +1001.5ms  \x1b[2mtests/pretty.rs:{fail}\x1b[0m  \x1b[31mgone\x1b[0m
    +1001.5ms  \x1b[2mmod.rs:{there}\x1b[0m  there"
    );
    same_line(&text, &want);
}

#[test]
fn an_empty_unit_is_one_line_and_outcome_ok_is_green() {
    same_line(
        &record(pretty(Color::Never), |_| {}),
        "unit  0.0ms  info  2026-11-21T08:46:00.123456Z",
    );
    let text = record(pretty(Color::Always).header(false), |trace| {
        trace.ok();
    });
    same_line(&text, "\x1b[1munit\x1b[0m  \x1b[32mok\x1b[0m  0.0ms");
}

#[test]
fn losses_and_partial_records_are_told() {
    let bench = Bench::new(
        pretty(Color::Never)
            .header(false)
            .max_fields(1)
            .max_value(16)
            .max_fragments(0),
    );
    let mut trace = bench.start();
    trace
        .set("k", "x".repeat(17))
        .set("dropped", 1)
        .add("dropped");
    trace.checkpoint().unset("k");
    trace.emit();
    let [partial, last] = bench.log.take_lines().try_into().expect("two records");
    same_line(
        &partial,
        "unit  0.0ms
  k                xxxxxxxxxxxxxxxx
  dropped_fields   1
  dropped_fragments 1
  truncated        1
  seq              1 (partial)",
    );
    same_line(
        &last,
        "unit  0.0ms
  dropped_fields   1
  dropped_fragments 1",
    );
}

/// No user text can start a line, move the cursor or change a colour.
#[test]
fn what_acts_on_a_terminal_is_escaped_everywhere() {
    let odd = "\x1b[2J\n\r\t\u{9b}31m\u{202e}\u{7f}\u{2028}";
    let escaped = r"\u001b[2J\n\r\t\u009b31m\u202e\u007f\u2028";
    let bench = Bench::new(pretty(Color::Never).header(false));
    let mut trace = Trace::builder(odd).config(&bench.config).start();
    trace.set("k", odd).set(odd, [odd]).error(odd);
    trace.add(odd);
    let line = line!() - 1;
    trace.emit();
    let list = escaped.replace('\\', r"\\");
    let want = format!(
        "{escaped}  error  0.0ms
  k                {escaped}
  {escaped}   \"[\\\"{list}\\\"]\"
  error            {escaped}
       +0.0ms  tests/pretty.rs:{line}  {escaped}"
    );
    same_line(&bench.log.only().args, &want);
}

#[test]
fn keys_stay_as_they_are_and_unique() {
    let text = record(pretty(Color::Never).header(false), |trace| {
        trace
            .set("a b", 1)
            .set("é", 2)
            .set("", 3)
            .set("error", 4)
            .incr("a b");
    });
    same_line(
        &text,
        "unit  0.0ms
  a b              1
  é                2
  _                3
  error_2          4
  a b_2            1",
    );
}

#[test]
fn values_are_written_as_in_logfmt_but_text_without_quotes() {
    let text = record(
        pretty(Color::Never).header(false).redact(["pin"]),
        |trace| {
            trace
                .set("text", "a b")
                .set("digits", "007")
                .set("empty", "");
            trace
                .set("float", 1.0)
                .set("nan", f64::NAN)
                .set("null", traceline::null());
            trace.set("pin", 1234).set("none", None::<u8>);
        },
    );
    same_line(
        &text,
        "unit  0.0ms
  text             a b
  digits           007
  empty            
  float            1.0
  nan              NaN
  null             null
  pin              ******",
    );
}

#[test]
fn a_text_over_the_records_limit_is_cut() {
    let text = record(pretty(Color::Always).max_record(512), |trace| {
        trace.set("k", "é".repeat(1_000));
    });
    assert!(
        text.len() <= 512 && text.ends_with("truncated\x1b[0m        1"),
        "{text}"
    );
}

#[test]
fn the_name_the_request_and_the_error_are_cut_later_than_other_texts() {
    let bench = Bench::new(pretty(Color::Never).header(false).max_record(600));
    let text = |char: &str| char.repeat(60);
    let mut trace = Trace::builder(text("n")).config(&bench.config).start();
    trace.set_request_id(&text("r"));
    for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        trace.set(key, text("v"));
    }
    trace.error(text("e").as_str());
    trace.emit();
    let record = bench.log.only().args;
    for char in ["n", "r", "e"] {
        assert!(record.contains(&text(char)), "{record}");
    }
    // Only the eight fields.
    assert!(record.ends_with("\n  truncated        8"), "{record}");
}
