//! A message as the database sees it: a record, or something that only looks like one.

use serde_json::Value as Json;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

/// Records of other days are rejected: otherwise each day of a hostile record would create a table.
const OLDEST: Duration = Duration::days(30);
const NEWEST: Duration = Duration::days(1);

/// A line, judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A record; `day` is that of `ts`, in UTC.
    Record {
        id: String,
        ts: String,
        day: Date,
        doc: String,
    },
    Rejected {
        id: String,
        why: String,
        line: Vec<u8>,
    },
}

impl Row {
    /// The same line, marked as rejected by the database.
    pub fn rejected(&self, why: String) -> Row {
        match self {
            Row::Rejected { .. } => self.clone(),
            Row::Record { id, doc, .. } => Row::Rejected {
                id: id.clone(),
                why,
                line: doc.as_bytes().to_vec(),
            },
        }
    }
}

/// Decides whether a line is a record of these days.
pub fn judge(id: String, line: &[u8], now: OffsetDateTime) -> Row {
    match record(line, now) {
        Ok((ts, day, doc)) => Row::Record { id, ts, day, doc },
        Err(why) => Row::Rejected {
            id,
            why: why.into(),
            line: line.to_vec(),
        },
    }
}

/// The time as stored: the database would round finer times, and the last half microsecond of a day into the next,
/// for which there may be no table.
fn micros(at: OffsetDateTime) -> String {
    let (hour, minute, second, micro) = at.time().as_hms_micro();
    let day = at.date();
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
}

fn record(line: &[u8], now: OffsetDateTime) -> Result<(String, Date, String), &'static str> {
    let doc = str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let parsed: Json = serde_json::from_str(doc).map_err(|_| "not JSON")?;
    let ts = parsed["ts"].as_str().ok_or("no ts")?;
    let at = OffsetDateTime::parse(ts, &Rfc3339).map_err(|_| "ts is no time")?;
    if at < now - OLDEST {
        return Err("too old");
    }
    if at > now + NEWEST {
        return Err("from the future");
    }
    let at = at.to_offset(time::UtcOffset::UTC);
    Ok((micros(at), at.date(), doc.to_owned()))
}
