//! What stands in an ordinary record where a unit has outcome and duration.

use crate::config::schema::LogRecordNames;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::{ids, number, text};
use crate::unit::store::log_record::LogRecord;

/// Target, place, the unit it falls into and its ids.
#[cold]
pub(super) fn write<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    log_record: &LogRecord,
) -> Written {
    let names = job.settings().forms.log_record();
    S::key(line, names.target.as_bytes(), b"")?;
    text::text::<S>(line, job, log_record.target)?;
    place::<S>(line, job, log_record, names)?;
    if let Some(unit) = log_record.unit {
        S::key(line, names.unit.as_bytes(), b"")?;
        text::text::<S>(line, job, unit)?;
    }
    ids::all_ids::<S>(line, job)
}

fn place<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    log_record: &LogRecord,
    names: &LogRecordNames,
) -> Written {
    let Some(file) = log_record.file else {
        return Ok(());
    };
    if let Some(object) = &names.place {
        // Of JSON alone: the name has a `/`.
        S::key(line, object.as_bytes(), b"")?;
        line.put(b"{\"file\":")?;
        text::text::<S>(line, job, file)?;
        line.put(b",\"line\":\"")?;
        number::u64(line, log_record.line.unwrap_or_default().into())?;
        return line.put(b"\"}");
    }
    S::key(line, names.file.as_bytes(), b"")?;
    text::text::<S>(line, job, file)?;
    let Some(number) = log_record.line else {
        return Ok(());
    };
    S::key(line, names.line.as_bytes(), b"")?;
    number::u64(line, number.into())
}
