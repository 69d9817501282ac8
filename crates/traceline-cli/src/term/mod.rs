//! What the program prints.

mod axis;
mod line;
mod notes;
mod summary;
mod table;
mod transaction;
mod unit;

pub use line::line;
pub use notes::{hint, notes};
pub use summary::{Listed, slowest_of, summary};
pub use transaction::transaction;
pub use unit::unit;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::record::{Level, Outcome};
use crate::text;
pub(crate) use crate::text::visible;

/// The output, and how wide it is.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The output so far.
    pub out: String,
    /// Its width in columns.
    pub columns: usize,
    /// Whether to use colours.
    pub color: bool,
    /// How many columns of the line at hand are used.
    used: usize,
}

/// How a text is highlighted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    Bold,
    Dim,
    Good,
    Warning,
    Bad,
    Bar,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "\x1b[1m",
            Style::Dim => "\x1b[2m",
            Style::Good => "\x1b[32m",
            Style::Warning => "\x1b[33m",
            Style::Bad => "\x1b[31m",
            Style::Bar => "\x1b[36m",
        }
    }

    pub(crate) fn of_outcome(outcome: Outcome) -> Style {
        match outcome {
            Outcome::Ok => Style::Good,
            Outcome::Error | Outcome::Panic => Style::Bad,
            Outcome::Cancelled => Style::Warning,
            Outcome::None | Outcome::Other => Style::Plain,
        }
    }

    pub(crate) fn of_level(level: Level) -> Style {
        match level {
            Level::Error => Style::Bad,
            Level::Warn => Style::Warning,
            _ => Style::Plain,
        }
    }
}

impl Screen {
    /// A screen of at least 40 columns.
    pub fn new(columns: usize, color: bool) -> Screen {
        let out = String::new();
        let columns = columns.max(40);
        Screen {
            out,
            columns,
            color,
            used: 0,
        }
    }

    /// Prints a text, or as much of it as the line has room for.
    pub(crate) fn put(&mut self, style: Style, text: &str) {
        let text = clipped(text, self.columns.saturating_sub(self.used));
        self.used += text.width();
        if self.color && style != Style::Plain {
            self.out.push_str(style.code());
            self.out.push_str(&text);
            self.out.push_str("\x1b[0m");
        } else {
            self.out.push_str(&text);
        }
    }

    pub(crate) fn line(&mut self, style: Style, text: &str) {
        self.put(style, text);
        self.end_line();
    }

    pub(crate) fn gap(&mut self, columns: usize) {
        self.used += columns;
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    /// Ends the line and strips trailing blanks.
    pub(crate) fn end_line(&mut self) {
        let len = self.out.trim_end_matches(' ').len();
        self.out.truncate(len);
        self.out.push('\n');
        self.used = 0;
    }

    /// Prints a text over as many lines as it needs, each indented.
    pub(crate) fn wrapped(&mut self, style: Style, indent: usize, text: &str) {
        let room = self.columns.saturating_sub(indent).max(8);
        for line in lines(text, room) {
            self.gap(indent.saturating_sub(self.used));
            self.line(style, &line);
        }
    }
}

/// Splits a text into lines of at most `room` columns, if possible at blanks. In one pass: a value may
/// have millions of characters.
fn lines(text: &str, room: usize) -> Vec<String> {
    let text = text::visible(text);
    let (mut lines, mut start, mut used) = (Vec::new(), 0, 0);
    // Behind the last blank of the line, unless that is too near to its start.
    let mut blank = None;
    for (at, char) in text.char_indices() {
        let width = char.width().unwrap_or(0);
        if used + width > room {
            let end = blank.unwrap_or(at);
            lines.push(text.get(start..end).unwrap_or_default().to_owned());
            used = text.get(end..at).unwrap_or_default().width();
            (start, blank) = (end, None);
        }
        used += width;
        if char == ' ' && used > room / 2 {
            blank = Some(at + 1);
        }
    }
    lines.push(text.get(start..).unwrap_or_default().to_owned());
    lines
}

/// How many columns [`Screen::put`] uses for a text.
pub(crate) fn width(text: &str) -> usize {
    text::visible(text).width()
}

/// Cuts a text to a number of columns.
pub(crate) fn clipped(text: &str, columns: usize) -> String {
    let text = text::visible(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |char: &char| {
        let width = char.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// `1,234,567`
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 unit`, `2 units`.
pub(crate) fn count(n: u64, word: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {word}{s}", thousands(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_clipped_by_columns_and_not_by_bytes() {
        assert_eq!(clipped("checkout", 8), "checkout");
        assert_eq!(clipped("checkout", 5), "chec…");
        assert_eq!(clipped("日本語", 6), "日本語");
        assert_eq!(clipped("日本語", 4), "日…");
        assert_eq!(clipped("a\nb", 3), "a\\…");
    }

    #[test]
    fn long_texts_are_wrapped_at_blanks_if_possible() {
        assert_eq!(lines("one two three four", 10), ["one two ", "three four"]);
        assert_eq!(lines("a bcdefghijklmnopq", 10), ["a bcdefghi", "jklmnopq"]);
        assert_eq!(lines("日本語 タイム", 7), ["日本語 ", "タイム"]);
        assert_eq!(lines("", 10), [""]);
        assert_eq!(lines("a\nb", 10), ["a\\nb"]);
        assert_eq!(lines(&"x".repeat(5_000_000), 80).len(), 62_500);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(count(1, "unit"), "1 unit");
        assert_eq!(count(0, "unit"), "0 units");
    }

    #[test]
    fn nothing_that_is_put_can_end_the_line_or_colour_it() {
        let mut screen = Screen::new(80, true);
        screen.put(Style::Bad, "a\n\x1b[0mb");
        assert_eq!(screen.out, "\x1b[31ma\\n\\u001b[0mb\x1b[0m");
        let mut screen = Screen::new(80, false);
        screen.line(Style::Bad, "a  ");
        assert_eq!(screen.out, "a\n");
    }
}
