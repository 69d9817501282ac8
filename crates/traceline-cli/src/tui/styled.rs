//! What the views print, as lines for the interface.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Turns the output of a [`Screen`](crate::term::Screen) into lines.
pub(super) fn lines(text: &str) -> Vec<Line<'static>> {
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line<'static> {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    let mut spans = vec![Span::raw(first.to_owned())];
    for part in parts {
        // Texts have no escapes: those that are there are the screen's own.
        let (code, text) = part.split_once('m').unwrap_or(("0", part));
        spans.push(Span::styled(text.to_owned(), style(code)));
    }
    Line::from(spans)
}

fn style(code: &str) -> Style {
    let color = |color| Style::new().fg(color);
    match code {
        "1" => Style::new().add_modifier(Modifier::BOLD),
        "2" => Style::new().add_modifier(Modifier::DIM),
        "31" => color(Color::Red),
        "32" => color(Color::Green),
        "33" => color(Color::Yellow),
        "36" => color(Color::Cyan),
        _ => Style::new(),
    }
}
