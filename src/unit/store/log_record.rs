//! An ordinary log record that is formatted like the record of a unit.

use crate::unit::store::arena::Span;

/// The data that an ordinary log record has instead of an outcome and a duration;
/// its texts lie in the arena of its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogRecord {
    pub(crate) target: Span,
    pub(crate) file: Option<Span>,
    pub(crate) line: Option<u32>,
    /// The name of the unit that is current.
    pub(crate) unit: Option<Span>,
    /// Whether it is the record of a unit, whose names came as key-values.
    pub(crate) of_unit: bool,
}

impl LogRecord {
    pub(crate) fn texts(&self) -> impl Iterator<Item = Span> {
        let texts = [Some(self.target), self.file, self.unit];
        texts.into_iter().flatten()
    }
}
