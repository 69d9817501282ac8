//! A table that fits the screen.

use super::{Screen, Style, clipped, width};

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

/// What becomes of a column if the screen is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It stays as it is.
    Keep,
    /// It gets narrower, down to this width.
    Shrink(usize),
    /// It goes; those with higher numbers go first.
    Drop(u8),
}

use Fit::{Drop, Keep, Shrink};

/// Prints rows of equal length, with two blanks between columns.
pub(super) fn print(screen: &mut Screen, indent: usize, fits: &[Fit], rows: &[Vec<Cell>]) {
    let widths = widths(screen.columns.saturating_sub(indent), fits, rows);
    for row in rows {
        screen.gap(indent);
        let mut is_first = true;
        for (cell, column) in row.iter().zip(&widths) {
            let Some(column) = *column else {
                continue;
            };
            screen.gap(if std::mem::take(&mut is_first) { 0 } else { 2 });
            let text = clipped(&cell.text, column);
            let space = column.saturating_sub(width(&text));
            screen.gap(if cell.right { space } else { 0 });
            screen.put(cell.style, &text);
            screen.gap(if cell.right { 0 } else { space });
        }
        screen.end_line();
    }
}

/// The width of each column; `None` for those that are left out.
fn widths(room: usize, fits: &[Fit], rows: &[Vec<Cell>]) -> Vec<Option<usize>> {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths: Vec<Option<usize>> = (0..columns).map(|at| Some(widest(at))).collect();
    let fit = |at: usize| fits.get(at).copied().unwrap_or(Keep);
    loop {
        let kept = widths.iter().flatten();
        let needed = kept.clone().sum::<usize>() + kept.count().saturating_sub(1) * 2;
        if needed <= room {
            return widths;
        }
        let places = || widths.iter().enumerate();
        let shrinks = places().filter_map(|(at, width)| match (fit(at), width) {
            (Shrink(least), Some(width)) if *width > least => Some((*width, at, least)),
            _ => None,
        });
        let drops = places().filter_map(|(at, width)| match fit(at) {
            Drop(order) if width.is_some() => Some((order, at)),
            _ => None,
        });
        if let Some((width, at, least)) = shrinks.max() {
            widths[at] = Some(
                width
                    .saturating_sub(needed - room)
                    .max(least)
                    .max(width / 2),
            );
        } else if let Some((_, at)) = drops.max() {
            // Those that are kept may have room again.
            let kept = (0..columns).filter(|other| *other != at && widths[*other].is_some());
            let kept: Vec<usize> = kept.collect();
            widths = vec![None; columns];
            kept.into_iter()
                .for_each(|at| widths[at] = Some(widest(at)));
        } else if let Some((width, at)) = places().map(|(at, width)| (*width, at)).max()
            && let Some(width) = width.filter(|width| *width > 1)
        {
            // Nothing is said about what must go, so the widest column gets narrower.
            widths[at] = Some(width - 1);
        } else {
            return widths;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(columns: usize, fits: &[Fit]) -> String {
        let mut screen = Screen::new(columns, false);
        let row = |texts: [&str; 4]| texts.map(|text| left(Style::Plain, text)).to_vec();
        let rows = [
            row(["name", "a text", "id", "n"]),
            row(["checkout", "declined again", "0af7651916cd43dd", "12"]),
        ];
        print(&mut screen, 2, fits, &rows);
        screen.out
    }

    #[test]
    fn a_table_is_never_wider_than_the_screen() {
        let fits = [Shrink(6), Shrink(8), Drop(1), Keep];
        assert_eq!(
            printed(60, &fits),
            "  name      a text          id                n\n  checkout  declined again  0af7651916cd43dd  12\n"
        );
        assert_eq!(
            printed(45, &fits),
            "  name      a text       id                n\n  checkout  declined a…  0af7651916cd43dd  12\n"
        );
        assert_eq!(
            printed(40, &fits),
            "  name    a text    id                n\n  checko…  declined  0af7651916cd43dd  12\n"
                .replace("checko…  declined", "check…  decline…")
        );
        for columns in 40..60 {
            for line in printed(columns, &[]).lines() {
                assert!(width(line) <= columns, "{columns} {line}");
            }
        }
    }

    #[test]
    fn a_column_that_does_not_fit_goes() {
        let mut screen = Screen::new(40, false);
        let row = |texts: [&str; 3]| texts.map(|text| left(Style::Plain, text)).to_vec();
        let id = "0af7651916cd43dd8448eb211c80319c";
        print(
            &mut screen,
            0,
            &[Shrink(4), Drop(2), Drop(1)],
            &[row(["checkout", id, "12.5 ms"])],
        );
        assert_eq!(screen.out, "checkout  12.5 ms\n");
    }
}
