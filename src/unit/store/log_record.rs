use crate::unit::store::arena::Span;
use crate::unit::store::trace_ids::UnitIds;

/// What an ordinary record has instead of an outcome and a duration; texts lie
/// in the arena of its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogRecord {
    pub(crate) target: Span,
    pub(crate) file: Option<Span>,
    pub(crate) line: Option<u32>,
    /// The name of the unit that is current.
    pub(crate) unit: Option<Span>,
    /// Whether it is the record of a unit, whose fields came as key-values: they
    /// have their names.
    pub(crate) of_unit: bool,
}

impl LogRecord {
    pub(crate) fn texts(&self) -> impl Iterator<Item = Span> {
        [Some(self.target), self.file, self.unit]
            .into_iter()
            .flatten()
    }
}

/// What an ordinary record takes from the unit that is current.
#[derive(Debug, Default)]
pub(crate) struct Around {
    pub(crate) unit: Option<Span>,
    pub(crate) transaction: Option<UnitIds>,
    pub(crate) request_id: Option<Span>,
    pub(crate) of_unit: bool,
}

impl Around {
    /// Of a record that is itself a unit's.
    pub(crate) fn from_unit() -> Around {
        Around {
            of_unit: true,
            ..Around::default()
        }
    }
}
