//! Values and keys in logfmt, from the table in `cases`.

use traceline::Config;

use crate::cases;
use crate::util::{Bench, logfmt_line, record, same_line};

#[test]
fn every_case_of_the_table_is_written_as_it_says() {
    for case in cases::all() {
        let line = record(Config::builder(), |trace| (case.work)(trace));
        same_line(&line, &logfmt_line(&case.logfmt));
    }
}

#[test]
fn an_odd_character_is_written_alike_at_every_offset_of_a_chunk() {
    let bench = Bench::new(Config::builder());
    let mut trace = bench.start();
    for odd in cases::ODD {
        for (filler, most) in cases::FILLERS {
            for text in cases::at_every_offset(odd, filler, most) {
                trace.set("k", &text);
                same_line(&trace.render(), &logfmt_line(&pair(&text)));
            }
        }
    }
    trace.discard();
}

/// `k="…"` with the last backslash as the reader-proof escape.
fn pair(text: &str) -> String {
    match text.strip_suffix('\\') {
        Some(rest) => format!(r#"k="{}\u005c""#, cases::escape(rest)),
        None => format!(r#"k="{}""#, cases::escape(text)),
    }
}

#[test]
fn exactly_the_listed_ascii_characters_are_bare() {
    const BARE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:@%+~-";
    for char in (0..0x7F_u8).map(char::from) {
        // After a letter, nothing is a lookalike; far after it, the next chunk begins.
        for text in [format!("x{char}"), format!("sixteen-bytes---x{char}y")] {
            let want = if BARE.contains(char) {
                format!("k={text}")
            } else {
                pair(&text)
            };
            let line = record(Config::builder(), |trace| {
                trace.set("k", &text);
            });
            same_line(&line, &logfmt_line(&want));
        }
    }
}

#[test]
fn exactly_letters_digits_underscore_dot_and_hyphen_are_kept_in_keys() {
    const KEPT: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    let odd = ['\u{80}', 'é', 'ß', '²', '日', '\u{2028}', '\u{FFFD}', '😀'];
    for char in (0..0x80_u8).map(char::from).chain(odd) {
        let key = format!("sixteen-bytes---{char}k");
        let written = if KEPT.contains(char) { char } else { '_' };
        let line = record(Config::builder(), |trace| {
            trace.set(&key, 1);
        });
        same_line(
            &line,
            &logfmt_line(&format!("sixteen-bytes---{written}k=1")),
        );
    }
}

#[test]
fn lookalikes_of_any_length_are_quoted() {
    for digits in 1..40 {
        let text = "1".repeat(digits);
        let line = record(Config::builder(), |trace| {
            trace.set("k", &text);
        });
        same_line(&line, &logfmt_line(&format!("k=\"{text}\"")));
        let near = format!("{text}x");
        let line = record(Config::builder(), |trace| {
            trace.set("k", &near);
        });
        same_line(&line, &logfmt_line(&format!("k={near}")));
    }
}
