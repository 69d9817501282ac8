//! What a run of the script passed to the library, unit by unit, and whether the
//! records agree with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::{Promise, Row};

/// The state of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Open,
    /// Its record is written, with this outcome.
    Ended(Option<String>),
    Discarded,
}

/// Everything that was recorded in one unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Book {
    pub name: String,
    pub state: State,
    /// The name of the thread on which it is current, if it is.
    pub current_on: Option<String>,
    pub fields: BTreeMap<String, Value>,
    pub fragments: Vec<String>,
    pub checkpoints: usize,
}

impl Book {
    pub fn new(name: &str) -> Book {
        Book {
            name: name.into(),
            state: State::Open,
            current_on: None,
            fields: BTreeMap::new(),
            fragments: Vec::new(),
            checkpoints: 0,
        }
    }

    /// Whether a record contains everything that was captured.
    fn check_captured(&self, record: &Value, row: &mut Row) {
        for (key, value) in &self.fields {
            row.check(Promise::NothingLost, record.get(key) == Some(value), || {
                format!("{key}={value} of {} in {record}", self.name)
            });
        }
        let mut texts = fragments(record).into_iter();
        for text in &self.fragments {
            // In this order, though other fragments may come between them.
            row.check(
                Promise::NothingLost,
                texts.any(|found| found == *text),
                || format!("fragment {text:?} of {} in {record}", self.name),
            );
        }
    }
}

fn fragments(record: &Value) -> Vec<String> {
    let list = record.get("fragments").and_then(Value::as_array);
    let text = |fragment: &Value| Some(fragment.get("msg")?.as_str()?.to_owned());
    list.into_iter().flatten().filter_map(text).collect()
}

/// Parses lines, each of which must be a whole JSON object.
pub fn parse(lines: &[String], row: &mut Row) -> Vec<Value> {
    let mut records = Vec::new();
    for line in lines {
        let parsed = serde_json::from_str(line).ok().filter(Value::is_object);
        row.check(Promise::WholeLines, parsed.is_some(), || line.clone());
        records.extend(parsed);
    }
    records
}

/// Finds the records of a unit: the final ones, and the number of partial ones.
pub fn of_unit<'a>(records: &'a [Value], name: &str) -> (Vec<&'a Value>, usize) {
    let of_unit = records.iter().filter(|record| record["msg"] == name);
    let (partial, last): (Vec<_>, Vec<_>) =
        of_unit.partition(|record| record.get("partial").is_some());
    (last, partial.len())
}

/// What happens to a unit that was open when the fault came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A record with this outcome.
    Record(Option<&'static str>),
    /// No record, as documented.
    Gone,
}

/// Checks the records of units that have all stopped.
pub fn check(books: &[Book], lines: &[String], of_open: impl Fn(&Book) -> Fate, row: &mut Row) {
    let records = parse(lines, row);
    let mut expected = 0;
    for book in books {
        let fate = match &book.state {
            State::Open => of_open(book),
            State::Ended(_) | State::Discarded => Fate::Record(None),
        };
        let (last, partial) = of_unit(&records, &book.name);
        let wanted = usize::from(book.state != State::Discarded && fate != Fate::Gone);
        expected += wanted + book.checkpoints;
        row.gone(usize::from(fate == Fate::Gone));
        row.check(Promise::OneRecord, last.len() == wanted, || {
            format!("{} of {} in {records:#?}", last.len(), book.name)
        });
        row.check(Promise::NothingLost, partial == book.checkpoints, || {
            format!("{partial} checkpoints of {}", book.name)
        });
        for record in last {
            let outcome = record.get("outcome").and_then(Value::as_str);
            let wanted = match (&book.state, fate) {
                (State::Ended(outcome), _) => outcome.as_deref(),
                (_, Fate::Record(outcome)) => outcome,
                (_, Fate::Gone) => None,
            };
            row.check(Promise::Outcome, outcome == wanted, || {
                format!("{outcome:?} of {}: {record}", book.name)
            });
            book.check_captured(record, row);
        }
    }
    row.records(expected, records.len());
    row.check(Promise::OneRecord, records.len() == expected, || {
        format!("{} records for {expected}", records.len())
    });
}
