//! What stands in an ordinary record where a unit has outcome and duration.

use crate::config::schema::OrdinaryNames;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::{ids, number, text};
use crate::unit::store::log_record::Ordinary;

/// Target, place, the unit it falls into and its ids.
#[cold]
pub(super) fn write<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>, ordinary: &Ordinary) -> Written {
    let names = job.settings().forms.ordinary();
    S::key(line, names.target.as_bytes(), b"")?;
    text::text::<S>(line, job, ordinary.target)?;
    place::<S>(line, job, ordinary, names)?;
    if let Some(unit) = ordinary.unit {
        S::key(line, names.unit.as_bytes(), b"")?;
        text::text::<S>(line, job, unit)?;
    }
    ids::all_ids::<S>(line, job)
}

fn place<S: Syntax>(
    line: &mut Line<'_>,
    job: &Job<'_>,
    ordinary: &Ordinary,
    names: &OrdinaryNames,
) -> Written {
    let Some(file) = ordinary.file else {
        return Ok(());
    };
    if let Some(object) = &names.place {
        // Of JSON alone: the name has a `/`.
        S::key(line, object.as_bytes(), b"")?;
        line.put(b"{\"file\":")?;
        text::text::<S>(line, job, file)?;
        line.put(b",\"line\":\"")?;
        number::u64(line, ordinary.line.unwrap_or_default().into())?;
        return line.put(b"\"}");
    }
    S::key(line, names.file.as_bytes(), b"")?;
    text::text::<S>(line, job, file)?;
    let Some(number) = ordinary.line else {
        return Ok(());
    };
    S::key(line, names.line.as_bytes(), b"")?;
    number::u64(line, number.into())
}
