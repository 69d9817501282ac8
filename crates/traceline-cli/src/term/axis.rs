//! A time axis with a given number of columns, and the bars on it.

use super::{Screen, Style, width};
use crate::detail::Detail;
use crate::duration::Scale;
use crate::record::Level;

/// The width of the narrowest axis.
pub(super) const NARROWEST: usize = 16;

/// Maps microseconds to columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) columns: usize,
    pub(super) total: u64,
}

/// The cells of a bar.
pub(super) type Cells = Vec<(char, Style)>;

impl Axis {
    /// The column of a time; later times are put in the last one.
    pub(super) fn column(self, at: u64) -> usize {
        let column = u128::from(at) * self.columns as u128 / u128::from(self.total.max(1));
        usize::try_from(column)
            .unwrap_or(usize::MAX)
            .min(self.columns - 1)
    }

    /// A bar with its fragments. A failed one ends with a cross, so that colour is not needed.
    pub(super) fn bar(self, start: u64, duration: u64, detail: &Detail, failed: bool) -> Cells {
        let (first, last) = (
            self.column(start),
            self.column(start.saturating_add(duration)),
        );
        let mut cells = vec![(' ', Style::Plain); self.columns];
        // A bar ends before a column that it only touches.
        let touches = self.total > 0 && start.saturating_add(duration) < self.total;
        let end = if touches {
            last.max(first + 1)
        } else {
            last + 1
        };
        let end = end.min(self.columns);
        let bar = if failed { Style::Bad } else { Style::Bar };
        cells[first..end].fill(('━', bar));
        for fragment in &detail.fragments {
            let at = self
                .column(start.saturating_add(fragment.at.min(duration)))
                .min(end - 1)
                .max(first);
            let style = Style::of_level(Level::parse(fragment.level.as_bytes()));
            // If several share a column, the most severe one is visible.
            let style = match (cells[at], style) {
                (('┿', old @ (Style::Bad | Style::Warning)), Style::Plain | Style::Warning) => {
                    old
                }
                (_, Style::Plain) => bar,
                (_, style) => style,
            };
            cells[at] = ('┿', style);
        }
        if failed {
            cells[end - 1] = ('✗', Style::Bad);
        }
        cells
    }

    /// Prints times above the axis, at its beginning, middle and end.
    pub(super) fn scale(self, screen: &mut Screen, indent: usize) {
        let scale = Scale::of(self.total);
        let end = scale.text(self.total);
        let middle = scale.text(self.total / 2);
        let mut text = "0".to_owned();
        let at = self.columns / 2;
        if at + width(&middle) + width(&end) + 2 < self.columns {
            text += &" ".repeat(at - text.len());
            text += &middle;
        }
        let gap = self.columns.saturating_sub(width(&text) + width(&end));
        text += &" ".repeat(gap.max(1));
        text += &end;
        screen.gap(indent);
        screen.line(Style::Dim, &text);
    }
}

impl Screen {
    pub(super) fn cells(&mut self, cells: &Cells) {
        for run in cells.chunk_by(|a, b| a.1 == b.1) {
            let text: String = run.iter().map(|(char, _)| *char).collect();
            self.put(run[0].1, &text);
        }
    }
}
