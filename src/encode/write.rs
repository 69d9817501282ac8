use crate::config::choices::Format;
use crate::encode::job::{Fit, Job, Moment};
use crate::encode::json::Json;
use crate::encode::line::{Line, Written};
use crate::encode::logfmt::Logfmt;
use crate::encode::names::FieldNames;
use crate::encode::{fixed, pretty, record};
use crate::unit::Entry;

impl<'a> Job<'a> {
    /// Of all that there is.
    pub(crate) fn new(
        entry: &'a Entry,
        moment: &'a Moment<'a>,
        names: Option<&'a FieldNames>,
    ) -> Job<'a> {
        Job {
            entry,
            moment,
            format: entry.settings.format,
            fit: Fit::ALL,
            names,
            fixed: match moment.log_record {
                // They are among its key-values.
                Some(log_record) if log_record.of_unit => &[],
                _ => fixed::text_for(entry),
            },
        }
    }
}

impl Job<'_> {
    /// Writes the record.
    pub(crate) fn write(&self, line: &mut Line<'_>, room: &mut Vec<u8>) -> Written {
        match self.format {
            Format::Logfmt => record::write::<Logfmt>(line, self, room),
            Format::Json => record::write::<Json>(line, self, room),
            Format::Pretty => pretty::write(line, self, room),
        }
    }
}
