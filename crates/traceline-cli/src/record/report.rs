//! The last line of an invocation of AWS Lambda, which is neither logfmt nor JSON.

use super::{Outcome, Record};
use crate::duration;
use crate::fields::{Field, Value};
use crate::text::Text;
use crate::time;

const START: &[u8] = b"REPORT RequestId:";

/// Parses `REPORT RequestId: … Duration: 102.25 ms … Status: timeout`, with tabs between.
pub(super) fn parse<'a>(line: &'a [u8], mut each: impl FnMut(&Field<'a>)) -> Option<Record<'a>> {
    let at = memchr::memmem::find(line.get(..256).unwrap_or(line), START)?;
    let (prefix, report) = line.split_at_checked(at)?;
    let mut record = Record {
        label: [Text::default(), Text::plain(b"invocation")],
        service: Text::plain(b"lambda"),
        end: time::find(prefix).map(|time| time.micros),
        rate: 1,
        ..Record::default()
    };
    fields(report, |key, value| {
        each(&Field {
            key: Text::plain(key),
            value: Value::Text(Text::plain(value)),
        });
        match key {
            b"Duration" => record.duration = duration::with_unit(value),
            b"Status" => {
                (record.outcome, record.error) = (Outcome::parse(value), Text::plain(value))
            }
            b"Error Type" => record.error_type = Text::plain(value),
            _ => {}
        }
    });
    record.faults.duration = record.duration.is_none();
    Some(record)
}

/// Calls `each` with the parts `key: value` of a report.
pub(crate) fn fields<'a>(report: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) {
    let report = report.strip_prefix(b"REPORT ").unwrap_or(report);
    for part in report.split(|byte| *byte == b'\t') {
        if let Some(at) = memchr::memmem::find(part, b": ") {
            let (key, value) = part.split_at(at);
            each(
                key.trim_ascii(),
                value.get(2..).unwrap_or_default().trim_ascii(),
            );
        }
    }
}
