//! The picture in the README: a pretty record and the same unit as a line, as terminals show them.
//!
//! ```text
//! cargo run --example picture > examples/picture.svg
//! ```
//!
//! The picture sets the clock, so that it comes out the same each time; a test in this file
//! (`cargo test --example picture`) compares it with the committed one.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Log, Metadata, Record};
use traceline::{
    Config, Format, Trace,
    config::{Clock, Color, LineTag},
};

fn main() {
    print!("{}", picture());
}

/// A clock that the unit moves.
struct Told {
    base: Instant,
    micros: AtomicU64,
}

impl Clock for Told {
    fn now(&self) -> Instant {
        self.base + Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(1_795_250_760_123_456)
    }
}

/// Takes everything and prints nothing; the picture uses rendered records.
struct Nowhere;

impl Log for Nowhere {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {}

    fn flush(&self) {}
}

/// A checkout that succeeds on the second try.
fn checkout(format: Format) -> String {
    let clock: &'static Told = Box::leak(Box::new(Told {
        base: Instant::now(),
        micros: AtomicU64::new(0),
    }));
    let config = Config::builder()
        .format(format)
        .color(Color::Always)
        .line_tag(LineTag::FileLine)
        .clock(clock)
        .logger(&Nowhere)
        .build()
        .expect("the settings make sense");
    let pass = |micros| _ = clock.micros.fetch_add(micros, Ordering::Relaxed);
    let mut trace = Trace::builder("checkout").config(&config).start();
    pass(16);
    trace.set("cart_id", 1002).set("user_id", 42);
    trace.add("1 x lamp, 18 in stock");
    for attempt in 1..=2 {
        trace.time("payment", |_| pass(3_090 + attempt));
        if attempt == 1 {
            trace
                .incr("retries")
                .warn("no answer from the bank, asking again");
            pass(10_109);
        }
    }
    trace
        .set("order_id", 7002)
        .set("total_cents", 4491)
        .status(201);
    trace.ok();
    let text = trace.render();
    trace.discard();
    text
}

const LEFT: usize = 20;
const LINE_HEIGHT: usize = 20;
/// The width of a line in characters, and of a character in pixels.
const WIDTH: usize = 96;
const ADVANCE: usize = 8;

fn picture() -> String {
    let pretty = checkout(Format::Pretty);
    let logfmt = checkout(Format::Logfmt);
    let mut lines: Vec<String> = pretty.lines().map(str::to_owned).collect();
    lines.push(String::new());
    lines.extend(wrapped(&logfmt));
    let height = LINE_HEIGHT * (lines.len() + 1) + LINE_HEIGHT / 2;
    let width = 2 * LEFT + WIDTH * ADVANCE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n\
         <title>A unit of work as a pretty record and as one logfmt line</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#10151c\"/>\n"
    );
    for (line, number) in lines.iter().zip(1..) {
        let top = LINE_HEIGHT * number + LINE_HEIGHT / 2;
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{top}\" fill=\"#d7dde5\" xml:space=\"preserve\">{}</text>",
            spans(line)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Wraps a line at a blank, as a terminal of this width would.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let last = lines.last().map_or(0, String::len);
        match lines.last_mut() {
            Some(line) if last + word.len() <= WIDTH => line.push_str(word),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Turns the escape sequences of `Format::Pretty` into SVG.
fn spans(line: &str) -> String {
    let mut svg = String::new();
    for piece in line.split("\u{1b}[") {
        let (style, text) = match piece.split_once('m') {
            Some((code, text)) if code.bytes().all(|byte| byte.is_ascii_digit()) => (code, text),
            _ => ("", piece),
        };
        let style = match style {
            "1" => " font-weight=\"bold\"",
            "2" => " fill=\"#7d8894\"",
            "31" => " fill=\"#ff7b72\"",
            "32" => " fill=\"#7ee787\"",
            "33" => " fill=\"#f2cc60\"",
            _ => "",
        };
        if !text.is_empty() {
            let _ = write!(svg, "<tspan{style}>{}</tspan>", escaped(text));
        }
    }
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_picture_that_is_kept_is_the_one_that_is_made() {
        assert_eq!(super::picture(), include_str!("picture.svg"));
    }
}
