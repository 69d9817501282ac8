//! Values and keys in JSON, from the table in `cases`.

use traceline::{
    Config, Format, Trace,
    config::{ConfigBuilder, Integers, NonFinite},
};

use crate::cases;
use crate::util::{Bench, json_line, record, same_line};

fn json() -> ConfigBuilder {
    Config::builder().format(Format::Json)
}

#[track_caller]
fn expect(builder: ConfigBuilder, work: impl FnOnce(&mut Trace), want: &str) {
    same_line(&record(builder, work), &json_line(want));
}

#[test]
fn every_case_of_the_table_is_written_as_it_says() {
    for case in cases::all() {
        expect(json(), |trace| (case.work)(trace), &case.json);
    }
}

#[test]
fn an_odd_character_is_written_alike_at_every_offset_of_a_chunk() {
    let bench = Bench::new(json());
    let mut trace = bench.start();
    for odd in cases::ODD {
        for (filler, most) in cases::FILLERS {
            for text in cases::at_every_offset(odd, filler, most) {
                trace.set("k", &text);
                let want = format!(r#""k":"{}""#, cases::escape(&text));
                same_line(&trace.render(), &json_line(&want));
            }
        }
    }
    trace.discard();
}

#[test]
fn keys_are_escaped_like_values_at_every_offset() {
    let bench = Bench::new(json());
    for odd in cases::ODD {
        for text in cases::at_every_offset(odd, 'a', 34) {
            let mut trace = bench.start();
            trace.set(&text, 1);
            let want = format!(r#""{}":1"#, cases::escape(&text));
            same_line(&trace.render(), &json_line(&want));
            trace.discard();
        }
    }
}

#[test]
fn integers_beyond_64_bits_are_strings_by_default() {
    expect(
        json(),
        |trace| {
            trace
                .set("a", u64::MAX)
                .set("b", i64::MIN)
                .set("c", u128::from(u64::MAX) + 1)
                .set("d", i128::from(i64::MIN) - 1);
        },
        concat!(
            r#""a":18446744073709551615,"b":-9223372036854775808,"#,
            r#""c":"18446744073709551616","d":"-9223372036854775809""#
        ),
    );
}

#[test]
fn integers_beyond_53_bits_are_strings_if_asked() {
    const MOST: u64 = 1 << 53;
    expect(
        json().integers(Integers::Bits53),
        |trace| {
            trace
                .set("a", MOST - 1)
                .set("b", MOST + 1)
                .set("c", -(MOST as i64) - 1)
                .set("d", u64::MAX)
                .set("e", i64::MIN)
                .set("f", u128::from(MOST) + 1)
                .set("g", -i128::from(MOST) - 1)
                .set("h", [MOST - 1, MOST + 1]);
        },
        concat!(
            r#""a":9007199254740991,"b":"9007199254740993","c":"-9007199254740993","#,
            r#""d":"18446744073709551615","e":"-9223372036854775808","#,
            r#""f":"9007199254740993","g":"-9007199254740993","#,
            r#""h":[9007199254740991,"9007199254740993"]"#
        ),
    );
}

/// 2⁵³ itself is not beyond ±2⁵³, whatever its type and wherever it appears.
#[test]
fn two_to_the_53_is_a_number_in_every_type() {
    const MOST: i64 = 1 << 53;
    expect(
        json().integers(Integers::Bits53),
        |trace| {
            trace
                .set("u64", MOST as u64)
                .set("i64", MOST)
                .set("least", -MOST)
                .set("u128", MOST as u128)
                .set("i128", i128::from(-MOST))
                .set("list", [MOST, -MOST]);
        },
        concat!(
            r#""u64":9007199254740992,"i64":9007199254740992,"least":-9007199254740992,"#,
            r#""u128":9007199254740992,"i128":-9007199254740992,"#,
            r#""list":[9007199254740992,-9007199254740992]"#
        ),
    );
}

#[test]
fn integers_of_any_size_are_numbers_if_asked() {
    expect(
        json().integers(Integers::Number),
        |trace| {
            trace.set("a", u128::MAX).set("b", [i128::MIN]);
        },
        concat!(
            r#""a":340282366920938463463374607431768211455,"#,
            r#""b":[-170141183460469231731687303715884105728]"#
        ),
    );
}

#[test]
fn sums_beyond_64_bits_are_strings_too() {
    expect(
        json(),
        |trace| {
            trace.sum("k", u128::from(u64::MAX)).incr("k");
        },
        r#""k":"18446744073709551616""#,
    );
}

#[test]
fn numbers_that_are_none_are_text_if_asked() {
    expect(
        json().non_finite(NonFinite::Text),
        |trace| {
            trace
                .set("a", f64::NAN)
                .set("b", f32::INFINITY)
                .set("c", [f64::NEG_INFINITY, 1.0])
                .sum("d", f64::NAN);
        },
        r#""a":"NaN","b":"Infinity","c":["-Infinity",1.0],"d":"NaN""#,
    );
}
