//! Chooses the walk and the syntax that write a job.

use crate::config::choices::Format;
use crate::encode::job::Job;
use crate::encode::json::Json;
use crate::encode::line::{Line, Written};
use crate::encode::logfmt::Logfmt;
use crate::encode::pretty::Pretty;
use crate::encode::{pretty, record};

/// Writes the record.
pub(super) fn record(line: &mut Line<'_>, job: &Job<'_>, room: &mut Vec<u8>) -> Written {
    match job.format {
        Format::Logfmt => record::write::<Logfmt>(line, job, room),
        Format::Json => record::write::<Json>(line, job, room),
        Format::Pretty => pretty::write(line, job, room),
    }
}

/// Writes the fields alone.
pub(super) fn fields(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let room = &mut Vec::new();
    match job.format {
        Format::Logfmt => record::fields::<Logfmt>(line, job, room),
        Format::Json => record::fields::<Json>(line, job, room),
        Format::Pretty => record::fields::<Pretty>(line, job, room),
    }
}
