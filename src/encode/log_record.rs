//! The part of an ordinary log record that stands where the record of a unit has
//! outcome and duration.

use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::{ids, number, text};
use crate::unit::store::log_record::LogRecord;

/// Writes the target and the place, then the name and the ids of the unit that is
/// current.
#[cold]
pub(super) fn write<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    log_record: &LogRecord,
) -> Written {
    // The record of a unit has all of that among its key-values.
    if log_record.of_unit {
        return Ok(());
    }
    let names = &job.settings().forms.log_record;
    let key = |line: &mut Line<'_>, name: &str| S::key(line, job.settings(), name.as_bytes(), b"");
    key(line, &names.target)?;
    text::text::<S>(line, job, log_record.target)?;
    match (log_record.file, &names.place) {
        (None, _) => {}
        // Only in JSON: the name has a `/`.
        (Some(file), Some(object)) => {
            key(line, object)?;
            line.put(b"{\"file\":")?;
            text::text::<S>(line, job, file)?;
            line.put(b",\"line\":\"")?;
            number::u64(line, log_record.line.unwrap_or_default().into())?;
            line.put(b"\"}")?;
        }
        (Some(file), None) => {
            key(line, &names.file)?;
            text::text::<S>(line, job, file)?;
            if let Some(number) = log_record.line {
                key(line, &names.line)?;
                number::u64(line, number.into())?;
            }
        }
    }
    if let Some(unit) = log_record.unit {
        key(line, &names.unit)?;
        text::text::<S>(line, job, unit)?;
    }
    ids::all_ids::<S>(line, job)
}
