//! The progress of reading, on standard error.

use std::io::Write;

/// Shorter inputs are read before anybody looks.
pub const FROM: u64 = 50_000_000;

/// Reports how much of the input has been read.
#[derive(Debug)]
pub struct Progress<W> {
    out: W,
    /// Whether to overwrite one line, as on a terminal, or to write a line per step.
    terminal: bool,
    total: Option<u64>,
    next: u64,
}

impl<W: Write> Progress<W> {
    /// Writes to `out`; `total` is the number of bytes, if it is known.
    pub fn new(out: W, terminal: bool, total: Option<u64>) -> Progress<W> {
        let next = if total.is_some_and(|total| total < FROM) {
            u64::MAX
        } else {
            FROM
        };
        Progress {
            out,
            terminal,
            total,
            next,
        }
    }

    /// Reports that `read` bytes have been read.
    pub fn at(&mut self, read: u64) {
        if read < self.next {
            return;
        }
        let step = if self.terminal {
            10_000_000
        } else {
            self.total.unwrap_or(1_000_000_000) / 10
        };
        self.next = read + step.max(1);
        let megabytes = read / 1_000_000;
        let _ = match self.total.filter(|total| *total > 0) {
            Some(total) => {
                let percent = u128::from(read) * 100 / u128::from(total);
                self.write(&format!(
                    "read {megabytes} of {} MB, {percent} %",
                    total / 1_000_000
                ))
            }
            None => self.write(&format!("read {megabytes} MB")),
        };
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        if self.terminal {
            write!(self.out, "\r{text}")?;
        } else {
            writeln!(self.out, "{text}")?;
        }
        self.out.flush()
    }

    /// Erases the line that was overwritten.
    pub fn end(mut self) {
        if self.terminal && self.next != FROM && self.next != u64::MAX {
            let _ = write!(self.out, "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(terminal: bool, total: Option<u64>, steps: &[u64]) -> String {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, terminal, total);
        for step in steps {
            progress.at(*step);
        }
        progress.end();
        String::from_utf8(out).unwrap()
    }

    const STEPS: [u64; 5] = [1_000_000, 50_000_000, 51_000_000, 60_000_000, 100_000_000];

    #[test]
    fn a_large_input_says_how_far_it_is() {
        assert_eq!(
            written(false, Some(100_000_000), &STEPS),
            "read 50 of 100 MB, 50 %\nread 60 of 100 MB, 60 %\nread 100 of 100 MB, 100 %\n"
        );
        assert_eq!(
            written(true, Some(100_000_000), &STEPS),
            "\rread 50 of 100 MB, 50 %\rread 60 of 100 MB, 60 %\rread 100 of 100 MB, 100 %\r\x1b[K"
        );
    }

    #[test]
    fn a_stream_says_how_much_it_was_so_far() {
        assert_eq!(written(false, None, &STEPS), "read 50 MB\n");
    }

    #[test]
    fn a_small_input_says_nothing() {
        assert_eq!(written(false, Some(49_999_999), &[1, 49_999_999]), "");
        assert_eq!(written(true, Some(49_999_999), &[1, 49_999_999]), "");
    }
}
