//! A table whose columns are as wide as their contents.

use super::{Screen, Style, width};

#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
    right: bool,
}

/// A text, aligned left.
pub(super) fn left(style: Style, text: impl Into<String>) -> Cell {
    let (text, right) = (text.into(), false);
    Cell { text, style, right }
}

/// A number, aligned right.
pub(super) fn right(style: Style, text: impl Into<String>) -> Cell {
    let right = true;
    Cell {
        right,
        ..left(style, text)
    }
}

/// Prints rows of equal length, with two blanks between columns.
pub(super) fn print(screen: &mut Screen, indent: usize, rows: &[Vec<Cell>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| width(&cell.text))
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|at| widest(at).unwrap_or(0)).collect();
    for row in rows {
        screen.gap(indent);
        for (at, (cell, column)) in row.iter().zip(&widths).enumerate() {
            screen.gap(if at > 0 { 2 } else { 0 });
            let space = column - width(&cell.text);
            screen.gap(if cell.right { space } else { 0 });
            screen.put(cell.style, &cell.text);
            screen.gap(if cell.right { 0 } else { space });
        }
        screen.end_line();
    }
}
